"""Motions among obstacles: free in PyBullet all along, within limits by exact extrema, or refused by name."""

import numpy as np
import pytest

import robocalc as rc
from robocalc.dynamics import load
from robocalc.dynamics.collision import Box, CollisionChecker, Sphere
from robocalc.errors import Infeasible, InvalidInput
from robocalc.optimize import Status
from robocalc.trajectory import Limits, certificate, jerk_limited
from tests.optimize.test_paths import FREE, TOUCHING, world_of

VELOCITY, ACCELERATION = [2.175] * 4 + [2.61] * 3, [15, 7.5, 10, 12.5, 15, 20, 20]
SOFT = Limits(velocity=VELOCITY, acceleration=ACCELERATION, jerk=[7500, 3750, 5000, 6250, 7500, 10000, 10000])
HARD = Limits(velocity=VELOCITY, acceleration=ACCELERATION)


@pytest.fixture(scope="module")
def panda():
    return load("panda_gripper").lock({"panda_finger_joint1": 0.04, "panda_finger_joint2": 0.04})


@pytest.mark.parametrize("limits", [SOFT, HARD], ids=["jerk", "acceleration"])
@pytest.mark.parametrize("problem", FREE, ids=lambda p: p["id"])
def test_motions_are_free_in_pybullet_and_within_limits(panda, problem, limits):
    from sims.engines.bullet_plan import Clearance

    plan = rc.optimize.plan_motion(panda, problem["start"], problem["goal"], problem["obstacles"], limits)
    assert plan.solved
    motion = plan.trajectory
    np.testing.assert_allclose(motion(motion.start), problem["start"], atol=1e-9)
    np.testing.assert_allclose(motion(motion.end), problem["goal"], atol=1e-9)
    np.testing.assert_allclose(motion(np.array([motion.start, motion.end]), 1), 0, atol=1e-6)
    assert certificate(motion, limits).kept
    with Clearance(panda, list(world_of(problem))) as truth:
        ends = min(truth.at(np.array(problem[k], float)).distance for k in ("start", "goal"))
        least = min(truth.at(q).distance for q in motion(np.arange(0, motion.duration, 2e-3)))
    assert least >= min(0.005, ends / 2) - 1e-5
    assert plan.closest.distance >= plan.clearance - 1e-5
    assert motion.start <= plan.closest_time <= motion.end


def test_the_motion_is_continuous_up_to_acceleration(panda):
    problem = FREE[0]
    motion = rc.optimize.plan_motion(
        panda, problem["start"], problem["goal"], problem["obstacles"], SOFT
    ).trajectory  # fmt: skip
    t, h = motion.knots[1:-1], 1e-9
    for order, size in ((0, 1.0), (1, 2.0), (2, 20.0)):
        jump = np.abs(motion(t + h, order) - motion(t - h, order)).max()
        assert jump < 1e-5 * size + 2e4 * h * size


def test_without_obstacles_the_motion_is_the_fastest_straight_one(panda):
    goal = panda.home + 0.3
    plan = rc.optimize.plan_motion(panda, panda.home, goal, limits=SOFT)
    assert plan.trajectory.duration == jerk_limited((panda.home,), (goal,), SOFT, synchronisation="phase").duration


def test_a_pose_is_reached_around_an_obstacle(panda):
    pose = panda.pose(panda.home + np.array([0.6, 0.3, 0, 0.2, 0, 0.1, 0]))
    ball = Sphere(name="ball", radius=0.1, position=(0.5, 0.15, 0.5))
    plan = rc.optimize.plan_motion(panda, panda.home, pose, [ball])
    assert plan.solved
    np.testing.assert_allclose(panda.pose(plan.trajectory(plan.trajectory.end)), pose, atol=1e-5)
    assert CollisionChecker(panda, [ball]).check_motion(plan.trajectory, plan.clearance - 1e-5) is None


def test_the_same_seed_gives_the_same_motion(panda):
    problem = FREE[3]
    one, two = (
        rc.optimize.plan_motion(panda, problem["start"], problem["goal"], problem["obstacles"], SOFT, seed=5).trajectory
        for _ in range(2)
    )
    assert (one.knots == two.knots).all()
    assert (one.coeffs == two.coeffs).all()


def test_standing_still_is_a_motion(panda):
    plan = rc.optimize.plan_motion(panda, panda.home, panda.home)
    assert plan.solved
    np.testing.assert_allclose(plan.trajectory(plan.trajectory.end), panda.home)


def test_what_stands_in_the_way_is_named(panda):
    plan = rc.optimize.plan_motion(panda, TOUCHING["start"], TOUCHING["goal"], TOUCHING["obstacles"])
    assert plan.status is Status.INFEASIBLE
    assert plan.trajectory is None
    with pytest.raises(Infeasible, match=r"goal: in collision: .* overlap by"):
        plan.raise_for_status()
    inside = Box(name="crate", size=(0.3, 0.3, 0.3), position=tuple(panda.pose(panda.home)[:3, 3]))
    plan = rc.optimize.plan_motion(panda, panda.home, panda.home + 0.3, [inside])
    assert plan.status is Status.BAD_START
    assert "crate" in str(plan.violations[0])
    far = np.eye(4)
    far[:3, 3] = 3.0
    assert "out of reach" in str(rc.optimize.plan_motion(panda, panda.home, far).violations[0])


@pytest.mark.parametrize(
    ("goal", "options", "message"),
    [
        (np.zeros(5), {}, "goal must be joints"),
        (np.full(7, np.nan), {}, "finite"),
        ("there", {}, "goal must be joints"),
        (np.zeros(7), {"limits": 3}, "limits must be"),
        (np.zeros(7), {"limits": Limits(jerk=[1.0] * 7)}, "velocity or acceleration"),
        (np.zeros(7), {"timeout": -1}, "timeout"),
    ],
)
def test_bad_requests_are_refused(panda, goal, options, message):
    with pytest.raises(InvalidInput, match=message):
        rc.optimize.plan_motion(panda, panda.home, goal, **options)
