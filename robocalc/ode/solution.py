"""What a solve returns, and why it ended.

Solution   t (N,), y (N, n): time first; solution(t) anywhere between, events, counters, status
Status     why it ended: each value is a sentence
Counters   the work that it took
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput, RobocalcError


class Status(Enum):
    FINISHED = "reached the end of the interval"
    TERMINATED = "stopped at a terminal event"
    STEP_TOO_SMALL = "the step became smaller than the spacing of numbers or min_step"
    NON_FINITE = "the right-hand side or the state became infinite or not a number"
    TOO_MANY_STEPS = "max_steps were not enough"
    EVENTS_PILE_UP = "events follow each other without end"
    SOLVER_FAILED = "the implicit solver gave up"

    @property
    def success(self) -> bool:
        return self in (Status.FINISHED, Status.TERMINATED)


class IntegrationFailed(RobocalcError):
    """Raised by `solution.raise_for_status()`; the message says where, and what to try."""

    exit_code = 4


class Counters(NamedTuple):
    """rhs calls, steps taken, steps tried again, Jacobians, factorizations."""

    rhs: int = 0
    accepted: int = 0
    rejected: int = 0
    jacobians: int = 0
    factorizations: int = 0


@dataclass(frozen=True, eq=False)
class Solution:
    """A solution of ẏ = f(t, y, p).

    t (N,), y (N, n)     the steps, or t_eval; a terminal event is the last row, a reset shows as two rows at one time
    t_events, y_events   for each event the times (k,) and states (k, n)
    solution(t)          (n,) for a number, (N, n) for an array; raises InvalidInput outside the solved interval
    y_y0, y_p            (N, n, n), (N, n, m): ∂y/∂y0, ∂y/∂p, where sensitivities were asked for
    """

    t: np.ndarray
    y: np.ndarray
    status: Status
    message: str
    counters: Counters
    method: str
    t_events: tuple = ()
    y_events: tuple = ()
    y_y0: np.ndarray | None = None
    y_p: np.ndarray | None = None
    interpolate: Callable | None = field(default=None, repr=False)
    trace: object = field(default=None, repr=False)  # steps and jumps, for `vjp`

    @property
    def success(self) -> bool:
        return self.status.success

    @property
    def nfev(self) -> int:
        return self.counters.rhs

    def raise_for_status(self):
        """Self, or IntegrationFailed with the message."""
        if not self.success:
            raise IntegrationFailed(self.message)
        return self

    def __call__(self, t):
        if self.interpolate is None:
            raise InvalidInput(
                "this solution kept no steps to interpolate; solve with dense=True, or without save='end'"
            )
        return self.interpolate(t)

    def vjp(self, w):
        """(wᵀ ∂y(T)/∂y0 (n,), wᵀ ∂y(T)/∂p (m,)): the discrete adjoint of the steps that were taken.

        raises  InvalidInput   no steps were kept (solve without t_eval and save='end'), or w is not (n,)
        """
        if self.trace is None:
            raise InvalidInput("this solution kept no steps to go back along; solve without save='end' and t_eval")
        return self.trace.vjp(np.asarray(w, dtype=float))


class Dense:
    """Interpolants of consecutive steps: knots (K + 1,), steps (K,), data (K, D + 1, n) rows y, y₊, R₀, R₁, ..."""

    def __init__(self, knots, steps, data):
        self.knots, self.steps, self.data = knots, steps, data
        self.backward = len(knots) > 1 and knots[-1] < knots[0]

    def evaluate(self, t):
        """(N, n) at times (N,), by the nearest step where t lies outside."""
        last = len(self.steps) - 1
        if self.backward:
            where = last - (np.searchsorted(self.knots[::-1], t, side="right") - 1)
        else:
            where = np.searchsorted(self.knots, t, side="left") - 1
        where = np.clip(where, 0, last)
        h = self.steps[where]
        theta = np.where(h == 0, 1.0, (t - self.knots[where]) / np.where(h == 0, 1.0, h))
        whole = (t == self.knots[where + 1]) & (np.abs(theta - 1) < 1e-9)
        theta = np.where(whole, 1.0, theta)[:, None]
        data, r = self.data[where], 0.0
        for d in range(data.shape[1] - 1, 1, -1):
            r = r * theta + data[:, d]
        return (1 - theta) * data[:, 0] + theta * data[:, 1] + theta * (1 - theta) * r

    def __call__(self, t):
        times = np.asarray(t, dtype=float)
        low, high = sorted((self.knots[0], self.knots[-1]))
        room = 1e-9 * (high - low)
        if times.size and not (times.min() >= low - room and times.max() <= high + room):
            raise InvalidInput(
                f"t must lie in the solved interval [{low:g}, {high:g}], got {times.min():g} to {times.max():g}"
            )
        if times.ndim > 1:
            raise InvalidInput(f"t must be a number or a vector, got shape {times.shape}")
        out = self.evaluate(times.reshape(-1))
        return out[0] if times.ndim == 0 else out


class ContinuousSolution:
    """sol of solve_ivp: sol(t) is (n,) for a number and (n, N) for an array; beyond the ends it extrapolates."""

    def __init__(self, dense: Dense, n: int):
        self.dense, self.n = dense, n
        self.ts = dense.knots
        self.t_min, self.t_max = float(min(dense.knots)), float(max(dense.knots))
        self.n_segments = len(dense.steps)

    def __call__(self, t):
        times = np.asarray(t, dtype=float)
        if times.ndim > 1:
            raise InvalidInput("`t` must be a float or a 1-D array.")
        out = self.dense.evaluate(times.reshape(-1)).T
        return out[:, 0] if times.ndim == 0 else out
