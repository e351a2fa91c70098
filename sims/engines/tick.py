"""One step of the closed loop but for the physics, compiled; importing this loads numba.

    Closed      all arrays of one run
    tick        state -> torque, and one row of the log: the same function in every engine
    tick_flat   tick for a caller in Python: arrays one by one, which numba takes faster than a tuple of them
    rollout     many steps with the compiled twin as the physics

At step k, with the plant at q, v at time k dt: measure; every control period estimate, where there is an estimator, and
ask the law; limit the torque to what the drives give; add the world's torque; write row k.
"""

from math import inf, isnan
from typing import NamedTuple

import numpy as np

from robocalc.control.kernels_estimate import R_Q, R_V
from robocalc.control.signature import estimate_at, law_at
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import acceleration
from robocalc.dynamics.model import Model
from robocalc.jit import njit
from sims.effects.arrays import DT, EVERY, Effects
from sims.effects.kernels import begin, drive, resist, sense, settled
from sims.engines.status import ERROR_BOUND, GOES_ON, LOST, NOT_FINITE, TOO_FAR
from sims.log import CHANNEL_INDEX

Q_MEASURED, V_MEASURED, WANTED = (CHANNEL_INDEX[name] for name in ("q_measured", "v_measured", "tau_wanted"))
Q_REF, APPLIED = CHANNEL_INDEX["q_ref"], CHANNEL_INDEX["tau"]  # v_ref and a_ref follow q_ref
WORK_ROWS, GRIP_DAMPING = 16, 15  # rows of Closed.work, see Room
CENTRED = 50.0  # [1/s] rate at which joints in force mode go to their common middle


class Closed(NamedTuple):
    """One run of N steps, n joints; scratch and memory inside: one per thread.

    law        the robot as the law believes it to be; gains, memory: the law's
    plant      the robot as it is; effects likewise
    reference  (N + 1, 3, n) q_ref, v_ref, a_ref at every physics step
    targets    (N + 1, 4, n) q_ref, v_ref, a_ref, tau_ff: means over the control period that begins there
    grip       (N + 1, n) force of joints in force mode, NaN: position mode; (0, n): no joint ever is
    work       (16, n) scratch, and the damping of joints in force mode
    log        (N + 1, 10, n) the record
    sight      (1,) address of the estimator's step, (0,): the law runs on what is measured
    sight_gains, sight_memory   of the estimator
    estimate   (M, 4, n) what it finds at each control instant: position, velocity and their deviations
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
    sight: np.ndarray
    sight_gains: np.ndarray
    sight_memory: np.ndarray
    estimate: np.ndarray


class Room(NamedTuple):
    """Views of Closed.work: measured q and v, the law's ref (6, n), torque wanted, a Jacobian (6, n), damping."""

    q: np.ndarray
    v: np.ndarray
    ref: np.ndarray
    wanted: np.ndarray
    jacobian: np.ndarray
    damping: np.ndarray


@njit(forceinline=True)
def room_in(work):
    return Room(work[0], work[1], work[2:8], work[8], work[9:15], work[GRIP_DAMPING])


@njit(forceinline=True)
def hold(k, c, room, q, v):
    """Joints in force mode: the law sees no error there, so that nothing winds up."""
    for i in range(len(q)):
        if not isnan(c.grip[k, i]):
            room.ref[0, i], room.ref[1, i], room.ref[2, i], room.ref[3, i] = q[i], v[i], q[i], v[i]
            room.ref[4, i], room.ref[5, i] = 0.0, 0.0


@njit(forceinline=True)
def middle_of(k, c, i, q):
    """The mean position of the joints in force mode on the body that carries joint i: of one gripper."""
    total, count = 0.0, 0
    for j in range(len(q)):
        if not isnan(c.grip[k, j]) and c.law.tree[j, 0] == c.law.tree[i, 0]:
            total += q[j]
            count += 1
    return total / max(1, count)


@njit(forceinline=True)
def ask_law(k, law, c, room, q, v):
    """The torque wanted from step k on for a robot seen at q, v, into room.wanted. Joints in force mode also keep to
    their common middle, as the fingers of a gripper with one drive do."""
    n, held = len(room.q), len(c.grip) > 0
    for i in range(n):
        room.wanted[i] = c.log[k - 1, APPLIED, i] if k > 0 else 0.0
        for r in range(4):
            room.ref[2 + r, i] = c.targets[k, r, i]
    if held:
        hold(k, c, room, q, v)
    law_at(law)(c.law, c.gains, c.memory, k * c.effects.timing[DT], q, v, room.ref, room.wanted)
    if held:
        for i in range(n):
            if not isnan(c.grip[k, i]):
                apart = v[i] + CENTRED * (q[i] - middle_of(k, c, i, q))
                room.wanted[i] = c.grip[k, i] - room.damping[i] * apart


