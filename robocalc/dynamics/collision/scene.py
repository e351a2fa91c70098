"""A robot and its obstacles as flat arrays: what kernels take.

Scene    tables of shapes, pairs and bounds, with scratch; one per thread
Body     the robot's part, made once per robot
body_of  Body of a robot
scene_of Scene of a Body among obstacles
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.collision.fields import prism_shell
from robocalc.dynamics.collision.files import convex_parts, read_mesh
from robocalc.dynamics.collision.hulls import ball, box, cover, hull
from robocalc.dynamics.model import Model
from robocalc.errors import InvalidInput

POINTS, BOX, CYLINDER, HALF_SPACE = range(4)
INTS, DATA = 7, 20
BIG = 1e4  # [m] half edges of the box that stands for a half-space when bounds are wanted


class Scene(NamedTuple):
    """G shapes, the robot's S first, then W of the world; P pairs of the robot's own shapes.

    ints        (G, 7) kind, row of its frame in model.work (0: world), first and last vertex, first and last ball, item
    data        (G, 20) ball around it 4 (rounding included), rounding, and without it: middle 3, axes 9, half edges 3
    vertices    (V, 3) in the shape's frame; first (V + 1,), neighbours: the edges of hulls
    balls       (B, 4) that together hold a shape of the robot, rounding included
    world       (15, W) boxes around the world's shapes, rounding included: middle 3, axes 9, half edges 3
    own         (P, 2) pairs of the robot's shapes
    reach       (S, n) [m/rad] how far at most each joint moves a shape; reach_own (P, n) a pair past each other
    skip        (S, W) pairs that do not count
    guess       (S W + P, 3) directions to begin with; centres, far, simplex, weights, bound: scratch
    """

    model: Model
    ints: np.ndarray
    data: np.ndarray
    vertices: np.ndarray
    first: np.ndarray
    neighbours: np.ndarray
    balls: np.ndarray
    world: np.ndarray
    own: np.ndarray
    reach: np.ndarray
    reach_own: np.ndarray
    skip: np.ndarray
    guess: np.ndarray
    centres: np.ndarray
    far: np.ndarray
    simplex: np.ndarray
    weights: np.ndarray
    bound: np.ndarray


class Tables:
    """Rows of shapes as they are added; `frozen()` are the arrays of a Scene."""

    def __init__(self, after=None):
        """Empty, or to be joined to the tables `after`."""
        self.ints, self.data, self.vertices, self.neighbours, self.balls = [], [], [], [], []
        self.first = [] if after else [0]
        self.before, self.edges = (len(after.vertices), len(after.neighbours)) if after else (0, 0)
        self._frozen = None

    def frozen(self):
        """(ints, data, vertices, first, neighbours, balls) as arrays, made once."""
        if self._frozen is None:
            self._frozen = (
                np.array(self.ints, np.int64).reshape(-1, INTS), np.array(self.data, float).reshape(-1, DATA),
                np.array(self.vertices, float).reshape(-1, 3), np.array(self.first, np.int64),
                np.array(self.neighbours, np.int64), np.array(self.balls, float).reshape(-1, 4),
            )  # fmt: skip
        return self._frozen

    def points(self, item, frame, points, rounding, balls, shell=None):
        """A hull of points, or the middle of a ball (1) or capsule (2). shell: (vertices, first, neighbours) known."""
        known = shell or (hull(points) if len(points) > 2 else _few(points))
        vertices, first, neighbours = known
        start = self.before + len(self.vertices)
        self.vertices += vertices.tolist()
        self.first += (first[1:] + self.edges + len(self.neighbours)).tolist()
        self.neighbours += (neighbours + start).tolist()
        self._row(POINTS, item, frame, vertices, rounding, (start, start + len(vertices)), box(vertices), balls)

    def solid(self, kind, item, frame, R, p, half, balls):
        """A box, or a cylinder along the last axis with half = radius, radius, half length."""
        corners = p + (SIGNS * half) @ R.T
        self._row(kind, item, frame, corners, 0.0, (0, 0), (p, R.T, np.array(half)), balls)

    def _row(self, kind, item, frame, points, rounding, span, boxed, balls):
        centre, radius = ball(points) if balls or len(points) < 8 else _ball_of_box(boxed)
        first_ball = len(self.balls)
        if balls:
            rows = cover(points) if len(points) > 3 else np.array([[*centre, radius]])
            self.balls += (rows + np.array([0, 0, 0, rounding])).tolist()
        self.ints.append([kind, frame, *span, first_ball, len(self.balls), item])
        middle, axes, half = boxed
        self.data.append([*centre, radius + rounding, rounding, *middle, *np.ravel(axes), *half])

    def half_space(self, item, R, p):
        n = R[:, 2]
        self.ints.append([HALF_SPACE, 0, 0, 0, 0, 0, item])
        self.data.append([*(p - BIG * n), 2 * BIG, 0.0, *(p - BIG * n), *np.ravel(R.T), BIG, BIG, BIG])


SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)


def _few(points):
    """One or two points with their neighbours."""
    count = len(points)
    return np.array(points, float), np.arange(count + 1) * (count - 1), np.arange(count)[::-1][: 2 * (count - 1)]


def _ball_of_box(boxed):
    middle, _, half = boxed
    return middle, float(np.sqrt(half @ half))


def _points_of(kind, size, R, p):
    """(points, rounding) of a ball or capsule placed at R, p."""
    if kind == "sphere":
        return p[None], size[0]
    z = R[:, 2] * size[1] / 2
    return np.array([p - z, p + z]), size[0]


# --- the robot


class Body(NamedTuple):
    """The robot's part of a Scene.

    links   (S,) names of the shapes' links; moved (S,): whether a joint moves them
    own     pairs of shapes that are neither of one body nor of neighbours at a joint
    """

    links: tuple
    tables: Tables
    own: tuple
    moved: np.ndarray
    reach: np.ndarray
    reach_own: np.ndarray


@lru_cache(maxsize=64)
def hulls_of_file(path, size, stamp):
    return [hull(part * size) for part in convex_parts(read_mesh(path))]


def _add_geometry(tables, item, row, R, p, geometry, skin):
    """Number of rows that the geometry needs."""
    kind, size = geometry.kind, geometry.size
    if kind == "mesh":
        if geometry.path is None:
            raise InvalidInput(f"collision mesh {geometry.file} is missing: distances need it")
        shells = hulls_of_file(geometry.path, tuple(size), geometry.path.stat().st_mtime_ns)
        for vertices, first, neighbours in shells:
            shell = (vertices @ R.T + p, first, neighbours)
            tables.points(item, row, shell[0], skin, True, shell)
        return len(shells)
    if kind in ("sphere", "capsule"):
        points, rounding = _points_of(kind, size, R, p)
        tables.points(item, row, points, rounding, True)
    elif kind == "box":
        tables.solid(BOX, item, row, R, p, np.array(size) / 2, True)
    else:
        tables.solid(CYLINDER, item, row, R, p, np.array([size[0], size[0], size[1] / 2]), True)
    return 1


def body_of(robot, skin) -> Body:
    """Tables of the robot's collision shapes.

    skin    [m] around the hulls of meshes: PyBullet's collision margin
    """
    tables, links, bodies = Tables(), [], []
    for item, (link, body, offset, geometry) in enumerate(robot.collisions()):
        rows = _add_geometry(tables, item, body + 1, offset[:9].reshape(3, 3), offset[9:], geometry, skin)
        links += [link] * rows
        bodies += [body] * rows
    parent = robot._lowered.tree[:, 0]
    chains = [_chain(parent, body) for body in bodies]
    reach = np.array([_reach(robot, chain, row) for chain, row in zip(chains, tables.data)]).reshape(-1, robot.n)
    own, between = [], []
    for i in range(len(links)):
        for j in range(i + 1, len(links)):
            a, b = bodies[i], bodies[j]
            if a != b and not (b >= 0 and parent[b] == a) and not (a >= 0 and parent[a] == b):
                apart = np.zeros(robot.n)
                for k in set(chains[i]) ^ set(chains[j]):
                    apart[k] = max(reach[i, k], reach[j, k])
                own.append((i, j))
                between.append(apart)
    moved = np.array(bodies, int) >= 0
    return Body(tuple(links), tables, tuple(own), moved, reach, np.array(between).reshape(-1, robot.n))


def _chain(parent, body):
    """Joints above a body, itself first."""
    chain = []
    while body >= 0:
        chain.append(int(body))
        body = parent[body]
    return chain


def _reach(robot, chain, row):
    """(n,) bounds on the distance between each joint's axis and any point of a shape, over all configurations.

    Per turn of joint k the shape moves by no more; 1 for a joint that slides, and 0 for joints that do not move it.
    """
    tree, bodies = robot._lowered.tree, robot._lowered.bodies
    low, high = robot.limits.bounds("position", robot.n)
    slide = np.where(tree[:, 1] == 1, np.maximum(np.abs(low), np.abs(high)), 0.0)
    reach, out = np.zeros(robot.n), None
    centre, radius = np.array(row[:3]), row[3]
    for k in chain:
        if out is None:
            along, out = np.hypot(centre[0], centre[1]) + radius, np.linalg.norm(centre) + radius
            out += slide[k]
        else:
            along, out = out, out + slide[k]
        reach[k] = 1.0 if tree[k, 1] == 1 else along
        out += np.linalg.norm(bodies[k, 9:12])
    return reach


# --- the scene


@lru_cache(maxsize=20_000)
def _hull_of(points):
    """The hull of points as bytes: worlds are looked at again and again, for each leg of a task."""
    return hull(np.frombuffer(points).reshape(-1, 3))


def _placed(part, placed):
    vertices, first, neighbours = _hull_of(np.ascontiguousarray(part, float).tobytes())
    return vertices @ placed.R.T + placed.p, first, neighbours


def _add_obstacle(tables, item, placed):
    """Number of rows that the obstacle needs."""
    if placed.kind == "plane":
        tables.half_space(item, placed.R, placed.p)
    elif placed.kind in ("sphere", "capsule"):
        points, rounding = _points_of(placed.kind, placed.size, placed.R, placed.p)
        tables.points(item, 0, points, rounding, False)
    elif placed.kind == "box":
        tables.solid(BOX, item, 0, placed.R, placed.p, np.array(placed.size) / 2, False)
    elif placed.kind == "cylinder":
        radius, length = placed.size
        tables.solid(CYLINDER, item, 0, placed.R, placed.p, np.array([radius, radius, length / 2]), False)
    else:
        for part in placed.parts:
            points = part @ placed.R.T + placed.p
            shell = prism_shell(points) if placed.kind == "height_field" else _placed(part, placed)
            tables.points(item, 0, points, 0.0, False, shell)
        return len(placed.parts)
    return 1


def scene_of(robot, body: Body, obstacles, skip_names, own) -> tuple:
    """(Scene, item of each world shape): the robot among obstacles (Placed each).

    skip_names(link, name) -> whether that pair does not count; own: indices into body.own that count
    """
    S, items, known = len(body.links), [], body.tables
    tables = Tables(known)
    for i, placed in enumerate(obstacles):
        items += [i] * _add_obstacle(tables, S + i, placed)
    known, more = known.frozen(), tables.frozen()
    ints, data, vertices, first, neighbours, _ = (np.concatenate(both) for both in zip(known, more))
    W, pairs = len(items), np.array([body.own[k] for k in own], np.int64).reshape(-1, 2)
    world = np.ascontiguousarray(data[S:, 5:20].T)
    world[12:] += data[S:, 4]
    skip = np.zeros((S, W), np.bool_)
    skip[~body.moved] = True
    for s, link in enumerate(body.links):
        for i, placed in enumerate(obstacles):
            if skip_names(link, placed.name):
                skip[s, np.array(items) == i] = True
    scene = Scene(
        robot.model(), ints, data, vertices, first, neighbours, known[-1], world, pairs, body.reach,
        body.reach_own[list(own)].reshape(-1, robot.n), skip, np.zeros((S * W + len(pairs), 3)), np.zeros((S, 3)),
        np.zeros(max(W, 1)), np.zeros((4, 9)), np.zeros(8), np.zeros(S * W + len(pairs)),
    )  # fmt: skip
    return scene, items
