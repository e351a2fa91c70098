"""Step `follow`: a closed or open curve, lap after lap, up to speed and back to rest without a jump in snap.

    fly        adds a quadrotor's move through waypoints
    follow     adds the motion: a quadrotor and a wheeled base by differential flatness, an arm by its tool
    CURVES     shape -> offsets from the start, with derivatives by the phase

The phase s runs from 0 to `laps` turns: up to speed within `ramp`, at constant speed, and down within `ramp`.
"""

from types import SimpleNamespace

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory import Trajectory, flat_base, flat_quadrotor, flat_quadrotor_2d, minimum_jerk, minimum_snap
from robocalc.trajectory.flatness import along_curve
from robocalc.trajectory.hermite import hermite
from sims.planners.base import Failed
from sims.planners.rolled import rolling

PLANES = {"xy": (0, 1), "xz": (0, 2), "yz": (1, 2)}
RAMP = np.array([0, 0, 0, 0, 35.0, -84.0, 70.0, -20.0])  # 0 to 1 with three derivatives zero at both ends
KNOT = 0.02  # [s] between knots of the motion
SAMPLES = 40  # of a lap, at which an arm's joints are found
SLOWER, SLOWED = 40, 1.08  # times that a move may become longer by that factor, to fit the rotors
OVER = 1e-9  # of a limit: rounding
FLYING, PLANAR, ROLLING = ("x", "y", "z", "yaw", "pitch", "roll"), ("x", "z", "pitch"), ("x", "y", "yaw")


class BeyondInputs(Failed):
    """More than the rotors or wheels give."""


def follow(mover, step):
    """Add the curve to the mover's motion, from rest to rest; raises Failed."""
    joints, robot = mover.robot.joints, mover.robot
    if joints in (FLYING, PLANAR, ROLLING) and (robot.tree.thrusters or robot.tree.tyres):
        return _flat(mover, step)
    return _by_tool(mover, step)


def phase(step, duration, t) -> np.ndarray:
    """(5, N) the phase [laps] and its derivatives at t; in `duration`, the step's own or a little more."""
    stretch = duration / step.duration
    ramp, speed = step.ramp_time * stretch, 1.0 / (step.period * stretch)
    rise = np.polynomial.Polynomial(RAMP)
    before = rise.integ()
    out = np.zeros((5, len(t)))
    up, down = t < ramp, t > duration - ramp
    out[0] = speed * (t - ramp / 2)
    out[1] = speed
    for mask, x, total, sign in ((up, t / ramp, 0.0, 1.0), (down, (duration - t) / ramp, float(step.laps), -1.0)):
        x = x[mask]
        out[0, mask] = total + sign * speed * ramp * before(x)
        for r in range(1, 5):
            out[r, mask] = sign ** (r - 1) * speed / ramp ** (r - 1) * (rise.deriv(r - 1) if r > 1 else rise)(x)
    return out


# curves -------------------------------------------------------------------------------------------------------------


def waves(s, rows):
    """(5, N, 3) of Σ amplitude sin(2π n s + shift) - its start, for (axis, amplitude, n, shift) in rows."""
    out = np.zeros((5, len(s), 3))
    for axis, amplitude, n, shift in rows:
        w = 2 * np.pi * n
        for r in range(5):
            out[r, :, axis] += amplitude * w**r * np.sin(w * s + shift + r * np.pi / 2)
        out[0, :, axis] -= amplitude * np.sin(shift)
    return out


def figure_eight(curve, s):
    a, b = PLANES[curve.plane]
    return waves(s, [(a, curve.size[0], 1, 0.0), (b, curve.size[1], 2, 0.0)])


def circle(curve, s):
    a, b = PLANES[curve.plane]
    return waves(s, [(a, curve.radius, 1, 0.0), (b, curve.radius, 1, -np.pi / 2)])


def lissajous(curve, s):
    shifts = np.radians(curve.phase_deg)
    return waves(s, [(i, curve.size[i], curve.cycles[i], shifts[i]) for i in range(3)])


def waypoints(curve, s):
    """Through the points at equal times, without a stop, by least squared snap; a lap ends where it began."""
    if s[-1] > 1 + 1e-9:
        raise Failed("a curve through waypoints is followed once: give laps: 1, or the points of all laps")
    points = np.array([(0.0, 0.0, 0.0), *curve.points])
    motion = minimum_snap(points, times=np.linspace(0.0, 1.0, len(points)))
    return np.stack([motion(np.clip(s, 0.0, 1.0), r) for r in range(5)])


CURVES = {"figure_eight": figure_eight, "circle": circle, "lissajous": lissajous, "waypoints": waypoints}


# robots -------------------------------------------------------------------------------------------------------------


def _flat(mover, step):
    robot, duration, begin = mover.robot, mover.whole(step.duration), np.array(mover.q)
    return add_flat(mover, duration, lambda t: _shapes(robot, step, begin, phase(step, duration, t)))


def flies(robot) -> bool:
    """Whether the robot is a quadrotor, whose attitude follows from its motion."""
    return robot.joints in (FLYING, PLANAR) and bool(robot.tree.thrusters)


def fly(mover, rows, stop, duration, limits):
    """Add the motion of least squared snap through configurations rows (K, n), at rest where `stop` (K,) says so."""
    robot, n = mover.robot, 4 if mover.robot.joints == FLYING else 2
    tilted = np.abs(rows[:, n:]).max(axis=1) > 1e-9
    if tilted[1:].any():
        raise Failed(f"{robot.name} rests level: {' and '.join(robot.joints[n:])} must be 0; planner collocation flips")
    free = {"limits": limits.select(range(n))} if duration is None else {"duration": mover.whole(duration)}
    motion = minimum_snap(rows[:, :n], stop=stop, **free)
    for _ in range(SLOWER):
        motion = motion.with_duration(mover.whole(motion.duration))
        try:
            return add_flat(mover, motion.duration, _flown(robot, motion))
        except BeyondInputs:
            if duration is not None:
                raise
            motion = motion.scale_time(SLOWED)
    raise Failed(f"{robot.name} cannot fly there, however slowly")


