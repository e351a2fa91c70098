"""robocalc: plan robot motion by derivatives, carry it forward by integrals, tune it by gradients.

    ode         ẏ = f(t, y): adaptive, symplectic and geometric integrators, events, ensembles, flows
    trajectory  smooth motions as piecewise polynomials
    dynamics    robots as arrays, compiled kinematics and dynamics
    optimize    trajectory optimization
    control     laws from PD to LQR

Rooms load when first used, so that `import robocalc` stays light.
"""

from importlib import import_module

__version__ = "0.1.0"
ROOMS = ("control", "dynamics", "errors", "ode", "optimize", "trajectory")


def __getattr__(name):
    if name in ROOMS:
        return import_module(f"robocalc.{name}")
    raise AttributeError(f"module 'robocalc' has no attribute {name!r}")


def __dir__():
    return [*globals(), *ROOMS]
