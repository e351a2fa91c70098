"""What `time_optimal` returns.

TimedPath   a Trajectory that knows its path, s(t), how fast the path could be taken, and what stops it
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from robocalc.trajectory.trajectory import Trajectory, _freeze


@dataclass(frozen=True, eq=False)
class TimedPath(Trajectory):
    """The path's motion over time, with how it came about. Joint names are used where a robot was given.

    path            Trajectory q(s): what was timed
    s               (N + 1,) grid on the path
    t               (N + 1,) [s] times at which the motion is there
    x               (N + 1,) ṡ² there
    x_max           (N + 1,) largest ṡ² from which the rest of the path can be done
    timing          Trajectory of 1: s over t
    path_speed      (N + 1,) ṡ; max_path_speed = √x_max
    active          (N,) words: the constraint that keeps each interval from being faster
    """

    @classmethod
    def built(cls, knots, coeffs, **more) -> "TimedPath":
        """From arrays of our kernels, and what else is known."""
        new = object.__new__(cls)
        _freeze(new, knots, coeffs)
        new.__dict__.update(more)
        return new

    @property
    def s(self) -> np.ndarray:
        """Grid on the path, (N + 1,)."""
        return self.table[0]

    @property
    def x(self) -> np.ndarray:
        """ṡ² at the grid, (N + 1,)."""
        return self.table[1]

    @property
    def x_max(self) -> np.ndarray:
        """Largest ṡ² at the grid from which the rest of the path can be done, (N + 1,)."""
        return self.table[2]

    @property
    def t(self) -> np.ndarray:
        """Times at which the motion is at the grid's points, (N + 1,) [s]."""
        return self.table[3]

    def __repr__(self):
        return f"TimedPath({self.n} joints, {len(self.s) - 1} intervals, {self.duration:.6g} s)"

    @cached_property
    def timing(self) -> Trajectory:
        """s over t: on each interval of the grid a quadratic."""
        keep = np.concatenate([np.diff(self.t) > 0, [True]])
        last = len(self.t) - 1
        at = np.append(np.flatnonzero(keep[:-1]), last)
        v, T = np.sqrt(self.x), np.diff(self.t[at])
        c = np.stack([self.s[at[:-1]], v[at[:-1]], (v[at[1:]] - v[at[:-1]]) / (2 * T)], axis=1)
        return Trajectory(self.t[at], c[:, :, None])

    @property
    def path_speed(self) -> np.ndarray:
        """ṡ at the grid, (N + 1,)."""
        return np.sqrt(self.x)

    @property
    def max_path_speed(self) -> np.ndarray:
        """Largest ṡ at the grid from which limits can be kept up to the end, (N + 1,)."""
        return np.sqrt(self.x_max)

    @cached_property
    def active(self) -> tuple:
        """What keeps each interval from being faster: 'acceleration of joint 2', 'velocity of joint 0', ..."""
        if hasattr(self, "words"):  # jerk-bounded: what is used most
            return tuple(self.words[k] for k in self.usage.reshape(len(self.usage), -1).argmax(axis=1))
        names, stop, before = self._row_names(), self.act[1], self.act[0]
        else_, words = self._used_most(), []
        for i in range(len(self.s) - 1):
            if stop[i] >= 0:
                words.append(names[stop[i]])
            elif before[i] >= 0 and self.x[i] >= self.x_max[i] * (1 - 1e-9):
                words.append(names[before[i]])
            else:
                words.append(else_[i])
        return tuple(words)

    def _used_most(self):
        """The joint limit that each interval uses most, in words: where no row stops it, a cap on speed does."""
        s = np.clip(self.s[1:] + (self.s[:-1] - self.s[1:]) * np.array([[1 - 1e-9], [0.5], [1e-9]]), *self.s[[0, -1]])
        slope, bend = (self.path(s.ravel(), order).reshape(3, -1, self.n) for order in (1, 2))
        x = np.stack([self.x[:-1], 0.5 * (self.x[:-1] + self.x[1:]), self.x[1:]])[..., None]
        u = (np.diff(self.x) / (2 * np.diff(self.s)))[:, None]
        uses = []
        for y, (low, high) in ((slope * np.sqrt(x), self.bounds[:2]), (slope * u + bend * x, self.bounds[2:])):
            with np.errstate(invalid="ignore"):
                uses.append(np.where(y > 0, y / high, y / low).max(axis=0))
        names = joint_names(self.robot, self.n)
        words = [f"{what} of {name}" for what in ("velocity", "acceleration") for name in names]
        return [words[k] for k in np.nan_to_num(np.hstack(uses)).argmax(axis=1)]

    def _row_names(self):
        """Words for every row that an interval has: those of acceleration, then `more_rows`."""
        names = tuple(f"acceleration of {name}" for name in joint_names(self.robot, self.n))
        return names * (self.acceleration_rows // self.n) + self.more_rows


def joint_names(robot, n) -> tuple:
    """Words for joints: the robot's names, or their numbers."""
    names = getattr(robot, "joints", None)
    return tuple(f"joint {name}" for name in (names if names is not None and len(names) == n else range(n)))
