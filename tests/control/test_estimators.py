"""Compiled estimators against filters of the library run over the log, scipy, and the statistics of their errors."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import signal, stats

from robocalc.control import EKF, ESTIMATORS, UKF, ComputedTorque, Estimator, Senses, kalman
from robocalc.control import kernels_estimate as ke
from robocalc.control import kernels_filters as kf
from robocalc.control.estimators import Difference, Observer, noise_left, placed, steady
from robocalc.control.filters import ExtendedKalman, UnscentedKalman
from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from robocalc.jit import njit
from sims.effects import make_effects
from sims.engines.close import close_loop
from sims.engines.loop import simulate
from sims.engines.status import Outcome
from sims.engines.twin import Twin
from tests.sims.loop_cases import DT
from tests.sims.loop_cases import move as motion

MODELLED = [name for name, design in ESTIMATORS.items() if design.predicts]
STEPS, NOISE = 300, 1e-4
LATE = {"now": 0.0, "late": 4e-3, "between": 2.5e-3}


def move(robot, steps):
    """(steps + 1, 3, n): a move of 0.05 rad or m from home, in the time of all steps."""
    home = np.array(robot.home, float)
    return motion(home, home + 0.05, duration=steps * DT, hold=0.0)


def follow(robot, estimator, *, latency=0.0, every=1, steps=STEPS, start=None, plant=None, **effects):
    """A run of the twin along a move, under computed torque on the estimates."""
    reference = move(robot, steps)
    late = latency if estimator is None else estimator.latency
    law = ComputedTorque(wn=20).law(robot, every * DT, reference[-1, 0], substeps=every, latency=late)
    made = make_effects(plant or robot, DT, steps, latency=latency, control_every=every, **effects)
    return simulate(Twin(plant or robot, DT), law, reference, made, start=start, estimator=estimator)


def make(name, robot, *, std=NOISE, latency=0.0, every=1, velocity=None, **gains):
    senses = Senses(np.full(robot.n, std), velocity, latency)
    return ESTIMATORS[name](**gains).estimator(robot, every * DT, senses, substeps=every)


def off(log):
    """(M, 2, n): estimates less what was true."""
    rows = np.round(log.t_estimate / log.dt).astype(int)
    return log.estimate[:, :2] - log.joint[rows, :2]


# what is exact -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("latency", LATE)
@pytest.mark.parametrize("name", MODELLED)
@pytest.mark.parametrize("robot", ["two_link", "xarm6", "quadrotor_2d"])
def test_an_exact_model_and_exact_encoders_leave_no_error_however_late(robot, name, latency):
    robot = load(robot)
    log = follow(robot, make(name, robot, std=0.0, latency=LATE[latency]), latency=LATE[latency]).log
    tolerance = {"now": 1e-12, "late": 1e-12, "between": 3e-3}[latency]  # joints break away between two steps
    tolerance = max(tolerance, 2e-4 if name == "ukf" else 0.0)  # its mean bends with the model: it believes 0.1 rad/s
    assert np.abs(off(log)).max() < tolerance
    if robot.name != "quadrotor_2d":  # which the law cannot move sideways
        assert np.abs(log.q - log.q_ref).max() < tolerance


@pytest.mark.parametrize("latency", LATE)
@pytest.mark.parametrize("gains", [{}, {"corner_hz": None}, {"window": 5e-3, "corner_hz": 40.0}])
def test_a_difference_is_the_filter_of_scipy_and_costs_an_exact_model_nothing(gains, latency):
    robot, latency = load("two_link"), LATE[latency]
    log = follow(robot, make("difference", robot, latency=latency, **gains), latency=latency).log
    assert np.abs(log.q - log.q_ref).max() < 1e-13
    design = Difference(**gains)
    window = 1 if design.window is None else round(design.window / DT)
    alpha = 1.0 if design.corner_hz is None else 1 - np.exp(-2 * np.pi * design.corner_hz * DT)
    b = np.zeros(window + 1)
    b[0], b[-1] = alpha / (window * DT), -alpha / (window * DT)
    expected = signal.lfilter(b, [1.0, alpha - 1.0], log.q_measured - log.q_measured[0], axis=0)
    assert_allclose(log.estimate[:, 1], expected, rtol=0, atol=1e-9)
    assert_allclose(log.estimate[:, 0], log.q_measured, rtol=0, atol=0)


@pytest.mark.parametrize("gains", [{}, {"corner_hz": None}, {"window": 8e-3, "corner_hz": 40.0}])
def test_the_deviation_of_a_difference_is_that_of_filtered_noise(gains):
    robot = load("two_link")
    log = follow(robot, make("difference", robot, **gains), position_noise=NOISE, steps=3000).log
    clean = follow(robot, make("difference", robot, **gains), steps=3000).log
    noise = (log.estimate - clean.estimate)[500:, 1]
    assert_allclose(noise.std(), log.estimate[-1, 3], rtol=0.1)


def test_poles_of_the_observer_are_where_its_bandwidth_puts_them():
    A = np.array([[1.0, DT, DT**2], [0.0, 1.0, DT], [0.0, 0.0, 1.0]])
    for n in (2, 3):
        L = placed(A[:n, :n], 0.9)
        poles = np.linalg.eigvals((np.eye(n) - np.outer(L, np.eye(n)[0])) @ A[:n, :n])
        assert_allclose(poles, 0.9, atol=1e-4)  # n equal poles: rounding moves them by its n-th root
        assert_allclose(poles.mean(), 0.9, atol=1e-9)


@pytest.mark.parametrize("R", [[1e-8], [1e-8, 1e-4]])
@pytest.mark.parametrize("wander", [0.0, 3.0])
def test_gains_of_kalman_are_those_of_the_riccati_equation(R, wander):
    h, shake, size = DT / 2, 0.4, 3 if wander else 2
    A = np.array([[1.0, h, h * h], [0.0, 1.0, h], [0.0, 0.0, 1.0]])[:size, :size]
    G, D = np.array([h * h, h, 0.0])[:size], np.eye(3)[2, :size]
    Q = shake**2 / h * np.outer(G, G) + h * wander**2 * np.outer(D, D)
    L, P, gate = steady(DT, 2, shake, wander, R)
    C = np.eye(size)[: len(R)]
    own, before = kalman(A @ A, C, A @ Q @ A.T + Q, np.diag(R))
    assert_allclose(L, own, rtol=1e-6)
    assert_allclose(gate, before[0, 0] + R[0], rtol=1e-6)
    assert_allclose(P, (np.eye(size) - own @ C) @ before, rtol=1e-5, atol=1e-14)


@pytest.mark.parametrize("name", ["observer", "kalman"])
@pytest.mark.parametrize("every", [1, 3])
def test_a_constant_gain_estimate_is_model_and_correction_step_by_step(name, every):
    robot = load("two_link")
    estimator = make(name, robot, every=every)
    log = follow(robot, estimator, every=every, position_noise=NOISE).log
    L = estimator.gains[ke.L_Q : ke.L_D + 1, :2]
    q, v, d = log.q_measured[0].copy(), np.zeros(2), np.zeros(2)
    for m in range(1, len(log.estimate)):
        for k in range((m - 1) * every, m * every):
            v = v + DT * (robot.forward_dynamics(q, v, log.tau[k]) + d)
            q = q + DT * v
        e = log.q_measured[m * every] - q
        q, v, d = q + L[0] * e, v + L[1] * e, d + L[2] * e
        assert_allclose(log.estimate[m, :2], [q, v], rtol=1e-9, atol=1e-12)


# the library's filters over the log ----------------------------------------------------------------------------------


def process_noise(robot, x, sigma):
    """Q of a physics step for torque of density sigma."""
    W = np.linalg.inv(robot.mass_matrix(x[: robot.n]))
    G = np.vstack([DT * DT * W, DT * W])
    return G @ np.diag(np.square(sigma) / DT) @ G.T


def replayed(kind, robot, log, every, sigma, R, extra=()):
    """Estimates of the library's filter at the control instants, from what was measured and applied."""
    n = robot.n
    C = np.eye(2 * n)[: len(R)]
    x, P = np.concatenate([log.q_measured[0], np.zeros(n)]), np.diag([*R[:n], *([0.1**2] * n)])
    one = kind(robot, DT, C, process_noise(robot, x, sigma), np.diag(R))
    if len(R) > n:
        velocity = kind(robot, DT, C[n:], one.Q, np.diag(R[n:]))
        x, P = velocity.correct(x, P, log.v_measured[0])
    rows = [(x, np.sqrt(np.diag(P)))]
    for m in range(1, len(log.estimate)):
        for k in range((m - 1) * every, m * every):
            one = replace(one, Q=process_noise(robot, x, sigma))
            x, P = one.predict(x, P, log.tau[k])
        y = log.joint[m * every, [2, 3]].ravel()[: len(R)]
        x, P = one.correct(x, P, y)
        rows.append((x, np.sqrt(np.diag(P))))
    return np.array([np.concatenate(row).reshape(4, n) for row in rows])


