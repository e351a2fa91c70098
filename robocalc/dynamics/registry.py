"""Robots by name: a URDF, where its tool is, and a configuration to start from.

ROBOTS   name -> Entry
load     Robot of a name or of a URDF's path
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from robocalc.dynamics.meshes import pybullet_data
from robocalc.dynamics.robot import Robot
from robocalc.errors import InvalidInput, UnknownName

OURS = Path(__file__).resolve().parent.parent.parent / "scenarios" / "robots"
READY = (0.0, -0.785398163397, 0.0, -2.356194490192, 0.0, 1.570796326795, 0.785398163397)  # Franka's ready pose


class Entry(NamedTuple):
    """`file` below scenarios/robots, or below pybullet_data where `bundled`; what it is, for listings."""

    file: str
    tool: str
    home: tuple
    what: str
    bundled: bool = False

    @property
    def path(self) -> Path:
        """The URDF, or InvalidInput where pybullet_data is not installed."""
        if not self.bundled:
            return OURS / self.file
        if pybullet_data() is None:
            raise InvalidInput(f"{self.file} comes with PyBullet, which is not installed: pip install pybullet")
        return pybullet_data() / self.file


ROBOTS = {
    "panda": Entry("panda.urdf", "panda_grasptarget", READY, "Franka Emika Panda, 7 joints, hand with fixed fingers"),
    "panda_gripper": Entry(
        "panda_gripper.urdf", "panda_grasptarget", (*READY, 0.04, 0.04), "the same with moving fingers, 9 joints"
    ),
    "panda_placeholder": Entry(
        "franka_panda/panda.urdf",
        "panda_grasptarget",
        (*READY, 0.04, 0.04),
        "pybullet_data's Panda with its placeholder inertias, 9 joints",
        bundled=True,
    ),
    "iiwa": Entry(
        "kuka_iiwa/model.urdf",
        "lbr_iiwa_link_7",
        (0.0, 0.5, 0.0, -1.3, 0.0, 1.3, 0.0),
        "KUKA LBR iiwa 14, 7 joints",
        bundled=True,
    ),
    "xarm6": Entry("xarm/xarm6_robot.urdf", "link6", (0.0, -0.6, -0.8, 0.0, 1.4, 0.0), "UFACTORY xArm6", bundled=True),
    "cart_pole": Entry("cart_pole.urdf", "pole_tip", (0.0, 0.0), "cart on a rail, pole hinged to it, upright at 0"),
    "two_link": Entry("two_link.urdf", "tip", (0.0, 0.0), "planar arm with two joints in the vertical plane"),
    "pendulum": Entry("pendulum.urdf", "tip", (0.0,), "a ball on a rod with a motor too weak to lift it, hanging at 0"),
    "acrobot": Entry("acrobot.urdf", "tip", (0.0, 0.0), "two rods with a motor at the elbow only, hanging at 0"),
    "quadrotor_2d": Entry("quadrotor_2d.urdf", "body", (0.0,) * 3, "Crazyflie in the vertical plane, two rotor pairs"),
    "quadrotor": Entry("quadrotor.urdf", "body", (0.0,) * 6, "Crazyflie: x, y, z, yaw, pitch, roll and four rotors"),
    "husky": Entry("husky.urdf", "body", (0.0,) * 3, "mobile base: x, y, yaw, wheels on two sides"),
}


def load(name) -> Robot:
    """The robot of that name, or of the URDF at that path.

    raises   UnknownName    no such robot; says which there are
             InvalidInput   the URDF cannot be used
    """
    if not isinstance(name, str | Path):
        raise InvalidInput(f"a robot is named by a string or a path, got {name!r}")
    if str(name) in ROBOTS:
        return _built_in(str(name))
    path = Path(name).expanduser()
    if path.suffix in (".urdf", ".xml") or path.is_file():
        return Robot.from_urdf(path)
    raise UnknownName("robot", name, ROBOTS)


@cache
def _built_in(name) -> Robot:
    entry = ROBOTS[name]
    robot = Robot.from_urdf(entry.path, tool=entry.tool, home=entry.home)
    return replace(robot, name=name)
