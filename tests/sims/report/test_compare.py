"""What the comparison says of two runs is what their folders say."""

import json

import numpy as np
import pytest

from robocalc.errors import InvalidInput
from sims.record import read_run
from sims.report import compare_runs, stored_data, write_comparison
from sims.report.compare import told_apart
from tests.sims.report.test_tables import document


@pytest.fixture(scope="module")
def compared(runs):
    return compare_runs(runs)


def test_metrics_are_those_of_the_folders(runs, compared):
    stored = [read_run(folder) for folder in runs]
    found = {d.metric: d for d in compared.metrics}
    assert set(found) == set(stored[0].metrics) | set(stored[1].metrics)
    d = found["tracking.tcp_max_mm"]
    assert d.values == tuple(s.metrics["tracking.tcp_max_mm"][0] for s in stored)
    assert d.change == pytest.approx(d.values[1] - d.values[0])
    assert d.times == tuple(s.metrics["tracking.tcp_max_mm"][2] for s in stored)


def test_settings_name_what_differs_and_nothing_else(compared):
    differing = dict(compared.settings)
    assert differing["controller.wn"] == ("20.0", "8.0")
    assert differing["world.post.shape"] == ("box", "–")
    assert "controller.zeta" not in differing
    assert "robot.model" not in differing


def test_the_largest_joint_difference_is_in_the_logs(runs, compared):
    a, b = (read_run(folder).log for folder in runs)
    gap = np.abs(a.q - b.q)
    k, j = np.unravel_index(gap.argmax(), gap.shape)
    largest, joint, t = compared.apart[1]
    assert (largest, joint, t) == (gap.max(), compared.joints[j], a.t[k])


def test_curves_of_both_runs_are_overlaid(runs, compared):
    a, b = (read_run(folder).log for folder in runs)
    panel = next(p for p in compared.panels if p.key == "position")
    n = len(compared.joints)
    assert panel.runs == (0,) * n + (1,) * n
    assert panel.joints == (*range(n), *range(n))
    assert panel.values[:, :n] == pytest.approx(a.q)
    assert panel.values[:, n:] == pytest.approx(b.q)
    gaps = next(p for p in compared.panels if p.key == "difference")
    assert gaps.values.max() == pytest.approx(compared.apart[1][0])


def test_runs_of_other_steps_and_durations_share_a_time_axis(runs, tmp_path):
    from sims.run import run
    from tests.sims.report.samples import move

    other = run(move(sim={"engine": "twin", "timestep": 0.004}), out=tmp_path / "coarse", plots=False).folder
    panel = next(p for p in compare_runs([runs[0], other]).panels if p.key == "position")
    log, n = read_run(other).log, len(read_run(other).joints)
    rows = np.searchsorted(panel.t, log.t - 1e-12)
    assert panel.values[rows, n:] == pytest.approx(log.q, abs=1e-12)


def test_a_run_compared_with_itself_is_the_same_to_the_bit(runs, tmp_path):
    compared = compare_runs([runs[0], runs[0]])
    assert compared.names == ("stiff", "stiff (2)")
    assert compared.apart[1][0] == 0
    assert all(d.change == 0 for d in compared.metrics if d.values[0] is not None)
    text = write_comparison(tmp_path / "same.html", compared).read_text(encoding="utf-8")
    assert "the same to the bit" in text


def test_different_robots_are_compared_as_far_as_it_goes(runs, tmp_path):
    from sims.run import run
    from tests.sims.report.samples import move

    arm = run(
        move(robot={"model": "iiwa"}, task=[{"do": "move", "to": {"offset": [0, 0.05, 0]}}]),
        out=tmp_path / "iiwa",
        plots=False,
    ).folder
    compared = compare_runs([runs[0], arm])
    assert compared.joints == ()
    assert compared.apart == {}
    assert any("robots differ" in note for note in compared.notes)
    assert {p.key for p in compared.panels} >= {"tool_error", "energy"}
    assert write_comparison(tmp_path / "page.html", compared).stat().st_size < 4_000_000


def test_the_page_carries_ghosts_and_stays_small(runs, tmp_path):
    page = write_comparison(tmp_path / "page.html", runs)
    assert page.stat().st_size < 2_500_000
    found = document(page.read_text(encoding="utf-8"))
    ghosts = [body for body in found["bodies"] if body.get("ghost")]
    assert len([b for b in found["bodies"] if b["role"] == "robot"]) == 2 * len(ghosts)
    assert [body["name"] for body in found["bodies"] if body["role"] == "static"] == ["floor 0", "post 0"]
    assert found["paths"].keys() == {"run0", "run1"}


