"""A tree written as a URDF for engines: absolute mesh paths, inertias in principal axes, no joint friction.

Principal axes, because PyBullet rounds what it diagonalises itself. Joint damping and friction are written as zero:
the simulation's own effects model them, and an engine must not add its own.
"""

import xml.etree.ElementTree as ET
from math import isfinite
from pathlib import Path

import numpy as np

from robocalc.dynamics.tree import Inertial, Pose, Tree, rpy_of

UNBOUNDED = 1e9  # written for a velocity or effort without limit: readers want a number


def write(tree: Tree, path, visuals: bool = True) -> Path:
    """Write `tree` to `path` and return it. The URDF has the same joints, frames, masses and motion.

    The inertia of a massless link is written to the link with mass that is fixed to it, as no engine agrees with
    another about massless bodies. Links without inertial get a zero one: PyBullet would assume 1 kg.
    """
    path = Path(path)
    robot = ET.Element("robot", name=tree.name)
    inertials = solid(tree)
    for link in tree.links:
        element = ET.SubElement(robot, "link", name=link.name)
        _write_inertial(element, inertials[link.name])
        for kind, shapes in (("visual", link.visuals if visuals else ()), ("collision", link.collisions)):
            for shape in shapes:
                _write_shape(ET.SubElement(element, kind), shape, f"{link.name}_color")
        if link.contact:
            contact = ET.SubElement(element, "contact")
            for tag, value in link.contact:
                ET.SubElement(contact, tag, {} if value is None else {"value": value})
    for joint in tree.joints:
        _write_joint(robot, joint)
    for thruster in tree.thrusters:
        element = _write_place(robot, "thruster", thruster)
        ET.SubElement(element, "limit", lower=repr(thruster.lower), upper=repr(thruster.upper))
        ET.SubElement(element, "drag", ratio=repr(thruster.drag))
    for tyre in tree.tyres:
        element = _write_place(robot, "tyre", tyre)
        ET.SubElement(element, "friction", mu=repr(tyre.mu), viscous=repr(tyre.viscous))
    ET.indent(robot)
    path.write_text(ET.tostring(robot, encoding="unicode") + "\n", encoding="utf-8")
    return path


def solid(tree: Tree) -> dict:
    """{link: Inertial} in principal axes, where inertia of massless links has moved to a link with mass."""
    holder = {tree.root: tree.root}  # link -> the first link of its body
    place = {tree.root: Pose()}
    for joint in tree.joints:
        if joint.moves:
            holder[joint.child], place[joint.child] = joint.child, Pose()
        else:
            holder[joint.child] = holder[joint.parent]
            place[joint.child] = place[joint.parent] @ joint.origin
    heavy, extra = {}, {}
    for link in tree.links:
        if link.inertial is not None and link.inertial.mass > 0:
            heavy.setdefault(holder[link.name], link.name)
    for link in tree.links:
        home = heavy.get(holder[link.name])
        if home and link.inertial is not None and link.inertial.mass == 0 and any(link.inertial.inertia):
            R = np.reshape(place[home].R, (3, 3)).T @ np.reshape(place[link.name].R, (3, 3))
            extra[home] = extra.get(home, 0) + R @ link.inertial.tensor @ R.T
    return {link.name: _principal(link, heavy, holder, extra) for link in tree.links}


def _principal(link, heavy, holder, extra) -> Inertial:
    inertial = link.inertial or Inertial(0.0)
    if inertial.mass == 0 and holder[link.name] in heavy:
        return Inertial(0.0, Pose(p=inertial.origin.p))
    J = inertial.tensor + extra.get(link.name, 0)
    if np.array_equal(J, np.diag(np.diag(J))):
        moments, R = np.diag(J), np.eye(3)
    else:
        moments, R = np.linalg.eigh(J)
        R = R * np.sign(np.linalg.det(R))
    x, y, z = (float(m) for m in moments)
    return Inertial(inertial.mass, Pose.of(R, inertial.origin.p), (x, 0.0, 0.0, y, 0.0, z))


def _text(values) -> str:
    return " ".join(repr(float(x)) for x in values)


def _write_origin(element, pose: Pose):
    ET.SubElement(element, "origin", xyz=_text(pose.p), rpy=_text(rpy_of(np.reshape(pose.R, (3, 3)))))


def _write_inertial(element, inertial: Inertial):
    element = ET.SubElement(element, "inertial")
    _write_origin(element, inertial.origin)
    ET.SubElement(element, "mass", value=repr(inertial.mass))
    keys = ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")
    ET.SubElement(element, "inertia", {k: repr(float(x)) for k, x in zip(keys, inertial.inertia, strict=True)})


def _write_shape(element, shape, color_name):
    _write_origin(element, shape.origin)
    g, geometry = shape.geometry, ET.SubElement(element, "geometry")
    if g.kind == "mesh":
        ET.SubElement(geometry, "mesh", filename=str(g.path or g.file), scale=_text(g.size))
    elif g.kind == "box":
        ET.SubElement(geometry, "box", size=_text(g.size))
    else:
        ET.SubElement(geometry, g.kind, {k: repr(x) for k, x in zip(("radius", "length"), g.size)})
    if g.color:
        material = ET.SubElement(element, "material", name=f"{color_name}_{'_'.join(f'{c:.3g}' for c in g.color)}")
        ET.SubElement(material, "color", rgba=_text(g.color))


def _write_place(robot, kind, part):
    element = ET.SubElement(robot, kind, name=part.name, link=part.link)
    ET.SubElement(element, "origin", xyz=_text(part.at))
    ET.SubElement(element, "axis", xyz=_text(part.axis))
    return element


def _write_joint(robot, joint):
    bounded = isfinite(joint.lower) and isfinite(joint.upper)
    kind = "continuous" if joint.kind == "revolute" and not bounded else joint.kind
    element = ET.SubElement(robot, "joint", name=joint.name, type=kind)
    _write_origin(element, joint.origin)
    ET.SubElement(element, "parent", link=joint.parent)
    ET.SubElement(element, "child", link=joint.child)
    if not joint.moves:
        return
    ET.SubElement(element, "axis", xyz=_text(joint.axis))
    limit = {k: repr(min(float(getattr(joint, k)), UNBOUNDED)) for k in ("effort", "velocity")}
    if kind != "continuous":
        limit |= {"lower": repr(max(joint.lower, -UNBOUNDED)), "upper": repr(min(joint.upper, UNBOUNDED))}
    limit |= {k: repr(getattr(joint, k)) for k in ("acceleration", "jerk") if getattr(joint, k) is not None}
    ET.SubElement(element, "limit", limit)
    ET.SubElement(element, "dynamics", damping="0", friction="0")
