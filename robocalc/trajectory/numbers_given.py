"""Single numbers that users give: times, orders, steps, each refused with what would be valid."""

import numpy as np

from robocalc.errors import InvalidInput


def times_of(t):
    """Times as a contiguous, writeable array of floats: kernels are compiled for these alone."""
    try:
        t = np.asarray(t, dtype=float)
        return t if t.flags.c_contiguous and t.flags.writeable else t.copy()
    except (TypeError, ValueError):
        raise InvalidInput(f"times must be numbers, got {t!r}") from None


def order_of(order):
    """A whole number of at least 0."""
    if isinstance(order, (int, np.integer)) and order >= 0:
        return int(order)
    raise InvalidInput(f"order of a derivative must be 0, 1, 2, ..., got {order!r}")


def finite(name, x):
    """A finite float."""
    try:
        x = float(x)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be a number, got {x!r}") from None
    if not np.isfinite(x):
        raise InvalidInput(f"{name} must be a finite number, got {x}")
    return x


def step(dt):
    """A time step greater than 0 s."""
    dt = finite("dt", dt)
    if dt <= 0:
        raise InvalidInput(f"dt must be greater than 0 s, got {dt:g}")
    return dt


def steps(duration, dt) -> int:
    """Steps of dt that reach the end of a motion: duration / dt, rounded up (but for rounding errors)."""
    return int(np.ceil(duration / step(dt) - 1e-6))
