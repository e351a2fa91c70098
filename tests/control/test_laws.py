"""Each law against a closed form: the sampled response of a single inertia, poles, steady states, wind-up."""

import numpy as np
import pinocchio as pin
import pytest
from numpy.testing import assert_allclose

from robocalc.control import PD, PID, ComputedTorque, Law, error_gains
from robocalc.dynamics import load
from tests.sims.loop_cases import DT, INERTIA, differences, move, one_joint, rest, rms, roll

STILL = np.zeros(1)


def test_pd_on_an_inertia_is_the_sampled_oscillator(tmp_path):
    kp, kd = 80.0, 4.0
    law = PD(kp, kd).law(one_joint(tmp_path), DT)
    log = roll(law, rest([0.0], 1000), start=(np.array([0.3]), np.array([-0.5]))).log
    v_row = np.array([-DT * kp, INERTIA - DT * kd]) / INERTIA  # v+ = v - dt (kp q + kd v) / m, q+ = q + dt v+
    A, x = np.array([[1.0, 0.0] + DT * v_row, v_row]), np.array([0.3, -0.5])
    for k in range(1001):
        assert_allclose([log.q[k, 0], log.v[k, 0]], x, atol=1e-12)
        x = A @ x


def test_pd_on_an_inertia_is_the_damped_oscillator_as_the_step_shrinks(tmp_path):
    robot, errors = one_joint(tmp_path), []
    wn, zeta = 10.0, 0.3
    wd = wn * np.sqrt(1 - zeta**2)
    for dt in (1e-3, 5e-4):
        law = PD(INERTIA * wn**2, 2 * INERTIA * zeta * wn).law(robot, dt)
        log = roll(law, differences(np.zeros((round(1 / dt) + 1, 1)), dt), dt=dt, start=(np.ones(1), STILL)).log
        exact = np.exp(-zeta * wn * log.t) * (np.cos(wd * log.t) + zeta * wn / wd * np.sin(wd * log.t))
        errors.append(abs(log.q[:, 0] - exact).max())
    assert errors[0] < 0.02
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)  # first order


@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize(
    ("design", "poles"),
    [
        (ComputedTorque(30, 1.0), [-30, -30]),
        (ComputedTorque(20, 0.5), [-10 + 17.320508075688775j, -10 - 17.320508075688775j]),
        (ComputedTorque(20, 2.0), [-74.64101615137754, -5.358983848622454]),
        (ComputedTorque(30, 1.0, integral=True), [-30, -30, -30]),
        (ComputedTorque(20, 0.5, integral=10.0), [-10 + 17.320508075688775j, -10 - 17.320508075688775j, -10]),
    ],
)
def test_computed_torque_has_its_poles(design, poles, every):
    """Errors of all joints of a moving Panda obey Π (z - exp(pole dt)) e = 0, though the joints are coupled."""
    robot, T = load("panda"), every * DT
    plant_friction = {"friction": 0, "control_every": every}
    law = design.law(robot, T, substeps=every)
    offset = 1e-3 * np.array([1, -2, 3, -1, 2, 1, -3.0])
    log = roll(law, rest(robot.home, 200 * every), start=(robot.home + offset, np.zeros(7)), **plant_friction).log
    e = (log.q_ref - log.q)[::every]
    c = np.poly(np.exp(np.array(poles) * T)).real
    residual = sum(c[i] * e[len(c) - 1 - i : len(e) - i] for i in range(len(c)))
    assert abs(e[0]).max() > 1e-3
    assert abs(residual).max() < (1e-13 if every == 1 else 1e-7)  # held torques see a nonlinear arm between samples
    assert abs(e[-1]).max() < 0.5 * abs(e[0]).max()


def test_error_gains_tend_to_those_of_continuous_time():
    assert_allclose(error_gains([-20.0, -30.0], 1e-6), [600, 50], rtol=1e-3)
    assert_allclose(error_gains([-20.0, -30.0, -10.0], 1e-6), [1100, 60, 6000], rtol=1e-3)


