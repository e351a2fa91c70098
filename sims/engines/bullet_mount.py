"""Things on a hinge or a slide inside a PyBullet client: a door, a drawer.

load_mounted   PyBullet's id of a Shape with a Mount: a fixed weightless base and one link
Joints         their springs, dampers and friction, step by step
"""

import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np

from robocalc.dynamics.tree import rpy_of
from robocalc.errors import InvalidInput
from sims.engines.bullet_load import UNBOUNDED, settings
from sims.engines.bullet_silence import captured
from sims.engines.poses import matrix
from sims.engines.shapes import principal_frame
from sims.engines.surface import Surface

LINK = 0  # PyBullet's number of the thing on its joint


def load_mounted(p, c, shape, visuals):
    """The id; at its mount's start, nothing driving it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mounted.urdf"
        path.write_text(ET.tostring(_urdf(shape), encoding="unicode"))
        flags = p.URDF_USE_INERTIA_FROM_FILE | (0 if visuals else p.URDF_IGNORE_VISUAL_SHAPES)
        pose = shape.mount.frame(shape.pose)
        place = {"basePosition": pose[:3].tolist(), "baseOrientation": pose[3:].tolist()}
        with captured() as printed:
            try:
                body = p.loadURDF(str(path), **place, useFixedBase=1, flags=flags, physicsClientId=c)
            except p.error as error:
                raise InvalidInput(f"PyBullet cannot load {shape.name!r}: {printed().strip() or error}") from None
    quiet = {"linearDamping": 0.0, "angularDamping": 0.0, "jointDamping": 0.0, "maxJointVelocity": UNBOUNDED}
    p.changeDynamics(body, LINK, **quiet, **settings(Surface.of_shape(shape)), physicsClientId=c)
    if shape.color[3] < 1 or visuals:
        p.changeVisualShape(body, LINK, rgbaColor=list(shape.color), physicsClientId=c)
    moments = principal_frame(shape)[1]
    p.changeDynamics(body, LINK, localInertiaDiagonal=moments.tolist(), physicsClientId=c)
    p.setJointMotorControl2(
        body, LINK, p.VELOCITY_CONTROL, targetVelocity=0.0, force=shape.mount.friction, physicsClientId=c
    )
    return body


def _urdf(shape):
    """The joint's frame is the base's; the thing's own frame lies at -at in it."""
    m, robot = shape.mount, ET.Element("robot", name=shape.name)
    ET.SubElement(robot, "link", name="base")
    link = ET.SubElement(robot, "link", name=shape.name)
    frame, moments = principal_frame(shape)
    inertial = ET.SubElement(link, "inertial")
    angles = rpy_of(matrix(frame[3:]))
    ET.SubElement(inertial, "origin", xyz=_text(frame[:3] - np.array(m.at)), rpy=_text(angles))
    ET.SubElement(inertial, "mass", value=repr(shape.mass))
    diagonal = dict(zip(("ixx", "iyy", "izz"), map(repr, moments.tolist())))
    ET.SubElement(inertial, "inertia", ixy="0", ixz="0", iyz="0", **diagonal)
    for kind in ("visual", "collision"):
        part = ET.SubElement(link, kind)
        ET.SubElement(part, "origin", xyz=_text(-np.array(m.at)), rpy="0 0 0")
        _geometry(ET.SubElement(part, "geometry"), shape)
    joint = ET.SubElement(robot, "joint", name="mount", type="prismatic" if m.slides else "revolute")
    ET.SubElement(joint, "parent", link="base")
    ET.SubElement(joint, "child", link=shape.name)
    ET.SubElement(joint, "axis", xyz=_text(m.axis))
    lower, upper = (m.lower, m.upper) if np.isfinite([m.lower, m.upper]).any() else (1.0, -1.0)  # 1, -1: free
    bounds = np.clip([lower, upper], -1e6, 1e6)
    ET.SubElement(
        joint, "limit", lower=repr(float(bounds[0])), upper=repr(float(bounds[1])), effort="1e9", velocity="1e9"
    )
    return robot


def _text(values):
    return " ".join(repr(float(x)) for x in values)


def _geometry(element, shape):
    if shape.kind == "mesh":
        ET.SubElement(element, "mesh", filename=shape.file, scale=_text(shape.scale))
    elif shape.kind == "box":
        ET.SubElement(element, "box", size=_text(shape.size))
    else:
        keys = ("radius",) if shape.kind == "sphere" else ("radius", "length")
        ET.SubElement(element, shape.kind, {key: repr(getattr(shape, key)) for key in keys})


class Joints:
    """items: name -> bullet_scene.Item of what is mounted."""

    def __init__(self, p, c, items):
        self.p, self.c, self.items = p, c, items

    def state(self, name):
        """(position [rad | m], velocity)."""
        return self.p.getJointState(self.items[name].id, LINK, physicsClientId=self.c)[:2]

    def put(self, name, position, velocity=0.0):
        """Position [rad | m] and velocity of one."""
        self.p.resetJointState(self.items[name].id, LINK, position, velocity, physicsClientId=self.c)

    def start(self):
        """Each where its mount says."""
        for name, item in self.items.items():
            self.put(name, item.shape.mount.start)

    def act(self):
        """Springs and dampers for the coming step: τ = -k (s - rest) - d v. Friction is PyBullet's motor at rest."""
        for item in self.items.values():
            m = item.shape.mount
            if m.stiffness > 0 or m.damping > 0:
                s, v = self.p.getJointState(item.id, LINK, physicsClientId=self.c)[:2]
                force = -m.stiffness * (s - m.rest) - m.damping * v
                self.p.setJointMotorControl2(item.id, LINK, self.p.TORQUE_CONTROL, force=force, physicsClientId=self.c)
