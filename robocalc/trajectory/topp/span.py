"""A span of a jerk-bounded motion, from stop to stop or to a moving end, in its own units of length and time.

The profile comes from an interior point; quintic pieces through its points are the motion. Where these, or torques and
tool motions between the points, are over a limit, the limit gives way there and the interior point moves on.
"""

import numpy as np

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory.hermite import quintic
from robocalc.trajectory.topp import bounds as b
from robocalc.trajectory.topp.lines import bernstein
from robocalc.trajectory.topp.spanrows import SpanRows, bounded
from robocalc.trajectory.topp.third_kernel import interior_point
from robocalc.trajectory.topp.third_rows import bulge

GOALS = (3e-4, 3e-5, 3e-6, 3e-6, 3e-6)  # of the duration, by round: how far from the least (Σ slack · multiplier)
CALM = 5e-5  # of the duration: what keeping u from alternating may cost
SHARES = (0.6, 0.2, 0.05)  # of the profile without jerk bounds: where to start
ITERATIONS = 150
KEPT = 1e-9  # over a limit, relative, that needs no further round
FIX_X, FIX_BOTH = 1, 2  # of a span's end
LOOK = np.linspace(0.0, 1.0, 7)  # fractions of an interval at which torques and tool motions are checked


class Span:
    """Points first to last of a Third. `solve` leaves T (N,) [s], coeffs (N, 6, n), along (N, 6, 1) for s(t), x and u
    (N + 1,), usage (N, 3, n)."""

    def __init__(self, third, first, last):
        self.third, self.first_point, self.last_point = third, first, last
        self.cut, self.N, x = slice(first, last), last - first, third.second[first : last + 1]
        self.h0 = third.h[self.cut]
        self.length = third.s[last] - third.s[first]
        with np.errstate(divide="ignore"):
            T = 2 * self.h0 / (np.sqrt(x[1:]) + np.sqrt(x[:-1]))
        self.time = float(T.sum())
        if self.N < 4:
            raise InvalidInput("grid is too coarse for the stops of the path: give more intervals")
        self.h = self.h0 / self.length
        self.guess = x * (self.time / self.length) ** 2
        self.slopes = [y[self.cut] * self.length**r for r, y in enumerate(third.slopes, start=1)]
        self._ends()
        self.rows = SpanRows(self)
        self.guess = np.minimum(self.guess, self.rows.bend)

    def _ends(self):
        """What holds at the ends: exponents of s = c tᵖ from rest, what is fixed, and the first and last unknown."""
        third, N = self.third, self.N
        (q1, q2, _), ask = self.slopes, third.ask
        self.powers, self.ratio, self.fix = np.ones(2), np.zeros(2), np.zeros(2, np.int64)
        self.known, self.speed = [0, N], np.zeros(2)
        outer = (self.first_point == 0, self.last_point == len(third.h))
        for end, speed in enumerate((ask.start, ask.end)):
            i = 0 if end == 0 else N - 1
            if outer[end] and speed > 0:
                self.fix[end], self.speed[end] = FIX_X, (speed * self.time / self.length) ** 2
                continue
            if np.abs(q1[i, end]).max() > 1e-9 * np.abs(q1).max():
                p = 3.0
            elif np.abs(q2[i, end]).max() > 1e-9 * np.abs(q2).max():
                p = 1.5
            else:
                p = 1.0  # the path rests so softly that ṡ is free, and constant at first
            self.powers[end], self.fix[end] = p, FIX_BOTH
            self.ratio[end] = (1 - 2 * end) * (p - 1) / p / self.h[i]
            self.known[end] += 1 - 2 * end

    def start(self, share=0.6):
        """A smooth profile well inside of what is allowed."""
        cap, N = self.rows.cap, self.N
        x = share * np.minimum(self.guess, cap)
        place = np.concatenate([[0.0], np.cumsum(self.h)])
        for end in range(2):
            if self.fix[end] == FIX_BOTH and self.powers[end] > 1:
                p, at = self.powers[end], self.known[end]
                z = place if end == 0 else place[-1] - place
                x = np.minimum(x, share * cap[at] * (z / z[at]) ** (2 * (p - 1) / p) + 1e-300)
        for _ in range(10):
            x[1:-1] = np.minimum(0.25 * (x[:-2] + 2 * x[1:-1] + x[2:]), x[1:-1] * 1.5)
        for end in range(2):
            if self.fix[end] == FIX_X:
                x[self.known[end]] = self.speed[end]
        x = np.maximum(x, 1e-9 * x.max())
        u = np.gradient(x, place) / 2
        for end in range(2):
            if self.fix[end] == FIX_BOTH:
                at, edge = self.known[end], N * end
                u[at], x[edge], u[edge] = self.ratio[end] * x[at], 0.0, 0.0
        return x, u

    def soft(self, x):
        """The profile with ṡ at soft ends, which is that of the next point."""
        for end in range(2):
            if self.fix[end] == FIX_BOTH and self.powers[end] == 1:
                x[self.N * end] = x[self.known[end]]
        return x

    def solve(self):
        """The profile, and its motion within limits."""
        rows, (x, u) = self.rows, self.start()
        state, count = rows.state(), rows.count()
        swing = np.square(np.diff(np.diff(self.guess) / self.h)).sum()
        calm = CALM * 4 / max(swing, 1e-12)
        mu, cold, over = 0.1 / count, True, 1.0
        for step, goal in enumerate(GOALS):
            for share in SHARES:
                found = interior_point(
                    self.h, x, u, *self.known, self.powers, self.ratio, self.fix, calm, rows.arrays(), state, mu, cold,
                    ITERATIONS, goal,
                )  # fmt: skip
                good = self._good(found, goal, x, u)
                if good:
                    break
                (x, u), mu, cold = self.start(share), 0.1 / count, True  # too far from the last, or a bad start
                calm = calm if share == SHARES[0] else 100 * calm
            if not good:
                self._refuse(found)
            self.x, self.u = self.soft(x), u
            over = self.certify()
            if step == len(GOALS) - 1 or (over <= 1 + KEPT and goal == GOALS[-1]):
                break
            rows.tighten(self)
            mu, cold = 2 * goal / count, False
        self._finish(max(over, 1.0))

    def _good(self, found, goal, x, u):
        _, total, worst, gap = found
        return total < 10 * goal and worst < max(1e-5, goal) and gap < 1e-6 and np.isfinite(self.durations(x, u)).all()

    def _refuse(self, found):
        a, c = self.third.s[self.first_point], self.third.s[self.last_point]
        raise Infeasible((
            f"no motion with bounded jerk was found from s = {a:.6g} to {c:.6g} (residual {max(found[2:]):.2g}): speeds"
            " at the ends may ask too much, or more grid points are needed",
        ))  # fmt: skip

    def inside(self, fraction, x, u):
        """(x, u) (N, M) at fractions of each interval: constant s⃛, or s = c tᵖ where the motion leaves rest."""
        T, v0, u0 = self.durations(x, u)[:, None], np.sqrt(x[:-1, None]), u[:-1, None]
        j, way = np.diff(u)[:, None] / T, self.h[:, None] * fraction
        t = T * fraction
        for _ in range(6):  # Newton: when the motion is there
            speed = np.maximum(v0 + t * (u0 + t * j / 2), 1e-9 * self.h[:, None] / T)
            t = np.clip(t - (t * (v0 + t * (u0 / 2 + t * j / 6)) - way) / speed, 0, T)
        xs, us = np.square(v0 + t * (u0 + t * j / 2)), u0 + j * t
        for end in range(2):
            if self.fix[end] == FIX_BOTH:
                i, p = (0, self.powers[0]) if end == 0 else (self.N - 1, self.powers[1])
                z = np.maximum(fraction if end == 0 else 1 - fraction, 1e-12)
                xs[i] = x[self.known[end]] * z ** (2 * (p - 1) / p)
                us[i] = u[self.known[end]] * z ** ((p - 2) / p)
        return xs, us

    def durations(self, x, u):
        """[own units] of every interval."""
        gamma = np.ones(self.N)
        bulge(self.h, x, u, *self.known, gamma)
        with np.errstate(divide="ignore", invalid="ignore"):
            T = 2.0 * self.h * gamma / (np.sqrt(x[1:]) + np.sqrt(x[:-1]))
            for end, i in ((0, 0), (1, -1)):
                if self.fix[end] == FIX_BOTH:
                    T[i] = self.powers[end] * self.h[i] / np.sqrt(x[self.known[end]])
        return T

    def certify(self):
        """Builds the motion and what it uses of limits, `uses` (3, N, n); returns what time must stretch by."""
        path, p, n = self.third.ask.path, self.third.program.p[self.cut], self.third.n
        T = self.durations(self.x, self.u)
        q = np.concatenate([p[:, 0], path(self.third.s[self.last_point])[None]])
        q1, q2 = (np.concatenate([y[:, 0], y[-1:, 1]]) for y in self.slopes[:2])
        x, u = self.x[:, None], self.u[:, None]
        self.own, self.own_times = quintic(T, q, q1 * np.sqrt(x), q1 * u + q2 * x), T
        limits = [bounded(self.third.ask, r, n, self.time) for r in (1, 2, 3)]
        self.uses = np.stack([usage_of(self.own, T, r, *limits[r - 1]) for r in (1, 2, 3)])
        stretch = max(self.uses[0].max(), np.sqrt(self.uses[1].max()), np.cbrt(self.uses[2].max()))
        self.more = [self._more(k) for k in range(len(self.third.program.bounds))]
        rate = self.rows.rate_usage(self.x, self.u)
        return max(stretch, np.cbrt(rate), *(1 + far.max() for far in self.more), 1.0)

    def _more(self, k):
        """(N, R): how far bound k is passed on each interval, relative to its size."""
        third = self.third
        place = b.place_at(third.program.p, third.s, LOOK)
        unit = self.length / self.time
        profile = third.second.copy()
        profile[self.first_point : self.last_point + 1] = self.x * unit**2
        rows = third.program.bounds[k].rows(place, profile)
        x, u = self.inside(LOOK, self.x, self.u)
        cut, R = self.cut, rows.a.shape[2]
        y = rows.a[cut] * (u * unit**2 / self.length)[..., None] + rows.b[cut] * (x * unit**2)[..., None] + rows.c[cut]
        lo, hi = (np.broadcast_to(z, (len(third.h), R))[cut][:, None] for z in (rows.lo, rows.hi))
        size = np.maximum(np.where(np.isfinite(hi), np.abs(hi), 0), np.where(np.isfinite(lo), np.abs(lo), 0))
        far = np.maximum(np.maximum(peaks(y) - hi, lo + peaks(-y)), 0.0) / np.where(size > 0, size, 1.0)
        rest = (x <= 0)[..., None]  # at rest itself u has no say
        return np.where(rest, 0.0, far).max(axis=1)

    def _finish(self, k):
        """Times in seconds; a last uniform stretch by k takes what rounds left over."""
        k = k if k > 1 + 1e-12 else 1.0
        self.T = self.own_times * self.time * k
        self.coeffs = self.own / (self.time * k) ** np.arange(6)[:, None]
        unit = self.length / (self.time * k)
        self.x, self.u = self.x * unit**2, self.u * unit**2 / self.length
        self.usage = self.uses.transpose(1, 0, 2)
        s = self.third.s[self.first_point : self.last_point + 1, None]
        self.along = quintic(self.T, s, np.sqrt(self.x)[:, None], self.u[:, None])


def peaks(y):
    """y (N, M, R) at even fractions, each raised to the top of the parabola through it and its neighbours."""
    before, here, after = y[:, :-2], y[:, 1:-1], y[:, 2:]
    bend, tilt = 2.0 * here - before - after, np.abs(after - before)
    top = y.copy()
    top[:, 1:-1] += np.where(tilt < 2.0 * bend, tilt**2 / np.maximum(8.0 * bend, 1e-300), 0.0)
    return top


def usage_of(c, T, order, lo, hi):
    """(N, n): largest Bernstein coefficient of derivative `order` of pieces c (N, 6, n) over its bound."""
    d = np.arange(order, c.shape[1])
    factor = np.array([np.prod(np.arange(m - order + 1, m + 1), dtype=float) for m in d])
    y = c[:, order:] * factor[:, None] * T[:, None, None] ** np.arange(len(d))[:, None]
    control = np.einsum("mk,ikj->imj", bernstein(len(d) - 1), y)
    return np.maximum(control.max(axis=1) / hi, control.min(axis=1) / lo)
