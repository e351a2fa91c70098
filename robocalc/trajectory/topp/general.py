"""Torque, tool and linear bounds, wanted durations, and jerk: rows from numpy, passes compiled.

Request   what `time_optimal` was asked
solve     -> TimedPath
"""

from typing import NamedTuple

import numpy as np

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory.limits import Limits
from robocalc.trajectory.topp import bounds as b
from robocalc.trajectory.topp import fused, optimal, passes
from robocalc.trajectory.topp.bound_kernels import give_way, lay_rows
from robocalc.trajectory.topp.compose import compose
from robocalc.trajectory.topp.lines import shift
from robocalc.trajectory.topp.timed import TimedPath, joint_names
from robocalc.trajectory.trajectory import Trajectory

SPARE = 1.1  # on what is seen between the points, for what is not
KEPT = 2e-8  # of a bound: what may be left over it
ROUNDS = 12
SETTLING = 3  # rounds in which friction's tangent settles, before bounds are tightened


class Request(NamedTuple):
    """Checked arguments of `time_optimal`."""

    path: Trajectory
    limits: Limits
    count: int
    points: np.ndarray
    robot: object
    start: float
    end: float
    duration: float | None
    frame: str | None
    tool: tuple
    rate: np.ndarray | None
    rows: object
    scheme: int


def solve(ask: Request) -> TimedPath:
    """`time_optimal` for all that is not simple."""
    path = optimal.moving(ask.path)
    if path is None:
        if ask.duration is None:
            optimal.check_moves(ask.path)
        return held(ask.path, ask.duration, ask.robot)
    ask = ask._replace(path=path)
    check_position(ask)
    if ask.limits.jerk is not None or ask.rate is not None:
        from robocalc.trajectory.topp.third import solve_third

        return solve_third(ask)
    program = Program(ask)
    x = program.fastest()
    if ask.duration is not None:
        x = program.stretched(x, ask.duration)
    return program.motion(x)


def held(path, duration, robot):
    """Rest at the path's only point."""
    q = path.coeffs[:1, :1]
    s, one = np.array([path.start, path.end]), np.ones(2)
    x = ((s[1] - s[0]) / duration) ** 2 * one
    more = {"path": path, "table": np.array([s, x, np.inf * one, [0.0, duration]])}
    more |= {"act": np.full((2, 1), passes.REACH), "robot": robot, "more_rows": ()}
    more |= {"bounds": (-np.ones(path.n), np.ones(path.n)) * 2, "acceleration_rows": 0}
    return TimedPath.built(np.array([0.0, duration]), np.ascontiguousarray(q), **more)


def check_position(ask):
    """The path must lie within position limits."""
    if ask.limits.position is None:
        return
    (low, high), (least, most) = ask.path.extrema(), ask.limits.bounds("position")
    slack = 1e-9 * np.maximum(1.0, np.maximum(np.abs(low), np.abs(high)))
    bad = np.flatnonzero((low < least - slack) | (high > most + slack))
    if bad.size:
        j = bad[0]
        name = joint_names(ask.robot, ask.path.n)[j]
        raise Infeasible((
            f"the path leaves the range of {name}: it goes from {low[j]:.6g} to {high[j]:.6g},"
            f" allowed is {least[j]:.6g} to {most[j]:.6g}",
        ))  # fmt: skip


