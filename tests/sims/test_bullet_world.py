"""Objects, contacts and driven things in PyBullet against the mechanics of a textbook."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName
from sims.engines.bullet import Bullet
from sims.engines.bullet_load import Surface
from sims.engines.motions import Circle, Keyframes, Line
from sims.engines.poses import rotate, rpy_quaternion
from sims.engines.shapes import Box, Capsule, Cylinder, Mesh, Plane, Sphere
from tests.sims.bullet_robots import press

DT, G = 1e-3, 9.81
CORNERS = "".join(f"v {x} {y} {z}\n" for z in (0, 3) for y in (0, 2) for x in (0, 1))
QUADS = ("1 3 4 2", "5 6 8 7", "1 2 6 5", "3 7 8 4", "1 5 7 3", "2 4 8 6")
BLOCK = CORNERS + "".join("f {0} {1} {2}\nf {0} {2} {3}\n".format(*quad.split()) for quad in QUADS)


@pytest.fixture
def bystander(tmp_path):
    """A robot far from everything."""
    return press(tmp_path).with_base((50.0, 50.0, 5.0)).with_gravity((0, 0, -G))


def run(plant, steps):
    for _ in range(steps):
        plant.push(np.zeros(plant.n))


# free objects -------------------------------------------------------------------------------------------------------


def test_a_free_object_falls_without_drag(bystander):
    ball = Sphere(name="ball", radius=0.05, mass=0.3, position=(0, 0, 10))
    with Bullet(bystander, DT, world=[ball]) as plant:
        plant.place("ball", [1, 2, 10, 0, 0, 0, 1], [3, 0, 0, 0, 0, 40])
        run(plant, 1000)
        assert_allclose(plant.velocity("ball"), [3, 0, -G, 0, 0, 40], atol=1e-9)
        assert_allclose(plant.pose("ball")[:3], [4, 2, 10 - G * DT * DT * 1000 * 1001 / 2], atol=1e-9)


def test_a_spinning_box_keeps_its_angular_momentum(bystander):
    box = Box(name="box", size=(0.1, 0.2, 0.4), mass=1.0)
    inertia = np.diag(box.unit_inertia()[1])
    with Bullet(bystander, 1e-4, gravity=(0, 0, 0), world=[box]) as plant:
        plant.place("box", [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 1.0, 3.0, 0.5])
        for _ in range(2000):
            plant.push(np.zeros(1))
        turn, spin = plant.pose("box")[3:], plant.velocity("box")[3:]
        local = rotate(turn * [-1, -1, -1, 1], spin)
    assert_allclose(rotate(turn, inertia * local), inertia * [1.0, 3.0, 0.5], rtol=2e-3, atol=2e-5)


def test_friction_coefficients_multiply_and_stop_a_sliding_box(bystander):
    world = [
        Plane(name="floor", friction=0.5),
        Box(name="box", size=(0.2, 0.2, 0.02), mass=1.0, friction=0.6, position=(0, 0, 0.01)),
    ]
    with Bullet(bystander, DT, world=world, solver_iterations=100) as plant:
        run(plant, 100)
        x = plant.pose("box")[0]
        plant.place("box", plant.pose("box"), [2.0, 0, 0, 0, 0, 0])
        run(plant, 300)
        assert_allclose(plant.velocity("box")[0], 2.0 - 0.3 * G * 0.3, rtol=0.02)
        run(plant, 1000)
        assert_allclose(plant.pose("box")[0] - x, 2.0**2 / (2 * 0.3 * G), rtol=0.02)
        assert_allclose(plant.velocity("box"), 0, atol=1e-3)


@pytest.mark.parametrize(("slope", "slides"), [(0.3, False), (0.5, True)])
def test_a_box_on_a_slope_slides_when_the_slope_is_steeper_than_its_friction(bystander, slope, slides):
    turn = rpy_quaternion((0, np.arctan(slope), 0))
    world = [
        Plane(name="slope", friction=1.0, rpy=(0, np.arctan(slope), 0)),
        Box(
            name="box",
            size=(0.2, 0.2, 0.02),
            mass=1.0,
            friction=0.4,
            position=rotate(turn, (0, 0, 0.01)),
            quaternion=turn,
        ),
    ]
    with Bullet(bystander, DT, world=world, solver_iterations=100) as plant:
        run(plant, 1000)
        moved = np.linalg.norm(plant.pose("box")[:3] - world[1].position)
    assert (moved > 0.2) == slides
    if not slides:
        assert moved < 2e-3


def test_restitution_bounces_and_its_absence_does_not(bystander):
    top = {}
    for e in (0.0, 0.9):
        world = [
            Plane(name="floor", restitution=1.0),
            Sphere(name="ball", radius=0.05, mass=0.1, restitution=e, position=(0, 0, 0.55)),
        ]
        with Bullet(bystander, DT, world=world) as plant:
            run(plant, 330)
            heights = []
            for _ in range(400):
                plant.push(np.zeros(1))
                heights.append(plant.pose("ball")[2])
        top[e] = max(heights) - 0.05
    assert top[0.0] < 0.01
    assert top[0.9] == pytest.approx(0.5 * 0.81, rel=0.05)


@pytest.mark.parametrize("kind", ["cylinder", "capsule", "mesh", "sphere"])
def test_every_shape_rests_on_the_floor_at_its_own_height(bystander, tmp_path, kind):
    (tmp_path / "block.obj").write_text(BLOCK)
    thing, height = {
        "sphere": (Sphere(name="it", radius=0.1, mass=1.0, position=(0, 0, 0.11)), 0.1),
        "cylinder": (Cylinder(name="it", radius=0.1, length=0.3, mass=1.0, position=(0, 0, 0.16)), 0.15),
        "capsule": (
            Capsule(name="it", radius=0.1, length=0.3, mass=1.0, rpy=(np.pi / 2, 0, 0), position=(0, 0, 0.11)),
            0.1,
        ),
        "mesh": (Mesh(name="it", file=str(tmp_path / "block.obj"), scale=0.1, mass=1.0, position=(3, 4, 0.01)), 0.0),
    }[kind]
    with Bullet(bystander, DT, world=[Plane(name="floor"), thing]) as plant:
        run(plant, 800)
        pose = plant.pose("it")
    assert_allclose(pose[2], height, atol=2e-3)
    assert_allclose(pose[:2], thing.position[:2], atol=2e-3)
    assert abs(pose[3:] @ thing.quaternion) == pytest.approx(1, abs=1e-4)


def test_a_mesh_turns_about_its_centre_of_mass(bystander, tmp_path):
    (tmp_path / "block.obj").write_text(BLOCK)
    mesh = Mesh(name="it", file=str(tmp_path / "block.obj"), mass=1.0, position=(1, 1, 1), rpy=(0.3, 0.2, 0.1))
    center = mesh.pose[:3] + rotate(mesh.pose[3:], np.array([0.5, 1.0, 1.5]))
    with Bullet(bystander, DT, gravity=(0, 0, 0), world=[mesh]) as plant:
        assert_allclose(plant.pose("it")[:3], mesh.pose[:3], atol=1e-12)
        assert abs(plant.pose("it")[3:] @ mesh.pose[3:]) == pytest.approx(1, abs=1e-12)
        plant.place("it", mesh.pose, [0, 0, 0, 0, 0, 2.0])
        run(plant, 500)
        pose = plant.pose("it")
        assert_allclose(pose[:3] + rotate(pose[3:], np.array([0.5, 1.0, 1.5])), center, atol=1e-9)
        assert np.linalg.norm(pose[:3] - mesh.pose[:3]) > 0.5


def test_reset_puts_objects_back(bystander):
    world = [Plane(name="floor"), Box(name="box", size=(0.1, 0.1, 0.1), mass=1.0, position=(0, 0, 1), rpy=(1, 0, 0))]
    with Bullet(bystander, DT, world=world) as plant:
        run(plant, 700)
        assert plant.t == pytest.approx(0.7)
        plant.reset([0.0])
        assert plant.t == 0
        assert_allclose(plant.pose("box"), world[1].pose, atol=1e-15)
        assert_allclose(plant.velocity("box"), 0)


# driven things ------------------------------------------------------------------------------------------------------


def test_a_driven_thing_is_where_its_motion_says_at_every_step(bystander):
    motion = Keyframes([0.0, 0.3, 2.0], [[0, 0, 1], [1, 0, 1], [1, 1, 1]], rpys=[[0, 0, 0], [0.5, 0, 1], [0, 0, 3]])
    cart = Box(name="cart", size=(0.1, 0.1, 0.1), motion=motion)
    with Bullet(bystander, DT, world=[cart]) as plant:
        for k in range(2100):
            assert_allclose(plant.pose("cart"), motion.at(k * DT), atol=1e-12)
            plant.push(np.zeros(1))
        plant.reset([0.0], t=0.25)
        assert_allclose(plant.pose("cart"), motion.at(0.25), atol=1e-12)


def test_a_driven_pusher_pushes_with_the_force_of_friction_and_keeps_its_speed(bystander):
    world = [
        Plane(name="floor", friction=1.0),
        Box(name="box", size=(0.06,) * 3, mass=0.2, friction=0.5, position=(0.3, 0, 0.03)),
        Box(
            name="pusher",
            size=(0.1,) * 3,
            friction=0.0,
            motion=Line((0.1, 0, 0.055), (0.5, 0, 0.055), duration=2.0, interpolation="linear"),
        ),
    ]
    with Bullet(bystander, DT, world=world, solver_iterations=150) as plant:
        run(plant, 1500)
        x = [plant.pose("box")[0]]
        for _ in range(400):
            plant.push(np.zeros(1))
            x.append(plant.pose("box")[0])
        assert_allclose(plant.velocity("box")[0], 0.2, rtol=0.02)
        assert_allclose(x[-1] - x[0], 0.2 * 0.4, rtol=0.01)
        assert_allclose(plant.pose("box")[0] - plant.pose("pusher")[0], 0.08, atol=1e-3)


def test_a_driven_belt_carries_what_lies_on_it(bystander):
    belt = Line((0, 0, -0.05), (1.0, 0, -0.05), duration=2.0)
    world = [
        Box(name="belt", size=(3, 1, 0.1), friction=1.0, motion=belt),
        Box(name="box", size=(0.06,) * 3, mass=0.2, friction=1.0, position=(0.3, 0, 0.03)),
    ]
    with Bullet(bystander, DT, world=world, solver_iterations=150) as plant:
        run(plant, 2000)
        assert_allclose(plant.pose("box")[:3], [1.3, 0, 0.03], atol=2e-3)
        run(plant, 500)
        assert_allclose(plant.velocity("box"), 0, atol=1e-3)


def test_a_thing_that_jumps_flings_nothing(bystander):
    jump = Keyframes([0.0, 0.5], [[0, 0, 0.05], [0.2, 0, 0.05]], interpolation="hold")
    world = [
        Plane(name="floor"),
        Box(name="gate", size=(0.1,) * 3, motion=jump),
        Box(name="box", size=(0.06,) * 3, mass=0.2, position=(-0.3, 0, 0.03)),
    ]
    with Bullet(bystander, DT, world=world) as plant:
        run(plant, 800)
        assert_allclose(plant.pose("gate")[:3], [0.2, 0, 0.05], atol=1e-12)
        assert_allclose(plant.velocity("gate"), 0)
        assert_allclose(plant.pose("box")[:3], [-0.3, 0, 0.03], atol=2e-3)


def test_a_driven_thing_pushes_the_robot(tmp_path):
    robot = press(tmp_path, axis="1 0 0", mass=1.0).with_gravity((0, 0, 0))
    ram = Box(name="ram", size=(0.1,) * 3, motion=Line((-0.2, 0, 0), (0.3, 0, 0), duration=1.0, interpolation="linear"))
    with Bullet(robot, DT, world=[ram], surfaces={None: Surface(restitution=0)}) as plant:
        run(plant, 900)
        state = plant.state()
    assert_allclose(state.v, 0.5, rtol=1e-3)
    assert_allclose(state.q, -0.2 + 0.5 * 0.9 + 0.05 + 0.05, atol=2e-3)


def test_a_driven_thing_at_rest_costs_no_calls(bystander):
    wait = Keyframes([0.0, 0.01], [[0, 0, 1], [0.1, 0, 1]])
    with Bullet(bystander, DT, world=[Box(name="cart", size=(0.1,) * 3, motion=wait)]) as plant:
        run(plant, 20)
        calls = []
        plant.scene._put = lambda *args: calls.append(args)
        run(plant, 50)
        assert not calls


def test_circle_and_several_things_move_at_once(bystander):
    world = [
        Sphere(name=f"moon{i}", radius=0.1, motion=Circle((0, 0, 2 + i), 1.0, period=1.0 + i, phase=i))
        for i in range(3)
    ]
    with Bullet(bystander, DT, world=world) as plant:
        run(plant, 1300)
        for shape in world:
            assert_allclose(plant.pose(shape.name), shape.motion.at(1.3), atol=1e-12)
        assert_allclose(plant.poses(), [shape.motion.at(1.3) for shape in world], atol=1e-12)


# contacts of the robot ----------------------------------------------------------------------------------------------


def test_contact_forces_are_weight_and_push(tmp_path):
    robot = press(tmp_path, mass=2.0).with_base((0, 0, 0.3))
    world = [Box(name="anvil", size=(0.2, 0.2, 0.1), position=(0, 0, 0.05)), Plane(name="floor")]
    with Bullet(robot, DT, world=world, solver_iterations=100) as plant:
        plant.reset([-0.149])
        for _ in range(800):
            plant.push(np.array([-10.0]))
        forces = plant.contact_forces()
        assert list(forces) == [("tip", "anvil")]
        assert forces["tip", "anvil"] == pytest.approx(2.0 * G + 10.0, rel=1e-3)
        assert plant.touching("tip", "anvil")
        assert not plant.touching("tip", "floor")
        assert plant.contact_forces(exclude=["anvil"]) == {}
        assert plant.contact_forces(exclude=[("tip", "anvil")]) == {}
        contact = plant.contacts()[0]
        assert (contact.link, contact.other) == ("tip", "anvil")
        assert_allclose(contact.point[:2], 0, atol=1e-3)
        plant.reset([0.0])
        plant.step([2.0 * G])
        assert plant.contact_forces() == {}


def test_friction_of_a_link_is_what_its_surface_says(tmp_path):
    robot = press(tmp_path, shape='<box size="0.1 0.1 0.1"/>', axis="1 0 0", mass=1.0)
    world = [Box(name="plate", size=(4, 1, 0.02), mass=1.0, friction=1.0, position=(0, 0, 0.06)), Plane(name="floor")]
    speeds = {}
    for mu in (0.1, 0.3):  # a free plate lies on the link: the link's friction accelerates it
        with Bullet(robot, DT, world=world[:1], surfaces={"tip": Surface(friction=mu)}, solver_iterations=100) as plant:
            plant.reset([0.0], [2.0])
            run(plant, 50)
            before = plant.velocity("plate")[0]
            run(plant, 100)
            speeds[mu] = plant.velocity("plate")[0] - before
    assert_allclose(list(speeds.values()), [0.1 * G * 0.1, 0.3 * G * 0.1], rtol=0.08)  # the plate rocks


# requests that cannot be met ----------------------------------------------------------------------------------------


def test_a_bad_request_names_what_is_wrong(bystander):
    cart = Box(name="cart", size=(0.1,) * 3, motion=Line((0, 0, 0), (1, 0, 0), duration=1.0))
    post = Cylinder(name="post", radius=0.1, length=1.0, position=(5, 5, 0))
    with Bullet(bystander, DT, world=[Box(name="box", size=(0.1,) * 3, mass=1.0), cart, post]) as plant:
        with pytest.raises(UnknownName, match="unknown object 'bx'; did you mean 'box'"):
            plant.pose("bx")
        with pytest.raises(UnknownName, match="unknown link 'tp'; did you mean 'tip'"):
            plant.touching("tp", "box")
        with pytest.raises(InvalidInput, match="cart follows its motion"):
            plant.place("cart", [0, 0, 0, 0, 0, 0, 1])
        with pytest.raises(InvalidInput, match="post has no mass and is fixed: only free objects can be placed"):
            plant.place("post", [0, 0, 0, 0, 0, 0, 1])
        with pytest.raises(InvalidInput, match=r"pose of box must have shape \(7,\)"):
            plant.place("box", [0, 0, 0])
        with pytest.raises(InvalidInput, match="has no fingers"):
            plant.grasp("box")
        with pytest.raises(InvalidInput, match="'cart' cannot be grasped"):
            plant.grasp("cart", ["tip"])
        with pytest.raises(InvalidInput, match="visuals=True"):
            plant.picture()
        with pytest.raises(InvalidInput, match="q must be finite"):
            plant.reset([np.nan])
        with pytest.raises(InvalidInput, match=r"tau must have shape \(1,\)"):
            plant.step([0.0, 0.0])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"dt": 0.0}, "dt must be above 0"),
        ({"dt": np.nan}, "dt must be finite"),
        ({"gravity": (0, 0)}, r"gravity must have shape \(3,\)"),
        ({"stops": ["slid"]}, "unknown joint 'slid'; did you mean 'slide'"),
        ({"couple": [("slide", "other")]}, "unknown joint 'other'"),
        ({"surfaces": {"tap": Surface()}}, "unknown link 'tap'; did you mean 'tip'"),
        ({"world": [Sphere(name="a", radius=1), Sphere(name="a", radius=1)]}, "named 'a'"),
        ({"world": ["ball"]}, "must hold shapes"),
        ({"solver_iterations": 0}, "solver_iterations must be above 0"),
    ],
)
def test_a_bad_engine_is_refused(bystander, options, says):
    with pytest.raises(InvalidInput if "unknown" not in says else UnknownName, match=says):
        Bullet(bystander, **({"dt": DT} | options))


def test_a_mesh_that_disappears_is_named(bystander, tmp_path):
    (tmp_path / "block.obj").write_text(BLOCK)
    mesh = Mesh(name="part", file=str(tmp_path / "block.obj"))
    (tmp_path / "block.obj").unlink()
    with pytest.raises(InvalidInput, match=r"part.*block\.obj"):
        Bullet(bystander, DT, world=[mesh])


def test_grippers_fingers_are_found():
    from sims.engines.bullet_contacts import fingers_of

    assert fingers_of(load("panda_gripper")) == ("panda_leftfinger", "panda_rightfinger")
    assert fingers_of(load("panda")) == ()
