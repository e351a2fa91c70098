"""From the joints' tables of phases (see brake.py) to values at a time, and to the knots of a Trajectory."""

import math

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.otg.brake import PHASES
from robocalc.trajectory.otg.line import straight, widen
from robocalc.trajectory.otg.solve import PHASE, ROWS, TIME, solve, usable

NEAR = 1e-15  # of the duration: knots closer than this are one


@njit
def state_at(buffer, t, out):
    """Position to jerk of all joints at time t into out (4, n); after its last phase a joint keeps its acceleration."""
    for i in range(buffer.shape[0]):
        table = buffer[i]
        k = 0
        while k + 1 < PHASES and table[0, k + 1] <= t:
            k += 1
        s = t - table[0, k]
        p, v, a, j = table[1, k], table[2, k], table[3, k], table[4, k]
        out[0, i] = p + s * (v + s * (0.5 * a + s * j / 6.0))
        out[1, i] = v + s * (a + 0.5 * s * j)
        out[2, i] = a + s * j
        out[3, i] = j


@njit
def segments(buffer, T):
    """(knots (K + 1,), coeffs (K, 4, n)) of the motion on [0, T]; a motion of no length keeps one segment."""
    n = buffer.shape[0]
    knots = np.empty(n * PHASES + 2)
    at = np.zeros(n, dtype=np.int64)
    knots[0] = t = 0.0
    K = 0
    while True:  # merge the joints' times
        later = T
        for i in range(n):
            k = at[i]
            while k + 1 < PHASES and buffer[i, 0, k + 1] <= t + NEAR * T:
                k += 1
            at[i] = k
            if k + 1 < PHASES:
                later = min(later, buffer[i, 0, k + 1])
        if T - later <= NEAR * T:
            later = T
        K += 1
        knots[K] = t = later
        if t >= T:
            break
    coeffs = np.empty((K, 4, n))
    for i in range(n):
        table = buffer[i]
        k = 0
        for r in range(K):
            t = knots[r]
            while k + 1 < PHASES and table[0, k + 1] <= t + NEAR * T:
                k += 1
            s = t - table[0, k]
            p, v, a, j = table[1, k], table[2, k], table[3, k], table[4, k]
            coeffs[r, 0, i] = p + s * (v + s * (0.5 * a + s * j / 6.0))
            coeffs[r, 1, i] = v + s * (a + 0.5 * s * j)
            coeffs[r, 2, i] = 0.5 * (a + s * j)
            coeffs[r, 3, i] = j / 6.0
    return knots[: K + 1].copy(), coeffs


SIGNATURE = "f8(f8[:,::1], f8[:,::1], i8, b1, f8, f8, f8[:,:,::1])"  # other arrays are refused, not compiled for


@njit(SIGNATURE)
def solve_mode(state, limits, mode, by_velocity, shortest, cycle, buffer):
    """`solve`, with PHASE: along a straight line if the states allow it, else as TIME."""
    if mode == PHASE:
        line, bounds, direction = np.empty((6, 1)), np.empty((6, 1)), np.empty(state.shape[1])
        if usable(state, limits, by_velocity) and straight(state, limits, by_velocity, line, bounds, direction):
            one = np.empty((1, ROWS, PHASES))
            T = solve(line, bounds, TIME, by_velocity, shortest, cycle, one)
            if not math.isnan(T):
                widen(state, by_velocity, direction, one[0], buffer)
                return T
        mode = TIME
    return solve(state, limits, mode, by_velocity, shortest, cycle, buffer)


@njit
def plan(state, limits, mode, by_velocity, shortest, cycle):
    """(duration, knots, coeffs) of a motion; the duration is nan if the input cannot be used."""
    buffer = np.empty((state.shape[1], ROWS, PHASES))
    T = solve_mode(state, limits, mode, by_velocity, shortest, cycle, buffer)
    if math.isnan(T):
        return T, np.empty(0), np.empty((0, 4, state.shape[1]))
    knots, coeffs = segments(buffer, T)
    return T, knots, coeffs
