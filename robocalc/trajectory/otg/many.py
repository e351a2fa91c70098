"""Compiled loops over many problems (see batch.py)."""

import math

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.otg.brake import PHASES
from robocalc.trajectory.otg.pieces import solve_mode, state_at
from robocalc.trajectory.otg.solve import ROWS


@njit
def solve_all(states, limits, mode, by_velocity, shortest, cycle, durations):
    """Durations of problems (N, 6, n); returns the first that cannot be used, or -1."""
    buffer = np.empty((states.shape[2], ROWS, PHASES))
    for i in range(states.shape[0]):
        durations[i] = solve_mode(states[i], limits, mode, by_velocity, shortest, cycle, buffer)
        if math.isnan(durations[i]):
            return i
    return -1


@njit
def evaluate(states, limits, mode, by_velocity, shortest, cycle, times, out):
    """States (N, 4, n) of all motions at their times (N,)."""
    buffer = np.empty((states.shape[2], ROWS, PHASES))
    for i in range(states.shape[0]):
        solve_mode(states[i], limits, mode, by_velocity, shortest, cycle, buffer)
        state_at(buffer, times[i], out[i])
