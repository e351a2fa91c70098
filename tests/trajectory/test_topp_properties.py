"""Properties of time_optimal on random paths: limits, scaling laws, time reversal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from robocalc.trajectory import Limits, Trajectory, time_optimal
from tests.trajectory.topp_paths import as_trajectory, off_path, over


@st.composite
def problems(draw):
    """(path, limits): random waypoints, uneven knots, one to four joints, asymmetric limits."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, W = draw(st.integers(1, 4)), draw(st.integers(2, 8))
    knots = np.concatenate([[0.0], np.cumsum(rng.uniform(0.05, 1.0, W - 1))])
    path = as_trajectory(CubicSpline(knots, rng.normal(size=(W, n)) * 10 ** rng.uniform(-3, 2), bc_type="natural"))
    sizes = 10 ** rng.uniform(-1, 1, (2, 2, n))
    scale = np.array([-1.0, 1.0])[:, None]
    return path, Limits(velocity=scale * sizes[0], acceleration=scale * sizes[1])


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([5, 40, 300]))
def test_limits_hold_and_the_path_is_kept(problem, grid):
    path, limits = problem
    motion = time_optimal(path, limits, grid=grid)
    assert over(motion, limits) <= 1e-8
    assert off_path(motion) <= 1e-9 * (1 + np.abs(path.waypoints).max())
    assert np.abs(motion(motion.duration) - path(path.end)).max() <= 1e-9 * (1 + np.abs(path.waypoints).max())


@settings(max_examples=30, deadline=None)
@given(problems(), st.floats(0.01, 100.0))
def test_lengths_times_c_take_root_c_as_long_under_acceleration_limits(problem, c):
    path, limits = problem
    limits = Limits(acceleration=limits.acceleration)
    one = time_optimal(path, limits, grid=200).duration
    two = time_optimal(Trajectory(path.knots, path.coeffs * c), limits, grid=200).duration
    assert two == pytest.approx(one * np.sqrt(c), rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(problems(), st.floats(0.1, 10.0))
def test_the_speed_at_which_a_path_is_written_does_not_matter(problem, c):
    path, limits = problem
    one = time_optimal(path, limits, grid=200).duration
    assert time_optimal(path.scale_time(c), limits, grid=200).duration == pytest.approx(one, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(problems())
def test_backwards_takes_as_long_under_mirrored_limits(problem):
    path, limits = problem
    v = -limits.velocity[::-1]
    back = Limits(velocity=v, acceleration=limits.acceleration)
    there = time_optimal(path, limits, grid=1000).duration
    assert time_optimal(path.reverse(), back, grid=1000).duration == pytest.approx(there, rel=5e-3)


@settings(max_examples=30, deadline=None)
@given(problems(), st.floats(1.0, 10.0))
def test_a_wished_duration_is_met(problem, factor):
    path, limits = problem
    least = time_optimal(path, limits, grid=100).duration
    motion = time_optimal(path, limits, grid=100, duration=factor * least)
    assert motion.duration == pytest.approx(factor * least, rel=1e-9)
    assert over(motion, limits) <= 1e-8


@settings(max_examples=12, deadline=None)
@given(problems(), st.floats(0.1, 3.0))
def test_jerk_limits_hold_on_random_paths(problem, size):
    path, limits = problem
    limits = Limits(velocity=limits.velocity, acceleration=limits.acceleration, jerk=limits.acceleration * 5 * size)
    motion = time_optimal(path, limits, grid=150)
    assert over(motion, limits) <= 1e-8
    assert motion.duration >= time_optimal(path, limits=Limits(jerk=limits.jerk), grid=150).duration * 0.98
