"""Motions without contact between samples: straight edges and polynomial motions, by a certificate.

edge_free     a straight line between two configurations
motion_free   a piecewise polynomial

An interval is free if at its middle every pair is farther apart than the margin and what the joints can sway it by
within the interval; else it is cut in half.
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.collision.query import free, pair_apart
from robocalc.jit import njit

OPEN = 128  # intervals waiting
PIECE = 0.15  # [rad | m] length of what is tried first: on longer ones few certificates hold


@njit
def edge_free(scene, q0, q1, margin, grain, work, found):
    """Whether the line from q0 to q1 (n,) keeps `margin` [m]; if not found = (share of the line, pair).

    grain   [rad | m]: an interval shorter than this in every joint that is not surely free counts as not free
    work    see `scratch`
    """
    wait, q, rest, move = work
    n, span, total = len(q0), 0.0, 0.0
    for k in range(n):
        span = max(span, abs(q1[k] - q0[k]))
        total += (q1[k] - q0[k]) ** 2
        rest[k] = 0.0
    pieces = max(1, int(np.ceil(np.sqrt(total) / PIECE)))
    stride = 2
    while stride < 2 * pieces:
        stride *= 2
    while stride > 1:  # middles of pieces, far from each other first: an obstacle is met early
        for i in range(stride // 2 - 1, pieces, stride):
            m = (i + 0.5) / pieces
            for k in range(n):
                q[k] = q0[k] + m * (q1[k] - q0[k])
            pair = free(scene, q, margin, rest, rest)
            if pair >= 0:
                found[0], found[1] = m, pair
                return False
        stride //= 2
    for i in range(pieces):
        wait[0, 0], wait[0, 1] = (i + 0.5) / pieces, 0.5 / pieces
        count = 1
        while count > 0:
            count -= 1
            m, h = wait[count, 0], wait[count, 1]
            for k in range(n):
                q[k] = q0[k] + m * (q1[k] - q0[k])
                move[k] = h * (q1[k] - q0[k])
                rest[k] = abs(move[k])
            pair = free(scene, q, margin, rest, move)
            if pair < 0:
                continue
            if count + 2 >= OPEN or h * span < grain or not pair_apart(scene, pair, margin):
                found[0], found[1] = m, pair
                return False
            wait[count, 0], wait[count, 1] = m + 0.5 * h, 0.5 * h
            wait[count + 1, 0], wait[count + 1, 1] = m - 0.5 * h, 0.5 * h
            count += 2
    return True


@njit
def path_free(scene, Q, margin, grain, work, found):
    """`edge_free` of the polyline Q (W, n); found = (edge + share of it, pair)."""
    for i in range(len(Q) - 1):
        if not edge_free(scene, Q[i], Q[i + 1], margin, grain, work, found):
            found[0] += i
            return False
    return True


@njit
def recentred(c, m, h, q, rest, move):
    """Value q (n,) of a polynomial c (order, n) at local time m, and how it changes within m ± h: move and rest.

    q(m + x) = Σ_d c'_d xᵈ,  move = c'_1 h,  rest = Σ_d≥1 |c'_d| hᵈ   (c' by synthetic division)
    """
    order, n = c.shape
    b = np.empty(order)
    for k in range(n):
        for d in range(order):
            b[d] = c[d, k]
        for i in range(order):
            for d in range(order - 2, i - 1, -1):
                b[d] += m * b[d + 1]
        q[k], move[k] = b[0], b[1] * h
        s = 0.0
        for d in range(order - 1, 0, -1):
            s = (s + abs(b[d])) * h
        rest[k] = s


@njit
def motion_free(scene, knots, coeffs, margin, grain, work, found):
    """Whether a piecewise polynomial keeps `margin` [m] at all times; if not found = (time [s], pair)."""
    scene, knots, coeffs = borrowed((scene, knots, coeffs))
    wait, q, rest, move = work
    for piece in range(len(coeffs)):
        wait[0, 0] = wait[0, 1] = 0.5 * (knots[piece + 1] - knots[piece])
        count = 1
        while count > 0:
            count -= 1
            m, h = wait[count, 0], wait[count, 1]
            recentred(coeffs[piece], m, h, q, rest, move)
            pair = free(scene, q, margin, rest, move)
            if pair < 0:
                continue
            if count + 2 >= OPEN or rest.max() < grain or not pair_apart(scene, pair, margin):
                found[0], found[1] = knots[piece] + m, pair
                return False
            wait[count, 0], wait[count, 1] = m + 0.5 * h, 0.5 * h
            wait[count + 1, 0], wait[count + 1, 1] = m - 0.5 * h, 0.5 * h
            count += 2
    return True


@njit
def check_path(scene, Q, margin, grain, work, found):
    """`path_free` for callers from Python."""
    scene, Q = borrowed((scene, Q))
    return path_free(scene, Q, margin, grain, work, found)


def scratch(n):
    """What the kernels of this file need as `work`: intervals (OPEN, 2), a configuration, rest and move (n,)."""
    return np.zeros((OPEN, 2)), np.zeros(n), np.zeros(n), np.zeros(n)
