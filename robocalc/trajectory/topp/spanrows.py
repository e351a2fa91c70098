"""Rows of a span's program, in units in which every bound is 1: see `third_rows`."""

import numpy as np

HUGE = 1e12  # a cap on x that bounds nothing
ALONG = (0.02, 0.25, 0.5, 0.75, 1.0)  # of the interval that leaves rest: where its jerk is bounded
END_RATE = 0.95  # of a torque rate that inertia may use where the motion leaves rest; gravity's part is small
SHARE = 0.999  # of a limit that gives way a little more than it was passed by


def bounded(ask, order, n, time):
    """(lower, upper) (n,) of a derivative, with `time` as the unit."""
    return ask.limits.bounds(("velocity", "acceleration", "jerk")[order - 1], n) * time**order


class SpanRows:
    """A, B, up, down at points; c3 ... c0, scale at both ends of intervals; cap and caps on x at points and between."""

    def __init__(self, span):
        third = span.third
        self.N, self.n, self.span = span.N, third.n, span
        q1, q2, q3 = span.slopes
        self.vlo, self.vhi = bounded(third.ask, 1, self.n, span.time)
        lo, hi = bounded(third.ask, 2, self.n, span.time)
        self.jlo, self.jhi = bounded(third.ask, 3, self.n, span.time)
        d1, d2 = (np.concatenate([y[:, 0], y[-1:, 1]]) for y in (q1, q2))
        size = np.where(np.isfinite(hi), hi, 1.0)
        self.A, self.B = d1 / size, d2 / size
        self.up, self.down = (np.broadcast_to(y / size, d1.shape).copy() for y in (hi, -lo))
        middle = 0.5 * (q1[:, 0] + q1[:, 1]) - 0.125 * span.h[:, None] * (q2[:, 1] - q2[:, 0])
        self.cap, self.caps = self._caps(d1), self._caps(middle)
        self.c3, self.c2, self.c1 = q1.copy(), 3.0 * q2, q3.copy()
        self.c0 = np.zeros_like(q1)
        self.scale = np.empty((self.N, 2, self.n, 2))
        self.scale[..., 0], self.scale[..., 1] = 1.0 / self.jhi, -1.0 / self.jlo
        if third.rates is not None:
            self._add_rates(third)
        self.sizes = [self._add_bound(k) for k in range(len(third.program.bounds))]
        J = np.minimum(self.jhi, -self.jlo)
        with np.errstate(divide="ignore", over="ignore"):
            bend = (J / np.maximum(np.abs(q3), 1e-300)).min(axis=2) ** (2 / 3)  # at constant ṡ
        self.bend = np.maximum(np.append(bend[:, 0], bend[-1, 1]), np.append(bend[0, 0], bend[:, 1]))
        self._end_caps()

    def _caps(self, slope):
        """Largest x that velocity limits allow."""
        V = np.where(slope > 0, self.vhi, -self.vlo)
        with np.errstate(divide="ignore", over="ignore"):
            return np.minimum((np.square(V) / np.maximum(np.square(slope), 1e-300)).min(axis=1), HUGE)

    def _add_rates(self, third):
        """Rows of torque's rate: √x (m w + (m' + 2 c) u + c' x + g') + viscous (q' u + q'' x)."""
        span, cut = self.span, self.span.cut
        L, T = span.length, span.time
        m, c2, c1, g1, v1, v2 = (y[cut] for y in third.rates)
        x = third.second[span.first_point : span.last_point + 1]
        root = np.sqrt(np.maximum(np.stack([x[:-1], x[1:]], axis=1), 1e-3 * x.max()))[..., None]
        lo, hi = third.ask.rate
        c2, c1 = c2 + v1 / root, c1 + v2 / root
        new = (m * L / T**3, c2 * L**2 / T**3, c1 * L**3 / T**3, g1 * L / T)
        for name, y in zip(("c3", "c2", "c1", "c0"), new):
            setattr(self, name, np.concatenate([getattr(self, name), y], axis=2))
        scale = np.empty((self.N, 2, self.n, 2))
        scale[..., 0], scale[..., 1] = 1.0 / hi, -1.0 / lo
        self.scale = np.concatenate([self.scale, scale], axis=2)

    def _add_bound(self, k):
        """Rows of one bound at the points; returns their size (N + 1, R)."""
        span, program, third = self.span, self.span.third.program, self.span.third
        rows = program.bounds[k].rows(program.ends, third.second)
        cut, R, unit = span.cut, rows.a.shape[2], span.length / span.time

        def points(y):
            return np.concatenate([y[cut, 0], y[cut, 2][-1:]])

        c = points(rows.c)
        lo, hi = (np.broadcast_to(y, (len(third.h), R))[cut] for y in (rows.lo, rows.hi))
        lo, hi = (np.concatenate([y, y[-1:]]) for y in (lo, hi))
        size = np.maximum(np.where(np.isfinite(hi), np.abs(hi), 0), np.where(np.isfinite(lo), np.abs(lo), 0))
        size = np.where(size > 0, size, 1.0)
        self.A = np.hstack([self.A, points(rows.a) * unit**2 / span.length / size])
        self.B = np.hstack([self.B, points(rows.b) * unit**2 / size])
        self.up, self.down = np.hstack([self.up, (hi - c) / size]), np.hstack([self.down, (c - lo) / size])
        return size

    def _end_caps(self):
        """Jerk on an interval that leaves rest, x^1.5 |...| ≤ J along s = c tᵖ, bounds x at its other end."""
        span = self.span
        J = np.minimum(self.jhi, -self.jlo)
        for end in range(2):
            if span.fix[end] != 2:
                continue
            i, p, sign = (self.N - 1) * end, span.powers[end], 1 - 2 * end
            h, (q1, q2, q3) = span.h[i], (y[i, end] for y in span.slopes)
            worst, rate = np.zeros(self.n), np.zeros(self.n)
            for z in ALONG:
                t, d = z ** (1 / p), sign * h * z
                v, u = t ** (p - 1), (p - 1) / (p * h) * t ** (p - 2)
                j = (p - 1) * (p - 2) / (p * h) ** 2 * t ** (p - 3)
                jerk = (q1 + q2 * d + q3 * d * d / 2) * j + sign * 3 * (q2 + q3 * d) * u * v + q3 * v**3
                worst = np.maximum(worst, np.abs(jerk))
                if self.scale.shape[2] > self.n:
                    m, c2, c1 = (y[i, end, self.n :] for y in (self.c3, self.c2, self.c1))
                    rate = np.maximum(rate, np.abs(m * j) + np.abs(c2 * u * v) + np.abs(c1 * v**3))
            with np.errstate(divide="ignore", over="ignore"):
                cap = (J / np.maximum(worst, 1e-300)).min() ** (2 / 3)
                if self.scale.shape[2] > self.n:
                    most = END_RATE / self.scale[i, end, self.n :].max(axis=1)
                    cap = min(cap, (most / np.maximum(rate, 1e-300)).min() ** (2 / 3))
            self.cap[span.known[end]] = min(self.cap[span.known[end]], cap)

    def arrays(self):
        """As `interior_point` takes them."""
        return self.cap, self.A, self.B, self.up, self.down, self.c3, self.c2, self.c1, self.c0, self.scale, self.caps

    def state(self):
        """Slacks and multipliers: of points, of interval ends, of what lies between."""
        shapes = ((self.N + 1, self.A.shape[1] + 1, 2), self.scale.shape, (self.N, 2))
        return tuple(np.empty(shape) for shape in shapes for _ in range(2))

    def count(self):
        """Rows, about."""
        return 2.0 * (self.scale.size / 2 + self.A.size)

    def rate_usage(self, x, u):
        """Largest share of torque-rate limits at the ends of intervals, 0 without such limits."""
        if self.scale.shape[2] == self.n:
            return 0.0
        w = np.diff(u) / self.span.h
        xs, us = np.stack([x[:-1], x[1:]], axis=1)[..., None], np.stack([u[:-1], u[1:]], axis=1)[..., None]
        n = self.n
        y = self.c3[:, :, n:] * w[:, None, None] + self.c2[:, :, n:] * us + self.c1[:, :, n:] * xs + self.c0[:, :, n:]
        y = y * np.sqrt(xs)
        inner = slice(self.span.known[0], self.span.known[1])
        lo, hi = self.span.third.ask.rate
        return float(np.maximum(y / hi, y / lo)[inner].max())

    def tighten(self, span):
        """Limits give way on the intervals where the motion is over them."""
        n, over = self.n, np.maximum(span.uses, 1.0)
        point = at_points(over[1])
        self.up[:, :n] /= point
        self.down[:, :n] /= point
        fast = over[0].max(axis=1)
        self.cap /= at_points(fast) ** 2
        self.caps /= fast**2
        self.scale[:, :, :n] *= over[2][:, None, :, None]
        column = n
        for far in span.more:
            give = at_points(far) * (2 - SHARE)
            self.up[:, column : column + far.shape[1]] -= give
            self.down[:, column : column + far.shape[1]] -= give
            column += far.shape[1]
        for end in range(2):
            if span.fix[end] == 2:
                self.cap[span.known[end]] /= over[2][(self.N - 1) * end].max() ** (2 / 3)


def at_points(y):
    """The larger of the values of the two intervals that meet at each point."""
    return np.maximum(np.concatenate([y, y[-1:]]), np.concatenate([y[:1], y]))
