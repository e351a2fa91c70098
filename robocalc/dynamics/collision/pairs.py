"""Questions about one pair of shapes: how far apart, whether farther than so much, whether so all along a short motion.

signed     signed distance with normal and points
apart      whether farther apart than a distance
sure       whether that holds while joints move, by the direction that keeps them apart
"""

import numpy as np

from robocalc.dynamics.collision.epa import epa
from robocalc.dynamics.collision.gjk import gjk
from robocalc.dynamics.collision.polish import polish
from robocalc.dynamics.collision.support import support
from robocalc.jit import njit

CORE = 1e-12  # [m] distance of unrounded shapes below which they overlap: the direction between them is lost


@njit
def plane_gap(work, ints, data, vertices, first, neighbours, a, b, out):
    """Signed distance of shape a to half-space b; normal and points into out."""
    D, E = data[b], data[a]
    n0, n1, n2 = D[14], D[15], D[16]
    x, y, z, _ = support(work, ints, data, vertices, first, neighbours, a, -n0, -n1, -n2, ints[a, 2])
    d = n0 * (x - D[5]) + n1 * (y - D[6]) + n2 * (z - D[7]) - D[19]
    out[1], out[2], out[3] = n0, n1, n2
    r = E[4]
    out[4], out[5], out[6] = x - r * n0, y - r * n1, z - r * n2
    out[7], out[8], out[9] = x - d * n0, y - d * n1, z - d * n2
    return d - r


@njit
def signed(scene, a, b, guess, far, out):
    """Signed distance [m] of shapes a and b into out (10,) with normal and points; inf where it is more than `far`."""
    work, ints, data, S = scene.model.work, scene.ints, scene.data, scene.simplex
    vertices, first, neighbours, weights = scene.vertices, scene.first, scene.neighbours, scene.weights
    if ints[b, 0] == 3:
        out[0] = plane_gap(work, ints, data, vertices, first, neighbours, a, b, out)
        return out[0]
    ra, rb = data[a, 4], data[b, 4]
    d, m = gjk(
        work, ints, data, vertices, first, neighbours, S, weights, a, b, guess, -1.0, max(far + ra + rb, -1.0)
    )  # fmt: skip
    if d == np.inf:
        out[0] = d
        return d
    if d > CORE:
        for k in range(3):
            out[1 + k], out[4 + k], out[7 + k] = guess[k] / d, 0.0, 0.0
            for c in range(m):
                out[4 + k] += weights[c] * S[c, 3 + k]
                out[7 + k] += weights[c] * S[c, 6 + k]
        if ints[a, 0] == 2 and ints[b, 0] != 2:
            d = polish(work[ints[a, 1]], data[a], S, m, 6, out, d)
        elif ints[b, 0] == 2 and ints[a, 0] != 2:
            d = polish(work[ints[b, 1]], data[b], S, m, 3, out, d)
    else:
        d = -epa(work, ints, data, vertices, first, neighbours, a, b, S, m, out)
    for k in range(3):
        out[4 + k] -= ra * out[1 + k]
        out[7 + k] += rb * out[1 + k]
    out[0] = d - ra - rb
    return out[0]


@njit
def start(guess, centres, data, a, b, own):
    """A direction to begin with where there is none: between the middles."""
    if guess[0] == 0.0 and guess[1] == 0.0 and guess[2] == 0.0:
        for k in range(3):
            guess[k] = centres[a, k] - (centres[b, k] if own else data[b, 5 + k])
        if guess[0] == 0.0 and guess[1] == 0.0 and guess[2] == 0.0:
            guess[2] = 1.0


@njit
def apart(scene, a, b, guess, near):
    """Whether shapes a and b are farther apart than `near` ≥ 0."""
    work, ints, data = scene.model.work, scene.ints, scene.data
    vertices, first, neighbours = scene.vertices, scene.first, scene.neighbours
    if ints[b, 0] == 3:
        D = data[b]
        x, y, z, _ = support(
            work, ints, data, vertices, first, neighbours, a, -D[14], -D[15], -D[16], ints[a, 2]
        )  # fmt: skip
        d = D[14] * (x - D[5]) + D[15] * (y - D[6]) + D[16] * (z - D[7]) - D[19]
        return d - data[a, 4] > near
    limit = near + data[a, 4] + data[b, 4]
    d, _ = gjk(
        work, ints, data, vertices, first, neighbours, scene.simplex, scene.weights, a, b, guess, limit, limit
    )  # fmt: skip
    return d > limit


