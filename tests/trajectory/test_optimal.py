"""Free segment times: gradients against differences, optima against closed forms, scipy and minsnap-trajectories."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from robocalc.errors import InvalidInput
from robocalc.trajectory import cost_and_gradients, optimal_times
from robocalc.trajectory.minimum import minimum_acceleration, minimum_jerk, minimum_snap

KINDS = {2: minimum_acceleration, 3: minimum_jerk, 4: minimum_snap}
ENDS = [{}, {"start": ([1.0, 2.0, -3.0],), "end": (0.5,)}, {"stop": [3]}, {"start": "free"}]


def waypoints(W=8, n=3, seed=0):
    return np.random.default_rng(seed).normal(size=(W, n))


def sixth_order(f, e):
    """Central difference of f at 0, exact for polynomials of degree 6."""
    return (45 * (f(e) - f(-e)) - 9 * (f(2 * e) - f(-2 * e)) + f(3 * e) - f(-3 * e)) / (60 * e)


@pytest.mark.parametrize("s", KINDS)
@pytest.mark.parametrize("words", ENDS, ids=["rest", "moving", "stop", "free"])
def test_gradients_are_derivatives_of_the_cost(s, words):
    q = waypoints()
    h = np.random.default_rng(1).uniform(0.5, 1.5, 7)

    def cost(h, q=q):
        return cost_and_gradients(q, np.r_[0, np.cumsum(h)], order=s, **words).cost

    g = cost_and_gradients(q, np.r_[0, np.cumsum(h)], order=s, **words)
    assert g.cost == pytest.approx(KINDS[s](q, np.r_[0, np.cumsum(h)], **words).cost(s), rel=1e-10)
    numeric = [sixth_order(lambda e, d=d: cost(h + e * d), 5e-3) for d in np.eye(7)]
    assert_allclose(g.times, numeric, atol=1e-8 * np.abs(g.times).max())
    for w, i in [(0, 0), (3, 1), (7, 2)]:
        d = np.zeros_like(q)
        d[w, i] = 1.0
        slope = sixth_order(lambda e, d=d: cost(h, q + e * d), 0.1)
        assert g.waypoints[w, i] == pytest.approx(slope, abs=1e-8 * np.abs(g.waypoints).max())


@pytest.mark.parametrize("s", KINDS)
def test_one_segment_takes_the_closed_form_time(s):
    # J = c d² T^(1-2s): J + ρT is least at T^2s = (2s - 1) c d² / ρ; c = 12, 720, 100800
    c, d, rho = {2: 12, 3: 720, 4: 100800}[s], 0.7, 2.5
    m = optimal_times([[0.0], [d]], rho=rho, order=s)
    assert m.duration == pytest.approx(((2 * s - 1) * c * d**2 / rho) ** (1 / (2 * s)), rel=1e-9)


@pytest.mark.parametrize("s", KINDS)
@pytest.mark.parametrize("words", ENDS, ids=["rest", "moving", "stop", "free"])
@pytest.mark.parametrize("aim", [{"rho": 3.0}, {"duration": 6.0}], ids=["rho", "duration"])
def test_optimum_is_stationary_and_least(s, words, aim):
    q = waypoints()
    m = optimal_times(q, order=s, **aim, **words)
    g = cost_and_gradients(q, m.knots, order=s, **words)
    price = -aim["rho"] if "rho" in aim else g.times.mean()
    assert_allclose((g.times - price) * m.times / (g.cost + aim.get("rho", 0) * m.duration), 0, atol=1e-6)
    if "duration" in aim:
        assert m.duration == 6.0
    rng = np.random.default_rng(3)
    for _ in range(5):
        h = m.times * np.exp(0.05 * rng.normal(size=7))
        h *= 1.0 if "rho" in aim else 6.0 / h.sum()
        other = cost_and_gradients(q, np.r_[0, np.cumsum(h)], order=s, **words).cost
        assert other + aim.get("rho", 0) * h.sum() > g.cost + aim.get("rho", 0) * m.duration


def test_weights_are_those_of_scaled_joints():
    q, w = waypoints(), np.array([1.0, 4.0, 0.0])
    m = optimal_times(q, rho=1.0, weights=w)
    scaled = optimal_times(q[:, :2] * np.sqrt(w[:2]), rho=1.0)
    assert_allclose(m.times, scaled.times, rtol=1e-5)
    assert m.n == 3


def test_cost_falls_with_the_fifth_power_of_time():
    q = waypoints()
    a, b = optimal_times(q, duration=2.0), optimal_times(q, duration=4.0)
    assert_allclose(b.times, 2 * a.times, rtol=1e-5)
    assert a.cost(3) / b.cost(3) == pytest.approx(32, rel=1e-7)


def test_same_optimum_as_scipy_with_another_parametrisation():
    q = waypoints(6)

    def f(h):
        g = cost_and_gradients(q, np.r_[0, np.cumsum(h)])
        return g.cost + 5 * h.sum(), g.times + 5

    best = minimize(f, np.full(5, 3.0), jac=True, bounds=[(1e-3, None)] * 5, options={"ftol": 1e-15, "gtol": 1e-10})
    m = optimal_times(q, rho=5.0)
    assert m.cost(3) + 5 * m.duration == pytest.approx(best.fun, rel=1e-9)
    assert_allclose(m.times, best.x, rtol=1e-3)


@pytest.mark.parametrize("s", [3, 4])
def test_cost_agrees_with_minsnap_trajectories(s):
    minsnap = pytest.importorskip("minsnap_trajectories")
    q = waypoints(6)
    m = optimal_times(q, duration=5.0, order=s)
    zero = np.zeros(3)
    ends = {"velocity": zero, "acceleration": zero} | ({"jerk": zero} if s == 4 else {})
    refs = [
        minsnap.Waypoint(time=t, position=x, **(ends if k in (0, 5) else {}))
        for k, (t, x) in enumerate(zip(m.knots, q))
    ]
    theirs = minsnap.generate_trajectory(refs, degree=2 * s - 1, idx_minimized_orders=s, num_continuous_orders=s)
    t = np.linspace(0, 5, 100)
    points = minsnap.compute_trajectory_derivatives(theirs, t, 3)
    assert_allclose(points[0], m(t), atol=1e-6)
    assert_allclose(points[2], m(t, 2), atol=1e-4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({}, "give either rho"),
        ({"rho": 1.0, "duration": 2.0}, "give either rho"),
        ({"rho": -1.0}, "rho must be greater than 0"),
        ({"rho": 1.0, "order": 5}, "order must be 2"),
        ({"rho": 1.0, "weights": [1.0, -1.0]}, "weights must be"),
        ({"rho": 1.0, "guess": [1.0]}, "guess must be"),
        ({"rho": 1.0, "start": ([np.nan, 0.0],)}, "same derivatives free for all joints"),
        ({"rho": 1.0, "waypoints": [[0, 0], [0, 0], [1, 1]]}, "waypoints 0 and 1 are the same"),
        ({"rho": 1.0, "weights": [0.0, 1.0], "waypoints": [[0, 0], [1, 0], [2, 0]]}, "do not differ in any joint"),
    ],
)
def test_bad_requests_are_refused(words, said):
    words = {"waypoints": [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]} | words
    with pytest.raises(InvalidInput, match=said):
        optimal_times(**words)


def test_a_motion_without_cost_has_no_best_time():
    q = [[0.0], [1.0], [3.0]]  # a parabola goes through three points
    with pytest.raises(InvalidInput, match="a motion without cost"):
        optimal_times(q, rho=1.0, start="free", end="free")
    assert optimal_times(q, duration=2.0, start="free", end="free").cost(3) == pytest.approx(0.0, abs=1e-9)
