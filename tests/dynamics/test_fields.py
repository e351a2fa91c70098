"""Height fields and grids of signed distance: distances as those of the shapes they stand for."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.dynamics.collision import Box, CollisionChecker, Grid, HeightField, Sphere
from robocalc.dynamics.collision.fields import height_mesh
from robocalc.dynamics.collision.files import open_edges
from robocalc.errors import InvalidInput
from robocalc.optimize import plan_motion

POSES = np.random.default_rng(0).uniform([-2, -1, -2, -2.5, -2, 0.5, -2], [2, 1.2, 2, -0.5, 2, 3, 2], (40, 7))


@pytest.fixture(scope="module")
def panda():
    return load("panda")


def test_a_flat_height_field_is_a_box(panda):
    ground = HeightField(name="ground", heights=np.full((5, 4), 0.1), size=(1.0, 0.8), position=(0.5, 0.0, -0.3))
    box = Box(name="ground", size=(1.0, 0.8, 0.001), position=(0.5, 0.0, -0.2005))
    ours, theirs = (CollisionChecker(panda, [x], own=False).distance(POSES) for x in (ground, box))
    outside = theirs > 0
    assert outside.sum() > 10
    np.testing.assert_allclose(ours[outside], theirs[outside], atol=1e-9)


def test_a_slope_is_its_own_prism_exactly(panda):
    heights = np.linspace(0, 0.4, 9)[:, None] * np.ones(6)
    slope = HeightField(name="slope", heights=heights, size=(0.8, 1.0), position=(0.6, 0.0, 0.0))
    points = [[x, y, z] for x, z in ((0.2, 0.0), (1.0, 0.4), (1.0, -0.001), (0.2, -0.001)) for y in (-0.5, 0.5)]
    hull = {"name": "slope", "kind": "mesh", "points": points}
    ours, theirs = (CollisionChecker(panda, [x], own=False).distance(POSES) for x in (slope, hull))
    np.testing.assert_allclose(ours[theirs > 0], theirs[theirs > 0], atol=1e-9)


def test_a_grid_of_a_ball_is_the_ball_to_its_spacing(panda):
    h, n = 0.02, 17
    x = (np.arange(n) - (n - 1) / 2) * h
    d = np.linalg.norm(np.stack(np.meshgrid(x, x, x, indexing="ij"), -1), axis=-1) - 0.12
    place = {"position": (0.5, 0.1, 0.5)}
    grid, ball = Grid(name="b", values=d, spacing=h, **place), Sphere(name="b", radius=0.12, **place)
    ours, theirs = (CollisionChecker(panda, [x], own=False).distance(POSES) for x in (grid, ball))
    outside = theirs > 0
    assert outside.sum() > 10
    np.testing.assert_allclose(ours[outside], theirs[outside], atol=h**2 / 0.12)


def test_motions_go_around_a_hill(panda):
    x = np.linspace(-1, 1, 15)
    hill = 0.55 * np.exp(-8 * (x[:, None] ** 2 + x[None] ** 2))
    ground = HeightField(name="hill", heights=hill, size=(0.7, 0.7), position=(0.5, 0.0, 0.0))
    start, goal = [-0.7, 0.3, 0, -2.0, 0, 2.3, 0.8], [0.7, 0.3, 0, -2.0, 0, 2.3, 0.8]
    plan = plan_motion(panda, start, goal, [ground])
    assert plan.solved, plan.violations
    assert len(plan.path.waypoints) > 2
    assert CollisionChecker(panda, [ground]).check_motion(plan.trajectory, plan.clearance - 1e-5) is None


def test_the_surface_of_a_height_field_is_closed():
    vertices, triangles = height_mesh("g", np.random.default_rng(0).uniform(0, 1, (4, 6)), (1.0, 2.0))
    assert open_edges(vertices, triangles) == 0
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert volume > 0


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ({"kind": "height_field", "heights": [[0, 1]], "size": [1, 1]}, "g.heights must be finite"),
        ({"kind": "height_field", "heights": [[0, np.nan], [0, 0]], "size": [1, 1]}, "finite"),
        ({"kind": "height_field", "heights": np.zeros((300, 300)), "size": [1, 1]}, "300 x 300"),
        ({"kind": "height_field", "heights": np.zeros((3, 3)), "size": [1, 0]}, "above 0"),
        ({"kind": "grid", "values": np.ones((3, 3, 3)), "spacing": 0.1}, "nothing solid"),
        ({"kind": "grid", "values": np.ones((3, 3)), "spacing": 0.1}, "3 axes"),
    ],
)
def test_bad_fields_are_refused_by_name(panda, thing, message):
    with pytest.raises(InvalidInput, match=message):
        CollisionChecker(panda, [{"name": "g", **thing}])
