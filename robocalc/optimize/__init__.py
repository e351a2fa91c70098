"""Motions found by optimization, and what a planner returns.

    Problem, solve, METHODS   optimal control by collocation (needs CasADi: pip install casadi)
    OBJECTIVES                effort, energy, time, torque change, jerk: what `running` takes by name
    phases, pareto, costs     several phases; trade-offs between objectives
    check_derivatives         a problem's exact derivatives against complex steps and differences
    plan_motion, find_path    among obstacles: a motion within limits to jerk, a path
    Plan, Status, Violation   a motion, or the named reasons why there is none

Names load when first used, so that `import robocalc.optimize` stays light.
"""

from importlib import import_module

from robocalc.optimize.plan import Plan, Status, Violation

EXPORTS = {
    "Problem": "problem",
    "check_derivatives": "derivatives",
    "costs": "front",
    "pareto": "front",
    "Front": "front",
    "phases": "multiphase",
    "Phases": "multiphase",
    "solve": "solver",
    "METHODS": "solver",
    "SCHEMES": "schemes",
    "OBJECTIVES": "objectives",
    "ReachCost": "ddp.reach",
    "plan_motion": "paths.motion",
    "find_path": "paths.finder",
}
__all__ = [
    "METHODS",
    "OBJECTIVES",
    "SCHEMES",
    "Front",
    "Phases",
    "Plan",
    "Problem",
    "ReachCost",
    "Status",
    "Violation",
    "check_derivatives",
    "costs",
    "find_path",
    "pareto",
    "phases",
    "plan_motion",
    "solve",
]


def __getattr__(name):
    if name in EXPORTS:
        value = getattr(import_module(f"robocalc.optimize.{EXPORTS[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'robocalc.optimize' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
