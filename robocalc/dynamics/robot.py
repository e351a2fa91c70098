"""A robot: a URDF read once, audited, lowered to flat arrays; every method takes one configuration or a batch.

Robot      poses, Jacobians, dynamics, inverse kinematics; `with_...` gives a changed copy
from_urdf  Robot of a file
"""

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robocalc.dynamics import edit
from robocalc.dynamics.actuation import Actuated
from robocalc.dynamics.check import rotation, vector
from robocalc.dynamics.derivatives import Derivatives
from robocalc.dynamics.findings import assumed
from robocalc.dynamics.model import Model, fresh, lower
from robocalc.dynamics.motion import Motion
from robocalc.dynamics.tree import IDENTITY, Geometry, Pose, Tree
from robocalc.dynamics.urdf import audit, parse
from robocalc.errors import InvalidInput, UnknownName

GRAVITY = (0.0, 0.0, -9.81)  # m/s²


class Placed(NamedTuple):
    """A shape on a body: its link, the body's index (-1: the world), pose there (12,) and geometry."""

    link: str
    body: int
    offset: np.ndarray
    geometry: Geometry


@dataclass(frozen=True, eq=False)
class Robot(Motion, Derivatives, Actuated):
    """n joints in the order of `joints`; q, v, a, tau are (n,) or (N, n); poses and Jacobians in world axes.

    name, path   of the URDF
    tree         what the URDF says (with what `with_...` changed)
    base         pose of the root link in world
    g            gravity (3,) [m/s²] in world
    tool         name of the frame that methods mean where none is given
    home         a configuration to start from (n,)
    edits        what `with_...` did, part of the digest
    """

    name: str
    path: Path
    tree: Tree
    tool: str
    base: Pose = IDENTITY
    g: tuple = GRAVITY
    home: np.ndarray | None = None
    edits: tuple = ()

    def __post_init__(self):
        home = _middle(self.tree) if self.home is None else vector("home", self.home, self.n)
        home.flags.writeable = False
        object.__setattr__(self, "home", home)
        self.frame(self.tool)

    @classmethod
    def from_urdf(cls, path, *, tool=None, home=None, base=None, g=GRAVITY, packages=(), meshes=True) -> "Robot":
        """Robot of a URDF file with a fixed base.

        tool       default frame; the link farthest out where None
        home       (n,); the middle of the joint ranges, or 0 where that lies inside, where None
        base       (position (3,), rotation (3, 3) or rpy (3,)) of the root link in world
        packages   folders to look for `package://` meshes; meshes=False lets meshes be missing
        raises     InvalidInput: the file cannot be used; says which element and what to do
        """
        tree = parse(path, packages=packages, meshes=meshes)
        errors = [f for f in audit(tree) if f.severity == "error"]
        if errors:
            raise InvalidInput(f"{tree.path.name}: " + "; ".join(f"{f.where}: {f.what}" for f in errors))
        if not tree.moving:
            raise InvalidInput(f"{tree.path.name}: no joint moves; a robot needs a revolute or prismatic joint")
        robot = cls(tree.name, tree.path, tree, tool or outermost(tree), g=tuple(vector("g", g)), home=home)
        return robot if base is None else robot.with_base(*base)

    # --- what it is

    @cached_property
    def n(self) -> int:
        """Number of joints that move."""
        return len(self.tree.moving)

    @cached_property
    def joints(self) -> tuple:
        """Names of the joints that move: parents first, depth first, siblings by name (pinocchio's order)."""
        return tuple(j.name for j in self.tree.moving)

    @cached_property
    def links(self) -> tuple:
        """Names of all links, each also the name of a frame."""
        return tuple(link.name for link in self.tree.links)

    @cached_property
    def limits(self):
        """Limits(position (2, n), velocity, acceleration, jerk, torque); see `findings` for what is assumed.

        A joint without a drive that thrusters move has no torque limit: theirs are `input_limits`.
        """
        from robocalc.trajectory import Limits

        joints = self.tree.moving
        return Limits(
            position=[[j.lower for j in joints], [j.upper for j in joints]],
            velocity=[j.velocity for j in joints],
            acceleration=[assumed(j, "acceleration") for j in joints],
            jerk=[assumed(j, "jerk") for j in joints],
            torque=[np.inf if pushed and j.effort == 0 else j.effort for j, pushed in zip(joints, self.pushed)],
        )

    @cached_property
    def _range(self) -> tuple:
        return tuple(np.ascontiguousarray(x) for x in self.limits.bounds("position"))

    @cached_property
    def friction(self) -> np.ndarray:
        """(2, n): viscous [N m s/rad | N s/m] and Coulomb [N m | N]. The methods below leave friction out."""
        return np.array([[j.damping for j in self.tree.moving], [j.friction for j in self.tree.moving]])

    @cached_property
    def findings(self) -> tuple:
        """What the audit found: warnings about the file, notes on what is assumed."""
        return audit(self.tree)

    @cached_property
    def digest(self) -> str:
        """sha256 over the URDF's bytes and all that `with_...` changed."""
        parts = (self.tree.source, self.edits, self.base, self.g, self.tool)
        return sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def _lowered(self):
        return lower(self.tree, self.base)

    @cached_property
    def _model(self) -> Model:
        return self.model()  # numba holds the GIL, so threads take turns with this one

    def model(self) -> Model:
        """A fresh Model for kernels: arrays of its own, scratch included; one per thread."""
        return fresh(self._lowered.tree, self._lowered.bodies, np.array(self.g))

    def frame(self, name=None):
        """(body, offset (12,)) of a frame, the tool where None: pose on the body, in world where body is -1."""
        name = self.tool if name is None else name
        if name not in self._lowered.links:
            raise UnknownName("frame", name, self.links)
        body, pose = self._lowered.links[name]
        return body, pose.flat

    def visuals(self) -> list:
        """[Placed(link, body, offset (12,), geometry)] of all visual shapes."""
        return self._shapes("visuals")

    def collisions(self) -> list:
        """[Placed(link, body, offset (12,), geometry)] of all collision shapes."""
        return self._shapes("collisions")

    def _shapes(self, kind):
        shapes = []
        for link in self.tree.links:
            body, pose = self._lowered.links[link.name]
            shapes += [Placed(link.name, body, (pose @ s.origin).flat, s.geometry) for s in getattr(link, kind)]
        return shapes

    # --- changed copies

    def _edited(self, edit_made: str, **changes) -> "Robot":
        return replace(self, edits=(*self.edits, edit_made), **changes)

    def with_payload(self, mass, com=(0.0, 0.0, 0.0), inertia=None, link=None) -> "Robot":
        """This robot carrying `mass` [kg] with its centre at `com` (3,) [m] of a frame, the tool where None.

        inertia   (3, 3) about the centre of mass [kg m²]; where None, that of a ball of 1000 kg/m³
        raises    InvalidInput   negative or non-finite mass, impossible inertia
        """
        if mass == 0:
            return self
        self.frame(link)
        tree = edit.add_payload(self.tree, link or self.tool, mass, com, inertia)
        return self._edited(f"payload {mass!r} {com!r} {inertia!r} {link!r}", tree=tree)

    def with_base(self, position=(0.0, 0.0, 0.0), rotation_or_rpy=(0.0, 0.0, 0.0)) -> "Robot":
        """This robot with its root link at `position` [m], turned by a matrix (3, 3) or roll, pitch, yaw [rad]."""
        R = rotation("base rotation", rotation_or_rpy)
        return replace(self, base=Pose.of(R, vector("base position", position)))

    def with_gravity(self, g) -> "Robot":
        """This robot under gravity g (3,) [m/s²] in world."""
        return replace(self, g=tuple(float(x) for x in vector("gravity", g)))

    def with_tool(self, position=(0.0, 0.0, 0.0), rotation_or_rpy=(0.0, 0.0, 0.0), *, link=None, name=None) -> "Robot":
        """This robot with a new default frame, at a pose on the frame `link` (the old tool where None).

        name   of the frame; tool, tool2, ... where None
        """
        R = rotation("tool rotation", rotation_or_rpy)
        self.frame(link)
        name = edit.free_name(self.tree, "tool") if name is None else name
        pose = Pose.of(R, vector("tool position", position))
        tree = edit.add_frame(self.tree, link or self.tool, name, pose)
        return self._edited(f"tool {name} {link} {pose}", tree=tree, tool=name)

    def with_frame(self, frame: str) -> "Robot":
        """This robot with an existing link as its tool."""
        return replace(self, tool=frame)

    def lock(self, positions: dict) -> "Robot":
        """This robot with joints fixed at positions {name: rad | m}: fewer joints, the same masses."""
        for joint in positions:
            if joint not in self.joints:
                raise UnknownName("joint", joint, self.joints)
        if len(positions) == self.n:
            raise InvalidInput("every joint is locked; one must be left to move")
        keep = [i for i, j in enumerate(self.joints) if j not in positions]
        tree = edit.lock(self.tree, positions)
        return self._edited(f"lock {sorted(positions.items())}", tree=tree, home=self.home[keep])

    def write_urdf(self, path, visuals=True) -> Path:
        """Write this robot as a URDF that any reader understands, and return its path; see `urdf_out.write`."""
        from robocalc.dynamics.urdf_out import write

        return write(self.tree, path, visuals=visuals)


def outermost(tree: Tree) -> str:
    """The link with the most moving joints above it, then the most fixed ones; the first in the file of equals."""
    depth = {tree.root: (0, 0)}
    for joint in tree.joints:
        moved, fixed = depth[joint.parent]
        depth[joint.child] = (moved + joint.moves, fixed + (not joint.moves))
    return max((link.name for link in tree.links), key=lambda name: depth[name])


def _middle(tree: Tree) -> np.ndarray:
    """0 where it lies in the range of a joint, else the middle of the range."""
    return np.array([0.0 if j.lower <= 0 <= j.upper else (j.lower + j.upper) / 2 for j in tree.moving])