def bounds_asked(ask, s):
    """The bounds beyond those of joints' velocity and acceleration."""
    path, limits, robot, found = ask.path, ask.limits, ask.robot, []
    if limits.torque is not None and np.isfinite(limits.bounds("torque")).any():
        if robot is None or not hasattr(robot, "inverse_dynamics"):
            raise InvalidInput("torque limits need robot=; or give limits without torque")
        size = getattr(robot, "n", path.n)
        if size != path.n:
            raise InvalidInput(f"the robot has {size} joints, the path has {path.n}")
        found.append(b.TorqueBound(robot, path, limits.bounds("torque"), joint_names(robot, path.n)))
    for part, speed, acceleration in (("linear", *ask.tool[:2]), ("angular", *ask.tool[2:])):
        if speed is not None or acceleration is not None:
            if robot is None or not hasattr(robot, "jacobian"):
                raise InvalidInput("tool bounds need robot=")
            found.append(b.ToolBound(robot, path, ask.frame, part, speed, acceleration))
    if ask.rows is not None:
        if not callable(ask.rows):
            raise InvalidInput("rows must be a function rows(s) -> (a, b, lo, hi)")
        found.append(b.LinearBound(ask.rows, s))
    return found


class Program:
    """Rows and caps of a request on its grid, to be solved, tightened and solved again."""

    def __init__(self, ask):
        self.ask, path = ask, ask.path
        K, order, n = path.coeffs.shape
        soft = ask.limits.jerk is not None or ask.rate is not None
        given = (path.knots, path.coeffs, ask.count, ask.points, ask.scheme, soft)
        _, self.s, self.seg, self.mark, self.rest = fused.lay(*given)
        if ask.points.size and ask.scheme == fused.CERTIFIED:  # knots must be points, or rows would not cover
            self.s = np.union1d(ask.points, path.knots)
            self.seg = np.clip(np.searchsorted(path.knots, self.s[:-1], side="right") - 1, 0, K - 1)
            self.rest = fused.rests(path.knots, self.s, self.seg, self.mark, len(self.seg))
        N = len(self.seg)
        self.p = np.empty((N, order, n))
        shift(path.knots, path.coeffs, self.s, self.seg, self.p)
        self.bounds = bounds_asked(ask, self.s)
        self.own = fused.rows_of(0, order, n, ask.scheme)
        self.ends = b.place_at(self.p, self.s, b.ENDS) if self.bounds else None
        self.between = b.place_at(self.p, self.s, b.BETWEEN) if self.bounds else None
        self.names = tuple(name for bound in self.bounds for _ in b.ENDS for name in bound.names)
        R = self.own + len(self.names)
        self.P, self.UP, self.LO = (np.empty((N, R)) for _ in range(3))
        self.cap, self.floor = np.empty(N + 1), np.empty(N + 1)
        vlo, vhi, alo, ahi = self.joint = optimal.bounds_of(ask.limits, n)
        self.h = fused.fill(
            path.knots, self.s, self.seg, self.mark, self.p, ask.scheme, vlo, vhi, alo, ahi,
            self.P, self.UP, self.LO, self.cap, self.floor,
        )  # fmt: skip
        self.caps = self.cap.copy()
        self.tight = [np.zeros((2, N, len(bound.names))) for bound in self.bounds]
        self.lower = ask.end > 0

    def fill(self, x):
        """Rows of the bounds, with terms that are not linear taken at the profile x."""
        at, rests = self.own, True
        self.cap[:], self.floor[:] = self.caps, 0.0
        for bound, tight in zip(self.bounds, self.tight):
            rows = bound.rows(self.ends, x)
            rests &= lay_rows(*rows, self.h, tight, at, self.P, self.UP, self.LO, self.cap, self.floor)
            at += len(b.ENDS) * len(bound.names)
        self.lower = self.ask.end > 0 or not rests

    def passes(self):
        """One solution; refuses where there is none."""
        ask = self.ask
        found = fused.solve(
            self.P, self.UP, self.LO, self.h, self.cap, self.floor, self.mark, self.rest, ask.start, ask.end, self.lower
        )
        status, info, x, self.K, self.k, self.act = found
        if status != passes.DONE:
            n = ask.path.n
            words = tuple(f"acceleration of {name}" for name in joint_names(ask.robot, n)) * (self.own // n)
            at = -1 if info[0] == len(self.h) else 0
            limit = (self.k[0] if self.lower else 0.0, self.cap[-1] if at else self.K[0])
            self.explain(info)
            optimal.refuse(status, info, self.s, words + self.names, ask.path, limit)
        return x

    def explain(self, info):
        """A bound that x alone breaks has no line: name it."""
        i = info[0]
        if i >= len(self.h) or self.cap[i] >= max(self.floor[i], 0.0):
            return
        for bound in self.bounds:
            rows = bound.rows(self.ends, np.full(len(self.s), 1e-300))
            bad = ((rows.c > rows.hi[:, None]) | (rows.c < rows.lo[:, None]))[i % len(rows.c)].any(axis=0)
            if bad.any():
                what = bound.names[int(np.argmax(bad))]
                raise Infeasible((f"{what} cannot be kept at s = {self.s[i]:.6g} even at rest",))

    def fastest(self):
        """x (N + 1,): bounds tightened until they hold between the points too."""
        x, curved = None, any(getattr(bound, "viscous", np.zeros(1)).any() for bound in self.bounds)
        for step in range(ROUNDS):
            self.fill(x)
            x = self.passes()
            if not self.bounds:
                return x
            if curved and step < SETTLING - 1:
                continue
            if not self.tighten(x):
                return x
        raise Infeasible(("bounds cannot be kept between the points of the grid: use a finer grid",))

    def tighten(self, x):
        """Whether anything is left over its bound at the profile x; then the rows of that interval give way."""
        left = False
        for bound, tight in zip(self.bounds, self.tight):
            ends, between = bound.rows(self.ends, x), bound.rows(self.between, x)
            left |= give_way(tuple(ends), tuple(between[:3]), b.BETWEEN, self.h, x, KEPT, SPARE, tight)
        return left

    def duration_of(self, x):
        """[s] of the profile."""
        with np.errstate(divide="ignore"):
            return float((2.0 * self.h / (np.sqrt(x[1:]) + np.sqrt(x[:-1]))).sum())

    def stretched(self, fast, duration):
        """A mix of the fastest and slowest profiles that takes `duration`; rows are linear, so it keeps them too."""
        least = self.duration_of(fast)
        if duration < least * (1 - 1e-12):
            raise Infeasible((f"duration {duration:.9g} s is too short: {least:.9g} s is the least",))
        slow = self.slowest(fast)
        low, high = 0.0, 1.0  # shares of the slowest
        if self.duration_of(slow) < duration:
            raise Infeasible((f"duration {duration:.9g} s is too long: {self.duration_of(slow):.9g} s is the most",))
        if not slow.any():
            return fast * (least / duration) ** 2
        for _ in range(200):
            middle = 0.5 * (low + high)
            if self.duration_of((1 - middle) * fast + middle * slow) < duration:
                low = middle
            else:
                high = middle
            if high - low <= 1e-16:
                break
        return (1 - high) * fast + high * slow

    def slowest(self, fast):
        """The slowest profile with the same ends."""
        if not self.lower and self.ask.start == 0:
            return np.zeros_like(fast)
        self.lower = True
        self.passes()
        x = np.empty_like(fast)
        passes.slowest(self.P, self.UP, self.LO, self.h, fast[0], self.K, self.k, x)
        return x

    def motion(self, x) -> TimedPath:
        """The composed motion."""
        path, ask = self.ask.path, self.ask
        K, order, n = path.coeffs.shape
        pieces = len(self.h) + K
        t, times, out = np.empty(len(self.s)), np.empty(pieces + 1), np.empty((pieces, 2 * order - 1, n))
        M = compose(path.knots, path.coeffs, self.s, self.seg, x, t, times, out)
        more = {"path": path, "table": np.array([self.s, x, self.K, t]), "act": self.act, "robot": ask.robot}
        more |= {"bounds": self.joint, "acceleration_rows": self.own, "more_rows": self.names}
        return TimedPath.built(times[: M + 1], out[:M], **more)
