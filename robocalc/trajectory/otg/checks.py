"""Requests of state-to-state motions: read into arrays, and refused with the joint, the value and what would fit."""

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from robocalc.trajectory.limits import Limits
from robocalc.trajectory.trajectory import Reference

MODES = {"none": 0, "time": 1, "phase": 2}
CONTROLS = {"position": False, "velocity": True}
ROWS = ("start position", "start velocity", "start acceleration", "target position", "target velocity")
ROWS = (*ROWS, "target acceleration")


def option(kind, name, table):
    """Value of a named option."""
    try:
        return table[name]
    except (KeyError, TypeError):
        raise UnknownName(kind, name, table) from None


def packed(limits, n) -> np.ndarray:
    """(6, n) lower and upper velocity, acceleration and jerk, kept with the limits for the next call."""
    if not isinstance(limits, Limits):
        raise InvalidInput(f"limits must be a robocalc.trajectory.Limits, got {type(limits).__name__}")
    rows = np.vstack([limits.bounds(name, n) for name in ("velocity", "acceleration", "jerk")])
    for i in range(n):
        one_sided = np.isinf(rows[2, i]) != np.isinf(rows[3, i])
        if one_sided and np.isinf(rows[4:, i]).any():
            raise InvalidInput(
                f"limits: acceleration of joint {i} is [{rows[2, i]:g}, {rows[3, i]:g}] and its jerk is unbounded; "
                "bound the acceleration on both sides, or bound the jerk"
            )
        if np.isinf(rows[:4, i]).all() and np.isinf(rows[4:, i]).any():
            raise InvalidInput(f"limits: joint {i} needs a bound on velocity, acceleration or jerk, none is given")
    limits.__dict__["_otg"] = rows
    return rows


def state_of(start, end, limits, by_velocity=False) -> np.ndarray:
    """(6, n) from (q, v, a) at both ends; v and a may be left out or None (0), numbers stand for all joints."""
    rows = [*_three("start", start), *_three("end", end)]
    if rows[3] is None and not by_velocity:
        raise InvalidInput("end: the target position is needed, got None")
    if rows[0] is None:
        raise InvalidInput("start: the position is needed, got None")
    arrays = [_numbers(name, 0.0 if x is None else x) for name, x in zip(ROWS, rows)]
    sizes = {x.size for x in arrays if x.ndim}
    n = (limits.n if isinstance(limits, Limits) else None) or 1
    n = n if n in sizes or not sizes else max(sizes)
    for name, x in zip(ROWS, arrays):
        if x.ndim > 1 or (x.ndim == 1 and x.size != n):
            raise InvalidInput(f"{name} must have shape ({n},), got {x.shape}")
    return np.array([np.broadcast_to(x, n) for x in arrays])


def _three(name, state):
    try:
        rows = list(state)
    except TypeError:
        rows = [state]
    rows = rows[:3] if isinstance(state, Reference) else rows
    if not 1 <= len(rows) <= 3:
        raise InvalidInput(f"{name} must be (q, v, a), (q, v) or (q,), got {len(rows)} entries")
    return rows + [None] * (3 - len(rows))


def _numbers(name, x):
    try:
        return np.array(x, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers, got {x!r}") from None


def duration_of(value) -> float:
    """A minimum duration: None is 0."""
    if value is None:
        return 0.0
    try:
        T = float(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"minimum_duration must be a number of seconds, got {value!r}") from None
    if not 0.0 <= T < np.inf:
        raise InvalidInput(f"minimum_duration must be a finite number of seconds from 0 on, got {T:g}")
    return T


def cycle_of(value) -> float:
    """A control cycle [s]."""
    try:
        dt = float(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"a control cycle must be a number of seconds, got {value!r}") from None
    if not 0.0 < dt < np.inf:
        raise InvalidInput(f"a control cycle must be greater than 0 s and finite, got {dt:g}")
    return dt


def require_start(state, rows, by_velocity):
    """Raise InvalidInput for a start outside of its velocity or acceleration limits, now or when a is back at 0."""
    for i in range(state.shape[1]):
        v, a = state[1, i], state[2, i]
        (vmin, vmax), (amin, amax), (jmin, jmax) = rows[:, i].reshape(3, 2)
        coast = v + 0.5 * a * abs(a) / (-jmin if a > 0 else jmax)
        if not amin <= a <= amax:
            raise InvalidInput(f"start acceleration of joint {i} is {a:g}, outside of [{amin:g}, {amax:g}]")
        if not by_velocity and not vmin <= v <= vmax:
            raise InvalidInput(f"start velocity of joint {i} is {v:g}, outside of [{vmin:g}, {vmax:g}]")
        if not by_velocity and not vmin <= coast <= vmax:
            raise InvalidInput(
                f"start velocity of joint {i} is {v:g} and its acceleration {a:g}: it will become {coast:g} at least, "
                f"outside of [{vmin:g}, {vmax:g}]; a velocity of {v + np.clip(coast, vmin, vmax) - coast:.6g} would fit"
            )


def explain(state, rows, by_velocity, where=""):
    """Raise the InvalidInput that says why kernels refused a state (6, n) under packed limits."""
    for r, name in enumerate(ROWS):
        for i in np.flatnonzero(~np.isfinite(state[r])):
            if not (r == 3 and by_velocity):
                raise InvalidInput(f"{where}{name} of joint {i} is {state[r, i]}; a finite number is needed")
    for i in range(state.shape[1]):
        v, a = state[4, i], state[5, i]
        (vmin, vmax), (amin, amax), (jmin, jmax) = rows[:, i].reshape(3, 2)
        if not (amin <= a <= amax):
            raise InvalidInput(f"{where}target acceleration of joint {i} is {a:g}, outside of [{amin:g}, {amax:g}]")
        if by_velocity:
            continue
        if not (vmin <= v <= vmax):
            raise InvalidInput(f"{where}target velocity of joint {i} is {v:g}, outside of [{vmin:g}, {vmax:g}]")
        jerk, room = (jmax, v - vmin) if a > 0 else (-jmin, vmax - v)
        if a * a > 2 * jerk * room:
            bound = np.sqrt(2 * jerk * room)
            raise InvalidInput(
                f"{where}target of joint {i} cannot be reached within velocity [{vmin:g}, {vmax:g}]: "
                f"acceleration {a:g} at velocity {v:g} began at velocity {v - 0.5 * a * abs(a) / jerk:g}; "
                f"|acceleration| of at most {bound:.6g} would fit"
            )
    raise InvalidInput(f"{where}no motion was found from {state[:3].tolist()} to {state[3:].tolist()}")
