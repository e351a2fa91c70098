"""Velocities and accelerations at waypoints that make the sum of the segments' times small (see through.py).

A segment lasts as long as its slowest joint, or longer if that duration is blocked for another joint. A change at one
waypoint in one joint costs that joint's two fastest times, and a look whether the others can last as long. The
maximum has kinks on which a search stops: sweeps that lower a mean of power p of the joints' times lead off them.

Q, V, A (W, n)   waypoints, and the states there; free (W,) whether a waypoint's may change
T (W - 1, n)     fastest times of joints; times (W - 1,) what the segments last
step (2, W, n)   size of the next trial in velocity and acceleration
"""

import math

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.otg.joint import earliest

ROUNDS = 200
GROW, SHRINK = 1.6, 0.4  # of a step after success, failure
TRIALS = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])  # of velocity and acceleration


@njit
def allowed(v, a, lim):
    """Whether a joint can pass a waypoint in this state: inside limits before and after."""
    down, up = 0.5 * a * abs(a) / -lim[4], 0.5 * a * abs(a) / lim[5]
    after, before = (v + down, v - up) if a > 0.0 else (v + up, v - down)
    return lim[2] <= a <= lim[3] and max(v, after, before) <= lim[1] and min(v, after, before) >= lim[0]


@njit
def joint_time(d, v0, a0, v1, a1, lim, shortest):
    """First possible duration from `shortest` on of one joint between two states inside of its limits."""
    if math.isinf(lim[3]) and math.isinf(lim[5]):
        return max(shortest, d / lim[1], d / lim[0])
    if math.isinf(lim[5]):
        a0 = a1 = 0.0
    J = (v0, a0, v1, a1, lim[0], lim[1], lim[2], lim[3], 1.0 / lim[5], -1.0 / lim[4], 0.0)
    T, _, _ = earliest(J, d, shortest)
    return T


@njit
def segment_times(Q, V, A, limits, k, i, v, a):
    """(time to, time from) waypoint k of joint i if its state there is (v, a)."""
    lim = limits[:, i]
    to = joint_time(Q[k, i] - Q[k - 1, i], V[k - 1, i], A[k - 1, i], v, a, lim, 0.0)
    go = joint_time(Q[k + 1, i] - Q[k, i], v, a, V[k + 1, i], A[k + 1, i], lim, 0.0)
    return to, go


@njit
def mean_time(times, p, scale):
    """Mean of power p of a segment's joint times, without overflow."""
    total = 0.0
    for t in times:
        total += (t / scale) ** p
    return scale * total ** (1.0 / p)


@njit
def smooth_sweep(Q, V, A, T, free, limits, step, p):
    """One pass over waypoints and joints, lowering the sum of mean times; returns how much was gained."""
    gained = 0.0
    W, n = Q.shape
    to_row, go_row = np.empty(n), np.empty(n)
    for k in range(1, W - 1):
        if not free[k]:
            continue
        scale = max(T[k - 1].max(), T[k].max())
        if scale == 0.0:
            continue
        for i in range(n):
            to_row[:], go_row[:] = T[k - 1], T[k]
            best = mean_time(to_row, p, scale) + mean_time(go_row, p, scale)
            for trial in range(4):
                dv, da = TRIALS[trial, 0] * step[0, k, i], TRIALS[trial, 1] * step[1, k, i]
                v, a = V[k, i] + dv, A[k, i] + da
                success = False
                if dv + da != 0.0 and allowed(v, a, limits[:, i]):
                    to_row[i], go_row[i] = segment_times(Q, V, A, limits, k, i, v, a)
                    cost = mean_time(to_row, p, scale) + mean_time(go_row, p, scale)
                    success = cost < best
                if success:
                    gained += best - cost
                    best = cost
                    V[k, i], A[k, i], T[k - 1, i], T[k, i] = v, a, to_row[i], go_row[i]
                    step[trial // 2, k, i] *= GROW
                elif trial % 2 == 1:
                    step[trial // 2, k, i] *= SHRINK**0.5
    return gained


@njit
def common_time(Q, V, A, T, limits, k):
    """Duration of segment k with all joints together, from their fastest times T[k]."""
    longest = T[k].max()
    i, rounds = 0, 0
    while i < Q.shape[1] and rounds < ROUNDS:
        if T[k, i] < longest:
            d = Q[k + 1, i] - Q[k, i]
            later = joint_time(d, V[k, i], A[k, i], V[k + 1, i], A[k + 1, i], limits[:, i], longest)
            if later > longest:
                longest, i, rounds = later, -1, rounds + 1
        i += 1
    return longest


@njit
def true_sweep(Q, V, A, T, times, free, limits, step):
    """One pass over waypoints and joints, lowering the sum of common times; returns how much was gained."""
    gained = 0.0
    W, n = Q.shape
    for k in range(1, W - 1):
        for i in range(n if free[k] else 0):
            for trial in range(4):
                v, a, to, go = V[k, i], A[k, i], T[k - 1, i], T[k, i]
                V[k, i] += TRIALS[trial, 0] * step[0, k, i]
                A[k, i] += TRIALS[trial, 1] * step[1, k, i]
                gain = 0.0
                if allowed(V[k, i], A[k, i], limits[:, i]):
                    T[k - 1, i], T[k, i] = segment_times(Q, V, A, limits, k, i, V[k, i], A[k, i])
                    before = times[k - 1] + times[k]
                    if T[k - 1].max() + T[k].max() < before:
                        first, second = common_time(Q, V, A, T, limits, k - 1), common_time(Q, V, A, T, limits, k)
                        gain = before - first - second
                if gain > 0.0:
                    gained += gain
                    times[k - 1], times[k] = first, second
                    step[trial // 2, k, i] *= GROW
                else:
                    V[k, i], A[k, i], T[k - 1, i], T[k, i] = v, a, to, go
                    step[trial // 2, k, i] *= 1.0 if trial % 2 == 0 else SHRINK
    return gained
