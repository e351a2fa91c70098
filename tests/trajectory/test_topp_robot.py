"""time_optimal with a robot: torque with friction and payload against pinocchio, tool bounds, linear rows."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory import Limits, Trajectory, cartesian, time_optimal
from tests.trajectory.topp_paths import VELOCITY, over, panda_limits, panda_path

LINE = Trajectory([0, 1.0], [[[0.0], [1.0]]])


@pytest.fixture(scope="module")
def panda():
    return load("panda")


def torque_used(robot, motion, limit, N=20_001):
    """Largest share of torque limits, friction included, minus 1; dynamics by pinocchio."""
    pin = pytest.importorskip("pinocchio")
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        model = pin.buildModelFromUrdf(str(robot.write_urdf(Path(folder) / "robot.urdf", visuals=False)))
    data = model.createData()
    q, v, a, _ = motion.at(np.linspace(0, motion.duration, N)[1:-1])
    tau = np.array([pin.rnea(model, data, *row) for row in zip(q, v, a)])
    tau = tau + robot.friction[0] * v + robot.friction[1] * np.sign(v)
    return np.abs(tau / limit).max() - 1


@pytest.mark.parametrize("grid", [50, 1000])
@pytest.mark.parametrize("share", [1.0, 0.7])
def test_torque_limits_hold_between_points_and_are_used(panda, grid, share):
    limits = Limits(velocity=VELOCITY, torque=share * panda.limits.torque)
    motion = time_optimal(panda_path(), limits, robot=panda, grid=grid)
    used = torque_used(panda, motion, limits.torque)
    assert used <= 1e-6
    if grid == 1000:
        assert used > -2e-3
    assert over(motion, limits) <= 1e-9


def test_a_payload_takes_longer_and_keeps_torque(panda):
    limits = Limits(velocity=VELOCITY, torque=0.7 * panda.limits.torque)
    loaded = panda.with_payload(0.5, com=(0.0, 0.0, 0.05))
    motion = time_optimal(panda_path(), limits, robot=loaded)
    assert motion.duration > time_optimal(panda_path(), limits, robot=panda).duration * 1.001
    assert torque_used(loaded, motion, limits.torque) <= 1e-6


def test_a_load_that_cannot_be_held_is_told_with_joint_and_place(panda):
    with pytest.raises(Infeasible, match=r"torque of joint panda_joint\d.* at s = "):
        time_optimal(panda_path(), Limits(velocity=VELOCITY, torque=0.2 * panda.limits.torque), robot=panda)


def test_a_pendulum_under_torque_is_the_double_integrator_without_gravity():
    """One link of inertia J, no friction: q̈ = τ / J, so that a line takes 2 √(J / τ)."""
    robot = load("two_link").with_gravity((0, 0, 0)).lock({load("two_link").joints[1]: 0.0})
    J = robot.mass_matrix(np.zeros(1))[0, 0]
    friction = robot.friction
    assert (friction == 0).all() or friction.shape == (2, 1)
    tau = 3.0
    motion = time_optimal(LINE, Limits(torque=[tau]), robot=Frictionless(robot), grid=500)
    assert motion.duration == pytest.approx(2 * np.sqrt(J / tau), rel=1e-9)


class Frictionless:
    """A robot without friction."""

    def __init__(self, robot):
        self.n, self.joints, self.inverse_dynamics = robot.n, robot.joints, robot.inverse_dynamics


class Sledge:
    """A mass on a track with viscous and Coulomb friction."""

    n, joints = 1, ("track",)

    def __init__(self, mass, viscous, coulomb):
        self.mass, self.friction = mass, np.array([[viscous], [coulomb]])

    def inverse_dynamics(self, q, v, a):
        return self.mass * a


def test_friction_is_paid_when_speeding_up_and_helps_when_braking():
    """v̇ = (τ - c v - μ) / m up, (-τ - c v - μ) / m down: the switch found by integrating the equation of motion."""
    m, c, mu, tau = 2.0, 0.8, 0.3, 3.0
    motion = time_optimal(LINE, Limits(torque=[tau]), robot=Sledge(m, c, mu), grid=4000)
    dt, up, down = 1e-5, [(0.0, 0.0)], [(1.0, 0.0)]
    for path, force, sign in ((up, tau, 1), (down, -tau, -1)):
        x, v = path[0]
        while 0 <= x <= 1:
            k = v + sign * dt / 2 * (force - c * v - mu) / m
            v += sign * dt * (force - c * k - mu) / m
            x += sign * dt * k
            path.append((x, v))
    up, down = np.array(up), np.array(down)
    gap = np.interp(up[:, 0], down[::-1, 0], down[::-1, 1]) - up[:, 1]
    k = int(np.argmax(gap < 0))
    t = k * dt + dt * int(np.argmax(down[:, 0] < up[k, 0]))
    assert motion.duration == pytest.approx(t, rel=1e-3)
    _, v, a, _ = motion.at(np.linspace(0, motion.duration, 100_001)[1:-1])
    assert np.abs(m * a + c * v + mu * np.sign(v)).max() <= tau * (1 + 1e-6)


def test_stronger_motors_never_take_longer(panda):
    times = []
    for k in (0.7, 0.85, 1.0):
        limits = Limits(velocity=VELOCITY, torque=k * panda.limits.torque)
        times.append(time_optimal(panda_path(), limits, robot=panda, grid=300).duration)
    assert times[0] > times[1] > times[2]


@pytest.mark.parametrize("grid", [100, 1000])
def test_tool_speed_and_acceleration_hold_everywhere(panda, grid):
    motion = time_optimal(
        panda_path(), panda_limits(), robot=panda, grid=grid, tool_speed=0.7, tool_acceleration=3.0, tool_turn_speed=1.5
    )
    t = np.linspace(0, motion.duration, 20_001)[1:-1]
    q, v, a, _ = motion.at(t)
    J = panda.jacobian(q)
    twist = np.einsum("kij,kj->ki", J, v)
    assert np.linalg.norm(twist[:, :3], axis=1).max() <= 0.7 * (1 + 1e-6)
    assert np.linalg.norm(twist[:, 3:], axis=1).max() <= 1.5 * (1 + 1e-6)
    e = 1e-6  # J̇ by central differences along q̇
    rate = (panda.jacobian(q + e * v) - panda.jacobian(q - e * v)) / (2 * e)
    acceleration = np.einsum("kij,kj->ki", J, a)[:, :3] + np.einsum("kij,kj->ki", rate, v)[:, :3]
    assert np.linalg.norm(acceleration, axis=1).max() <= 3.0 * (1 + 1e-6)
    assert over(motion, panda_limits()) <= 1e-9
    assert any(word.startswith("tool") for word in motion.active)


def test_a_cartesian_path_is_mapped_by_the_robot(panda):
    T = panda.pose(panda.home)
    goal = T.copy()
    goal[:3, 3] += [0.05, 0.1, -0.05]
    path = cartesian([T, goal], duration=1.0)
    limits = Limits(velocity=panda.limits.velocity, acceleration=panda.limits.acceleration)
    motion = time_optimal(path, limits, robot=panda, q_start=panda.home, tool_speed=0.25)
    assert np.abs(panda.pose(motion(motion.duration))[:3, 3] - goal[:3, 3]).max() < 1e-4
    q, v, _, _ = motion.at(np.linspace(0, motion.duration, 2001))
    speed = np.linalg.norm(np.einsum("kij,kj->ki", panda.jacobian(q), v)[:, :3], axis=1)
    assert 0.2 < speed.max() <= 0.25 * (1 + 1e-6)
    with pytest.raises(InvalidInput, match="needs robot= and q_start="):
        time_optimal(path, limits)


def test_general_rows_act_as_the_limits_they_spell():
    path = panda_path()

    def rows(s):
        a, b = path(s, 1), path(s, 2)
        return a, b, -panda_limits().acceleration, panda_limits().acceleration

    by_rows = time_optimal(path, Limits(velocity=VELOCITY), rows=rows)
    assert by_rows.duration == pytest.approx(time_optimal(path, panda_limits()).duration, rel=1e-4)
    assert over(by_rows, panda_limits()) <= 1e-6
    assert any(word.startswith("row ") for word in by_rows.active)


def test_rows_that_no_motion_keeps_are_told():
    with pytest.raises(Infeasible, match="row 0 cannot be kept at s"):
        time_optimal(LINE, Limits(velocity=[1.0]), rows=lambda s: (0 * s, 0 * s, 0 * s + 1.0, 0 * s + 2.0))
    with pytest.raises(InvalidInput, match="lo is above hi in row 0"):
        time_optimal(LINE, Limits(velocity=[1.0]), rows=lambda s: (1 + 0 * s, 0 * s, 0 * s + 1.0, 0 * s))
