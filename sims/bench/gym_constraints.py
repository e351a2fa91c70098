"""Constraints of the gym's task files, as it computes them: values rounded, bounds in single precision.

    CONSTRAINTS   constraint_form -> what makes value(x) (rows,), violated where above 0
    constraint    one entry of a file -> Constraint

Source: safe_control_gym/envs/constraints.py at e39a569. What the gym keeps for shaping rewards (`tolerance`) is read
and has no effect here; its abs_bound is for rewards that the tasks here do not have.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput, UnknownName

DECIMALS = 8
COMMON = ("constraint_form", "constrained_variable", "strict", "active_dims", "tolerance", "decimals")


class Constraint(NamedTuple):
    """kind     "state" (the gym's order) or "input" (as asked for, disturbed, before its limits)
    value       x -> (rows,), at most 0 where kept
    strict      0 is a violation as well
    """

    kind: str
    value: Callable
    strict: bool
    decimals: int

    def violated(self, x) -> bool:
        """Whether any row is."""
        c = np.round(self.value(x), self.decimals)
        return bool((c >= 0.0).any() if self.strict else (c > 0.0).any())


def entry(where, spec):
    """The mapping as a copy."""
    if not isinstance(spec, dict):
        raise InvalidInput(f"{where} must be a list of mappings, got {spec!r}")
    return dict(spec)


def numbers(where, key, value, dim):
    """A finite number, or (dim,) of them; None stays."""
    if value is None:
        return None
    x = array(where, key, value)
    if x.shape not in ((), (dim,)):
        raise InvalidInput(f"{key} of {where} must be one finite number or {dim}, got {value!r}")
    return float(x) if x.ndim == 0 else x


def array(where, key, value):
    """Finite numbers of any shape."""
    try:
        x = np.asarray(value, float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{key} of {where} must be numbers, got {value!r}") from None
    if not np.isfinite(x).all():
        raise InvalidInput(f"{key} of {where} must be one finite number or several, got {value!r}")
    return x


def _linear(A, b):
    A, b = (np.asarray(x, np.float32).astype(float) for x in (A, b))
    return lambda x: A @ x - b


def _bounded(spec, low, high):
    """low ≤ x ≤ high; sides that are not given are those of the space."""
    n, sides = len(low), []
    for key, default in (("lower_bounds", low), ("upper_bounds", high)):
        given = spec.get(key)
        sides.append(np.broadcast_to(default if given is None else numbers("a constraint", key, given, n), n))
    low, high = sides
    if (low > high).any():
        raise InvalidInput(f"lower_bounds {low.tolist()} of a constraint are above its upper_bounds {high.tolist()}")
    return _linear(np.vstack([-np.eye(n), np.eye(n)]), np.concatenate([-low, high]))


def _half_spaces(spec, low, high):
    """A x ≤ b."""
    n, where = len(low), "a linear constraint"
    A, b = (np.atleast_1d(array(where, key, spec.get(key))) for key in ("A", "b"))
    A = np.atleast_2d(A)
    if A.shape[1:] != (n,) or b.shape != A.shape[:1]:
        raise InvalidInput(f"A and b of {where} must be (rows, {n}) and (rows,), got {A.shape} and {b.shape}")
    return _linear(A, b)


def _ball(spec, low, high):
    """xᵀ P x ≤ b."""
    n, where = len(low), "a quadratic constraint"
    P, b = (array(where, key, spec.get(key)) for key in ("P", "b"))
    P = P.reshape(1, 1) if P.shape in ((), (1,)) else P
    if P.shape != (n, n) or b.shape != ():
        raise InvalidInput(f"P and b of {where} must be ({n}, {n}) and one number, got {P.shape} and {b.shape}")
    return lambda x: np.atleast_1d(x @ P @ x - b)


CONSTRAINTS = {
    "default_constraint": (("lower_bounds", "upper_bounds"), _bounded),
    "bounded_constraint": (("lower_bounds", "upper_bounds"), _bounded),
    "linear_constraint": (("A", "b"), _half_spaces),
    "quadratic_constraint": (("P", "b"), _ball),
}


def constraint(spec, task) -> Constraint:
    """Of one entry of `constraints`; raises InvalidInput, UnknownName."""
    spec = entry("constraints", spec)
    form, kind = spec.get("constraint_form"), str(spec.get("constrained_variable")).lower()
    if form not in CONSTRAINTS:
        raise UnknownName("constraint_form", str(form), CONSTRAINTS)
    keys, made = CONSTRAINTS[form]
    for key in spec:
        if key not in (*COMMON, *keys):
            raise UnknownName(f"entry of {form}", key, (*COMMON, *keys))
    if kind not in ("state", "input"):
        raise UnknownName("constrained_variable", kind, ("state", "input"))
    box = task.box if kind == "state" else task.limits
    dims = _dims(spec.get("active_dims"), kind, box.shape[1])
    value = made(spec, box[0][dims], box[1][dims])
    decimals = spec.get("decimals", DECIMALS)
    if isinstance(decimals, bool) or not isinstance(decimals, int):
        raise InvalidInput(f"decimals of a constraint must be a whole number, got {decimals!r}")
    return Constraint(kind, lambda x: value(x[dims]), bool(spec.get("strict", False)), decimals)


def _dims(given, kind, n):
    """Indices of the variables that count."""
    if given is None:
        return np.arange(n)
    dims = np.atleast_1d(array("a constraint", "active_dims", given))
    if dims.ndim != 1 or (dims != np.round(dims)).any() or not len(dims) or dims.min() < 0 or dims.max() >= n:
        raise InvalidInput(f"active_dims of a constraint of the {kind} are 0 to {n - 1}, not {given!r}")
    return dims.astype(int)
