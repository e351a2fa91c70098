"""Grids of signed distance from files: arrays as they are, meshes filled in.

read_grid          GridFile of an .npy, .npz, .obj or .stl file
signed_distances   of a closed mesh, at the nodes of a grid
"""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.collision.files import open_edges, read_mesh
from robocalc.errors import InvalidInput

NODES = 4_000_000  # of a grid at most
PAIRS = 400_000  # of node and triangle, looked at at a time
ASIDE = (0.31415e-4, 0.27183e-4)  # of the spacing: rays that count crossings pass beside vertices


class GridFile(NamedTuple):
    """values (nx, ny, nz) [m], below 0 inside; spacing (3,) [m] of the nodes; centre (3,) [m] of the grid."""

    values: np.ndarray
    spacing: np.ndarray
    centre: np.ndarray


def read_grid(file, spacing=None) -> GridFile:
    """The grid of a file; raises InvalidInput with the file and what is wrong.

    file      .npy: values; .npz: `values`, `spacing` (one or three) and, if not about the origin, `origin` (3,) of the
              first node; .obj, .stl: a closed mesh, whose signed distances are worked out
    spacing   [m]; needed where the file does not say it
    """
    path = Path(file)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        kinds = ", ".join(READERS)
        raise InvalidInput(f"grid file {path}: {path.suffix or 'no suffix'} is not read; make it one of {kinds}")
    if not path.is_file():
        raise InvalidInput(f"grid file {path}: No such file")
    values, steps, origin = reader(path, spacing)
    values, steps = _values(path, values), _spacing(path, steps)
    half = steps * (np.array(values.shape) - 1) / 2
    return GridFile(values, steps, np.zeros(3) if origin is None else _three(path, "origin", origin) + half)


def _npy(path, spacing):
    return _loaded(path), spacing, None


def _npz(path, spacing):
    stored = _loaded(path)
    if "values" not in stored:
        raise InvalidInput(f"grid file {path}: has {', '.join(stored) or 'nothing'}; it needs an array `values`")
    own = stored.get("spacing")
    if own is not None and spacing is not None and not np.allclose(own, spacing):
        raise InvalidInput(f"grid file {path}: its spacing is {np.asarray(own).tolist()} m, not {spacing:g} m as given")
    return stored["values"], spacing if own is None else own, stored.get("origin")


def _loaded(path):
    try:
        found = np.load(path, allow_pickle=False)
        return found if isinstance(found, np.ndarray) else {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"grid file {path} cannot be read: {error}") from None


def _mesh(path, spacing):
    if spacing is None:
        raise InvalidInput(f"grid file {path}: give the spacing at which the mesh is filled in")
    mesh = read_mesh(path)
    holes = open_edges(mesh.vertices, mesh.triangles)
    if holes:
        raise InvalidInput(
            f"grid file {path}: the mesh is not watertight ({holes} edges without a triangle on each side), so it has "
            "no inside; close it"
        )
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    counts = np.ceil((high - low) / spacing).astype(int) + 3  # a node outside on each side
    if counts.prod() > NODES:
        raise InvalidInput(f"grid file {path}: spacing {spacing:g} m makes {counts.prod()} nodes, more than {NODES}")
    origin = (low + high) / 2 - spacing * (counts - 1) / 2
    axes = [o + spacing * np.arange(n) for o, n in zip(origin, counts)]
    return signed_distances(mesh.vertices[mesh.triangles], axes), spacing, origin


MESHES = {".obj": _mesh, ".stl": _mesh}
READERS = {".npy": _npy, ".npz": _npz} | MESHES


def _values(path, values):
    x = np.asarray(values)
    if x.ndim != 3 or x.dtype.kind not in "fiu" or min(x.shape, default=0) < 2 or not np.isfinite(x).all():
        raise InvalidInput(
            f"grid file {path}: values must be finite numbers along 3 axes, 2 or more of each, got {x.dtype} {x.shape}"
        )
    if x.size > NODES:
        raise InvalidInput(f"grid file {path}: {x.size} nodes, more than {NODES}; make the grid coarser")
    return x.astype(float)


def _spacing(path, given):
    if given is None:
        raise InvalidInput(f"grid file {path}: does not say its spacing; give it")
    x = _three(path, "spacing", given)
    if (x <= 0).any():
        raise InvalidInput(f"grid file {path}: spacing must be above 0 m, got {x.tolist()}")
    return x


