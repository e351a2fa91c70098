"""Inputs of robots: B(q) moves them as the textbook's equations and pinocchio say; what cannot be is refused."""

import numpy as np
import pytest

from robocalc.dynamics import ROBOTS, Robot, load, systems
from robocalc.errors import InvalidInput

FLYING = ("quadrotor_2d", "quadrotor", "husky")


@pytest.mark.parametrize("name", ROBOTS)
def test_inputs_have_names_limits_and_a_column_each(name):
    robot = load(name)
    q = np.random.default_rng(0).uniform(-1, 1, (5, robot.n))
    B = robot.actuation(q)
    assert B.shape == (5, robot.n, len(robot.inputs))
    np.testing.assert_array_equal(robot.actuation(q[2]), B[2])
    assert robot.input_limits.shape == (2, robot.m)
    assert (robot.input_limits[0] < robot.input_limits[1]).all()
    assert np.linalg.matrix_rank(B[0]) == robot.m
    if name not in FLYING:
        driven = [j for j in robot.joints if j in robot.inputs]
        np.testing.assert_array_equal(B[0].sum(axis=0), np.ones(robot.m))
        assert robot.inputs == tuple(driven)


@pytest.mark.parametrize("name", ROBOTS)
def test_inputs_for_a_torque_give_it_back(name):
    robot = load(name)
    q = np.random.default_rng(1).uniform(-1, 1, (4, robot.n))
    u = np.random.default_rng(2).uniform(-1, 1, (4, robot.m))
    tau = np.einsum("kij,kj->ki", robot.actuation(q), u)
    np.testing.assert_allclose(robot.inputs_for(q, tau), u, atol=1e-10)
    np.testing.assert_allclose(robot.reachable(q[0], tau[0]), tau[0], atol=1e-12 * max(1, np.abs(tau).max()))


def accelerations(name, x, u):
    robot, n = load(name), len(x) // 2
    return robot.forward_dynamics(x[:n], x[n:], robot.actuation(x[:n]) @ u)


@pytest.mark.parametrize(
    ("name", "system"),
    [("quadrotor_2d", systems.quadrotor_2d()), ("acrobot", systems.acrobot()), ("cart_pole", systems.cart_pole())],
)
def test_planar_robots_move_as_their_equations(name, system):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        x, u = rng.uniform(-1, 1, system.nx), rng.uniform(0, 1, system.nu)
        truth = np.asarray(system.f(0.0, x, u))[system.nx // 2 :]
        np.testing.assert_allclose(accelerations(name, x, u), truth, rtol=1e-9, atol=1e-9)


def test_a_quadrotor_in_space_moves_as_newton_and_euler_say():
    """m p̈ = T R e₃ - m g e₃ and I ω̇ + ω × I ω = Σ r × f, with R of yaw, pitch, roll and ω its body rates."""
    robot = load("quadrotor")
    m, inertia = 0.027, np.diag([1.4e-5, 1.4e-5, 2.17e-5])
    rng = np.random.default_rng(3)
    q, v, u = rng.uniform(-0.8, 0.8, 6), rng.uniform(-2, 2, 6), rng.uniform(0.03, 0.14, 4)
    a = robot.forward_dynamics(q, v, robot.actuation(q) @ u)
    R, arm, k = robot.pose(q)[:3, :3], 0.0397 / np.sqrt(2), 7.94e-12 / 3.16e-10
    np.testing.assert_allclose(a[:3], R[:, 2] * u.sum() / m - [0, 0, 9.81], atol=1e-10)
    x, y, spin = np.array([1, -1, -1, 1]) * arm, np.array([-1, -1, 1, 1]) * arm, np.array([-1, 1, -1, 1]) * k
    moment = np.array([y @ u, -x @ u, spin @ u])
    h = 1e-6
    rates = [R_rate(robot, q + s * h * v + h**2 / 2 * a, v + s * h * a) for s in (-1, 1)]
    omega, omega_dot = R_rate(robot, q, v), (rates[1] - rates[0]) / (2 * h)
    np.testing.assert_allclose(inertia @ omega_dot + np.cross(omega, inertia @ omega), moment, rtol=1e-6, atol=1e-9)


def R_rate(robot, q, v):  # noqa: N802 - R is the rotation
    """Body rates ω = Rᵀ ω_W."""
    return robot.pose(q)[:3, :3].T @ robot.jacobian(q)[3:] @ v


@pytest.mark.parametrize("name", FLYING)
def test_thrusters_survive_writing_and_other_readers_ignore_them(name, tmp_path, capfd):
    robot = load(name)
    again = Robot.from_urdf(robot.write_urdf(tmp_path / "again.urdf"))
    assert again.tree.thrusters == robot.tree.thrusters
    assert again.tree.tyres == robot.tree.tyres
    pin, pybullet = pytest.importorskip("pinocchio"), pytest.importorskip("pybullet")
    capfd.readouterr()
    assert pin.buildModelFromUrdf(str(robot.path)).nv == robot.n
    client = pybullet.connect(pybullet.DIRECT)
    capfd.readouterr()
    body = pybullet.loadURDF(str(robot.path), physicsClientId=client)
    moving = [pybullet.getJointInfo(body, j, client)[2] != 4 for j in range(pybullet.getNumJoints(body, client))]
    pybullet.disconnect(client)
    said = "".join(capfd.readouterr())
    assert sum(moving) == robot.n
    assert "thruster" not in said
    assert "tyre" not in said


ROTOR = '<thruster name="r" link="body"><axis xyz="0 0 1"/><limit lower="0" upper="1"/></thruster>'


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('link="body"', 'link="bdy"', 'thruster "r": link "bdy" is not among'),
        ('link="body"', 'link="world"', "no joint moves it"),
        ('lower="0"', 'lower="2"', "lower 2 must be below upper 1"),
        ('upper="1"', 'upper="nan"', "must be a finite number"),
        ('xyz="0 0 1"', 'xyz="0 0 0"', "the axis is zero"),
        ('name="r"', 'name="z"', "used twice"),
        ('name="r"', "", "no name"),
        ('<limit lower="0" upper="1"/>', "", 'lacks the attribute "lower"'),
    ],
)
def test_a_thruster_that_cannot_be_is_refused(tmp_path, old, new, words):
    text = """<robot name="hopper"><link name="world"/><link name="body"><inertial><mass value="1"/>
    <inertia ixx="1" iyy="1" izz="1"/></inertial></link><joint name="z" type="prismatic"><parent link="world"/>
    <child link="body"/><axis xyz="0 0 1"/><limit lower="-9" upper="9" effort="0" velocity="9"/></joint>%s</robot>"""
    path = tmp_path / "hopper.urdf"
    path.write_text(text % ROTOR.replace(old, new))
    with pytest.raises(InvalidInput, match=words):
        Robot.from_urdf(path)


