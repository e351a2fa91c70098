"""Robots and shapes put into a PyBullet client with audited settings; `p` is the pybullet module, `c` the client's id.

    connect        an own client that collides pairs in a fixed order
    load_robot     a URDF whose bodies have exactly the inertias of the file, whatever PyBullet thinks of them
    load_shape     a Shape, exact inertia, own surface

What PyBullet does when left alone, and what is done here, is listed in `tests/sims/test_bullet_pitfalls.py`.
"""

import tempfile
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from robocalc.dynamics import Team
from robocalc.errors import EngineUnavailable, InvalidInput, UnknownName
from sims.engines.bullet_silence import captured
from sims.engines.poses import from_matrix
from sims.engines.surface import Surface

# [rad, m, and per s]: limits and speed clamps moved out of the way; larger ones lose digits in PyBullet
UNBOUNDED = 1e9
GEAR_ERP, GEAR_FORCE = 0.2, 1000.0  # share of a difference taken back in a step; [N, N m]
# of a rigid surface with restitution [N/m, N s/m]: PyBullet takes from a rebound what is left of a gap, and adds to it
# a share of the overlap; so only overlaps count, and of these dt K / (dt K + D), a hundredth at 1 ms
LIVELY = (1e10, 1e9)
MOVING_TYPES = (0, 1)  # JOINT_REVOLUTE, JOINT_PRISMATIC


def settings(surface):
    """A Surface as arguments of changeDynamics."""
    contact = {"contactStiffness": surface.stiffness, "contactDamping": surface.damping} if surface.stiffness else {}
    if surface.restitution > 0 and not surface.stiffness:
        contact = {"contactStiffness": LIVELY[0], "contactDamping": LIVELY[1], "contactProcessingThreshold": 0.0}
    return contact | {
        "lateralFriction": surface.friction,
        "spinningFriction": surface.spinning_friction,
        "rollingFriction": surface.rolling_friction,
        "restitution": surface.restitution,
        "frictionAnchor": int(surface.anchor),
    }


class Body(NamedTuple):
    """A loaded robot: its id, PyBullet's index of each of `robot.joints`, and link name -> PyBullet's index."""

    id: int
    joints: tuple
    links: dict


def connect(p, dt, gravity, solver_iterations):
    """Id of a new client without a window, gravity set, pairs sorted so that the same scene gives the same bits."""
    c = p.connect(p.DIRECT)
    if c < 0:
        raise EngineUnavailable("PyBullet has no room for another client: close() engines that are no longer used")
    configure(p, c, dt, gravity, solver_iterations)
    return c


def configure(p, c, dt, gravity, solver_iterations):
    """Physics settings; resetSimulation forgets them."""
    p.setPhysicsEngineParameter(
        fixedTimeStep=dt,
        numSubSteps=0,
        numSolverIterations=solver_iterations,
        deterministicOverlappingPairs=1,
        enableFileCaching=0,  # a mesh that changed on disk is read again
        physicsClientId=c,
    )
    p.setGravity(*gravity, physicsClientId=c)


def load_robot(p, c, robot, *, visuals=False, self_collision=False, surfaces=None, stops=(), couple=()):
    """Body of the robot, at rest at zero, nothing driving it.

    surfaces   link name -> Surface; None stands for all others; without it what the URDF's <contact> says
    stops      joints that keep their limits as physical stops; all others turn freely, limits are the controller's
    couple     pairs of joints that a gear keeps equal
    raises     InvalidInput   PyBullet cannot load it, with what it printed
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "robot.urdf"
        robot.write_urdf(path)
        lift_limits(path, stops)
        wanted = inertias_of(path)
        flags = p.URDF_USE_INERTIA_FROM_FILE
        flags |= 0 if visuals else p.URDF_IGNORE_VISUAL_SHAPES
        flags |= p.URDF_USE_SELF_COLLISION if self_collision or isinstance(robot, Team) else 0
        base = robot.base.matrix
        with captured() as printed:
            try:
                body = p.loadURDF(
                    str(path),
                    basePosition=base[:3, 3].tolist(),
                    baseOrientation=from_matrix(base[:3, :3]).tolist(),
                    useFixedBase=1,
                    flags=flags,
                    physicsClientId=c,
                )
            except p.error as error:
                raise InvalidInput(
                    f"PyBullet cannot load robot {robot.name!r}: {_last_line(printed(), error)}"
                ) from None
    loaded = _audited(p, c, body, robot, wanted, surfaces or {}, stops)
    if isinstance(robot, Team) and not self_collision:
        _part(p, c, loaded, robot)
    for pair in couple:
        _gear(p, c, loaded, robot, pair)
    return loaded


def _part(p, c, body, team):
    """Links of one robot of a team pass through each other, as those of a robot alone do; those of two robots don't."""
    for one, two in combinations(team.links, 2):
        if team.owner(one) is team.owner(two):
            p.setCollisionFilterPair(body.id, body.id, body.links[one], body.links[two], 0, physicsClientId=c)


