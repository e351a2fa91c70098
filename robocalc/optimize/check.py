"""Parts of a problem as arrays; what cannot be meant is refused by name."""

import numpy as np

from robocalc.errors import InvalidInput


def number(name, value) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
        raise InvalidInput(f"{name} must be a finite number, got {value!r}")
    return float(value)


def positive_whole(name, value) -> int:
    """A whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InvalidInput(f"{name} must be a whole number of at least 1, got {value!r}")
    return int(value)


def interval(name, value, least=-np.inf) -> tuple:
    """(lo, hi) of a number or a pair; a single number must lie above `least`."""
    if isinstance(value, tuple | list | np.ndarray):
        if len(value) != 2:
            raise InvalidInput(f"{name} must be a number or (lo, hi), got {value!r}")
        lo, hi = (-np.inf if value[0] is None else value[0]), (np.inf if value[1] is None else value[1])
        for v in (lo, hi):
            if isinstance(v, bool) or not isinstance(v, int | float | np.number) or np.isnan(v):
                raise InvalidInput(f"{name} must be a number or (lo, hi), got {value!r}")
        lo = max(float(lo), least)
        if lo > hi:
            raise InvalidInput(f"{name} has lower {lo:g} above upper {hi:g}")
        if hi <= least:
            raise InvalidInput(f"{name} must be greater than {least:g}, got {value!r}")
        return lo, float(hi)
    if value is None:
        raise InvalidInput(f"{name} is missing: give a number or (lo, hi)")
    value = number(name, value)
    if value <= least:
        raise InvalidInput(f"{name} must be greater than {least:g}, got {value:g}")
    return value, value


def limits(name, value, n, names) -> np.ndarray:
    """(2, n) of (lo, hi), each a number, (n,) with None where unbounded, or None."""
    if value is None:
        value = (None, None)
    if not isinstance(value, tuple | list | np.ndarray) or len(value) != 2:
        raise InvalidInput(f"{name} must be (lo, hi), got {value!r}")
    out = np.stack([_side(name, v, n, empty) for v, empty in zip(value, (-np.inf, np.inf), strict=True)])
    for i in range(n):
        lo, hi = out[:, i]
        if lo > hi or lo == np.inf or hi == -np.inf:
            raise InvalidInput(f"{name} of {names[i]} has lower {lo:g} above upper {hi:g}")
    return out


def _side(name, value, n, empty):
    try:
        column = [empty if v is None else float(v) for v in np.array(value, dtype=object).ravel()]
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers or None, got {value!r}") from None
    if len(column) not in (1, n) or (np.ndim(value) and len(column) != n):
        raise InvalidInput(f"{name} must have {n} entries on each side, got {len(column)}")
    if np.isnan(column).any():
        raise InvalidInput(f"{name} must be numbers or None, got {value!r}")
    return np.broadcast_to(column, n).astype(float)


def target(name, value, n, names) -> np.ndarray:
    """(2, n) of a state with None where free and (lo, hi) where a range will do."""
    if value is None:
        return np.array([[-np.inf] * n, [np.inf] * n])
    if np.ndim(value) == 0 or isinstance(value, str):
        raise InvalidInput(f"{name} must be {n} numbers, None where free; got {value!r}")
    if len(value) != n:
        raise InvalidInput(f"{name} must have {n} entries ({', '.join(names)}), got {len(value)}")
    return np.array(
        [(-np.inf, np.inf) if v is None else interval(f"{name} {s}", v) for v, s in zip(value, names, strict=True)]
    ).T
