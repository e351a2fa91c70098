"""`sweep`, `cluster script` and `check --run` as a user types them."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from sims.cli import main
from tests.sims.batch.scenarios import swing


@pytest.fixture
def room(tmp_path, monkeypatch):
    """A folder with swing.yaml, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    swing().save("swing.yaml")
    return tmp_path


def test_sweep_writes_a_table_and_says_what_was_found(room, capfd):
    assert main(["sweep", "swing.yaml", "--over", "controller.kp=100..400:3", "--workers", "1", "--no-plots"]) == 0
    out = capfd.readouterr().out
    assert "3 runs over controller.kp: 3 accepted" in out
    (folder,) = (room / "sweeps").iterdir()
    assert folder.name.startswith("swing-")
    assert f"table  sweeps/{folder.name}/table.csv" in out
    assert len((folder / "table.csv").read_text().splitlines()) == 4


def test_sweep_as_json_for_programs(room, capfd):
    command = ["sweep", "swing.yaml", "--over", "controller.kp=100..400", "--samples", "4"]
    more = ["--set", "sensors.latency=1 ms", "--pareto", "effort.integral,-tracking.joint_rms_deg", "--json"]
    assert main([*command, *more, "--workers", "1", "--no-plots", "--out", "here"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["runs"] == 4
    assert found["count"] == {"accepted": 4}
    assert any(row["pareto"] for row in found["rows"])
    assert all(100 <= row["controller.kp"] <= 400 for row in found["rows"])


def test_a_run_that_failed_is_named_and_makes_the_exit_code_4(room, capfd):
    over = ["--over", "sim.timestep=1 ms,2 ms", "--over", "sim.control_rate=1000,500"]
    assert main(["sweep", "swing.yaml", *over, "--workers", "1", "--no-plots"]) == 4
    out = capfd.readouterr().out
    assert "failed: run 2  sim.timestep=0.002  sim.control_rate=1000: sim.control_rate=1000.0: error: " in out
    assert "1000 Hz does not divide the physics rate 500 Hz" in out


STUDY = """
format: robocalc-study/1
base: swing.yaml
vary:
  controller.kp: {scale: [0.5, 2], n: 2, log: true}
  sensors.latency: {range: [0 ms, 2 ms], n: 2}
  controller.feedforward: [none, inverse_dynamics]
repeat: {seeds: 2}
"""


@pytest.mark.parametrize("command", [["study.yaml"], ["--study", "study.yaml"]])
def test_a_study_file_says_what_varies(room, capfd, command):
    (room / "study.yaml").write_text(STUDY)
    assert main(["sweep", *command, "--workers", "1", "--no-plots", "--json"]) == 0
    rows = json.loads(capfd.readouterr().out)["rows"]
    assert len(rows) == 16
    assert {row["controller.kp"] for row in rows} == {150.0, 600.0}
    assert {row["sensors.latency"] for row in rows} == {0.0, 0.002}
    assert {row["seed"] for row in rows} == {0, 1}


def test_a_study_of_tuning_can_be_swept(room, capfd):
    tuning = (
        "scenario: [swing.yaml]\nparameters: {controller.kp: {scale: [0.5, 2]}}\nbudget: 50\nobjectives: {effort: {}}"
    )
    (room / "study.yaml").write_text(f"format: robocalc-study/1\n{tuning}\n")
    line = ["sweep", "study.yaml", "--workers", "1", "--no-plots"]
    assert main([*line, "--json", "--design", "lhs", "--samples", "3"]) == 0
    assert json.loads(capfd.readouterr().out)["runs"] == 3
    assert main(line) == 2
    assert "controller.kp: a grid needs the number of values: 0.5..2:7, say" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("line", "instead", "words"),
    [
        ("{scale: [0.5, 2], n: 2, log: true}", "{scal: [0.5, 2]}", "study.yaml:5:19: error: vary.controller.kp.scal"),
        ("{scale: [0.5, 2], n: 2, log: true}", "{scale: [0.5]}", "scale takes two ends, got 1"),
        ("{scale: [0.5, 2], n: 2, log: true}", "{log: true}", "give one of choice, range and scale"),
        ("[0 ms, 2 ms]", "[2 ms, 0 ms]", "study.yaml:6:3: error: vary.sensors.latency: the range 2..0 is empty"),
        ("base: swing.yaml", "base: swan.yaml", "study.yaml:3:1: error: base: no scenario file at swan.yaml"),
        ("robocalc-study/1", "robocalc/1", "this is a scenario; a study has `format: robocalc-study/1`"),
    ],
)
def test_a_wrong_study_is_refused_with_its_place(room, capfd, line, instead, words):
    (room / "study.yaml").write_text(STUDY.replace(line, instead))
    assert main(["sweep", "--study", "study.yaml", "--workers", "1"]) == 2
    assert words in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--over", "controller.kpp=1"], "controller.kpp: unknown key; did you mean 'kp'?"),
        (["--over", "controller.kp"], "robocalc: --over controller.kp: write KEY=VALUES"),
        (["--over", "controller.kp=9..1:3"], "robocalc: controller.kp: the range 9..1 is empty: it must go up"),
        (["--over", "controller.kp=1", "--over", "controller.kp=2"], "--over controller.kp is given twice"),
        (["--over", "seed=1", "--cluster", "tcp://127.0.0.1:9"], "no Dask scheduler answers at tcp://127.0.0.1:9"),
        (["--over", "seed=1..9", "--samples", "0"], "robocalc: samples must be a whole number from 1, got 0"),
        (["--over", "seed=1..9", "--samples", "3", "--design", "grid"], "a grid has as many as its values make"),
        ([], "robocalc: a sweep needs at least one key to vary"),
    ],
)
def test_bad_sweeps_are_one_sentence_and_exit_code_2(room, capfd, arguments, words):
    assert main(["sweep", "swing.yaml", *arguments]) == 2
    error = capfd.readouterr().err
    assert words in error
    assert len(error.strip().splitlines()) == 1


