"""Whole studies: better on scenarios never seen, recorded, taken up after kill -9, and refused in sentences."""

import json
import random
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from robocalc.errors import InvalidInput, ScenarioError, UnknownName
from sims import Scenario, run, tune
from sims.tune import METHODS, Study
from sims.tune.schema import build, load
from tests.sims.tune.cases import EFFECTS, two_link

ROOT = Path(__file__).resolve().parents[3]
GOALS = {"tracking.joint_rms_deg": 1.0, "torque.rate_rms": 1e-3}
FEW = {"scenarios": 3, "payload": [0.0, 0.3], "moves": 0.1}


def small(scenario=None, **more):
    words = {"objectives": GOALS, "randomise": FEW, "budget": 24, "validation": 3}
    return tune(scenario or two_link(**EFFECTS["noise"]), **words | more)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return small(out=tmp_path_factory.mktemp("study") / "s")


def test_a_study_is_better_on_scenarios_that_it_never_saw(study):
    assert isinstance(study, Study)
    assert study.method == "gauss_newton"
    assert study.best.cost < 0.9 * study.before.cost
    before, after = study.validation
    assert after.engine == "bullet"
    assert after.mean < before.mean
    assert study.accepted
    assert "never seen" in study.verdict
    trained, held = ({s.seed for s in group} for group in (study.training, study.held_out))
    assert not trained & held


STEERED = [{"safety": {"type": "separation"}}, {"sim": {"engine": "twin", "planner_rate": 20}}]


@pytest.mark.parametrize("words", STEERED)
def test_a_robot_that_is_steered_is_tuned_as_it_runs(words):
    swing = [{"do": "move", "to": {"joints": [-1.25, 0.1]}}, {"do": "wait", "duration": 0.1}]
    steered = two_link(disturbances=EFFECTS["push"]["disturbances"], task=swing, **words)
    with pytest.raises(InvalidInput, match=r"steered while it moves .* engine: bullet"):
        small(steered, engine="twin", randomise=False)
    found = small(steered, parameters={"controller.kp.0": (150, 250)}, randomise=False, budget=2, verify=False)
    assert found.problem.engine == "bullet"
    run_as_is = run(steered.with_({"sim.engine": "bullet"}))
    wanted = sum(weight * run_as_is.metrics[name].value for name, weight in GOALS.items())
    assert found.before.cost == pytest.approx(wanted, rel=1e-9)


def test_pybullet_agrees_with_the_twin_on_what_was_trained(study):
    assert study.verified[1].cost == pytest.approx(study.best.cost, rel=1e-6)


def test_the_tuned_scenario_is_ready_to_run(study):
    tuned = Scenario.load(study.folder / "tuned.yaml")
    assert tuned.digest == study.scenario.digest
    assert tuned.controller.kp[1] == pytest.approx(study.best["controller.kp.1"], rel=1e-15)
    assert run(tuned).verdict == "accepted"


def test_the_record_has_all_that_is_shown(study):
    data = json.loads((study.folder / "study.json").read_text())
    assert [h["n"] for h in data["history"]] == list(range(1, len(study.history) + 1))
    assert data["history"][-1]["best"] == min(h["cost"] for h in data["history"])
    assert {p["key"]: p["after"] for p in data["parameters"]} == study.best.values
    assert [p["unit"] for p in data["parameters"]] == ["N m/rad"] * 2 + ["N m s/rad"] * 2
    assert sum(row["share"] for row in data["sensitivity"]) == pytest.approx(1)
    assert data["margins"]["after"]["gain"] > 1
    assert len(data["response"]["t"]) == len(data["response"]["after"][0])
    for name in ("convergence", "response", "sensitivity", "robustness", "margins"):
        assert (study.folder / f"{name}.png").stat().st_size > 5000
    words = " ".join(study.explain())
    assert "controller.kp" in words
    assert "rad/s" in words


def test_the_journal_is_an_optuna_study(study):
    optuna = pytest.importorskip("optuna")
    backend = optuna.storages.journal.JournalFileBackend(str(study.folder / "journal.log"))
    found = optuna.load_study(study_name=study.name, storage=optuna.storages.JournalStorage(backend))
    assert found.best_value == study.best.cost
    assert found.best_params == study.best.values
    assert len(found.trials) == len(study.history)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    assert set(optuna.importance.get_param_importances(found, evaluator=evaluator)) == set(study.best.values)


def test_the_same_study_gives_the_same_bits(study):
    again = small()
    assert again.best.values == study.best.values
    assert again.validation[1].costs == study.validation[1].costs


SCRIPT = """
import os, sys, threading, time
import sims.tune.pictures
from sims import tune
from sims.tune.journal import Journal
from tests.sims.tune.cases import EFFECTS, two_link

folder, entries, delay = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
sims.tune.pictures.PICTURES = {}
add = Journal.add

def slowly(*words):
    "The process is killed a while after so many new entries."
    global entries
    add(*words)
    entries -= 1
    if entries == 0:
        threading.Timer(delay, os.kill, (os.getpid(), 9)).start()
    time.sleep(0.01)

Journal.add = slowly
goals = {"tracking.joint_rms_deg": 1.0, "torque.rate_rms": 1e-3}
few = {"scenarios": 2, "payload": [0.0, 0.3], "moves": 0.1}
tune(two_link(**EFFECTS["noise"]), objectives=goals, randomise=few, budget=70, validation=1, verify=False,
     method="cma", out=folder, resume=True)
"""


