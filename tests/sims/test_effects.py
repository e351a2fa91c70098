"""Friction, limits, sensors, latency, ripple, pushes: each against its closed form."""

import numpy as np
import pinocchio as pin
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.signal import lfilter

from robocalc.control import PD, ComputedTorque
from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName
from sims.effects import Push, make_effects
from tests.sims.loop_cases import DT, INERTIA, move, one_joint, rest, roll

NO_LAW = PD(0, 0, feedforward="none")
AT_ONE = np.zeros(1), np.ones(1)  # q = 0, v = 1 rad/s


def free(robot, steps, **options):
    """Log of the robot without control."""
    return roll(NO_LAW.law(robot, DT), rest(robot.home, steps), **options).log


def torque(robot, tau):
    """A law that gives a constant torque: a spring of no stiffness about a moving reference would need one."""
    law = NO_LAW.law(robot, DT)
    object.__setattr__(law, "torque_along", lambda reference, dt: np.broadcast_to(tau, reference[:, 0].shape).copy())
    return law


# --- friction


@pytest.mark.parametrize("viscous", [0.0, 0.4, 5.0])
def test_a_coasting_joint_stops_when_the_formula_says_and_never_turns_back(tmp_path, viscous):
    c = 0.7
    log = free(one_joint(tmp_path), 2000, start=AT_ONE, friction=[[viscous], [c]])
    m, b = INERTIA, viscous
    stop = m / c if b == 0 else m / b * np.log1p(b / c)
    way = m / (2 * c) if b == 0 else m / b - m * c / b**2 * np.log1p(b / c)
    assert log.t[np.argmax(log.v[:, 0] < 1e-12)] == pytest.approx(stop, abs=3 * DT)
    assert log.q[-1, 0] == pytest.approx(way, rel=0.01)
    assert (log.v >= -1e-15).all()
    assert (np.diff(log.v[:, 0]) <= 1e-15).all()


@pytest.mark.parametrize("share", [0.5, 0.99, -0.99])
def test_a_resting_joint_stays_at_rest_below_breakaway(tmp_path, share):
    robot, c = one_joint(tmp_path), 2.0
    log = roll(torque(robot, share * c), rest([0.0], 3000), friction=[[0.1], [c]]).log
    give = c / INERTIA * DT**2 * (1 + share**2 / (1 - abs(share)) / 2)  # of the first step, when the load is not known
    assert abs(log.q).max() < 1.1 * give
    assert_allclose(log.q[-1], log.q[150], atol=1e-15)
    assert_allclose(log.tau_world[-1], -share * c)


def test_a_resting_joint_does_not_creep_under_a_changing_load(tmp_path):
    robot, c = one_joint(tmp_path), 2.0
    wave = 0.9 * c * np.sin(2 * np.pi * 3 * np.arange(3001) * DT)[:, None]
    log = roll(torque(robot, wave), rest([0.0], 3000), friction=[[0.0], [c]]).log
    assert abs(log.q).max() < 2e-4


def test_beyond_breakaway_it_slides_with_what_is_left(tmp_path):
    robot, c, tau = one_joint(tmp_path), 2.0, 3.0
    log = roll(torque(robot, tau), rest([0.0], 1000), friction=[[0.0], [c]]).log
    assert_allclose(log.v[-1], (tau - c) / INERTIA * log.t[-1], rtol=0.01)


@pytest.mark.parametrize("viscous", [0.5, 50.0, 5e4])
def test_the_final_speed_is_right_for_any_damping(tmp_path, viscous):
    log = roll(torque(one_joint(tmp_path), 1.0), rest([0.0], 8000), friction=[[viscous], [0.3]]).log
    assert_allclose(log.v[-1], (1.0 - 0.3) / viscous, rtol=1e-3)


@pytest.mark.parametrize("name", ["panda", "iiwa", "xarm6"])
def test_friction_never_chatters_on_a_coasting_arm(name):
    """Without gravity: energy never grows, and each joint comes to rest instead of trembling."""
    robot = load(name).with_gravity((0, 0, 0))
    rng = np.random.default_rng(0)
    coulomb = np.full(robot.n, 0.3)
    start = robot.home, rng.uniform(-1, 1, robot.n)
    log = free(robot, 6000, start=start, friction=[0.1 * coulomb, coulomb])
    M = robot.mass_matrix(log.q)
    energy = np.einsum("ki,kij,kj->k", log.v, M, log.v) / 2
    assert (np.diff(energy) < 1e-3 * energy[0]).all()  # Euler's step does not keep energy to the last bit
    assert energy[-1] < 1e-6 * energy[0]
    resting = abs(log.v).max(axis=1) < 1e-3
    assert resting[5000:].all()


def test_friction_of_the_robot_is_the_default_and_zero_is_none():
    robot = load("panda")
    log = free(robot, 5, start=(robot.home, np.ones(7)), friction=0)
    assert not log.tau_world.any()
    log = free(robot, 5, start=(robot.home, np.ones(7)))
    assert (log.tau_world[0] < 0).all()


