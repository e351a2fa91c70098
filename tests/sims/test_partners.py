"""Several controlled robots in one scene: each as it would be alone, none through another, in every engine."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load, team
from robocalc.errors import InvalidInput, ScenarioError
from sims import Scenario, run, sweep
from sims.build import believed_robot
from sims.plan_team import plan_scenario
from sims.record.logs import read_log

GENTLE = {"velocity_scale": 0.5, "acceleration_scale": 0.3, "jerk_scale": 0.1}
PANDA = {
    "robot": {"model": "panda", "limits": GENTLE},
    "task": [
        {"do": "move", "name": "out", "to": {"joints": [0.5, -0.5, 0.2, -2.0, 0.1, 1.6, 0.5]}},
        {"do": "wait", "name": "rest", "duration": 0.1},
    ],
    "controller": {"type": "computed_torque", "wn": 20, "integral": True},
}
IIWA = {
    "robot": {
        "model": "iiwa",
        "base": {"position": [2.0, 0, 0], "rpy_deg": [0, 0, 180]},
        "limits": {"velocity_scale": 0.2},
    },
    "task": [{"do": "move", "name": "nod", "to": {"joints": [0.3, 0.7, 0.2, -1.0, 0.1, 1.0, 0.0]}}],
    "controller": {"type": "pid", "kp": 40, "ki": 20, "kd": 0.5},
}
EFFECTS = {
    "disturbances": [
        {"type": "joint_friction", "viscous": 0.2, "coulomb": 0.1},
        {"type": "push", "link": "right/lbr_iiwa_link_5", "force": [5, 3, 1], "start": 0.1, "duration": 0.2},
        {"type": "payload_error", "mass": 0.4, "link": "right/lbr_iiwa_link_7"},
        {"type": "payload_error", "mass": 0.3},
    ],
    "sensors": {"latency": 2e-3, "joint_position": {"std": 1e-5}, "joint_velocity": {"filter_hz": 80}},
}


def scenario(*partners, **more) -> Scenario:
    base = {"format": "robocalc/1", "name": "two", "sim": {"engine": "twin"}, **PANDA}
    named = [{"name": name, **part} for name, part in zip(("right", "third"), partners)]
    return Scenario.of(base | {"partners": named} | more)


def across(goal, **more):
    """Two Pandas that face each other over 1.1 m and both want to `goal`, then home."""
    aim = {"pose": {"position": goal, "rpy_deg": [180, 0, 0]}}
    task = [{"do": "move", "name": "there", "to": aim}, {"do": "move", "name": "back", "to": "home"}]
    other = PANDA["robot"] | {"base": {"position": [1.1, 0, 0], "rpy_deg": [0, 0, 180]}}
    turned = [{**task[0], "to": {"pose": {"position": goal, "rpy_deg": [180, 0, 180]}}}, task[1]]
    partner = {"robot": other, "task": turned, "controller": PANDA["controller"]}
    return scenario(partner, task=task, **more)


# what each robot does -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["twin", "bullet"])
def test_robots_far_apart_move_as_each_would_alone(engine):
    if engine == "bullet":
        pytest.importorskip("pybullet")
    both = run(scenario(IIWA), engine=engine)
    alone = [run(Scenario.of({"format": "robocalc/1", "name": "one", **part}), engine=engine) for part in (PANDA, IIWA)]
    assert both.accepted, both.why
    for one, columns in zip(alone, (slice(0, 7), slice(7, 14))):
        rows = len(one.log.joint) - 1  # the last row of a reference has no step after it
        for key in ("q", "v", "tau", "q_ref"):
            x, y = getattr(both.log, key)[:rows, columns], getattr(one.log, key)[:rows]
            if engine == "twin":
                assert np.array_equal(x, y), key
            else:
                assert_allclose(x, y, rtol=0, atol=1e-12 if key == "q" else 1e-9)  # of torques of 1e2 N m
    assert both.metrics["right.tracking.tcp_max_mm"].value == pytest.approx(
        alone[1].metrics["tracking.tcp_max_mm"].value, rel=1e-6
    )
    assert both.metrics["tracking.tcp_max_mm"].value == pytest.approx(
        alone[0].metrics["tracking.tcp_max_mm"].value, rel=1e-6
    )


@pytest.mark.parametrize("engine", ["bullet", "mujoco"])
def test_engines_agree_about_robots_with_other_laws_and_all_that_disturbs_them(engine):
    pytest.importorskip({"bullet": "pybullet", "mujoco": "mujoco"}[engine])
    third = {**PANDA, "robot": {"model": "two_link", "base": {"position": [0, 3, 1]}}}
    third |= {"task": [{"do": "wait", "duration": 0.3}], "controller": {"type": "pd", "kp": 20, "kd": 1}}
    made = scenario(IIWA, third, **EFFECTS)
    one, two = run(made), run(made, engine=engine)
    assert one.log.q.shape[1] == 16
    assert_allclose(two.log.q, one.log.q, rtol=0, atol=1e-12)


def test_the_same_scenario_gives_the_same_bits_and_comes_back_from_its_file(tmp_path):
    made = scenario(IIWA, **EFFECTS)
    one, two = run(made, out=tmp_path / "run", plots=False, report=False), run(made)
    assert np.array_equal(one.log.joint, two.log.joint)
    again = Scenario.load(tmp_path / "run" / "scenario.resolved.yaml")
    assert again.digest == made.digest
    assert again.partners == made.partners
    assert run(again).log.joint.tobytes() == one.log.joint.tobytes()


def test_a_run_that_chatters_names_the_joints_that_do():
    loud = IIWA | {"controller": {"type": "pd", "kp": 100, "kd": 5000}}
    made = run(scenario(loud, sim={"engine": "twin", "force_unstable": True}))
    assert made.verdict == "diverged"
    assert "most of the time in right/lbr_iiwa_joint_" in made.why
    assert "panda_joint" not in made.why


def test_a_camera_rides_on_a_link_of_a_partner():
    camera = {"link": "right/lbr_iiwa_link_7"}
    assert scenario(IIWA, output={"camera": [camera, {}]}).output.cameras[0].link == camera["link"]
    with pytest.raises(
        ScenarioError, match=r"output\.camera\.link: no robot has a link 'rigth/lbr_iiwa_link_7'"
    ) as told:
        scenario(IIWA, output={"camera": {"link": "rigth/lbr_iiwa_link_7"}})
    assert len(told.value.problems) == 1


def test_keys_of_partners_are_set_and_swept_by_name_and_number():
    made = scenario(IIWA)
    assert made.with_({"partners.0.controller.kp": 30}).partners[0].controller.kp == 30
    assert made.with_({"partners.right.task.nod.velocity_scale": 0.5}).partners[0].task[0].velocity_scale == 0.5
    table = sweep(
        scenario(IIWA, disturbances=EFFECTS["disturbances"]), {"partners.right.controller.kp": [20, 60]}, workers=1
    )
    errors = table["right.tracking.joint_rms_rad"]
    assert errors[0] > 1.5 * errors[1]
    assert table["tracking.tcp_max_mm"][0] == table["tracking.tcp_max_mm"][1]


# how they keep apart ------------------------------------------------------------------------------------------------


def test_who_comes_second_waits_until_the_way_is_free(tmp_path):
    pytest.importorskip("pybullet")
    made = run(across([0.55, 0.0, 0.35], coordination={"clearance": 0.03}), out=tmp_path / "run", plots=False)
    kept = read_log(tmp_path / "run" / "log.npz")[0]
    assert 1e3 * kept.apart.min() == made.metrics["clearance.robots_min_mm"].value
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert all(name in page for name in ("right/there", "right/panda_joint4", "right.tracking.tcp_max_mm"))
    assert made.plan.solved, made.why
    waits = [step for step in made.plan.steps if step.name.endswith(": waits")]
    assert [step.robot for step in waits] == ["right"]
    assert waits[0].end > 1.0
    assert made.metrics["clearance.robots_min_mm"].value > 29.5
    assert made.metrics["clearance.robots_planned_min_mm"].value > 29.5
    starts = {step.name: step.start for step in made.plan.steps}
    assert (starts["there"], starts["right/there"]) == (0.0, waits[0].end)


def test_without_waiting_motions_that_touch_are_refused_with_pair_depth_and_time():
    made = across([0.55, 0.0, 0.35], coordination={"wait": False})
    plan = plan_scenario(made, believed_robot(made), ())
    assert not plan.solved
    assert "runs into another robot" in str(plan.violations[0])
    assert "mm deep at t = " in str(plan.violations[0])
    assert plan.violations[0].constraint == "step 'right/there'"


def test_robots_that_block_each_other_are_told_with_both_steps():
    made = across([0.55, 0.0, 0.35])
    stay = {"task": made.to_dict()["task"][:1]}
    partner = made.to_dict()["partners"][0] | {"task": made.to_dict()["partners"][0]["task"][:1]}
    made = Scenario.of(made.to_dict() | stay | {"partners": [partner]})
    plan = plan_scenario(made, believed_robot(made), ())
    assert [v.constraint for v in plan.violations] == ["step 'right/there'"]
    assert [step.name for step in plan.steps] == ["there"]  # what came before is kept
    assert plan.trajectory is not None


def test_the_planner_that_avoids_goes_around_the_other_robot():
    wide = {"type": "avoid", "clearance": 0.02}
    post = PANDA["robot"] | {"base": {"position": [0.95, 0, 0], "rpy_deg": [0, 0, 180]}}
    post = {**PANDA, "robot": post, "task": [{"do": "wait", "duration": 0.1}]}
    low = [0.3, 0, -1.6, 0, 1.9, 0.785]
    goal = [{"do": "move", "to": {"joints": [0.8, *low]}}]
    start = {"robot": PANDA["robot"] | {"start": [-0.8, *low]}}
    straight = scenario(post, task=goal, **start, coordination={"clearance": 0.01})
    around = straight.with_({"planner": wide})
    one, two = (plan_scenario(s, believed_robot(s), ()) for s in (straight, around))
    assert not one.solved
    assert "runs into another robot" in str(one.violations[0])
    assert two.solved, two.violations


def test_robots_push_each_other_in_both_engines():
    one, two = load("panda"), load("panda").with_base((1.2, 0, 0), (0, 0, np.pi))
    both = team({"": one, "right": two})
    reach = both.home.copy()
    reach[[1, 3, 8, 10]] = 0.7, -1.2, 0.7, -1.2
    for name in ("bullet", "mujoco"):
        pytest.importorskip({"bullet": "pybullet"}.get(name, name))
        from sims.engines import engine

        with engine(name)(both, 1e-3) as plant:
            plant.reset(both.home)
            assert plant.contact_forces() == {}
            assert plant.apart().distance > 0.1
            for k in range(800):
                q, v = plant.state()[1:]
                a = 100 * (both.home + min(1, k / 500) * (reach - both.home) - q) - 20 * v
                plant.push(np.clip(both.mass_matrix(q) @ a + both.bias(q, v), -80, 80))
            pairs = [{link.startswith("right/") for link in pair} for pair in plant.contact_forces()]
            assert pairs
            assert all(pair == {True, False} for pair in pairs)  # never two links of one robot
            assert plant.apart().distance > -0.01


# waiting for steps --------------------------------------------------------------------------------------------------


def test_a_robot_waits_for_the_step_of_another_and_then_some_more():
    late = {**IIWA, "task": [{"do": "wait", "name": "look", "until": {"step": "out"}, "duration": 0.25}, *IIWA["task"]]}
    made = scenario(late)
    plan = plan_scenario(made, believed_robot(made), ())
    steps = {step.name: step for step in plan.steps}
    assert steps["right/look"].end == pytest.approx(steps["out"].end + 0.25, abs=1e-9)
    assert steps["right/nod"].start == steps["right/look"].end
    chain = {**IIWA, "task": [{"do": "wait", "until": {"robot": "right", "step": "nod"}}]}
    plan = plan_scenario(
        s := scenario(
            late,
            chain
            | {
                "robot": {"model": "two_link", "base": {"position": [0, 4, 0]}},
                "controller": {"type": "pd", "kp": 20, "kd": 1},
            },
        ),
        believed_robot(s),
        (),
    )
    steps = {step.name: step for step in plan.steps}
    assert steps["third/1-wait"].end == pytest.approx(steps["right/nod"].end, abs=1e-9)


WAIT_FOR = {"do": "wait", "name": "hold", "until": {"robot": "right", "step": "look"}}
LOOK = {"do": "wait", "name": "look", "until": {"step": "hold"}}
PUSH = {"type": "push", "link": "panda_link99", "force": [1, 1, 1], "start": 0, "duration": 1}
BAD = {
    "a name twice": ({"partners.1.name": "right"}, "already the name of partners.0"),
    "a name of metrics": ({"partners.0.name": "tracking"}, "means something else"),
    "a name with a slash": ({"partners.0.name": "a/b"}, "letters, digits"),
    "no such robot": ({"task.1": {**WAIT_FOR, "until": {"robot": "rite", "step": "nod"}}}, "did you mean 'right'"),
    "no such step": ({"partners.0.task.0": {**LOOK, "until": {"step": "ot"}}}, "did you mean 'out'"),
    "itself": ({"task.1": {**WAIT_FOR, "until": {"step": "out"}}}, "a step of its own"),
    "a circle": ({"task.1": WAIT_FOR, "partners.0.task.0": LOOK}, "nobody would ever go on"),
    "neither": ({"task.1": {"do": "wait"}}, "give duration, or until"),
    "a joint out of range": ({"partners.0.robot.start": [9, 0, 0, 0, 0, 0, 0]}, "outside its range"),
    "a list too short": ({"partners.0.controller.kp": [1, 2]}, "iiwa has 7 joints, got 2 values"),
    "a list for one of two": ({"sensors.joint_position.std": [0.1] * 7}, "together have 21 joints, got 7 values"),
    "no such link": ({"disturbances": [PUSH]}, "no robot has a link"),
    "a metric of nobody": ({"accept": {"left.tracking.tcp_max_mm": {"max": 1}}}, "unknown metric"),
    "steered": ({"safety": {"type": "stop"}}, "safety"),
    "planned again at a rate": ({"sim.planner_rate": 10}, "of one robot anew"),
    "planned again": ({"planner": {"type": "avoid", "replan": {}}}, "replan steers one robot"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_sentence_with_its_place(case):
    changes, sentence = BAD[case]
    with pytest.raises(ScenarioError, match=sentence):
        scenario(IIWA, {**IIWA, "robot": {"model": "panda", "base": {"position": [0, 5, 0]}}}).with_(changes)


def test_a_wait_for_another_without_partners_is_refused():
    with pytest.raises(ScenarioError, match="no other robot to wait for"):
        scenario(task=[{"do": "wait", "until": {"robot": "right", "step": "nod"}}])


def test_robots_that_overlap_where_they_start_are_refused_with_the_pair():
    near = {**IIWA, "robot": {"model": "iiwa", "base": {"position": [0.3, 0, 0]}}}
    made = scenario(near)
    plan = plan_scenario(made, believed_robot(made), ())
    assert plan.violations[0].constraint == "start"
    assert "two robots overlap: right/" in str(plan.violations[0])
    assert run(made).verdict == "infeasible"


def test_what_knows_of_one_robot_says_so():
    from sims.learn import identify
    from sims.learn.ilc import repeat
    from sims.tune.case import Case

    made = scenario(IIWA)
    for ask in (Case, repeat, lambda s: identify([run(s)])):
        with pytest.raises(InvalidInput, match="works on one robot, and this scenario has partners: right"):
            ask(made)