def _flown(robot, motion):
    """joints(t) -> (q, v, a) of a quadrotor whose x, (y,) z and yaw are the motion's."""
    gravity = float(np.linalg.norm(robot.g))

    def joints(t):
        p = np.stack([motion(t, order) for order in range(5)])
        return flat_quadrotor(p[:, :, :3], p[:3, :, 3], gravity) if motion.n == 4 else flat_quadrotor_2d(p, gravity)

    return joints


def add_flat(mover, duration, joints):
    """Add the motion joints(t (N,)) -> (q, v, a), tracked as the robot does it."""
    robot, begin = mover.robot, np.array(mover.q)

    def states(t):
        return np.hstack(motion(t)[:2])

    def motion(t):
        try:
            return joints(np.atleast_1d(t))
        except InvalidInput as error:
            raise Failed(str(error)) from None

    def inputs(t):
        q, v, a = motion(t)
        return robot.inputs_for(q, robot.inverse_dynamics(q, v, a))

    t = np.linspace(0.0, duration, max(2, round(duration / KNOT)) + 1)
    q, v, a = motion(t)
    _gone(begin, q[0], robot)
    q[0], v[[0, -1]], a[[0, -1]] = begin, 0.0, 0.0
    _thrusts(robot, t, inputs(t), mover.scenario.robot.limits.effort_scale)
    piece = Trajectory(t, hermite(np.diff(t), np.stack([q, v, a], axis=1)))
    plan = SimpleNamespace(
        duration=duration, gains=None, states=_Timed(states, duration), inputs=_Timed(inputs, duration)
    )
    if robot.joints == ROLLING:  # its tyres do what no input can: they hold it sideways
        return mover.add(piece)
    roll = rolling(mover, plan, q[-1])
    roll(mover.scenario.sim.timestep)
    return mover.add(piece, tracked=roll)


class _Timed:
    """A function of time that says when it starts and ends."""

    start = 0.0

    def __init__(self, function, end):
        self.function, self.end = function, end

    def __call__(self, t):
        return self.function(t)


def _shapes(robot, step, begin, s):
    """(q, v, a) of a robot with a flat output at phases s (5, N), from the configuration `begin`."""
    p = CURVES[step.curve.shape](step.curve, s[0])
    gravity = float(np.linalg.norm(robot.g))
    if robot.joints == ROLLING:
        return _rolled_along(step, p, s, begin)
    p = along_curve(p, s)
    if robot.joints == FLYING:
        p[0] += begin[:3]
        turn = np.zeros((3, s.shape[1]))
        turn[0] = begin[3]
        return flat_quadrotor(p, turn, gravity)
    if np.abs(p[:, :, 1]).max() > 0:
        raise Failed(f"{robot.name} flies in the plane x-z: give the curve `plane: xz`")
    p = p[:, :, [0, 2]]
    p[0] += begin[:2]
    return flat_quadrotor_2d(p, gravity)


def _rolled_along(step, p, s, begin):
    """The curve turned so that it starts along the heading."""
    if np.abs(p[:, :, 2]).max() > 0:
        raise Failed("a wheeled base stays on the floor: give the curve `plane: xy`")
    tangent = CURVES[step.curve.shape](step.curve, np.zeros(1))[1, 0]
    turn = begin[2] - np.arctan2(tangent[1], tangent[0])
    R = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    path = p[:4, :, :2] @ R
    path[0] += begin[:2]
    q, v, a = flat_base(path, s[:3])
    q[:, 2] += 2 * np.pi * np.round((begin[2] - q[0, 2]) / (2 * np.pi))
    return q, v, a


def _gone(begin, q, robot):
    """Refuse to start from another attitude than that of rest."""
    away = np.abs(q - begin)
    if away.max() > 1e-6:
        joint = robot.joints[int(np.argmax(away))]
        raise Failed(
            f"the curve starts at rest, where {joint} is {q[np.argmax(away)]:.4g}, not {begin[np.argmax(away)]:.4g}"
        )


def _thrusts(robot, t, u, scale):
    low, high = robot.input_limits * scale
    beyond = np.maximum(u - high, low - u)
    k, i = np.unravel_index(np.argmax(beyond), beyond.shape)
    if beyond[k, i] > OVER * max(abs(high[i]), 1.0):
        why = f"limit of {robot.inputs[i]} exceeded by {beyond[k, i]:.4g} {robot.input_units[i]} at t = {t[k]:.3g} s"
        raise BeyondInputs(f"{why}; a slower motion needs less", beyond[k, i], robot.input_units[i])


def _by_tool(mover, step):
    """An arm: its tool keeps its attitude and follows the curve; joints by inverse kinematics, smooth in between."""
    from robocalc.trajectory.follow import Follower

    duration = mover.whole(step.duration)
    N = SAMPLES * step.laps + 1
    t = np.linspace(0.0, duration, N)
    pose = mover.robot.pose(mover.q)
    poses = np.tile(pose, (N, 1, 1))
    poses[:, :3, 3] += CURVES[step.curve.shape](step.curve, np.clip(phase(step, duration, t)[0], 0, step.laps))[0]
    q = Follower(mover.robot, mover.robot.tool, mover.limits).follow(poses, mover.q)
    q[0] = mover.q
    return mover.add(minimum_jerk(q, times=t))
