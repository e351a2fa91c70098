"""One control cycle of a filter that follows a target, compiled."""

import math

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.otg.pieces import solve_mode, state_at

PLANNED, CYCLES = range(2)  # entries of the clock: whether a plan is in the buffer, and its age in cycles


@njit
def advance(state, target, limits, room, relative, clock, mode, by_velocity, moving, dt, buffer, out):
    """Move the filter by one cycle; returns the time left to the target, nan if the target cannot be used.

    state (6, n)    where the filter is, and the target of its plan (where it stands now, if it moves)
    target (3, n)   q, v, a wanted; moving: where the target will be at the end of this cycle, and its velocity
    room (2, n)     lowest and highest target position
    relative (6, n) space for the limits as a moving target sees them
    clock (3,)      PLANNED, CYCLES, duration
    """
    n = state.shape[1]
    same = clock[0] > 0.0
    for i in range(n):
        if not (by_velocity or room[0, i] <= target[0, i] <= room[1, i]):
            return math.nan
    for i in range(n):
        if moving:  # the plan's frame moves along; a target that only went on moving needs no new plan
            state[3, i] += state[4, i] * dt
            near = abs(target[0, i] - state[3, i]) <= 4e-15 * (abs(target[0, i]) + abs(state[3, i]))
            same = same and near and target[1, i] == state[4, i]
        else:
            for r in range(3):
                same = same and (target[r, i] == state[3 + r, i] or (r == 0 and by_velocity))
    if not same:
        T = replan(state, target, limits, relative, mode, by_velocity, moving, dt, buffer)
        if math.isnan(T):
            return T
        clock[0], clock[1], clock[2] = 1.0, 0.0, T
    clock[1] += 1.0
    t = clock[1] * dt
    state_at(buffer, t, out)
    for i in range(n):
        if moving:
            out[0, i] += target[0, i]
            out[1, i] += target[1, i]
        for r in range(3):
            state[r, i] = out[r, i]
        state[3, i] = target[0, i]
    return max(clock[2] - t, 0.0)


@njit
def replan(state, target, limits, relative, mode, by_velocity, moving, dt, buffer):
    """Plan from the filter's state to a new target, in the target's frame if it moves."""
    n = state.shape[1]
    wanted = np.empty((6, n))
    for i in range(n):
        shift = target[1, i] if moving else 0.0
        for r in range(6):
            relative[r, i] = limits[r, i] - (shift if r < 2 else 0.0)
            wanted[r, i] = state[r, i] if r < 3 else target[r - 3, i]
        if moving:
            wanted[0, i] -= target[0, i] - target[1, i] * dt
            wanted[1, i] -= target[1, i]
            wanted[3, i] = wanted[4, i] = wanted[5, i] = 0.0
    T = solve_mode(wanted, relative, mode, by_velocity, 0.0, 0.0, buffer)
    if not math.isnan(T):
        for i in range(n):
            for r in range(3):
                state[3 + r, i] = target[r, i]
    return T
