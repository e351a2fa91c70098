"""Joint friction, Coulomb and viscous, one explicit step at a time; importing this loads numba.

The torque r that resists motion over the coming step is that of an implicit step, for the load of the last one:

    F = load + S v,   load = S (v - v₋) + r₋,   S = m / dt      F would bring the joint to rest within the step
    r = F                                       where |F| <= c: it stops, and stays
    r = (S c sign(F) + b F) / (S + b)           else: r = c sign(v₊) + b v₊ at the velocity v₊ = (F - r) / S to come

So a sliding joint feels c sign(v) + b v, however large b is; one about to stop stops, and never turns back in the step;
one at rest stays at rest under any load below c, without creep; r is continuous in v, so nothing chatters.
m is a lower bound of the inertia, diag(m) ≼ M(q) (robocalc.control.stability): exact for a single joint, where a stop
takes one step; where the true inertia is greater, a stop takes a few steps. Stable for m up to 4/3 of the true inertia.

Source: Karnopp's stiction (1985) with the stopping torque in place of its zero-velocity band; the implicit step is that
of Moreau and Jean's time stepping, its load taken from the step before so that it needs no dynamics.
"""

from math import copysign

import numpy as np
from numba import float64 as f8
from numba import types

from robocalc.jit import njit


@njit(f8(f8, f8, f8, f8, f8, f8))
def friction(viscous, coulomb, stop, v, v_last, r_last):
    """Resisting torque r of one joint over the coming step [N m]; the world applies -r. stop is S [N m s/rad]."""
    F = r_last + stop * (2.0 * v - v_last)
    if abs(F) <= coulomb:
        return F
    return (stop * copysign(coulomb, F) + viscous * F) / (stop + viscous)


@njit(types.void(f8[::1], f8[::1], f8[::1], f8[:, ::1], f8[::1], f8[::1], f8[:, ::1]))
def friction_on(viscous, coulomb, stop, v, v_before, r_before, out):
    """Friction along velocities v (N, n), into out (N, n): as the loop finds it, step by step.

    v_before, r_before   (n,) velocity and friction of the step before the first
    """
    for i in range(v.shape[1]):
        v_last, r = v_before[i], r_before[i]
        for k in range(v.shape[0]):
            r = friction(viscous[i], coulomb[i], stop[i], v[k, i], v_last, r)
            v_last = v[k, i]
            out[k, i] = r


@njit(types.void(f8[::1], f8[::1], f8[::1], f8[:, ::1], f8[:, ::1]))
def friction_along(viscous, coulomb, stop, v, out):
    """The same of a motion that begins with the first row."""
    friction_on(viscous, coulomb, stop, v, v[0], np.zeros(v.shape[1]), out)
