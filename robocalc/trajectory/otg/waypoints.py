"""The whole search for states at waypoints, compiled (see through.py and search.py)."""

import math

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.otg.brake import PHASES
from robocalc.trajectory.otg.pieces import segments
from robocalc.trajectory.otg.search import allowed, common_time, joint_time, segment_times, smooth_sweep, true_sweep
from robocalc.trajectory.otg.solve import ROWS, TIME, solve

POWERS = np.array([4.0, 12.0, 40.0, 4.0, 12.0, 40.0, 120.0])  # towards the maximum, twice
LEAD = 2  # sweeps of a mean before those of the true sum
ENOUGH = 1e-5  # of the duration: a sweep that gains less ends its stage


@njit
def first_times(Q, V, A, limits, T):
    """Fastest time of each joint in each segment."""
    for k in range(Q.shape[0] - 1):
        for i in range(Q.shape[1]):
            T[k, i] = joint_time(Q[k + 1, i] - Q[k, i], V[k, i], A[k, i], V[k + 1, i], A[k + 1, i], limits[:, i], 0.0)


@njit
def first_steps(Q, T, limits, step):
    """A quarter of the limits, or of what the motion that stops needs where there is none."""
    for k in range(1, Q.shape[0] - 1):
        for i in range(Q.shape[1]):
            way, time = abs(Q[k, i] - Q[k - 1, i]) + abs(Q[k + 1, i] - Q[k, i]), T[k - 1].max() + T[k].max()
            v = min(limits[1, i], 4.0 * way / time if time > 0.0 else 0.0)
            step[0, k, i] = 0.25 * v
            step[1, k, i] = 0.25 * min(limits[3, i], 8.0 * v / time if time > 0.0 else 0.0)
            if math.isinf(limits[5, i]):
                step[1, k, i] = 0.0  # accelerations jump


@njit
def guess(Q, V, A, T, free, limits):
    """Velocity of a joint that goes on in one direction: the smaller mean velocity, where that helps."""
    for k in range(1, Q.shape[0] - 1):
        to, go = T[k - 1].max(), T[k].max()
        if not free[k] or to == 0.0 or go == 0.0:
            continue
        for i in range(Q.shape[1]):
            before, after = (Q[k, i] - Q[k - 1, i]) / to, (Q[k + 1, i] - Q[k, i]) / go
            if before * after > 0.0:
                v = before if abs(before) < abs(after) else after
                if allowed(v, 0.0, limits[:, i]):
                    t0, t1 = segment_times(Q, V, A, limits, k, i, v, 0.0)
                    if max(T[k - 1].max(), t0) + max(T[k].max(), t1) <= to + go:
                        V[k, i], T[k - 1, i], T[k, i] = v, t0, t1


@njit
def refine(Q, V, A, T, times, free, limits, step, sweeps):
    """Sweeps of the true sum until they gain little; returns the sum."""
    first_times(Q, V, A, limits, T)
    first_steps(Q, T, limits, step)
    for k in range(len(times)):
        times[k] = common_time(Q, V, A, T, limits, k)
    for _ in range(sweeps):
        if true_sweep(Q, V, A, T, times, free, limits, step) <= ENOUGH * times.sum():
            break
    return times.sum()


@njit
def improve(Q, V, A, free, limits, sweeps):
    """Lower the total time; V, A hold a feasible first guess and then the result."""
    W, n = Q.shape
    T, times, step = np.empty((W - 1, n)), np.empty(W - 1), np.zeros((2, W, n))
    best_V, best_A = V.copy(), A.copy()
    best = refine(Q, V, A, T, times, free, limits, step, 0)
    guess(Q, V, A, T, free, limits)
    for p in POWERS:
        first_times(Q, V, A, limits, T)
        first_steps(Q, T, limits, step)
        for _ in range(min(sweeps, LEAD)):
            smooth_sweep(Q, V, A, T, free, limits, step, p)
        total = refine(Q, V, A, T, times, free, limits, step, sweeps)
        if total < best:
            best = total
            best_V[:], best_A[:] = V, A
    V[:], A[:] = best_V, best_A


@njit
def assemble(Q, V, A, limits):
    """(total time, knots, coeffs) of the motion through states at waypoints; nan if a segment has none."""
    W, n = Q.shape
    state, buffer = np.empty((6, n)), np.empty((n, ROWS, PHASES))
    knots, coeffs = np.empty(4 * W + 1), np.empty((4 * W, 4, n))
    K, total = 0, 0.0
    knots[0] = 0.0
    for k in range(W - 1):
        for i in range(n):
            state[0, i], state[1, i], state[2, i] = Q[k, i], V[k, i], A[k, i]
            state[3, i], state[4, i], state[5, i] = Q[k + 1, i], V[k + 1, i], A[k + 1, i]
        T = solve(state, limits, TIME, False, 0.0, 0.0, buffer)
        if math.isnan(T):
            return math.nan, knots[:1], coeffs[:0]
        if T <= 0.0 and (K > 0 or k < W - 2):
            continue
        times, c = segments(buffer, T)
        if K + len(c) > len(coeffs):
            more = 2 * (K + len(c))
            knots, old_knots = np.empty(more + 1), knots
            coeffs, old_coeffs = np.empty((more, 4, n)), coeffs
            knots[: K + 1], coeffs[:K] = old_knots[: K + 1], old_coeffs[:K]
        knots[K + 1 : K + len(times)] = total + times[1:]
        coeffs[K : K + len(c)] = c
        K += len(c)
        total += T
    return total, knots[: K + 1].copy(), coeffs[:K].copy()
