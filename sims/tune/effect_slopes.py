"""What sensors, drives, friction, pushes and tyres make of a change of the motion: parts of sims.tune.rollout.

All take the arrays `s` of sims.tune.rollout.Slopes, whose rows and work are numbered here.
"""

import numpy as np

from robocalc.dynamics.kernels_actuation import tyre_force
from robocalc.dynamics.kernels_derivatives import chain_hessian
from robocalc.dynamics.kernels_frames import frames, point_jacobian
from robocalc.jit import njit
from sims.effects.arrays import (
    BEGIN,
    COULOMB,
    DELAY,
    DT,
    END,
    FORCE,
    POINT,
    R_LAST,
    SMOOTH,
    STOP,
    TAU_MAX,
    TAU_MIN,
    V_LAST,
    VISCOUS,
    WHOLE,
)
from sims.effects.kernels import thrust

Q, V, WANTED, TAU = range(4)  # of Slopes.rows
NUDGE = 1e-6  # [rad | m | N m | N] of the differences that stand for the derivatives of thrusters and tyres
DQ, DV, DV_SMOOTH, DR, DTOTAL, DA = range(6)  # of Slopes.work


@njit
def sense_slopes(k, effects, s):
    """Change of the measurement of step k into work[DQ], work[DV], as effects.kernels.sense takes it."""
    stamp = max(k - effects.timing[DELAY], 0.0)
    j = int(stamp)
    f = stamp - j
    after = j + 1 if f > 0.0 else j
    for i in range(s.work.shape[1]):
        share = effects.joint[SMOOTH, i]
        for p in range(s.work.shape[2]):
            s.work[DQ, i, p] = s.rows[j, Q, i, p] + f * (s.rows[after, Q, i, p] - s.rows[j, Q, i, p])
            x = s.rows[j, V, i, p] + f * (s.rows[after, V, i, p] - s.rows[j, V, i, p])
            if share < 1.0:
                s.work[DV_SMOOTH, i, p] += share * (x - s.work[DV_SMOOTH, i, p])
                x = s.work[DV_SMOOTH, i, p]
            s.work[DV, i, p] = x


@njit
def drive_slopes(k, effects, model, q, wanted, J, s):
    """Change of the torque applied: that of the torque wanted, none at a limit."""
    if len(effects.inputs) > 0:
        thrust_slopes(k, effects, model, q, wanted, J, s)
        return
    for i in range(len(wanted)):
        free = effects.joint[TAU_MIN, i] <= wanted[i] <= effects.joint[TAU_MAX, i]
        for p in range(s.work.shape[2]):
            s.rows[k, TAU, i, p] = s.rows[k, WANTED, i, p] if free else 0.0


@njit
def thrust_slopes(k, effects, model, q, wanted, J, s):
    """Inputs within limits that come nearest to a wanted torque are a small optimisation: its central differences."""
    n, out = len(q), np.empty((4, len(q)))
    for p in range(s.work.shape[2]):
        change = 0.0
        for i in range(n):
            change = max(change, abs(s.rows[k, Q, i, p]), abs(s.rows[k, WANTED, i, p]))
        h = NUDGE / change if change > 0.0 else 0.0
        for side in range(2):
            x, w, tau = out[2], out[3], out[side]
            for i in range(n):
                x[i] = q[i] + (h if side == 0 else -h) * s.rows[k, Q, i, p]
                w[i] = wanted[i] + (h if side == 0 else -h) * s.rows[k, WANTED, i, p]
            thrust(effects, model, x, w, J, tau)
        for i in range(n):
            s.rows[k, TAU, i, p] = (out[0, i] - out[1, i]) / (2.0 * h) if h > 0.0 else 0.0


@njit
def friction_slopes(k, effects, v, s):
    """Change of the friction's torque into work[DR], as robocalc.control.friction has it; before the memory moves."""
    joint, memory = effects.joint, effects.memory
    for i in range(len(v)):
        viscous, coulomb, stop = joint[VISCOUS, i], joint[COULOMB, i], joint[STOP, i]
        if viscous == 0.0 and coulomb == 0.0:
            continue
        F = memory[R_LAST, i] + stop * (2.0 * v[i] - memory[V_LAST, i])
        share = 1.0 if coulomb > 0.0 and abs(F) <= coulomb else viscous / (stop + viscous)
        for p in range(s.work.shape[2]):
            before = s.rows[k - 1, V, i, p] if k > 0 else 0.0
            s.work[DR, i, p] = share * (s.work[DR, i, p] + stop * (2.0 * s.rows[k, V, i, p] - before))


@njit
def push_slopes(k, effects, model, q, s):
    """Change of the pushes' torque, added to work[DTOTAL]: Σ f ∂J/∂q dq."""
    dt, push, n = effects.timing[DT], effects.push, len(q)
    for x in range(len(push)):
        share = (min(push[x, END], (k + 1) * dt) - max(push[x, BEGIN], k * dt)) / dt
        if share > WHOLE:
            point_jacobian(model, q, effects.push_body[x], push[x, POINT : POINT + 3], s.J)
            chain_hessian(model, effects.push_body[x], s.J, s.H)
            for i in range(n):
                for j in range(n):
                    f = 0.0
                    for axis in range(3):
                        f += share * push[x, FORCE + axis] * s.H[axis, i, j]
                    for p in range(s.work.shape[2]):
                        s.work[DTOTAL, i, p] += f * s.rows[k, Q, j, p]


@njit
def tyre_slopes(k, effects, model, q, v, s):
    """Change of the tyres' torque, added to work[DTOTAL]: central differences of their force along each direction."""
    n, out = len(q), np.empty((4, len(q)))
    for p in range(s.work.shape[2]):
        change = 0.0
        for i in range(n):
            change = max(change, abs(s.rows[k, Q, i, p]), abs(s.rows[k, V, i, p]))
        if change == 0.0:
            continue
        h = NUDGE / change
        for side in range(2):
            x, y, tau = out[2], out[3], out[side]
            for i in range(n):
                x[i] = q[i] + (h if side == 0 else -h) * s.rows[k, Q, i, p]
                y[i] = v[i] + (h if side == 0 else -h) * s.rows[k, V, i, p]
                tau[i] = 0.0
            frames(model, x)
            for w in range(len(effects.tyres)):
                tyre_force(model, x, y, effects.tyres[w], s.J, tau)
        for i in range(n):
            s.work[DTOTAL, i, p] += (out[0, i] - out[1, i]) / (2.0 * h)
