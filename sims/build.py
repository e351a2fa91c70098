"""What a scenario's words mean as objects: the robot as its controller believes it and as it is.

believed_robot   the robot that planner and law know
true_robot       the same with the payload errors that nobody told them
motion_limits    what the planner may use of each joint
surfaces_of      how links of the robot behave in contact
gripper_joints   which joints are fingers
"""

from dataclasses import replace

import numpy as np

from robocalc.control import together
from robocalc.dynamics import Robot, Team, load
from robocalc.dynamics.model import align
from robocalc.dynamics.tree import Geometry, Pose
from robocalc.dynamics.tree import Shape as TreeShape
from robocalc.errors import InvalidInput
from robocalc.trajectory import Limits
from sims.build_world import rpy
from sims.each import alone, of_each, side_by_side
from sims.effects import Drag, Gear, Push, Rope, Wind, make_effects
from sims.effects.estimator import law_latency
from sims.engines.bullet_contacts import fingers_of
from sims.engines.poses import matrix, rpy_quaternion
from sims.engines.surface import Surface
from sims.scenario.check_rates import replan_of
from sims.scenario.schema_effects import DISTURBANCES

ROOM = {"acceleration": 0.5, "jerk": 0.5}  # of the limits that plans to be steered may use: the rest is for braking
ROD, ROD_COLOR = 0.006, (0.25, 0.27, 0.30, 1.0)  # [m] radius of a tool as it is drawn


@of_each
def believed_robot(scenario) -> Robot:
    """The robot with base, gravity, tool and payload as its controller believes them; raises what loading raises."""
    return _robot(scenario, scenario.robot.payload.mass)


@of_each
def true_robot(scenario) -> Robot:
    """The robot as it is: with every `payload_error`, where a negative mass makes the believed payload lighter."""
    errors = [item for item in scenario.disturbances if item.type == "payload_error"]
    lighter = sum(item.mass for item in errors if item.mass < 0)
    believed = scenario.robot.payload.mass
    if believed + lighter < 0:
        raise InvalidInput(
            f"payload_error of {lighter:g} kg takes more away than robot.payload.mass, which is {believed:g} kg"
        )
    robot = _robot(scenario, believed + lighter)
    for item in errors:
        if item.mass > 0:
            robot = robot.with_payload(item.mass, com=item.com, link=item.link)
    return robot


def _robot(scenario, payload_mass) -> Robot:
    spec = scenario.robot
    robot = load(spec.model) if spec.model else Robot.from_urdf(spec.file)
    robot = robot.with_base(spec.base.position, rpy(spec.base.rpy_deg)).with_gravity(scenario.sim.gravity)
    if spec.home is not None:
        robot = replace_home(robot, spec.home)
    if spec.friction is not None:
        robot = replace_friction(robot, spec.friction)
    if payload_mass > 0:
        inertia = (
            None if spec.payload.inertia is None else tensor(spec.payload.inertia) * payload_mass / spec.payload.mass
        )
        robot = robot.with_payload(payload_mass, com=spec.payload.com, inertia=inertia, link=spec.payload.link)
    if spec.tool is not None:
        robot = robot.with_tool(spec.tool.offset.position, rpy(spec.tool.offset.rpy_deg), link=spec.tool.link)
        if not gripper_joints(robot):  # between fingers there is nothing that could touch what they hold
            robot = show_tool(robot, np.array(spec.tool.offset.position), rpy(spec.tool.offset.rpy_deg))
    return robot


def show_tool(robot, offset, angles) -> Robot:
    """The robot with a thin rod from the tool's link to the tool frame, to be seen and to keep clear of things.

    It has no mass: that is for robot.payload to say.
    """
    length = float(np.linalg.norm(offset))
    if length < 1e-3:
        return robot
    back = -matrix(rpy_quaternion(angles)).T @ offset
    rod = Geometry("cylinder", (ROD, length), color=ROD_COLOR)
    shape = TreeShape(rod, Pose.of(align(back / length), back / 2))
    links = tuple(
        replace(k, visuals=(shape,), collisions=(shape,)) if k.name == robot.tool else k for k in robot.tree.links
    )
    return replace(robot, tree=replace(robot.tree, links=links))


