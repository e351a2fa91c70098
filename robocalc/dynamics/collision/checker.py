"""A robot among obstacles: how far, which pair, which way out; without gaps along edges and motions.

Gap                a pair, its signed distance, points, normal and gradient
Hit                where a motion comes nearer than its margin
CollisionChecker   check, distance, nearest, gaps, check_edge, check_path, check_motion
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.check import joint_rows, vector
from robocalc.dynamics.collision.obstacles import read_obstacle
from robocalc.dynamics.collision.scene import HALF_SPACE, Body, body_of, scene_of
from robocalc.errors import InvalidInput, UnknownName

SKIN = 1e-3  # [m] PyBullet's margin around hulls of meshes
GRAIN = 1e-6  # [rad | m] to which edges and motions are searched before what is not surely free counts as too near
REACH = 1e3  # [m]: nothing is farther


class Gap(NamedTuple):
    """distance [m], negative where they overlap; pair (link, obstacle or link); points (2, 3) on the first and second.

    normal     (3,) from the second to the first: the way apart
    gradient   (n,) ∂distance/∂q [m/rad | 1]
    """

    distance: float
    pair: tuple
    points: np.ndarray
    normal: np.ndarray
    gradient: np.ndarray

    def __str__(self):
        if not self.pair[0]:
            return "nothing near"
        mm = 1e3 * self.distance
        return f"{self.pair[0]} and {self.pair[1]} " + (
            f"overlap by {-mm:.3g} mm" if mm < 0 else f"are {mm:.4g} mm apart"
        )


class Hit(NamedTuple):
    """Where a motion does not keep its margin: share of an edge, edge + share of a path, or time [s] of a motion.

    gap   the nearest pair there; its distance may exceed the margin by less than the search's grain
    """

    at: float
    q: np.ndarray
    gap: Gap


class CollisionChecker:
    """Distances of a robot's collision shapes to obstacles and to each other.

    robot       its meshes count as convex hulls, one for each group of an OBJ file, with `skin` around: as in PyBullet
    obstacles   see `read_obstacle`
    own         count the robot's links against each other; never those of one body, of neighbours at a joint, and pairs
                that touch at `robot.home`. Links that no joint moves do not count against obstacles
    exclude     names of obstacles, or pairs (link, obstacle or link) in any order, that may touch
    skin        [m]
    pad         [m] by which obstacles count as thicker, so that a margin is kept from them plus `pad`, from the robot
                itself alone: checks, distances and the order of pairs are those of thicker obstacles; a Gap tells the
                true distance
    raises      InvalidInput, UnknownName   an obstacle, a name or a mesh cannot be used; says which

    One checker per thread. Same question, same bits.
    """

    def __init__(self, robot, obstacles=(), *, own=True, exclude=(), skin=SKIN, pad=0.0):
        self.robot, self.skin, self._own, self._exclude = robot, float(skin), own, tuple(exclude)
        if not 0 <= self.skin < 1:
            raise InvalidInput(f"skin must be 0 to 1 m, got {skin!r}")
        self.obstacles = tuple(read_obstacle(thing) for thing in obstacles)
        self._body = _cached_body(robot, self.skin)
        self.names = tuple(o.name for o in self.obstacles)
        for name in self.names:
            if self.names.count(name) > 1:
                raise InvalidInput(f"two obstacles are named {name!r}")
        skipped = self._exclusions(exclude)
        links, pairs = self._body.links, self._body.own
        counted = _own_pairs(robot, self._body, self.skin) if own else ()
        counted = [k for k in counted if not skipped(links[pairs[k][0]], links[pairs[k][1]])]
        self.scene, self._items = scene_of(robot, self._body, self.obstacles, skipped, counted)
        self._found = np.zeros(2)
        self.pad = self._margin(pad)
        self._thicken(self.pad)

    def _thicken(self, pad):
        S, scene = len(self._body.links), self.scene
        flat = scene.ints[S:, 0] == HALF_SPACE
        scene.data[S:, 3:5] += pad
        scene.data[S:, 19] += pad * flat
        scene.world[12:] += pad

    def _exclusions(self, exclude):
        sets = {frozenset([e]) if isinstance(e, str) else frozenset(e) for e in exclude}
        known = {*self.names, *self.robot.links}
        for name in sorted(frozenset().union(*sets) - known):
            raise UnknownName("obstacle or link", name, known)
        return lambda a, b: not sets.isdisjoint((frozenset([a]), frozenset([b]), frozenset([a, b])))

    # --- one configuration, or rows

    def check(self, q, margin=0.0):
        """Whether every pair is farther apart than `margin` [m]: a bool for q (n,), (N,) for a batch (N, n)."""
        from robocalc.dynamics.collision.query import many_free

        (q,), single = joint_rows(self.robot.joints, q=q)
        pairs = np.empty(len(q), np.int64)
        many_free(self.scene, q, self._margin(margin), np.zeros(self.robot.n), pairs)
        return bool(pairs[0] < 0) if single else pairs < 0

    def _margin(self, margin):
        margin = float(margin)
        if not 0 <= margin < np.inf:
            raise InvalidInput(f"margin must be a finite number of at least 0 m, got {margin!r}")
        return margin

    def _smallest(self, q, reach):
        from robocalc.dynamics.collision.query import many_smallest

        (q,), single = joint_rows(self.robot.joints, q=q)
        N, n = q.shape
        results, grads, pairs = np.zeros((N, 10)), np.zeros((N, n)), np.empty(N, np.int64)
        many_smallest(self.scene, q, float(reach), results, grads, pairs)
        return results, grads, pairs, single

    def distance(self, q, reach=REACH):
        """Smallest signed distance [m] of any pair; a number or (N,). inf where it is `reach` or more."""
        results, _, _, single = self._smallest(q, reach)
        return float(results[0, 0]) if single else results[:, 0].copy()

    def distance_gradient(self, q, reach=REACH):
        """(distance, ∂distance/∂q) of the nearest pair, () and (n,), or (N,) and (N, n); inf and 0 beyond `reach`."""
        results, grads, _, single = self._smallest(q, reach)
        return (float(results[0, 0]), grads[0]) if single else (results[:, 0].copy(), grads)

    def nearest(self, q, reach=REACH) -> Gap:
        """The nearest pair at q (n,); distance inf and empty names where none is nearer than `reach` [m]."""
        results, grads, pairs, single = self._smallest(q, reach)
        if not single:
            raise InvalidInput("nearest takes one configuration (n,); use distance or distance_gradient for a batch")
        return self._gap(results[0], grads[0], pairs[0])

    def gaps(self, q, reach=0.05) -> list:
        """The Gap of every pair nearer than `reach` [m] at q (n,), nearest first."""
        from robocalc.dynamics.collision.query import within

        q = vector("q", q, self.robot.n)
        P, n = len(self.scene.bound), self.robot.n
        results, grads, pairs = np.zeros((P + 1, 10)), np.zeros((P + 1, n)), np.zeros(P + 1, np.int64)
        count = within(self.scene, q, float(reach), results, grads, pairs)
        order = np.argsort(results[:count, 0], kind="stable")
        return [self._gap(results[i], grads[i], pairs[i]) for i in order]

    def _gap(self, result, grad, pair) -> Gap:
        if pair < 0:
            return Gap(np.inf, ("", ""), np.full((2, 3), np.nan), np.full(3, np.nan), np.zeros(self.robot.n))
        points = result[4:10].reshape(2, 3).copy()
        pad = self.pad if pair < len(self._body.links) * len(self._items) else 0.0
        points[1] -= pad * result[1:4]
        return Gap(float(result[0] + pad), self.pair(pair), points, result[1:4].copy(), grad.copy())

    def among(self, more) -> "CollisionChecker":
        """This checker with more obstacles."""
        obstacles = (*self.obstacles, *more)
        return CollisionChecker(
            self.robot, obstacles, own=self._own, exclude=self._exclude, skin=self.skin, pad=self.pad
        )  # fmt: skip

    def with_pad(self, pad) -> "CollisionChecker":
        """This checker with another `pad`."""
        if pad == self.pad:
            return self
        return CollisionChecker(
            self.robot, self.obstacles, own=self._own, exclude=self._exclude, skin=self.skin, pad=pad
        )  # fmt: skip

    def pair(self, index) -> tuple:
        """Names of the pair that kernels call `index`."""
        links, W = self._body.links, len(self._items)
        if index < len(links) * W:
            return links[index // W], self.obstacles[self._items[index % W]].name
        a, b = self.scene.own[index - len(links) * W]
        return links[a], links[b]

    # --- edges and motions

    @cached_property
    def work(self):
        """Scratch of the kernels that check edges."""
        from robocalc.dynamics.collision.edges import scratch

        return scratch(self.robot.n)

    def check_edge(self, q0, q1, margin=0.0, grain=GRAIN) -> Hit | None:
        """None if the straight line from q0 to q1 keeps `margin` [m] everywhere, not only at samples; else the Hit."""
        return self.check_path([vector("q0", q0, self.robot.n), vector("q1", q1, self.robot.n)], margin, grain)

    def check_path(self, waypoints, margin=0.0, grain=GRAIN) -> Hit | None:
        """None if the polyline through waypoints (W, n) keeps `margin` [m] everywhere; else its first Hit found."""
        from robocalc.dynamics.collision.edges import check_path

        (Q,), single = joint_rows(self.robot.joints, waypoints=waypoints)
        if single or len(Q) < 2:
            raise InvalidInput(f"a path needs at least two waypoints (W, n), got shape {np.shape(waypoints)}")
        self.scene.guess[:] = 0.0
        if check_path(self.scene, Q, self._margin(margin), self._grain(grain), self.work, self._found):
            return None
        at, pair = self._found
        i = min(int(at), len(Q) - 2)
        return self._hit(at, Q[i] + (at - i) * (Q[i + 1] - Q[i]), int(pair))

    def check_motion(self, trajectory, margin=0.0, grain=GRAIN, *, details=True):
        """None if the trajectory keeps `margin` [m] at all times, not only at samples; else the Hit (at: time [s]).

        details   False: only whether it keeps the margin, a bool
        """
        from robocalc.dynamics.collision.edges import motion_free

        if trajectory.n != self.robot.n:
            raise InvalidInput(f"the motion has {trajectory.n} joints, the robot {self.robot.n}")
        knots, coeffs = np.array(trajectory.knots), np.array(trajectory.coeffs)
        self.scene.guess[:] = 0.0
        free = motion_free(self.scene, knots, coeffs, self._margin(margin), self._grain(grain), self.work, self._found)
        if free or not details:
            return bool(free) if not details else None
        at, pair = self._found
        return self._hit(at, np.asarray(trajectory(at)), int(pair))

    def _grain(self, grain):
        if not 0 < float(grain) < np.inf:
            raise InvalidInput(f"grain must be above 0, got {grain!r}")
        return float(grain)

    def _hit(self, at, q, pair) -> Hit:
        names = self.pair(pair)
        gap = next((g for g in self.gaps(q, REACH) if g.pair == names), None) or self.nearest(q)
        return Hit(float(at), q, gap)


def _cached_body(robot, skin) -> Body:
    """Body of a robot, kept with it."""
    bodies = robot.__dict__.setdefault("_collision_bodies", {})
    if skin not in bodies:
        bodies[skin] = body_of(robot, skin)
    return bodies[skin]


def _own_pairs(robot, body, skin):
    """Indices into body.own of the pairs that do not touch at home, kept with the robot."""
    known = robot.__dict__.setdefault("_collision_pairs", {})
    if skin not in known:
        from robocalc.dynamics.collision.query import within

        scene, _ = scene_of(robot, body, (), lambda link, name: False, range(len(body.own)))
        P = len(body.own)
        results, grads, pairs = np.zeros((P + 1, 10)), np.zeros((P + 1, robot.n)), np.zeros(P + 1, np.int64)
        count = within(scene, np.array(robot.home), 0.0, results, grads, pairs)
        names = [frozenset((body.links[a], body.links[b])) for a, b in body.own]
        touching = {names[k] for k in pairs[:count]}
        known[skin] = tuple(k for k in range(P) if names[k] not in touching)
    return known[skin]
