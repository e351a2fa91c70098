"""Physics, control and planner at rates of their own: after a push the motion is planned from where the robot is."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, ScenarioError
from sims import Scenario, run
from sims.build import motion_limits
from sims.metrics_formulas import reactions
from sims.pilot.anew import standing
from tests.sims.test_pilot import COMES, OTHER, REPLAN, scene

GOAL = [0.6, -0.3, 0.2, -2.0, 0.1, 1.7, 0.9]
PUSH = {"type": "push", "link": "panda_hand", "force": [0, 25, 0], "start": 0.6, "duration": 0.1}
SOFT = {"type": "computed_torque", "wn": 8, "zeta": 1}
PERIOD = 0.05


def pushed(*pushes, task=None, law=SOFT, **sim):
    data = {
        "format": "robocalc/1", "name": "pushed", "robot": {"model": "panda"}, "controller": law,
        "sim": {"engine": "twin", "control_rate": 500, "planner_rate": 1 / PERIOD} | sim,
        "task": task or [{"do": "move", "to": {"joints": GOAL}, "duration": 2.0}, {"do": "wait", "duration": 0.5}],
        "disturbances": list(pushes),
    }  # fmt: skip
    return Scenario.of(data)


def test_an_undisturbed_robot_keeps_to_its_plan():
    made, alone = (run(pushed(law=SOFT | {"wn": 40}, planner_rate=rate)) for rate in (20, None))
    np.testing.assert_allclose(made.log.q_ref, made.plan.reference(0.001)[:, 0], atol=1e-12)
    np.testing.assert_allclose(made.log.q, alone.log.q, atol=1e-9)  # friction's feed-forward goes on at every look
    np.testing.assert_allclose(made.log.tau, alone.log.tau, atol=1e-6)
    assert made.metrics["replanning.count"].value == 0
    assert "replanning.reaction_max_s" not in made.metrics


@pytest.mark.parametrize("latency", [0.0, 0.02, PERIOD])
def test_after_a_push_the_reference_begins_where_the_robot_was_seen(latency):
    made = run(pushed(PUSH, planner_latency=latency))
    log, late = made.log, round(1e3 * latency)
    assert made.replanned
    for t in made.replanned:
        assert (t - latency) / PERIOD == pytest.approx(round((t - latency) / PERIOD), abs=1e-9)
    k = round(1e3 * made.replanned[0])
    e = log.q[k - late - 1] - log.q_ref[k - late - 1]  # what the law saw when the planner looked
    planned = made.plan.reference(0.001)
    np.testing.assert_allclose(log.q_ref[k], planned[k, 0] + e, atol=1e-12)
    ev = log.v[k - late - 1] - log.v_ref[k - late - 1]
    np.testing.assert_allclose(log.v_ref[k], planned[k, 1] + ev, atol=0.02)  # a millisecond of acceleration
    assert np.abs(e).max() > 0.01
    assert made.metrics["replanning.count"].value == len(made.replanned)


def test_it_arrives_when_planned_within_the_limits():
    left, made = (run(pushed(PUSH, planner_rate=rate)) for rate in (None, 20))
    assert made.metrics["time.total_s"].value == left.metrics["time.total_s"].value == 2.5
    assert made.metrics["tracking.joint_max_deg"].value < 0.5 * left.metrics["tracking.joint_max_deg"].value
    np.testing.assert_allclose(made.log.q[-1], GOAL, atol=0.01)
    limits, jumps = motion_limits(made.scenario, made.robot), np.round(1e3 * np.array(made.replanned)).astype(int)
    smooth = np.ones(len(made.log.t), bool)
    for k in jumps:
        smooth[k - 1 : k + 1] = False
    assert (np.abs(made.log.a_ref[smooth]) <= limits.acceleration * (1 + 1e-6)).all()


def test_a_hard_push_takes_more_time_and_still_arrives():
    hard = PUSH | {"force": [0, 60, 0], "duration": 0.15}
    left, made = (run(pushed(hard, planner_rate=rate)) for rate in (None, 20))
    assert made.metrics["time.total_s"].value > 2.5
    assert np.abs(made.log.q[-1] - GOAL).max() < 0.01 < 0.1 * np.abs(left.log.q[-1] - GOAL).max() + 0.01


def test_a_straight_line_of_the_tool_is_met_again():
    line = [{"do": "move", "to": {"offset": [0.2, 0, 0], "frame": "world"}, "path": "line", "duration": 2.0}]
    made = run(pushed(PUSH, task=[*line, {"do": "wait", "duration": 0.5}]))
    height = made.robot.pose(made.log.q)[:, 2, 3]
    ends = np.abs(made.log.q - made.plan.trajectory(2.0)).max(axis=1)
    assert np.abs(height - height[0])[600:900].max() > 2e-3
    assert np.abs(height - height[0])[1600:].max() < 1e-3
    assert ends[-1] < 5e-3


def test_reaction_is_the_time_beyond_the_tolerance_until_the_new_plan():
    t, e = np.arange(10) * 0.1, np.zeros((10, 2))
    e[3:5, 1], e[5:9, 0] = 0.2, 0.3
    np.testing.assert_allclose(reactions(t, e, 0.1, (0.5, 0.8)), [0.2, 0.3])
    np.testing.assert_allclose(reactions(t, e, (0.1, 0.5), (0.5, 0.8)), [0.0, 0.3])
    made = run(pushed(PUSH, planner_latency=0.02))
    assert 0.02 <= made.metrics["replanning.reaction_max_s"].value <= PERIOD + 0.02 + 1e-9


def test_engines_and_reruns_agree():
    one, again = (run(pushed(PUSH, planner_latency=0.02)).log.joint for _ in range(2))
    assert np.array_equal(one, again)
    pytest.importorskip("pybullet")
    other = run(pushed(PUSH, planner_latency=0.02, engine="bullet")).log.joint
    np.testing.assert_allclose(one[:, :3], other[:, :3], atol=1e-10)


def test_what_stands_is_not_touched_on_the_way_back():
    """A push at a wall: the way on from there leads through it, the way that is taken does not."""
    robot = load("panda")
    tip = robot.pose(robot.home)[:3, 3]
    hold = [{"do": "wait", "duration": 1.5}]
    push = PUSH | {"force": [0, 40, 0], "duration": 0.12}
    free = run(pushed(push, task=hold, engine="bullet"))
    reach = (robot.pose(free.log.q_ref)[:, 1, 3] - tip[1]).max()
    size = [0.3, 0.02, 0.6]
    place = (tip + np.array([0, 0.9 * reach + size[1] / 2 + 0.03, 0])).tolist()
    wall = {"name": "wall", "shape": "box", "size": size, "position": place}
    data = pushed(push, task=hold, engine="bullet").to_dict()
    made = run(Scenario.of(data | {"world": [wall]}))
    checker = standing(robot, made.world, {"wall": True})
    through, around = ([checker.nearest(q).distance for q in one.log.q_ref[::10]] for one in (free, made))
    assert made.replanned
    assert min(through) < 0 < min(around)


@pytest.mark.parametrize("latency", [0.0, 0.04])
def test_what_moves_is_seen_as_old_as_a_plan_takes(latency):
    base = scene(COMES, planner=REPLAN).to_dict()
    base["sim"] |= {"planner_rate": 10.0, "planner_latency": latency}
    made = run(Scenario.of(base))
    assert made.outcome.name == "FINISHED", made.why
    assert made.metrics["contact.unintended_force_n"].value == 0
    assert made.metrics["replanning.count"].value > 5
    np.testing.assert_allclose(made.log.q[-1], OTHER, atol=1e-3)


def test_a_law_too_soft_to_arrive_is_told():
    law = {"type": "pd", "kp": 60, "kd": 10, "feedforward": "none"}
    made = run(pushed(law=law, max_duration=4.0, force_unstable=True))
    assert made.verdict != "accepted"
    assert any(
        "planned anew at" in note and "raise the gains or sim.planner_tolerance" in note for note in made.warnings
    )


@pytest.mark.parametrize(
    ("sim", "why"),
    [
        ({"planner_rate": 300}, "300 Hz does not divide the control rate 500 Hz; nearest: 250 Hz"),
        ({"planner_rate": 1000}, "1000 Hz does not divide the control rate 500 Hz; nearest: 500 Hz"),
        ({"planner_rate": 0}, "planner_rate: must be above 0"),
        ({"planner_rate": None, "planner_latency": 0.01}, "is for a planner that looks again"),
        ({"planner_latency": 0.0013}, "no multiple of a control period; nearest: 0.002 s"),
        ({"planner_latency": 0.06}, "longer than the planner's period, 0.05 s"),
        ({"planner_latency": -1}, "planner_latency: must be at least 0"),
        ({"planner_tolerance": [0.1, 0.2]}, "panda has 7 joints, got 2 values"),
    ],
)
def test_bad_rates_are_told_by_place(sim, why):
    with pytest.raises(ScenarioError, match=why):
        pushed(**sim)


def test_what_cannot_be_planned_from_anywhere_is_refused():
    data = pushed().to_dict()
    with pytest.raises(ScenarioError, match="collocation plans the dynamics once"):
        Scenario.of(data | {"planner": {"type": "collocation"}})
    with pytest.raises(ScenarioError, match="mpc is made for one motion"):
        Scenario.of(data | {"controller": {"type": "mpc"}})
    with pytest.raises(ScenarioError, match=r"20 Hz is not replan\.every, 0\.3 s"):
        Scenario.of(data | {"planner": {"type": "avoid", "replan": {"every": 0.3}}})
    cart = {"robot": {"model": "cart_pole"}, "task": [{"do": "wait", "duration": 0.2}]}
    with pytest.raises(InvalidInput, match="has no drive"):
        run(Scenario.of(data | cart))
