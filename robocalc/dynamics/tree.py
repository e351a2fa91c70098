"""What a URDF says, as frozen values; lengths in m, angles in rad, masses in kg, inertias in kg m².

Geometry   box, sphere, cylinder, capsule or mesh
Shape      a geometry placed on a link
Inertial   mass, centre of mass and inertia of a link
Link       name, inertial, visual and collision shapes
Joint      what holds two links together, and its limits
Thruster   a force along an axis of a link: a rotor, or the drive of a wheel
Tyre       sideways friction of a wheel
Tree       links and joints below one root, joints in the order of `Robot.joints`
Finding    what an audit has to say about a part
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

MOVING = ("revolute", "continuous", "prismatic")


def rotation_rpy(rpy) -> np.ndarray:
    """R = Rz(yaw) Ry(pitch) Rx(roll) for rpy (3,) [rad] -> (3, 3), URDF's convention."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(rpy), np.sin(rpy)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def rpy_of(R) -> tuple:
    """Roll, pitch, yaw [rad] of a rotation R (3, 3): the inverse of `rotation_rpy`, roll 0 where pitch is ±π/2."""
    pitch = float(np.arctan2(-R[2, 0], np.hypot(R[0, 0], R[1, 0])))
    if np.hypot(R[0, 0], R[1, 0]) < 1e-9:  # gimbal: only yaw ∓ roll is defined
        return 0.0, pitch, float(np.arctan2(-R[0, 1], R[1, 1]))
    return float(np.arctan2(R[2, 1], R[2, 2])), pitch, float(np.arctan2(R[1, 0], R[0, 0]))


@dataclass(frozen=True)
class Pose:
    """A frame in another: rotation R (3, 3) as nine numbers row by row, translation p (3,) [m]."""

    R: tuple = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    p: tuple = (0.0, 0.0, 0.0)

    @classmethod
    def of(cls, R, p=(0.0, 0.0, 0.0)) -> "Pose":
        """From a rotation (3, 3) and a translation (3,)."""
        return cls(tuple(float(x) for x in np.ravel(R)), tuple(float(x) for x in p))

    @classmethod
    def from_rpy(cls, p, rpy) -> "Pose":
        return cls.of(rotation_rpy(np.asarray(rpy, float)), p) if any(rpy) else cls(p=tuple(float(x) for x in p))

    @property
    def matrix(self) -> np.ndarray:
        """(4, 4) homogeneous."""
        T = np.eye(4)
        T[:3, :3] = np.reshape(self.R, (3, 3))
        T[:3, 3] = self.p
        return T

    @property
    def flat(self) -> np.ndarray:
        """(12,): R row by row, then p: the layout of the kernels."""
        return np.array(self.R + self.p)

    def __matmul__(self, other: "Pose") -> "Pose":
        T = self.matrix @ other.matrix
        return Pose.of(T[:3, :3], T[:3, 3])


IDENTITY = Pose()


@dataclass(frozen=True)
class Geometry:
    """kind: box (size = edges x, y, z), sphere (radius), cylinder and capsule (radius, length along z), mesh.

    A mesh has `file` as written, `path` as found (None where it is missing) and `size` = scale in x, y, z.
    `color` is rgba in 0..1, or None.
    """

    kind: str
    size: tuple
    file: str = ""
    path: Path | None = None
    color: tuple | None = None


@dataclass(frozen=True)
class Shape:
    """A geometry at `origin` on its link."""

    geometry: Geometry
    origin: Pose = IDENTITY
    name: str = ""


@dataclass(frozen=True)
class Inertial:
    """Mass [kg], `origin` of the inertial frame on the link, inertia about the centre of mass in that frame.

    inertia   (ixx, ixy, ixz, iyy, iyz, izz) [kg m²]
    """

    mass: float
    origin: Pose = IDENTITY
    inertia: tuple = (0.0,) * 6

    @property
    def tensor(self) -> np.ndarray:
        """(3, 3) inertia about the centre of mass, in the axes of the link."""
        xx, xy, xz, yy, yz, zz = self.inertia
        R = np.reshape(self.origin.R, (3, 3))
        return R @ np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) @ R.T


@dataclass(frozen=True)
class Link:
    """One rigid part; `contact` are the numbers of a <contact> element (PyBullet's extension), by name."""

    name: str
    inertial: Inertial | None = None
    visuals: tuple = ()
    collisions: tuple = ()
    contact: tuple = ()


@dataclass(frozen=True)
class Joint:
    """kind: revolute, continuous, prismatic or fixed; `origin` of the joint on the parent link; unit `axis`.

    lower, upper           position [rad | m], -inf and inf where unbounded
    velocity, effort       [rad/s | m/s], [N m | N]
    acceleration, jerk     per s², s³; None where the file does not say (an extension of robocalc to <limit>)
    damping, friction      viscous [N m s/rad | N s/m] and Coulomb [N m | N]
    mimic                  (joint, multiplier, offset) or None
    """

    name: str
    kind: str
    parent: str
    child: str
    origin: Pose = IDENTITY
    axis: tuple = (1.0, 0.0, 0.0)
    lower: float = -np.inf
    upper: float = np.inf
    velocity: float = np.inf
    effort: float = np.inf
    acceleration: float | None = None
    jerk: float | None = None
    damping: float = 0.0
    friction: float = 0.0
    mimic: tuple | None = None

    @property
    def moves(self) -> bool:
        return self.kind in MOVING


@dataclass(frozen=True)
class Thruster:
    """An input u from `lower` to `upper` [N]: force u along the unit `axis` at the point `at` (3,) [m] of a link.

    drag   [m] its reaction moment about the axis over its thrust, by sign: of a rotor that turns the other way
    """

    name: str
    link: str
    at: tuple
    axis: tuple
    lower: float
    upper: float
    drag: float = 0.0


@dataclass(frozen=True)
class Tyre:
    """Friction along the unit `axis` at the point `at` (3,) [m] of a link: viscous [N s/m] up to mu times its load."""

    name: str
    link: str
    at: tuple
    axis: tuple
    mu: float
    viscous: float


@dataclass(frozen=True)
class Tree:
    """Links and joints below `root`. Joints come parents first, depth first, siblings by name: as pinocchio does."""

    name: str
    path: Path
    root: str
    links: tuple
    joints: tuple
    source: str = ""  # sha256 of the file
    notes: tuple = ()  # findings of the reader
    thrusters: tuple = ()
    tyres: tuple = ()

    def link(self, name: str) -> Link:
        return next(link for link in self.links if link.name == name)

    @property
    def moving(self) -> tuple:
        """The joints that move, in the order of `Robot.joints`."""
        return tuple(j for j in self.joints if j.moves)

    def replaced(self, joint: Joint) -> "Tree":
        """This tree with the joint of the same name replaced."""
        return replace(self, joints=tuple(joint if j.name == joint.name else j for j in self.joints))


@dataclass(frozen=True)
class Finding:
    """severity: error (cannot be used), warning (used, but look at it), note (what was assumed)."""

    severity: str
    where: str
    what: str

    def __str__(self):
        return f"{self.severity}: {self.where}: {self.what}"
