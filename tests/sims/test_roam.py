"""Quadrotors and wheeled bases among obstacles: what the hull promises, what rotors and wheels can do."""

import numpy as np
import pytest

import robocalc as rc
from robocalc.dynamics.collision import CollisionChecker, Sphere
from sims import Scenario, run
from sims.planners.roam import hull

WALL = {"name": "wall", "shape": "box", "size": [0.1, 3.0, 2.0], "position": [1.5, 0.8, 1.0]}
CABIN = {"name": "cabin", "shape": "box", "size": [1.0, 1.0, 1.0], "position": [3.0, 0.0, 1.0]}


def scenario(model, start, goal, **more):
    base = {
        "format": "robocalc/1",
        "name": "roam",
        "sim": {"timestep": 0.002, "engine": "twin", "force_unstable": True},  # only plans are looked at
        "robot": {"model": model, "start": start},
        "task": [{"do": "move", "name": "go", "to": {"joints": goal}}],
        "controller": {"type": "pd", "kp": 1.0, "kd": 0.1, "feedforward": "inverse_dynamics"},
    }
    return Scenario.model_validate(base | more)


@pytest.mark.parametrize(("model", "places"), [("quadrotor", 3), ("quadrotor_2d", 2), ("husky", 2)])
def test_the_hull_holds_the_robot_at_any_attitude(model, places):
    robot = rc.dynamics.load(model)
    ball = hull(robot, np.zeros(robot.n))
    rng = np.random.default_rng(4)
    for _ in range(200):
        at = rng.uniform(-1.2, 1.2, 3) * (1, model != "quadrotor_2d", 1)
        angles = rng.uniform(-1.3, 1.3, robot.n - places)
        shape = Sphere(name="post", radius=0.05, position=tuple(at))
        whole = CollisionChecker(robot, [shape], own=False).distance(np.append(np.zeros(places), angles))
        assert CollisionChecker(ball, [shape], own=False).distance(np.zeros(places)) <= whole + 1e-9


def test_a_wheeled_base_never_slides_sideways_and_arrives():
    made = run(scenario("husky", [0, 0, 0], [3.0, 2.0, 1.0], planner={"type": "min_jerk"}))
    assert made.plan.solved, made.plan.violations
    reference = made.plan.trajectory
    t = np.linspace(0, reference.duration, 2000)
    q, v = reference(t), reference(t, 1)
    sideways = -np.sin(q[:, 2]) * v[:, 0] + np.cos(q[:, 2]) * v[:, 1]
    assert np.abs(sideways).max() < 1e-4
    assert np.allclose(reference(reference.end), [3.0, 2.0, 1.0], atol=1e-9)


def test_a_quadrotor_goes_around_a_wall_with_its_clearance():
    planner = {"type": "avoid", "clearance": 0.05}
    made = run(scenario("quadrotor", [0, 0, 1, 0, 0, 0], [3, 0, 1, 0, 0, 0], world=[WALL], planner=planner))
    assert made.plan.solved, made.plan.violations
    assert made.plan.clearance[1].min() >= 0.05 - 1e-3


def test_a_goal_inside_of_something_is_named():
    planner = {"type": "avoid"}
    made = run(scenario("quadrotor", [0, 0, 1, 0, 0, 0], [3, 0, 1, 0, 0, 0], world=[CABIN], planner=planner))
    assert not made.plan.solved
    assert "goal" in str(made.plan.violations[0])
    assert "cabin" in str(made.plan.violations[0])


@pytest.mark.parametrize(
    ("model", "goal", "word"),
    [("quadrotor", [1, 0, 1, 0, 0.3, 0], "rests level"), ("quadrotor", [1, 0, 1, 1, 0, 0], "keeps its yaw")],
)
def test_attitudes_that_cannot_be_held_are_refused(model, goal, word):
    made = run(scenario(model, [0, 0, 1, 0, 0, 0], goal, world=[WALL], planner={"type": "avoid"}))
    assert word in str(made.plan.violations[0])


def test_nothing_to_collide_with_is_infinitely_far():
    robot = hull(rc.dynamics.load("husky"), np.zeros(3))
    assert CollisionChecker(robot).distance(np.zeros(2)) == np.inf
