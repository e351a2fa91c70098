"""Jerk-limited motions from state to state.

jerk_limited   the Trajectory from (q0, v0, a0) to (q1, v1, a1), as fast as limits allow
Generator      the same with buffers kept, for calls in a loop: duration and values, no Trajectory
"""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.limits import Limits
from robocalc.trajectory.otg.checks import (
    CONTROLS,
    MODES,
    cycle_of,
    duration_of,
    explain,
    option,
    packed,
    require_start,
    state_of,
)
from robocalc.trajectory.trajectory import Reference, Trajectory

_plan = None  # the compiled kernel, loaded on first use


def jerk_limited(
    start, end, limits, *, synchronisation="time", minimum_duration=None, control="position", cycle=None, brake=True
) -> Trajectory:
    """Fastest motion from state to state within limits on velocity, acceleration and jerk.

    start, end        (q, v, a), each (n,) or a number; v and a may be left out (0) [rad | m, per s, per s²]; or a
                      Reference, as another trajectory's `at(t)` gives
    limits            Limits; (2, n) for [lower; upper], None or inf where nothing bounds. Position ranges are checked
    synchronisation   "time": joints arrive together; "phase": on a straight line in joint space where the states lie
                      on one (else as "time"); "none": each as fast as it can, then goes on with its target acceleration
    minimum_duration  [s] the motion lasts this long or longer
    control           "position", or "velocity": reach (v, a) wherever that is; the target position and velocity limits
                      are ignored. So end = (None,) with "velocity" is the fastest stop
    cycle             [s] the duration is a whole number of control cycles
    brake             True: a start outside of its velocity or acceleration limits is first brought inside, as fast as
                      it goes; False: it is refused
    returns           Trajectory of degree 3; its duration may be 0
    raises            InvalidInput: NaN, shapes, a target outside of its limits, a start that cannot stop in range;
                      Infeasible: the motion leaves a position range on its way

    Without jerk bound accelerations jump (start and target accelerations are then ignored), without acceleration bound
    velocities as well.
    source    theory: robocalc/trajectory/otg/extremal.py; Berscheid & Kröger (2021), arXiv 2105.04830
    """
    global _plan
    if _plan is None:
        from robocalc.trajectory.otg.pieces import plan as _plan
    by_velocity = option("control", control, CONTROLS)
    mode = option("synchronisation", synchronisation, MODES)
    shortest = 0.0 if minimum_duration is None else duration_of(minimum_duration)
    state, rows = request(start, end, limits, by_velocity)
    if not brake:
        require_start(state, rows, by_velocity)
    T, knots, coeffs = _plan(state, rows, mode, by_velocity, shortest, 0.0 if cycle is None else cycle_of(cycle))
    if T != T:
        explain(state, rows, by_velocity)
    trajectory = Trajectory.trusted(knots, coeffs)
    if limits.position is not None:
        guard(trajectory, state, rows, limits, by_velocity)
    return trajectory


def request(start, end, limits, by_velocity):
    """(state (6, n), packed limits (6, n)) of a request; the common forms are read without detours."""
    try:
        state = np.array((*start, *end), dtype=float)
        rows = limits.__dict__["_otg"]
        if state.shape == rows.shape:
            return state, rows
    except (TypeError, ValueError, KeyError, AttributeError):
        pass
    state = state_of(start, end, limits, by_velocity)
    return state, packed(limits, state.shape[1])


def guard(trajectory, state, rows, limits, by_velocity):
    """Refuse motions that leave the position ranges."""
    from robocalc.trajectory.otg.stopping import require_inside, require_room

    position = limits.bounds("position")
    if by_velocity:
        state = state.copy()
        state[3] = trajectory(trajectory.end)
    require_room(state, rows, position)
    require_inside(trajectory, position)


class Generator:
    """State-to-state motions in a loop: one compiled call each, buffers kept, values without a Trajectory.

        generator = Generator(limits)
        T = generator.solve(state)      # state (6, n): q0, v0, a0, q1, v1, a1 -> duration [s]
        q, v, a, j = generator.at(0.1)

    raises InvalidInput as `jerk_limited`; position ranges are not checked here.
    """

    def __init__(self, limits, n=None, *, synchronisation="time", control="position", cycle=None):
        from robocalc.trajectory.otg.brake import PHASES
        from robocalc.trajectory.otg.pieces import segments, solve_mode, state_at
        from robocalc.trajectory.otg.solve import ROWS

        self._kernels = (segments, state_at)
        self._solve = solve_mode
        self._mode = option("synchronisation", synchronisation, MODES)
        self._by_velocity = option("control", control, CONTROLS)
        self._cycle = 0.0 if cycle is None else cycle_of(cycle)
        self._rows = packed(limits, n or (limits.n if isinstance(limits, Limits) else None) or 1)
        self._buffer = np.zeros((self._rows.shape[1], ROWS, PHASES))
        self.duration = None

    @property
    def n(self) -> int:
        """Number of joints."""
        return self._rows.shape[1]

    def solve(self, state, minimum_duration=0.0) -> float:
        """Duration [s] of the motion of state (6, n): q0, v0, a0, q1, v1, a1; fastest for C-contiguous float64."""
        rows = self._rows
        try:
            T = self._solve(state, rows, self._mode, self._by_velocity, minimum_duration, self._cycle, self._buffer)
        except TypeError:  # not such an array, or not a number
            state = np.array(state, dtype=float, order="C")
            shortest = duration_of(minimum_duration)
            T = self._solve(
                np.atleast_2d(state), rows, self._mode, self._by_velocity, shortest, self._cycle, self._buffer
            )
        if T != T:
            self.duration = None
            duration_of(minimum_duration)
            if state.shape != rows.shape:
                raise InvalidInput(f"state must have shape {rows.shape}, got {state.shape}")
            explain(state, rows, self._by_velocity)
        self.duration = T
        return T

    def at(self, t) -> Reference:
        """Position to jerk at one time, (n,) each; after the end the target goes on with its acceleration."""
        out = np.empty((4, self.n))
        self._ready()
        self._kernels[1](self._buffer, float(t), out)
        return Reference(*out)

    def trajectory(self) -> Trajectory:
        """The last motion as a Trajectory."""
        self._ready()
        return Trajectory.trusted(*self._kernels[0](self._buffer, self.duration))

    def _ready(self):
        if self.duration is None:
            raise InvalidInput("no motion yet: call solve(state) first")
