"""A robot and a world as a MuJoCo model: the tree that write_urdf writes, bodies with exactly its inertias.

    build      (model, Parts): compiled, surfaces as in PyBullet, contacts between named pairs only
    Parts      which geometry is whose, and where joints and things are in MuJoCo's arrays

PyBullet multiplies friction coefficients and restitutions of two surfaces; MuJoCo takes the larger. Every pair that may
touch is therefore declared, with the product. MuJoCo knows a mesh as its convex hull only.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from robocalc.dynamics import Team
from robocalc.dynamics.collision.files import convex_parts, read_mesh
from robocalc.dynamics.urdf_out import solid
from robocalc.errors import InvalidInput, UnknownName
from sims.engines.bullet_clearance import rigid_parts
from sims.engines.meshes import read_vertices
from sims.engines.mujoco_contact import HARD, soften
from sims.engines.poses import from_matrix
from sims.engines.shapes import principal_frame
from sims.engines.surface import Surface

WEIGHTLESS = 1e-14  # [kg, kg m²]: MuJoCo refuses less of a body that moves
IMMOVABLE = 1e7  # [kg, kg m²] of a driven thing: its velocity is given, and contacts shall not see it give way
TRIPLE = {"box": lambda size: np.array(size) / 2, "sphere": lambda size: (size[0], 0, 0)}
TRIPLE |= {kind: lambda size: (size[0], size[1] / 2, 0) for kind in ("cylinder", "capsule")}


class Part(NamedTuple):
    """Whose a geometry is, a link's or a thing's; body: link, free, driven or fixed; how its surface behaves."""

    name: str
    thing: bool
    moves: bool
    surface: Surface
    body: str


class Parts(NamedTuple):
    """geoms: Part by geometry number; joints, dofs: places of robot.joints in qpos and qvel; things: name -> body."""

    geoms: tuple
    joints: np.ndarray
    dofs: np.ndarray
    links: dict
    things: dict


def wxyz(quaternion):
    """MuJoCo's order of a quaternion x y z w."""
    x, y, z, w = quaternion
    return [w, x, y, z]


def build(mujoco, robot, world, dt, *, surfaces=None, stops=(), couple=(), self_collision=False, iterations=100):
    """(MjModel, Parts); arguments as of Bullet. Raises InvalidInput for what MuJoCo cannot represent."""
    spec = mujoco.MjSpec()
    option = spec.option
    option.timestep, option.gravity, option.integrator = dt, list(robot.g), mujoco.mjtIntegrator.mjINT_EULER
    option.cone, option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 10.0
    option.iterations, option.tolerance = iterations, 1e-10
    option.disableflags = mujoco.mjtDisableBit.mjDSBL_AUTORESET  # a run that diverges shall be seen to
    spec.compiler.degree = False
    spec.compiler.boundmass = spec.compiler.boundinertia = 0.0
    maker = _Maker(mujoco, spec, robot, dict(surfaces or {}), tuple(stops))
    maker.robot_bodies()
    for pair in couple:
        maker.gear(pair)
    for shape in world:
        maker.thing(shape)
    pairs = list(_pairs(robot, maker.parts, self_collision))
    for a, b in pairs:
        maker.pair(a, b)
    try:
        model = spec.compile()
    except ValueError as error:
        raise InvalidInput(f"MuJoCo cannot make robot {robot.name!r} and its world: {error}") from None
    _exact_inertias(mujoco, model, maker.inertias)
    soften(model, [(maker.parts[a].surface, maker.parts[b].surface) for a, b in pairs], dt)
    places = [model.joint(f"j:{name}") for name in robot.joints]
    joints, dofs = (np.array([int(getattr(j, key)[0]) for j in places]) for key in ("qposadr", "dofadr"))
    things = {shape.name: model.body(f"t:{shape.name}").id for shape in world}
    links = {name: model.body(body).id for name, body in maker.links.items()}
    return model, Parts(tuple(maker.parts), joints, dofs, links, things)


def _pairs(robot, parts, self_collision):
    """Numbers of two geometries that may touch: robot and things, things that move freely and all else, links."""
    carrier, above = rigid_parts(robot)
    for (i, a), (j, b) in combinations(enumerate(parts), 2):
        meet = a.moves or b.moves if a.thing != b.thing else "free" in (a.body, b.body)
        if meet:
            yield i, j
        elif not (a.thing or b.thing) and isinstance(robot, Team) and robot.owner(a.name) is not robot.owner(b.name):
            if a.moves or b.moves:
                yield i, j
        elif self_collision and not a.thing and not b.thing:
            one, two = carrier[a.name], carrier[b.name]
            if one != two and above.get(one) != two and above.get(two) != one:
                yield i, j


