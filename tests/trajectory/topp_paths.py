"""Paths and checks that the tests of time_optimal share."""

import numpy as np
from scipy.interpolate import CubicSpline

from robocalc.trajectory import Limits, Trajectory

VELOCITY = np.array([2.175] * 4 + [2.61] * 3)
ACCELERATION = np.array([15, 7.5, 10, 12.5, 15, 20, 20])
JERK = 0.1 * np.array([7500, 3750, 5000, 6250, 7500, 10000, 10000])


def waypoints(seed=1, count=10):
    low = np.array([-2.8, -1.7, -2.8, -3.0, -2.8, 0.0, -2.8])
    high = np.array([2.8, 1.7, 2.8, -0.1, 2.8, 3.7, 2.8])
    return np.random.default_rng(seed).uniform(low, high, (count, 7))


def spline(seed=1, count=10):
    return CubicSpline(np.linspace(0, 1, count), waypoints(seed, count))


def as_trajectory(curve):
    return Trajectory(curve.x, curve.c[::-1].transpose(1, 0, 2))


def panda_path(seed=1, count=10):
    return as_trajectory(spline(seed, count))


def panda_limits(**more):
    return Limits(**({"velocity": VELOCITY, "acceleration": ACCELERATION} | more))


def over(motion, limits):
    """Largest share of velocity, acceleration and jerk limits that the motion uses, minus 1: exact extrema."""
    worst = -1.0
    for order in (1, 2, 3):
        (low, high), (least, most) = motion.extrema(order), limits.bounds(order, motion.n)
        worst = max(worst, (high / most).max() - 1, (low / least).max() - 1)
    return worst


def off_path(motion):
    """Largest distance between the motion and its path at the same s."""
    t = np.linspace(0, motion.duration, 3001)
    return np.abs(motion(t) - motion.path(motion.timing(t)[:, 0])).max()
