"""How each kind of task step moves the joints: one function a kind, in the registry STEPS.

Mover    where the robot is by now, and the motion so far
"""

from typing import Any, NamedTuple

import numpy as np

from robocalc.trajectory import Limits, Trajectory, curve_motion, line_motion, minimum_jerk
from sims.engines.bullet_contacts import fingers_of, hand_of
from sims.engines.poses import from_matrix
from sims.grasping import grasp, release
from sims.planners import planner
from sims.planners.base import SAME, Failed
from sims.planners.follow import follow
from sims.planners.shaped import shaped
from sims.strokes import frame, lift, on_board, turn


class Tracked(NamedTuple):
    """A stretch of the motion with a reference of its own: roll(dt) -> (reference (M + 1, 3, n), torque (M + 1, n)).

    For motions of the dynamics: what the robot does, step by step, under the planned torque.
    """

    start: float
    end: float
    roll: Any


class Mover:
    """The motion so far; q (n,) is where it ends. `do(step)` adds one step, ended on a whole control period.

    tracked   Tracked stretches of it
    held      (name, link, pose (7,) in the link) of what the fingers hold, or None
    caught    Caught of the last grasp
    placed    name -> shape, of what was set down elsewhere
    company   shapes of other robots and of what they hold; borne: names of these; shared: of things that they take too
    """

    def __init__(self, scenario, robot, limits: Limits, fingers: tuple, world):
        self.scenario, self.robot, self.limits, self.fingers = scenario, robot, limits, fingers
        self.world = {shape.name: shape for shape in world}
        self.named = {"home": robot.home} | {k: np.array(v, float) for k, v in scenario.robot.poses.items()}
        start = scenario.robot.start
        self.q = np.array(robot.home if start is None else start, dtype=float)
        self.period = scenario.sim.timestep * scenario.sim.control_every
        self.trajectory, self.tracked = None, []
        self.held, self.placed, self.caught = None, {}, None
        self.company, self.borne, self.shared = (), (), ()

    @property
    def time(self) -> float:
        return 0.0 if self.trajectory is None else self.trajectory.end

    def do(self, step):
        STEPS[step.do](self, step)

    def whole(self, duration) -> float:
        """The duration [s], or the next longer one of whole control periods."""
        return max(1, int(np.ceil(duration / self.period - 1e-6))) * self.period

    def add(self, piece: Trajectory, tracked=None):
        """Append a motion that starts here at rest, slowed down to end on a whole control period.

        tracked   roll of a Tracked stretch; then the piece must last whole control periods, as it can't be slowed
        """
        start = self.time
        piece = piece.shift(-piece.start).with_duration(self.whole(piece.duration))
        self.trajectory = piece if self.trajectory is None else self.trajectory.join(piece)
        if tracked is not None:
            self.tracked.append(Tracked(start, self.time, tracked))
        self.q = piece(piece.end)

    def stay(self, duration):
        self.add(Trajectory(np.array([0.0, duration]), self.q[None, None, :]))

    def step_limits(self, step) -> Limits:
        """The scenario's limits, scaled down by the step."""
        velocity = getattr(step, "velocity_scale", 1.0)
        return self.limits.scaled(velocity=velocity, acceleration=getattr(step, "acceleration_scale", 1.0))

    def known(self):
        """The shapes that the planner knows of, with those that were set down where they are now."""
        hidden = {item.name for item in self.scenario.world if item.known_to_planner is not True}
        things = {name: self.placed.get(name, shape) for name, shape in self.world.items() if name not in hidden}
        return [*(thing for name, thing in things.items() if name not in self.borne), *self.company]

    def hand_pose(self, q):
        """(7,) of the link that carries the fingers, at q."""
        return self.link_pose(hand_of(self.robot, fingers_of(self.robot)[0]), q)

    def link_pose(self, link, q=None):
        """(7,) of a link, at q or where the robot is by now."""
        T = self.robot.pose(self.q if q is None else q, link)
        return np.concatenate([T[:3, 3], from_matrix(T[:3, :3])])

    # targets --------------------------------------------------------------------------------------------------------

    def pose_of(self, target, q, before):
        """4x4 of a target; `before`: pose of the waypoint before it."""
        if hasattr(target, "pose"):
            pose = before.copy()
            pose[:3, 3] = target.pose.position
            if target.pose.rpy_deg is not None:
                pose[:3, :3] = turn(target.pose.rpy_deg)
            return pose
        if hasattr(target, "offset"):
            pose, R = before.copy(), turn(target.rpy_deg)
            in_tool = target.frame == "tool"
            pose[:3, 3] += before[:3, :3] @ target.offset if in_tool else np.array(target.offset)
            pose[:3, :3] = before[:3, :3] @ R if in_tool else R @ before[:3, :3]
            return pose
        return self.robot.pose(self.configuration(target, q, before))

    def configuration(self, target, q, before):
        """Joint positions (n,) of a target, near q."""
        if hasattr(target, "joints"):
            return self.checked(target.joints, "joints")
        if hasattr(target, "named"):
            return self.checked(self.named[target.named], repr(target.named))
        return self.reach(self.pose_of(target, q, before), q)

    def checked(self, joints, what):
        """Joint positions of the right number and inside of their range."""
        q = np.array(joints, dtype=float)
        if q.shape != (self.robot.n,):
            raise Failed(f"{what} has {q.size} numbers, {self.robot.name} has {self.robot.n} joints")
        lower, upper = self.limits.bounds("position", self.robot.n)
        for i in np.flatnonzero((q < lower - SAME) | (q > upper + SAME)):
            amount = max(lower[i] - q[i], q[i] - upper[i])
            raise Failed(
                f"{what}: {self.robot.joints[i]} = {q[i]:g} is outside of its range {lower[i]:g} to {upper[i]:g}",
                amount,
                "rad",
            )
        return q

    def reach(self, pose, q):
        """Joint positions for a tool pose, near q; the fingers stay."""
        result = self.robot.solve_ik(pose, start=q).raise_for_status()
        new = result.q.copy()
        new[list(self.fingers)] = q[list(self.fingers)]
        return new


