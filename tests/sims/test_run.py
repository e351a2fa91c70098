"""Requests that cannot be met and runs that go wrong: one sentence, the right verdict, what was computed is kept."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import ScenarioError
from robocalc.optimize import Status
from sims import Scenario, run
from sims.engines.status import Outcome

HOME = [0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]
GOAL = [0.2, -0.6, 0.1, -2.2, 0.0, 1.7, 0.9]
CT = {"type": "computed_torque", "wn": 30, "zeta": 1, "integral": True}


FORCED = {"force_unstable": True}


def scenario(**changes):
    base = {
        "format": "robocalc/1",
        "name": "test",
        "seed": 1,
        "robot": {"model": "panda", "home": HOME},
        "task": [{"do": "move", "name": "go", "to": {"joints": GOAL}, "duration": 0.8}],
        "controller": CT,
    }
    return Scenario.of(base | changes)


def test_a_move_is_planned_tracked_and_measured():
    result = run(scenario(accept={"tracking.joint_rms_rad": {"max": 1e-12}}))
    assert result.verdict == "accepted"
    assert result.outcome is Outcome.FINISHED
    assert result.plan.trajectory.duration == pytest.approx(0.8)
    assert np.allclose(result.log.q[-1], GOAL, atol=1e-9)


def test_a_figure_that_is_missed_is_rejected_and_named():
    result = run(scenario(accept={"time.total_s": {"max": 0.5}}), engine="twin")
    assert result.verdict == "rejected"
    assert "time.total_s = 0.8 s, wanted at most 0.5" in result.why


EFFECTS = {
    "disturbances": [
        {"type": "push", "link": "panda_link4", "force": [0, 15, 0], "start": 0.2, "duration": 0.1},
        {"type": "joint_friction", "viscous": 0.3, "coulomb": 0.2},
        {"type": "payload_error", "mass": 0.5},
    ],
    "sensors": {
        "joint_position": {"std": 1e-4, "quantization": 1e-5},
        "joint_velocity": {"std": 5e-3, "filter_hz": 100},
        "latency": 0.005,
    },
}


def test_both_engines_agree_on_a_whole_scenario_to_1e_12():
    bullet, twin = (run(scenario(**EFFECTS), engine=engine) for engine in ("bullet", "twin"))
    assert np.abs(bullet.log.q - twin.log.q).max() < 1e-12


def test_same_seed_same_bits_other_seed_other_noise():
    one, two, other = (run(scenario(**EFFECTS), engine="twin", seed=s).log.joint for s in (3, 3, 4))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_negative_payload_error_is_bounded_by_the_believed_payload():
    lighter = {"disturbances": [{"type": "payload_error", "mass": -1.0}]}
    with pytest.raises(ScenarioError, match=r"-1 kg takes more away than robot.payload.mass, 0 kg"):
        scenario(**lighter)
    believed = {"robot": {"model": "panda", "home": HOME, "payload": {"mass": 1.0}}}
    result = run(scenario(**lighter, **believed), engine="twin")
    assert result.plant_robot.mass_matrix(HOME)[0, 0] < result.robot.mass_matrix(HOME)[0, 0]


# plans that fail ----------------------------------------------------------------------------------------------------


def test_an_unreachable_pose_is_infeasible_with_the_step_and_the_reason():
    far = [
        {"do": "move", "name": "go", "to": {"joints": GOAL}},
        {"do": "move", "name": "far", "to": {"pose": {"position": [3, 0, 0.5]}}},
    ]
    result = run(scenario(task=far))
    assert result.verdict == "infeasible"
    assert "step 'far'" in result.why
    assert "reach" in result.why
    assert result.plan.steps[0].name == "go"  # what came before is kept


def test_a_duration_too_short_names_joint_amount_and_time():
    result = run(scenario(task=[{"do": "move", "to": {"joints": GOAL}, "duration": 0.05}]))
    assert result.verdict == "infeasible"
    assert "acceleration limit of panda_joint2" in result.why
    assert "exceeded by" in result.why


def test_a_start_in_collision_is_named_with_pair_and_depth():
    block = [{"name": "block", "shape": "box", "size": [0.3, 0.3, 0.3], "position": [0.31, 0.0, 0.55]}]
    result = run(scenario(world=block))
    assert result.plan.status is Status.BAD_START
    assert "starts in collision: " in result.why
    assert "block" in result.why
    assert "mm deep" in result.why


def test_a_collision_on_the_way_is_named_but_not_with_what_the_planner_cannot_see():
    hand = load("panda").pose([0.6, *HOME[1:]])[:3, 3]
    pole = {"name": "pole", "shape": "sphere", "radius": 0.05, "position": hand.tolist()}
    task = [{"do": "move", "name": "turn", "to": {"joints": [1.2, *HOME[1:]]}}]
    result = run(scenario(world=[pole], task=task))
    assert result.verdict == "infeasible"
    assert "step 'turn': collides: " in result.why
    hidden = run(scenario(world=[pole | {"known_to_planner": False}], task=task))
    assert hidden.plan.solved
    assert hidden.metrics["contact.unintended_force_n"].value > 0


def test_too_little_clearance_is_told_with_the_wanted_one():
    x = load("panda").pose(HOME)[0, 3]
    wall = [{"name": "wall", "shape": "box", "size": [0.02, 1, 0.4], "position": [x + 0.25, 0, 0.5]}]
    task = [{"do": "move", "name": "near", "to": {"joints": GOAL}, "avoid": {"clearance": "200 mm"}}]
    result = run(scenario(world=wall, task=task))
    assert "comes closer than its clearance of 200 mm" in result.why


def test_a_task_longer_than_max_duration_is_refused():
    result = run(scenario(sim={"max_duration": 0.2}, task=[{"do": "move", "to": {"joints": GOAL}}]))
    assert result.verdict == "infeasible"
    assert "sim.max_duration exceeded by" in result.why


# runs that fail -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kp", "kd"), [(1e5, 1e4), (600, 1000)])
def test_a_loop_that_only_the_torque_limits_hold_is_called_unstable_and_keeps_its_log(kp, kd, tmp_path):
    wild = {"type": "pd", "kp": kp, "kd": kd, "feedforward": "none"}
    result = run(scenario(controller=wild, sim=FORCED), out=tmp_path / "run")
    assert result.verdict == "diverged"
    assert "lower the gains" in result.why
    assert "outside the unit circle" in result.why
    assert (result.folder / "log.npz").is_file()
    assert (result.folder / "metrics.json").is_file()


def test_without_torque_limits_it_diverges_and_stops_early():
    wild = {"type": "pd", "kp": 600, "kd": 1000, "feedforward": "none"}
    result = run(
        scenario(controller=wild, robot={"model": "panda", "home": HOME, "limits": {"torque": 1e9}}, sim=FORCED)
    )
    assert result.outcome.diverged
    assert len(result.log.t) < 801


GRIPPER = {"model": "panda_gripper", "home": [*HOME, 0.04, 0.04]}
CUBE = {"name": "cube", "shape": "box", "size": [0.05, 0.05, 0.05], "mass": 0.2, "position": [0.5, 0.3, 0.025]}
TABLE = {"name": "table", "shape": "box", "size": [0.6, 1.2, 0.04], "position": [0.55, 0, -0.02]}


def test_a_grasp_that_misses_stops_the_run_with_object_place_and_time():
    task = [
        {"do": "grasp", "name": "close", "object": "cube"},
        {"do": "move", "name": "on", "to": {"offset": [0, 0, 0.1]}},
    ]
    result = run(scenario(robot=GRIPPER, world=[TABLE, CUBE], task=task))
    assert result.verdict == "rejected"
    assert result.outcome is Outcome.STOPPED
    assert "grasp 'close' missed" in result.why
    assert "[0.500, 0.300, 0.025]" in result.why
    assert result.log.t[-1] < result.plan.trajectory.duration


def test_a_grasp_without_gripper_or_wider_than_it_is_infeasible():
    task = [{"do": "grasp", "name": "close", "object": "cube"}]
    with pytest.raises(ScenarioError, match="iiwa has no gripper to grasp with"):
        scenario(robot={"model": "iiwa"}, world=[TABLE, CUBE], task=task)
    wide = run(scenario(robot=GRIPPER, world=[TABLE, CUBE | {"size": [0.2, 0.2, 0.05]}], task=task))
    assert "is 200 mm wide, the gripper opens 80 mm" in wide.why


def test_an_arm_that_grasps_gets_its_gripper():
    result = run(scenario(world=[TABLE, CUBE], task=[{"do": "grasp", "object": "cube"}]))
    assert result.robot.name == "panda_gripper"


def test_an_infeasible_plan_is_kept_in_the_run_folder(tmp_path):
    result = run(scenario(task=[{"do": "move", "to": {"pose": {"position": [3, 0, 0]}}}]), out=tmp_path / "run")
    assert result.verdict == "infeasible"
    text = (result.folder / "metrics.json").read_text()
    assert '"verdict": "infeasible"' in text
    assert "reach" in text
    assert not (result.folder / "log.npz").exists()


def test_run_is_callable_whichever_import_came_first():
    import sims
    from sims.run import run as function

    assert callable(sims.run)
    assert sims.run(scenario(), engine="twin").verdict == function(scenario(), engine="twin").verdict == "accepted"


def test_a_run_is_measured_up_to_its_first_row_that_is_not_finite():
    from sims import judge
    from sims.log import CHANNELS, Log

    joint = np.zeros((5, len(CHANNELS), 2))
    assert len(judge.finite(Log(0.001, joint)).t) == 5
    joint[3, 0, 0] = np.nan
    assert len(judge.finite(Log(0.001, joint)).t) == 3
    wild = {"type": "pd", "kp": 1e12, "kd": 0, "feedforward": "none"}
    result = run(
        scenario(controller=wild, robot={"model": "panda", "home": HOME, "limits": {"torque": 1e12}}, sim=FORCED)
    )
    assert result.verdict == "diverged"
    assert "time.total_s" in result.metrics


def test_a_robot_that_would_hit_itself_is_told_without_any_world():
    folded = [0.0, 1.7, 0.0, -3.0, 0.0, 0.0, 0.0]
    result = run(scenario(task=[{"do": "move", "name": "fold", "to": {"joints": folded}}]))
    assert result.verdict == "infeasible"
    assert "step 'fold': collides: panda_" in result.why
