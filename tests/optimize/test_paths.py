"""Paths among obstacles: solved, free in PyBullet between samples as well, refused with pair and depth."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.dynamics.collision import Box, CollisionChecker, Sphere
from robocalc.errors import Infeasible, InvalidInput
from robocalc.optimize import Status
from robocalc.optimize.paths import find_path

PROBLEMS = json.loads((Path(__file__).parent / "planning_problems" / "panda.json").read_text())["problems"]
FREE, TOUCHING = PROBLEMS[:-1], PROBLEMS[-1]


@pytest.fixture(scope="module")
def panda():
    return load("panda_gripper").lock({"panda_finger_joint1": 0.04, "panda_finger_joint2": 0.04})


def world_of(problem):
    from sims.engines import shapes

    for o in problem["obstacles"]:
        place = {"name": o["name"], "position": o["position"], "quaternion": o["quat_xyzw"]}
        if o["type"] == "box":
            yield shapes.Box(size=o["size"], **place)
        else:
            yield shapes.Cylinder(radius=o["radius"], length=o["length"], **place)


def dense(waypoints, step=0.01):
    for a, b in pairwise(waypoints):
        yield from a + np.linspace(0, 1, max(2, int(np.linalg.norm(b - a) / step)))[:, None] * (b - a)


@pytest.mark.parametrize("problem", FREE, ids=lambda p: p["id"])
def test_paths_keep_their_clearance_in_pybullet(panda, problem):
    from sims.engines.bullet_plan import Clearance

    found = find_path(panda, problem["start"], problem["goal"], problem["obstacles"])
    assert found.solved
    assert (found.waypoints[0] == problem["start"]).all()
    assert (found.waypoints[-1] == problem["goal"]).all()
    with Clearance(panda, list(world_of(problem))) as truth:
        ends = min(truth.at(np.array(problem[k], float)).distance for k in ("start", "goal"))
        least = min(truth.at(q).distance for q in dense(found.waypoints))
    assert least >= min(0.005, ends / 2) - 1e-5


def test_the_same_seed_gives_the_same_path_and_another_seed_another(panda):
    problem = FREE[0]
    ask = (panda, problem["start"], problem["goal"], problem["obstacles"])
    first, again, other = find_path(*ask, seed=3), find_path(*ask, seed=3), find_path(*ask, seed=4)
    assert (first.waypoints == again.waypoints).all()
    assert other.waypoints.shape != first.waypoints.shape or (other.waypoints != first.waypoints).any()


def test_a_budget_shortens_paths(panda):
    problem = FREE[1]
    ask = (panda, problem["start"], problem["goal"], problem["obstacles"])
    assert find_path(*ask, budget=0.3).length <= find_path(*ask).length


def test_corners_pulled_in_leave_a_shorter_path_that_keeps_its_margin(panda):
    """A string around a ball: no shorter than the straight line, no longer than before, free between samples."""
    from robocalc.optimize.paths.kernels import tighten

    start, goal = np.array(FREE[0]["start"], float), np.array(FREE[0]["goal"], float)
    check = CollisionChecker(panda, FREE[0]["obstacles"])
    found = find_path(panda, start, goal, checker=check)
    middle = found.waypoints[:-1] + 0.5 * np.diff(found.waypoints, axis=0)
    path = np.zeros((100, 7))
    slack = np.insert(found.waypoints, np.arange(1, len(found.waypoints)), middle, axis=0)
    path[: len(slack)] = slack
    rows = tighten(check.scene, path, len(slack), 10, found.clearance, check.work, np.zeros(3))
    size = np.linalg.norm(np.diff(path[:rows], axis=0), axis=1).sum()
    assert np.linalg.norm(goal - start) - 1e-12 <= size <= found.length + 1e-9
    assert check.check_path(path[:rows], found.clearance - 1e-9) is None
    assert (path[0] == start).all()
    assert (path[rows - 1] == goal).all()


def test_without_obstacles_the_path_is_a_line(panda):
    found = find_path(panda, panda.home, panda.home + 0.3)
    assert len(found.waypoints) == 2
    assert found.length == pytest.approx(0.3 * np.sqrt(7))


def test_any_of_several_goals_will_do(panda):
    inside = Box(name="box", size=(0.2, 0.2, 0.2), position=tuple(panda.pose(panda.home + 0.4)[:3, 3]))
    found = find_path(panda, panda.home, [panda.home + 0.4, panda.home - 0.3], [inside])
    assert found.solved
    assert found.goal == 1
    assert (found.waypoints[-1] == panda.home - 0.3).all()


def test_ends_in_contact_are_named_with_pair_and_depth(panda):
    found = find_path(panda, TOUCHING["start"], TOUCHING["goal"], TOUCHING["obstacles"])
    assert found.status is Status.INFEASIBLE
    gap = CollisionChecker(panda, TOUCHING["obstacles"]).nearest(TOUCHING["goal"])
    assert found.violations[0].amount == pytest.approx(-gap.distance)
    assert all(name in str(found.violations[0]) for name in gap.pair)
    assert "goal: in collision" in str(found.violations[0])
    with pytest.raises(Infeasible, match="overlap by"):
        found.raise_for_status()
    back = find_path(panda, TOUCHING["goal"], TOUCHING["start"], TOUCHING["obstacles"])
    assert back.status is Status.BAD_START
    assert "start: in collision" in str(back.violations[0])


def test_an_end_outside_of_its_range_or_too_near_is_named(panda):
    high = panda.home.copy()
    high[3] = 0.5
    assert "panda_joint4 at 0.5 is outside of its range" in str(find_path(panda, panda.home, high).violations[0])
    ball = {"name": "ball", "kind": "sphere", "radius": 0.05, "position": panda.pose(panda.home)[:3, 3] + [0.2, 0, 0]}
    gap = next(g for g in CollisionChecker(panda, [ball]).gaps(panda.home, 1.0) if g.pair[1] == "ball")
    ball["position"] = ball["position"] + (gap.distance - 0.01) * gap.normal
    near = find_path(panda, panda.home - 0.5 * np.eye(7)[0], panda.home, [ball], clearance=0.015)
    assert near.status is Status.INFEASIBLE
    assert "and ball are 10 mm apart, less than the clearance of 15 mm" in str(near.violations[0])


def test_an_enclosed_goal_ends_at_the_timeout():
    arm = load("two_link")
    places = [tuple(arm.pose([a, 0.0])[:3, 3] / 4) for a in (1.5, -1.5)]  # beside the middle of the first link
    fence = [Sphere(name=f"post{i}", radius=0.1, position=p) for i, p in enumerate(places)]
    found = find_path(arm, [0.0, 0.0], [3.0, 0.0], fence, timeout=0.1)
    assert found.status is Status.ITERATION_LIMIT
    assert "none found in 0.1 s" in str(found.violations[0])


@pytest.mark.parametrize(
    "options",
    [{"clearance": -1}, {"clearance": np.nan}, {"timeout": -1}, {"budget": "soon"}],
    ids=lambda o: str(o),
)
def test_bad_options_are_refused(panda, options):
    with pytest.raises(InvalidInput):
        find_path(panda, panda.home, panda.home + 0.1, **options)


def test_bad_ends_are_refused(panda):
    for start, goal in [(np.zeros(6), panda.home), (panda.home, np.zeros((2, 6))), (panda.home, np.full(7, np.nan))]:
        with pytest.raises(InvalidInput):
            find_path(panda, start, goal)
