"""MuJoCo as a Plant: a second opinion on contacts, from the same robot and world. The only file that imports it.

    Mujoco           one robot among shapes; as sims.engines.bullet.Bullet
    mujoco_module    the module, imported when first needed

Without contact a step is articulated-body dynamics and semi-implicit Euler to rounding, the same as the twin's. With
contacts it is another model: soft constraints with elliptic friction cones, solved by Newton's method.
Source: Todorov (2014), Convex and analytically-invertible dynamics with contacts and constraints.
"""

import sys
from functools import cache, cached_property

import numpy as np

from robocalc.dynamics.state import State
from robocalc.errors import EngineUnavailable, InvalidInput, UnknownName
from sims.engines.bullet_contacts import Contact, Grasp
from sims.engines.drives import Drives
from sims.engines.motions import finite, positive, unit_quaternion
from sims.engines.mujoco_model import build, wxyz
from sims.engines.poses import conjugate, rotate
from sims.engines.shapes import check_names

__all__ = ["Mujoco", "mujoco_module"]


@cache
def mujoco_module():
    """The mujoco module, without its warnings, as a run that diverges says so; EngineUnavailable says how to get it."""
    try:
        import mujoco
    except ImportError as error:
        remedy = f"install it: {sys.executable or 'python'} -m pip install 'robocalc[mujoco]'"
        raise EngineUnavailable(
            f"MuJoCo cannot be imported ({error}); {remedy}; or run engine bullet or twin"
        ) from None
    if mujoco.get_mju_user_warning() is None:  # else each is printed, and written to a file in the working directory
        mujoco.set_mju_user_warning(lambda text: None)
    return mujoco


class Mujoco:
    """A robot in MuJoCo among shapes; use it with `with`. Arguments and methods are those of Bullet.

    solver_iterations  at most so many of Newton's method
    Torque acts for one step, and nothing else acts on the joints. Same inputs, same bits.
    """

    def __init__(
        self,
        robot,
        dt,
        *,
        gravity=None,
        world=(),
        surfaces=None,
        stops=(),
        couple=(),
        self_collision=False,
        solver_iterations=100,
    ):
        robot = robot if gravity is None else robot.with_gravity(finite("gravity", gravity, (3,)))
        self.robot, self.dt, self.n = robot, positive("dt", dt), robot.n
        iterations = int(positive("solver_iterations", solver_iterations))
        world, self._mj = check_names(world), mujoco_module()
        words = {"surfaces": surfaces, "stops": stops, "couple": couple, "self_collision": self_collision}
        self.model, self.parts = build(self._mj, robot, world, self.dt, iterations=iterations, **words)
        self.data = self._mj.MjData(self.model)
        self.scene = Things(self._mj, self.model, self.data, self.parts, world, self.dt)
        self.touch = Touches(self)
        self._steps, self._advance = 0, self._mj.mj_step
        places, dofs = self.parts.joints, self.parts.dofs
        whole = np.array_equal(places, np.arange(self.n)) and np.array_equal(dofs, places)
        self._q, self._v = (slice(0, self.n),) * 2 if whole else (places, dofs)
        self.reset(robot.home, np.zeros(robot.n))

    # the plant

    @property
    def t(self):
        """Time [s] since the start of the world."""
        return self._steps * self.dt

    def reset(self, q, v=None, t=0.0):
        """Start again at q, v (n,) and time t [s]: objects where they began, driven things where they are at t."""
        q = finite("q", q, (self.n,))
        v = finite("v", np.zeros(self.n) if v is None else v, (self.n,))
        self._mj.mj_resetData(self.model, self.data)
        self.data.qpos[self._q], self.data.qvel[self._v] = q, v
        self._steps = round(t / self.dt)
        self.scene.start(self._steps)
        self._mj.mj_kinematics(self.model, self.data)
        return State(self.t, q, v)

    def read(self, q, v):
        """Current state into q, v (n,)."""
        q[:], v[:] = self.data.qpos[self._q], self.data.qvel[self._v]

    def push(self, tau):
        """One dt under constant tau (n,) [N m | N]."""
        self.data.qfrc_applied[self._v] = tau
        self.scene.act()
        self._advance(self.model, self.data)
        self._steps += 1
        if self.scene.driven:
            self.scene.drive(self._steps)

    def step(self, tau):
        """`push`, and the State after it."""
        self.push(finite("tau", tau, (self.n,)))
        return self.state()

    def state(self):
        """State(t, q, v) now."""
        q, v = np.empty((2, self.n))
        self.read(q, v)
        return State(self.t, q, v)

    def close(self):
        """Nothing but the distances' client to free; again is allowed."""
        if "_checker" in self.__dict__:
            self.__dict__.pop("_checker").close()

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
        """Put an object at pose (7,) with velocity (6,) of its centre of mass."""
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
        """Grasp of an object from now on: `.held`, `.slip()`."""
        return Grasp(self.touch, self.robot, name, fingers)

    def clearance(self, exclude=(), *, own=False, carried=()):
        """Gap now, by PyBullet's distances, so that engines are held against one ruler; needs PyBullet."""
        checker = self._checker
        checker._set_joints(self.data.qpos[self._q], np.zeros(self.n))
        checker.scene.drive_to(self.t)
        for name, item in self.scene.items.items():
            if item.shape.mount is not None:
                checker.scene.open(name, self.scene.opening(name))
            elif item.shape.dynamic:
                checker.place(name, self.pose(name))
        return checker.clearance(exclude, own=own, carried=carried)

    @cached_property
    def _checker(self):
        from sims.engines.bullet import Bullet

        return Bullet(self.robot, self.dt, world=self.scene.shapes)


