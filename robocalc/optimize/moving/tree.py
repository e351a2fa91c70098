"""A tree in space and time: straight motions from rest to rest among what stands and what moves, compiled.

line    the fastest jerk-limited motion on a straight line between two configurations
grow    ways to a goal, or to where the robot stays free for longest

A node is a configuration at which the robot stands from its time of arrival until something comes; an edge is a wait
there and a line, certified against what stands and, at its times, against what moves.

source   after LaValle & Kuffner (2001), with time as in Sintov & Shapiro (2014), doi 10.1109/ICRA.2014.6907855
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.collision.edges import motion_free
from robocalc.jit import njit
from robocalc.optimize.moving.kernels import along_free
from robocalc.optimize.moving.search import profile
from robocalc.optimize.paths.kernels import uniform

PIECES = 7
GRAIN_TIME, GRAIN = 0.01, 0.01  # [s], [rad | m]: what is not surely free in less counts as not free
SHARP = 1000.0  # [1/s]: jerk over acceleration at most
NEAR, ALONE = 0.8, 1.5  # [rad | m] of samples about a node: all joints, one joint
LATER = 0.3  # share of edges that begin with a wait


@njit
def line(a, b, bounds, knots, coeffs):
    """Duration [s] of the line from rest at a to rest at b (n,), its cubics into knots (8,), coeffs (7, 4, n).

    bounds   (3, n) on speed, acceleration and jerk
    """
    n, V, A, J = len(a), np.inf, np.inf, np.inf
    for k in range(n):
        d = abs(b[k] - a[k])
        if d > 1e-12:
            V, A, J = min(V, bounds[0, k] / d), min(A, bounds[1, k] / d), min(J, bounds[2, k] / d)
    if np.isinf(V):
        return 0.0
    A = min(A, SHARP * V)
    T, r, ta, tj = profile(1.0, V, A, min(J, SHARP * A), 2)
    j = r / (tj * (ta - tj))
    s = v = acc = 0.0
    knots[0] = 0.0
    for p in range(PIECES):
        h, jerk = tj, j
        if p == 1 or p == 5:
            h, jerk = ta - 2.0 * tj, 0.0
        elif p == 3:
            h, jerk = T - 2.0 * ta, 0.0
        elif p == 2 or p == 4:
            jerk = -j
        h = max(h, 0.0)
        for k in range(n):
            d = b[k] - a[k]
            coeffs[p, 0, k], coeffs[p, 1, k] = a[k] + s * d, v * d
            coeffs[p, 2, k], coeffs[p, 3, k] = 0.5 * acc * d, jerk / 6.0 * d
        knots[p + 1] = knots[p] + h
        s += h * (v + h * (0.5 * acc + h * jerk / 6.0))
        v += h * (acc + 0.5 * h * jerk)
        acc += h * jerk
    return knots[PIECES]


@njit
def stays(scene, movers, q, t, horizon, margin, work, found):
    """Time until which the robot may stand at q from t on, at most `horizon`; t where it may not."""
    knots, coeffs = np.empty(2), np.empty((1, 1, len(q)))
    knots[0], knots[1], coeffs[0, 0] = 0.0, horizon - t, q
    if horizon <= t or along_free(scene, movers, knots, coeffs, t, margin, GRAIN_TIME, work, found):
        return max(t, horizon)
    return max(t, t + found[0] - GRAIN_TIME)


@njit
def aim(Q, i, moved, low, high, points, state, out):
    """A configuration to go to from node i: near it, in one joint or all, or one of the points."""
    u, n = uniform(state), Q.shape[1]
    out[:] = Q[i]
    if u < 0.35 and len(points) > 0:
        out[:] = points[int(uniform(state) * len(points))]
        return
    if u < 0.65:
        k = moved[int(uniform(state) * len(moved))]
        out[k] += ALONE * (2.0 * uniform(state) - 1.0)
    else:
        for k in moved:
            out[k] += NEAR * (2.0 * uniform(state) - 1.0)
    for k in range(n):
        out[k] = min(max(out[k], low[k]), high[k])


@njit
def edge(scene, still, movers, margin, keep, begin, knots, coeffs, work, rest, found):
    """Whether a line that begins at `begin` [s] keeps `margin` from what moves and `keep` from what stands [m]."""
    if not along_free(scene, movers, knots, coeffs, begin, margin, GRAIN_TIME, work, found):
        return False
    return motion_free(still, knots, coeffs, keep, GRAIN, rest, found)


@njit
def grow(
    scene, still, movers, margin, keep, bounds, low, high, moved, goal, points, times, horizon, hold, rounds, enough,
    state, Q, T, stay, parent, depart, work, rest, found, best,
):  # fmt: skip
    """Number of nodes; best = (node that arrives at the goal or -1, node of the best refuge).

    scene, still    what moves, what stands; margin, keep [m] from these
    moved           indices of the joints that may move; points (P, n) that are tried besides samples
    times           (1,) at which the robot stands at Q[0]
    horizon, hold   [s] of what is known; for which a goal must then be free
    rounds, enough  edges tried at most; after which a refuge that stays free to the horizon is enough
    Q, T, stay, parent, depart   (M, n) and (M,): nodes, arrival, until when they are free, parent, departure from it

    A refuge is better the longer it stays free, then the sooner the goal could be reached from it.
    """
    scene, still, movers, Q = borrowed((scene, still, movers, Q))
    scene.guess[:] = 0.0
    still.guess[:] = 0.0
    n, M = Q.shape[1], len(Q)
    knots, coeffs, target = np.empty(PIECES + 1), np.empty((PIECES, 4, n)), np.empty(n)
    T[0], parent[0], depart[0] = times[0], -1, times[0]
    stay[0] = stays(scene, movers, Q[0], T[0], horizon, margin, work, found)
    count, first, goals, refuge = 1, np.inf, -1, 0
    worth = T[0] + line(Q[0], goal, bounds, knots, coeffs)
    asked = 0  # nodes that were tried for the goal
    for k in range(rounds):
        if k >= enough and (goals >= 0 or stay[refuge] >= horizon):
            break
        straight = asked < count or k % 4 == 0
        i = asked if asked < count else int(uniform(state) * count)
        if straight:
            target[:] = goal
        else:
            aim(Q, i, moved, low, high, points, state, target)
        asked = max(asked, i + 1) if straight else asked
        wait = 0.0
        if (k > 0 and not straight and uniform(state) < LATER) or (straight and asked >= count and i < asked - 1):
            wait = uniform(state) * (stay[i] - T[i])
        span = line(Q[i], target, bounds, knots, coeffs)
        begin = T[i] + wait
        if span <= 0.0 or begin + span >= min(first, horizon - hold) or count >= M:
            continue
        if not edge(scene, still, movers, margin, keep, begin, knots, coeffs, work, rest, found):
            continue
        c = count
        Q[c], T[c], parent[c], depart[c] = target, begin + span, i, begin
        stay[c] = stays(scene, movers, target, T[c], horizon, margin, work, found)
        if straight:
            if stay[c] >= T[c] + hold and T[c] < first:
                first, goals, count = T[c], c, count + 1
                asked = count
            continue
        count += 1
        value = T[c] + line(target, goal, bounds, knots, coeffs)
        if stay[c] > stay[refuge] + 0.05 or (stay[c] >= stay[refuge] - 1e-9 and value < worth):
            refuge, worth = c, value
    best[0], best[1] = goals, refuge
    return count
