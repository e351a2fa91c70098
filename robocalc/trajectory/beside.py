"""Motions of several robots as one motion of all their joints.

side_by_side    the Trajectory of all, knots of one at the knots of all
"""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.pieces import shifted
from robocalc.trajectory.trajectory import Trajectory

CLOSE = 1e-9  # [s]: knots nearer than this are one


def side_by_side(motions) -> Trajectory:
    """One Trajectory (joints of the first, then of the second, ...) of motions that begin and end together.

    raises    InvalidInput: no motion, or other times of start or end
    """
    motions = list(motions)
    if not motions:
        raise InvalidInput("side_by_side needs at least one motion")
    start, end = motions[0].start, motions[0].end
    for motion in motions:
        if abs(motion.start - start) > CLOSE or abs(motion.end - end) > CLOSE:
            raise InvalidInput(f"motions side by side last from {start:g} to {end:g} s, got {motion!r}")
    knots = np.unique(np.concatenate([motion.knots for motion in motions]))
    knots = knots[np.concatenate([[True], np.diff(knots) > CLOSE])]
    knots[-1] = end
    order, n = max(m.order for m in motions), sum(m.n for m in motions)
    coeffs, first = np.zeros((len(knots) - 1, order, n)), 0
    for motion in motions:
        middle = 0.5 * (knots[:-1] + knots[1:])
        k = np.clip(np.searchsorted(motion.knots, middle, side="right") - 1, 0, len(motion.coeffs) - 1)
        local = np.where(np.abs(knots[:-1] - motion.knots[k]) > CLOSE, knots[:-1] - motion.knots[k], 0.0)
        coeffs[:, : motion.order, first : first + motion.n] = shifted(motion.coeffs[k], local)
        first += motion.n
    return Trajectory(knots, coeffs)
