"""Mesh files made small enough for a page: read, weld, cluster to the resolution of a screen, quantise.

Mesh             vertices with normals and colours, triangles: what a page draws
read_mesh        .obj with its .mtl, .stl (binary or text), .dae (triangles) -> Mesh at full resolution
simplify         vertices in one cell of a grid become one; creases stay
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput

CREASE = np.cos(np.deg2rad(35.0))  # facets that meet at a smaller angle are shaded as one surface
OPPOSITE = -0.3  # cosine between normals of two faces of a wall; edges of a box are above it
DIRECTIONS = 2  # bins of a normal per axis and sign: an edge between bins in one cell stays an edge
GREY = (0.8, 0.8, 0.8)


@dataclass(frozen=True)
class Mesh:
    """points (V, 3) [m] float32, normals (V, 3) unit, colours (V, 3) in 0..1 sRGB or NaN (the body's), faces (T, 3)."""

    points: np.ndarray
    normals: np.ndarray
    colours: np.ndarray
    faces: np.ndarray


def read_mesh(path) -> Mesh:
    """The triangles of a mesh file; raises InvalidInput with the file's name when it cannot be read."""
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidInput(f"mesh {path}: unknown kind {path.suffix!r} (known: {', '.join(READERS)})")
    try:
        return _mesh(*reader(path))
    except OSError as error:
        raise InvalidInput(f"mesh {path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, IndexError, KeyError, AttributeError, SyntaxError) as error:
        raise InvalidInput(f"mesh {path}: damaged ({error})") from None


@lru_cache(maxsize=64)
def _small(path, modified, cell, budget):
    return simplify(read_mesh(path), cell, budget)


def small_mesh(path, cell, budget=30_000) -> Mesh:
    """read_mesh, simplified to cells [m in the file's units]; kept for the next run of this process."""
    path = Path(path)
    try:
        modified = path.stat().st_mtime_ns
    except OSError as error:
        raise InvalidInput(f"mesh {path}: cannot be read ({error.strerror or error})") from None
    return _small(str(path), modified, float(cell), budget)


# readers: (points (V, 3), corners (T, 3) into points, normals (T, 3, 3) or None, colours (T, 3)) ------------------


def read_obj(path):
    data = b"\n" + path.read_bytes().replace(b"\r", b"")
    points = _numbers(re.findall(rb"\nv ([^\n]*)", data), 3)
    given = _numbers(re.findall(rb"\nvn ([^\n]*)", data), 3)
    faces = re.findall(rb"\nf +([^\n]*)", data)
    corners, normal_index, owner = _faces(faces, len(points), len(given))
    if corners.size and (corners.min() < 0 or corners.max() >= len(points)):
        raise ValueError("a face names a vertex that is not there")
    normals = given[normal_index] if normal_index is not None else None
    return points, corners, normals, _obj_colours(path, data, len(faces))[owner]


def _numbers(rows, columns):
    if not rows:
        return np.zeros((0, columns), np.float32)
    flat = np.array(b" ".join(rows).split(), dtype=np.float32)
    return flat.reshape(len(rows), -1)[:, :columns]  # columns beyond are colours or weights


def _faces(rows, n_points, n_normals):
    """(corners (T, 3), normal indices (T, 3) or None, row of each triangle); polygons become fans."""
    kinds = {}
    for row, text in enumerate(rows):  # rows that are written alike are read at once
        kinds.setdefault((text.count(b"//"), text.count(b"/")), []).append(row)
    parts = [_alike([rows[i] for i in numbers], np.array(numbers), kind) for kind, numbers in kinds.items()]
    corners, normals, owner = (np.concatenate(found) for found in zip(*parts, strict=True)) if parts else _fans([])
    order = np.argsort(owner, kind="stable")
    corners, normals, owner = corners[order], normals[order], owner[order]
    corners = np.where(corners > 0, corners - 1, corners + n_points)
    if not n_normals or not normals.all():
        return corners, None, owner
    return corners, np.where(normals > 0, normals - 1, normals + n_normals), owner


NUMBERS = {(3, 6): 2, (0, 6): 3, (0, 3): 2, (0, 0): 1}  # of a corner in a triangle with so many // and /


def _alike(rows, owner, kind):
    """Like `_fans`, for rows with the same number of slashes: triangles without a loop."""
    per = NUMBERS.get(kind, 0)
    flat = np.array(b" ".join(rows).replace(b"//", b" ").replace(b"/", b" ").split(), dtype=np.int64) if per else ()
    if not per or len(flat) != 3 * per * len(rows):  # not all of them triangles
        corners, normals, fan_of = _fans(rows)
        return corners, normals, owner[fan_of]
    table = flat.reshape(-1, 3, per)
    with_normals = kind in ((3, 6), (0, 6))
    return table[..., 0], table[..., -1] if with_normals else np.zeros((len(table), 3), np.int64), owner


def _fans(rows):
    corners, normals, owner = [], [], []
    for row, text in enumerate(rows):
        parts = [[*part.split(b"/"), b"", b""][:3] for part in text.split()]
        for i in range(1, len(parts) - 1):
            fan = (parts[0], parts[i], parts[i + 1])
            corners.append([int(p[0]) for p in fan])
            normals.append([int(p[2] or 0) for p in fan])
            owner.append(row)
    shape = np.array(corners, np.int64).reshape(-1, 3), np.array(normals, np.int64).reshape(-1, 3)
    return *shape, np.array(owner, np.int64)


def _obj_colours(path, data, count):
    """(faces, 3): the diffuse colour of the material in force at each face; NaN where there is none."""
    colours = np.full((count, 3), np.nan, np.float32)
    library = {}
    for name in re.findall(rb"\nmtllib +([^\n]*)", data):
        library.update(_materials(path.parent / name.decode("utf-8", "replace").strip()))
    uses = list(re.finditer(rb"\nusemtl +([^\n]*)", data))
    for use in uses:  # the last one wins from its place on
        first = data.count(b"\nf ", 0, use.start())
        colours[first:] = library.get(use[1].strip(), (np.nan,) * 3)
    return colours


def _materials(path):
    if not path.is_file():
        return {}
    found = {}
    for block in re.split(rb"\n\s*newmtl +", b"\n" + path.read_bytes().replace(b"\r", b""))[1:]:
        diffuse = re.search(rb"\n\s*Kd +([^\n]*)", block)
        if diffuse and len(diffuse[1].split()) >= 3:
            found[block.split(b"\n")[0].strip()] = tuple(float(x) for x in diffuse[1].split()[:3])
    return found


def read_stl(path):
    data = path.read_bytes()
    count = int.from_bytes(data[80:84], "little")
    if len(data) >= 84 and len(data) == 84 + 50 * count:
        table = np.frombuffer(data, dtype=np.dtype([("n", "<f4", 3), ("p", "<f4", (3, 3)), ("a", "<u2")]), offset=84)
        points = table["p"].reshape(-1, 3).astype(np.float32)
    elif data.lstrip()[:5] == b"solid":
        points = _numbers(re.findall(rb"vertex +([^\r\n]*)", data), 3)
    else:
        raise ValueError(f"{len(data)} bytes do not hold the {count} triangles that it announces")
    faces = np.arange(len(points) // 3 * 3).reshape(-1, 3)
    return points, faces, None, np.full((len(faces), 3), np.nan, np.float32)


def read_dae(path):
    """Collada: the <triangles> and <polylist> of every geometry that the scene places; units and up-axis respected."""
    from sims.report.collada import triangles

    return triangles(path)


READERS = {".obj": read_obj, ".stl": read_stl, ".dae": read_dae}


# from triangles to what is drawn -------------------------------------------------------------------------------


def _mesh(points, corners, normals, colours):
    """One vertex a corner; normals computed where the file has none."""
    if not np.isfinite(points).all():
        raise ValueError("a vertex is not a finite number")
    if not len(corners):
        raise ValueError("it holds no triangle")
    if normals is None:
        normals = crease_normals(points, corners)
    flat = np.ascontiguousarray(points[corners].reshape(-1, 3), np.float32)
    faces = np.arange(len(flat), dtype=np.int64).reshape(-1, 3)
    return Mesh(flat, np.asarray(normals, np.float32).reshape(-1, 3), np.repeat(colours, 3, axis=0), faces)


def crease_normals(points, corners):
    """(T, 3, 3): at each corner, the area-weighted mean of the facets there that meet it within the crease angle."""
    p = points[corners].astype(np.float64)
    area = np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])  # (T, 3), twice the area
    unit = area / np.maximum(np.linalg.norm(area, axis=1, keepdims=True), 1e-30)
    _, vertex = np.unique(np.round(points[corners].reshape(-1, 3) * 1e6).astype(np.int64), axis=0, return_inverse=True)
    vertex = vertex.reshape(-1)
    order = np.argsort(vertex, kind="stable")  # corners of one vertex stand together
    count = np.bincount(vertex)
    start = np.cumsum(count) - count
    mine = np.repeat(np.arange(len(order)), count[vertex[order]])  # place of a corner, once for each neighbour
    ends = np.cumsum(count[vertex[order]])
    step = np.arange(len(mine)) - np.repeat(ends - count[vertex[order]], count[vertex[order]])
    other = start[vertex[order[mine]]] + step
    a, b = order[mine] // 3, order[other] // 3
    close = np.einsum("ij,ij->i", unit[a], unit[b]) >= CREASE
    total = np.stack([np.bincount(order[mine], weights=area[b, k] * close, minlength=len(vertex)) for k in range(3)], 1)
    size = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(size > 1e-30, total / np.maximum(size, 1e-30), unit.repeat(3, axis=0)).reshape(-1, 3, 3)


def simplify(mesh: Mesh, cell, budget=30_000) -> Mesh:
    """Vertices within one cell of a grid become their mean; the cell grows until at most `budget` triangles stay."""
    while True:
        small = _cluster(mesh, cell)
        if len(small.faces) <= budget:
            return small
        cell *= 1.3


def _cluster(mesh, cell):
    """One vertex a cell, colour and side: a cover and the shell below it, two faces of a thin wall, stay apart."""
    low = mesh.points.min(axis=0)
    tint = np.round(np.nan_to_num(mesh.colours, nan=1.5) * 255).astype(np.int64)
    _, tone = _unique(tint)
    cells = np.floor((mesh.points - low) / cell).astype(np.int64)
    first, of = _first_of(np.concatenate([cells, tone[:, None]], axis=1))
    side = np.einsum("ij,ij->i", mesh.normals, mesh.normals[first[of]]) < OPPOSITE
    place, place_of = _unique(np.stack([of, side.astype(np.int64)], axis=1))
    kept = _proper(place_of[mesh.faces])
    used = mesh.faces[kept].reshape(-1)
    if not len(used):  # smaller than a cell: keep it as it is
        return mesh
    look = np.round(mesh.normals[used] * DIRECTIONS).astype(np.int64) + DIRECTIONS
    vertex, vertex_of = _unique(np.concatenate([place_of[used][:, None], look], axis=1))
    weight = np.bincount(place_of, minlength=place)
    centre = np.stack([np.bincount(place_of, mesh.points[:, k], place) / weight for k in range(3)], axis=1)
    home = np.zeros(vertex, np.int64)
    home[vertex_of] = place_of[used]
    normals = np.stack([np.bincount(vertex_of, mesh.normals[used, k], vertex) for k in range(3)], axis=1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    colours = np.zeros((vertex, 3), np.float32)
    colours[vertex_of] = mesh.colours[used]
    faces = _distinct(vertex_of.reshape(-1, 3), home)
    return Mesh(centre[home].astype(np.float32), normals.astype(np.float32), colours, faces)


def _key(rows):
    """One number for each row of small non-negative integers (N, k)."""
    key = rows[:, 0].copy()
    for column in rows.T[1:]:
        key = key * (int(column.max(initial=0)) + 1) + column
    return key


def _unique(rows):
    """(number of different rows, index of each row among them)."""
    values, index = np.unique(_key(rows), return_inverse=True)
    return len(values), index.reshape(-1)


def _first_of(rows):
    """(first place of each different row, index of each row among them)."""
    _, first, index = np.unique(_key(rows), return_index=True, return_inverse=True)
    return first, index.reshape(-1)


def _proper(faces):
    """Mask of triangles whose three corners differ."""
    return (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])


def _distinct(faces, home):
    """Triangles once: those that fell on another (same three cells, same turning) are left out."""
    cells = home[faces]
    first = np.argmin(cells, axis=1)
    turned = np.take_along_axis(cells, (first[:, None] + np.arange(3)) % 3, axis=1)
    return faces[np.sort(_first_of(turned)[0])]