class _Maker:
    """Fills a spec; parts grow in the order in which geometries are made, `inertias` maps body to what it must have."""

    def __init__(self, mujoco, spec, robot, surfaces, stops):
        self.mj, self.spec, self.robot, self.surfaces, self.stops = mujoco, spec, robot, surfaces, stops
        self.parts, self.inertias, self.links, self.meshes = [], {}, {}, {}
        self.kinds = {k: getattr(mujoco.mjtGeom, f"mjGEOM_{k.upper()}") for k in (*TRIPLE, "plane", "mesh")}

    # the robot

    def robot_bodies(self):
        robot, tree = self.robot, self.robot.tree
        names = {link.name for link in tree.links}
        for kind, known, asked in (
            ("joint", robot.joints, self.stops),
            ("link", names, [s for s in self.surfaces if s]),
        ):
            for name in asked:
                if name not in known:
                    raise UnknownName(kind, name, known)
        inertials, carrier = solid(tree), rigid_parts(robot)[0]
        links = {link.name: link for link in tree.links}
        base = robot.base.matrix
        bodies = {tree.root: self._body(self.spec.worldbody, f"l:{tree.root}", base[:3, 3], base[:3, :3])}
        for joint in tree.joints:
            origin = joint.origin.matrix
            body = self._body(bodies[joint.parent], f"l:{joint.child}", origin[:3, 3], origin[:3, :3])
            bodies[joint.child] = body
            if joint.name in robot.joints:
                self._joint(body, joint)
        for name, body in bodies.items():
            self.links[name] = f"l:{name}"
            self._inertia(body, inertials[name])
            surface = self.surfaces.get(name) or self.surfaces.get(None) or Surface.of_link(links[name].contact)
            for shape in links[name].collisions:
                self._link_geometry(body, shape, Part(name, False, carrier[name] != "", surface, "link"))

    def _body(self, parent, name, p, R):
        return parent.add_body(name=name, pos=np.array(p, float), quat=wxyz(from_matrix(R)))

    def _joint(self, body, joint):
        kind = self.mj.mjtJoint
        body.add_joint(
            name=f"j:{joint.name}",
            type=kind.mjJNT_SLIDE if joint.kind == "prismatic" else kind.mjJNT_HINGE,
            axis=list(joint.axis),
            limited=int(joint.name in self.stops),
            range=[joint.lower, joint.upper] if joint.name in self.stops else [0.0, 0.0],
        )

    def _inertia(self, body, inertial):
        """Principal axes now; the numbers after compiling, as MuJoCo refuses what breaks the triangle inequality."""
        T = inertial.origin.matrix
        moments = np.array(inertial.inertia)[[0, 3, 5]]
        self._set_inertia(body, T[:3, 3], from_matrix(T[:3, :3]), inertial.mass, moments)

    def _set_inertia(self, body, com, quaternion, mass, moments):
        body.explicitinertial = True
        body.ipos, body.iquat = np.array(com, float), wxyz(quaternion)
        body.mass, body.inertia = 1.0, [1.0, 1.0, 1.0]
        self.inertias[body.name] = max(mass, WEIGHTLESS), np.maximum(moments, WEIGHTLESS)

    def _link_geometry(self, body, shape, part):
        g, T = shape.geometry, shape.origin.matrix
        words = {"pos": T[:3, 3], "quat": wxyz(from_matrix(T[:3, :3]))}
        if g.kind == "mesh":
            if g.path is None:
                raise InvalidInput(f"link {part.name!r}: no mesh file {g.file}")
            words["meshname"] = self._mesh(read_vertices(g.path) * np.array(g.size), (str(g.path), tuple(g.size)))
        else:
            words["size"] = np.array(TRIPLE[g.kind](g.size), float)
        self._geometry(body, g.kind, part, words)

    def _geometry(self, body, kind, part, words):
        body.add_geom(name=f"g:{len(self.parts)}", type=self.kinds[kind], contype=0, conaffinity=0, mass=0.0, **words)
        self.parts.append(part)

    def _mesh(self, vertices, key):
        if key not in self.meshes:
            from scipy.spatial import ConvexHull, QhullError

            try:
                hull = vertices[ConvexHull(vertices).vertices]
            except QhullError:
                raise InvalidInput(
                    f"mesh {key[0]}: its vertices lie in one plane, of which MuJoCo has no hull"
                ) from None
            self.meshes[key] = f"m:{len(self.meshes)}"
            mesh = self.spec.add_mesh(name=self.meshes[key], uservert=hull.ravel())
            mesh.inertia = self.mj.mjtMeshInertia.mjMESH_INERTIA_CONVEX
        return self.meshes[key]

    def gear(self, pair):
        for name in pair:
            if name not in self.robot.joints:
                raise UnknownName("joint", name, self.robot.joints)
        gear = self.spec.add_equality(name=f"e:{pair[0]}", name1=f"j:{pair[0]}", name2=f"j:{pair[1]}")
        gear.type = self.mj.mjtEq.mjEQ_JOINT
        gear.data[:5] = [0.0, 1.0, 0.0, 0.0, 0.0]
        gear.solref = [0.01, 1.0]

    # things

    def thing(self, shape):
        pose = shape.pose
        body = self.spec.worldbody.add_body(name=f"t:{shape.name}", pos=pose[:3], quat=wxyz(pose[3:]))
        if shape.mount is not None:
            self._mount(body, shape)
        elif shape.dynamic or shape.driven:
            body.add_freejoint()
        if shape.dynamic:
            frame, moments = principal_frame(shape)
            self._set_inertia(body, frame[:3], frame[3:], shape.mass, moments)
        elif shape.driven:
            body.gravcomp = 1.0
            self._set_inertia(body, np.zeros(3), (0.0, 0.0, 0.0, 1.0), IMMOVABLE, np.full(3, IMMOVABLE))
        part = Part(shape.name, True, shape.dynamic or shape.driven, Surface.of_shape(shape), self._kind(shape))
        self._geometry(body, shape.kind, part, self._words(shape))

    @staticmethod
    def _kind(shape):
        return "free" if shape.dynamic else "driven" if shape.driven else "fixed"

    def _words(self, shape):
        if shape.kind == "plane":
            return {"size": [0.0, 0.0, 1.0]}
        if shape.kind == "mesh":
            vertices = shape.vertices()
            _refuse_hollow(shape, vertices)
            return {"meshname": self._mesh(vertices, (shape.file, tuple(shape.scale)))}
        size = {"box": "size", "sphere": ("radius",)}.get(shape.kind, ("radius", "length"))
        values = shape.size if size == "size" else [getattr(shape, key) for key in size]
        return {"size": np.array(TRIPLE[shape.kind](values), float)}

    def _mount(self, body, shape):
        m, kind = shape.mount, self.mj.mjtJoint
        limited = np.isfinite([m.lower, m.upper]).any()
        body.add_joint(
            name=f"w:{shape.name}",
            type=kind.mjJNT_SLIDE if m.slides else kind.mjJNT_HINGE,
            axis=list(m.axis),
            pos=list(m.at),
            limited=int(limited),
            range=np.clip([m.lower, m.upper], -1e6, 1e6) if limited else [0.0, 0.0],
            frictionloss=m.friction,
            solref_limit=[0.01, 1.0],
            solref_friction=[2 * self.spec.option.timestep, 1.0],
            solimp_friction=[0.999, 0.999, *HARD[2:]],
        )

    def pair(self, a, b):
        one, two = self.parts[a].surface, self.parts[b].surface
        slide = one.friction * two.friction
        spin, roll = (
            getattr(one, key) * two.friction + getattr(two, key) * one.friction
            for key in ("spinning_friction", "rolling_friction")
        )
        pair = self.spec.add_pair(geomname1=f"g:{a}", geomname2=f"g:{b}")
        pair.condim = 6 if roll > 0 else 4 if spin > 0 else 3 if slide > 0 else 1
        pair.friction = [slide, slide, spin, roll, roll]


def _refuse_hollow(shape, vertices):
    """A fixed mesh counts by its triangles in PyBullet; MuJoCo would fill its hollows."""
    convex = shape.convex and len(convex_parts(read_mesh(shape.file))) < 2  # else the hull of each part counts
    if convex or shape.dynamic or shape.motion is not None:
        return
    from scipy.spatial import ConvexHull

    hull = ConvexHull(vertices)
    depth = -(hull.equations[:, :3] @ vertices.T + hull.equations[:, 3:]).max(axis=0)
    if depth.max() > 1e-3:
        raise InvalidInput(
            f"{shape.name}: MuJoCo knows meshes as convex hulls only, and this one is {depth.max():.3g} m hollow: "
            "give `convex: true`, make it of several things, or run engine bullet"
        )


def _exact_inertias(mujoco, model, inertias):
    for name, (mass, moments) in inertias.items():
        body = model.body(name).id
        model.body_mass[body], model.body_inertia[body] = mass, moments
    mujoco.mj_setConst(model, mujoco.MjData(model))
