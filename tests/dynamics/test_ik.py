"""Inverse kinematics reaches what can be reached, keeps limits, and says why not otherwise."""

import numpy as np
import pytest

from robocalc.dynamics import IKStatus, Robot, load
from robocalc.errors import Infeasible, InvalidInput
from tests.dynamics.trees import random_urdf

ARMS = ("panda", "panda_gripper", "iiwa", "xarm6")


def random_poses(robot, count, seed=0):
    low, high = robot.limits.bounds("position")
    q = np.random.default_rng(seed).uniform(low, high, (count, robot.n))
    return q, robot.pose(q)


def within(robot, q):
    low, high = robot.limits.bounds("position")
    return bool(((low <= q) & (q <= high)).all())


@pytest.mark.parametrize("name", ARMS)
def test_reachable_poses_are_reached(name):
    robot = load(name)
    _, poses = random_poses(robot, 300)
    results = [robot.solve_ik(T, seed=k) for k, T in enumerate(poses)]
    assert sum(r.success for r in results) >= 299
    for T, r in zip(poses, results):
        if r.success:
            np.testing.assert_allclose(robot.pose(r.q), T, atol=3e-6)
        assert within(robot, r.q)


@pytest.mark.parametrize("name", ARMS)
def test_a_near_start_stays_near(name):
    robot = load(name)
    q, poses = random_poses(robot, 50, seed=1)
    low, high = robot.limits.bounds("position")
    for x, T in zip(q, poses):
        start = np.clip(x + 0.02, low, high)
        r = robot.solve_ik(T, start=start).raise_for_status()
        np.testing.assert_allclose(robot.pose(r.q), T, atol=3e-6)
    moved = [abs(robot.solve_ik(T, start=np.clip(x + 0.01, low, high)).q - x).max() for x, T in zip(q, poses)]
    assert np.median(moved) < 0.05


@pytest.mark.parametrize("seed", range(6))
def test_random_trees_are_solved_or_told_why_not(seed, tmp_path):
    (tmp_path / "tree.urdf").write_text(random_urdf(seed + 100, links=9))
    robot = Robot.from_urdf(tmp_path / "tree.urdf")
    low, high = robot.limits.bounds("position")
    rng = np.random.default_rng(seed)
    for q in rng.uniform(np.maximum(low, -3), np.minimum(high, 3), (5, robot.n)):
        T = robot.pose(q)
        np.testing.assert_allclose(robot.pose(robot.solve_ik(T).raise_for_status().q), T, atol=5e-6)
        T[:3, 3] += (0.0, 0.0, 20.0)
        far = robot.solve_ik(T)
        assert not far.success
        assert within(robot, far.q)
        assert far.position_error > 5


def test_same_seed_same_bits():
    robot = load("panda")
    _, poses = random_poses(robot, 20, seed=2)
    for T in poses:
        np.testing.assert_array_equal(robot.solve_ik(T, seed=3).q, robot.solve_ik(T, seed=3).q)


def test_a_position_alone_leaves_the_rotation_free():
    robot = load("panda")
    for p in ([0.5, 0.2, 0.4], [0.3, -0.4, 0.2], [-0.4, 0.3, 0.6]):
        r = robot.solve_ik(p).raise_for_status()
        np.testing.assert_allclose(robot.pose(r.q)[:3, 3], p, atol=2e-6)
        assert r.rotation_error == 0
    two = load("two_link").solve_ik([0.6, 0.0, 0.3]).raise_for_status()
    np.testing.assert_allclose(load("two_link").pose(two.q)[:3, 3], [0.6, 0, 0.3], atol=2e-6)


def test_redundancy_goes_to_the_posture():
    robot = load("panda")
    posture = robot.home + 0.3
    q, poses = random_poses(robot, 30, seed=4)
    nearer = 0
    for x, T in zip(q, poses):
        free = robot.solve_ik(T, start=x)
        pulled = robot.solve_ik(T, start=x, posture=posture).raise_for_status()
        np.testing.assert_allclose(robot.pose(pulled.q), T, atol=3e-6)
        assert within(robot, pulled.q)
        assert np.sum((pulled.q - posture) ** 2) <= np.sum((free.q - posture) ** 2) + 1e-9
        nearer += np.sum((pulled.q - posture) ** 2) < np.sum((free.q - posture) ** 2) - 1e-3
    assert nearer > 20
    # at the end nothing is left to gain along the redundancy: the pull is normal to it, or a limit holds
    J = robot.jacobian(robot.solve_ik(robot.pose(robot.home), start=robot.home + 0.1, posture=posture).q)
    assert np.linalg.matrix_rank(J) == 6


def test_pose_of_home_without_start_is_home():
    for name in ARMS:
        robot = load(name)
        np.testing.assert_allclose(robot.solve_ik(robot.pose(robot.home)).q, robot.home, atol=1e-9)


@pytest.mark.parametrize("name", ARMS)
def test_a_start_that_is_the_answer_is_kept(name):
    robot = load(name)
    q, _ = random_poses(robot, 20, seed=8)
    for x in q:
        r = robot.solve_ik(robot.pose(x), start=x, restarts=0).raise_for_status()
        np.testing.assert_allclose(r.q, x, atol=1e-6)


