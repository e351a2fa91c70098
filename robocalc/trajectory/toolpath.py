"""Builds tool paths: smooth curves through poses, and lines, arcs and blended corners over path length."""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory import rotations
from robocalc.trajectory.allocation import natural_times
from robocalc.trajectory.problem import Problem, as_mask, as_times
from robocalc.trajectory.se3 import CartesianPath, from_states

SAME = 1e-9  # [m | rad]: poses closer than this are one
RADIUS = 0.2  # [m]: a turn of 1 rad counts as this much way


def steps_between(T):
    """(translations (K, 3), rotation vectors in world axes (K, 3), lengths (K,)) between poses T (W, 4, 4)."""
    d = np.diff(T[:, :3, 3], axis=0)
    R = T[:, :3, :3]
    turn = np.einsum("kij,kj->ki", R[:-1], rotations.log(np.swapaxes(R[:-1], -1, -2) @ R[1:]))
    length = np.maximum(np.linalg.norm(d, axis=1), RADIUS * np.linalg.norm(turn, axis=1))
    same = np.flatnonzero(length < SAME)
    if same.size:
        k = same[0]
        raise InvalidInput(f"poses {k} and {k + 1} are the same: leave one out")
    return d, turn, length


def smooth_curve(T, times, stop) -> CartesianPath:
    """Minimum jerk through poses T (W, 4, 4), in position and in accumulated rotation vector (world axes).

    With two poses the tool moves on a straight line and turns about one axis. Without times, segment times follow the
    lengths, and the duration is 1 s: to be scaled.
    """
    d, turn, length = steps_between(T)
    way = np.concatenate([np.zeros((1, 6)), np.cumsum(np.hstack([d, turn]), axis=0)])
    rest = as_mask(stop, len(T))
    rest[[0, -1]] = True
    if times is None:
        h = natural_times(np.concatenate([[0.0], np.cumsum(length)])[:, None], None, rest)
        knots = np.concatenate([[0.0], np.cumsum(h)]) / h.sum()
    else:
        knots = as_times(times, len(T))
    x, _ = Problem(3, way, knots, stop=rest).states(np.diff(knots))
    return from_states(knots, T[:, :3, 3], T[:, :3, :3], x[:, 1], x[:, 2])
