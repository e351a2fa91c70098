"""The closed loop: a law follows a reference on a plant, and every step is recorded.

    Plant      what the loop asks of an engine
    simulate   runs it -> Simulated(log, outcome)

The twin runs whole stretches compiled; any other engine is stepped from Python with one compiled call a step. Both use
the same compiled tick, so that law and effects are the same bits.
"""

from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np

from robocalc.control.estimator import Estimator
from robocalc.control.law import Law
from robocalc.control.signature import law_address
from robocalc.dynamics.state import State
from robocalc.errors import InvalidInput
from sims.effects import Effects
from sims.engines.close import close_loop, held, logged
from sims.engines.status import ENDS, GOES_ON, Outcome
from sims.engines.tick import DT, EVERY, tick_flat
from sims.engines.twin import Twin
from sims.log import Log


class Plant(Protocol):
    """An engine with one robot in it; `with` closes it.

    robot   the robot as it is, whose model the effects use
    """

    dt: float  # [s]

    def reset(self, q, v) -> State: ...
    def read(self, q, v): ...  # current state into the caller's (n,) arrays
    def push(self, tau): ...  # dt under constant tau (n,) [N m | N], without a result
    def step(self, tau) -> State: ...
    def close(self): ...


class Simulated(NamedTuple):
    """log: the rows up to the end, or up to where the run stopped; outcome: why it ended; memory: the law's, then;
    sight: the estimator's."""

    log: Log
    outcome: Outcome
    memory: np.ndarray | None = None
    sight: np.ndarray | None = None


class Rest(NamedTuple):
    """What `on_pause(k)` may return: where the reference goes from step k on.

    q      (M + 1, n) positions at steps k, ..., k + M; q[0] is where the reference was at k
    ends   whether the run ends at step k + M; else the next Rest must come by then, or the run ends at its longest
    grip   (M + 1, n) as in simulate, or None: no joint in force mode
    before (n,) where this reference was a step before k, if it is another one than that followed until then
    """

    q: np.ndarray
    ends: bool = False
    grip: np.ndarray | None = None
    before: np.ndarray | None = None


def simulate(
    plant,
    law: Law,
    reference,
    effects: Effects,
    *,
    start=None,
    grip=None,
    feedforward=None,
    added=None,
    pauses=(),
    on_pause=None,
    most=None,
    seen=None,
    estimator: Estimator | None = None,
) -> Simulated:
    """N steps of the loop along reference (N + 1, 3, n) = q_ref, v_ref, a_ref at k dt: N + 1 rows.

    plant      Twin, Bullet or any Plant; is reset first
    law        of robocalc.control; its period must be the effects' control period
    effects    of make_effects, for the plant's robot and at least N steps
    start      (q, v) (n,) each; None: the reference's first row
    grip       (N + 1, n) force [N m | N] of joints in force mode, NaN where position is controlled; None: no such joint
    feedforward  (N + 1, n) torque [N m | N] known before the run, NaN where the law's own counts; None: nowhere
    added      reference (M, 3, n) -> torque (M, n) [N m | N] on top of the feed-forward, or None
    pauses     increasing steps 0 <= k <= N at which on_pause(k) is called, the plant being at step k and row k not yet
               written; it may look at the plant, change its world, end the run by returning True, or return Rest
    most       steps that a run with Rest may last, and its pauses may reach; None: as many as the reference has
    seen       (2, n) array that holds, when on_pause is called, how far the law saw the joints from their reference
               last: q - q_ref, v - v_ref
    estimator  what the law runs on in place of what is measured, for the same robot and control period, or None
    raises     InvalidInput: shapes, values or time steps that do not fit; divergence is an outcome, never an error
    """
    reference = _reference(reference, plant.robot.n)
    N = len(reference) - 1
    if most is not None:
        reference, grip, feedforward = (_lengthened(x, max(N, most)) for x in (reference, grip, feedforward))
        reference[N + 1 :, 1:] = 0.0
    closed = close_loop(plant, law, reference, effects, grip, feedforward, added, estimator)
    slid = None if most is None else law.friction_along(reference, plant.dt)
    most = len(reference) - 1
    pauses = list(pauses)
    stops, pauses = _pauses(pauses, most), set(pauses)
    plant.reset(*_start(start, reference))
    march = _march_twin if isinstance(plant, Twin) else _march
    address, k, status, asked = law_address(law.step), 0, GOES_ON, False
    for stop in [*stops, most]:
        k, status = march(plant, address, closed, k, min(stop, N))
        if status != GOES_ON:
            break
        if seen is not None:
            seen[:] = _seen(closed, k) - closed.work[2:4]
        answer = on_pause(k) if on_pause is not None and k in pauses else None
        if isinstance(answer, Rest):
            N = _go_on(closed, law, k, answer, most, added, slid)
        elif answer:
            asked = k < N
        if asked or (k >= N and not isinstance(answer, Rest)):
            break
    if status == GOES_ON:
        status = _last_row(plant, address, closed, k)
    outcome = Outcome.STOPPED if asked and status == GOES_ON else ENDS[status]
    return Simulated(logged(closed, k), outcome, closed.memory, closed.sight_memory)


