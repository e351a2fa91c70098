"""`safety:` what slows and stops the robot while it runs; `replan:` of a planner, what finds another time or way.

SAFETY   type -> model
"""

from typing import Annotated, Literal

from pydantic import Field

from sims.scenario.base import Name, Part, list_of
from sims.scenario.units import not_negative, positive


class Separation(Part):
    """Speed and separation: along its path the robot is only so fast that it can stop before anything that moves.

    Wanted all the time, for where the robot would be until it stands: distance - speed of the thing (reaction + time to
    stop) >= clearance. After ISO/TS 15066.
    """

    type: Literal["separation"]
    clearance: not_negative("length") = Field(0.05, description="left when the robot stands [m]")
    reaction: not_negative("time") = Field(0.05, description="until the robot begins to slow down [s]")
    speed: not_negative("speed") = Field(0.0, description="least speed that things are taken to come with [m/s]")
    things: list_of(Name) = Field((), description="names of what is watched; left out: all that moves by itself")


class Replan(Part):
    """While the robot runs: where things go is predicted from where they are and how fast, with growing doubt."""

    every: positive("time") = Field(0.1, description="[s]")
    clearance: not_negative("length") = Field(0.02, description="kept from what is predicted [m]")
    horizon: positive("time") = Field(3.0, description="of looking ahead, beyond the move itself [s]")
    initial: not_negative("length") = Field(0.0, description="doubt about where things are [m]")
    growth: not_negative("speed") = Field(0.05, description="of the doubt, with the time looked ahead [m/s]")
    most: not_negative("length") = Field(0.2, description="doubt at most [m]")
    around: Annotated[bool, Field(strict=True)] = Field(True, description="look for another way after standing for 1 s")


SAFETY = {"separation": Separation}
Safety = Separation
