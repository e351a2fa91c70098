"""Smallest distance between a robot and what it must not touch, with few calls into PyBullet.

    Gap     distance [m] (negative: overlap), the names of the pair, its closest points; infinite beyond REACH
    Gaps    the pairs of a robot and a scene; a lower bound for each, and exact distances until no bound is smaller

Distances are PyBullet's: hulls stand out by its collision margin of 1 mm, and edges of boxes are rounded by as much.
Links of two robots of a team always count against each other.
Never counted: links of one rigid body or of neighbours at a joint, pairs of links that touch at the robot's home, and
links that no joint moves against things that never move (the base on its floor).
"""

from itertools import combinations
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from robocalc.dynamics import Team
from robocalc.errors import UnknownName
from sims.engines.poses import conjugate, matrix, rotate

REACH = 10.0  # [m]: what is farther does not matter
SLACK = 0.005  # [m]: collision margins of hulls lie outside their vertices


class Gap(NamedTuple):
    distance: float
    pair: tuple  # (link or carried object, object or link); ("", "") when nothing is near
    points: tuple = (np.nan,) * 6  # [m] in world: on the one, on the other

    @property
    def names(self):
        return " - ".join(self.pair)


WORLD, OWN, CARRIED = range(3)  # kinds of pairs
NOTHING = Gap(np.inf, ("", ""))


def rigid_parts(robot):
    """link -> the moving joint that carries it ('' for the base), and joint -> that of its parent."""
    carrier, above = {robot.tree.root: ""}, {}
    for joint in robot.tree.joints:  # parents first
        carrier[joint.child] = joint.name if joint.name in robot.joints else carrier[joint.parent]
        above[carrier[joint.child]] = above.get(carrier[joint.child], carrier[joint.parent])
    return carrier, above


def local_box(shape):
    """Corners (2, 3) of the box around a shape in its own frame; infinite for a plane."""
    if shape.kind == "plane":
        return np.array([[-np.inf] * 3, [np.inf, np.inf, 0.0]])
    if shape.kind == "mesh":
        vertices = shape.vertices()
        return np.array([vertices.min(axis=0), vertices.max(axis=0)])
    half = {
        "box": lambda: np.array(shape.size) / 2,
        "sphere": lambda: np.full(3, shape.radius),
        "cylinder": lambda: np.array([shape.radius, shape.radius, shape.length / 2]),
        "capsule": lambda: np.array([shape.radius, shape.radius, shape.length / 2 + shape.radius]),
    }[shape.kind]()
    return np.array([-half, half])


