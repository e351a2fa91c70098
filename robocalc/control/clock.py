"""Seconds of a clock that never goes back, from compiled code; importing this loads numba.

seconds    0 where the system's C library has no clock_gettime (Windows): nothing is ever late there
"""

import sys

import numpy as np
from numba import types

from robocalc.jit import njit

TELLS_TIME = sys.platform != "win32"
MONOTONIC = 6 if sys.platform == "darwin" else 1  # CLOCK_MONOTONIC
clock_gettime = types.ExternalFunction("clock_gettime", types.intc(types.intc, types.voidptr))


@njit
def _posix_seconds():
    now = np.zeros(2, np.int64)
    clock_gettime(MONOTONIC, now.ctypes)
    return now[0] + 1e-9 * now[1]


@njit
def _no_clock():
    return 0.0


seconds = _posix_seconds if TELLS_TIME else _no_clock
