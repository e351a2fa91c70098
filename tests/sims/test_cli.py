"""The command line: what it prints, what it returns, and that nobody meets a traceback."""

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

import sims.run
from robocalc.errors import EngineUnavailable, Infeasible, InvalidInput
from sims.cli import main
from sims.cli.commands import SCENARIOS, app, overrides, run_folder
from sims.cli.tables import EXIT
from sims.doctor import findings, kernels
from sims.metrics import Metric
from sims.result import VERDICTS, Check
from sims.scenario import Scenario

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).parent
GOOD = HERE / "test_scenario_good.yaml"
COMMANDS = ("demo", "run", "check", "list", "new", "schema", "replay", "reproduce", "export", "doctor")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def process(*arguments, code="from sims.cli import main; sys.exit(main())", **options):
    command = [sys.executable, "-c", f"import sys\n{code}", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options
    )


def one_line(text):
    return text.endswith("\n") and text.count("\n") == 1 and "Traceback" not in text


@pytest.fixture
def answers(monkeypatch):
    """Let `run` answer with a run of this verdict, or raise; returns what it was called with."""
    seen = {}

    def prepare(verdict="accepted", error=None):
        def run(scenario, out=None, *, progress=None, plots=True, report=True):
            seen.update(scenario=scenario, out=out, plots=plots, report=report)
            if error is not None:
                raise error
            progress(0.5, "simulating")
            ok = verdict == "accepted"
            return SimpleNamespace(
                scenario=scenario,
                verdict=verdict,
                accepted=ok,
                outcome=SimpleNamespace(value="reached the end of the motion"),
                why="all is well" if ok else "it is not",
                metrics={
                    "tracking.joint_rms_deg": Metric(0.01234, "deg"),
                    "tracking.tcp_max_mm": Metric(1.5, "mm", 0.25),
                    "limits.violations": Metric(0.0, "-"),
                    "settling.time_s": Metric(float("nan"), "s"),
                },
                acceptance=(Check("tracking.tcp_max_mm", 1.5, "mm", None, 8.0 if ok else 1.0, ok, 0.25),),
                warnings=(),
                folder=out,
            )

        monkeypatch.setattr(sims.run, "run", run)
        return seen

    return prepare


# help, version, usage -------------------------------------------------------------------------------------------------


def test_help_names_every_command():
    text = call("--help").stdout
    assert all(f"  {name} " in text for name in COMMANDS)
    assert "Exit codes: 0 accepted" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name):
    result = call(name, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["run"], ["run", "--nonsense", "x"], ["check"], ["list", "--json=3"]]
)
def test_wrong_usage_is_exit_code_2(arguments):
    result = call(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr


def test_the_version_is_that_of_the_package():
    assert call("--version").stdout.startswith("robocalc 0.")


def test_completion_is_there_for_shells():
    assert "--install-completion" in call("--help").stdout


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], {"numpy", "pydantic", "yaml", "rich"}),
        (["check", str(GOOD)], set()),
        (["list", "--robots"], set()),
        (["list"], set()),
    ],
)
def test_quick_commands_load_nothing_heavy(arguments, heavy):
    forbidden = {"numba", "scipy", "matplotlib", "pybullet"} | heavy
    code = f"""from sims.cli import main
main(sys.argv[1:])
print(sorted({forbidden!r} & set(sys.modules)), file=sys.stderr)
"""
    result = process(*arguments, code=code)
    assert result.stderr.strip() == "[]"


# check ----------------------------------------------------------------------------------------------------------------


def test_check_says_what_is_right():
    result = call("check", GOOD)
    assert (result.exit_code, result.stderr) == (0, "")
    first, *more = result.stdout.splitlines()
    assert first == f"{GOOD}: ok: panda, 2 steps, 1 bound"
    assert more[-2].endswith("kd of joint 7 (panda_joint7) is 16 times the largest that a 2 ms step can damp")
    assert "the loop is unstable, poles" in more[-1]
    calm = call("check", GOOD, "--set", "controller.kd=[2, 2, 2, 2, 2, 2, 0.2]").stdout
    assert len(calm.splitlines()) == 1