def started(out, entries=0, delay=0.0):
    words = [sys.executable, "-c", SCRIPT, str(out), str(entries), str(delay)]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ended(process):
    said = process.communicate()[1]
    assert process.returncode in (0, -signal.SIGKILL), said
    return process.returncode


def test_a_study_killed_ten_times_ends_as_if_it_had_not_been(tmp_path):
    """SIGKILL ten times, up to 40 ms after a process's first, second or third new entry of the journal."""
    pytest.importorskip("optuna")
    rng, journal, counts = random.Random(5), tmp_path / "killed" / "journal.log", [0]
    whole = started(tmp_path / "whole")
    for _ in range(10):
        assert ended(started(tmp_path / "killed", rng.randint(1, 3), rng.uniform(0, 0.04))) == -signal.SIGKILL
        counts.append(journal.read_bytes().count(b'"robocalc"'))
    assert all(a < b for a, b in pairwise(counts))  # each went on where the one before was killed
    assert not (tmp_path / "killed" / "study.json").exists()
    assert ended(started(tmp_path / "killed")) == ended(whole) == 0
    assert same(tmp_path / "killed", tmp_path / "whole")
    assert entries(journal) == entries(tmp_path / "whole" / "journal.log")


def entries(journal):
    """What a journal says of each evaluation, bit for bit: all but when and by whom."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(journal)))
    (study,) = storage.get_all_studies()
    return [(t.number, t.values, t.params, t.user_attrs) for t in storage.get_all_trials(study._study_id)]


def same(one, other):
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in ("study.json", "tuned.yaml"))


@pytest.mark.parametrize(("method", "cuts"), [("gauss_newton", 10), ("nelder_mead", 2), ("cma", 2), ("tpe", 2)])
def test_a_journal_that_ends_at_any_byte_is_taken_up_to_the_same_bits(method, cuts, tmp_path, monkeypatch):
    """What kill -9 leaves behind is a journal that ends somewhere, in the middle of a line mostly."""
    pytest.importorskip("optuna")
    monkeypatch.setattr("sims.tune.pictures.PICTURES", {})
    words = {"budget": 16, "verify": False, "method": method, "randomise": FEW | {"scenarios": 2}, "validation": 1}
    small(out=tmp_path / "whole", **words)
    raw, rng = (tmp_path / "whole" / "journal.log").read_bytes(), random.Random(3)
    for k in range(cuts):
        folder = tmp_path / f"cut{k}"
        folder.mkdir()
        (folder / "journal.log").write_bytes(raw[: rng.randrange(len(raw))])
        small(out=folder, resume=True, **words)
        assert same(folder, tmp_path / "whole")


def test_custom_objectives_are_plain_functions():
    def swing(run):
        return float(np.abs(run.log.v).max()) + run.metrics["tracking.joint_rms_rad"].value

    found = small(objectives=[swing], method="nelder_mead", budget=12)
    assert found.best.cost <= found.before.cost
    assert found.after.values["swing"] == pytest.approx(found.best.cost)


def test_a_front_over_two_objectives():
    found = small(pareto=True, budget=40, verify=False)
    assert found.method == "nsga2"
    goals = [e.evaluation.goals for e in found.front]
    assert len(goals) >= 2
    assert all(a[0] < b[0] and a[1] > b[1] for a, b in pairwise(goals))


def test_which_controller_is_a_choice():
    parameters = {
        "controller": {"choices": [{"type": "pd", "kp": 20, "kd": 1}, {"type": "computed_torque", "wn": 25}]},
        "sensors.latency": {"range": [0.0, 0.002]},
    }
    found = small(parameters=parameters, budget=16, verify=False, objectives={"tracking": 1})
    assert found.method == "tpe"
    assert found.scenario.controller.type == "computed_torque"
    assert found.table()[0].after["type"] == "computed_torque"


def test_constraints_are_kept():
    free = small(objectives={"tracking": 1.0}, verify=False, budget=40)
    rate = free.after.values["tracking.joint_rms_deg"]
    bound = (
        0.5
        * small(objectives={"tracking": 1.0, "smoothness": 1e-9}, verify=False, budget=40).after.values[
            "torque.rate_rms"
        ]
    )
    held = small(objectives={"tracking": 1.0}, constraints={"torque.rate_rms": {"max": bound}}, verify=False, budget=60)
    assert held.after.values["torque.rate_rms"] <= 1.1 * bound
    assert held.after.values["tracking.joint_rms_deg"] >= rate


def test_margins_grow_where_they_are_asked_for():
    found = small(
        objectives={"tracking": 1.0}, constraints={"margin.gain": {"min": 3.0}}, method="nelder_mead", verify=False
    )
    assert found.after.values["margin.gain"] >= 2.9


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"parameters": {"controller.kpp": {"range": [1, 2]}}}, "did you mean 'kp'"),
        ({"parameters": {"planer.duration": {"range": [1, 2]}}}, "did you mean 'planner'"),
        ({"parameters": {"controller.kp.elbw": {"range": [1, 2]}}}, "no joint 'elbw'"),
        ({"parameters": {"controller.kp": {"range": [5, 2]}}}, "must go from low to high"),
        ({"parameters": {"controller.kp": {"range": [-5, 2]}}}, "lowest values of the ranges"),
        ({"parameters": {"controller.feedforward": {}}}, "give it choices"),
        ({"parameters": {"controller.feedforward": {"choices": ["none", "gravty"]}}}, "did you mean 'gravity'"),
        ({"objectives": {"tracking.joint_rms_dg": 1}}, "tracking.joint_rms_deg"),
        ({"objectives": [lambda run: float("nan")]}, "is nan"),
        ({"constraints": {"overshot": {"max": 1}}}, "overshoot"),
        ({"method": "newton"}, "unknown method 'newton'"),
        ({"budget": 0}, "budget"),
        ({"parameters": {"controller.kp": {"range": [3e4, 6e4]}, "controller.kd": {"range": [4e3, 8e3]}}}, "stable"),
        ({"randomise": {"scenarios": 3, "paylod": [0, 1]}}, "did you mean 'payload'"),
        ({"storage": "redis://127.0.0.1:1/0"}, "cannot be reached"),
    ],
)
def test_what_cannot_be_tuned_is_said_in_a_sentence(words, said):
    with pytest.raises((InvalidInput, ScenarioError, UnknownName)) as error:
        small(**words)
    assert said in str(error.value)
    assert len(str(error.value)) < 700


def test_a_journal_of_another_study_is_refused_and_stays(tmp_path):
    small(out=tmp_path, budget=5, verify=False)
    before = (tmp_path / "journal.log").read_bytes()
    with pytest.raises(InvalidInput, match="already"):
        small(out=tmp_path, budget=5, verify=False)
    with pytest.raises(InvalidInput, match=r"another study: scenario"):
        small(two_link("pid"), out=tmp_path, budget=5, verify=False, resume=True, name="two-link-pd")
    assert (tmp_path / "journal.log").read_bytes().startswith(before[:200])
    assert small(out=tmp_path, budget=5, verify=False, resume=True).best.cost > 0


def test_a_study_file_tells_places_of_errors(tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text(
        "format: robocalc-study/1\nscenario: nowhere.yaml\nbudgt: 3\nvary:\n  controller.kp: {range: [1, x]}\n"
    )
    with pytest.raises(ScenarioError) as error:
        load(file)
    text = str(error.value)
    assert f"{file}:3:1: error: budgt: unknown key; did you mean 'budget'?" in text
    assert f"{file}:5:" in text
    with pytest.raises(ScenarioError, match="is a scenario, not a study"):
        build({"format": "robocalc/1"})


STUDIES = sorted((ROOT / "scenarios" / "studies").glob("*.yaml"))


@pytest.mark.parametrize("path", STUDIES, ids=lambda p: p.stem)
def test_every_shipped_study_loads_and_names_what_is_there(path):
    from sims.tune.tuning import _posed

    spec = load(path)
    problem, held_out = _posed(spec, [Scenario.load(f) for f in spec.scenarios()], {}, 1)
    assert problem.space.knobs
    assert len(held_out) == spec.validation
    assert spec.method == "auto" or spec.method in METHODS


def test_the_command_tunes_and_ends_with_a_code(tmp_path, capsys):
    from sims.cli.guard import exit_code

    two_link(**EFFECTS["noise"]).save(tmp_path / "arm.yaml")
    file = tmp_path / "study.yaml"
    file.write_text(
        "format: robocalc-study/1\nname: arm\nscenario: arm.yaml\nbudget: 8\nvalidation: 1\n"
        "randomise: {scenarios: 2, moves: 0.1 rad}\nobjectives: {tracking: 1}\n"
    )
    out = str(tmp_path / "out")
    assert exit_code(["tune", str(file), "--out", out, "--no-verify", "--explain"]) in (0, 1)
    said = capsys.readouterr().out
    assert "controller.kp shoulder" in said
    assert "because" in said
    assert (tmp_path / "out" / "tuned.yaml").is_file()
    assert exit_code(["tune", str(file), "--out", out, "--no-verify"]) == 2
    assert "--resume" in capsys.readouterr().err
    assert exit_code(["tune", str(file), "--out", out, "--no-verify", "--resume", "--json"]) in (0, 1)
    assert json.loads(capsys.readouterr().out)["format"] == "robocalc-study-result/1"
    assert exit_code(["tune", str(tmp_path / "nowhere.yaml")]) == 2
    assert "no such file" in capsys.readouterr().err
