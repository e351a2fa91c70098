"""ẏ = f(t, y): integrators compiled once, and called with any right-hand side.

solve        one problem: adaptive, fixed-step, symplectic or stiff; events, resets, breakpoints, sensitivities
solve_ivp    the same with scipy's arguments and results
ensemble     many initial states and parameters at once, each with its own steps
flow         one step as a discrete map with exact Jacobians
solve_lie    states on SO(3), SE(3), and mixed with vectors

METHODS, SYMPLECTIC, STIFF    which methods there are
Event, Solution, Status       what goes in and comes out
work_precision                error against work, as a plot
"""

from importlib import import_module

PUBLIC = {
    "solve": "solving",
    "solve_ivp": "drop_in",
    "ensemble": "ensembles",
    "stream": "ensembles",
    "Ensemble": "ensembles",
    "flow": "flows",
    "Flow": "flows",
    "solve_lie": "lie",
    "work_precision": "workprecision",
    "METHODS": "methods",
    "SYMPLECTIC": "methods",
    "STIFF": "methods",
    "Tableau": "tableau",
    "Event": "events",
    "Solution": "solution",
    "Status": "solution",
    "Counters": "solution",
    "IntegrationFailed": "solution",
}
__all__ = sorted(PUBLIC)


def __getattr__(name):
    if name in PUBLIC:
        value = getattr(import_module(f"robocalc.ode.{PUBLIC[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'robocalc.ode' has no attribute {name!r}")


def __dir__():
    return [*globals(), *PUBLIC]
