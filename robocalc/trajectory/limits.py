"""What a motion may use of each joint.

Limits   bounds on position, velocity, acceleration, jerk and torque; [rad | m], then per s, s², s³; [N m | N]
"""

from dataclasses import dataclass, fields

import numpy as np

from robocalc.errors import InvalidInput, UnknownName

ORDERS = ("position", "velocity", "acceleration", "jerk")  # index = order of the derivative


@dataclass(frozen=True, eq=False)
class Limits:
    """Bounds per joint: `(n,)` means ± the value, `(2, n)` means [lower; upper], None means unbounded.

    A scalar stands for all joints when another field says how many there are. Fields keep the shape in which they were
    given; `bounds(name)` is always `(2, n)`, with infinities where nothing bounds.
    raises    InvalidInput: NaN, a bound ≤ 0, lower ≥ upper, fields that disagree about the number of joints
    """

    position: np.ndarray | None = None
    velocity: np.ndarray | None = None
    acceleration: np.ndarray | None = None
    jerk: np.ndarray | None = None
    torque: np.ndarray | None = None

    def __post_init__(self):
        given = {f.name: _as_array(f.name, getattr(self, f.name)) for f in fields(self)}
        sizes = {name: x.shape[-1] for name, x in given.items() if x is not None and x.ndim}
        n = next(iter(sizes.values()), 1)
        if len(set(sizes.values())) > 1:
            told = ", ".join(f"{name} {size}" for name, size in sizes.items())
            raise InvalidInput(f"limits disagree about the number of joints: {told}")
        for name, x in given.items():
            if x is not None:
                x = np.full(n, x) if x.ndim == 0 else x
                _check_bounds(name, x)
                x.flags.writeable = False
            object.__setattr__(self, name, x)

    @property
    def n(self) -> int | None:
        """Number of joints, or None where nothing is bounded."""
        return next((x.shape[-1] for x in self._given().values()), None)

    def bounds(self, name, n=None) -> np.ndarray:
        """[lower; upper] of one field, (2, n); ±inf where unbounded. `name` may be the derivative's order, 0 to 3."""
        name = ORDERS[name] if isinstance(name, int) and 0 <= name < len(ORDERS) else name
        known = [f.name for f in fields(self)]
        if name not in known:
            raise UnknownName("limit", name, known)
        if n is not None and self.n is not None and n != self.n:
            raise InvalidInput(f"limits are for {self.n} joints, the motion has {n}")
        x = getattr(self, name)
        if x is None:
            return np.array([[-np.inf], [np.inf]]) * np.ones(n or self.n or 1)
        return np.array([-x, x]) if x.ndim == 1 else np.array(x)

    def scaled(self, position=None, velocity=1.0, acceleration=1.0, jerk=1.0, torque=1.0) -> "Limits":
        """The same limits times factors > 0, numbers or (n,); position ranges shrink about their middle if asked."""
        factors = {"velocity": velocity, "acceleration": acceleration, "jerk": jerk, "torque": torque}
        new = {name: x * _factor(name, factors[name]) for name, x in self._given().items() if name != "position"}
        if self.position is not None:
            low, high = self.bounds("position")
            half = (high - low) / 2 * (1.0 if position is None else _factor("position", position))
            new["position"] = (
                self.position if position is None else np.array([(low + high) / 2 - half, (low + high) / 2 + half])
            )
        return Limits(**new)

    def select(self, joints) -> "Limits":
        """Limits of some joints: an index array or a slice."""
        return Limits(**{name: x[..., joints] for name, x in self._given().items()})

    def _given(self) -> dict:
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}


def _as_array(name, value):
    if value is None:
        return None
    try:
        x = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"limits: {name} must be numbers, (n,) or (2, n), got {value!r}") from None
    if x.ndim > 2 or x.size == 0 or (x.ndim == 2 and x.shape[0] != 2):
        raise InvalidInput(f"limits: {name} must have shape (n,) or (2, n) = [lower; upper], got {x.shape}")
    return x


def _check_bounds(name, x):
    """Symmetric: positive. Asymmetric: lower < upper, and rest is inside for all but position. A torque may be 0."""
    low, high = (-x, x) if x.ndim == 1 else x
    for i, (a, b) in enumerate(zip(low, high)):
        told = f"limits: {name} of joint {i} is " + (f"{b:g}" if x.ndim == 1 else f"[{a:g}, {b:g}]")
        if np.isnan(a) or np.isnan(b):
            raise InvalidInput(f"{told}; a number is needed, or inf where nothing bounds")
        if name == "torque" and a <= 0 <= b:
            continue
        if x.ndim == 1 and b <= 0:
            raise InvalidInput(f"{told}; it must be greater than 0")
        if a >= b:
            raise InvalidInput(f"{told}; the lower bound must be below the upper")
        if name != "position" and not a < 0 < b:
            raise InvalidInput(f"{told}; it must contain 0 inside, or the joint could never rest")


def _factor(name, value):
    x = np.asarray(value, dtype=float)
    if not (np.isfinite(x).all() and (x > 0).all()):
        raise InvalidInput(f"factor of {name} limits must be greater than 0, got {value}")
    return x
