"""A law and a robot as one linear map from control period to control period, for any law, by differences about rest.

    sampled_loop   SampledLoop of a design: δz₊ = A δz + B w, torque wanted y = C δz, w what the drives give beyond y
    slopes         how a law's torque and memory depend on what it is given
    decays         whether all poles lie inside the unit circle, for less than it takes to find them
    unmoved        the parts of x = (q, v) that no drive moves and that do not come to rest by themselves

z = (x at the control instant where the period of the oldest measurement begins, the torques of the periods since, the
torque that the law is told of, the law's memory), without what does not depend on the motion or does not act on it.
That has the poles of x now and all that sensors remember, but for those at 0. Of friction the viscous part counts.
"""

from dataclasses import replace
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np

from robocalc.control.inputs import actuation, state_names, turning
from robocalc.control.linear import configuration, linearise
from robocalc.control.prediction import in_steps
from robocalc.errors import InvalidInput

SETTLE = 30  # calls at rest after which a law's filters have come to it, besides those that fill its delays
STEP = 1e-5  # of the differences, times 1 or the entry's own size
ASIDE = 1e-9  # [rad | m, and per s] from rest, about which slopes are taken
SMOOTH = 1e-2  # share by which slopes to both sides may differ: else the law does not depend linearly on the entry
NOISE = 1e-9  # of the greatest slope in a row: less is rounding
SQUARINGS = 30  # of a loop's matrix in search of decay: over 2^30 periods
TINY = 1e-100  # of a matrix: smaller entries would make its square one of slow, denormal numbers
UNMOVED = 1e-7  # of the plant's size: what an input moves by less, it does not move


class SampledLoop(NamedTuple):
    """A (N, N), B (N, n), C (n, N); the first 2n entries of z are x = (q, v), now or some periods ago.

    plant         (A (2n, 2n), B (2n, n)) over one period by the torque of the drives
    by_position   (n,) how the torque wanted at a joint depends on its measured position [N m/rad | N/m]
    held          entries of the memory on which the law does not depend linearly: held as they are
    """

    A: np.ndarray
    B: np.ndarray
    C: np.ndarray
    plant: tuple
    by_position: np.ndarray
    held: int
    law: Any


