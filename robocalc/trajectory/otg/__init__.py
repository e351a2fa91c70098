"""State-to-state motions under jerk limits, online.

    jerk_limited          from (q0, v0, a0) to (q1, v1, a1), as fast as limits allow: a Trajectory
    jerk_limited_batch    many such problems at once
    jerk_limited_through  through waypoints, offline
    Generator             in a loop, with buffers kept
    Filter                follows a target that may change in each control cycle

Kernels, from the ground up: brake (states outside of limits), extremal (the farthest motion in a given time), stretch
(a motion of given time), joint (earliest time), solve (all joints), line (straight lines), pieces (knots), online.
"""

from importlib import import_module

EXPORTS = {
    "jerk_limited": "motion",
    "Generator": "motion",
    "jerk_limited_batch": "batch",
    "Batch": "batch",
    "Filter": "filter",
    "jerk_limited_through": "through",
}
__all__ = list(EXPORTS)


def __getattr__(name):
    if name in EXPORTS:
        value = getattr(import_module(f"robocalc.trajectory.otg.{EXPORTS[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'robocalc.trajectory.otg' has no attribute {name!r}")
