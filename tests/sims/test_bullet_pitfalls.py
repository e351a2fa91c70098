"""What PyBullet does when left alone, one test each that it does not happen here.

Truth is pinocchio's articulated-body algorithm with semi-implicit Euler, which the engine follows to rounding.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import ROBOTS, load
from sims.engines.bullet import Bullet, Clearance
from sims.engines.motions import Line
from sims.engines.shapes import Box, Mesh, Plane, Sphere
from tests.sims.bullet_robots import (
    bullet_march,
    double_pendulum,
    fixed,
    joint,
    link,
    pinocchio_march,
    pinocchio_model,
    press,
    robot_of,
)

DT = 1e-3
ENGINE = Path(__file__).parents[2] / "sims" / "engines"


def acceleration(plant, q, v, tau):
    """Over one step."""
    plant.reset(q, v)
    return (plant.step(tau).v - v) / plant.dt


def agrees(robot, model=None, *, seed=0, count=10, plant=None, speed=1.0):
    """Accelerations of robot in PyBullet are pinocchio's, at random states, to 1e-12 of the largest."""
    model = pinocchio_model(robot) if model is None else model
    data, rng = model.createData(), np.random.default_rng(seed)
    with plant or Bullet(robot, DT) as plant:
        for _ in range(count):
            q, v, tau = rng.uniform(-1, 1, (3, robot.n))
            q, v, tau = robot.home + q, speed * v, 5 * tau
            truth = pin.aba(model, data, q, v, tau)
            assert_allclose(
                acceleration(plant, q, v, tau), truth, atol=1e-12 * max(1, np.abs(truth).max() + speed / DT)
            )


# dynamics -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROBOTS)
def test_every_built_in_robot_accelerates_as_pinocchio_says(name):
    agrees(load(name))


def test_no_hidden_damping_a_double_pendulum_follows_pinocchio_for_two_seconds(tmp_path):
    robot = double_pendulum(tmp_path)  # its file has damping and friction: our effects model them, not PyBullet
    start, torques = np.array([1.0, -0.5]), np.zeros((2000, 2))
    truth = pinocchio_march(pinocchio_model(robot), start, np.zeros(2), torques, DT)
    with Bullet(robot, DT) as plant:
        q, v = bullet_march(plant, start, np.zeros(2), torques)
    assert_allclose(q, truth[0], atol=1e-12)
    assert_allclose(v, truth[1], atol=1e-11)
    assert np.abs(v).max() > 3


def test_a_passive_panda_follows_pinocchio_for_half_a_second():
    robot = load("panda")
    start, torques = robot.home.copy(), np.zeros((500, 7))
    truth = pinocchio_march(pinocchio_model(robot), start, np.zeros(7), torques, DT)
    with Bullet(robot, DT) as plant:
        q, _ = bullet_march(plant, start, np.zeros(7), torques)
    assert_allclose(q, truth[0], atol=1e-12)


def test_motors_are_off_a_pushed_joint_keeps_its_speed(tmp_path):
    robot = press(tmp_path, axis="1 0 0")
    with Bullet(robot, DT) as plant:
        plant.reset([0.0], [3.0])
        for _ in range(1000):
            state = plant.step([0.0])
    assert state.v[0] == 3.0
    assert_allclose(state.q, 3.0, rtol=1e-12)


def test_speed_is_not_clamped_at_100(tmp_path):
    robot = press(tmp_path, axis="1 0 0", mass=0.1)
    with Bullet(robot, DT) as plant:
        plant.reset([0.0], [5e4])
        assert_allclose(plant.step([1.0]).v, 5e4 + DT / 0.1, rtol=1e-14)


