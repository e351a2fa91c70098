"""Grids of signed distance in scenario files: from arrays and from meshes, the same for planner and PyBullet."""

import numpy as np
import pytest

from robocalc.dynamics.collision import CollisionChecker, Grid
from robocalc.dynamics.collision.grids import read_grid, signed_distances
from robocalc.errors import InvalidInput, ScenarioError
from sims import Scenario, run
from sims.build import believed_robot
from sims.build_world import world_shapes
from sims.engines.bullet import Clearance
from tests.sims.test_shapes import BOX_OBJ

STEP, CENTRE = 0.04, (0.5, 0.0, 0.45)
AXES = [(np.arange(k) - (k - 1) / 2) * STEP for k in (17, 17, 9)]
CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
FACES = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
CUBE_OBJ = "".join("v {} {} {}\n".format(*p) for p in CORNERS) + "".join(
    "f {} {} {} {}\n".format(*(i + 1 for i in face)) for face in FACES
)


def ring(R=0.2, r=0.075):
    """Signed distances of a torus about z, closed form."""
    x, y, z = np.meshgrid(*AXES, indexing="ij")
    return np.hypot(np.hypot(x, y) - R, z) - r


def scene(file, **changes):
    thing = {"name": "ring", "shape": "grid", "file": str(file), "position": list(CENTRE)}
    return Scenario.of(
        {
            "format": "robocalc/1", "name": "ring", "world": [thing | changes],
            "robot": {"model": "panda", "home": [-1.2, 0.3, 0, -2.0, 0, 2.3, 0.8], "limits": {"velocity_scale": 0.5}},
            "task": [{"do": "move", "name": "past", "to": {"joints": [1.2, 0.3, 0, -2.0, 0, 2.3, 0.8]}}],
            "planner": {"type": "avoid", "clearance": 0.02},
            "controller": {"type": "computed_torque", "wn": 30, "zeta": 1},
        }
    )  # fmt: skip


@pytest.fixture
def npz(tmp_path):
    np.savez(tmp_path / "ring.npz", values=ring(), spacing=STEP)
    return tmp_path / "ring.npz"


def test_the_robot_goes_around_it_and_pybullet_agrees(npz):
    made = run(scene(npz))
    assert made.plan.solved, made.why
    assert made.metrics["clearance.min_mm"].value >= 18.5
    assert made.metrics["contact.max_force_n"].value == 0


def test_distances_are_those_of_the_closed_form(npz):
    """To second order of the grid: h² / (8 r) is the sagitta of a chord, and PyBullet's margin is 1 mm."""
    asked = scene(npz)
    robot, world = believed_robot(asked), world_shapes(asked)
    grid = Grid(name="ring", values=ring(), spacing=STEP, position=CENTRE)
    ours, direct = (CollisionChecker(robot, [thing], own=False) for thing in (world[0], grid))
    rng, (low, high) = np.random.default_rng(0), robot.limits.bounds("position", 7)
    with Clearance(robot, world, own=False) as truth:
        for q in rng.uniform(low, high, (12, 7)):
            found = ours.distance(q, 2.0)
            assert found == pytest.approx(direct.distance(q, 2.0), abs=1e-8)
            assert found == pytest.approx(truth.at(q).distance, abs=1.5e-3)
            point = np.array(ours.nearest(q).points[1]) - CENTRE
            if found > 0:
                surface = np.hypot(np.hypot(*point[:2]) - 0.2, point[2]) - 0.075
                assert surface == pytest.approx(0, abs=2 * STEP**2 / (8 * 0.075))


def test_a_mesh_is_filled_in(tmp_path):
    """Off the planes of the grid a cube's faces are met exactly, its edges within a cell."""
    (tmp_path / "cube.obj").write_text(CUBE_OBJ)
    grid = read_grid(tmp_path / "cube.obj", 0.15)
    axes = [c + s * (np.arange(n) - (n - 1) / 2) for c, s, n in zip(grid.centre, grid.spacing, grid.values.shape)]
    x = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) - 0.5
    away = np.abs(x) - 0.5
    truth = np.linalg.norm(np.maximum(away, 0), axis=-1) + np.minimum(away.max(axis=-1), 0)
    assert ((grid.values < 0) == (truth < 0)).all()
    near = np.abs(truth) < 0.1
    assert near.sum() > 50
    crossed = near & (np.abs(grid.values) < 0.15)
    np.testing.assert_allclose(grid.values[crossed], truth[crossed], atol=1e-12)


