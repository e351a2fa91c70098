"""`partners:` more robots in the same scene, each with a task, a planner and a controller of its own.

Partner        one of them
Coordination   how the robots keep clear of each other
"""

import re

from pydantic import Field, field_validator

from sims.scenario.base import Name, Part, list_of
from sims.scenario.schema_control import Controller
from sims.scenario.schema_planner import Planner
from sims.scenario.schema_robot import Robot
from sims.scenario.schema_task import TaskStep
from sims.scenario.units import not_negative

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class Partner(Part):
    """Another robot. Its joints and links are called NAME/..., its figures NAME.tracking... ."""

    name: Name = Field(description="letters, digits, - and _")
    robot: Robot
    task: list_of(TaskStep, least=1) = Field(description="steps, in order, from the start of the run on")
    planner: Planner | None = Field(None, description="left out: the scenario's")
    controller: Controller

    @field_validator("name")
    @classmethod
    def _is_plain(cls, name):
        if not PLAIN.fullmatch(name):
            raise ValueError(f"the name of a robot takes letters, digits, - and _ after a letter, got {name!r}")
        return name

    @property
    def grasps(self) -> bool:
        """Whether its task needs a gripper."""
        return any(step.do == "grasp" for step in self.task)


class Coordination(Part):
    """How robots keep clear of each other: who comes later waits until the way is free."""

    clearance: not_negative("length") = Field(0.01, description="between links of two robots as planned [m]")
    wait: bool = Field(True, description="false: nobody waits; motions that would touch are refused")
