"""Robots as flat arrays: URDF to compiled kinematics and dynamics, derivatives, inverse kinematics.

    load, Robot, ROBOTS      a robot by name or URDF; every method takes one configuration or a batch
    Team, team               several robots in one world as one robot with a branch for each
    Model, MODEL, lower      what kernels take, numba's type of it, how a tree becomes one
    kernels                  fk, rnea, bias, crba, aba, acceleration, point_jacobian ...
    IKResult, IKStatus       what inverse kinematics found, or why it failed
    parse, audit, Finding    URDF reading and what is wrong with one
    systems, System          plants given by equations: pendulum, cart-pole, quadrotor ...

Names load when first used, so that `import robocalc.dynamics` stays light.
"""

from importlib import import_module

EXPORTS = {
    "Robot": "robot",
    "Placed": "robot",
    "ROBOTS": "registry",
    "load": "registry",
    "Team": "teams",
    "team": "teams",
    "Model": "model",
    "MODEL": "model",
    "lower": "model",
    "Tree": "tree",
    "Finding": "tree",
    "Pose": "tree",
    "Geometry": "tree",
    "parse": "urdf",
    "audit": "findings",
    "IKResult": "ik",
    "IKStatus": "ik",
    "PathIK": "ik",
    "State": "state",
    "System": "system",
    "check_derivatives": "derivatives",
}
ROOMS = ("kernels", "kernels_aba", "collision", "systems")
__all__ = [*EXPORTS, *ROOMS]


def __getattr__(name):
    if name in EXPORTS:
        value = getattr(import_module(f"robocalc.dynamics.{EXPORTS[name]}"), name)
        globals()[name] = value
        return value
    if name in ROOMS:
        return import_module(f"robocalc.dynamics.{name}")
    raise AttributeError(f"module 'robocalc.dynamics' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