@pytest.mark.parametrize("velocity", [False, True])
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize(("name", "oracle"), [("ekf", EKF), ("ukf", UKF)])
@pytest.mark.parametrize("robot", ["two_link", "cart_pole"])
def test_a_compiled_filter_is_the_librarys_run_over_the_log(robot, name, oracle, every, velocity):
    robot, sigma = load(robot), np.array([0.3, 0.2])
    speeds = np.full(2, 2e-2) if velocity else None
    estimator = make(name, robot, every=every, velocity=speeds, torque_noise=(0.3, 0.2), drift=0.0)
    effects = {"position_noise": NOISE, "velocity_noise": 2e-2, "ripple": 0.5, "seed": 4}
    log = follow(robot, estimator, every=every, **effects).log
    R = [NOISE**2] * 2 + ([4e-4] * 2 if velocity else [])
    expected = replayed(oracle, robot, log, every, sigma, R)
    assert_allclose(log.estimate, expected, rtol=1e-9, atol=1e-9)


def test_a_disturbance_is_a_state_like_any_other():
    robot, sigma, drift = load("two_link"), np.array([0.3, 0.2]), 2.0
    log = follow(robot, make("ekf", robot, torque_noise=(0.3, 0.2), drift=drift), position_noise=NOISE, ripple=0.5).log
    x, P = np.concatenate([log.q_measured[0], np.zeros(4)]), np.diag([NOISE**2] * 2 + [0.01] * 2 + [drift**2] * 2)
    C, R = np.eye(6)[:2], NOISE**2 * np.eye(2)
    for k in range(len(log.tau) - 1):
        step = robot.step_derivatives(x[:2], x[2:4], log.tau[k] + x[4:], DT)
        A = np.eye(6)
        A[:4, :4], A[:4, 4:] = step.A, step.B
        Q = np.zeros((6, 6))
        Q[:4, :4], Q[4:, 4:] = process_noise(robot, x, sigma), DT * drift**2 * np.eye(2)
        x = np.concatenate([*robot.step(x[:2], x[2:4], log.tau[k] + x[4:], DT), x[4:]])
        P = A @ P @ A.T + Q
        K = np.linalg.solve(C @ P @ C.T + R, C @ P).T
        x, P = x + K @ (log.q_measured[k + 1] - C @ x), (np.eye(6) - K @ C) @ P
        found = [x[:2], x[2:4], *np.sqrt(np.diag(P))[:4].reshape(2, 2)]
        assert_allclose(log.estimate[k + 1], found, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("name", ["ekf", "ukf"])
def test_errors_are_as_large_as_the_filter_believes(name):
    """NEES of 60 runs under the noises that it is told: chi-square, within its middle 99 %."""
    robot, sigma, runs = load("two_link"), 0.05, 60
    rng, total = np.random.default_rng(0), 0.0
    q0 = move(robot, 200)[0, 0]
    for seed in range(runs):
        estimator = make(name, robot, std=1e-3, torque_noise=sigma, drift=0.0)
        start = q0, 0.1 * rng.standard_normal(2)
        words = {"position_noise": 1e-3, "ripple": sigma / np.sqrt(DT), "seed": seed}
        run = follow(robot, estimator, steps=200, start=start, **words)
        P = run.sight[kf.COV, :16].reshape(4, 4)
        e = run.sight[1, :4] - run.log.joint[-1, :2].ravel()
        total += e @ np.linalg.solve(P, e)
    low, high = stats.chi2.interval(0.99, 4 * runs)
    assert low < total < high


@pytest.mark.parametrize("latency", [0.0, 5e-3])
def test_the_band_holds_its_share_with_old_measurements_too(latency):
    robot, sigma = load("two_link"), 0.05
    inside = []
    for seed in range(4):
        estimator = make("ekf", robot, std=1e-3, latency=latency, torque_noise=sigma, drift=0.0)
        words = {"position_noise": 1e-3, "ripple": sigma / np.sqrt(DT), "seed": seed}
        log = follow(robot, estimator, latency=latency, steps=800, **words).log
        inside.append(np.abs(off(log))[20:] <= 1.96 * log.estimate[20:, 2:])
    assert np.mean(inside) == pytest.approx(0.95, abs=0.04)


# what is not measured ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("design", [ExtendedKalman, UnscentedKalman])
def test_a_joint_without_encoder_is_seen_through_the_others(design):
    robot = load("cart_pole")
    senses = Senses(np.array([1e-4, np.nan]))
    estimator = design(drift=0.0, torque_noise=1e-3).estimator(robot, DT, senses, np.zeros(2))
    reference = np.zeros((1501, 3, 2))
    reference[:, 0, 1] = np.pi  # hanging
    law = ComputedTorque(wn=2).law(robot, DT, reference[0, 0])
    made = make_effects(robot, DT, 1500, position_noise=1e-4, seed=1)
    start = np.array([0.0, np.pi + 0.08]), np.zeros(2)
    log = simulate(
        Twin(robot, DT), replace(law, gains=0.0 * law.gains), reference, made, start=start, estimator=estimator
    ).log
    swung = np.abs(off(log)[:, 0, 1])
    assert swung[0] > 0.07
    assert swung[-300:].max() < 0.02
    assert np.array_equal(log.q_measured[:, 1], log.estimate[:, 0, 1])


def test_what_no_sensor_sees_is_named():
    robot = load("husky")
    with pytest.raises(InvalidInput, match="tyres"):
        ExtendedKalman().estimator(robot, DT, Senses(np.zeros(3)))
    robot, senses = load("two_link").with_gravity((0, 0, 0)), Senses(np.array([np.nan, 1e-4]))
    with pytest.raises(InvalidInput, match="position of shoulder"):
        ExtendedKalman(drift=0.0).estimator(robot, DT, senses)
    for name in ("difference", "observer", "kalman"):
        with pytest.raises(InvalidInput, match="shoulder of two_link has none; ekf and ukf"):
            ESTIMATORS[name]().estimator(robot, DT, senses)


# what goes wrong -----------------------------------------------------------------------------------------------------


@njit
def lost_after_a_while(model, gains, memory, k, applied, reference, q, v, ref, out):
    for i in range(len(q)):
        out[0, i], out[1, i] = q[i], v[i] if k < 50 else np.nan


def test_an_estimate_that_is_no_number_ends_the_run_and_keeps_its_data():
    robot = load("two_link")
    run = follow(robot, Estimator(lost_after_a_while, np.zeros((6, 8)), np.zeros((1, 8)), DT))
    assert run.outcome is Outcome.LOST
    assert run.outcome.diverged
    assert len(run.log.joint) == len(run.log.estimate) == 51
    assert np.isfinite(run.log.joint[:50]).all()


@pytest.mark.parametrize("name", ["kalman", "ekf", "ukf"])
def test_a_filter_that_believes_a_wrong_model_too_much_says_so(name):
    robot = load("two_link")
    heavy = robot.with_payload(3.0)
    estimator = make(name, robot, std=1e-6, torque_noise=1e-4, drift=0.0)
    run = follow(robot, estimator, plant=heavy)
    (told,) = estimator.notes(run.sight)
    assert told.startswith(f"estimator {name} diverged at t = 0.0")
    assert not estimator.notes(estimator.memory)


@pytest.mark.parametrize(
    ("make_it", "why"),
    [
        (lambda: Difference(corner_hz=-1.0), "corner_hz"),
        (lambda: Difference(window=2.5e-3).estimator(load("two_link"), DT, Senses(np.zeros(2))), "multiple"),
        (lambda: Observer(bandwidth=(1.0, 2.0, 3.0)).estimator(load("two_link"), DT, Senses(np.zeros(2))), "3 values"),
        (lambda: ExtendedKalman(torque_noise=0.0), "torque_noise"),
        (lambda: UnscentedKalman(alpha=0.0), "alpha"),
        (lambda: Senses(np.array([-1.0])), "0 or more"),
        (lambda: Senses(np.zeros(2), latency=-1.0), "latency"),
        (lambda: ExtendedKalman().estimator(load("two_link"), DT, Senses(np.zeros(3))), "senses are of 3 joints"),
        (lambda: ExtendedKalman(velocity_std=1.0).estimator(load("two_link"), DT, Senses(np.zeros(2))), "no velocity"),
    ],
)
def test_what_makes_no_sense_is_refused(make_it, why):
    with pytest.raises(InvalidInput, match=why):
        make_it()


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_longer_run_takes_no_more_memory(name):
    from numba.core.runtime import _nrt_python, rtsys

    from robocalc.control.signature import law_address

    robot = load("two_link")
    estimator = make(name, robot, latency=2.5e-3)
    reference, law = move(robot, STEPS), ComputedTorque().law(robot, DT)
    made = make_effects(robot, DT, STEPS, latency=2.5e-3)
    closed = close_loop(twin := Twin(robot, DT), law, reference, made, estimator=estimator)
    rtsys.initialize(None)
    _nrt_python.memsys_enable_stats()
    try:
        taken = []
        for steps in (1, 1, 60):
            twin.reset(reference[0, 0], np.zeros(2))
            before = rtsys.get_allocation_stats().alloc
            twin.roll(0, steps, law_address(law.step), closed)
            taken.append(rtsys.get_allocation_stats().alloc - before)
    finally:
        _nrt_python.memsys_disable_stats()
    assert taken[2] == taken[1]


@pytest.mark.parametrize("bandwidth", [2.0, 50.0, 800.0])
def test_the_band_of_the_observer_is_what_noise_alone_makes_of_it(bandwidth):
    A = np.array([[1.0, DT, DT**2], [0.0, 1.0, DT], [0.0, 0.0, 1.0]])
    L = placed(A, np.exp(-bandwidth * DT))
    F, x, total = (np.eye(3) - np.outer(L, np.eye(3)[0])) @ A, L.copy(), np.zeros((3, 3))
    for _ in range(int(30 / (bandwidth * DT))):  # the response to one sample's noise, summed
        total, x = total + np.outer(x, x), F @ x
    assert_allclose(noise_left(A, L, 1.0), total, rtol=1e-4)
