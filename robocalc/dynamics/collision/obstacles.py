"""Obstacles as values: a name, a kind, a place, a geometry; lengths in m, z along the axis of what is round.

Box, Sphere, Cylinder, Capsule, HalfSpace, ConvexMesh
read_obstacle    any of these, a thing with the same attributes (`kind`, `pose`, ...), or a dict with such keys
"""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from robocalc.dynamics.check import rotation, vector
from robocalc.dynamics.collision.fields import grid_parts, height_parts
from robocalc.dynamics.collision.files import convex_parts, open_edges, read_mesh
from robocalc.errors import InvalidInput, UnknownName

UPRIGHT = (0.0, 0.0, 0.0, 1.0)


class Placed(NamedTuple):
    """What the checker lowers: name, kind, R (3, 3), p (3,), size, and the parts of a mesh.

    size      box: edges; sphere: (radius,); cylinder, capsule: (radius, length)
    parts     points (K, 3) each, in the shape's frame: the convex hull of each counts
    """

    name: str
    kind: str
    R: np.ndarray
    p: np.ndarray
    size: tuple = ()
    parts: tuple = ()


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """What all have. position [m] of the shape's centre, quaternion x y z w; for a HalfSpace a point of its face."""

    name: str
    position: tuple = (0.0, 0.0, 0.0)
    quaternion: tuple = UPRIGHT
    kind: ClassVar[str] = ""

    def __post_init__(self):
        read_obstacle(self)


@dataclass(frozen=True, kw_only=True)
class Box(Obstacle):
    """size: edges along x, y, z."""

    size: tuple
    kind: ClassVar[str] = "box"


@dataclass(frozen=True, kw_only=True)
class Sphere(Obstacle):
    radius: float
    kind: ClassVar[str] = "sphere"


@dataclass(frozen=True, kw_only=True)
class Cylinder(Obstacle):
    """Along z, about its centre."""

    radius: float
    length: float
    kind: ClassVar[str] = "cylinder"


@dataclass(frozen=True, kw_only=True)
class Capsule(Obstacle):
    """A cylinder along z with a half ball at each end; length without the half balls."""

    radius: float
    length: float
    kind: ClassVar[str] = "capsule"


@dataclass(frozen=True, kw_only=True)
class HalfSpace(Obstacle):
    """All below the z axis of its frame is solid."""

    kind: ClassVar[str] = "plane"


@dataclass(frozen=True, kw_only=True)
class HeightField(Obstacle):
    """Ground of heights (nx, ny) [m] over a rectangle size (2,) about the origin, solid below."""

    heights: np.ndarray
    size: tuple
    kind: ClassVar[str] = "height_field"


@dataclass(frozen=True, kw_only=True)
class Grid(Obstacle):
    """What is below 0 of signed distances values (nx, ny, nz) at nodes `spacing` [m] apart, about the origin."""

    values: np.ndarray
    spacing: float
    kind: ClassVar[str] = "grid"


@dataclass(frozen=True, kw_only=True)
class ConvexMesh(Obstacle):
    """The convex hull of points (K, 3)."""

    points: np.ndarray
    kind: ClassVar[str] = "mesh"


def quaternion_matrix(x, y, z, w):
    """(3, 3) of a unit quaternion."""
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


class _Reader:
    """Values of an obstacle by the names it may use, with its own name in every message."""

    def __init__(self, thing):
        self.get = thing.get if isinstance(thing, dict) else lambda key, default=None: getattr(thing, key, default)
        self.name = self.get("name")
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"an obstacle needs a name, got {self.name!r} in {thing!r}")

    def first(self, *keys):
        """The first value that is given."""
        return next((self.get(key) for key in keys if self.get(key) is not None), None)

    def positive(self, *keys, size=1):
        value = self.first(*keys)
        if value is None:
            raise InvalidInput(f"obstacle {self.name!r} needs {' or '.join(keys)}")
        x = vector(f"{self.name}.{keys[0]}", np.atleast_1d(np.asarray(value, dtype=object)).tolist(), size)
        if not (x > 0).all():
            raise InvalidInput(f"{self.name}.{keys[0]} must be above 0, got {value!r}")
        return tuple(x.tolist())

    def place(self):
        """(R, p)."""
        pose = self.get("pose")
        if pose is not None:
            x = vector(f"{self.name}.pose", pose, 7)
            return self._turn(x[3:]), x[:3]
        p = self.get("position")
        p = vector(f"{self.name}.position", (0.0, 0.0, 0.0) if p is None else p)
        turn = self.first("quaternion", "quat_xyzw")
        if turn is not None:
            return self._turn(turn), p
        degrees = self.get("rpy_deg")
        rpy = self.get("rpy") if degrees is None else np.radians(vector(f"{self.name}.rpy_deg", degrees))
        return rotation(f"{self.name}.rpy", (0.0, 0.0, 0.0) if rpy is None else rpy), p

    def _turn(self, value):
        x = vector(f"{self.name}.quaternion", value, 4)
        if not np.linalg.norm(x) > 1e-9:
            raise InvalidInput(f"{self.name}.quaternion must not be zero, got {value!r}")
        return quaternion_matrix(*(x / np.linalg.norm(x)))


