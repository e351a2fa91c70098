"""Each figure against a value worked by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from robocalc.trajectory import Limits
from sims import metrics
from sims.metrics import Evidence, measure

T = np.arange(5) * 0.5  # 0 .. 2 s


def column(*values):
    return np.array(values, float)[:, None]


def test_rms_is_over_samples_and_joints():
    assert metrics.rms(np.array([[3.0, 0.0], [0.0, 4.0]])) == pytest.approx(2.5)  # sqrt((9 + 16) / 4)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.3, 3.0, np.pi])
def test_rotation_angle_about_z(angle):
    c, s = np.cos(angle), np.sin(angle)
    B = np.array([[[c, -s, 0], [s, c, 0], [0, 0, 1.0]]])
    assert metrics.rotation_angle(np.eye(3)[None], B)[0] == pytest.approx(angle, abs=1e-15)


def test_settling_counts_from_the_end_of_the_motion_to_the_last_time_outside_the_band():
    e = column(0, 0.3, 0.3, 0.01, 0)
    assert metrics.settling_time(T, e, np.array([0.02]), end=0.5) == 1.0  # last outside at 1.0 s, inside from 1.5 s
    assert metrics.settling_time(T, e, np.array([0.5]), end=0.5) == 0.0
    assert np.isnan(metrics.settling_time(T, column(0, 0, 0, 0, 1), np.array([0.1]), end=0.5))


def test_overshoot_is_relative_to_the_motion_and_signed():
    q_ref = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]])
    q = np.array([[0.0, 1.0], [0.5, 0.5], [1.2, -0.1]])
    assert metrics.overshoot(q, q_ref) == pytest.approx(20.0)
    assert metrics.overshoot(q_ref * 0.9, q_ref) == 0.0  # falling short is no overshoot


def test_effort_energy_and_torque_rate():
    tau, v = column(2, 2, 4, 4, 4), column(0, 1, -1, 1, 0)
    assert metrics.effort(tau, 0.5) == 0.5 * (4 + 4 + 16 + 16)
    assert metrics.mechanical_energy(tau, v, 0.5) == 0.5 * (2 * 1 + 2 * 1 + 4 * 1 + 0)
    assert metrics.torque_rate(tau, 0.5) == pytest.approx(np.sqrt((0 + 16 + 0) / 3))


def test_squared_jerk_of_constant_jerk():
    dt, jerk = 0.01, 6.0
    t = np.arange(101) * dt
    v = column(*(0.5 * jerk * t**2))
    assert metrics.squared_jerk(v, dt) == pytest.approx(jerk**2 * dt * 99)


def test_saturation_counts_samples_not_joints():
    wanted = np.array([[1.0, 1.0], [5.0, 5.0], [1.0, 5.0], [0.0, 0.0]])
    assert metrics.saturated_fraction(wanted, np.minimum(wanted, 2.0)) == 0.5


def test_limit_violations_count_joint_and_kind_once():
    limits = SimpleNamespace(position=np.array([[-1.0, -1], [1, 1]]), velocity=np.array([2.0, 2]))
    q = np.array([[0.0, 0], [1.5, 0], [1.6, 0]])
    v = np.array([[0.0, 0], [3.0, -3.0], [0, 0]])
    assert metrics.limit_violations(q, v, limits) == 3
    assert metrics.limit_violations(q * 0, v * 0, limits) == 0


def pose(x):
    out = np.tile(np.eye(4), (len(x), 1, 1))
    out[:, 0, 3] = x
    return out


def evidence(**changes):
    q_ref = column(0, 0.5, 1, 1, 1)
    base = dict(
        t=T,
        q=q_ref + column(0, 0, 0.1, 0, 0),
        v=column(0, 1, 1, 0, 0),
        q_ref=q_ref,
        v_ref=column(0, 1, 1, 0, 0),
        tau=column(1, 1, 1, 1, 1),
        tau_wanted=column(1, 1, 3, 1, 1),
        tracked=np.array([True]),
        limits=Limits(),
        tcp=pose([0, 0, 0.003, 0, 0]),
        tcp_ref=pose([0, 0, 0, 0, 0]),
        moves=((0.0, 1.0),),
    )
    return Evidence(**(base | changes))


def test_a_run_measured_by_hand():
    found = measure(evidence())
    assert found["tracking.joint_rms_rad"].value == pytest.approx(0.1 / np.sqrt(5))
    assert found["tracking.joint_max_deg"] == (pytest.approx(np.rad2deg(0.1)), "deg", 1.0)
    assert found["tracking.tcp_max_mm"] == (pytest.approx(3.0), "mm", 1.0)
    assert found["tracking.joint_final_deg"].value == 0
    assert found["overshoot.max_percent"].value == pytest.approx(10.0)
    assert found["settling.time_s"].value == 0.0  # outside at 1.0 s, the motion ends at 1.5 s
    assert found["torque.saturated_fraction"].value == pytest.approx(0.2)
    assert "grasp.slip_mm" not in found


def test_objects_clearance_and_contacts():
    found = measure(
        evidence(
            clearance=(T, np.array([0.5, 0.2, 0.02, 0.3, 0.4])),
            contacts=(T, np.array([0, 0, 20.0, 0, 0]), np.zeros(5)),
            targets={"cube": (np.array([0, 0.003, 0.004]), np.zeros(3), np.array([1.0, 0.003, 0.004]))},
            slip={"cube": 0.0015},
        )
    )
    assert found["clearance.min_mm"] == (pytest.approx(20.0), "mm", 1.0)
    assert found["contact.max_force_n"] == (20.0, "N", 1.0)
    assert found["object.cube.final_error_mm"].value == pytest.approx(5.0)
    assert found["object.cube.moved_mm"].value == pytest.approx(1000.0)
    assert found["grasp.slip_mm"].value == pytest.approx(1.5)


def test_joints_in_force_mode_do_not_count_as_tracked():
    run = evidence()
    wide = {name: np.hstack([getattr(run, name)] * 2) for name in ("q", "v", "q_ref", "v_ref", "tau", "tau_wanted")}
    wide["q"] = wide["q"] + np.array([0.0, 5.0])
    found = measure(evidence(**wide, tracked=np.array([True, False])))
    assert found["tracking.joint_rms_rad"].value == pytest.approx(0.1 / np.sqrt(5))
