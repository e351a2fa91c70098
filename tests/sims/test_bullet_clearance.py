"""Distances against geometry worked by hand and against all pairs asked one by one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName
from sims.engines.bullet import Bullet, Clearance
from sims.engines.bullet_clearance import NOTHING
from sims.engines.motions import Line
from sims.engines.shapes import Box, Capsule, Cylinder, Mesh, Plane, Sphere
from tests.sims.bullet_robots import collision, fixed, joint, link, press, robot_of

DT = 1e-3
FLAT = "v -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nf 1 2 3\nf 1 3 4\n"


@pytest.mark.parametrize(
    ("shape", "distance"),  # of a ball of radius 0.05 at (0, 0, 0.5)
    [
        (Plane(name="it"), 0.45),
        (Plane(name="it", position=(0, 0, 0.2), rpy=(np.pi / 2, 0, 0)), -0.05),
        (Plane(name="it", position=(0.3, 0, 0), rpy=(0, -np.pi / 2, 0)), 0.25),
        (Box(name="it", size=(0.2, 0.2, 0.2), position=(0, 0, 0.1)), 0.25),
        (Box(name="it", size=(0.2, 0.2, 0.2), position=(0.3, 0, 0.1)), np.hypot(0.2, 0.3) - 0.05),
        (Box(name="it", size=(0.2, 0.2, 0.2), rpy=(0, np.pi / 4, 0)), 0.5 - 0.1 * np.sqrt(2) - 0.05),
        (Sphere(name="it", radius=0.1, position=(0.3, 0.4, 0.5)), 0.35),
        (Cylinder(name="it", radius=0.1, length=0.4), 0.25),
        (Cylinder(name="it", radius=0.1, length=0.4, rpy=(np.pi / 2, 0, 0)), 0.35),
        (Capsule(name="it", radius=0.1, length=0.4), 0.15),
        (Capsule(name="it", radius=0.1, length=0.4, rpy=(0, np.pi / 2, 0)), 0.35),
    ],
)
def test_distance_of_a_ball_to_a_shape_is_geometry(tmp_path, shape, distance):
    with Clearance(press(tmp_path), [shape]) as clearance:
        gap = clearance.at([0.5])
    rounded = 5e-4 if shape.kind == "box" else 1e-5  # PyBullet rounds edges by its collision margin of 1 mm
    assert gap.distance == pytest.approx(distance, abs=rounded)
    assert gap.pair == ("tip", "it")


def test_distance_to_a_mesh_counts_its_triangles_or_its_hull(tmp_path):
    (tmp_path / "sheet.obj").write_text(FLAT + "v 0 0 -1\nf 1 2 5\n")
    robot = press(tmp_path)
    for convex, distance in ((False, 0.45), (True, 0.45)):
        with Clearance(robot, [Mesh(name="it", file=str(tmp_path / "sheet.obj"), convex=convex)]) as clearance:
            assert clearance.at([0.5]).distance == pytest.approx(distance, abs=2e-3)


def crowd(count=14):
    rng, shapes = np.random.default_rng(5), []
    for i in range(count):
        place = {"name": f"thing{i}", "position": rng.uniform(-1, 1, 3), "rpy": rng.uniform(-3, 3, 3)}
        kinds = (
            lambda p: Box(size=rng.uniform(0.02, 0.3, 3), **p),
            lambda p: Sphere(radius=rng.uniform(0.02, 0.2), **p),
            lambda p: Cylinder(radius=rng.uniform(0.02, 0.2), length=rng.uniform(0.02, 0.4), **p),
            lambda p: Capsule(radius=rng.uniform(0.02, 0.2), length=rng.uniform(0.02, 0.4), **p),
        )
        shapes.append(kinds[i % 4](place))
    return [*shapes, Plane(name="floor", position=(0, 0, -0.1))]


def every_pair(gaps, own):
    """Smallest distance by asking for each pair."""
    body, scene = gaps.body, gaps.scene
    pairs = [
        (body.id, body.links[name], item.id, -1)
        for k, name in enumerate(gaps.links)
        for j, item in enumerate(scene.items.values())
        if gaps.counted[k, j]
    ]
    if own:
        pairs += [(body.id, int(gaps.index[i]), body.id, int(gaps.index[j])) for i, j in gaps.self_pairs]
    return min(gaps._distance(*pair, 20.0) for pair in pairs)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("name", ["panda_gripper", "xarm6"])
def test_few_questions_give_the_smallest_of_all_pairs(name, own):
    robot, rng = load(name), np.random.default_rng(1)
    with Bullet(robot, DT, world=crowd()) as plant:
        for _ in range(60):
            plant._set_joints(rng.uniform(*np.clip(robot.limits.position, -3, 3)), np.zeros(robot.n))
            assert plant.clearance(own=own).distance == pytest.approx(every_pair(plant._gaps, own), abs=1e-9)


def test_distance_after_a_step_is_that_of_the_state_reached():
    robot, world = load("panda"), crowd()
    with Bullet(robot, DT, world=world[:3]) as plant, Clearance(robot, world[:3], own=False) as clearance:
        plant.reset(robot.home, np.ones(7))
        for _ in range(50):
            state = plant.step(robot.gravity(plant.state().q))
        assert plant.clearance().distance == pytest.approx(clearance.at(state.q).distance, abs=1e-9)


def test_the_base_on_its_floor_is_not_counted_but_against_what_moves_it_is():
    robot = load("panda")
    q, floor = robot.home, Plane(name="floor", position=(0, 0, 0.001))
    passing = Box(name="cart", size=(0.1,) * 3, motion=Line((-1, 0, 0.1), (-0.2, 0, 0.1), duration=1.0))
    with Clearance(robot, [floor], own=False) as clearance:
        gap = clearance.at(q)
        assert gap.distance > 0.1
        assert gap.pair[0] != "panda_link0"
    with Clearance(robot, [passing], own=False) as clearance:
        far, near = clearance.at(q, 0.0), clearance.at(q, 1.0)
        assert near.pair == ("panda_link0", "cart")
        assert near.distance < 0.12 < far.distance


def test_neighbours_fixed_links_and_what_touches_at_home_are_not_counted(tmp_path):
    ball = '<sphere radius="0.1"/>'
    robot = robot_of(
        tmp_path,
        f'<link name="base">{collision(ball)}</link>',
        joint("j1", "base", "a", at="0 0 0.25"),
        link("a", more=collision(ball)),
        fixed("f", "a", "a2", at="0 0 0.1"),
        link("a2", more=collision(ball)),
        joint("j2", "a2", "b", at="0 0 0.25"),
        link("b", more=collision(ball)),
        joint("j3", "b", "c", at="0 0 -0.3"),
        link("c", more=collision(ball)),
    )
    with Clearance(robot) as clearance:
        names = clearance._gaps.links
        pairs = {frozenset((names[i], names[j])) for i, j in clearance._gaps.self_pairs}
        # c (z 0.3) overlaps a and a2 at home; base-a and a2-b and b-c are neighbours; a-a2 are one body
        assert pairs == {frozenset(("base", "b")), frozenset(("base", "c"))}
        assert clearance.at([0.0, 0.0, 0.0]).pair == ("base", "c")
        assert clearance.at([0.0, 0.0, 0.0]).distance == pytest.approx(0.1, abs=1e-5)


def test_a_panda_folded_into_itself_is_seen_and_its_home_is_clear():
    robot = load("panda")
    with Clearance(robot) as clearance:
        assert clearance.at(robot.home).distance > 0.01
        folded = clearance.at([0.0, 1.7, 0.0, -3.0, 0.0, 0.5, 0.0])
    assert folded.distance < 0


def test_exclusions_name_objects_or_pairs(tmp_path):
    robot = press(tmp_path)
    world = [
        Sphere(name="near", radius=0.05, position=(0, 0, 0.2)),
        Sphere(name="far", radius=0.05, position=(0, 0, 0.6)),
    ]
    with Clearance(robot, world) as clearance:
        assert clearance.at([0.0]).pair == ("tip", "near")
        assert clearance.at([0.0], exclude=["near"]).pair == ("tip", "far")
        assert clearance.at([0.0], exclude=[("near", "tip")]).pair == ("tip", "far")
        assert clearance.at([0.0], exclude=["near", "far"]) == NOTHING
        with pytest.raises(UnknownName, match="did you mean 'near'"):
            clearance.at([0.0], exclude=["nea"])


def test_a_carried_object_counts_as_part_of_the_robot(tmp_path):
    robot = press(tmp_path)
    world = [
        Sphere(name="load", radius=0.1, mass=1.0, position=(0, 0, 0.15)),
        Plane(name="floor", position=(0, 0, -2)),
        Plane(name="ceiling", position=(0, 0, 2), rpy=(np.pi, 0, 0)),
    ]
    with Clearance(robot, world) as clearance:
        clearance.at([0.0])
        with pytest.raises(InvalidInput, match="'floor' cannot be carried"):
            clearance.attach("floor", "tip")
        with pytest.raises(UnknownName, match="unknown link 'tap'"):
            clearance.attach("load", "tap")
        clearance.attach("load", "tip")
        gap = clearance.at([1.0])
        assert_allclose(clearance.pose("load")[:3], [0, 0, 1.15], atol=1e-12)
        assert gap.pair == ("load", "ceiling")
        assert gap.distance == pytest.approx(2 - 1.15 - 0.1, abs=1e-5)
        clearance.detach("load")
        assert clearance.at([0.0]).pair == ("tip", "load")
        assert clearance.at([0.0]).distance == pytest.approx(1.0, abs=1e-5)


def test_driven_things_are_where_they_are_at_the_time_asked(tmp_path):
    ball = Sphere(name="ball", radius=0.1, motion=Line((1, 0, 0), (3, 0, 0), duration=2.0, interpolation="linear"))
    with Clearance(press(tmp_path), [ball]) as clearance:
        distance, pairs = clearance.along(np.zeros((5, 1)), [0.0, 0.5, 1.0, 2.0, 9.0])
        assert_allclose(distance, np.array([1.0, 1.5, 2.0, 3.0, 3.0]) - 0.15, atol=1e-5)
        assert pairs == [("tip", "ball")] * 5
        with pytest.raises(InvalidInput, match="equally long"):
            clearance.along(np.zeros((5, 1)), [0.0])


def test_a_world_without_anything_is_clear(tmp_path):
    with Clearance(press(tmp_path)) as clearance:
        assert clearance.at([0.0]) == NOTHING
        assert clearance.hand == "tip"
        assert clearance.names == ()
