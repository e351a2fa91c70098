"""Tool motions in joint space: lines and curves of the tool, mapped by inverse kinematics, within joint limits.

    line_motion     rest to rest along a straight line of the tool
    curve_motion    through many poses, stopping or passing through
    map_to_joints   any CartesianPath as a joint Trajectory over the same time

A robot is anything with pose(q[, frame]) -> (4, 4) or (N, 4, 4), jacobian(q[, frame]) -> (6, n), and limits.
"""

import numpy as np

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory import rotations
from robocalc.trajectory.arguments import as_limits, as_mask
from robocalc.trajectory.follow import Follower
from robocalc.trajectory.limits import ORDERS, Limits
from robocalc.trajectory.minimum import minimum_jerk
from robocalc.trajectory.numbers_given import finite
from robocalc.trajectory.primitives import SAME
from robocalc.trajectory.scaling import certificate, time_scale
from robocalc.trajectory.se3 import CartesianPath, as_poses
from robocalc.trajectory.toolpath import polyline, smooth_curve
from robocalc.trajectory.trajectory import Trajectory

TOLERANCE = 1e-5  # [m | rad]: how far the tool may leave its path between knots
FIRST, MOST = 24, 3072  # knots of a segment to begin with; more than MOST in all means a path that joints cannot follow
BETWEEN = 5  # poses checked between two knots


def line_motion(
    robot,
    q_start,
    goal_pose,
    *,
    frame=None,
    limits=None,
    duration=None,
    velocity_scale=1.0,
    acceleration_scale=1.0,
    jerk_scale=1.0,
    tool_speed=None,
    tolerance=TOLERANCE,
) -> Trajectory:
    """The tool moves straight to a pose, rest to rest, with minimum-jerk progress; it turns about one axis meanwhile.

    robot        see the module; its own limits are used where `limits` is None
    q_start      (n,) joint positions at the start
    goal_pose    (4, 4) of the frame in the world
    duration     [s]; without it, as short as the limits allow for that shape
    *_scale      factors on the limits
    tool_speed   largest linear speed of the tool [m/s]
    tolerance    how far the tool may be from where it should be, at any time [m | rad]
    raises       InvalidInput: bad arguments. Infeasible: out of reach, a joint limit or singularity on the way (and
                 where on the line), a duration too short
    """
    goal = as_poses(np.asarray(goal_pose, dtype=float)[None], least=1)
    scales = (velocity_scale, acceleration_scale, jerk_scale)
    return curve_motion(
        robot,
        q_start,
        goal,
        frame=frame,
        limits=limits,
        duration=duration,
        velocity_scale=scales[0],
        acceleration_scale=scales[1],
        jerk_scale=scales[2],
        tool_speed=tool_speed,
        tolerance=tolerance,
    )


def curve_motion(
    robot,
    q_start,
    poses,
    *,
    stop=False,
    times=None,
    path="curve",
    blend=0.0,
    frame=None,
    limits=None,
    duration=None,
    velocity_scale=1.0,
    acceleration_scale=1.0,
    jerk_scale=1.0,
    tool_speed=None,
    tolerance=TOLERANCE,
) -> Trajectory:
    """The tool moves from where it is through poses (M, 4, 4), at rest at both ends.

    stop     poses at which it rests: True, a mask (M,) or indices; at the last it always does
    times    (M + 1,) [s] for the start and each pose, instead of a duration (path "curve")
    path     "curve": one minimum-jerk curve between stops; "line": straight lines
    blend    for lines: how far a rounded corner may stay away from its pose [m]; the tool stops at others
    others   as in `line_motion`
    """
    q = as_configuration(q_start)
    T, rest = with_start(pose_of(robot, q, frame), as_poses(poses, least=1), stop)
    limits = motion_limits(robot, limits, len(q), velocity_scale, acceleration_scale, jerk_scale)
    if len(T) == 1:
        return _stay(q, duration)
    if path == "curve":
        way = smooth_curve(T, times, rest)
    elif path == "line" and times is None:
        way = polyline(T, rest, blend, ())
    else:
        raise InvalidInput(f'path must be "curve", or "line" without times, got {path!r}')
    motion = map_to_joints(robot, way, q, frame=frame, limits=limits, tolerance=tolerance)
    return timed(motion, way, limits, duration, tool_speed, fixed=times is not None)


