"""A plant given by equations ẋ = f(t, x, u), with its Jacobians, names and units.

System   frozen; `f`, `jac_x`, `jac_u` compiled on first use, `equations` the same in plain Python
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import FunctionType

import numpy as np

from robocalc.errors import InvalidInput, UnknownName


@dataclass(frozen=True, eq=False)
class System:
    """ẋ = f(t, x, u; p): nx states, nu inputs, parameters p by name.

    equations    (t, x, u, p) -> tuple of nx rates: indexes x and u and uses numpy's functions only, so it takes
                 floats, complex numbers, rows of batches and symbols alike
    jacobians    (t, x, u, p) -> (rows of ∂f/∂x, rows of ∂f/∂u), likewise
    states       {name: unit}, inputs {name: unit}, parameters {name: value} in the order of p
    units        {parameter: unit}
    rest         a state and input (x, u) at which f is zero, or None
    """

    name: str
    equations: Callable = field(repr=False)
    jacobians: Callable = field(repr=False)
    states: dict
    inputs: dict
    parameters: dict
    units: dict = field(default_factory=dict, repr=False)
    rest: tuple | None = None

    @property
    def nx(self) -> int:
        """Number of states."""
        return len(self.states)

    @property
    def nu(self) -> int:
        """Number of inputs."""
        return len(self.inputs)

    @cached_property
    def p(self) -> tuple:
        """Parameter values, in the order that `equations` expects."""
        return tuple(float(x) for x in self.parameters.values())

    def with_(self, **parameters) -> "System":
        """The same system with other parameter values; `rest` is worked out again by the caller where it changes."""
        for name, value in parameters.items():
            if name not in self.parameters:
                raise UnknownName(f"parameter of {self.name}", name, self.parameters)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not np.isfinite(value):
                raise InvalidInput(f"{name} of {self.name} must be a finite number, got {value!r}")
        return replace(self, parameters=self.parameters | parameters)

    # --- compiled: what integrators and optimizers call

    @cached_property
    def f(self):
        """Compiled (t, x (nx,), u (nu,)) -> (nx,)."""
        kernel, p = _compiled(self.equations), self.p
        from robocalc.jit import numba

        @numba.njit
        def f(t, x, u):
            return np.array(kernel(t, x, u, p))

        return f

    @cached_property
    def jac_x(self):
        """Compiled (t, x, u) -> ∂f/∂x (nx, nx)."""
        return self._jacobian(0)

    @cached_property
    def jac_u(self):
        """Compiled (t, x, u) -> ∂f/∂u (nx, nu)."""
        return self._jacobian(1)

    def _jacobian(self, which):
        kernel, p, shape = _compiled(self.jacobians), self.p, (self.nx, (self.nx, self.nu)[which])
        from robocalc.jit import numba

        @numba.njit
        def jacobian(t, x, u):
            out = np.empty(shape)
            rows = kernel(t, x, u, p)[which]
            for i, row in enumerate(rows):
                for j, value in enumerate(row):
                    out[i, j] = value
            return out

        return jacobian

    # --- for people: checked, one state or a batch

    def rates(self, t, x, u) -> np.ndarray:
        """ẋ (nx,) or (N, nx) for x (nx,) or (N, nx), u (nu,) or (N, nu), t a number or (N,).

        raises    InvalidInput   shapes, values that are not finite
        """
        t, x, u, single = self._rows(t, x, u)
        columns = self.equations(t, x.T, u.T, self.p)
        out = np.stack([np.broadcast_to(c, len(x)) for c in columns], axis=1)
        return out[0] if single else out

    def linearise(self, t, x, u):
        """A = ∂f/∂x (nx, nx), B = ∂f/∂u (nx, nu), or with a leading N; arguments as for `rates`."""
        t, x, u, single = self._rows(t, x, u)
        out = []
        for rows in self.jacobians(t, x.T, u.T, self.p):
            M = np.stack([np.stack([np.broadcast_to(c, len(x)) for c in row], axis=1) for row in rows], axis=1)
            out.append(M[0] if single else M)
        return tuple(out)

    def _rows(self, t, x, u):
        x, u = self._checked("x", x, self.states), self._checked("u", u, self.inputs)
        t = np.asarray(t, dtype=float)
        single = x.ndim == 1 and u.ndim == 1 and t.ndim == 0
        x, u = np.atleast_2d(x), np.atleast_2d(u)
        N = max(len(x), len(u), t.size)
        if any(k not in (1, N) for k in (len(x), len(u), t.size)) or not np.isfinite(t).all():
            told = f"{t.size}, {len(x)}, {len(u)}"
            raise InvalidInput(f"{self.name}: t, x, u must be finite and of as many rows, got {told}")
        return t, np.broadcast_to(x, (N, self.nx)), np.broadcast_to(u, (N, self.nu)), single

    def _checked(self, what, value, names):
        try:
            value = np.asarray(value, dtype=float)
        except (TypeError, ValueError):
            raise InvalidInput(f"{self.name}: {what} must be numbers ({', '.join(names)}), got {value!r}") from None
        if value.ndim not in (1, 2) or value.shape[-1] != len(names):
            told = f"({len(names)},) or (N, {len(names)}): {', '.join(names)}"
            raise InvalidInput(f"{self.name}: {what} must have shape {told}; got {value.shape}")
        if not np.isfinite(value).all():
            bad = list(names)[int(np.argwhere(~np.isfinite(value))[0][-1])]
            raise InvalidInput(f"{self.name}: {bad} in {what} is not finite")
        return value


def positive(system: str, **values):
    """InvalidInput for the first parameter that is not a finite number greater than 0."""
    for name, x in values.items():
        if isinstance(x, bool) or not isinstance(x, int | float | np.number) or not np.isfinite(x) or x <= 0:
            raise InvalidInput(f"{name} of {system} must be a number greater than 0, got {x!r}")


_kernels = {}


def _compiled(function):
    """The njit form of a function and of the plain functions that it calls, one per process."""
    if function in _kernels or not isinstance(function, FunctionType):
        return _kernels.get(function, function)
    from robocalc.jit import njit, numba

    space = dict(function.__globals__)
    for name in function.__code__.co_names:
        if isinstance(space.get(name), FunctionType):
            space[name] = _compiled(space[name])
    twin = FunctionType(function.__code__, space, function.__name__, function.__defaults__, function.__closure__)
    twin.__qualname__, twin.__module__ = function.__qualname__, function.__module__
    try:
        _kernels[function] = njit(twin)
    except RuntimeError:  # typed at a prompt: nowhere to keep the compiled form
        _kernels[function] = numba.njit(twin, error_model="numpy")
    return _kernels[function]
