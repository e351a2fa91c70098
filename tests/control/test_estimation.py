"""Filters against scipy's Riccati solutions, batch least squares, closed forms, differences and NEES of simulations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import solve_discrete_are
from scipy.stats import chi2

from robocalc.control import EKF, UKF, KalmanFilter, kalman
from robocalc.control.estimation_plants import motion_of
from robocalc.dynamics import load
from robocalc.dynamics.systems import double_integrator, mass_spring_damper, pendulum
from robocalc.errors import InvalidInput

rng = np.random.default_rng(7)
DT = 0.01
A = np.array([[1, DT], [0, 1]])
B = np.array([[DT**2 / 2], [DT]])
C = np.array([[1.0, 0]])
Q = 4.0 * np.array([[DT**3 / 3, DT**2 / 2], [DT**2 / 2, DT]])  # white acceleration
R = np.array([[1e-4]])
P0 = np.diag([0.01, 0.25])


def simulated(steps, seed):
    """(x (N, 2), y (N, 1), u (N, 1)) of the double integrator that the covariances describe."""
    rng = np.random.default_rng(seed)
    x, u = np.empty((steps, 2)), np.sin(np.arange(steps) * DT)[:, None]
    x[0] = rng.multivariate_normal(np.zeros(2), P0)
    w = rng.multivariate_normal(np.zeros(2), Q, steps)
    for k in range(steps - 1):
        x[k + 1] = A @ x[k] + B @ u[k] + w[k]
    return x, x @ C.T + rng.normal(0, np.sqrt(R[0, 0]), (steps, 1)), u


def test_steady_gain_is_scipys_riccati_solution_and_what_the_filter_reaches():
    L, P = kalman(A, C, Q, R)
    assert_allclose(P, solve_discrete_are(A.T, C.T, Q, R), rtol=1e-9)
    out = KalmanFilter(A, C, Q, R).run(np.zeros((1500, 1)), x0=[0, 0], P0=P0)
    assert_allclose(out.P[-1], (np.eye(2) - L @ C) @ P, rtol=1e-9)


def test_steady_gain_is_that_of_python_control():
    control = pytest.importorskip("control")
    rng = np.random.default_rng(11)
    F, H, W, V = rng.normal(size=(4, 4)), rng.normal(size=(2, 4)), rng.normal(size=(4, 4)), rng.normal(size=(2, 2))
    gain, prior, _ = control.dlqe(F, np.eye(4), H, W @ W.T, V @ V.T)  # its gain predicts: F L
    L, P = kalman(F, H, W @ W.T, V @ V.T)
    assert_allclose(F @ L, gain, rtol=1e-7, atol=1e-9)
    assert_allclose(P, prior, rtol=1e-7, atol=1e-9)


def test_steady_gain_of_a_scalar_random_walk_in_closed_form():
    q, r = 0.3, 2.0
    P = (q + np.sqrt(q * q + 4 * q * r)) / 2  # P² = q (P + r)
    L, found = kalman(1.0, 1.0, q, r)
    assert_allclose([found[0, 0], L[0, 0]], [P, P / (P + r)], rtol=1e-12)


def test_kalman_estimate_is_the_weighted_least_squares_of_all_it_saw():
    steps = 12
    _, y, u = simulated(steps, 1)
    n, rows, right = 2 * steps, [], []

    def add(weight, blocks, value):
        row = np.zeros((len(value), n))
        for k, M in blocks:
            row[:, 2 * k : 2 * k + 2] = M
        W = np.linalg.inv(np.linalg.cholesky(weight))
        rows.append(W @ row), right.append(W @ value)

    add(P0, [(0, np.eye(2))], np.array([0.1, -0.2]))
    for k in range(steps):
        add(R, [(k, C)], y[k])
        if k + 1 < steps:
            add(Q, [(k, -A), (k + 1, np.eye(2))], B @ u[k])
    J = np.vstack(rows)
    best = np.linalg.lstsq(J, np.concatenate(right), rcond=None)[0]
    out = KalmanFilter(A, C, Q, R, B).run(y, u, x0=[0.1, -0.2], P0=P0)
    assert_allclose(out.x[-1], best[-2:], rtol=1e-8, atol=1e-10)
    assert_allclose(out.P[-1], np.linalg.inv(J.T @ J)[-2:, -2:], rtol=1e-6)


def test_filters_of_a_linear_system_agree():
    _, y, u = simulated(60, 2)
    y[20:30] = np.nan  # a dropout
    plant = double_integrator()
    linear = KalmanFilter(A, C, Q, R, B).run(y, u / plant.parameters.get("m", 1.0), x0=[0, 0], P0=P0)
    for kind in (EKF, UKF):
        out = kind(plant, DT, C, Q, R).run(y, u, x0=[0, 0], P0=P0)
        assert_allclose(out.x, linear.x, atol=1e-11)
        assert_allclose(out.P, linear.P, rtol=1e-8, atol=1e-14)


def test_kalman_is_consistent_in_nees_and_nis():
    """Sums of NEES over independent runs are χ²: within its 99.9 % interval at the end of each of the runs."""
    runs, filters = 200, KalmanFilter(A, C, Q, R, B)
    nees, nis = [], []
    for seed in range(runs):
        x, y, u = simulated(40, 100 + seed)
        out = filters.run(y, u, x0=[0, 0], P0=P0)
        nees.append(out.nees(x)[-1]), nis.append(out.nis[-1])
    for total, size in ((sum(nees), 2 * runs), (sum(nis), runs)):
        assert chi2.ppf(5e-4, size) < total < chi2.ppf(1 - 5e-4, size)


@pytest.mark.parametrize("kind", [EKF, UKF])
def test_velocity_of_a_pendulum_from_its_encoder(kind):
    """A swing through large angles: the errors are as large as the filter says, and far below those of differences."""
    plant, dt, noise = pendulum(), 0.01, 2e-3
    motion, rng = motion_of(plant, dt, 4), np.random.default_rng(3)
    Q = np.diag([1e-10, 1e-5])
    x = np.empty((400, 2))
    x[0] = 2.0, 0.0
    for k in range(len(x) - 1):
        x[k + 1] = motion.linear(k * dt, x[k], np.zeros(1))[0] + rng.normal(0, np.sqrt(np.diag(Q)))
    y = x[:, :1] + rng.normal(0, noise, (len(x), 1))
    out = kind(plant, dt, [[1.0, 0]], Q, [[noise**2]]).run(y, x0=[1.9, 0.1], P0=0.01 * np.eye(2))
    assert out.status == "ok"
    assert 0.7 < np.nanmean(out.nees(x)) / 2 < 1.4
    error, differences = (out.x - x)[100:, 1], (np.diff(y[:, 0]) / dt - x[1:, 1])[99:]
    assert np.sqrt(np.mean(differences**2)) > 8 * np.sqrt(np.mean(error**2))
    inside = np.abs(out.x - x) < 2 * out.deviation
    assert inside.mean() > 0.88


@pytest.mark.parametrize("plant", [pendulum(), mass_spring_damper(), load("two_link")], ids=lambda p: p.name)
def test_transition_matrices_are_derivatives_of_the_step(plant):
    motion = motion_of(plant, 0.02, 3)
    x, u = rng.normal(size=motion.nx), rng.normal(size=motion.nu)
    step = motion.linear(0.0, x, u)
    E = 1e-5 * np.eye(motion.nx)
    ends = motion.many(0.0, np.vstack([x + E, x - E]), u)
    assert_allclose(step[1], ((ends[: motion.nx] - ends[motion.nx :]) / 2e-5).T, rtol=1e-6, atol=1e-7)
    assert_allclose(motion.many(0.0, x[None], u)[0], step[0], rtol=1e-12)


@pytest.mark.parametrize("kind", [EKF, UKF])
def test_velocities_of_a_robot_from_encoders(kind):
    robot, dt = load("two_link"), 1e-3
    n, rng = robot.n, np.random.default_rng(4)
    tau = robot.gravity(robot.home) + 0.5
    x = np.empty((150, 2 * n))
    x[0] = np.concatenate([robot.home, np.zeros(n)])
    for k in range(len(x) - 1):
        x[k + 1] = np.concatenate(robot.step(x[k, :n], x[k, n:], tau, dt))
    y = x[:, :n] + rng.normal(0, 1e-4, (len(x), n))
    Q = np.diag(np.repeat([1e-14, 1e-8], n))
    filters = kind(robot, dt, np.eye(n, 2 * n), Q, 1e-8 * np.eye(n))
    out = filters.run(y, np.tile(tau, (len(x), 1)), x0=x[0], P0=1e-4 * np.eye(2 * n))
    differences = np.abs(np.diff(y, axis=0) / dt - x[1:, n:])[50:].mean()
    assert out.status == "ok"
    assert np.abs(out.x - x)[51:, n:].mean() < differences / 10


def test_unscented_moments_of_a_square_are_exact():
    """y = x² of x ~ N(m, P): mean m² + P, variance 2 P² + 4 m² P, cross covariance 2 m P."""
    m, P, r, y = 0.8, 0.3, 0.05, 1.4
    plant = double_integrator()
    filters = UKF(plant, DT, lambda x: x[:1] ** 2, np.zeros((2, 2)), [[r]], kappa=-1.0)
    x, cov = filters.correct([m, 0.0], np.diag([P, 0.0]), [y])
    S, cross = 2 * P * P + 4 * m * m * P + r, 2 * m * P
    assert_allclose(x, [m + cross / S * (y - m * m - P), 0.0], atol=1e-12)
    assert_allclose(cov, np.diag([P - cross**2 / S, 0.0]), atol=1e-12)


def test_a_function_as_sensor_needs_no_jacobian():
    def h(x):
        return np.array([np.sin(x[0]), x[0] * x[1]])

    def jac(x):
        return np.array([[np.cos(x[0]), 0], [x[1], x[0]]])

    x, P, y = np.array([0.4, -0.9]), np.array([[0.2, 0.05], [0.05, 0.3]]), [0.5, np.nan]
    ours, exact = (EKF(pendulum(), DT, h, Q, np.eye(2), jac_h=j) for j in (None, jac))
    for a, b in zip(ours.correct(x, P, y), exact.correct(x, P, y), strict=True):
        assert_allclose(a, b, rtol=1e-9)
    c = jac(x)[:1]
    gain = P @ c.T / (c @ P @ c.T + 1.0)
    assert_allclose(exact.correct(x, P, y)[1], P - gain @ c @ P, rtol=1e-12)


def test_what_no_filter_can_see_is_named():
    with pytest.raises(InvalidInput, match=r"the motion of q \(pole 1\) is not seen by C"):
        kalman(A, [[0.0, 1]], Q, R, names=["q", "v"])
    with pytest.raises(InvalidInput, match="not driven by Q"):
        kalman(np.eye(1), np.eye(1), np.zeros((1, 1)), np.eye(1))


def test_a_filter_that_diverges_says_so_and_keeps_its_data():
    _, y, _ = simulated(100, 5)
    lost = KalmanFilter(A, C, 1e-12 * Q, 1e-4 * R).run(y + np.arange(100.0)[:, None] ** 2, u=None, x0=[0, 0], P0=P0)
    assert lost.diverged is not None
    assert "30 standard deviations off" in lost.status
    assert np.isfinite(lost.x).all()  # it goes on: the data shows by how much it is off
    wild = KalmanFilter(1e200 * np.eye(2), C, Q, R).run(np.full((9, 1), np.nan), x0=[1.0, 1], P0=P0)
    assert wild.diverged == 1
    assert wild.status.startswith("the filter diverged at step 1 (1 s): its state is no longer")
    assert_allclose(wild.x[0], [1, 1])
    assert np.isnan(wild.x[1:]).all()


@pytest.mark.parametrize(
    ("told", "made"),
    [
        (r"C must have shape \(1, 2\)", lambda: KalmanFilter(A, np.eye(1), Q, R)),
        ("Q must be symmetric", lambda: KalmanFilter(A, C, Q + np.array([[0, 1], [0, 0]]), R)),
        ("R must be positive definite", lambda: EKF(pendulum(), DT, C, Q, [[0.0]])),
        ("must be a System or a Robot, got str", lambda: UKF("pendulum", DT, C, Q, R)),
        (r"alpha² \(n \+ kappa\) must be above 0", lambda: UKF(pendulum(), DT, C, Q, R, kappa=-2)),
        ("alpha must be numbers", lambda: UKF(pendulum(), DT, C, Q, R, alpha="wide")),
        ("alpha must be finite", lambda: UKF(pendulum(), DT, C, Q, R, alpha=np.nan)),
        ("seconds above 0", lambda: KalmanFilter(A, C, Q, R, dt=np.nan)),
        ("singular P", lambda: KalmanFilter(A, C, 0 * Q, R).run([[0.0]], x0=[0, 0], P0=0 * P0).nees([[0.0, 0]])),
        ("seconds above 0", lambda: EKF(pendulum(), 0.0, C, Q, R)),
        (r"y must have shape \(N, 1\)", lambda: KalmanFilter(A, C, Q, R).run(np.zeros(5), x0=[0, 0], P0=P0)),
        ("x must be finite", lambda: KalmanFilter(A, C, Q, R).run([[0.0]], x0=[0, np.nan], P0=P0)),
        ("y must not be infinite", lambda: KalmanFilter(A, C, Q, R).correct([0, 0], P0, [np.inf])),
        (r"u must have shape \(3, 0\)", lambda: KalmanFilter(A, C, Q, R).run(np.zeros((3, 1)), B.T, x0=[0, 0], P0=P0)),
        (r"h\(x\) must have shape", lambda: EKF(pendulum(), DT, lambda x: x, Q, R).correct([0, 0], P0, [0.0])),
    ],
)
def test_bad_input_is_one_clear_sentence(told, made):
    with pytest.raises(InvalidInput, match=told):
        made()
