"""Derivatives agree with pinocchio, with differences and with each other."""

import numpy as np
import pytest

from robocalc.dynamics import ROBOTS, Robot, check_derivatives, load
from robocalc.errors import InvalidInput
from tests.dynamics.trees import random_urdf

pin = pytest.importorskip("pinocchio")
TOLERANCE = 1e-10  # relative to the largest number of the matrix


def close(ours, theirs, tolerance=TOLERANCE, least=1e-3):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * max(least, np.abs(theirs).max()))


def full(upper):
    return np.triu(upper) + np.triu(upper, 1).T


def states(robot, count=100):
    q, v, a = np.random.default_rng(0).uniform(-2, 2, (3, count, robot.n))
    if "pitch" in robot.joints:
        q[:, robot.joints.index("pitch")] *= 0.5  # at a quarter turn a quadrotor's angles are singular
    return q, v, a


@pytest.mark.parametrize("name", ROBOTS)
def test_derivatives_agree_with_pinocchio(name):
    robot = load(name)
    model = pin.buildModelFromUrdf(str(robot.path))
    data, (q, v, a) = model.createData(), states(robot)
    inverse, forward = robot.inverse_dynamics_derivatives(q, v, a), robot.forward_dynamics_derivatives(q, v, a)
    for k in range(len(q)):
        dq, dv, M = pin.computeRNEADerivatives(model, data, q[k], v[k], a[k])
        force = 1e-3 * np.abs(robot.inverse_dynamics(q[k], v[k], a[k])).max()
        for ours, theirs in zip(inverse, (dq, dv, full(M))):
            close(ours[k], theirs, least=max(1e-3, force))
        dq, dv, Minv = pin.computeABADerivatives(model, data, q[k], v[k], a[k])
        rate = 1e-3 * np.abs(robot.forward_dynamics(q[k], v[k], a[k])).max()
        for ours, theirs in zip(forward, (dq, dv, full(Minv))):
            close(ours[k], theirs, least=max(1e-3, rate))


def central(f, x, h=1e-5):
    """∂f/∂x by the fourth-order central rule, last axis x."""
    columns = []
    for e in np.eye(len(x)) * h:
        columns.append((8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * h))
    return np.moveaxis(np.array(columns), 0, -1)


@pytest.mark.parametrize("seed", range(8))
def test_derivatives_of_random_trees_are_derivatives(seed, tmp_path):
    (tmp_path / "tree.urdf").write_text(random_urdf(seed, links=10))
    robot = Robot.from_urdf(tmp_path / "tree.urdf").with_base((5.0, -3.0, 2.0), (0.3, 0.2, 0.1))
    q, v, a = np.random.default_rng(seed).uniform(-1, 1, (3, robot.n))
    dq, dv, M = robot.inverse_dynamics_derivatives(q, v, a)
    close(dq, central(lambda x: robot.inverse_dynamics(x, v, a), q, 1e-3), 1e-8)
    close(dv, central(lambda x: robot.inverse_dynamics(q, x, a), v, 1e-3), 1e-8)
    close(M, robot.mass_matrix(q), 1e-12)
    tau = robot.inverse_dynamics(q, v, a)
    forward = robot.forward_dynamics_derivatives(q, v, tau)
    close(M @ forward.dq, -dq, 1e-9)
    close(M @ forward.dv, -dv, 1e-9)
    close(M @ forward.dtau, np.eye(robot.n), 1e-9)


@pytest.mark.parametrize("name", ["panda_gripper", "xarm6", "cart_pole"])
def test_pose_and_jacobian_derivatives_are_derivatives(name):
    robot = load(name)
    q, v = np.random.default_rng(1).uniform(-1, 1, (2, robot.n))
    for frame in (robot.tool, robot.links[3]):
        close(robot.pose_derivatives(q, frame), central(lambda x, f=frame: robot.pose(x, f), q), 1e-9)
        close(robot.jacobian_derivatives(q, frame), central(lambda x, f=frame: robot.jacobian(x, f), q), 1e-9)
        rate = (robot.jacobian(q + 1e-6 * v, frame) - robot.jacobian(q - 1e-6 * v, frame)) / 2e-6
        np.testing.assert_allclose(robot.jacobian_rate(q, v, frame), rate, atol=1e-8)


@pytest.mark.parametrize("name", ["panda", "cart_pole"])
def test_step_derivatives_are_those_of_the_step(name):
    robot, dt = load(name), 0.01
    q, v, tau = np.random.default_rng(2).uniform(-1, 1, (3, robot.n))
    n = robot.n

    def step(x):
        return np.concatenate(robot.step(x[:n], x[n : 2 * n], x[2 * n :], dt))

    A, B = robot.step_derivatives(q, v, tau, dt)
    numeric = central(step, np.concatenate([q, v, tau]), 1e-3)
    np.testing.assert_allclose(np.hstack([A, B]), numeric, atol=1e-8)
    a = robot.forward_dynamics(q, v, tau)
    np.testing.assert_array_equal(robot.step(q, v, tau, dt)[1], v + dt * a)


