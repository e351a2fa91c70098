"""Why there is no motion: the problem with every bound and constraint elastic, and what gives way.

    elastic    a Problem with one allowance for each named constraint, least in sum; the dynamics stay exact
    bad_start  constraints that the fixed start itself breaks
    blamed     its solution as Violations, the largest first, each at the time where the constraint presses most

The allowance of a constraint is one number for the whole motion, in units of the constraint's own size. So the answer
reads: "with 3.1 N m more torque it can be done". The ends of the motion are the task: they give way last.
"""

from dataclasses import dataclass, replace

import numpy as np

from robocalc.optimize.collocation import Collocation
from robocalc.optimize.plan import Violation
from robocalc.optimize.symbols import casadi
from robocalc.optimize.violations import bound_name, said

TASK = 100.0  # price of missing an end, over that of exceeding a bound
NAMED = 0.5  # price of a constraint that the user named: the likelier one to be wrong
NOTHING = 1e-5  # relative allowance that counts as none
SMOOTH = 1e-6  # price of inputs: decides where constraints do not


@dataclass(frozen=True)
class Elastic:
    """One constraint that gives way: its name in messages, unit, size, and price."""

    name: str
    unit: str
    size: float
    price: float


def _size(values):
    finite = [abs(v) for v in np.ravel(values) if np.isfinite(v)]
    return max([v for v in finite if v > 0], default=1.0)


def elastic(problem, scales, counts):
    """(Problem with allowances as its last parameters, {parameter: Elastic}); counts: values of named constraints."""
    own = len(problem.parameter_ranges)
    groups, constraints = {}, {}

    def add(elastic, g, lo, hi, where):
        key = f"allowance {len(groups)}"
        k, size = own + len(groups), elastic.size
        groups[key] = elastic
        constraints[key] = (_allowed(g, k, size), *_both(lo, hi), where)

    for kind, bounds, units, scale in zip(
        ("state", "input"), (problem.x_bounds, problem.u_bounds), problem.units, scales, strict=True
    ):
        for i in range(bounds.shape[1]):
            lo, hi = bounds[:, i]
            if np.isfinite(lo) or np.isfinite(hi):
                size = max(_size((lo, hi)), 1e-3 * scale[i])
                add(Elastic(bound_name(problem, kind, i), units[i], size, 1.0), _entry(kind, i), [lo], [hi], "path")
    for path in problem.paths:
        if path.name in problem.firm:
            constraints[path.name] = problem.constraints[path.name]
            continue
        lo, hi = (np.broadcast_to(side.ravel(), counts[path.name]) for side in (path.lo, path.hi))
        add(Elastic(path.name, "", _size((lo, hi)), NAMED), _with_p(path), lo, hi, path.where)
    for word, end in zip(("initial", "final"), problem.ends, strict=True):
        for i, name in enumerate(problem.state_names):
            lo, hi = end[:, i]
            if np.isfinite(lo) or np.isfinite(hi):
                size = max(_size((lo, hi)), scales[0][i])
                price = TASK if word == "final" else 10 * TASK
                add(Elastic(f"{word} {name}", problem.units[0][i], size, price), _entry("state", i), [lo], [hi], word)
    prices = np.array([e.price for e in groups.values()])
    su = scales[1]
    relaxed = replace(
        problem,
        initial=None,
        final=None,
        running=lambda t, x, u: SMOOTH * sum((u[i] / su[i]) ** 2 for i in range(len(su))),
        terminal=lambda T, x, p: sum(c * p[own + i] for i, c in enumerate(prices)),
        state_bounds=(-np.inf, np.inf),
        input_bounds=(-np.inf, np.inf),
        constraints=constraints,
        parameters={**problem.parameters, **dict.fromkeys(groups, (0.0, np.inf))},
        guess=None,
    )
    return relaxed, groups


def _both(lo, hi):
    """Bounds of (g - s, g + s): the first must stay below hi, the second above lo."""
    lo, hi = np.atleast_1d(lo).astype(float), np.atleast_1d(hi).astype(float)
    none = np.full(len(lo), np.inf)
    return np.concatenate([-none, lo]), np.concatenate([hi, none])


def _entry(kind, i):
    return (lambda t, x, u, p: [x[i]]) if kind == "state" else (lambda t, x, u, p: [u[i]])


