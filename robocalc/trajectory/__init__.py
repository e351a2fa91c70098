"""Smooth motions as piecewise polynomials; every planner here returns a Trajectory.

    minimum_jerk, minimum_snap, minimum_acceleration   through waypoints, in time linear in their number
    optimal_times, fastest                             free segment times: least cost, or least time under limits
    jerk_limited, jerk_limited_through, Filter         state to state under jerk limits, online
    time_optimal                                       a given path as fast as limits allow
    cartesian, line_motion, curve_motion               tool paths in SE(3), and in joints
    flat_quadrotor, flat_quadrotor_2d, flat_base       joints that follow from the motion of a point

Names load when first used, so that `import robocalc.trajectory` stays light.
"""

from importlib import import_module

EXPORTS = {
    "Limits": "limits",
    "Trajectory": "trajectory",
    "Reference": "trajectory",
    "Samples": "trajectory",
    "discrete_reference": "discrete",
    "side_by_side": "beside",
    "minimum_acceleration": "minimum",
    "minimum_jerk": "minimum",
    "minimum_snap": "minimum",
    "optimal_times": "optimal",
    "cost_and_gradients": "optimal",
    "fastest": "limited",
    "time_scale": "scaling",
    "certificate": "scaling",
    "Certificate": "scaling",
    "CartesianPath": "se3",
    "cartesian": "toolpath",
    "line_motion": "motion",
    "curve_motion": "motion",
    "map_to_joints": "motion",
    "path_report": "closeness",
    "jerk_limited": "otg",
    "jerk_limited_batch": "otg",
    "jerk_limited_through": "otg",
    "Filter": "otg",
    "time_optimal": "topp",
    "flat_quadrotor": "flatness",
    "flat_quadrotor_2d": "flatness",
    "flat_base": "flatness",
}
__all__ = list(EXPORTS)


def __getattr__(name):
    if name in EXPORTS:
        value = getattr(import_module(f"robocalc.trajectory.{EXPORTS[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'robocalc.trajectory' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *EXPORTS})
