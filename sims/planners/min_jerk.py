"""Planner `min_jerk`: through the waypoints to the target, smooth in the joints or in straight lines of the tool.

A quadrotor, whose attitude follows from its motion, takes the motion of least snap: sims.planners.follow.
"""

from functools import partial

import numpy as np

from robocalc.errors import Infeasible
from robocalc.trajectory import Limits, curve_motion, line_motion, minimum_jerk
from sims.planners.base import SAME, Failed, farthest_beyond
from sims.planners.follow import ROLLING, flies, fly


def plan_move(mover, step, settings):
    """Add the move to the mover's motion; raises Failed, Infeasible."""
    targets = [*step.via, step.to]
    stop = [not getattr(target, "pass_through", False) for target in targets]
    duration = step.duration
    if duration is None and settings.duration != "auto":
        duration = settings.duration
    if mover.robot.joints == ROLLING and mover.robot.tree.tyres and step.path == "joint":
        from sims.planners import roam

        return roam.plan_move(mover, step, None)
    if flies(mover.robot) and (moved := _waypoints(mover, targets, stop)):
        return fly(mover, *moved, duration, mover.step_limits(step))
    shape = (_line if step.path == "line" else _joint)(mover, targets, stop)
    if shape is None:  # the robot is there already
        mover.stay(mover.period if duration is None else duration)
    elif duration is None:
        mover.add(shape(limits=mover.step_limits(step)))
    else:
        mover.add(_in_time(shape, duration, mover.step_limits(step), mover.robot.joints))


def _in_time(shape, duration, limits, joints):
    """The motion of a shape in the duration asked for, which the limits must allow."""
    try:
        return shape(duration=duration, limits=limits)
    except Infeasible:
        least = shape(limits=limits).duration  # raises where another duration does not help
        if least <= duration:
            raise
        broken = farthest_beyond(shape(duration=duration, limits=Limits(position=limits.position)), limits, joints)
        why = f"takes at least {least:.4g} s within the limits, {duration:g} s given: {broken}"
        raise Failed(why, least - duration, "s") from None


def _joint(mover, targets, stop):
    """The motion as a function of limits or duration, None for no motion."""
    moved = _waypoints(mover, targets, stop)
    return None if moved is None else partial(minimum_jerk, moved[0], stop=moved[1])


def _waypoints(mover, targets, stop):
    """(rows (K, n), stops (K,)) from here on, None where nothing moves."""
    waypoints, pose = [mover.q], mover.robot.pose(mover.q)
    for target in targets:
        waypoints.append(mover.configuration(target, waypoints[-1], pose))
        pose = mover.pose_of(target, waypoints[-1], pose)
    steps = np.abs(np.diff(waypoints, axis=0)).max(axis=1)
    kept = np.flatnonzero(steps > SAME)
    if not kept.size:
        return None
    rows = np.array([waypoints[0], *(waypoints[k + 1] for k in kept)])
    return rows, np.array([True, *(stop[k] for k in kept)])


def _line(mover, targets, stop):
    """Likewise."""
    poses = [mover.robot.pose(mover.q)]
    for target in targets:
        poses.append(mover.pose_of(target, mover.q, poses[-1]))
    if np.abs(np.diff(poses, axis=0)).max() < SAME:
        return None
    if len(targets) == 1:
        return partial(line_motion, mover.robot, mover.q, poses[-1])
    return partial(curve_motion, mover.robot, mover.q, np.array(poses[1:]), stop=np.array(stop))
