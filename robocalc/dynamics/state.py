"""Where a robot is at one time.

State   time, joint positions and velocities
"""

from typing import NamedTuple

import numpy as np


class State(NamedTuple):
    """t [s], q (n,) [rad | m], v (n,) [rad/s | m/s]."""

    t: float
    q: np.ndarray
    v: np.ndarray