def test_inertias_come_from_the_file_not_from_the_shapes(tmp_path):
    agrees(press(tmp_path, shape='<box size="1 2 3"/>'))
    robot = robot_of(
        tmp_path,
        '<link name="base"/>',
        joint("j", "base", "rod"),
        link(
            "rod",
            2.0,
            (0.5, 0, 0, 0.7, 0, 0.9),
            com="0 0 1",
            more='<collision><geometry><box size="1 2 3"/></geometry></collision>',
        ),
    )
    with Bullet(robot, DT) as plant:
        assert_allclose(acceleration(plant, np.zeros(1), np.zeros(1), np.ones(1)), 1 / (0.7 + 2.0), rtol=1e-12)


def test_products_of_inertia_keep_all_their_digits(tmp_path):
    agrees(double_pendulum(tmp_path, (0.03, 0.002, -0.003, 0.04, 0.001, 0.05)))


def test_an_inertia_that_breaks_the_triangle_inequality_a_little_is_not_taken_for_zero(tmp_path):
    robot = double_pendulum(tmp_path, (0.03, 0.0001, 0, 0.04, 0, 0.0702))
    agrees(robot)


def test_links_on_fixed_joints_are_not_merged_away_and_weigh_what_they_weigh(tmp_path):
    robot = robot_of(
        tmp_path,
        '<link name="base"/>',
        joint("j", "base", "a", axis="0 1 0"),
        link("a", 1.0),
        fixed("f", "a", "b", at="0.3 0.1 0.2", turn="0.3 0.2 0.1"),
        link("b", 2.0, com="0.1 0 0.4"),
        fixed("g", "b", "frame", at="0 0 1"),
        '<link name="frame"/>',  # without inertial: PyBullet would give it 1 kg
    )
    agrees(robot)
    with Bullet(robot, DT) as plant:
        assert_allclose(plant.link_pose("frame")[:3], robot.pose(robot.home, "frame")[:3, 3], atol=1e-14)


def test_a_massless_link_with_inertia_adds_just_that_inertia(tmp_path):
    robot = robot_of(
        tmp_path,
        '<link name="base"/>',
        joint("j1", "base", "a", axis="0 1 0"),
        link("a", 1.0, com="0 0 0.2"),
        fixed("f", "a", "ghost", at="0.3 0 0.2", turn="0.3 0.2 0.1"),
        link("ghost", 0.0, (0.1, 0, 0, 0.1, 0, 0.1)),
        joint("j2", "ghost", "b", axis="1 0 0", at="0 0 0.3"),
        link("b", 1.0, com="0 0.1 0.2"),
    )
    agrees(robot)


def test_a_payload_adds_mass_and_inertia():
    robot, inertia = load("panda"), np.diag([0.01, 0.02, 0.025])
    carrying = robot.with_payload(1.0, (0.01, 0.02, 0.05), inertia)
    model = pinocchio_model(robot)
    frame = model.frames[model.getFrameId(robot.tool)]
    placed = frame.placement.act(pin.Inertia(1.0, np.array([0.01, 0.02, 0.05]), inertia))
    model.inertias[frame.parentJoint] = model.inertias[frame.parentJoint] + placed
    agrees(carrying, model)


def test_no_stale_inverse_dynamics_a_robot_of_another_mass_is_another_robot(tmp_path):
    for k in range(20):
        robot = press(tmp_path, mass=1.0 + k, axis="1 0 0", name=f"press{k}")
        with Bullet(robot, DT) as plant:
            assert_allclose(acceleration(plant, np.zeros(1), np.zeros(1), np.ones(1)), 1 / (1.0 + k), rtol=1e-13)


