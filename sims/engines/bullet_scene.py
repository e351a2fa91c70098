"""The shapes of a world inside a PyBullet client: where they are, putting them back, moving the driven ones.

Scene    poses are those of the shape's own frame, (7,): position [m] and quaternion x y z w in world
"""

from typing import NamedTuple

import numpy as np

from sims.engines.bullet_load import load_shape
from sims.engines.bullet_mount import LINK, Joints, load_mounted
from sims.engines.drives import Drives
from sims.engines.poses import IDENTITY, compose, inverse
from sims.engines.scenery import Scenery
from sims.engines.shapes import principal_frame

FAR = 1e4  # [m]: where things are parked while contacts are forgotten


class Item(NamedTuple):
    """A shape in the client; `frame` is its centre of mass with principal axes, None where that is its own frame."""

    id: int
    shape: object
    frame: np.ndarray | None


class Scene(Scenery):
    """Shapes by name in client c of module p; dt [s] is the step of the driven ones."""

    def __init__(self, p, c, shapes, dt, visuals=False):
        self.p, self.c, self.dt = p, c, dt
        self.items = {shape.name: self._load(shape, visuals) for shape in shapes}
        self.names = {item.id: name for name, item in self.items.items()}  # PyBullet's id -> name
        self.free = tuple(s.name for s in shapes if s.dynamic and s.mount is None)
        self.mounted = Joints(p, c, {name: item for name, item in self.items.items() if item.shape.mount is not None})
        self._drives = Drives(shapes, dt)
        self.driven = tuple(self._drives.shapes)
        self._shown = {}

    def _load(self, shape, visuals):
        if shape.mount is not None:
            return Item(load_mounted(self.p, self.c, shape, visuals), shape, None)
        frame, inertia = principal_frame(shape) if shape.dynamic else (None, None)
        id = load_shape(self.p, self.c, shape, frame, inertia, visuals)
        return Item(id, shape, None if frame is None or tuple(frame) == IDENTITY else frame)

    # where things are

    def opening(self, name):
        """Position [rad | m] of the joint of a mounted thing."""
        return self.mounted.state(name)[0]

    def open(self, name, position):
        """Put the joint of a mounted thing there, at rest."""
        self.mounted.put(name, position)

    def pose(self, name):
        """(7,) of one thing."""
        item = self.item(name)
        if item.shape.mount is not None:
            return item.shape.mount.moved(item.shape.pose, self.mounted.state(name)[0])
        position, quaternion = self.p.getBasePositionAndOrientation(item.id, physicsClientId=self.c)
        pose = np.array(position + quaternion)
        return pose if item.frame is None else compose(pose, inverse(item.frame))

    def velocity(self, name):
        """(6,): velocity of the centre of mass [m/s] and angular velocity [rad/s], world axes."""
        item = self.item(name)
        if item.shape.mount is not None:
            state = self.p.getLinkState(item.id, LINK, 1, physicsClientId=self.c)
            return np.array(state[6] + state[7])
        linear, angular = self.p.getBaseVelocity(item.id, physicsClientId=self.c)
        return np.array(linear + angular)

    def place(self, name, pose, velocity=(0.0,) * 6):
        """Put a free object at pose (7,) with velocity (6,), as `pose` and `velocity` return them."""
        item, pose, velocity = self.placing(name, pose, velocity)
        self._put(item.id, pose if item.frame is None else compose(pose, item.frame), velocity)

    def _put(self, id, pose, velocity):
        self.p.resetBasePositionAndOrientation(id, pose[:3].tolist(), pose[3:].tolist(), physicsClientId=self.c)
        self.p.resetBaseVelocity(id, velocity[:3].tolist(), velocity[3:].tolist(), physicsClientId=self.c)

    # starting again

    def park(self):
        """Everything that can touch something goes far away, each to its own spot."""
        for i, name in enumerate((*self.free, *self.driven)):
            self._put(self.items[name].id, np.array([FAR * (i + 1), 0.0, FAR, 0.0, 0.0, 0.0, 1.0]), np.zeros(6))

    def start(self, t=0.0):
        """Everything where it is at the start, the driven ones at time t."""
        self._shown = {}
        for name, item in self.items.items():
            if name not in self.driven and item.shape.mount is None:
                pose = item.shape.pose
                self._put(item.id, pose if item.frame is None else compose(pose, item.frame), np.zeros(6))
        self.mounted.start()
        if self.driven:
            self.drive(round(t / self.dt))

    # driven things

    def drive(self, k):
        """The driven things as they are at step k: pose, and the velocity that carries them to step k + 1."""
        for name, pose, twist in self._drives.at(k):
            key = (pose.tobytes(), twist.tobytes())
            runs = self.items[name].shape.surface_velocity is not None  # PyBullet would carry it along
            if runs or self._shown.get(name) != key:  # a thing that waits costs nothing
                self._put(self.items[name].id, pose, twist)
                self._shown[name] = key

    def drive_to(self, t):
        """The driven things as they are at time t, for looking at a moment without physics."""
        for name in self.driven:
            self._put(self.items[name].id, self.items[name].shape.pose_at(float(t)), np.zeros(6))
        self._shown = {}
