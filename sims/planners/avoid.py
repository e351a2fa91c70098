"""Planner `avoid` (also `rrt`): around what the planner knows of, smooth, certified between samples.

The path is robocalc.optimize.plan_motion's: the arm alone moves, fingers stay, and what they hold counts as part of the
hand. A move with `path: line` stays a straight line, by planner `min_jerk`: there is nothing to choose about it.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from robocalc.dynamics.tree import Geometry, Pose
from robocalc.dynamics.tree import Shape as TreeShape
from robocalc.optimize import plan_motion
from robocalc.trajectory import Trajectory
from sims.engines.poses import matrix
from sims.planners import min_jerk, roam
from sims.planners.base import SAME, Failed

REMEDIES = {
    "start": "move away from it first, with `path: line`, or let the step before end elsewhere",
    "goal": "move the target, or ask for less clearance",
    "path": "raise planner.timeout, ask for less clearance, or move the target",
}


def plan_move(mover, step, settings):
    """Add the move to the mover's motion, from rest to rest at each waypoint; raises Failed."""
    if roam.roams(mover.robot):
        return roam.plan_move(mover, step, settings, arm_and_obstacles(mover, {})[1])
    if step.path == "line":
        return min_jerk.plan_move(mover, step, SimpleNamespace(duration="auto"))
    targets = [*step.via, step.to]
    if step.duration is not None and len(targets) > 1:
        raise Failed("a duration with `via` is not possible with this planner: give each leg a move of its own")
    pose = mover.robot.pose(mover.q)
    for target in targets:
        _leg(mover, step, settings, target, pose)
        pose = mover.pose_of(target, mover.q, pose)
    return None


def _leg(mover, step, settings, target, pose):
    fixed = {mover.robot.joints[i]: float(mover.q[i]) for i in mover.fingers}
    moved = np.array([i for i in range(mover.robot.n) if i not in mover.fingers])
    arm, obstacles, held = arm_and_obstacles(mover, fixed)
    goal = _goal(mover, target, pose, moved)
    if goal.shape == moved.shape and np.abs(goal - mover.q[moved]).max() < SAME:
        return mover.stay(step.duration or mover.period)
    clearance = settings.clearance if step.avoid is None else max(step.avoid.clearance, settings.clearance or 0.0)
    plan = plan_motion(
        arm,
        mover.q[moved],
        goal,
        [thing for thing in obstacles if thing.motion is None],
        mover.step_limits(step).select(moved),
        seed=mover.scenario.seed if settings.seed is None else settings.seed,
        clearance=clearance,
        timeout=settings.timeout,
        rounds=settings.rounds,
        **moving_part(mover, obstacles, settings),
    )
    if not plan.solved:
        raise _failed(plan, held)
    return mover.add(_in_time(embedded(plan.trajectory, mover.q, moved), step.duration))


def moving_part(mover, obstacles, settings) -> dict:
    """The arguments of plan_motion that speak of things that move; {} where nothing does."""
    moving = [thing for thing in obstacles if thing.motion is not None]
    return {"moving": moving, "time": mover.time, "patience": settings.patience} if moving else {}


def _goal(mover, target, pose, moved):
    """Joints of the arm (n,), or a pose (4, 4) of the tool, which several configurations reach."""
    if hasattr(target, "pose") or hasattr(target, "offset"):
        return mover.pose_of(target, mover.q, pose)
    return mover.configuration(target, mover.q, pose)[moved]


def _in_time(motion, duration):
    if duration is None:
        return motion
    if motion.duration > duration + SAME:
        why = f"takes at least {motion.duration:.4g} s within the limits, {duration:g} s given"
        raise Failed(why, motion.duration - duration, "s")
    return motion.with_duration(duration)


def embedded(motion, q, moved) -> Trajectory:
    """The motion of some joints as one of all, the others staying at q."""
    coeffs = np.zeros((len(motion.coeffs), motion.coeffs.shape[1], len(q)))
    coeffs[:, 0] = q
    coeffs[:, :, moved] = motion.coeffs
    return Trajectory(np.array(motion.knots), coeffs)


def _failed(plan, held):
    worst = plan.violations[0] if plan.violations else None
    if worst is None:
        return Failed(plan.status.value)
    why = "; or ".join(str(v) for v in plan.violations[:3])
    remedy = REMEDIES.get(worst.constraint)
    if worst.constraint == "start" and held:
        remedy = f"lift {held!r} first, with `path: line`"
    return Failed(f"{why}; {remedy}" if remedy else why, worst.amount, worst.unit)


# --- what the arm carries and meets


def arm_and_obstacles(mover, fixed):
    """(arm with fingers locked and what they hold, shapes that the planner knows of, name of what is held or None).

    A thing that the task grasps later is an obstacle like any other; set down, it stands where it was left.
    """
    robot, held, known = mover.robot, mover.held, mover.known()
    if held is not None:
        name, link, pose = held
        robot = carrying(robot, link, mover.world[name], pose)
        known = [shape for shape in known if shape.name != name]
    return robot.lock(fixed) if fixed else robot, known, held and held[0]


def carrying(robot, link, shape, pose):
    """The robot with a shape on a link, at pose (7,) in the link's frame."""
    sizes = {
        "box": lambda: shape.size,
        "sphere": lambda: (shape.radius,),
        "cylinder": lambda: (shape.radius, shape.length),
        "capsule": lambda: (shape.radius, shape.length),
        "mesh": lambda: shape.scale,
    }
    path = getattr(shape, "file", None)
    geometry = Geometry(shape.kind, tuple(sizes[shape.kind]()), file=path or "", path=path and _path(path))
    item = TreeShape(geometry, Pose.of(matrix(pose[3:]), pose[:3]))
    links = tuple(replace(k, collisions=(*k.collisions, item)) if k.name == link else k for k in robot.tree.links)
    return replace(robot, tree=replace(robot.tree, links=links))


def _path(file):
    from pathlib import Path

    return Path(file)
