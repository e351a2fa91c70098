"""Inverse kinematics: the configuration that reaches a pose, or why there is none.

solve      one pose or position, with limits, redundancy, restarts and a diagnosis
follow     a dense list of poses on one branch
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from robocalc.dynamics.check import EYE, pose_matrix, vector
from robocalc.errors import Infeasible, InvalidInput

ITERATIONS = 60  # of one descent; a good start needs 4 to 15
DIAGNOSIS = 20  # restarts of each question asked about a failure
NEAR_LIMIT = 1e-9  # [rad | m]
JUMP = 0.5  # [rad | m] between neighbouring poses: beyond, the arm has changed its branch


class IKStatus(Enum):
    SOLVED = "the pose is reached within tolerance"
    OUT_OF_REACH = "the position lies out of reach: bring the target or the base nearer"
    BLOCKED_BY_LIMIT = "joint limits block the pose: turn the target, move the base or widen the limits"
    ORIENTATION_UNREACHABLE = (
        "the position alone is reachable, not with this orientation: turn the target or leave it free"
    )
    NOT_CONVERGED = "no solution found, though none of the usual obstacles: give another start or more restarts"
    BRANCH_LOST = "the next pose is reached only by a jump to another branch: start elsewhere or split the path"


@dataclass(frozen=True, eq=False)
class IKResult:
    """What inverse kinematics found: the best configuration, whether the pose is reached, and if not why.

    q                (n,) within limits
    position_error   [m], rotation_error [rad] at q (0 where rotation is free)
    limiting         names of the joints whose limits block the pose
    iterations       steps taken, restarts descents begun after the first
    """

    q: np.ndarray
    status: IKStatus
    position_error: float
    rotation_error: float
    limiting: tuple = ()
    iterations: int = 0
    restarts: int = 0
    frame: str = ""

    @property
    def success(self) -> bool:
        return self.status is IKStatus.SOLVED

    def __bool__(self):
        return self.success

    @property
    def why(self) -> str:
        """The status with its figures, one sentence."""
        if self.success:
            return self.status.value
        miss = f"{1e3 * self.position_error:.4g} mm"
        if self.rotation_error:
            miss += f" and {np.degrees(self.rotation_error):.4g} deg"
        blocked = f" by {', '.join(self.limiting)}" if self.limiting else ""
        return f"frame {self.frame} misses its target by {miss}{blocked}: {self.status.value}"

    def raise_for_status(self) -> "IKResult":
        """Itself where solved, else raises Infeasible with `why`."""
        if not self.success:
            raise Infeasible([self.why])
        return self


@dataclass(frozen=True, eq=False)
class PathIK:
    """Configurations along a list of poses: q (N, n), valid for the first `reached` poses.

    position_error   (N,) [m], rotation_error (N,) [rad]; 0 beyond the first pose missed
    """

    q: np.ndarray
    status: IKStatus
    reached: int
    position_error: np.ndarray
    rotation_error: np.ndarray
    limiting: tuple = ()
    frame: str = ""

    @property
    def success(self) -> bool:
        return self.status is IKStatus.SOLVED

    @property
    def why(self) -> str:
        """The status with its figures, one sentence."""
        if self.success:
            return self.status.value
        blocked = f", held by {', '.join(self.limiting)}" if self.limiting else ""
        return f"frame {self.frame} reaches {self.reached} of {len(self.q)} poses{blocked}: {self.status.value}"

    def raise_for_status(self) -> "PathIK":
        """Itself where every pose is reached, else raises Infeasible with `why`."""
        if not self.success:
            raise Infeasible([self.why])
        return self


class Question:
    """One inverse-kinematics problem in the form that kernels take."""

    def __init__(self, robot, goal, frame, position_tolerance, rotation_tolerance, margin):
        self.robot, self.frame = robot, robot.tool if frame is None else frame
        self.body, self.offset = robot.frame(frame)
        if self.body < 0:
            raise InvalidInput(f"frame {self.frame} does not move: no joint lies between it and the base")
        self.goal, self.rows = goal
        self.tolerance = np.array([position_tolerance, rotation_tolerance], dtype=float)
        if not (np.isfinite(self.tolerance).all() and (self.tolerance > 0).all()):
            raise InvalidInput(f"tolerances must be greater than 0, got {position_tolerance}, {rotation_tolerance}")
        lower, upper = robot._range
        self.lower, self.upper = lower + margin, upper - margin
        if not margin >= 0 or (margin > 0 and (self.lower > self.upper).any()):
            raise InvalidInput(f"margin {margin} must be at least 0 and leave every joint a range")

    def search(self, start, seed, restarts, posture=None, *, rows=None, free=False):
        """(found, q, state) of the kernel; free: without joint limits, rows 3: position alone."""
        from robocalc.dynamics.kernels_ik import search

        lower, upper = self.lower, self.upper
        if free:
            lower, upper = np.full_like(lower, -np.inf), np.full_like(upper, np.inf)
        q, state = np.minimum(np.maximum(start, lower), upper), np.zeros(5)
        pull = posture is not None
        found = search(
            self.robot._model, self.goal, self.body, self.offset, rows or self.rows, lower, upper, self.tolerance,
            ITERATIONS, restarts, np.uint64(seed), posture if pull else q.copy(), pull, q, state,
        )  # fmt: skip
        return found, q, state

    def limiting(self, q) -> tuple:
        """Names of the joints that stand at a limit at q."""
        at = (q <= self.lower + NEAR_LIMIT) | (q >= self.upper - NEAR_LIMIT)
        return tuple(name for name, held in zip(self.robot.joints, at, strict=True) if held)

    def wrapped(self, q):
        """q with whole turns taken off revolute joints where that brings them nearer to their range."""
        turning = self.robot._lowered.tree[:, 1] == 0
        bounded = np.isfinite(self.lower) & np.isfinite(self.upper)
        middle = np.where(bounded, self.lower, 0.0) / 2 + np.where(bounded, self.upper, 0.0) / 2
        return np.where(turning, q - 2 * np.pi * np.round((q - middle) / (2 * np.pi)), q)


def goal_of(pose):
    """(goal (12,), rows): 6 rows for a pose (4, 4), 3 for a position (3,) whose rotation is free."""
    if np.shape(pose) == (3,):
        return np.concatenate([np.eye(3).ravel(), vector("position", pose)]), 3
    T = pose_matrix("pose", pose)
    R = T[:3, :3]
    R = 0.5 * R @ (3 * EYE - R.T @ R)  # a Newton step to the nearest rotation, so that rounding is no residual
    goal = np.empty(12)
    goal[:9], goal[9:] = R.ravel(), T[:3, 3]
    return goal, 6


def solve(
    robot,
    pose,
    frame=None,
    *,
    start=None,
    seed=0,
    restarts=50,
    position_tolerance=1e-6,
    rotation_tolerance=1e-6,
    posture=None,
    margin=0.0,
) -> IKResult:
    """See Robot.solve_ik."""
    ask = Question(robot, goal_of(pose), frame, position_tolerance, rotation_tolerance, margin)
    if not isinstance(restarts, int | np.integer) or restarts < 0 or not isinstance(seed, int | np.integer):
        raise InvalidInput(f"restarts must be a whole number of at least 0 and seed one, got {restarts!r}, {seed!r}")
    if posture is None and start is None:
        posture = robot.home
    posture = None if posture is None else vector("posture", posture, robot.n)
    start = robot.home if start is None else vector("start", start, robot.n)
    seed = int(seed) % 2**64
    found, q, state = ask.search(start, seed, int(restarts), posture)
    status, limiting = IKStatus.SOLVED, ()
    if not found:
        status, limiting, q, state = _diagnose(ask, start, seed, q, state)
    return IKResult(
        q, status, float(state[0]), float(state[1]), limiting, int(state[2]), int(state[3]) - 1, ask.frame
    )  # fmt: skip


def _diagnose(ask: Question, start, seed, q, state):
    """(status, limiting joints, q, state) of a search that failed: which demand has to fall for it to succeed?"""
    if not state[4] and not ask.limiting(q):
        reached = max(state[:2] / ask.tolerance) < 1e3  # still on its way when the iterations ended
        if reached:
            return IKStatus.NOT_CONVERGED, (), q, state
    free, q_free, _ = ask.search(q, seed, DIAGNOSIS, free=True)
    if free:
        q_free = ask.wrapped(q_free)
        outside = (q_free < ask.lower - NEAR_LIMIT) | (q_free > ask.upper + NEAR_LIMIT)
        if not outside.any():
            _, q_free, state_free = ask.search(q_free, seed, 0)
            return IKStatus.SOLVED, (), q_free, state_free + np.array([0, 0, state[2], state[3], 0])
        names = ask.limiting(q) or tuple(j for j, out in zip(ask.robot.joints, outside, strict=True) if out)
        return IKStatus.BLOCKED_BY_LIMIT, names, q, state
    if ask.rows == 6:
        placed, q_placed, _ = ask.search(start, seed, DIAGNOSIS, rows=3)
        if placed:
            return IKStatus.ORIENTATION_UNREACHABLE, (), q, state
        placed, _, _ = ask.search(start, seed, DIAGNOSIS, rows=3, free=True)
        if placed:
            return IKStatus.BLOCKED_BY_LIMIT, ask.limiting(q_placed), q, state
        q, state = _nearest(ask, start, seed, q, state)
    return IKStatus.OUT_OF_REACH, (), q, state


def _nearest(ask: Question, start, seed, q, state):
    """The configuration whose position is nearest to a target out of reach, so that the error told is the distance."""
    _, q_near, _ = ask.search(start, seed, DIAGNOSIS, rows=3)
    T = ask.robot.pose(q_near, ask.frame)
    gap = np.linalg.norm(ask.goal[9:] - T[:3, 3])
    if gap >= state[0]:
        return q, state
    R = np.reshape(ask.goal[:9], (3, 3)) @ T[:3, :3].T
    angle = np.arctan2(np.linalg.norm(R - R.T) / np.sqrt(8), (np.trace(R) - 1) / 2)
    return q_near, np.array([gap, angle, *state[2:]])


def follow(
    robot, poses, start, frame=None, *, position_tolerance=1e-6, rotation_tolerance=1e-6, margin=0.0, jump=JUMP
) -> PathIK:
    """See Robot.follow_poses."""
    from robocalc.dynamics.kernels_ik import follow as kernel

    poses = np.asarray(poses, dtype=float)
    if poses.ndim != 3 or len(poses) == 0 or poses.shape[1:] != (4, 4):
        raise InvalidInput(f"poses must have shape (N, 4, 4), got {poses.shape}")
    goals = np.array([goal_of(T)[0] for T in poses])
    ask = Question(robot, (goals[0], 6), frame, position_tolerance, rotation_tolerance, margin)
    Q, errors = np.zeros((len(poses), robot.n)), np.zeros((len(poses), 2))
    Q[0] = np.clip(vector("start", start, robot.n), ask.lower, ask.upper)
    reached = kernel(
        robot._model, goals, ask.body, ask.offset, 6, ask.lower, ask.upper, ask.tolerance, ITERATIONS, float(jump), Q,
        errors,
    )  # fmt: skip
    status, limiting = IKStatus.SOLVED, ()
    if reached < len(poses):
        miss, Q[reached:] = errors[reached], Q[reached]
        ask.goal, limiting = goals[reached], ask.limiting(Q[reached])
        status = IKStatus.BRANCH_LOST
        if (miss > ask.tolerance).any():
            state = np.array([*miss, 0.0, 0.0, 1.0])
            status, limiting, _, _ = _diagnose(ask, Q[reached], 0, Q[reached].copy(), state)
            status = IKStatus.BRANCH_LOST if status is IKStatus.SOLVED else status
    return PathIK(Q, status, int(reached), errors[:, 0], errors[:, 1], limiting, ask.frame)
