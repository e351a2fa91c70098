"""`shaping:` of a planner: motion that leaves no swinging behind.

Shaping              its keys
planners, shapings   of a scenario, with their paths
"""

from typing import Literal

from pydantic import Field

from sims.scenario.base import Part
from sims.scenario.units import positive, quantity


class Shaping(Part):
    """The planned motion given in two or three parts, half a period of a vibration apart, so that theirs cancel.

    Limits that the motion keeps are kept, it ends where it should, and lasts half a period longer (zv), or one period.
    """

    type: Literal["zv", "zvd", "ei"] = Field(
        "zvd",
        description="zv: shortest, for a frequency known to about 3 %; zvd: to about 14 %; ei: the widest range",
    )
    frequency: positive("frequency") | None = Field(
        None, description="of the vibration [Hz]; left out: that of the load which hangs on a rope"
    )
    damping: quantity("number", ge=0, lt=1) = Field(0.0, description="damping ratio of the vibration")
    tolerance: quantity("number", gt=0, lt=1) = Field(
        0.05, description="share of the vibration that ei leaves at the frequency itself"
    )


def planners(scenario):
    """(path, planner) of the scenario and of its moves."""
    yield ("planner",), scenario.planner
    for i, step in enumerate(scenario.task):
        if getattr(step, "planner", None) is not None:
            yield ("task", i, "planner"), step.planner


def shapings(scenario):
    """(path, Shaping) of a scenario."""
    for path, planner in planners(scenario):
        if getattr(planner, "shaping", None) is not None:
            yield (*path, "shaping"), planner.shaping
