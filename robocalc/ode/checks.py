"""What every solve asks of its arguments, with errors that name the value and what would be valid."""

import numpy as np

from robocalc.errors import InvalidInput

SMALLEST_RTOL = 100 * np.finfo(float).eps


def read_span(t_span, infinite=False) -> tuple[float, float]:
    """(t0, t1): equal is allowed (nothing happens), reversed integrates backwards. Raises InvalidInput."""
    try:
        t0, t1 = map(float, t_span)
    except (TypeError, ValueError):
        raise InvalidInput(f"t_span must be two numbers (start, end), got {t_span!r}") from None
    if not np.isfinite(t0) or np.isnan(t1) or (np.isinf(t1) and not infinite):
        raise InvalidInput(f"t_span must be finite, got ({t0}, {t1})")
    return t0, t1


def read_state(y0, what="y0") -> np.ndarray:
    """A fresh finite float64 vector. Raises InvalidInput."""
    y = np.asarray(y0)
    if y.dtype.kind == "c":
        raise InvalidInput(f"{what} is complex: solve for its real and imaginary parts, or use solve_ivp")
    if y.dtype.kind not in "fiub":
        raise InvalidInput(f"{what} must hold numbers, got {y.dtype} values")
    if y.ndim == 0:
        y = y.reshape(1)
    if y.ndim != 1:
        raise InvalidInput(f"{what} must be a vector (n,), got shape {y.shape}")
    y = np.array(y, dtype=np.float64)
    if not np.isfinite(y).all():
        bad = int(np.flatnonzero(~np.isfinite(y))[0])
        raise InvalidInput(f"{what} must be finite, got {y[bad]} in component {bad}")
    return y


NO_PARAMETERS = np.zeros(0)


def read_parameters(p) -> np.ndarray:
    """A contiguous float64 vector (m,), empty for None. Raises InvalidInput."""
    return NO_PARAMETERS if p is None else read_state(p, "p")


def read_tolerances(rtol, atol, n) -> np.ndarray:
    """(2, n) rows rtol, atol. Raises InvalidInput for a tolerance that cannot be met or has a wrong shape."""
    tol = np.empty((2, n))
    for row, (name, value) in enumerate((("rtol", rtol), ("atol", atol))):
        if isinstance(value, float):
            values = value
            smallest = value
        else:
            values = np.asarray(value, dtype=float)
            if values.shape not in ((), (n,)):
                raise InvalidInput(f"{name} must be a number or a vector ({n},), got shape {values.shape}")
            smallest = values.min() if values.size else 1.0
        if not smallest >= 0:
            raise InvalidInput(f"{name} must not be negative, got {value!r}")
        if name == "rtol" and smallest < SMALLEST_RTOL:
            raise InvalidInput(f"rtol must be at least {SMALLEST_RTOL:.2g} (100 machine epsilon), got {smallest:g}")
        tol[row] = values
    return tol


def read_times(t_eval, t0, t1) -> np.ndarray:
    """Wanted times: a vector inside the span, strictly on from t0 to t1. Raises InvalidInput."""
    times = np.array(t_eval, dtype=np.float64)
    if times.ndim != 1:
        raise InvalidInput(f"`t_eval` must be 1-dimensional, got shape {times.shape}")
    if times.size and not (times.min() >= min(t0, t1) and times.max() <= max(t0, t1)):
        raise InvalidInput(f"Values in `t_eval` are not within `t_span` = ({t0:g}, {t1:g})")
    steps = np.diff(times)
    if (t1 >= t0 and np.any(steps <= 0)) or (t1 < t0 and np.any(steps >= 0)):
        raise InvalidInput("Values in `t_eval` are not properly sorted: they must go from t_span[0] to t_span[1]")
    return times


def read_breakpoints(breakpoints, t0, t1) -> list:
    """Breakpoints strictly inside the span in its direction, then t1. Raises InvalidInput if one is not finite."""
    points = np.unique(np.asarray(breakpoints, dtype=float).reshape(-1))
    if not np.isfinite(points).all():
        raise InvalidInput(f"breakpoints must be finite, got {breakpoints!r}")
    inside = points[(points > min(t0, t1)) & (points < max(t0, t1))]
    return [*(inside if t1 >= t0 else inside[::-1]).tolist(), t1]


def positive(name, value, zero=False):
    """A positive number (or zero). Raises InvalidInput."""
    if not (value > 0 or (zero and value == 0)):
        raise InvalidInput(f"`{name}` must be positive, got {value!r}")
    return float(value)
