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
        v, words = self._velocity_joint(), []
        for i in range(len(self.s) - 1):
            if stop[i] >= 0:
                words.append(names[stop[i]])
            elif before[i] >= 0 and self.x[i] >= self.x_max[i] * (1 - 1e-9):
                words.append(names[before[i]])
            else:
                words.append(v[i])
        return tuple(words)

    def _velocity_joint(self):
        middle = 0.5 * (self.s[1:] + self.s[:-1])
        slope, (low, high) = self.path(middle, 1), self.velocity
        with np.errstate(divide="ignore", invalid="ignore"):
            usage = np.where(slope > 0, slope / high, slope / low)
        usage = np.nan_to_num(usage)
        names = joint_names(self.robot, self.n)
        return [f"velocity of {names[j]}" for j in usage.argmax(axis=1)]

    def _row_names(self):
        """Words for every row that an interval has: those of acceleration, then `more_rows`."""
        names = tuple(f"acceleration of {name}" for name in joint_names(self.robot, self.n))
        return names * (self.acceleration_rows // self.n) + self.more_rows


def joint_names(robot, n) -> tuple:
    """Words for joints: the robot's names, or their numbers."""
    names = getattr(robot, "joints", None)
    return tuple(f"joint {name}" for name in (names if names is not None and len(names) == n else range(n)))