# --- drives


def test_limits_act_on_the_wanted_torque_and_both_are_recorded(tmp_path):
    robot = one_joint(tmp_path)
    law = PD(100, 0, feedforward="none").law(robot, DT)
    log = roll(law, rest([0.0], 800), start=(np.ones(1), np.zeros(1)), torque_limits=[[-3.0], [2.0]]).log
    assert log.tau.min() == -3.0
    assert log.tau.max() == 2.0
    assert_array_equal(log.tau, np.clip(log.tau_wanted, -3.0, 2.0))
    assert log.tau_wanted.min() == -100


def test_the_robots_own_limits_are_the_default():
    robot = load("panda")
    log = roll(PD(1e4, 0).law(robot, DT), rest(robot.home, 20), start=(robot.home + 0.3, np.zeros(7))).log
    assert_array_equal(log.tau[0], -robot.limits.torque)


def test_the_torque_is_held_over_a_control_period():
    robot = load("two_link")
    law = PD(50, 1).law(robot, 4 * DT)
    log = roll(law, move(robot.home, robot.home + 0.3), control_every=4).log
    held = log.tau_wanted[:1500].reshape(-1, 4, 2)
    assert (held == held[:, :1]).all()
    assert (np.diff(held[:, 0], axis=0) != 0).any(axis=1).mean() > 0.5


def test_ripple_has_its_deviation_and_spares_joints_without_drive():
    robot = load("cart_pole")
    log = free(robot, 4000, ripple=0.02, friction=0)
    assert log.tau_world[:, 0].std() == pytest.approx(0.02, rel=0.05)
    assert not log.tau_world[:, 1].any()
    assert not log.tau.any()


# --- sensors


def test_noise_has_its_deviation_and_its_seed():
    robot = load("two_link")
    noisy = {"position_noise": [1e-3, 2e-3], "velocity_noise": 0.05}
    one, again, other = (free(robot, 4000, seed=s, **noisy) for s in (1, 1, 2))
    error = one.q_measured - one.q
    assert_allclose(error.std(axis=0), [1e-3, 2e-3], rtol=0.05)
    assert_allclose((one.v_measured - one.v).std(axis=0), 0.05, rtol=0.05)
    assert abs(np.corrcoef(error.T)[0, 1]) < 0.06
    assert abs(np.mean(error[1:] * error[:-1])) < 0.06 * np.mean(error**2)
    assert_array_equal(one.joint, again.joint)
    assert not np.array_equal(one.q_measured, other.q_measured)


def test_streams_are_independent_and_a_longer_run_begins_like_a_shorter():
    robot = load("two_link")
    alone = make_effects(robot, DT, 50, position_noise=1e-3, seed=5)
    both = make_effects(robot, DT, 80, position_noise=1e-3, velocity_noise=1e-2, ripple=1.0, seed=5)
    assert_array_equal(alone.noise[:, 0], both.noise[:51, 0])
    assert not np.array_equal(both.noise[:, 0] / 1e-3, both.noise[:, 1] / 1e-2)


def test_measurements_lie_on_the_sensors_grid():
    robot = load("two_link")
    start = robot.home, np.array([0.3, -0.4])
    log = free(robot, 300, start=start, position_resolution=0.01, velocity_resolution=0.05)
    for measured, true, grid in ((log.q_measured, log.q, 0.01), (log.v_measured, log.v, 0.05)):
        assert_allclose(measured / grid, np.round(measured / grid), atol=1e-9)
        assert abs(measured - true).max() <= grid / 2 + 1e-12


@pytest.mark.parametrize("latency", [0.0, 1e-3, 5e-3, 0.0023])
def test_latency_shows_the_state_of_the_stamp(latency):
    robot = load("two_link")
    log = free(robot, 300, start=(robot.home, np.array([0.3, -0.4])), latency=latency)
    stamps = np.maximum(log.t - latency, 0.0)
    for i in range(2):
        assert_allclose(log.q_measured[:, i], np.interp(stamps, log.t, log.q[:, i]), atol=1e-12)
        assert_allclose(log.v_measured[:, i], np.interp(stamps, log.t, log.v[:, i]), atol=1e-12)
    if latency in (1e-3, 5e-3):
        assert_array_equal(log.q_measured[round(latency / DT) :], log.q[: len(log.q) - round(latency / DT)])


def test_the_velocity_filter_is_the_first_order_low_pass():
    robot = load("two_link")
    log = free(robot, 500, start=(robot.home, np.array([0.3, -0.4])), velocity_filter_hz=20)
    alpha = 1 - np.exp(-2 * np.pi * 20 * DT)
    for i in range(2):
        expected = lfilter([alpha], [1, alpha - 1], log.v[:, i], zi=[(1 - alpha) * log.v[0, i]])[0]
        assert_allclose(log.v_measured[:, i], expected, atol=1e-12)
    assert_array_equal(log.q_measured, log.q)