def replace_friction(robot, friction) -> Robot:
    """The robot with other joint friction, which its controller knows of."""
    names = {name: i for i, name in enumerate(robot.joints)}
    viscous, coulomb = np.broadcast_to(friction.viscous, robot.n), np.broadcast_to(friction.coulomb, robot.n)
    joints = [
        replace(j, damping=float(viscous[names[j.name]]), friction=float(coulomb[names[j.name]]))
        if j.name in names
        else j
        for j in robot.tree.joints
    ]
    return replace(robot, tree=replace(robot.tree, joints=tuple(joints)), edits=(*robot.edits, f"friction {friction}"))


def tensor(six) -> np.ndarray:
    """(3, 3) of ixx, iyy, izz, ixy, ixz, iyz."""
    xx, yy, zz, xy, xz, yz = six
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def replace_home(robot, home) -> Robot:
    home = np.array(home, dtype=float)
    if home.shape != (robot.n,):
        raise InvalidInput(
            f"robot.home has {home.size} numbers, {robot.name} has {robot.n} joints: {', '.join(robot.joints)}"
        )
    return replace(robot, home=home)


def steered(scenario) -> bool:
    """Whether the robot may have to brake before what moves."""
    return scenario.safety is not None or replan_of(scenario) is not None


def piloted(scenario) -> bool:
    """Whether the reference may change during the run."""
    return steered(scenario) or scenario.sim.planner_rate is not None


def with_room(limits) -> Limits:
    """Limits for plans that shall be able to brake within the true ones."""
    given = {name: share * getattr(limits, name) for name, share in ROOM.items() if getattr(limits, name) is not None}
    return replace(limits, **given)


def scaled_or_given(robot_bound, scale, given):
    """A given bound replaces the robot's own; else the robot's own times scale."""
    if given is not None:
        return np.array(given, dtype=float) * np.ones(
            np.shape(robot_bound)[-1] if robot_bound is not None else np.size(given)
        )
    return None if robot_bound is None else np.asarray(robot_bound) * scale


def motion_limits(scenario, robot: Robot) -> Limits:
    """Limits of planned motion and of the drives, from the robot's own and the scenario's scales and values."""
    if scenario.partners:
        each = [motion_limits(solo, member.robot) for member, solo in alone(scenario, robot)]
        return side_by_side(each, [member.robot.n for member in robot.members])
    spec, own = scenario.robot.limits, robot.limits
    return Limits(
        position=own.position,
        velocity=scaled_or_given(own.velocity, spec.velocity_scale, spec.velocity),
        acceleration=scaled_or_given(own.acceleration, spec.acceleration_scale, spec.acceleration),
        jerk=scaled_or_given(own.jerk, spec.jerk_scale, spec.jerk),
        torque=scaled_or_given(own.torque, spec.effort_scale, spec.torque),
    )


def gripper_joints(robot: Robot) -> tuple:
    """Indices of the joints that move the fingers, () where there are none."""
    if isinstance(robot, Team):
        return tuple(m.columns.start + i for m in robot.members for i in gripper_joints(m.robot))
    fingers = fingers_of(robot)
    carried_by = {joint.child: joint.name for joint in robot.tree.joints}
    return tuple(robot.joints.index(carried_by[link]) for link in fingers)


def surfaces_of(scenario, robot=None) -> dict:
    """link -> Surface of the links whose contact the scenario gives; None stands for all others."""
    if scenario.partners:
        found = {}
        for member, solo in alone(scenario, robot):
            given = surfaces_of(solo, member.robot)
            links = {link: given[None] for link in member.robot.links} if None in given else {}
            found |= {f"{member.prefix}{link}": s for link, s in (links | given).items() if link is not None}
        return found
    return {surface.link: Surface(**surface.model_dump(exclude={"link"})) for surface in scenario.robot.surfaces}


# the run ------------------------------------------------------------------------------------------------------------


