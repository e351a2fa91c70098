"""The arrays of one run of the closed loop, checked and put in order for the compiled tick.

close_loop   law, reference, effects and estimator of a plant -> Closed, memories as fresh copies
logged       what has been recorded in them -> Log
held         rows as a law with a longer period than the physics step meets them
"""

import numpy as np

from robocalc.control.law import Law
from robocalc.control.signature import estimate_address
from robocalc.control.stability import stopping
from robocalc.errors import InvalidInput
from sims.effects import Effects
from sims.engines.tick import DT, EVERY, GRIP_DAMPING, WORK_ROWS, Closed
from sims.log import CHANNELS, Log

GRIP_DAMPED = 0.5  # of the velocity that a joint in force mode gains in a control period is taken off in the next


def close_loop(
    plant, law: Law, reference, effects: Effects, grip=None, feedforward=None, added=None, estimator=None
) -> Closed:
    """All arrays of one run, checked; memories are fresh copies, so that a run leaves nothing behind."""
    robot, (N, _, n) = plant.robot, np.subtract(reference.shape, (1, 0, 0))
    dt, every = effects.timing[DT], int(effects.timing[EVERY])
    believed = robot if law.robot is None else law.robot
    if believed.n != n or effects.joint.shape[1] != n:
        raise InvalidInput(f"joints: plant {n}, law {believed.n}, effects {effects.joint.shape[1]}; they must agree")
    if not np.isclose(dt, plant.dt, rtol=1e-9, atol=0):
        raise InvalidInput(f"the effects are made for steps of {dt:g} s, the plant steps {plant.dt:g} s")
    if not np.isclose(law.dt, every * dt, rtol=1e-9, atol=0):
        raise InvalidInput(f"the law's period is {law.dt:g} s, the effects' {every} step(s) of {dt:g} s")
    if 0 < len(effects.noise) < N + 1:
        raise InvalidInput(f"the effects' noise is drawn for {len(effects.noise) - 1} steps, the reference has {N}")
    work = np.zeros((WORK_ROWS, n))
    grip = np.zeros((0, n)) if grip is None else _rows("grip", grip, N, n)
    if len(grip):
        work[GRIP_DAMPING] = GRIP_DAMPED * stopping(robot, every * dt)
    tau = law.torque_along(reference, dt)
    if feedforward is not None:
        planned = _rows("feedforward", feedforward, N, n)
        tau = np.where(np.isnan(planned), tau, law.besides(planned, reference))
    if added is not None:
        tau = tau + added(reference)
    targets = held(np.concatenate([reference, tau[:, None]], axis=1), every)
    effects = effects._replace(
        memory=np.zeros_like(effects.memory), mix=np.zeros_like(effects.mix), rope=effects.rope.copy()
    )
    log = np.zeros((N + 1, len(CHANNELS), n))
    gains, memory, sight = law.gains.copy(), law.memory.copy(), _sight(estimator, law, N, n, every)
    return Closed(believed.model(), gains, memory, robot.model(), effects, reference, targets, grip, work, log, *sight)


def _sight(estimator, law, N, n, every):
    """sight to estimate of Closed."""
    if estimator is None:
        return np.zeros(0, np.int64), np.zeros((0, 0)), np.zeros((0, 0)), np.zeros((0, 4, n))
    if not np.isclose(estimator.dt, law.dt, rtol=1e-9, atol=0):
        raise InvalidInput(f"the estimator's period is {estimator.dt:g} s, the law's {law.dt:g} s")
    address = np.array([estimate_address(estimator.step)])
    return address, estimator.gains.copy(), estimator.memory.copy(), np.zeros((N // every + 1, 4, n))


def logged(closed, k) -> Log:
    """The record up to row k."""
    dt, every = closed.effects.timing[DT], int(closed.effects.timing[EVERY])
    rows = min(len(closed.estimate), k // every + 1)
    return Log(dt, closed.log[: k + 1], t_estimate=np.arange(rows) * every * dt, estimate=closed.estimate[:rows])


def held(x, every):
    """(N + 1, rows, n): at the start of each control period the mean over it; the rows between are not used."""
    if every == 1:
        return x
    begins = np.arange(0, len(x), every)
    held = np.zeros_like(x)
    held[begins] = x[np.minimum(begins[:, None] + np.arange(every), len(x) - 1)].mean(axis=1)
    return held


def _rows(name, rows, N, n):
    x = np.ascontiguousarray(rows, dtype=float).copy()
    if x.shape != (N + 1, n) or np.isinf(x).any():
        raise InvalidInput(f"{name} must have shape ({N + 1}, {n}), each a finite force or NaN, got shape {x.shape}")
    return x