def _last_line(text, error):
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("b3Warning")]
    return f"{error} ({lines[-1]})" if lines else str(error)


def lift_limits(path, stops):
    """Rewrite the URDF at `path` so that joints have no limits, apart from those that are physical stops.

    lower > upper is PyBullet's word for a free joint; changeDynamics cannot lift a limit that was loaded. A free joint
    has no limit constraint, so steps are quicker as well.
    """
    tree = ET.parse(path)
    for joint in tree.getroot().iter("joint"):
        limit = joint.find("limit")
        if limit is not None and joint.get("name") not in stops:
            limit.set("lower", "1")
            limit.set("upper", "-1")
    tree.write(path, encoding="utf-8")


def inertias_of(path):
    """link name -> (mass, principal inertia) of a URDF whose inertial frames are principal axes, as ours write them.

    Principal, because PyBullet diagonalises to six digits only; and set again after loading, because it takes an
    inertia that breaks the triangle inequality, as identified ones may by a little, for zero.
    """
    found = {}
    for link in ET.parse(path).getroot().iter("link"):
        inertial = link.find("inertial")
        if inertial is not None:
            inertia = inertial.find("inertia")
            diagonal = tuple(float(inertia.get(k)) for k in ("ixx", "iyy", "izz"))
            found[link.get("name")] = (float(inertial.find("mass").get("value")), diagonal)
    return found


def _audited(p, c, body, robot, wanted, surfaces, stops):
    """Body with motors off, no hidden damping, clamps or limits, and the file's inertias."""
    infos = [p.getJointInfo(body, j, physicsClientId=c) for j in range(p.getNumJoints(body, physicsClientId=c))]
    index = {info[1].decode(): info[0] for info in infos if info[2] in MOVING_TYPES}
    links = {p.getBodyInfo(body, physicsClientId=c)[0].decode(): -1} | {info[12].decode(): info[0] for info in infos}
    if set(index) != set(robot.joints):
        odd = sorted(set(index) ^ set(robot.joints))
        raise InvalidInput(f"robot {robot.name!r}: PyBullet and the model disagree about the joints {', '.join(odd)}")
    for kind, names, known in (("joint", stops, index), ("link", [s for s in surfaces if s], links)):
        for name in names:
            if name not in known:
                raise UnknownName(kind, name, known)
    contact = {link.name: link.contact for link in robot.tree.links}
    for name, link in links.items():
        p.changeDynamics(
            body,
            link,
            linearDamping=0.0,
            angularDamping=0.0,
            jointDamping=0.0,
            maxJointVelocity=UNBOUNDED,
            physicsClientId=c,
        )
        _exact_inertia(p, c, body, link, wanted.get(name))
        surface = surfaces.get(name) or surfaces.get(None) or Surface.of_link(contact.get(name, ()))
        p.changeDynamics(body, link, **settings(surface), physicsClientId=c)
    joints = tuple(index[name] for name in robot.joints)
    p.setJointMotorControlArray(body, joints, p.VELOCITY_CONTROL, forces=[0.0] * len(joints), physicsClientId=c)
    return Body(body, joints, links)


