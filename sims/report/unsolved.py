"""What a report shows where planning failed: the reasons, where the robot starts, where it should have come to, and the
motion as far as it was planned.

    unsolved_data    scenario, robot, world, plan -> ReportData
"""

from types import SimpleNamespace

import numpy as np

from robocalc.errors import RobocalcError
from sims.build import gripper_joints, motion_limits, start_of
from sims.planners.base import DERIVATIVES, Failed
from sims.report.bodies import quaternions, robot_bodies, tool_poses, world_bodies
from sims.report.curves import pair
from sims.report.data import Body, Marker, Panel, ReportData, Span, frame_rows
from sims.steps import Mover

RATE = 200.0  # [Hz] of the plots
MOST = 20_000  # samples
NOTHING_SEEN = SimpleNamespace(objects={}, t_objects=np.zeros(0))


def unsolved_data(scenario, robot, world, plan, *, versions=None, notes=()) -> ReportData:
    """ReportData of a plan that failed."""
    t, q = planned_motion(plan, start_of(scenario, robot)[0])
    rows = frame_rows(t) if len(t) > 1 else np.zeros(1, int)
    markers, ghosts = goal(scenario, robot, world, plan, q[-1])
    return ReportData(
        name=scenario.name,
        joints=tuple(robot.joints),
        t=t,
        panels=planned_panels(robot, plan.trajectory, t, motion_limits(scenario, robot)) if len(t) > 1 else (),
        t_frames=t[rows],
        bodies=(*robot_bodies(robot, q[rows]), *world_bodies(world, NOTHING_SEEN, t[rows]), *ghosts),
        planned_path=tool_poses(robot, q)[:, :3, 3] if len(t) > 1 else np.zeros((0, 3)),
        description=scenario.description or "",
        outcome=f"planning failed: {', '.join(violation.constraint for violation in plan.violations)}",
        accepted=False,
        verdict="Infeasible",
        reasons=tuple(str(violation) for violation in plan.violations),
        steps=tuple(Span(s.name, s.start, s.end, s.do) for s in plan.steps),
        markers=markers,
        scenario_text=scenario.to_yaml(),
        versions=versions or {},
        notes=(_shown(plan, len(t)), *notes),
    )


def _shown(plan, samples):
    if samples < 2:
        return "The robot is shown where it starts; the goal is marked where the task names it."
    return f"Shown is the motion as planned until it failed ({plan.trajectory.duration:.3g} s); nothing was executed."


def planned_motion(plan, start):
    """t (N,), q (N, n): the motion as far as there is one, else the start."""
    trajectory = plan.trajectory
    if trajectory is None or trajectory.duration <= 0:
        return np.zeros(1), np.asarray(start, float)[None]
    count = int(min(MOST, max(2, np.ceil(trajectory.duration * RATE) + 1)))
    t = np.linspace(0.0, trajectory.duration, count)
    return t, np.asarray(trajectory(trajectory.start + t))


def planned_panels(robot, trajectory, t, limits):
    """Position to jerk of a planned motion, with its limits."""
    panels = []
    for order, (name, unit) in enumerate(DERIVATIVES):
        bound = getattr(limits, name)
        panels.append(
            Panel(
                key=name,
                title=f"{name.capitalize()} planned",
                unit=unit.replace("^2", "²").replace("^3", "³"),
                labels=tuple(robot.joints),
                t=t,
                values=np.asarray(trajectory(trajectory.start + t, order)),
                limits=None if bound is None else pair(bound),
                joints=tuple(range(robot.n)),
            )
        )
    return tuple(panels)


def goal(scenario, robot, world, plan, q):
    """(Marker of the pose that the failed step should reach, bodies of the robot there): () where it names none."""
    if scenario.partners:
        return (), ()  # which robot's step it is, and where, the sentence says
    step = scenario.task[min(len(plan.steps), len(scenario.task) - 1)]
    target = getattr(step, "to", None)
    if target is None:
        return (), ()
    mover = Mover(scenario, robot, motion_limits(scenario, robot), gripper_joints(robot), world)
    name = f"goal of {step.name or step.do}"
    try:
        pose = mover.pose_of(target, q, robot.pose(q))
    except (Failed, RobocalcError):
        return (), ()
    marker = Marker(name, (*pose[:3, 3], *quaternions(pose[:3, :3])))
    try:
        there = mover.configuration(target, q, robot.pose(q))
    except (Failed, RobocalcError):
        return (marker,), ()  # no configuration reaches it: that is the reason
    bodies = robot_bodies(robot, np.asarray(there, float)[None])
    return (marker,), tuple(Body(f"goal: {b.name}", "robot", b.solids, b.poses, run=0, ghost=True) for b in bodies)
