"""A force-torque sensor, against weights worked by hand and pinocchio's recursion."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, ScenarioError
from sims import Scenario, run
from sims.effects.force_torque import ForceTorque, flange_of
from sims.effects.force_torque import told as sensor_told
from sims.record import export_csv, export_mcap
from sims.record.logs import compare, read_log
from sims.report import stored_data
from sims.scenario.schema_effects import ForceTorqueSensor

G = 9.81


def holding(**more):
    """The Panda stands still, upright enough that every axis of its flange leans."""
    data = {
        "format": "robocalc/1",
        "name": "holding",
        "sim": {"engine": "twin"},
        "robot": {"model": "panda"},
        "task": [{"do": "wait", "duration": 0.3}],
        "controller": {"type": "computed_torque", "wn": 40, "zeta": 1},
        "sensors": {"force_torque": {}},
    }
    return Scenario.of(data | more)


def in_world(robot, q, wrench, link):
    R = robot.pose(q, link)[..., :3, :3]
    return np.einsum("...ij,...j->...i", R, wrench[..., :3])


@pytest.mark.parametrize("link", ["panda_link7", "panda_link4", "panda_link1"])
def test_pinocchio_passes_the_same_force_and_moment(link):
    pin = pytest.importorskip("pinocchio")
    robot = load("panda")
    model = pin.buildModelFromUrdf(str(robot.path))
    data = model.createData()
    rng = np.random.default_rng(3)
    q, v, a = rng.uniform(-1, 1, (3, 20, robot.n))
    ours = ForceTorque(robot, link).held(q, v, a)
    joint = model.frames[model.getFrameId(link)].parentJoint
    for k in range(20):
        pin.rnea(model, data, q[k], v[k], a[k])
        assert_allclose(ours[k], data.f[joint].vector, rtol=1e-10, atol=1e-10)


def test_a_payload_at_rest_weighs_m_g_on_the_sensor():
    light = run(holding())
    heavy = run(holding(robot={"model": "panda", "payload": {"mass": 2.0, "com": [0, 0, 0.05]}}))
    robot, q = heavy.plant_robot, heavy.log.q[-1]
    link = flange_of(robot)
    more = heavy.log.wrench[-1] - light.log.wrench[-1]
    assert_allclose(in_world(robot, q, more, link), [0, 0, 2 * G], atol=1e-6)
    T, tool = robot.pose(q, link), robot.pose(q)
    arm = tool[:3, :3] @ [0, 0, 0.05] + tool[:3, 3] - T[:3, 3]
    assert_allclose(T[:3, :3] @ more[3:], np.cross(arm, [0, 0, 2 * G]), atol=1e-6)


def test_a_push_beyond_is_felt_and_one_before_only_moves():
    push = {"type": "push", "link": "panda_hand", "force": [0, 30, 0], "start": 0.1, "duration": 0.15}
    stiff = {"type": "computed_torque", "wn": 200, "zeta": 1}
    made = run(holding(disturbances=[push], controller=stiff, task=[{"do": "wait", "duration": 0.25}]))
    free = run(holding(controller=stiff))
    log, link = made.log, flange_of(made.plant_robot)
    now = int(np.searchsorted(log.t_objects, 0.24))  # settled under the push
    force = in_world(made.plant_robot, log.q[24 * 10], log.wrench[now], link)
    rest = in_world(made.plant_robot, free.log.q[-1], free.log.wrench[-1], link)
    assert_allclose(force - rest, [0, -30, 0], atol=0.05)
    before = run(holding(disturbances=[push | {"link": "panda_link4"}], controller=stiff))
    now = int(np.searchsorted(before.log.t_objects, 0.24))
    assert np.linalg.norm(before.log.wrench[now] - free.log.wrench[-1]) < 0.1


def test_engines_agree_and_the_noise_is_the_seeds():
    move = [{"do": "move", "to": {"offset": [0, 0.1, 0], "frame": "world"}, "duration": 0.5}]
    twin, bullet = (run(holding(task=move, sim={"engine": name})).log for name in ("twin", "bullet"))
    assert_allclose(twin.wrench, bullet.wrench, atol=1e-7)
    assert np.array_equal(twin.t_objects, bullet.t_objects)
    noisy = [
        run(holding(task=move, sensors={"force_torque": {"std": [0.5] * 3 + [0.01] * 3}}, seed=s)) for s in (1, 1, 2)
    ]
    assert np.array_equal(noisy[0].log.wrench, noisy[1].log.wrench)
    assert not np.array_equal(noisy[0].log.wrench, noisy[2].log.wrench)
    assert_allclose((noisy[0].log.wrench - twin.wrench).std(axis=0), [0.5] * 3 + [0.01] * 3, rtol=0.35)
    assert np.array_equal(noisy[0].log.q, twin.q)


@pytest.mark.parametrize("engine", ["bullet", "mujoco"])
def test_what_the_hand_presses_on_is_felt_as_the_joint_torques_say(engine):
    """At rest J-transpose times the force of the table is what the torques lack to carry the arm: no contact needed."""
    pytest.importorskip({"bullet": "pybullet"}.get(engine, engine))
    table = {"name": "table", "shape": "box", "size": [0.4, 0.4, 0.2], "position": [0.45, 0, 0.287]}
    down = [
        {"do": "move", "to": {"offset": [0, 0, -0.1], "frame": "world"}, "duration": 1.0},
        {"do": "wait", "duration": 1},
    ]
    world = [table | {"known_to_planner": False}]
    made = run(holding(sim={"engine": engine}, world=world, task=down))
    log, robot = made.log, made.plant_robot
    assert log.contacts[-1] > 10
    assert np.abs(log.v[-1]).max() < 1e-3
    q, still = log.q[-1:], np.zeros((1, robot.n))
    link = flange_of(robot)
    own = ForceTorque(robot, link).held(q, still, still)[0]
    pressed = in_world(robot, q[0], log.wrench[-1] - own, link)
    lacking = log.tau[-2] + log.tau_world[-2] - robot.gravity(q)[0]
    by_torques = np.linalg.lstsq(robot.jacobian(q[0], link).T, lacking, rcond=None)[0][:3]
    assert_allclose(pressed, by_torques, atol=0.05 * np.linalg.norm(by_torques))
    assert -pressed[2] == pytest.approx(log.contacts[-1], rel=0.1)


SPEC = {
    "std": [0.3] * 3 + [0.02] * 3,
    "bias": [1, -2, 3, 0.1, 0.2, -0.3],
    "drift": [0.5, 0, 0, 0, 0, 0.1],
    "range": [50, 50, 40, 5, 5, 5],
    "filter_hz": 30,
    "quantization": [0.1] * 3 + [0.01] * 3,
}


def test_the_low_pass_is_scipys_and_is_half_the_power_at_its_corner():
    signal = pytest.importorskip("scipy.signal")
    t, x = np.arange(4000) * 1e-3, np.random.default_rng(1).normal(size=(4000, 6))
    told = sensor_told(ForceTorqueSensor(filter_hz=20.0), x, t, 0)
    share = 1 - np.exp(-2 * np.pi * 20e-3)
    wanted, _ = signal.lfilter([share], [1, share - 1], x, axis=0, zi=(1 - share) * x[:1])
    assert_allclose(told, wanted, atol=1e-12)
    wave = np.sin(2 * np.pi * 20 * t)[:, None] * np.ones(6)
    out = sensor_told(ForceTorqueSensor(filter_hz=20.0), wave, t, 0)[2000:]
    assert out.std() / wave.std() == pytest.approx(np.sqrt(0.5), rel=0.02)


def test_bias_drift_range_and_resolution_are_what_they_say():
    t = np.arange(100) * 0.01
    zero = np.zeros((100, 6))
    drifted = sensor_told(ForceTorqueSensor(bias=SPEC["bias"], drift=SPEC["drift"]), zero, t, 0)
    assert_allclose(drifted, np.array(SPEC["bias"]) + np.outer(t, SPEC["drift"]))
    clipped = sensor_told(ForceTorqueSensor(range=SPEC["range"]), zero + 45.0, t, 0)
    assert (clipped == [45, 45, 40, 5, 5, 5]).all()
    coarse = sensor_told(ForceTorqueSensor(quantization=[0.25] * 3 + [0] * 3), zero + 0.4, t, 0)
    assert (coarse == [0.5, 0.5, 0.5, 0.4, 0.4, 0.4]).all()


def test_it_reads_at_its_own_rate_the_same_as_at_the_logs():
    move = [{"do": "move", "to": {"offset": [0, 0.1, 0], "frame": "world"}, "duration": 0.5}]
    slow = run(holding(task=move)).log
    fast = run(holding(task=move, sensors={"force_torque": {"rate": 500}})).log
    assert_allclose(fast.t_wrench, np.arange(len(fast.t_wrench)) * 2e-3)
    assert len(fast.t_wrench) == 251
    assert np.array_equal(fast.wrench[::5], slow.wrench)
    assert len(slow.t_wrench) == 0
    assert np.array_equal(fast.q, slow.q)


@pytest.mark.parametrize("rate", [1000.0, 40.0])
def test_at_any_rate_it_feels_what_the_hand_presses_on(rate):
    pytest.importorskip("pybullet")
    table = {"name": "table", "shape": "box", "size": [0.4, 0.4, 0.2], "position": [0.45, 0, 0.287]}
    down = [{"do": "move", "to": {"offset": [0, 0, -0.1], "frame": "world"}, "duration": 0.8}]
    down += [{"do": "wait", "duration": 0.6}]
    words = {"sim": {"engine": "bullet"}, "world": [table | {"known_to_planner": False}], "task": down}
    logs = [run(holding(**words, sensors={"force_torque": {"rate": r}})).log for r in (rate, 200.0)]
    assert np.array_equal(logs[0].q, logs[1].q)  # looking changes nothing
    same = [np.isin(np.round(1e4 * one.t_wrench), np.round(1e4 * two.t_wrench)) for one, two in (logs, logs[::-1])]
    assert_allclose(logs[0].wrench[same[0]], logs[1].wrench[same[1]], atol=1e-9)
    assert np.ptp(logs[0].wrench[:, 2]) > 10


def test_figures_panels_and_columns_are_there(tmp_path):
    made = run(holding(sensors={"force_torque": SPEC | {"rate": 250}}), tmp_path / "run", report=False)
    size = np.linalg.norm(made.log.wrench[:, :3], axis=1)
    assert made.metrics["wrench.force_max_n"].value == size.max()
    assert made.metrics["wrench.force_rms_n"].value == pytest.approx(np.sqrt(np.mean(size**2)))
    turning = np.linalg.norm(made.log.wrench[:, 3:], axis=1)
    assert made.metrics["wrench.torque_max_nm"].value == turning.max()
    assert made.metrics["wrench.torque_max_nm"].unit == "N m"
    assert (tmp_path / "run" / "plots" / "wrench.png").is_file()
    log, _, _ = read_log(tmp_path / "run" / "log.npz")
    assert np.array_equal(log.t_wrench, made.log.t_wrench)
    assert compare(log, made.log).same
    lines = export_csv(log, tmp_path / "log.csv").read_text().split("\n")
    column = lines[0].split(",").index("wrench.fz [N]")
    read = [line.split(",")[column] for line in lines[1:-1]]
    assert [float(x) for x in read if x] == log.wrench[:, 2].tolist()
    assert [bool(x) for x in read[:9]] == [True, False, False, False] * 2 + [True]
    panels = {panel.key: panel for panel in stored_data(tmp_path / "run").panels}
    assert_allclose(panels["wrench_force"].values, log.wrench[:, :3])
    assert panels["wrench_torque"].unit == "N m"


def test_noise_of_a_chain_has_its_seed():
    words = {"sensors": {"force_torque": SPEC | {"rate": 500}}}
    one, two, other = (run(holding(**words, seed=s)).log.wrench for s in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_it_is_stored_and_exported(tmp_path):
    made = run(holding(), tmp_path / "run", plots=False, report=False)
    log, _, words = read_log(tmp_path / "run" / "log.npz")
    assert np.array_equal(log.wrench, made.log.wrench)
    assert words["units"]["wrench"] == "N, N m"
    header = export_csv(log, tmp_path / "log.csv").read_text().split("\n")[0]
    assert "wrench.fx [N]" in header
    assert "wrench.nz [N m]" in header


def test_mcap_carries_it(tmp_path):
    reader = pytest.importorskip("mcap.reader")
    log = run(holding(task=[{"do": "wait", "duration": 0.1}])).log
    with export_mcap(log, tmp_path / "log.mcap").open("rb") as file:
        told = [json.loads(m.data) for _, _, m in reader.make_reader(file).iter_messages(topics=["/wrench"])]
    assert [[*m["force"].values(), *m["torque"].values()] for m in told] == log.wrench.tolist()


def test_bad_sensors_are_refused():
    with pytest.raises(ScenarioError, match="no link 'panda_hnd'; did you mean 'panda_hand'"):
        holding(sensors={"force_torque": {"link": "panda_hnd"}})
    with pytest.raises(ScenarioError, match=r"300 Hz does not divide the physics rate 1000 Hz; nearest: 333\.333 Hz"):
        holding(sensors={"force_torque": {"rate": 300}})
    with pytest.raises(ScenarioError, match=r"sensors\.force_torque\.range\.1: must be above 0"):
        holding(sensors={"force_torque": {"range": [1, 0, 1, 1, 1, 1]}})
    with pytest.raises(ScenarioError, match="std"):
        holding(sensors={"force_torque": {"std": [0.1, -1, 0, 0, 0, 0]}})
    with pytest.raises(InvalidInput, match="no joint carries 'panda_link0'"):
        run(holding(sensors={"force_torque": {"link": "panda_link0"}}))
    load_ = {"type": "hanging_load", "link": "panda_hand", "mass": 1.0, "length": 0.3}
    with pytest.raises(InvalidInput, match="cannot feel a hanging load on 'panda_hand'"):
        run(holding(disturbances=[load_]))
