"""Grasping what moves: where it will be, motions that go along with it, and why it cannot be caught."""

import numpy as np
import pytest

from robocalc.errors import ScenarioError
from robocalc.trajectory import certificate
from sims import Scenario, run
from sims.build import believed_robot, motion_limits
from sims.build_world import world_shapes
from sims.plan import plan_task
from sims.planners.passing import Passing

BELT = {"name": "belt", "shape": "box", "size": [0.16, 2.0, 0.04], "position": [0.5, 0.3, 0.08], "friction": 1.0}
CUBE = {"name": "cube", "shape": "box", "size": [0.05, 0.05, 0.05], "mass": 0.15, "friction": 1.0,
        "position": [0.5, 0.9, 0.125]}  # fmt: skip
RUNS, FAST = {"surface_velocity": [0, -0.2, 0]}, {"surface_velocity": [0, -3, 0]}
SLIDES = {"motion": {"type": "line", "to": [0.5, -0.5, 0.08], "duration": 5.0}}
DISC = {"shape": "cylinder", "size": None, "radius": 0.5, "length": 0.04, "position": [0.7, 0.2, 0.08]}
HALF_TURN = [{"t": t, "position": DISC["position"], "rpy_deg": [0, 0, a]} for t, a in ((0, 0), (10, 170))]
TURNS = DISC | {"motion": {"type": "keyframes", "frames": HALF_TURN}}
PLANTS = pytest.mark.parametrize(
    ("belt", "cube"),
    [(RUNS, {}), (SLIDES, {}), (TURNS, {"position": [0.7, 0.6, 0.125]})],
    ids=("runs", "slides", "turns"),
)


def scene(belt, cube=None, moving=None, **more):
    thing = {key: value for key, value in (BELT | belt).items() if value is not None}
    pick = {"do": "grasp", "name": "pick", "object": "cube", "moving": {"rpy_deg": [180, 0, 0]} | (moving or {})}
    home = [0, -0.785, 0, -2.356, 0, 1.571, 0.785, 0.04, 0.04]
    limits = {"velocity_scale": 0.5, "acceleration_scale": 0.35, "jerk_scale": 0.1}
    data = {
        "format": "robocalc/1", "name": "pick", "sim": {"max_duration": 30.0}, "world": [thing, CUBE | (cube or {})],
        "robot": {"model": "panda_gripper", "home": home, "limits": limits}, "task": [pick],
        "controller": {"type": "computed_torque", "wn": 30, "zeta": 1, "integral": True},
    }  # fmt: skip
    return Scenario.of(data | more)


def planned(asked):
    robot = believed_robot(asked)
    return robot, plan_task(asked, robot, world_shapes(asked))


@PLANTS
def test_a_thing_is_where_pybullet_carries_it(belt, cube):
    pytest.importorskip("pybullet")
    from sims.engines.bullet import Bullet

    asked = scene(belt, cube)
    robot, world = believed_robot(asked), world_shapes(asked)
    passing = Passing.of(world[1], world, asked.sim.gravity)
    with Bullet(robot.with_base((9.0, 9.0, 0.0)), 1e-3, world=world) as plant:
        plant.reset(robot.home, np.zeros(robot.n))
        for k in range(1, 3001):
            plant.push(np.zeros(robot.n))
            if k % 500 == 0:
                np.testing.assert_allclose(plant.pose("cube")[:3], passing.at([k * 1e-3])[0, :3], atol=1.5e-3)


