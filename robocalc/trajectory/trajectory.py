"""Joint motion as piecewise polynomials; times in s, joint arrays (n,) in the order of robot.joints.

Trajectory          q(t) on [knots[0], knots[-1]], exact derivatives, extrema and cost
Reference           (q, v, a, j) at one time or many: what a law is asked to follow
Samples             (t, q, v, a, j) on an even grid, time first
discrete_reference  samples whose finite differences are their derivatives, as a simulator integrates
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.numbers_given import finite, order_of, step, steps, times_of
from robocalc.trajectory.pieces import check_joint, cut, shifted, stacked

ENDS = 1e-9  # of the duration: a time this far outside of the motion still counts as its end


class Reference(NamedTuple):
    """Position, velocity, acceleration and jerk, each (n,), or (N, n) for N times."""

    q: np.ndarray
    v: np.ndarray
    a: np.ndarray
    j: np.ndarray


class Samples(NamedTuple):
    """Times (N,) and position to jerk there, each (N, n)."""

    t: np.ndarray
    q: np.ndarray
    v: np.ndarray
    a: np.ndarray
    j: np.ndarray


@dataclass(frozen=True, eq=False)
class Trajectory:
    """q(t) = Σ_d coeffs[k, d] (t - knots[k])ᵈ on segment k; before and after the motion the end position is held.

    knots     (K + 1,) [s], increasing
    coeffs    (K, order, n) ascending powers of local time [rad | m, then per s, s², ...]
    raises    InvalidInput: shapes that do not match, NaN or inf, knots that do not increase
    """

    knots: np.ndarray
    coeffs: np.ndarray

    def __post_init__(self):
        knots, coeffs = np.array(self.knots, dtype=float), np.array(self.coeffs, dtype=float, order="C")
        if knots.ndim != 1 or len(knots) < 2:
            raise InvalidInput(f"knots must have shape (K + 1,) with K of at least 1, got {knots.shape}")
        if coeffs.ndim != 3 or len(coeffs) != len(knots) - 1 or 0 in coeffs.shape:
            raise InvalidInput(f"coeffs must have shape ({len(knots) - 1}, order, n), got {coeffs.shape}")
        if not (np.isfinite(knots).all() and np.isfinite(coeffs).all()):
            raise InvalidInput("knots and coeffs must be finite numbers")
        wrong = np.flatnonzero(np.diff(knots) <= 0)
        if wrong.size:
            k = wrong[0]
            raise InvalidInput(f"knots must increase: knots[{k}] = {knots[k]:g}, knots[{k + 1}] = {knots[k + 1]:g}")
        _freeze(self, knots, coeffs)

    @classmethod
    def trusted(cls, knots, coeffs) -> "Trajectory":
        """From arrays that our own kernels made: nothing is copied or checked, and both become read-only."""
        new = object.__new__(cls)  # not through __init__, whose copies and checks cost as much as a short spline
        _freeze(new, knots, coeffs)
        return new

    def __repr__(self):
        K, order, n = self.coeffs.shape
        return f"Trajectory({n} joints, {K} segments of degree {order - 1}, {self.duration:.6g} s)"

    def _repr_html_(self):
        from robocalc.trajectory.show import trajectory

        return trajectory(self)

    # ---- what it is

    @property
    def n(self) -> int:
        """Number of joints."""
        return self.coeffs.shape[2]

    @property
    def order(self) -> int:
        """Coefficients of one segment: degree + 1."""
        return self.coeffs.shape[1]

    @property
    def start(self) -> float:
        """Time of the first knot [s]."""
        return float(self.knots[0])

    @property
    def end(self) -> float:
        """Time of the last knot [s]."""
        return float(self.knots[-1])

    @property
    def duration(self) -> float:
        """Length in time [s]."""
        return float(self.knots[-1] - self.knots[0])

    @cached_property
    def times(self) -> np.ndarray:
        """Duration of each segment, (K,) [s]."""
        return np.diff(self.knots)

    @cached_property
    def waypoints(self) -> np.ndarray:
        """Positions at the knots, (K + 1, n)."""
        return np.vstack([self.coeffs[:, 0], self(self.end)])

    # ---- values

    def __call__(self, t, order: int = 0) -> np.ndarray:
        """Derivative `order` at time t: scalar -> (n,), (N,) -> (N, n). Outside the motion the end position is held."""
        from robocalc.trajectory.kernels import evaluate

        ts = times_of(t)
        y = np.empty((ts.size, self.n))
        evaluate(self.knots, self.coeffs, ts.reshape(-1), order_of(order), ENDS * self.duration, y)
        return y.reshape(*ts.shape, self.n)

    def at(self, t) -> Reference:
        """Position to jerk at time t, in one pass: each (n,) for a scalar, (N, n) for (N,)."""
        return Reference(*self.derivatives(t, 3))

    def derivatives(self, t, order: int = 2) -> np.ndarray:
        """Position and its derivatives up to `order` at time t: (order + 1, n), or (order + 1, N, n) for (N,).

        Position, velocity and acceleration, or also jerk, come from one pass; the fastest way to many samples.
        """
        from robocalc.trajectory.kernels import jet

        ts = times_of(t)
        if order_of(order) not in (2, 3):
            return np.array([self(ts, r) for r in range(order + 1)])
        y = np.empty((order + 1, ts.size, self.n))
        jerk = y[3] if order > 2 else y[0, :0]
        jet(self.knots, self.coeffs, ts.reshape(-1), ENDS * self.duration, *y[:3], jerk)
        return y.reshape(order + 1, *ts.shape, self.n)

    def sample(self, dt) -> Samples:
        """Position to jerk at start + k dt, up to the first sample at or after the end."""
        t = self.start + np.arange(steps(self.duration, dt) + 1) * float(dt)
        return Samples(t, *self.at(t))

    # ---- calculus

    def derivative(self, order: int = 1) -> "Trajectory":
        """The motion's derivative as a trajectory; the derivative of a constant is the constant 0."""
        order = order_of(order)
        c = self.coeffs
        for _ in range(order):
            c = c[:, 1:] * np.arange(1, c.shape[1])[:, None] if c.shape[1] > 1 else np.zeros_like(c)
        return Trajectory.trusted(self.knots, np.ascontiguousarray(c))

    def extrema(self, order: int = 0) -> np.ndarray:
        """Exact [smallest; largest] derivative `order` of each joint over the whole motion, (2, n)."""
        return self.extrema_with_times(order)[0]

    def extrema_with_times(self, order: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """([smallest; largest] (2, n), the times at which they are met (2, n) [s])."""
        from robocalc.trajectory.kernels import extrema

        value, when = np.empty((2, self.n)), np.empty((2, self.n))
        extrema(self.knots, self.coeffs, order_of(order), value, when)
        return value, when

    def cost(self, order: int = 3, weights=None) -> float:
        """∫ Σᵢ wᵢ (dᵒqᵢ/dtᵒ)² dt, exact; order 3 is the squared jerk, weights (n,) default to 1."""
        d = self.derivative(order)
        h = self.times[:, None, None]
        m = np.arange(d.order)
        c = d.coeffs * h ** m[:, None]  # powers of local time in [0, 1]
        gram = 1.0 / (m[:, None] + m + 1)  # ∫ uᵃ uᵇ du
        joint = np.einsum("kan,ab,kbn,k->n", c, gram, c, self.times, optimize=True)
        return float(joint.sum() if weights is None else joint @ np.asarray(weights, dtype=float))

    # ---- algebra

    def shift(self, time) -> "Trajectory":
        """The same motion, `time` seconds later."""
        return Trajectory(self.knots + finite("time", time), self.coeffs)

    def scale_time(self, factor) -> "Trajectory":
        """The same path, `factor` times as long: velocities / factor, accelerations / factor², and so on."""
        factor = finite("factor", factor)
        if factor <= 0:
            raise InvalidInput(f"factor must be greater than 0, got {factor:g}")
        c = self.coeffs / factor ** np.arange(self.order)[:, None]
        return Trajectory(self.start + (self.knots - self.start) * factor, c)

    def with_duration(self, duration) -> "Trajectory":
        """The same path in another time [s]."""
        duration = finite("duration", duration)
        if duration <= 0:
            raise InvalidInput(f"duration must be greater than 0 s, got {duration:g}")
        new = self.scale_time(duration / self.duration)
        knots = new.knots.copy()
        knots[-1] = self.start + duration  # no rounding of the end
        return Trajectory(knots, new.coeffs)

    def reverse(self) -> "Trajectory":
        """The same path backwards: q(start + end - t)."""
        knots = self.start + self.end - self.knots[::-1]
        c = shifted(self.coeffs, self.times)[::-1] * (-1.0) ** np.arange(self.order)[:, None]
        return Trajectory(knots, c)

    def slice(self, start, end) -> "Trajectory":
        """The motion between two of its times, knots kept as they are."""
        start, end = finite("start", start), finite("end", end)
        slack = ENDS * self.duration
        if not self.start - slack <= start < end <= self.end + slack:
            raise InvalidInput(
                f"slice needs {self.start:g} <= start < end <= {self.end:g} s, got start = {start:g}, end = {end:g}"
            )
        return Trajectory(*cut(self.knots, self.coeffs, max(start, self.start), min(end, self.end)))

    def join(self, other: "Trajectory", continuity: int = 1) -> "Trajectory":
        """This motion, then `other`, moved in time to follow; derivatives up to `continuity` must meet (0: positions).

        raises    InvalidInput: another number of joints, or a gap, which is told with its joint
        """
        if other.n != self.n:
            raise InvalidInput(f"cannot join a motion of {other.n} joints to one of {self.n}")
        check_joint(self, other, order_of(continuity))
        c = stacked(self.coeffs, other.coeffs)
        return Trajectory(np.concatenate([self.knots, self.end + (other.knots[1:] - other.start)]), c)

    def select(self, joints) -> "Trajectory":
        """Some of the joints: an index array or a slice."""
        return Trajectory(self.knots, self.coeffs[:, :, joints])

    def resample(self, dt) -> "Trajectory":
        """A quintic trajectory on an even grid of at most dt; it meets position, velocity and acceleration there."""
        from robocalc.trajectory.hermite import quintic

        N = max(1, int(np.ceil(self.duration / step(dt) * (1 - ENDS))))
        t = np.linspace(self.start, self.end, N + 1)
        q, v, a, _ = self.at(t)
        return Trajectory(t, quintic(np.diff(t), q, v, a))

    # ---- files and pictures (robocalc.trajectory.files, robocalc.trajectory.picture)

    def save(self, path, **options):
        """Write to .npz, .json or .csv, told by the ending; npz and json load back without loss. See `files.save`."""
        from robocalc.trajectory.files import save

        return save(self, path, **options)

    @staticmethod
    def load(path) -> "Trajectory":
        """Read what `save` wrote as .npz or .json."""
        from robocalc.trajectory.files import load

        return load(path)

    def to_dict(self) -> dict:
        """Plain lists of numbers; `Trajectory.from_dict` reads them back without loss."""
        return {"format": "robocalc-trajectory/1", "knots": self.knots.tolist(), "coeffs": self.coeffs.tolist()}

    @staticmethod
    def from_dict(data) -> "Trajectory":
        """Back from `to_dict`."""
        from robocalc.trajectory.files import from_dict

        return from_dict(data)

    def to_ros(self, joints, dt, **options) -> dict:
        """Shaped like a ROS trajectory_msgs/JointTrajectory. See `files.to_ros`."""
        from robocalc.trajectory.files import to_ros

        return to_ros(self, joints, dt, **options)

    def plot(self, limits=None, **options):
        """Position to jerk over time with limits drawn, as a matplotlib figure. See `picture.plot`."""
        from robocalc.trajectory.picture import plot

        return plot(self, limits, **options)


def _freeze(traj, knots, coeffs):
    """Give a Trajectory its fields, read-only."""
    knots.setflags(write=False)
    coeffs.setflags(write=False)
    fields = traj.__dict__
    fields["knots"], fields["coeffs"] = knots, coeffs
