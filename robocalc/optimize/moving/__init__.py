"""Motions past what moves: when to go, where to wait, which way around.

    plan_motion(..., moving=[...])   of robocalc.optimize uses all of this
    Schedule    a motion along its path at another pace: jerk-limited, to the end of its trajectory or to a stop
    Movers      obstacles whose place is a function of time, known or predicted with growing uncertainty

From the ground up: tables (places over time), kernels (is it free there, then), pace (how fast a path may be followed),
search (safe intervals of waiting places), among (paths tried, the earliest arrival taken).

source   safe intervals: Phillips & Likhachev (2011), doi 10.1109/ICRA.2011.5980306
"""

from importlib import import_module

EXPORTS = {
    "Traffic": "among",
    "Course": "course",
    "Schedule": "pace",
    "Movers": "tables",
    "read_moving": "tables",
}
__all__ = list(EXPORTS)


def __getattr__(name):
    if name in EXPORTS:
        value = getattr(import_module(f"robocalc.optimize.moving.{EXPORTS[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'robocalc.optimize.moving' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *EXPORTS})
