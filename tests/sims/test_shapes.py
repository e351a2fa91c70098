"""Shapes and motions against closed forms, scipy's rotations and Monte-Carlo volumes."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation, Slerp

from robocalc.errors import InvalidInput, UnknownName
from sims.engines import poses
from sims.engines.meshes import hull_mass_properties
from sims.engines.motions import INTERPOLATIONS, Circle, Keyframes, Line
from sims.engines.shapes import SHAPES, Box, Capsule, Cylinder, Mesh, Plane, Shape, Sphere, check_names

BOX_OBJ = "".join(f"v {x} {y} {z}\n" for x in (0, 1) for y in (0, 2) for z in (0, 3)) + "f 1 2 3\n"
EXAMPLES = {
    "plane": Plane(name="floor"),
    "box": Box(name="box", size=(0.2, 0.3, 0.5)),
    "sphere": Sphere(name="ball", radius=0.3),
    "cylinder": Cylinder(name="can", radius=0.2, length=0.6),
    "capsule": Capsule(name="pill", radius=0.2, length=0.5),
}


def quaternions(count, seed=0):
    return Rotation.random(count, random_state=np.random.default_rng(seed)).as_quat()


# poses --------------------------------------------------------------------------------------------------------------


def test_quaternion_operations_agree_with_scipy():
    a, b = quaternions(50, 1), quaternions(50, 2)
    p = np.random.default_rng(3).normal(size=(50, 3))
    A, B = Rotation.from_quat(a), Rotation.from_quat(b)
    assert_allclose(Rotation.from_quat(poses.multiply(a, b)).as_matrix(), (A * B).as_matrix(), atol=1e-14)
    assert_allclose(poses.rotate(a, p), A.apply(p), atol=1e-14)
    assert_allclose(poses.rotation_vector(a), A.as_rotvec(), atol=1e-13)
    assert_allclose(poses.rotate(poses.from_rotation_vector(A.as_rotvec()), p), A.apply(p), atol=1e-13)
    assert_allclose(poses.matrix(a[0]), A[0].as_matrix(), atol=1e-14)
    rpy = np.random.default_rng(4).uniform(-3, 3, (50, 3))
    R = Rotation.from_euler("xyz", rpy)
    assert_allclose(poses.rotate(poses.rpy_quaternion(rpy), p), R.apply(p), atol=1e-14)


def test_matrix_to_quaternion_keeps_all_digits_also_near_half_turns():
    for q in [*quaternions(50), [1, 0, 0, 0], [0, 1, 0, 1e-9], [0, 0, 1, -1e-9], [0.6, 0.8, 0, 0]]:
        R = poses.matrix(np.array(q) / np.linalg.norm(q))
        assert_allclose(poses.matrix(poses.from_matrix(R)), R, atol=1e-15)


def test_a_pose_and_its_inverse_cancel():
    T = np.concatenate([np.random.default_rng(0).normal(size=(20, 3)), quaternions(20)], axis=1)
    back = poses.compose(T, poses.inverse(T))
    assert_allclose(back[:, :3], 0, atol=1e-14)
    assert_allclose(np.abs(back[:, 6]), 1, atol=1e-14)


def test_mean_twist_carries_one_pose_into_the_next():
    a, b = (np.concatenate([p, q]) for p, q in zip(np.random.default_rng(1).normal(size=(2, 3)), quaternions(2)))
    twist = poses.mean_twist(a, b, 0.5)
    assert_allclose(a[:3] + 0.5 * twist[:3], b[:3], atol=1e-14)
    turned = Rotation.from_rotvec(0.5 * twist[3:]) * Rotation.from_quat(a[3:])
    assert_allclose(turned.as_matrix(), Rotation.from_quat(b[3:]).as_matrix(), atol=1e-13)


# motions ------------------------------------------------------------------------------------------------------------


def keyframes(**options):
    turns = quaternions(4, 7)
    return Keyframes([0.0, 1.0, 3.0, 4.0], np.random.default_rng(5).normal(size=(4, 3)), quaternions=turns, **options)


@pytest.mark.parametrize("name", INTERPOLATIONS)
def test_keyframes_are_met_at_their_times_and_held_outside(name):
    motion = keyframes(interpolation=name)
    at = motion.at(motion.times)
    assert_allclose(at[:, :3], motion.positions, atol=1e-14)
    assert_allclose(np.abs(np.sum(at[:, 3:] * motion.quaternions, axis=1)), 1, atol=1e-12)
    assert_allclose(motion.at([-1.0, 9.0])[:, :3], motion.positions[[0, -1]], atol=1e-14)
    assert motion.at(0.3).shape == (7,)
    assert_allclose(motion.at(np.array([0.3]))[0], motion.at(0.3), atol=0)


def test_linear_keyframes_are_numpys_interp_and_scipys_slerp():
    motion, t = keyframes(interpolation="linear"), np.linspace(0, 4, 101)
    at = motion.at(t)
    for i in range(3):
        assert_allclose(at[:, i], np.interp(t, motion.times, motion.positions[:, i]), atol=1e-14)
    slerp = Slerp(motion.times, Rotation.from_quat(motion.quaternions))(t)
    assert_allclose(Rotation.from_quat(at[:, 3:]).as_matrix(), slerp.as_matrix(), atol=1e-12)


def test_min_jerk_keyframes_rest_in_every_frame_and_peak_at_15_8_of_the_mean_speed():
    motion = Keyframes([0.0, 2.0], [[0.0, 0, 0], [1.0, 0, 0]])
    t = np.linspace(0, 2, 20001)
    x = motion.at(t)[:, 0]
    speed, accel = np.gradient(x, t), np.gradient(np.gradient(x, t), t)
    assert speed.max() == pytest.approx(15 / 8 * 0.5, rel=1e-6)
    assert abs(speed[0]) < 1e-6
    assert abs(accel[[0, -1]]).max() < 1e-2


def test_a_repeated_motion_starts_again():
    motion = keyframes(repeat=True)
    t = np.linspace(0.01, 3.99, 50)
    assert_allclose(motion.at(t + 8.0), motion.at(t), atol=1e-12)


def test_hold_waits_until_the_next_frame():
    motion = Keyframes([0.0, 1.0, 2.0], [[0.0, 0, 0], [1.0, 0, 0], [2.0, 0, 0]], interpolation="hold")
    assert motion.at(np.array([0.0, 0.99, 1.0, 1.99, 2.0, 5.0]))[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_line_goes_there_and_with_repeat_comes_back():
    line = Line((0, 0, 0), (2, 0, 0), duration=2.0, start=1.0, interpolation="linear")
    assert_allclose(line.at(np.array([0.0, 1.0, 2.0, 3.0, 9.0]))[:, 0], [0, 0, 1, 2, 2])
    both = replace(line, repeat=True)
    assert_allclose(both.at(np.array([0.5, 2.0, 3.0, 4.0, 5.0, 7.0]))[:, 0], [0, 1, 2, 1, 0, 2], atol=1e-15)


def test_circle_keeps_radius_plane_and_speed():
    circle = Circle(center=(1, 2, 3), radius=0.5, period=2.0, axis=(1, 1, 1), phase=0.3)
    t = np.linspace(0, 2, 2001)
    arm = circle.at(t)[:, :3] - (1, 2, 3)
    assert_allclose(np.linalg.norm(arm, axis=1), 0.5, rtol=1e-12)
    assert_allclose(arm.sum(axis=1), 0, atol=1e-12)
    assert_allclose(np.linalg.norm(np.diff(arm, axis=0), axis=1) / 0.001, np.pi * 0.5, rtol=1e-5)
    assert np.cross(arm[0], arm[100]) @ (1, 1, 1) > 0
    assert_allclose(Circle((0, 0, 0), 1.0, 1.0).at(0.0)[:3], (1, 0, 0), atol=1e-15)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Keyframes([0, 0], np.zeros((2, 3))), "must increase"),
        (lambda: Keyframes([], np.zeros((0, 3))), "must increase"),
        (lambda: Keyframes([0, 1], np.zeros((3, 3))), r"positions must have shape \(2, 3\)"),
        (lambda: Keyframes([0, np.nan], np.zeros((2, 3))), "finite"),
        (lambda: Keyframes([0, 1], np.zeros((2, 3)), quaternions=np.zeros((2, 4))), "must not be zero"),
        (lambda: Keyframes([0], [[0, 0, 0]], rpys=[[0, 0, 0]], quaternions=[[0, 0, 0, 1]]), "not both"),
        (lambda: Line((0, 0, 0), (1, 0, 0), duration=0), "line duration must be above 0"),
        (lambda: Circle((0, 0, 0), 1, 1, axis=(0, 0, 0)), "axis must not be zero"),
        (lambda: Circle((0, 0, 0), -1, 1), "radius must be above 0"),
    ],
)
def test_a_motion_that_makes_no_sense_is_refused(make, says):
    with pytest.raises(InvalidInput, match=says):
        make()


def test_an_unknown_interpolation_names_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'min_jerk'"):
        Keyframes([0, 1], np.zeros((2, 3)), interpolation="minjerk")


# shapes -------------------------------------------------------------------------------------------------------------


def sampled_inertia(inside, half, count=200_000):
    """Monte-Carlo inertia per kg of {x in [-half, half] : inside(x)}."""
    x = np.random.default_rng(0).uniform(-1, 1, (count, 3)) * half
    x = x[inside(x)]
    return np.mean(np.sum(x * x, axis=1)) * np.eye(3) - x.T @ x / len(x)


def test_inertias_are_those_of_uniform_solids():
    box, ball, can, pill = (EXAMPLES[k] for k in ("box", "sphere", "cylinder", "capsule"))

    def radius(x):
        return np.hypot(x[:, 0], x[:, 1])

    def within_pill(x):
        z = np.maximum(np.abs(x[:, 2]) - pill.length / 2, 0)
        return radius(x) ** 2 + z**2 < pill.radius**2

    cases = [
        (box, lambda x: np.ones(len(x), bool), np.array(box.size) / 2),
        (ball, lambda x: np.sum(x * x, axis=1) < ball.radius**2, np.full(3, ball.radius)),
        (can, lambda x: radius(x) < can.radius, np.array([can.radius, can.radius, can.length / 2])),
        (pill, within_pill, np.array([pill.radius, pill.radius, pill.length / 2 + pill.radius])),
    ]
    for shape, inside, half in cases:
        com, inertia = shape.unit_inertia()
        assert_allclose(com, 0)
        assert_allclose(inertia, sampled_inertia(inside, half), atol=0.006 * np.trace(inertia))


def test_hull_of_a_box_has_the_boxs_mass_properties():
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 2) for z in (0, 3)], float)
    V, com, inertia = hull_mass_properties(np.vstack([corners, [[0.5, 1, 1]]]))
    assert_allclose(V, 6)
    assert_allclose(com, (0.5, 1, 1.5), atol=1e-14)
    assert_allclose(inertia, np.diag([4 + 9, 1 + 9, 1 + 4]) / 12, atol=1e-13)


def test_a_mesh_file_is_read_and_scaled(tmp_path):
    (tmp_path / "box.obj").write_text(BOX_OBJ)
    com, inertia = Mesh(name="part", file=str(tmp_path / "box.obj"), scale=2.0, mass=1).unit_inertia()
    assert_allclose(com, (1, 2, 3), atol=1e-13)
    assert_allclose(inertia, np.diag([4 + 9, 1 + 9, 1 + 4]) / 3, atol=1e-12)


def test_both_kinds_of_stl_give_the_same_vertices(tmp_path):
    triangles = np.random.default_rng(0).normal(size=(4, 3, 3)).astype("<f4")
    record = np.zeros(4, np.dtype([("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")]))
    record["v"] = triangles
    (tmp_path / "b.stl").write_bytes(b"solid looks like text".ljust(80) + (4).to_bytes(4, "little") + record.tobytes())
    rows = []
    for corners in triangles:
        rows += ["facet", "outer loop", *("vertex {:.9g} {:.9g} {:.9g}".format(*c) for c in corners), "endloop"]
    (tmp_path / "a.stl").write_text("\n".join(["solid a", *rows, "endsolid"]))
    a, b = (Mesh(name="m", file=str(tmp_path / f"{k}.stl")).vertices() for k in "ab")
    assert_allclose(a, b, rtol=1e-7)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.obj", None, "No such file"),
        ("thing.dae", b"", "convert it to .obj or .stl"),
        ("thing", b"", "no suffix"),
        ("few.obj", b"v 0 0 0\nv 1 0 0\n", "at least 4"),
        ("nan.obj", b"v 0 0 nan\n" * 4, "finite"),
        ("text.obj", b"v a b c\n" * 4, "cannot be read"),
        ("short.obj", b"v 1 2\nv 1 2 3\n", "cannot be read"),
        ("bad.stl", b"\xff\xfe" * 100, "cannot be read"),
    ],
)
def test_a_bad_mesh_file_is_named(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=says) as caught:
        Mesh(name="part", file=str(tmp_path / name))
    assert str(caught.value).startswith(f"part: mesh file {tmp_path / name}")


def test_a_flat_mesh_cannot_carry_mass(tmp_path):
    (tmp_path / "flat.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\n")
    with pytest.raises(InvalidInput, match="one plane"):
        Mesh(name="sheet", file=str(tmp_path / "flat.obj"), mass=1.0).unit_inertia()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Box(name="b", size=(1, 0, 1)), "b.size must be above 0"),
        (lambda: Box(name="b", size=(1, 1)), r"b.size must have shape \(3,\)"),
        (lambda: Box(name="", size=(1, 1, 1)), "needs a name"),
        (lambda: Sphere(name="s", radius=np.inf), "s.radius must be finite"),
        (lambda: Sphere(name="s", radius="big"), "s.radius must be numbers"),
        (lambda: Sphere(name="s", radius=1, mass=-1), "s.mass must be 0 or more"),
        (lambda: Sphere(name="s", radius=1, restitution=1.5), "s.restitution must be 0 to 1"),
        (lambda: Sphere(name="s", radius=1, rpy=(0, 0, 0), quaternion=(0, 0, 0, 1)), "not both"),
        (lambda: Sphere(name="s", radius=1, quaternion=(0, 0, 0, 0)), "must not be zero"),
        (lambda: Sphere(name="s", radius=1, mass=1, motion=Circle((0, 0, 0), 1, 1)), "exclude each other"),
        (lambda: Plane(name="p", mass=1), "a plane cannot move"),
        (lambda: Shape(name="x"), "make a Plane"),
        (lambda: check_names([EXAMPLES["box"], EXAMPLES["box"]]), "named 'box'"),
        (lambda: check_names(["box"]), "must hold shapes"),
    ],
)
def test_a_shape_that_makes_no_sense_is_refused(make, says):
    with pytest.raises(InvalidInput, match=says):
        make()


@pytest.mark.parametrize("kind", [k for k in SHAPES if k != "mesh"])
def test_shapes_are_values(kind):
    shape = replace(EXAMPLES[kind], position=(1, 2, 3), rpy=(0.1, 0.2, 0.3), quaternion=None)
    assert shape == replace(shape)
    assert hash(shape) == hash(replace(shape))
    assert_allclose(shape.pose, [1, 2, 3, *poses.rpy_quaternion((0.1, 0.2, 0.3))], atol=1e-15)
    assert shape.pose_at(np.arange(4.0)).shape == (4, 7)


def test_a_driven_shape_follows_its_motion():
    cart = Box(name="cart", size=(1, 1, 1), motion=Line((0, 0, 0), (1, 0, 0), duration=1.0, interpolation="linear"))
    assert_allclose(cart.pose_at(0.25)[:3], (0.25, 0, 0))
    assert_allclose(cart.pose[:3], 0)
