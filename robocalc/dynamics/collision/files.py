"""Vertices and triangles of mesh files, and whether a mesh is closed.

read_mesh     Mesh of an OBJ or STL file
convex_parts  points of each part: PyBullet makes one hull of each group (`o`, `g`) of an OBJ file
open_edges    number of edges that do not belong to exactly two triangles: 0 for a watertight mesh
"""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput

WELD = 1e-7  # of the largest coordinate: vertices of an STL nearer than this are one


class Mesh(NamedTuple):
    """vertices (K, 3) [m], triangles (F, 3), and the number of each triangle's group (F,)."""

    vertices: np.ndarray
    triangles: np.ndarray
    group: np.ndarray


def read_mesh(file) -> Mesh:
    """The mesh of a file; InvalidInput names the file and what is wrong."""
    mesh = parsed(file, READERS)
    check_vertices(file, mesh.vertices)
    triangles = mesh.triangles
    if triangles.size and (triangles.min() < 0 or triangles.max() >= len(mesh.vertices)):
        raise InvalidInput(f"mesh file {Path(file)}: a face names a vertex that does not exist")
    return mesh


def parsed(file, readers):
    """What the reader of a file's suffix makes of its bytes; InvalidInput names the file and what is wrong."""
    path = Path(file)
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(f"mesh file {path}: {path.suffix or 'no suffix'} is not read; convert it to .obj or .stl")
    try:
        return reader(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"mesh file {path}: {error.strerror or error}") from None
    except (ValueError, IndexError, UnicodeDecodeError) as error:
        raise InvalidInput(f"mesh file {path} cannot be read: {error}") from None


def check_vertices(file, vertices):
    """raises InvalidInput for vertices (K, 3) that no body has."""
    if len(vertices) < 4 or not np.isfinite(vertices).all():
        raise InvalidInput(f"mesh file {Path(file)}: needs at least 4 finite vertices, has {len(vertices)}")


def convex_parts(mesh: Mesh) -> list:
    """Points (K, 3) of each group of triangles; all points where there is no triangle."""
    if not len(mesh.triangles):
        return [mesh.vertices]
    return [mesh.vertices[np.unique(mesh.triangles[mesh.group == g])] for g in np.unique(mesh.group)]


def _obj(data: bytes):
    vertices, faces, groups, group = [], [], [], 0
    for line in data.decode("utf-8", "replace").splitlines():
        word, *rest = line.split() or [""]
        if word == "v":
            vertices.append([float(x) for x in rest[:3]])
        elif word in ("o", "g"):
            group += 1
        elif word == "f":
            corners = [int(part.split("/")[0]) for part in rest]
            corners = [c - 1 if c > 0 else len(vertices) + c for c in corners]
            fan = [(corners[0], b, c) for b, c in pairwise(corners[1:])]
            faces += fan
            groups += [group] * len(fan)
    return Mesh(np.array(vertices, float).reshape(-1, 3), np.array(faces, int).reshape(-1, 3), np.array(groups, int))


def stl_corners(data: bytes):
    """(3 F, 3) corners of the triangles of an STL file, one after the other."""
    count = int.from_bytes(data[80:84], "little")
    if len(data) == 84 + 50 * count:  # the only sure sign of a binary file
        kind = np.dtype([("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")])
        return np.frombuffer(data, kind, count, 84)["v"].reshape(-1, 3).astype(float)
    lines = data.decode("ascii").split("\n")
    return np.array([line.split()[1:4] for line in lines if line.split()[:1] == ["vertex"]], float).reshape(-1, 3)


def _stl(data: bytes):
    corners = stl_corners(data)
    vertices, triangles = _welded(corners, np.arange(len(corners) // 3 * 3).reshape(-1, 3))
    return Mesh(vertices, triangles, np.zeros(len(triangles), int))


def _welded(vertices, triangles):
    """The mesh with equal vertices merged."""
    grain = max(WELD * float(np.abs(vertices).max(initial=0.0)), 1e-300)
    _, first, index = np.unique(np.round(vertices / grain), axis=0, return_index=True, return_inverse=True)
    return vertices[first], index.reshape(-1)[triangles]


READERS = {".obj": _obj, ".stl": _stl}


def open_edges(vertices, triangles) -> int:
    """Edges, after merging equal vertices, that do not have exactly one triangle on each side."""
    _, triangles = _welded(vertices, triangles)
    triangles = triangles[(triangles != np.roll(triangles, 1, axis=1)).all(axis=1)]
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    _, count = np.unique(np.sort(ends, axis=1), axis=0, return_counts=True)
    return int((count != 2).sum()) if len(triangles) else 1