def test_an_interrupted_sweep_says_how_to_go_on_and_leaves_no_process(room):
    command = [sys.executable, "-m", "sims.cli", "sweep", "swing.yaml", "--over", "seed=0..99999", "--out", "s"]
    process = subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.PIPE, text=True)
    while not (room / "s/journal.jsonl").exists() or (room / "s/journal.jsonl").read_bytes().count(b"\n") < 5:
        time.sleep(0.05)
        assert process.poll() is None
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    workers = Path(children).read_text().split() if os.path.exists(children) else []
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert error == "robocalc: finished runs are kept in s; --resume goes on from there\nrobocalc: interrupted\n"
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]


def test_check_runs_a_folder_and_writes_junit(room, capfd):
    swing(name="well").save("a.yaml")
    swing(**{"name": "bad & <ugly>", "accept.tracking.joint_rms_deg.max": 1e-9}).save("b.yaml")
    (room / "swing.yaml").unlink()
    assert main(["check", ".", "--run", "--junit", "out.xml", "--workers", "2"]) == 1
    out = capfd.readouterr().out
    assert "1 of 2 accepted" in out
    assert "rejected   b.yaml: tracking.joint_rms_deg" in out
    suite = ElementTree.parse("out.xml").getroot().find("testsuite")
    assert {k: suite.get(k) for k in ("tests", "failures", "errors")} == {"tests": "2", "failures": "1", "errors": "0"}
    cases = {case.get("name"): case for case in suite}
    assert list(cases["well"]) == []
    failure = cases["bad & <ugly>"].find("failure")
    assert failure.get("type") == "rejected"
    assert "wanted at most 1e-09" in failure.get("message")


def test_check_of_what_is_no_scenario_or_takes_too_long_is_an_error_in_junit(room, capfd):
    (room / "c.yaml").write_text("format: robocalc/1\nname: c\n")
    slow = {"sim.engine": "bullet", "sim.timestep": 4e-5, "task.up.duration": 55.0, "name": "slow"}
    swing(**slow).save("d.yaml")
    assert main(["check", ".", "--run", "--junit", "out.xml", "--workers", "1", "--timeout", "6", "--json"]) == 2
    found = json.loads(capfd.readouterr().out)
    verdicts = {case["file"]: case["verdict"] for case in found["cases"]}
    assert verdicts == {"c.yaml": "invalid", "d.yaml": "failed", "swing.yaml": "accepted"}
    suite = ElementTree.parse("out.xml").getroot().find("testsuite")
    assert suite.get("errors") == "2"
    assert "its time limit" in suite.findall("testcase")[1].find("error").get("message")


def test_check_all_accepted_is_0(room, capfd):
    assert main(["check", "swing.yaml", "--run", "--workers", "1"]) == 0
    assert main(["check", "swing.yaml", "--junit", "no/such/folder/out.xml", "--workers", "1"]) == 2
    found = capfd.readouterr()
    assert found.err.endswith("robocalc: no/such/folder/out.xml cannot be written: no folder no/such/folder\n")
    assert found.out.count("accepted") == 2  # of the first: what cannot be kept is not begun


def test_job_scripts_are_valid_for_their_readers(tmp_path, capfd):
    assert main(["cluster", "script", "slurm", "--file", "my study.yaml", "--workers", "64", "--hours", "2"]) == 0
    script = capfd.readouterr().out
    assert "#SBATCH --ntasks=64" in script
    assert "#SBATCH --time=02:00:00" in script
    assert "robocalc sweep 'my study.yaml' --cluster" in script
    assert subprocess.run(["bash", "-n"], input=script, text=True).returncode == 0
    assert main(["cluster", "script", "kubernetes", "--workers", "5", "--image", "me/robocalc:1"]) == 0
    parts = {f"{p['kind']} {p['metadata']['name']}": p for p in yaml.safe_load_all(capfd.readouterr().out)}
    assert parts["Deployment robocalc-worker"]["spec"]["replicas"] == 5
    job = parts["Job robocalc-sweep"]["spec"]["template"]["spec"]["containers"][0]
    assert job["image"] == "me/robocalc:1"
    assert job["command"][:3] == ["robocalc", "sweep", "scenario.yaml"]
    assert main(["cluster", "script", "lsf"]) == 2
    assert "unknown kind of cluster 'lsf'" in capfd.readouterr().err
