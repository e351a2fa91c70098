"""Flat motions are motions of the robots: their inverse dynamics needs no force that no input gives."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from robocalc.trajectory import flat_base, flat_quadrotor, flat_quadrotor_2d
from robocalc.trajectory.flatness import along_curve

T = np.linspace(0, 3, 301)


def waves(columns, seed=0, size=1.0):
    """(5, N, columns) of smooth random motions and their derivatives."""
    rng = np.random.default_rng(seed)
    out = np.zeros((5, len(T), columns))
    for i in range(columns):
        for w in (1.0, 2.2):
            amplitude, phase = size * rng.uniform(0.2, 0.5), rng.uniform(0, 6)
            for r in range(5):
                out[r, :, i] += amplitude * w**r * np.sin(w * T + phase + r * np.pi / 2)
    return out


def sideways(robot, q, v, a):
    """Part of the generalised force that no input gives, relative to the largest."""
    tau = robot.inverse_dynamics(q, v, a)
    return np.abs(tau - robot.reachable(q, tau)).max() / np.abs(tau).max()


@pytest.mark.parametrize("seed", range(3))
def test_a_flat_quadrotor_needs_nothing_but_its_rotors(seed):
    yaw = waves(1, seed + 10)[:3, :, 0]
    q, v, a = flat_quadrotor(waves(3, seed), yaw)
    assert sideways(load("quadrotor"), q, v, a) < 1e-12
    np.testing.assert_array_equal(q[:, 3], yaw[0])
    np.testing.assert_allclose(np.gradient(q, T, axis=0)[1:-1], v[1:-1], atol=2e-3)
    np.testing.assert_allclose(np.gradient(v, T, axis=0)[1:-1], a[1:-1], atol=1e-2)


def test_a_flat_planar_quadrotor_needs_nothing_but_its_rotors_and_may_fly_a_loop():
    q, v, a = flat_quadrotor_2d(waves(2, 1))
    assert sideways(load("quadrotor_2d"), q, v, a) < 1e-12
    w = 8.0
    loop = np.stack([[w**r * np.sin(w * T + r * np.pi / 2), w**r * np.cos(w * T + r * np.pi / 2)] for r in range(5)])
    q, v, a = flat_quadrotor_2d(np.swapaxes(loop, 1, 2))
    assert sideways(load("quadrotor_2d"), q, v, a) < 1e-12
    turns = np.ptp(q[:, 2]) / (2 * np.pi)
    assert turns == pytest.approx(w * T[-1] / (2 * np.pi), abs=0.3)  # it turns with the loop: centripetal force wins


def test_a_flat_base_rolls_without_slip():
    path, s = waves(2, 2)[:4], np.stack([T, 1 + 0.1 * T, np.full(len(T), 0.1)])
    q, v, a = flat_base(path, s)
    slip = -np.sin(q[:, 2]) * v[:, 0] + np.cos(q[:, 2]) * v[:, 1]
    np.testing.assert_allclose(slip, 0, atol=1e-12)
    slip_rate = -np.sin(q[:, 2]) * a[:, 0] + np.cos(q[:, 2]) * a[:, 1]
    speed = np.cos(q[:, 2]) * v[:, 0] + np.sin(q[:, 2]) * v[:, 1]
    np.testing.assert_allclose(slip_rate, speed * v[:, 2], atol=1e-12)


def test_derivatives_along_a_curve_are_those_of_the_composition():
    """p = s³ and s = t²: p = t⁶."""
    t = np.array([0.5, 1.0, 2.0])
    s = np.stack([t**2, 2 * t, 2 + 0 * t, 0 * t, 0 * t])
    p = np.stack([s[0] ** 3, 3 * s[0] ** 2, 6 * s[0], 6 + 0 * t, 0 * t])[..., None]
    truth = [t**6, 6 * t**5, 30 * t**4, 120 * t**3, 360 * t**2]
    np.testing.assert_allclose(along_curve(p, s)[..., 0], truth, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: flat_quadrotor(np.zeros((4, 9, 3))), r"shape \(5, 'N', 3\)"),
        (lambda: flat_quadrotor(np.full((5, 9, 3), np.nan)), "finite"),
        (lambda: flat_quadrotor(np.zeros((5, 9, 3)), np.zeros((3, 8))), "yaw must have shape"),
        (lambda: flat_quadrotor_2d(np.full((5, 9, 2), [0, -9.81])), "falls freely"),
        (lambda: flat_base(np.zeros((4, 9, 2)), np.zeros((3, 9))), "tangent vanishes"),
    ],
)
def test_what_is_no_flat_motion_is_refused(call, words):
    with pytest.raises(InvalidInput, match=words):
        call()
