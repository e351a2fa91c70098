"""A problem's functions as machine code for the passes, with exact derivatives.

    Code      addresses, sizes and names; what is not dynamics may be empty
    written   a Problem to that: its running cost, constraints and, unless the dynamics are compiled already, its rates

A free duration and free parameters are states that do not change, at the end of x: their start is free.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.ddp.reach import EndCost, ReachCost
from robocalc.optimize.symbols import casadi, symbols
from robocalc.optimize.trace import named, rates_of, running_of, traced, with_parameters


@dataclass(frozen=True, eq=False)
class Code:
    """nx, nu   with the states that stand for duration and parameters
    words       (9,) int64: addresses of values and derivatives at a node, then at the end; rows ng, ne; addresses of
                the curvature of dynamics and rows at a node, of rows at the end; 1: Runge-Kutta steps for a robot
    along, end  [(Path, entry)] of the rows: ng that hold at nodes, ne that hold at the end
    functions   CasADi's (t, x, u, p) -> (L, g, f) of a node, and -> (M, e) of the end
    free_time   whether the duration is a state: then time runs from 0 to 1
    kept        what must live as long as the addresses are used
    """

    nx: int
    nu: int
    words: np.ndarray
    along: tuple
    end: tuple
    functions: tuple
    free_time: bool
    free: tuple
    kept: tuple


def written(problem, dynamics=True) -> Code:
    """Code of a Problem; without `dynamics` of its costs and constraints alone. Raises InvalidInput by name."""
    ca, SX = casadi(), casadi().SX
    lo, hi = problem.duration_range
    ranges = problem.parameter_ranges
    free_time, free = lo < hi, tuple(k for k, (a, b) in ranges.items() if a < b)
    if (free_time or free) and not dynamics:
        raise InvalidInput("a free duration or parameter needs the equations of the dynamics")  # never from outside
    nx = problem.nx + free_time + len(free)
    s, x, u, p = SX.sym("s"), SX.sym("x", nx), SX.sym("u", problem.nu), SX.sym("p", len(ranges))
    T = x[problem.nx] if free_time else SX(1)
    values = [x[problem.nx + free_time + free.index(k)] if k in free else p[i] for i, k in enumerate(ranges)]
    inner = x[: problem.nx]
    args = (symbols(s * T)[0], symbols(inner), symbols(u), named(symbols(ca.vertcat(*values)), tuple(ranges)))
    L = SX(0) if _fast(problem.running) else T * traced("running", running_of(problem), args, 1)
    along, g = _rows(problem, ("path", "initial"), args)
    f = SX(0, 1)
    if dynamics:
        f = ca.vertcat(T * traced("dynamics", rates_of(problem), args, problem.nx), SX(nx - problem.nx, 1))
    last = (symbols(T if free_time else s)[0], *args[1:])
    end, e = _rows(problem, ("final", "path"), last)
    e, end = _at_the_end(end, e, u)
    M = SX(0)
    if not _fast(problem.terminal):
        M = traced("terminal", with_parameters("terminal", problem.terminal, 2), (last[0], args[1], args[3]), 1)
    node, final = ca.Function("node", [s, x, u, p], [L, g, f]), ca.Function("final", [s, x, u, p], [M, e])
    words, kept = np.zeros(9, np.int64), []
    words[4:6] = g.numel(), e.numel()
    if dynamics or g.numel() or not (L.is_constant() and float(L) == 0):
        words[:2] = _emit(kept, (s, x, u, p), ca.vertcat(x, u), L, g, f)
    if dynamics or e.numel() or not (M.is_constant() and float(M) == 0):
        words[2:4] = _emit(kept, (s, x, u, p), x, M, e, SX(0, 1))
    if dynamics:
        words[6] = _curved(kept, (s, x, u, p), ca.vertcat(x, u), ca.vertcat(f, g))
        words[7] = _curved(kept, (s, x, u, p), x, e)
    return Code(nx, problem.nu, words, along, end, (node, final), free_time, free, tuple(kept))


def _fast(cost):
    """Whether the passes know the cost themselves, or there is none."""
    return cost is None or isinstance(cost, ReachCost | EndCost)


def _emit(kept, args, z, L, g, f):
    """Addresses of (L, g, f) and of (L, g, ∇L, ∇²L, ∂g/∂z, f, ∂f/∂z), matrices row by row."""
    from robocalc.optimize.ddp.emit import emitted

    ca = casadi()
    H, grad = ca.hessian(L, z)
    rows = [ca.vec(ca.densify(ca.jacobian(v, z)).T) for v in (g, f)]
    for parts in ([L, g, f], [L, g, grad, ca.vec(H), rows[0], f, rows[1]]):
        kept.append(emitted(ca.Function("f", list(args), [ca.vertcat(*(ca.densify(v) for v in parts))])))
    return [e.address for e in kept[-2:]]


def _curved(kept, args, z, values):
    """Address of the Hessian of wᵀ values by z, row by row, with w after the parameters; 0 where it is always zero."""
    from robocalc.optimize.ddp.emit import emitted

    ca = casadi()
    *rest, p = args
    w = ca.SX.sym("w", values.numel())
    H = ca.hessian(ca.dot(w, ca.densify(values)), z)[0]
    if not values.numel() or H.nnz() == 0:
        return 0
    kept.append(emitted(ca.Function("f", [*rest, ca.vertcat(p, w)], [ca.vec(ca.densify(H))])))
    return kept[-1].address


def _rows(problem, wheres, args):
    """([(Path, entry)], column) of the constraints that hold there."""
    ca, rows, parts = casadi(), [], []
    for path in problem.paths:
        if path.where in wheres:
            name = f"constraint {path.name!r}"
            g = traced(name, with_parameters(name, path.g, 3), args)
            if path.lo.size not in (1, g.numel()):
                raise InvalidInput(f"{name} returns {g.numel()} values, but its bounds have {path.lo.size}")
            rows += [(path, i) for i in range(g.numel())]
            parts.append(g)
    return tuple(rows), ca.vertcat(*parts) if parts else ca.SX(0, 1)


def _at_the_end(rows, e, u):
    """The rows that can hold at the last node, where there is no input any more."""
    ca, kept = casadi(), []
    for k, (path, _) in enumerate(rows):
        if not any(ca.which_depends(e[k], u, 1, True)):
            kept.append(k)
        elif path.where == "final":
            raise InvalidInput(
                f"constraint {path.name!r} at the end depends on the inputs, which method='ddp' cannot hold there: "
                "use method='collocation'"
            )
    return (e[kept] if kept else ca.SX(0, 1)), tuple(rows[k] for k in kept)
