"""Questions about one configuration of a robot among its obstacles; compiled, into the caller's buffers.

A result has ten columns: distance, normal 3 (from b to a), point on a 3, point on b 3.

free       whether all pairs are farther apart than a margin, here or all along a short motion
smallest   the pair with the smallest signed distance
within     all pairs nearer than a reach
gradient   derivative of a pair's distance to the joints
many_...   the same over rows
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.collision.bounds import balls_to_box, balls_to_shape, place_balls, sway, to_boxes
from robocalc.dynamics.collision.pairs import apart, signed, start, sure
from robocalc.dynamics.kernels_frames import frames
from robocalc.jit import njit


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
    if len(bound) == 0:
        return found
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
