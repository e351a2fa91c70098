"""Minimum acceleration, jerk and snap: against scipy, exact rational arithmetic, closed forms and optimality."""

from math import factorial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.interpolate import make_interp_spline

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory import (
    Limits,
    Reference,
    Trajectory,
    certificate,
    cost_and_gradients,
    minimum_acceleration,
    minimum_jerk,
    minimum_snap,
)
from robocalc.trajectory.minimum import coefficients
from robocalc.trajectory.solver import SPREAD
from tests.trajectory.exact import exact_coefficients

KINDS = {2: minimum_acceleration, 3: minimum_jerk, 4: minimum_snap}
LIMITS = Limits(velocity=[2, 1, 1.5], acceleration=[[-4, -6, -3], [5, 6, 4]], jerk=[40, 30, 50])


def waypoints(W=8, n=3, seed=0):
    return np.random.default_rng(seed).normal(size=(W, n))


def times(W=8, seed=0, spread=3.0):
    rng = np.random.default_rng(seed + 100)
    return np.r_[0, np.cumsum(spread ** rng.uniform(-0.5, 0.5, W - 1))]


def clamped(s, q, t, start=None, end=None):
    """scipy's spline of degree 2s - 1 with derivatives 1 to s - 1 given at both ends: the same optimum."""
    zero = np.zeros((s - 1, q.shape[1]))
    ends = [
        [(r + 1, x[r]) for r in range(s - 1)] for x in (zero if start is None else start, zero if end is None else end)
    ]
    return make_interp_spline(t, q, k=2 * s - 1, bc_type=tuple(ends))


