"""The closed loop of the compiled twin with its derivatives by the law's gains; importing this loads numba.

    Slopes     arrays of one run with P directions
    slopes     room for them
    roll       all rows of a run: what sims.engines.loop.simulate does with a Twin, in one compiled call
    roll_with  the same rows, bit for bit, and their slopes beside them

Forward sensitivities: each part of the loop passes on the change of what it is given. Exact but where it says so:

    sensors    linear: latency between steps, filter; noise is fixed; quantisation counts as the identity
    law        sims.tune.law_slopes
    drives     nothing passes at a limit; thrusters by differences of their allocation
    tyres      by differences of their force
    friction   of the branch that the joint is on: stopped, or sliding
    pushes     ∂(Jᵀ f)/∂q
    dynamics   robocalc.dynamics: ∂a/∂q, ∂a/∂v, M⁻¹;  v₊ = v + dt a,  q₊ = q + dt v₊
"""

from typing import NamedTuple

import numpy as np

from robocalc.control.signature import law_at
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels_actuation import tyre_force
from robocalc.dynamics.kernels_derivatives import acceleration_derivatives, chain_hessian
from robocalc.dynamics.kernels_frames import frames, point_jacobian
from robocalc.jit import njit
from sims.effects.arrays import (
    BEGIN,
    COULOMB,
    DELAY,
    DT,
    END,
    EVERY,
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
from sims.effects.kernels import begin, drive, resist, sense, thrust
from sims.engines.status import GOES_ON
from sims.engines.tick import APPLIED, Closed, record, rollout, room_in, tick
from sims.tune.law_slopes import slope_at

Q, V, WANTED, TAU = range(4)  # of Slopes.rows
NUDGE = 1e-6  # [rad | m | N m | N] of the differences that stand for the derivatives of thrusters and tyres
DQ, DV, DV_SMOOTH, DR, DTOTAL, DA = range(6)  # of Slopes.work


class Slopes(NamedTuple):
    """P directions, the last axis of every array.

    gains    (.., .., P) change of the law's gains; memory likewise, of its memory, carried along
    rows     (N + 1, 4, n, P) change of q, v, torque wanted and torque applied
    work     (6, n, P) measured q and v, filtered v, friction, total torque, acceleration
    blocks   (3, n, n); J (6, n); H (6, n, n): scratch
    """

    gains: np.ndarray
    memory: np.ndarray
    rows: np.ndarray
    work: np.ndarray
    blocks: np.ndarray
    J: np.ndarray
    H: np.ndarray


def slopes(dgains, dmemory, N, n) -> Slopes:
    """Room for N steps of n joints along the P directions of dgains and dmemory."""
    P = dgains.shape[2]
    room = np.zeros((N + 1, 4, n, P)), np.zeros((6, n, P)), np.zeros((3, n, n)), np.zeros((6, n)), np.zeros((6, n, n))
    return Slopes(np.ascontiguousarray(dgains), np.array(dmemory, order="C"), *room)


@njit
def roll(law, closed, q, v):
    """All rows from q, v (n,), which are advanced: (last row written, status)."""
    N = len(closed.reference) - 1
    k, status = rollout(0, N, law, closed, q, v)
    if status == GOES_ON:
        total = np.empty(len(q))
        c = borrowed(closed)
        status = tick(k, law, c, room_in(c.work), borrowed(q), borrowed(v), borrowed(total))
    return k, status


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


@njit
def ask_slopes(k, law, slope, c, room, s):
    """The law's torque and its change, as engines.tick.ask_law without joints in force mode."""
    n = len(room.q)
    for i in range(n):
        room.wanted[i] = c.log[k - 1, APPLIED, i] if k > 0 else 0.0
        for r in range(4):
            room.ref[2 + r, i] = c.targets[k, r, i]
        for p in range(s.work.shape[2]):
            s.rows[k, WANTED, i, p] = s.rows[k - 1, TAU, i, p] if k > 0 else 0.0
    t, model, gains, memory, told = k * c.effects.timing[DT], c.law, c.gains, c.memory, s.work
    change = s.rows[k, WANTED]
    slope_at(slope)(
        law,
        model,
        gains,
        memory,
        t,
        room.q,
        room.v,
        room.ref,
        room.wanted,
        s.gains,
        s.memory,
        told[DQ],
        told[DV],
        change,
    )
    law_at(law)(model, gains, memory, t, room.q, room.v, room.ref, room.wanted)


@njit
def tick_slopes(k, law, slope, c, room, s, q, v, total):
    """engines.tick.tick with slopes: row k of the log and of s.rows; total torque and its change."""
    n, P = s.work.shape[1], s.work.shape[2]
    log, effects = c.log, c.effects
    for i in range(n):
        log[k, 0, i], log[k, 1, i] = q[i], v[i]
    if k == 0:
        begin(effects, log, c.reference)
    sense(k, effects, log, c.reference, room.q, room.v, room.ref)
    sense_slopes(k, effects, s)
    if k % int(effects.timing[EVERY]) == 0:
        ask_slopes(k, law, slope, c, room, s)
    else:
        s.rows[k, WANTED] = s.rows[k - 1, WANTED]
    drive(k, effects, c.plant, q, room.wanted, room.jacobian, log)
    drive_slopes(k, effects, c.plant, q, room.wanted, room.jacobian, s)
    friction_slopes(k, effects, v, s)
    resist(k, effects, c.plant, q, v, room.jacobian, log)
    for i in range(n):
        for p in range(P):
            s.work[DTOTAL, i, p] = s.rows[k, TAU, i, p] - s.work[DR, i, p]
    push_slopes(k, effects, c.plant, q, s)
    if len(effects.tyres) > 0:
        tyre_slopes(k, effects, c.plant, q, v, s)
    return record(k, c, room, total)


@njit
def advance_slopes(k, model, dt, q, v, total, a, s):
    """One step of the twin, and of the slopes into row k + 1."""
    n, P, da = s.work.shape[1], s.work.shape[2], s.work[DA]
    acceleration_derivatives(model, q, v, total, a, s.blocks[0], s.blocks[1], s.blocks[2])
    for i in range(n):
        for p in range(P):
            da[i, p] = 0.0
        for j in range(n):
            b, c, w = s.blocks[0, i, j], s.blocks[1, i, j], s.blocks[2, i, j]
            for p in range(P):
                da[i, p] += b * s.rows[k, Q, j, p] + c * s.rows[k, V, j, p] + w * s.work[DTOTAL, j, p]
    for i in range(n):
        v[i] += dt * a[i]
        q[i] += dt * v[i]
        for p in range(P):
            s.rows[k + 1, V, i, p] = s.rows[k, V, i, p] + dt * da[i, p]
            s.rows[k + 1, Q, i, p] = s.rows[k, Q, i, p] + dt * s.rows[k + 1, V, i, p]


@njit
def roll_with(law, slope, closed, room_of_slopes, q, v):
    """roll with slopes, from q, v (n,), which do not depend on the gains: (last row written, status)."""
    both = np.empty((2, len(q)))
    c, s, x, y = borrowed(closed), borrowed(room_of_slopes), borrowed(q), borrowed(v)
    total, a, room = borrowed(both[0]), borrowed(both[1]), room_in(c.work)
    s.work[:] = 0.0
    s.rows[0, Q] = 0.0
    s.rows[0, V] = 0.0
    N = len(c.reference) - 1
    for k in range(N + 1):
        status = tick_slopes(k, law, slope, c, room, s, x, y, total)
        if status != GOES_ON or k == N:
            return finished(both, k, status)
        advance_slopes(k, c.plant, c.effects.timing[DT], x, y, total, a, s)
    return finished(both, N, GOES_ON)


@njit
def finished(both, k, status):
    """(k, status); taking the scratch keeps it alive to the end of the loop that borrows it."""
    return k, status if len(both) == 2 else -1


__all__ = ["Closed", "Slopes", "roll", "roll_with", "slopes"]
