"""From a problem that is easy to the one that is meant, each answer the start of the next.

along   a Plan by homotopy; steps are halved where one fails
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.check import number
from robocalc.optimize.plan import Plan
from robocalc.optimize.problem import Problem

FIRST = 0.25  # first step
LEAST = 1 / 128  # smallest step
WIDER = 4.0  # input bounds at the start of "bounds", over those that are meant
COARSE = (4, 2)  # intervals that are meant over those of "mesh" on its way


def along(problem, homotopy, solve, nodes, options) -> Plan:
    """The Plan of `problem`, reached from an easier one.

    homotopy   {parameter: value at the start}, a function s -> Problem with s from 0 to 1, "bounds" (bounds of inputs
               four times as wide at the start), or "mesh" (a quarter of the intervals at the start)
    solve      `robocalc.optimize.solve`, called with `nodes` and `options`
    raises     InvalidInput   it is none of these, or no parameter of the problem has this name
    """
    if isinstance(homotopy, str) and homotopy == "mesh":
        way, meshes = (lambda s: problem), [max(1, nodes // c) for c in COARSE]
    else:
        way, meshes = _way(problem, homotopy), [nodes]
    plan = solve(way(0.0), nodes=meshes[0], **options | {"refine": False})
    for count in meshes[1:]:
        plan = _from(plan, way(0.0), solve, count, options | {"refine": False})
    s, step, tried = 0.0, FIRST, 1
    while plan.solved and s < 1 and step >= LEAST:
        end = s + step >= 1
        to = 1.0 if end else s + step
        trial = _from(plan, way(to), solve, nodes, options if end else options | {"refine": False})
        tried += 1
        if trial.solved or step / 2 < LEAST:
            plan, s, step = trial, to, 2 * step
        else:
            step /= 2
    return replace(plan, notes=(*plan.notes, f"homotopy: {tried} problems, the last at s = {s:.4g}"))


def _from(plan, problem, solve, nodes, options):
    return solve(replace(problem, guess=plan), nodes=nodes, **options | {"starts": 1})


def _way(problem, homotopy):
    """s -> Problem."""
    if callable(homotopy):
        return lambda s: _checked(homotopy(s))
    if isinstance(homotopy, str) and homotopy == "bounds":
        if not np.isfinite(problem.u_bounds).all():
            raise InvalidInput('homotopy "bounds" needs input_bounds that are finite on both sides')
        middle, half = problem.u_bounds.mean(axis=0), np.ptp(problem.u_bounds, axis=0) / 2
        reach = lambda s: half * (1 + (WIDER - 1) * (1 - s))  # noqa: E731
        return lambda s: replace(problem, input_bounds=(middle - reach(s), middle + reach(s)))
    if not isinstance(homotopy, Mapping) or not homotopy:
        raise InvalidInput(
            f'homotopy must be {{parameter: value at the start}}, a function s -> Problem, "bounds" or "mesh"; '
            f"got {homotopy!r}"
        )
    fixed = {k: lo for k, (lo, hi) in problem.parameter_ranges.items() if lo == hi}
    for name, value in homotopy.items():
        number(f"homotopy of {name!r}", value)
        if name not in fixed:
            raise InvalidInput(
                f"homotopy of {name!r}: no fixed parameter has this name (there are: {', '.join(fixed)})"
            )
    blend = lambda s: {k: (1 - s) * v + s * fixed[k] for k, v in homotopy.items()}  # noqa: E731
    return lambda s: replace(problem, parameters={**problem.parameters, **blend(s)})


def _checked(problem):
    if not isinstance(problem, Problem):
        raise InvalidInput(f"homotopy must be a function s -> Problem, it returned {problem!r}")
    return problem
