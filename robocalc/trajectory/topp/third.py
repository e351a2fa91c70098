"""Third order: time-optimal motion along a path with bounds on jerk and torque rate.

    solve_third   Request -> TimedPath: quintic pieces, continuous acceleration, checked all along

The profile is found between stops (ends at rest, corners of the path, jumps of its curvature), see `span`.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory.limits import Limits
from robocalc.trajectory.topp import bounds as b
from robocalc.trajectory.topp import general
from robocalc.trajectory.topp.span import Span
from robocalc.trajectory.topp.timed import TimedPath, joint_names
from robocalc.trajectory.trajectory import Trajectory

FINER = 3  # how often to halve the grid where no profile is found, or pieces stray from the path
STRAY = 1e-5  # of the path's extent: what pieces may leave it by before the grid is halved
JERK_OF_RATE = 1e4  # [rad/s³ | m/s³] to begin with where torque's rate alone bounds jerk
JUMP = 1e-6  # relative: of the path's slope or curvature, at which the motion must rest


class TooShort(Infeasible):
    """No grid helps."""


def solve_third(ask) -> TimedPath:
    """`time_optimal` with jerk or torque-rate bounds."""
    if ask.duration is not None and (ask.start > 0 or ask.end > 0):
        raise InvalidInput("a duration with jerk limits needs rest at both ends")
    second = ask._replace(limits=with_acceleration(ask))
    for finer in range(FINER, -1, -1):
        program = general.Program(second)
        x = program.fastest()
        try:
            motion = Third(program, x, ask).solve()
            if finer == 0 or ask.points.size or strays(motion) <= STRAY:
                return motion
        except TooShort as error:
            raise Infeasible(error.args[0]) from None
        except Infeasible:
            if finer == 0 or ask.points.size:
                raise
        second = second._replace(count=2 * second.count)  # a grid too coarse for jerk is the likelier reason


def strays(motion):
    """How far the pieces are from the path amid intervals, of the path's extent."""
    t = 0.5 * (motion.t[1:] + motion.t[:-1])
    far = np.abs(motion(t) - motion.path(motion.timing(t)[:, 0])).max()
    low, high = motion.path.extrema()
    return far / (high - low).max()


def with_acceleration(ask) -> Limits:
    """Where jerk alone bounds a joint, an acceleration that jerk-bounded motion over its way hardly reaches.

    The profile under these limits is where the search begins, and bounds nothing.
    """
    path, limits = ask.path, ask.limits
    low, high = limits.bounds("acceleration", path.n)
    s = np.linspace(path.start, path.end, 40 * len(path.coeffs) + 1)
    way = np.abs(np.diff(path(s), axis=0)).sum(axis=0)
    way = np.maximum(way, 1e-3 * way.max())
    jerk = np.abs(limits.bounds("jerk", path.n)).max(axis=0)
    if ask.rate is not None and np.isinf(jerk).any() and np.isinf(high).any():
        jerk = np.where(np.isinf(jerk), JERK_OF_RATE, jerk)
    most = np.where(np.isfinite(jerk), 4.0 * np.cbrt(np.minimum(jerk, 1e50) ** 2 * way), np.inf)
    a = np.array([np.where(np.isinf(low), -most, low), np.where(np.isinf(high), most, high)])
    return replace(limits, acceleration=a)


def slopes(p, h):
    """First three derivatives of the path at both ends of each interval, each (N, 2, n)."""
    out = []
    for r in (1, 2, 3):
        y = np.zeros((len(p), 2, p.shape[2]))
        for d in range(p.shape[1] - 1, r - 1, -1):
            factor = np.prod(np.arange(d - r + 1, d + 1), dtype=float)
            y[:, 1] = y[:, 1] * h[:, None] + factor * p[:, d]
        y[:, 0] = np.prod(np.arange(1, r + 1), dtype=float) * p[:, r]
        out.append(y)
    return out


class Third:
    """What all spans share: the path's slopes, the profile without jerk bounds, terms of torque rates."""

    def __init__(self, program, x, ask):
        self.program, self.ask, self.second = program, ask, x
        self.h, self.s, self.n = program.h, program.s, program.ask.path.n
        self.slopes = slopes(program.p, self.h)
        self.rates = self._rates() if self.ask.rate is not None else None

    def _rates(self):
        """(m, m' + 2 c, c', g', viscous q', viscous q'') at both ends of each interval, each (N, 2, n)."""
        ask, n = self.ask, self.n
        if ask.robot is None or not hasattr(ask.robot, "inverse_dynamics"):
            raise InvalidInput("torque_rate needs robot=")
        free = np.array([[-np.inf], [np.inf]]) * np.ones(n)
        torque = b.TorqueBound(ask.robot, ask.path, free, joint_names(ask.robot, n))
        place = b.place_at(self.program.p, self.s, np.array([0.0, 1.0]))
        where = (place.s.ravel(), place.near.ravel())
        m, c, _ = np.split(torque.panels(*where).reshape(-1, 2, 3 * n), 3, axis=2)
        m1, c1, g1 = np.split(torque.panels.derivative()(*where).reshape(-1, 2, 3 * n), 3, axis=2)
        return m, m1 + 2.0 * c, c1, g1, torque.viscous * place.q1, torque.viscous * place.q2

    def stops(self):
        """Indices of points at which joints rest: the ends, where q' or q'' jumps, and where both are 0."""
        stop = np.zeros(len(self.s), bool)
        for y in self.slopes[:2]:
            left, right = y[:-1, 1], y[1:, 0]
            size, gap = np.abs(left) + np.abs(right), np.abs(left - right)
            stop[1:-1] |= ((gap > JUMP * size) & (gap > 1e-9 * size.max())).any(axis=1)
        still = [(np.abs(y[:, 0]) <= 1e-9 * np.abs(y).max()).all(axis=1) for y in self.slopes[:2]]
        stop[:-1] |= still[0] & still[1]
        stop[0] = False  # an end, in any case
        return np.concatenate([[0], np.flatnonzero(stop), [len(self.h)]])

    def solve(self) -> TimedPath:
        """Spans between stops, one after another."""
        at, N = self.stops(), len(self.h)
        x, spans = np.zeros(N + 1), []
        for first, last in pairwise(at):
            span = Span(self, first, last)
            span.solve()
            x[first : last + 1] = np.maximum(x[first : last + 1], span.x)
            spans.append(span)
        T, coeffs, usage, along = (
            np.concatenate([getattr(y, name) for y in spans]) for name in ("T", "coeffs", "usage", "along")
        )
        k = 1.0 if self.ask.duration is None else self.ask.duration / T.sum()
        if k < 1 - 1e-12:
            raise TooShort((f"duration {self.ask.duration:.9g} s is too short: {T.sum():.9g} s is the least",))
        slow = k ** np.arange(6)[:, None]
        return self._motion(T * k, coeffs / slow, along / slow, x / k**2, usage)

    def _motion(self, T, coeffs, along, x, usage):
        t = np.concatenate([[0.0], np.cumsum(T)])
        ask, program = self.ask, self.program
        if ask.duration is not None:
            t[-1] = ask.duration
        timing = Trajectory(t, along)
        names = joint_names(ask.robot, self.n)
        more = {"path": ask.path, "table": np.array([self.s, x, program.K, t]), "robot": ask.robot}
        more |= {"timing": timing, "usage": usage, "bounds": program.joint}
        more["words"] = [f"{what} of {name}" for what in ("velocity", "acceleration", "jerk") for name in names]
        return TimedPath.built(t, np.ascontiguousarray(coeffs), **more)
