"""Motions through waypoints: they pass each, keep limits, never take longer than stopping, and are near a bound."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robocalc.trajectory import Limits
from robocalc.trajectory.otg import jerk_limited, jerk_limited_through

# Franka Emika Panda, published joint limits
V = np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61])
A = np.array([15, 7.5, 10, 12.5, 15, 20, 20.0])
J = np.array([7500, 3750, 5000, 6250, 7500, 10000, 10000.0])
LOW = np.array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
HIGH = np.array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])


def passes(motion, waypoints):
    """Distance of the nearest knots from the waypoints, in their order."""
    first, worst = 0, 0.0
    at = motion.waypoints
    for q in waypoints:
        distance = np.abs(at[first:] - q).max(axis=1)
        k = int(np.flatnonzero(distance < 1e-9)[0])
        first, worst = first + k, max(worst, distance[k])
    return worst


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("jerk", [1.0, 0.02])
def test_panda_waypoints(seed, jerk):
    Q = np.random.default_rng(seed).uniform(LOW, HIGH, (10, 7))
    limits = Limits(velocity=V, acceleration=A, jerk=jerk * J)
    motion = jerk_limited_through(Q, limits)
    stops = sum(jerk_limited((a,), (b,), limits).duration for a, b in pairwise(Q))
    assert jerk_limited_through(Q, limits, sweeps=0).duration == pytest.approx(stops, rel=1e-12)
    bound = sum((np.abs(b - a) / V).max() for a, b in pairwise(Q))
    assert bound < motion.duration < 0.95 * stops
    assert motion.duration < 1.08 * bound  # of what velocity limits alone would take
    assert passes(motion, Q) < 1e-12
    for r, limit in ((1, V), (2, A), (3, jerk * J)):
        assert np.all(np.abs(motion.extrema(r)) <= limit * (1 + 1e-9))
    for t in motion.knots[1:-1]:
        for r in range(3):
            assert np.allclose(motion(np.nextafter(t, 0), r), motion(t, r), atol=1e-8)


def test_ranges_are_kept():
    Q = np.array([[0.0], [0.99], [0.9], [-0.99], [0.0]])
    limits = Limits(position=[[-1.0], [1.0]], velocity=[2.0], acceleration=[3.0], jerk=[30.0])
    motion = jerk_limited_through(Q, limits)
    assert np.abs(motion.extrema(0)).max() <= 1.0 + 1e-9
    assert passes(motion, Q) < 1e-12


def test_ends_and_stops_are_as_asked():
    Q = np.array([[0.0, 0.0], [1.0, 0.5], [2.0, 0.0], [3.0, 1.0]])
    limits = Limits(velocity=[1.0, 1.0], acceleration=[2.0, 2.0], jerk=[10.0, 10.0])
    motion = jerk_limited_through(Q, limits, start=([0.2, 0.1],), end=([0.3, 0.0], [0.0, 0.5]))
    assert np.allclose(motion(0.0, 1), [0.2, 0.1])
    assert np.allclose(motion(motion.end, 1), [0.3, 0.0])
    assert np.allclose(motion(motion.end, 2), [0.0, 0.5])
    halting = jerk_limited_through(Q, limits, stop=[False, False, True, False])
    k = int(np.flatnonzero(np.abs(halting.waypoints - Q[2]).max(axis=1) < 1e-9)[0])
    assert np.allclose(halting(halting.knots[k], 1), 0.0, atol=1e-9)
    assert halting.duration >= jerk_limited_through(Q, limits).duration - 1e-9


def test_repeated_waypoints_and_other_degenerate_ones():
    limits = Limits(velocity=[1.0], acceleration=[2.0], jerk=[10.0])
    one = jerk_limited_through([0.0, 1.0], limits).duration
    assert jerk_limited_through([0.0, 0.0, 1.0, 1.0], limits).duration == pytest.approx(one, rel=1e-6)
    assert jerk_limited_through([0.5, 0.5, 0.5], limits).duration == 0.0
    assert jerk_limited_through([0.0, 0.3, 0.6, 1.0], limits).duration == pytest.approx(one, rel=2e-2)
    Q = np.random.default_rng(0).normal(size=(6, 2))
    free = Limits(velocity=[1.0, 1.0], acceleration=[2.0, 2.0])  # accelerations jump
    assert jerk_limited_through(Q, free).duration < jerk_limited_through(Q, free, sweeps=0).duration


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.lists(st.tuples(*[st.floats(-3, 3)] * 2), min_size=2, max_size=6), st.floats(0.1, 100))
def test_never_longer_than_stopping_and_within_limits(waypoints, jerk):
    limits = Limits(velocity=[1.0, 2.0], acceleration=[2.0, 1.0], jerk=[jerk, 2 * jerk])
    motion = jerk_limited_through(waypoints, limits)
    assert motion.duration <= jerk_limited_through(waypoints, limits, sweeps=0).duration * (1 + 1e-12)
    for r in (1, 2, 3):
        high = limits.bounds(r)[1]
        assert np.all(np.abs(motion.extrema(r)) <= high * (1 + 1e-9))
