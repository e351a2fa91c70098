"""Iterative learning on a motion with a payload and friction that the controller does not know of."""

import numpy as np
import pytest

from robocalc.errors import InvalidInput
from sims import Scenario, run
from sims.cli.guard import exit_code
from sims.learn import repeat
from tests.sims.learn.cases import NOISE, moves, swing


def short(**more):
    return moves(1, moves=2, duration=1.0, **{"sensors": {}, **more})


def test_the_error_is_fifty_times_smaller_after_ten_repetitions():
    found = repeat(short(), 10)
    assert found.errors[0] > 50 * found.errors[10]
    assert found.gain >= 50
    assert len(found.errors) == 11


def test_noise_does_not_spoil_it_and_repetitions_have_noise_of_their_own():
    found = repeat(short(sensors=NOISE), 10)
    assert found.errors[0] > 20 * found.errors[10]
    assert max(found.errors[5:]) < found.errors[0] / 20
    assert found.cutoffs[-1] < found.cutoffs[0]


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
