"""A trajectory is a piecewise polynomial: values, calculus and algebra against numpy, scipy and identities."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.interpolate import PPoly

from robocalc.errors import InvalidInput
from robocalc.trajectory import Reference, Trajectory, discrete_reference


def random_motion(order=6, K=5, n=3, seed=0, start=0.0):
    rng = np.random.default_rng(seed)
    return Trajectory(start + np.cumsum(np.r_[0, rng.uniform(0.3, 1.5, K)]), rng.normal(size=(K, order, n)))


def as_ppoly(m):
    return PPoly(np.moveaxis(m.coeffs[:, ::-1], 1, 0), m.knots)


@pytest.mark.parametrize("order", [1, 2, 4, 6, 8])
@pytest.mark.parametrize("derivative", [0, 1, 2, 3, 5])
def test_values_are_those_of_scipy(order, derivative):
    m = random_motion(order, start=-0.7)
    t = np.random.default_rng(1).permutation(np.linspace(m.start, m.end - 1e-9, 500))
    assert_allclose(m(t, derivative), as_ppoly(m)(t, derivative), rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("order", [4, 6, 8])
def test_one_pass_gives_position_to_jerk(order):
    m = random_motion(order)
    t = np.linspace(m.start, m.end, 77)
    r = m.at(t)
    assert isinstance(r, Reference)
    for d, x in enumerate(r):
        assert_allclose(x, m(t, d), rtol=1e-12, atol=1e-11)
    assert_allclose(m.derivatives(t), np.stack(r[:3]))
    assert_allclose(m.derivatives(t, 5)[5], m(t, 5))
    assert m.at(0.5).q.shape == (3,)
    assert m(0.5).shape == (3,)
    assert m(np.array([0.5])).shape == (1, 3)
    assert m.derivatives(0.5).shape == (3, 3)


def test_outside_of_the_motion_the_end_is_held():
    m = random_motion()
    for t, end in ((m.start - 1, m.start), (m.end + 1, m.end)):
        assert_allclose(m(t), m(end))
        r = m.at(t)
        assert not np.any(r.v)
        assert not np.any(r.a)
        assert not np.any(m(t, 1))
    assert_allclose(m.at(m.end + 1e-12).v, m(m.end, 1))  # rounding of a time is not outside
    assert np.isnan(m(np.nan)).all()
    assert np.isnan(m.at(np.nan).v).all()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_extrema_are_exact(seed, order):
    rng = np.random.default_rng(seed)
    m = random_motion(int(rng.integers(2, 9)), K=int(rng.integers(1, 8)), seed=seed)
    value, when = m.extrema_with_times(order)
    d = as_ppoly(m).derivative(order) if order else as_ppoly(m)
    slope = d.derivative()
    for i in range(m.n):
        one = PPoly(slope.c[:, :, i], m.knots)
        t = np.array([r for r in one.roots(discontinuity=False, extrapolate=False) if np.isfinite(r)])
        t = np.clip(np.concatenate([t, m.knots, m.knots[1:] * (1 - 1e-15)]), m.start, m.end)
        y = np.concatenate([d(t)[:, i], [d(k - 1e-13)[i] for k in m.knots[1:]]])
        assert_allclose(value[:, i], [y.min(), y.max()], rtol=1e-9, atol=1e-9)
        dense = m(np.linspace(m.start, m.end, 4001), order)[:, i]
        assert value[0, i] <= dense.min() + 1e-12
        assert value[1, i] >= dense.max() - 1e-12
        for side in (0, 1):
            near = [m(when[side, i] + e, order)[i] for e in (-1e-12, 0, 1e-12)]
            assert np.abs(np.array(near) - value[side, i]).min() < 1e-8 * max(1, abs(value[side, i]))


def test_cost_is_the_integral():
    m = random_motion(6, K=3)
    for order in (1, 2, 3):
        parts = [
            quad(lambda t, o=order: (m(t, o) ** 2).sum(), a, b - 1e-12, epsrel=1e-11)[0]
            for a, b in zip(m.knots, m.knots[1:])
        ]
        assert m.cost(order) == pytest.approx(sum(parts), rel=1e-9)
    assert m.cost(3, weights=[1, 0, 0]) == pytest.approx(m.select([0]).cost(3), rel=1e-12)


def test_derivative_is_a_trajectory():
    m = random_motion()
    t = np.linspace(m.start, m.end, 50)
    assert_allclose(m.derivative(2)(t), m(t, 2), rtol=1e-13)
    assert not m.derivative(9)(t).any()


def test_time_can_be_moved_stretched_and_turned_around():
    m = random_motion(start=2.0)
    u = np.linspace(0, 1, 40)
    t = m.start + u * m.duration
    assert_allclose(m.shift(3)(t + 3), m(t), atol=1e-12)
    k = m.scale_time(2.5)
    assert k.duration == pytest.approx(2.5 * m.duration)
    assert_allclose(k(k.start + u * k.duration), m(t), atol=1e-12)
    assert_allclose(k.extrema(2), m.extrema(2) / 2.5**2, rtol=1e-10)
    assert m.with_duration(7.0).end == m.start + 7.0
    r = m.reverse()
    assert_allclose(r(m.start + m.end - t), m(t), atol=1e-11)
    assert_allclose(r.reverse().coeffs, m.coeffs, atol=1e-9)


def test_slices_join_to_the_whole():
    m = random_motion()
    mid = 0.37 * m.duration
    a, b = m.slice(m.start, mid), m.slice(mid, m.end)
    t = np.linspace(m.start, m.end, 100)
    whole = a.join(b, continuity=0)
    assert whole.duration == pytest.approx(m.duration)
    assert_allclose(whole(t), m(t), atol=1e-11)
    assert_allclose(b(mid, 2), m(mid, 2), atol=1e-10)


def test_join_refuses_a_gap_and_names_it():
    m = Trajectory([0.0, 1.0], [[[0.0, 0.0], [1.0, 0.0]]])
    with pytest.raises(InvalidInput, match="position of joint 0 ends at 1 and goes on at 0"):
        m.join(m)
    still = Trajectory([0.0, 1.0], [[[1.0, 0.0]]])
    with pytest.raises(InvalidInput, match="velocity of joint 0"):
        m.join(still)
    assert m.join(still, continuity=0).duration == 2.0
    with pytest.raises(InvalidInput, match="3 joints"):
        m.join(random_motion())


def test_samples_come_time_first_and_reach_the_end():
    m = random_motion()
    s = m.sample(0.01)
    assert s.q.shape == (len(s.t), 3)
    assert s.t[-1] >= m.end - 1e-9
    assert_allclose(s.q[-1], m(m.end), atol=1e-9)
    assert_allclose(s.v[10], m(s.t[10], 1))
    assert len(m.with_duration(1.0).sample(0.001).t) == 1001


def test_discrete_reference_is_what_semi_implicit_euler_does():
    m, dt = random_motion().with_duration(1.0), 0.001
    r = discrete_reference(m, dt)
    assert r.shape == (1001, 3, 3)
    q, v = r[0, 0].copy(), r[0, 1].copy()
    for k in range(1000):
        v = v + dt * r[k, 2]
        q = q + dt * v
    assert_allclose(q, m(m.end), atol=1e-10)
    assert_allclose(r[:, 0], m(np.arange(1001) * dt))
    assert_allclose(r[0, 1], m(0.0, 1))
    assert not r[-1, 2].any()


def test_resample_meets_the_motion_on_its_grid():
    m = random_motion(6)
    r = m.resample(0.05)
    for order in (0, 1, 2):
        inner = r.knots[1:-1]
        assert_allclose(r(inner, order), m(inner, order), atol=1e-9)


@pytest.mark.parametrize(
    ("knots", "coeffs", "said"),
    [
        ([0.0], np.zeros((0, 2, 1)), "knots must have shape"),
        ([0.0, 1.0], np.zeros((2, 2, 1)), "coeffs must have shape"),
        ([0.0, 0.0], np.zeros((1, 2, 1)), "knots must increase"),
        ([0.0, 1.0], np.full((1, 2, 1), np.nan), "finite"),
    ],
)
def test_bad_arrays_are_refused(knots, coeffs, said):
    with pytest.raises(InvalidInput, match=said):
        Trajectory(knots, coeffs)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: m(0.1, -1), "order of a derivative"),
        (lambda m: m("x"), "times must be numbers"),
        (lambda m: m.sample(0.0), "dt must be greater than 0"),
        (lambda m: m.scale_time(-1), "factor must be greater than 0"),
        (lambda m: m.with_duration(np.nan), "finite"),
        (lambda m: m.slice(2.0, 1.0), "slice needs"),
    ],
)
def test_bad_requests_are_refused(call, said):
    with pytest.raises(InvalidInput, match=said):
        call(random_motion())


def test_arrays_are_frozen_and_not_shared():
    coeffs = np.ones((1, 2, 1))
    m = Trajectory([0.0, 1.0], coeffs)
    coeffs[:] = 5.0
    assert m(0.0)[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        m.coeffs[0] = 1.0
