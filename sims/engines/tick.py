"""One step of the closed loop but for the physics, compiled; importing this loads numba.

    Closed      all arrays of one run
    tick        state -> torque, and one row of the log: the same function in every engine
    tick_flat   tick for a caller in Python: arrays one by one, which numba takes faster than a tuple of them
    rollout     many steps with the compiled twin as the physics

At step k, with the plant at q, v at time k dt: measure; every control period ask the law; limit the torque to what the
drives give; add the world's torque; write row k.
"""

from math import inf, isnan
from typing import NamedTuple

import numpy as np

from robocalc.control.signature import law_at
from robocalc.dynamics.kernels import acceleration
from robocalc.dynamics.model import Model
from robocalc.jit import njit
from sims.effects.arrays import DT, EVERY, Effects
from sims.effects.kernels import begin, drive, resist, sense
from sims.engines.status import ERROR_BOUND, GOES_ON, NOT_FINITE, TOO_FAR

# rows of Closed.work
WANTED, Q, V, REF, JACOBIAN, GRIP_DAMPING, WORK_ROWS = 0, 1, 2, 3, 9, 15, 16
# rows of a log row, as sims.log.CHANNELS
LOG_MEASURED, LOG_REFERENCE, LOG_WANTED, LOG_APPLIED, LOG_WORLD = 2, 4, 7, 8, 9


class Closed(NamedTuple):
    """One run of N steps, n joints; scratch and memory inside: one per thread.

    law        the robot as the law believes it to be; gains, memory: the law's
    plant      the robot as it is; effects likewise
    reference  (N + 1, 3, n) q_ref, v_ref, a_ref at every physics step
    targets    (N + 1, 4, n) q_ref, v_ref, a_ref, tau_ff: means over the control period that begins there
    grip       (N + 1, n) force of joints in force mode, NaN: position mode; (0, n): no joint ever is
    work       (16, n) scratch, and the damping of joints in force mode
    log        (N + 1, 10, n) the record
    """

    law: Model
    gains: np.ndarray
    memory: np.ndarray
    plant: Model
    effects: Effects
    reference: np.ndarray
    targets: np.ndarray
    grip: np.ndarray
    work: np.ndarray
    log: np.ndarray


@njit
def ask_law(k, law, c):
    """The torque wanted from step k on, into c.work[WANTED]."""
    wanted, q, v, ref = c.work[WANTED], c.work[Q], c.work[V], c.work[REF : REF + 6]
    for i in range(len(q)):
        wanted[i] = c.log[k - 1, LOG_APPLIED, i] if k > 0 else 0.0
        for r in range(4):
            ref[2 + r, i] = c.targets[k, r, i]
    law_at(law)(c.law, c.gains, c.memory, k * c.effects.timing[DT], q, v, ref, wanted)
    if len(c.grip) > 0:
        for i in range(len(q)):
            if not isnan(c.grip[k, i]):
                wanted[i] = c.grip[k, i] - c.work[GRIP_DAMPING, i] * v[i]


@njit
def state_of(row):
    """GOES_ON, or why a run must stop at this row of the log."""
    status = GOES_ON
    for i in range(row.shape[1]):
        if not (abs(row[0, i]) < inf and abs(row[1, i]) < inf and abs(row[LOG_WANTED, i]) < inf):
            return NOT_FINITE
        if abs(row[0, i] - row[LOG_REFERENCE, i]) > ERROR_BOUND:
            status = TOO_FAR
    return status


@njit
def tick(k, law, c, q, v, total):
    """Row k for the plant at q, v (n,); total (n,) is the torque to step with. Returns a status of sims.engines.status."""
    row, work = c.log[k], c.work
    for i in range(len(q)):
        row[0, i], row[1, i] = q[i], v[i]
        for r in range(3):
            row[LOG_REFERENCE + r, i] = c.reference[k, r, i]
    if k == 0:
        begin(c.effects, c.log, c.reference)
    sense(k, c.effects, c.log, c.reference, work[Q], work[V], work[REF : REF + 6])
    if k % int(c.effects.timing[EVERY]) == 0:
        ask_law(k, law, c)
    drive(c.effects, work[WANTED], row[LOG_APPLIED])
    resist(k, c.effects, c.plant, q, v, work[JACOBIAN : JACOBIAN + 6], row[LOG_WORLD])
    for i in range(len(q)):
        row[LOG_MEASURED, i], row[LOG_MEASURED + 1, i], row[LOG_WANTED, i] = work[Q, i], work[V, i], work[WANTED, i]
        total[i] = row[LOG_APPLIED, i] + row[LOG_WORLD, i]
    return state_of(row)


@njit
def tick_flat(k, law, q, v, total, believed, gains, memory, plant, effects, reference, targets, grip, work, log):
    """tick, with the fields of Closed one by one, tuples of arrays in place of Model and Effects."""
    believed, plant, effects = Model(*believed), Model(*plant), Effects(*effects)
    return tick(k, law, Closed(believed, gains, memory, plant, effects, reference, targets, grip, work, log), q, v, total)


@njit
def advance(model, dt, q, v, tau, a):
    """a = M⁻¹ (τ - h),  v₊ = v + dt a,  q₊ = q + dt v₊, in place; a (n,) scratch. PyBullet's step without contact."""
    acceleration(model, q, v, tau, a)
    for i in range(len(q)):
        v[i] += dt * a[i]
        q[i] += dt * v[i]


@njit
def step_twin(model, dt, q, v, tau):
    """One step for a caller in Python."""
    advance(model, dt, q, v, tau, np.empty(len(q)))


@njit
def rollout(k, stop, law, c, q, v):
    """Steps k, ..., stop - 1 of the twin from q, v (n,), which end as the state at the step returned; (step, status)."""
    total, a = np.empty(len(q)), np.empty(len(q))
    while k < stop:
        status = tick(k, law, c, q, v, total)
        if status != GOES_ON:
            return k, status
        advance(c.plant, c.effects.timing[DT], q, v, total, a)
        k += 1
    return k, GOES_ON
