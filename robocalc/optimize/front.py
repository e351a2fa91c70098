"""Trade-offs: what one objective costs in another.

pareto   plans for many weightings of a problem's objectives, as a Front
costs    what a plan costs in each of several objectives
Front    weights, costs, plans, and which of them no other beats
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.check import positive_whole
from robocalc.optimize.objectives import find, needs_rates, weighted
from robocalc.optimize.problem import Problem
from robocalc.optimize.symbols import casadi, symbols
from robocalc.optimize.trace import named, traced, with_parameters

RANGE = 2.0  # decades of the ratio of two weights, to either side of even
GAUSS = 5  # points of an interval for the integral of a cost
TIE = 1e-7  # relative: costs closer than this are equal


@dataclass(frozen=True, eq=False)
class Front:
    """Rows, one for each weighting: weights and costs (M, k) in the order of `objectives`, and plans.

    best   (M,) whether it is solved and no other row is at least as good in all and better in one
    """

    objectives: tuple
    weights: np.ndarray
    costs: np.ndarray
    plans: tuple
    best: np.ndarray

    def __len__(self):
        return len(self.plans)

    def rows(self) -> list:
        """[{"weights": {...}, "costs": {...}, "best": bool, "plan": Plan}], one for each weighting."""
        return [
            {
                "weights": dict(zip(self.objectives, w.tolist(), strict=True)),
                "costs": dict(zip(self.objectives, c.tolist(), strict=True)),
                "best": bool(b),
                "plan": plan,
            }
            for w, c, b, plan in zip(self.weights, self.costs, self.best, self.plans, strict=True)
        ]

    def __str__(self):
        head = "  ".join(f"{name:>14}" for name in self.objectives)
        lines = [
            "  ".join(f"{c:14.6g}" for c in row) + ("  best" if b else "") for row, b in zip(self.costs, self.best)
        ]
        return "\n".join([head, *lines])


def pareto(problem, objectives=None, weights=11, **options) -> Front:
    """Plans for many weightings of several objectives.

    objectives   names in OBJECTIVES, or {name: L(t, x, u)}; None: those of the problem's `running`. A terminal cost of
                 the problem is added to each weighting as it is
    weights      how many weightings: for two objectives ratios from 1:100 to 100:1 of what each costs when both count
                 alike; or (M, k) of your own, at least 0
    options      of `solve`; each plan starts at the one before
    raises       InvalidInput, UnknownName
    """
    if not isinstance(problem, Problem):
        raise InvalidInput(f"problem must be a Problem, got {problem!r}")
    parts = _objectives(problem, objectives)
    names = tuple(parts)
    if np.ndim(weights) == 0:
        even = _solved(problem, parts, np.ones(len(names)), options)
        if not even.solved:
            even.raise_for_status()
        size = np.maximum(np.abs(_costs(problem, even, parts)), 1e-12)
        table = _shares(positive_whole("weights", weights), len(names)) / size
        last = even
    else:
        table, last = _own(weights, len(names)), None
    plans = []
    for row in table:
        plan = _solved(replace(problem, guess=last or problem.guess), parts, row, options)
        last = plan if plan.solved else last
        plans.append(plan)
    values = np.array([_costs(problem, p, parts) if p.states is not None else [np.nan] * len(names) for p in plans])
    return Front(names, table, values, tuple(plans), _best(values, np.array([p.solved for p in plans])))


def costs(problem, plan, objectives=None) -> dict:
    """{objective: its integral along a Plan}, exact for polynomials of degree 9 in each interval."""
    if plan.states is None:
        raise InvalidInput(f"the plan has no motion: {plan.status.value}")
    parts = _objectives(problem, objectives)
    return dict(zip(parts, _costs(problem, plan, parts).tolist(), strict=True))


def _objectives(problem, given) -> dict:
    """{name: L(t, x, u, w, p) or a name in OBJECTIVES}."""
    given = problem.running if given is None else given
    if isinstance(given, str):
        given = (given,)
    if not isinstance(given, Mapping | list | tuple):
        raise InvalidInput(f"objectives must be names or {{name: L(t, x, u)}}, got {given!r}")
    for name in given:
        if not (isinstance(given, Mapping) and callable(given[name])):
            find(name)
    if not given:
        raise InvalidInput("objectives must be at least one, got none")
    return {str(k): given[k] if isinstance(given, Mapping) and callable(given[k]) else None for k in given}


def _function(problem, name, own):
    """L(t, x, u, w, p) of one objective."""
    if own is None:
        return weighted(problem, name)
    L = with_parameters(f"objective {name!r}", own, 3)
    return lambda t, x, u, w, p: L(t, x, u, p)


def _solved(problem, parts, row, options):
    """The Plan for one weighting. Weights are parameters, so that all weightings share one solver."""
    from robocalc.optimize.solver import solve

    if any(own is None and needs_rates(name) for name, own in parts.items()):
        if any(own is not None for own in parts.values()):
            raise InvalidInput("objectives with rates of inputs (jerk, torque_change) go with others by name only")
        return solve(replace(problem, running=dict(zip(parts, map(float, row), strict=True))), **options)
    functions = [_function(problem, name, own) for name, own in parts.items()]
    keys = [f"weight of {name}" for name in parts]

    def running(t, x, u, p):
        return sum(p[key] * L(t, x, u, None, p) for key, L in zip(keys, functions, strict=True))

    weights = dict(zip(keys, map(float, row), strict=True))
    plan = solve(replace(problem, running=running, parameters={**problem.parameters, **weights}), **options)
    return replace(plan, parameters={k: v for k, v in plan.parameters.items() if k not in keys})


def _costs(problem, plan, parts):
    """(k,) integrals of the objectives along a plan."""
    ca = casadi()
    s, weight = np.polynomial.legendre.leggauss(GAUSS)
    knots = plan.states.knots
    h = np.diff(knots)[:, None]
    t = (knots[:-1, None] + h * (s + 1) / 2).ravel()
    x, u, w = plan.states(t), plan.inputs(t), plan.inputs(t, order=1)
    names = tuple(problem.parameter_ranges)
    SX = ca.SX.sym
    args = SX("t"), SX("x", problem.nx), SX("u", problem.nu), SX("w", problem.nu), SX("p", len(names))
    sym = [symbols(a) for a in args]
    inside = (sym[0][0], *sym[1:4], named(sym[4], names))
    L = [traced(f"objective {name!r}", _function(problem, name, own), inside, 1) for name, own in parts.items()]
    p = np.array([[plan.parameters[name]] for name in names]).reshape(len(names), 1)
    values = np.array(ca.Function("L", args, [ca.vertcat(*L)]).map(len(t))(t[None], x.T, u.T, w.T, p))
    return (values * (h / 2 * weight).ravel()).sum(axis=1)


def _shares(M, k):
    """(about M, k) weights that sum to 1."""
    if k == 1:
        return np.ones((1, 1))
    if k == 2:
        ratio = np.logspace(-RANGE, RANGE, M)[:, None]
        return np.hstack([1 / (1 + ratio), ratio / (1 + ratio)])
    parts = 1
    while _count(parts, k) < M:
        parts += 1
    bars = np.array(list(combinations(range(parts + k - 1), k - 1)))
    edges = np.hstack([-np.ones((len(bars), 1)), bars, np.full((len(bars), 1), parts + k - 1)])
    share = (np.diff(edges, axis=1) - 1) / parts
    return (share + 10**-RANGE) / (1 + k * 10**-RANGE)


def _count(parts, k):
    from math import comb

    return comb(parts + k - 1, k - 1)


def _own(weights, k):
    try:
        table = np.array(weights, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"weights must be a number of weightings or rows of {k} numbers, got {weights!r}") from None
    if table.ndim != 2 or table.shape[1] != k or not np.isfinite(table).all() or (table < 0).any():
        raise InvalidInput(f"weights must be rows of {k} finite numbers of at least 0, got {weights!r}")
    return table


def _best(values, solved):
    out = solved.copy()
    size = np.maximum(np.nanmax(np.abs(values), axis=0, initial=0.0), 1e-300)
    for i, mine in enumerate(values):
        for j in np.flatnonzero(solved):
            if out[i] and j != i:
                gap = (values[j] - mine) / size
                out[i] = not ((gap <= TIE).all() and (gap < -TIE).any())
    return out