@njit
def turned(scene, g, other, move, rest, n0, n1, n2):
    """Least value over the interval of n · x, x any point of shape g without rounding, at both ends: (low, high).

        n · x(t) ≥ n · x + t (n · v + x · (n × ω)) - ½ Σ_k |m_k| reach_k (|m_k| + 2 Σ_j<k |m_j|) - Σ_k rest_k reach_k

    for t in [-1, 1], joints moving by t m: linear in t for each point, so its least value is at an end, where it is the
    farthest point along a turned direction. Joints that move `other` as well do not count.
    """
    model, ints = scene.model, scene.ints
    work, S = model.work, len(scene.centres)
    u0 = u1 = u2 = along = total = less = 0.0
    i = ints[g, 1] - 1
    while i >= 0:
        if other >= S or scene.reach[other, i] == 0.0:
            total += abs(move[i])
        i = model.tree[i, 0]
    i = ints[g, 1] - 1
    while i >= 0:
        if other >= S or scene.reach[other, i] == 0.0:
            X, m = work[i + 1], move[i]
            z0, z1, z2 = X[2], X[5], X[8]
            total -= abs(m)
            less += abs(m) * scene.reach[g, i] * (0.5 * abs(m) + total)
            if rest[i] > abs(m):
                less += (rest[i] - abs(m)) * scene.reach[g, i]
            if model.tree[i, 1] == 0:
                c0, c1, c2 = n1 * z2 - n2 * z1, n2 * z0 - n0 * z2, n0 * z1 - n1 * z0
                u0, u1, u2 = u0 + m * c0, u1 + m * c1, u2 + m * c2
                along -= m * (c0 * X[9] + c1 * X[10] + c2 * X[11])
            else:
                along += m * (n0 * z0 + n1 * z1 + n2 * z2)
        i = model.tree[i, 0]
    low = high = 0.0
    k = ints[g, 2]
    for end in (-1.0, 1.0):
        d0, d1, d2 = n0 + end * u0, n1 + end * u1, n2 + end * u2
        x, y, z, k = support(work, ints, scene.data, scene.vertices, scene.first, scene.neighbours, g, -d0, -d1, -d2, k)
        value = d0 * x + d1 * y + d2 * z + end * along - less
        if end < 0.0:
            low = value
        else:
            high = value
    return low, high


@njit
def sure(scene, a, b, guess, margin, rest, move):
    """Whether shapes a and b stay farther apart than margin while joints move by t · move, |t| ≤ 1, and rest.

    Along the direction between their nearest points at t = 0, as that is what little keeps them apart.
    """
    ints, data = scene.ints, scene.data
    if ints[b, 0] == 3:
        D = data[b]
        n0, n1, n2 = D[14], D[15], D[16]
        top = -(n0 * D[5] + n1 * D[6] + n2 * D[7] + D[19])
        low, high = turned(scene, a, b, move, rest, n0, n1, n2)
        return min(low, high) + top - data[a, 4] > margin
    d, _ = gjk(
        scene.model.work, ints, data, scene.vertices, scene.first, scene.neighbours, scene.simplex, scene.weights,
        a, b, guess, -1.0, np.inf,
    )  # fmt: skip
    if d - data[a, 4] - data[b, 4] <= margin or d <= CORE:
        return False
    n0, n1, n2 = guess[0] / d, guess[1] / d, guess[2] / d
    low, high = turned(scene, a, b, move, rest, n0, n1, n2)
    more, most = turned(scene, b, a, move, rest, -n0, -n1, -n2)
    return min(low + more, high + most) - data[a, 4] - data[b, 4] > margin
