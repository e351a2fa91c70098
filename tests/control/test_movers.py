"""Laws of what flies and rolls: attainable forces, recovery from far off, errors along flat motions."""

import numpy as np
import pytest

from robocalc.control import Flatness, Geometric, PurePursuit
from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from robocalc.trajectory.flatness import flat_quadrotor
from tests.sims.loop_cases import DT, differences, rest, roll


def circle(robot, period=4.0, turns=1.0):
    """A flat circle of radius 0.5 m with turning yaw, begun at its own speed."""
    t, w = np.arange(round(period * turns / DT) + 1) * DT, 2 * np.pi / period
    p = np.zeros((5, len(t), 3))
    for d in range(5):
        p[d, :, 0], p[d, :, 1] = 0.5 * w**d * np.cos(w * t + d * np.pi / 2), 0.5 * w**d * np.sin(w * t + d * np.pi / 2)
    q, v, _ = flat_quadrotor(p, np.array([0.3 * t, 0 * t + 0.3, 0 * t]))
    reference = differences(q)
    reference[0, 1] = v[0]
    reference[0, 2] = (reference[1, 1] - v[0]) / DT
    return reference, (q[0], v[0])


@pytest.mark.parametrize("latency", [0.0, 5e-3])
def test_a_flat_flight_is_tracked(latency):
    robot = load("quadrotor")
    reference, start = circle(robot)
    log = roll(Geometric().law(robot, DT, latency=latency), reference, start=start, latency=latency).log
    assert abs(log.q - log.q_ref)[:, :3].max() < 2e-3
    assert abs(log.q - log.q_ref)[:, 3:].max() < 2e-3


def test_wanted_forces_are_those_that_rotors_can_give():
    robot = load("quadrotor")
    reference, start = circle(robot)
    log = roll(Geometric().law(robot, DT), reference, start=start).log
    q, tau = log.q_measured[::50], log.tau_wanted[::50]
    np.testing.assert_allclose(robot.reachable(q, tau), tau, atol=1e-9)


@pytest.mark.parametrize("roll_angle", [2.0, -2.8])
def test_a_quadrotor_on_its_back_recovers(roll_angle):
    robot = load("quadrotor")
    start = np.array([0.2, -0.1, 1.0, 0.4, 0.3, roll_angle]), np.zeros(6)
    log = roll(Geometric().law(robot, DT), rest([0, 0, 1.0, 0, 0, 0], 5000), start=start).log
    assert abs(log.q[-1] - [0, 0, 1, 0, 0, 0]).max() < 5e-3


def lissajous(seconds):
    t = np.arange(round(seconds / DT) + 1) * DT / seconds
    s = 2 * np.pi * (10 * t**3 - 15 * t**4 + 6 * t**5)
    heading = np.unwrap(np.arctan2(np.cos(2 * s), np.cos(s)))
    return differences(np.stack([1.2 * np.sin(s), 0.6 * np.sin(2 * s), heading], axis=1))


def test_a_base_follows_a_flat_path_and_pure_pursuit_cuts_its_corners():
    robot, reference = load("husky"), lissajous(20.0)
    worst = {}
    for design in (Flatness(), PurePursuit()):
        words = {"reference": reference, "step": DT} if getattr(design, "along", False) else {}
        log = roll(design.law(robot, DT, **words), reference).log
        worst[type(design)] = np.hypot(*(log.q - log.q_ref)[:, :2].T).max()
    assert worst[Flatness] < 5e-3
    assert 3 * worst[Flatness] < worst[PurePursuit] < 0.3**2 / 2 * 4.0  # L²/2 times the largest curvature or so


@pytest.mark.parametrize("design", [Flatness(), PurePursuit()], ids=str)
def test_a_base_comes_back_to_its_path(design):
    robot, reference = load("husky"), lissajous(20.0)
    words = {"reference": reference, "step": DT} if getattr(design, "along", False) else {}
    start = reference[0, 0] + [0.2, -0.3, 0.5], np.zeros(3)
    log = roll(design.law(robot, DT, latency=0.02, **words), reference, start=start, latency=0.02).log
    assert np.hypot(*(log.q - log.q_ref)[-1, :2]) < 5e-3


@pytest.mark.parametrize(
    ("design", "robot"), [(Geometric(), "panda"), (Geometric(), "husky"), (Flatness(), "quadrotor")]
)
def test_another_robot_is_refused_with_the_joints_that_are_needed(design, robot):
    with pytest.raises(InvalidInput, match="whose joints are x, y"):
        design.law(load(robot), DT)
