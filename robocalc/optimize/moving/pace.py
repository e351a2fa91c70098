"""At what pace a motion may be followed: slower than planned, with stops, its limits kept.

    q(t) = base(σ(t)),  q̈ = base'' σ̇² + base' σ̈,  q⃛ = base''' σ̇³ + 3 base'' σ̇ σ̈ + base' σ⃛

allowance   bounds on σ̈ and σ⃛ while σ̇ stays at most at a rate below 1: what the limits leave
along       q(t) as a Trajectory
Schedule    σ(t) with its base
"""

from dataclasses import dataclass

import numpy as np

from robocalc.trajectory import Limits, Trajectory, jerk_limited

SHARE = 0.7  # of what the limits leave at a rate, for σ̈; the rest is for σ⃛
FREE_ACCELERATION, FREE_JERK = 10.0, 100.0  # [1/s²], [1/s³] where nothing bounds
PIECE = 0.02  # [s] between knots of a motion at another pace
TINY = 2e-5  # [s]: in pieces so short, rounding of places would be a jerk; they are cubics of their accelerations
SIDE = 1e-9  # of an interval: derivatives are read just inside


@dataclass(frozen=True)
class Peaks:
    """Largest |q̇|, |q̈|, |q⃛| of each joint over a motion, (n,) each, and the limits (n,) of the latter two."""

    v: np.ndarray
    a: np.ndarray
    j: np.ndarray
    a_max: np.ndarray
    j_max: np.ndarray

    @classmethod
    def of(cls, base, limits) -> "Peaks":
        found = [np.abs(base.extrema(order)).max(axis=0) for order in (1, 2, 3)]
        bounds = [np.abs(limits.bounds(name, base.n)).min(axis=0) for name in ("acceleration", "jerk")]
        return cls(*found, *bounds)


def allowance(peaks, rate):
    """(σ̈, σ⃛) allowed up to `rate`, 0 where the motion itself needs all; never more than 100 times the base's scale."""
    v = np.maximum(peaks.v, 1e-9)
    left = np.where(np.isfinite(peaks.a_max), peaks.a_max - peaks.a * rate**2, np.inf)
    A = min(FREE_ACCELERATION, float((SHARE * left / v).min()))
    if A <= 1e-3:
        return 0.0, 0.0
    for _ in range(20):
        rest = peaks.j_max - peaks.j * rate**3 - 3 * peaks.a * rate * A
        J = min(FREE_JERK, float(np.where(np.isfinite(peaks.j_max), rest / v, np.inf).min()))
        if J >= 4 * A or J == FREE_JERK:  # else half the acceleration leaves more for the jerk
            return A, J
        A *= 0.7
    return (A, J) if J > 1e-3 else (0.0, 0.0)


@dataclass(frozen=True)
class Schedule:
    """base at another pace: q(t) = base(σ(t)), t from `begin` on.

    sigma   Trajectory of one joint, from 0 on
    """

    base: Trajectory
    sigma: Trajectory
    begin: float = 0.0

    @property
    def end(self) -> float:
        return self.begin + self.sigma.duration

    def state(self, t):
        """(σ, σ̇, σ̈) at t [s]; at its end it stands."""
        x = min(max(t - self.begin, 0.0), self.sigma.duration)
        s = [float(self.sigma(x, order)[0]) for order in range(3)]
        return (s[0], 0.0, 0.0) if t >= self.end else tuple(s)

    def at(self, t):
        """q (N, n) for t (N,)."""
        x = np.clip(np.asarray(t, float) - self.begin, 0.0, self.sigma.duration)
        return self.base(np.clip(self.sigma(x)[..., 0], self.base.start, self.base.end))

    def trajectory(self) -> Trajectory:
        return along(self.base, self.sigma)


def stop(base, peaks, state, rate) -> Trajectory:
    """σ(t) of the soonest stop from (σ, σ̇, σ̈) within what the limits leave at `rate`."""
    A, J = allowance(peaks, rate)
    A, J = max(A, abs(state[2]), 1e-3), max(J, 1e-2)
    bounds = Limits(velocity=[max(rate, state[1], 1e-3)], acceleration=[A], jerk=[J])
    return jerk_limited(tuple([x] for x in state), (None,), bounds, control="velocity")


def along(base, sigma) -> Trajectory:
    """base(σ(t)) as quintics: exact where σ̇ is constant and the base of degree 5, else to PIECE⁶."""
    t = knots_of(base, sigma)
    h = np.diff(t)
    rows = np.empty((2, 3, len(h), base.n))
    for side, x in ((0, t[:-1] + SIDE * h), (1, t[1:] - SIDE * h)):
        s, ds, dds = (sigma(x, order)[:, 0] for order in range(3))
        s = np.clip(s, base.start, base.end)
        q, dq, ddq = (base(s, order) for order in range(3))
        rows[side, 0], rows[side, 1] = q, dq * ds[:, None]
        rows[side, 2] = ddq * (ds**2)[:, None] + dq * dds[:, None]
    return Trajectory(t, quintic(rows, h[:, None]))


def quintic(rows, h):
    """Coefficients (K, 6, n) of quintics with values, slopes and curvatures (2, 3, K, n) at both ends of h (K, 1)."""
    (p0, v0, a0), (p1, v1, a1) = rows
    c = np.empty((len(h), 6, p0.shape[1]))
    d, u, w = p1 - p0 - v0 * h - a0 * h**2 / 2, (v1 - v0 - a0 * h) * h, (a1 - a0) * h**2
    c[:, 0], c[:, 1], c[:, 2] = p0, v0, a0 / 2
    c[:, 3], c[:, 4], c[:, 5] = (
        (10 * d - 4 * u + w / 2) / h**3,
        (-15 * d + 7 * u - w) / h**4,
        (6 * d - 3 * u + w / 2) / h**5,
    )
    tiny = h[:, 0] < TINY
    c[tiny, 3], c[tiny, 4:] = ((a1 - a0) / h)[tiny] / 6, 0.0
    return c


def knots_of(base, sigma):
    """Times of the knots of σ, of the base's where σ passes them, and between, PIECE apart at most."""
    pieces = [np.asarray(sigma.knots)]
    grid = np.linspace(sigma.start, sigma.end, max(2, int(np.ceil(sigma.duration / PIECE)) + 1))
    s = sigma(grid)[:, 0]
    inner = np.asarray(base.knots)[1:-1]
    for i in np.flatnonzero(np.abs(np.diff(s)) > 1e-12):
        low, high = sorted((s[i], s[i + 1]))
        for x in inner[(inner > low) & (inner < high)]:
            pieces.append([_passed(sigma, grid[i], grid[i + 1], x)])
    pieces.append(grid)
    t = np.unique(np.concatenate(pieces))
    keep = np.concatenate([[True], np.diff(t) > 1e-7])
    keep[-1] = True
    t = t[keep]
    if len(t) > 2 and t[-1] - t[-2] < 1e-7:
        t = np.delete(t, -2)
    return t


def _passed(sigma, a, b, x):
    """When σ is x, between a and b; σ is monotone there or nearly so."""
    up = sigma(b)[0] > sigma(a)[0]
    for _ in range(45):
        m = 0.5 * (a + b)
        if (sigma(m)[0] < x) == up:
            a = m
        else:
            b = m
    return 0.5 * (a + b)