# kinds of steps -----------------------------------------------------------------------------------------------------


def move(mover: Mover, step):
    """To the target, by the planner of the step, or else of the scenario."""
    settings = step.planner or mover.scenario.planner
    if getattr(settings, "shaping", None) is not None:
        shaped(mover, step, settings)
    else:
        planner(settings.type)(mover, step, settings)


def wait(mover: Mover, step):
    """Stay here; `at`, in the first step: hold that place, wherever the robot starts."""
    if step.at is not None:
        q = mover.checked(mover.named[step.at], repr(step.at))
        if mover.trajectory is not None and np.abs(q - mover.q).max() > SAME:
            raise Failed(f"wait at {step.at!r}: the robot is elsewhere; move there first")
        mover.q = q
    mover.stay(step.duration)


def trace(mover: Mover, step):
    """Tip along strokes on a board, lifted in between; the tool's z axis points into the board."""
    board = frame(step.board)
    facing = board[:3, :3] @ turn((180.0, 0.0, step.spin_deg))
    drawing = [on_board(board, facing, stroke, step.clearance) for stroke in step.strokes]
    pieces = Mover(mover.scenario, mover.robot, mover.limits, mover.fingers, ())
    pieces.q, limits = mover.q, mover.step_limits(step)
    for poses in drawing:
        lifted = lift(board, step.lift, poses[[0, -1]])
        if pieces.trajectory is not None:
            pieces.add(line_motion(pieces.robot, pieces.q, lifted[0], limits=limits))
        elif np.abs((q := pieces.reach(lifted[0], pieces.q)) - pieces.q).max() > SAME:
            pieces.add(minimum_jerk(np.array([pieces.q, q]), limits=limits))
        pieces.add(line_motion(pieces.robot, pieces.q, poses[0], limits=limits))
        pieces.add(_stroke(pieces, poses, step, limits))
        pieces.add(line_motion(pieces.robot, pieces.q, lifted[1], limits=limits))
    motion = pieces.trajectory
    if step.duration is not None:
        if step.duration < motion.duration - SAME:
            raise Failed(f"takes at least {motion.duration:.4g} s within the limits, {step.duration:g} s given")
        motion = motion.with_duration(step.duration)
    mover.add(motion)


def _stroke(mover, poses, step, limits):
    """One stroke without stopping; not faster than `speed` on average."""
    stop = np.zeros(len(poses) - 1, bool)
    stop[-1] = True
    if len(poses) == 2:
        motion = line_motion(mover.robot, mover.q, poses[1], limits=limits)
    else:
        motion = curve_motion(mover.robot, mover.q, poses[1:], stop=stop, limits=limits)
    if step.speed is not None:
        length = np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1).sum()
        motion = motion.with_duration(max(motion.duration, length / step.speed))
    return motion


STEPS = {"move": move, "grasp": grasp, "release": release, "wait": wait, "trace": trace, "follow": follow}
