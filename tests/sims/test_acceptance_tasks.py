"""Tasks that a user may well write: they run, or one sentence says why not."""

import numpy as np
import pytest

from robocalc.errors import ScenarioError
from sims import Scenario, run
from sims.judge import carried_by

HOME = [0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]
GOAL = [0.4, -0.5, 0.2, -2.0, 0.1, 1.7, 0.9]
GO = {"do": "move", "name": "go", "to": {"joints": GOAL}}
DOWN = {"do": "move", "name": "go", "to": {"offset": [0, 0, -0.1]}, "path": "line"}
LAWS = [
    {"type": "computed_torque", "wn": 20, "zeta": 1, "integral": True},
    {"type": "pd", "kp": 100, "kd": 1, "feedforward": "inverse_dynamics"},
]


def scenario(robot=None, **changes):
    base = {
        "format": "robocalc/1",
        "name": "test",
        "robot": {"model": "panda", "home": HOME} if robot is None else robot,
        "task": [GO],
        "controller": LAWS[0],
    }
    return Scenario.of(base | changes)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law["type"])
@pytest.mark.parametrize("model", ["panda_gripper", "panda_placeholder"])
def test_engines_agree_on_fingers_too_that_noise_drives_against_their_range(model, law):
    effects = {
        "disturbances": [{"type": "torque_ripple", "std": 0.02}],
        "sensors": {"joint_position": {"std": 1e-4}, "joint_velocity": {"std": 1e-3}},
    }
    made = scenario({"model": model}, controller=law, task=[{"do": "wait", "duration": 0.2}], **effects)
    bullet, twin = (run(made, engine=engine).log.q for engine in ("bullet", "twin"))
    assert np.abs(bullet - twin).max() < 1e-12


@pytest.mark.parametrize(("duration", "lasts"), [(None, 0.001), (0.5, 0.5)])
def test_a_move_to_where_the_robot_is_takes_its_time_or_none(duration, lasts):
    task = [{"do": "move", "to": "home"} | ({} if duration is None else {"duration": duration})]
    result = run(scenario(task=task), engine="twin")
    assert result.accepted
    assert result.log.t[-1] == pytest.approx(lasts)


@pytest.mark.parametrize("step", [GO, DOWN], ids=["joint", "line"])
def test_a_duration_that_is_too_short_is_told_with_the_least_one(step):
    shortest = run(scenario(task=[step]), engine="twin").plan.trajectory.duration
    result = run(scenario(task=[step | {"duration": shortest / 2}]), engine="twin")
    assert result.verdict == "infeasible"
    assert result.why.startswith("step 'go': takes at least ")
    assert float(result.why.split()[5]) == pytest.approx(shortest, abs=2e-3)
    assert run(scenario(task=[step | {"duration": shortest * 1.01}]), engine="twin").accepted


def test_a_duration_keeps_the_steps_own_velocity_scale():
    result = run(scenario(task=[GO | {"duration": 0.8, "velocity_scale": 0.05}]), engine="twin")
    assert "takes at least" in result.why


@pytest.mark.parametrize(
    ("inertia", "what"),
    [([0.01, 0.01, 10, 0, 0, 0], "exceeds the sum of the others"), ([1, 1, 1, 5, 0, 0], "none may be negative")],
)
def test_an_inertia_that_no_payload_has_is_refused(inertia, what):
    with pytest.raises(ScenarioError, match=rf"robot\.payload\.inertia: principal moments .*: .*{what}"):
        scenario({"model": "panda", "payload": {"mass": 2, "inertia": inertia}})


def test_the_log_rate_that_nobody_gave_fits_the_time_step(tmp_path):
    slow = scenario({"model": "two_link"}, task=[{"do": "wait", "duration": 0.2}]).with_({"sim.timestep": 0.05})
    assert slow.output.log_rate == 20
    slow.save(tmp_path / "slow.yaml")
    assert Scenario.load(tmp_path / "slow.yaml") == slow
    with pytest.raises(ScenarioError, match="200 Hz is above the physics rate 20 Hz"):
        slow.with_({"output.log_rate": 200})


# things in the world ------------------------------------------------------------------------------------------------

BLOCK = {"name": "block", "shape": "box", "size": [0.3, 0.3, 0.3], "position": [0.3, 0, 0.5]}


def test_a_start_inside_of_what_only_the_planner_does_not_know_is_refused():
    result = run(scenario(world=[BLOCK | {"known_to_planner": False}]))
    assert result.verdict == "infeasible"
    assert result.why.startswith("start: starts in collision: panda_")
    assert " and block, " in result.why


