"""The error budget says what whole runs of the scenario without each cause say."""

import math

import numpy as np
import pytest

from sims.report.budget import MOST_STEPS, Budget, Cause, error_budget, say
from sims.report.tables import budget_table
from sims.run import run
from tests.sims.report.samples import FRICTION, PAYLOAD, PUSH, SENSORS, move

ALL = [PAYLOAD, FRICTION, PUSH]
WITHOUT = {  # cause -> what to change in the file
    "payload": {"disturbances": [FRICTION, PUSH]},
    "friction": {"disturbances": [PAYLOAD, PUSH]},
    "pushes": {"disturbances": [PAYLOAD, FRICTION]},
    "noise": {"sensors": {"latency": 0.004}},
    "delay": {"sensors": {"joint_position": {"std": 2e-4}}},
}


def budget_of(scenario):
    made = run(scenario)
    return made, error_budget(scenario, made.plan, made.log)


def rms(made):
    return made.metrics["tracking.joint_rms_rad"].value


@pytest.fixture(scope="module")
def crowded():
    return budget_of(move(disturbances=ALL, sensors=SENSORS))


def test_the_error_is_the_metric(crowded):
    made, budget = crowded
    assert budget.error == pytest.approx(rms(made), rel=1e-12)
    assert budget.twin == pytest.approx(budget.error, rel=1e-12)
    assert {row.name for row in budget.rows} == set(WITHOUT)


@pytest.mark.parametrize("cause", WITHOUT)
def test_without_a_cause_is_a_run_without_it(crowded, cause):
    row = next(row for row in crowded[1].rows if row.name == cause)
    without = run(move(**({"disturbances": ALL, "sensors": SENSORS} | WITHOUT[cause])))
    assert row.without == pytest.approx(rms(without), rel=1e-9)


@pytest.mark.parametrize(
    ("cause", "words"),
    [("payload", {"disturbances": [PAYLOAD]}), ("delay", {"disturbances": [], "sensors": {"latency": 0.004}})],
)
def test_alone_is_a_run_with_nothing_else(crowded, cause, words):
    row = next(row for row in crowded[1].rows if row.name == cause)
    assert row.alone == pytest.approx(rms(run(move(**words))), rel=1e-9, abs=1e-15)


def test_an_exact_model_leaves_rounding():
    _, budget = budget_of(move())
    assert budget.rows == ()
    assert budget.error < 1e-12
    assert "nothing but rounding" in budget.sentence


def test_drives_at_their_limit_are_a_cause():
    scenario = move(robot={"model": "panda", "limits": {"effort_scale": 0.35}}, disturbances=[PAYLOAD])
    made, budget = budget_of(scenario)
    assert (made.log.tau != made.log.tau_wanted).any()
    row = next(row for row in budget.rows if row.name == "saturation")
    assert row.without < budget.error
    assert next(r for r in budget.rows if r.name == "payload").alone == pytest.approx(row.without, rel=1e-12)


def test_a_start_away_from_the_motion_is_a_cause_and_a_start_on_it_is_none():
    home = [0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785]
    aside = [q + 0.05 for q in home]
    steps = [{"do": "wait", "at": "home", "duration": "1 s"}]
    _, budget = budget_of(move(robot={"model": "panda", "home": home, "start": aside}, task=steps))
    assert [row.name for row in budget.rows] == ["start"]
    assert budget.rows[0].without < 1e-12
    _, budget = budget_of(move(robot={"model": "panda", "home": home, "start": home}, task=steps))
    assert budget.rows == ()


def test_a_long_run_is_looked_at_over_its_beginning(monkeypatch):
    scenario = move(disturbances=[PAYLOAD])
    made = run(scenario)
    monkeypatch.setattr("sims.report.budget.MOST_STEPS", 4 * 100)
    budget = error_budget(scenario, made.plan, made.log)
    first = (made.log.q - made.log.q_ref)[:101]
    assert budget.error == pytest.approx(np.sqrt(np.mean(first**2)), rel=1e-12)
    assert "first 0.1 s" in budget.notes[0]
    assert MOST_STEPS >= 100_000


def test_a_loop_that_diverges_without_a_cause_says_so():
    budget = Budget(1e-3, 1e-3, 1e-5, "rad", (Cause("noise", "the noise", math.nan, 2e-3),))
    assert "it diverges" in budget_table(budget)
    assert "1 mrad" in budget.sentence


def test_it_survives_the_run_folder():
    budget = Budget(1e-3, math.nan, math.nan, "rad", (Cause("delay", "the <delay>", math.nan, 2e-3),), ("a note",))
    kept = Budget.of({**budget.to_dict(), "twin": None, "exact": None})
    assert repr(kept) == repr(budget)  # as text: NaN is not equal to itself
    assert "&lt;delay&gt;" in budget_table(budget)
    assert Budget.of({"error": "?"}) is None
    assert Budget.of({}) is None


@pytest.mark.parametrize(
    ("value", "words"), [(1.5, "1.5 rad"), (2e-3, "2 mrad"), (3e-7, "300 nrad"), (1e-15, "nothing but rounding")]
)
def test_figures_have_prefixes(value, words):
    assert say(value, "rad") == words
