"""What stands, lies or moves around the robot, as plain values: a name, a place, a geometry, a surface.

    Plane, Box, Sphere, Cylinder, Capsule, Mesh
    static (mass 0), free to move (mass > 0), or driven along a motion (`sims.engines.motions`)

Lengths in m, mass in kg, angles in rad, world z up. A hinge or a slide that carries a thing is a
Mount (`sims.engines.mount`). Friction coefficients of two surfaces multiply in PyBullet.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from robocalc.errors import InvalidInput
from sims.engines.meshes import hull_mass_properties, read_vertices
from sims.engines.motions import STILL, Motion, finite, positive, unit_quaternion
from sims.engines.mount import Mount
from sims.engines.poses import from_matrix, rpy_quaternion

GREY = (0.7, 0.7, 0.72, 1.0)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What all have; only its children are made.

    position, rpy      of the shape's frame in world (its centre; a point of a plane); or `quaternion` x y z w for rpy
    mass               0: fixed or driven; above 0: free to move
    friction           Coulomb coefficient; spinning_friction, rolling_friction [m] resist turning on and rolling along
    restitution        0 no bounce, 1 elastic
    motion             anything with at(t) -> pose; excludes mass
    stiffness, damping [N/m, N s/m] of a compliant surface; stiffness 0: rigid
    surface_velocity   (3,) [m/s] in the shape's frame: its surface runs, itself stays (a conveyor); excludes mass
    mount              Mount: turns or slides about a place in world (a door, a drawer); needs mass
    """

    name: str
    position: tuple = STILL
    rpy: tuple | None = None
    quaternion: tuple | None = None
    mass: float = 0.0
    friction: float = 0.8
    rolling_friction: float = 0.0
    spinning_friction: float = 0.0
    restitution: float = 0.0
    color: tuple = GREY
    motion: Motion | None = None
    stiffness: float = 0.0
    damping: float = 0.0
    surface_velocity: tuple | None = None
    mount: object | None = None

    kind: ClassVar[str] = "shape"

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"a shape needs a name, got {self.name!r}")
        self._keep("position", finite(self.of("position"), self.position, (3,)))
        if self.rpy is not None and self.quaternion is not None:
            raise InvalidInput(f"{self.name}: give rpy or quaternion, not both")
        if self.quaternion is not None:
            turn = finite(self.of("quaternion"), self.quaternion, (4,))
            self._keep("quaternion", unit_quaternion(self.of("quaternion"), turn))
        else:
            rpy = STILL if self.rpy is None else self.rpy
            self._keep("quaternion", rpy_quaternion(finite(self.of("rpy"), rpy, (3,))))
            object.__setattr__(self, "rpy", None)  # kept as the quaternion, so that dataclasses.replace works
        for key in ("mass", "friction", "rolling_friction", "spinning_friction", "restitution", "stiffness", "damping"):
            value = float(finite(self.of(key), getattr(self, key), ()))
            most = 1.0 if key == "restitution" else np.inf
            if not 0 <= value <= most:
                raise InvalidInput(f"{self.of(key)} must be 0 {'or more' if most > 1 else 'to 1'}, got {value:g}")
            object.__setattr__(self, key, value)
        rgba = tuple(self.color) if len(tuple(self.color)) != 3 else (*self.color, 1.0)
        self._keep("color", finite(self.of("color"), rgba, (4,)))
        if self.mass > 0 and self.motion is not None:
            raise InvalidInput(f"{self.name}: mass and motion exclude each other: what is driven has no mass")
        self._check_special()
        self._check()

    def _check_special(self):
        if self.damping > 0 and self.stiffness == 0:
            raise InvalidInput(f"{self.of('damping')} of a contact needs a stiffness above 0")
        if self.surface_velocity is not None:
            self._keep("surface_velocity", finite(self.of("surface_velocity"), self.surface_velocity, (3,)))
            if self.mass > 0:
                raise InvalidInput(f"{self.name}: what moves freely has no surface_velocity: leave its mass out")
        if self.mount is not None:
            if not isinstance(self.mount, Mount):
                raise InvalidInput(f"{self.of('mount')} must be a Mount, got {self.mount!r}")
            if self.mass <= 0:
                raise InvalidInput(f"{self.name}: what a hinge or a slide carries needs a mass above 0")

    def _check(self):
        """Geometry; children override."""
        raise InvalidInput(f"{self.name}: make a Plane, Box, Sphere, Cylinder, Capsule or Mesh")

    def _keep(self, key, array):
        object.__setattr__(self, key, tuple(array.tolist()))

    def _positive(self, *keys):
        for key in keys:
            object.__setattr__(self, key, positive(self.of(key), getattr(self, key)))

    def of(self, key):
        """'table.size': how a message names a value."""
        return f"{self.name}.{key}"

    @property
    def dynamic(self):
        """Whether physics moves it."""
        return self.mass > 0

    @property
    def driven(self):
        """Whether its velocity is given: along a motion, or of its surface."""
        return self.motion is not None or self.surface_velocity is not None

    @property
    def pose(self):
        """(7,) where it starts: at t = 0 when driven."""
        return np.array(self.position + self.quaternion) if self.motion is None else np.asarray(self.motion.at(0.0))

    def pose_at(self, t):
        """(7,) for a time, (N, 7) for t (N,): along its motion; without one, where it starts."""
        if self.motion is not None:
            return np.asarray(self.motion.at(t))
        return np.broadcast_to(self.pose, (*np.shape(t), 7)).copy()

    def unit_inertia(self):
        """Centre of mass (3,) [m] and inertia about it per kg (3, 3) [m²], in the shape's frame; uniform density."""
        raise InvalidInput(f"{self.name}: a {self.kind} has no mass")


