"""`world:` the things around the robot: fixed, free to move (mass > 0), or moving as a function of time.

SHAPES   tag -> model        MOTIONS, MOUNTS   tag -> model
"""

import math
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from sims.scenario.base import Name, Part, Placement, list_of, tagged
from sims.scenario.units import not_negative, positive, quantity, vector

Size = positive("length")


class Frame(Part):
    """Where the thing is at one time."""

    t: not_negative("time") = Field(description="[s]")
    position: vector("length", 3) = Field(description="[m] in world")
    rpy_deg: vector("degrees", 3) | None = Field(None, description="[deg]; left out: as the thing's own rpy_deg")


class Keyframes(Part):
    """Through given places at given times."""

    type: Literal["keyframes"]
    frames: list_of(Frame, least=2) = Field(description="times increase")
    interpolation: Literal["min_jerk", "linear", "hold"] = Field("min_jerk", description="between two frames")
    repeat: bool = Field(False, description="start again after the last frame; else stay there")


class Line(Part):
    """From the thing's position to another on a straight line, at rest at both ends."""

    type: Literal["line"]
    to: vector("length", 3) = Field(description="[m] in world")
    start: not_negative("time") = Field(0.0, description="leaves at [s]")
    duration: positive("time") = Field(description="[s] for one way")
    interpolation: Literal["min_jerk", "linear"] = "min_jerk"
    repeat: bool = Field(False, description="back and forth for ever; else stay at `to`")


class Circle(Part):
    """Around a circle at constant speed."""

    type: Literal["circle"]
    center: vector("length", 3) = Field(description="[m] in world")
    radius: Size = Field(description="[m]")
    period: positive("time") = Field(description="[s] for one turn")
    axis: vector("number", 3) = Field((0.0, 0.0, 1.0), description="axis of the circle, right-handed turn")
    phase_deg: quantity("degrees") = Field(0.0, description="where it is at t = 0, from the circle's first axis [deg]")

    @model_validator(mode="after")
    def _axis_has_length(self):
        if not any(self.axis):
            raise ValueError("axis must not be [0, 0, 0]")
        return self


MOTIONS = {"keyframes": Keyframes, "line": Line, "circle": Circle}


class Hinge(Part):
    """It turns about an axis that is fixed in world, as a door does."""

    type: Literal["hinge"]
    axis: vector("number", 3) = Field((0.0, 0.0, 1.0), description="in the thing's frame")
    at: vector("length", 3) = Field((0.0, 0.0, 0.0), description="a point of the axis in the thing's frame [m]")
    lower_deg: quantity("degrees") | None = Field(None, description="stop [deg]; left out: none")
    upper_deg: quantity("degrees") | None = Field(None, description="stop [deg]; left out: none")
    start_deg: quantity("degrees") = Field(0.0, description="angle at t = 0; 0 is where the thing stands [deg]")
    damping: not_negative("joint damping") = Field(0.0, description="[N m s/rad]")
    friction: not_negative("joint torque") = Field(0.0, description="Coulomb friction [N m]")
    stiffness: quantity("number", ge=0) = Field(0.0, description="of a spring [N m/rad]")
    rest_deg: quantity("degrees") = Field(0.0, description="where the spring is at rest [deg]")

    @model_validator(mode="after")
    def _may_move(self):
        return _ranged(self, self.lower_deg, self.start_deg, self.upper_deg)


class Slide(Part):
    """It slides along an axis that is fixed in world, as a drawer does."""

    type: Literal["slide"]
    axis: vector("number", 3) = Field((1.0, 0.0, 0.0), description="in the thing's frame")
    lower: quantity("length") | None = Field(None, description="stop [m]; left out: none")
    upper: quantity("length") | None = Field(None, description="stop [m]; left out: none")
    start: quantity("length") = Field(0.0, description="position at t = 0; 0 is where the thing stands [m]")
    damping: quantity("number", ge=0) = Field(0.0, description="[N s/m]")
    friction: not_negative("force") = Field(0.0, description="Coulomb friction [N]")
    stiffness: quantity("number", ge=0) = Field(0.0, description="of a spring [N/m]")
    rest: quantity("length") = Field(0.0, description="where the spring is at rest [m]")

    @model_validator(mode="after")
    def _may_move(self):
        return _ranged(self, self.lower, self.start, self.upper)


def _ranged(mount, lower, start, upper):
    low, high = -math.inf if lower is None else lower, math.inf if upper is None else upper
    if not any(mount.axis):
        raise ValueError("axis must not be [0, 0, 0]")
    if not low <= start <= high or low == high:
        raise ValueError(f"lower {low:g} <= start {start:g} <= upper {high:g}, lower < upper, must hold")
    return mount


MOUNTS = {"hinge": Hinge, "slide": Slide}


