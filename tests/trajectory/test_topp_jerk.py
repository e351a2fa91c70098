"""time_optimal with jerk and torque-rate bounds: against the exact state-to-state motion, copp, and the limits."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory import Limits, Trajectory, jerk_limited, minimum_jerk, time_optimal
from tests.trajectory.topp_paths import JERK, VELOCITY, off_path, over, panda_limits, panda_path, spline, waypoints

LINE = Trajectory([0, 1.0], [[[0.0], [1.0]]])
GIVEN = panda_limits(jerk=JERK)


@pytest.mark.parametrize("limits", [
    Limits(velocity=1.0, acceleration=2.0, jerk=10.0),
    Limits(velocity=10.0, acceleration=20.0, jerk=10.0),
    Limits(velocity=10.0, acceleration=2.0, jerk=10.0),
])  # fmt: skip
def test_a_line_takes_the_time_of_the_exact_state_to_state_motion(limits):
    exact = jerk_limited(([0.0], [0.0], [0.0]), ([1.0], [0.0], [0.0]), limits).duration
    motion = time_optimal(LINE, limits)
    assert -1e-9 <= motion.duration / exact - 1 <= 1e-4
    assert over(motion, limits) <= 1e-9


@pytest.mark.parametrize("grid", [100, 1000])
@pytest.mark.parametrize("factor", [10.0, 1.0, 0.2, 0.01])
def test_limits_hold_everywhere_and_acceleration_does_not_jump(factor, grid):
    limits = panda_limits(jerk=factor * JERK)
    motion = time_optimal(panda_path(), limits, grid=grid)
    assert over(motion, limits) <= 1e-9
    inner = motion.knots[1:-1]
    step = 1e-9
    assert np.abs(motion(inner + step, 2) - motion(inner - step, 2)).max() <= 2 * step * (factor * JERK).max() + 1e-5
    assert np.abs(motion.at(0.0).a).max() < 1e-9
    assert np.abs(motion.at(motion.duration).v).max() < 1e-9
    if grid == 1000:
        assert off_path(motion) < 1e-7
        assert motion.duration >= time_optimal(panda_path(), panda_limits(), grid=20_000).duration


def test_it_is_at_least_as_fast_as_copp():
    copp = pytest.importorskip("copp_py")
    curve, s = spline(), np.linspace(0, 1, 301)
    robot = copp.Robot(7, capacity=301)
    robot.append_s(s)
    d = [np.ascontiguousarray(curve(s, k)) for k in range(4)]
    robot.set_q(*d[:3], 0, dddq=d[3])
    for add, bound in (
        (robot.add_velocity_limits, VELOCITY),
        (robot.add_acceleration_limits, GIVEN.acceleration),
        (robot.add_jerk_limits, JERK),
    ):
        add(bound, -bound, start_idx_s=0, length=301)
    ra, socp = copp.solver.topp2_ra, copp.solver.topp3_socp
    x = ra.solve(ra.Problem(robot.constraints, idx_s_interval=(0, 300), a_boundary=(0.0, 0.0)), ra.Options())
    given = socp.Problem(robot.constraints, x, a_boundary=(0.0, 0.0), b_boundary=(0.0, 0.0), num_stationary_max=1)
    theirs = copp.interpolation.s_to_t_topp3(s, socp.solve(given), 0.0)[0]
    assert time_optimal(panda_path(), GIVEN, grid=300).duration <= theirs * (1 + 1e-4)


def test_more_jerk_never_takes_longer():
    times = [time_optimal(panda_path(), panda_limits(jerk=k * JERK)).duration for k in (0.01, 0.1, 1.0)]
    assert times[0] > times[1] > times[2]


def test_rests_corners_and_soft_ends():
    for path in (
        minimum_jerk(waypoints(count=4), [0, 1.0, 2.0, 3.0]),
        minimum_jerk(waypoints(count=4), [0, 1.0, 2.0, 3.0], stop=True),
        Trajectory(np.arange(4.0), np.stack([waypoints(count=4)[:-1], np.diff(waypoints(count=4), axis=0)], axis=1)),
        Trajectory([0, 1.0], np.array([[[0.0], [0.0], [3.0], [-2.0]]]) * np.ones(7)),
    ):
        motion = time_optimal(path, GIVEN)
        assert over(motion, GIVEN) <= 1e-9
        assert np.abs(motion(motion.duration) - path(path.end)).max() < 1e-9
        assert np.abs(motion(motion.knots[1:-1] + 1e-9, 2) - motion(motion.knots[1:-1] - 1e-9, 2)).max() < 1e-3


def test_moving_ends_and_a_wished_duration():
    motion = time_optimal(panda_path(), GIVEN, start_speed=0.02, end_speed=0.02)
    assert over(motion, GIVEN) <= 1e-9
    assert motion(0.0, 1) == pytest.approx(panda_path()(0.0, 1) * 0.02, rel=1e-5)
    fastest = time_optimal(panda_path(), GIVEN).duration
    slow = time_optimal(panda_path(), GIVEN, duration=1.7 * fastest)
    assert slow.duration == pytest.approx(1.7 * fastest, rel=1e-12)
    assert over(slow, GIVEN) <= 1e-9
    with pytest.raises(Infeasible, match="is the least"):
        time_optimal(panda_path(), GIVEN, duration=0.9 * fastest)
    with pytest.raises(InvalidInput, match="needs rest at both ends"):
        time_optimal(panda_path(), GIVEN, duration=2 * fastest, start_speed=0.02)


def test_torque_and_torque_rate_with_jerk():
    robot = load("panda")
    limits = Limits(velocity=VELOCITY, torque=0.8 * robot.limits.torque, jerk=JERK)
    free = time_optimal(panda_path(), limits, robot=robot)
    t = np.linspace(0, free.duration, 20_001)
    q, v, a, _ = free.at(t)
    tau = robot.inverse_dynamics(q, v, a) + robot.friction[0] * v + robot.friction[1] * np.sign(v)
    assert np.abs(tau[1:-1] / limits.torque).max() <= 1 + 1e-6
    assert over(free, limits) <= 1e-9
    rate = np.full(7, 400.0)
    bounded = time_optimal(panda_path(), limits, robot=robot, torque_rate=rate)
    t = np.linspace(0, bounded.duration, 20_001)
    q, v, a, _ = bounded.at(t)
    tau = robot.inverse_dynamics(q, v, a) + robot.friction[0] * v
    assert np.abs(np.diff(tau, axis=0) / np.diff(t)[:, None]).max() <= 400 * (1 + 1e-3)
    assert bounded.duration > free.duration
    with pytest.raises(InvalidInput, match="torque_rate needs robot="):
        time_optimal(panda_path(), panda_limits(), torque_rate=rate)


def test_tool_speed_with_jerk():
    robot = load("panda")
    motion = time_optimal(panda_path(), GIVEN, robot=robot, tool_speed=0.7)
    q, v, _, _ = motion.at(np.linspace(0, motion.duration, 20_001))
    assert np.linalg.norm(np.einsum("kij,kj->ki", robot.jacobian(q), v)[:, :3], axis=1).max() <= 0.7 * (1 + 1e-6)
    assert over(motion, GIVEN) <= 1e-9


def test_what_is_active_and_the_same_bits():
    one, two = (time_optimal(panda_path(), GIVEN, grid=200) for _ in range(2))
    assert (one.coeffs == two.coeffs).all()
    assert {word.split(" of ")[0] for word in one.active} <= {"velocity", "acceleration", "jerk"}
    assert one.timing(one.t)[:, 0] == pytest.approx(one.s, abs=1e-12)
