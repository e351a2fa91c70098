"""Feedback along a motion, with integral action, against the worst case: truths of the linear theory on real plants."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.control import LQI, LQR, TVLQR, Hinf, linearise
from robocalc.control.along import along, delay
from robocalc.control.lqi import integrated
from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from sims.engines.twin import Twin
from tests.sims.loop_cases import DT, Frictionless, move, one_joint, rest, rms, roll

ARM = load("two_link")
MOVE = move(ARM.home, ARM.home + np.array([1.0, -0.7]), duration=0.6, hold=0.2)


@pytest.mark.parametrize("every", [1, 4])
def test_at_rest_it_is_the_dynamics_that_lqr_is_designed_on(every):
    robot = load("panda")
    model = along(robot, rest(robot.home, 10), DT, every)
    A, B = linearise(robot, robot.home, every * DT, every)
    assert_allclose(model.A, np.broadcast_to(A, model.A.shape), atol=1e-12)
    assert_allclose(model.B, np.broadcast_to(B, model.B.shape), atol=1e-12)


@pytest.mark.parametrize("every", [1, 3])
def test_along_a_motion_it_is_the_derivative_of_the_plants_steps(every):
    robot = Frictionless(ARM)
    model, twin, h = along(robot, MOVE, DT, every), Twin(ARM, DT), 1e-5
    q, v, a = MOVE.transpose(1, 0, 2)
    tau = ARM.inverse_dynamics(q, v, a)

    def after(k, d):
        twin.reset(q[k] + d[:2], v[k] + d[2:4])
        for step in range(k, k + every):
            state = twin.step(tau[step] + d[4:])
        return np.concatenate([state.q, state.v])

    for period in (0, 40, 150):
        k = period * every
        columns = [(after(k, h * e) - after(k, -h * e)) / (2 * h) for e in np.eye(6)]
        assert_allclose(np.hstack([model.A[period], model.B[period]]), np.array(columns).T, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("every", [1, 4])
def test_simulated_cost_is_the_cost_to_go_of_the_riccati_pass(every):
    """Small deviations of a moving arm pay what the linear theory says."""
    design, robot, whole = TVLQR(30.0, 0.5, 0.02), Frictionless(ARM), stay(MOVE, 4000)
    law = design.law(robot, every * DT, substeps=every, reference=whole, step=DT)
    _, S = design.feedback(robot, every * DT, substeps=every, reference=whole, step=DT)
    x0 = 1e-5 * np.array([1.0, -2, 0.3, 4])
    effects = {"plant": ARM, "friction": 0, "control_every": every, "torque_limits": np.full(2, 100.0)}
    disturbed = roll(law, whole, start=(MOVE[0, 0] + x0[:2], MOVE[0, 1] + x0[2:]), **effects).log
    plain = roll(law, whole, **effects).log
    q, v, u = (getattr(disturbed, x)[::every] - getattr(plain, x)[::every] for x in ("q", "v", "tau_wanted"))
    assert np.sum(30.0 * q**2 + 0.5 * v**2 + 0.02 * u**2) == pytest.approx(x0 @ S[0] @ x0, rel=1e-3)


def stay(reference, steps):
    """The reference, then rest at its end."""
    return np.concatenate([reference, rest(reference[-1, 0], steps)[1:]])


@pytest.mark.parametrize("latency", [1e-3, 2e-3, 2.5e-3, 6e-3])
@pytest.mark.parametrize("every", [1, 4])
def test_old_deviations_are_carried_to_now_exactly(every, latency):
    """A linear plant along the motion: what a sensor saw a while ago, and the torques since, give the state now."""
    model, age = along(ARM, MOVE, DT, every), latency / DT
    Phi, Gamma = delay(model, latency, every * DT, every)
    rng = np.random.default_rng(1)
    torque = rng.normal(size=(400, 2))  # of each control period
    x = [rng.normal(size=4)]
    for k in range(400):
        x.append(model.step_a[k] @ x[k] + model.step_b[k] @ torque[k // every])
    for period in (30, 99):
        stamp = period * every - age
        before, share = int(np.floor(stamp)), stamp - np.floor(stamp)
        seen = x[before] + share * (x[before + 1] - x[before])
        now = Phi[period] @ seen + sum(Gamma[period, j] @ torque[period - 1 - j] for j in range(Gamma.shape[1]))
        assert_allclose(now, x[period * every], rtol=1e-9)


@pytest.mark.parametrize("latency", [0.0, 2.5e-3, 6e-3])
@pytest.mark.parametrize("name", ["panda", "cart_pole"])
def test_an_exact_model_tracks_exactly_and_a_wrong_start_is_forgotten(name, latency):
    robot = load(name)
    reference = move(robot.home, robot.home + 0.5, hold=1.0) if name == "panda" else rest(robot.home, 5000)
    law = TVLQR().law(robot, DT, reference=reference, step=DT, latency=latency)
    assert rms(roll(law, reference, latency=latency).log) < 1e-12
    log = roll(law, reference, start=(robot.home + 1e-3, 0 * robot.home), latency=latency).log
    assert abs(log.q - log.q_ref)[-1].max() < 1e-3 * (0.2 if name == "cart_pole" else 0.01)


def test_fast_feedback_survives_a_latency_that_it_would_not_without_prediction(tmp_path):
    robot, reference = one_joint(tmp_path), rest([0.0], 3000)
    design, start = TVLQR(1e4, 1.0, 1e-4), (np.array([0.01]), np.zeros(1))
    blind = design.law(robot, DT, reference=reference, step=DT)
    seeing = design.law(robot, DT, reference=reference, step=DT, latency=0.03)
    assert abs(roll(blind, reference, start=start, latency=0.03).log.q[-1, 0]) > 0.01
    assert abs(roll(seeing, reference, start=start, latency=0.03).log.q[-1, 0]) < 1e-8


def test_without_a_reference_it_is_lqr_at_rest(tmp_path):
    robot = one_joint(tmp_path)
    K, _ = TVLQR(30.0, 0.5, 0.02).feedback(robot, DT, [0.3])
    assert_allclose(K[-1], LQR(30.0, 0.5, 0.02).feedback(robot, DT, [0.3])[0], rtol=1e-9)


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        (np.zeros((5, 2, 2)), r"must have shape \(N \+ 1, 3, 2\)"),
        (np.full((5, 3, 2), np.nan), "not finite at step 0"),
        (np.zeros((1, 3, 2)), "with N from 1"),
    ],
)
def test_a_reference_that_cannot_be_is_refused(reference, told):
    with pytest.raises(InvalidInput, match=told):
        TVLQR().law(ARM, DT, reference=reference, step=DT)
    with pytest.raises(InvalidInput, match="not the control period"):
        TVLQR().law(ARM, DT, reference=MOVE, step=3e-3)


# integral action, worst case ----------------------------------------------------------------------------------------


def test_integral_action_takes_up_a_constant_load_and_lqr_does_not():
    left = {}
    for name, design in {"lqr": LQR(), "lqi": LQI(r_weight=1e-2)}.items():
        log = roll(design.law(ARM, DT), rest([0.4, 0.6], 8000), plant=ARM.with_payload(0.3), friction=0).log
        left[name] = abs(log.q[-1] - log.q_ref[-1]).max()
    assert left["lqi"] < 1e-6 < 1e-3 < left["lqr"]


def test_the_cart_not_the_pole_is_led_to_zero():
    robot = load("cart_pole")
    assert integrated(*linearise_by_input(robot)) == [0]
    law = LQI().law(robot, DT)
    K, _, slowest = LQI().feedback(robot, DT)
    assert slowest < 1.0
    assert not K[:, 5].any()
    log = roll(law, rest([0.0, 0.0], 12000), start=(np.array([0.0, 0.02]), np.zeros(2))).log
    assert abs(log.q[-1]).max() < 1e-3


def linearise_by_input(robot):
    A, B = linearise(robot, robot.home, DT)
    return A, B[:, :1]


def test_integrals_do_not_wind_up(tmp_path):
    law = LQI(100, 1, 3000, 0.01).law(one_joint(tmp_path), DT)
    log = roll(law, rest([1.0], 8000), start=(np.zeros(1), np.zeros(1)), torque_limits=np.array([1.0])).log
    assert abs(log.tau).max() <= 1.0
    assert abs(log.q[-1, 0] - 1.0) < 1e-6
    assert log.q.max() < 1.5


def test_simulated_cost_with_integral_action_is_its_cost_to_go(tmp_path):
    robot, design = one_joint(tmp_path), LQI(30.0, 0.5, 200.0, 0.02)
    law, (_, S, _) = design.law(robot, DT), design.feedback(robot, DT)
    x0 = np.array([0.1, -0.2, 0.0])
    log = roll(law, rest([0.0], 8000), start=(x0[:1], x0[1:2])).log
    s = DT * np.concatenate([[0.0], np.cumsum(log.q[:-1, 0])])
    paid = np.sum(30.0 * log.q**2 + 0.5 * log.v**2 + 0.02 * log.tau_wanted**2) + 200.0 * np.sum(s**2)
    assert paid == pytest.approx(x0 @ S @ x0, rel=1e-9)


def test_the_worst_case_design_bounds_what_pushes_do(tmp_path):
    """A torque disturbance of the arm: weighted errors and inputs stay below γ² times its square."""
    design = Hinf(30.0, 0.5, 0.02, margin=1.2)
    law, (_, _, gamma) = design.law(ARM, DT), design.feedback(ARM, DT)
    friction = ARM.friction
    log = roll(law, rest(ARM.home, 4000), friction=friction, ripple=np.array([0.02, 0.02]), seed=3).log
    w = log.tau_world + friction[0] * log.v
    cost = np.sum(30 * (log.q - log.q_ref) ** 2 + 0.5 * log.v**2 + 0.02 * (log.tau_wanted - log.tau_wanted[0]) ** 2)
    assert 0 < cost <= gamma**2 * np.sum(w**2)
