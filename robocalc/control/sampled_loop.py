"""A law and a robot as one linear map from control period to control period, for any law, by differences about rest.

    sampled_loop   SampledLoop of a design: δz₊ = A δz + B w, torque wanted y = C δz, w what the drives give beyond y
    slopes         how a law's torque and memory depend on what it is given
    unmoved        the parts of x = (q, v) that no drive moves and that do not come to rest by themselves

z = (x now, x at the physics steps before, as far back as the oldest measurement, the torque of the last period, the
law's memory), without what does not depend on the motion or does not act on it. Of friction the viscous part counts.
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
UNMOVED = 1e-7  # of the plant's size: what an input moves by less, it does not move


class SampledLoop(NamedTuple):
    """A (N, N), B (N, n), C (n, N); the first 2n entries of z are x = (q, v) now.

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
    H, size = 2 * n * (ceil(age) + 1), 2 * n * (ceil(age) + 1) + n + by_memory.shape[1]
    part, newer = age - floor(age), 2 * n * floor(age)  # between steps, sensors interpolate
    seen = np.zeros((2 * n, size))
    seen[:, newer : newer + 2 * n] = (1.0 - part) * np.eye(2 * n)
    seen[:, H - 2 * n : H] += part * np.eye(2 * n)
    answer = by_y @ seen
    answer[:, H : H + n] += by_tau
    answer[:, H + n :] += by_memory
    U, C = actuation(robot, q), turning(robot, q, robot.gravity(q))
    answer[:n, :n] -= C  # a thrust that turns with the body is chosen for the body as it is when the period begins
    answer[:n] = U @ np.linalg.pinv(U) @ answer[:n]
    moves, by_torque = _history(robot, q, dt / substeps, substeps, C, H)
    A, B = np.zeros((size, size)), np.zeros((size, n))
    A[:H, :H], B[:H] = moves, by_torque
    A[:H] += by_torque @ answer[:n]
    A[H:] = answer
    keep = _kept(A, 2 * n)
    plant = moves[: 2 * n, : 2 * n], by_torque[: 2 * n] @ U
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


def _history(robot, q, h, substeps, C, H):
    """(H, H), (H, n): x now and at the steps before, over one period, by a torque that is held."""
    n = robot.n
    A, B = linearise(robot, q, h)
    A[:, :n] += B @ C
    step, given = np.eye(H, k=-2 * n), np.zeros((H, n))
    step[: 2 * n, : 2 * n], given[: 2 * n] = A, B
    moves, by_torque = np.eye(H), np.zeros((H, n))
    for _ in range(substeps):
        moves, by_torque = step @ moves, step @ by_torque + given
    return moves, by_torque


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
