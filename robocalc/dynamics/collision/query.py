"""Questions about one configuration of a robot among its obstacles; compiled, into the caller's buffers.

free       whether all pairs are farther apart than a margin, here or all along a short motion
smallest   the pair with the smallest signed distance
within     all pairs nearer than a reach
gradient   derivative of a pair's distance to the joints
many_...   the same over rows
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.collision.bounds import balls_to_box, balls_to_shape, place_balls, sway, to_boxes
from robocalc.dynamics.collision.epa import epa
from robocalc.dynamics.collision.gjk import gjk
from robocalc.dynamics.collision.polish import polish
from robocalc.dynamics.collision.support import support
from robocalc.dynamics.kernels_frames import frames
from robocalc.jit import njit

OUT = 10  # columns of a result: distance, normal 3 (from b to a), point on a 3, point on b 3
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


@njit
def free(scene, q, margin, rest, move):
    """Index of the pair that is not surely farther apart than `margin` [m] ≥ 0 near q; -1 where all are.

    move   (n,) the answer holds for all configurations q + t move, |t| ≤ 1,
    rest   (n,) ≥ |move|: and for what differs from these by up to rest - |move| in each joint
    """
    model, ints, data, centres = scene.model, scene.ints, scene.data, scene.centres
    S, W, far = len(centres), scene.world.shape[1], scene.far
    frames(model, q)
    work = model.work
    place_balls(work, ints, data, S, centres)
    still = True
    for k in range(len(rest)):
        still &= rest[k] == 0.0
    for back in range(S):
        s = S - 1 - back
        near = margin if still else margin + sway(scene.reach[s], rest)
        limit = (near + data[s, 3]) ** 2
        to_boxes(scene.world, centres[s, 0], centres[s, 1], centres[s, 2], far)
        for w in range(W):
            if far[w] <= limit and not scene.skip[s, w]:
                if balls_to_box(work, ints, scene.balls, scene.world, s, w) > near:
                    continue
                guess = scene.guess[s * W + w]
                start(guess, centres, data, s, S + w, False)
                if not apart(scene, s, S + w, guess, near) and (
                    still or not sure(scene, s, S + w, guess, margin, rest, move)
                ):
                    return s * W + w
    for p in range(len(scene.own)):
        a, b = scene.own[p, 0], scene.own[p, 1]
        x, y, z = centres[a, 0] - centres[b, 0], centres[a, 1] - centres[b, 1], centres[a, 2] - centres[b, 2]
        near = margin if still else margin + sway(scene.reach_own[p], rest)
        if x * x + y * y + z * z <= (near + data[a, 3] + data[b, 3]) ** 2:
            if balls_to_shape(work, ints, data, scene.balls, a, b) > near:
                continue
            if balls_to_shape(work, ints, data, scene.balls, b, a) > near:
                continue
            guess = scene.guess[S * W + p]
            start(guess, centres, data, a, b, True)
            if not apart(scene, a, b, guess, near) and (still or not sure(scene, a, b, guess, margin, rest, move)):
                return S * W + p
    return -1


@njit
def shapes_of(scene, pair):
    """(a, b) of a pair's index."""
    S, W = len(scene.centres), scene.world.shape[1]
    if pair < S * W:
        return pair // W, S + pair % W
    return scene.own[pair - S * W, 0], scene.own[pair - S * W, 1]


@njit
def pair_apart(scene, pair, margin):
    """Whether a pair is farther apart than margin where the robot was placed last."""
    a, b = shapes_of(scene, pair)
    guess = scene.guess[pair]
    start(guess, scene.centres, scene.data, a, b, pair >= len(scene.centres) * scene.world.shape[1])
    return apart(scene, a, b, guess, margin)


@njit
def lower_bounds(scene, q):
    """Place the robot at q, and a lower bound on the distance of every pair into scene.bound."""
    model, ints, data, centres, bound = scene.model, scene.ints, scene.data, scene.centres, scene.bound
    S, W, far = len(centres), scene.world.shape[1], scene.far
    frames(model, q)
    place_balls(model.work, ints, data, S, centres)
    for s in range(S):
        to_boxes(scene.world, centres[s, 0], centres[s, 1], centres[s, 2], far)
        for w in range(W):
            bound[s * W + w] = (
                np.inf if scene.skip[s, w] else (np.sqrt(far[w]) - data[s, 3] if far[w] > 0.0 else -np.inf)
            )
    for p in range(len(scene.own)):
        a, b = scene.own[p, 0], scene.own[p, 1]
        x, y, z = centres[a, 0] - centres[b, 0], centres[a, 1] - centres[b, 1], centres[a, 2] - centres[b, 2]
        bound[S * W + p] = np.sqrt(x * x + y * y + z * z) - data[a, 3] - data[b, 3]


