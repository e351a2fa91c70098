"""A rigid body that flies freely in PyBullet, driven by rotors: what gyms of quadrotors simulate.

    free_body    loads it into a client of its own -> FreeBody, whose `step` pushes and advances

Thrusts and the moment act on fixed links without mass, in their axes, as PyBullet's LINK_FRAME has it.
"""

import tempfile
from pathlib import Path
from typing import NamedTuple

from sims.engines.bullet import pybullet_module
from sims.engines.bullet_load import connect
from sims.engines.bullet_silence import captured

LINK = """<link name="{name}"><inertial><origin xyz="{at}" rpy="0 0 0"/><mass value="{mass!r}"/>
<inertia ixx="{inertia[0]!r}" iyy="{inertia[1]!r}" izz="{inertia[2]!r}" ixy="0" ixz="0" iyz="0"/></inertial></link>"""
JOINT = """<joint name="{name}_joint" type="fixed"><parent link="base"/><child link="{name}"/></joint>"""


class FreeBody(NamedTuple):
    """reset(p, quat, v, w); step(thrusts (m,), moment, push, at); read() -> (p, quat, v, w); close(). World axes."""

    reset: object
    step: object
    read: object
    close: object


def free_body(mass, inertia, points, dt, gravity, damping) -> FreeBody:
    """A body of principal inertias (3,) [kg m²] with rotors at points (m, 3) [m] along its z; damping as PyBullet's.

    raises   EngineUnavailable   PyBullet is not installed
    """
    p = pybullet_module()
    with captured():
        c = connect(p, dt, (0.0, 0.0, -gravity), 50)
        id = _load(p, c, mass, inertia, points)
    p.changeDynamics(id, -1, linearDamping=damping, angularDamping=damping, physicsClientId=c)
    middle, zero = len(points), [0.0, 0.0, 0.0]

    def reset(place, quat, v, w):
        p.resetBasePositionAndOrientation(id, place, quat, physicsClientId=c)
        p.resetBaseVelocity(id, v, w, physicsClientId=c)

    def step(thrusts, moment, push, at):
        for k, thrust in enumerate(thrusts):
            p.applyExternalForce(id, k, [0.0, 0.0, thrust], zero, p.LINK_FRAME, c)
        p.applyExternalTorque(id, middle, [0.0, 0.0, moment], p.LINK_FRAME, c)
        if push is not None:
            p.applyExternalForce(id, middle, push, at, p.WORLD_FRAME, c)
        p.stepSimulation(c)

    def read():
        return (*p.getBasePositionAndOrientation(id, c), *p.getBaseVelocity(id, c))

    def close():
        with captured():
            p.disconnect(physicsClientId=c)

    return FreeBody(reset, step, read, close)


def _load(p, c, mass, inertia, points):
    """Id of the body: a base and massless fixed links, one a rotor and one in the middle."""
    places = [*points, (0.0, 0.0, 0.0)]
    names = [f"rotor_{k}" for k in range(len(points))] + ["middle"]
    parts = [LINK.format(name="base", at="0 0 0", mass=float(mass), inertia=[float(i) for i in inertia])]
    for name, at in zip(names, places):
        where = " ".join(repr(float(x)) for x in at)
        parts += [LINK.format(name=name, at=where, mass=0.0, inertia=[0.0] * 3), JOINT.format(name=name)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "free.urdf"
        path.write_text(f'<robot name="free">{"".join(parts)}</robot>', encoding="utf-8")
        id = p.loadURDF(str(path), flags=p.URDF_USE_INERTIA_FROM_FILE, physicsClientId=c)
    p.changeDynamics(id, -1, mass=mass, localInertiaDiagonal=[float(i) for i in inertia], physicsClientId=c)
    return id
