"""PyBullet as a Plant: contacts and everything else that the compiled twin leaves out. The only file that imports it.

    Bullet             one robot among shapes, in an own client; fast path `read` and `push`
    Clearance          distances along a plan, without physics
    pybullet_module    the module, imported quietly when first needed

Without contact a step is articulated-body dynamics and semi-implicit Euler to rounding, the same as the twin's.
"""

from functools import cache, cached_property
from weakref import finalize

import numpy as np

from robocalc.dynamics import Team
from robocalc.dynamics.state import State
from robocalc.errors import EngineUnavailable, InvalidInput
from sims.engines.bullet_clearance import Gaps
from sims.engines.bullet_contacts import Touch
from sims.engines.bullet_install import remedy
from sims.engines.bullet_load import connect, load_robot
from sims.engines.bullet_loop import fast_path
from sims.engines.bullet_picture import picture, shot
from sims.engines.bullet_plan import Clearance
from sims.engines.bullet_scene import FAR, Scene
from sims.engines.bullet_silence import captured
from sims.engines.motions import finite, positive
from sims.engines.plant import InWorld
from sims.engines.shapes import check_names

__all__ = ["Bullet", "Clearance", "pybullet_module"]

LOST = 1e6  # [rad, m, and per s]: a robot beyond this has diverged


@cache
def pybullet_module():
    """The pybullet module, without the line it prints; EngineUnavailable says how to install it here."""
    try:
        with captured():
            import pybullet
    except ImportError as error:
        raise EngineUnavailable(f"PyBullet cannot be imported ({error}); {remedy()}") from None
    return pybullet


