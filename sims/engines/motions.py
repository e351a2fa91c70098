"""Where a driven thing is at a time: poses (7,) or (N, 7), position [m] and quaternion x y z w, for t or (N,) in s.

    Keyframes    through given poses at given times, linear, min_jerk or hold between them
    Line         to another place on a straight line, once or back and forth
    Circle       around a circle at constant speed

A motion is anything with `at(t)`; nothing pushes what it drives.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.engines.poses import between, rpy_quaternion

STILL = (0.0, 0.0, 0.0)
UNTURNED = (0.0, 0.0, 0.0, 1.0)

# share of the way between two frames, at the share s of the time
INTERPOLATIONS = {
    "linear": lambda s: s,
    "min_jerk": lambda s: s**3 * (10 + s * (6 * s - 15)),  # at rest at both ends; Flash & Hogan (1985)
    "hold": lambda s: np.where(s < 1, 0.0, 1.0),  # jumps at the next frame
}


class Motion(Protocol):
    def at(self, t) -> np.ndarray: ...  # (7,) for a scalar t, (N, 7) for t (N,)


def finite(what, value, shape):
    """value as an array of finite floats of this shape; InvalidInput names `what` otherwise."""
    try:
        array = np.array(value, float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{what} must be numbers, got {value!r}") from None
    if len(array.shape) != len(shape) or any(w not in (None, s) for s, w in zip(array.shape, shape)):
        wanted = "(" + ", ".join("K" if s is None else str(s) for s in shape) + ("," if len(shape) == 1 else "") + ")"
        raise InvalidInput(f"{what} must have shape {wanted}, got {array.shape}")
    if not np.isfinite(array).all():
        raise InvalidInput(f"{what} must be finite, got {value!r}")
    return array


def positive(what, value, least=0.0):
    """value as a finite float above `least`; InvalidInput names `what` otherwise."""
    number = float(finite(what, value, ()))
    if number <= least:
        raise InvalidInput(f"{what} must be above {least:g}, got {number:g}")
    return number


def unit_quaternion(what, value):
    """(..., 4) normalised; InvalidInput when a quaternion has no length."""
    length = np.linalg.norm(value, axis=-1, keepdims=True)
    if (length < 1e-9).any():
        raise InvalidInput(f"{what} must not be zero")
    return np.where(np.abs(length - 1) < 1e-15, value, value / length)


def interpolation(name):
    """The function of that name; UnknownName lists the known ones."""
    if name not in INTERPOLATIONS:
        raise UnknownName("interpolation", name, INTERPOLATIONS)
    return INTERPOLATIONS[name]


@dataclass(frozen=True, eq=False)
class Keyframes:
    """Poses at times; before the first frame it waits there, after the last it stays or starts again.

    times          (K,) [s], increasing, K ≥ 1
    positions      (K, 3) [m] in world
    rpys           (K, 3) [rad], or None: unturned; or
    quaternions    (K, 4) x y z w; orientations turn the shortest way
    interpolation  "min_jerk" (at rest in every frame), "linear" or "hold"
    repeat         after the last frame go on from the first, which should be the same place
    """

    times: np.ndarray
    positions: np.ndarray
    rpys: np.ndarray | None = None
    quaternions: np.ndarray | None = None
    interpolation: str = "min_jerk"
    repeat: bool = False

    def __post_init__(self):
        times = finite("keyframe times", self.times, (None,))
        K = len(times)
        if K < 1 or (np.diff(times) <= 0).any():
            raise InvalidInput(f"keyframe times must increase, got {times.tolist()}")
        if self.rpys is not None and self.quaternions is not None:
            raise InvalidInput("keyframes take rpys or quaternions, not both")
        interpolation(self.interpolation)
        if self.quaternions is not None:
            turns = unit_quaternion("keyframe quaternions", finite("keyframe quaternions", self.quaternions, (K, 4)))
        else:
            rpys = np.zeros((K, 3)) if self.rpys is None else self.rpys
            turns = rpy_quaternion(finite("keyframe rpys", rpys, (K, 3)))
            object.__setattr__(self, "rpys", None)  # kept as quaternions
        for name, value in (
            ("times", times),
            ("positions", finite("keyframe positions", self.positions, (K, 3))),
            ("quaternions", turns),
        ):
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    def at(self, t):
        """Pose at t: (7,) or (N, 7)."""
        T, first, last = np.asarray(t, float), self.times[0], self.times[-1]
        if self.repeat and last > first:
            T = np.where(first < T, first + np.mod(T - first, last - first), T)
        if len(self.times) == 1:
            return np.broadcast_to(np.concatenate([self.positions[0], self.quaternions[0]]), (*T.shape, 7)).copy()
        k = np.clip(np.searchsorted(self.times, T, side="right") - 1, 0, len(self.times) - 2)
        s = np.clip((T - self.times[k]) / (self.times[k + 1] - self.times[k]), 0.0, 1.0)
        s = np.asarray(INTERPOLATIONS[self.interpolation](s))[..., None]
        p = self.positions[k] + s * (self.positions[k + 1] - self.positions[k])
        return np.concatenate([p, between(self.quaternions[k], self.quaternions[k + 1], s)], axis=-1)


@dataclass(frozen=True)
class Line:
    """From `position` to `to` in `duration` seconds from `start` on, at rest at both ends; repeat: back and forth."""

    position: tuple
    to: tuple
    duration: float
    start: float = 0.0
    interpolation: str = "min_jerk"
    repeat: bool = False
    quaternion: tuple = UNTURNED

    def __post_init__(self):
        finite("line position", self.position, (3,))
        finite("line to", self.to, (3,))
        finite("line quaternion", self.quaternion, (4,))
        finite("line start", self.start, ())
        positive("line duration", self.duration)
        interpolation(self.interpolation)

    def at(self, t):
        """Pose at t: (7,) or (N, 7)."""
        T = np.maximum((np.asarray(t, float) - self.start) / self.duration, 0.0)
        s = 1 - np.abs(1 - np.mod(T, 2.0)) if self.repeat else np.minimum(T, 1.0)
        s = np.asarray(INTERPOLATIONS[self.interpolation](s))[..., None]
        p = np.asarray(self.position, float) + s * (np.asarray(self.to, float) - self.position)
        turn = unit_quaternion("line quaternion", np.asarray(self.quaternion, float))
        return np.concatenate([p, np.broadcast_to(turn, (*p.shape[:-1], 4))], axis=-1)


@dataclass(frozen=True)
class Circle:
    """At constant speed around `center`, right-handed about `axis`, orientation kept.

    phase   [rad] at t = 0, from the first axis: world x made square to `axis` (world y if they are parallel)
    """

    center: tuple
    radius: float
    period: float
    axis: tuple = (0.0, 0.0, 1.0)
    phase: float = 0.0
    quaternion: tuple = UNTURNED

    def __post_init__(self):
        finite("circle center", self.center, (3,))
        finite("circle quaternion", self.quaternion, (4,))
        finite("circle phase", self.phase, ())
        positive("circle radius", self.radius)
        positive("circle period", self.period)
        if np.linalg.norm(finite("circle axis", self.axis, (3,))) < 1e-9:
            raise InvalidInput("circle axis must not be zero")

    def axes(self):
        """Two unit vectors that span the circle, (2, 3): at angle 0 and at a quarter turn."""
        z = np.asarray(self.axis, float) / np.linalg.norm(self.axis)
        seed = np.eye(3)[1 if abs(z[0]) > 1 - 1e-9 else 0]
        x = seed - z * (z @ seed)
        x /= np.linalg.norm(x)
        return np.array([x, np.cross(z, x)])

    def at(self, t):
        """Pose at t: (7,) or (N, 7)."""
        angle = self.phase + 2 * np.pi * np.asarray(t, float) / self.period
        arm = self.radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1) @ self.axes()
        p = np.asarray(self.center, float) + arm
        turn = unit_quaternion("circle quaternion", np.asarray(self.quaternion, float))
        return np.concatenate([p, np.broadcast_to(turn, (*p.shape[:-1], 4))], axis=-1)
