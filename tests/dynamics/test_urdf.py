"""What a URDF may and may not say; every refusal names file, element and remedy."""

import numpy as np
import pytest

from robocalc.dynamics import Robot, audit, load, parse
from robocalc.dynamics.tree import rotation_rpy, rpy_of
from robocalc.errors import InvalidInput

MASS = '<inertial><mass value="1"/><inertia ixx="0.1" iyy="0.1" izz="0.1" ixy="0" ixz="0" iyz="0"/></inertial>'
LIMIT = '<limit lower="-1" upper="1" effort="5" velocity="2"/>'


def joint(name="j", kind="revolute", parent="base", child="arm", inside=LIMIT):
    return f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>{inside}</joint>'


def urdf(*parts, arm=MASS):
    return f'<robot name="r"><link name="base"/><link name="arm">{arm}</link>{"".join(parts)}</robot>'


def inertia(mass, xx, yy, zz, xy=0.0):
    numbers = f'ixx="{xx}" iyy="{yy}" izz="{zz}" ixy="{xy}" ixz="0" iyz="0"'
    return f'<inertial><mass value="{mass}"/><inertia {numbers}/></inertial>'


REFUSED = {
    "not XML": ("<robot><link", "robot.urdf", "well-formed"),
    "another root": ("<sdf/>", "robot.urdf", "<sdf>", "<robot>"),
    "no link": ("<robot/>", "no <link>"),
    "link without name": ("<robot><link/></robot>", "no name"),
    "duplicate link": (urdf('<link name="arm"/>', joint()), '"arm"', "twice"),
    "duplicate joint": (urdf(joint(), '<link name="b"/>', joint(child="b")), '"j"', "twice"),
    "several roots": (urdf('<link name="lost"/>', joint()), "base, lost", "several root"),
    "two parents": (urdf(joint(), joint("k", parent="base")), '"arm"', "two joints", "cut"),
    "all in a loop": (urdf(joint(), joint("k", parent="arm", child="base")), "loop"),
    "a loop apart": (
        urdf(joint(), '<link name="x"/><link name="y"/>', joint("k", "fixed", "x", "y"), joint("m", "fixed", "y", "x")),
        "loop",
    ),
    "unknown link": (urdf(joint(child="hand")), '"j"', '"hand"'),
    "no parent": (urdf('<joint name="j" type="fixed"><child link="arm"/></joint>'), '"j"', "parent"),
    "planar": (urdf(joint(kind="planar")), '"j"', "planar", "revolute, continuous, prismatic, fixed"),
    "floating": (urdf(joint(kind="floating")), '"j"', "floating"),
    "no limits": (urdf(joint(inside="")), '"j"', "<limit", "continuous"),
    "limits swapped": (urdf(joint(inside='<limit lower="1" upper="-1" effort="1" velocity="1"/>')), "lower 1", "upper"),
    "no range": (urdf(joint(inside='<limit lower="1" upper="1" effort="1" velocity="1"/>')), "range", "fixed"),
    "negative velocity": (
        urdf(joint(inside='<limit lower="-1" upper="1" effort="1" velocity="-1"/>')),
        "velocity",
        "negative",
    ),
    "limit not a number": (urdf(joint(inside='<limit lower="a" upper="1" effort="1" velocity="1"/>')), 'lower="a"'),
    "limit nan": (urdf(joint(inside='<limit lower="nan" upper="1" effort="1" velocity="1"/>')), "finite"),
    "zero axis": (urdf(joint(inside=f'<axis xyz="0 0 0"/>{LIMIT}')), '"j"', "axis is zero"),
    "axis of two": (urdf(joint(inside=f'<axis xyz="0 1"/>{LIMIT}')), "3 finite numbers"),
    "negative friction": (urdf(joint(inside=f'{LIMIT}<dynamics damping="-1"/>')), "damping -1"),
    "negative mass": (urdf(joint(), arm=inertia(-1, 0.1, 0.1, 0.1)), '"arm"', "-1", "negative"),
    "no mass": (urdf(joint(), arm="<inertial/>"), '"arm"', "<mass>"),
    "mass nan": (urdf(joint(), arm=inertia("nan", 0.1, 0.1, 0.1)), '"arm"', "finite"),
    "indefinite inertia": (urdf(joint(), arm=inertia(1, 0.1, 0.1, 0.1, xy=0.3)), '"arm"', "impossible", "positive"),
    "nothing to move": (urdf(joint(), arm=""), '"arm"', '"j"', "<inertial>", "fixed"),
    "no moving joint": (urdf(joint(kind="fixed", inside="")), "no joint moves"),
    "missing mesh": (
        urdf(joint(), arm=MASS + '<visual><geometry><mesh filename="package://a/b.stl"/></geometry></visual>'),
        '"arm"',
        "package://a/b.stl",
        "packages=",
    ),
    "unknown shape": (
        urdf(joint(), arm=MASS + "<visual><geometry><cone/></geometry></visual>"),
        '"arm"',
        "box, sphere",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_used_is_refused_by_name_and_remedy(case, tmp_path):
    text, *words = REFUSED[case]
    path = tmp_path / "robot.urdf"
    path.write_text(text)
    with pytest.raises(InvalidInput) as error:
        Robot.from_urdf(path)
    message = str(error.value)
    assert message.startswith("robot.urdf:")
    assert "\n" not in message
    for word in words:
        assert word in message, message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"no URDF file at .*nothing\.urdf"):
        Robot.from_urdf(tmp_path / "nothing.urdf")


def test_binary_rubbish_is_refused(tmp_path):
    (tmp_path / "r.urdf").write_bytes(b"\xff\xfe\x00rubbish")
    with pytest.raises(InvalidInput, match="UTF-8"):
        Robot.from_urdf(tmp_path / "r.urdf")


def limit(text):
    return urdf(joint(inside=f"<limit {text}/>"))


PART = joint("f", "fixed", "arm", "part", "")
FOUND = {
    "massless link with inertia": (
        urdf(joint(), f'<link name="part">{inertia(0, 0.1, 0.1, 0.1)}</link>', PART),
        "warning",
        "massless",
    ),
    "mass without inertia": (
        urdf(joint(), arm='<inertial><origin xyz="1 1 1"/><mass value="2"/></inertial>'),
        "warning",
        "point mass",
    ),
    "triangle inequality": (urdf(joint(), arm=inertia(1, 0.1, 0.1, 0.3)), "warning", "exceeds the sum"),
    "a rod in a plane": (
        urdf(joint(inside=f'<axis xyz="0 0 1"/>{LIMIT}'), arm=inertia(1, 0, 0, 0.3)),
        "warning",
        "sum of the others (used",
    ),
    "no inertial on a moving link": (
        urdf(joint(), f'<link name="part">{MASS}</link>', PART, arm=""),
        "warning",
        "no <inertial>",
    ),
    "zero position limits": (limit('lower="0" upper="0" effort="1" velocity="1"'), "warning", "both zero"),
    "no position limits": (limit('effort="1" velocity="1"'), "warning", "no position limits"),
    "zero velocity": (limit('lower="-1" upper="1" effort="1" velocity="0"'), "warning", "velocity limit is zero"),
    "zero effort": (limit('lower="-1" upper="1" effort="0" velocity="1"'), "note", "unactuated"),
    "no effort": (limit('lower="-1" upper="1" velocity="1"'), "warning", "no effort limit"),
    "mimic": (
        urdf(
            joint(),
            f'<link name="part">{MASS}</link>',
            joint("k", "revolute", "arm", "part", LIMIT + '<mimic joint="j"/>'),
        ),
        "warning",
        "mimics",
    ),
    "assumed acceleration": (urdf(joint()), "note", "acceleration limit in the file; assumed 10 rad/s^2"),
    "assumed jerk": (urdf(joint(kind="prismatic")), "note", "jerk limit in the file; assumed 250 m/s^3"),
}


@pytest.mark.parametrize("case", FOUND)
def test_the_audit_names_what_is_wrong_and_what_is_assumed(case, tmp_path):
    text, severity, words = FOUND[case]
    (tmp_path / "robot.urdf").write_text(text)
    robot = Robot.from_urdf(tmp_path / "robot.urdf")
    assert any(f.severity == severity and words in f.what for f in robot.findings), [str(f) for f in robot.findings]
    robot.limits  # noqa: B018  valid whatever the file leaves open


def test_the_placeholder_panda_is_found_out():
    findings = [str(f) for f in load("panda_placeholder").findings]
    assert any("placeholders" in f for f in findings)
    assert any("panda_link8" in f and "massless" in f for f in findings)
    assert any("panda_finger_joint2" in f and "mimics" in f for f in findings)


def test_our_own_robots_have_nothing_to_warn_of():
    for name in ("panda", "panda_gripper", "cart_pole", "two_link"):
        assert [f for f in load(name).findings if f.severity != "note"] == []


def test_meshes_may_be_missing_where_the_caller_says_so(tmp_path):
    text = REFUSED["missing mesh"][0]
    (tmp_path / "robot.urdf").write_text(text)
    robot = Robot.from_urdf(tmp_path / "robot.urdf", meshes=False)
    assert any("not found" in f.what for f in robot.findings)
    assert robot.visuals()[0].geometry.path is None


@pytest.mark.parametrize("folder", ["a", "urdf/deep"])
def test_package_paths_are_found_beside_and_above(folder, tmp_path):
    (tmp_path / "a" / "meshes").mkdir(parents=True)
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    mesh = tmp_path / "a" / "meshes" / "b.stl"
    mesh.write_text("solid")
    text = REFUSED["missing mesh"][0].replace("a/b.stl", "a/meshes/b.stl")
    path = tmp_path / folder / "robot.urdf"
    path.write_text(text)
    assert Robot.from_urdf(path).visuals()[0].geometry.path == mesh.resolve()


def test_limits_and_friction_are_read(tmp_path):
    inside = (
        '<limit lower="-1" upper="2" effort="5" velocity="3" acceleration="7" jerk="70"/>'
        '<dynamics damping="0.5" friction="0.25"/>'
    )
    (tmp_path / "robot.urdf").write_text(urdf(joint(inside=inside)))
    robot = Robot.from_urdf(tmp_path / "robot.urdf")
    assert robot.limits.bounds("position").tolist() == [[-1], [2]]
    assert (robot.limits.velocity, robot.limits.acceleration, robot.limits.jerk, robot.limits.torque) == (3, 7, 70, 5)
    assert robot.friction.tolist() == [[0.5], [0.25]]
    assert robot.limits.n == robot.n == 1


def test_continuous_joints_have_no_position_limit(tmp_path):
    (tmp_path / "robot.urdf").write_text(urdf(joint(kind="continuous", inside="")))
    assert np.isinf(Robot.from_urdf(tmp_path / "robot.urdf").limits.bounds("position")).all()


def test_a_tree_can_be_parsed_and_audited_alone():
    tree = parse(load("xarm6").path)
    assert tree.root == "world"
    assert [f.severity for f in audit(tree)] == ["warning", "warning", "note", "note"]


@pytest.mark.parametrize("rpy", [(0.1, -0.4, 2.0), (1.0, np.pi / 2, 0.5), (0.3, -np.pi / 2, -2.0), (3, 1, -3)])
def test_roll_pitch_yaw_return(rpy):
    R = rotation_rpy(np.array(rpy))
    np.testing.assert_allclose(rotation_rpy(np.array(rpy_of(R))), R, atol=1e-15)
