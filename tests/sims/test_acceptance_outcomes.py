"""What a run says and keeps when something is wrong with the request, the loop or the disk."""

import errno
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import sims.keep
from robocalc.errors import InvalidInput, ScenarioError
from sims import Scenario, run
from sims.cli.commands import app
from sims.record import RunNotSaved

PD = {"type": "pd", "kp": 100, "kd": 10}


def scenario(**changes):
    base = {
        "format": "robocalc/1",
        "name": "test",
        "robot": {"model": "two_link"},
        "sim": {"engine": "twin"},
        "task": [{"do": "wait", "duration": 0.05}],
        "controller": PD,
    }
    return Scenario.of(base | changes)


def test_an_unstable_loop_is_told_before_the_grasp_that_it_misses():
    cube = {"name": "cube", "shape": "box", "size": [0.05] * 3, "position": [0.5, 0, 0.025], "mass": 0.2}
    made = scenario(
        robot={"model": "panda"},
        sim={"force_unstable": True},
        world=[cube],
        task=[{"do": "move", "to": {"offset": [0.1, 0, 0]}}, {"do": "grasp", "object": "cube"}],
        controller={"type": "pd", "kp": 100, "kd": 50},
    )
    result = run(made)
    assert result.verdict == "diverged"
    assert result.why.startswith("unstable: torques jump")


def test_what_is_no_scenario_is_refused_with_the_remedy():
    with pytest.raises(InvalidInput, match=r"takes a Scenario, got 's\.yaml'; make one with Scenario\.load"):
        run("s.yaml")


def test_a_broken_time_step_is_not_blamed_on_the_rates():
    with pytest.raises(ScenarioError) as error:
        scenario(sim={"timestep": "1 Hz", "control_rate": "3 kHz"})
    assert len(error.value.problems) == 1


def test_the_log_rate_of_a_file_is_told_where_it_does_not_fit():
    with pytest.raises(ScenarioError, match="2000 Hz is above the physics rate 1000 Hz"):
        scenario(output={"log_rate": "2 kHz"})


DOUBTFUL = """<robot name="r"><link name="a"/>
<link name="b"><inertial><mass value="1"/><origin xyz="0 0 0.1"/>
<inertia ixx="0.01" iyy="0.01" izz="10" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="j" type="revolute"><parent link="a"/><child link="b"/><axis xyz="0 1 0"/>
<limit lower="-1" upper="1" effort="50" velocity="3"/></joint></robot>"""


def test_what_the_audit_finds_in_a_users_robot_is_a_warning_of_the_run(tmp_path):
    (tmp_path / "r.urdf").write_text(DOUBTFUL)
    result = run(scenario(robot={"file": str(tmp_path / "r.urdf")}))
    assert any('link "b": impossible inertia' in warning for warning in result.warnings)


def test_a_full_disk_is_one_sentence_and_the_run_is_kept_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").mkdir()
    write = sims.keep.write_run

    def full(folder, **parts):
        if "elsewhere" not in str(folder):
            raise RunNotSaved(f"the run could not be saved to {folder}: no space left on the disk")
        return write(folder, **parts)

    monkeypatch.setattr(sims.keep, "write_run", full)
    with pytest.raises(
        RunNotSaved, match=r"no space left on the disk; what was computed .accepted. is kept in "
    ) as error:
        run(scenario(), out=tmp_path / "run")
    (kept,) = (tmp_path / "elsewhere").glob("robocalc-*/run")
    assert str(error.value).endswith(str(kept))
    assert json.loads((kept / "metrics.json").read_text())["verdict"] == "accepted"
    assert (kept / "log.npz").is_file()


def test_a_disk_that_is_full_everywhere_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def full(folder, **_):
        raise RunNotSaved(f"{folder}: {errno.errorcode[errno.ENOSPC]}")

    monkeypatch.setattr(sims.keep, "write_run", full)
    with pytest.raises(RunNotSaved, match=r"run: ENOSPC$"):
        run(scenario(), out=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_export_writes_every_number_of_the_log(tmp_path):
    result = run(scenario(), out=tmp_path / "run", plots=False, report=False)
    done = CliRunner().invoke(app, ["export", str(tmp_path / "run")])
    assert done.exit_code == 0
    assert done.stdout.strip() == str(tmp_path / "run" / "log.csv")
    table = np.genfromtxt(tmp_path / "run" / "log.csv", delimiter=",", names=True, deletechars="")
    assert (table["q.shoulder_[rad]"] == result.log.q[:, 0]).all()
    assert (table["t_[s]"] == result.log.t).all()
    assert CliRunner().invoke(app, ["export", str(tmp_path / "none")]).exit_code == 2


@pytest.mark.parametrize(("model", "link"), [("panda", "panda_link0"), ("xarm6", "link_base")])
def test_a_push_on_the_base_is_refused_where_it_is_written(model, link):
    push = {"type": "push", "link": link, "force": [1, 0, 0], "start": 0, "duration": 1}
    with pytest.raises(ScenarioError, match=rf"disturbances\.0\.link: a push on '{link}' moves nothing"):
        scenario(robot={"model": model}, disturbances=[push])
