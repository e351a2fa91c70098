"""`task:` named steps, done in order.

STEPS     tag -> model        TARGETS   key that says what kind of target -> model
"""

from typing import Annotated, Any, Literal, Union

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_serializer, model_validator

from sims.scenario.base import Name, Part, Placement, list_of, tagged
from sims.scenario.schema_planner import Planner
from sims.scenario.schema_robot import Joints, Scale
from sims.scenario.units import not_negative, positive, quantity, vector


class Pose(Part):
    """Where the tool frame shall be."""

    position: vector("length", 3) = Field(description="[m] in world")
    rpy_deg: vector("degrees", 3) | None = Field(None, description="[deg]; left out: as at the waypoint before")


class JointTarget(Part):
    """Joint positions."""

    joints: Joints = Field(description="[rad or m], one a joint")


class PoseTarget(Part):
    """A pose of the tool frame."""

    pose: Pose


class OffsetTarget(Part):
    """A shift (and turn) from the waypoint before."""

    offset: vector("length", 3) = Field(description="[m]")
    rpy_deg: vector("degrees", 3) = Field((0.0, 0.0, 0.0), description="turn [deg], about the axes of `frame`")
    frame: Literal["world", "tool"] = Field("world", description="axes of offset and turn")


class NamedTarget(Part):
    """`home`, or a name from robot.poses. In the file just the name: `to: home`."""

    named: Name

    @model_serializer
    def _as_written(self) -> str:
        return self.named


class _Via(Part):
    pass_through: bool = Field(False, description="true: without stopping")


class JointVia(JointTarget, _Via):
    """Joint positions on the way."""


class PoseVia(PoseTarget, _Via):
    """A tool pose on the way."""


class OffsetVia(OffsetTarget, _Via):
    """A shift on the way."""


class NamedVia(Part):
    """A named position on the way."""

    named: Name
    pass_through: bool = False


TARGETS = {"joints": JointTarget, "pose": PoseTarget, "offset": OffsetTarget, "named": NamedTarget}
VIAS = {"joints": JointVia, "pose": PoseVia, "offset": OffsetVia, "named": NamedVia}


def _kind(value: Any) -> str | None:
    """Which target: the first of its telling keys that is there."""
    has = value.__contains__ if isinstance(value, dict) else lambda key: hasattr(value, key)
    return next((kind for kind in TARGETS if has(kind)), None)


def _name_to_mapping(value: Any) -> Any:
    return {"named": value} if isinstance(value, str) else value


def _target(kinds: dict):
    union = Union[tuple(Annotated[kind, Tag(tag)] for tag, kind in kinds.items())]  # noqa: UP007
    kind = Annotated[union, Discriminator(_kind)]
    return Annotated[kind, BeforeValidator(_name_to_mapping, json_schema_input_type=kind | str)]


class Avoid(Part):
    """How far to stay from what must not be touched."""

    clearance: not_negative("length") = Field(0.0, description="[m]")


class Step(Part):
    """What every step has."""

    name: Name | None = Field(None, description="unique; shown in report and messages")


class Move(Step):
    """Go to a place, smoothly."""

    do: Literal["move"]
    to: _target(TARGETS) = Field(description="joints, pose, offset, `home` or a name from robot.poses")
    via: list_of(_target(VIAS)) = Field((), description="waypoints on the way")
    path: Literal["joint", "line"] = Field("joint", description="smooth in the joints, or straight line of the tool")
    duration: positive("time") | None = Field(None, description="[s]; left out: the planner decides")
    velocity_scale: Scale = Field(1.0, description="on top of robot.limits")
    acceleration_scale: Scale = Field(1.0, description="on top of robot.limits")
    avoid: Avoid | None = Field(None, description="keep a clearance on this move")
    planner: Planner | None = Field(None, description="of this move; left out: the scenario's")


class Catch(Part):
    """How the hand takes what moves: it meets it from above, goes along while the fingers close, and lifts off."""

    at: positive("time") | None = Field(None, description="the hand is above it then [s]; left out: the earliest")
    offset: vector("length", 3) = Field((0.0, 0.0, 0.0), description="of the tool from its centre [m], axes of world")
    rpy_deg: vector("degrees", 3) | None = Field(None, description="of the tool [deg]; left out: as it is turned now")
    approach: not_negative("length") = Field(0.1, description="from so far above [m]")
    lift: not_negative("length") = Field(0.1, description="so far up with it, before the hand comes to rest [m]")