class Bullet(InWorld):
    """A robot in PyBullet among shapes; use it with `with`, or close() it.

    robot              robocalc.dynamics.Robot, fixed at robot.base
    dt                 step [s]
    gravity            (3,) [m/s²]; None: the robot's own
    world              shapes (sims.engines.shapes): fixed, free to move, or driven along motions
    surfaces           link -> Surface (friction and so on), None for all other links; else the URDF's <contact>
    stops              joints whose limits are physical stops (gripper fingers); the others turn freely in physics
    couple             pairs of joints that a gear keeps equal: the fingers of a parallel gripper, which else drift
                       together sideways with what they hold; the twin knows no such gear
    self_collision     links of the robot push each other away
    solver_iterations  of contacts; no effect without
    visuals            load what `picture` shows

    The loop calls `read(q, v)` and `push(tau)`; `step(tau)` does both. Torque acts for one step, and nothing else acts
    on the joints: no motors, no damping, no clamps. Same inputs, same bits: from one reset to the next, and in another
    process.
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
        solver_iterations=50,
        visuals=False,
    ):
        robot = robot if gravity is None else robot.with_gravity(finite("gravity", gravity, (3,)))
        self.robot, self.dt, self.n, self.visuals = robot, positive("dt", dt), robot.n, visuals
        self._iterations = int(positive("solver_iterations", solver_iterations))
        self._world = check_names(world)
        self._options = {
            "visuals": visuals,
            "self_collision": self_collision,
            "surfaces": surfaces,
            "stops": stops,
            "couple": couple,
        }
        self._collides = bool(self._world) or self_collision
        self._p, self._c = pybullet_module(), -1
        self._build()
        self.reset(robot.home, np.zeros(robot.n))

    def _build(self):
        """A new client with everything loaded."""
        p = self._p
        try:
            with captured():
                c = self._c = connect(p, self.dt, self.robot.g, self._iterations)
                self._disconnect = finalize(self, _disconnect, p, c)
                self.scene = Scene(p, c, self._world, self.dt, self.visuals)
                self.body = load_robot(p, c, self.robot, **self._options)
        except BaseException:
            self.close()
            raise
        self.touch = Touch(p, c, self.body, self.scene)
        self._home = p.getBasePositionAndOrientation(self.body.id, physicsClientId=c)
        self.read, self.push, self._clock = fast_path(p, c, self.body, self.scene)
        self.__dict__.pop("_gaps", None)

    # the plant

    @property
    def t(self):
        """Time [s] since the start of the world."""
        return self._clock[0] * self.dt

    def reset(self, q, v=None, t=0.0):
        """Start again at q, v (n,) and time t [s]: objects where they began, driven things where they are at t.

        Contacts are forgotten, so that a scene replays bit for bit as from a fresh load. Returns State. After a run
        that diverged the client is a new one: take `read` and `push` after the reset.
        """
        q = finite("q", q, (self.n,))
        v = finite("v", np.zeros(self.n) if v is None else v, (self.n,))
        if not self._finite():
            self.close()
            self._build()
        if self._collides:
            self._forget_contacts()
        elif isinstance(self.robot, Team):
            self._part()
        self.scene.start(t)
        self._set_joints(q, v)
        self._clock[0] = round(t / self.dt)
        return State(self.t, q, v)

    def close(self):
        """Free the client; again is allowed."""
        if self._c >= 0:
            self._disconnect()
            self._c = -1

    def _finite(self):
        """False after a divergence: then PyBullet may have dropped things for good, or keep NaN in its contacts."""
        _, q, v = self.state()
        return max(np.abs(q).max(), np.abs(v).max()) < LOST and np.isfinite(self.poses(self.scene.free)).all()

    def _set_joints(self, q, v):
        for joint, position, velocity in zip(self.body.joints, q.tolist(), v.tolist()):
            self._p.resetJointState(self.body.id, joint, position, velocity, self._c)

    def _part(self):
        """The robots of a team stand at their homes for one collision check: what they remembered of touching goes."""
        self._set_joints(np.asarray(self.robot.home, float), np.zeros(self.n))
        self._p.performCollisionDetection(physicsClientId=self._c)

    def _forget_contacts(self):
        """Everything parts for one collision check: PyBullet drops what it remembered of each touching pair.

        With pairs in fixed order what follows has the bits of a fresh load (tests); restoreState has not.
        """
        self.scene.park()
        if isinstance(self.robot, Team):
            self._part()
        away = (0.0, FAR, 2 * FAR)
        self._p.resetBasePositionAndOrientation(self.body.id, away, self._home[1], physicsClientId=self._c)
        self._p.performCollisionDetection(physicsClientId=self._c)
        self._p.resetBasePositionAndOrientation(self.body.id, *self._home, physicsClientId=self._c)

    def clearance(self, exclude=(), *, own=False, carried=()):
        """Gap(distance [m], pair) now, of robot to things and, with `own`, to itself; see bullet_clearance.Gaps."""
        return self._gaps.smallest(exclude, own=own, carried=carried)

    def apart(self):
        """Gap now between the robots of a team."""
        return self._gaps.between()

    @cached_property
    def _gaps(self):
        """Found once, with the robot at its home; the state is put back."""
        state = self.state()
        self._set_joints(np.asarray(self.robot.home, float), np.zeros(self.n))
        gaps = Gaps(self.touch, self.robot)
        self._set_joints(state.q, state.v)
        return gaps

    def picture(
        self, width=640, height=480, *, target=(0.3, 0.0, 0.3), distance=1.8, yaw=50.0, pitch=-25.0, shadow=True
    ):
        """(height, width, 3) uint8; needs visuals=True. See bullet_picture.picture."""
        if not self.visuals:
            raise InvalidInput("a picture needs Bullet(..., visuals=True)")
        width, height = int(positive("width", width)), int(positive("height", height))
        camera = {"target": target, "distance": distance, "yaw": yaw, "pitch": pitch}
        return picture(self._p, self._c, width, height, **camera, shadow=shadow)

    def shot(self, eye, width=640, height=480, *, depth=False, segmentation=False, shadow=True):
        """(Shot, mask): what a bullet_picture.Eye sees; mask (height, width) counts the names of `shown_names` from 1,
        0 where nothing is, or None. Needs visuals=True."""
        if not self.visuals:
            raise InvalidInput("a picture needs Bullet(..., visuals=True)")
        width, height = int(positive("width", width)), int(positive("height", height))
        seen = shot(self._p, self._c, width, height, eye, depth=depth, bodies=segmentation, shadow=shadow)
        if not segmentation:
            return seen, None
        mask, links = np.zeros((height, width), np.uint16), len(self.body.links)
        own = seen.body == self.body.id
        for i, index in enumerate(self.body.links.values()):
            mask[own & (seen.link == index)] = i + 1
        for i, item in enumerate(self.scene.items.values()):
            mask[seen.body == item.id] = links + i + 1
        return seen, mask

    @property
    def shown_names(self) -> tuple:
        """Links of the robot, then things of the world."""
        return (*self.body.links, *self.scene.items)


def _disconnect(p, c):
    with captured():
        p.disconnect(physicsClientId=c)
