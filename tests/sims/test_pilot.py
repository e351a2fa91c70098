"""Runs that are steered: slowed and stopped before what moves, planned again; as unsteered where nothing is near."""

import itertools

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import ScenarioError
from sims import Scenario, run
from sims.build import motion_limits

START, OTHER = [-0.7, -0.3, 0.0, -2.0, 0.0, 1.7, 0.8], [0.7, -0.3, 0.0, -2.0, 0.0, 1.7, 0.8]
SAFETY = {"type": "separation", "clearance": 0.05}
REPLAN = {"type": "avoid", "replan": {"clearance": 0.02, "growth": 0.05}}


def arm(frames, known="predicted", radius=0.08):
    return {
        "name": "arm", "shape": "sphere", "radius": radius, "known_to_planner": known,
        "motion": {"type": "keyframes", "frames": [{"t": t, "position": p} for t, p in frames]},
    }  # fmt: skip


TIP = load("panda").pose(np.array([0.0, *START[1:]]))[:3, 3]
COMES = [(t, (TIP + np.array([away, 0, 0])).tolist()) for t, away in ((0.0, 0.4), (1.0, 0.0), (2.0, 0.0), (3.0, 0.7))]
AWAY = [(0.0, [3.0, 3.0, 1.0]), (1.0, [3.0, 3.0, 1.5])]


def scene(frames, *, safety=None, planner=None, engine="bullet", most=12, **more):
    data = {
        "format": "robocalc/1", "name": "steered", "sim": {"engine": engine, "max_duration": most},
        "robot": {"model": "panda", "home": START,
                  "limits": {"velocity_scale": 0.4, "acceleration_scale": 0.5, "jerk_scale": 0.2}},
        "world": [arm(frames, **more)], "task": [{"do": "move", "name": "across", "to": {"joints": OTHER}}],
        "planner": planner or {"type": "min_jerk"},
        "controller": {"type": "computed_torque", "wn": 30, "zeta": 1},
    }  # fmt: skip
    return Scenario.of(data | ({"safety": safety} if safety else {}))


def peak(log, limits):
    """Largest share of the acceleration limits that the reference needs."""
    return float((np.abs(log.a_ref) / limits.acceleration).max())


@pytest.mark.parametrize("engine", ["bullet", "twin"])
def test_where_nothing_is_near_the_run_is_that_of_the_plan(engine):
    made = run(scene(AWAY, safety=SAFETY, engine=engine))
    reference = made.plan.reference(0.001)
    assert made.outcome.name == "FINISHED"
    assert len(made.log.t) == len(reference)
    np.testing.assert_allclose(made.log.q_ref, reference[:, 0], atol=1e-12)


@pytest.mark.parametrize("words", [{"safety": SAFETY}, {"planner": REPLAN}, {"safety": SAFETY, "planner": REPLAN}])
def test_the_robot_makes_way_and_comes_to_its_end_within_limits(words):
    hits = run(scene(COMES, known=False))
    assert hits.metrics["contact.unintended_force_n"].value > 0
    made = run(scene(COMES, **words))
    assert made.outcome.name == "FINISHED", made.why
    assert made.metrics["contact.unintended_force_n"].value == 0
    assert made.metrics["clearance.min_mm"].value >= 15
    np.testing.assert_allclose(made.log.q[-1], OTHER, atol=1e-3)
    assert peak(made.log, motion_limits(made.scenario, made.robot)) <= 1.001
    assert made.metrics["limits.violations"].value == 0
    assert made.paced[-1].end == pytest.approx(made.log.t[-1], abs=0.02)


def test_how_fast_the_machine_is_changes_nothing(monkeypatch):
    words = {"safety": SAFETY, "planner": REPLAN}
    quick, ticks = run(scene(COMES, engine="twin", **words)), itertools.count()
    for module in ("sims.pilot.again", "robocalc.optimize.moving.among"):
        monkeypatch.setattr(f"{module}.process_time", lambda: 100.0 * next(ticks))
    slow = run(scene(COMES, engine="twin", **words))
    assert slow.timings["longest reaction"] > 50
    np.testing.assert_array_equal(slow.log.joint, quick.log.joint)


def test_planning_again_is_quick_enough_to_react():
    made = run(scene(COMES, planner=REPLAN))
    assert 0 < made.timings["longest reaction"] < 1.0  # the figure itself is a benchmark's


def test_a_robot_that_can_never_go_on_stands_and_the_run_says_before_what():
    stays = [*COMES[:2], (20.0, COMES[1][1])]
    made = run(scene(stays, safety=SAFETY, most=5))
    assert made.outcome.name == "STOPPED"
    assert made.verdict == "rejected"
    assert made.metrics["contact.unintended_force_n"].value == 0
    assert np.abs(made.log.v[-1]).max() < 1e-3
    assert "stands since t = " in made.why
    assert "arm" in made.why


def test_what_runs_into_a_standing_robot_is_told_with_pair_and_time():
    x, y, z = load("panda").pose(np.array(START))[:3, 3].tolist()
    comes = [(0.3, [x + 0.1, y + 0.9, z]), (2.3, [x, y, z]), (4.0, [x + 1.5, y, z])]
    made = run(scene(comes, safety=SAFETY | {"clearance": 0.8}))
    assert made.metrics["contact.unintended_force_n"].value > 0
    assert any("'arm' ran into" in w and "standing robot at t = " in w for w in made.warnings)


def test_the_same_scenario_gives_the_same_bits():
    one, two = (run(scene(COMES, planner=REPLAN)).log.joint for _ in range(2))
    assert np.array_equal(one, two)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"safety": {"type": "separation", "things": ["amr"]}},
            "nothing in the world is named 'amr'.*did you mean 'arm'",
        ),
        ({"safety": {"type": "separation", "reaction": -1}}, "reaction"),
        ({"planner": {"type": "avoid", "replan": {"every": 0}}}, "every"),
        ({"planner": {"type": "min_jerk"}}, "predicted is for a planner with `replan`"),
    ],
)
def test_bad_settings_are_told_by_place(changes, why):
    base = scene(COMES, planner=REPLAN).to_dict()
    with pytest.raises(ScenarioError, match=why):
        Scenario.of(base | changes)
