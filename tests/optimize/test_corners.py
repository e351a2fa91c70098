"""Corners passed without a stop: sums of motions, within limits, as soon as what is near allows."""

from itertools import pairwise

import numpy as np
import pytest

from robocalc.optimize.moving.corners import chained, needed, sooner
from robocalc.trajectory import Limits, Trajectory, jerk_limited

BOUNDS = np.array([[1.0, 0.8], [2.0, 3.0], [10.0, 8.0]])
LIMITS = Limits(velocity=BOUNDS[0], acceleration=BOUNDS[1], jerk=BOUNDS[2])
CORNERS = np.array([[0.0, 0.0], [1.0, 0.2], [0.8, 1.0], [2.0, 1.1]])
WIDE = np.array([[-9.0, -9.0], [9.0, 9.0]])


def lines(points=CORNERS, wait=()):
    """A robot that rests, straight motions from point to point, and when they begin."""
    parts = [Trajectory(np.array([0.0, 1e-6]), points[0][None, None])]
    parts += [jerk_limited((a,), (b,), LIMITS, synchronisation="phase") for a, b in pairwise(points)]
    starts, t = [], 0.0
    for i, part in enumerate(parts):
        t += dict(wait).get(i, 0.0)
        starts.append(t)
        t += part.duration
    return parts, starts


def needs(motion):
    return needed(motion, BOUNDS, *WIDE)


def through(parts, starts, free=lambda *_: True, tries=9):
    return sooner(parts, starts, needs, free, tries)


def test_a_chain_is_the_sum_of_what_lasts():
    parts, starts = lines()
    starts = [0.0, starts[1], starts[2] - 0.4, starts[3] - 0.7]
    motion = chained(parts, starts)
    t = np.linspace(0, motion.end, 300)
    for order in range(3):
        want = CORNERS[0] * (order == 0) * np.ones((300, 1))
        for part, start in zip(parts, starts):
            at = np.clip(t - start, 0, part.duration)
            on = ((t > start) & (t < start + part.duration))[:, None] if order else 1.0
            want = want + (part(at, order) - (part(0.0) if order == 0 else 0.0)) * on
        np.testing.assert_allclose(motion(t, order), want, atol=1e-9)


def test_corners_are_passed_without_a_stop_sooner_and_within_limits():
    parts, starts = lines()
    stopping = chained(parts, starts)
    motion, _ = through(parts, starts)
    assert needs(motion) == 1.0
    assert motion.duration < 0.85 * stopping.duration
    np.testing.assert_allclose(motion(motion.end), CORNERS[-1], atol=1e-12)
    for order in (1, 2):
        np.testing.assert_allclose(motion(motion.end, order), 0.0, atol=1e-9)
    t = np.linspace(0.1 * motion.end, 0.9 * motion.end, 500)
    speeds = [np.linalg.norm(m(t * m.end / motion.end, 1), axis=1).min() for m in (stopping, motion)]
    assert speeds[0] < 0.02
    assert speeds[1] > 0.1


def test_it_stays_near_the_corner():
    """Both motions are within the triangle of a corner: no farther out than the lines are."""
    parts, starts = lines()
    motion, _ = through(parts, starts)
    low, high = motion.extrema(0)
    assert (low >= CORNERS.min(axis=0) - 1e-9).all()
    assert (high <= CORNERS.max(axis=0) + 1e-9).all()


def test_what_is_not_free_stays_as_it_was():
    parts, starts = lines()
    asked = []
    motion, same = through(parts, starts, lambda *given: asked.append(given) or False, tries=5)
    assert same == starts
    assert len(asked) == 5
    assert motion.duration == pytest.approx(chained(parts, starts).duration)
    motion, _ = through(parts, starts, lambda _, since, begin, end: begin < 1.5)
    t = np.linspace(0, motion.end, 400)
    np.testing.assert_allclose(np.abs(motion(t) - CORNERS[2]).sum(axis=1).min(), 0.0, atol=5e-3)


def test_a_wait_keeps_its_time():
    parts, starts = lines(wait={2: 0.5})
    motion, moved = through(parts, starts)
    assert moved[:3] == starts[:3]
    assert moved[3] < starts[3]
    np.testing.assert_allclose(motion(parts[1].duration + 0.25), CORNERS[1], atol=1e-9)


def test_a_range_is_kept():
    parts, starts = lines(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]))
    motion, _ = sooner(parts, starts, lambda m: needed(m, BOUNDS, np.zeros(2), np.ones(2)), lambda *_: True, 9)
    assert motion.extrema(0)[0].min() >= -1e-9
    assert needs(motion) == 1.0
