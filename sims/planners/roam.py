"""Quadrotors and wheeled bases among what stands and moves: their point goes, the rest follows by flatness.

plan_move   turn (a wheeled base), go, turn, from rest to rest at each waypoint
hull        the robot as a ball or pillar that holds it at any attitude, on the joints that place it

The hull's motion is robocalc.optimize.plan_motion's, certified; a mean over a short window then gives it the smoothness
that rotors and wheels need. How far that moves it is measured, and kept free as well.
"""

from dataclasses import replace
from itertools import product

import numpy as np

from robocalc.dynamics.tree import Geometry, Pose
from robocalc.dynamics.tree import Shape as TreeShape
from robocalc.optimize import plan_motion
from robocalc.trajectory import minimum_jerk
from sims.planners.base import DERIVATIVES, SAME, Failed, beyond
from sims.planners.follow import FLYING, PLANAR, ROLLING, BeyondInputs, add_flat
from sims.planners.smooth import WINDOW, Driven, Flown, nearest_turn

PAD = {FLYING: 0.01, PLANAR: 0.01, ROLLING: 0.06}  # [m] that smoothing may move the hull, at first
TRIES, SLOWER = 12, 1.2  # plans; each time so much slower, or with more room
CLOSE = 1e-6


def roams(robot) -> bool:
    """Whether the robot is one that a point leads."""
    return robot.joints in (FLYING, PLANAR, ROLLING) and bool(robot.tree.thrusters)


def plan_move(mover, step, settings, obstacles=()):
    """Add the move to the mover's motion; raises Failed.

    settings    of planner `avoid`, or None where nothing is to be avoided
    obstacles   shapes that the planner knows of
    """
    targets, pose = [*step.via, step.to], mover.robot.pose(mover.q)
    if step.duration is not None:
        raise Failed("a duration is not possible for this robot: the planner finds it")
    for target in targets:
        goal = mover.configuration(target, mover.q, pose)
        _leg(mover, step, settings, obstacles, goal)
        pose = mover.robot.pose(mover.q)


def _leg(mover, step, settings, obstacles, goal):
    robot, n = mover.robot, places(mover.robot)
    _level(robot, mover.q, goal)
    if np.abs(goal[:n] - mover.q[:n]).max() < SAME:
        return _turn(mover, step, goal) if robot.joints == ROLLING else _stay(mover, goal)
    slower, pad, turned, last = 1.03, PAD[robot.joints], 0.0, None
    for _ in range(TRIES):
        plan = _hull_plan(mover, step, settings, obstacles, goal[:n], slower, pad, turned + WINDOW / 2)
        way = Driven(robot, plan, mover.q) if robot.joints == ROLLING else Flown(robot, plan, mover.q, goal)
        if way.moved > pad + CLOSE:
            pad = 1.05 * way.moved
            continue
        if robot.joints == ROLLING:
            needed = _turn_time(mover, step, way.heading)
            if obstacles and needed > turned + CLOSE:
                turned = needed
                continue
        try:
            return _go(mover, step, way, goal, turned)
        except BeyondInputs as error:
            slower, last = slower * SLOWER, error
    raise last or Failed(f"{robot.name} finds no way that it can follow: leave it more room, or lower robot.limits")


def _go(mover, step, way, goal, turned):
    before = mover.trajectory, list(mover.tracked), np.array(mover.q)
    try:
        if mover.robot.joints == ROLLING:
            _turn(mover, step, np.append(mover.q[:2], way.heading), turned)
            way.unwind(mover.q[2])
        add_flat(mover, mover.whole(way.duration), way)
        _within(mover)
        if mover.robot.joints == ROLLING:
            _turn(mover, step, np.append(mover.q[:2], goal[2]))
    except BeyondInputs:
        mover.trajectory, mover.tracked[:], mover.q = before
        raise


def _within(mover):
    """Bends ask for more than the corners did: raise BeyondInputs for the limit that they break."""
    for order, (name, unit) in enumerate(DERIVATIVES[1:], start=1):
        excess, times = beyond(mover.trajectory, mover.limits, order)
        side, joint = np.unravel_index(np.argmax(excess), excess.shape)
        if excess[side, joint] > 0:
            what = f"{name} limit of {mover.robot.joints[joint]} exceeded by {excess[side, joint]:.4g} {unit}"
            raise BeyondInputs(f"{what} at t = {times[side, joint]:.3g} s", float(excess[side, joint]), unit)


def places(robot) -> int:
    """How many joints place the point."""
    return 3 if robot.joints == FLYING else 2


