"""The compiled twin: PyBullet's contact-free dynamics without PyBullet, to rounding, about twenty times as fast.

    a = M⁻¹(q) (τ - h(q, v)),   v₊ = v + dt a,   q₊ = q + dt v₊

No contacts, no joint stops: what these change, only PyBullet shows.
"""

import math

import numpy as np

from robocalc.dynamics.state import State
from robocalc.errors import InvalidInput


class Twin:
    """A Plant of one robot with physics step dt [s]; `simulate` runs it compiled, `step` one by one."""

    def __init__(self, robot, dt):
        if isinstance(dt, bool) or not isinstance(dt, int | float | np.number) or not (math.isfinite(dt) and dt > 0):
            raise InvalidInput(f"the time step must be a finite number of seconds above 0, got {dt!r}")
        self.robot, self.dt, self.n = robot, float(dt), robot.n
        self._model = robot.model()
        self._q, self._v = np.array(robot.home, dtype=float), np.zeros(robot.n)
        self._steps = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def reset(self, q, v=None) -> State:
        """Start again at q, v (n,); at rest without v."""
        for name, new, here in (("q", q, self._q), ("v", np.zeros(self.n) if v is None else v, self._v)):
            x = np.asarray(new, dtype=float)
            if x.shape != (self.n,) or not np.isfinite(x).all():
                raise InvalidInput(f"{name} must be {self.n} finite numbers, got {x.tolist()}")
            here[:] = x
        self._steps = 0
        return self._state()

    def read(self, q, v):
        """Current state into q, v (n,)."""
        q[:], v[:] = self._q, self._v

    def push(self, tau):
        """One step of dt under constant tau (n,) [N m | N]."""
        from sims.engines.tick import step_twin

        step_twin(self._model, self.dt, self._q, self._v, np.ascontiguousarray(tau, dtype=float))
        self._steps += 1

    def step(self, tau) -> State:
        """push, and the state after it."""
        self.push(tau)
        return self._state()

    def roll(self, k, stop, address, closed):
        """Steps k, ..., stop - 1 of the closed loop, compiled: (step reached, status)."""
        from sims.engines.tick import rollout

        reached, status = rollout(k, stop, address, closed, self._q, self._v)
        self._steps = reached
        return reached, status

    def close(self):
        """Nothing to free."""

    def _state(self):
        return State(self._steps * self.dt, self._q.copy(), self._v.copy())
