"""A problem's derivatives, as the solver uses them, against its functions called with numbers.

check_derivatives   every entry of every part, by complex step where its function takes complex numbers, or differences
DerivativeCheck     the answer: the worst entry by name, and all of them
Entry               one derivative
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.check import number, positive_whole
from robocalc.optimize.collocation import Collocation
from robocalc.optimize.lift import lifted
from robocalc.optimize.motion import guessed
from robocalc.optimize.objectives import needs_rates
from robocalc.optimize.problem import Problem
from robocalc.optimize.schemes import SCHEMES
from robocalc.optimize.symbols import casadi
from robocalc.optimize.trace import named, rates_of, running_of, with_parameters

TINY = 1e-30  # complex step
STEP = 6e-6  # of a variable's size: about eps^(1/3), best for central differences
AWAY = 0.3  # scales from the guess


@dataclass(frozen=True)
class Entry:
    """∂part/∂variable at time t [s]: exact as the solver has it, numeric from numbers; error relative to its row."""

    part: str
    variable: str
    exact: float
    numeric: float
    error: float
    t: float
    complex_step: bool

    def __str__(self):
        how = "complex step" if self.complex_step else "differences"
        return (
            f"d({self.part})/d({self.variable}) at t = {self.t:.4g} s: exact {self.exact:.9g}, "
            f"{how} {self.numeric:.9g}, relative error {self.error:.2g}"
        )


@dataclass(frozen=True)
class DerivativeCheck:
    """entries: of each derivative that is not zero the worst over all points, largest error first; tol: allowed."""

    entries: tuple
    tol: float

    @property
    def worst(self):
        """The Entry with the largest error; None where there are no derivatives."""
        return self.entries[0] if self.entries else None

    @property
    def ok(self) -> bool:
        return not self.entries or self.entries[0].error <= self.tol

    def __str__(self):
        word = "agree" if self.ok else "do not agree"
        return f"{len(self.entries)} derivatives {word} to {self.tol:g}; worst: {self.worst}"


def check_derivatives(problem, *, points=5, seed=0, tol=1e-6) -> DerivativeCheck:
    """Derivatives of dynamics, costs and constraints by states, inputs and parameters, at random points near the guess.

    points, seed   how many points, and which
    tol            relative error that is allowed
    raises         InvalidInput   what cannot be traced or is not finite
    """
    if not isinstance(problem, Problem):
        raise InvalidInput(f"problem must be a Problem, got {problem!r}")
    points, tol = positive_whole("points", points), number("tol", tol)
    problem = lifted(problem) if needs_rates(problem.running) else problem
    job, rng = Collocation(problem, SCHEMES["hermite_simpson"]), np.random.default_rng(seed)
    tau = rng.uniform(size=points)
    x, u, T, p = guessed(problem, tau)
    x = x + AWAY * job.scales[0] * rng.normal(size=x.shape)
    u = u + AWAY * job.scales[1] * rng.normal(size=u.shape)
    worst = {}
    for k in range(points):
        for entry in _at(problem, job, tau[k] * T, x[k], u[k], p):
            key = (entry.part, entry.variable)
            if key not in worst or not entry.error <= worst[key].error:
                worst[key] = entry
    order = sorted(worst.values(), key=lambda e: -np.nan_to_num(e.error, nan=np.inf))
    return DerivativeCheck(tuple(order), tol)


def _at(problem, job, t, x, u, p):
    """Entries at one point."""
    ca, names = casadi(), tuple(problem.parameter_ranges)
    variables = [*problem.state_names, *problem.input_names, *(f"parameter {n}" for n in names)]
    splits = np.cumsum([problem.nx, problem.nu])
    z = np.concatenate([x, u, p])
    for rows, numeric, exact in _parts(problem, job):
        sym = ca.SX.sym("z", len(z))
        value = exact(t, *ca.vertsplit(sym, [0, *splits.tolist(), len(z)]))
        J = np.array(ca.Function("J", [sym], [ca.densify(ca.jacobian(value, sym))])(z)).reshape(len(rows), len(z))

        def call(z, numeric=numeric):
            x, u, p = np.split(z, splits)
            return np.array([complex(v) for v in np.ravel(numeric(t, x, u, named(p, names)))])

        number_of, complex_step = _numeric(call, z, len(rows))
        if number_of is None:
            f = ca.Function("f", [sym], [value])
            number_of, complex_step = _differences(lambda z, f=f: np.array(f(z)).ravel(), z), False
        size = np.maximum(np.abs(J).max(axis=1), np.abs(number_of).max(axis=1))
        for (i, j), a in np.ndenumerate(J):
            b = number_of[i, j]
            if a or abs(b) > 1e-9 * size[i]:
                error = abs(a - b) / max(size[i], 1e-12)
                yield Entry(rows[i], variables[j], float(a), float(b), float(error), float(t), complex_step)


def _parts(problem, job):
    """(names of rows, function of numbers (t, x, u, p), function of symbols) of each part."""
    rate, gains = job.traced.rate, job.traced.gains
    yield [f"rate of {n}" for n in problem.state_names], _rates(problem), lambda *a: rate(*a)[0]
    if problem.running is not None:
        yield ["running cost"], running_of(problem), lambda *a: rate(*a)[1]
    if problem.terminal is not None:
        M = with_parameters("terminal", problem.terminal, 2)
        yield ["terminal cost"], lambda t, x, u, p: M(t, x, p), lambda *a: gains(*a)[3]
    for which, where in enumerate(("path", "initial", "final")):
        for path in (q for q in problem.paths if q.where == where):
            own = [k for k, (q, _) in enumerate(job.traced.rows[where]) if q is path]
            names = [path.name] if len(own) == 1 else [f"{path.name}[{i}]" for i in range(len(own))]
            g = with_parameters(f"constraint {path.name!r}", path.g, 3)
            yield names, g, lambda *a, which=which, own=own: gains(*a)[which][own]


def _rates(problem):
    """f(t, x, u, p) with numbers: a Robot's by its own compiled kernels."""
    d = problem.dynamics
    if problem.kind == "robot":
        force = lambda q, u: d.actuation(q) @ u  # noqa: E731
        return lambda t, x, u, p: np.concatenate([x[d.n :], d.forward_dynamics(x[: d.n], x[d.n :], force(x[: d.n], u))])
    return rates_of(problem)


def _numeric(call, z, rows):
    """(Jacobian (rows, n), whether by complex step), or (None, False) where the function takes no numbers."""
    try:
        f = call(z)
    except Exception:
        return None, False
    if len(f) != rows:
        return None, False
    try:
        with np.errstate(all="ignore"):
            step = [call(z + 1j * TINY * e) for e in np.eye(len(z))]
        if all(np.allclose(s.real, f.real, rtol=1e-12, atol=1e-12) for s in step):
            J = np.array(step).T.imag / TINY
            if np.isfinite(J).all() and np.allclose(J, _differences(lambda z: call(z).real, z), rtol=1e-3, atol=1e-3):
                return J, True
    except Exception:
        pass
    return _differences(lambda z: call(z).real, z), False


def _differences(f, z):
    h = STEP * np.maximum(1.0, np.abs(z))
    return np.array([(f(z + d) - f(z - d)) / (2 * h[i]) for i, d in enumerate(np.diag(h))]).T
