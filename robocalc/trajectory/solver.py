"""Chooses the arithmetic that solves a spline: plain, or double-double where segment times spread too far."""

import numpy as np

from robocalc.trajectory.hermite import ENERGY, SHAPE

SPREAD = {2: 1e4, 3: 300.0, 4: 20.0}  # longest / shortest segment that plain arithmetic solves to about 1e-11
MOST = {2: 1e15, 3: 1e12, 4: 1e8}  # ... that double-double arithmetic solves to 1e-9; beyond, we refuse


def spread(s, h) -> bool:
    """True where segment times differ so much that plain arithmetic would lose digits."""
    return len(h) > 1 and h.max() > SPREAD[s] * h.min()


def solve(s, h, free, x, low, joints):
    """Fills the free states of some joints of x (W, s, n) in place; in double-double where `low` is there."""
    if not free.any():
        return
    part = np.ascontiguousarray(x[:, :, joints])
    if low is None:
        from robocalc.trajectory.spline import solve_states

        solve_states(ENERGY[s], s, h, free, part)
    else:
        from robocalc.trajectory.precise import solve_states_precisely

        cut = np.zeros_like(part)
        solve_states_precisely(ENERGY[s], s, h, free, part, cut)
        low[:, :, joints] = cut
    x[:, :, joints] = part


def alike(free):
    """Groups of joints whose derivatives are free at the same knots; one factorisation serves a group."""
    if (free == free[:, :, :1]).all():
        return [np.arange(free.shape[2])]
    masks = {}
    for i in range(free.shape[2]):
        masks.setdefault(free[:, :, i].tobytes(), []).append(i)
    return [np.array(joints) for joints in masks.values()]


def pieces(s, h, x, low):
    """Coefficients (K, 2s, n) from states (W, s, n), kept in two doubles each where `low` is given."""
    c = np.empty((len(h), 2 * s, x.shape[2]))
    if low is None:
        from robocalc.trajectory.spline import hermite_kernel

        hermite_kernel(SHAPE[s], s, h, x, c)
    else:
        from robocalc.trajectory.precise import hermite_precisely

        hermite_precisely(6 * SHAPE[s], s, h, x, low, c)
    return c
