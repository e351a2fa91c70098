"""`robocalc compare | plot | video | export | replay`: files where they were asked for, one sentence where not."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from sims.cli.commands import app
from tests.sims.report.samples import MOVE


def call(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def copy(runs, here):
    return shutil.copytree(runs[0], here / "run", ignore=shutil.ignore_patterns("report.html"))


def test_compare_writes_a_page_and_says_what_differs(runs, here):
    result = call("compare", *runs, "--out", "page.html")
    assert result.exit_code == 0, result.stderr
    assert "controller.wn" in result.stdout
    assert result.stdout.strip().endswith("page.html")
    assert "stiff and soft" in (here / "page.html").read_text(encoding="utf-8")


def test_compare_as_json(runs, here):
    found = json.loads(call("compare", *runs, "--out", "page.html", "--json").stdout)
    assert found["settings"]["controller.wn"] == ["20.0", "8.0"]
    assert found["joints"]["soft"]["largest"] > 1e-4
    assert Path(found["page"]).is_file()


def test_engines_agree_and_the_page_shows_both(here):
    scenario = here / "move.yaml"
    scenario.write_text(yaml.safe_dump(MOVE | {"sensors": {"latency": "4 ms"}}), encoding="utf-8")
    result = call("compare", "--engines", "bullet,twin", scenario, "--set", "controller.wn=15", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert list(found["runs"]) == ["bullet", "twin"]
    assert found["joints"]["twin"]["largest"] < 1e-12
    assert found["settings"]["sim.engine"] == ["bullet", "twin"]
    assert "controller.wn" not in found["settings"]
    assert Path(found["page"]).parent == Path(found["runs"]["twin"]).parent


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["compare", "RUN"], "compare takes 2 to 6 runs, got 1"),
        (["compare", "RUN", "nowhere"], "no run folder at nowhere"),
        (["compare", "RUN", "RUN", "--set", "seed=1"], "--set and --seed need --engines"),
        (["compare", "a.yaml", "--engines", "bullet,twinn"], "unknown engine 'twinn'; did you mean 'twin'?"),
        (["compare", "a.yaml", "--engines", "twin"], "--engines takes two or more different ones"),
        (["compare", "a.yaml", "b.yaml", "--engines", "bullet,twin"], "--engines takes one scenario file, got 2"),
        (["plot", "RUN", "--what", "torqe"], "unknown plot 'torqe'; did you mean 'torque'?"),
        (["plot", "RUN", "--kind", "bmp"], "unknown kind of picture 'bmp'"),
        (["plot", "nowhere"], "no run folder at nowhere"),
        (["video", "RUN", "--size", "huge"], "--size huge: write WIDTHxHEIGHT"),
        (["video", "RUN", "--out", "a.avi"], "a video ends on .mp4 or .gif"),
        (["export", "RUN", "--to", "mat"], "unknown kind of export 'mat'"),
        (["export", "nowhere"], "no log at nowhere"),
        (["replay", "nowhere"], "no run folder at nowhere"),
    ],
)
def test_bad_requests_are_one_sentence(copy, arguments, sentence):
    result = call(*("run" if a == "RUN" else a for a in arguments))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_plots_go_where_they_are_wanted(copy, here):
    result = call("plot", "run", "--what", "torque, error", "--kind", "png,svg")
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in (copy / "plots").iterdir()) == [
        "error.png",
        "error.svg",
        "torque.png",
        "torque.svg",
    ]
    assert call("plot", "run", "--what", "all", "--out", "elsewhere").exit_code == 0
    assert len(list((here / "elsewhere").iterdir())) >= 7


def test_plots_of_several_runs_are_overlaid(runs, here):
    result = call("plot", *runs, "--what", "position,difference,tool", "--kind", "svg", "--out", "both")
    assert result.exit_code == 0, result.stderr
    text = (here / "both" / "tool.svg").read_text(encoding="utf-8")
    assert "stiff and soft" in text
    assert len(list((here / "both").iterdir())) == 3


def test_a_run_without_what_is_asked_for_says_what_it_has(copy):
    result = call("plot", "run", "--what", "contact")
    assert result.exit_code == 2
    assert "this run has nothing of contact; it has position" in result.stderr


def test_exports_go_into_the_run_folder(copy):
    for kind, name in (("csv", "log.csv"), ("ros", "trajectory.yaml")):
        result = call("export", "run", "--to", kind)
        assert result.exit_code == 0, result.stderr
        assert Path(result.stdout.strip()) == Path("run", name)
    assert (copy / "trajectory.yaml").is_file()


def test_a_film_from_the_command_line(copy, here):
    pytest.importorskip("PIL")
    result = call("video", "run", "--out", "film.gif", "--fps", "3", "--size", "64x48", "--camera", "top")
    assert result.exit_code == 0, result.stderr
    assert (here / "film.gif").read_bytes()[:4] == b"GIF8"


def test_replay_makes_a_missing_page_again(copy):
    result = call("replay", "run", "--no-open")
    assert result.exit_code == 0, result.stderr
    text = (copy / "report.html").read_text(encoding="utf-8")
    assert "small-move" in text
    assert '"name":"panda_link7"' in text


def test_replay_opens_a_damaged_run_as_far_as_it_goes(copy):
    (copy / "scenario.resolved.yaml").unlink()
    (copy / "versions.json").write_text("[]", encoding="utf-8")
    assert call("replay", "run", "--no-open").exit_code == 0
    text = (copy / "report.html").read_text(encoding="utf-8")
    assert "scenario.resolved.yaml is missing" in text
    assert "versions.json is damaged" in text


def test_a_log_cut_short_costs_the_curves_not_the_figures(copy):
    log = copy / "log.npz"
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    assert call("replay", "run", "--no-open").exit_code == 0
    text = (copy / "report.html").read_text(encoding="utf-8")
    assert "log.npz is damaged" in text
    assert "tracking.joint_rms_deg" in text
    for command in (["plot", "run"], ["video", "run", "--out", "a.gif"], ["export", "run"], ["compare", "run", "run"]):
        result = call(*command)
        assert result.exit_code == 2
        assert result.stderr.count("\n") == 1


def test_replay_shows_a_tuning(here):
    from tests.sims.report.study_sample import study

    (here / "tuned").mkdir()
    (here / "tuned" / "study.json").write_text(json.dumps(study()), encoding="utf-8")
    assert call("replay", "tuned", "--no-open").exit_code == 0
    assert "Tuning of panda-gains" in (here / "tuned" / "report.html").read_text(encoding="utf-8")


def test_a_run_of_ten_minutes_is_reduced_and_says_so(tmp_path):
    from robocalc.dynamics import load
    from sims.report import report_data, write_page
    from tests.sims.report_sample import sample_log, sample_words

    log = sample_log(n=7, duration=600.0, dt=0.004)
    log.joint[100_001, 0, 3] = 2.5  # one sample, on q of joint 4
    data = report_data(**sample_words(load("panda"), log))
    assert np.max(data.panel("position").values[:, 3]) == 2.5
    assert write_page(tmp_path / "long.html", data).stat().st_size < 2_500_000
    assert "150,001 samples" in data.reduced
    assert len(data.t_frames) <= 1800
