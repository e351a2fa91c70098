"""A robot as flat arrays: what kernels take.

    Model    tree, bodies, gravity, scratch; one per thread
    lower    a Tree to those arrays; fixed links are lumped into the body that carries them
    MODEL    numba's type of a Model (loads numba)

A body is what one moving joint carries. Its frame sits at the joint, turns with it, and has the joint's axis as z, so
that every kernel turns about z; for a joint whose axis is z in the URDF it is the frame of the child link.
"""

from typing import NamedTuple

import numpy as np

from robocalc.dynamics.tree import IDENTITY, Pose, Tree

REVOLUTE, PRISMATIC = 0, 1
# columns of Model.bodies
PLACE, MASS, COM, INERTIA, AXIS, COLUMNS = 0, 12, 13, 16, 22, 25
SCRATCH = 80  # columns of Model.work


class Model(NamedTuple):
    """n bodies, parents first.

    tree      (n, 2) int: parent body or -1, kind (0 turns about z, 1 slides along z)
    bodies    (n, 25): placement in the parent's frame at q = 0 (R row by row, p) 12, mass, centre of mass 3,
              inertia about it 6 (xx xy xz yy yz zz), axis in the body's frame 3 (always 0 0 1)
    gravity   (3,) [m/s²] in world
    work      (n + 1, 80 or more) scratch and
    square    (n, n) scratch: never share a Model between threads
    """

    tree: np.ndarray
    bodies: np.ndarray
    gravity: np.ndarray
    work: np.ndarray
    square: np.ndarray


class Lowered(NamedTuple):
    """tree and bodies as in Model; `links` maps a link's name to (body or -1, Pose on that body or in world)."""

    tree: np.ndarray
    bodies: np.ndarray
    links: dict


def __getattr__(name):
    if name == "MODEL":
        from numba import typeof

        value = typeof(fresh(np.zeros((1, 2), np.int64), np.zeros((1, COLUMNS)), np.zeros(3)))
        globals()["MODEL"] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def fresh(tree, bodies, gravity) -> Model:
    """A Model with its own copies and scratch."""
    n = len(tree)
    return Model(
        tree.copy(), bodies.copy(), gravity.copy(), np.zeros((n + 1, max(SCRATCH, 40 + n, 3 * n))), np.zeros((n, n))
    )


def align(axis) -> np.ndarray:
    """A rotation (3, 3) that takes z to the unit `axis`; exact for coordinate axes, the identity for z."""
    x, y, z = axis
    turns = {(0, 0, 1): "xyz", (1, 0, 0): "yzx", (0, 1, 0): "zxy"}
    for unit, order in turns.items():
        for sign in (1.0, -1.0):
            if (x, y, z) == tuple(sign * u for u in unit):
                A = np.eye(3)[:, ["xyz".index(c) for c in order]]
                return A @ np.diag([1.0, sign, sign])
    w = np.array(axis)
    u = np.cross(np.eye(3)[np.argmin(np.abs(w))], w)
    u /= np.linalg.norm(u)
    return np.column_stack([u, np.cross(w, u), w])


def lower(tree: Tree, base: Pose = IDENTITY) -> Lowered:
    """Arrays of the tree, its root at pose `base` in world."""
    links, rows, placed = {tree.root: (-1, base)}, [], []
    for joint in tree.joints:
        body, on = links[joint.parent]
        place = on @ joint.origin
        if joint.moves:
            A = Pose.of(align(joint.axis))
            rows.append((body, PRISMATIC if joint.kind == "prismatic" else REVOLUTE))
            placed.append((place @ A).flat)
            body, place = len(rows) - 1, Pose.of(np.reshape(A.R, (3, 3)).T)
        links[joint.child] = (body, place)
    n = len(rows)
    bodies = np.zeros((n, COLUMNS))
    bodies[:, PLACE : PLACE + 12] = np.reshape(placed, (n, 12))
    bodies[:, AXIS + 2] = 1.0
    _lump(tree, links, bodies)
    return Lowered(np.array(rows, np.int64).reshape(n, 2), bodies, links)


def _lump(tree, links, bodies):
    """Mass, centre of mass and inertia of each body: the sum over the links that it carries."""
    for i, row in enumerate(bodies):
        parts = []
        for link in tree.links:
            body, pose = links[link.name]
            if body == i and link.inertial is not None:
                R = np.reshape(pose.R, (3, 3))
                c = R @ np.array(link.inertial.origin.p) + pose.p
                parts.append((link.inertial.mass, c, R @ link.inertial.tensor @ R.T))
        mass = sum(m for m, _, _ in parts)
        com = sum((m * c for m, c, _ in parts), np.zeros(3)) / mass if mass > 0 else np.zeros(3)
        inertia = np.zeros((3, 3))
        for m, c, J in parts:
            d = c - com
            inertia += J + m * (d @ d * np.eye(3) - np.outer(d, d))
        row[MASS], row[COM : COM + 3] = mass, com
        row[INERTIA : INERTIA + 6] = inertia[[0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