@njit(forceinline=True)
def ask(k, law, c, room):
    """ask_law, on what is measured or, where there is an estimator, on its estimate; whether that is finite."""
    if len(c.sight) == 0:
        ask_law(k, law, c, room, room.q, room.v)
        return True
    row = c.estimate[k // int(c.effects.timing[EVERY])]
    estimate_at(c.sight[0])(
        c.law, c.sight_gains, c.sight_memory, k, c.log[:, APPLIED], c.reference, room.q, room.v, room.ref, row
    )
    ask_law(k, law, c, room, row[0], row[1])
    total = 0.0
    for i in range(len(room.q)):
        total += abs(row[0, i]) + abs(row[1, i])
    return total < inf


@njit(forceinline=True)
def unseen(k, c, room):
    """What no sensor tells is logged as estimated."""
    row = c.estimate[k // int(c.effects.timing[EVERY])]
    for i in range(len(room.q)):
        if c.sight_gains[R_Q, i] < 0.0:
            room.q[i] = row[0, i]
        if c.sight_gains[R_V, i] < 0.0:
            room.v[i] = row[1, i]


@njit(forceinline=True)
def record(k, c, room, total):
    """The rest of row k; total torque; GOES_ON, or why the run must stop here."""
    log, status = c.log, GOES_ON
    for i in range(log.shape[2]):
        log[k, Q_MEASURED, i], log[k, V_MEASURED, i], log[k, WANTED, i] = room.q[i], room.v[i], room.wanted[i]
        for r in range(3):
            log[k, Q_REF + r, i] = c.reference[k, r, i]
        total[i] = settled(log[k, APPLIED, i] + log[k, APPLIED + 1, i])
        if not (abs(log[k, 0, i]) < inf and abs(log[k, 1, i]) < inf and abs(room.wanted[i]) < inf):
            return NOT_FINITE
        if abs(log[k, 0, i] - c.reference[k, 0, i]) > ERROR_BOUND:
            status = TOO_FAR
    return status


@njit(forceinline=True)
def tick(k, law, c, room, q, v, total):
    """Row k for the plant at q, v (n,); total (n,) is the torque to step with. Returns a status, see status.py."""
    log, effects, found = c.log, c.effects, True
    for i in range(len(q)):
        log[k, 0, i], log[k, 1, i] = q[i], v[i]
    if k == 0:
        begin(effects, log, c.reference)
    sense(k, effects, log, c.reference, room.q, room.v, room.ref)
    if k % int(effects.timing[EVERY]) == 0:
        found = ask(k, law, c, room)
    if len(c.sight) > 0:
        unseen(k, c, room)
    drive(k, effects, c.plant, q, room.wanted, room.jacobian, log)
    resist(k, effects, c.plant, q, v, room.jacobian, log)
    status = record(k, c, room, total)
    return status if found else LOST


@njit
def tick_flat(k, law, q, v, total, believed, gains, memory, plant, effects, reference, targets, grip, work, log, *eyes):
    """tick, with the fields of Closed one by one, tuples of arrays in place of Model and Effects."""
    believed, plant, effects = Model(*believed), Model(*plant), Effects(*effects)
    c = borrowed(Closed(believed, gains, memory, plant, effects, reference, targets, grip, work, log, *eyes))
    return tick(k, law, c, room_in(c.work), borrowed(q), borrowed(v), borrowed(total))


@njit(forceinline=True)
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
def rollout(k, stop, law, closed, q, v):
    """Steps k, ..., stop - 1 of the twin from q, v (n,), which are advanced with it; (step reached, status)."""
    both = np.empty((2, len(q)))
    c, x, y, total, a = borrowed(closed), borrowed(q), borrowed(v), borrowed(both[0]), borrowed(both[1])
    room = room_in(c.work)
    while k < stop:
        status = tick(k, law, c, room, x, y, total)
        if status != GOES_ON:
            return k, status
        advance(c.plant, c.effects.timing[DT], x, y, total, a)
        k += 1
    return k, status_after(both)


@njit
def status_after(both):
    """GOES_ON; taking the scratch keeps it alive to the end of the loop that borrows it."""
    return GOES_ON if len(both) == 2 else NOT_FINITE