@PLANTS
def test_the_hand_goes_along_within_limits_and_ends_at_rest(belt, cube):
    asked = scene(belt, cube)
    robot, plan = planned(asked)
    assert plan.solved, plan.violations
    motion, (pick,) = plan.trajectory, plan.steps
    world = world_shapes(asked)
    t = np.linspace(pick.closes, pick.taken, 40)
    cubes = Passing.of(world[1], world, asked.sim.gravity).at(t)
    tools = robot.pose(motion(t))
    np.testing.assert_allclose(tools[:, :3, 3], cubes[:, :3], atol=2e-5)
    turned = np.unwrap(np.arctan2(tools[:, 1, 0], tools[:, 0, 0]))
    yaw = np.unwrap(2 * np.arctan2(cubes[:, 5], cubes[:, 6]))
    np.testing.assert_allclose(turned - turned[0], yaw - yaw[0], atol=2e-4)
    assert certificate(motion, motion_limits(asked, robot)).kept
    for end in (motion.start, motion.end):
        np.testing.assert_allclose(motion(end, 1), 0.0, atol=1e-6)
    assert motion(pick.taken)[7] == pytest.approx(0.025)
    assert motion(pick.closes)[7] == pytest.approx(0.04)


def test_pybullet_holds_it_on_a_turning_table_without_slip():
    pytest.importorskip("pybullet")
    made = run(scene(TURNS, {"position": [0.7, 0.6, 0.125]}))
    assert made.outcome.name == "FINISHED", made.why
    assert made.metrics["grasp.slip_mm"].value < 2
    assert made.metrics["contact.unintended_force_n"].value == 0
    assert made.metrics["limits.violations"].value == 0


def test_the_earliest_time_is_the_earliest():
    """None of the times that are given is met sooner; late ones are, early ones are not."""
    _, plan = planned(scene(RUNS))
    given = [planned(scene(RUNS, moving={"at": at}))[1] for at in np.arange(0.5, 4.6, 0.5)]
    solved = [other.solved for other in given]
    assert not solved[0]
    assert solved[-1]
    assert solved == sorted(solved)
    assert plan.steps[0].closes <= min(other.steps[0].closes for other in given if other.solved) + 0.02


@pytest.mark.parametrize(
    ("belt", "cube", "moving", "why"),
    [
        (FAST, {}, {}, r"going along takes .* rad/s of panda_joint\d, whose velocity limit"),
        (FAST, {}, {}, r"'cube' leaves 'belt' at t = "),
        (RUNS | {"position": [1.6, 0.3, 0.08]}, {"position": [1.6, 0.9, 0.125]}, {}, "is out of reach, at all times"),
        (RUNS, {}, {"at": 0.5}, "at t = 0.5 s at .* cannot be taken: .* misses its target"),
        (RUNS, {"position": [0.5, 0.3, 0.125]}, {"at": 0.3}, r"the hand needs .* s more .* limit of panda_joint\d"),
        (SLIDES | {"friction": 0.015}, {}, {}, r"slips on 'belt' at t = .* friction carries 0\.147 m/s\^2"),
        (RUNS | {"known_to_planner": False}, {}, {}, "out of reach"),
        (RUNS, {"known_to_planner": False}, {}, "known_to_planner is not true"),
        (RUNS | SLIDES, {}, {}, "moves, and its surface too"),
    ],
)  # fmt: skip
def test_what_cannot_be_caught_is_told_with_place_time_and_limit(belt, cube, moving, why):
    _, plan = planned(scene(belt, cube, moving))
    assert plan.status.name == "INFEASIBLE"
    assert plan.violations[0].constraint == "step 'pick'"
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(str(plan.violations[0]))


def test_a_hand_that_is_shut_says_so():
    shut = [{"do": "release", "width": 0.02}, {"do": "grasp", "name": "pick", "object": "cube", "moving": {}}]
    _, plan = planned(scene(RUNS, task=shut))
    assert "the fingers are open by 20 mm; release first" in str(plan.violations[0])


def test_what_may_change_the_pace_and_a_moving_grasp_exclude_each_other():
    _, plan = planned(scene(RUNS, safety={"type": "separation"}))
    assert "taken at a time that is planned" in str(plan.violations[0])
    with pytest.raises(ScenarioError, match=r"moving\.approach"):
        scene(RUNS, moving={"approach": -1})
