"""A Panda among things that cross its way, predicted from place and velocity: 200 seeded scenes.

ROBOCALC_SCENES says how many of them; figures are CPU time of one core.
"""

import os
from functools import cache

import numpy as np

from tests.benchmarks.harness import Line

SCENES = int(os.environ.get("ROBOCALC_SCENES", "200"))
FEW = 40  # of these with corners passed and not


@cache
def runs():
    from tests.benchmarks.moving_scenes import drive

    drive(0)  # loads kernels
    return [drive(number) for number in range(SCENES)]


def arrived():
    return 100 * float(np.mean([r["arrived"] for r in runs()])), None


def touched():
    """Scenes in which the robot, moving, is in contact."""
    return float(sum(r["nearest"] <= 0 for r in runs())), None


def run_into():
    """Scenes in which something touches the robot, whether it moves or stands."""
    return float(sum(min(r["nearest"], r["standing"]) <= 0 for r in runs())), None


def reaction(share):
    return lambda: (1e3 * float(np.quantile([r["reaction"] for r in runs()], share)), None)


def corners():
    """Mean time to the goal [s], and the same with ways that stop at corners."""
    from robocalc.optimize.moving import detour
    from tests.benchmarks.moving_scenes import drive

    times, tries = [], detour.TRIES
    try:
        for detour.TRIES in (tries, 0):
            times.append(float(np.mean([drive(number)["time"] for number in range(min(SCENES, FEW))])))
    finally:
        detour.TRIES = tries
    return tuple(times)


LINES = [
    Line("moving-arrived", f"goal reached among things that cross, {SCENES} scenes", "-", "at_least", 95, "%", arrived),
    Line("moving-contact", "of these, in contact while the robot moves", "-", "at_most", 0, "scenes", touched),
    Line("moving-run-into", "the same, or run into while it stands", "-", "at_most", 0, "scenes", run_into),
    Line("moving-reaction", "planning again, longest a scene, 95 %", "-", "at_most", 50, "ms", reaction(0.95)),
    Line(
        "moving-corners",
        f"mean time to the goal, {min(SCENES, FEW)} scenes",
        "stops at corners",
        "ratio",
        0.95,
        "s",
        corners,
    ),
    Line("moving-reaction-worst", "the same, worst of all scenes", "-", "at_most", 50, "ms", reaction(1.0)),
]
