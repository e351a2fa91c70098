"""Fitted bodies back into links, so that they can be written as a URDF.

with_bodies   a robot whose bodies have other inertial parameters
"""

from dataclasses import replace

import numpy as np

from robocalc.dynamics.regressor import COLUMNS, ROWS, body_of, pseudo_inertia
from robocalc.dynamics.tree import Inertial, Pose


def with_bodies(robot, parameters):
    """The robot whose body i has π = parameters[i] (10,), all of it in the link that its joint moves."""
    carried = {joint.child: i for i, joint in enumerate(robot.tree.moving)}
    links = []
    for link in robot.tree.links:
        body, offset = robot.frame(link.name)
        if link.name in carried:
            links.append(replace(link, inertial=_inertial(parameters[carried[link.name]], offset)))
        else:
            links.append(replace(link, inertial=None) if body >= 0 else link)
    edit = f"inertias {[np.asarray(p).tolist() for p in parameters]!r}"
    return replace(robot, tree=replace(robot.tree, links=tuple(links)), edits=(*robot.edits, edit))


def _inertial(pi, offset):
    """Of π in the body's axes, for a link at `offset` (12,) on the body."""
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = offset[:9].reshape(3, 3).T, -offset[:9].reshape(3, 3).T @ offset[9:]
    P = T @ pseudo_inertia(np.asarray(pi)) @ T.T
    J = np.trace(P[:3, :3]) * np.eye(3) - P[:3, :3]
    mass, com, inertia = body_of(np.concatenate([[P[3, 3]], P[:3, 3], J[ROWS, COLUMNS]]))
    six = tuple(float(x) for x in inertia[ROWS, COLUMNS])
    return Inertial(mass, Pose(p=tuple(com.tolist())), six)
