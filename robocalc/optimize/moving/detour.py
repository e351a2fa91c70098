"""Out of the way and around: a motion off the path, from a moving state, with bounded work.

Detour   of one robot among what stands: find(traffic, state, goal, ...) -> Way or None
Way      the motion, whether it arrives, and until when its end stays free
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from robocalc.errors import RobocalcError
from robocalc.trajectory import Limits, Trajectory, jerk_limited

NODES = 256
DODGES = 12  # motions from the moving state that are tried where the robot would be hit while it stops
REACH = 0.6  # [rad | m] of these
KEEP = 0.005  # [m] from what stands and from itself, where the robot is not nearer
STILL = 1e-9


class Way(NamedTuple):
    """motion: from the state that was given, at time 0, to rest; arrives: at the goal; until [s]: its end is free."""

    motion: Trajectory
    arrives: bool
    until: float


class Detour:
    """checker   CollisionChecker of the robot among what stands
    limits    Limits of the joints; position, velocity, acceleration and jerk count
    moved     indices of the joints that may move; None: all
    """

    def __init__(self, checker, limits, moved=None):
        n = checker.robot.n
        self.checker, self.n = checker, n
        self.moved = np.arange(n) if moved is None else np.array(moved, np.int64)
        names = ("velocity", "acceleration", "jerk")
        self.bounds = np.array([np.abs(limits.bounds(name, n)).min(axis=0) for name in names])
        self.bounds[1] = np.minimum(self.bounds[1], 1e3)
        self.bounds[2] = np.minimum(self.bounds[2], 1e5)
        range_ = checker.robot.limits.bounds("position", n)
        self.low, self.high = range_[0].copy(), range_[1].copy()
        self.limits = Limits(velocity=self.bounds[0], acceleration=self.bounds[1], jerk=self.bounds[2])

    def find(self, traffic, state, goal, margin, horizon, *, points=(), rounds=120, enough=60, hold=0.5, seed=0):
        """The Way to the goal, else to where the robot stays free for longest; None: it cannot even stop.

        traffic   Traffic from now on, to at least `horizon` [s]
        state     (q, v, a) (n,) each, now
        margin    [m] from what moves
        points    (P, n) configurations that are tried on the way
        rounds    of the search at most: what bounds its time; enough: after which a free refuge ends it
        """
        from robocalc.optimize.moving.tree import grow

        keep = self._keep(state[0])
        if keep is None:
            return None
        rng = np.random.default_rng(seed)
        lead = self._lead(traffic, state, margin, keep, rng)
        if lead is None:
            return None
        begin = lead.duration
        Q, T, stay, parent, depart = _buffers(self.n)
        Q[0] = lead(lead.end)
        best = np.zeros(2, np.int64)
        grow(
            traffic.checker.scene, self.checker.scene, traffic.movers, margin, keep, self.bounds, self.low, self.high,
            self.moved, np.array(goal, float), np.array(points, float).reshape(-1, self.n), np.array([begin]),
            float(horizon), hold, rounds, enough, rng.integers(2**63, size=1).astype(np.uint64),
            Q, T, stay, parent, depart, traffic.checker.work, self.checker.work, np.zeros(3), best,
        )  # fmt: skip
        arrives = best[0] >= 0
        node = int(best[0] if arrives else best[1])
        return Way(self._motion(lead, node), bool(arrives), float(stay[node]))

    def _keep(self, q):
        """Margin [m] to what stands: what the robot has now, if that is little."""
        gap = self.checker.distance(q, 10 * KEEP)
        return None if gap <= 0 else min(KEEP, 0.5 * gap)

    def _lead(self, traffic, state, margin, keep, rng):
        """The motion from the moving state to rest: the soonest stop, or one that is not hit; None: none is free."""
        q, v, a = (np.array(x, float) for x in state)
        if max(np.abs(v).max(), np.abs(a).max()) < STILL:
            return Trajectory(np.array([0.0, 1e-6]), q[None, None])
        first = self._stop((q, v, a))
        if first is None:
            return None
        free = self.checker.check_motion(first, keep, details=False)
        if free and traffic.hit(first, margin) is None:
            return first
        for _ in range(DODGES):
            target = first(first.end).copy()
            target[self.moved] += rng.uniform(-REACH, REACH, len(self.moved))
            other = self._to(np.clip(target, self.low, self.high), (q, v, a))
            if other is None or traffic.hit(other, margin) is not None:
                continue
            if self.checker.check_motion(other, keep, details=False):
                return other
        return first if free else None

    def _stop(self, state):
        try:
            return jerk_limited(state, (None,), self.limits, control="velocity")
        except RobocalcError:
            return None

    def _to(self, target, state):
        try:
            return jerk_limited(state, (target,), self.limits)
        except RobocalcError:
            return None

    def _motion(self, lead, node):
        """The motion to a node of the tree."""
        from robocalc.optimize.moving.tree import PIECES, line

        Q, T, _, parent, depart = _buffers(self.n)
        chain = []
        while node > 0:
            chain.append(node)
            node = int(parent[node])
        knots, rows = [0.0], []
        for h, c in zip(np.diff(lead.knots), lead.coeffs):
            _add(knots, rows, h, c)
        for c in chain[::-1]:
            a = int(parent[c])
            _add(knots, rows, depart[c] - T[a], Q[a][None])
            at, coeffs = np.empty(PIECES + 1), np.empty((PIECES, 4, self.n))
            line(Q[a], Q[c], self.bounds, at, coeffs)
            for h, piece in zip(np.diff(at), coeffs):
                _add(knots, rows, h, piece)
        return Trajectory(np.array(knots), np.array(rows))


def _add(knots, rows, h, c):
    """One more piece of h [s] as a cubic, unless it is over at once."""
    if h > 1e-9:
        row = np.zeros((4, c.shape[1]))
        row[: len(c)] = c
        knots.append(knots[-1] + h)
        rows.append(row)


@lru_cache(maxsize=4)
def _buffers(n):
    return (
        np.zeros((NODES, n)), np.zeros(NODES), np.zeros(NODES), np.zeros(NODES, np.int64), np.zeros(NODES)
    )  # fmt: skip
