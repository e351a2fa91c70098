"""Tool motions in joints: an arm whose kinematics is written down here, so that the room is tested by itself."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory import (
    Limits,
    cartesian,
    certificate,
    curve_motion,
    line_motion,
    map_to_joints,
    minimum_jerk,
    path_report,
    rotations,
)

AXES = np.array([[0, 0, 1], [0, 1, 0], [0, 0, 1], [0, -1, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1.0]])
UP = np.array([0.3, 0.0, 0.4, 0.0, 0.4, 0.0, 0.15])  # way from joint to joint [m]


class Arm:
    """Seven joints like many arms, and one finger that does not move the tool; poses by products of exponentials."""

    joints = (*"abcdefg", "finger")
    limits = Limits(
        position=[[-2.9, -2, -2.9, -2.6, -2.9, -2.1, -3, 0], [2.9, 2, 2.9, 2.6, 2.9, 2.1, 3, 0.04]],
        velocity=[2, 2, 2, 2, 3, 3, 3, 0.1],
        acceleration=np.full(8, 10.0),
        jerk=np.full(8, 300.0),
    )
    home = np.array([0.1, 0.6, -0.2, 1.4, 0.3, -0.9, 0.2, 0.04])

    def frames(self, q):
        R, p, out = np.eye(3), np.zeros(3), []
        for axis, up, angle in zip(AXES, UP, q):
            p = p + R @ [0, 0, up]
            out.append((R @ axis, p))
            R = R @ rotations.exp(axis * angle)
        return out, R, p + R @ [0, 0, 0.1]

    def pose(self, q):
        q = np.asarray(q)
        if q.ndim == 2:
            return np.array([self.pose(x) for x in q])
        T = np.eye(4)
        _, T[:3, :3], T[:3, 3] = self.frames(q)
        return T

    def jacobian(self, q):
        out, _, tip = self.frames(q)
        J = np.zeros((6, 8))
        for i, (axis, p) in enumerate(out):
            J[:3, i], J[3:, i] = np.cross(axis, tip - p), axis
        return J


ARM = Arm()


def moved(offset, turn=(0, 0, 0), start=None):
    T = ARM.pose(ARM.home if start is None else start)
    T[:3, 3] += offset
    T[:3, :3] = rotations.exp(np.array(turn, float)) @ T[:3, :3]
    return T


def off_line(motion, a, b):
    t = np.linspace(motion.start, motion.end, 1001)
    x = ARM.pose(motion(t))[:, :3, 3] - a[:3, 3]
    u = (b - a)[:3, 3] / np.linalg.norm((b - a)[:3, 3])
    return np.linalg.norm(x - np.outer(x @ u, u), axis=1).max(), x @ u, t


@pytest.mark.parametrize("offset", [(0.1, 0.2, -0.1), (-0.15, 0, 0.05), (0, -0.3, 0.0)])
def test_the_tool_moves_on_a_straight_line_with_minimum_jerk_progress(offset):
    goal = moved(offset, (0.2, -0.1, 0.3))
    m = line_motion(ARM, ARM.home, goal)
    away, along, t = off_line(m, ARM.pose(ARM.home), goal)
    assert away < 1e-5
    u = (t - m.start) / m.duration
    assert_allclose(along / np.linalg.norm(offset), 10 * u**3 - 15 * u**4 + 6 * u**5, atol=1e-4)
    assert_allclose(ARM.pose(m(m.end)), goal, atol=1e-8)
    assert_allclose(m(0.0), ARM.home, atol=1e-12)
    for order in (1, 2):
        assert_allclose(m([m.start, m.end], order), 0, atol=1e-9)
    told = certificate(m, ARM.limits)
    assert told.kept
    assert told.usage[1:].max() == pytest.approx(1.0, abs=1e-9)  # as short as the limits allow
    assert_allclose(m(t)[:, 7], 0.04, atol=1e-12)  # the finger stays


def test_duration_scales_and_tool_speed():
    goal = moved((0.1, 0.2, -0.1))
    m = line_motion(ARM, ARM.home, goal)
    assert line_motion(ARM, ARM.home, goal, duration=5.0).duration == 5.0
    with pytest.raises(Infeasible, match="s would be enough"):
        line_motion(ARM, ARM.home, goal, duration=0.5 * m.duration)
    slow = line_motion(ARM, ARM.home, goal, velocity_scale=0.1)
    assert certificate(slow, ARM.limits.scaled(velocity=0.1)).usage[1].max() == pytest.approx(1.0, abs=1e-9)
    calm = line_motion(ARM, ARM.home, goal, tool_speed=0.05)
    length = np.linalg.norm([0.1, 0.2, -0.1])
    assert calm.duration == pytest.approx(15 / 8 * length / 0.05, rel=1e-6)


def test_curves_pass_through_poses_or_stop():
    way = np.array([moved(x) for x in ((0.05, 0.05, 0), (0.1, 0.1, -0.05), (0.1, 0.2, -0.1), (0.0, 0.2, -0.1))])
    m = curve_motion(ARM, ARM.home, way, stop=[1])
    t = np.linspace(0, m.end, 3001)
    x, v = ARM.pose(m(t))[:, :3, 3], np.linalg.norm(m(t, 1), axis=1)
    for k, T in enumerate(way):
        d = np.linalg.norm(x - T[:3, 3], axis=1)
        assert d.min() < 2e-4
        rests = v[d < 5e-4].min() < 1e-3
        assert rests == (k in (1, 3))
    assert certificate(m, ARM.limits).kept
    times = np.array([0, 1.0, 2.0, 3.0, 4.5])
    timed = curve_motion(ARM, ARM.home, way, times=times)
    assert_allclose(ARM.pose(timed(times[1:])), way, atol=2e-5)
    begun = curve_motion(ARM, ARM.home, np.concatenate([ARM.pose(ARM.home)[None], way]), stop=[2])
    assert_allclose(begun.coeffs, m.coeffs, atol=1e-6)  # a first pose that is here already changes nothing


def test_lines_with_blended_corners_stay_within_tolerance():
    way = np.array([moved(x) for x in ((0.1, 0.1, 0), (0.1, 0.1, -0.2))])
    m = curve_motion(ARM, ARM.home, way, path="line", blend=0.01)
    x = ARM.pose(m(np.linspace(0, m.end, 2001)))[:, :3, 3]
    assert 0.003 < np.linalg.norm(x - way[0, :3, 3], axis=1).min() <= 0.01 + 2e-5
    assert certificate(m, ARM.limits).kept
    sharp = curve_motion(ARM, ARM.home, way, path="line")
    assert (
        np.linalg.norm(ARM.pose(sharp(np.linspace(0, sharp.end, 4001)))[:, :3, 3] - way[0, :3, 3], axis=1).min() < 1e-5
    )


def test_any_tool_path_maps_to_joints():
    T = np.array([moved((0, 0, 0)), moved((0.1, 0.1, 0)), moved((0.0, 0.2, 0.0))])
    path = cartesian(T, path="line", arcs=[1], duration=2.0)
    m = map_to_joints(ARM, path, ARM.home)
    t = np.linspace(0, 2, 501)
    assert_allclose(ARM.pose(m(t)), path.pose(t), atol=2e-5)


def test_joints_near_a_limit_are_turned_away_where_the_arm_is_redundant():
    q = ARM.home.copy()
    q[2] = 2.6
    goal = moved((-0.1, 0.25, 0.1), start=q)
    m = line_motion(ARM, q, goal)
    assert certificate(m, ARM.limits).kept


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        ((2.0, 0, 0), r"cannot be followed at .* % of the way, tool at \(.*\) m: "),
        ((0, 0, 1.0), "singular or at the end of its reach|would need a jump|would have to go"),
    ],
)
def test_the_place_where_a_line_ends_is_told(offset, said):
    with pytest.raises(Infeasible, match=said):
        line_motion(ARM, ARM.home, moved(offset))


def test_a_joint_limit_on_the_way_is_named():
    stiff = Arm()
    stiff.limits = Limits(position=[ARM.home - 0.05, ARM.home + 0.05], velocity=np.ones(8))
    with pytest.raises(Infeasible, match=r"joint \d \([a-g]\) would have to go to"):
        line_motion(stiff, ARM.home, moved((0.1, 0.2, -0.1)))


def test_a_report_says_where_a_motion_comes_close():
    q = ARM.home.copy()
    straight = q * np.array([1, 1, 1, 0, 1, 1, 1, 1])  # a stretched elbow: the arm is singular
    m = minimum_jerk([q, straight], duration=1.0)
    told = path_report(ARM, m, samples=201)
    assert told.singular[-1] == pytest.approx(0.0, abs=1e-9)
    assert told.room.shape == (201, 8)
    assert_allclose(told.room[:, 3], 2.6 - m(told.t)[:, 3])
    assert told.meets[0].startswith("closest to singular at t = 1 s, tool at (")
    assert "joint 7 (finger) at 0.04, range [0, 0.04]" in told.meets[1]
    with pytest.raises(InvalidInput, match="samples must be"):
        path_report(ARM, m, samples=1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"q_start": [np.nan] * 8}, "q_start: joint 0 is nan"),
        ({"q_start": np.zeros((2, 8))}, "q_start must have shape"),
        ({"goal_pose": np.eye(3)}, "poses must have shape"),
        ({"goal_pose": 2 * np.eye(4)}, "no rigid pose"),
        ({"limits": Limits(velocity=[1])}, "limits are for 1 joints"),
        ({"limits": Limits()}, "nothing decides the time"),
        ({"velocity_scale": 0}, "factor of velocity limits must be greater than 0"),
        ({"goal_pose": ARM.pose(ARM.home)}, "the tool is at the goal already"),
    ],
)
def test_bad_requests_are_refused(words, said):
    words = {"robot": ARM, "q_start": ARM.home, "goal_pose": moved((0.1, 0, 0))} | words
    with pytest.raises(InvalidInput, match=said):
        line_motion(**words)
    if "goal_pose" in words and np.shape(words["goal_pose"]) == (4, 4) and "already" in said:
        assert line_motion(**words, duration=1.0).duration == 1.0
