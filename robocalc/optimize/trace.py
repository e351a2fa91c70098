"""A problem's functions as CasADi expressions, scaled, with exact derivatives; one point of the motion at a time.

    Traced   rates, cost and constraints at one point, at the start and at the end, as CasADi Functions
    trace    a Problem to that; what cannot be traced is refused by name

Unknowns of a point are w = (x̂, û, θ): state and input over their scales, and what is free for the whole motion
(duration, parameters). Data are d = (fixed duration, fixed parameters, scales of x, scales of u).
"""

import inspect
from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput, RobocalcError
from robocalc.optimize.symbols import UNTRACED, casadi, expression, symbols
from robocalc.optimize.tracing import tracing


class Named(np.ndarray):
    """Parameters in their order, or by name."""

    def __getitem__(self, key):
        return super().__getitem__(self.names.index(key) if isinstance(key, str) else key)

    def __array_finalize__(self, other):
        self.names = getattr(other, "names", ())


def named(values, names):
    """Array of values that also takes names."""
    out = np.asarray(values).view(Named)
    out.names = tuple(names)
    return out


def arguments(function) -> int:
    """How many positional arguments a function takes; 3 where it does not say."""
    try:
        kinds = [p.kind for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    except (TypeError, ValueError):
        return 3
    return sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)


def rates_of(problem):
    """f(t, x, u, p) of a problem's dynamics."""
    d = problem.dynamics
    if problem.kind == "system":
        return lambda t, x, u, p: d.equations(t, x, u, d.p)
    if problem.kind == "robot":
        from robocalc.optimize.rigid import forces, rates

        forces(d)  # built now: numpy is not itself while functions are traced
        return lambda t, x, u, p: rates(d, x, u)
    return with_parameters("dynamics", d, 3)


def with_parameters(name, function, least):
    """The function, called with parameters only if it takes one argument more than `least`."""
    function = getattr(function, "py_func", function)  # numba's compiled functions keep the Python one
    count = arguments(function)
    if count not in (least, least + 1):
        wanted = "(T, x)" if least == 2 else "(t, x, u)"
        raise InvalidInput(f"{name} must take {wanted}, or the parameters p as well; it takes {count} arguments")
    return (lambda *a: function(*a)) if count == least + 1 else (lambda *a: function(*a[:-1]))


@dataclass(frozen=True, eq=False)
class Traced:
    """Sizes, names and Functions of w = (x̂, û, θ), τ = t / T and d.

    sizes     nx, nu, nt (of θ), nd (of d)
    free_time   whether θ starts with the duration
    rows      {"path" | "initial" | "final": [(name of the constraint, index in it)]}
    point     (x̂, û, θ, τ, d) -> x̂' T, L T, g
    start, end  -> cost, constraints at the two ends
    rate      (t, x, u, p) -> ẋ, L, unscaled: for integrators and checks
    key       what this is, as text: equal for problems of equal structure
    """

    nx: int
    nu: int
    nt: int
    nd: int
    free_time: bool
    free: tuple
    fixed: tuple
    rows: dict
    point: object
    start: object
    end: object
    rate: object
    gains: object
    key: str


def trace(problem) -> Traced:
    """The problem's functions as expressions. Raises InvalidInput where one cannot be traced or has a wrong size."""
    ca = casadi()
    nx, nu = problem.nx, problem.nu
    lo, hi = problem.duration_range
    free_time = lo < hi
    free = tuple(k for k, (a, b) in problem.parameter_ranges.items() if a < b)
    fixed = tuple(k for k, (a, b) in problem.parameter_ranges.items() if a == b)
    nt, nd = free_time + len(free), (not free_time) + len(fixed) + nx + nu
    SX = ca.SX
    xs, us, theta, tau, data = (SX.sym(s, k) for s, k in (("x", nx), ("u", nu), ("theta", nt), ("tau", 1), ("d", nd)))
    T = theta[0] if free_time else data[0]
    values = {k: theta[free_time + i] for i, k in enumerate(free)}
    values |= {k: data[(not free_time) + i] for i, k in enumerate(fixed)}
    names = tuple(problem.parameter_ranges)
    pv = ca.vertcat(*(values[k] for k in names)) if names else SX(0, 1)
    sx, su = data[nd - nx - nu : nd - nu], data[nd - nu :]

    # unscaled, once: everything else is made of these
    t, x, u, p = SX.sym("t"), SX.sym("x", nx), SX.sym("u", nu), SX.sym("p", len(names))
    args = (symbols(t)[0], symbols(x), symbols(u), named(symbols(p), names))
    f = traced("dynamics", rates_of(problem), args, nx)
    L = SX(0) if problem.running is None else traced("running", running_of(problem), args, 1)
    rows, parts = {}, {}
    for where in ("path", "initial", "final"):
        rows[where], parts[where] = _constraints(problem, where, args)
    M = SX(0)
    if problem.terminal is not None:
        M = traced("terminal", with_parameters("terminal", problem.terminal, 2), (args[0], args[1], args[3]), 1)
    rate = ca.Function("rate", [t, x, u, p], [f, L])
    gains = ca.Function(
        "gains", [t, x, u, p], [ca.vertcat(parts["path"]), ca.vertcat(parts["initial"]), parts["final"], M]
    )

    def scaled(parts, when):
        return ca.substitute(parts, [t, x, u, p], [when, sx * xs, su * us, pv])

    w = [xs, us, theta]
    body = scaled([f, L, parts["path"]], T * tau)
    point = ca.Function("point", [*w, tau, data], [T * body[0] / sx, T * body[1], body[2]])
    start = ca.Function("start", [*w, tau, data], [SX(0, 1), SX(0), scaled([parts["initial"]], SX(0))[0]])
    last = scaled([parts["final"], M], T)
    end = ca.Function("end", [*w, tau, data], [SX(0, 1), last[1], last[0]])
    key = "|".join([point.serialize(), start.serialize(), end.serialize(), str((nx, nu, nt, nd))])
    return Traced(nx, nu, nt, nd, free_time, free, fixed, rows, point, start, end, rate, gains, key)


def running_of(problem):
    """L(t, x, u, p): the user's function, or a built-in objective."""
    if not callable(problem.running):
        from robocalc.optimize.objectives import weighted

        L = weighted(problem, problem.running)
        return lambda t, x, u, p: L(t, x, u, None, p)
    return with_parameters("running", problem.running, 3)


def traced(name, function, args, size=None):
    """The function's value on symbols as an SX column of `size` entries, or InvalidInput with its name."""
    try:
        with tracing():
            out = expression(function(*args))
    except RobocalcError as error:
        raise InvalidInput(f"{name}: {error}") from None
    except Exception as error:
        raise InvalidInput(f"{name}: {UNTRACED}; it raised {type(error).__name__}: {error}") from error
    if size is not None and out.numel() != size:
        raise InvalidInput(f"{name} must return {size} value{'s' * (size > 1)}, got {out.numel()}")
    return out


def _constraints(problem, where, args):
    ca, rows, parts = casadi(), [], []
    for path in problem.paths:
        if path.where == where:
            name = f"constraint {path.name!r}"
            g = traced(name, with_parameters(name, path.g, 3), args)
            if path.lo.size not in (1, g.numel()):
                raise InvalidInput(f"{name} returns {g.numel()} values, but its bounds have {path.lo.size}")
            rows += [(path, i) for i in range(g.numel())]
            parts.append(g)
    return rows, ca.vertcat(*parts) if parts else ca.SX(0, 1)
