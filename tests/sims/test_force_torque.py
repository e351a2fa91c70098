"""A force-torque sensor, against weights worked by hand and pinocchio's recursion."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, ScenarioError
from sims import Scenario, run
from sims.effects.force_torque import ForceTorque, flange_of
from sims.record import export_csv, export_mcap
from sims.record.logs import read_log

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
    with pytest.raises(ScenarioError, match="std"):
        holding(sensors={"force_torque": {"std": [0.1, -1, 0, 0, 0, 0]}})
    with pytest.raises(InvalidInput, match="no joint carries 'panda_link0'"):
        run(holding(sensors={"force_torque": {"link": "panda_link0"}}))
    load_ = {"type": "hanging_load", "link": "panda_hand", "mass": 1.0, "length": 0.3}
    with pytest.raises(InvalidInput, match="cannot feel a hanging load on 'panda_hand'"):
        run(holding(disturbances=[load_]))