def test_a_margin_keeps_away_from_limits():
    robot = load("panda")
    low, high = robot.limits.bounds("position")
    _, poses = random_poses(robot, 30, seed=5)
    for T in poses:
        r = robot.solve_ik(T, margin=0.1)
        assert ((low + 0.1 - 1e-12 <= r.q) & (r.q <= high - 0.1 + 1e-12)).all()


def facing_down(p):
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = p
    return T


def test_out_of_reach_tells_the_distance():
    robot = load("panda")
    r = robot.solve_ik(facing_down([2.0, 0.0, 0.333]))
    assert r.status is IKStatus.OUT_OF_REACH
    reach = 0.316 + 0.384 + 0.107 + 0.105 + 0.088 + 0.0825  # generous
    assert 2.0 - reach - 0.1 < r.position_error < 2.0 - 0.7
    assert "mm" in r.why
    with pytest.raises(Infeasible, match="out of reach"):
        r.raise_for_status()
    two = load("two_link").solve_ik([1.5, 0.0, 0.0])
    assert two.status is IKStatus.OUT_OF_REACH
    assert two.position_error == pytest.approx(0.5, abs=1e-4)
    sideways = load("two_link").solve_ik([0.5, 0.2, 0.0])
    assert sideways.status is IKStatus.OUT_OF_REACH
    assert sideways.position_error == pytest.approx(0.2, abs=1e-4)


def test_blocked_by_a_limit_names_the_joint():
    robot = load("two_link")
    q = np.array([0.3, 3.0])  # the elbow stops at 2.8, and 2 pi - 3 is beyond -2.8 too
    r = robot.solve_ik(robot.pose(q)[:3, 3])
    assert r.status is IKStatus.BLOCKED_BY_LIMIT
    assert r.limiting == ("elbow",)
    assert "elbow" in r.why


def test_an_orientation_out_of_reach_is_told_apart():
    robot = load("two_link")
    T = np.eye(4)
    T[:3, 3] = [0.6, 0.0, 0.3]
    assert robot.solve_ik(T).status is IKStatus.ORIENTATION_UNREACHABLE
    assert robot.solve_ik(T).rotation_error > 0.01


def test_the_cart_reaches_what_its_rail_allows():
    robot = load("cart_pole")
    assert robot.solve_ik([1.0, -0.11, 1.0]).success
    r = robot.solve_ik([5.0, -0.11, 0.5])
    assert r.status is IKStatus.BLOCKED_BY_LIMIT
    assert "slider" in r.limiting


def test_a_straight_line_stays_on_its_branch():
    robot = load("panda")
    start = robot.pose(robot.home)
    poses = np.repeat(start[None], 200, axis=0)
    poses[:, 0, 3] += np.linspace(0, 0.25, 200)
    poses[:, 2, 3] -= np.linspace(0, 0.2, 200)
    path = robot.follow_poses(poses, robot.home).raise_for_status()
    np.testing.assert_allclose(robot.pose(path.q), poses, atol=3e-6)
    assert abs(np.diff(path.q, axis=0)).max() < 0.01
    assert path.reached == 200


def test_a_line_that_leaves_the_workspace_says_where():
    robot = load("panda")
    poses = np.repeat(robot.pose(robot.home)[None], 100, axis=0)
    poses[:, 0, 3] += np.linspace(0, 1.0, 100)
    path = robot.follow_poses(poses, robot.home)
    assert not path.success
    assert 20 < path.reached < 80
    assert f"{path.reached} of 100" in path.why
    with pytest.raises(Infeasible):
        path.raise_for_status()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pose": np.eye(3)}, "pose"),
        ({"pose": np.full((4, 4), np.nan)}, "pose"),
        ({"pose": 2 * np.eye(4)}, "pose"),
        ({"pose": np.diag([2.0, 2, 2, 1])}, "rotation"),
        ({"start": np.zeros(3)}, "start"),
        ({"posture": [np.nan] * 7}, "posture"),
        ({"restarts": -1}, "restarts"),
        ({"seed": 0.5}, "seed"),
        ({"margin": -0.1}, "margin"),
        ({"margin": 9.0}, "margin"),
        ({"position_tolerance": 0.0}, "tolerances"),
        ({"frame": "panda_link0"}, "does not move"),
    ],
)
def test_bad_questions_are_refused(change, words):
    robot = load("panda")
    given = {"pose": robot.pose(robot.home)} | change
    with pytest.raises(InvalidInput, match=words):
        robot.solve_ik(given.pop("pose"), given.pop("frame", None), **given)


def test_half_a_turn_is_found():
    """The rotation logarithm at π: a tool turned upside down about each axis is still reached."""
    robot = load("iiwa")
    T = robot.pose(robot.home)
    for axis in range(3):
        turned = T.copy()
        turned[:3, :3] = T[:3, :3] @ np.diag([1.0 if k == axis else -1.0 for k in range(3)])
        r = robot.solve_ik(turned)
        if r.success:
            np.testing.assert_allclose(robot.pose(r.q), turned, atol=3e-6)
        else:
            assert r.status is not IKStatus.NOT_CONVERGED
