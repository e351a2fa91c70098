"""Things and contacts in MuJoCo, by the names of the scenario.

Things     the shapes of a world, as bullet_scene.Scene has them
Touches    contacts of the robot with them, as bullet_contacts.Touch
"""

import numpy as np

from robocalc.errors import UnknownName
from sims.engines.bullet_contacts import Contact, Pressed
from sims.engines.drives import Drives
from sims.engines.mujoco_model import wxyz
from sims.engines.poses import conjugate, rotate
from sims.engines.scenery import Scenery


class Item:
    """A shape, its body, and where its joint is in qpos and qvel (-1: it has none)."""

    def __init__(self, model, shape, body):
        self.shape, self.id = shape, body
        joint = model.body_jntadr[body]
        self.q, self.v = (-1, -1) if joint < 0 else (model.jnt_qposadr[joint], model.jnt_dofadr[joint])
        self.com = model.body_ipos[body].copy()


class Things(Scenery):
    """The shapes of a world by name; poses (7,) of the shape's own frame, as bullet_scene.Scene has them."""

    def __init__(self, mujoco, model, data, parts, shapes, dt):
        self.mj, self.model, self.data = mujoco, model, data
        self.items = {shape.name: Item(model, shape, parts.things[shape.name]) for shape in shapes}
        self._drives = Drives(shapes, dt)
        self.driven = tuple(self._drives.shapes)
        self.mounted = tuple(item for item in self.items.values() if item.shape.mount is not None)

    def pose(self, name):
        """(7,) of one thing."""
        item = self.item(name)
        if item.shape.mount is not None:
            return item.shape.mount.moved(item.shape.pose, self.data.qpos[item.q])
        if item.q < 0:
            return item.shape.pose
        p = self.data.qpos[item.q : item.q + 7]
        return np.array([*p[:3], *p[4:], p[3]])

    def opening(self, name):
        """Position [rad | m] of the joint of a mounted thing."""
        return float(self.data.qpos[self.item(name).q])

    def velocity(self, name):
        """(6,): velocity of the centre of mass [m/s] and angular velocity [rad/s], world axes."""
        found, item = np.zeros(6), self.item(name)
        self.mj.mj_comVel(self.model, self.data)
        self.mj.mj_objectVelocity(self.model, self.data, self.mj.mjtObj.mjOBJ_BODY, item.id, found, 0)
        if item.q >= 0 and item.shape.mount is None:
            turn = self.pose(name)[3:]
            linear, angular = self.data.qvel[item.v : item.v + 3], self.data.qvel[item.v + 3 : item.v + 6]
            spin = rotate(turn, angular)
            return np.concatenate([linear + np.cross(spin, rotate(turn, item.com)), spin])
        return np.concatenate([found[3:], found[:3]])

    def place(self, name, pose, velocity=(0.0,) * 6):
        """Put a free object at pose (7,) with velocity (6,), as `pose` and `velocity` return them."""
        item, pose, velocity = self.placing(name, pose, velocity)
        linear = velocity[:3] - np.cross(velocity[3:], rotate(pose[3:], item.com))
        self._put(item, pose, np.concatenate([linear, velocity[3:]]))

    def _put(self, item, pose, twist):
        """twist: of the frame's origin and angular, world axes; MuJoCo turns in body axes."""
        self.data.qpos[item.q : item.q + 3], self.data.qpos[item.q + 3 : item.q + 7] = pose[:3], wxyz(pose[3:])
        self.data.qvel[item.v : item.v + 3] = twist[:3]
        self.data.qvel[item.v + 3 : item.v + 6] = rotate(conjugate(pose[3:]), twist[3:])

    def start(self, k):
        """Everything where it is at the start, the driven ones at step k."""
        for item in self.mounted:
            self.data.qpos[item.q], self.data.qvel[item.v] = item.shape.mount.start, 0.0
        self.drive(k)

    def drive(self, k):
        """The driven things as they are at step k, with the velocity that carries them to step k + 1."""
        for name, pose, twist in self._drives.at(k):
            self._put(self.items[name], pose, twist)

    def act(self):
        """Springs and dampers of what is mounted, for the coming step; their friction is MuJoCo's."""
        for item in self.mounted:
            m = item.shape.mount
            s, v = self.data.qpos[item.q], self.data.qvel[item.v]
            self.data.qfrc_applied[item.v] = -m.stiffness * (s - m.rest) - m.damping * v


class Touches(Pressed):
    """Contacts of the robot with things, as of the last step; as bullet_contacts.Touch."""

    def __init__(self, plant):
        self.plant, self.scene, self.parts = plant, plant.scene, plant.parts

    def link_index(self, link):
        """MuJoCo's body; UnknownName lists the links."""
        if link not in self.parts.links:
            raise UnknownName("link", link, self.parts.links)
        return self.parts.links[link]

    def contacts(self):
        """Every contact point on the robot, a tuple of Contact."""
        found, force, data = [], np.zeros(6), self.plant.data
        for i in range(data.ncon):
            contact = data.contact[i]
            one, two = (self.parts.geoms[g] for g in contact.geom)
            if one.thing and two.thing:
                continue
            self.plant._mj.mj_contactForce(self.plant.model, data, i, force)
            link, other = (two, one) if one.thing else (one, two)
            turned = contact.frame.reshape(3, 3).T @ force[:3]  # on the second of the two
            push = tuple((turned if link is two else -turned).tolist())
            found.append(Contact(link.name, other.name, float(force[0]), tuple(contact.pos), float(contact.dist), push))
        return tuple(found)

    def touching(self, link, name):
        """Whether `link` presses on object `name` (force above zero in the last step)."""
        self.link_index(link), self.scene.item(name)
        return any(c.force > 0 for c in self.contacts() if (c.link, c.other) == (link, name))

    def link_pose(self, link):
        """(7,) of the link's frame in world, now."""
        body, data = self.link_index(link), self.plant.data
        self.plant._mj.mj_kinematics(self.plant.model, data)
        w, x, y, z = data.xquat[body]
        return np.array([*data.xpos[body], x, y, z, w])
