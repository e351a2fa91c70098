"""The shortest spline within limits: never slower than scaling, certified, and near known least times."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import InvalidInput
from robocalc.trajectory import Limits, certificate, fastest, minimum_jerk
from robocalc.trajectory.limited import NODES, WEIGHTS, Cut
from robocalc.trajectory.problem import Problem

LIMITS = Limits(velocity=[2, 1, 1.5], acceleration=[[-4, -6, -3], [5, 6, 4]], jerk=[40, 30, 50], position=[3, 3, 3])


def waypoints(W=6, n=3, seed=0):
    return np.random.default_rng(seed).normal(size=(W, n))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("stop", [False, [2]])
def test_shorter_than_the_best_scaling_and_within_limits(seed, stop):
    q = waypoints(seed=seed)
    plain, m = minimum_jerk(q, limits=LIMITS, stop=stop), fastest(q, LIMITS, stop=stop)
    assert certificate(m, LIMITS).worst <= 1.0
    assert m.duration < 0.9 * plain.duration
    assert_allclose(m(m.knots), q, atol=1e-9)
    left = [np.polyval(c[::-1], h) for c, h in zip(m.derivative(2).coeffs, m.times)]
    assert_allclose(left[:-1], m.derivative(2).coeffs[1:, 0], atol=1e-8)  # continuous acceleration


def test_pieces_approach_the_least_time_of_a_jerk_limited_move():
    # rest to rest, jerk bound alone: four phases ± j, T = (32 d / j)^(1/3)
    d, j = 1.0, 10.0
    least = (32 * d / j) ** (1 / 3)
    limits = Limits(jerk=[j])
    durations = [fastest([[0.0], [d]], limits, pieces=p).duration for p in (1, 4, 8)]
    assert durations[0] == pytest.approx((60 * d / j) ** (1 / 3), rel=1e-6)
    assert durations[0] > durations[1] > least
    assert durations[2] < 1.05 * least


def test_moving_ends_are_met():
    q = waypoints()
    words = {"start": ([0.5, 0.2, -0.3], 0.1), "end": ([0.2, 0.0, 0.0],)}
    m = fastest(q, LIMITS, **words)
    assert certificate(m, LIMITS).worst <= 1.0
    assert m.duration <= minimum_jerk(q, limits=LIMITS, **words).duration
    assert_allclose(m(0.0, 1), [0.5, 0.2, -0.3], atol=1e-12)
    assert_allclose(m(m.end, 1), [0.2, 0, 0], atol=1e-9)


def test_the_price_has_the_gradient_that_it_says():
    from robocalc.trajectory.time_kernel import timed_price

    q = waypoints(4, 2)
    limits = Limits(velocity=[1, 1], acceleration=[2, 3], jerk=[5, 6], position=[1.0, 1.2])
    cut = _cut(q, limits)
    to_h, to_x = np.empty(6), np.empty_like(cut.x)

    def f(h, x):
        return timed_price(h, x, cut.phi, WEIGHTS, cut.bounds, 10.0, 0.1, to_h, to_x)

    f(cut.h, cut.x)
    gh, gx, e = to_h.copy(), to_x.copy(), 1e-6
    for k in range(6):
        d = np.eye(6)[k] * e
        assert (f(cut.h + d, cut.x) - f(cut.h - d, cut.x)) / 2 / e == pytest.approx(gh[k], abs=1e-7 * abs(gh).max())
    for i in [(1, 0, 0), (2, 1, 1), (3, 2, 0)]:
        d = np.zeros_like(cut.x)
        d[i] = e
        assert (f(cut.h, cut.x + d) - f(cut.h, cut.x - d)) / 2 / e == pytest.approx(gx[i], abs=1e-7 * abs(gx).max())
    assert len(NODES) == len(WEIGHTS)


def _cut(q, limits):
    wide = limits.scaled(position=10.0)
    problem = Problem(3, q, limits=wide)
    cut = Cut(problem, minimum_jerk(q, duration=3.0), 2)
    cut.bounds[0] = limits.bounds("position")
    return cut


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"limits": None}, "limits are needed"),
        ({"pieces": 0}, "pieces must be"),
        ({"start": "free"}, "cannot be free"),
    ],
)
def test_bad_requests_are_refused(words, said):
    with pytest.raises(InvalidInput, match=said):
        fastest(**({"waypoints": [[0.0], [1.0]], "limits": Limits(velocity=[1])} | words))
