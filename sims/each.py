"""From what is built for one robot to what is built for the robots of a scenario with partners.

of_each        a function that gives a scenario's robot, as one that gives the Team
alone          each Member with the scenario of that robot alone
side_by_side   Limits of all from those of each
"""

from functools import wraps

import numpy as np

from robocalc.dynamics import Robot, team
from robocalc.trajectory import Limits
from sims.scenario.solo import solos


def of_each(one):
    """A function of a scenario with one robot, that gives that robot, as one that gives the Team of all."""

    @wraps(one)
    def of_all(scenario) -> Robot:
        return team({name: one(solo) for name, solo in solos(scenario)}) if scenario.partners else one(scenario)

    return of_all


def alone(scenario, robot):
    """(robocalc.dynamics Member, scenario of that robot alone) of each robot; `robot` is their Team."""
    return [(member, solo) for member, (_, solo) in zip(robot.members, solos(scenario), strict=True)]


def side_by_side(limits, joints) -> Limits:
    """Limits of several robots as of one, `joints` the numbers of theirs."""
    found = {}
    for name in ("position", "velocity", "acceleration", "jerk", "torque"):
        given = [getattr(x, name) for x in limits]
        if all(x is not None and np.ndim(x) == 1 for x in given):
            found[name] = np.concatenate(given)
        elif any(x is not None for x in given):
            found[name] = np.concatenate([x.bounds(name, n) for x, n in zip(limits, joints, strict=True)], axis=1)
    return Limits(**found)
