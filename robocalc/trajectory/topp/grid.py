"""Compiled grids over a path: knots are points of it, and it is graded towards places where the path rests (q' = 0).

A mark for each knot: SMOOTH; CORNER, where q' jumps, so that the motion must stop; REST, where q' = 0, so that joints
stand still whatever ṡ is, and ṡ is free.
"""

import numpy as np

from robocalc.jit import njit

SMOOTH, CORNER, REST = 0, 1, 2
STANDS = 1e-9  # of the largest |q'| nearby: less is rest
KINK = 1e-6  # relative jump of q' that is a corner
FINEST = 1e-6  # of a segment: nearer to its end rounding would be seen in q'' ṡ²
FEWEST, FEWEST_SOFT = 4, 48  # intervals of a segment next to a stop or an end; where ṡ starts from 0 smoothly


@njit
def marks(knots, coeffs, mark):
    """Fills mark (K + 1,); returns the first segment on which no joint moves, or -1."""
    K, order, n = coeffs.shape
    still, before = -1, 0.0
    left = np.zeros(n)  # q' at the end of the segment before
    for k in range(K + 1):
        size = 0.0
        if k < K:
            h = knots[k + 1] - knots[k]
            for j in range(n):
                total, power = 0.0, 1.0
                for d in range(1, order):
                    total += d * abs(coeffs[k, d, j]) * power
                    power *= h
                size = max(size, total)
            if size == 0.0 and still < 0:
                still = k
        near = STANDS * max(size, before)
        corner, rest = False, True
        for j in range(n):
            v = coeffs[k, 1, j] if k < K else left[j]
            u = left[j] if k > 0 else v
            rest = rest and abs(u) <= near and abs(v) <= near
            corner = corner or (abs(v - u) > KINK * (abs(u) + abs(v)) and abs(v - u) > near)
        mark[k] = REST if rest else (CORNER if corner else SMOOTH)
        if k < K:
            for j in range(n):
                y = 0.0
                for d in range(order - 1, 0, -1):
                    y = y * h + d * coeffs[k, d, j]
                left[j] = y
        before = size
    return still


@njit
def graded(u, left, right):
    """[0, 1] onto itself, slow where a side rests."""
    if left and right:
        return ((6.0 * u - 15.0) * u + 10.0) * u * u * u
    if left:
        return (1.5 - 0.5 * u) * u * u
    if right:
        w = 1.0 - u
        return 1.0 - (1.5 - 0.5 * w) * w * w
    return u


@njit
def certified_grid(knots, mark, grid, soft, s, seg):
    """About `grid` intervals: s (N + 1,), seg (N,) the segment of each; returns N.

    soft: where ṡ starts from 0 as s = c tᵖ the grid is graded too, at the ends and at corners.
    """
    K = len(mark) - 1
    N, step = 0, (knots[K] - knots[0]) / grid
    s[0] = knots[0]
    for k in range(K):
        a, h = knots[k], knots[k + 1] - knots[k]
        count = max(int(np.round(h / step)), 1)
        if mark[k] != SMOOTH or mark[k + 1] != SMOOTH or k == 0 or k == K - 1:
            count = max(count, FEWEST_SOFT if soft else FEWEST)
        elif soft:
            count = max(count, 2 * FEWEST)
        left = mark[k] == REST or (soft and (k == 0 or mark[k] == CORNER))
        right = mark[k + 1] == REST or (soft and (k == K - 1 or mark[k + 1] == CORNER))
        least = FINEST * count
        for m in range(1, count + 1):
            y = a + h * (least * (m / count) + (1.0 - least) * graded(m / count, left, right))
            if m == count:
                y = knots[k + 1]
            if y > s[N] and (y < knots[k + 1] or m == count):
                N += 1
                s[N], seg[N - 1] = y, k
    return N


@njit
def segments_of(knots, s, seg):
    """seg (N,): the segment in which each interval of the given grid s (N + 1,) starts."""
    k = 0
    for i in range(len(s) - 1):
        while k + 2 < len(knots) and knots[k + 1] <= s[i]:
            k += 1
        seg[i] = k