@dataclass(frozen=True, kw_only=True)
class Plane(Shape):
    """An endless floor: all below its z axis is solid."""

    kind: ClassVar[str] = "plane"

    def _check(self):
        if self.mass > 0 or self.motion is not None:
            raise InvalidInput(f"{self.name}: a plane cannot move: leave mass and motion out")


@dataclass(frozen=True, kw_only=True)
class Box(Shape):
    """size: edges along x, y, z."""

    size: tuple
    kind: ClassVar[str] = "box"

    def _check(self):
        size = finite(self.of("size"), self.size, (3,))
        if (size <= 0).any():
            raise InvalidInput(f"{self.of('size')} must be above 0, got {size.tolist()}")
        self._keep("size", size)

    def unit_inertia(self):
        x, y, z = np.square(self.size) / 12
        return np.zeros(3), np.diag([y + z, x + z, x + y])


@dataclass(frozen=True, kw_only=True)
class Sphere(Shape):
    radius: float
    kind: ClassVar[str] = "sphere"

    def _check(self):
        self._positive("radius")

    def unit_inertia(self):
        return np.zeros(3), 0.4 * self.radius**2 * np.eye(3)


@dataclass(frozen=True, kw_only=True)
class Cylinder(Shape):
    """Along z, about its centre."""

    radius: float
    length: float
    kind: ClassVar[str] = "cylinder"

    def _check(self):
        self._positive("radius", "length")

    def unit_inertia(self):
        side = self.radius**2 / 4 + self.length**2 / 12
        return np.zeros(3), np.diag([side, side, self.radius**2 / 2])


@dataclass(frozen=True, kw_only=True)
class Capsule(Shape):
    """A cylinder along z with a half ball at each end; length without the half balls."""

    radius: float
    length: float
    kind: ClassVar[str] = "capsule"

    def _check(self):
        self._positive("radius", "length")

    def unit_inertia(self):
        r, h = self.radius, self.length
        tube, ball = np.pi * r**2 * h, 4 / 3 * np.pi * r**3
        # half balls: 2/5 r² each about their flat's centre; moved out to h/2 their centroid lies 3/8 r beyond it
        along = tube * r**2 / 2 + ball * 0.4 * r**2
        across = tube * (r**2 / 4 + h**2 / 12) + ball * (0.4 * r**2 + h**2 / 4 + 3 / 8 * h * r)
        return np.zeros(3), np.diag([across, across, along]) / (tube + ball)


@dataclass(frozen=True, kw_only=True)
class Mesh(Shape):
    """An OBJ or STL file. What moves, and what is `convex`, is the convex hull; else every triangle counts."""

    file: str
    scale: tuple = (1.0, 1.0, 1.0)
    convex: bool = False
    kind: ClassVar[str] = "mesh"

    def _check(self):
        object.__setattr__(self, "file", str(Path(self.file)))
        scale = np.broadcast_to(self.scale, (3,)) if np.ndim(self.scale) == 0 else self.scale
        scale = finite(self.of("scale"), scale, (3,))
        if (scale <= 0).any():
            raise InvalidInput(f"{self.of('scale')} must be above 0, got {scale.tolist()}")
        self._keep("scale", scale)
        self.vertices()

    def vertices(self):
        """(K, 3) in the shape's frame, scaled; InvalidInput names a file that is missing or broken."""
        try:
            return read_vertices(self.file) * np.array(self.scale)
        except InvalidInput as error:
            raise InvalidInput(f"{self.name}: {error}") from None

    def unit_inertia(self):
        try:
            _, com, inertia = hull_mass_properties(self.vertices())
        except InvalidInput as error:
            raise InvalidInput(f"{self.name}: mesh file {self.file}: {error}") from None
        return com, inertia


def principal_frame(shape):
    """Pose (7,) of a shape's principal axes at its centre of mass, and its principal inertia (3,) [kg m²]."""
    com, unit = shape.unit_inertia()
    if np.count_nonzero(unit - np.diag(np.diagonal(unit))) == 0:
        return np.array([*com, 0, 0, 0, 1.0]), shape.mass * np.diagonal(unit)
    values, R = np.linalg.eigh(unit)
    return np.concatenate([com, from_matrix(R * np.sign(np.linalg.det(R)))]), shape.mass * values


SHAPES = {shape.kind: shape for shape in (Plane, Box, Sphere, Cylinder, Capsule, Mesh)}


def check_names(world):
    """The shapes as a tuple; InvalidInput when two share a name or one is no shape."""
    world = tuple(world)
    seen = set()
    for shape in world:
        if not isinstance(shape, Shape):
            kinds = ", ".join(c.__name__ for c in SHAPES.values())
            raise InvalidInput(f"world must hold shapes ({kinds}), got {shape!r}")
        if shape.name in seen:
            raise InvalidInput(f"two things in the world are named {shape.name!r}")
        seen.add(shape.name)
    return world
