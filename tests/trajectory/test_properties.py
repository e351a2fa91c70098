"""Laws that hold for every motion: limits, continuity, scaling of lengths and times, reversal, symmetry of joints."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from robocalc.trajectory import Limits, Trajectory, certificate, cost_and_gradients, minimum_jerk, minimum_snap

QUICK = settings(max_examples=40, deadline=None, derandomize=True)
seeds = st.integers(0, 2**32 - 1)


@st.composite
def problems(draw):
    """Waypoints of any size, from micrometres to kilometres, and limits of any ratio."""
    rng = np.random.default_rng(draw(seeds))
    W, n = draw(st.integers(2, 12)), draw(st.integers(1, 7))
    size = 10.0 ** draw(st.integers(-6, 3))
    q = size * rng.normal(size=(W, n)) * 10 ** rng.uniform(-1, 1, n)
    low, high = 10 ** rng.uniform(-2, 2, (2, 3, n))
    return q, Limits(*[None], *(np.array([-a, b]) for a, b in zip(low, high)))


@QUICK
@given(problems(), st.sampled_from([minimum_jerk, minimum_snap]), st.booleans())
def test_limits_hold_everywhere_and_one_is_touched(problem, f, stop):
    q, limits = problem
    m = f(q, limits=limits, stop=stop)
    t = np.linspace(m.start, m.end, 2000)
    for order in (1, 2, 3):
        low, high = limits.bounds(order)
        x = m(t, order)
        assert (x <= high * (1 + 1e-9)).all()
        assert (x >= low * (1 + 1e-9)).all()
    assert certificate(m, limits).worst == pytest.approx(1.0, abs=1e-9)
    assert_allclose(m(m.knots), q, atol=1e-9 * np.abs(q).max())


@QUICK
@given(problems(), st.floats(0.01, 100))
def test_lengths_and_times_scale_as_the_limits_say(problem, c):
    """Lengths times c take times c, √c, ∛c where velocity, acceleration, jerk alone is bounded."""
    q, limits = problem
    for order, name in enumerate(("velocity", "acceleration", "jerk"), start=1):
        only = Limits(**{name: limits.bounds(name)})
        a, b = minimum_jerk(q, limits=only), minimum_jerk(c * q, limits=only)
        assert b.duration == pytest.approx(a.duration * c ** (1 / order), rel=1e-9)


@QUICK
@given(problems(), st.floats(0.1, 10))
def test_faster_limits_make_faster_motions(problem, k):
    """Velocity times k, acceleration times k², jerk times k³ is time divided by k."""
    q, limits = problem
    a = minimum_jerk(q, limits=limits)
    b = minimum_jerk(q, limits=limits.scaled(velocity=k, acceleration=k**2, jerk=k**3))
    assert b.duration == pytest.approx(a.duration / k, rel=1e-9)


@QUICK
@given(problems())
def test_there_and_back_take_the_same_time(problem):
    q, limits = problem
    symmetric = Limits(*[None], *(np.abs(limits.bounds(r)).min(axis=0) for r in (1, 2, 3)))
    a, b = minimum_jerk(q, limits=symmetric), minimum_jerk(q[::-1], limits=symmetric)
    assert a.duration == pytest.approx(b.duration, rel=1e-9)
    u = np.linspace(0, 1, 50)
    assert_allclose(a.reverse()(u * a.duration), b(u * b.duration), atol=1e-8 * np.abs(q).max())


@QUICK
@given(seeds, st.integers(2, 30), st.sampled_from([minimum_jerk, minimum_snap]))
def test_continuous_linear_and_blind_to_offset_and_order_of_joints(seed, W, f):
    rng = np.random.default_rng(seed)
    q, p = rng.normal(size=(2, W, 3))
    t = np.r_[0, np.cumsum(rng.uniform(0.3, 3, W - 1))]
    m = f(q, t)
    for r in range(5):
        d = m.derivative(r)
        ends = np.array([np.polyval(c[::-1], h) for c, h in zip(d.coeffs, d.times)])
        assert_allclose(ends[:-1], d.coeffs[1:, 0], atol=1e-8 * max(1, np.abs(d.coeffs[:, 0]).max()))
    assert_allclose(f(2 * q + 3 * p, t).coeffs, 2 * m.coeffs + 3 * f(p, t).coeffs, atol=1e-8 * np.abs(m.coeffs).max())
    assert_allclose(f(q + 100.0, t).coeffs[:, 1:], m.coeffs[:, 1:], atol=1e-10 * np.abs(m.coeffs).max() + 1e-9)
    assert_allclose(f(q[:, ::-1], t).coeffs, m.coeffs[:, :, ::-1], atol=1e-12 * np.abs(m.coeffs).max())


@QUICK
@given(seeds, st.integers(2, 12), st.sampled_from([2, 3, 4]), st.floats(0.2, 5))
def test_cost_and_gradients_scale_with_time(seed, W, s, k):
    rng = np.random.default_rng(seed)
    q, t = rng.normal(size=(W, 2)), np.r_[0, np.cumsum(rng.uniform(0.3, 3, W - 1))]
    a, b = cost_and_gradients(q, t, order=s), cost_and_gradients(q, k * t, order=s)
    assert b.cost == pytest.approx(a.cost * k ** (1 - 2 * s), rel=1e-9)
    assert_allclose(b.times, a.times * k ** (-2 * s), rtol=1e-6, atol=1e-8 * np.abs(b.times).max())
    # J is homogeneous: Σ T dJ/dT = (1 - 2s) J, and quadratic: Σ p dJ/dp = 2 J
    assert a.times @ np.diff(t) == pytest.approx((1 - 2 * s) * a.cost, rel=1e-8)
    assert (a.waypoints * q).sum() == pytest.approx(2 * a.cost, rel=1e-7)
    assert_allclose(a.waypoints.sum(axis=0), 0, atol=1e-8 * np.abs(a.waypoints).max())  # an offset costs nothing


@QUICK
@given(seeds, st.integers(1, 8), st.integers(1, 9), st.integers(0, 3))
def test_no_sample_is_outside_of_the_extrema(seed, K, order, derivative):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-3, 4, (1, order, 2))
    m = Trajectory(np.r_[0, np.cumsum(rng.uniform(0.01, 2, K))], rng.normal(size=(K, order, 2)) * scale)
    low, high = m.extrema(derivative)
    x = m(np.linspace(0, m.end, 5001), derivative)
    slack = 1e-12 * (1 + np.abs(x).max())
    assert (x >= low - slack).all()
    assert (x <= high + slack).all()
