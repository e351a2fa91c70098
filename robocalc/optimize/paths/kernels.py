"""Path search, compiled: two trees that grow towards each other, then shortcuts.

search      RRT-Connect from one start to any of several goals
shorten     random shortcuts of a path
tighten     its corners pulled in as far as they go

source   Kuffner & LaValle (2000); the smaller tree grows; nodes whose growth failed take samples from nearby only,
         after Yershova et al. (2005)
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.collision.edges import edge_free
from robocalc.jit import njit

GRAIN = 1e-4  # [rad | m] to which edges are searched: what is not surely free by then counts as blocked
SAMPLES = 10  # for each node that there is room for, after which the search gives up
WORTH = 0.005  # of the path's length: a shortcut that gains less is not tried
GAIN, PULLS = 5e-4, 3  # of the two lines at a corner that pulling it must gain; halvings of that
ROOM = np.uint64(11)


@njit
def uniform(state):
    """The next number of [0, 1) from a state (1,) uint64; splitmix64, Steele, Lea & Flood (2014)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> ROOM) / 9007199254740992.0


@njit
def nearest(nodes, count, q):
    """(index, squared distance) of the node nearest to q."""
    best, at = np.inf, 0
    for i in range(count):
        d = 0.0
        for k in range(len(q)):
            d += (nodes[i, k] - q[k]) ** 2
        if d < best:
            best, at = d, i
    return at, best


@njit
def towards(a, b, step, out):
    """The point at most `step` from a on the way to b, into out; whether that is b."""
    d = 0.0
    for k in range(len(a)):
        d += (b[k] - a[k]) ** 2
    d = np.sqrt(d)
    share = 1.0 if d <= step else step / d
    for k in range(len(a)):
        out[k] = b[k] if share == 1.0 else a[k] + share * (b[k] - a[k])
    return share == 1.0


@njit
def trace(nodes, parent, i, path, w, forward):
    """Rows from node i to its root into path from row w; forward: root first. The number of rows."""
    count, j = 0, i
    while j >= 0:
        count += 1
        j = parent[j]
    for c in range(count):
        row = w + count - 1 - c if forward else w + c
        path[row] = nodes[i]
        i = parent[i]
    return count


@njit
def search(
    scene, first, goals, lower, upper, margin, step, radius, room, state, nodes, parent, reach, path, work, found
):  # fmt: skip
    """Path from `first` (n,) to one of `goals` (G, n): number of its rows in path, or 0 where room ran out.

    room             nodes of both trees after which it gives up, as after SAMPLES times as many samples
    step, radius     [rad | m] of one growth; of a node whose growth failed, from where it takes samples
    nodes, parent, reach   (2, M, n), (2, M), (2, M): the trees
    found            (3,) scratch, at last the number of nodes
    """
    scene, first, goals, nodes, parent, path = borrowed((scene, first, goals, nodes, parent, path))
    n, M = len(first), nodes.shape[1]
    scene.guess[:] = 0.0
    sizes = np.array([1, len(goals)])
    nodes[0, 0] = first
    for g in range(len(goals)):
        nodes[1, g] = goals[g]
        if edge_free(scene, first, goals[g], margin, GRAIN, work, found):
            path[0], path[1] = first, goals[g]
            found[2] = 2
            return 2
    parent[:, : len(goals)] = -1
    reach[:, : len(goals)] = np.inf
    sample, fresh = np.empty(n), np.empty(n)
    for _ in range(SAMPLES * room):
        a = 0 if sizes[0] <= sizes[1] else 1
        b = 1 - a
        found[2] = sizes[0] + sizes[1]
        if sizes[0] + 1 >= M or sizes[1] + 1 >= M or sizes[0] + sizes[1] > room:
            return 0
        for k in range(n):
            sample[k] = lower[k] + uniform(state) * (upper[k] - lower[k])
        i, d = nearest(nodes[a], sizes[a], sample)
        if d > reach[a, i] ** 2:
            continue
        towards(nodes[a, i], sample, step, fresh)
        if not edge_free(scene, nodes[a, i], fresh, margin, GRAIN, work, found):
            reach[a, i] = min(reach[a, i], radius)
            continue
        new = sizes[a]
        nodes[a, new], parent[a, new], reach[a, new] = fresh, i, np.inf
        sizes[a] += 1
        j, _ = nearest(nodes[b], sizes[b], fresh)
        while sizes[b] < M:
            met = towards(nodes[b, j], nodes[a, new], step, fresh)
            if not edge_free(scene, nodes[b, j], fresh, margin, GRAIN, work, found):
                break
            if met:
                s, g = (new, j) if a == 0 else (j, new)
                rows = trace(nodes[0], parent[0], s, path, 0, True)
                more = trace(nodes[1], parent[1], g, path, rows, False)
                return rows + more
            last = sizes[b]
            nodes[b, last], parent[b, last], reach[b, last] = fresh, j, np.inf
            sizes[b] += 1
            j = last
    return 0