def test_check_warns_of_bounds_that_no_run_can_meet(tmp_path):
    text = GOOD.read_text().replace("kd: 50", "kd: 0.2").replace("kp: 600", "kp: 1")
    for bound, maker in (("estimate.nees", "estimator: {type: ekf}"), ("cost.per_cycle", "prices: {energy: 0.3}")):
        (tmp_path / "a.yaml").write_text(f"{text}  {bound}: {{max: 3}}\n")
        told = call("check", "a.yaml").stdout.splitlines()
        assert len(told) == 2
        assert told[1].startswith(f"a.yaml: warning: accept.{bound}: has no value without ")
        (tmp_path / "a.yaml").write_text(f"{text}  {bound}: {{max: 3}}\n{maker}\n")
        assert len(call("check", "a.yaml").stdout.splitlines()) == 1
    (tmp_path / "a.yaml").write_text(f"{text}coordination: {{clearance: 5 mm}}\n")
    assert "coordination: is between robots" in call("check", "a.yaml").stdout


def test_check_takes_folders_and_names():
    assert call("check", SCENARIOS).exit_code == 0
    assert "ok: cart_pole" in call("check", "cart_pole_balance").stdout


def test_check_tells_all_problems_of_all_files(tmp_path):
    text = GOOD.read_text()
    (tmp_path / "a.yaml").write_text(text.replace("seed: 3", "sede: 3").replace("500 Hz", "300 Hz"))
    (tmp_path / "b.yaml").write_text("")
    (tmp_path / "c.yaml").write_text(text)
    result = call("check", "a.yaml", "b.yaml", "c.yaml")
    assert result.exit_code == 2
    assert [line.split(": error:")[0] for line in result.stderr.splitlines()] == [
        "a.yaml:3:1",
        "a.yaml:4:23",
        "b.yaml:1:1",
    ]
    assert "c.yaml: ok" in result.stdout


def test_check_as_json(tmp_path):
    (tmp_path / "b.yaml").write_text("a: 1")
    result = call("check", "b.yaml", "--json")
    data = json.loads(result.stdout)
    assert result.exit_code == data["exit_code"] == 2
    assert any("b.yaml:1:1: error: a: unknown key" in line for line in data["problems"])
    assert json.loads(call("check", GOOD, "--json").stdout)["ok"] is True


def test_check_applies_overrides():
    result = call("check", GOOD, "--set", "robot.limits.velocity_scale=2", "--set", "world.post.radius=5 cm")
    assert result.exit_code == 2
    assert result.stderr == (
        "--set robot.limits.velocity_scale=2: error: robot.limits.velocity_scale: must be at most 1, got 2\n"
    )


def test_a_study_in_a_folder_is_no_scenario(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "study.yaml").write_text("format: robocalc-study/1\n")
    (tmp_path / "s" / "good.yaml").write_text(GOOD.read_text())
    assert call("check", "s").exit_code == 0
    assert "is a study" in call("check", "s/study.yaml").stderr


# run ------------------------------------------------------------------------------------------------------------------


def test_every_verdict_has_an_exit_code():
    assert set(EXIT) == set(VERDICTS)
    assert EXIT == {"accepted": 0, "rejected": 1, "infeasible": 3, "diverged": 4}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_run_ends_with_a_table_and_the_verdicts_exit_code(answers, verdict):
    answers(verdict)
    result = call("run", GOOD)
    assert result.exit_code == EXIT[verdict]
    assert result.stdout.startswith(f"{verdict.upper()}  reach\n")
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["tracking.joint_rms_deg", "0.01234", "deg"] in rows
    assert ["tracking.tcp_max_mm", "1.5", "mm", "0.250", "s"] in rows
    assert ["settling.time_s", "-", "s"] in rows
    bound = ["pass", "tracking.tcp_max_mm", "1.5", "mm", "at", "most", "8"]
    assert (bound if verdict == "accepted" else ["FAIL", *bound[1:-1], "1"]) in rows
    assert any(row[:2] == ["run", "folder"] for row in rows)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_run_as_json(answers, verdict):
    answers(verdict)
    result = call("run", GOOD, "--json")
    data = json.loads(result.stdout)
    assert (data["verdict"], data["exit_code"], result.exit_code) == (verdict, EXIT[verdict], EXIT[verdict])
    assert data["metrics"]["tracking.tcp_max_mm"] == {"value": 1.5, "unit": "mm", "time": 0.25}
    assert data["metrics"]["settling.time_s"]["value"] is None
    assert data["acceptance"][0]["ok"] is (verdict == "accepted")


def test_options_of_run_reach_the_scenario(answers, tmp_path):
    seen = answers()
    options = [
        "--engine",
        "twin",
        "--seed",
        "11",
        "--set",
        "controller.kp=[1,2,3,4,5,6,7]",
        "--set",
        "world.post.radius=4 cm",
    ]
    assert call("run", GOOD, *options, "--out", "here", "--no-plots").exit_code == 0
    scenario = seen["scenario"]
    assert (scenario.sim.engine, scenario.seed, scenario.world[1].radius) == ("twin", 11, 0.04)
    assert scenario.controller.kp == (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)
    assert (seen["out"], seen["plots"], seen["report"]) == (Path("here"), False, True)


