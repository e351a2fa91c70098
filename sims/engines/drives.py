"""Where driven things are, step by step, for any engine: worked out in blocks, as arrays.

Drives    the shapes of a world that no force moves: along a motion, or in place with a running surface (a conveyor)
"""

import numpy as np

from sims.engines.poses import mean_twist, rotate

BLOCK = 1024  # steps worked out at a time
JUMP = 100.0  # [m/s, rad/s]: a driven thing that is faster jumps, and pushes nothing on its way


class Drives:
    """Shapes that are driven, by name; dt [s] is the engine's step."""

    def __init__(self, shapes, dt):
        self.shapes, self.dt = {s.name: s for s in shapes if s.driven}, dt
        self._table = (0, 0, {})  # first step, step after the last, name -> (poses, twists)

    def at(self, k):
        """(name, pose (7,), twist (6,)) of each at step k: the velocity [m/s, rad/s], world axes, that carries it to
        step k + 1; of a running surface the surface's."""
        first, end, table = self._table
        if not first <= k < end:
            first, end, table = self._table = self._tabulate(k)
        for name, (poses, twists) in table.items():
            yield name, poses[k - first], twists[k - first]

    def _tabulate(self, k):
        t, table = np.arange(k, k + BLOCK + 1) * self.dt, {}
        for name, shape in self.shapes.items():
            poses = shape.pose_at(t)
            twists = mean_twist(poses[:-1], poses[1:], self.dt)
            fast = np.maximum(np.linalg.norm(twists[:, :3], axis=1), np.linalg.norm(twists[:, 3:], axis=1)) > JUMP
            twists = np.where(fast[:, None], 0.0, twists)
            if shape.surface_velocity is not None:
                twists[:, :3] += rotate(poses[:-1, 3:], np.array(shape.surface_velocity))
            table[name] = (poses, twists)
        return k, k + BLOCK, table
