"""From what the user gave to a Field: compiled functions, Python functions, Systems, robots under a law."""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.events import caller
from robocalc.ode.rhs import Field, compiled_field, form_of, is_compiled, python_field


@dataclass
class PythonField:
    """A Python right-hand side before it is known whether kernels need it (address 0 until then)."""

    function: object  # as the user gave it
    form: str
    python: object  # (t, y, p) -> values
    address: int = 0
    compiled: bool = False

    def raise_failure(self):
        """A Python function called from Python raises by itself."""

    def as_callback(self, n) -> Field:
        return python_field(self.python, n)


def resolve(f):
    """A System's or robot's right-hand side as a function; anything callable as it is. Raises InvalidInput."""
    if isinstance(f, (Field, PythonField)) or callable(f):
        return f
    if isinstance(f, tuple) and len(f) == 2 and hasattr(f[0], "forward_dynamics"):
        return under_law(*f)
    if hasattr(f, "forward_dynamics"):
        return under_law(f, None)
    if callable(getattr(f, "f", None)):
        return f.f
    raise InvalidInput(
        f"the right-hand side must be a function f(t, y), a System or (robot, law), got {type(f).__name__}"
    )


def under_law(robot, law):
    """ẏ of y = (q, v) for a robot (forward_dynamics, n) whose torque is law(t, q, v); no torque for None."""
    n, still = robot.n, np.zeros(robot.n)

    def closed_loop(t, y):
        q, v = y[:n], y[n:]
        tau = still if law is None else np.asarray(law(t, q, v), dtype=float)
        return np.concatenate([v, robot.forward_dynamics(q, v, tau)])

    return closed_loop


def make_field(f, n, params, compiled=None):
    """(Field or PythonField, p). Raises InvalidInput."""
    if isinstance(f, Field):
        return f, params
    if not is_compiled(f):
        f = resolve(f)
    if compiled and not is_compiled(f):
        from robocalc.jit import numba

        f = _jitted(f, numba)
    if is_compiled(f) and compiled is not False:
        return compiled_field(f, form_of(f)), params
    function = f.py_func if compiled is False and is_compiled(f) else f
    if hasattr(function, "py_func"):
        function = function.py_func
    if is_compiled(f) and form_of(f) == "typo":
        return PythonField(f, "typo", _in_place(f.py_func, n)), params
    form = form_of(function)
    if form == "ty" and len(params):
        raise InvalidInput(f"p has {len(params)} values, but f(t, y) takes no parameters: write f(t, y, p)")
    return PythonField(function, form, caller(function, form)), params


def _in_place(function, n):
    def call(t, y, p):
        out = np.empty(n)
        function(t, y, p, out)
        return out

    return call


_jitted_known = {}


def _jitted(f, numba):
    if f not in _jitted_known:
        _jitted_known[f] = numba.njit(error_model="numpy")(f)
    return _jitted_known[f]
