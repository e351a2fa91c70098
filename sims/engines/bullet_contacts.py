"""Who touches whom, how hard, and whether a grasped object slips.

Contact    one point of contact on the robot
Grasp      an object between fingers, watched from the moment it was taken
"""

from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.engines.poses import compose, inverse, rotation_vector


class Contact(NamedTuple):
    """A link of the robot presses on `other`, an object or a link, with `force` [N] along the normal at `point` [m]."""

    link: str
    other: str
    force: float
    point: tuple
    distance: float  # [m] negative: the shapes overlap
    push: tuple = (0.0, 0.0, 0.0)  # [N] in world on the link: along the normal, and friction


class Pressed:
    """Sums over `contacts()`, whichever engine finds them."""

    def forces(self, exclude=()):
        """Sum of normal forces [N] on the robot: (link, other) -> force, without what `exclude` names.

        exclude   names of objects, or pairs (link, object)
        """
        total = {}
        for contact in self.contacts():
            pair = (contact.link, contact.other)
            if contact.other not in exclude and pair not in exclude:
                total[pair] = total.get(pair, 0.0) + contact.force
        return total


class Touch(Pressed):
    """Contacts of one robot `body` (bullet_load.Body) with the things of a scene, as of the last step."""

    def __init__(self, p, c, body, scene):
        self.p, self.c, self.body, self.scene = p, c, body, scene
        self.link_names = {index: name for name, index in body.links.items()}

    def link_index(self, link):
        """PyBullet's index; UnknownName lists the links."""
        if link not in self.body.links:
            raise UnknownName("link", link, self.body.links)
        return self.body.links[link]

    def contacts(self):
        """Every contact point on the robot, a tuple of Contact."""
        points = self.p.getContactPoints(bodyA=self.body.id, physicsClientId=self.c)
        return tuple(
            Contact(self.link_names[x[3]], self._other(x), x[9], x[5], x[8], _push(x)) for x in points or ()
        )  # fields: PyBullet quickstart guide, getContactPoints

    def _other(self, point):
        return self.link_names[point[4]] if point[2] == self.body.id else self.scene.names[point[2]]

    def touching(self, link, name):
        """Whether `link` presses on object `name` (force above zero in the last step)."""
        points = self.p.getContactPoints(
            bodyA=self.body.id,
            bodyB=self.scene.item(name).id,
            linkIndexA=self.link_index(link),
            physicsClientId=self.c,
        )
        return any(x[9] > 0 for x in points or ())

    def link_pose(self, link):
        """(7,) of the link's frame in world, now."""
        if self.link_index(link) == -1:
            return self._base_pose()
        state = self.p.getLinkState(self.body.id, self.link_index(link), 0, 1, physicsClientId=self.c)
        return np.array(state[4] + state[5])

    def _base_pose(self):
        base = self.p.getBasePositionAndOrientation(self.body.id, physicsClientId=self.c)
        inertial = self.p.getDynamicsInfo(self.body.id, -1, physicsClientId=self.c)[3:5]
        return compose(np.array(base[0] + base[1]), inverse(np.array(inertial[0] + inertial[1])))


def _push(x):
    """Normal force along the normal on the robot, and the two of friction along theirs."""
    return tuple(x[9] * n + x[10] * u + x[12] * w for n, u, w in zip(x[7], x[11], x[13]))


def fingers_of(robot):
    """Links of the robot's fingers: at least two, on prismatic joints that share a parent link; else ()."""
    joints = [j for j in robot.tree.joints if j.kind == "prismatic" and j.name in robot.joints]
    for parent in {j.parent: None for j in joints}:
        links = tuple(j.child for j in joints if j.parent == parent)
        if len(links) >= 2:
            return links
    return ()


def hand_of(robot, finger):
    """The link that carries a finger."""
    return next(j.parent for j in robot.tree.joints if j.child == finger)


class Grasp:
    """An object between fingers. The hand is the link that carries the fingers; slip counts from the making of this.

    object    name of the object          fingers   links that must touch it
    """

    def __init__(self, touch, robot, name, fingers=None):
        self.touch, self.object = touch, name
        self.fingers = tuple(fingers) if fingers else fingers_of(robot)
        if not self.fingers:
            raise InvalidInput(f"robot {robot.name!r} has no fingers to grasp {name!r}: name the links that hold it")
        if not touch.scene.item(name).shape.dynamic:
            raise InvalidInput(f"{name!r} cannot be grasped: it has no mass")
        for link in self.fingers:
            touch.link_index(link)
        self.hand = hand_of(robot, self.fingers[0])
        self.taken = self.pose_in_hand()

    def pose_in_hand(self):
        """(7,) of the object in the hand's frame."""
        return compose(inverse(self.touch.link_pose(self.hand)), self.touch.scene.pose(self.object))

    @property
    def held(self):
        """Whether every finger presses on the object."""
        return all(self.touch.touching(link, self.object) for link in self.fingers)

    def slip(self):
        """How far the object moved in the hand since it was taken: distance [m], angle [rad]."""
        moved = compose(inverse(self.taken), self.pose_in_hand())
        distance = np.linalg.norm(self.pose_in_hand()[:3] - self.taken[:3])
        return float(distance), float(np.linalg.norm(rotation_vector(moved[3:])))
