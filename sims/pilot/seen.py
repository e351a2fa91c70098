"""What moves, as the planner sees it while the robot runs.

Seen   a shape that is predicted from its place and velocity of now
"""

import numpy as np

BEFORE = 0.05  # [s] back from now: velocities are measured over that
SHAPE = ("size", "radius", "length", "file", "scale", "convex")


class Seen:
    """A shape as predicted at t: it goes on with its velocity of now, straight, without turning, in growing doubt."""

    def __init__(self, shape, t, doubt):
        self.name, self.kind, self.uncertainty = shape.name, shape.kind, doubt
        for key in SHAPE:
            if hasattr(shape, key):
                setattr(self, key, getattr(shape, key))
        self.pose = np.asarray(shape.pose_at(t))
        before = np.asarray(shape.pose_at(max(0.0, t - BEFORE)))
        self.speed = (self.pose[:3] - before[:3]) / BEFORE if t >= BEFORE else np.zeros(3)
        self.t, self.motion = t, self.at

    def at(self, t):
        """(7,) or (N, 7)."""
        x = np.asarray(t, float) - self.t
        place = self.pose[:3] + x[..., None] * self.speed
        return np.concatenate([place, np.broadcast_to(self.pose[3:], (*x.shape, 4))], axis=-1)