def test_the_drive_of_a_joint_and_a_thruster_add_up(tmp_path):
    text = """<robot name="fan"><link name="world"/><link name="arm"><inertial><origin xyz="1 0 0"/><mass value="1"/>
    <inertia ixx="1" iyy="1" izz="1"/></inertial></link><joint name="hinge" type="revolute"><parent link="world"/>
    <child link="arm"/><axis xyz="0 -1 0"/><limit lower="-9" upper="9" effort="3" velocity="9"/></joint>
    <thruster name="fan" link="arm"><origin xyz="2 0 0"/><axis xyz="0 0 1"/><limit lower="0" upper="5"/></thruster>
    </robot>"""
    path = tmp_path / "fan.urdf"
    path.write_text(text)
    robot = Robot.from_urdf(path)
    assert robot.inputs == ("hinge", "fan")
    np.testing.assert_allclose(robot.actuation([0.7]), [[1.0, 2.0]])
    np.testing.assert_allclose(robot.input_limits, [[-3, 0], [3, 5]])
    np.testing.assert_allclose(robot.limits.torque, [3])


def test_locked_joints_take_inputs_away():
    robot = load("quadrotor").lock({"x": 0.0, "y": 0.0, "yaw": 0.3, "pitch": 0.0})
    assert robot.joints == ("z", "roll")
    B = robot.actuation([0.0, 0.2])
    np.testing.assert_allclose(B[0], np.cos(0.2))
    np.testing.assert_allclose(np.abs(B[1]), 0.0397 / np.sqrt(2))
    still = load("husky").lock({"x": 0.0, "y": 0.0})
    np.testing.assert_allclose(still.actuation([0.5]), [[-0.2854, 0.2854]])


def test_a_thruster_that_is_locked_to_the_base_is_no_input(tmp_path):
    text = """<robot name="two"><link name="world"/><link name="a"><inertial><mass value="1"/>
    <inertia ixx="1" iyy="1" izz="1"/></inertial></link><link name="b"><inertial><mass value="1"/>
    <inertia ixx="1" iyy="1" izz="1"/></inertial></link>
    <joint name="u" type="prismatic"><parent link="world"/><child link="a"/><axis xyz="0 0 1"/>
    <limit lower="-9" upper="9" effort="0" velocity="9"/></joint>
    <joint name="w" type="prismatic"><parent link="a"/><child link="b"/><axis xyz="0 0 1"/>
    <limit lower="-9" upper="9" effort="5" velocity="9"/></joint>
    <thruster name="t" link="a"><axis xyz="0 0 1"/><limit lower="0" upper="1"/></thruster></robot>"""
    path = tmp_path / "two.urdf"
    path.write_text(text)
    robot = Robot.from_urdf(path)
    assert robot.inputs == ("w", "t")
    np.testing.assert_allclose(robot.actuation([0, 0]), [[0, 1], [1, 0]])
    locked = robot.lock({"u": 0.0})
    assert locked.inputs == ("w",)
    np.testing.assert_allclose(locked.actuation([0.0]), [[1.0]])
