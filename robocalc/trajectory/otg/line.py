"""Phase synchronisation: where all states lie along one direction, all joints move as one, on a straight line.

With q = q0 + s x, s (n,) the direction, the joints' limits bound x by the tightest of them, and one joint's problem is
left. Where ruckig gives up the line because a joint's limit is in the way, the motion here stays on it and is longer.
"""

import math

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.otg.brake import PHASES

STRAIGHT = 1e-12  # of the largest entry, or of the limit: components off the line that do not count


@njit
def entry(state, r, i):
    """Row r of what must lie along the line: the way, v0, a0, v1, a1."""
    if r == 0:
        return state[3, i] - state[0, i]
    return state[r if r < 3 else r + 1, i]


@njit
def straight(state, limits, by_velocity, line, bounds, direction):
    """Whether the states lie along one direction (n,); then fills it, and the line's state and limits, (6, 1) each."""
    n = state.shape[1]
    chosen, size = -1, 0.0
    first = 1 if by_velocity else 0
    for r in range(first, 5):
        big = 0.0
        for i in range(n):
            big = max(big, abs(entry(state, r, i)))
        if (chosen < 0 and big > 0.0) or (r == first + 1 and size < STRAIGHT * big):
            chosen, size = r, big
    if chosen < 0 or not size < math.inf:
        return False
    square = 0.0
    for i in range(n):
        direction[i] = entry(state, chosen, i) / size
        square += direction[i] * direction[i]
    for r in range(first, 5):
        x = big = 0.0
        for i in range(n):
            x += entry(state, r, i) * direction[i] / square
            big = max(big, abs(entry(state, r, i)))
        for i in range(n):
            limit = min(limits[3, i], -limits[2, i]) if r == 2 or r == 4 else min(limits[1, i], -limits[0, i])
            room = abs(state[0, i]) + abs(state[3, i]) if r == 0 else (limit if limit < math.inf else 0.0)
            if not abs(entry(state, r, i) - x * direction[i]) <= STRAIGHT * max(big, room):
                return False
        line[(3, 1, 2, 4, 5)[r], 0] = x
    line[0, 0] = 0.0
    if by_velocity:
        line[3, 0] = 0.0
    for r in range(0, 6, 2):
        low, high = -math.inf, math.inf
        for i in range(n):
            s = direction[i]
            if s != 0.0:
                a, b = limits[r, i] / s, limits[r + 1, i] / s
                low, high = max(low, min(a, b)), min(high, max(a, b))
        bounds[r, 0], bounds[r + 1, 0] = low, high
    return True


@njit
def widen(state, by_velocity, direction, one, buffer):
    """The joints' tables from the line's table `one` (5, PHASES)."""
    last = 0
    while last + 1 < PHASES and one[0, last + 1] < np.inf:
        last += 1
    for i in range(state.shape[1]):
        for k in range(PHASES):
            buffer[i, 0, k] = one[0, k]
        for k in range(last + 1):
            for r in range(1, 5):
                buffer[i, r, k] = one[r, k] * direction[i]
            buffer[i, 1, k] += state[0, i]
        if not by_velocity:
            buffer[i, 1, last] = state[3, i]
        for r in range(2):
            buffer[i, 2 + r, last] = state[4 + r, i]
