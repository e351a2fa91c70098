"""Where a thing will be that is carried along: it goes with what it stands on, as far as friction takes it.

Passing   pose over time of one free thing, and until when that is known
"""

from dataclasses import dataclass

import numpy as np

from sims.engines.poses import compose, inverse, matrix, rotate
from sims.planners.base import Failed

GAP = (-0.01, 0.02)  # [m] between a thing's lowest point and the top of what carries it
STEP = 0.01  # [s] between looks at whether it is still carried


def reach_up(shape) -> tuple:
    """How far a shape reaches below and above its origin [m], as it is turned at the start."""
    R = matrix(shape.pose[3:])
    up, level = abs(R[2, 2]), np.hypot(R[2, 0], R[2, 1])
    if shape.kind == "mesh":
        z = shape.vertices() @ R[2]
        return float(z.min()), float(z.max())
    half = {
        "plane": lambda: 0.0,
        "box": lambda: float(np.abs(R[2]) @ shape.size) / 2,
        "sphere": lambda: shape.radius,
        "cylinder": lambda: up * shape.length / 2 + level * shape.radius,
        "capsule": lambda: up * shape.length / 2 + shape.radius,
    }[shape.kind]()
    return -half, half


def above(shape, place, points) -> np.ndarray:
    """(N,) whether points (N, 3) in world lie over the top of a shape at pose `place` (7,)."""
    x, y, _ = (rotate(inverse(place)[3:], points) + inverse(place)[:3]).T
    if shape.kind == "plane":
        return np.ones(len(points), bool)
    if shape.kind == "box":
        return (np.abs(x) <= shape.size[0] / 2) & (np.abs(y) <= shape.size[1] / 2)
    if shape.kind == "mesh":
        (x0, y0, _), (x1, y1, _) = shape.vertices().min(axis=0), shape.vertices().max(axis=0)
        return (x0 <= x) & (x <= x1) & (y0 <= y) & (y <= y1)
    return np.hypot(x, y) <= shape.radius


@dataclass(frozen=True)
class Passing:
    """thing, carrier   shapes; carrier None: it stays
    grip                friction of the two times gravity [m/s²]: the most that it is accelerated with
    """

    thing: object
    carrier: object
    grip: float

    @classmethod
    def of(cls, thing, world, gravity) -> "Passing":
        """Of a thing among the shapes of a world; gravity (3,) [m/s²]. raises Failed: two things drive it at once"""
        g, p = float(np.linalg.norm(gravity)), thing.pose[:3]
        low = p[2] + reach_up(thing)[0]
        for shape in world:
            if not shape.driven or shape.name == thing.name:
                continue
            gap = low - (shape.pose[2] + reach_up(shape)[1])
            if GAP[0] <= gap <= GAP[1] and above(shape, shape.pose, p[None])[0]:
                if shape.motion is not None and shape.surface_velocity is not None:
                    raise Failed(
                        f"where {thing.name!r} will be is not known: {shape.name!r} moves, and its surface too"
                    )
                return cls(thing, shape, thing.friction * shape.friction * g)
        return cls(thing, None, 0.0)

    @property
    def velocity(self):
        """(3,) [m/s] of the surface that runs under it."""
        return rotate(self.carrier.pose[3:], np.array(self.carrier.surface_velocity))

    def at(self, t):
        """Poses (N, 7) for t (N,) [s].

        On a driven thing it stays where it stands. On a running surface it slips until it is as fast, by Coulomb:
            s = ½ μ g t²,  from t₁ = v / (μ g) on  s = v (t - t₁/2)
        """
        t, pose = np.asarray(t, float), np.tile(self.thing.pose, (len(t), 1))
        if self.carrier is None:
            return pose
        if self.carrier.motion is not None:
            return compose(self.carrier.pose_at(t), compose(inverse(self.carrier.pose), self.thing.pose))
        v = float(np.linalg.norm(self.velocity))
        if v > 0 and self.grip > 0:
            slips = v / self.grip
            s = np.where(t < slips, self.grip * t**2 / 2, v * (t - slips / 2))
            pose[:, :3] += s[:, None] * (self.velocity / v)
        return pose

    def known_until(self, end):
        """(time [s] up to which this holds, why not longer), not beyond `end`."""
        t = np.arange(0.0, end + STEP, STEP)
        name, under = self.thing.name, self.carrier
        if under is None:
            return end, ""
        if under.motion is None:
            lost = np.flatnonzero(~above(under, under.pose, self.at(t)[:, :3]))
            return (t[lost[0]], f"{name!r} leaves {under.name!r} at t = {t[lost[0]]:.3g} s") if len(lost) else (end, "")
        push = np.linalg.norm(np.diff(self.at(t)[:, :2], 2, axis=0), axis=1) / STEP**2
        lost = np.flatnonzero(push > self.grip)
        if not len(lost):
            return end, ""
        when = t[lost[0] + 1]
        why = f"{name!r} slips on {under.name!r} at t = {when:.3g} s: {push[lost[0]]:.3g} m/s^2, friction carries"
        return when, f"{why} {self.grip:.3g} m/s^2"