def test_run_folders_are_named_by_scenario_and_content():
    scenario = Scenario.load(GOOD)
    assert run_folder(scenario) == Path("runs") / f"reach-{scenario.digest[:8]}"
    wild = run_folder(scenario.with_(name="../../<script> x"))
    assert wild.parent == Path("runs")
    assert not set(wild.name) & set("/<> ")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (InvalidInput("mass must be above 0, got -1"), 2, "robocalc: mass must be above 0, got -1\n"),
        (Infeasible(["velocity of joint 2 is 1.2 times its limit at 0.3 s"]), 3, "robocalc: velocity of joint 2 is"),
        (
            EngineUnavailable("PyBullet is not installed: pip install pybullet"),
            2,
            "robocalc: PyBullet is not installed",
        ),
        (OSError(28, "No space left on device", "runs/x"), 4, "robocalc: no space left on the disk for runs/x\n"),
        (PermissionError(13, "Permission denied", "runs/x"), 2, "robocalc: runs/x: Permission denied\n"),
        (MemoryError(), 4, "robocalc: out of memory\n"),
        (ZeroDivisionError("oh\nno"), 4, "robocalc: internal error, please report it: ZeroDivisionError: oh no"),
    ],
)
def test_every_error_is_one_line_and_an_exit_code(answers, error, code, text):
    answers(error=error)
    result = call("run", GOOD)
    assert (result.exit_code, result.stdout) == (code, "")
    assert one_line(result.stderr)
    assert result.stderr.startswith(text)
    data = json.loads(call("run", GOOD, "--json").stdout)
    assert data["exit_code"] == code


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "nothing.yaml"],
        ["run", "."],
        ["run", GOOD, "--engine", "gazebo"],
        ["run", GOOD, "--seed", "x"],
        ["run", GOOD, "--seed", "-1"],
        ["run", GOOD, "--set", "nothing"],
        ["run", GOOD, "--set", "robot.model=pnada"],
        ["run", GOOD, "--set", "controller.kp=.nan"],
        ["run", GOOD, "--set", "robot.limits.velocity=-1"],
        ["run", GOOD, "--set", "task.there.to.joints=[9,0,0,-2,0,1,0]"],
        ["replay", "nothing"],
        ["replay", "."],
        ["reproduce", "nothing"],
        ["reproduce", "."],
        ["new", "."],
        ["schema", "--out", "no/folder/x.json"],
    ],
)
def test_bad_requests_are_one_line_and_exit_code_2(arguments):
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert one_line(result.stderr), result.stderr


def test_a_value_of_set_may_hold_equals_signs_and_commas():
    assert overrides(["name=a=b,c", "controller.kp=1e3"]) == [("name", "a=b,c"), ("controller.kp", 1000.0)]


def test_the_first_compilation_is_announced(answers, monkeypatch):
    answers()
    file = kernels.ROOT / kernels.ALWAYS[0]
    cold = kernels.KernelCache(Path("x"), True, (file,), ())
    monkeypatch.setattr(kernels, "inspect", lambda: cold)
    assert call("run", GOOD).stderr.startswith("compiling kernels, once: about ")
    nowhere = kernels.KernelCache(None, False, (file,), ())
    monkeypatch.setattr(kernels, "inspect", lambda: nowhere)
    assert "compiling kernels, each time, as no cache folder can be written" in call("run", GOOD).stderr
    monkeypatch.setattr(kernels, "inspect", lambda: kernels.KernelCache(Path("x"), True, (file,), (file,)))
    assert call("run", GOOD).stderr == ""


def test_a_kernel_is_warm_once_it_is_compiled_and_cold_when_its_source_changes(tmp_path):
    source = "from robocalc.jit import njit\n\n\n@njit\ndef f(x):\n    return x + 1\n"
    package = tmp_path / "robocalc"
    package.mkdir()
    code = """import pathlib
import robocalc.jit as jit, sims.doctor.kernels as k
jit.ROOT = pathlib.Path(sys.argv[1])
file = jit.ROOT / "robocalc" / "f.py"
print(jit.source_stamp(file) in k.stamps(file))
sys.path.insert(0, str(file.parent))
import f
f.f(1.0)
print(jit.source_stamp(file) in k.stamps(file))
"""
    (package / "f.py").write_text(source)
    assert process(tmp_path, code=code).stdout.split() == ["False", "True"]
    assert process(tmp_path, code=code).stdout.split() == ["True", "True"]
    (package / "f.py").write_text(source.replace("+ 1", "+ 2"))
    assert process(tmp_path, code=code).stdout.split() == ["False", "True"]


