"""Kinematics and dynamics agree with pinocchio, on every built-in robot and on random trees."""

from functools import cache

import numpy as np
import pytest

from robocalc.dynamics import ROBOTS, Robot, load
from tests.dynamics.trees import random_urdf

pin = pytest.importorskip("pinocchio")
TOLERANCE = 1e-12  # relative to the largest number of the answer


class Oracle:
    """pinocchio's answers in our layout: angles for continuous joints, full matrices."""

    def __init__(self, path):
        self.model = pin.buildModelFromUrdf(str(path))
        self.data = self.model.createData()

    def q(self, q):
        out = []
        for x, joint in zip(q, self.model.joints[1:], strict=True):
            out += [np.cos(x), np.sin(x)] if joint.nq == 2 else [x]
        return np.array(out)

    def rnea(self, q, v, a):
        return pin.rnea(self.model, self.data, self.q(q), v, a).copy()

    def aba(self, q, v, tau):
        return pin.aba(self.model, self.data, self.q(q), v, tau).copy()

    def crba(self, q):
        M = np.triu(pin.crba(self.model, self.data, self.q(q)))
        return M + np.triu(M, 1).T

    def pose(self, q, frame):
        pin.framesForwardKinematics(self.model, self.data, self.q(q))
        return self.data.oMf[self.model.getFrameId(frame)].homogeneous

    def jacobian(self, q, frame):
        f = self.model.getFrameId(frame)
        J = pin.computeFrameJacobian(self.model, self.data, self.q(q), f, pin.LOCAL_WORLD_ALIGNED)
        return J.reshape(6, -1)  # of one joint it is (6,)