def _seen(closed, k):
    """(2, n) q and v as the law last saw them."""
    if not len(closed.sight):
        return closed.work[:2]
    return closed.estimate[max(k - 1, 0) // int(closed.effects.timing[EVERY]), :2]


def _lengthened(x, most):
    """Rows up to step `most`, the last one repeated."""
    if x is None:
        return None
    x = np.asarray(x)[: most + 1]
    return np.concatenate([x, np.repeat(x[-1:], most + 1 - len(x), axis=0)])


def _go_on(closed, law, k, rest, most, added, slid) -> int:
    """Put the rest of the reference in place from step k on; the step at which the run ends.

    slid   (most + 1, n) friction along the reference, which goes on from where it was
    """
    every, dt = int(closed.effects.timing[EVERY]), closed.effects.timing[DT]
    if k % every:
        raise InvalidInput(f"the reference can change where a control period begins, not at step {k}")
    q, reference = np.asarray(rest.q, float)[: most + 1 - k], closed.reference
    end = k + len(q) - 1
    last = end if rest.ends else min(most, end + every)
    rows = np.concatenate([q, np.repeat(q[-1:], last - end, axis=0)])
    before = reference[k - 1, 0] if k > 0 else q[0] - dt * reference[0, 1]
    before = before if rest.before is None else np.asarray(rest.before, float)
    v = np.diff(np.concatenate([before[None], rows]), axis=0) / dt
    reference[k : last + 1, 0], reference[k : last + 1, 1] = rows, v
    reference[k:last, 2], reference[last, 2] = np.diff(v, axis=0) / dt, 0.0
    new = reference[k : last + 1]
    before = None if k == 0 else np.stack([reference[k - 1, 1], slid[k - 1]])
    tau, slid[k : last + 1] = law.torque_along(new, dt, before), law.friction_along(new, dt, before)
    if added is not None:
        tau = tau + added(new)
    closed.targets[k : last + 1] = held(np.concatenate([new, tau[:, None]], axis=1), every)
    if len(closed.grip):
        grip = np.full(new[:, 0].shape, np.nan) if rest.grip is None else rest.grip[: most + 1 - k]
        closed.grip[k : k + len(grip)] = grip
        closed.grip[k + len(grip) : last + 1] = grip[-1]
    return end if rest.ends else most


def _march_twin(plant, address, closed, k, stop):
    return plant.roll(k, stop, address, closed)


def _march(plant, address, closed, k, stop):
    """Steps k, ..., stop - 1 of a plant that Python steps: (step reached, status)."""
    arrays = _flat(closed)
    q, v, total = np.zeros((3, plant.robot.n))
    read, push = plant.read, plant.push
    for step in range(k, stop):
        read(q, v)
        status = tick_flat(step, address, q, v, total, *arrays)
        if status:
            return step, status
        push(total)
    return stop, GOES_ON


def _last_row(plant, address, closed, k):
    """Row k, from which no step is taken."""
    q, v, total = np.zeros((3, plant.robot.n))
    plant.read(q, v)
    return tick_flat(k, address, q, v, total, *_flat(closed))


def _flat(closed):
    """The fields of Closed one by one, in the order of tick_flat."""
    c = closed
    before = (tuple(c.law), c.gains, c.memory, tuple(c.plant), tuple(c.effects))
    sight = (c.sight, c.sight_gains, c.sight_memory, c.estimate)
    return (*before, c.reference, c.targets, c.grip, c.work, c.log, *sight)


def _reference(reference, n):
    x = np.ascontiguousarray(reference, dtype=float).copy()
    if x.ndim != 3 or len(x) < 2 or x.shape[1:] != (3, n):
        raise InvalidInput(f"a reference must have shape (N + 1, 3, {n}) with N from 1, got {x.shape}")
    if not np.isfinite(x).all():
        raise InvalidInput(f"the reference is not finite at step {int(np.argwhere(~np.isfinite(x))[0, 0])}")
    return x


def _start(start, reference):
    n = reference.shape[2]
    q, v = (np.array(x, dtype=float) for x in (reference[0, :2] if start is None else start))
    for name, x in (("position", q), ("velocity", v)):
        if x.shape != (n,) or not np.isfinite(x).all():
            raise InvalidInput(f"the start {name} must be {n} finite numbers, got {x.tolist()}")
    return q, v


def _pauses(pauses, N):
    steps = list(pauses)
    if any(not 0 <= k <= N for k in steps) or any(b <= a for a, b in pairwise(steps)):
        raise InvalidInput(f"pauses must be increasing steps from 0 to {N}")
    return [k for k in steps if k < N]
