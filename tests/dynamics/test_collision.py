"""Distances against PyBullet, closed forms, and what the definition of a signed distance demands."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.dynamics.collision import Box, Capsule, CollisionChecker, ConvexMesh, Cylinder, HalfSpace, Sphere
from robocalc.dynamics.collision.files import open_edges
from robocalc.dynamics.collision.hulls import cover
from robocalc.errors import InvalidInput, UnknownName

BALL = """<robot name="ball"><link name="world"/>
<link name="a"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>
<link name="b"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>
<link name="c"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
<collision><geometry>{}</geometry></collision></link>
<joint name="x" type="prismatic"><parent link="world"/><child link="a"/><axis xyz="1 0 0"/>
<limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="y" type="prismatic"><parent link="a"/><child link="b"/><axis xyz="0 1 0"/>
<limit lower="-3" upper="3" effort="1" velocity="1"/></joint>
<joint name="z" type="prismatic"><parent link="b"/><child link="c"/><axis xyz="0 0 1"/>
<limit lower="-3" upper="3" effort="1" velocity="1"/></joint></robot>"""
GEOMETRIES = {
    "sphere": '<sphere radius="0.1"/>',
    "box": '<box size="0.2 0.3 0.4"/>',
    "cylinder": '<cylinder radius="0.1" length="0.3"/>',
}
TURNED = (0.2, -0.5, 0.3, 0.7)


def obstacles():
    """One of each kind, apart from each other, turned."""
    rng = np.random.default_rng(3)
    return [
        Box(name="box", position=(0.5, 0.3, 0.4), quaternion=TURNED, size=(0.3, 0.2, 0.5)),
        Sphere(name="sphere", position=(-0.5, 0.2, 0.6), radius=0.15),
        Cylinder(name="cylinder", position=(0.1, -0.6, 0.5), quaternion=TURNED, radius=0.1, length=0.4),
        Capsule(name="capsule", position=(-0.3, -0.5, 0.9), quaternion=TURNED, radius=0.08, length=0.3),
        ConvexMesh(name="mesh", position=(0.3, 0.7, 0.8), points=rng.uniform(-0.15, 0.15, (30, 3))),
        HalfSpace(name="floor", position=(0, 0, -0.3), quaternion=(0.02, 0.01, 0, 1)),
    ]


@pytest.fixture(scope="module")
def panda():
    return load("panda")


def configurations(robot, count, seed=0):
    low, high = robot.limits.bounds("position", robot.n)
    return np.random.default_rng(seed).uniform(low, high, (count, robot.n))


def mover(tmp_path, geometry):
    path = tmp_path / "mover.urdf"
    path.write_text(BALL.format(GEOMETRIES[geometry]))
    return load(path)


# --- closed forms


def test_a_ball_knows_its_distance_to_a_box_sphere_cylinder_capsule_and_floor(tmp_path):
    robot, r = mover(tmp_path, "sphere"), 0.1
    forms = {
        Box(name="o", size=(1.0, 2.0, 0.6)): lambda p: box_distance(p, np.array([0.5, 1.0, 0.3])),
        Sphere(name="o", radius=0.4): lambda p: np.linalg.norm(p) - 0.4,
        Capsule(name="o", radius=0.3, length=1.0): lambda p: np.hypot(
            np.hypot(p[0], p[1]), max(abs(p[2]) - 0.5, 0)
        ) - 0.3,
        Cylinder(name="o", radius=0.5, length=1.0): lambda p: box_distance(
            np.array([np.hypot(p[0], p[1]), p[2]]), np.array([0.5, 0.5])
        ),
        HalfSpace(name="o"): lambda p: p[2],
    }  # fmt: skip
    Q = configurations(robot, 300) / 3
    for obstacle, form in forms.items():
        expected = np.array([form(q) for q in Q]) - r
        assert_allclose(CollisionChecker(robot, [obstacle]).distance(Q), expected, atol=2e-9, err_msg=obstacle.kind)


def box_distance(p, half):
    over = np.abs(p) - half
    return np.linalg.norm(np.maximum(over, 0)) + min(over.max(), 0)


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_an_overlap_ends_after_moving_its_depth_along_its_normal_and_no_shorter_way(tmp_path, geometry):
    robot = mover(tmp_path, geometry)
    rng = np.random.default_rng(1)
    for obstacle in obstacles()[:5]:
        checker = CollisionChecker(robot, [obstacle])
        for q in np.array(obstacle.position) + rng.uniform(-0.1, 0.1, (10, 3)):
            gap = checker.nearest(q)
            if gap.distance > 0:
                continue
            assert checker.distance(q - gap.distance * gap.normal) == pytest.approx(0, abs=1e-7)
            ways = rng.normal(size=(50, 3))
            ways /= np.linalg.norm(ways, axis=1)[:, None]
            assert (checker.distance(q - 0.99 * gap.distance * ways) < 0).all()


# --- against PyBullet


@pytest.mark.parametrize("name", ["panda", "iiwa", "xarm6"])
def test_distances_agree_with_pybullet(name):
    from sims.engines import shapes
    from sims.engines.bullet_plan import Clearance

    robot = load(name)
    world = [
        shapes.Box(name="box", position=(0.5, 0.3, 0.4), quaternion=TURNED, size=(0.3, 0.2, 0.5)),
        shapes.Sphere(name="sphere", position=(-0.5, 0.2, 0.6), radius=0.15),
        shapes.Cylinder(name="cylinder", position=(0.1, -0.6, 0.5), quaternion=TURNED, radius=0.1, length=0.4),
        shapes.Capsule(name="capsule", position=(-0.3, -0.5, 0.9), quaternion=TURNED, radius=0.08, length=0.3),
        shapes.Plane(name="floor", position=(0, 0, -0.3)),
    ]
    checker, Q = CollisionChecker(robot, world), configurations(robot, 200)
    ours, free = checker.distance(Q), checker.check(Q)
    with Clearance(robot, world) as truth:
        theirs = np.array([truth.at(q).distance for q in Q])
    assert ((ours > 0) == free).all()
    clear = np.abs(theirs) > 2e-3
    assert ((ours > 0) == (theirs > 0))[clear].all()
    apart = theirs > 2e-3
    assert apart.sum() > 20
    assert (ours - theirs)[apart].max() < 1e-4
    assert (ours - theirs)[apart].min() > -1.1e-3  # PyBullet rounds the edges of boxes and cylinders by 1 mm


# --- gradients, batches, pairs


def test_gradients_are_derivatives_of_distances(panda):
    checker, Q = CollisionChecker(panda, obstacles()), configurations(panda, 150)
    distances, gradients = checker.distance_gradient(Q)
    h = 1e-6
    steps = h * np.eye(panda.n)
    numeric = np.array([(checker.distance(q + steps) - checker.distance(q - steps)) / (2 * h) for q in Q])
    smooth = np.array([_same_pair(checker, q) for q in Q])
    assert smooth.sum() > 120
    error = np.abs(gradients - numeric).max(axis=1)
    assert error[smooth & (distances > 0)].max() < 1e-6
    assert error[smooth].max() < 1e-5  # deep in a cylinder, whose difference with a hull is approached by facets


def _same_pair(checker, q):
    """Whether the nearest pair is clearly the nearest, so that the smallest distance is smooth."""
    first, second, *_ = checker.gaps(q, 10.0)
    return second.distance - first.distance > 1e-4


def test_points_lie_on_the_shapes_a_distance_apart(panda):
    checker = CollisionChecker(panda, obstacles())
    for q in configurations(panda, 50):
        for gap in checker.gaps(q, 0.1):
            assert_allclose(gap.points[0] - gap.points[1], gap.distance * gap.normal, atol=1e-7)


def test_gaps_are_all_pairs_within_reach_nearest_first(panda):
    checker = CollisionChecker(panda, obstacles())
    for q in configurations(panda, 20):
        every = checker.gaps(q, 1e3)
        assert [g.distance for g in every] == sorted(g.distance for g in every)
        assert [g.pair for g in checker.gaps(q, 0.2)] == [g.pair for g in every if g.distance < 0.2]
        assert checker.nearest(q).distance == pytest.approx(every[0].distance, abs=1e-9)


def test_the_same_question_has_the_same_bits(panda):
    checker, Q = CollisionChecker(panda, obstacles()), configurations(panda, 30)
    together = checker.distance(Q)
    assert [checker.distance(q) for q in Q[::-1]] == together[::-1].tolist()
    assert (CollisionChecker(panda, obstacles()).distance(Q) == together).all()


def test_pairs_that_do_not_count(panda):
    home = panda.home
    assert CollisionChecker(panda).check(home)
    floor = HalfSpace(name="floor")
    assert CollisionChecker(panda, [floor]).check(home)  # the base stands on it
    box = Box(name="box", size=(0.1, 0.1, 0.1), position=tuple(panda.pose(home)[:3, 3]))
    assert not CollisionChecker(panda, [box]).check(home)
    assert CollisionChecker(panda, [box], exclude=["box"]).check(home)
    touching = {g.pair[0] for g in CollisionChecker(panda, [box]).gaps(home, 0.0)}
    assert CollisionChecker(panda, [box], exclude=[("box", link) for link in touching]).check(home)
    folded = np.array([0, 1.7, 0, -3.0, 0, 3.7, 0])
    assert not CollisionChecker(panda).check(folded)
    assert CollisionChecker(panda, own=False).check(folded)


# --- continuous checks


def test_an_edge_is_free_only_if_it_is_free_everywhere(panda):
    thin = Box(name="sheet", size=(0.002, 0.2, 0.2), position=(0.2, 0.25, 0.5))
    checker = CollisionChecker(panda, [thin])
    q0, q1 = panda.home - 0.3 * np.eye(7)[0], panda.home + 1.2 * np.eye(7)[0]
    hit = checker.check_edge(q0, q1)
    assert hit is not None
    assert hit.gap.pair[1] == "sheet"
    assert hit.gap.distance <= 0
    assert_allclose(hit.q, q0 + hit.at * (q1 - q0))
    assert CollisionChecker(panda).check_edge(q0, q1) is None


def test_edges_agree_with_dense_samples(panda):
    checker, Q = CollisionChecker(panda, obstacles()), configurations(panda, 400)
    Q = Q[checker.check(Q, 0.01)]
    share = np.linspace(0, 1, 400)[:, None]
    seen = {True: 0, False: 0}
    for q0, q2 in pairwise(Q):
        q1 = q0 + 0.3 * (q2 - q0)
        least = checker.distance(q0 + share * (q1 - q0)).min()
        for margin in (0.0, 0.005):
            free = checker.check_edge(q0, q1, margin) is None
            seen[free] += 1
            assert free == (least > margin) or abs(least - margin) < 2e-3
            assert not (free and least < margin - 1e-9)
    assert min(seen.values()) > 5


def test_a_motion_is_checked_between_its_knots(panda):
    from robocalc.trajectory import minimum_jerk

    checker = CollisionChecker(panda, [Sphere(name="ball", radius=0.01, position=(0.35, 0.4, 0.75))])
    start, end = panda.home - 0.2, panda.home + np.array([1.2, 0.2, 0, 0, 0, 0, 0])
    motion = minimum_jerk([start, end], duration=1.0)
    least = checker.distance(motion(np.linspace(0, 1, 3001))).min()
    assert least > 1e-3
    assert checker.check_motion(motion, least - 1e-4) is None
    hit = checker.check_motion(motion, least + 1e-3)
    assert hit.gap.distance <= least + 1.1e-3
    assert 0 < hit.at < 1


# --- what is built and what is refused


def test_a_cover_of_balls_holds_the_hull():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(80, 3)) * [3, 1, 0.3]
    balls = cover(points)
    weights = rng.dirichlet(np.full(80, 0.05), 3000)
    inside = weights @ points
    gaps = np.linalg.norm(inside[:, None] - balls[None, :, :3], axis=2) - balls[:, 3]
    assert gaps.min(axis=1).max() < 1e-9


def test_dicts_in_the_planning_format_are_obstacles(panda):
    entry = {"name": "b", "type": "box", "position": [0.5, 0, 0.5], "quat_xyzw": [0, 0, 0, 1], "size": [0.2, 0.2, 0.2]}
    box = Box(name="b", position=(0.5, 0, 0.5), size=(0.2, 0.2, 0.2))
    Q = configurations(panda, 20)
    assert (CollisionChecker(panda, [entry]).distance(Q) == CollisionChecker(panda, [box]).distance(Q)).all()


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ({"name": "b", "kind": "box"}, "'b' needs size"),
        ({"name": "b", "kind": "box", "size": [1, -1, 1]}, "b.size must be above 0"),
        ({"name": "b", "kind": "box", "size": [1, np.nan, 1]}, "b.size must be 3 finite numbers"),
        ({"name": "b", "kind": "sphere", "radius": 0}, "b.radius must be above 0"),
        ({"name": "b", "kind": "sphere", "radius": 1, "position": [1, 2]}, "b.position must be 3"),
        ({"name": "b", "kind": "sphere", "radius": 1, "quaternion": [0, 0, 0, 0]}, "must not be zero"),
        ({"name": "b", "kind": "spere", "radius": 1}, "did you mean 'sphere'"),
        ({"kind": "sphere", "radius": 1}, "needs a name"),
        ({"name": "m", "kind": "mesh", "file": "nowhere.obj"}, "m: mesh file nowhere.obj"),
        ({"name": "m", "kind": "mesh"}, "needs a file or points"),
    ],
)
def test_bad_obstacles_are_refused_by_name(panda, thing, message):
    with pytest.raises((InvalidInput, UnknownName), match=message):
        CollisionChecker(panda, [thing])


CUBE = "".join(f"v {x} {y} {z}\n" for x in (0, 1) for y in (0, 1) for z in (0, 1)) + "\n".join(
    ["f 1 2 4 3", "f 5 7 8 6", "f 1 5 6 2", "f 3 4 8 7", "f 1 3 7 5", "f 2 6 8 4"]
)


def test_meshes_are_hulls_or_triangles_and_open_ones_are_refused(panda, tmp_path):
    whole, torn = tmp_path / "cube.obj", tmp_path / "torn.obj"
    whole.write_text(CUBE)
    torn.write_text(CUBE.rsplit("\n", 1)[0])
    mesh = {"name": "m", "kind": "mesh", "file": str(whole), "scale": 0.3, "position": [0.4, 0.1, 0.3]}
    box = Box(name="m", size=(0.3, 0.3, 0.3), position=(0.55, 0.25, 0.45))
    Q = configurations(panda, 100)
    ours, theirs = CollisionChecker(panda, [mesh]).distance(Q), CollisionChecker(panda, [box]).distance(Q)
    assert_allclose(ours, theirs, atol=1e-8)
    shell = CollisionChecker(panda, [{**mesh, "convex": False}]).distance(Q)
    assert_allclose(shell[theirs > 0], theirs[theirs > 0], atol=1e-8)
    with pytest.raises(InvalidInput, match="not watertight"):
        CollisionChecker(panda, [{**mesh, "file": str(torn), "convex": False}])
    assert open_edges(np.zeros((0, 3)), np.zeros((0, 3), int)) == 1


def test_bad_questions_are_refused(panda):
    checker = CollisionChecker(panda, obstacles())
    for call in (
        lambda: checker.check(np.zeros(6)),
        lambda: checker.check(np.full(7, np.nan)),
        lambda: checker.check(panda.home, margin=-0.1),
        lambda: checker.check_path([panda.home]),
        lambda: checker.check_edge(panda.home, panda.home, grain=0),
        lambda: CollisionChecker(panda, [Sphere(name="a", radius=1), Sphere(name="a", radius=1)]),
        lambda: CollisionChecker(panda, exclude=["nobody"]),
    ):
        with pytest.raises((InvalidInput, UnknownName)):
            call()
