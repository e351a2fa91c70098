"""What a motion costs, against what can be worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

import robocalc as rc
from sims import Scenario, run
from sims.metrics_cost import Drives, costs, electrical_energy, electrical_power, reversals, wear
from sims.scenario.schema_cost import Motors, Prices


def a_run(tau, v, dt):
    n = tau.shape[1]
    return SimpleNamespace(t=np.arange(len(tau)) * dt, dt=dt, tau=tau, v=v, n=n)


def test_a_mass_lifted_at_constant_speed_takes_its_weight_and_the_copper():
    dt, N, force, speed, copper = 0.001, 2000, 20.0, 0.5, 0.3
    tau, v = np.full((N + 1, 1), force), np.full((N + 1, 1), speed)
    power = electrical_power(tau, v, copper)
    assert electrical_energy(power, dt) == pytest.approx((force * speed + copper * force**2) * N * dt, rel=1e-12)


def test_what_braking_gives_back_is_the_share_that_is_used():
    dt, N = 0.001, 1000
    tau, v = np.full((N + 1, 1), -10.0), np.full((N + 1, 1), 2.0)
    power = electrical_power(tau, v, 0.0)
    assert electrical_energy(power, dt) == 0.0
    assert electrical_energy(power, dt, regeneration=0.6, idle=5.0) == pytest.approx(-0.6 * 20.0 + 5.0, rel=1e-12)


def test_wear_is_the_cube_of_the_load():
    tau, v = np.full((11, 2), [50.0, -100.0]), np.full((11, 2), [1.0, -0.5])
    assert wear(tau, v, np.array([100.0, 100.0]), 0.1) == pytest.approx(0.5**3 * 1.0 + 0.5, rel=1e-12)


def test_reversals_count_swings_and_not_noise():
    t = np.linspace(0, 3, 3001)
    tau = np.stack([10 * np.cos(2 * np.pi * t), 5 + 0.01 * np.sin(900 * t)], axis=1)
    assert reversals(tau) == 6
    rounding = 1e-15 * np.random.default_rng(0).standard_normal((3001, 1))
    assert reversals(np.hstack([tau, rounding])) == 6  # a joint that carries nothing
    assert reversals(np.zeros((5, 2))) == reversals(np.zeros((0, 2))) == 0


def test_the_copper_left_out_is_a_tenth_of_the_peak_power_at_full_torque():
    robot = rc.dynamics.load("panda")
    drives = Drives.of(robot, Motors())
    torque, speed = robot.limits.torque, robot.limits.velocity
    assert np.allclose(drives.copper * torque**2, 0.1 * torque * speed)
    assert (Drives.of(rc.dynamics.load("quadrotor"), Motors()).copper == 0).all()


def test_the_cost_adds_energy_time_and_wear_at_their_prices():
    tau, v = np.full((1001, 1), 10.0), np.full((1001, 1), 1.0)
    drives = Drives(np.zeros(1), 0.0, 0.0, np.array([10.0]))
    found = {
        name: value
        for name, value, _, _ in costs(a_run(tau, v, 0.001), drives, Prices(energy=0.36, machine=36, wear=2))
    }
    assert found["cost.per_cycle"] == pytest.approx(0.36 * 10 / 3.6e6 + 36 / 3600 + 2.0, rel=1e-12)


def test_a_scenario_with_prices_bounds_its_cost():
    scenario = Scenario.of(
        {
            "format": "robocalc/1",
            "name": "cost",
            "sim": {"engine": "twin"},
            "robot": {"model": "two_link", "motors": {"copper_loss": [0.1, 0.2], "idle_power": 20}},
            "task": [{"do": "move", "to": {"joints": [0.5, 0.3]}}],
            "controller": {"type": "computed_torque"},
            "prices": {"energy": 0.3, "machine": 40, "currency": "USD"},
            "accept": {"cost.per_cycle": {"max": 1.0}, "power.peak_w": {"min": 20}},
        }
    )
    made = run(scenario)
    assert made.accepted, made.acceptance
    cost = made.metrics["cost.per_cycle"]
    energy, time = made.metrics["energy.electrical_j"].value, made.metrics["time.total_s"].value
    assert cost.unit == "USD"
    assert cost.value == pytest.approx(0.3 * energy / 3.6e6 + 40 * time / 3600, rel=1e-12)
