"""The speed that a sweep recommends, where the best one can be worked by hand."""

import json

import numpy as np
import pytest

import robocalc as rc
from sims import Scenario, sweep
from sims.cli import main

TURN, COPPER, ENERGY, HOUR = 1.2, 40.0, 5e3, 1.0


def turning(**changes):
    """The two-link arm, straight, turns about its shoulder without gravity; all that brakes comes back."""
    base = Scenario.of(
        {
            "format": "robocalc/1",
            "name": "turning",
            "sim": {"engine": "twin", "gravity": [0, 0, 0]},
            "robot": {"model": "two_link", "motors": {"copper_loss": COPPER, "regeneration": 1}},
            "task": [{"do": "move", "name": "turn", "to": {"joints": [TURN, 0]}, "duration": 2}],
            "controller": {"type": "computed_torque"},
            "prices": {"energy": ENERGY, "machine": HOUR},
        }
    )
    return base.with_(changes) if changes else base


def loss():
    """k in ∫ c τ² dt = k / T³ of a minimum-jerk turn: τ = M₁ a and ∫ a² dt = 120/7 Δ²/T³."""
    M = rc.dynamics.load("two_link").mass_matrix(np.zeros(2))
    return COPPER * float(M[:, 0] @ M[:, 0]) * 120 / 7 * TURN**2


def best():
    """T of the least of ENERGY k/T³ / 3.6e6 + HOUR T / 3600: T⁴ = 3 k ENERGY / (1000 HOUR)."""
    return (3 * loss() * ENERGY / 3.6e6 * 3600 / HOUR) ** 0.25


@pytest.fixture(scope="module")
def table():
    T = best()
    times = np.round(np.linspace(0.7 * T, 1.3 * T, 13), 3)
    return sweep(turning(), {"task.turn.duration": times.tolist()}, workers=0, pareto=["cost.per_cycle"])


def test_energy_and_cost_are_those_worked_by_hand(table):
    T = np.array(table["task.turn.duration"])
    assert set(table["verdict"]) == {"accepted"}
    np.testing.assert_allclose(table["energy.electrical_j"], loss() / T**3, rtol=2e-3)  # of 1 ms steps
    cost = ENERGY * loss() / T**3 / 3.6e6 + HOUR * T / 3600
    np.testing.assert_allclose(table["cost.per_cycle"], cost, rtol=2e-3)


def test_the_recommended_speed_is_the_cheapest_one(table):
    step = np.ptp(table["task.turn.duration"]) / 12
    assert abs(table.recommend("cost.per_cycle")["task.turn.duration"] - best()) <= 0.6 * step
    both = table.pareto("time.total_s", "energy.electrical_j")
    assert len(both) == len(table)  # each second saved costs energy: none is beaten
    assert 0.7 * best() < table.recommend("time.total_s", "energy.electrical_j")["task.turn.duration"] < 1.3 * best()


def test_the_command_names_the_run_and_says_when_there_is_none(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    turning().save("turning.yaml")
    command = ["sweep", "turning.yaml", "--workers", "0", "--no-plots", "--over"]
    over, figures = f"task.turn.duration={0.6 * best():.3f},{best():.3f}", ["--pareto", "cost.per_cycle"]
    assert main([*command, over, *figures, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["recommended"] == 1
    assert main([*command, over, *figures, "--set", "accept.torque.max.max=1e-9", "--out", "none"]) == 0
    assert "recommended: none of them, as no run is accepted" in capfd.readouterr().out
    assert main([*command, "task.turn.duration=0.001,0.002", *figures, "--out", "fast"]) == 0
    assert "warning: no Pareto front: no run has any figure" in capfd.readouterr().out
    assert main([*command, over, "--pareto", ","]) == 2
    assert "--pareto takes metrics" in capfd.readouterr().err


def test_a_loss_for_a_joint_that_is_not_there_is_refused(tmp_path, capfd):
    file = tmp_path / "turning.yaml"
    turning().save(file)
    assert main(["check", str(file), "--set", "robot.motors.copper_loss=[1, 2, 3]"]) == 2
    assert "two_link has 2 joints, got 3 values" in capfd.readouterr().err