@pytest.mark.parametrize("latency", [0.0, 1e-3, 2.5e-3, 5e-3])
@pytest.mark.parametrize("filter_hz", [None, 60.0])
@pytest.mark.parametrize(
    "design",
    [ComputedTorque(40), ComputedTorque(40, integral=True), ComputedTorque(40, adapt_payload=True), PD(2, 0.05)],
)
@pytest.mark.parametrize("name", ["panda", "iiwa"])
def test_an_exact_model_tracks_exactly_with_friction_latency_and_filter(name, design, latency, filter_hz):
    robot = load(name)
    law = design.law(robot, DT)
    log = roll(law, move(robot.home, robot.home + 0.5), latency=latency, velocity_filter_hz=filter_hz).log
    assert rms(log) < 1e-12


@pytest.mark.parametrize(("every", "limit"), [(2, 1e-6), (4, 5e-6)])
def test_a_torque_held_over_several_steps_tracks_almost_exactly(every, limit):
    robot = load("panda")
    law = ComputedTorque(40).law(robot, every * DT, substeps=every)
    assert rms(roll(law, move(robot.home, robot.home + 0.5), control_every=every).log) < limit


def test_torque_known_beforehand_is_pinocchios():
    robot = load("iiwa")
    model = pin.buildModelFromUrdf(str(robot.path))
    data, reference = model.createData(), move(robot.home, robot.home + 0.4)
    q, v, a = reference[::100].transpose(1, 0, 2)
    known = {f: PD(1, 1, feedforward=f).law(robot, DT).torque_along(reference, DT)[::100] for f in ("none", "gravity")}
    assert not known["none"].any()
    assert_allclose(known["gravity"], [pin.computeGeneralizedGravity(model, data, x) for x in q], atol=1e-10)
    whole = PD(1, 1, feedforward="inverse_dynamics").law(robot, DT).torque_along(reference, DT)[::100]
    friction = ComputedTorque().law(robot, DT).torque_along(reference, DT)[::100]
    assert_allclose(whole - friction, [pin.rnea(model, data, *x) for x in zip(q, v, a)], atol=1e-10)
    moving = abs(v) > 0.01
    expected = robot.friction[0] * v + robot.friction[1] * np.sign(v)
    assert_allclose(friction[moving], expected[moving], rtol=0.02)


def test_pid_takes_up_a_constant_load_and_pd_does_not():
    robot = load("two_link")
    left = {}
    for name, design in {"pd": PD(200, 20), "pid": PID(200, 800, 20)}.items():
        log = roll(design.law(robot, DT), rest([0.4, 0.6], 6000), plant=robot.with_payload(0.3), friction=0).log
        left[name] = abs(log.q[-1] - log.q_ref[-1]).max()
    assert left["pid"] < 1e-6
    assert left["pd"] > 1e-3


def test_back_calculation_frees_pid_from_wind_up(tmp_path):
    robot = one_joint(tmp_path)
    step = rest([1.0], 4000)
    over = {}
    for name, tracking in {"on": None, "off": 1e9}.items():
        law = PID(40, 60, 10, tracking_time=tracking).law(robot, DT)
        log = roll(law, step, start=(STILL, STILL), torque_limits=np.array([1.0])).log
        assert abs(log.tau).max() <= 1.0
        assert abs(log.tau_wanted[0, 0]) > 10
        over[name] = log.q.max() - 1.0
    assert over["on"] < 0.5 * over["off"]


def test_integral_of_computed_torque_does_not_wind_up(tmp_path):
    law = ComputedTorque(10, integral=True).law(one_joint(tmp_path), DT)
    log = roll(law, rest([1.0], 6000), start=(STILL, STILL), torque_limits=np.array([1.0])).log
    assert abs(log.q[-1, 0] - 1.0) < 1e-6
    assert log.q.max() < 1.7


def test_a_users_law_runs_like_ours(tmp_path):
    from numba import njit

    @njit
    def mine(model, gains, memory, t, q, v, ref, tau):
        for i in range(len(q)):
            tau[i] = gains[0, 0] * (ref[0, i] - q[i]) - gains[0, 1] * v[i]

    robot = one_joint(tmp_path)
    law = Law(mine, np.array([[80.0, 4.0]]), np.zeros((1, 1)), DT, robot=robot)
    start = np.array([0.3]), STILL
    ours = roll(PD(80, 4, feedforward="none").law(robot, DT), rest([0.0], 300), start=start).log
    np.testing.assert_array_equal(roll(law, rest([0.0], 300), start=start).log.joint, ours.joint)
