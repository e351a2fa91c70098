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
from robocalc.dynamics.kernels_derivatives import acceleration_derivatives
from robocalc.jit import njit
from sims.effects.arrays import DT, EVERY
from sims.effects.kernels import begin, drive, resist, sense
from sims.engines.status import GOES_ON
from sims.engines.tick import APPLIED, Closed, record, rollout, room_in, tick
from sims.tune.effect_slopes import (
    DA,
    DQ,
    DR,
    DTOTAL,
    DV,
    TAU,
    WANTED,
    Q,
    V,
    drive_slopes,
    friction_slopes,
    push_slopes,
    sense_slopes,
    tyre_slopes,
)
from sims.tune.law_slopes import slope_at


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
