"""Vertices and triangles of OBJ and STL files: enough for mass properties and for clear errors about bad files.

PyBullet reads the same files itself; when one is missing or broken it prints a line and goes on without the shape.
"""

import numpy as np

from robocalc.dynamics.collision.files import check_vertices, parsed, stl_corners
from robocalc.errors import InvalidInput


def read_vertices(file):
    """Vertices (K, 3) [m] of an OBJ or STL file, K ≥ 4; InvalidInput names the file and what is wrong."""
    vertices = parsed(file, READERS)
    check_vertices(file, vertices)
    return vertices


def _obj(data: bytes):
    lines = data.decode("utf-8", "replace").splitlines()
    return np.array([line.split()[1:4] for line in lines if line.startswith(("v ", "v\t"))], float).reshape(-1, 3)


READERS = {".obj": _obj, ".stl": stl_corners}


def hull_mass_properties(vertices):
    """Volume, centre of mass (3,) and inertia per unit mass about it (3, 3) [m²] of the convex hull of vertices (K, 3).

    Sums tetrahedra (o, v₁, v₂, v₃) with o inside, s = Σ vᵢ: V = Σ det/6, E[xxᵀ] = Σ det/120 (Σ vᵢvᵢᵀ + s sᵀ) / V;
    Tonon (2004), J. Math. Stat. 1. Raises InvalidInput when the points lie in one plane.
    """
    from scipy.spatial import ConvexHull, QhullError  # slow to import, and only meshes that move need it

    try:
        hull = ConvexHull(vertices)
    except QhullError:
        raise InvalidInput("its vertices lie in one plane: no volume, so it cannot carry mass") from None
    o = vertices[hull.vertices].mean(axis=0)
    corners = vertices[hull.simplices] - o  # (F, 3 corners, 3)
    det = np.abs(np.linalg.det(corners))
    V, s = det.sum() / 6, corners.sum(axis=1)
    com = (det[:, None] * s).sum(axis=0) / 24 / V
    second = np.einsum("f,fka,fkb->ab", det, corners, corners) + np.einsum("f,fa,fb->ab", det, s, s)
    second = second / 120 / V - np.outer(com, com)
    return V, o + com, np.trace(second) * np.eye(3) - second
