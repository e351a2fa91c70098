"""What the plants with a world around the robot have in common, whatever simulates it.

InWorld     methods of Bullet and Mujoco that ask their `scene` (things) and `touch` (contacts)
"""

import numpy as np

from robocalc.dynamics.state import State
from sims.engines.bullet_contacts import Grasp
from sims.engines.motions import finite


class InWorld:
    """Needs robot, n, t, scene, touch, read(q, v), push(tau) and close()."""

    def step(self, tau):
        """One dt under constant torque tau (n,) [N m | N], which is not limited here; returns State."""
        self.push(finite("tau", tau, (self.n,)))
        return self.state()

    def state(self):
        """State(t, q, v) now."""
        q, v = np.empty((2, self.n))
        self.read(q, v)
        return State(self.t, q, v)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    # the world

    def pose(self, name):
        """(7,) of an object: position [m] and quaternion x y z w in world."""
        return self.scene.pose(name)

    def poses(self, names=None):
        """(len(names), 7), of all objects where None."""
        return self.scene.poses(self.scene.items if names is None else names)

    def velocity(self, name):
        """(6,) of an object: its centre of mass [m/s], angular [rad/s], world axes."""
        return self.scene.velocity(name)

    def place(self, name, pose, velocity=(0.0,) * 6):
        """Put an object at pose (7,) with velocity (6,)."""
        self.scene.place(name, pose, velocity)

    def link_pose(self, link):
        """(7,) of a link's frame in world."""
        return self.touch.link_pose(link)

    def contacts(self):
        """Contact points on the robot in the last step: tuple of Contact(link, other, force, point, distance)."""
        return self.touch.contacts()

    def contact_forces(self, exclude=()):
        """(link, other) -> sum of normal forces [N], without objects or pairs that `exclude` names."""
        return self.touch.forces(exclude)

    def touching(self, link, name):
        """Whether a link pressed on an object in the last step."""
        return self.touch.touching(link, name)

    def grasp(self, name, fingers=None):
        """Grasp of an object from now on: `.held`, `.slip()` -> (distance [m], angle [rad]) in the hand."""
        return Grasp(self.touch, self.robot, name, fingers)