@njit
def length(path, rows):
    """Sum of the lengths of a path's edges [rad | m]."""
    total = 0.0
    for i in range(rows - 1):
        d = 0.0
        for k in range(path.shape[1]):
            d += (path[i + 1, k] - path[i, k]) ** 2
        total += np.sqrt(d)
    return total


@njit
def locate(path, rows, s, out):
    """The point at length s along a path into out; the edge it lies on."""
    for i in range(rows - 1):
        d = 0.0
        for k in range(path.shape[1]):
            d += (path[i + 1, k] - path[i, k]) ** 2
        d = np.sqrt(d)
        if s <= d or i == rows - 2:
            share = min(s / d, 1.0) if d > 0.0 else 0.0
            for k in range(path.shape[1]):
                out[k] = path[i, k] + share * (path[i + 1, k] - path[i, k])
            return i
        s -= d
    return rows - 2


@njit
def shorten(scene, path, rows, tries, patience, margin, state, work, found):
    """Replace parts of a path by straight lines where those are free; the number of rows left in path.

    patience   tries in a row without success after which it ends
    """
    scene, path = borrowed((scene, path))
    n = path.shape[1]
    p, q = np.empty(n), np.empty(n)
    total, idle = length(path, rows), 0
    for _ in range(tries):
        if rows < 3 or idle >= patience:
            break
        s, t = uniform(state) * total, uniform(state) * total
        if s > t:
            s, t = t, s
        i, j = locate(path, rows, s, p), locate(path, rows, t, q)
        straight = 0.0
        for k in range(n):
            straight += (q[k] - p[k]) ** 2
        if i == j or t - s - np.sqrt(straight) < WORTH * total:
            continue
        idle += 1
        if not edge_free(scene, p, q, margin, GRAIN, work, found):
            continue
        # rows 0..i, p, q, j+1..: of i..j+1 all but the ends go
        shift = i + 3 - (j + 1)
        if rows + shift > len(path):
            continue
        if shift > 0:
            for r in range(rows - 1, j, -1):
                path[r + shift] = path[r]
        elif shift < 0:
            for r in range(j + 1, rows):
                path[r + shift] = path[r]
        path[i + 1], path[i + 2] = p, q
        rows += shift
        total, idle = length(path, rows), 0
    return straighten(path, rows)


@njit
def apart_by(a, b):
    """Length of the line from a to b."""
    d = 0.0
    for k in range(len(a)):
        d += (b[k] - a[k]) ** 2
    return np.sqrt(d)


@njit
def pulled(scene, path, i, target, share, joint, margin, work, found):
    """Whether corner i could be moved by a share of the way to target, in one joint or all (-1); then it is."""
    n = path.shape[1]
    fresh = path[i].copy()
    for k in range(n):
        if joint < 0 or joint == k:
            fresh[k] += share * (target[k] - fresh[k])
    now = apart_by(path[i - 1], path[i]) + apart_by(path[i], path[i + 1])
    new = apart_by(path[i - 1], fresh) + apart_by(fresh, path[i + 1])
    if new > now * (1.0 - GAIN):
        return False
    if not edge_free(scene, path[i - 1], fresh, margin, GRAIN, work, found):
        return False
    if not edge_free(scene, fresh, path[i + 1], margin, GRAIN, work, found):
        return False
    path[i] = fresh
    return True


@njit
def tighten(scene, path, rows, sweeps, margin, work, found):
    """Pull each corner to the line between its neighbours as far as that is free, in all joints or in one of them.

    A descent of the path's length over its corners, sweep by sweep, as long as one of them gains GAIN; rows left.
    """
    scene, path = borrowed((scene, path))
    n = path.shape[1]
    target = np.empty(n)
    for _ in range(sweeps):
        gained = False
        i = 1
        while i < rows - 1:
            a, b = apart_by(path[i - 1], path[i]), apart_by(path[i], path[i + 1])
            for k in range(n):
                target[k] = path[i - 1, k] + a / (a + b + 1e-12) * (path[i + 1, k] - path[i - 1, k])
            moved = False
            for joint in range(-1, n):
                share = 1.0
                for _ in range(PULLS):
                    if pulled(scene, path, i, target, share, joint, margin, work, found):
                        moved = True
                        break
                    share *= 0.5
                if moved and joint < 0:
                    break
            gained |= moved
            i += 1
        if not gained:
            break
    return straighten(path, rows)


@njit
def straighten(path, rows):
    """Take out rows that repeat the one before; the number left."""
    kept = 1
    for r in range(1, rows):
        d = 0.0
        for k in range(path.shape[1]):
            d = max(d, abs(path[r, k] - path[kept - 1, k]))
        if d > 1e-9 or r == rows - 1:
            path[kept] = path[r]
            kept += 1
    return kept