def _three(path, what, given):
    try:
        x = np.broadcast_to(np.asarray(given, float), (3,)).copy()
    except (TypeError, ValueError):
        x = np.full(3, np.nan)
    if not np.isfinite(x).all():
        raise InvalidInput(f"grid file {path}: {what} must be one or three finite numbers, got {given!r}")
    return x


# --- meshes


def signed_distances(triangles, axes):
    """(nx, ny, nz) [m] at the nodes of axes (x, y, z) to closed triangles (F, 3, 3): below 0 inside.

    Exact at both ends of every edge of the grid that the surface crosses; elsewhere only the sign counts, and the value
    is as far as the nodes are apart.
    """
    inside = _inside(triangles, axes)
    step = max(float(np.diff(axis).max()) for axis in axes)
    near = np.zeros(inside.shape, bool)
    for k in range(3):
        a, b = (tuple(slice(*ends) if i == k else slice(None) for i in range(3)) for ends in ((None, -1), (1, None)))
        crossed = inside[a] != inside[b]
        near[a] |= crossed
        near[b] |= crossed
    distance = np.full(inside.shape, step)
    at = np.argwhere(near)
    points = np.stack([axis[i] for axis, i in zip(axes, at.T)], axis=1)
    distance[near] = _distances(points, triangles, step)
    return np.where(inside, -distance, distance)


def _inside(triangles, axes):
    """(nx, ny, nz) whether nodes are inside: of a ray along z an odd number of crossings is above."""
    x, y, z = axes
    X, Y = np.meshgrid(x + ASIDE[0] * (x[1] - x[0]), y + ASIDE[1] * (y[1] - y[0]), indexing="ij")
    odd = np.zeros((len(x), len(y), len(z)), bool)
    for a, b, c in triangles:
        low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
        i, j = (np.searchsorted(g, [l, h]) for g, l, h in zip((X[:, 0], Y[0]), low, high))
        if i[0] == i[1] or j[0] == j[1]:
            continue
        box = (slice(*i), slice(*j))
        u, v, w = (_side(p, q, X[box], Y[box]) for p, q in ((b, c), (c, a), (a, b)))
        area = u + v + w
        hit = ((u > 0) == (v > 0)) & ((v > 0) == (w > 0)) & (area != 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            height = (u * a[2] + v * b[2] + w * c[2]) / area
        odd[box] ^= hit[..., None] & (height[..., None] > z)
    return odd


def _side(p, q, x, y):
    """Twice the area of the triangle p, q, (x, y), signed."""
    return (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0])


def _distances(points, triangles, reach):
    """(N,) from points (N, 3) to the nearest of triangles (F, 3, 3), each no farther than `reach`."""
    middle = triangles.mean(axis=1)
    radius = np.linalg.norm(triangles - middle[:, None], axis=2).max(axis=1)
    rows, found = max(1, PAIRS // len(triangles)), np.full(len(points), reach)
    for k in range(0, len(points), rows):
        P = points[k : k + rows]
        n, f = np.nonzero(np.linalg.norm(P[:, None] - middle, axis=2) <= radius + 1.01 * reach)
        np.minimum.at(found, k + n, _apart(P[n], triangles[f]))
    return found


def _apart(p, triangles):
    """(N,) from each point (N, 3) to its triangle (N, 3, 3): to the plane where it lies above, else to an edge."""
    a, b, c = np.moveaxis(triangles, 1, 0)
    best = np.min([_to_segment(p, s, e) for s, e in ((a, b), (b, c), (c, a))], axis=0)
    normal = np.cross(b - a, c - a)
    size = np.einsum("ni,ni->n", normal, normal)
    above = size > 0
    for s, e in ((a, b), (b, c), (c, a)):
        above &= np.einsum("ni,ni->n", np.cross(e - s, p - s), normal) >= 0
    height = np.abs(np.einsum("ni,ni->n", p - a, normal)) / np.sqrt(np.where(size > 0, size, 1.0))
    return np.where(above, np.minimum(height, best), best)


def _to_segment(p, a, b):
    ab = b - a
    length = np.einsum("ni,ni->n", ab, ab)
    s = np.clip(np.einsum("ni,ni->n", p - a, ab) / np.where(length > 0, length, 1.0), 0.0, 1.0)
    return np.linalg.norm(p - a - s[:, None] * ab, axis=1)
