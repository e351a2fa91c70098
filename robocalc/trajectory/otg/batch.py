"""Many state-to-state problems in one compiled loop."""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.limits import Limits
from robocalc.trajectory.otg.checks import CONTROLS, MODES, ROWS, cycle_of, duration_of, explain, option, packed
from robocalc.trajectory.trajectory import Reference, Trajectory


@dataclass(frozen=True, eq=False)
class Batch:
    """N motions of n joints: their durations; values and Trajectories are made when asked for.

    states     (N, 6, n) q0, v0, a0, q1, v1, a1
    durations  (N,) [s]
    """

    states: np.ndarray
    durations: np.ndarray
    limits: Limits
    options: tuple  # mode, by velocity, shortest, cycle: as kernels take them

    def __len__(self):
        return len(self.durations)

    def __getitem__(self, i) -> Trajectory:
        """The i-th motion."""
        from robocalc.trajectory.otg.pieces import plan

        rows = packed(self.limits, self.states.shape[2])
        _, knots, coeffs = plan(self.states[i].copy(), rows, *self.options)
        return Trajectory.trusted(knots, coeffs)

    def at(self, t) -> Reference:
        """Position to jerk of every motion at its time t: a number, or (N,); each (N, n).

        After its end a motion goes on with its target acceleration.
        """
        from robocalc.trajectory.otg.many import evaluate

        N, _, n = self.states.shape
        try:
            times = np.ascontiguousarray(np.broadcast_to(np.asarray(t, dtype=float), (N,)))
        except (TypeError, ValueError):
            raise InvalidInput(f"t must be a number or have shape ({N},), got {t!r}") from None
        out = np.empty((N, 4, n))
        evaluate(self.states.copy(), packed(self.limits, n), *self.options, times, out)
        return Reference(*np.moveaxis(out, 1, 0))


def jerk_limited_batch(
    start, end, limits, *, synchronisation="time", minimum_duration=None, control="position", cycle=None
) -> Batch:
    """Solve many problems of `jerk_limited` at once.

    start, end   (q, v, a), each (N, n), or (n,) or a number for all problems; v and a may be left out (0)
    returns      Batch: .durations (N,), .at(t), batch[i] -> Trajectory
    raises       InvalidInput, which names the first problem that is wrong. Position ranges are not checked here
    """
    from robocalc.trajectory.otg.many import solve_all

    by_velocity = option("control", control, CONTROLS)
    cycle = 0.0 if cycle is None else cycle_of(cycle)
    options = option("synchronisation", synchronisation, MODES), by_velocity, duration_of(minimum_duration), cycle
    states = _states(start, end, limits, by_velocity)
    rows = packed(limits, states.shape[2])
    durations = np.empty(len(states))
    wrong = solve_all(states, rows, *options, durations)
    if wrong >= 0:
        explain(states[wrong], rows, by_velocity, f"problem {wrong}: ")
    states.flags.writeable = durations.flags.writeable = False
    return Batch(states, durations, limits, options)


def _states(start, end, limits, by_velocity):
    rows = []
    for name, ends in (("start", start), ("end", end)):
        parts = list(ends) if isinstance(ends, (tuple, list)) else [ends]
        if not 1 <= len(parts) <= 3 or (parts[0] is None and not (by_velocity and name == "end")):
            raise InvalidInput(f"{name} must be (q, v, a), (q, v) or (q,)")
        rows += [0.0 if p is None else p for p in parts + [None] * (3 - len(parts))]
    try:
        arrays = [np.asarray(x, dtype=float) for x in rows]
    except (TypeError, ValueError):
        raise InvalidInput("start and end must be numbers, (N, n) each") from None
    n = (limits.n if isinstance(limits, Limits) else None) or 1
    N = max([len(x) for x in arrays if x.ndim == 2], default=1)
    states = np.empty((N, 6, n))
    for r, (name, x) in enumerate(zip(ROWS, arrays)):
        if x.ndim > 2 or (x.ndim == 1 and x.shape != (n,)) or (x.ndim == 2 and x.shape not in ((N, n), (1, n))):
            raise InvalidInput(f"{name} must have shape ({N}, {n}) or ({n},), got {x.shape}")
        states[:, r] = x
    return states
