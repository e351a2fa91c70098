"""Scenarios that run on estimates: what is refused, what is kept of them, and every way of running one."""

import csv
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from robocalc.control import ESTIMATORS
from robocalc.errors import InvalidInput, ScenarioError
from sims import Scenario, run, sweep, tune
from sims.batch.quick import Quick
from sims.log import ESTIMATES
from sims.metrics_estimate import errors, figures
from sims.record import export_log, read_run
from sims.record.logs import compare, read_log, write_log
from sims.report.gather import report_data
from sims.tune.case import Case

DATA = {
    "format": "robocalc/1",
    "name": "encoders",
    "sim": {"engine": "twin"},
    "robot": {"model": "two_link"},
    "task": [{"do": "move", "to": {"joints": [0.3, 0.4]}, "duration": 0.6}, {"do": "wait", "duration": 0.1}],
    "controller": {"type": "computed_torque", "wn": 20},
    "sensors": {"latency": 0.002, "joint_position": {"std": 5e-5}, "joint_velocity": {"available": False}},
    "estimator": {"type": "kalman"},
}


def scenario(**changes):
    return Scenario.of(DATA, list(changes.pop("overrides", {}).items())).with_(changes)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return run(scenario(), out=tmp_path_factory.mktemp("kalman"))


# what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("estimator", None, "the controller needs velocities: add an estimator, one of difference, observer, kalman"),
        ("estimator.type", "kalmann", "did you mean 'kalman'"),
        ("estimator.torque_noise", [1, 2, 3], "two_link has 2 joints, got 3 values"),
        ("estimator.torque_noise", -1, "estimator.torque_noise"),
        ("sensors.joint_position.missing", ["elbo"], "no joint 'elbo'; did you mean 'elbow'"),
        ("sensors.joint_position.missing", ["elbow"], "kalman needs an encoder on every joint, elbow has none; ekf"),
        ("sensors.joint_velocity", {"filter_hz": 50}, "kalman takes measurements for unfiltered"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(key, value, why):
    with pytest.raises(ScenarioError, match=why) as told:
        Scenario.of(DATA, [(key, value)])
    assert "error: sensors." in str(told.value) or "error: estimator" in str(told.value)


def test_a_joint_without_encoder_takes_a_filter_of_the_whole_robot():
    with pytest.raises(ScenarioError, match="needs the position of elbow: add an estimator, ekf or ukf"):
        Scenario.of(DATA, [("sensors.joint_position.missing", ["elbow"]), ("estimator", None)])
    Scenario.of(DATA, [("sensors.joint_position.missing", ["elbow"]), ("estimator.type", "ekf")])


def test_tyres_are_beyond_a_model_of_drives():
    data = DATA | {"robot": {"model": "husky"}, "controller": {"type": "pure_pursuit"}}
    data |= {"task": [{"do": "wait", "duration": 0.1}]}
    with pytest.raises(ScenarioError, match="kalman knows no forces of tyres"):
        Scenario.of(data)


# what is kept --------------------------------------------------------------------------------------------------------


def test_figures_are_those_of_their_formulas(made):
    log = made.log
    e = log.estimate[:, :2] - log.joint[:, :2]
    values = {name: metric.value for name, metric in made.metrics.items() if name.startswith("estimate.")}
    assert_allclose(values["estimate.position_rms_rad"], np.sqrt(np.mean(e[:, 0] ** 2)))
    assert_allclose(values["estimate.velocity_rms"], np.sqrt(np.mean(e[:, 1] ** 2)))
    assert_allclose(values["estimate.nees"], np.mean((e / log.estimate[:, 2:]) ** 2))
    assert_allclose(values["estimate.inside_95_fraction"], np.mean(np.abs(e) <= 1.96 * log.estimate[:, 2:]), atol=2e-3)
    assert not any(name.startswith("estimate.") for name in run(scenario(estimator=None, sensors={})).metrics)


def test_figures_of_a_gaussian_are_what_the_table_says():
    sigma = np.full((20_000, 2, 3), 0.2)
    found = {
        name: value for name, value, _ in figures(0.2 * np.random.default_rng(0).standard_normal(sigma.shape), sigma)
    }
    assert found["estimate.inside_95_fraction"] == pytest.approx(0.95, abs=0.003)
    assert found["estimate.nees"] == pytest.approx(1.0, abs=0.02)


def test_the_log_keeps_every_bit_and_reproduces(made, tmp_path):
    write_log(tmp_path / "log.npz", made.log, made.robot.joints)
    back, header, words = read_log(tmp_path / "log.npz")
    assert_array_equal(back.estimate, made.log.estimate)
    assert_array_equal(back.t_estimate, made.log.t_estimate)
    assert header.units["v_estimate"] == ["rad/s", "rad/s"]
    assert set(ESTIMATES) < set(words["meaning"])
    again = run(scenario())
    assert compare(made.log, again.log).same
    other = run(scenario(seed=9))
    assert not compare(made.log, other.log).same
    moved = made.log.estimate.copy()
    moved[7, 1, 1] += 1e-9
    told = compare(made.log, type(made.log)(**{**vars(made.log), "estimate": moved}), made.robot.joints)
    assert (told.channel, told.t) == ("v_estimate", pytest.approx(0.007))
    assert "v_estimate of elbow" in told.sentence


def test_exports_hold_the_estimates(made, tmp_path):
    folder = made.folder
    with open(export_log(folder, "csv", tmp_path / "log.csv"), newline="") as file:
        rows = list(csv.reader(file))
    at = rows[0].index("v_estimate.elbow [rad/s]")
    assert [float(row[at]) for row in rows[1:]] == made.log.estimate[:, 1, 1].tolist()
    pytest.importorskip("mcap")
    from mcap.reader import make_reader

    with open(export_log(folder, "mcap", tmp_path / "log.mcap"), "rb") as file:
        told = [json.loads(m.data) for _, _, m in make_reader(file).iter_messages(topics=["/joints/estimated"])]
    assert [m["velocity_std"] for m in told] == made.log.estimate[:, 3].tolist()


def test_the_report_shows_the_error_in_its_band(made):
    data = report_data(name="x", robot=made.robot, log=made.log)
    panel = data.panel("estimate_velocity")
    t, e, deviation = errors(made.log)
    assert_array_equal(panel.t, t)
    assert_array_equal(panel.values, e[:, 1])
    assert_allclose(panel.band, 1.96 * deviation[:, 1], rtol=1e-4)
    folder = made.folder
    assert (folder / "plots" / "estimate.png").stat().st_size > 10_000
    assert "Error of the estimated velocity" in (folder / "report.html").read_text(encoding="utf-8")
    assert read_run(folder).log.estimate.shape == made.log.estimate.shape


def test_at_a_slower_control_rate_there_is_a_row_a_control_instant():
    made = run(scenario(overrides={"sim.control_rate": 250}))
    assert_allclose(made.log.t_estimate, np.arange(176) * 0.004, atol=1e-12)
    assert made.log.estimate.shape == (176, 4, 2)
    assert made.metrics["estimate.position_rms_rad"].value < 2e-4


# every way of running one --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("robot", ["two_link", "quadrotor_2d"])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_engines_agree(name, robot):
    pytest.importorskip("pybullet")
    data = DATA | {"estimator": {"type": name}, "robot": {"model": robot}}
    if robot == "quadrotor_2d":
        data |= {"controller": {"type": "lqr"}, "task": [{"do": "wait", "duration": 0.1}]}
    twin, bullet = (run(Scenario.of(data, [("sim.engine", engine)])).log for engine in ("twin", "bullet"))
    assert np.abs(twin.q - bullet.q).max() < 1e-12
    assert_allclose(twin.estimate, bullet.estimate, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_tuning_sweeps_and_studio_run_the_same_loop(name):
    given = scenario(overrides={"estimator.type": name})
    expected = run(given).log
    case = Case(given)
    assert not case.sloped
    for _ in range(2):  # nothing is left behind
        trace = case.run(case.law())
        assert_array_equal(trace.joint, expected.joint)
        assert_array_equal(trace.log.estimate, expected.estimate)
    assert "estimate.velocity_rms" in trace.metrics
    assert_array_equal(Quick()(given).log.estimate, expected.estimate)


@pytest.mark.parametrize("method", ["nelder_mead", "gauss_newton"])
def test_numbers_of_an_estimator_can_be_tuned_without_gradients(method):
    words = {
        "objectives": {"estimate.velocity_rms": 1.0},
        "parameters": {"estimator.bandwidth": {"range": [20.0, 2000.0]}},
        "randomise": {"scenarios": 1},
        "budget": 12,
        "validation": 1,
        "verify": False,
    }
    given = scenario(overrides={"estimator": {"type": "observer", "bandwidth": 1500.0}})
    if method == "gauss_newton":
        with pytest.raises(InvalidInput, match="no estimator"):
            tune(given, method=method, **words)
        return
    study = tune(given, method=method, **words)
    assert study.best.cost < 0.5 * study.before.cost


def test_a_sweep_runs_over_kinds_of_estimators():
    study = sweep(scenario(), {"estimator": [{"type": name} for name in ("difference", "kalman")]})
    rough, smooth = (row["torque.rate_rms"] for row in study.rows)
    assert smooth < 0.2 * rough


def test_the_analysis_says_what_it_leaves_out():
    from sims.cli.analysis import analysis_json

    found = analysis_json(scenario())
    assert found["stable"]
    assert "those of estimator kalman come besides" in found["warnings"][-1]


def test_a_filter_that_is_wrong_keeps_its_data_and_says_so(tmp_path):
    wrong = {"type": "ekf", "position_std": 1e-6, "torque_noise": 1e-4, "drift": 0}
    made = run(
        scenario(overrides={"estimator": wrong, "disturbances": [{"type": "payload_error", "mass": 2}]}),
        out=tmp_path / "wrong",
    )
    assert any("estimator ekf diverged at t = " in told for told in made.warnings)
    assert read_run(tmp_path / "wrong").log.estimate.shape == made.log.estimate.shape
