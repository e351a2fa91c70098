"""Drives of robots with thrusters and tyres: what acts is what the inputs can give, and the base rolls as one that does
not slip."""

import numpy as np
import pytest

from robocalc.control import ComputedTorque
from robocalc.control.law import Law
from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from robocalc.jit import njit
from sims.effects import make_effects
from sims.engines.loop import simulate
from sims.engines.twin import Twin
from tests.sims.loop_cases import rest

DT = 1e-3
FLYING = ("quadrotor_2d", "quadrotor", "husky")


@njit
def constant(model, gains, memory, t, q, v, ref, tau):
    for i in range(len(q)):
        tau[i] = gains[0, i]


def applied(name, wanted, q, **options):
    """tau of the first step for a law that wants the same always."""
    robot = load(name)
    law = Law(constant, np.array([wanted], float), np.zeros((1, 1)), DT, "none", robot)
    made = make_effects(robot, DT, 2, **options)
    return simulate(Twin(robot, DT), law, rest(q, 2), made).log.tau[0]


@pytest.mark.parametrize("name", FLYING)
def test_a_wanted_force_within_reach_is_given_to_the_bit(name):
    robot, rng = load(name), np.random.default_rng(0)
    low, high = robot.input_limits
    for _ in range(20):
        q = rng.uniform(-1, 1, robot.n)
        wanted = robot.actuation(q) @ rng.uniform(low, high)
        np.testing.assert_array_equal(applied(name, wanted, q), wanted)


@pytest.mark.parametrize("name", FLYING)
def test_what_acts_is_what_inputs_within_their_limits_give(name):
    robot, rng = load(name), np.random.default_rng(1)
    low, high = robot.input_limits
    for _ in range(20):
        q = rng.uniform(-1, 1, robot.n)
        wanted = robot.actuation(q) @ rng.uniform(low - 1, high + 1) + rng.normal(size=robot.n)
        u = robot.inputs_for(q, tau := applied(name, wanted, q))
        assert (u >= low - 1e-9).all()
        assert (u <= high + 1e-9).all()
        np.testing.assert_allclose(robot.reachable(q, tau), tau, atol=1e-9)


def test_without_limits_in_the_way_the_inputs_are_those_of_the_pseudo_inverse():
    robot, q = load("quadrotor"), np.array([0, 0, 0, 0.4, -0.2, 0.3])
    wanted = robot.gravity(q) + np.array([0.01, 0.02, 0.01, 1e-5, -2e-5, 1e-5])
    B = robot.actuation(q)
    np.testing.assert_allclose(applied("quadrotor", wanted, q), B @ np.linalg.pinv(B) @ wanted, rtol=1e-12, atol=1e-16)


def test_attitude_goes_before_thrust():
    """Three times the weight and a moment: the thrust gives way, the moments are kept."""
    robot, q = load("quadrotor"), np.zeros(6)
    wanted = np.array([0, 0, 3 * 0.027 * 9.81, 1e-5, 1.5e-3, -1e-3])
    tau = applied("quadrotor", wanted, q)
    np.testing.assert_allclose(tau[3:], wanted[3:], rtol=1e-9)
    assert robot.inputs_for(q, tau).max() == pytest.approx(robot.input_limits[1, 0])


def test_a_thrust_scale_scales_the_limits():
    tau = applied("quadrotor_2d", [0, 99, 0], np.zeros(3), thrust_scale=0.9)
    assert tau[1] == pytest.approx(0.9 * 2 * 0.296683)
    with pytest.raises(InvalidInput, match="thrust_scale"):
        applied("quadrotor_2d", [0, 0, 0], np.zeros(3), thrust_scale=0)


def rolled(force, seconds=4.0, v=0.8):
    """Log of a husky that starts along its heading with speed v, under wheel forces (left, right) [N]."""
    robot = load("husky")
    lever = 0.2854

    @njit
    def wheels(model, gains, memory, t, q, v, ref, tau):
        tau[0], tau[1] = np.cos(q[2]) * gains[0, 0], np.sin(q[2]) * gains[0, 0]
        tau[2] = gains[0, 1]

    law = Law(wheels, np.array([[sum(force), lever * (force[1] - force[0])]]), np.zeros((1, 1)), DT, "none", robot)
    steps = round(seconds / DT)
    effects = make_effects(robot, DT, steps)
    heading = np.array([0.0, 0.0, 0.3])
    start = heading, np.array([v * np.cos(0.3), v * np.sin(0.3), 0.0])
    return simulate(Twin(robot, DT), law, rest(heading, steps), effects, start=start).log


def test_a_husky_rolls_like_a_differential_drive():
    """Its velocity lies along its heading, but for a slip of millimetres a second; it keeps its speed in the turn."""
    log = rolled((-0.25, 0.25))
    speed = np.cos(log.q[:, 2]) * log.v[:, 0] + np.sin(log.q[:, 2]) * log.v[:, 1]
    slip = -np.sin(log.q[:, 2]) * log.v[:, 0] + np.cos(log.q[:, 2]) * log.v[:, 1]
    rate = 2 * 0.25 * 0.2854 / 3.6 * log.t
    np.testing.assert_allclose(log.v[:, 2], rate, atol=1e-9)
    assert np.abs(slip).max() < 5e-3
    np.testing.assert_allclose(slip, -46 * 0.8 * rate / 9200, atol=1e-4)  # the tyres' force is the centripetal one
    np.testing.assert_allclose(speed, 0.8, atol=1e-3)


def test_tyres_slide_beyond_their_grip():
    """Pushed sideways with twice the grip for a second: v = (F - mu m g) t / m."""
    from sims.effects import Push

    robot, grip = load("husky"), 0.9 * 46 * 9.81
    law = ComputedTorque(wn=5).law(robot, DT, robot.home)
    effects = make_effects(robot, DT, 500, pushes=[Push("body", (0.0, 2 * grip, 0.0), 0.0, 1.0, (0, 0, 0.21))])
    log = simulate(Twin(robot, DT), law, rest(robot.home, 500), effects).log
    assert log.v[-1, 1] == pytest.approx(grip / 46 * 0.5, rel=0.02)
