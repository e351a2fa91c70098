"""Identification against the numbers that the simulated truth was given."""

import numpy as np
import pytest
import yaml

from robocalc.dynamics import load
from robocalc.dynamics.regressor import physical, pseudo_inertia
from robocalc.errors import InvalidInput, UnknownName
from sims import Scenario, run
from sims.cli.guard import exit_code
from sims.learn import identify
from sims.record.export import export_csv
from tests.sims.learn.cases import COM, COULOMB, MASS, VISCOUS, moves, swing


@pytest.fixture(scope="module")
def swung():
    return run(swing())


@pytest.mark.parametrize("seed", [2, 5])
def test_payload_and_friction_of_the_panda_from_five_noisy_seconds(seed):
    made = run(moves(seed))
    found = identify(made, what="payload,friction")
    truth = made.robot.friction + np.array([VISCOUS, COULOMB])
    assert found.payload["mass"] == pytest.approx(MASS, rel=0.01)
    np.testing.assert_allclose(found.payload["com"], COM, atol=1e-3)
    np.testing.assert_allclose(found.friction, truth, rtol=0.05)
    assert found.unidentified == ()


def test_a_believed_payload_counts_as_part_of_the_whole_and_delay_is_found():
    robot = {"model": "two_link", "home": [-1.5708, 0.3], "payload": {"mass": 0.3, "com": [0.02, 0.0, 0.0]}}
    extra = {"type": "payload_error", "mass": 0.2, "com": [0.02, 0.0, 0.0]}
    sensors = {"joint_position": {"std": 1e-5}, "latency": 0.003}
    found = identify(run(swing(robot=robot, disturbances=[extra], sensors=sensors)), what=("payload", "delay"))
    assert found.payload["mass"] == pytest.approx(0.5, rel=0.02)
    assert found.delay == pytest.approx(0.003, abs=1e-3)
    assert found.estimate("payload.mass").believed == 0.3


def test_a_csv_of_a_real_robot_gives_what_its_run_gives(swung, tmp_path):
    table = export_csv(swung.log, tmp_path / "log.csv", swung.robot.joints)
    found = identify(table, robot="two_link")
    mine = identify(swung)
    assert found.payload["mass"] == pytest.approx(mine.payload["mass"], rel=1e-3)
    np.testing.assert_allclose(found.friction, mine.friction, rtol=1e-2)
    plain = tmp_path / "plain.csv"
    rows = np.column_stack([swung.log.t, swung.log.q_measured, swung.log.tau])[::4]
    np.savetxt(plain, rows, delimiter=",", header="time,q1,q2,tau1,tau2", comments="")
    assert identify(plain, robot="two_link").payload["mass"] == pytest.approx(0.4, rel=0.05)


def test_what_comes_out_is_a_scenario_that_tracks_better_and_a_body_that_can_exist(swung, tmp_path):
    found = identify(swung)
    again = run(found.applied(swung.scenario).with_({"disturbances": []}))
    rms = [made.metrics["tracking.joint_rms_rad"].value for made in (swung, again)]
    assert rms[1] < 0.2 * rms[0]
    xx, yy, zz, xy, xz, yz = found.payload["inertia"]
    moments = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    assert moments[0] > 0
    assert moments[2] < moments[0] + moments[1]
    patch = yaml.safe_load(found.to_yaml())
    assert patch["robot"]["payload"]["mass"] == found.payload["mass"]
    assert patch["robot"]["friction"]["coulomb"] == found.friction[1].tolist()


def test_links_inertias_are_fitted_towards_the_truth_and_stay_possible(tmp_path):
    """A model whose forearm is believed 10 % too light in all its inertia."""
    robot = load("two_link")
    path = robot.write_urdf(tmp_path / "light.urdf")
    text = path.read_text()
    link = robot.tree.link(robot.tree.moving[1].child)
    heavy = link.inertial.mass
    assert f'value="{heavy!r}"' in text
    path.write_text(text.replace(f'value="{heavy!r}"', f'value="{0.9 * heavy!r}"'))
    made = run(swing(disturbances=[]))
    believed = made.scenario.with_({"robot.model": None, "robot.file": str(path)})
    from dataclasses import replace

    from sims.learn.recording import of_run

    found = identify(replace(of_run(made), scenario=None), scenario=believed, what="inertia")
    name = f"mass of what {robot.joints[1]} carries"
    moved = found.estimate(name)
    assert moved.value > moved.believed
    q, v, a = made.log.q[::50], made.log.v[::50], made.log.a_ref[::50]
    truth = robot.inverse_dynamics(q, v, a)
    errors = [abs(r.inverse_dynamics(q, v, a) - truth).max() for r in (load_of(path), found.fitted)]
    assert errors[1] < 0.1 * errors[0]
    for body in found.fitted.model().bodies:
        assert body[12] > 0
    assert np.linalg.eigvalsh(pseudo_inertia(physical(np.zeros(10))))[0] > 0


def load_of(path):
    from robocalc.dynamics import Robot

    return Robot.from_urdf(path)


def test_motion_that_tells_nothing_is_refused_by_name(swung):
    still = run(swing(task=[{"do": "wait", "duration": 1.0}], sensors={}))
    with pytest.raises(InvalidInput, match=r"stands nearly still.*payload\.mass"):
        identify(still)
    short = run(swing(task=[{"do": "move", "to": {"joints": [-1.5, 0.35]}, "duration": 0.2}]))
    with pytest.raises(InvalidInput, match=r"too short to tell payload\.mass"):
        identify(short)
    with pytest.raises(UnknownName, match="friction"):
        identify(swung, what="frictions")
    with pytest.raises(InvalidInput, match="not of panda"):
        identify(swung, robot="panda")


def test_a_joint_that_stands_is_named_and_keeps_its_friction():
    there, back = {"joints": [-0.6, 0.3]}, {"joints": [-1.5708, 0.3]}
    task = [{"do": "move", "to": to, "duration": 1.0} for to in (there, back, there, back)]
    made = run(swing(task=task, disturbances=[], sensors={}))
    found = identify(made, what="friction")
    joint = made.robot.joints[1]
    assert f"friction.coulomb.{joint}" in found.unidentified
    assert found.friction[1, 1] == made.robot.friction[1, 1]
    assert any(joint in note for note in found.notes)


def test_the_command_writes_patch_and_scenario(tmp_path, capsys):
    made = run(swing(), out=tmp_path / "run", plots=False, report=False)
    out, save = tmp_path / "patch.yaml", tmp_path / "better.yaml"
    assert exit_code(["identify", str(made.folder), "--out", str(out), "--save", str(save)]) == 0
    assert "payload.mass" in capsys.readouterr().out
    assert yaml.safe_load(out.read_text())["robot"]["payload"]["mass"] == pytest.approx(0.4, rel=0.02)
    assert Scenario.load(save).disturbances == ()
    assert exit_code(["identify", str(tmp_path / "no-such-run")]) == 2
    assert exit_code(["identify", str(made.folder), "--robot", "iiwa"]) == 2
    bad = tmp_path / "bad.csv"
    bad.write_text("t,q1,tau1\n0,0,0\n1,nan,0\n")
    assert exit_code(["identify", "--csv", str(bad), "--robot", "two_link"]) == 2
    assert "bad.csv" in capsys.readouterr().err
