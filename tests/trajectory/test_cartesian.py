"""Tool paths in SE(3): rotations against scipy, geometry of lines, arcs and blends, continuity, bounds."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from robocalc.errors import Infeasible, InvalidInput, UnknownName
from robocalc.trajectory import cartesian, rotations

CORNERS = np.array([[0, 0, 0], [0.3, 0, 0], [0.3, 0.2, 0], [0.5, 0.4, 0.1], [0.7, 0.2, 0.1], [0.9, 0.2, 0.1]])


def poses(points=CORNERS, seed=0, turn=0.3):
    rng = np.random.default_rng(seed)
    T = np.tile(np.eye(4), (len(points), 1, 1))
    T[:, :3, 3] = points
    for k in range(1, len(T)):
        T[k, :3, :3] = T[k - 1, :3, :3] @ rotations.exp(turn * rng.normal(size=3))
    return T


@pytest.mark.parametrize("angle", [0, 1e-9, 1e-4, 0.09, 0.11, 1.0, 3.1, np.pi - 1e-9])
def test_exponential_and_logarithm_are_those_of_scipy(angle):
    x = np.random.default_rng(0).normal(size=(200, 3))
    x *= angle / np.linalg.norm(x, axis=1, keepdims=True)
    R = Rotation.from_rotvec(x).as_matrix()
    assert_allclose(rotations.exp(x), R, atol=2e-15)
    assert_allclose(rotations.log(R), x, atol=4e-15)
    assert_allclose([rotations.log_one(one) for one in R], x, atol=4e-15)


@pytest.mark.parametrize("angle", [0.01, 0.099, 0.101, 1.0, 3.0])
def test_rates_of_rotation_vectors(angle):
    rng = np.random.default_rng(1)
    phi, rate, bend = rng.normal(size=(3, 50, 3))
    phi *= angle / np.linalg.norm(phi, axis=1, keepdims=True)
    e = 1e-4

    def omega(t):
        now, speed = phi + t * rate + t * t / 2 * bend, rate + t * bend
        return (rotations.right_jacobian(now) @ speed[..., None])[..., 0]

    def turned(t):
        return rotations.exp(phi + t * rate)

    turn = rotations.log(np.swapaxes(turned(-e), 1, 2) @ turned(e)) / (2 * e)
    assert_allclose(turn, omega(0.0), atol=1e-6)
    alpha = (8 * (omega(e) - omega(-e)) - (omega(2 * e) - omega(-2 * e))) / (12 * e)
    back = rotations.rates(phi, omega(0.0), alpha)
    assert_allclose(back[0], rate, atol=1e-9)
    assert_allclose(back[1], bend, atol=1e-7 * max(1, 1 / (np.pi - angle)))


PATHS = {
    "curve": {"duration": 3.0},
    "curve with times": {"times": [0, 0.5, 1.1, 1.7, 2.2, 3.0]},
    "curve with stops": {"duration": 3.0, "stop": [2]},
    "lines": {"path": "line", "speed": 0.5},
    "blended": {"path": "line", "blend": 0.02, "speed": 0.5, "acceleration": 3.0},
    "arc and lines": {"path": "line", "arcs": [3], "blend": 0.02, "turn_speed": 1.0},
}


@pytest.mark.parametrize("name", PATHS)
def test_twist_and_acceleration_are_derivatives_and_continuous(name):
    path = cartesian(poses(), **PATHS[name])
    N = 20001
    t = np.linspace(path.start, path.end, N)
    dt, T, twist, acceleration = t[1], path.pose(t), path.twist(t), path.acceleration(t)
    assert_allclose(T[:, :3, :3] @ np.swapaxes(T[:, :3, :3], 1, 2), np.tile(np.eye(3), (N, 1, 1)), atol=1e-12)
    v = (T[2:, :3, 3] - T[:-2, :3, 3]) / (2 * dt)
    turn = rotations.log(np.swapaxes(T[:-2, :3, :3], 1, 2) @ T[2:, :3, :3]) / (2 * dt)
    omega = (T[1:-1, :3, :3] @ turn[..., None])[..., 0]
    assert_allclose(np.hstack([v, omega]), twist[1:-1], atol=2e-6)
    assert_allclose((twist[2:] - twist[:-2]) / (2 * dt), acceleration[1:-1], atol=2e-3 * np.abs(acceleration).max())
    assert np.abs(np.diff(acceleration, axis=0)).max() < 0.01 * np.abs(acceleration).max()  # no jump
    assert_allclose(path.twist([path.start, path.end]), 0, atol=1e-9)
    assert_allclose(path.acceleration([path.start, path.end]), 0, atol=1e-6)
    assert path.peaks()[0, 0] == pytest.approx(np.linalg.norm(twist[:, :3], axis=1).max(), rel=1e-5)
    assert path(0.5).shape == (4, 4)


def test_a_curve_meets_its_poses_and_stops():
    T, times = poses(), np.array([0, 0.5, 1.1, 1.7, 2.2, 3.0])
    path = cartesian(T, times, stop=[2])
    assert_allclose(path.pose(times), T, atol=1e-12)
    assert_allclose(path.stops, [0, 1.1, 3.0])


def test_two_poses_make_a_straight_line_about_one_axis():
    T = poses()[:2]
    path = cartesian(T, duration=2.0)
    t = np.linspace(0, 2, 201)
    u = t / 2
    s = 10 * u**3 - 15 * u**4 + 6 * u**5
    X = path.pose(t)
    assert_allclose(X[:, :3, 3], T[0, :3, 3] + s[:, None] * (T[1, :3, 3] - T[0, :3, 3]), atol=1e-14)
    axis = rotations.log(T[0, :3, :3].T @ T[1, :3, :3])
    assert_allclose(X[:, :3, :3], T[0, :3, :3] @ rotations.exp(s[:, None] * axis), atol=1e-13)


def distance_to_polyline(x, corners):
    best = np.full(len(x), np.inf)
    for a, b in pairwise(corners):
        u = np.clip((x - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
        best = np.minimum(best, np.linalg.norm(x - a - u[:, None] * (b - a), axis=1))
    return best


@pytest.mark.parametrize("blend", [0.0, 0.001, 0.01, 0.05])
def test_corners_are_rounded_within_tolerance(blend):
    path = cartesian(poses(), path="line", blend=blend, speed=1.0)
    x = path.pose(np.linspace(path.start, path.end, 20001))[:, :3, 3]
    assert distance_to_polyline(x, CORNERS).max() <= blend + 1e-9
    for c in CORNERS:
        assert np.linalg.norm(x - c, axis=1).min() <= blend + 1e-4
    assert len(path.stops) == (6 if blend == 0 else 2)
    if blend == 0.01:  # the tolerance is used where lines are long enough
        assert np.linalg.norm(x - CORNERS[1], axis=1).min() > 0.5 * blend


def test_arcs_are_round():
    angle = np.array([0.3, 1.1, 4.0])
    points = 0.2 * np.c_[np.cos(angle), np.sin(angle), 0 * angle] + [0.4, 0.1, 0.3]
    path = cartesian(points, path="line", arcs=[1], speed=0.1)
    t = np.linspace(0, path.end, 2001)
    x = path.pose(t)[:, :3, 3] - [0.4, 0.1, 0.3]
    assert_allclose(np.linalg.norm(x, axis=1), 0.2, atol=1e-9)
    assert_allclose(np.unwrap(np.arctan2(x[:, 1], x[:, 0]))[[0, -1]], [0.3, 4.0], atol=1e-9)
    assert path.peaks()[0, 0] == pytest.approx(0.1, rel=1e-6)


def test_bounds_of_the_tool_are_touched_and_a_short_duration_is_refused():
    path = cartesian(poses(), speed=0.3, turn_speed=2.0, acceleration=1.0, turn_acceleration=5.0)
    used = path.peaks() / np.array([[0.3, 2.0], [1.0, 5.0]])
    assert used.max() == pytest.approx(1.0, abs=1e-6)
    assert used.max() <= 1.0
    with pytest.raises(Infeasible, match="s would be enough"):
        cartesian(poses(), speed=0.3, duration=0.5 * path.duration)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({}, InvalidInput, "nothing decides the time"),
        ({"poses": np.ones((2, 4, 4))}, InvalidInput, "pose 0 is no rigid pose"),
        ({"poses": np.eye(4)[None]}, InvalidInput, "W of at least 2"),
        ({"poses": [[0, 0, 0], [0, 0, 0]], "speed": 1}, InvalidInput, "poses 0 and 1 are the same"),
        ({"poses": [[0, 0, 0], [0, 0, np.nan]]}, InvalidInput, "pose 1 holds a number that is not finite"),
        ({"path": "circle"}, UnknownName, "unknown path 'circle'"),
        ({"speed": 0}, InvalidInput, "speed must be greater than 0"),
        ({"path": "line", "blend": -1, "speed": 1}, InvalidInput, "blend must be at least 0"),
        ({"path": "line", "arcs": [0], "speed": 1}, InvalidInput, "arcs: 0 must be an inner pose"),
        ({"poses": [[0, 0, 0], [1, 0, 0], [2, 0, 0]], "path": "line", "arcs": [1]}, InvalidInput, "lie on a line"),
        ({"path": "line", "times": [0, 1, 2, 3, 4, 5]}, InvalidInput, "times belong to"),
        ({"blend": 0.1, "speed": 1}, InvalidInput, "blend and arcs belong to"),
    ],
)
def test_bad_requests_are_refused(change, error, said):
    with pytest.raises(error, match=said):
        cartesian(**({"poses": poses()} | change))
