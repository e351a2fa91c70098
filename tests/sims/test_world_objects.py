"""Surfaces that bounce, give way or run, and things on hinges and slides: both engines with contacts, one textbook."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import InvalidInput, ScenarioError
from sims.build import surfaces_of
from sims.build_world import world_shapes
from sims.engines import engine
from sims.engines.bullet_load import Surface
from sims.engines.poses import rotate, rpy_quaternion
from sims.engines.shapes import Box, Mount, Plane, Sphere
from sims.scenario import Scenario
from tests.sims.bullet_robots import press

DT, G = 1e-3, 9.81
PLANTS = ("bullet", "mujoco")


@pytest.fixture(params=PLANTS)
def place(request, tmp_path):
    """world -> a plant with a robot far from everything in it."""
    pytest.importorskip({"bullet": "pybullet"}.get(request.param, request.param))
    robot = press(tmp_path).with_base((50.0, 50.0, 5.0)).with_gravity((0, 0, -G))
    return lambda *world: engine(request.param)(robot, DT, world=world)


def steps(plant, number):
    for _ in range(number):
        plant.push(np.zeros(plant.n))


@pytest.mark.parametrize("height", [1.0, 1.003, 0.7])
@pytest.mark.parametrize("e", [0.5, 0.8, 1.0])
def test_a_ball_parts_with_its_restitution_times_its_speed(place, e, height):
    ball = Sphere(name="ball", radius=0.05, mass=1.0, restitution=1.0, position=(0, 0, height + 0.05))
    with place(Plane(name="floor", restitution=e), ball) as plant:
        speeds = []
        for _ in range(round((np.sqrt(2 * height / G) + 0.06) / DT)):
            steps(plant, 1)
            speeds.append(plant.velocity("ball")[2])
    assert max(speeds) / np.sqrt(2 * G * height) == pytest.approx(e, abs=0.04)


def test_a_compliant_surface_gives_way_by_weight_over_stiffness_and_rings_at_its_frequency(place):
    k, d = 2000.0, 5.0
    ball = Sphere(name="ball", radius=0.05, mass=1.0, position=(0, 0, 0.05))
    with place(Plane(name="floor", stiffness=k, damping=d), ball) as plant:
        depth = []
        for _ in range(3000):
            steps(plant, 1)
            depth.append(0.05 - plant.pose("ball")[2])
        assert depth[-1] == pytest.approx(G / k, rel=0.01)
        first = int(np.argmax(depth)) * DT
    assert first == pytest.approx(np.pi / np.sqrt(k - d * d / 4), rel=0.02)
    assert max(depth) == pytest.approx(G / k * (1 + np.exp(-d / 2 * first)), rel=0.06)


def on_slope(angle, friction):
    """A plane, and a flat box that lies on it."""
    turn = rpy_quaternion((0, angle, 0))
    plane = Plane(name="slope", friction=1.0, rpy=(0, angle, 0))
    size, position = (0.2, 0.2, 0.02), rotate(turn, np.array([0, 0, 0.01]))
    return plane, Box(name="box", size=size, mass=1.0, friction=friction, position=position, quaternion=turn)


@pytest.mark.parametrize("friction", [0.2, 0.6])
def test_a_box_slides_from_the_slope_whose_tangent_is_its_friction(place, friction):
    for share, slides in ((0.97, False), (1.05, True)):
        angle = np.arctan(share * friction)
        plane, box = on_slope(angle, friction)
        with place(plane, box) as plant:
            steps(plant, 1000)
            moved = np.linalg.norm(plant.pose("box")[:3] - box.position)
        wanted = 0.5 * G * (np.sin(angle) - friction * np.cos(angle))
        assert moved == pytest.approx(wanted, rel=0.03) if slides else moved < 1e-3


@pytest.mark.parametrize("degrees", [0, 22.5, 45, 70])
def test_friction_is_a_cone_a_sliding_box_slows_down_alike_in_every_direction(place, degrees):
    along = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    box = Box(name="box", size=(0.2, 0.2, 0.02), mass=1.0, friction=0.5, position=(0, 0, 0.01))
    with place(Plane(name="floor", friction=1.0), box) as plant:
        steps(plant, 100)
        plant.place("box", plant.pose("box"), [*(2 * along), 0, 0, 0, 0])
        steps(plant, 300)
        v = plant.velocity("box")[:2]
    assert_allclose(v @ along, 2 - 0.3 * 0.5 * G, rtol=0.08)
    assert abs(np.rad2deg(np.arctan2(v[1], v[0])) - degrees) < 0.5  # straight on


@pytest.mark.parametrize("m", [0.0, 0.005, 0.01])
def test_a_ball_rolls_out_as_its_rolling_friction_says(place, m):
    """Rolling without slip under a moment m N: v̇ = -5/7 g m / r."""
    ball = Sphere(name="ball", radius=0.1, mass=1.0, friction=1.0, rolling_friction=m, position=(0, 0, 0.1))
    with place(Plane(name="floor", friction=1.0), ball) as plant:
        steps(plant, 50)
        plant.place("ball", plant.pose("ball"), [1, 0, 0, 0, 10, 0])
        steps(plant, 500)
        v = plant.velocity("ball")
    assert v[0] == pytest.approx(1 - 0.5 * 5 / 7 * G * m / 0.1, abs=0.005)
    assert v[4] == pytest.approx(v[0] / 0.1, rel=0.01)


def test_a_box_stops_to_spin_as_its_spinning_friction_says(place):
    box = Box(name="box", size=(0.2, 0.2, 0.1), mass=1.0, friction=0, spinning_friction=0.01, position=(0, 0, 0.05))
    with place(Plane(name="floor", friction=1.0), box) as plant:
        steps(plant, 50)
        plant.place("box", plant.pose("box"), [0, 0, 0, 0, 0, 5])
        steps(plant, 200)
        assert plant.velocity("box")[5] == pytest.approx(5 - 0.2 * 0.01 * G / (0.08 / 12), abs=0.02)


def test_a_box_on_a_conveyor_slips_as_long_as_coulomb_says_and_then_goes_along(place):
    belt = Box(name="belt", size=(4, 1, 0.1), position=(0, 0, -0.05), friction=0.5, surface_velocity=(0.5, 0, 0))
    box = Box(name="box", size=(0.1, 0.1, 0.1), mass=1.0, friction=0.6, position=(0, 0, 0.05))
    with place(belt, box) as plant:
        steps(plant, 1000)
        assert plant.velocity("box")[0] == pytest.approx(0.5, abs=1e-3)
        assert plant.pose("box")[0] == pytest.approx(0.5 - 0.5**2 / (2 * 0.3 * G), abs=2e-3)
        assert_allclose(plant.pose("belt")[:3], [0, 0, -0.05], atol=1e-15)


def test_a_turned_conveyor_runs_along_its_own_axis(place):
    turned = {"rpy": (0, 0, np.pi / 2), "surface_velocity": (0.5, 0, 0)}
    belt = Box(name="belt", size=(4, 1, 0.1), position=(0, 0, -0.05), friction=1.0, **turned)
    box = Box(name="box", size=(0.1, 0.1, 0.1), mass=1.0, friction=1.0, position=(0, 0, 0.05))
    with place(belt, box) as plant:
        steps(plant, 500)
        assert_allclose(plant.velocity("box")[:2], [0, 0.5], atol=2e-3)


def test_a_door_with_spring_and_damper_swings_as_its_equation_says(place):
    mount = Mount(at=(-0.4, 0, 0), damping=0.3, stiffness=2.0, rest=0.2, start=1.0)
    door = Box(name="door", size=(0.8, 0.04, 1.0), mass=5.0, position=(0, 0, 1), mount=mount)
    inertia, s, v = 5 * ((0.8**2 + 0.04**2) / 12 + 0.4**2), 1.0, 0.0
    with place(door) as plant:
        for _ in range(1000):
            steps(plant, 1)
            v += DT * (-2.0 * (s - 0.2) - 0.3 * v) / inertia
            s += DT * v
            assert plant.scene.opening("door") == pytest.approx(s, abs=1e-12)
        assert_allclose(plant.pose("door")[:3], [0.4 * np.cos(s) - 0.4, 0.4 * np.sin(s), 1], atol=1e-12)
        assert_allclose(plant.velocity("door")[3:], [0, 0, v], atol=1e-9)
        plant.reset(np.zeros(1))
        assert plant.scene.opening("door") == 1.0


def test_a_hinge_off_the_vertical_is_a_pendulum(place):
    mount = Mount(axis=(0, 1, 0), at=(0, 0, 0.5), start=0.5)
    bar = Box(name="bar", size=(0.02, 0.02, 1.0), mass=2.0, position=(0, 0, 1), rpy=(0, 0, 0.3), mount=mount)
    arm = 2 * ((0.02**2 + 1) / 12 + 0.25)
    with place(bar) as plant:
        s, v = 0.5, 0.0
        for _ in range(1000):
            steps(plant, 1)
            v -= DT * 2 * G * 0.5 * np.sin(s) / arm
            s += DT * v
        assert plant.scene.opening("bar") == pytest.approx(s, abs=1e-11)


def test_a_drawer_slides_against_its_friction_and_stops_at_its_stop(place):
    mount = Mount(slides=True, axis=(2, 0, 0), lower=0.0, upper=0.3, friction=2.0)
    drawer = Box(name="drawer", size=(0.4, 0.4, 0.2), mass=2.0, position=(0, 0, 1), rpy=(0, 0.5, 0), mount=mount)
    with place(drawer) as plant:
        steps(plant, 200)
        a, N = G * np.sin(0.5) - 1.0, 200
        assert plant.scene.opening("drawer") == pytest.approx(a * DT * DT * N * (N + 1) / 2, rel=1e-4)
        steps(plant, 800)
        assert plant.scene.opening("drawer") == pytest.approx(0.3, abs=1e-3)
        assert abs(plant.velocity("drawer")).max() < 1e-3


def test_friction_holds_a_drawer_that_weighs_too_little(place):
    mount = Mount(slides=True, axis=(1, 0, 0), friction=10.0)
    drawer = Box(name="drawer", size=(0.4, 0.4, 0.2), mass=2.0, position=(0, 0, 1), rpy=(0, 0.5, 0), mount=mount)
    with place(drawer) as plant:
        steps(plant, 500)
        assert abs(plant.scene.opening("drawer")) < 1e-3


def test_what_makes_no_sense_is_named(place):
    with pytest.raises(InvalidInput, match="door: what a hinge or a slide carries needs a mass"):
        Box(name="door", size=(1, 1, 1), mount=Mount())
    with pytest.raises(InvalidInput, match="belt: what moves freely has no surface_velocity"):
        Box(name="belt", size=(1, 1, 1), mass=1, surface_velocity=(1, 0, 0))
    with pytest.raises(InvalidInput, match=r"pad\.damping of a contact needs a stiffness"):
        Box(name="pad", size=(1, 1, 1), damping=3)
    with pytest.raises(InvalidInput, match="axis must not be zero"):
        Mount(axis=(0, 0, 0))
    with pytest.raises(InvalidInput, match="lower 1 <= start 0"):
        Mount(lower=1, upper=2)
    door = Box(name="door", size=(1, 1, 1), mass=1, mount=Mount())
    with place(door) as plant, pytest.raises(InvalidInput, match="held by its mount"):
        plant.place("door", [0, 0, 0, 0, 0, 0, 1])


# in a scenario ------------------------------------------------------------------------------------------------------

BASE = {
    "format": "robocalc/1",
    "name": "s",
    "robot": {"model": "two_link"},
    "task": [{"do": "wait", "duration": 0.1}],
    "controller": {"type": "computed_torque", "wn": 20},
}


def scenario(thing, **robot):
    return Scenario.of(BASE | {"world": [{"name": "it", "shape": "sphere", "radius": 0.1, **thing}],
                               "robot": {"model": "two_link", **robot}})  # fmt: skip


def test_a_scenario_says_the_same_in_its_own_words():
    hinge = {"type": "hinge", "axis": [0, 0, 2], "at": [0.1, 0, 0], "lower_deg": -90, "start_deg": 45, "friction": 2}
    (shape,) = world_shapes(scenario({"mass": 1, "mount": hinge}))
    m = shape.mount
    assert (m.slides, m.axis, m.at, m.friction) == (False, (0, 0, 1), (0.1, 0, 0), 2.0)
    assert (m.lower, m.upper, m.start) == (pytest.approx(-np.pi / 2), np.inf, pytest.approx(np.pi / 4))
    slide = {"type": "slide", "lower": "-5 cm", "upper": 0.2, "damping": 3, "stiffness": 10, "rest": "1 cm"}
    m = world_shapes(scenario({"mass": 1, "mount": slide}))[0].mount
    assert (m.slides, m.lower, m.upper, m.damping, m.stiffness, m.rest) == (True, -0.05, 0.2, 3, 10, 0.01)
    (belt,) = world_shapes(scenario({"surface_velocity": ["40 cm/s", 0, 0], "stiffness": 1e4, "damping": 30}))
    assert (belt.surface_velocity, belt.stiffness, belt.damping) == ((0.4, 0, 0), 1e4, 30)
    made = surfaces_of(scenario({}, surfaces=[{"friction": 0.9}, {"link": "forearm", "stiffness": 100}]))
    assert made == {None: Surface(friction=0.9), "forearm": Surface(stiffness=100.0)}


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        ({"mount": {"type": "hinge"}}, "mount carries a thing with a mass above 0"),
        ({"mass": 1, "surface_velocity": [1, 0, 0]}, "mass and surface_velocity exclude each other"),
        ({"damping": 1}, "needs a stiffness"),
        ({"mass": 1, "mount": {"type": "slide", "lower": 1}}, "lower 1 <= start 0"),
        ({"mass": 1, "mount": {"type": "hinge", "axis": [0, 0, 0]}}, "axis must not be"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(thing, says):
    with pytest.raises(ScenarioError, match=says):
        scenario(thing)


def test_a_surface_of_a_link_that_is_not_there_is_refused():
    with pytest.raises(ScenarioError, match="no link 'forarm'; did you mean 'forearm'"):
        scenario({}, surfaces=[{"link": "forarm"}])
