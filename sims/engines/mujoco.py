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
from robocalc.errors import EngineUnavailable
from sims.engines.motions import finite, positive
from sims.engines.mujoco_model import build
from sims.engines.mujoco_scene import Things, Touches
from sims.engines.plant import InWorld
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


class Mujoco(InWorld):
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

    def close(self):
        """Nothing but the distances' client to free; again is allowed."""
        if "_checker" in self.__dict__:
            self.__dict__.pop("_checker").close()

    def clearance(self, exclude=(), *, own=False, carried=()):
        """Gap now, by PyBullet's distances, so that engines are held against one ruler; needs PyBullet."""
        return self._placed().clearance(exclude, own=own, carried=carried)

    def apart(self):
        """Gap now between the robots of a team, likewise."""
        return self._placed().apart()

    def _placed(self):
        """PyBullet with everything where it is now."""
        checker = self._checker
        checker._set_joints(self.data.qpos[self._q], np.zeros(self.n))
        checker.scene.drive_to(self.t)
        for name, item in self.scene.items.items():
            if item.shape.mount is not None:
                checker.scene.open(name, self.scene.opening(name))
            elif item.shape.dynamic:
                checker.place(name, self.pose(name))
        return checker

    @cached_property
    def _checker(self):
        from sims.engines.bullet import Bullet

        return Bullet(self.robot, self.dt, world=self.scene.shapes)