def test_what_keeps_stale_caches_or_loses_contacts_is_never_called():
    called = {
        node.attr
        for file in ENGINE.glob("bullet*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    wrong = {
        "calculateInverseDynamics",
        "calculateMassMatrix",
        "removeBody",
        "restoreState",
        "saveState",
        "URDF_MERGE_FIXED_LINKS",
    }
    assert not called & wrong


def test_every_call_names_its_client():
    """Module-wide calls would act on client 0, which may be another engine's."""
    free = {"connect", "computeViewMatrix", "computeViewMatrixFromYawPitchRoll", "computeProjectionMatrixFOV", "error"}
    for file in ENGINE.glob("bullet*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr not in free:
                owner = node.func.value
                if (isinstance(owner, ast.Name) and owner.id == "p") or (
                    isinstance(owner, ast.Attribute) and owner.attr in ("p", "_p")
                ):
                    named = any(k.arg == "physicsClientId" for k in node.keywords)
                    last = node.args and ast.unparse(node.args[-1]) in ("c", "self.c", "self._c")
                    assert named or last, f"{file.name}:{node.lineno} {ast.unparse(node)}"


def test_joint_limits_of_the_file_stop_nothing_unless_asked(tmp_path):
    robot = robot_of(
        tmp_path,
        '<link name="base"/>',
        joint("slide", "base", "tip", "prismatic", "1 0 0", lower=0, upper=0.04),
        link("tip"),
    )
    for stops, end in (((), 1.0), (("slide",), 0.04)):
        with Bullet(robot, DT, stops=stops) as plant:
            plant.reset([0.0])
            for _ in range(2000):
                state = plant.step([0.5])
        assert_allclose(state.q, end, rtol=1e-3)
    agrees(load("panda"), plant=Bullet(load("panda"), DT), speed=3.0)


def test_torque_acts_for_one_step_only_and_beyond_the_effort_of_the_file(tmp_path):
    robot = press(tmp_path, axis="1 0 0", mass=2.0)  # its file says effort 5, velocity 2, friction 2
    with Bullet(robot, DT) as plant:
        plant.reset([0.0])
        assert_allclose(plant.step([1000.0]).v, 0.5, rtol=1e-13)
        assert_allclose(plant.step([0.0]).v, 0.5, rtol=1e-13)


def test_links_do_not_collide_with_each_other_unless_asked(tmp_path):
    parts = (
        '<link name="base"><collision><geometry><box size="0.1 0.1 0.1"/></geometry></collision></link>',
        joint("j1", "base", "arm", axis="0 1 0", at="0 0 0.3"),
        link("arm"),
        joint("j2", "arm", "tip", "prismatic", "0 0 1"),
        link("tip", 1.0, more='<collision><geometry><sphere radius="0.05"/></geometry></collision>'),
    )
    robot = robot_of(tmp_path, *parts)
    through = {}
    for on in (False, True):
        with Bullet(robot, DT, gravity=(0, 0, -9.81), self_collision=on) as plant:
            plant.reset([0.0, -0.1])
            for _ in range(400):
                state = plant.step([0.0, 0.0])
            through[on] = state.q[1]
    assert through[False] < -0.8
    assert through[True] > -0.25


def test_solver_iterations_change_nothing_without_contact():
    robot, q = load("panda"), []
    for iterations in (10, 200):
        with Bullet(robot, DT, solver_iterations=iterations) as plant:
            q.append(bullet_march(plant, robot.home, np.zeros(7), np.ones((100, 7)))[0])
    assert np.array_equal(*q)


@pytest.mark.parametrize("dt", [1e-5, 1 / 240, 0.02])
def test_one_push_is_one_step_of_the_asked_length(tmp_path, dt):
    robot = press(tmp_path)
    with Bullet(robot, dt) as plant:
        plant.reset([0.0])
        for k in range(1, 11):
            state = plant.step([0.0])
            assert_allclose(state.v, -9.81 * k * dt, rtol=1e-12)
            assert_allclose(state.q, -9.81 * dt * dt * k * (k + 1) / 2, rtol=1e-12)
            assert state.t == k * dt


def test_base_and_gravity_are_the_robots(tmp_path):
    robot = load("panda").with_base((0.3, -0.2, 0.5), (0.4, -0.3, 1.2)).with_gravity((1.0, 2.0, -3.0))
    q, v, tau = robot.home, np.linspace(-1, 1, 7), np.ones(7)
    with Bullet(robot, DT) as plant:
        assert_allclose(acceleration(plant, q, v, tau), robot.forward_dynamics(q, v, tau), atol=1e-11)
        assert_allclose(
            plant.link_pose("panda_link7")[:3], robot.pose(plant.state().q, "panda_link7")[:3, 3], atol=1e-13
        )
    with Bullet(robot, DT, gravity=(0, 0, -9.81)) as plant:
        expected = robot.with_gravity((0, 0, -9.81)).forward_dynamics(q, v, tau)
        assert_allclose(acceleration(plant, q, v, tau), expected, atol=1e-11)


# clients ------------------------------------------------------------------------------------------------------------


def test_two_engines_side_by_side_do_not_touch_each_other(tmp_path):
    def alone(robot, world, gravity):
        with Bullet(robot, DT, world=world, gravity=gravity) as plant:
            return bullet_march(plant, robot.home, np.zeros(robot.n), np.zeros((200, robot.n)))[0]

    ball = Sphere(name="ball", radius=0.05, mass=0.1, position=(0.4, 0, 0.6))
    cases = [(load("panda"), (Plane(name="floor"), ball), (0, 0, -9.81)), (load("iiwa"), (), (0, 0, -3.0))]
    expected = [alone(*case) for case in cases]
    with Bullet(cases[0][0], DT, world=cases[0][1]) as one, Bullet(cases[1][0], DT, gravity=cases[1][2]) as two:
        for plant, (robot, _, _) in zip((one, two), cases):
            plant.reset(robot.home)
        for k in range(200):
            for plant, q in zip((one, two), expected):
                assert np.array_equal(plant.step(np.zeros(plant.n)).q, q[k + 1])


def test_clients_are_freed(tmp_path):
    robot = press(tmp_path)
    for _ in range(1100):  # PyBullet has room for 1024
        Bullet(robot, DT)  # forgotten, not closed
    with Bullet(robot, DT) as plant:
        plant.close()
        plant.close()


def test_a_mesh_that_changed_on_disk_is_read_again(tmp_path):
    robot, file = press(tmp_path), tmp_path / "block.obj"
    for size in (0.1, 0.2):
        corners = "".join(f"v {x} {y} {z}\n" for z in (0, size) for y in (0, 1) for x in (0, 1))
        quads = ("1 3 4 2", "5 6 8 7", "1 2 6 5", "3 7 8 4", "1 5 7 3", "2 4 8 6")
        faces = "".join("f {0} {1} {2}\nf {0} {2} {3}\n".format(*quad.split()) for quad in quads)
        file.write_text(corners + faces)
        world = [Mesh(name="block", file=str(file), position=(-0.5, -0.5, -1.0))]
        with Clearance(robot, world) as clearance:
            assert clearance.at([0.0]).distance == pytest.approx(1.0 - size - 0.05, abs=2e-3)


# silence ------------------------------------------------------------------------------------------------------------

LOUD = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from robocalc.dynamics import load
from sims.engines.bullet import Bullet, Clearance
from sims.engines.shapes import Box, Mesh, Plane
from tests.sims.bullet_robots import double_pendulum
world = [Plane(name="floor"), Box(name="box", size=(0.1, 0.1, 0.1), mass=1.0, position=(0.4, 0, 0.05))]
for robot in (load("panda_placeholder"), double_pendulum(Path({folder!r}), (0.03, 0, 0, 0.04, 0, 0.09))):
    with Bullet(robot, 0.001, world=world, visuals=True) as plant:
        plant.reset(robot.home)
        plant.step([0.0] * robot.n)
        plant.picture(64, 48)
        plant.clearance()
"""


def test_nothing_is_printed_not_even_by_c(tmp_path):
    code = LOUD.format(root=str(ENGINE.parents[1]), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "build time" not in done.stderr
    assert "b3Warning" not in done.stderr
    assert done.stderr == ""


def test_silence_gives_the_descriptors_back(capfd, tmp_path):
    with Bullet(press(tmp_path), DT):
        os.write(1, b"heard\n")
        print("and this")
    out = capfd.readouterr().out
    assert "heard" in out
    assert "and this" in out


# the same bits ------------------------------------------------------------------------------------------------------


def pile():
    """Twelve stacked cubes that a driven ram hits, under a Panda that falls onto them, between two planes."""
    spots = [(0.3 + 0.11 * (i % 3), -0.1 + 0.02 * (i % 2), 0.05 + 0.1 * (i // 3)) for i in range(12)]
    cubes = [Box(name=f"cube{i}", size=(0.1, 0.1, 0.1), mass=0.5, position=p) for i, p in enumerate(spots)]
    ram = Box(
        name="ram", size=(0.1, 0.1, 0.1), motion=Line((0.8, 0.0, 0.2), (0.3, 0.0, 0.2), duration=0.5, repeat=True)
    )
    return [Plane(name="floor"), Plane(name="ramp", rpy=(0.05, 0.3, 0.0), position=(-0.6, 0, 0)), *cubes, ram]


def falling(plant, steps=600, look=None):
    """Bits of everything that moves; `look` is called now and then."""
    robot = plant.robot
    q, v = np.zeros((2, robot.n))
    plant.reset(robot.home)
    rows = []
    for k in range(steps):
        plant.push(np.zeros(robot.n))
        if k % 20 == 0:
            if look is not None:
                look()
            plant.read(q, v)
            rows.append(np.concatenate([q, v, plant.poses().ravel()]))
    return np.array(rows)


def test_a_contact_scene_replays_bit_for_bit_after_reset_and_in_a_fresh_engine():
    robot, world = load("panda_gripper"), pile()
    with Bullet(robot, DT, world=world, couple=[robot.joints[7:]]) as plant:
        first = falling(plant)
        assert plant.contacts()
        falling(plant, 137)  # interrupted somewhere else
        assert np.array_equal(falling(plant), first)
    with Bullet(robot, DT, world=world, couple=[robot.joints[7:]]) as plant:
        assert np.array_equal(falling(plant), first)


def test_looking_changes_nothing():
    robot, bits = load("panda_gripper"), []

    def look():
        plant.clearance(own=True, carried=("cube3",))
        plant.contacts()
        plant.grasp("cube1").slip()
        plant.state()

    for seen in (None, look, look):
        with Bullet(robot, DT, world=pile()) as plant:
            bits.append(falling(plant, 400, seen))
    assert np.array_equal(bits[0], bits[1])
    assert np.array_equal(bits[0], bits[2])


def test_a_contact_scene_has_the_same_bits_in_another_process():
    code = (
        f"import sys; sys.path.insert(0, {str(ENGINE.parents[1])!r})\n"
        "from tests.sims.test_bullet_pitfalls import *\n"
        "from hashlib import sha256\n"
        "with Bullet(load('panda'), DT, world=pile()) as plant:\n"
        "    print(sha256(falling(plant, 300).tobytes()).hexdigest())\n"
    )
    digests = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True).stdout
        for _ in range(2)
    }
    assert len(digests) == 1


def test_a_contact_free_run_has_the_same_bits_after_reset():
    robot = load("iiwa")
    with Bullet(robot, DT) as plant:
        runs = [bullet_march(plant, robot.home, np.zeros(7), np.ones((200, 7)))[0] for _ in range(2)]
    assert np.array_equal(*runs)


@pytest.mark.parametrize("torque", [1e9, np.nan, np.inf])
def test_an_engine_that_diverged_starts_again_as_new(torque):
    robot, world = load("panda"), pile()
    with Bullet(robot, DT, world=world) as plant:
        first = falling(plant, 200)
        plant.reset(robot.home)
        for _ in range(30):
            plant.push(np.full(7, torque))
        assert not np.abs(plant.state().q).max() < 1e3
        assert np.array_equal(falling(plant, 200), first)
