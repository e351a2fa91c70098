"""Iterative learning on a motion with a payload and friction that the controller does not know of."""

from pathlib import Path

import numpy as np
import pytest

from robocalc.errors import InvalidInput
from sims import Scenario, run
from sims.cli.guard import exit_code
from sims.learn import repeat
from tests.sims.learn.cases import NOISE, moves, swing


def short(**more):
    return moves(1, moves=2, duration=1.0, **{"sensors": {}, **more})


def arc(**more):
    """There and back in 2 s, within what the drives can."""
    task = swing().to_dict()["task"][:2]
    return swing(**{"task": task, "sensors": {}, **more})


def law(kind, **gains):
    return {"controller": {"type": kind, **gains}}


LAWS = {
    "pd": law("pd", kp=[180.0, 90.0], kd=[14.0, 5.0], feedforward="gravity"),
    "pid": law("pid", kp=[180.0, 90.0], kd=[14.0, 5.0], ki=[500.0, 300.0]),
    "computed_torque": law("computed_torque", wn=30, zeta=1),
    "lqr": law("lqr"),
    "lqi": law("lqi"),
    "cascade": law("cascade"),
    "sliding_mode": law("sliding_mode"),
    "disturbance_observer": law("disturbance_observer"),
    "adaptive": law("adaptive"),
    "impedance": law("impedance", space="joint"),
}
SENSES = {
    "as it is": {},
    "5 ms late": {"sensors": {"latency": 0.005}},
    "at 250 Hz": {"sim": {"engine": "twin", "control_rate": 250}},
}


def test_the_error_is_fifty_times_smaller_after_ten_repetitions():
    found = repeat(short(), 10)
    assert found.errors[0] > 1000 * found.errors[10]
    assert len(found.errors) == 11
    assert found.limit == ""


@pytest.mark.parametrize("senses", SENSES)
@pytest.mark.parametrize("name", LAWS)
def test_under_any_law_late_and_slow(name, senses):
    found = repeat(arc(**LAWS[name], **SENSES[senses]), 10)
    assert found.gain > 50, found.table()


@pytest.mark.parametrize("name", ["pd", "computed_torque", "lqr", "cascade", "sliding_mode"])
def test_noise_does_not_spoil_it_and_repetitions_have_noise_of_their_own(name):
    found = repeat(arc(sensors=NOISE, **LAWS[name]), 10)
    assert found.gain > 50, found.table()
    assert found.errors[0] > 30 * max(found.errors[5:])
    assert np.isfinite(found.cutoffs).all()
    assert len(set(found.errors)) == 11


def test_coarse_encoders_are_no_exact_ones():
    found = repeat(arc(sensors={"joint_position": {"quantization": 1e-4}}), 10)
    assert found.gain > 50, found.table()
    assert np.isfinite(found.cutoffs).all()


def test_a_lagging_drive_is_led():
    lag = [*swing().to_dict()["disturbances"], {"type": "motor_lag", "time_constant": 0.01}]
    assert repeat(arc(disturbances=lag), 10).gain > 50


def test_where_physics_stand_in_the_way_it_is_said():
    weak = {"model": "two_link", "home": [-1.5708, 0.3], "limits": {"effort_scale": 0.15}}
    found = repeat(arc(robot=weak), 4)
    assert found.errors[found.best] <= found.errors[0]
    assert "beyond the drives: " in found.limit
    noisy = repeat(arc(sensors=NOISE, disturbances=[]), 6)
    assert noisy.gain < 50
    assert "what is left is noise" in noisy.limit


def test_what_was_learned_is_a_scenario_that_both_engines_run_alike(tmp_path):
    found = repeat(swing(sensors={}), 4)
    scenario = Scenario.load(found.save(tmp_path))
    twin, bullet = (run(scenario, engine=engine) for engine in ("twin", "bullet"))
    np.testing.assert_allclose(twin.log.q, bullet.log.q, atol=1e-12)
    assert twin.metrics["tracking.joint_rms_rad"].value == pytest.approx(found.errors[found.best], rel=1e-6)
    assert found.gain > 5


def test_another_motion_than_the_repeated_one_is_refused(tmp_path):
    found = repeat(swing(sensors={}), 1)
    scenario = Scenario.load(found.save(tmp_path))
    with pytest.raises(InvalidInput, match="another motion"):
        run(scenario.with_({"task": swing(duration=5.0).to_dict()["task"]}))


def test_nothing_to_repeat_is_said():
    with pytest.raises(InvalidInput, match="whole number of repetitions"):
        repeat(swing(), 0)


def test_the_command_shows_a_table_and_writes_the_scenario(tmp_path, capsys):
    swing(sensors={}).save(tmp_path / "swing.yaml")
    out = tmp_path / "out"
    assert exit_code(["repeat", str(tmp_path / "swing.yaml"), "--learn", "2", "--out", str(out)]) == 0
    assert "times better than the first run" in capsys.readouterr().out
    assert (out / "repetitions.csv").read_text().count("\n") == 4
    assert Scenario.load(out / "scenario.yaml").learned.file == str(out / "learned.npz")


def test_a_robot_that_no_torque_of_its_drives_can_teach_stops_early():
    """The pole's error is not the cart's to take: it is said after two repetitions, not after ten."""
    scenario = Scenario.load(Path(__file__).resolve().parents[3] / "scenarios" / "swing_up" / "cart_pole_balance.yaml")
    found = repeat(scenario, 10)
    assert len(found.errors) == 3
    assert "no drive moves by itself" in found.limit
