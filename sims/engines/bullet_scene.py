"""The shapes of a world inside a PyBullet client: where they are, putting them back, moving the driven ones.

Scene    poses are those of the shape's own frame, (7,): position [m] and quaternion x y z w in world
"""

from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.engines.bullet_load import load_shape, principal_frame
from sims.engines.motions import finite, unit_quaternion
from sims.engines.poses import IDENTITY, compose, inverse, mean_twist

BLOCK = 1024  # steps of a driven thing worked out at a time
JUMP = 100.0  # [m/s, rad/s]: a driven thing that is faster jumps, and pushes nothing on its way
FAR = 1e4  # [m]: where things are parked while contacts are forgotten


class Item(NamedTuple):
    """A shape in the client; `frame` is its centre of mass with principal axes, None where that is its own frame."""

    id: int
    shape: object
    frame: np.ndarray | None


class Scene:
    """Shapes by name in client c of module p; dt [s] is the step of the driven ones."""

    def __init__(self, p, c, shapes, dt, visuals=False):
        self.p, self.c, self.dt = p, c, dt
        self.items = {shape.name: self._load(shape, visuals) for shape in shapes}
        self.names = {item.id: name for name, item in self.items.items()}  # PyBullet's id -> name
        self.free = tuple(name for name, item in self.items.items() if item.shape.dynamic)
        self.driven = tuple(name for name, item in self.items.items() if item.shape.motion is not None)
        self._table = (0, 0, {})  # first step, step after the last, name -> (poses, twists)
        self._shown = {}

    def _load(self, shape, visuals):
        frame, inertia = principal_frame(shape) if shape.dynamic else (None, None)
        id = load_shape(self.p, self.c, shape, frame, inertia, visuals)
        return Item(id, shape, None if frame is None or tuple(frame) == IDENTITY else frame)

    def item(self, name):
        """The item of that name; UnknownName lists the known ones."""
        if name not in self.items:
            raise UnknownName("object", name, self.items)
        return self.items[name]

    @property
    def shapes(self):
        """The shapes, in the order given."""
        return tuple(item.shape for item in self.items.values())

    # where things are

    def pose(self, name):
        """(7,) of one thing."""
        item = self.item(name)
        position, quaternion = self.p.getBasePositionAndOrientation(item.id, physicsClientId=self.c)
        pose = np.array(position + quaternion)
        return pose if item.frame is None else compose(pose, inverse(item.frame))

    def poses(self, names):
        """(len(names), 7)."""
        return np.array([self.pose(name) for name in names]).reshape(-1, 7)

    def velocity(self, name):
        """(6,): velocity of the centre of mass [m/s] and angular velocity [rad/s], world axes."""
        linear, angular = self.p.getBaseVelocity(self.item(name).id, physicsClientId=self.c)
        return np.array(linear + angular)

    def place(self, name, pose, velocity=(0.0,) * 6):
        """Put a free object at pose (7,) with velocity (6,), as `pose` and `velocity` return them."""
        pose, velocity = finite(f"pose of {name}", pose, (7,)), finite(f"velocity of {name}", velocity, (6,))
        item = self.item(name)
        if not item.shape.dynamic:
            why = "follows its motion" if name in self.driven else "has no mass and is fixed"
            raise InvalidInput(f"{name} {why}: only free objects can be placed")
        pose[3:] = unit_quaternion(f"quaternion of {name}", pose[3:])
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
            if name not in self.driven:
                pose = item.shape.pose
                self._put(item.id, pose if item.frame is None else compose(pose, item.frame), np.zeros(6))
        if self.driven:
            self.drive(round(t / self.dt))

    # driven things

    def drive(self, k):
        """The driven things as they are at step k: pose, and the velocity that carries them to step k + 1."""
        first, end, table = self._table
        if not first <= k < end:
            first, end, table = self._table = self._tabulate(k)
        for name, (poses, twists) in table.items():
            pose, twist = poses[k - first], twists[k - first]
            key = (pose.tobytes(), twist.tobytes())
            if self._shown.get(name) != key:  # a thing that waits costs nothing
                self._put(self.items[name].id, pose, twist)
                self._shown[name] = key

    def _tabulate(self, k):
        t, table = np.arange(k, k + BLOCK + 1) * self.dt, {}
        for name in self.driven:
            poses = self.items[name].shape.pose_at(t)
            twists = mean_twist(poses[:-1], poses[1:], self.dt)
            fast = np.maximum(np.linalg.norm(twists[:, :3], axis=1), np.linalg.norm(twists[:, 3:], axis=1)) > JUMP
            table[name] = (poses, np.where(fast[:, None], 0.0, twists))
        return k, k + BLOCK, table

    def drive_to(self, t):
        """The driven things as they are at time t, for looking at a moment without physics."""
        for name in self.driven:
            self._put(self.items[name].id, self.items[name].shape.pose_at(float(t)), np.zeros(6))
        self._shown = {}