class Gaps:
    """touch: bullet_contacts.Touch of the robot. The robot must stand at its home when this is made."""

    def __init__(self, touch, robot):
        self.touch, self.p, self.c, self.body, self.scene = touch, touch.p, touch.c, touch.body, touch.scene
        shaped = {link.name for link in robot.tree.links if link.collisions}
        self.links = tuple(name for name in self.body.links if name in shaped)
        self.index = np.array([self.body.links[name] for name in self.links], int)
        self.names = tuple(self.scene.items)
        carrier, above = rigid_parts(robot)
        self._spheres()
        shapes = [item.shape for item in self.scene.items.values()]
        self.boxes = np.array([local_box(s) for s in shapes]).reshape(-1, 2, 3)
        self.rest = np.array([not s.dynamic and s.motion is None for s in shapes], bool)
        self.frames = np.array([s.pose for s in shapes]).reshape(-1, 7)
        self.turns = np.array([matrix(pose[3:]) for pose in self.frames]).reshape(-1, 3, 3)
        moved = np.array([carrier[name] != "" for name in self.links], bool)
        self.counted = moved[:, None] | ~self.rest[None]  # (links, things)
        self.team = isinstance(robot, Team)
        self.owner = [robot.owner(name).name if self.team else "" for name in self.links]
        pairs = [(i, j) for i, j in combinations(range(len(self.links)), 2) if self.owner[i] == self.owner[j]]
        self.self_pairs = np.array(list(self._own_pairs(pairs, carrier, above)), int).reshape(-1, 2)
        pairs = combinations(range(len(self.links)), 2) if self.team else ()
        between = [(i, j) for i, j in pairs if self.owner[i] != self.owner[j] and (moved[i] or moved[j])]
        self.between_pairs, self._last = np.array(between, int).reshape(-1, 2), None

    def _spheres(self):
        """Ball around each link, centre in the link's frame: from its bounding box as it stands."""
        self._movable = self.index[self.index >= 0].tolist()
        self._poses = np.array([self.touch.link_pose(name) for name in self.links]).reshape(-1, 7)
        corners = np.array([self.p.getAABB(self.body.id, int(i), self.c) for i in self.index]).reshape(-1, 2, 3)
        self.offsets = rotate(conjugate(self._poses[:, 3:]), corners.mean(axis=1) - self._poses[:, :3])
        self.radii = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1) / 2

    def _own_pairs(self, pairs, carrier, above):
        for i, j in pairs:
            a, b = carrier[self.links[i]], carrier[self.links[j]]
            near = a == b or above.get(a) == b or above.get(b) == a
            if not near and self._distance(*self._part(False, i), *self._part(False, j), 0.01) > 0:
                yield i, j

    def _distance(self, body, link, other, other_link, reach):
        """Exact distance of two parts if it is below reach, else inf."""
        found = self._closest(body, link, other, other_link, reach)
        return np.inf if found is None else found[8]

    def _closest(self, body, link, other, other_link, reach):
        """PyBullet's contact point of two parts where they are closest, None if that is not below reach."""
        points = self.p.getClosestPoints(body, other, float(reach), link, other_link, physicsClientId=self.c)
        return min(points or (), key=itemgetter(8), default=None)

    # asking

    def smallest(self, exclude=(), *, own=True, carried=(), of=None):
        """The Gap now.

        exclude   names of objects, or pairs (link, object) in any order, that are meant to touch
        own       count the robot's own links against each other
        carried   objects that move with the robot: counted against all other objects, not against the robot; of a team
                  against those robots with which no pair is excluded
        of        name of a robot of a team: its links alone, and what it carries
        raises    UnknownName   a name is neither object nor link
        """
        exclude = self._checked(exclude)
        left_out = np.array([frozenset([name]) in exclude for name in self.names], bool)
        held = left_out | np.array([name in carried for name in self.names], bool)
        for name in carried:
            self.scene.item(name)
        centers = self._centers()
        self._follow()
        mine = np.array([of is None or owner == of for owner in self.owner], bool)
        bounds, rows = self._world_bounds(centers, left_out if self.team else held, mine)
        for pairs in (self.self_pairs if own else (), self.between_pairs):
            self._add_links(bounds, rows, centers, pairs, mine)
        for name in carried:
            bound, row = self._carried_bounds(self.names.index(name), held)
            bounds.append(bound)
            rows.append(row)
        if not bounds:
            return NOTHING
        return self._search(np.concatenate(bounds), np.concatenate(rows), exclude)

    def between(self):
        """The Gap between robots of a team."""
        bounds, rows = [], []
        self._add_links(bounds, rows, self._centers(), self.between_pairs, np.ones(len(self.links), bool))
        if not bounds:
            return NOTHING
        at, rows = self._last if self._last is not None else int(np.argmin(bounds[0])), rows[0]
        found = self._closest(*self._part(False, rows[at, 1]), *self._part(False, rows[at, 2]), REACH)
        reach = np.inf if found is None else found[8]  # of the pair that was closest last: few can be closer now
        near = np.flatnonzero(bounds[0] - SLACK <= reach)
        best = self._search(bounds[0][near], rows[near], ())
        self._last = next((k for k in near if tuple(self.links[i] for i in rows[k, 1:]) == best.pair), None)
        return best

    def _add_links(self, bounds, rows, centers, pairs, mine):
        """Bounds and rows (OWN, link, link) of the pairs with one link of mine."""
        if len(pairs):
            i, j = pairs[mine[pairs].any(axis=1)].T
            bounds.append(np.linalg.norm(centers[i] - centers[j], axis=1) - self.radii[i] - self.radii[j])
            rows.append(np.column_stack([np.full(len(i), OWN), i, j]))

    def _checked(self, exclude):
        exclude = {frozenset([e]) if isinstance(e, str) else frozenset(e) for e in exclude}
        known = {*self.names, *self.body.links}
        for name in frozenset().union(*exclude) - known:
            raise UnknownName("object or link", name, known)
        return exclude

    def _centers(self):
        """Centres (links, 3) of the balls in world; one call for all links."""
        poses = self._link_poses()
        return poses[:, :3] + rotate(poses[:, 3:], self.offsets)

    def _link_poses(self):
        """(links, 7), links of no joint (PyBullet's base) where they stood at first."""
        states = (
            self.p.getLinkStates(self.body.id, self._movable, 0, 1, physicsClientId=self.c) if self._movable else ()
        )
        self._poses[self.index >= 0] = np.array([state[4] + state[5] for state in states]).reshape(-1, 7)
        return self._poses

    def _follow(self):
        """Frames of the things that move."""
        for k in np.flatnonzero(~self.rest):
            self.frames[k] = self.scene.pose(self.names[k])
            self.turns[k] = matrix(self.frames[k, 3:])

    def _to_boxes(self, centers):
        """Signed distance (K, things) of points (K, 3) to the box of each thing, negative inside."""
        local = np.einsum("tji,ktj->kti", self.turns, centers[:, None] - self.frames[None, :, :3])
        over = np.maximum(self.boxes[:, 0] - local, local - self.boxes[:, 1])
        outside = np.maximum(over, 0.0)
        return np.sqrt(np.einsum("kti,kti->kt", outside, outside)) + np.minimum(over.max(axis=2), 0.0)

    def _world_bounds(self, centers, held, mine):
        """Bounds and rows (WORLD, link, thing)."""
        if not self.names:
            return [], []
        k, t = np.nonzero(self.counted & ~held & mine[:, None])
        bounds = (self._to_boxes(centers) - self.radii[:, None])[k, t]
        return [bounds], [np.column_stack([np.full(len(k), WORLD), k, t])]

    def _carried_bounds(self, i, held):
        """Bounds and rows (CARRIED, thing, thing) of carried thing i."""
        middle = self.boxes[i].mean(axis=0)
        center = self.frames[i, :3] + self.turns[i] @ middle
        others = np.flatnonzero(~held)
        bounds = self._to_boxes(center[None])[0, others] - np.linalg.norm(self.boxes[i, 1] - middle)
        return bounds, np.column_stack([np.full(len(others), CARRIED), np.full(len(others), i), others])

    def _search(self, bounds, rows, exclude):
        best, order = NOTHING, np.argsort(bounds, kind="stable")
        for bound, (kind, a, b) in zip(bounds[order].tolist(), rows[order].tolist()):
            reach = min(best.distance, REACH)
            if bound - SLACK >= reach:
                break
            first, second = (self.names if kind == CARRIED else self.links), (self.links if kind == OWN else self.names)
            if exclude and frozenset((first[a], second[b])) in exclude:
                continue
            found = self._closest(*self._part(kind == CARRIED, a), *self._part(kind != OWN, b), reach)
            if found is not None and found[8] < best.distance:
                best = Gap(float(found[8]), (first[a], second[b]), (*found[5], *found[6]))
        return best

    def _part(self, thing, k):
        """(PyBullet's body, link) of thing or link number k."""
        return (self.scene.items[self.names[k]].id, -1) if thing else (self.body.id, int(self.index[k]))
