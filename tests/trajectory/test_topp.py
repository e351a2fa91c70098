"""time_optimal under velocity and acceleration limits: against toppra, closed forms, and the limits themselves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.interpolate import BSpline, CubicSpline, make_interp_spline

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory import Limits, Trajectory, minimum_jerk, minimum_snap, time_optimal
from tests.trajectory.topp_paths import (
    ACCELERATION,
    VELOCITY,
    off_path,
    over,
    panda_limits,
    panda_path,
    spline,
    waypoints,
)

LINE = Trajectory([0, 1.0], [[[0.0], [1.0]]])
EASED = Trajectory([0, 1.0], [[[0.0], [0.0], [3.0], [-2.0]]])


@pytest.mark.parametrize("kind", ["Collocation", "Interpolation"])
@pytest.mark.parametrize("grid", [100, 1000])
def test_durations_are_toppras_but_for_its_shrinking(kind, grid):
    ta = pytest.importorskip("toppra")
    from toppra import algorithm, constraint

    ta.setup_logging("ERROR")
    path = ta.SplineInterpolator(np.linspace(0, 1, 10), waypoints())
    v = constraint.JointVelocityConstraint(np.array([-VELOCITY, VELOCITY]).T)
    scheme = constraint.DiscretizationType[kind]
    a = constraint.JointAccelerationConstraint(np.array([-ACCELERATION, ACCELERATION]).T, scheme)
    s = np.linspace(0, 1, grid + 1)
    options = {"solver_wrapper": "seidel", "parametrizer": "ParametrizeConstAccel"}
    theirs = algorithm.TOPPRA([v, a], path, gridpoints=s, **options).compute_trajectory().duration
    ours = time_optimal(panda_path(), panda_limits(), grid=grid, scheme=kind.lower()).duration
    assert ours <= theirs * (1 + 1e-12)
    assert ours == pytest.approx(theirs, rel=1e-5)  # toppra keeps x 0.01 % below its bounds


def test_durations_are_copps_on_the_same_discretisation():
    copp = pytest.importorskip("copp_py")
    curve = spline()
    for grid in (100, 1000):
        s = np.linspace(0, 1, grid + 1)
        robot = copp.Robot(7, capacity=grid + 1)
        robot.append_s(s)
        robot.set_q(*(np.ascontiguousarray(curve(s, k)) for k in range(3)), 0)
        robot.add_velocity_limits(VELOCITY, -VELOCITY, start_idx_s=0, length=grid + 1)
        robot.add_acceleration_limits(ACCELERATION, -ACCELERATION, start_idx_s=0, length=grid + 1)
        ra = copp.solver.topp2_ra
        x = ra.solve(ra.Problem(robot.constraints, idx_s_interval=(0, grid), a_boundary=(0.0, 0.0)), ra.Options())
        theirs = copp.interpolation.s_to_t_topp2(s, x, 0.0)[0]
        ours = time_optimal(panda_path(), panda_limits(), grid=grid, scheme="interpolation").duration
        assert ours == pytest.approx(theirs, rel=1e-8)


@pytest.mark.parametrize("grid", [2, 7, 30, 100, 1000, 10000])
@pytest.mark.parametrize("seed", range(3))
def test_limits_hold_everywhere_on_every_grid(grid, seed):
    motion = time_optimal(panda_path(seed), panda_limits(), grid=grid)
    assert over(motion, panda_limits()) <= 1e-9
    assert off_path(motion) < 1e-12


def test_certainty_costs_less_than_three_per_mille_of_the_duration():
    best = time_optimal(panda_path(), panda_limits(), grid=50_000, scheme="collocation").duration
    assert time_optimal(panda_path(), panda_limits()).duration <= 1.003 * best


def test_a_line_is_bang_bang_to_the_digit():
    assert time_optimal(LINE, Limits(acceleration=2.0)).duration == pytest.approx(2 / np.sqrt(2), rel=1e-12)
    motion = time_optimal(LINE, Limits(velocity=0.5, acceleration=2.0), grid=4000)
    assert motion.duration == pytest.approx(1 / 0.5 + 0.5 / 2, rel=1e-5)


def test_asymmetric_limits_and_moving_ends_follow_the_textbook():
    limits = Limits(velocity=[[-9.0], [9.0]], acceleration=[[-1.0], [3.0]])
    motion = time_optimal(LINE, limits, grid=10_000)
    top = np.sqrt(2 * 3 * 1 / 4)  # v²/2a + v²/2d = 1
    assert motion.duration == pytest.approx(top / 3 + top / 1, rel=1e-6)
    moving = time_optimal(LINE, Limits(acceleration=1.0), start_speed=0.5, end_speed=1.0, grid=10_000)
    top = np.sqrt((2 + 0.25 + 1.0) / 2)
    assert moving.duration == pytest.approx(top - 0.5 + top - 1.0, rel=1e-6)
    assert_allclose(moving.path_speed[[0, -1]], [0.5, 1.0], rtol=1e-12)
    assert_allclose([moving(0, 1)[0], moving(moving.duration, 1)[0]], [0.5, 1.0], rtol=1e-9)


@pytest.mark.parametrize(
    "path", [EASED, minimum_jerk([[0.0], [1.0]], [0, 1.0]), minimum_snap([[0.0], [1.0]], [0, 1.0])]
)
def test_paths_that_rest_at_their_ends_take_the_time_of_the_line(path):
    for grid, error in ((100, 4e-2), (1000, 3e-3), (10_000, 3e-4)):
        motion = time_optimal(path, Limits(acceleration=1.0), grid=grid)
        assert 0 <= motion.duration / 2 - 1 <= error
        assert over(motion, Limits(acceleration=1.0)) <= 1e-6  # rounding, where ṡ² is 10⁶ and q'' 10⁻⁶


def test_collocation_on_a_graded_grid_finds_the_least_time_of_a_path_that_rests_at_its_ends():
    motion = time_optimal(EASED, Limits(acceleration=1.0), scheme="collocation")
    assert motion.duration == pytest.approx(2.0, rel=5e-6)


def test_a_path_through_rests_does_not_stop_twice():
    path = minimum_jerk(waypoints(count=4), [0, 1.0, 2.0, 3.0], stop=True)
    whole = time_optimal(path, panda_limits(), grid=3000)
    parts = sum(time_optimal(path.slice(k, k + 1), panda_limits(), grid=1000).duration for k in range(3))
    assert whole.duration == pytest.approx(parts, rel=1e-3)
    assert over(whole, panda_limits()) <= 1e-7


def test_corners_are_stops():
    W = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    path = Trajectory([0, 1.0, 2.0], np.stack([W[:-1], np.diff(W, axis=0)], axis=1))
    motion = time_optimal(path, Limits(acceleration=[1.0, 1.0]))
    assert motion.duration == pytest.approx(4.0, rel=1e-9)
    assert_allclose(motion(2.0, 1), 0, atol=1e-6)


def test_still_stretches_of_the_path_are_left_out():
    c = np.zeros((3, 4, 1))
    c[0, :, 0], c[1, 0, 0], c[2, :, 0] = [0, 0, 3, -2], 1.0, [1, 0, 3, -2]
    motion = time_optimal(Trajectory([0, 1.0, 5.0, 6.0], c), Limits(acceleration=1.0), grid=4000)
    assert motion.duration == pytest.approx(4.0, rel=1e-3)
    with pytest.raises(InvalidInput, match="does not move"):
        time_optimal(Trajectory([0, 1.0], [[[0.3, 0.2]]]), Limits(acceleration=[1.0, 1.0]))
    assert time_optimal(Trajectory([0, 1.0], [[[0.3]]]), Limits(acceleration=[1.0]), duration=2.0).duration == 2.0


@pytest.mark.parametrize("make", [
    lambda c: c,
    lambda c: lambda s, order=0: c(s, order),
    lambda c: lambda s, order: c(float(s), order),
    lambda c: Trajectory(c.x, c.c[::-1].transpose(1, 0, 2)),
])  # fmt: skip
def test_any_kind_of_path_gives_the_same_motion(make):
    motion = time_optimal(make(spline()), panda_limits(), length=1.0)
    assert motion.duration == pytest.approx(time_optimal(panda_path(), panda_limits()).duration, rel=1e-4)
    assert over(motion, panda_limits()) <= 1e-9
    t = np.linspace(0, motion.duration, 500)
    assert_allclose(motion(t), spline()(motion.timing(t)[:, 0]), atol=1e-7)


def test_b_splines_are_taken_exactly():
    curve = make_interp_spline(np.linspace(0, 1, 8), waypoints(count=8), k=5)
    assert isinstance(curve, BSpline)
    motion = time_optimal(curve, panda_limits(), grid=300)
    assert_allclose(motion.path(0.37), curve(0.37), atol=1e-11)
    assert over(motion, panda_limits()) <= 1e-9


def test_a_wished_duration_is_met_within_limits():
    fastest = time_optimal(panda_path(), panda_limits()).duration
    for wish in (fastest, 1.3 * fastest, 20 * fastest):
        motion = time_optimal(panda_path(), panda_limits(), duration=wish)
        assert motion.duration == pytest.approx(wish, rel=1e-9)
        assert over(motion, panda_limits()) <= 1e-9
    moving = time_optimal(panda_path(), panda_limits(), duration=2 * fastest, start_speed=0.02, end_speed=0.02)
    assert moving.duration == pytest.approx(2 * fastest, rel=1e-9)
    assert_allclose(moving.path_speed[[0, -1]], 0.02, rtol=1e-9)
    assert over(moving, panda_limits()) <= 1e-9
    with pytest.raises(Infeasible, match="is the least"):
        time_optimal(panda_path(), panda_limits(), duration=0.9 * fastest)


def test_what_is_active_and_how_fast_the_path_can_be_taken():
    motion = time_optimal(LINE, Limits(velocity=0.5, acceleration=2.0), grid=1000)
    assert motion.active[0] == motion.active[-1] == "acceleration of joint 0"
    assert motion.active[500] == "velocity of joint 0"
    assert_allclose(motion.max_path_speed[300:700], 0.5, rtol=1e-12)
    assert (motion.path_speed <= motion.max_path_speed).all()
    assert len(motion.s) == len(motion.t) == len(motion.active) + 1
    assert motion.timing(motion.t)[:, 0] == pytest.approx(motion.s, abs=1e-12)
    panda = time_optimal(panda_path(), panda_limits())
    a = np.abs(panda(0.5 * (panda.t[1:] + panda.t[:-1]), 2)) / ACCELERATION
    told = [i for i, word in enumerate(panda.active) if word.startswith("acceleration")]
    assert np.median([a[i].max() for i in told]) > 0.98


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6])
def test_tiny_and_huge_motions_are_no_different(scale):
    path, reference = panda_path(), time_optimal(panda_path(), Limits(acceleration=ACCELERATION))
    small = Trajectory(path.knots, path.coeffs * scale)
    motion = time_optimal(small, Limits(acceleration=ACCELERATION))
    assert motion.duration == pytest.approx(reference.duration * np.sqrt(scale), rel=1e-9)
    motion = time_optimal(path, Limits(acceleration=ACCELERATION * scale, velocity=VELOCITY))
    assert over(motion, Limits(acceleration=ACCELERATION * scale, velocity=VELOCITY)) <= 1e-9


@pytest.mark.parametrize("path", [
    CubicSpline([0, 0.5, 1.0], [[0.0, 0], [0, 0], [1e-9, 1e-9]]),  # toppra #59: a tiny motion
    CubicSpline(np.linspace(0, 1, 5), [[0.0, 1], [0, 1], [0.5, 1], [0.5, 1], [1, 2]]),  # repeated points
    CubicSpline(np.linspace(0, 1, 3), [[0.0, 0], [1, 1e-14], [2, 0]]),  # a joint that hardly moves
    CubicSpline(np.r_[0, 1e-7, 1], [[0.0, 0], [1e-7, 0], [1, 1]]),  # nearly repeated
    CubicSpline(np.linspace(0, 1, 4), [[0.0, 0], [1, 0], [-1, 0], [0, 0]]),  # turns back
    CubicSpline(np.linspace(0, 6, 60), [[np.cos(x), np.sin(x)] for x in np.linspace(0, 6, 60)]),  # zero inertia
])  # fmt: skip
@pytest.mark.parametrize("grid", [10, 1000, 10_000])
def test_hard_cases_of_other_peoples_users(path, grid):
    limits = Limits(velocity=[1.0, 1.0], acceleration=[2.0, 2.0])
    motion = time_optimal(path, limits, grid=grid)
    assert over(motion, limits) <= 1e-9
    assert motion.duration < 60
    assert_allclose(motion(motion.duration), path(path.x[-1]), atol=1e-12)


def test_the_circle_takes_its_known_time():
    """Both joints on a unit circle, |q̈| ≤ 1 each, without velocity limits: steady ṡ is at most 1 on the axes."""
    angle = np.linspace(0, 2 * np.pi, 200)
    path = CubicSpline(angle, np.c_[np.cos(angle), np.sin(angle)])
    motion = time_optimal(path, Limits(acceleration=[1.0, 1.0]), grid=4000)
    axis = motion.path_speed[np.argmin(np.abs(motion.s - np.pi))]
    assert axis == pytest.approx(1.0, rel=2e-3)


@pytest.mark.parametrize(("change", "told"), [
    ({"limits": Limits(velocity=[1.0, 1.0])}, "limits are for 2 joints, the path has 7"),
    ({"limits": 3}, "limits must be a robocalc.trajectory.Limits, got int"),
    ({"limits": None}, "limits are needed"),
    ({"grid": 1}, "whole number of intervals from 2"),
    ({"grid": 10.5}, "whole number of intervals"),
    ({"grid": np.nan}, "whole number of intervals"),
    ({"grid": [0, 0.5, 0.4, 1.0]}, "points must increase"),
    ({"grid": [0, 0.5, 0.9]}, "must go from 0 to 1"),
    ({"start_speed": -1}, "start_speed must be at least 0, got -1"),
    ({"start_speed": np.nan}, "start_speed must be at least 0, got nan"),
    ({"end_speed": "fast"}, "end_speed must be a number, got 'fast'"),
    ({"duration": 0}, "duration must be greater than 0"),
    ({"duration": np.inf}, "duration must be greater than 0"),
    ({"scheme": "midpoint"}, "scheme must be one of collocation, interpolation, certified"),
    ({"path": 4}, "path must be a Trajectory, a spline or a callable"),
    ({"path": lambda s, order: s}, "needs length="),
    ({"path": lambda s, order: np.full(7, np.nan), "length": 1.0}, "the path is not finite at s = 0"),
    ({"path": lambda s, order: np.sin(3 * s) * np.ones(7), "length": 1.0}, "not its derivatives"),
    ({"path": lambda s: s, "length": 1.0}, "path(s, 0) failed"),
    ({"limits": panda_limits(torque=np.ones(7))}, "torque limits need robot="),
    ({"tool_speed": 1.0}, "tool bounds need robot="),
    ({"tool_speed": 0.0}, "tool_speed must be greater than 0"),
    ({"rows": 3}, "rows must be a function"),
    ({"rows": lambda s: (1, 2)}, "rows(s) must give (a, b, lo, hi)"),
])  # fmt: skip
def test_bad_requests_are_told(change, told):
    given = {"path": panda_path(), "limits": panda_limits()} | change
    with pytest.raises(InvalidInput) as error:
        time_optimal(given.pop("path"), given.pop("limits"), **given)
    assert told in str(error.value)


def test_speeds_that_cannot_be_kept_are_told_with_what_can():
    with pytest.raises(Infeasible, match="start_speed is above what limits allow: at most"):
        time_optimal(panda_path(), panda_limits(), start_speed=1.0)
    with pytest.raises(Infeasible, match="end_speed is above what limits allow at the end"):
        time_optimal(panda_path(), panda_limits(), end_speed=1.0)
    with pytest.raises(Infeasible) as told:
        time_optimal(LINE, Limits(acceleration=1.0), start_speed=2.0)
    most = float(str(told.value).split("at most")[1].split()[0])
    assert most == pytest.approx(np.sqrt(2), rel=1e-3)
    assert time_optimal(LINE, Limits(acceleration=1.0), start_speed=most * (1 - 1e-8)).duration > 0
    with pytest.raises(Infeasible, match="start_speed is too low: at least"):
        time_optimal(LINE, Limits(acceleration=1.0), end_speed=2.0)


def test_a_joint_without_limits_is_told():
    with pytest.raises(InvalidInput, match="nothing bounds the speed"):
        time_optimal(LINE, Limits(acceleration=[np.inf]))


def test_a_path_beyond_its_range_is_told():
    with pytest.raises(Infeasible, match=r"leaves the range of joint 0: it goes from 0 to 1, allowed is -0\.5 to 0\.5"):
        time_optimal(LINE, Limits(position=[0.5], acceleration=[1.0]))


def test_the_same_request_gives_the_same_bits():
    one, two = (time_optimal(panda_path(), panda_limits()) for _ in range(2))
    assert (one.coeffs == two.coeffs).all()
    assert (one.knots == two.knots).all()


def test_it_is_a_trajectory():
    motion = time_optimal(panda_path(), panda_limits(), grid=100)
    assert isinstance(motion, Trajectory)
    assert_allclose(motion.reverse()(0.0), motion(motion.duration), atol=1e-12)
    assert_allclose(motion(0.0), waypoints()[0], atol=1e-14)
    low, high = motion(motion.knots[1:-1] - 1e-9, 1), motion(motion.knots[1:-1] + 1e-9, 1)
    assert_allclose(low, high, atol=1e-6)
