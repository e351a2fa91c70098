"""Motions past what moves: free in PyBullet at the times they are there, within limits, or refused by pair and time."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import InvalidInput
from robocalc.optimize import Status, plan_motion
from robocalc.optimize.moving.among import Traffic
from robocalc.optimize.moving.course import Course
from robocalc.optimize.moving.pace import Peaks, allowance, along, stop
from robocalc.trajectory import Trajectory, certificate
from sims.engines import shapes
from sims.engines.bullet import Clearance
from sims.engines.motions import Keyframes, Line

START = np.array([-0.6, -0.3, 0.0, -2.0, 0.0, 1.7, 0.8])
GOAL = np.array([0.6, -0.3, 0.0, -2.0, 0.0, 1.7, 0.8])


@pytest.fixture(scope="module")
def panda():
    return load("panda_gripper").lock({"panda_finger_joint1": 0.04, "panda_finger_joint2": 0.04})


def ball(motion, radius=0.1):
    return shapes.Sphere(name="ball", radius=radius, motion=motion)


def gate(times, heights):
    return Keyframes(times, [[0.55, 0.0, z] for z in heights])


TRAFFIC = {
    "leaves the way": [ball(gate([0.0, 2.0, 3.0], [0.5, 0.5, 1.8]), 0.18)],
    "crosses": [ball(Line(position=(0.6, -0.9, 0.5), to=(0.6, 0.9, 0.5), duration=1.5, interpolation="linear"))],
    "comes and goes": [ball(gate([0.0, 0.4, 0.8, 1.2], [1.6, 0.5, 0.5, 1.6]), 0.15)],
    "turns": [
        shapes.Box(
            name="bar",
            size=(0.7, 0.06, 0.06),
            motion=Keyframes(
                [0.0, 1.0, 2.0], [[0.55, 0.0, 0.5]] * 3, rpys=[[0.0, 0.0, 0.0], [0.0, 1.5, 0.0], [0.0, 3.0, 0.0]]
            ),
        )
    ],
}


@pytest.mark.parametrize("world", TRAFFIC.values(), ids=TRAFFIC)
def test_the_motion_is_free_in_pybullet_at_all_its_times(panda, world):
    plan = plan_motion(panda, START, GOAL, moving=world, clearance=0.02)
    assert plan.solved, plan.violations
    motion = plan.trajectory
    np.testing.assert_allclose(motion(motion.start), START, atol=1e-9)
    np.testing.assert_allclose(motion(motion.end), GOAL, atol=1e-9)
    np.testing.assert_allclose(motion(np.array([motion.start, motion.end]), 1), 0, atol=1e-6)
    assert certificate(motion, panda.limits).kept
    t = np.append(np.arange(0, motion.duration + 1.0, 0.01), motion.duration)
    with Clearance(panda, world, own=False) as truth:
        least = min(truth.at(motion(min(x, motion.duration)), x).distance for x in t)
    assert least >= 0.02 - 1e-4
    assert plan.closest.distance >= 0.02 - 1e-4 or "ball" not in plan.closest.pair


def test_it_waits_where_there_is_no_way_around(panda):
    turn = np.array([0.4, 0, 0, 0, 0, 0, 0])
    lift = Keyframes([0.0, 2.0, 4.0], [[0.65, 0, 1.5], [0.65, 0, 1.5], [0.65, 0, 4.5]])
    wall = shapes.Box(name="wall", size=(0.9, 0.05, 3.0), motion=lift)
    plan = plan_motion(panda, START - turn, GOAL + turn, moving=[wall])
    assert plan.solved, plan.violations
    assert 2.0 < plan.trajectory.duration < 4.5
    assert plan_motion(panda, START - turn, GOAL + turn, moving=[wall], time=4.0).trajectory.duration < 1.1
    never = plan_motion(panda, START - turn, GOAL + turn, moving=[wall], patience=0.5)
    assert never.status is Status.INFEASIBLE
    assert "wall" in str(never.violations[0])


def test_growing_doubt_keeps_more_distance(panda):
    thing = {
        "name": "ball",
        "kind": "sphere",
        "radius": 0.1,
        "position": [0.75, 0.0, 0.45],
        "velocity": [0.0, 0.02, 0.0],
    }
    near = plan_motion(panda, START, GOAL, moving=[thing])
    doubt = {"initial": 0.02, "growth": 0.1, "most": 0.15}
    far = plan_motion(panda, START, GOAL, moving=[thing | {"uncertainty": doubt}])
    traffic = Traffic(panda, [thing], 0.0, 5.0)
    t = np.linspace(0, far.trajectory.duration, 100)
    _, gaps = traffic.gaps(far.trajectory(t), t)
    assert (gaps >= np.minimum(0.15, 0.02 + 0.1 * t)).all()
    assert near.trajectory.duration <= far.trajectory.duration


def test_what_starts_inside_and_what_takes_the_goal_is_named(panda):
    there = panda.pose(START)[:3, 3]
    inside = ball(Line(position=tuple(there), to=tuple(there + np.array([0, 0, 1])), duration=3.0))
    plan = plan_motion(panda, START, GOAL, moving=[inside])
    assert plan.status is Status.BAD_START
    assert "ball overlap by" in str(plan.violations[0])
    assert plan.violations[0].amount > 0
    parks = ball(Line(position=(0.5, 2.0, 0.5), to=tuple(panda.pose(GOAL)[:3, 3]), duration=0.3))
    plan = plan_motion(panda, START, GOAL, moving=[parks])
    assert plan.status is Status.INFEASIBLE
    assert "goal: " in str(plan.violations[0])
    assert "ball" in str(plan.violations[0])
    assert 0 < plan.violations[0].time < 1


def test_what_is_too_fast_to_be_avoided_is_named_with_its_time(panda):
    there = panda.pose(START)[:3, 3]
    shot = ball(
        Line(
            position=tuple(there + np.array([0, -2.0, 0])),
            to=tuple(there + np.array([0, 2.0, 0])),
            duration=0.2,
            interpolation="linear",
        ),
        0.4,
    )
    plan = plan_motion(panda, START, GOAL, moving=[shot])
    assert not plan.solved
    assert "ball" in str(plan.violations[0])
    assert 0 < plan.violations[0].time < 0.3


def test_the_same_seed_gives_the_same_motion(panda):
    one, two = (plan_motion(panda, START, GOAL, moving=TRAFFIC["crosses"], seed=3).trajectory for _ in range(2))
    assert (one.coeffs == two.coeffs).all()


def test_a_motion_at_another_pace_keeps_limits_and_path(panda):
    base = plan_motion(panda, START, GOAL).trajectory
    peaks = Peaks.of(base, panda.limits)
    for rate in (0.8, 0.5, 0.25):
        A, _ = allowance(peaks, rate)
        assert A > 0
        sigma = Trajectory(
            np.array([0.0, rate / A]), np.array([[[0.2], [rate], [-A / 2]]])
        )  # a hard brake: limits but jerk
        motion = along(base, sigma)
        np.testing.assert_allclose(motion(motion.knots), base(sigma(motion.knots)[:, 0]), atol=1e-9)
        middle = 0.5 * (motion.knots[1:] + motion.knots[:-1])
        np.testing.assert_allclose(motion(middle), base(sigma(middle)[:, 0]), atol=1e-5)
        assert (np.abs(motion.extrema(2)).max(axis=0) <= panda.limits.acceleration * (1 + 1e-6)).all()


def test_a_moving_robot_stops_and_replans_without_a_jump(panda):
    base = plan_motion(panda, START, GOAL).trajectory
    course = Course(base, panda.limits, (0.8, 0.5, 0.25))
    first = Traffic(panda, [ball(gate([0.0, 1.0], [3.0, 3.0]))], 0.0, 10.0)
    schedule = course.arrive(first.checker, first.movers, 0.01, horizon=10.0)
    now = 0.35
    state = schedule.state(now)
    later = Traffic(panda, TRAFFIC["leaves the way"], 0.0, 10.0)
    again = course.arrive(later.checker, later.movers, 0.01, state, horizon=10.0)
    halt = stop(base, course.peaks, state, 0.8)
    for motion in [halt] + ([] if again is None else [again.sigma]):
        np.testing.assert_allclose([motion(motion.start, k)[0] for k in range(3)], state, atol=1e-9)
    assert halt(halt.end, 1)[0] == pytest.approx(0, abs=1e-9)
    assert certificate(along(base, halt), panda.limits).kept


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ({"name": "b", "kind": "sphere", "radius": 0.1}, "needs a motion or a velocity"),
        ({"name": "b", "kind": "plane", "velocity": [0, 0, 1]}, "cannot move"),
        ({"name": "b", "kind": "sphere", "radius": 0.1, "velocity": [0, np.nan, 1]}, "b.velocity"),
        ({"name": "b", "kind": "sphere", "radius": 0.1, "motion": 3}, "b.motion"),
        ({"name": "b", "kind": "sphere", "radius": 0.1, "motion": lambda t: [t, 0]}, "finite poses"),
        ({"name": "b", "kind": "sphere", "radius": 0.1, "velocity": [0, 0, 1], "uncertainty": {"size": 1}}, "initial"),
        ({"name": "b", "kind": "sphere", "radius": 0.1, "velocity": [0, 0, 1], "uncertainty": -1}, "at least 0"),
    ],
)
def test_bad_obstacles_are_refused_by_name(panda, thing, message):
    with pytest.raises(InvalidInput, match=message):
        plan_motion(panda, START, GOAL, moving=[thing])
