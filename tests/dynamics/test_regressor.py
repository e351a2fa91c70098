"""Inverse dynamics as Y π, against pinocchio; log-Cholesky coordinates against differences."""

import numpy as np
import pytest

from robocalc.dynamics import Robot, load
from robocalc.dynamics.regressor import (
    body_of,
    frame_regressor,
    log_cholesky,
    parameters,
    physical,
    physical_slopes,
    pi_of,
    pseudo_inertia,
    regressor,
)
from robocalc.errors import InvalidInput
from tests.dynamics.trees import random_urdf

pinocchio = pytest.importorskip("pinocchio")


def states(robot, seed=0, count=20):
    return np.random.default_rng(seed).uniform(-1.5, 1.5, (3, count, robot.n))


def test_panda_regressor_is_pinocchios():
    """All axes of the Panda are z, so its body frames are pinocchio's joint frames; theirs sorts xx xy yy xz yz zz."""
    robot = load("panda")
    model = pinocchio.buildModelFromUrdf(str(robot.path))
    data, order = model.createData(), [0, 1, 2, 3, 4, 5, 7, 6, 8, 9]
    for q, v, a in zip(*states(robot), strict=True):
        theirs = pinocchio.computeJointTorqueRegressor(model, data, q, v, a).reshape(robot.n, robot.n, 10)
        ours = regressor(robot, q, v, a).reshape(robot.n, robot.n, 10)
        np.testing.assert_allclose(ours, theirs[:, :, order], rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("seed", range(8))
def test_regressor_times_parameters_is_pinocchios_inverse_dynamics(seed, tmp_path):
    path = tmp_path / "tree.urdf"
    path.write_text(random_urdf(seed, links=4 + seed))
    robot = Robot.from_urdf(path)
    model = pinocchio.buildModelFromUrdf(str(path))
    data = model.createData()
    q, v, a = states(robot, seed)
    rows = {name: i for i, name in enumerate(model.names[1:])}
    assert tuple(rows) == robot.joints
    ours = regressor(robot, q, v, a) @ parameters(robot).ravel()
    sizes = [j.nq for j in model.joints[1:]]
    for k in range(len(q)):
        full = np.concatenate([[x] if m == 1 else [np.cos(x), np.sin(x)] for x, m in zip(q[k], sizes, strict=True)])
        np.testing.assert_allclose(ours[k], pinocchio.rnea(model, data, full, v[k], a[k]), rtol=1e-10, atol=1e-10)


def test_a_payload_is_a_frames_regressor_times_its_parameters():
    robot, com, J = load("panda"), np.array([0.02, -0.03, 0.05]), np.diag([0.01, 0.012, 0.006])
    q, v, a = states(robot)
    added = robot.with_payload(1.3, com, J).inverse_dynamics(q, v, a) - robot.inverse_dynamics(q, v, a)
    np.testing.assert_allclose(frame_regressor(robot, q, v, a) @ pi_of(1.3, com, J), added, rtol=1e-9, atol=1e-9)


def test_log_cholesky_coordinates_come_back_and_are_always_a_body():
    rng = np.random.default_rng(2)
    for _ in range(20):
        x = rng.normal(size=10)
        pi = physical(x)
        assert np.linalg.eigvalsh(pseudo_inertia(pi))[0] > 0
        np.testing.assert_allclose(log_cholesky(pi), x, rtol=1e-8, atol=1e-8)
        mass, com, inertia = body_of(pi)
        np.testing.assert_allclose(pi_of(mass, com, inertia), pi, rtol=1e-12)
        least, middle, most = np.linalg.eigvalsh(inertia)
        assert least > 0
        assert most < least + middle
        differences = [(physical(x + h) - physical(x - h)) / 2e-6 for h in 1e-6 * np.eye(10)]
        np.testing.assert_allclose(physical_slopes(x), np.transpose(differences), rtol=1e-6, atol=1e-7)


def test_what_cannot_be_is_refused():
    with pytest.raises(InvalidInput, match="positive mass"):
        log_cholesky(np.zeros(10))
    with pytest.raises(InvalidInput, match="no body"):
        log_cholesky(pi_of(1.0, np.zeros(3), np.diag([1.0, 1.0, 5.0])))
    with pytest.raises(InvalidInput, match="fixed to the base"):
        frame_regressor(load("panda"), np.zeros(7), np.zeros(7), np.zeros(7), "panda_link0")