class Item:
    """A shape, its body, and where its joint is in qpos and qvel (-1: it has none)."""

    def __init__(self, model, shape, body):
        self.shape, self.id = shape, body
        joint = model.body_jntadr[body]
        self.q, self.v = (-1, -1) if joint < 0 else (model.jnt_qposadr[joint], model.jnt_dofadr[joint])
        self.com = model.body_ipos[body].copy()


class Things:
    """The shapes of a world by name; poses (7,) of the shape's own frame, as bullet_scene.Scene has them."""

    def __init__(self, mujoco, model, data, parts, shapes, dt):
        self.mj, self.model, self.data = mujoco, model, data
        self.items = {shape.name: Item(model, shape, parts.things[shape.name]) for shape in shapes}
        self._drives = Drives(shapes, dt)
        self.driven = tuple(self._drives.shapes)
        self.mounted = tuple(item for item in self.items.values() if item.shape.mount is not None)

    def item(self, name):
        """The item of that name; UnknownName lists the known ones."""
        if name not in self.items:
            raise UnknownName("object", name, self.items)
        return self.items[name]

    @property
    def shapes(self):
        """The shapes, in the order given."""
        return tuple(item.shape for item in self.items.values())

    def pose(self, name):
        """(7,) of one thing."""
        item = self.item(name)
        if item.shape.mount is not None:
            return item.shape.mount.moved(item.shape.pose, self.data.qpos[item.q])
        if item.q < 0:
            return item.shape.pose
        p = self.data.qpos[item.q : item.q + 7]
        return np.array([*p[:3], *p[4:], p[3]])

    def poses(self, names):
        """(len(names), 7)."""
        return np.array([self.pose(name) for name in names]).reshape(-1, 7)

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
        pose, velocity = finite(f"pose of {name}", pose, (7,)), finite(f"velocity of {name}", velocity, (6,))
        item = self.item(name)
        if not item.shape.dynamic or item.shape.mount is not None:
            why = "follows its motion" if name in self.driven else "is held by its mount or fixed"
            raise InvalidInput(f"{name} {why}: only free objects can be placed")
        pose[3:] = unit_quaternion(f"quaternion of {name}", pose[3:])
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


class Touches:
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

    def forces(self, exclude=()):
        """Sum of normal forces [N] on the robot: (link, other) -> force, without what `exclude` names."""
        total = {}
        for contact in self.contacts():
            pair = (contact.link, contact.other)
            if contact.other not in exclude and pair not in exclude:
                total[pair] = total.get(pair, 0.0) + contact.force
        return total

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