def _gear(p, c, body, robot, pair):
    """A constraint that keeps two joints equal, as the rack between the fingers of a parallel gripper does."""
    for name in pair:
        if name not in robot.joints:
            raise UnknownName("joint", name, robot.joints)
    first, second = (body.joints[robot.joints.index(name)] for name in pair)
    gear = p.createConstraint(
        parentBodyUniqueId=body.id,
        parentLinkIndex=first,
        childBodyUniqueId=body.id,
        childLinkIndex=second,
        jointType=p.JOINT_GEAR,
        jointAxis=[0, 0, 1],
        parentFramePosition=[0, 0, 0],
        childFramePosition=[0, 0, 0],
        physicsClientId=c,
    )
    p.changeConstraint(gear, gearRatio=-1, erp=GEAR_ERP, maxForce=GEAR_FORCE, physicsClientId=c)


def _exact_inertia(p, c, body, link, wanted):
    """Mass and principal inertia as in the file; a second call, because setting the mass resets the inertia."""
    mass, diagonal = wanted or (0.0, (0.0, 0.0, 0.0))  # a link without inertial weighs nothing: PyBullet gives it 1 kg
    if link == -1:
        return  # the fixed base moves nothing
    info = p.getDynamicsInfo(body, link, physicsClientId=c)
    if info[0] != mass:
        p.changeDynamics(body, link, mass=mass, physicsClientId=c)
    p.changeDynamics(body, link, localInertiaDiagonal=diagonal, physicsClientId=c)


def load_shape(p, c, shape, frame, inertia, visuals):
    """PyBullet's id of a shape at the world's origin; `frame`, `inertia` as of `principal_frame`, None without mass."""
    ids = {"baseCollisionShapeIndex": _create(p, c, shape, p.createCollisionShape, collision=True)}
    if visuals:
        ids["baseVisualShapeIndex"] = _create(p, c, shape, p.createVisualShape, rgbaColor=list(shape.color))
    if frame is not None:
        ids |= {"baseInertialFramePosition": frame[:3].tolist(), "baseInertialFrameOrientation": frame[3:].tolist()}
    body = p.createMultiBody(baseMass=shape.mass, **ids, physicsClientId=c)
    surface = Surface.of_shape(shape)
    p.changeDynamics(
        body,
        -1,
        linearDamping=0.0,
        angularDamping=0.0,
        activationState=p.ACTIVATION_STATE_DISABLE_SLEEPING,
        **({} if inertia is None else {"localInertiaDiagonal": inertia.tolist()}),
        **settings(surface),
        physicsClientId=c,
    )
    return body


def _create(p, c, shape, create, collision=False, **options):
    """A collision or visual shape; InvalidInput with what PyBullet printed when there is none."""
    length = "height" if collision else "length"
    geometry = {
        "plane": lambda: {"shapeType": p.GEOM_PLANE, "planeNormal": [0, 0, 1]},
        "box": lambda: {"shapeType": p.GEOM_BOX, "halfExtents": [s / 2 for s in shape.size]},
        "sphere": lambda: {"shapeType": p.GEOM_SPHERE, "radius": shape.radius},
        "cylinder": lambda: {"shapeType": p.GEOM_CYLINDER, "radius": shape.radius, length: shape.length},
        "capsule": lambda: {"shapeType": p.GEOM_CAPSULE, "radius": shape.radius, length: shape.length},
        "mesh": lambda: {"shapeType": p.GEOM_MESH, "fileName": shape.file, "meshScale": shape.scale},
    }[shape.kind]()
    if collision and shape.kind == "mesh" and not (shape.convex or shape.dynamic or shape.motion is not None):
        options["flags"] = p.GEOM_FORCE_CONCAVE_TRIMESH
    with captured() as printed:
        try:
            number = create(**geometry, **options, physicsClientId=c)
        except p.error as error:
            number, printed = -1, lambda text=str(error): text
    if number < 0:
        which = f"{shape.kind} {shape.name!r}" + (f" of {shape.file}" if shape.kind == "mesh" else "")
        raise InvalidInput(f"PyBullet cannot make {which}: {printed().strip() or 'no reason given'}")
    return number
