"""Reads what users give: waypoints, times, limits, masks and end states, each refused with what would be valid."""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.limits import ORDERS, Limits
from robocalc.trajectory.trajectory import Reference


def as_array(name, x):
    try:
        return np.array(x, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be an array of numbers") from None


def as_waypoints(waypoints):
    """(W, n) finite, at least two."""
    q = as_array("waypoints", waypoints)
    if q.ndim != 2 or len(q) < 2 or q.shape[1] < 1:
        hint = "; for one joint use waypoints[:, None]" if q.ndim == 1 else ""
        raise InvalidInput(f"waypoints must have shape (W, n) with W of at least 2, got {q.shape}{hint}")
    bad = np.argwhere(~np.isfinite(q))
    if bad.size:
        w, i = bad[0]
        raise InvalidInput(f"waypoint {w}: joint {i} is {q[w, i]}; a finite number is needed")
    return q


def as_times(times, W):
    """(W,) finite and increasing."""
    t = as_array("times", times)
    if t.shape != (W,):
        raise InvalidInput(f"times must have shape ({W},), one for each waypoint, got {t.shape}")
    bad = np.flatnonzero(~np.isfinite(t))
    if bad.size:
        raise InvalidInput(f"times[{bad[0]}] is {t[bad[0]]}; a finite number is needed")
    bad = np.flatnonzero(np.diff(t) <= 0)
    if bad.size:
        k = bad[0]
        raise InvalidInput(f"times must increase: times[{k}] = {t[k]:g} s, times[{k + 1}] = {t[k + 1]:g} s")
    return t


def as_limits(limits, n):
    """Limits for n joints, or None."""
    if limits is None:
        return None
    if not isinstance(limits, Limits):
        raise InvalidInput(f"limits must be a robocalc.trajectory.Limits, got {type(limits).__name__}")
    if limits.n is not None and limits.n != n:
        raise InvalidInput(f"limits are for {limits.n} joints, waypoints have {n}")
    return limits


def as_mask(stop, W):
    """(W,) of booleans from True, False, a mask or a list of indices."""
    if isinstance(stop, (bool, np.bool_)):
        return np.full(W, bool(stop))
    x = np.asarray(stop)
    if x.dtype == bool and x.shape == (W,):
        return x
    if x.size == 0:
        return np.zeros(W, bool)
    if x.ndim == 1 and np.issubdtype(x.dtype, np.integer) and (np.abs(x + 0.5) < W + 0.5).all():
        mask = np.zeros(W, bool)
        mask[x] = True
        return mask
    raise InvalidInput(f"stop must be True, False, a mask ({W},) of booleans, or indices of waypoints 0 to {W - 1}")


def end_state(name, state, s, n):
    """(s - 1, n) from None (rest), "free", a Reference, or a sequence of orders; NaN where free."""
    x = np.zeros((s - 1, n))
    if state is None or (isinstance(state, str) and state == "rest"):
        return x
    if isinstance(state, str):
        if state != "free":
            raise InvalidInput(f'{name} must be None (rest), "free" or (v, a, ...), got {state!r}')
        return np.full((s - 1, n), np.nan)
    if isinstance(state, Reference):
        state = (state.v, state.a, state.j)[: s - 1]
    if not isinstance(state, (tuple, list, np.ndarray)) or len(state) > s - 1:
        raise InvalidInput(f'{name} must be None (rest), "free" or up to {s - 1} of (v, a, j), got {state!r}')
    for r, value in enumerate(state):
        y = np.full(n, np.nan) if value is None else as_array(f"{name} {ORDERS[r + 1]}", value)
        if y.shape not in ((), (n,)) or np.isinf(y).any():
            raise InvalidInput(f"{name} {ORDERS[r + 1]} must be a number or ({n},), NaN where free, got {y.tolist()}")
        x[r] = y
    return x


def positive(name, x, unit):
    """A finite number greater than 0."""
    try:
        y = float(x)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be a number, got {x!r}") from None
    if not (np.isfinite(y) and y > 0):
        raise InvalidInput(f"{name} must be greater than 0 {unit}, got {y:g}")
    return y