def test_a_real_run_is_kept_and_reproduced_to_the_bit():
    result = call("run", "cart_pole_balance", "--engine", "twin", "--out", "r", "--no-plots", "--no-report")
    assert result.exit_code == 0, result.stderr
    assert "ACCEPTED  cart-pole-balance" in result.stdout
    assert Scenario.load("r/scenario.resolved.yaml").sim.engine == "twin"
    again = call("reproduce", "r", "--json")
    assert (again.exit_code, json.loads(again.stdout)["identical"]) == (0, True)
    shown = call("replay", "r", "--no-open")  # it has no report: that is made now
    assert shown.exit_code == 0, shown.stderr
    assert "cart-pole-balance" in Path(shown.stdout.strip()).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ("task.there={do: move, name: there, to: {pose: {position: [3, 0, 0.5]}}}", 3, "out of reach"),
        ("world.post.position=[0.3, 0, 0.5]", 3, "starts in collision: panda_"),
        ("controller={type: pd, kp: 0, kd: 0, feedforward: none}", 1, "tracking.joint_rms_deg = "),
    ],
)
def test_bad_outcomes_are_a_sentence_and_what_was_computed_is_kept(change, code, words):
    result = call("run", GOOD, "--set", change, "--out", "r", "--no-plots", "--no-report")
    assert result.exit_code == code, result.stdout
    assert words in result.stdout
    assert json.loads(Path("r/metrics.json").read_text())["verdict"] == {1: "rejected", 3: "infeasible"}[code]
    assert Path("r/scenario.resolved.yaml").is_file()


# the others -----------------------------------------------------------------------------------------------------------


def test_new_writes_a_scenario_that_is_right_and_never_replaces_one_unasked():
    assert call("new").exit_code == 0
    assert call("check", "scenario.yaml").exit_code == 0
    assert Path("scenario.yaml").read_text().count("#") > 20
    again = call("new")
    assert (again.exit_code, one_line(again.stderr)) == (2, True)
    assert call("new", "--force").exit_code == 0
    assert call("new", "-").stdout.startswith("# A robocalc scenario")


def test_what_the_starter_has_as_comments_may_be_written():
    text = call("new", "-").stdout
    whole = re.sub(r"^( *)# ([a-z_]+: .*)$", r"\1\2", text, flags=re.MULTILINE)
    assert whole.count("\n") == text.count("\n")
    Path("whole.yaml").write_text(whole)
    result = call("check", "whole.yaml", "--json")
    assert result.exit_code == 0, result.stdout
    scenario = Scenario.load("whole.yaml")
    sensors, sim, output = scenario.sensors, scenario.sim, scenario.output
    assert None not in (scenario.estimator, scenario.prices, sim.planner_rate, output.camera, sensors.force_torque)


def test_schema_is_json_that_names_the_format():
    schema = json.loads(call("schema").stdout)
    assert schema["properties"]["format"]["const"] == "robocalc/1"
    assert call("schema", "--out", "robocalc.schema.json").exit_code == 0
    assert json.loads(Path("robocalc.schema.json").read_text()) == schema


def test_list_knows_scenarios_robots_controllers_estimators_and_metrics():
    found = {
        name: json.loads(call("list", f"--{name}", "--json").stdout)[name]
        for name in ("robots", "controllers", "estimators", "metrics")
    }
    assert {"panda", "iiwa", "xarm6"} <= set(found["robots"])
    assert {"pd", "pid", "computed_torque", "lqr"} <= set(found["controllers"])
    assert list(found["estimators"]) == ["difference", "observer", "kalman", "ekf", "ukf"]
    assert found["metrics"]["tracking.tcp_max_mm"]["unit"] == "mm"
    assert "clearance.robots_min_mm" in found["metrics"]
    assert set(json.loads(call("list", "--json").stdout)["scenarios"]) == {
        path.stem for path in SCENARIOS.rglob("*.yaml") if path.parent.name != "studies"
    }


