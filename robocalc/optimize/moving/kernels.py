"""Is the robot free there, then? Compiled; obstacles are placed in their Scene, thicker by what they may do.

place         all moving obstacles as they are at a time, thicker by their doubt and by what they move within a while
slot_free     along a piece of path, during a while
along_free    a motion, all along
gap_at        the smallest distance at one moment
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.collision.edges import OPEN, recentred
from robocalc.dynamics.collision.query import free, pair_apart, smallest
from robocalc.jit import njit

DEPTH = 2  # halvings of a cell of path and time before it counts as blocked
LONGER = 5  # of the time alone, where the robot stands


@njit
def way_at(movers, m, t):
    """How far obstacle m has gone by t [m]."""
    K = movers.way.shape[1]
    x = min(max(t / movers.tick[0], 0.0), K - 1.0)
    k = min(int(x), K - 2)
    return movers.way[m, k] + (x - k) * (movers.way[m, k + 1] - movers.way[m, k])


@njit
def wider(movers, m, t, h):
    """By how much obstacle m may be elsewhere within t ± h: doubt, and the error of its table [m]."""
    K, slack = movers.way.shape[1], 0.0
    first = min(max(int((t - h) / movers.tick[0]), 0), K - 1)
    last = min(max(int((t + h) / movers.tick[0]), 0), K - 1)
    for k in range(first, last + 1):
        slack = max(slack, movers.slack[m, k])
    return slack + min(movers.doubt[m, 2], movers.doubt[m, 0] + movers.doubt[m, 1] * max(t + h, 0.0))


@njit
def place(scene, movers, t, h):
    """Obstacles where they are at t [s], thicker by their doubt at t + h and by what they go within t ± h."""
    S, K = len(scene.centres), movers.poses.shape[1]
    x = min(max(t / movers.tick[0], 0.0), K - 1.0)
    k = min(int(x), K - 2)
    u, last = x - k, -1
    R, p, more = np.empty((3, 3)), np.empty(3), 0.0
    for w in range(len(movers.owner)):
        m = movers.owner[w]
        if m != last:
            last = m
            a, b = movers.poses[m, k], movers.poses[m, k + 1]
            for c in range(3):
                p[c] = a[c] + u * (b[c] - a[c])
            i, j, l, r = (
                a[3] + u * (b[3] - a[3]),
                a[4] + u * (b[4] - a[4]),
                a[5] + u * (b[5] - a[5]),
                a[6] + u * (b[6] - a[6]),
            )
            s = 1.0 / np.sqrt(i * i + j * j + l * l + r * r)
            i, j, l, r = s * i, s * j, s * l, s * r
            R[0, 0], R[0, 1], R[0, 2] = 1 - 2 * (j * j + l * l), 2 * (i * j - r * l), 2 * (i * l + r * j)
            R[1, 0], R[1, 1], R[1, 2] = 2 * (i * j + r * l), 1 - 2 * (i * i + l * l), 2 * (j * l - r * i)
            R[2, 0], R[2, 1], R[2, 2] = 2 * (i * l - r * j), 2 * (j * l + r * i), 1 - 2 * (i * i + j * j)
            more = wider(movers, m, t, h)
            if h > 0.0:
                here = way_at(movers, m, t)
                more += max(way_at(movers, m, t + h) - here, here - way_at(movers, m, t - h))
        put(scene, movers, w, S + w, R, p, more)


@njit
def put(scene, movers, w, g, R, p, more):
    """Row w of the obstacles into row g of the Scene."""
    E, D, world = movers.data[w], scene.data[g], scene.world
    for c in range(3):
        D[c] = p[c] + R[c, 0] * E[0] + R[c, 1] * E[1] + R[c, 2] * E[2]
        D[5 + c] = p[c] + R[c, 0] * E[5] + R[c, 1] * E[6] + R[c, 2] * E[7]
        world[c, w] = D[5 + c]
        world[12 + c, w] = E[17 + c] + E[4] + more
        for axis in range(3):
            o = 8 + 3 * axis
            D[o + c] = R[c, 0] * E[o] + R[c, 1] * E[o + 1] + R[c, 2] * E[o + 2]
            world[3 + 3 * axis + c, w] = D[o + c]
    D[3], D[4] = E[3] + more, E[4] + more
    for v in range(scene.ints[g, 2], scene.ints[g, 3]):
        V = movers.vertices[v]
        for c in range(3):
            scene.vertices[v, c] = p[c] + R[c, 0] * V[0] + R[c, 1] * V[1] + R[c, 2] * V[2]


@njit
def slot_free(scene, movers, cells, i, t, h, margin, stack, left):
    """Whether the robot keeps margin anywhere in cell i of the path at any time in t ± h.

    cells   (levels, C, 3, n): middle, move and rest of cell i and of its halves; see `search.cells_of`
    stack   (OPEN, 4) scratch
    left    (1,) looks that may still be taken; without any, nothing counts as free
    """
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, i, t, h
    count, least = 1, 1.001 * h / 2**LONGER
    while count > 0:
        count -= 1
        level, c, t, h = int(stack[count, 0]), int(stack[count, 1]), stack[count, 2], stack[count, 3]
        cell = cells[level, c]
        if left[0] <= 0:
            return False
        left[0] -= 1
        place(scene, movers, t, h)
        pair = free(scene, cell[0], margin, cell[2], cell[1])
        if pair < 0:
            continue
        stands = cell[2].max() == 0.0
        if (stands and h < least) or (not stands and level >= DEPTH):
            return False
        place(scene, movers, t, 0.0)
        if not pair_apart(scene, pair, margin):
            return False
        for half in range(2):
            if stands:
                stack[count, 0], stack[count, 1] = level, c
                stack[count, 2], stack[count, 3] = t + (half - 0.5) * h, 0.5 * h
                count += 1
                continue
            for part in range(2):
                stack[count, 0], stack[count, 1] = level + 1, 2 * c + part
                stack[count, 2], stack[count, 3] = t + (half - 0.5) * h, 0.5 * h
                count += 1
    return True


@njit
def along_free(scene, movers, knots, coeffs, begin, margin, grain, work, found):
    """Whether a piecewise polynomial keeps `margin` [m] from what moves; if not found = (time, pair).

    begin   [s] of the obstacles' clock at the time 0 of the motion
    grain   [s]: shorter intervals that are not surely free count as not free
    """
    scene, movers, knots, coeffs = borrowed((scene, movers, knots, coeffs))
    wait, q, rest, move = work
    for piece in range(len(coeffs)):
        wait[0, 0] = wait[0, 1] = 0.5 * (knots[piece + 1] - knots[piece])
        count = 1
        while count > 0:
            count -= 1
            m, h = wait[count, 0], wait[count, 1]
            recentred(coeffs[piece], m, h, q, rest, move)
            at = knots[piece] + m
            place(scene, movers, begin + at, h)
            pair = free(scene, q, margin, rest, move)
            if pair < 0:
                continue
            place(scene, movers, begin + at, 0.0)
            if count + 2 >= OPEN or h < grain or not pair_apart(scene, pair, margin):
                found[0], found[1] = at, pair
                return False
            wait[count, 0], wait[count, 1] = m + 0.5 * h, 0.5 * h
            wait[count + 1, 0], wait[count + 1, 1] = m - 0.5 * h, 0.5 * h
            count += 2
    return True


@njit
def many_gaps(scene, movers, Q, t, reach, out, spare, distance):
    """Smallest distances (N,) at Q (N, n) and t (N,), as `gap_at`; the index of the smallest."""
    best = 0
    for k in range(len(Q)):
        distance[k] = np.inf
        if gap_at(scene, movers, Q[k], t[k], reach, out, spare) >= 0:
            distance[k] = out[0]
        if distance[k] < distance[best]:
            best = k
    return best


@njit
def gap_at(scene, movers, q, t, reach, out, spare):
    """`smallest` at q among obstacles as they are at t, without their doubt."""
    scene, movers, q = borrowed((scene, movers, q))
    place(scene, movers, t, 0.0)
    for w in range(len(movers.owner)):
        m = movers.owner[w]
        more = wider(movers, m, t, 0.0)
        g = len(scene.centres) + w
        scene.data[g, 3] -= more
        scene.data[g, 4] -= more
        for c in range(12, 15):
            scene.world[c, w] -= more
    scene.guess[:] = 0.0
    return smallest(scene, q, reach, out, spare)