def test_a_turned_tetrahedron_has_its_volume():
    a = np.array([[0.1, 0.0, 0.0], [0.9, 0.2, 0.1], [0.3, 0.8, 0.2], [0.4, 0.3, 0.9]])
    faces = a[np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]])]
    axes = [np.linspace(-0.05, 1.05, 60)] * 3
    volume = (signed_distances(faces, axes) < 0).sum() * (axes[0][1] - axes[0][0]) ** 3
    assert volume == pytest.approx(abs(np.linalg.det(a[1:] - a[0])) / 6, rel=0.02)


def test_planner_and_pybullet_take_a_mesh_alike(tmp_path):
    (tmp_path / "cube.obj").write_text(CUBE_OBJ)
    (tmp_path / "small.obj").write_text("\n".join(
        " ".join(["v", *(str(0.3 * float(x)) for x in line.split()[1:])]) if line[0] == "v" else line
        for line in CUBE_OBJ.splitlines()
    ))  # fmt: skip
    asked = scene(tmp_path / "small.obj", spacing=0.05, position=[0.35, -0.15, 0.3])
    robot, world = believed_robot(asked), world_shapes(asked)
    box = {"name": "box", "shape": "box", "size": [0.3] * 3, "position": [0.5, 0.0, 0.45]}
    ours, plain = (CollisionChecker(robot, [thing], own=False) for thing in (world[0], box))
    with Clearance(robot, world, own=False) as truth:
        for turn in np.linspace(-1.5, 1.5, 5):
            q = np.array([turn, 0.1, 0, -2.0, 0, 2.3, 0.8])
            assert ours.distance(q) == pytest.approx(truth.at(q).distance, abs=1.5e-3)
            if plain.distance(q) > 0:  # the grid cuts an edge off, no farther than its cells are wide
                assert -1e-6 <= ours.distance(q) - plain.distance(q) <= 0.05 / np.sqrt(2)


def files(tmp_path):
    np.save(tmp_path / "flat.npy", np.zeros((4, 4)))
    np.save(tmp_path / "good.npy", ring())
    np.save(tmp_path / "words.npy", np.array([[["a"] * 2] * 2] * 2))
    np.save(tmp_path / "nan.npy", np.full((3, 3, 3), np.nan))
    np.savez(tmp_path / "other.npz", distance=ring())
    np.savez(tmp_path / "half.npz", values=ring(), spacing=-1.0)
    np.savez(tmp_path / "own.npz", values=ring(), spacing=0.04)
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    (tmp_path / "grid.vdb").write_text("?")
    (tmp_path / "open.obj").write_text(BOX_OBJ)


@pytest.mark.parametrize(
    ("file", "changes", "why"),
    [
        ("gone.npz", {}, "No such file"),
        ("grid.vdb", {}, "is not read; make it one of .npy, .npz, .obj, .stl"),
        ("flat.npy", {"spacing": 0.1}, "finite numbers along 3 axes"),
        ("words.npy", {"spacing": 0.1}, "finite numbers along 3 axes"),
        ("nan.npy", {"spacing": 0.1}, "finite numbers along 3 axes"),
        ("good.npy", {}, "does not say its spacing"),
        ("other.npz", {}, "has distance; it needs an array `values`"),
        ("half.npz", {}, "spacing must be above 0"),
        ("own.npz", {"spacing": 0.1}, "its spacing is 0.04 m, not 0.1 m as given"),
        ("torn.npz", {}, "cannot be read"),
        ("open.obj", {}, "give the spacing"),
        ("good.npy", {"spacing": 0.1, "mass": 1.0}, "a grid cannot move"),
    ],
)
def test_bad_grids_are_told_by_place(tmp_path, file, changes, why):
    files(tmp_path)
    with pytest.raises(ScenarioError) as told:
        scene(tmp_path / file, **changes)
    assert why in str(told.value)
    assert "world.0" in str(told.value)


@pytest.mark.parametrize(
    ("file", "changes", "why"),
    [
        ("open.obj", {"spacing": 0.1}, "not watertight"),
        ("cube.obj", {"spacing": 0.001}, "nodes, more than"),
        ("cube.obj", {"spacing": 0.011}, "parts, more than"),
        ("full.npz", {}, "nowhere below 0"),
    ],
)
def test_what_makes_no_solid_is_refused(tmp_path, file, changes, why):
    files(tmp_path)
    (tmp_path / "cube.obj").write_text(CUBE_OBJ)
    np.savez(tmp_path / "full.npz", values=np.ones((3, 3, 3)), spacing=0.1)
    with pytest.raises(InvalidInput, match=why):
        world_shapes(scene(tmp_path / file, **changes))


def test_mujoco_refuses_what_it_would_fill(npz):
    pytest.importorskip("mujoco")
    from sims.engines import engine

    asked = scene(npz)
    with pytest.raises(InvalidInput, match="convex hulls only"):
        engine("mujoco")(believed_robot(asked), 1e-3, world=world_shapes(asked))
