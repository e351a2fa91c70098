"""What a check must know of a robot, from its URDF alone: joints, limits, links. No compiled code is loaded.

Arm          joint names, ranges, links, what the audit found
arm_of       the Arm of a scenario's `robot:`
model_name   the built-in robot that a scenario means
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from robocalc.errors import InvalidInput, UnknownName

GRIPPERS = {"panda": "panda_gripper"}  # the same arm with fingers that move: taken when the task grasps
FINGER = "finger"  # in the name of a prismatic joint: part of a gripper
SLACK = 1e-9  # [rad | m]: rounding


@dataclass(frozen=True)
class Arm:
    """joints and what follows: one a moving joint, in the order of the values in a scenario [rad or m]."""

    name: str
    joints: tuple
    lower: tuple
    upper: tuple
    prismatic: tuple
    links: tuple
    findings: tuple
    home: tuple | None = None
    fixed: frozenset = frozenset()  # links that no joint moves
    rolls: bool = False  # on tyres
    tree: object = None  # robocalc.dynamics.Tree

    @property
    def n(self) -> int:
        return len(self.joints)

    @property
    def fingers(self) -> tuple:
        """Indices of the joints of a gripper."""
        return tuple(i for i, name in enumerate(self.joints) if self.prismatic[i] and FINGER in name.lower())

    @property
    def counts(self) -> tuple:
        """How many values a list for all joints may have: without fingers that come last is enough."""
        fingers = len(self.fingers)
        last = self.fingers == tuple(range(self.n - fingers, self.n))
        return (self.n - fingers, self.n) if fingers and last else (self.n,)

    def outside(self, joint: int, value: float) -> str | None:
        """What is wrong with a joint's position; None when it is in range."""
        lower, upper = self.lower[joint], self.upper[joint]
        if lower - SLACK <= value <= upper + SLACK:
            return None
        unit = "m" if self.prismatic[joint] else "rad"
        return f"joint {self.joints[joint]} at {value:g} {unit} is outside its range {lower:g} to {upper:g} {unit}"


def model_name(model: str, grasps: bool) -> str:
    """The built-in robot that a scenario means: one with fingers that move when its task grasps."""
    return GRIPPERS.get(model, model) if grasps else model


def arm_of(robot, grasps: bool = False) -> Arm:
    """The Arm of `robot:`. Raises UnknownName for a model, InvalidInput for a file that makes no robot."""
    from robocalc.dynamics import ROBOTS

    if robot.file is not None:
        return _arm(Path(robot.file), Path(robot.file).name, None)
    name = model_name(robot.model, grasps)
    if name not in ROBOTS:
        raise UnknownName("robot", name, ROBOTS)
    return _arm(ROBOTS[name].path, name, ROBOTS[name].home)


@cache
def _arm(path: Path, name: str, home) -> Arm:
    from robocalc.dynamics import audit, parse

    tree = parse(path)
    findings = audit(tree)
    wrong = [f"{finding.where}: {finding.what}" for finding in findings if finding.severity == "error"]
    if wrong:
        raise InvalidInput(f"{path.name}: {'; '.join(wrong)}")
    if not tree.moving:
        raise InvalidInput(f"{path.name}: no joint moves; a robot needs a revolute or prismatic joint")
    return Arm(
        name,
        tuple(joint.name for joint in tree.moving),
        tuple(float(joint.lower) for joint in tree.moving),
        tuple(float(joint.upper) for joint in tree.moving),
        tuple(joint.kind == "prismatic" for joint in tree.moving),
        tuple(link.name for link in tree.links),
        findings,
        home,
        _fixed(tree),
        bool(getattr(tree, "tyres", ())),
        tree,
    )


def _fixed(tree) -> frozenset:
    """Links that are one body with the base."""
    moving, found = {joint.name for joint in tree.moving}, {tree.root}
    for joint in tree.joints:  # parents first
        if joint.parent in found and joint.name not in moving:
            found.add(joint.child)
    return frozenset(found)
