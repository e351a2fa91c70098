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


def unpack(f, p, jac, states=None):
    """(f, p, jac) of a System: its compiled f and Jacobians, p its input (zeros for None). Others as they are.

    raises   InvalidInput   the state or the input has another length than the System's
    """
    if is_compiled(f) or not hasattr(f, "nu") or not callable(getattr(f, "f", None)):
        return f, p, jac
    names = list(getattr(f, "inputs", ()))
    told = f" ({', '.join(names)})" if names else ""
    if p is None:
        p = np.zeros(f.nu)
    elif np.shape(p)[-1:] != (f.nu,):
        raise InvalidInput(f"the input p of {_name(f)} must hold {f.nu} numbers{told}, got shape {np.shape(p)}")
    if states is not None and hasattr(f, "nx") and states != f.nx:
        raise InvalidInput(f"the state of {_name(f)} must hold {f.nx} numbers ({', '.join(f.states)}), got {states}")
    if jac is None and hasattr(f, "jac_x") and hasattr(f, "jac_u"):
        jac = (f.jac_x, f.jac_u)
    return f.f, p, jac


def _name(system):
    return getattr(system, "name", type(system).__name__)


def resolve(f):
    """A robot's right-hand side as a function; anything callable as it is. Raises InvalidInput."""
    if isinstance(f, (Field, PythonField)) or callable(f):
        return f
    if isinstance(f, tuple) and 2 <= len(f) <= 3 and hasattr(f[0], "forward_dynamics"):
        return under_law(*f)
    if hasattr(f, "forward_dynamics"):
        return under_law(f, None)
    if callable(getattr(f, "f", None)):
        return f.f
    raise InvalidInput(
        f"the right-hand side must be a function f(t, y), a System or (robot, law), got {type(f).__name__}"
    )


def under_law(robot, law, reference=None):
    """ẏ of y = (q, v) for a robot (forward_dynamics, n) under a law.

    law         tau = law(t, q, v); a Law of robocalc.control (step, gains, memory); None: no torque
    reference   for a Law: a trajectory reference(t, order) -> (n,); None: hold zero
    """
    n, still = robot.n, np.zeros(robot.n)
    torque = sampled_law(robot, law, reference) if hasattr(law, "step") else law

    def closed_loop(t, y):
        q, v = y[:n], y[n:]
        tau = still if torque is None else np.asarray(torque(t, q, v), dtype=float)
        return np.concatenate([v, robot.forward_dynamics(q, v, tau)])

    return closed_loop


def sampled_law(robot, law, reference):
    """A Law's step as tau(t, q, v), taken at every instant: the limit of a short control period.

    raises   InvalidInput   its feed-forward needs more than the robot and the reference
    """
    kinds = ("none", "gravity", "inverse_dynamics")
    if law.feedforward not in kinds:
        raise InvalidInput(f"under an ODE a law's feedforward must be one of {kinds}, got {law.feedforward!r}")
    n, model, memory = robot.n, robot.model(), law.memory.copy()
    ref, tau = np.zeros((6, n)), np.zeros(n)

    def torque(t, q, v):
        if reference is not None:
            ref[0] = ref[2] = reference(t, 0)
            ref[1] = ref[3] = reference(t, 1)
            ref[4] = reference(t, 2)
        if law.feedforward == "gravity":
            ref[5] = robot.gravity(ref[2])
        elif law.feedforward == "inverse_dynamics":
            ref[5] = robot.inverse_dynamics(ref[2], ref[3], ref[4])
        law.step(model, law.gains, memory, t, q.copy(), v.copy(), ref, tau)
        return tau.copy()

    return torque


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