def _level(robot, q, goal):
    if robot.joints != ROLLING:
        tilt = slice(4, 6) if robot.joints == FLYING else slice(2, 3)
        if np.abs(goal[tilt]).max() > SAME:
            raise Failed(f"{robot.name} rests level: {' and '.join(robot.joints[tilt])} must be 0")
        if robot.joints == FLYING and abs(goal[3] - q[3]) > SAME:
            raise Failed(f"{robot.name} keeps its yaw of {q[3]:.4g} on the way; planner min_jerk turns it")


def _stay(mover, _goal):
    mover.stay(mover.period)


def _turn_limits(mover, step):
    return mover.step_limits(step).select([2])


def _turn_time(mover, step, heading):
    if abs(nearest_turn(heading, mover.q[2]) - mover.q[2]) < SAME:
        return 0.0
    rows = np.array([[mover.q[2]], [nearest_turn(heading, mover.q[2])]])
    return mover.whole(minimum_jerk(rows, limits=_turn_limits(mover, step)).duration)


def _turn(mover, step, goal, least=0.0):
    """On the spot, the short way round, in at least that time [s]."""
    yaw = nearest_turn(goal[2], mover.q[2])
    if abs(yaw - mover.q[2]) < SAME:
        if least > 0:
            mover.stay(least)
        return
    rows = np.array([mover.q, [*mover.q[:2], yaw]])
    fastest = minimum_jerk(rows[:, 2:], limits=_turn_limits(mover, step)).duration
    mover.add(minimum_jerk(rows, duration=max(least, mover.whole(fastest))))


# the hull -----------------------------------------------------------------------------------------------------------


def _hull_plan(mover, step, settings, obstacles, goal, slower, pad, late):
    robot, n = mover.robot, places(mover.robot)
    body = hull(robot, mover.q, pad)
    limits = mover.step_limits(step).select(range(n))
    limits = limits.scaled(velocity=1 / slower, acceleration=1 / slower**2, jerk=1 / slower**3)
    words = {}
    if settings is not None:
        asked = settings.clearance if step.avoid is None else max(step.avoid.clearance, settings.clearance or 0.0)
        seed = mover.scenario.seed if settings.seed is None else settings.seed
        words = {"seed": seed, "clearance": asked, "timeout": settings.timeout, "rounds": settings.rounds}
        moving = [thing for thing in obstacles if thing.motion is not None]
        if moving:
            words |= {"moving": moving, "time": mover.time + late, "patience": settings.patience}
    still = [thing for thing in obstacles if thing.motion is None]
    if robot.joints == ROLLING:
        still = [thing for thing in still if thing.kind != "plane"]  # it rolls on it
    plan = plan_motion(body, mover.q[:n], goal, still, limits, **words)
    if not plan.solved:
        worst = plan.violations[0] if plan.violations else None
        why = "; or ".join(str(v) for v in plan.violations[:3]) or plan.status.value
        raise Failed(why, worst.amount if worst else 0.0, worst.unit if worst else "")
    return plan


def hull(robot, q, pad=0.0):
    """The robot on the joints that place it, its shapes replaced by a ball (or an upright pillar on wheels), pad wider.

    raises    Failed: a mesh, whose size is not known here
    """
    n = places(robot)
    fixed = {joint: float(q[n + i]) for i, joint in enumerate(robot.joints[n:])}
    body = next(link for link in reversed(robot.tree.links) if link.collisions)
    corners = np.concatenate([_corners(robot, shape) for shape in body.collisions])
    if robot.joints == ROLLING:
        radius, low, high = np.linalg.norm(corners[:, :2], axis=1).max(), corners[:, 2].min(), corners[:, 2].max()
        item = TreeShape(Geometry("cylinder", (radius + pad, high - low)), Pose.of(np.eye(3), (0, 0, (low + high) / 2)))
    else:
        item = TreeShape(Geometry("sphere", (np.linalg.norm(corners, axis=1).max() + pad,)), Pose.of(np.eye(3)))
    links = tuple(replace(k, collisions=(item,) if k.name == body.name else ()) for k in robot.tree.links)
    tree = replace(robot.tree, links=links, thrusters=(), tyres=())
    return replace(robot, tree=tree, edits=(*robot.edits, f"hull {pad!r}")).lock(fixed)


def _corners(robot, shape):
    """(8, 3) corners of a box around a shape, in the link's frame."""
    kind, size = shape.geometry.kind, shape.geometry.size
    if kind == "mesh":
        raise Failed(f"{robot.name} has a mesh to collide with; planner avoid needs primitive shapes for such a robot")
    half = {
        "box": lambda: np.array(size) / 2,
        "sphere": lambda: np.full(3, size[0]),
        "cylinder": lambda: np.array([size[0], size[0], size[1] / 2]),
        "capsule": lambda: np.array([size[0], size[0], size[1] / 2 + size[0]]),
    }[kind]()
    pose = shape.origin.matrix
    return np.array(list(product((-1, 1), repeat=3))) * half @ pose[:3, :3].T + pose[:3, 3]