def sampled_loop(design, robot, dt, q, substeps=1, latency=0.0, law=None, plant=None) -> SampledLoop:
    """The loop about rest at q (n,), control period dt [s] of `substeps` physics steps, measurements `latency` [s] old.

    law       of the design, made elsewhere for `without_coulomb(robot)`, or None: made about q
    plant     the robot as it is, where it is another than the law believes in
    raises    InvalidInput: a design made along a motion, a robot without drives, or what design.law refuses
    """
    if getattr(design, "along", False):
        name = type(design).__name__
        raise InvalidInput(f"{name} is made along one motion and changes with it: its loop has no poles of its own")
    robot, q = without_coulomb(robot), configuration(robot, q)
    law = design.law(robot, dt, q, substeps=substeps, latency=latency) if law is None else law
    n, age = robot.n, in_steps(latency, dt / substeps)
    by_y, by_tau, by_memory, held = slopes(law, robot, q, ceil(age / substeps))
    robot = robot if plant is None else without_coulomb(plant)
    U, turns, step, given = _physics_step(robot, q, dt / substeps)
    periods = max(ceil(age / substeps), int(turns.any() and by_tau.any()))
    one = np.eye(3 * n + n * periods + by_memory.shape[1])
    x, past, told, memory = np.split(one, np.cumsum([2 * n, n * periods, n]))
    path = [x]  # at physics steps since
    for k in range(periods * substeps):
        path.append(step @ path[-1] + given @ past[n * (k // substeps) :][:n])
    newer, part = len(path) - 1 - floor(age), age - floor(age)
    seen = (1.0 - part) * path[newer] + part * path[newer - ceil(part)]  # between steps, sensors interpolate
    if periods:
        told = told + turns @ path[-2][:n]
    answer = by_y @ seen + by_tau @ told + by_memory @ memory
    answer[:n] = U @ np.linalg.pinv(U) @ answer[:n]
    moves, by_torque = _over(step, given, substeps)
    first, new = (past[:n], answer[:n]) if periods else (answer[:n], past)
    A = np.vstack([moves @ x + by_torque @ first, past[n:], new, answer])
    B = np.zeros((len(A), n))
    if periods:
        B[n + n * periods : 2 * n + n * periods] = np.eye(n)
    else:
        B[: 2 * n] = by_torque
    keep = _kept(A, 2 * n)
    plant = moves, by_torque @ U
    return SampledLoop(A[np.ix_(keep, keep)], B[keep], answer[:n, keep], plant, np.diag(by_y[:n, :n]), held, law)


def without_coulomb(robot):
    """The robot without the friction that is no linear function of velocity; a law that knows of it takes it off."""
    if not robot.friction[1].any():
        return robot
    joints = tuple(replace(joint, friction=0.0) for joint in robot.tree.joints)
    return replace(robot, tree=replace(robot.tree, joints=joints), edits=(*robot.edits, "no Coulomb friction"))


def slopes(law, robot, q, periods=0):
    """Slopes of (tau (n,), memory (m,)) at rest at q: by (q, v) (n + m, 2n), by the torque of the last period
    (n + m, n), by the memory (n + m, m); and the number of entries of the memory whose slopes are no slopes.

    periods   that the law's memory reaches back, besides SETTLE
    """
    n, model, m = robot.n, law.robot.model(), law.memory.size
    ref = np.zeros((6, n))
    ref[0] = ref[2] = q
    ref[5] = law.torque_along(np.stack([q, 0 * q, 0 * q])[None], law.dt)[0]
    clock = [0.0]

    def answer(x):
        tau, memory = x[2 * n : 3 * n].copy(), x[3 * n :].reshape(law.memory.shape).copy()
        law.step(model, law.gains.copy(), memory, clock[0], x[:n].copy(), x[n : 2 * n].copy(), ref.copy(), tau)
        return np.concatenate([tau, memory.ravel()])

    x = np.concatenate([q, np.zeros(n), ref[5], law.memory.ravel()])
    for k in range(SETTLE + 2 * periods):
        clock[0] = k * law.dt
        x[2 * n :] = answer(x)
    clock[0] += law.dt
    x[: 2 * n] += ASIDE  # laws treat a joint that is exactly where it should be as one in force mode
    here, columns, held = answer(x), np.zeros((n + m, 3 * n + m)), 0
    for j in range(len(x)):
        e = np.zeros(len(x))
        e[j] = STEP * max(1.0, abs(x[j]))
        up, down = answer(x + e) - here, here - answer(x - e)
        rough = np.abs(up - down).max() > SMOOTH * max(np.abs(up).max(), np.abs(down).max()) + 1e-9
        if j >= 3 * n and (rough or not np.isfinite(up + down).all()):
            held += 1
            continue
        columns[:, j] = (up + down) / (2 * e[j])
    columns[np.abs(columns) < NOISE * np.abs(columns).max(axis=1, keepdims=True)] = 0.0
    return columns[:, : 2 * n], columns[:, 2 * n : 3 * n], columns[:, 3 * n :], held


def _physics_step(robot, q, h):
    """U (n, m), turns (n, n), A (2n, 2n), B (2n, n): over h [s] by the torque that is wanted, as far as U gives it.

    A thrust is chosen anew each step for the body as it is then; what turns with the body against that is `turns`.
    """
    A, B = linearise(robot, q, h)
    U, C = actuation(robot, q), turning(robot, q, robot.gravity(q))
    turns = C - U @ np.linalg.pinv(U) @ C
    A[:, : robot.n] += B @ turns
    return U, turns, A, B


def _over(A, B, steps):
    """The same over several steps, by a torque that is held."""
    moves, by_torque = A, B
    for _ in range(steps - 1):
        moves, by_torque = A @ moves, A @ by_torque + B
    return moves, by_torque


def decays(A) -> bool:
    """Whether all poles of A (N, N) lie inside the unit circle; by squaring, |poles|ᵐ ≤ |Aᵐ| and |tr Aᵐ| ≤ N |pole|ᵐ.

    Poles nearer to the circle than about 1e-8 count as outside.
    """
    if not np.isfinite(A).all():
        return False
    size, power = 0.0, A  # of Aᵐ = e^size power
    for _ in range(SQUARINGS):
        norm = np.linalg.norm(power)
        if norm == 0.0:
            return True
        size, power = size + np.log(norm), power / norm
        power[np.abs(power) < TINY] = 0.0
        trace = abs(np.trace(power))
        if size < 0.0 or (trace > 0.0 and size + np.log(trace) > np.log(len(A))):
            return size < 0.0
        size, power = 2.0 * size, power @ power
    return False


def _kept(A, x) -> np.ndarray:
    """Indices of the first x entries and of those that both depend on them and act on them."""
    linked, both = A != 0.0, np.ones(len(A), bool)
    for graph in (linked, linked.T):
        reached = np.arange(len(A)) < x
        while True:
            more = reached | graph[:, reached].any(axis=1)
            if (more == reached).all():
                break
            reached = more
        both &= reached
    return np.flatnonzero(both)


def unmoved(plant, robot) -> tuple:
    """Names of the states in motions that neither decay nor are moved by any drive (Hautus' test)."""
    A, B = plant
    names, found = state_names(robot), np.zeros(len(A), bool)
    for pole in np.linalg.eigvals(A):
        if abs(pole) < 1.0 - UNMOVED:
            continue
        U, s, _ = np.linalg.svd(np.hstack([A - pole * np.eye(len(A)), B]))
        for share in np.abs(U[:, s <= UNMOVED * max(1.0, s[0])]).T:
            found |= share > 0.1 * share.max()
    return tuple(names[i] for i in np.flatnonzero(found))