def test_an_accepted_run_warns_of_what_it_ran_into_unless_that_is_bounded():
    hits = BLOCK | {"position": [0.4, -0.8, 0.5], "known_to_planner": False}
    hits |= {"motion": {"type": "line", "to": [0.4, 0.3, 0.5], "duration": 1}}
    made = scenario(world=[hits], task=[{"do": "wait", "duration": 1}])
    result = run(made)
    assert result.accepted
    assert "the robot touched what it should not: " in result.warnings[0]
    bounded = run(made.with_({"accept": {"contact.unintended_force_n": {"max": 0}}}))
    assert bounded.verdict == "rejected"
    assert bounded.warnings == ()


TABLE = {"name": "table", "shape": "box", "size": [0.6, 1.2, 0.04], "position": [0.55, 0, -0.02]}
CUBE = {"name": "cube", "shape": "box", "size": [0.05] * 3, "position": [0.5, 0.2, 0.025], "mass": 0.2, "friction": 1.0}


def above(y, z):
    return {"do": "move", "to": {"pose": {"position": [0.5, y, z], "rpy_deg": [180, 0, 0]}}}


def pick_and_place(y, to_y):
    return [
        above(y, 0.2),
        above(y, 0.028) | {"path": "line"},
        {"do": "grasp", "object": "cube"},
        {"do": "move", "to": {"offset": [0, 0, 0.1]}, "path": "line"},
        above(to_y, 0.128),
        above(to_y, 0.029) | {"path": "line"},
        {"do": "release"},
        {"do": "move", "to": {"offset": [0, 0, 0.15]}, "path": "line"},
    ]


def test_an_object_that_is_moved_twice_is_judged_by_both_moves():
    result = run(scenario(world=[TABLE, CUBE], task=pick_and_place(0.2, 0.05) + pick_and_place(0.05, -0.15)))
    assert result.accepted
    shift = carried_by(result.plan, result.robot)["cube"][:3, 3]
    assert shift == pytest.approx([0, -0.35, 0.002], abs=1e-6)
    assert result.metrics["object.cube.moved_mm"].value == pytest.approx(350, abs=5)
    assert result.metrics["object.cube.final_error_mm"].value < 5


@pytest.mark.parametrize("after", [[], [{"do": "release"}]], ids=["last", "released"])
def test_a_grasp_of_air_is_missed_whatever_follows(after):
    task = [above(-0.2, 0.1), {"do": "grasp", "name": "air", "object": "cube"}, *after]
    result = run(scenario(world=[TABLE, CUBE], task=task))
    assert result.verdict == "rejected"
    assert result.why.startswith("grasp 'air' missed: at t = ")


@pytest.mark.parametrize("after", [[], [{"do": "release"}]], ids=["last", "released"])
def test_a_grasp_that_holds_is_one_whatever_follows(after):
    assert run(scenario(world=[TABLE, CUBE], task=pick_and_place(0.2, 0.05)[:3] + after)).accepted


def test_an_object_that_is_too_slippery_is_lost_and_the_run_ends_there():
    result = run(scenario(world=[TABLE, CUBE | {"friction": 0.02}], task=pick_and_place(0.2, 0.05)))
    assert result.verdict == "rejected"
    assert "'cube' was lost: the fingers do not hold it since t = " in result.why
    assert result.log.t[-1] < result.plan.trajectory.duration / 2 + 1


def test_a_tool_frame_between_the_fingers_is_no_rod_in_the_cube():
    robot = {"model": "panda", "home": HOME, "tool": {"link": "panda_hand", "offset": {"position": [0, 0, 0.105]}}}
    result = run(scenario(robot, world=[TABLE, CUBE], task=pick_and_place(0.2, 0.05)[:4]))
    assert result.accepted
    assert result.metrics["contact.max_force_n"].value < 50


# the twin ------------------------------------------------------------------------------------------------------------


def test_a_run_of_the_twin_has_the_clearance_and_the_driven_things_of_one_in_pybullet():
    ball = {"name": "ball", "shape": "sphere", "radius": 0.1, "position": [0.9, -0.5, 0.5]}
    around = {"type": "circle", "center": [0.9, 0, 0.5], "radius": 0.3, "period": 2}
    driven = {"name": "cart", "shape": "box", "size": [0.1, 0.1, 0.1], "motion": around, "known_to_planner": False}
    made = scenario(world=[ball, driven], accept={"clearance.min_mm": {"min": 1}})
    bullet, twin = (run(made, engine=engine) for engine in ("bullet", "twin"))
    assert twin.accepted
    assert twin.log.clearance == pytest.approx(bullet.log.clearance, abs=1e-9)
    assert twin.log.clearance_pair == bullet.log.clearance_pair
    assert twin.log.objects["cart"] == pytest.approx(bullet.log.objects["cart"], abs=1e-9)
    assert "contact.max_force_n" not in twin.metrics


def test_a_bound_on_what_a_run_does_not_have_is_told_in_words():
    result = run(scenario(accept={"clearance.min_mm": {"min": 1}}), engine="twin")
    assert result.verdict == "rejected"
    assert result.why == "clearance.min_mm has no value in this run, wanted at least 1"
