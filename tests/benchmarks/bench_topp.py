"""Time-optimal parametrization: 10 waypoints in the Panda's range, cubic, Franka's limits, rest to rest.

From the path's coefficients to the motion's, each peer in its own best-known way. Durations are compared on the same
discretisation; limits are checked by the exact extrema of what we return.
"""

from functools import cache

import numpy as np

from tests.benchmarks.harness import Line, best

VELOCITY = np.array([2.175] * 4 + [2.61] * 3)
ACCELERATION = np.array([15, 7.5, 10, 12.5, 15, 20, 20])
JERK = 0.1 * np.array([7500, 3750, 5000, 6250, 7500, 10000, 10000])


@cache
def problem():
    """(scipy spline, our Trajectory, waypoints)."""
    from scipy.interpolate import CubicSpline

    from robocalc.trajectory import Trajectory

    low = np.array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
    high = np.array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
    waypoints = np.random.default_rng(1).uniform(low, high, (10, 7))
    spline = CubicSpline(np.linspace(0, 1, 10), waypoints)
    return spline, Trajectory(spline.x, spline.c[::-1].transpose(1, 0, 2)), waypoints


def limits(**more):
    from robocalc.trajectory import Limits

    return Limits(**({"velocity": VELOCITY, "acceleration": ACCELERATION} | more))


def ours(grid, scheme="certified"):
    from robocalc.trajectory import time_optimal

    given = limits()
    return lambda: time_optimal(problem()[1], given, grid=grid, scheme=scheme)


def toppra(grid):
    import toppra as ta
    from toppra import algorithm, constraint

    ta.setup_logging("ERROR")
    path = ta.SplineInterpolator(np.linspace(0, 1, 10), problem()[2])
    kind = constraint.DiscretizationType.Interpolation

    def call():
        v = constraint.JointVelocityConstraint(np.array([-VELOCITY, VELOCITY]).T)
        a = constraint.JointAccelerationConstraint(np.array([-ACCELERATION, ACCELERATION]).T, kind)
        s = np.linspace(0, 1, grid + 1)
        return algorithm.TOPPRA([v, a], path, gridpoints=s, solver_wrapper="seidel").compute_trajectory()

    return call


def copp_robot(s, orders):
    import copp_py as copp

    spline = problem()[0]
    robot = copp.Robot(7, capacity=len(s))
    robot.append_s(s)
    d = [np.ascontiguousarray(spline(s, k)) for k in range(orders + 1)]
    robot.set_q(*d[:3], 0, **({"dddq": d[3]} if orders > 2 else {}))
    robot.add_velocity_limits(VELOCITY, -VELOCITY, start_idx_s=0, length=len(s))
    robot.add_acceleration_limits(ACCELERATION, -ACCELERATION, start_idx_s=0, length=len(s))
    given = copp.solver.topp2_ra.Problem(robot.constraints, idx_s_interval=(0, len(s) - 1), a_boundary=(0.0, 0.0))
    return robot, copp.solver.topp2_ra.solve(given, copp.solver.topp2_ra.Options())


def copp(grid):
    import copp_py

    s = np.linspace(0, 1, grid + 1)

    def call():
        _, x = copp_robot(s, 2)
        T, t = copp_py.interpolation.s_to_t_topp2(s, x, 0.0)
        along = copp_py.interpolation.t_to_s_topp2_uniform(s, x, t, T / grid)  # its motion is s at times, then q(s)
        return T, problem()[0](along)

    return call


def copp_jerk(grid):
    import copp_py

    s = np.linspace(0, 1, grid + 1)

    def call():
        robot, x = copp_robot(s, 3)
        robot.add_jerk_limits(JERK, -JERK, start_idx_s=0, length=len(s))
        socp = copp_py.solver.topp3_socp
        given = socp.Problem(robot.constraints, x, a_boundary=(0.0, 0.0), b_boundary=(0.0, 0.0), num_stationary_max=1)
        return copp_py.interpolation.s_to_t_topp3(s, socp.solve(given), 0.0)[0]

    return call


