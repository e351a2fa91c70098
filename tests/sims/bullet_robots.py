"""Small robots for the PyBullet tests, and pinocchio's semi-implicit Euler as the truth they are held against."""

import numpy as np
import pinocchio as pin

from robocalc.dynamics import Robot

LINK = """<link name="{name}"><inertial><origin xyz="{com}" rpy="{turn}"/><mass value="{mass}"/>
<inertia ixx="{xx}" ixy="{xy}" ixz="{xz}" iyy="{yy}" iyz="{yz}" izz="{zz}"/></inertial>{more}</link>"""
JOINT = """<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>
<origin xyz="{at}" rpy="{turn}"/><axis xyz="{axis}"/>
<limit lower="{lower}" upper="{upper}" effort="{effort}" velocity="{velocity}"/>
<dynamics damping="3" friction="2"/></joint>"""


def link(name, mass=1.0, inertia=(0.03, 0, 0, 0.04, 0, 0.05), com="0 0 0", turn="0 0 0", more=""):
    xx, xy, xz, yy, yz, zz = inertia
    return LINK.format(name=name, mass=mass, com=com, turn=turn, xx=xx, xy=xy, xz=xz, yy=yy, yz=yz, zz=zz, more=more)


def joint(name, parent, child, kind="revolute", axis="0 1 0", at="0 0 0", turn="0 0 0", lower=-9, upper=9):
    return JOINT.format(
        name=name,
        kind=kind,
        parent=parent,
        child=child,
        axis=axis,
        at=at,
        turn=turn,
        lower=lower,
        upper=upper,
        effort=5,
        velocity=2,
    )


def fixed(name, parent, child, at="0 0 0", turn="0 0 0"):
    places = f'<parent link="{parent}"/><child link="{child}"/><origin xyz="{at}" rpy="{turn}"/>'
    return f'<joint name="{name}" type="fixed">{places}</joint>'


def collision(geometry, at="0 0 0"):
    return f'<collision><origin xyz="{at}" rpy="0 0 0"/><geometry>{geometry}</geometry></collision>'


def robot_of(tmp_path, *parts, name="test", **options):
    """Robot of the URDF that the parts make; the base is link `base`."""
    path = tmp_path / f"{name}.urdf"
    path.write_text(f'<robot name="{name}">{"".join(parts)}</robot>')
    return Robot.from_urdf(path, **options)


def double_pendulum(tmp_path, inertia=(0.03, 0, 0, 0.04, 0, 0.05), **options):
    """Two skew links with damping, friction, effort and speed in the file that must not act."""
    return robot_of(
        tmp_path,
        '<link name="base"/>',
        joint("j1", "base", "a", axis="0 0.6 0.8", at="0.1 0 0.2", turn="0.3 0.2 0.1"),
        link("a", 2.0, inertia, com="0.1 0.05 -0.2", turn="0.5 -0.3 0.2"),
        joint("j2", "a", "b", axis="1 0 0", at="0.3 0 0.2", turn="0.3 0.2 1.1"),
        link("b", 1.5, inertia, com="0.1 0.05 -0.2"),
        **options,
    )


def press(tmp_path, shape='<sphere radius="0.05"/>', mass=1.0, axis="0 0 1", name="press", **options):
    """One link that slides along `axis` from the origin, with one collision shape."""
    return robot_of(
        tmp_path,
        '<link name="base"/>',
        joint("slide", "base", "tip", kind="prismatic", axis=axis),
        link("tip", mass, more=collision(shape)),
        name=name,
        **options,
    )


def pinocchio_model(robot):
    """Model of the URDF as it was given, gravity as the robot's."""
    model = pin.buildModelFromUrdf(str(robot.path))
    model.gravity.linear = np.array(robot.g)
    return model


def pinocchio_march(model, q, v, torques, dt):
    """q, v (N + 1, n) by v₊ = v + dt aba(q, v, tau), q₊ = q + dt v₊."""
    data, rows = model.createData(), [(q, v)]
    for tau in torques:
        v = v + dt * pin.aba(model, data, q, v, tau)
        q = q + dt * v
        rows.append((q, v))
    return tuple(np.array(x) for x in zip(*rows))


def bullet_march(plant, q, v, torques):
    """The same by PyBullet."""
    plant.reset(q, v)
    rows = [(q, v), *((s.q, s.v) for s in map(plant.step, torques))]
    return tuple(np.array(x) for x in zip(*rows))