def map_to_joints(robot, path: CartesianPath, q_start, *, frame=None, limits=None, tolerance=TOLERANCE) -> Trajectory:
    """Joint motion over the time of `path` whose tool keeps to it within `tolerance`, at rest at both ends.

    Inverse kinematics at knots, a minimum-jerk spline between, more knots until the tool is checked to be close enough.
    The nearest solution is followed; joints near a limit are turned away from it where the arm is redundant.

    returns   a Trajectory that keeps position limits; use `scale_time` or `time_optimal` for the others
    raises    Infeasible: where the path meets a joint limit, a singularity, or leaves the reach
    """
    q = as_configuration(q_start)
    follower = Follower(robot, frame, limits if limits is not None else getattr(robot, "limits", None))
    marks = path.knots
    halts = path.stops
    count = np.full(len(marks) - 1, FIRST if len(marks) < 10 else 8)
    while count.sum() <= max(MOST, 16 * len(count)):
        t = np.concatenate([a + (b - a) * np.arange(m) / m for a, b, m in zip(marks, marks[1:], count)] + [marks[-1:]])
        try:
            joints = follower.follow(path.pose(t), q)
        except Infeasible:
            if len(t) > 16 * FIRST:
                raise
            count = 4 * count  # steps may have been too long to follow a fast turn of the joints
            continue
        rest = np.isclose(t[:, None], halts, rtol=0, atol=1e-9 * path.duration).any(axis=1)
        motion = minimum_jerk(joints, t, stop=rest)
        error = _deviation(robot, frame, motion, path, t).reshape(-1, BETWEEN).max(axis=1)
        worst = np.maximum.reduceat(error, np.concatenate([[0], np.cumsum(count)[:-1]]))
        if worst.max() <= tolerance:
            return motion
        count = np.where(worst > 0.5 * tolerance, 2 * count, count)
    k = int(np.argmax(worst))
    raise Infeasible((
        f"the joints cannot follow the tool path near t = {marks[k]:.4g} s within {tolerance:g} m or rad:"
        f" {worst.max():.3g} off with {len(t)} knots",
    ))  # fmt: skip


def _deviation(robot, frame, motion, path, t):
    """Largest of position and rotation error between the knots t, BETWEEN checks a segment."""
    u = (np.arange(BETWEEN) + 0.5) / BETWEEN
    dense = (t[:-1, None] + np.diff(t)[:, None] * u).reshape(-1)
    is_, wanted = pose_of(robot, motion(dense), frame), path.pose(dense)
    apart = np.linalg.norm(is_[:, :3, 3] - wanted[:, :3, 3], axis=1)
    turned = np.linalg.norm(rotations.log(np.swapaxes(wanted[:, :3, :3], 1, 2) @ is_[:, :3, :3]), axis=1)
    return np.maximum(apart, turned)


def timed(motion, path, limits, duration, tool_speed, fixed=False) -> Trajectory:
    """`motion` stretched uniformly to its duration, or until joint limits and tool speed are just kept."""
    if duration is not None:
        motion = motion.with_duration(duration)
    elif not fixed:
        k = time_scale(motion, limits) if any(getattr(limits, name) is not None for name in ORDERS[1:]) else 0.0
        if tool_speed is not None:
            k = max(k, path.peaks()[0, 0] / finite("tool_speed", tool_speed))
        if k == 0:
            raise InvalidInput("nothing decides the time: give limits, a duration or a tool speed")
        motion = motion.scale_time(k)
    told = certificate(motion, limits)
    if not told.kept:
        needed = max(told.usage[r].max() ** (1 / r) for r in (1, 2, 3)) * motion.duration
        advice = () if (told.usage[0] > 1).any() else (f"{needed:.6g} s would be enough",)
        raise Infeasible(told.broken + advice)
    return motion


# ---- reading arguments


def as_configuration(q):
    """(n,) finite joint positions."""
    try:
        x = np.array(q, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput("q_start must be numbers, (n,)") from None
    if x.ndim != 1 or not x.size:
        raise InvalidInput(f"q_start must have shape (n,), got {x.shape}")
    bad = np.flatnonzero(~np.isfinite(x))
    if bad.size:
        raise InvalidInput(f"q_start: joint {bad[0]} is {x[bad[0]]}; a finite number is needed")
    return x


def pose_of(robot, q, frame):
    """Pose of the frame, or of the robot's tool where frame is None."""
    return robot.pose(q) if frame is None else robot.pose(q, frame)


def with_start(here, poses, stop):
    """(poses (W, 4, 4) that begin with `here`, mask (W,) of rests); a first pose that is here already is left out."""
    rest = as_mask(stop, len(poses)).copy()
    d = np.linalg.inv(here) @ poses[0]
    if max(np.abs(d[:3, 3]).max(), np.abs(rotations.log(d[:3, :3])).max()) < SAME:
        poses, rest = poses[1:], rest[1:]
    T = np.concatenate([as_poses(here[None], least=1), poses])
    rest = np.concatenate([[True], rest])
    rest[-1] = True
    return T, rest


def motion_limits(robot, limits, n, velocity, acceleration, jerk) -> Limits:
    """What was given, or the robot's own; scaled."""
    limits = getattr(robot, "limits", None) if limits is None else limits
    return (as_limits(limits, n) or Limits()).scaled(velocity=velocity, acceleration=acceleration, jerk=jerk)


def _stay(q, duration):
    if duration is None:
        raise InvalidInput(
            "the tool is at the goal already; there is no way to time. Leave the motion out, or give a duration"
        )
    return Trajectory([0.0, finite("duration", duration)], q[None, None, :])
