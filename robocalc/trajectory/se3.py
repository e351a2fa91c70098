"""Tool paths in SE(3): position and orientation as quintic pieces, continuous up to acceleration.

    CartesianPath   pose, twist and acceleration of the tool over time; world axes, [m | rad], rows linear then angular

On segment k the position is a quintic, and the orientation is frames[k] exp(φ(s)) with a quintic φ from 0 to the
rotation vector between the two frames. Angular velocities and accelerations meet at the knots exactly.
"""

from dataclasses import dataclass
from typing import NamedTuple

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
        s, known = self.position.knots, self.timing(self.timing.knots)[:, 0]
        inner = s[np.abs(s[:, None] - known).min(axis=1) > 1e-9 * (s[-1] - s[0])]
        return np.sort(np.concatenate([_times_at(self.timing, inner), self.timing.knots]))

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

    @property
    def stops(self) -> np.ndarray:
        """Times at which the tool rests: the ends, and stops on the way [s]."""
        rest = np.abs(self.twist(self.knots)).max(axis=1)
        return self.knots[rest <= 1e-9 * max(1.0, rest.max())]

    def peaks(self, samples=16) -> np.ndarray:
        """Largest (linear, angular) speed and acceleration, (2, 2), refined around the samples of each piece."""
        return _peaks(self, samples)


def _times_at(timing, s):
    """Times at which a timing that never goes back reaches s (N,), by bisection."""
    low, high = np.full(len(s), timing.start), np.full(len(s), timing.end)
    for _ in range(60):
        mid = 0.5 * (low + high)
        past = timing(mid)[:, 0] >= s
        low, high = np.where(past, low, mid), np.where(past, mid, high)
    return high


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


class States(NamedTuple):
    """Tool states along a path: positions (W, 3), orientations (W, 3, 3), twists, accelerations (W, 6), world axes."""

    p: np.ndarray
    R: np.ndarray
    twist: np.ndarray
    acceleration: np.ndarray

    def take(self, k) -> "States":
        return States(*(x[k] for x in self))


def from_states(knots, first: States, last: States, timing=None) -> CartesianPath:
    """Path whose segment k goes from first[k] to last[k] between knots[k] and knots[k + 1] (K + 1,)."""
    h = np.diff(knots)
    turn = rotations.log(np.swapaxes(first.R, -1, -2) @ last.R)

    def body(R, x):
        return np.einsum("kji,kj->ki", R, x[:, 3:])

    zero = np.zeros_like(turn)
    ends = (body(first.R, first.twist), body(first.R, first.acceleration))  # at φ = 0 these are φ̇ and φ̈
    rates = rotations.rates(turn, body(last.R, last.twist), body(last.R, last.acceleration))
    phi = _quintics(h, (zero, *ends), (turn, *rates))
    line = [(x.p, x.twist[:, :3], x.acceleration[:, :3]) for x in (first, last)]
    return CartesianPath(Trajectory(knots, _quintics(h, *line)), Trajectory(knots, phi), np.array(first.R), timing)


def _quintics(h, first, last):
    """Coefficients (K, 6, 3) of quintics with value and two derivatives at their own two ends, each (K, 3)."""
    c = [
        quintic(h[k : k + 1], *(np.stack([a[k], b[k]]) for a, b in zip(first, last, strict=True)))
        for k in range(len(h))
    ]
    return np.concatenate(c)


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
