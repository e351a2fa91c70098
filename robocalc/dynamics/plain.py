"""The mass matrix without compiled code, for those who need one and must not wait for numba.

    M(q) = Σ m Jᵥᵀ Jᵥ + J_ωᵀ I J_ω   over all links, Jᵥ of the centre of mass

Source: Featherstone (2008), section 6.1.
"""

import numpy as np


def mass_matrix(tree, q) -> np.ndarray:
    """M (n, n) [kg m² | kg] of a Tree at q (n,), joints in the order of tree.moving."""
    places, above = {tree.root: (np.eye(3), np.zeros(3))}, {tree.root: ()}
    index = {joint.name: i for i, joint in enumerate(tree.moving)}
    axes, points = np.zeros((len(index), 3)), np.zeros((len(index), 3))
    for joint in tree.joints:  # parents first
        R, p = places[joint.parent]
        R, p = R @ np.reshape(joint.origin.R, (3, 3)), p + R @ np.array(joint.origin.p)
        above[joint.child] = above[joint.parent]
        if joint.name in index:
            i = index[joint.name]
            axes[i], points[i] = R @ np.array(joint.axis), p
            if joint.kind == "prismatic":
                p = p + q[i] * axes[i]
            else:
                R = R @ _about(np.array(joint.axis), q[i])
            above[joint.child] += (i,)
        places[joint.child] = R, p
    slides = np.array([joint.kind == "prismatic" for joint in tree.moving])
    M = np.zeros((len(index), len(index)))
    for link in tree.links:
        rows = list(above[link.name])
        if link.inertial is None or not rows:
            continue
        R, p = places[link.name]
        centre = p + R @ np.array(link.inertial.origin.p)
        turn = np.where(slides[rows, None], 0.0, axes[rows])
        move = np.where(slides[rows, None], axes[rows], np.cross(axes[rows], centre - points[rows]))
        M[np.ix_(rows, rows)] += link.inertial.mass * move @ move.T + turn @ R @ link.inertial.tensor @ R.T @ turn.T
    return M


def _about(axis, angle):
    """Rotation by an angle [rad] about a unit axis (3,): R = 1 + sin K + (1 - cos) K²."""
    x, y, z = axis
    K = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * K + (1.0 - np.cos(angle)) * K @ K
