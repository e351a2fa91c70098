"""Filter: in each control cycle, one step of the fastest motion to a target that may have changed."""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.limits import Limits
from robocalc.trajectory.otg.checks import CONTROLS, MODES, cycle_of, explain, option, packed, state_of


class Filter:
    """Follows a target, one control cycle at a time, within limits on velocity, acceleration and jerk.

        filter = Filter(limits, dt=0.001, start=q)
        q, v, a = filter.update(target)            # each cycle; (n,) each, new arrays

    limits            Limits; targets outside of a position range are refused (on the way it is not watched)
    dt                control cycle [s]
    start             (q, v, a), (q, v) or q: the state at time 0
    synchronisation   "time", "phase" or "none", as in `jerk_limited`
    control           "position" or "velocity"
    moving            False: the target is a state to arrive at, and later cycles hold it (going on with its velocity
                      and acceleration). True: the target moves with the velocity that is given with it; the filter
                      meets it in the shortest time and then stays with it. Its velocity must be below the limits

    While the target stays the same its motion is followed by counting cycles, so that nothing drifts; it is planned
    anew, from the state reached, when the target changes.
    """

    def __init__(self, limits, dt, start, *, synchronisation="time", control="position", moving=False):
        from robocalc.trajectory.otg.brake import PHASES
        from robocalc.trajectory.otg.online import advance
        from robocalc.trajectory.otg.solve import ROWS

        self._mode = option("synchronisation", synchronisation, MODES)
        self._by_velocity = option("control", control, CONTROLS)
        if moving and self._by_velocity:
            raise InvalidInput('moving targets need control="position"')
        self.dt = cycle_of(dt)
        state = _start(start, limits, limits.n if isinstance(limits, Limits) else None)
        self._moving, self._advance = bool(moving), advance
        self._rows = packed(limits, state.shape[1])
        self._room = np.ascontiguousarray(limits.bounds("position", self.n))
        self._state = np.ascontiguousarray(state)
        self._target = np.zeros((3, self.n))
        self._relative = np.zeros((6, self.n))
        self._clock = np.zeros(3)
        self._buffer = np.zeros((self.n, ROWS, PHASES))
        self._out = np.zeros((4, self.n))
        self.time_left = 0.0  # [s] until the target is reached

    @property
    def n(self) -> int:
        """Number of joints."""
        return self._rows.shape[1]

    @property
    def state(self):
        """(q, v, a) now, (n,) each."""
        return tuple(self._state[:3].copy())

    @property
    def jerk(self) -> np.ndarray:
        """Jerk at the end of the last cycle, (n,)."""
        return self._out[3].copy()

    def update(self, target):
        """One cycle of dt towards a target; returns (q, v, a) at its end, each (n,).

        target    position (n,), or (q, v), or (q, v, a): the state to reach; for control="velocity" q may be None
        raises    InvalidInput: NaN, shapes, a target outside of its limits; the filter is then where it was
        """
        self._read(target)
        left = self._advance(
            self._state,
            self._target,
            self._rows,
            self._room,
            self._relative,
            self._clock,
            self._mode,
            self._by_velocity,
            self._moving,
            self.dt,
            self._buffer,
            self._out,
        )
        if left != left:
            self._refuse()
        self.time_left = left
        q, v, a, _ = self._out.copy()
        return q, v, a

    def reset(self, start):
        """Put the filter into another state (q, v, a), (q, v) or q, at rest there if only q is given."""
        state = _start(start, None, self.n)
        if state.shape[1] not in (1, self.n):
            raise InvalidInput(f"start must be for {self.n} joints, got {state.shape[1]}")
        self._state[:] = state
        self._clock[:] = 0.0

    def _read(self, target):
        """Target into (3, n), velocity and acceleration 0 where not given."""
        rows = self._target
        try:
            x = np.asarray(target, dtype=float)
        except (TypeError, ValueError):
            x = self._loose(target)
        if x.shape == rows.shape[1:] or x.ndim == 0:
            rows[0], rows[1:] = x, 0.0
        elif x.ndim == 2 and x.shape[1] == self.n and 1 <= len(x) <= 3:
            rows[: len(x)], rows[len(x) :] = x, 0.0
        elif self.n == 1 and x.ndim == 1 and 1 <= len(x) <= 3:
            rows[: len(x), 0], rows[len(x) :] = x, 0.0
        else:
            raise InvalidInput(f"target must be q ({self.n},) or (q, v, a) of such arrays, got shape {x.shape}")

    def _loose(self, target):
        """A target of mixed parts: None, numbers and arrays."""
        parts = list(target) if isinstance(target, (tuple, list)) else [target]
        if self._by_velocity and parts and parts[0] is None:
            parts[0] = self._state[0]
        try:
            return np.array([np.broadcast_to(0.0 if p is None else np.asarray(p, float), self.n) for p in parts])
        except (TypeError, ValueError):
            raise InvalidInput(f"target must be q ({self.n},) or (q, v, a) of such arrays, got {target!r}") from None

    def _refuse(self):
        self._clock[0] = 0.0
        state = np.vstack([self._state[:3], self._target])
        rows = self._rows
        for i in range(0 if self._by_velocity else self.n):
            low, high = self._room[:, i]
            if self._target[0, i] < low or self._target[0, i] > high:
                raise InvalidInput(
                    f"target position of joint {i} is {self._target[0, i]:g}, outside of its range [{low:g}, {high:g}]"
                )
        if self._moving:
            for i in np.flatnonzero(~((rows[0] < self._target[1]) & (self._target[1] < rows[1]))):
                raise InvalidInput(
                    f"target velocity of joint {i} is {self._target[1, i]:g}; to be met while moving it must be "
                    f"inside of ({rows[0, i]:g}, {rows[1, i]:g})"
                )
        explain(state, rows, self._by_velocity)


def _start(start, limits, n):
    """State (6, n) at rest at a start: (q, v, a), (q, v) or q; a tuple of n > 1 numbers is q."""
    if isinstance(start, list) and start and all(np.ndim(x) == 1 for x in start):
        start = tuple(start)
    if not isinstance(start, tuple) or (len(start) == n and n > 1 and all(np.ndim(x) == 0 for x in start)):
        start = (start,)
    state = state_of(start, start[:1], limits)
    for name, row in zip(("position", "velocity", "acceleration"), state):
        for i in np.flatnonzero(~np.isfinite(row)):
            raise InvalidInput(f"start {name} of joint {i} is {row[i]}; a finite number is needed")
    return state