@pytest.mark.parametrize("count", [0, 1, 7])
def test_too_few_or_too_many_runs_are_refused(runs, count):
    with pytest.raises(InvalidInput, match="2 to 6 runs"):
        compare_runs([runs[0]] * count)


def test_names_are_told_apart():
    assert told_apart(["a", "a", "b", "a"]) == ("a", "a (2)", "b", "a (3)")


# folders that are not whole -------------------------------------------------------------------------------------------


@pytest.fixture
def copy(runs, tmp_path):
    import shutil

    return shutil.copytree(runs[1], tmp_path / "copy")


def test_a_stored_run_is_shown_as_it_was(runs):
    data, stored = stored_data(runs[1]), read_run(runs[1])
    assert data.panel("position").values == pytest.approx(stored.log.q)
    assert data.budget.rows[0].name == "payload"
    assert data.accepted is False  # the bound of 1e-12 mm is there to be missed
    assert {body.name for body in data.bodies} >= {"panda_link7"}


def test_without_its_scenario_a_run_is_curves(copy):
    (copy / "scenario.resolved.yaml").write_text("format: robocalc/99\n", encoding="utf-8")
    data = stored_data(copy)
    assert data.bodies == ()
    assert any("without robot and world" in note for note in data.notes)
    assert data.panel("torque") is not None
    assert data.joints == read_run(copy).joints


def test_without_figures_a_run_is_shown_without_tables(copy):
    (copy / "metrics.json").write_text("{", encoding="utf-8")
    data = stored_data(copy)
    assert data.metrics == ()
    assert data.accepted is None
    assert any("metrics.json is damaged" in note for note in data.notes)


def test_an_older_format_is_read_as_far_as_it_goes(copy):
    summary = json.loads((copy / "metrics.json").read_text(encoding="utf-8"))
    summary |= {"format": "robocalc-run/0", "error_budget": "?", "plan": {"steps": [{"name": "x"}]}}
    (copy / "metrics.json").write_text(json.dumps(summary), encoding="utf-8")
    data = stored_data(copy)
    assert data.budget is None
    assert data.steps == ()
    assert any("robocalc-run/0" in note for note in data.notes)


def test_without_a_log_figures_and_scenario_are_shown(copy):
    (copy / "log.npz").write_bytes(b"PK\x03\x04 no")
    data = stored_data(copy)
    assert data.panels == ()
    assert {figure.name for figure in data.metrics} == set(read_run(copy).metrics)
    assert [row.ok for row in data.acceptance] == [True, False]
    assert any("log.npz is damaged" in note for note in data.notes)
    assert {body.name for body in data.bodies} >= {"panda_link7"}
    with pytest.raises(InvalidInput, match=r"nothing to show: log\.npz is damaged"):
        compare_runs([copy, copy])


def test_a_plan_that_failed_is_shown_from_its_folder(tmp_path):
    from sims.run import run
    from tests.sims.report.samples import move

    far = [{"do": "move", "name": "far", "to": {"pose": {"position": [2.0, 0, 0.5]}}}]
    made = run(move(task=far), out=tmp_path / "far", plots=False, report=False)
    data = stored_data(made.folder)
    assert data.verdict == "Infeasible"
    assert data.reasons == tuple(str(v) for v in made.plan.violations)


def test_a_folder_with_nothing_of_a_run_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="nothing to show"):
        stored_data(tmp_path)


def test_lines_that_are_of_no_joint_are_told_apart_by_run_and_axis(tmp_path):
    from sims.run import run
    from tests.sims.report.samples import move

    folders = []
    for bandwidth in (100, 200):
        seen = {"force_torque": {}, "joint_velocity": {"available": False}}
        scenario = move(sensors=seen, estimator={"type": "observer", "bandwidth": bandwidth})
        folders.append(run(scenario, out=tmp_path / f"at_{bandwidth}", plots=False).folder)
    panels = {panel.key: panel for panel in compare_runs(folders).panels}
    force, logs = panels["wrench_force"], [read_run(folder).log for folder in folders]
    assert force.labels == tuple(f"{name} f{axis}" for name in ("at_100", "at_200") for axis in "xyz")
    assert force.runs == (0, 0, 0, 1, 1, 1)
    for i in range(6):
        assert np.nanmax(force.values[:, i]) == pytest.approx(logs[i // 3].wrench[:, i % 3].max())
    assert panels["clearance" if "clearance" in panels else "energy"].labels[0] == "at_100"  # one line a run
    assert write_comparison(tmp_path / "page.html", folders).is_file()
