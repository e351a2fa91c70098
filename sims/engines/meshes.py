"""Vertices and triangles of OBJ and STL files: enough for mass properties and for clear errors about bad files.

PyBullet reads the same files itself; when one is missing or broken it prints a line and goes on without the shape.
"""

from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput

READERS = {}


def read_vertices(file):
    """Vertices (K, 3) [m] of an OBJ or STL file, K ≥ 4; InvalidInput names the file and what is wrong."""
    path = Path(file)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(f"mesh file {path}: {path.suffix or 'no suffix'} is not read; convert it to .obj or .stl")
    try:
        vertices = reader(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"mesh file {path}: {error.strerror or error}") from None
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise InvalidInput(f"mesh file {path} cannot be read: {error}") from None
    if len(vertices) < 4 or not np.isfinite(vertices).all():
        raise InvalidInput(f"mesh file {path}: needs at least 4 finite vertices, has {len(vertices)}")
    return vertices


def _obj(data: bytes):
    lines = data.decode("utf-8", "replace").splitlines()
    return np.array([line.split()[1:4] for line in lines if line.startswith(("v ", "v\t"))], float).reshape(-1, 3)


def _stl(data: bytes):
    count = int.from_bytes(data[80:84], "little")
    if len(data) == 84 + 50 * count:  # the only sure sign of a binary file
        triangles = np.frombuffer(data, np.dtype([("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")]), count, 84)
        return triangles["v"].reshape(-1, 3).astype(float)
    lines = data.decode("ascii").split("\n")
    return np.array([line.split()[1:4] for line in lines if line.split()[:1] == ["vertex"]], float).reshape(-1, 3)


READERS |= {".obj": _obj, ".stl": _stl}


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
