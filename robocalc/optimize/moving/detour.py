"""Out of the way and around: a motion off the path, from a moving state, with bounded work.

Detour   of one robot among what stands: find(traffic, state, goal, ...) -> Way or None
Way      the motion, whether it arrives, and until when its end stays free

Ways are straight lines; their corners are passed without a stop where limits and what is near allow: corners.py.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from robocalc.errors import RobocalcError
from robocalc.optimize.moving.corners import needed, sooner
from robocalc.trajectory import Limits, Trajectory, jerk_limited

NODES = 256
DODGES = 12  # motions from the moving state that are tried where the robot would be hit while it stops
REACH = 0.6  # [rad | m] of these
KEEP = 0.005  # [m] from what stands and from itself, where the robot is not nearer
STILL = 1e-9
TRIES = 4  # motions through corners that are looked at


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
        parts, starts = self._parts(lead, node)
        motion = self._through(traffic, parts, starts, margin, keep)
        return Way(motion, bool(arrives), float(stay[node]))

    def _through(self, traffic, parts, starts, margin, keep) -> Trajectory:
        """The parts as one motion, which passes its corners without a stop where it may."""

        def needs(motion):
            return needed(motion, self.bounds, self.low, self.high)

        def free(motion, since, begin, end):
            if not self.checker.check_motion(motion.slice(begin, end).shift(-begin), keep, details=False):
                return False
            if traffic.hit(motion.slice(since, motion.end).shift(-since), margin, since) is not None:
                return False
            stay = Trajectory(np.array([0.0, arrival - motion.end]), motion(motion.end)[None, None])
            return traffic.hit(stay, margin, motion.end) is None

        arrival = starts[-1] + parts[-1].duration
        return sooner(parts, starts, needs, free, TRIES)[0]

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

    def _parts(self, lead, node):
        """(motions to a node of the tree, times [s] at which they begin)."""
        from robocalc.optimize.moving.tree import PIECES, line

        Q, _, _, parent, depart = _buffers(self.n)
        chain = []
        while node > 0:
            chain.append(node)
            node = int(parent[node])
        parts, starts = [lead], [0.0]
        for c in chain[::-1]:
            at, coeffs = np.empty(PIECES + 1), np.empty((PIECES, 4, self.n))
            line(Q[int(parent[c])], Q[c], self.bounds, at, coeffs)
            lasts = np.diff(at) > 1e-9
            parts.append(Trajectory(np.append(0.0, np.cumsum(np.diff(at)[lasts])), coeffs[lasts]))
            starts.append(float(depart[c]))
        return parts, starts


@lru_cache(maxsize=4)
def _buffers(n):
    return (
        np.zeros((NODES, n)), np.zeros(NODES), np.zeros(NODES), np.zeros(NODES, np.int64), np.zeros(NODES)
    )  # fmt: skip
