"""Compiled from the path's coefficients to the motion's, under velocity and acceleration limits.

lay, fill  grid, rows and caps
solve      passes
plan       all, and composition, in one call
"""

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.topp import lines
from robocalc.trajectory.topp.compose import compose
from robocalc.trajectory.topp.grid import CORNER, FEWEST, FEWEST_SOFT, REST, certified_grid, graded, marks, segments_of
from robocalc.trajectory.topp.lines import BIG, acceleration_rows, divide, inverse_squares, shift, velocity_caps
from robocalc.trajectory.topp.passes import DONE, STILL, backward, forward

NEAR = 8  # intervals
COLLOCATION, INTERPOLATION, CERTIFIED = 0, 1, 2  # rows at the start of an interval, at both ends, all over it


@njit
def lay(knots, coeffs, grid, points, scheme, soft):
    """(status, s (N + 1,), seg (N,), mark (K + 1,), rest (N,)): points where given, else `grid` intervals."""
    K = len(coeffs)
    mark = np.zeros(K + 1, np.int64)
    still = marks(knots, coeffs, mark)
    if scheme != CERTIFIED:
        still = -1
    room = (
        grid + (FEWEST_SOFT if soft else FEWEST) * K + K
        if scheme == CERTIFIED and not len(points)
        else max(grid, len(points) - 1)
    )
    s, seg = np.empty(room + 1), np.empty(room, np.int64)
    if len(points):
        s[:] = points
        N = room
    elif scheme == CERTIFIED:
        N = certified_grid(knots, mark, grid, soft, s, seg)
    else:
        N = grid
        for i in range(N + 1):
            s[i] = knots[0] + (knots[K] - knots[0]) * graded(i / N, mark[0] == REST, mark[K] == REST)
        s[N] = knots[K]
        mark[:] = 0  # as peers do: the path's rests are no special places, and ṡ = 0 there
    if len(points) or scheme != CERTIFIED:
        segments_of(knots, s, seg)
    return (STILL if still >= 0 else DONE), s[: N + 1], seg[:N], mark, rests(knots, s, seg, mark, N)


@njit
def rests(knots, s, seg, mark, N):
    """(N,): the first and last intervals next to a place where the path rests."""
    found = np.zeros(N, np.bool_)
    for i in range(N):
        if s[i] == knots[seg[i]] and mark[seg[i]] == REST:
            found[i : i + NEAR] = True
        if s[i + 1] == knots[seg[i] + 1] and mark[seg[i] + 1] == REST:
            found[max(i + 1 - NEAR, 0) : i + 1] = True
    return found


@njit
def rows_of(count, order, n, scheme):
    """Rows of one interval for acceleration."""
    return count + (order - 1 if scheme == CERTIFIED else scheme + 1) * n


@njit
def fill(knots, s, seg, mark, p, scheme, vlo, vhi, alo, ahi, P, UP, LO, cap, floor):
    """Acceleration rows from row 0 on, and caps on x."""
    N, order, n = p.shape
    h = s[1:] - s[:-1]
    cap[:], floor[:] = BIG, 0.0
    R = rows_of(0, order, n, scheme)
    lo, hi = lines.repeated(alo, R // n), lines.repeated(ahi, R // n)
    if scheme == CERTIFIED:
        acceleration_rows(p, h, P, UP)
        velocity_caps(p, h, vlo, vhi, cap)
        for i in range(N):
            if s[i] == knots[seg[i]] and mark[seg[i]] == CORNER:
                cap[i] = 0.0
    else:
        rows_at_points(p, h, scheme == INTERPOLATION, inverse_squares(vlo, vhi), P, UP, cap)
    divide(0, R, h, lo, hi, P, UP, LO, cap, floor)
    return h


@njit
def rows_at_points(p, h, both, square, P, UP, cap):
    """α and β of q̈ at the start of each interval, and at its end if `both`; velocity caps at the points alone."""
    N, _, n = p.shape
    for i in range(N + 1):
        most = 0.0
        for j in range(n):
            if i < N:
                q1, q2 = p[i, 1, j], 2.0 * p[i, 2, j]
                P[i, j], UP[i, j] = q1, q2
            else:
                q1, q2 = slopes_at_end(p, h[N - 1], j)
            if both and i > 0:
                P[i - 1, n + j], UP[i - 1, n + j] = q1 + 2.0 * h[i - 1] * q2, q2
            y = q1 * q1 * (square[1, j] if q1 > 0.0 else square[0, j])
            if y > most:
                most = y
        if most * BIG > 1.0:
            cap[i] = 1.0 / most


@njit
def slopes_at_end(p, h, j):
    """(q', q'') of joint j at the end of the last interval."""
    N, order, _ = p.shape
    first, second = 0.0, 0.0
    for d in range(order - 1, 0, -1):
        first = first * h + d * p[N - 1, d, j]
    for d in range(order - 1, 1, -1):
        second = second * h + d * (d - 1) * p[N - 1, d, j]
    return first, second


@njit
def ends(mark, cap, start, end):
    """(x at the start, least and largest x at the end); NaN for a start that is free: the path rests there."""
    first = start * start
    if start == 0.0 and mark[0] == REST:
        first = np.nan
    if end == 0.0 and mark[-1] == REST:
        return first, 0.0, cap[-1]
    return first, end * end, end * end


@njit
def solve(P, UP, LO, h, cap, floor, mark, rest, start, end, lower):
    """(status, info (3,), x, K, k, act (2, N)): both passes."""
    N = len(h)
    x, K, k = np.empty(N + 1), np.empty(N + 1), np.empty(N + 1)
    act, info = np.empty((2, N), np.int64), np.zeros(3, np.int64)
    first, least, most = ends(mark, cap, start, end)
    status = backward(P, UP, LO, h, cap, floor, rest, least, most, lower, K, k, act[0], info)
    if status == DONE:
        status = forward(P, UP, LO, h, K[0] if np.isnan(first) else first, K, k, x, act[1], info)
    return status, info, x, K, k, act


@njit
def plan(knots, coeffs, grid, points, scheme, vlo, vhi, alo, ahi, start, end, buffer):
    """(status, info, table (4, N + 1) of s, x, K and t, act, times, out): the whole of it; buffer holds the rows."""
    order, n = coeffs.shape[1], coeffs.shape[2]
    status, s, seg, mark, rest = lay(knots, coeffs, grid, points, scheme, False)
    N, R = len(seg), rows_of(0, order, n, scheme)
    size = N * R
    P, UP = buffer[:size].reshape((N, R)), buffer[size : 2 * size].reshape((N, R))
    LO = buffer[2 * size : 3 * size].reshape((N, R))
    p = buffer[3 * size : 3 * size + N * order * n].reshape((N, order, n))
    cap, floor = np.empty(N + 1), np.empty(N + 1)
    shift(knots, coeffs, s, seg, p)
    h = fill(knots, s, seg, mark, p, scheme, vlo, vhi, alo, ahi, P, UP, LO, cap, floor)
    lower = end > 0.0
    passed, info, x, K, _, act = solve(P, UP, LO, h, cap, floor, mark, rest, start, end, lower)
    table = np.empty((4, N + 1))
    table[0], table[1], table[2] = s, x, K
    pieces = N + len(coeffs)
    times, out = np.empty(pieces + 1), np.empty((pieces, 2 * order - 1, n))
    M = 0
    status = max(status, passed)
    if status == DONE:
        M = compose(knots, coeffs, s, seg, x, table[3], times, out)
    return status, info, table, act, times[: M + 1], out[:M]
