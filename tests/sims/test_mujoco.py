"""MuJoCo against the twin where nothing touches, and against the mechanics of a textbook where things do."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.dynamics.registry import ROBOTS
from robocalc.errors import EngineUnavailable, InvalidInput, UnknownName
from sims.engines import engine
from sims.engines.motions import Line
from sims.engines.mujoco import Mujoco, mujoco_module
from sims.engines.shapes import Box, Mesh, Plane, Sphere
from sims.engines.twin import Twin
from tests.sims.bullet_robots import collision, joint, link, press, robot_of

mujoco = pytest.importorskip("mujoco")
DT, G = 1e-3, 9.81


@pytest.fixture
def bystander(tmp_path):
    """A robot far from everything."""
    return press(tmp_path).with_base((50.0, 50.0, 5.0)).with_gravity((0, 0, -G))


def run(plant, steps):
    for _ in range(steps):
        plant.push(np.zeros(plant.n))


@pytest.mark.parametrize("name", ROBOTS)
def test_without_contact_mujoco_is_the_twin(name):
    robot = load(name)
    torques = np.random.default_rng(0).uniform(-1, 1, (200, robot.n))
    torques *= np.minimum(1.0, np.diag(robot.mass_matrix(robot.home)))
    with Mujoco(robot, DT) as plant:
        twin = Twin(robot, DT)
        plant.reset(robot.home), twin.reset(robot.home)
        for tau in torques:
            a, b = plant.step(tau), twin.step(tau)
            assert_allclose(a.q, b.q, rtol=0, atol=5e-12)
            assert_allclose(a.v, b.v, rtol=0, atol=1e-9)
        assert plant.t == pytest.approx(0.2)


def test_link_poses_are_the_robots():
    robot = load("panda")
    with Mujoco(robot, DT) as plant:
        plant.reset(robot.home + 0.1)
        T = robot.pose(robot.home + 0.1, "panda_hand")
        assert_allclose(plant.link_pose("panda_hand")[:3], T[:3, 3], atol=1e-12)


def test_inertias_that_break_the_triangle_inequality_are_taken_as_they_are(tmp_path):
    odd = link("a", 2.0, (0.01, 0, 0, 0.02, 0, 0.05))
    robot = robot_of(tmp_path, '<link name="base"/>', joint("j", "base", "a", axis="0 0 1"), odd)
    with Mujoco(robot, DT, gravity=(0, 0, 0)) as plant:
        plant.reset(np.zeros(1))
        assert plant.step(np.array([0.5])).v[0] == pytest.approx(0.5 / 0.05 * DT, rel=1e-12)


def test_a_free_object_falls_and_is_where_it_was_put(bystander):
    ball = Sphere(name="ball", radius=0.05, mass=0.3, position=(0, 0, 10))
    with Mujoco(bystander, DT, world=[ball]) as plant:
        plant.place("ball", [1, 2, 10, 0, 0, 0, 1], [3, 0, 0, 0, 0, 40])
        run(plant, 1000)
        assert_allclose(plant.velocity("ball"), [3, 0, -G, 0, 0, 40], atol=1e-9)
        assert_allclose(plant.pose("ball")[:3], [4, 2, 10 - G * DT * DT * 1000 * 1001 / 2], atol=1e-9)


def test_friction_coefficients_multiply_as_in_pybullet(bystander):
    world = [
        Plane(name="floor", friction=0.5),
        Box(name="box", size=(0.2, 0.2, 0.02), mass=1.0, friction=0.6, position=(0, 0, 0.01)),
    ]
    with Mujoco(bystander, DT, world=world) as plant:
        plant.place("box", [0, 0, 0.01, 0, 0, 0, 1], [1, 0, 0, 0, 0, 0])
        run(plant, 600)
        assert plant.pose("box")[0] == pytest.approx(1 / (2 * 0.3 * G), rel=0.01)
        assert abs(plant.velocity("box")).max() < 1e-3


def test_the_robot_feels_the_weight_of_what_lies_on_it(tmp_path):
    robot = press(tmp_path, '<box size="0.4 0.4 0.02"/>', mass=1.0).with_gravity((0, 0, -G))
    box = Box(name="box", size=(0.1, 0.1, 0.1), mass=2.0, position=(0, 0, 0.06))
    with Mujoco(robot, DT, world=[box]) as plant:
        plant.reset(np.zeros(1))
        for _ in range(500):
            plant.push(np.array([3 * G]))
        assert sum(plant.contact_forces().values()) == pytest.approx(2 * G, rel=1e-3)
        assert plant.touching("tip", "box")
        assert plant.contacts()[0].other == "box"


def test_a_driven_belt_and_a_conveyor_carry_what_lies_on_them(bystander):
    belts = [
        Box(name="belt", size=(4, 1, 0.1), friction=0.5, motion=Line((0, 0, -0.05), (2, 0, -0.05), 4.0)),
        Box(name="run", size=(4, 1, 0.1), position=(0, 5, -0.05), friction=0.5, surface_velocity=(0.5, 0, 0)),
    ]
    boxes = [Box(name=f"box{y}", size=(0.1, 0.1, 0.1), mass=1.0, friction=1.0, position=(0, y, 0.05)) for y in (0, 5)]
    with Mujoco(bystander, DT, world=[*belts, *boxes]) as plant:
        run(plant, 2000)
        assert plant.velocity("box0")[0] == pytest.approx(2 * 1.875 / 4, rel=0.01)  # min-jerk at half its time
        assert plant.velocity("box5")[0] == pytest.approx(0.5, abs=1e-3)
        assert_allclose(plant.pose("run")[:3], [0, 5, -0.05])


def test_clearance_is_measured_by_pybullets_ruler(tmp_path):
    pytest.importorskip("pybullet")
    robot = press(tmp_path).with_gravity((0, 0, 0))
    with Mujoco(robot, DT, world=[Sphere(name="ball", radius=0.1, mass=1.0, position=(1, 0, 0))]) as plant:
        plant.place("ball", [0.5, 0, 0, 0, 0, 0, 1])
        assert plant.clearance().distance == pytest.approx(0.35, abs=1e-6)


def test_same_inputs_same_bits(bystander):
    places = [(0.02 * i, 0, 0.3 + 0.11 * i) for i in range(4)]
    boxes = [Box(name=str(p), size=(0.1, 0.1, 0.1), mass=1.0, position=p) for p in places]
    world = [Plane(name="floor"), *boxes]
    with Mujoco(bystander, DT, world=world) as plant:
        seen = []
        for _ in range(2):
            plant.reset(np.zeros(1))
            run(plant, 600)
            seen.append(plant.poses())
        assert np.array_equal(*seen)


def test_what_mujoco_cannot_do_is_said(bystander, tmp_path, monkeypatch):
    corners = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0), (0, 0, 1), (1, 1, 1), (0.5, 0.5, 0.4)]
    (tmp_path / "bowl.obj").write_text("".join(f"v {x} {y} {z}\n" for x, y, z in corners) + "f 1 2 3\n")
    with pytest.raises(InvalidInput, match="convex hulls only"):
        Mujoco(bystander, DT, world=[Mesh(name="bowl", file=tmp_path / "bowl.obj")])
    Mujoco(bystander, DT, world=[Mesh(name="bowl", file=tmp_path / "bowl.obj", convex=True)])
    with pytest.raises(UnknownName, match="did you mean 'slide'"):
        Mujoco(bystander, DT, stops=["slid"])
    mujoco_module.cache_clear()
    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(EngineUnavailable, match=r"pip install 'robocalc\[mujoco\]'"):
        engine("mujoco")(bystander, DT)
    monkeypatch.undo()
    mujoco_module.cache_clear()


def test_a_run_that_diverges_is_no_number_and_prints_nothing(tmp_path, capfd):
    robot = press(tmp_path)
    with Mujoco(robot, DT) as plant:
        for _ in range(5):
            plant.push(np.full(1, 1e300))
        assert not np.abs(plant.state().v).max() < 1e6
        plant.reset(np.zeros(1))
        assert plant.step(np.zeros(1)).q[0] == pytest.approx(0, abs=1e-4)
    assert capfd.readouterr() == ("", "")


def test_the_engine_module_is_light():
    code = "import sys, sims.engines.mujoco\nprint(sorted({'mujoco', 'numba', 'scipy', 'pybullet'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_links_push_each_other_only_when_asked(tmp_path):
    shape = collision('<sphere radius="0.1"/>')
    parts = ['<link name="base"/>']
    for name, at in (("a", "-0.2 0 0"), ("b", "0.2 0 0")):
        parts += [joint(f"j{name}", "base", name, kind="prismatic", axis="1 0 0", at=at), link(name, 1.0, more=shape)]
    robot = robot_of(tmp_path, *parts).with_gravity((0, 0, 0))
    for asked in (False, True):
        with Mujoco(robot, DT, self_collision=asked) as plant:
            plant.reset(np.zeros(2), np.array([1.0, -1.0]))
            for _ in range(300):
                plant.push(np.zeros(2))
            assert (plant.state().q[0] < 0.15) == asked


@pytest.mark.parametrize(
    "name", ["disturbance/two_link_friction", "disturbance/panda_payload", "mobile/husky_flatness"]
)
def test_scenarios_without_contact_run_in_mujoco_as_in_pybullet(name):
    """Laws, sensors' noise, friction, payload, tyres: all but what touches is one implementation for every engine."""
    from sims import Scenario
    from sims import run as run_scenario
    from sims.report.disagree import parted

    file = Path(__file__).parents[2] / "scenarios" / f"{name}.yaml"
    one, other = (run_scenario(Scenario.load(file, [("sim.engine", kind)])) for kind in ("bullet", "mujoco"))
    assert one.accepted
    assert other.accepted
    joints = [x for x in parted(one.log, other.log, one.robot) if x.kind == "joint"]
    assert len(joints) == one.robot.n
    assert max(x.largest for x in joints) < 1e-12