def drake(grid):
    from pydrake.multibody.optimization import Toppra, ToppraDiscretization
    from pydrake.multibody.plant import MultibodyPlant
    from pydrake.multibody.tree import RevoluteJoint, SpatialInertia
    from pydrake.trajectories import PiecewisePolynomial

    spline, _, waypoints = problem()
    slopes = (spline(0, 1), spline(1, 1))
    path = PiecewisePolynomial.CubicWithContinuousSecondDerivatives(spline.x, waypoints.T, *slopes)
    plant = MultibodyPlant(0.001)
    parent = plant.world_body()
    for k in range(7):
        body = plant.AddRigidBody(f"link{k}", SpatialInertia.SolidSphereWithMass(1.0, 0.1))
        plant.AddJoint(RevoluteJoint(f"joint{k}", parent.body_frame(), body.body_frame(), [0, 0, 1]))
        parent = body
    plant.Finalize()

    def call():
        solver = Toppra(path, plant, np.linspace(0, 1, grid + 1))
        solver.AddJointVelocityLimit(-VELOCITY, VELOCITY)
        solver.AddJointAccelerationLimit(-ACCELERATION, ACCELERATION, ToppraDiscretization.kCollocation)
        return solver.SolvePathParameterization()

    return call


def milliseconds(*calls, blocks=5):
    return tuple(1e3 * t for t in best(*calls, blocks=blocks))


def against(peer, grid, scheme):
    return lambda: milliseconds(ours(grid, scheme), peer(grid))


def same_duration():
    """Largest relative difference to copp on its discretisation, over the grids."""
    return max(abs(ours(g, "interpolation")().duration / copp(g)()[0] - 1) for g in (100, 1000, 10000)), None


def same_as_drake():
    """Largest relative difference to Drake's duration by collocation; the end time of its path parameter."""
    return max(abs(ours(g, "collocation")().duration / drake(g)().end_time() - 1) for g in (100, 1000)), None


def largest_use():
    """Largest share of a limit used, minus 1, over all grids: exact extrema."""
    worst = -1.0
    for grid in (10, 30, 100, 300, 1000, 10000):
        motion = ours(grid)()
        worst = max(worst, *(np.abs(motion.extrema(k) / y).max() - 1 for k, y in ((1, VELOCITY), (2, ACCELERATION))))
    return worst, None


def cost_of_certainty():
    """How much longer than the optimum (grid 100,000, points only) a certified motion on 1,000 points is [%]."""
    return 100 * (ours(1000)().duration / ours(100_000, "collocation")().duration - 1), None


def torque_problem():
    from robocalc.dynamics import load
    from robocalc.trajectory import Limits, time_optimal

    robot = load("panda")
    given = Limits(velocity=VELOCITY, torque=robot.limits.torque)
    return robot, given, lambda: time_optimal(problem()[1], given, robot=robot)


def torque_time():
    return milliseconds(torque_problem()[2])[0], None


def torque_against_toppra():
    import toppra as ta
    from toppra import algorithm, constraint

    robot, given, call = torque_problem()
    ta.setup_logging("ERROR")
    path = ta.SplineInterpolator(np.linspace(0, 1, 10), problem()[2])
    torque = np.array([-given.torque, given.torque]).T

    def theirs():
        v = constraint.JointVelocityConstraint(np.array([-VELOCITY, VELOCITY]).T)
        t = constraint.JointTorqueConstraint(robot.inverse_dynamics, torque, robot.friction[1])
        s = np.linspace(0, 1, 1001)
        return algorithm.TOPPRA([v, t], path, gridpoints=s, solver_wrapper="seidel").compute_trajectory()

    return milliseconds(call, theirs, blocks=3)


