"""How a `move` finds its motion: one planner a type of `planner:` in the scenario file.

PLANNERS   type -> "module:function"; plan_move(mover, step, settings) adds the motion with mover.add(...)
planner    the function of that name, loaded when first asked for

The settings' models are in sims.scenario.schema_planner, under the same names.
"""

from importlib import import_module

from robocalc.errors import UnknownName

PLANNERS = {
    "min_jerk": "sims.planners.min_jerk:plan_move",
    "avoid": "sims.planners.avoid:plan_move",
    "rrt": "sims.planners.avoid:plan_move",
    "collocation": "sims.planners.optimal:plan_move",
    "ddp": "sims.planners.optimal:plan_move",
}


def planner(name):
    """The plan_move of a planner; raises UnknownName."""
    if name not in PLANNERS:
        raise UnknownName("planner", name, PLANNERS)
    module, function = PLANNERS[name].split(":")
    return getattr(import_module(module), function)
