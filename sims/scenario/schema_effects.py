"""`disturbances:` and `sensors:` what the controller does not know of, and how it sees.

DISTURBANCES   tag -> model
"""

from typing import Literal

from pydantic import Field

from sims.scenario.base import Name, Part, list_of, tagged
from sims.scenario.units import not_negative, per_joint, positive, quantity, vector


class Push(Part):
    """A force on a link for a while."""

    type: Literal["push"]
    link: Name
    point: vector("length", 3) = Field((0.0, 0.0, 0.0), description="where it acts, in the link's frame [m]")
    force: vector("force", 3) = Field(description="in world axes [N]")
    start: not_negative("time") = Field(description="[s]")
    duration: positive("time") = Field(description="[s]")


class PayloadError(Part):
    """Load that the controller does not know of: true minus believed; negative takes mass away."""

    type: Literal["payload_error"]
    mass: quantity("mass") = Field(description="[kg]")
    com: vector("length", 3) = Field((0.0, 0.0, 0.0), description="centre of mass in the frame of `link` [m]")
    link: Name | None = Field(None, description="link that carries it; left out: the robot's tool link")


class JointFriction(Part):
    """Joint friction besides what the controller knows of."""

    type: Literal["joint_friction"]
    viscous: per_joint("joint damping", ge=0) = Field(0.0, description="[N m s/rad], one or per joint")
    coulomb: per_joint("joint torque", ge=0) = Field(0.0, description="[N m], one or per joint")


class TorqueRipple(Part):
    """Random torque of the drives, drawn anew each physics step."""

    type: Literal["torque_ripple"]
    std: per_joint("joint torque", ge=0) = Field(description="standard deviation [N m], one or per joint")


class Drag(Part):
    """What the air does to a link: F = 1/2 rho A |w - u| (w - u), A its drag area, u its velocity, w the wind's."""

    type: Literal["drag"]
    link: Name
    area: quantity("number", ge=0) = Field(description="drag coefficient times area [m^2]")
    point: vector("length", 3) = Field((0.0, 0.0, 0.0), description="where it acts, in the link's frame [m]")
    density: positive("number") = Field(1.225, description="of the air [kg/m^3]")


class Wind(Part):
    """Air that moves; it acts on links with `drag`. Several add up."""

    type: Literal["wind"]
    velocity: vector("speed", 3) = Field((0.0, 0.0, 0.0), description="in world axes [m/s]")
    gust: vector("speed", 3) = Field((0.0, 0.0, 0.0), description="at the middle of one gust, 1 - cosine [m/s]")
    start: not_negative("time") = Field(0.0, description="of the gust [s]")
    duration: positive("time") = Field(1.0, description="of the gust [s]")
    turbulence: not_negative("speed") = Field(0.0, description="standard deviation of each component [m/s]")
    correlation: positive("time") = Field(1.0, description="time constant of the turbulence [s]")


class HangingLoad(Part):
    """A load on a rope that can only pull; it hangs below its point when the run begins, and touches nothing."""

    type: Literal["hanging_load"]
    link: Name
    mass: positive("mass") = Field(description="[kg]")
    length: positive("length") = Field(description="of the rope [m]")
    point: vector("length", 3) = Field((0.0, 0.0, 0.0), description="where it hangs, in the link's frame [m]")
    stretch: quantity("number", gt=0, le=0.5) = Field(0.002, description="of the rope under the load's weight")
    damping: quantity("number", ge=0, le=1) = Field(0.1, description="of the stretch, as a share of critical")


class MotorLag(Part):
    """Torque that follows what the controller wants with a first-order lag; thrust of rotors likewise."""

    type: Literal["motor_lag"]
    time_constant: per_joint("time", ge=0) = Field(description="[s], one or per joint")


class FlexibleJoint(Part):
    """A gear that gives: the motor is an inertia of its own behind a spring, a damper and some play."""

    type: Literal["flexible_joint"]
    stiffness: per_joint("number", ge=0) = Field(description="[N m/rad or N/m], one or per joint; 0: rigid")
    motor_inertia: per_joint("number", ge=0) = Field(description="at the joint [kg m^2 or kg], one or per joint")
    damping: per_joint("joint damping", ge=0) = Field(0.0, description="[N m s/rad], one or per joint")
    play: per_joint("joint position", ge=0) = Field(0.0, description="backlash, from stop to stop [rad or m]")


DISTURBANCES = {
    "push": Push,
    "payload_error": PayloadError,
    "joint_friction": JointFriction,
    "torque_ripple": TorqueRipple,
    "drag": Drag,
    "wind": Wind,
    "hanging_load": HangingLoad,
    "motor_lag": MotorLag,
    "flexible_joint": FlexibleJoint,
}
Disturbance = tagged("type", DISTURBANCES)


class PositionSensor(Part):
    """Joint encoders."""

    missing: list_of(Name) = Field((), description="joints that have none, which takes an estimator")
    std: per_joint("joint position", ge=0) = Field(0.0, description="noise, standard deviation [rad or m]")
    quantization: per_joint("joint position", ge=0) = Field(0.0, description="resolution [rad or m]")


class VelocitySensor(Part):
    """Joint velocities as measured."""

    available: bool = Field(True, description="false: encoders alone, which takes an estimator")
    std: per_joint("joint velocity", ge=0) = Field(0.0, description="noise, standard deviation [rad/s or m/s]")
    quantization: per_joint("joint velocity", ge=0) = Field(0.0, description="resolution [rad/s or m/s]")
    filter_hz: positive("frequency") | None = Field(None, description="corner of a first-order low-pass [Hz]")


class DriveRipple(Part):
    """Random torque of the drives; the same as the disturbance `torque_ripple`."""

    std: per_joint("joint torque", ge=0) = Field(0.0, description="standard deviation [N m], one or per joint")


class ForceTorqueSensor(Part):
    """A six-axis force-torque sensor: what the robot exerts on all that is beyond it. The lists are of fx, fy, fz [N],
    nx, ny, nz [N m] in its axes. Bias, drift and noise come first, then its range, low-pass and resolution."""

    link: Name | None = Field(None, description="where it sits, and its axes; left out: the flange of the tool")
    rate: positive("frequency") | None = Field(
        None, description="at which it is read [Hz], divides 1/timestep; left out: output.log_rate"
    )
    std: vector("number", 6, ge=0) = Field(
        (0.0,) * 6, description="noise, standard deviation of fx, fy, fz [N], nx, ny, nz [N m]"
    )
    bias: vector("number", 6) = Field((0.0,) * 6, description="what it reads where nothing acts [N, N m]")
    drift: vector("number", 6) = Field((0.0,) * 6, description="by which that grows [N/s, N m/s]")
    range: vector("number", 6, gt=0) | None = Field(None, description="largest reading, either sign [N, N m]")
    filter_hz: positive("frequency") | None = Field(None, description="corner of a first-order low-pass [Hz]")
    quantization: vector("number", 6, ge=0) = Field((0.0,) * 6, description="resolution [N, N m]")


class Sensors(Part):
    """How the controller sees the robot."""

    joint_position: PositionSensor = PositionSensor()
    joint_velocity: VelocitySensor = VelocitySensor()
    latency: quantity("time", ge=0, le=2.0) = Field(0.0, description="age of a measurement when the law gets it [s]")
    torque_ripple: DriveRipple = DriveRipple()
    force_torque: ForceTorqueSensor | None = Field(None, description="a six-axis sensor behind the wrist")

    @property
    def complete(self) -> bool:
        """Whether position and velocity of every joint are measured."""
        return self.joint_velocity.available and not self.joint_position.missing
