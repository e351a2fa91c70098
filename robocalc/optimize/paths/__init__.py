"""Paths and motions among obstacles.

    plan_motion    from a configuration to a configuration or pose, among obstacles, within limits: a MotionPlan
    find_path      the path alone: a PathResult

Names load when first used.
"""

from importlib import import_module

EXPORTS = {"find_path": "finder", "PathResult": "finder", "plan_motion": "motion", "MotionPlan": "motion"}
__all__ = list(EXPORTS)


def __getattr__(name):
    if name in EXPORTS:
        value = getattr(import_module(f"robocalc.optimize.paths.{EXPORTS[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'robocalc.optimize.paths' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *EXPORTS})
