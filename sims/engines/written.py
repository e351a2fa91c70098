"""OBJ files of what a scenario gives as numbers, among the temporary files, named after their content.

ground_file   a height field's closed surface
grid_file     a grid of signed distance as convex parts, a group each: engines and planner take the hull of each
"""

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from robocalc.dynamics.collision.fields import grid_parts, height_mesh
from robocalc.dynamics.collision.grids import read_grid
from robocalc.errors import InvalidInput

PARTS = 6000  # of a grid: PyBullet loads a thousand in about a tenth of a second


def ground_file(name, heights, size) -> str:
    """Of heights (nx, ny) [m] over a rectangle size (2,); raises InvalidInput."""
    vertices, triangles = height_mesh(name, heights, size)
    return _written("ground", [*_points(vertices), *_faces(triangles, 1)])


def grid_file(name, file, spacing) -> str:
    """Of the grid in a file; raises InvalidInput: what `read_grid` refuses, nothing solid, too many parts."""
    stamp = Path(file).stat().st_mtime_ns if Path(file).is_file() else 0
    return _grid_file(name, str(file), spacing, stamp)


@lru_cache(maxsize=16)
def _grid_file(name, file, spacing, stamp):
    try:
        grid = read_grid(file, spacing)
    except InvalidInput as error:
        raise InvalidInput(f"{name}: {error}") from None
    parts = grid_parts(name, grid.values, grid.spacing)
    if len(parts) > PARTS:
        raise InvalidInput(f"{name}: grid file {file} makes {len(parts)} parts, more than {PARTS}: make it coarser")
    lines, first = [], 1
    for points, faces in filter(None, map(_hull, parts)):
        lines += ["o part\n", *_points(points + grid.centre), *_faces(faces, first)]
        first += len(points)
    return _written("grid", lines)


def _hull(points):
    """(points (K, 3), triangles (F, 3) outward) of the hull; None of what is flat."""
    from scipy.spatial import ConvexHull, QhullError  # slow to import, and only grids need it

    try:
        hull = ConvexHull(points)
    except QhullError:
        return None
    corners = points[hull.simplices]
    out = np.einsum("fi,fi->f", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]),
                    hull.equations[:, :3])  # fmt: skip
    faces = np.where((out < 0)[:, None], hull.simplices[:, ::-1], hull.simplices)
    used, index = np.unique(faces, return_inverse=True)
    return points[used], index.reshape(faces.shape)


def _points(vertices):
    return [f"v {x:.9g} {y:.9g} {z:.9g}\n" for x, y, z in vertices]


def _faces(triangles, first):
    return ["f {} {} {}\n".format(*(row + first)) for row in triangles]


def _written(kind, lines) -> str:
    text = "".join(lines)
    file = Path(tempfile.gettempdir()) / f"robocalc-{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.obj"
    if not file.is_file() or file.stat().st_size != len(text):
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(text)
        part.replace(file)
    return str(file)
