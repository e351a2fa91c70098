"""Several phases as one problem.

stacked   Problem on t from 0 to 1: states and inputs of all phases side by side, each phase's rates times its duration
Stack     where the parts of each phase are
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.motion import guessed
from robocalc.optimize.objectives import needs_rates
from robocalc.optimize.problem import Problem
from robocalc.optimize.trace import named, rates_of, running_of, with_parameters

GUESSED = 101  # samples of a guess


def lasts(name) -> str:
    """Name of the parameter that is the duration of a phase."""
    return f"duration of {name}"


class Stack:
    """Where the parts of each phase are, and its functions of what all phases share."""

    def __init__(self, whole):
        self.whole, self.problems = whole, list(whole.problems.values())
        for name, problem in whole.problems.items():
            if needs_rates(problem.running):
                raise InvalidInput(
                    f"phase {name!r}: an objective with rates of inputs (jerk, torque_change) does not go with phases; "
                    "make the inputs states"
                )
        ends = [np.cumsum([0, *(getattr(p, n) for p in self.problems)]) for n in ("nx", "nu")]
        self.x, self.u = ([slice(a, b) for a, b in pairwise(e)] for e in ends)

    def own(self, i, p):
        """The parameters of phase i out of all."""
        names = tuple(self.problems[i].parameter_ranges)
        values = np.empty(len(names), dtype=object)
        for k, name in enumerate(names):
            values[k] = p[name]
        return named(values, names)

    def last(self, i, p):
        """Duration of phase i."""
        return p[lasts(self.whole.names[i])]

    def of(self, i, function):
        """f(t, x, u, p) of phase i as a function of the stacked t, x, u, p."""
        return lambda t, x, u, p: function(self.last(i, p) * t, x[self.x[i]], u[self.u[i]], self.own(i, p))


def stacked(whole) -> Problem:
    """The Problem of Phases."""
    s = Stack(whole)
    rates = [s.of(i, rates_of(p)) for i, p in enumerate(s.problems)]
    costs = [(i, s.of(i, running_of(p))) for i, p in enumerate(s.problems) if p.running is not None]
    parameters, constraints = _parameters(s), _constraints(s)
    own = len(constraints)
    _tie(s, parameters, constraints)

    def dynamics(t, x, u, p):
        return [s.last(i, p) * v for i, f in enumerate(rates) for v in _each(f(t, x, u, p), s.problems[i].nx)]

    every = lambda part: [f"{k}: {n}" for k, q in whole.problems.items() for n in part(q)]  # noqa: E731
    return Problem(
        dynamics,
        sum(p.nx for p in s.problems),
        sum(p.nu for p in s.problems),
        duration=1.0,
        initial=_end(s, 0),
        final=_end(s, 1),
        running=(lambda t, x, u, p: sum(s.last(i, p) * L(t, x, u, p) for i, L in costs)) if costs else None,
        terminal=_terminal(s),
        state_bounds=np.hstack([p.x_bounds for p in s.problems]),
        input_bounds=np.hstack([p.u_bounds for p in s.problems]),
        constraints=constraints,
        guess=_Guess(s),
        parameters=parameters,
        state_names=every(lambda q: q.state_names),
        input_names=every(lambda q: q.input_names),
        state_units=sum((p.units[0] for p in s.problems), ()),
        input_units=sum((p.units[1] for p in s.problems), ()),
        firm=tuple(k for k in list(constraints)[own:] if k.endswith((": start", ": end"))),
    )


def _each(values, n):
    """n values of a sequence, an array or an SX column."""
    return [values[i] for i in range(n)]


def _end(s, which):
    return [
        None if np.isinf(lo) and np.isinf(hi) else float(lo) if lo == hi else (lo, hi)
        for p in s.problems
        for lo, hi in p.ends[which].T
    ]


def _terminal(s):
    parts = [
        (i, with_parameters("terminal", p.terminal, 2)) for i, p in enumerate(s.problems) if p.terminal is not None
    ]
    if not parts:
        return None
    return lambda T, x, p: sum(M(s.last(i, p), x[s.x[i]], s.own(i, p)) for i, M in parts)


def _parameters(s) -> dict:
    out = {}
    for name, problem in s.whole.problems.items():
        lo, hi = problem.duration_range
        out[lasts(name)] = lo if lo == hi else (max(lo, 1e-6), hi)
        out |= problem.parameter_ranges
    return {k: v[0] if isinstance(v, tuple) and v[0] == v[1] else v for k, v in out.items()}


def _constraints(s) -> dict:
    out = {}
    for i, (name, problem) in enumerate(s.whole.problems.items()):
        for path in problem.paths:
            g = with_parameters(f"constraint {path.name!r}", path.g, 3)
            out[f"{name}: {path.name}"] = (s.of(i, g), path.lo, path.hi, path.where)
    if s.whole.duration is not None:
        total = lambda t, x, u, p: sum(s.last(i, p) for i in range(len(s.problems)))  # noqa: E731
        out["duration of all phases"] = (total, *s.whole.duration, "initial")
    return out


def _tie(s, parameters, constraints):
    """Adds the states that are handed over, as free parameters, and the links as constraints on them."""
    for i, link in enumerate(s.whole.links):
        name, (a, b) = s.whole.between(i), s.problems[i : i + 2]
        before = _handed(parameters, f"{name}, before", a, a.ends[1])
        constraints[f"{name}: end"] = (_same(before, s.x[i]), 0.0, 0.0, "final")
        if link.conditions is None:
            constraints[f"{name}: start"] = (_jumped(before, s.x[i + 1], link.jump), 0.0, 0.0, "initial")
            continue
        after = _handed(parameters, f"{name}, after", b, b.ends[0])
        constraints[f"{name}: start"] = (_same(after, s.x[i + 1]), 0.0, 0.0, "initial")
        for word, (g, lo, hi) in link.conditions.items():
            constraints[f"{name}: {word}"] = (_condition(g, before, after), lo, hi, "initial")


def _handed(parameters, name, problem, end):
    """Names of the new parameters that are a state of `problem`, inside its bounds."""
    lo, hi = np.maximum(problem.x_bounds[0], end[0]), np.minimum(problem.x_bounds[1], end[1])
    keys = tuple(f"{name}: {state}" for state in problem.state_names)
    parameters |= {k: (a, b) if a < b else (a - 1e-9, a + 1e-9) for k, a, b in zip(keys, lo, hi, strict=True)}
    return keys


def _values(p, keys):
    out = np.empty(len(keys), dtype=object)
    for i, key in enumerate(keys):
        out[i] = p[key]
    return out


def _same(keys, places):
    return lambda t, x, u, p: list(x[places] - _values(p, keys))


def _jumped(keys, places, jump):
    def difference(t, x, u, p):
        before = _values(p, keys)
        after = before if jump is None else jump(before)
        n = places.stop - places.start
        if np.size(after) != n:
            raise InvalidInput(f"the jump must return {n} states, got {np.size(after)}")
        return [x[places][k] - after[k] for k in range(n)]

    return difference


def _condition(g, before, after):
    return lambda t, x, u, p: g(_values(p, before), _values(p, after))


class _Guess:
    """The guesses of all phases, as `guessed` takes a Plan; `given`: whether the user gave one of them."""

    def __init__(self, s):
        from robocalc.trajectory import Trajectory

        self.given = any(p.guess is not None for p in s.problems)
        tau, self.parameters = np.linspace(0, 1, GUESSED), {}
        x, u = [], []
        for i, problem in enumerate(_bridged(s)):
            xi, ui, T, p = guessed(problem, tau)
            x.append(xi)
            u.append(ui)
            self.parameters |= dict(zip(problem.parameter_ranges, p, strict=True)) | {lasts(s.whole.names[i]): T}
        for i in range(len(s.problems) - 1):
            for word, state, problem in (
                ("before", x[i][-1], s.problems[i]),
                ("after", x[i + 1][0], s.problems[i + 1]),
            ):
                keys = (f"{s.whole.between(i)}, {word}: {n}" for n in problem.state_names)
                self.parameters |= dict(zip(keys, state, strict=True))
        self.states, self.inputs = (_lines(Trajectory, tau, np.hstack(v)) for v in (x, u))


def _lines(Trajectory, tau, rows):
    return Trajectory(tau, np.stack([rows[:-1], np.diff(rows, axis=0) / np.diff(tau)[:, None]], axis=1))


def _bridged(s):
    """The problems, those without a guess between ends that lie on a line where neither phase says where they meet."""
    n = len(s.problems)
    if len({p.nx for p in s.problems}) > 1 or any(k.jump or k.conditions for k in s.whole.links):
        return s.problems
    nodes = np.full((n + 1, s.problems[0].nx), np.nan)
    for i, p in enumerate(s.problems):
        for k, end in ((i, p.ends[0]), (i + 1, p.ends[1])):
            known = np.isfinite(end).all(axis=0)
            middle = np.where(known, np.where(known, end, 0.0).mean(axis=0), np.nan)
            nodes[k] = np.where(np.isnan(nodes[k]), middle, nodes[k])
    for column in nodes.T:
        known = np.flatnonzero(~np.isnan(column))
        if len(known):
            column[:] = np.interp(np.arange(n + 1), known, column[known])
    out = []
    for i, p in enumerate(s.problems):
        free = [[None if np.isnan(v) else float(v) for v in nodes[k]] for k in (i, i + 1)]
        box = lambda v: [None if a is None else float(np.clip(a, *b)) for a, b in zip(v, p.x_bounds.T, strict=True)]  # noqa: B023, E731
        out.append(p if p.guess is not None else replace(p, initial=box(free[0]), final=box(free[1])))
    return out
