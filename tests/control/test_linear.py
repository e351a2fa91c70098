"""Linear-quadratic gains and linearisation against closed forms, and against the plants themselves."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.control import LQR, Hinf, analyse, dlqr, linearise, lqr
from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from sims.engines.twin import Twin
from tests.sims.loop_cases import DT, INERTIA, Frictionless, one_joint, rest, roll

INTEGRATOR = np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[0.0], [1.0]])


def test_lqr_of_the_double_integrator_is_the_known_one():
    K, S = lqr(*INTEGRATOR, np.eye(2), [[1.0]])
    r3 = np.sqrt(3.0)
    assert_allclose(K, [[1.0, r3]], atol=1e-12)
    assert_allclose(S, [[r3, 1.0], [1.0, r3]], atol=1e-12)


def test_dlqr_of_a_scalar_system_solves_its_quadratic():
    K, S = dlqr([[2.0]], [[1.0]], [[1.0]], [[1.0]])  # s = 1 + 4 s / (1 + s)
    assert_allclose(S, 2 + np.sqrt(5), atol=1e-12)
    assert_allclose(K, 2 * S / (1 + S), atol=1e-12)


def test_dlqr_is_the_fixed_point_of_the_riccati_recursion():
    rng = np.random.default_rng(0)
    A, B, Q, R = rng.normal(size=(4, 4)), rng.normal(size=(4, 2)), np.diag([1.0, 2, 0, 3]), np.diag([0.5, 2])
    K, S = dlqr(A, B, Q, R)
    P = np.eye(4)
    for _ in range(2000):
        P = Q + A.T @ P @ A - A.T @ P @ B @ np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
    assert_allclose(S, P, rtol=1e-9)
    assert_allclose(K, np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A), rtol=1e-9)


def test_dlqr_of_a_fine_sampling_tends_to_lqr():
    A, B = INTEGRATOR
    h = 1e-4
    K, _ = dlqr(np.eye(2) + h * A, h * B, h * np.eye(2), [[h]])
    assert_allclose(K, lqr(A, B, np.eye(2), [[1.0]])[0], rtol=1e-3)


@pytest.mark.parametrize(
    ("system", "told"),
    [
        ((np.eye(2), np.zeros((2, 1)), np.eye(2), [[1.0]]), "no linear feedback"),
        ((np.eye(2), np.ones((3, 1)), np.eye(2), [[1.0]]), r"B must have shape \(2, 1\), got \(3, 1\)"),
        ((np.eye(2), np.ones((2, 1)), -np.eye(2), [[1.0]]), "Q must have no negative eigenvalue"),
        ((np.eye(2), np.ones((2, 1)), np.eye(2), [[0.0]]), "R must be positive definite"),
        ((np.eye(2), np.ones((2, 1)), [[1, 1], [0, 1]], [[1.0]]), "Q must be symmetric"),
        ((np.full((2, 2), np.nan), np.ones((2, 1)), np.eye(2), [[1.0]]), "A must be finite"),
    ],
)
@pytest.mark.parametrize("solve", [dlqr, lqr])
def test_impossible_problems_are_refused(solve, system, told):
    with pytest.raises(InvalidInput, match=told):
        solve(*system)


@pytest.mark.parametrize("substeps", [1, 4])
@pytest.mark.parametrize("name", ["panda", "iiwa", "cart_pole", "two_link"])
def test_linearise_is_the_derivative_of_the_step(name, substeps):
    robot = Frictionless(load(name))
    q, n = robot.home, robot.n
    A, B = linearise(robot, q, DT * substeps, substeps)
    twin, hold = Twin(robot, DT), robot.gravity(q)

    def after(dq, dv, dtau):
        twin.reset(q + dq, dv)
        for _ in range(substeps):
            state = twin.step(hold + dtau)
        return np.concatenate([state.q, state.v])

    zero, h = np.zeros(n), 1e-5
    columns = [(after(*(h * e).reshape(3, n)) - after(*(-h * e).reshape(3, n))) / (2 * h) for e in np.eye(3 * n)]
    assert_allclose(after(zero, zero, zero)[:n], q, atol=1e-10)
    assert_allclose(np.array(columns).T, np.hstack([A, B]), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("every", [1, 5])
def test_simulated_cost_is_the_riccati_cost_to_go(tmp_path, every):
    robot, design = one_joint(tmp_path), LQR(q_weight=30.0, v_weight=0.5, r_weight=0.02)
    law = design.law(robot, every * DT, substeps=every)
    _, S = design.feedback(robot, every * DT, substeps=every)
    x0 = np.array([0.1, -0.2])
    log = roll(law, rest([0.0], 6000), start=(x0[:1], x0[1:]), control_every=every).log
    q, v, tau = log.q[::every], log.v[::every], log.tau_wanted[::every]
    assert np.sum(30.0 * q**2 + 0.5 * v**2 + 0.02 * tau**2) == pytest.approx(x0 @ S @ x0, rel=1e-9)


def test_lqr_balances_the_cart_pole_at_about_its_cost_to_go():
    robot, design = load("cart_pole"), LQR([20, 50], [2, 5], 0.1)
    _, S = design.feedback(robot, DT)
    x0 = np.array([0.0, 1e-3, 0.0, 0.0])
    run = roll(design.law(robot, DT), rest([0.0, 0.0], 8000), start=(x0[:2], x0[2:]), friction=0)
    log = run.log
    paid = np.sum([20, 50] * log.q**2 + [2, 5] * log.v**2) + 0.1 * np.sum(log.tau_wanted[:, 0] ** 2)
    assert not log.tau[:, 1].any()  # nothing drives the pole
    assert abs(log.q[-1]).max() < 1e-6
    assert paid == pytest.approx(x0 @ S @ x0, rel=0.02)  # designed with the friction that this plant lacks


def test_a_robot_without_drives_cannot_be_regulated():
    robot = load("cart_pole").lock({load("cart_pole").joints[0]: 0.0})
    with pytest.raises(InvalidInput, match="has no drive"):
        LQR().law(robot, DT)


def test_a_nominal_configuration_of_the_wrong_size_is_refused():
    with pytest.raises(InvalidInput, match="q_nominal must be 7 finite joint positions"):
        LQR().law(load("panda"), DT, [0.0, 1.0])


def test_inertia_of_the_single_joint_is_as_the_tests_assume(tmp_path):
    assert_allclose(one_joint(tmp_path).mass_matrix([0.3]), [[INERTIA]])


@pytest.mark.parametrize("latency", [1e-3, 5e-3])
@pytest.mark.parametrize("design", [LQR(), Hinf()], ids=["lqr", "hinf"])
@pytest.mark.parametrize("name", ["two_link", "cart_pole"])
def test_a_latency_leaves_the_poles_where_they_are(name, design, latency):
    robot = load(name)
    fresh, late = (analyse(design, robot, 1e-3, robot.home, latency=x).poles for x in (0.0, latency))
    rest = list(late)
    for pole in fresh:
        nearest = int(np.argmin(np.abs(np.array(rest) - pole)))
        assert abs(rest.pop(nearest) - pole) < 1e-5
    assert np.abs(rest).max() < 0.05  # at 0, but for rounding to a root of several


@pytest.mark.parametrize("design", [LQR(), Hinf()], ids=["lqr", "hinf"])
def test_a_quadrotor_that_sees_20_ms_late_flies_as_if_it_saw_now(design):
    robot, ways = load("quadrotor_2d"), []
    for latency in (0.0, 20e-3):
        law = design.law(robot, DT, robot.home, latency=latency)
        start = robot.home + 0.01, np.zeros(robot.n)
        ways.append(roll(law, rest(robot.home, 1000), start=start, latency=latency).log.q)
    assert_allclose(ways[1], ways[0], atol=1e-9)
    assert abs(ways[0][-1] - robot.home).max() < 0.3 * 0.01
