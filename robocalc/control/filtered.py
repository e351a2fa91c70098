"""A law and the filter through which it sees the velocities, as one law whose poles `sampled_loop` can find.

    Filtered   behind `difference`, or behind the low-pass of a velocity sensor

Estimators that predict by the robot's model need none of this: where the model is exact, their poles and those of the
law on exact states are those of the loop (the separation principle).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from robocalc.control.estimator import Estimator


@dataclass(frozen=True, eq=False)
class Filtered:
    """law        what it runs on: a Law
    estimator  of `difference`, or None
    fresh      weight of a new sample in the low-pass of the measured velocity, 1: none
    """

    law: Any
    estimator: Estimator | None = None
    fresh: float = 1.0

    def __getattr__(self, name):
        if name.startswith("__") or name == "law":
            raise AttributeError(name)
        return getattr(self.law, name)  # robot, dt, gains, torque_along

    @cached_property
    def memory(self) -> np.ndarray:
        """(1, m): the filter's, then the law's."""
        own = np.zeros(self.law.robot.n) if self.estimator is None else self.estimator.memory.ravel()
        return np.concatenate([own, self.law.memory.ravel()])[None]

    def step(self, model, gains, memory, t, q, v, ref, tau):
        """As a law's: the memory is written in place."""
        size = memory.size - self.law.memory.size
        inner = memory[0, size:].reshape(self.law.memory.shape).copy()
        seen = self._differences if self.estimator is not None else self._low_passed
        q, v = seen(model, memory[0, :size], q, v, ref)
        self.law.step(model, gains, inner, t, q, v, ref, tau)
        memory[0, size:] = inner.ravel()

    def _low_passed(self, model, own, q, v, ref):
        own += self.fresh * (v - own)
        return q, own.copy()

    def _differences(self, model, own, q, v, ref):
        """One call of the estimator; its ring of past positions is turned so that the oldest is always the first:
        only so is a period like the next one."""
        from robocalc.control.kernels_estimate import HEAD, STARTED, WINDOW

        n, made = len(q), self.estimator
        window, out = int(made.gains[HEAD, WINDOW]), np.zeros((4, made.gains.shape[1]))
        memory = own.reshape(made.memory.shape).copy()
        none = np.zeros((2, 2 * n))[:, ::2]
        made.step(model, made.gains, memory, 0, none, np.zeros((1, 3, n)), q, v, ref, out)
        for first in (3, 3 + window):
            memory[first : first + window] = np.roll(memory[first : first + window], -1, axis=0)
        memory[HEAD, STARTED] = window
        own[:] = memory.ravel()
        return out[0, :n].copy(), out[1, :n].copy()
