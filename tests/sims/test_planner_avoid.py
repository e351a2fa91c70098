"""Planner `avoid` in scenario files: around obstacles, with what the hand holds, refused by pair and depth."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.trajectory import certificate
from sims import Scenario, run
from sims.build import believed_robot, motion_limits
from sims.build_world import known_world, world_shapes
from sims.engines.bullet import Clearance
from sims.plan import plan_task

POST = {"name": "post", "shape": "box", "size": [0.05, 0.05, 1.0], "position": [0.45, 0.0, 0.5]}
SIDE = [0.6, -0.3, 0.0, -2.0, 0.0, 1.7, 0.8]


def scene(planner, world=(POST,), task=None, model="panda", **more):
    start = [-0.6, *SIDE[1:]]
    finger = [0.04, 0.04] if model == "panda_gripper" else []
    data = {
        "format": "robocalc/1", "name": "post",
        "robot": {"model": model, "home": start + finger, "limits": {"velocity_scale": 0.5, "jerk_scale": 0.2}},
        "world": list(world), "planner": planner,
        "task": task or [{"do": "move", "name": "across", "to": {"joints": SIDE + finger}}],
        "controller": {"type": "computed_torque", "wn": 30, "zeta": 1},
    }  # fmt: skip
    return Scenario.of(data | more)


@pytest.mark.parametrize("name", ["avoid", "rrt"])
def test_it_goes_around_what_a_smooth_motion_hits(name):
    straight = run(scene({"type": "min_jerk"}))
    assert not straight.plan.solved
    assert "planner: {type: avoid}" in straight.why
    made = run(scene({"type": name, "clearance": 0.02}))
    assert made.plan.solved, made.why
    assert made.metrics["clearance.min_mm"].value >= 19.9
    assert made.metrics["contact.max_force_n"].value == 0
    limits = motion_limits(made.scenario, made.robot)
    assert certificate(made.plan.trajectory, limits).kept


def test_a_move_may_name_the_planner_and_its_clearance():
    move = {"do": "move", "name": "across", "to": {"joints": SIDE}, "planner": {"type": "avoid"}}
    made = run(scene({"type": "min_jerk"}, task=[move | {"avoid": {"clearance": 0.03}}]))
    assert made.metrics["clearance.min_mm"].value >= 29.9


def test_the_same_seed_gives_the_same_plan():
    one, two = (run(scene({"type": "avoid", "seed": 4})).plan.trajectory for _ in range(2))
    assert np.array_equal(one.coeffs, two.coeffs)


def test_a_goal_inside_is_named_with_pair_and_depth():
    inside = POST | {"position": load("panda").pose(np.array(SIDE))[:3, 3].tolist()}
    made = run(scene({"type": "avoid"}, world=[inside]))
    assert not made.plan.solved
    assert "goal: in collision" in made.why
    assert "and post overlap by" in made.why


def test_what_the_hand_holds_is_kept_clear_too():
    cube = {"name": "cube", "shape": "box", "size": [0.05, 0.05, 0.05], "mass": 0.1, "position": [0.5, 0.3, 0.025]}
    table = {"name": "table", "shape": "box", "size": [0.6, 1.3, 0.04], "position": [0.58, 0, -0.02]}
    wall = {"name": "wall", "shape": "box", "size": [0.4, 0.02, 0.22], "position": [0.5, 0.0, 0.11]}
    down = {"rpy_deg": [180, 0, 0]}
    task = [
        {"do": "move", "to": {"pose": {"position": [0.5, 0.3, 0.15], **down}}},
        {"do": "move", "to": {"pose": {"position": [0.5, 0.3, 0.028], **down}}, "path": "line"},
        {"do": "grasp", "object": "cube"},
        {"do": "move", "to": {"offset": [0, 0, 0.12]}, "path": "line"},
        {"do": "move", "name": "carry", "to": {"pose": {"position": [0.5, -0.3, 0.15], **down}}},
    ]
    asked = scene({"type": "avoid", "clearance": 0.01}, [cube, table, wall], task, "panda_gripper")
    robot, world = believed_robot(asked), world_shapes(asked)
    with Clearance(robot, known_world(asked, world), own=False) as truth:
        plan = plan_task(asked, robot, world, truth)
        assert plan.solved, plan.violations
        t, distance, _ = plan.clearance
        carry = plan.steps[-1]
        assert distance[(t > carry.start) & (t < carry.end)].min() >= 0.0095
