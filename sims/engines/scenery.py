"""What the scenes of all engines share: things found by name, and what may be put elsewhere.

Scenery    base of bullet_scene.Scene and mujoco_scene.Things
"""

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.engines.motions import finite, unit_quaternion


class Scenery:
    """Things by name. A child has `items`: name -> its own record with a `shape`, `driven` names, and `pose(name)`."""

    def item(self, name):
        """The item of that name; UnknownName lists the known ones."""
        if name not in self.items:
            raise UnknownName("object", name, self.items)
        return self.items[name]

    @property
    def shapes(self):
        """The shapes, in the order given."""
        return tuple(item.shape for item in self.items.values())

    def poses(self, names):
        """(len(names), 7)."""
        return np.array([self.pose(name) for name in names]).reshape(-1, 7)

    def placing(self, name, pose, velocity):
        """(item, pose (7,), velocity (6,)), checked; raises InvalidInput where that thing is not free to move."""
        pose, velocity = finite(f"pose of {name}", pose, (7,)), finite(f"velocity of {name}", velocity, (6,))
        item = self.item(name)
        if not item.shape.dynamic or item.shape.mount is not None:
            fixed = "is held by its mount" if item.shape.mount is not None else "has no mass and is fixed"
            why = "follows its motion" if name in self.driven else fixed
            raise InvalidInput(f"{name} {why}: only free objects can be placed")
        pose[3:] = unit_quaternion(f"quaternion of {name}", pose[3:])
        return item, pose, velocity