@pytest.mark.parametrize("s", KINDS)
@pytest.mark.parametrize("W", [2, 3, 4, 10, 100, 1000])
def test_equal_to_scipy(s, W):
    q, t = waypoints(W, 7), times(W)
    m = KINDS[s](q, t)
    oracle = clamped(s, q, t) if 2 * s - 2 < W or W == 2 else None
    if oracle is None:
        oracle = clamped(s, q, t)
    scale = np.abs(m.coeffs).max()
    for d in range(2 * s):
        assert_allclose(m.coeffs[:, d], oracle(t[:-1], nu=d) / factorial(d), rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("s", KINDS)
def test_equal_to_scipy_with_given_end_states(s):
    q, t, rng = waypoints(), times(), np.random.default_rng(5)
    start, end = rng.normal(size=(2, s - 1, 3))
    m, oracle = KINDS[s](q, t, start=list(start), end=tuple(end)), clamped(s, q, t, start, end)
    u = np.linspace(0, t[-1], 300)
    assert_allclose(m(u), oracle(u), atol=1e-9)
    assert_allclose(m(0.0, 1), start[0], atol=1e-12)


@pytest.mark.parametrize("s", KINDS)
@pytest.mark.parametrize("decades", [0.4, 1, 2, 3])
def test_no_digits_are_lost_when_segment_times_spread(s, decades):
    rng = np.random.default_rng(int(10 * decades))
    t = np.r_[0, np.cumsum(10 ** rng.uniform(-decades, decades, 14))]
    q = rng.normal(size=(15, 1))
    exact = exact_coefficients(s, q[:, 0], t)
    h = np.diff(t)[:, None] ** np.arange(2 * s)
    error = np.abs(KINDS[s](q, t).coeffs[:, :, 0] - exact) * h
    assert error.max() <= 1e-10 * np.abs(exact * h).max()
    if np.ptp(np.log(np.diff(t))) > np.log(SPREAD[s]):
        assert_allclose(KINDS[s](q, t).coeffs[:, :, 0], exact, rtol=1e-12, atol=1e-14 * np.abs(exact).min(axis=0).max())


def test_two_waypoints_are_the_published_minimum_jerk_move():
    # Flash & Hogan (1985): q = q0 + (q1 - q0)(10u³ - 15u⁴ + 6u⁵)
    q, T = np.array([[0.3, -1.0], [1.3, 0.5]]), 0.7
    m = minimum_jerk(q, duration=T)
    u = np.linspace(0, 1, 50)[:, None]
    assert_allclose(m(u[:, 0] * T), q[0] + (q[1] - q[0]) * (10 * u**3 - 15 * u**4 + 6 * u**5), atol=1e-14)
    assert m.cost(3) == pytest.approx(720 * ((q[1] - q[0]) ** 2).sum() / T**5)


@pytest.mark.parametrize("s", KINDS)
@pytest.mark.parametrize("kind", ["rest", "free", "mixed", "stop", "inner"])
def test_no_other_motion_through_the_waypoints_costs_less(s, kind):
    """First-order optimality: any admissible change raises the cost by its own cost, and by nothing to first order."""
    q, t, rng = waypoints(6), times(6), np.random.default_rng(2)
    inner = np.full((6, s - 1, 3), np.nan)
    inner[2, 0] = [0.5, -0.2, np.nan]
    words = {
        "rest": {},
        "free": {"start": "free", "end": "free"},
        "mixed": {"start": ([0.3, np.nan, 0.1],), "end": (None,)},
        "stop": {"stop": [2, 4]},
        "inner": {"derivatives": inner},
    }[kind]
    m = KINDS[s](q, t, **words)
    from robocalc.trajectory.hermite import hermite
    from robocalc.trajectory.problem import Problem

    free = np.isnan(Problem(s, q, t, **words).given)
    change = np.zeros((6, s, 3))
    change[:, 1:][free] = rng.normal(size=free.sum())
    other = Trajectory(t, hermite(np.diff(t), change))
    both = Trajectory(t, m.coeffs + other.coeffs)
    assert both.cost(s) == pytest.approx(m.cost(s) + other.cost(s), rel=1e-9)
    given = np.argwhere(~free)
    for w, r, i in given:
        wanted = Problem(s, q, t, **words).given[w, r, i]
        assert m(t[w], int(r) + 1)[i] == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("s", KINDS)
def test_continuous_up_to_the_order_and_natural_at_free_ends(s):
    q, t = waypoints(), times()
    m = KINDS[s](q, t, start="free", end="free")
    for r in range(2 * s - 1):
        left = m.derivative(r)
        ends = np.array([np.polyval(c[::-1], h) for c, h in zip(left.coeffs, m.times)])
        size = max(1.0, np.abs(left.coeffs[:, 0]).max())
        assert_allclose(ends[:-1], left.coeffs[1:, 0], atol=1e-9 * size)
    for r in range(s, 2 * s - 1):  # Euler-Lagrange: nothing is left over at a free end
        assert_allclose(m(0.0, r), 0, atol=1e-8 * np.abs(m.derivative(r).coeffs).max())


@pytest.mark.parametrize("s", KINDS)
@pytest.mark.parametrize("spread", [3.0, 1e4])
def test_periodic_motions_go_over_into_themselves(s, spread):
    q, t = waypoints(7), times(7, spread=spread)
    q[-1] = q[0]
    m = KINDS[s](q, t, periodic=True)
    for r in range(2 * s - 1):
        d = m.derivative(r)
        size = np.abs(d(np.linspace(0, t[-1], 500))).max()
        assert_allclose(d(t[-1]), d(0.0), atol=1e-7 * size)
    assert m.cost(s) < KINDS[s](q, t).cost(s)
    # turned by one waypoint it is the same motion
    turned = KINDS[s](np.r_[q[2:-1], q[:3]], np.r_[t[2:], t[-1] + t[1:3] - t[0]], periodic=True)
    u = np.linspace(t[2], t[-1], 50)
    assert_allclose(turned(u), m(u), atol=1e-8)


def test_periodic_equals_scipy():
    q, t = waypoints(9), times(9)
    q[-1] = q[0]
    oracle = make_interp_spline(t, q, k=3, bc_type="periodic")
    u = np.linspace(0, t[-1], 200)
    assert_allclose(minimum_acceleration(q, t, periodic=True)(u), oracle(u), atol=1e-10)


def test_reversed_in_time_is_the_reverse():
    for s, f in KINDS.items():
        q, t = waypoints(), times()
        back = f(q[::-1], t[-1] - t[::-1])
        u = np.linspace(0, t[-1], 100)
        assert_allclose(f(q, t).reverse()(u), back(u), atol=1e-9), s


def test_limits_are_touched_and_kept():
    q = waypoints()
    for f in KINDS.values():
        for stop in (False, True, [3]):
            m = f(q, limits=LIMITS, stop=stop)
            told = certificate(m, LIMITS)
            assert told.worst <= 1.0
            assert told.worst == pytest.approx(1.0, abs=1e-11)
            assert_allclose(m(m.knots), q, atol=1e-10)
    assert_allclose(m(m.knots[3], 1), 0, atol=1e-12)


def test_a_single_move_takes_the_time_that_its_tightest_limit_asks_for():
    # peaks of a move of length d in time T: 15/8 d/T, 10/√3 d/T², 60 d/T³
    d = 0.8
    for limits, T in (
        (Limits(velocity=[0.5]), 15 / 8 * d / 0.5),
        (Limits(acceleration=[2.0]), (10 / np.sqrt(3) * d / 2) ** 0.5),
        (Limits(jerk=[5.0]), (60 * d / 5) ** (1 / 3)),
    ):
        assert minimum_jerk([[0.0], [d]], limits=limits).duration == pytest.approx(T, rel=1e-10)


def test_limits_are_kept_from_a_moving_start():
    q = waypoints(5)
    m = minimum_jerk(q, limits=LIMITS, start=([1.0, -0.5, 0.3], [1, 0, 0]), end=([0.2, 0, 0],))
    assert certificate(m, LIMITS).worst <= 1.0
    assert_allclose(m(0.0, 1), [1.0, -0.5, 0.3], atol=1e-12)
    assert_allclose(m(m.end, 1), [0.2, 0, 0], atol=1e-9)
    now = Reference(q[0], np.array([1.0, -0.5, 0.3]), np.array([1.0, 0, 0]), np.zeros(3))
    assert_allclose(minimum_jerk(q, limits=LIMITS, start=now, end=([0.2, 0, 0],)).coeffs, m.coeffs)


def test_a_duration_is_met_and_checked():
    q = waypoints()
    least = minimum_jerk(q, limits=LIMITS).duration
    assert minimum_jerk(q, duration=3.3).duration == 3.3
    assert certificate(minimum_jerk(q, duration=1.01 * least, limits=LIMITS), LIMITS).kept
    with pytest.raises(Infeasible, match=r"velocity of joint . reaches .* s would be enough"):
        minimum_jerk(q, duration=0.3 * least, limits=LIMITS)
    with pytest.raises(Infeasible, match="limit"):
        minimum_jerk(q, np.linspace(0, 0.3 * least, 8), limits=LIMITS)


def test_a_duration_alone_is_spent_where_it_costs_least():
    q = waypoints()
    m = minimum_jerk(q, duration=5.0)
    slope = cost_and_gradients(q, m.knots).times
    assert_allclose(slope, slope.mean(), rtol=1e-4)


@pytest.mark.parametrize("f", KINDS.values())
@pytest.mark.parametrize("given", ["times", "duration", "limits"])
def test_a_joint_turns_at_a_waypoint_rather_than_leave_its_range(f, given):
    q = np.array([[0.0, 0.0], [0.999, 0.2], [0.5, -0.4], [-0.2, 0.1], [-0.998, 0.3], [-0.999, 0.0]])
    t = np.array([0, 0.6, 1.2, 3.0, 3.5, 4]) * 10
    limits = Limits(position=[[-1, -1], [1, 1]], velocity=[1, 1], acceleration=[5, 5])
    words = {"times": {"times": t}, "duration": {"duration": 60.0}, "limits": {}}[given]
    free = f(q, **(words or {"limits": Limits(velocity=[1, 1], acceleration=[5, 5])}))
    m = f(q, limits=limits, **words)
    assert np.abs(free.extrema(0)).max() > 1.0
    assert certificate(m, limits).worst <= 1 + 1e-9
    assert_allclose(m(m.knots), q, atol=1e-10)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"waypoints": [[0, np.nan], [1, 1]]}, "waypoint 0: joint 1 is nan"),
        ({"waypoints": [[0, 0], [1, np.inf]]}, "waypoint 1: joint 1 is inf"),
        ({"waypoints": [0, 1]}, r"shape \(W, n\)"),
        ({"waypoints": [[0, 1]]}, "at least 2"),
        ({"waypoints": "here"}, "array of numbers"),
        ({"times": [0, 1, 1]}, r"times must increase: times\[1\] = 1 s, times\[2\] = 1 s"),
        ({"times": [0, 2, 1]}, "times must increase"),
        ({"times": [0, 1]}, r"times must have shape \(3,\)"),
        ({"times": [0, 1, np.nan]}, r"times\[2\] is nan"),
        ({"times": [0, 1, 2], "duration": 3}, "times and duration are both given"),
        ({"times": None}, "nothing decides the times"),
        ({"times": None, "duration": -1}, "duration must be greater than 0 s, got -1"),
        ({"times": None, "limits": Limits(position=[[-9, -9], [9, 9]])}, "nothing decides the times"),
        ({"limits": Limits(velocity=[1, 1, 1])}, "limits are for 3 joints, waypoints have 2"),
        ({"limits": {"velocity": 1}}, "must be a robocalc.trajectory.Limits, got dict"),
        ({"limits": Limits(position=[[-9, -9], [9, 0.5]])}, r"waypoint 1: joint 1 at 1 is outside .* \[-9, 0.5\]"),
        ({"limits": Limits(velocity=[1, 2]), "start": ([0, 3],)}, r"start: velocity 3 of joint 1 .*\[-2, 2\]"),
        ({"start": "moving"}, 'start must be None .* got \'moving\''),
        ({"start": ([1, 2, 3],)}, r"start velocity must be a number or \(2,\)"),
        ({"end": (0, 0, 0)}, "end must be"),
        ({"stop": [7]}, "stop must be True, False"),
        ({"stop": [True]}, "stop must be"),
        ({"derivatives": np.zeros((3, 1, 2))}, "derivatives must have shape"),
        ({"waypoints": [[0, 0], [1, 1]], "times": [0, 1], "start": "free", "end": "free"}, "joint 0 has 2 positions"),
        ({"periodic": True}, "joint 0 starts at 0 and ends at 2"),
        ({"times": [0, 1e-9, 1e9]}, "would lose digits"),
        ({"waypoints": [[0, 0], [0, 0], [1, 1]], "times": None, "duration": 1}, "waypoints 0 and 1 are the same"),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_with_what_would_fit(words, said):
    words = {"waypoints": [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], "times": [0.0, 1.0, 2.0]} | words
    with pytest.raises(InvalidInput, match=said):
        minimum_jerk(**words)


def test_repeated_waypoints_are_fine_with_times():
    m = minimum_jerk([[0.0], [1.0], [1.0], [0.0]], [0.0, 1.0, 2.0, 3.0], stop=True)
    assert_allclose(m(np.linspace(1, 2, 9)), 1.0, atol=1e-14)
    assert not minimum_jerk([[0.4], [0.4]], duration=2.0)(1.0, 1).any()


def test_read_only_input_and_the_lean_call():
    q, t = waypoints(), times()
    m = minimum_jerk(q, t)
    q.flags.writeable = False
    t.flags.writeable = False
    assert_allclose(minimum_jerk(q, t).coeffs, m.coeffs, atol=1e-12)
    assert_allclose(coefficients(waypoints(), times(), 3), m.coeffs)
    assert_allclose(coefficients(waypoints(), times(), 4), minimum_snap(waypoints(), times()).coeffs)


def test_same_input_same_bits():
    q, t = waypoints(50, 7), times(50)
    assert (minimum_jerk(q, t).coeffs == minimum_jerk(q, t).coeffs).all()
    assert (
        minimum_snap(q, limits=Limits(velocity=np.ones(7))).coeffs
        == minimum_snap(q, limits=Limits(velocity=np.ones(7))).coeffs
    ).all()
