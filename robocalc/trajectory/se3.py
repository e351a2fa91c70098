"""Tool paths in SE(3): position and orientation as quintic pieces, continuous up to acceleration.

    CartesianPath   pose, twist and acceleration of the tool over time; world axes, [m | rad], rows linear then angular
    cartesian       a path through poses: one smooth curve, or lines and arcs with blended corners

On segment k the position is a quintic, and the orientation is frames[k] exp(φ(s)) with a quintic φ from 0 to the
rotation vector between the two frames. Angular velocities and accelerations meet at the knots exactly.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory import rotations
from robocalc.trajectory.hermite import quintic
from robocalc.trajectory.trajectory import Trajectory


@dataclass(frozen=True, eq=False)
class CartesianPath:
    """Tool motion: `path(t)` or `path.pose(t)` -> (4, 4), or (N, 4, 4) for times (N,).

    position  Trajectory of 3, over the path parameter s
    rotation  Trajectory of 3 on the same knots: rotation vectors from frames[k] on
    frames    (K, 3, 3) orientation at the start of each segment
    timing    Trajectory of 1, s over t; None where the parameter is time itself
    """

    position: Trajectory
    rotation: Trajectory
    frames: np.ndarray
    timing: Trajectory | None = None

    @property
    def start(self) -> float:
        return (self.timing or self.position).start

    @property
    def end(self) -> float:
        return (self.timing or self.position).end

    @property
    def duration(self) -> float:
        """Length in time [s]."""
        return (self.timing or self.position).duration

    @property
    def knots(self) -> np.ndarray:
        """Times at which pieces of the path meet [s]."""
        if self.timing is None:
            return self.position.knots
        inner = np.interp(self.position.knots, *_monotone(self.timing))
        return np.unique(np.concatenate([inner, self.timing.knots]))

    def __call__(self, t):
        return self.pose(t)

    def pose(self, t) -> np.ndarray:
        """Pose of the tool, (4, 4) or (N, 4, 4)."""
        return self._all(t)[0]

    def twist(self, t) -> np.ndarray:
        """Linear and angular velocity in world axes, (6,) or (N, 6) [m/s, rad/s]."""
        return self._all(t)[1]

    def acceleration(self, t) -> np.ndarray:
        """Linear and angular acceleration in world axes, (6,) or (N, 6) [m/s², rad/s²]."""
        return self._all(t)[2]

    def _all(self, t):
        """(pose, twist, acceleration) by the chain rule through the timing."""
        t = np.asarray(t, dtype=float)
        ts = t.reshape(-1)
        if self.timing is None:
            s, rate, bend = np.clip(ts, self.start, self.end), np.ones((len(ts), 1)), np.zeros((len(ts), 1))
        else:
            r = self.timing.at(ts)
            s, rate, bend = r.q[:, 0], r.v, r.a
        p, v, a, _ = self.position.at(s)
        phi, first, second, _ = self.rotation.at(s)
        k = np.clip(np.searchsorted(self.position.knots, s, side="right") - 1, 0, len(self.frames) - 1)
        J = rotations.right_jacobian(phi)
        R = self.frames[k] @ rotations.exp(phi)
        omega = (R @ (J @ first[..., None]))[..., 0]
        alpha = (R @ (J @ second[..., None] + rotations.coriolis(phi, first)[..., None]))[..., 0]
        pose = np.zeros((len(ts), 4, 4))
        pose[:, :3, :3], pose[:, :3, 3], pose[:, 3, 3] = R, p, 1.0
        slope, curve = np.hstack([v, omega]), np.hstack([a, alpha])
        shape = t.shape
        return (
            pose.reshape(*shape, 4, 4),
            (slope * rate).reshape(*shape, 6),
            (curve * rate**2 + slope * bend).reshape(*shape, 6),
        )

    def scale_time(self, factor) -> "CartesianPath":
        """The same path, `factor` times as long."""
        if self.timing is not None:
            return CartesianPath(self.position, self.rotation, self.frames, self.timing.scale_time(factor))
        return CartesianPath(self.position.scale_time(factor), self.rotation.scale_time(factor), self.frames)

    def with_duration(self, duration) -> "CartesianPath":
        """The same path in another time [s]."""
        if self.timing is not None:
            return CartesianPath(self.position, self.rotation, self.frames, self.timing.with_duration(duration))
        new = (self.position.with_duration(duration), self.rotation.with_duration(duration))
        return CartesianPath(*new, self.frames)

    def peaks(self, samples=16) -> np.ndarray:
        """Largest (linear, angular) speed and acceleration, (2, 2), refined around the samples of each piece."""
        return _peaks(self, samples)


def _monotone(timing):
    """(s, t) of a timing that never goes back, sampled; for the times of knots."""
    t = np.unique(np.concatenate([np.linspace(timing.start, timing.end, 4097), timing.knots]))
    s = np.maximum.accumulate(timing(t)[:, 0])
    keep = np.concatenate([[True], np.diff(s) > 0])
    return s[keep], t[keep]


def _peaks(path, samples):
    knots = path.knots
    grid = (knots[:-1, None] + np.diff(knots)[:, None] * np.arange(samples) / samples).reshape(-1)
    t = np.append(grid, knots[-1])

    def sizes(t):
        _, twist, acceleration = path._all(t)
        x = np.stack([twist, acceleration]).reshape(2, -1, 2, 3)
        return np.linalg.norm(x, axis=-1)  # (2, N, 2)

    value = sizes(t)
    best = value.max(axis=1)
    width = np.gradient(t)
    for order, part in np.ndindex(2, 2):
        centre = t[np.argmax(value[order, :, part])]
        step = width[np.argmax(value[order, :, part])]
        for _ in range(6):  # each round looks at a tenth of the width around the best time so far
            near = np.clip(centre + np.linspace(-1, 1, 21) * step, path.start, path.end)
            found = sizes(near)[order, :, part]
            centre, step = near[np.argmax(found)], step / 8
            best[order, part] = max(best[order, part], found.max())
    return best


def from_states(knots, p, R, twist, acceleration, timing=None) -> CartesianPath:
    """Path that meets positions p (W, 3), orientations R (W, 3, 3), twists and accelerations (W, 6) at its knots.

    Two states for one knot (a kink in what they say, for example at a full stop) are not representable: one each.
    """
    h = np.diff(knots)
    turn = rotations.log(np.swapaxes(R[:-1], -1, -2) @ R[1:])
    omega, alpha = twist[:, 3:], acceleration[:, 3:]

    def body(k, x):
        return np.einsum("kji,kj->ki", R[k], x[k])

    first, last = slice(None, -1), slice(1, None)
    ends = rotations.rates(turn, body(last, omega), body(last, alpha))
    K = len(h)
    c = np.zeros((K, 6, 3))
    for k in range(K):  # each segment has its own chart, so ends are not shared
        q = np.array([np.zeros(3), turn[k]])
        v = np.array([R[k].T @ omega[k], ends[0][k]])
        a = np.array([R[k].T @ alpha[k], ends[1][k]])
        c[k] = quintic(h[k : k + 1], q, v, a)[0]
    position = Trajectory(knots, quintic(h, p, twist[:, :3], acceleration[:, :3]))
    return CartesianPath(position, Trajectory(knots, c), np.array(R[first]), timing)


def as_poses(poses, least=2) -> np.ndarray:
    """(W, 4, 4) homogeneous matrices; also a list of (p, R) or positions (W, 3), which keep the orientation E."""
    try:
        x = np.array(poses, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput("poses must be homogeneous matrices (W, 4, 4)") from None
    if x.ndim == 2 and x.shape[1] == 3:
        x, p = np.tile(np.eye(4), (len(x), 1, 1)), x
        x[:, :3, 3] = p
    if x.ndim != 3 or x.shape[1:] != (4, 4) or len(x) < least:
        raise InvalidInput(f"poses must have shape (W, 4, 4) with W of at least {least}, got {x.shape}")
    for k, T in enumerate(x):
        if not np.isfinite(T).all():
            raise InvalidInput(f"pose {k} holds a number that is not finite")
        R = T[:3, :3]
        off = np.abs(R @ R.T - np.eye(3)).max()
        if off > 1e-6 or np.linalg.det(R) < 0 or np.abs(T[3] - [0, 0, 0, 1]).max() > 1e-9:
            raise InvalidInput(
                f"pose {k} is no rigid pose: R Rᵀ differs from 1 by {off:.2g}, det R = {np.linalg.det(R):.3g}"
            )
        U, _, V = np.linalg.svd(R)
        x[k, :3, :3] = U @ V  # nearest rotation: rounding of the user's numbers does not grow along the path
    return x
