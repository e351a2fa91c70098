"""`robot:` which arm, where it stands, what its controller believes about it."""

from pydantic import Field, model_validator

from sims.scenario.base import Name, Part, Placement, list_of
from sims.scenario.schema_cost import Motors
from sims.scenario.units import not_negative, per_joint, quantity, vector

Joints = vector("joint position")
Scale = quantity("number", gt=0, le=1)


class Tool(Part):
    """Tool frame: where it sits on a link."""

    link: Name | None = Field(None, description="link that carries the tool; left out: the robot's own tool frame")
    offset: Placement = Field(Placement(), description="of the tool frame in the link's frame")

    @property
    def position(self) -> tuple:
        """Of the offset [m]."""
        return self.offset.position

    @property
    def rpy_deg(self) -> tuple:
        """Of the offset [deg]."""
        return self.offset.rpy_deg


class Payload(Part):
    """A load at the end of the arm that the controller knows of."""

    mass: not_negative("mass") = Field(0.0, description="[kg]")
    com: vector("length", 3) = Field((0.0, 0.0, 0.0), description="centre of mass in the frame of `link` [m]")
    inertia: vector("inertia", 6) | None = Field(None, description="ixx, iyy, izz, ixy, ixz, iyz about com [kg m^2]")
    link: Name | None = Field(None, description="link that carries it; left out: the robot's tool link")


class RobotLimits(Part):
    """Limits that planner and drives keep. A scale multiplies the robot's own limit, a value replaces it."""

    velocity_scale: Scale = Field(1.0, description="of the robot's velocity limits")
    acceleration_scale: Scale = Field(1.0, description="of the robot's acceleration limits")
    jerk_scale: Scale = Field(1.0, description="of the robot's jerk limits")
    effort_scale: Scale = Field(1.0, description="of the robot's torque limits")
    velocity: per_joint("joint velocity", gt=0) | None = Field(None, description="[rad/s or m/s], one or per joint")
    acceleration: per_joint("joint acceleration", gt=0) | None = Field(None, description="[rad/s^2], one or per joint")
    jerk: per_joint("joint jerk", gt=0) | None = Field(None, description="[rad/s^3], one or per joint")
    torque: per_joint("joint torque", ge=0) | None = Field(None, description="[N m or N], one or per joint")


class Friction(Part):
    """Joint friction that the controller knows of; left out: what the robot's file says."""

    viscous: per_joint("joint damping", ge=0) = Field(0.0, description="[N m s/rad], one or per joint")
    coulomb: per_joint("joint torque", ge=0) = Field(0.0, description="[N m], one or per joint")


class Surface(Part):
    """How a link behaves in contact; coefficients of two surfaces multiply. It replaces what the URDF says."""

    link: Name | None = Field(None, description="left out: all links that no other surface names")
    friction: quantity("number", ge=0) = Field(0.5, description="Coulomb friction coefficient")
    rolling_friction: quantity("number", ge=0) = Field(0.0, description="[m]")
    spinning_friction: quantity("number", ge=0) = Field(0.0, description="[m]")
    restitution: quantity("number", ge=0, le=1) = Field(0.0, description="0: no bounce, 1: elastic")
    stiffness: quantity("number", ge=0) = Field(0.0, description="of a compliant surface [N/m]; 0: rigid")
    damping: quantity("number", ge=0) = Field(0.0, description="of a compliant surface [N s/m]")
    anchor: bool = Field(False, description="friction also pulls back what has crept, as of a rubber finger")

    @model_validator(mode="after")
    def _damps_a_spring(self):
        if self.damping > 0 and self.stiffness == 0:
            raise ValueError("damping of a contact needs a stiffness above 0")
        return self


class Robot(Part):
    """The robot: `model`, a built-in name, or `file`, a path to a URDF (relative to the scenario file)."""

    model: Name | None = Field(None, description="built-in robot, see `robocalc list --robots`")
    file: Name | None = Field(None, description="URDF file, relative to the scenario file")
    base: Placement = Field(Placement(), description="where the base stands in world")
    home: Joints | None = Field(None, description="joint positions called `home`; left out: the robot's own")
    start: Joints | None = Field(None, description="joint positions at t = 0; left out: home")
    start_velocity: vector("joint velocity") | None = Field(None, description="at t = 0; left out: at rest")
    poses: dict[Name, Joints] = Field({}, description="named joint positions that a move can go `to`")
    tool: Tool | None = Field(None, description="tool frame; left out: the robot's own")
    payload: Payload = Field(Payload(), description="load that the controller knows of")
    limits: RobotLimits = Field(RobotLimits(), description="limits of planner and drives")
    friction: Friction | None = Field(None, description="joint friction that the controller knows of")
    motors: Motors = Field(Motors(), description="losses of the drives")
    surfaces: list_of(Surface) = Field((), description="of links in contact; left out: as the URDF says")

    @model_validator(mode="after")
    def _one_source(self):
        if (self.model is None) == (self.file is None):
            raise ValueError("give either model (a built-in robot) or file (a URDF)")
        return self