def test_list_finds_scenarios_by_tags_and_themes():
    everything = json.loads(call("list", "--json").stdout)["scenarios"]

    def tagged(*tags):
        return set(json.loads(call("list", *(x for tag in tags for x in ("--tag", tag)), "--json").stdout)["scenarios"])

    assert tagged("swing_up") == {name for name, about in everything.items() if about["theme"] == "swing_up"}
    assert tagged("contact", "conveyor") == tagged("contact") & tagged("conveyor") != tagged("contact")
    assert "did you mean 'flight'" in call("list", "--tag", "fligth").stderr
    assert call("list", "--tag", "flight", "--robots").exit_code == 2
    tags = {tag for about in everything.values() for tag in about["tags"].split(", ")}
    assert not any(" " in tag or "_" in tag for tag in tags)  # so that each has one spelling


def test_replay_prints_the_page_and_opens_it(tmp_path, monkeypatch):
    (tmp_path / "r").mkdir()
    page = tmp_path / "r" / "report.html"
    page.write_text("<html>")
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    assert call("replay", "r", "--no-open").stdout == f"{page}\n"
    assert opened == []
    assert call("replay", "r").exit_code == 0
    assert opened == [page.as_uri()]


def test_doctor_knows_this_python_and_what_to_do_about_what_is_missing(monkeypatch):
    result = call("doctor", "--json")
    found = {entry["what"]: entry for entry in json.loads(result.stdout)}
    assert found["python"]["found"].startswith(".".join(map(str, sys.version_info[:2])))
    assert {"pybullet", "numba", "kernel cache", "kernels", "disk"} <= set(found)
    monkeypatch.setattr(findings, "version", lambda name: None if name in ("pybullet", "scipy") else "1.0")
    monkeypatch.setattr(findings, "BULLETS", {"pybullet": "upstream"})
    result = call("doctor")
    assert result.exit_code == 1
    assert "scipy: pip install scipy" in result.stdout
    assert "pip install pybullet" in result.stdout


def test_doctor_looks_for_all_that_a_command_may_need():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(item for name in ("mujoco", "video", "export", "tune") for item in extras[name]),
    ]
    names = {re.match(r"[\w-]+", item)[0] for item in wanted} - set(findings.BULLETS)
    assert names <= {*findings.NEEDED, *findings.OPTIONAL}


def test_two_bullets_at_once_are_told(monkeypatch):
    monkeypatch.setattr(findings, "version", lambda name: "3.2")
    assert "they are the same files" in call("doctor").stdout


# whole processes ------------------------------------------------------------------------------------------------------


def test_a_whole_process_returns_the_exit_code_and_no_traceback():
    result = process("run", "nothing.yaml")
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "nothing.yaml: error: no such file\n")
    assert main(["check", str(GOOD)]) == 0


def test_a_closed_pipe_is_quiet():
    command = f"{sys.executable} -c 'from sims.cli import main; import sys; sys.exit(main())' schema | head -c 10"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False)
    assert (result.stdout, result.stderr) == ('{\n  "$defs"'[:10], "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_is_one_line_and_130():
    code = (
        "import sys, time, sims.run as r\n"
        "def run(*a, **k):\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "r.run = run\nfrom sims.cli import main\nsys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "run", str(GOOD)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout.readline() == "ready\n"
    child.send_signal(signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode == 130
    assert stderr.endswith("robocalc: interrupted\n")
    assert "Traceback" not in stderr


def test_matrices_are_worked_on_by_one_thread_unless_told_otherwise(monkeypatch, capsys):
    from sims.cli import ONE_THREAD

    for name in ONE_THREAD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(ONE_THREAD[0], "3")
    assert main(["list", "--no-such-flag"]) == 2
    assert [os.environ[name] for name in ONE_THREAD] == ["3", "1"]
    assert capsys.readouterr().err
    for name in ONE_THREAD[1:]:
        monkeypatch.delenv(name)


def test_tune_takes_keys_of_the_study_and_of_its_scenario():
    wrong = call("tune", GOOD, "--set", "planner.duratoin=1")
    assert (wrong.exit_code, one_line(wrong.stderr)) == (2, True)
    assert "planner.duratoin: unknown key; did you mean 'duration'?" in wrong.stderr
    wrong = call("tune", GOOD, "--set", "world.post.radius=5 cm", "--set", "budgit=3")
    assert "budgit: unknown key; did you mean 'budget'?" in wrong.stderr
    wrong = call("tune", SCENARIOS / "moving" / "panda_and_iiwa_take_turns.yaml")
    assert (wrong.exit_code, one_line(wrong.stderr)) == (2, True)
    assert "tuning works on one robot, and this scenario has partners: right" in wrong.stderr
