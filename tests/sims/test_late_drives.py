"""Drives that follow late give another torque than asked for, and are not at their limits for that."""

import numpy as np
import pytest

from sims import Scenario, run

LAG = {"type": "motor_lag", "time_constant": 0.003}


def swing(effect, **more):
    return Scenario.of(
        {
            "format": "robocalc/1",
            "name": "late",
            "robot": {"model": "panda", "limits": {"velocity_scale": 0.3, "acceleration_scale": 0.05}},
            "sim": {"engine": "twin"},
            "task": [{"do": "move", "to": {"joints": [0.3, -0.5, 0.2, -2.1, 0.2, 1.7, 1.0]}}],
            "controller": {"type": "computed_torque", "wn": 20},
            "sensors": {"joint_position": {"std": 5e-5}, "joint_velocity": {"std": 0.005, "filter_hz": 100}},
            "disturbances": [effect],
        }
        | more
    )


def test_a_lag_is_no_saturation_and_no_chatter():
    made = run(swing(LAG))
    limits = made.robot.limits.bounds("torque", 7)
    assert (np.abs(made.log.tau_wanted) < limits[1]).all()
    assert np.abs(made.log.tau - made.log.tau_wanted).max() > 1e-3
    assert made.verdict == "accepted"
    assert made.metrics["torque.saturated_fraction"].value == 0


def test_what_is_beyond_the_limits_still_counts():
    weak = {"model": "panda", "limits": {"torque": [87, 87, 87, 22, 12, 12, 12]}}
    made = run(swing(LAG, robot=weak))
    beyond = (np.abs(made.log.tau_wanted[:, 3]) > 22).mean()
    assert 0 < beyond < 1
    assert made.metrics["torque.saturated_fraction"].value == pytest.approx(beyond)