# --- pushes


@pytest.mark.parametrize(("start", "duration"), [(0.1, 0.05), (0.1004, 0.0107), (0.0, 0.0003)])
def test_a_push_gives_its_whole_impulse(tmp_path, start, duration):
    """Force 3 N along y at 0.2 m from the axis, on an inertia that hardly moves meanwhile."""
    push = Push("load", (0.0, 3.0, 0.0), start, duration, point=(0.2, 0.0, 0.0))
    log = free(one_joint(tmp_path), 300, pushes=[push], friction=0)
    assert_allclose(log.v[-1], 0.6 * duration / INERTIA, rtol=1e-4)
    pushed = np.flatnonzero(log.tau_world[:, 0])
    assert pushed[0] == int(start / DT + 1e-9)
    assert pushed[-1] == int(np.ceil((start + duration) / DT - 1e-9)) - 1


def test_a_push_is_jacobian_transposed_times_force():
    robot = load("panda").with_base((0.1, 0.2, 0.3), (0.3, -0.2, 0.5))
    force, point = np.array([3.0, -5.0, 2.0]), np.array([0.02, -0.03, 0.05])
    pushes = [Push("panda_link5", force, 0.0, 1.0, point), Push("panda_hand", -force, 0.0, 1.0)]
    log = free(robot, 3, friction=0, pushes=pushes)
    model = pin.buildModelFromUrdf(str(robot.path))
    data = model.createData()
    pin.framesForwardKinematics(model, data, robot.home)
    R_base = robot.pose(robot.home, "panda_link0")[:3, :3]
    expected = 0.0
    for link, f, p in (("panda_link5", force, point), ("panda_hand", -force, np.zeros(3))):
        J = pin.computeFrameJacobian(model, data, robot.home, model.getFrameId(link), pin.LOCAL_WORLD_ALIGNED)
        arm = data.oMf[model.getFrameId(link)].rotation @ p
        f_base = R_base.T @ f  # pinocchio's model has no base pose
        expected = expected + J[:3].T @ f_base + J[3:].T @ np.cross(arm, f_base)
    assert_allclose(log.tau_world[0], expected, atol=1e-10)


# --- bad requests


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"position_noise": -1}, "position_noise must be finite and 0 or greater, got -1"),
        ({"velocity_noise": [1, 2]}, "velocity_noise has 2 values, robot panda has 7 joints"),
        ({"velocity_filter_hz": 0}, "velocity_filter_hz must be finite and greater than 0"),
        ({"latency": float("nan")}, "latency must be finite"),
        ({"latency": -1e-3}, "latency must be finite and 0 or greater"),
        ({"ripple": "big"}, "ripple must be a number"),
        ({"friction": np.ones(7)}, r"friction must have shape \(2, 7\)"),
        ({"friction": -np.ones((2, 7))}, "friction of panda_joint1 must be finite and 0 or greater"),
        ({"torque_limits": [1, 2]}, r"torque_limits must have shape \(7,\) or \(2, 7\)"),
        ({"torque_limits": np.tile([[1.0], [2.0]], 7)}, "torque limits of panda_joint1 must contain 0"),
        ({"control_every": 2.5}, "whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"pushes": [Push("panda_link0", (1, 0, 0), 0, 1)]}, "panda_link0 moves nothing"),
    ],
)
def test_impossible_effects_are_refused(options, told):
    with pytest.raises(InvalidInput, match=told):
        make_effects(load("panda"), DT, 10, **options)


@pytest.mark.parametrize("steps", [0, -1, 2.5, True])
def test_an_impossible_number_of_steps_is_refused(steps):
    with pytest.raises(InvalidInput, match="whole number of steps"):
        make_effects(load("panda"), DT, steps)


def test_a_push_on_no_link_names_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'panda_link4'"):
        make_effects(load("panda"), DT, 10, pushes=[Push("panda_lnk4", (1, 0, 0), 0, 1)])


@pytest.mark.parametrize("bad", [{"force": (1, 2)}, {"force": (1, 2, np.nan)}, {"start": -1}, {"duration": np.inf}])
def test_an_impossible_push_is_refused(bad):
    with pytest.raises(InvalidInput, match="push on hand"):
        Push(**({"link": "hand", "force": (1, 0, 0), "start": 0, "duration": 1} | bad))


def test_latency_and_noise_cost_computed_torque_little():
    robot = load("panda")
    law = ComputedTorque(20).law(robot, DT)
    run = roll(law, move(robot.home, robot.home + 0.4), latency=5e-3, position_noise=1e-5, velocity_noise=1e-3)
    assert np.sqrt(np.mean((run.log.q - run.log.q_ref) ** 2)) < 1e-3