def test_linearisation_of_the_upright_pole_is_the_textbooks():
    """About upright: θ̈ = ((M + m) g θ - F) / ((4/3) (M + m) l - m l), ẍ = (F - m l θ̈) / (M + m)."""
    M, m, l, g = 1.0, 0.1, 0.5, 9.81
    A, B = load("cart_pole").linearise(np.zeros(2), np.zeros(2), np.zeros(2))
    D = l * (4 / 3 * (M + m) - m)
    np.testing.assert_allclose(A[3, 1], (M + m) * g / D, rtol=1e-13)
    np.testing.assert_allclose(B[3, 0], -1 / D, rtol=1e-13)
    np.testing.assert_allclose(A[2, 1], -m * l * g / D, rtol=1e-13)
    np.testing.assert_allclose(A[:2], [[0, 0, 1, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize("name", ["panda", "two_link"])
def test_a_batch_of_derivatives_is_its_rows(name):
    robot = load(name)
    q, v, a = states(robot, 3)
    for method, given in (
        (robot.inverse_dynamics_derivatives, (q, v, a)),
        (robot.forward_dynamics_derivatives, (q, v, a)),
        (robot.linearise, (q, v, a)),
        (lambda *x: robot.step_derivatives(*x, 0.01), (q, v, a)),
        (lambda *x: robot.step(*x, 0.01), (q, v, a)),
        (lambda x: (robot.jacobian_derivatives(x), robot.pose_derivatives(x)), (q,)),
        (lambda x, y: (robot.jacobian_rate(x, y),), (q, v)),
    ):
        batch = method(*given)
        for k in range(3):
            for whole, row in zip(batch, method(*(x[k] for x in given)), strict=True):
                np.testing.assert_array_equal(whole[k], row)


@pytest.mark.parametrize("dt", [0.0, -1e-3, np.nan, "1 ms", True])
def test_a_step_needs_a_time(dt):
    robot = load("two_link")
    with pytest.raises(InvalidInput, match="dt"):
        robot.step_derivatives(np.zeros(2), np.zeros(2), np.zeros(2), dt)
    with pytest.raises(InvalidInput, match="q of joint shoulder"):
        robot.forward_dynamics_derivatives([np.nan, 0], np.zeros(2), np.zeros(2))


def right(x):
    return np.array([np.sin(x[0]) * x[1], x[1] ** 3])


def right_jacobian(x):
    return np.array([[np.cos(x[0]) * x[1], np.sin(x[0])], [0, 3 * x[1] ** 2]])


def test_a_right_jacobian_passes_and_a_wrong_entry_is_named():
    x = np.array([0.3, -1.2])
    assert check_derivatives(right, x, right_jacobian).method == "complex step"
    assert check_derivatives(right, x, right_jacobian).error < 1e-15
    assert check_derivatives(right, x, right_jacobian(x), method="central").error < 1e-9
    wrong = right_jacobian(x)
    wrong[1, 1] += 0.01
    check = check_derivatives(right, x, wrong)
    assert not check.ok
    assert check.worst == (1, 1)
    assert "d f[1] / d x[1]" in check.why
    with pytest.raises(InvalidInput, match="disagree"):
        check.raise_for_status()


def test_functions_that_complex_numbers_fool_are_checked_by_differences():
    check = check_derivatives(lambda x: np.abs(x), np.array([-1.0, 2.0]), np.diag([-1.0, 1.0]))
    assert check.ok
    assert check.method == "central differences"
    assert check_derivatives(lambda x: (float(x[0]) ** 2, [2 * float(x[0])]), [3.0]).ok


def test_the_robots_own_derivatives_pass_the_check():
    robot = load("xarm6")
    q, v, a = np.random.default_rng(4).uniform(-1, 1, (3, 6))
    claimed = robot.inverse_dynamics_derivatives(q, v, a).dq
    check_derivatives(lambda x: robot.inverse_dynamics(x, v, a), q, claimed).raise_for_status()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((right, [[1.0]], right_jacobian), "x must be"),
        ((right, [np.nan, 1.0], right_jacobian), "finite"),
        ((right, [1.0, 1.0], np.zeros((2, 3))), "shape"),
        ((right, [1.0, 1.0]), "return"),
    ],
)
def test_bad_questions_about_derivatives_are_refused(given, words):
    with pytest.raises(InvalidInput, match=words):
        check_derivatives(*given)