def start_of(scenario, robot):
    """(q, v) at t = 0."""
    if scenario.partners:
        each = [start_of(solo, member.robot) for member, solo in alone(scenario, robot)]
        return tuple(np.concatenate(x) for x in zip(*each, strict=True))
    q = robot.home if scenario.robot.start is None else np.array(scenario.robot.start, float)
    v = np.zeros(robot.n) if scenario.robot.start_velocity is None else np.array(scenario.robot.start_velocity, float)
    return q, v


def law_of(scenario, robot, reference, torque):
    """The scenario's law for a robot as it is believed to be.

    reference (N + 1, 3, n) at the physics step; torque (N + 1, n) planned with it, NaN where it is the law's to find,
    or None. A design that works along a reference (`along`) is given both, with every NaN filled by inverse dynamics.
    """
    if scenario.partners:
        return together(robot, [_law_of(m, solo, reference, torque) for m, solo in alone(scenario, robot)])
    sim, design = scenario.sim, scenario.controller.design()
    words = {"substeps": sim.control_every, "latency": law_latency(scenario)}
    if getattr(design, "along", False):
        known = robot.inverse_dynamics(reference[:, 0], reference[:, 1], reference[:, 2])
        filled = known if torque is None else np.where(np.isnan(torque), known, torque)
        words |= {"reference": reference, "torque": filled, "step": sim.timestep}
    return design.law(robot, sim.timestep * sim.control_every, reference[-1, 0], **words)


def _law_of(member, solo, reference, torque):
    own = np.ascontiguousarray(reference[:, :, member.columns])
    return law_of(solo, member.robot, own, None if torque is None else torque[:, member.columns])


def ropes_of(scenario) -> list:
    """The loads that hang from the robot."""
    loads = [item for item in scenario.disturbances if item.type == "hanging_load"]
    return [Rope(**item.model_dump(exclude={"type"})) for item in loads]


def gear_of(item) -> Gear:
    """Of the one flexible_joint of a scenario."""
    return Gear(item.stiffness, item.motor_inertia, item.damping, item.play)


def thrust_scale(scenario, robot) -> float:
    """Of the limits of all thrusters."""
    if not scenario.partners:
        return scenario.robot.limits.effort_scale
    scales = {solo.robot.limits.effort_scale for m, solo in alone(scenario, robot) if m.robot.tree.thrusters}
    if len(scales) > 1:
        raise InvalidInput(f"robots with thrusters have one effort_scale for all, got {sorted(scales)}")
    return scales.pop() if scales else 1.0


def effects_of(scenario, robot, plant_robot, steps):
    """Everything in `disturbances` and `sensors` but payload, as the loop takes it."""
    sensors, found = scenario.sensors, {kind: [] for kind in DISTURBANCES}
    for item in scenario.disturbances:
        found[item.type].append(item)
    friction = np.array(robot.friction, float)
    for item in found["joint_friction"]:
        friction = friction + np.array([np.broadcast_to(item.viscous, robot.n), np.broadcast_to(item.coulomb, robot.n)])
    ripple = [np.broadcast_to(r.std, robot.n) for r in (*found["torque_ripple"], sensors.torque_ripple)]
    return make_effects(
        plant_robot,
        scenario.sim.timestep,
        steps,
        control_every=scenario.sim.control_every,
        friction=friction,
        torque_limits=motion_limits(scenario, robot).torque,
        position_noise=sensors.joint_position.std,
        position_resolution=sensors.joint_position.quantization,
        velocity_noise=sensors.joint_velocity.std,
        velocity_resolution=sensors.joint_velocity.quantization,
        velocity_filter_hz=sensors.joint_velocity.filter_hz,
        latency=sensors.latency,
        ripple=np.sqrt(np.sum(np.square(ripple), axis=0)),
        pushes=[Push(p.link, p.force, p.start, p.duration, p.point) for p in found["push"]],
        drags=[Drag(**item.model_dump(exclude={"type"})) for item in found["drag"]],
        winds=[Wind(**item.model_dump(exclude={"type"})) for item in found["wind"]],
        ropes=ropes_of(scenario),
        motor_lag=found["motor_lag"][0].time_constant if found["motor_lag"] else 0.0,
        gear=gear_of(*found["flexible_joint"]) if found["flexible_joint"] else None,
        thrust_scale=thrust_scale(scenario, robot),
        seed=scenario.seed,
    )