@njit
def tighter(scene, pair):
    """A better lower bound on the distance of a pair, by covers of balls; where they overlap, they bound no depth."""
    work, ints, data = scene.model.work, scene.ints, scene.data
    S, W = len(scene.centres), scene.world.shape[1]
    if pair < S * W:
        d = balls_to_box(work, ints, scene.balls, scene.world, pair // W, pair % W)
        return d if d > 0.0 else scene.bound[pair]
    a, b = scene.own[pair - S * W, 0], scene.own[pair - S * W, 1]
    d = balls_to_shape(work, ints, data, scene.balls, a, b)
    d = max(d, balls_to_shape(work, ints, data, scene.balls, b, a))
    return d if d > 0.0 else scene.bound[pair]


@njit
def exact(scene, pair, far, out):
    """Signed distance of a pair into out (10,), inf where it is more than far."""
    S, W = len(scene.centres), scene.world.shape[1]
    a, b = shapes_of(scene, pair)
    guess = scene.guess[pair]
    start(guess, scene.centres, scene.data, a, b, pair >= S * W)
    return signed(scene, a, b, guess, far, out)


@njit
def smallest(scene, q, reach, out, spare):
    """Pair with the smallest signed distance below `reach`, its result in out (10,); -1 and inf where none is nearer.

    Where bounds say nothing (shapes inside of boxes) every candidate is measured. spare (10,): scratch.
    """
    lower_bounds(scene, q)
    bound = scene.bound
    best, found, likely = reach, -1, 0
    out[0] = np.inf
    for p in range(len(bound)):
        if bound[p] < bound[likely]:
            likely = p
    for k in range(-1, len(bound)):  # the likely one first: what is near makes the others cheap
        p = likely if k < 0 else k
        if bound[p] >= best or k == likely or (k >= 0 and tighter(scene, p) >= best):
            continue
        if exact(scene, p, best, spare) < best:
            best, found = spare[0], p
            for c in range(10):
                out[c] = spare[c]
    return found


@njit
def gradient(scene, pair, out, grad):
    """∂distance/∂q of a pair from its result out (10,), into grad (n,): n · (velocity of a's point - of b's)."""
    model, ints = scene.model, scene.ints
    a, b = shapes_of(scene, pair)
    for k in range(len(grad)):
        grad[k] = 0.0
    for side in range(2):
        g, sign = (a, 1.0) if side == 0 else (b, -1.0)
        p0, p1, p2 = out[4 + 3 * side], out[5 + 3 * side], out[6 + 3 * side]
        i = ints[g, 1] - 1
        while i >= 0:
            X = model.work[i + 1]
            z0, z1, z2 = X[2], X[5], X[8]
            if model.tree[i, 1] == 0:
                s0, s1, s2 = p0 - X[9], p1 - X[10], p2 - X[11]
                z0, z1, z2 = z1 * s2 - z2 * s1, z2 * s0 - z0 * s2, z0 * s1 - z1 * s0
            grad[i] += sign * (out[1] * z0 + out[2] * z1 + out[3] * z2)
            i = model.tree[i, 0]


@njit
def many_free(scene, Q, margin, still, pairs):
    """`free` of N rows into pairs (N,); still (n,): zeros."""
    scene, Q, still, pairs = borrowed((scene, Q, still, pairs))
    for k in range(len(Q)):
        scene.guess[:] = 0.0
        pairs[k] = free(scene, Q[k], margin, still, still)


@njit
def many_smallest(scene, Q, reach, results, grads, pairs):
    """`smallest` of N rows: results (N, 10), gradients (N, n) and pairs (N,); zeros and -1 where none is in reach."""
    scene, Q, results, grads, pairs = borrowed((scene, Q, results, grads, pairs))
    spare = np.empty(10)
    for k in range(len(Q)):
        scene.guess[:] = 0.0
        pairs[k] = smallest(scene, Q[k], reach, results[k], spare)
        grads[k] = 0.0
        if pairs[k] >= 0:
            gradient(scene, pairs[k], results[k], grads[k])


@njit
def within(scene, q, reach, results, grads, pairs):
    """All pairs nearer than reach into the first rows of results (P, 10), grads (P, n), pairs (P,); their number."""
    scene, q, results, grads, pairs = borrowed((scene, q, results, grads, pairs))
    scene.guess[:] = 0.0
    lower_bounds(scene, q)
    count = 0
    for p in range(len(scene.bound)):
        if scene.bound[p] < reach and tighter(scene, p) < reach and exact(scene, p, reach, results[count]) < reach:
            gradient(scene, p, results[count], grads[count])
            pairs[count] = p
            count += 1
    return count