def _color(value: Any) -> Any:
    if isinstance(value, str):
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise PydanticCustomError(
                "color", "{got} is no color; '#rrggbb' or [r, g, b] from 0 to 1", {"got": repr(value)}
            )
        return tuple(int(value[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return value


_RGB = Annotated[tuple[quantity("number", ge=0, le=1), ...], Field(strict=False, min_length=3, max_length=4)]
Color = Annotated[
    _RGB, BeforeValidator(_color, json_schema_input_type=_RGB | Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")])
]


class Thing(Placement):
    """What every thing in the world has."""

    name: Name = Field(description="unique")
    mass: not_negative("mass") = Field(0.0, description="[kg]; above 0: moves freely, can be grasped")
    friction: quantity("number", ge=0) = Field(0.8, description="Coulomb friction coefficient")
    rolling_friction: quantity("number", ge=0) = Field(0.0, description="[m]")
    spinning_friction: quantity("number", ge=0) = Field(0.0, description="[m]")
    restitution: quantity("number", ge=0, le=1) = Field(0.0, description="0: no bounce, 1: elastic")
    stiffness: quantity("number", ge=0) = Field(0.0, description="of a compliant surface [N/m]; 0: rigid")
    damping: quantity("number", ge=0) = Field(0.0, description="of a compliant surface [N s/m]")
    surface_velocity: vector("speed", 3) | None = Field(
        None, description="its surface runs, itself stays: a conveyor; in the thing's frame [m/s]"
    )
    mount: tagged("type", MOUNTS) | None = Field(None, description="a hinge or a slide that carries it; needs mass")
    color: Color | None = Field(None, description="[r, g, b] or [r, g, b, a] from 0 to 1, or '#rrggbb'")
    motion: tagged("type", MOTIONS) | None = Field(None, description="moves as a function of time, pushed by nothing")
    known_to_planner: bool | Literal["predicted"] = Field(
        True,
        description="false: the planner does not see it; predicted: `planner.replan` sees where it is and how fast, "
        "not where it will go",
    )

    @model_validator(mode="after")
    def _free_or_driven(self):
        if self.mass > 0 and self.motion is not None:
            raise ValueError("mass and motion exclude each other: a driven thing has no mass, a free one no motion")
        if self.mass > 0 and self.surface_velocity is not None:
            raise ValueError("mass and surface_velocity exclude each other: a conveyor stands")
        if self.mass == 0 and self.mount is not None:
            raise ValueError("mount carries a thing with a mass above 0")
        if self.damping > 0 and self.stiffness == 0:
            raise ValueError("damping of a contact needs a stiffness above 0")
        return self

    @property
    def dynamic(self) -> bool:
        """Whether physics moves it."""
        return self.mass > 0


class Plane(Thing):
    """An endless floor: everything below its z axis is solid."""

    shape: Literal["plane"]

    @model_validator(mode="after")
    def _fixed(self):
        if self.mass > 0 or self.motion is not None:
            raise ValueError("a plane cannot move: leave mass and motion out")
        return self


class Box(Thing):
    """A box about its centre."""

    shape: Literal["box"]
    size: Annotated[tuple[Size, ...], Field(strict=False, min_length=3, max_length=3, description="edges x, y, z [m]")]


class Sphere(Thing):
    """A ball about its centre."""

    shape: Literal["sphere"]
    radius: Size = Field(description="[m]")


class Cylinder(Thing):
    """A cylinder about its centre, along its z axis."""

    shape: Literal["cylinder"]
    radius: Size = Field(description="[m]")
    length: Size = Field(description="[m]")


class Capsule(Thing):
    """A cylinder with a half ball at each end, along its z axis."""

    shape: Literal["capsule"]
    radius: Size = Field(description="[m]")
    length: Size = Field(description="of the cylinder, without the half balls [m]")


class Mesh(Thing):
    """A triangle mesh; one that moves is taken as its convex hull."""

    shape: Literal["mesh"]
    file: Name = Field(description="OBJ or STL file, relative to the scenario file")
    convex: bool = Field(False, description="true: its convex hull counts, not every triangle")
    scale: vector("number", 3, gt=0) = Field((1.0, 1.0, 1.0), description="factors along x, y, z")


class HeightField(Thing):
    """Ground of given heights over a rectangle, solid below; fixed."""

    shape: Literal["height_field"]
    size: vector("length", 2, gt=0) = Field(description="of the rectangle along x and y [m]")
    heights: list_of(list_of(quantity("length"), least=2), least=2) = Field(
        description="rows along x, each along y, at even distances: height above the position [m]"
    )

    @model_validator(mode="after")
    def _fixed_rows(self):
        if self.mass > 0 or self.motion is not None:
            raise ValueError("a height field cannot move: leave mass and motion out")
        if len({len(row) for row in self.heights}) > 1:
            raise ValueError("every row of heights must be equally long")
        return self


class Grid(Thing):
    """What is below 0 of signed distances at the nodes of a grid; fixed. Planner and physics take the hull of what is
    solid in each cell."""

    shape: Literal["grid"]
    file: Name = Field(
        description="relative to the scenario file; NPY: values [m] (nx, ny, nz) about the position; NPZ: values, "
        "spacing, and origin of the first node where that is elsewhere; OBJ or STL: a closed mesh to fill in"
    )
    spacing: Size | None = Field(None, description="of the nodes [m]; left out: an NPZ file says it")

    @model_validator(mode="after")
    def _fixed(self):
        if self.mass > 0 or self.motion is not None:
            raise ValueError("a grid cannot move: leave mass and motion out")
        return self


SHAPES = {"plane": Plane, "box": Box, "sphere": Sphere, "cylinder": Cylinder, "capsule": Capsule, "mesh": Mesh,
          "height_field": HeightField, "grid": Grid}  # fmt: skip
WorldItem = tagged("shape", SHAPES)
