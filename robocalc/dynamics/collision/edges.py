"""Motions without contact between samples: straight edges and polynomial motions, by a certificate.

edge_free     a straight line between two configurations
motion_free   a piecewise polynomial

An interval is free if at its middle every pair is farther apart than the margin and what the joints can sway it by
within the interval; else it is cut in half.
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.collision.query import free
from robocalc.jit import njit

DEPTH = 40  # halvings: the stack of the search
COARSE = 6  # halvings of a whole edge in the first, breadth-first look


@njit
def edge_free(scene, q0, q1, margin, grain, work, found):
    """Whether the line from q0 to q1 (n,) keeps `margin` [m]; if not found = (share of the line, pair).

    grain   [rad | m]: an interval shorter than this in every joint that is not surely free counts as not free
    work    (3, n) scratch

    The middle first, then quarters, ...: an obstacle is met early, and what is free needs few looks.
    """
    n = len(q0)
    q, dq, zero = work[0], work[1], work[2]
    span = 0.0
    for k in range(n):
        span = max(span, abs(q1[k] - q0[k]))
        zero[k] = 0.0
    stack = np.empty((DEPTH + 2, 2))
    # numbered like a heap, level by level, while few are open; depth first below
    stack[0, 0], stack[0, 1] = 0.0, 1.0
    top = 1
    while top > 0:
        top -= 1
        s0, s1 = stack[top, 0], stack[top, 1]
        m, h = 0.5 * (s0 + s1), 0.5 * (s1 - s0)
        for k in range(n):
            q[k] = q0[k] + m * (q1[k] - q0[k])
            dq[k] = h * abs(q1[k] - q0[k])
        pair = free(scene, q, margin, dq)
        if pair < 0:
            continue
        if h * span < grain or top >= DEPTH:
            found[0], found[1] = m, pair
            return False
        blocked = free(scene, q, margin, zero)
        if blocked >= 0:
            found[0], found[1] = m, blocked
            return False
        stack[top, 0], stack[top, 1] = m, s1
        stack[top + 1, 0], stack[top + 1, 1] = s0, m
        top += 2
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
def recentred(c, m, h, q, dq):
    """Value q (n,) at local time m of a polynomial c (order, n), and bounds dq on its change within m ± h.

    |q(m + x) - q(m)| ≤ Σ_d≥1 |c'_d| hᵈ,  c' the coefficients about m (synthetic division)
    """
    order, n = c.shape
    b = np.empty(order)
    for k in range(n):
        for d in range(order):
            b[d] = c[d, k]
        for i in range(order):
            for d in range(order - 2, i - 1, -1):
                b[d] += m * b[d + 1]
        q[k] = b[0]
        s = 0.0
        for d in range(order - 1, 0, -1):
            s = (s + abs(b[d])) * h
        dq[k] = s


@njit
def motion_free(scene, knots, coeffs, margin, grain, work, found):
    """Whether a piecewise polynomial keeps `margin` [m] at all times; if not found = (time [s], pair)."""
    scene, knots, coeffs = borrowed((scene, knots, coeffs))
    q, dq, zero = work[0], work[1], work[2]
    zero[:] = 0.0
    stack = np.empty((DEPTH + 2, 2))
    for i in range(len(coeffs)):
        stack[0, 0], stack[0, 1] = 0.0, knots[i + 1] - knots[i]
        top = 1
        while top > 0:
            top -= 1
            s0, s1 = stack[top, 0], stack[top, 1]
            m, h = 0.5 * (s0 + s1), 0.5 * (s1 - s0)
            recentred(coeffs[i], m, h, q, dq)
            pair = free(scene, q, margin, dq)
            if pair < 0:
                continue
            fine = top >= DEPTH or dq.max() < grain
            if not fine:
                pair = free(scene, q, margin, zero)
            if pair >= 0:
                found[0], found[1] = knots[i] + m, pair
                return False
            stack[top, 0], stack[top, 1] = m, s1
            stack[top + 1, 0], stack[top + 1, 1] = s0, m
            top += 2
    return True


@njit
def check_path(scene, Q, margin, grain, work, found):
    """`path_free` for callers from Python."""
    scene, Q = borrowed((scene, Q))
    return path_free(scene, Q, margin, grain, work, found)
