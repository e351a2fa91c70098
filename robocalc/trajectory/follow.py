"""Inverse kinematics along a path: each pose from the configuration before it, by the smallest joint motion.

dq = J⁺ e + (1 - J⁺J) z        e: pose error (6,); z: away from joint limits, only near them
"""

import numpy as np

from robocalc.errors import Infeasible
from robocalc.trajectory import rotations

CLOSE = 1e-10  # [m | rad]: a pose is reached
NEAR = 0.7  # share of the half range beyond which a joint is turned away from its limit
GAINS = (1.0, 8.0, 40.0)  # of that turning, tried in this order
LEAP = 0.7  # [rad | m] one knot may move a joint: more is a change of branch
SINGULAR = 1e-4  # smallest singular value of the Jacobian [m | rad per rad] at which the arm counts as singular
SWING = 2e-3  # [rad | m] between a joint that is held and its limit
TRIES = 30


class Follower:
    """Follows poses with one robot and frame; `follow(poses (N, 4, 4), q) -> (N, n)`."""

    def __init__(self, robot, frame, limits):
        self.robot, self.frame = robot, () if frame is None else (frame,)
        self.names = tuple(getattr(robot, "joints", ()) or ())
        self.limits = limits

    def name(self, i):
        return f"joint {i} ({self.names[i]})" if i < len(self.names) else f"joint {i}"

    def follow(self, poses, q):
        """Joint positions for every pose. Raises Infeasible: which pose cannot be had, and why."""
        for gain in GAINS:
            joints, trouble = self._pass(poses, q, gain, hold=False)
            if trouble is None:
                return joints
        joints, still = self._pass(poses, q, GAINS[1], hold=True)
        if still is None:
            return joints
        raise Infeasible((trouble,))

    def _range(self, n):
        if self.limits is None:
            return np.full(n, -np.inf), np.full(n, np.inf)
        return tuple(self.limits.bounds("position", n))

    def _pass(self, poses, q, gain, hold):
        low, high = self._range(len(q))
        if hold:  # a spline swings over where a joint comes to a halt: leave it room
            low, high = np.minimum(low + SWING, np.maximum(q, low)), np.maximum(high - SWING, np.minimum(q, high))
        joints = np.empty((len(poses), len(q)))
        for k, pose in enumerate(poses):
            q, trouble = self._reach(pose, q, gain, low, high, hold)
            if trouble is None:
                out = np.flatnonzero((q < low - 1e-9) | (q > high + 1e-9))
                if out.size:
                    i = out[0]
                    trouble = f"{self.name(i)} would have to go to {q[i]:.4g}, limits [{low[i]:.4g}, {high[i]:.4g}]"
            if trouble is not None:
                p = pose[:3, 3]
                share = 100 * k / max(1, len(poses) - 1)
                where = f"{share:.3g} % of the way, tool at ({p[0]:.3f}, {p[1]:.3f}, {p[2]:.3f}) m"
                return joints, f"the tool path cannot be followed at {where}: {trouble}"
            joints[k] = q
        return joints, None

    def _reach(self, pose, q, gain, low, high, hold):
        """(configuration, None) or (last tried, why not); `hold` keeps joints that arrive at a limit there."""
        start, J, held = q, None, np.zeros(len(q), bool)
        for attempt in range(TRIES):
            here = self.robot.pose(q, *self.frame)
            e = np.concatenate([pose[:3, 3] - here[:3, 3], _turn(here, pose)])
            if np.abs(e).max() < CLOSE:
                return q, None
            J = self.robot.jacobian(q, *self.frame)
            dq, solved = _least(np.where(held, 0.0, J), e)
            if attempt == 0 and len(q) > 6:
                dq = dq + _away(J, q, low, high, gain * np.linalg.norm(dq))
            q = q + np.clip(dq, -0.3, 0.3)
            if hold:
                held |= (q <= low) | (q >= high)
                q = np.clip(q, low, high)
            if np.abs(q - start).max() > LEAP:
                break
            if np.abs(e).max() < 1e-7 and not solved:
                break
        sigma = np.linalg.svd(J, compute_uv=False)[-1]
        if sigma < SINGULAR * 100:
            return q, f"the arm is singular or at the end of its reach there (smallest singular value {sigma:.2g})"
        return q, "no solution near the one before: it would need a jump of the joints"


def _turn(here, pose):
    """Rotation vector from here to pose in world axes."""
    return here[:3, :3] @ rotations.log_one(here[:3, :3].T @ pose[:3, :3])


def _least(J, e):
    """Least-norm dq with J dq = e, lightly damped where J is all but singular."""
    U, S, V = np.linalg.svd(J, full_matrices=False)
    damped = np.where(S > SINGULAR, 1 / np.maximum(S, SINGULAR), S / SINGULAR**2)
    return V.T @ (damped * (U.T @ e)), bool(S[-1] > SINGULAR)


def _away(J, q, low, high, size):
    """Null-space step away from near limits; joints that do not move the tool stay."""
    with np.errstate(invalid="ignore"):
        x = np.where(np.isfinite(high - low), (q - (low + high) / 2) / ((high - low) / 2), 0.0)
    z = -np.sign(x) * (np.maximum(0.0, np.abs(x) - NEAR) / (1 - NEAR)) ** 2 * size
    z[np.abs(J).max(axis=0) < 1e-12] = 0.0
    _, S, V = np.linalg.svd(J, full_matrices=False)
    V = V[S > SINGULAR]
    return z - V.T @ (V @ z)