def torque_use():
    """Largest share of torque minus 1 on 200,000 times, friction included."""
    robot, given, call = torque_problem()
    motion = call()
    q, v, a, _ = motion.at(np.linspace(0, motion.duration, 200_001)[1:-1])
    tau = robot.inverse_dynamics(q, v, a) + robot.friction[0] * v + robot.friction[1] * np.sign(v)
    return np.abs(tau / given.torque).max() - 1, None


def jerk_motion(grid=1000):
    from robocalc.trajectory import time_optimal

    given = limits(jerk=JERK)
    return lambda: time_optimal(problem()[1], given, grid=grid)


def jerk_time():
    return milliseconds(jerk_motion())[0], None


def jerk_duration():
    """Ours over copp's, minus 1; negative is faster. Its points are even; ours crowd at the ends."""
    return jerk_motion()().duration / copp_jerk(1000)() - 1, None


def jerk_use():
    motion = jerk_motion()()
    pairs = ((1, VELOCITY), (2, ACCELERATION), (3, JERK))
    return max(np.abs(motion.extrema(k) / y).max() - 1 for k, y in pairs), None


def rest_ends(scheme):
    """Two points, q = 3 s² - 2 s³, acceleration 1: the least time is 2 s."""
    from robocalc.trajectory import Limits, Trajectory, time_optimal

    path = Trajectory([0, 1.0], [[[0.0], [0.0], [3.0], [-2.0]]])
    return time_optimal(path, Limits(acceleration=1.0), scheme=scheme).duration / 2 - 1, None


SPEED = [
    Line(f"topp-{name}-{grid}{mark}", f"velocity and acceleration, {grid} points, {words}", name, "faster", target,
         "ms", against(peer, grid, "collocation" if name == "Drake" else scheme))
    for name, peer, target in (("toppra", toppra, 70), ("Drake", drake, 200), ("copp-py", copp, 5))
    for grid in (100, 1000, 10000)
    for scheme, mark, words in (("interpolation", "", "same scheme"), ("certified", "-certified", "certified"))
    if not (name == "Drake" and grid == 10000) and not (name != "toppra" and mark)
]  # fmt: skip
LINES = [
    *SPEED,
    Line("topp-duration", "difference to copp's duration, same scheme, 100 to 10,000 points", "-", "at_most", 1e-8, "",
         same_duration),
    Line("topp-duration-drake", "difference to Drake's duration, collocation, 100 and 1,000", "-", "at_most", 1e-8,
         "", same_as_drake),
    Line("topp-limits", "over the limits anywhere, grids 10 to 10,000", "-", "at_most", 1e-6, "", largest_use),
    Line("topp-cost", "longer than the optimum for certainty, 1,000 points", "-", "at_most", 0.3, "%",
         cost_of_certainty),
    Line("topp-rest", "error of the least time, path at rest at its ends, collocation on 1,000 points", "-", "at_most",
         5e-6, "", lambda: rest_ends("collocation")),
    Line("topp-rest-certified", "the same, limits certified everywhere", "-", "at_most", 3e-3, "",
         lambda: rest_ends("certified")),
    Line("topp-torque", "torque with friction, Panda, 1,000 points", "-", "at_most", 5, "ms", torque_time),
    Line("topp-torque-toppra", "torque, Panda, 1,000 points", "toppra", "faster", 10, "ms", torque_against_toppra),
    Line("topp-torque-limits", "over torque limits anywhere", "-", "at_most", 1e-6, "", torque_use),
    Line("topp-jerk", "jerk, 7 joints, 1,000 points", "-", "at_most", 100, "ms", jerk_time),
    Line("topp-jerk-copp", "jerk, 7 joints, 1,000 points", "copp-py SOCP", "faster", 5, "ms",
         lambda: milliseconds(jerk_motion(), copp_jerk(1000), blocks=3)),
    Line("topp-jerk-duration", "duration over copp's, minus 1", "-", "at_most", 1e-4, "", jerk_duration),
    Line("topp-jerk-limits", "over velocity, acceleration or jerk limits anywhere", "-", "at_most", 1e-6, "", jerk_use),
]  # fmt: skip