def assert_close(ours, theirs, tolerance=TOLERANCE, least=1e-3):
    """Within tolerance of the largest magnitude of each row, or of `least`."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    size = np.abs(theirs).reshape(len(theirs), -1).max(axis=1)
    error = np.abs(ours - theirs).reshape(len(theirs), -1).max(axis=1)
    assert (error <= tolerance * np.maximum(size, least)).all(), f"worst {np.max(error / np.maximum(size, least)):.2g}"


@cache
def case(name):
    robot = load(name)
    low, high = robot.limits.bounds("position")
    low, high = np.maximum(low, -np.pi), np.minimum(high, np.pi)
    rng = np.random.default_rng(0)
    q = rng.uniform(low, high, (1000, robot.n))
    v, a = rng.uniform(-3, 3, (2, 1000, robot.n))
    return robot, Oracle(robot.path), q, v, a


@pytest.mark.parametrize("name", ROBOTS)
def test_inverse_dynamics_agrees_with_pinocchio(name):
    robot, oracle, q, v, a = case(name)
    assert_close(robot.inverse_dynamics(q, v, a), [oracle.rnea(*x) for x in zip(q, v, a)])


@pytest.mark.parametrize("name", ROBOTS)
def test_bias_and_gravity_are_inverse_dynamics_at_rest(name):
    robot, oracle, q, v, _ = case(name)
    zero = np.zeros(robot.n)
    least = 1e-2 * np.abs(robot.mass_matrix(robot.home)).max()  # a husky has no bias at all
    assert_close(robot.bias(q, v), [oracle.rnea(x, y, zero) for x, y in zip(q, v)], least=max(1e-3, least))
    gravity = np.array([oracle.rnea(x, zero, zero) for x in q])
    np.testing.assert_allclose(robot.gravity(q), gravity, rtol=0, atol=TOLERANCE * max(1, abs(gravity).max()))


@pytest.mark.parametrize("name", ROBOTS)
def test_mass_matrix_agrees_with_pinocchio(name):
    robot, oracle, q, _, _ = case(name)
    M = robot.mass_matrix(q)
    assert_close(M, [oracle.crba(x) for x in q])
    np.testing.assert_array_equal(M, M.transpose(0, 2, 1))


@pytest.mark.parametrize("name", ROBOTS)
def test_forward_dynamics_agrees_with_pinocchio_both_ways(name):
    from robocalc.dynamics.kernels import aba, acceleration

    robot, oracle, q, v, tau = case(name)
    theirs = np.array([oracle.aba(*x) for x in zip(q, v, tau)])
    assert_close(robot.forward_dynamics(q, v, tau), theirs)
    model, a = robot.model(), np.zeros(robot.n)
    for kernel in (aba, acceleration):
        for k in range(0, 1000, 10):
            kernel(model, q[k], v[k], tau[k], a)
            assert_close(a[None], theirs[k : k + 1])


@pytest.mark.parametrize("name", ROBOTS)
def test_poses_and_jacobians_agree_with_pinocchio(name):
    robot, oracle, q, _, _ = case(name)
    assert_close(robot.pose(q), [oracle.pose(x, robot.tool) for x in q])
    assert_close(robot.jacobian(q), [oracle.jacobian(x, robot.tool) for x in q])
    for frame in robot.links:
        np.testing.assert_allclose(robot.pose(q[0], frame), oracle.pose(q[0], frame), atol=1e-14)
        np.testing.assert_allclose(robot.jacobian(q[0], frame), oracle.jacobian(q[0], frame), atol=1e-14)


@pytest.mark.parametrize("name", ROBOTS)
def test_body_frames_of_the_kernel_are_the_frames_of_the_robot(name):
    from robocalc.dynamics.kernels import fk

    robot, _, q, _, _ = case(name)
    X = np.zeros((robot.n, 12))
    fk(robot.model(), q[3], X)
    for frame in robot.links:
        body, offset = robot.frame(frame)
        T, on = np.eye(4), np.eye(4)
        on[:3, :3], on[:3, 3] = offset[:9].reshape(3, 3), offset[9:]
        if body >= 0:
            T[:3, :3], T[:3, 3] = X[body, :9].reshape(3, 3), X[body, 9:]
        np.testing.assert_allclose(T @ on, robot.pose(q[3], frame), atol=1e-14)


@pytest.mark.parametrize("seed", range(25))
def test_random_trees_agree_with_pinocchio(seed, tmp_path):
    path = tmp_path / "tree.urdf"
    path.write_text(random_urdf(seed, links=4 + seed % 12))
    robot, oracle = Robot.from_urdf(path), Oracle(path)
    rng = np.random.default_rng(seed)
    q, v, a = rng.uniform(-3, 3, (3, 20, robot.n))
    assert robot.joints == tuple(oracle.model.names[1:])
    assert_close(robot.inverse_dynamics(q, v, a), [oracle.rnea(*x) for x in zip(q, v, a)])
    assert_close(robot.mass_matrix(q), [oracle.crba(x) for x in q])
    tau = robot.inverse_dynamics(q, v, a)
    assert_close(robot.forward_dynamics(q, v, tau), [oracle.aba(*x) for x in zip(q, v, tau)], 1e-10)
    for frame in robot.links:
        assert_close(robot.pose(q, frame), [oracle.pose(x, frame) for x in q])
        np.testing.assert_allclose(robot.jacobian(q[0], frame), oracle.jacobian(q[0], frame), atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_a_written_urdf_is_the_same_robot(seed, tmp_path):
    (tmp_path / "tree.urdf").write_text(random_urdf(seed))
    robot = Robot.from_urdf(tmp_path / "tree.urdf").with_payload(0.7, (0.1, 0, 0.2)).with_tool((0.1, 0.2, 0.3))
    again = Robot.from_urdf(robot.write_urdf(tmp_path / "again.urdf"), tool="tool")
    q, v, a = np.random.default_rng(seed).uniform(-2, 2, (3, 10, robot.n))
    assert again.joints == robot.joints
    assert_close(again.inverse_dynamics(q, v, a), robot.inverse_dynamics(q, v, a))
    assert_close(again.pose(q), robot.pose(q))


@pytest.mark.parametrize("name", ROBOTS)
def test_built_in_robots_survive_writing_with_payload(name, tmp_path):
    robot, _, q, v, a = case(name)
    robot = robot.with_payload(1.5, (0.01, 0.02, 0.03))
    oracle = Oracle(robot.write_urdf(tmp_path / "robot.urdf"))
    assert_close(robot.inverse_dynamics(q[:20], v[:20], a[:20]), [oracle.rnea(*x) for x in zip(q[:20], v[:20], a[:20])])


@pytest.mark.parametrize("x", [0.0, 0.5, -2.0, 3.1, 1e3, -7e4, 3e7, np.pi / 2, np.pi, -1e-300])
def test_sine_and_cosine_are_numpys(x):
    from robocalc.dynamics.kernels_trig import sincos

    np.testing.assert_allclose(sincos(x), (np.sin(x), np.cos(x)), rtol=0, atol=2.3e-16)


def test_sine_and_cosine_of_many_angles():
    from robocalc.dynamics.kernels_trig import sincos

    x = np.random.default_rng(0).uniform(-10, 10, 20_000)
    ours = np.array([sincos(y) for y in x])
    np.testing.assert_allclose(ours, np.transpose([np.sin(x), np.cos(x)]), rtol=0, atol=2.3e-16)
    assert np.isnan(sincos(np.nan)[0])
