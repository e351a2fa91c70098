"""What planners of moves share.

Failed           a step that cannot be done: the reason, and what would help
Caught           what a grasp holds, and from when on
beyond           by how much a motion leaves the limits of one derivative
farthest_beyond  the limit that a motion breaks most
"""

from typing import NamedTuple

import numpy as np

from robocalc.optimize import Violation

SAME = 1e-9  # [rad | m]: closer configurations are the same place
DERIVATIVES = (("position", "rad"), ("velocity", "rad/s"), ("acceleration", "rad/s^2"), ("jerk", "rad/s^3"))


class Failed(Exception):
    """Why a step cannot be done."""

    def __init__(self, why, amount=0.0, unit=""):
        super().__init__(why)
        self.amount, self.unit = amount, unit


class Caught(NamedTuple):
    """Of a grasp: fingers begin to close, hold [s]; the object in the hand's frame (7,); 4x4 by which it was carried
    from where it started to where it was taken, None: it was not."""

    closes: float
    taken: float
    in_hand: np.ndarray
    brought: np.ndarray | None = None


def beyond(motion, limits, order):
    """(by how much derivative `order` of each joint leaves its lower and upper limit, less than 0 inside; when [s]),
    (2, n) each."""
    values, times = motion.extrema_with_times(order)
    lower, upper = limits.bounds(DERIVATIVES[order][0], motion.n)
    return np.array([lower - values[0], values[1] - upper]), times


def farthest_beyond(motion, limits, joints) -> Violation:
    """The limit that a motion exceeds most, as a share of it; `joints` are the names."""
    found = []
    for order, (name, unit) in enumerate(DERIVATIVES[1:], start=1):
        values, times = motion.extrema_with_times(order)
        bound = limits.bounds(name, motion.n)
        share = np.where(np.isfinite(bound), values / bound, 0.0)
        side, joint = np.unravel_index(np.argmax(share), share.shape)
        beyond = abs(values[side, joint]) - abs(bound[side, joint])
        violation = Violation(f"{name} limit of {joints[joint]}", beyond, unit, times[side, joint])
        found.append((share[side, joint] ** (1 / order), order, violation))  # by how much the time must grow
    return max(found)[2]
