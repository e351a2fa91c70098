"""A path of straight lines made smooth: each corner becomes a quintic that leaves the lines as late as obstacles allow.

rounded   smooth stretches of a path, cut where a corner cannot be rounded: the motion rests there
"""

import numpy as np

from robocalc.trajectory import Trajectory

SHARE = 0.5  # of a line that the corner at each of its ends may take
HALVINGS = 7  # of a corner before the motion stops there
SHORT = 1e-6  # [rad | m] lines that are left out

# q(u), u in 0..1, from (value, slope, 0) to (value, slope, 0): coefficients of u⁰..u⁵ for a, b, slopes at a and at b
HERMITE = np.array([[1, 0, 0, -10, 15, -6], [0, 0, 0, 10, -15, 6], [0, 1, 0, -6, 8, -3], [0, 0, 0, -4, 7, -3]], float)


def corner(before, at, after, reach):
    """Coefficients (6, n) of the quintic from `reach` before the corner to `reach` after it, parameter 0..2 reach."""
    u, v = (at - before) / np.linalg.norm(at - before), (after - at) / np.linalg.norm(after - at)
    span = 2 * reach
    rows = np.array([at - reach * u, at + reach * v, span * u, span * v])
    return HERMITE.T @ rows / span ** np.arange(6)[:, None]


def rounded(checker, waypoints, margin) -> list:
    """[Trajectory] over path length: together the path through waypoints (W, n) with rounded corners, each free.

    Continuous in curvature within each; every point keeps `margin` [m] if the lines do.
    """
    Q = waypoints[np.concatenate([[True], np.linalg.norm(np.diff(waypoints, axis=0), axis=1) > SHORT])]
    if len(Q) < 2:
        return []
    sizes = np.linalg.norm(np.diff(Q, axis=0), axis=1)
    reach = np.zeros(len(Q))
    curves = {}
    for i in range(1, len(Q) - 1):
        # a neighbour whose corner is settled leaves more room
        before = sizes[i - 1] - reach[i - 1] if i > 1 else sizes[0]
        after = sizes[i] * (1.0 if i == len(Q) - 2 else SHARE)
        reach[i], curves[i] = _largest(checker, Q[i - 1 : i + 2], 0.98 * min(before, after), margin)
    return _stretches(Q, sizes, reach, curves)


def _largest(checker, three, reach, margin):
    """(reach, coefficients) of the largest free corner, halving from `reach`; (0, None) where none is."""
    for _ in range(HALVINGS):
        c = corner(*three, reach)
        if checker.check_motion(Trajectory(np.array([0.0, 2 * reach]), c[None]), margin, details=False):
            return reach, c
        reach *= 0.5
    return 0.0, None


def _stretches(Q, sizes, reach, curves):
    found, knots, pieces = [], [0.0], []

    def add(span, c):
        knots.append(knots[-1] + span)
        pieces.append(c)

    def close():
        if pieces:
            found.append(Trajectory(np.array(knots), np.array(pieces)))
        del knots[1:], pieces[:]

    for i in range(len(sizes)):
        line = sizes[i] - reach[i] - reach[i + 1]
        u = (Q[i + 1] - Q[i]) / sizes[i]
        c = np.zeros((6, Q.shape[1]))
        c[0], c[1] = Q[i] + reach[i] * u, u
        add(line, c)
        if curves.get(i + 1) is not None:
            add(2 * reach[i + 1], curves[i + 1])
        else:
            close()
    close()
    return found