def _with_p(path):
    from robocalc.optimize.trace import with_parameters

    return with_parameters(f"constraint {path.name!r}", path.g, 3)


def _allowed(g, k, size):
    def constraint(t, x, u, p):
        value = g(t, x, u, p)
        sx = type(value).__name__ == "SX"  # numpy would take it for a sequence
        values = [value[i] for i in range(value.numel())] if sx else list(np.ravel(np.array(value, dtype=object)))
        return [v - size * p[k] for v in values] + [v + size * p[k] for v in values]

    return constraint


def relaxed_solution(job, K, h, start):
    """(Attempt at the elastic problem, its Collocation, groups)."""
    names = [path.name for rows in job.traced.rows.values() for path, _ in rows]
    problem, groups = elastic(job.problem, job.scales, {name: names.count(name) for name in names})
    soft = Collocation(problem, job.scheme, job.options["max_iter"])
    x, u, T, p = start
    return soft.solve(K, h, (x, u, T, np.append(p, np.ones(len(groups))))), soft, groups


def blamed(attempt, soft, groups) -> tuple:
    """Violations of the constraints that had to give way, the largest relative to its size first."""
    motion, pr = attempt.motion, attempt.motion.program
    given = motion.p[len(motion.p) - len(groups) :]
    found = []
    rows = {where: soft.traced.rows[where] for where in ("path", "initial", "final")}
    for (key, e), s in zip(groups.items(), given, strict=True):
        if s > NOTHING:
            t = when(attempt, pr, rows, key)
            k = int(np.argmin(abs(motion.knots - t)))
            amount = float(s * e.size)
            found.append((e.price * s, Violation(e.name, amount, e.unit, float(t), said(e.name, amount, e.unit, t), k)))
    return tuple(v for _, v in sorted(found, key=lambda pair: -pair[0]))


def pressed(attempt, groups) -> dict:
    """{allowance: how much its constraint presses on the elastic motion}: the sum of its multipliers' sizes."""
    pr, rows, out = attempt.motion.program, attempt.motion.program.traced.rows, dict.fromkeys(groups, 0.0)
    places = {"path": pr.path_rows.T, "initial": pr.end_rows[0], "final": pr.end_rows[1]}
    for where, at in places.items():
        for (path, _), place in zip(rows[where], at, strict=True):
            if path.name not in groups:
                continue
            out[path.name] += groups[path.name].size * float(np.abs(attempt.rows[place]).sum())
    return out


def when(attempt, pr, rows, key):
    """Time where the multipliers of an allowance's constraint are largest [s]."""
    motion = attempt.motion
    mine = [i for i, (path, _) in enumerate(rows["path"]) if path.name == key]
    if mine:
        press = np.abs(attempt.rows[pr.path_rows[:, mine]]).sum(axis=1)
        press /= np.maximum(pr.weights @ motion.h, 1e-12 + (pr.weights == 0).all(axis=1))  # a density in time
        return motion.t[int(np.argmax(press >= 0.999 * press.max()))]  # the first of equals
    return 0.0 if any(path.name == key for path, _ in rows["initial"]) else motion.T


def bad_start(job) -> tuple:
    """Violations of path constraints, of x and t alone, by a start that is fixed: no motion can mend them."""
    ca, problem, traced = casadi(), job.problem, job.traced
    lo, hi = problem.ends[0]
    if not (lo == hi).all() or not traced.rows["path"]:
        return ()
    args = [ca.SX.sym(f"a{i}", traced.gains.size1_in(i)) for i in range(4)]
    g = ca.densify(traced.gains(*args)[0])
    p = [(a + b) / 2 if a == b else np.nan for a, b in problem.parameter_ranges.values()]
    value = np.array(traced.gains(0.0, lo, np.zeros(problem.nu), p)[0]).ravel()
    found = []
    for k, (path, i) in enumerate(traced.rows["path"]):
        low, high = (np.ravel(b)[i if b.size > 1 else 0] for b in (path.lo, path.hi))
        beyond = max(low - value[k], value[k] - high)
        size = _size((low, high))
        if beyond > NOTHING * size and not any(ca.which_depends(g[k], args[2], 1, True)):
            found.append((beyond / size, Violation(path.name, float(beyond), "", 0.0, knot=0)))
    return tuple(v for _, v in sorted(found, key=lambda pair: -pair[0]))
