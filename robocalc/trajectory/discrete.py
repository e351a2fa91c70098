"""References for simulators of fixed step.

discrete_reference   samples whose finite differences are their derivatives, as a simulator integrates
"""

import numpy as np

from robocalc.trajectory.numbers_given import steps
from robocalc.trajectory.trajectory import Trajectory


def discrete_reference(traj: Trajectory, dt) -> np.ndarray:
    """Samples that a simulator of step dt can follow exactly, (N + 1, 3, n): rows q, v, a at t_k = start + k dt.

        q[k] = traj(t_k),   v[k+1] = (q[k+1] - q[k]) / dt,   v[0] = q̇(start),   a[k] = (v[k+1] - v[k]) / dt,   a[N] = 0

    These are the states of semi-implicit Euler, v₊ = v + dt a, q₊ = q + dt v₊: its integration error is gone.
    """
    N = steps(traj.duration, dt)
    t = traj.start + np.arange(N + 1) * float(dt)
    r = np.zeros((N + 1, 3, traj.n))
    r[:, 0] = traj(t)
    r[1:, 1] = np.diff(r[:, 0], axis=0) / dt
    r[0, 1] = traj(traj.start, 1)
    r[:-1, 2] = np.diff(r[:, 1], axis=0) / dt
    return r
