"""What a check must know of a robot, from its URDF alone: joints, limits, links. No compiled code is loaded.

Arm        joint names, ranges, links
arm_of     the Arm of a scenario's `robot:`
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from robocalc.errors import UnknownName


@dataclass(frozen=True)
class Arm:
    """joints, lower, upper: one a moving joint, in the order of the values in a scenario [rad or m]."""

    name: str
    joints: tuple
    lower: tuple
    upper: tuple
    prismatic: tuple
    links: tuple
    fingers: int = 0  # joints at the end that a gripper has

    @property
    def n(self) -> int:
        return len(self.joints)

    @property
    def counts(self) -> tuple:
        """How many values a list for all joints may have: without the fingers is enough."""
        return (self.n - self.fingers, self.n) if self.fingers else (self.n,)

    def outside(self, joint: int, value: float) -> str | None:
        """What is wrong with a joint's position; None when it is in range (1e-9 of slack for rounding)."""
        lower, upper = self.lower[joint], self.upper[joint]
        if lower - 1e-9 <= value <= upper + 1e-9:
            return None
        unit = "m" if self.prismatic[joint] else "rad"
        return f"joint {self.joints[joint]} at {value:g} {unit} is outside its range {lower:g} to {upper:g} {unit}"


GRIPPERS = {"panda": "panda_gripper"}  # the same arm with fingers that move: taken when the task grasps


def model_name(model: str, grasps: bool) -> str:
    """The built-in robot that a scenario means: one with fingers that move when it grasps."""
    return GRIPPERS.get(model, model) if grasps else model


def arm_of(robot, grasps: bool = False) -> Arm | None:
    """The Arm of `robot:`. Raises UnknownName for a model, InvalidInput for a file that is no robot."""
    if robot.file is not None:
        return _arm(Path(robot.file), Path(robot.file).name)
    try:
        from robocalc.dynamics import ROBOTS
    except ImportError:
        return None
    name = model_name(robot.model, grasps)
    if name not in ROBOTS:
        raise UnknownName("robot", name, ROBOTS)
    return _arm(ROBOTS[name], name)


@cache
def _arm(path: Path, name: str) -> Arm:
    from robocalc.dynamics.urdf import parse

    tree = parse(path)
    moving = [joint for joint in tree.joints if joint.kind != "fixed"]
    return Arm(
        name,
        tuple(joint.name for joint in moving),
        tuple(joint.lower for joint in moving),
        tuple(joint.upper for joint in moving),
        tuple(joint.kind == "prismatic" for joint in moving),
        tuple(link.name for link in tree.links),
    )