class Grasp(Step):
    """Close the gripper on an object and hold it."""

    do: Literal["grasp"]
    object: Name = Field(description="name of a thing with mass")
    force: positive("force") = Field(20.0, description="of each finger [N]")
    duration: positive("time") = Field(0.5, description="time to close [s]")
    moving: Catch | None = Field(None, description="take it as it moves; left out: it stands between the fingers")


class Release(Step):
    """Open the gripper."""

    do: Literal["release"]
    width: not_negative("length") | None = Field(None, description="opening [m]; left out: as wide as it goes")
    duration: positive("time") = Field(0.5, description="time to open [s]")


class StepOf(Part):
    """A step of another robot's task."""

    robot: Name | None = Field(None, description="name of a partner; left out: the scenario's own `robot`")
    step: Name = Field(description="name of the step")


class Wait(Step):
    """Stay; as the first step it may name the place to hold, wherever the robot starts."""

    do: Literal["wait"]
    duration: positive("time") | None = Field(None, description="[s]; with `until`: that much longer")
    until: StepOf | None = Field(None, description="stay until another robot has done a step of its task")
    at: Name | None = Field(None, description="`home` or a name from robot.poses: hold this; left out: stay here")

    @model_validator(mode="after")
    def _ends(self):
        if self.duration is None and self.until is None:
            raise ValueError("give duration, or until with a step of another robot")
        return self


class Trace(Step):
    """Draw on a plane: the tool's z axis points into the board, its tip follows the strokes.

    Each stroke is a list of [x, y] in the board's frame; between strokes the tip is lifted.
    """

    do: Literal["trace"]
    board: Placement = Field(description="frame of the plane: x right, y up, z out of the board towards the tool")
    strokes: list_of(list_of(vector("length", 2), least=2), least=1) = Field(description="lists of [x, y] [m]")
    lift: positive("length") = Field(0.02, description="height above the board between strokes [m]")
    clearance: quantity("length") = Field(0.0, description="height of the tip while it draws [m]; below 0 presses")
    spin_deg: quantity("degrees") = Field(0.0, description="turn of the tool about its own z axis [deg]")
    speed: positive("speed") | None = Field(None, description="average of a stroke [m/s]")
    duration: positive("time") | None = Field(
        None, description="of the whole drawing [s]; left out: by speed or limits"
    )


Plane = Literal["xy", "xz", "yz"]


class FigureEight(Part):
    """(a sin s, b sin 2s) in a plane of the world, from its crossing on."""

    shape: Literal["figure_eight"]
    size: vector("length", 2) = Field((0.5, 0.25), description="a, b [m]")
    plane: Plane = "xz"


class Circle(Part):
    """(r sin s, r - r cos s) in a plane of the world."""

    shape: Literal["circle"]
    radius: positive("length") = Field(0.3, description="[m]")
    plane: Plane = "xy"


class Lissajous(Part):
    """(a sin(n s + c), ...) in x, y, z, less its start."""

    shape: Literal["lissajous"]
    size: vector("length", 3) = Field(description="a in x, y, z [m]")
    cycles: vector("number", 3) = Field((1.0, 2.0, 3.0), description="n in x, y, z")
    phase_deg: vector("degrees", 3) = Field((0.0, 0.0, 0.0), description="c in x, y, z [deg]")


class Waypoints(Part):
    """Through points without a stop, by least squared snap, at equal times."""

    shape: Literal["waypoints"]
    points: list_of(vector("length", 3), least=1) = Field(description="offsets from the start [m]")


CURVES = {"figure_eight": FigureEight, "circle": Circle, "lissajous": Lissajous, "waypoints": Waypoints}


class Follow(Step):
    """Follow a curve from here, lap after lap: a quadrotor or a wheeled base as a whole, an arm with its tool."""

    do: Literal["follow"]
    curve: tagged("shape", CURVES)
    period: positive("time") = Field(description="of a lap at full speed [s]")
    laps: Annotated[int, Field(ge=1, le=1000)] = Field(1, description="of the curve")
    ramp: positive("time") | None = Field(None, description="up to speed, and down again [s]; left out: half a period")

    @property
    def ramp_time(self) -> float:
        """Up to speed [s]."""
        return self.period / 2 if self.ramp is None else self.ramp

    @property
    def duration(self) -> float:
        """Of the whole [s]."""
        return self.laps * self.period + self.ramp_time

    @model_validator(mode="after")
    def _ramps_fit(self):
        if self.ramp_time > self.laps * self.period:
            raise ValueError(f"ramp {self.ramp_time:g} s is longer than the {self.laps * self.period:g} s of all laps")
        return self


STEPS = {"move": Move, "grasp": Grasp, "release": Release, "wait": Wait, "trace": Trace, "follow": Follow}
TaskStep = tagged("do", STEPS)
