"""Ground of given heights in scenario files: what the planner keeps clear of is what PyBullet has."""

import numpy as np
import pytest

from robocalc.dynamics.collision import CollisionChecker, HeightField
from robocalc.errors import ScenarioError
from sims import Scenario, run
from sims.build import believed_robot
from sims.build_world import world_shapes
from sims.engines.bullet import Clearance

X = np.linspace(-1, 1, 9)
HILL = (0.5 * np.exp(-6 * (X[:, None] ** 2 + X[None] ** 2))).round(4)


def scene(**changes):
    ground = {"name": "hill", "shape": "height_field", "size": [0.7, 0.7], "heights": HILL.tolist(),
              "position": [0.55, 0, -0.05]}  # fmt: skip
    return Scenario.of(
        {
            "format": "robocalc/1", "name": "hill", "world": [ground | changes],
            "robot": {"model": "panda", "home": [-0.8, 0.3, 0, -2.0, 0, 2.3, 0.8], "limits": {"velocity_scale": 0.5}},
            "task": [{"do": "move", "name": "over", "to": {"joints": [0.8, 0.3, 0, -2.0, 0, 2.3, 0.8]}}],
            "planner": {"type": "avoid", "clearance": 0.02},
            "controller": {"type": "computed_torque", "wn": 30, "zeta": 1},
        }
    )  # fmt: skip


def test_the_robot_goes_around_it_and_pybullet_agrees():
    made = run(scene())
    assert made.plan.solved, made.why
    assert made.metrics["clearance.min_mm"].value >= 19.5
    assert made.metrics["contact.max_force_n"].value == 0


def test_distances_are_those_of_the_field():
    asked = scene()
    robot, world = believed_robot(asked), world_shapes(asked)
    field = HeightField(name="hill", heights=HILL, size=(0.7, 0.7), position=(0.55, 0.0, -0.05))
    ours = CollisionChecker(robot, [field], own=False)
    with Clearance(robot, world, own=False) as truth:
        for turn in np.linspace(-1.5, 1.5, 7):
            q = np.array([turn, 0.1, 0, -2.0, 0, 2.3, 0.8])
            assert truth.at(q).distance == pytest.approx(ours.distance(q), abs=2.5e-3)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mass": 1.0}, "cannot move"),
        ({"heights": [[0, 0], [0, 0, 0]]}, "equally long"),
        ({"heights": [[0, 0]]}, "heights"),
        ({"size": [1, 0]}, "size"),
    ],
)
def test_bad_ground_is_told_by_place(changes, why):
    with pytest.raises(ScenarioError, match=why):
        scene(**changes)
