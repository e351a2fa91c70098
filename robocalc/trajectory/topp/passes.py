"""Compiled passes of time-optimal path parametrization over linear rows: reachability backwards, then greedily on.

    K_i = max x  such that some u keeps all rows of interval i and x + 2 h u ≤ K_{i+1}        (backwards)
    x_{i+1} = x_i + 2 h max u                                                                  (forwards)

For a fixed x the rows leave an interval of u; its width is concave and piecewise linear in x, so that the largest x is
its right root, which Newton's method reaches from the right in a few sweeps, without any scale or tolerance.

Source: Pham & Pham (T-RO 2018, arXiv 1707.07239), with Newton's method in place of Seidel's.
"""

from robocalc.jit import njit
from robocalc.trajectory.topp.lines import BIG

REACH = -1  # in place of a row's index: the reachable set of the next point
DONE, CLOSED, STUCK, UNBOUNDED, START_FAST, START_SLOW, STILL = range(7)
ROUNDING = 1e-13  # of the terms that meet: a gap that is no gap


@njit
def sweep(i, x, P, UP, LO, inverse, high, low):
    """(largest u, its row, smallest u, its row) at x; the next point must lie in [low, high], inverse = 1 / 2h."""
    U, L = (high - x) * inverse, (low - x) * inverse
    iu, il = REACH, REACH
    for r in range(P.shape[1]):
        y = P[i, r] * x
        upper, lower = UP[i, r] + y, LO[i, r] + y
        if upper < U:
            U, iu = upper, r
        if lower > L:
            L, il = lower, r
    return U, iu, L, il


@njit
def line(i, r, P, at, inverse, reach):
    """(slope, value at x = 0) of row r, upper or lower as `at` is; `reach` is the bound on the next point."""
    if r == REACH:
        return -inverse, reach * inverse
    return P[i, r], at[i, r]


@njit
def extreme(i, x, side, guess, P, UP, LO, inverse, high, low):
    """Newton from x towards `side` (-1: the largest feasible x below, +1: the smallest above).

    Returns (x, upper row, lower row, whether one exists). `guess` is a lower row that may meet the reach from above.
    """
    if guess >= 0 and P[i, guess] > -inverse:
        X = (LO[i, guess] - high * inverse) / (-inverse - P[i, guess])
        x = min(x, X)
    iu, il = REACH, REACH
    for _ in range(4 * P.shape[1] + 8):
        U, iu, L, il = sweep(i, x, P, UP, LO, inverse, high, low)
        if U >= L:
            return x, iu, il, True
        pu, u0 = line(i, iu, P, UP, inverse, high)
        pl, l0 = line(i, il, P, LO, inverse, low)
        if (pu - pl) * side <= 0.0:
            slack = ROUNDING * (abs(u0) + abs(l0) + (abs(pu) + abs(pl)) * x)
            return x, iu, il, slack >= L - U
        X = (l0 - u0) / (pu - pl)
        if (X - x) * side <= 0.0:  # no more than rounding
            return x, iu, il, True
        x = X
    return x, iu, il, True


@njit
def backward(P, UP, LO, h, cap, floor, rest, end_low, end_high, lower, K, k, act, info):
    """K (N + 1,), k (N + 1,): largest and smallest x from which the end can be reached; act (N,) the row that stops.

    rest (N,): the path rests nearby, where a large x says little about speed: the largest x that leads to K_{i+1}
    itself is taken there, not the largest that leads anywhere, which may lead to a standstill.
    `lower` False: x = 0 with u = 0 keeps all rows, so that k = 0 and is not searched. info: (interval, row, row).
    """
    N = len(h)
    K[N], k[N] = min(end_high, cap[N]), end_low
    if K[N] < k[N]:
        info[0] = N
        return CLOSED
    guess = -1
    for i in range(N - 1, -1, -1):
        inverse = 0.5 / h[i]
        top = min(cap[i], BIG)
        found = False
        if rest[i]:
            x, iu, il, found = extreme(i, top, -1, -1, P, UP, LO, inverse, K[i + 1], K[i + 1])
            found = found and x >= floor[i]
        if not found:
            x, iu, il, found = extreme(i, top, -1, guess, P, UP, LO, inverse, K[i + 1], k[i + 1])
        info[0], info[1], info[2] = i, iu, il
        if not found or x < floor[i]:
            if x < 0.0 and x > -ROUNDING * K[i + 1] and floor[i] == 0.0:
                x = 0.0
            else:
                return CLOSED
        if x > 0.5 * BIG and i > 0:
            return UNBOUNDED
        K[i], guess = x, il if iu == REACH else -1
        act[i] = REACH if x >= top else (il if iu == REACH else iu)  # the cap, or a row
        k[i] = 0.0
        if lower:
            x, iu, il, found = extreme(i, floor[i], 1, -1, P, UP, LO, inverse, K[i + 1], k[i + 1])
            if not found or x > K[i] * (1.0 + ROUNDING):
                info[1], info[2] = iu, il
                return CLOSED
            k[i] = min(x, K[i])
    return DONE


@njit
def forward(P, UP, LO, h, start, K, k, x, act, info):
    """x (N + 1,): the fastest profile from x_0 = start within [k, K]; act (N,) the row that stops it, or REACH."""
    slack = ROUNDING * K[0]
    if start > K[0] + slack or start < k[0] - slack:
        return START_FAST if start > K[0] else START_SLOW
    x[0] = min(start, K[0])
    if x[0] > 0.5 * BIG:
        return UNBOUNDED
    for i in range(len(h)):
        U, iu, _, il = sweep(i, x[i], P, UP, LO, 0.5 / h[i], K[i + 1], k[i + 1])
        act[i] = iu
        new = K[i + 1] if iu == REACH else min(x[i] + 2.0 * h[i] * U, K[i + 1])
        x[i + 1] = max(new, k[i + 1])
        if x[i + 1] <= 0.0 and x[i] <= 0.0:
            info[0], info[1], info[2] = i, iu, il
            return STUCK
    return DONE


@njit
def slowest(P, UP, LO, h, start, K, k, x):
    """x (N + 1,): the slowest profile from x_0 = start within [k, K]."""
    x[0] = start
    for i in range(len(h)):
        _, _, L, _ = sweep(i, x[i], P, UP, LO, 0.5 / h[i], K[i + 1], k[i + 1])
        x[i + 1] = min(max(x[i] + 2.0 * h[i] * L, k[i + 1]), K[i + 1])
