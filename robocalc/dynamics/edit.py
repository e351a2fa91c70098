"""Trees with something changed: payload, extra frames, locked joints."""

from dataclasses import replace
from math import isfinite, pi

import numpy as np

from robocalc.dynamics.check import vector
from robocalc.dynamics.tree import Inertial, Joint, Link, Pose, Tree, rotation_rpy
from robocalc.errors import InvalidInput

BALL_DENSITY = 1000.0  # kg/m³: a payload whose inertia is not told


def add_frame(tree: Tree, link: str, name: str, pose: Pose, inertial: Inertial | None = None) -> Tree:
    """The tree with a link `name` fixed to `link` at `pose`."""
    if any(name == other.name for other in tree.links):
        raise InvalidInput(f'the robot already has a link "{name}"; choose another name')
    joint = Joint(f"{name}_joint", "fixed", link, name, pose)
    if any(joint.name == other.name for other in tree.joints):
        raise InvalidInput(f'the robot already has a joint "{joint.name}"; choose another name')
    return replace(tree, links=(*tree.links, Link(name, inertial)), joints=(*tree.joints, joint))


def free_name(tree: Tree, stem: str) -> str:
    """`stem`, or stem2, stem3 ..., whichever no link or joint has yet."""
    taken = {link.name for link in tree.links} | {joint.name.removesuffix("_joint") for joint in tree.joints}
    return next(name for name in (stem, *(f"{stem}{k}" for k in range(2, len(taken) + 3))) if name not in taken)


def add_payload(tree: Tree, link: str, mass, com, inertia) -> Tree:
    """The tree with a link "payload" of that mass on `link`, numbered where there is one already."""
    if isinstance(mass, bool) or not isinstance(mass, int | float | np.number) or not isfinite(mass) or mass < 0:
        raise InvalidInput(f"payload mass must be a number of kg, at least 0, got {mass!r}")
    if inertia is None:
        radius = (mass / (BALL_DENSITY * 4 / 3 * pi)) ** (1 / 3)
        moments = np.eye(3) * 0.4 * mass * radius**2
    else:
        moments = np.array(inertia, float)
        if moments.shape != (3, 3) or not np.isfinite(moments).all() or not np.allclose(moments, moments.T):
            raise InvalidInput(f"payload inertia must be symmetric (3, 3) [kg m²], got {inertia!r}")
        if np.linalg.eigvalsh(moments)[0] < -1e-12:
            raise InvalidInput(f"payload inertia must have no negative principal moment, got {inertia!r}")
    six = tuple(float(moments[i, j]) for i, j in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))
    at = Pose(p=tuple(float(x) for x in vector("payload com", com)))
    return add_frame(tree, link, free_name(tree, "payload"), at, Inertial(float(mass), inertia=six))


def lock(tree: Tree, positions: dict) -> Tree:
    """The tree with the named joints fixed at their positions."""
    for joint in tree.moving:
        if joint.name not in positions:
            continue
        x = positions[joint.name]
        if isinstance(x, bool) or not isinstance(x, int | float | np.number) or not isfinite(x):
            raise InvalidInput(f"position of locked joint {joint.name} must be a finite number, got {x!r}")
        origin = joint.origin @ travel(joint, float(x))
        tree = tree.replaced(Joint(joint.name, "fixed", joint.parent, joint.child, origin))
    return tree


def travel(joint: Joint, x: float) -> Pose:
    """The motion of a joint by x [rad | m], in its own frame."""
    axis = np.array(joint.axis)
    if joint.kind == "prismatic":
        return Pose(p=tuple(float(c) for c in x * axis))
    K = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    R = np.eye(3) + np.sin(x) * K + 2 * np.sin(x / 2) ** 2 * K @ K  # Rodrigues; 1 - cos x without cancellation
    return Pose.of(R if x else rotation_rpy(np.zeros(3)))
