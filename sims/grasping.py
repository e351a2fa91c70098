"""Steps of a gripper: fingers close on a thing and carry it, or let it go.

grasp     of what stands, or of what moves while the hand goes along
release   the fingers open
left      what the hand carried stays where it is
"""

from dataclasses import replace

import numpy as np

from robocalc.trajectory import minimum_jerk
from sims.build import piloted
from sims.engines.bullet_contacts import fingers_of, hand_of
from sims.engines.poses import compose, inverse
from sims.planners.base import SAME, Caught, Failed
from sims.planners.catch import catch

ELSEWHERE = 0.1  # [m] from the tool: farther, an object is not yet where it is grasped
CLOSING = 0.6  # of a grasp's time: fingers close by position; then their force takes over


def grasp(mover, step):
    """Fingers close to the object's half width, then their force takes over; `moving`: while the hand goes along."""
    if not mover.fingers:
        raise Failed(f"{mover.robot.name} has no gripper; take for example model: panda_gripper")
    half = half_width(mover.world[step.object])
    lower, upper = mover.limits.bounds("position", mover.robot.n)[:, list(mover.fingers)]
    if half > upper.min() + SAME:
        raise Failed(
            f"{step.object!r} is {2e3 * half:g} mm wide, the gripper opens {2e3 * upper.min():g} mm",
            half - upper.min(),
            "m",
        )
    if step.moving is not None:
        return _take_along(mover, step, half, max(half, lower.max()))
    begin = mover.time
    move_fingers(mover, max(half, lower.max()), CLOSING * step.duration)
    mover.stay((1 - CLOSING) * step.duration)
    taken(mover, step.object)
    mover.caught = Caught(begin, mover.time, mover.held[2])
    return None


def _take_along(mover, step, half, opening):
    """The grasp of what moves."""
    name, hidden = step.object, {shape.name for shape in mover.world.values()} - {shape.name for shape in mover.known()}
    if piloted(mover.scenario):
        raise Failed(
            f"{name!r} is taken at a time that is planned: leave `moving` out, or safety, planner.replan and "
            "sim.planner_rate, which may change it"
        )
    if name in hidden:
        raise Failed(f"where {name!r} will be is not known: its known_to_planner is not true")
    wide = mover.q[list(mover.fingers)].min()
    if wide < half - SAME:
        why = f"{name!r} is {2e3 * half:g} mm wide, the fingers are open by {2e3 * wide:g} mm; release first"
        raise Failed(why, half - wide, "m")
    mover.caught = catch(mover, step, opening, CLOSING)
    mover.held = name, hand_of(mover.robot, fingers_of(mover.robot)[0]), mover.caught.in_hand


def taken(mover, name):
    """From now on the hand carries it: as it stands, or at the tool where something has to bring it there first."""
    hand = hand_of(mover.robot, fingers_of(mover.robot)[0])
    place, tool = np.array(mover.placed.get(name, mover.world[name]).pose), mover.robot.pose(mover.q)[:3, 3]
    if np.linalg.norm(place[:3] - tool) > ELSEWHERE:
        place[:3] = tool
    mover.held = name, hand, compose(inverse(mover.link_pose(hand)), place)


def left(mover):
    """What the hand carried stays where it is."""
    if mover.held is not None:
        name, hand, pose = mover.held
        place = compose(mover.link_pose(hand), pose)
        mover.placed[name] = replace(mover.world[name], position=place[:3], rpy=None, quaternion=place[3:])
        mover.held = None


def release(mover, step):
    """Fingers open, to `width` or as far as they go."""
    if not mover.fingers:
        raise Failed(f"{mover.robot.name} has no gripper; take for example model: panda_gripper")
    left(mover)
    upper = mover.limits.bounds("position", mover.robot.n)[1][list(mover.fingers)].min()
    move_fingers(mover, upper if step.width is None else min(step.width / 2, upper), step.duration)


def half_width(shape) -> float:
    """Half of the smaller horizontal extent of a shape [m]."""
    if shape.kind == "box":
        return min(shape.size[:2]) / 2
    if shape.kind == "mesh":
        return float(np.ptp(shape.vertices()[:, :2], axis=0).min()) / 2
    return shape.radius


def move_fingers(mover, opening, duration):
    """All fingers to `opening` in `duration`, or longer where the limits ask for it."""
    goal = mover.q.copy()
    goal[list(mover.fingers)] = opening
    if np.abs(goal - mover.q).max() < SAME:
        mover.stay(duration)
    else:
        motion = minimum_jerk(np.array([mover.q, goal]), limits=mover.limits)
        mover.add(motion.with_duration(max(duration, motion.duration)))
