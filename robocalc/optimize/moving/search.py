"""When to go where along a path: the earliest arrival past what moves, compiled.

Path and time are cut into cells and slots; a cell in a slot is free if a certificate says so. The robot waits at nodes,
and goes from node to node at one of some rates; of all that, the earliest arrival is found, slot by slot.

cells_of    middles and sways of the cells of a path
legs_of     ways from node to node as slots and cells
arrive      the earliest arrival
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.jit import njit
from robocalc.optimize.moving.kernels import DEPTH, slot_free

SLOTS = 160  # of a leg at most
FINE = 4  # points at which the sway within the smallest part of a cell is looked at
UNKNOWN, BLOCKED, FREE = -1, 0, 1
NONE, BEGIN, WAIT = -1, -2, -3  # how a node was reached; else the leg


def cells_of(base, edges, nodes):
    """(DEPTH + 1, (C + W) 2**DEPTH, 3, n): middle, move, rest of cells between edges (C + 1,), then of nodes (W,)."""
    C, W, n, most = len(edges) - 1, len(nodes), base.n, 2**DEPTH
    parts = most * FINE
    grid = edges[:-1, None] + np.diff(edges)[:, None] * np.linspace(0, 1, parts + 1)
    Q = base(grid.ravel()).reshape(C, parts + 1, n)
    rest = base(edges[nodes])
    cells = np.zeros((DEPTH + 1, (C + W) * most, 3, n))
    for level in range(DEPTH + 1):
        count, span = 2**level, parts // 2**level
        cells[level, C * count : (C + W) * count, 0] = np.repeat(rest, count, axis=0)
        for k in range(count):
            block = Q[:, k * span : (k + 1) * span + 1]
            middle = block[:, span // 2]
            move = 0.5 * (block[:, -1] - block[:, 0])
            sway = 1.05 * np.abs(block - middle[:, None]).max(axis=1)  # the final motion has a certificate of its own
            rows = np.arange(C) * count + k
            cells[level, rows, 0], cells[level, rows, 1], cells[level, rows, 2] = (
                middle,
                move,
                np.maximum(sway, abs(move)),
            )
    return cells


@njit
def ramp(r, A, J):
    """(time of a ramp from 0 to rate r, of its jerk)."""
    if r * J >= A * A:
        return A / J + r / A, A / J
    t = np.sqrt(r / J)
    return 2.0 * t, t


@njit
def profile(D, r, A, J, ramps):
    """(T, rate, ramp time, jerk time) of going D at up to r with 0, 1 or 2 ramps between standing and the rate."""
    if ramps == 0:
        return D / r, r, 0.0, 0.0
    ta, tj = ramp(r, A, J)
    if 0.5 * ramps * r * ta > D:
        low, high = 0.0, r
        for _ in range(50):
            m = 0.5 * (low + high)
            if 0.5 * ramps * m * ramp(m, A, J)[0] > D:
                high = m
            else:
                low = m
        r = low
        ta, tj = ramp(r, A, J)
    return (D - 0.5 * ramps * r * ta) / r + ramps * ta, r, ta, tj


@njit
def ramped(t, r, ta, tj):
    """Distance after t of a ramp from 0 to r."""
    if tj <= 0.0:
        return r * t
    if t >= ta:
        return 0.5 * r * ta + r * (t - ta)
    if t > 0.5 * ta:
        return r * t - 0.5 * r * ta + ramped_half(ta - t, r, ta, tj)
    return ramped_half(t, r, ta, tj)


@njit
def ramped_half(t, r, ta, tj):
    J = r / (tj * (ta - tj))
    if t <= tj:
        return J * t**3 / 6
    return J * tj**3 / 6 + 0.5 * J * tj * tj * (t - tj) + 0.5 * J * tj * (t - tj) ** 2


@njit
def gone(t, D, T, r, ta, tj, first, last):
    """Distance after t of a profile; first, last: whether it ramps there."""
    if last and t > T - ta:
        return D - ramped(T - t, r, ta, tj)
    return ramped(t, r, ta, tj) if first else r * t


@njit
def legs_of(edges, nodes, rates, allowed, slot, open_first, open_last, ends, span, shape, low, high):
    """All legs; their number. Row k: ends (from node, to node, rate), slots span, shape (4), cells low to high a slot.

    allowed   (R, 2) σ̈ and σ⃛ at each rate; 0: no ramp at that rate
    open_     the motion is at rest at its first or last node by itself: no ramp there
    """
    W, L = len(nodes), 0
    for a in range(W):
        for b in range(W):
            if a == b:
                continue
            first = not (open_first and a == 0 and b > a)
            last = not (open_last and b == W - 1)
            for k in range(len(rates)):
                A, J = allowed[k, 0], allowed[k, 1]
                if (first or last) and A <= 0.0:
                    continue
                x, y = edges[nodes[a]], edges[nodes[b]]
                D = abs(y - x)
                T, r, ta, tj = profile(D, rates[k], A, J, int(first) + int(last))
                count = int(np.ceil(T / slot - 1e-9))
                if count > SLOTS or count < 1:
                    continue
                slower = T / (count * slot)
                ends[L, 0], ends[L, 1], ends[L, 2] = a, b, k
                shape[L, 0], shape[L, 1], shape[L, 2], shape[L, 3] = T, r, ta, tj
                span[L] = count
                sign, s0 = (1.0 if y > x else -1.0), x
                for i in range(count):
                    s1 = x + sign * gone((i + 1) * slot * slower, D, T, r, ta, tj, first, last)
                    put_cells(edges, s0, s1, low, high, L, i)
                    s0 = s1
                L += 1
    return L


@njit
def put_cells(edges, s0, s1, low, high, leg, i):
    """The cells that hold all of s0..s1."""
    C = len(edges) - 1
    a = np.searchsorted(edges, min(s0, s1), side="right") - 1
    b = np.searchsorted(edges, max(s0, s1), side="left") - 1
    low[leg, i], high[leg, i] = min(max(a, 0), C - 1), min(max(b, 0), C - 1)


@njit
def is_free(scene, movers, cells, known, c, j, slot, margin, stack, left):
    """Whether cell c is free in slot j, kept in known (C + W, N)."""
    if known[c, j] == UNKNOWN:
        known[c, j] = (
            FREE if slot_free(scene, movers, cells, c, (j + 0.5) * slot, 0.5 * slot, margin, stack, left) else BLOCKED
        )
    return known[c, j] == FREE


@njit
def leg_free(scene, movers, cells, known, low, high, span, leg, j, slot, margin, stack, left):
    """Whether a leg that begins in slot j is free, and ends before the last slot."""
    if j + span[leg] >= known.shape[1]:
        return False
    for i in range(span[leg]):
        for c in range(low[leg, i], high[leg, i] + 1):
            if not is_free(scene, movers, cells, known, c, j + i, slot, margin, stack, left):
                return False
    return True


@njit
def arrive(
    scene, movers, cells, known, C, begin_node, L, first_leg, ends, span, low, high, slot, margin, how, stack, stay,
    left,
):  # fmt: skip
    """Slot of the earliest arrival at the last node, from where it stays free; -1: there is none.

    begin_node    where the robot stands; -1: it moves, and must take one of the legs from first_leg on
    L             number of legs, those from first_leg on begin at the state of now
    how           (W, N, 2): how each node was reached in each slot, and the slot before
    stay          slots for which the last node must be free from then on
    left          (1,) looks that it may take
    """
    scene, movers, cells = borrowed((scene, movers, cells))
    W, N, _ = how.shape
    scene.guess[:] = 0.0
    how[:] = NONE
    if begin_node >= 0:
        how[begin_node, 0, 0] = BEGIN
    for leg in range(first_leg, L):
        if leg_free(scene, movers, cells, known, low, high, span, leg, 0, slot, margin, stack, left):
            mark(how, ends[leg, 1], span[leg], leg, 0)
    by_node = np.zeros(W + 1, np.int64)
    for leg in range(first_leg):
        by_node[ends[leg, 0] + 1] = leg + 1
    for w in range(W):
        by_node[w + 1] = max(by_node[w + 1], by_node[w])
    for j in range(N - 1):
        if how[W - 1, j, 0] != NONE:
            until = min(N, j + stay)
            k = until - 1
            while k >= j and is_free(scene, movers, cells, known, C + W - 1, k, slot, margin, stack, left):
                k -= 1
            if k < j:
                return j
        for w in range(W):
            if how[w, j, 0] == NONE:
                continue
            for leg in range(by_node[w], by_node[w + 1]):
                there, when = ends[leg, 1], j + span[leg]
                if when >= N or how[there, when, 0] != NONE:
                    continue
                if leg_free(scene, movers, cells, known, low, high, span, leg, j, slot, margin, stack, left):
                    mark(how, there, when, leg, j)
            if is_free(scene, movers, cells, known, C + w, j, slot, margin, stack, left):
                how[w, j + 1, 0], how[w, j + 1, 1] = WAIT, j  # to stay is better than to go and come back
    return -1


@njit
def mark(how, node, when, leg, j):
    if when < how.shape[1] and how[node, when, 0] == NONE:
        how[node, when, 0], how[node, when, 1] = leg, j