def _mesh(ask):
    """Parts of a mesh: hulls of its groups, or its triangles if it is closed and asks not to be taken as convex."""
    points, file = ask.get("points"), ask.get("file")
    if points is not None:
        x = np.array(points, dtype=float) if np.ndim(points) == 2 else np.empty((0, 3))
        if x.shape[1] != 3 or len(x) < 4 or not np.isfinite(x).all():
            raise InvalidInput(f"{ask.name}.points must be (K, 3) finite numbers, K at least 4, got {np.shape(points)}")
        return (x,)
    if file is None:
        raise InvalidInput(f"obstacle {ask.name!r} needs a file or points")
    try:
        mesh = read_mesh(file)
    except InvalidInput as error:
        raise InvalidInput(f"{ask.name}: {error}") from None
    scale = ask.get("scale")
    scale = vector(f"{ask.name}.scale", np.broadcast_to(1.0 if scale is None else scale, (3,)))
    if ask.get("convex", True):
        return tuple(part * scale for part in convex_parts(mesh))
    holes = open_edges(mesh.vertices, mesh.triangles)
    if holes:
        raise InvalidInput(
            f"{ask.name}: mesh {file} is not watertight ({holes} edges without a triangle on each side), so it has no "
            "inside; close it, or set convex: true to use its hull"
        )
    return tuple(mesh.vertices[mesh.triangles] * scale)


def read_obstacle(thing) -> Placed:
    """The obstacle as the checker takes it.

    thing    has, as attributes or keys: name; kind (or shape, type): box, sphere, cylinder, capsule, plane (or
             half-space), mesh, height_field, grid; pose (7,) x y z and quaternion x y z w, or position with
             quaternion, rpy or rpy_deg;
             size; radius; length; points, or file with scale and convex; heights (nx, ny) over size (2,) about the
             origin; values (nx, ny, nz) of signed distance, `spacing` [m] apart, about the origin
    raises   InvalidInput, UnknownName: with the obstacle's name and what would fit
    """
    if isinstance(thing, Placed):
        return thing
    ask = _Reader(thing)
    kind = ask.first("kind", "shape", "type")
    kind = ALIASES.get(kind, kind) if isinstance(kind, str) else kind
    if kind not in SIZES:
        raise UnknownName(f"kind of obstacle {ask.name!r}", kind, SIZES)
    R, p = ask.place()
    size = sum((ask.positive(key, size=count) for key, count in SIZES[kind]), ())
    return Placed(ask.name, kind, R, p, size, _parts(ask, kind, size))


def _parts(ask, kind, size) -> tuple:
    """Convex parts of what is no simple shape."""
    if kind == "mesh":
        return _mesh(ask)
    if kind == "height_field":
        return tuple(height_parts(ask.name, ask.get("heights"), size))
    if kind == "grid":
        return tuple(grid_parts(ask.name, ask.get("values"), ask.positive("spacing")[0]))
    return ()


SIZES = {
    "box": (("size", 3),),
    "sphere": (("radius", 1),),
    "cylinder": (("radius", 1), ("length", 1)),
    "capsule": (("radius", 1), ("length", 1)),
    "plane": (),
    "mesh": (),
    "height_field": (("size", 2),),
    "grid": (),
}
ALIASES = {
    "half-space": "plane", "half_space": "plane", "halfspace": "plane", "heightfield": "height_field",
    "height-field": "height_field", "signed_distance": "grid", "sdf": "grid",
}  # fmt: skip
