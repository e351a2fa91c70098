"""Through corners without a stop: of motions from rest to rest, each begins before the one before it ends.

    q(t) = q₁(t) + q₂(t - s) - q₂(0)      while both last: a smooth corner, near where they meet

chained    motions that begin at given times, as one
needed     how much slower a motion must be for its limits
sooner     the latest begin so much sooner, as limits and `free` allow

source   overlapped point-to-point motions: Lloyd & Hayward (1993), doi 10.1177/027836499301200205
"""

from typing import NamedTuple

import numpy as np

from robocalc.trajectory import Trajectory

SHARES = (0.95, 0.7, 0.5, 0.3, 0.15)  # of the shorter of two motions, in which both last
SLOWER, MOST = (1.0, 1.2, 1.5), 2.0  # times as long a part may last, so that the sum of two keeps limits
SHORT, LEAST = 1e-9, 1e-3  # [s]; less is not worth a look
ROUNDING = 1 + 1e-9


def chained(parts, starts) -> Trajectory:
    """Motions (cubic at most) that begin at increasing times [s], the first at 0; rest between them."""
    ends = [start + part.duration for part, start in zip(parts, starts)]
    knots = np.concatenate([part.knots - part.start + start for part, start in zip(parts, starts)])
    knots = np.unique(knots)
    knots = knots[np.concatenate([[True], np.diff(knots) > SHORT])]
    h = np.diff(knots)
    middle = knots[:-1] + h / 2
    c = np.zeros((len(h), 4, parts[0].n))
    for i, (part, start, end) in enumerate(zip(parts, starts, ends)):
        if i:
            c[:, 0] -= part(part.start)
        on = (middle > start) & (middle < end)
        c[middle >= end, 0] += part(part.end)
        c[middle <= start, 0] += part(part.start)
        c[on] += _taylor(part, middle[on] - start + part.start, -h[on] / 2)
    return Trajectory(knots, c)


def _taylor(part, t, s):
    """Coefficients (K, 4, n) about t + s of the pieces of a cubic at t (K,)."""
    a = np.stack([part(t, order) for order in range(4)], axis=1)  # derivatives at t
    s = s[:, None]
    return np.stack([
        a[:, 0] + s * (a[:, 1] + s * (a[:, 2] / 2 + s * a[:, 3] / 6)),
        a[:, 1] + s * (a[:, 2] + s * a[:, 3] / 2),
        (a[:, 2] + s * a[:, 3]) / 2,
        a[:, 3] / 6,
    ], axis=1)  # fmt: skip


def needed(motion, bounds, low, high) -> float:
    """How much slower a motion must be to keep bounds (3, n) on speed, acceleration and jerk: 1 where it does; ∞ where
    it leaves the range low..high (n,)."""
    least, most = motion.extrema(0)
    if (least < np.minimum(low, motion(motion.start)) - SHORT).any():
        return np.inf
    if (most > np.maximum(high, motion(motion.start)) + SHORT).any():
        return np.inf
    shares = [(np.abs(motion.extrema(k + 1)) / bounds[k]).max() ** (1 / (k + 1)) for k in range(3)]
    return max(shares) if max(shares) > ROUNDING else 1.0


def sooner(parts, starts, needs, free, tries):
    """(motion, times at which its parts begin): as `chained`, its last stretch without waits through corners.

    parts    the first as it is; the others from rest to rest, which may be slowed down so that more of them overlaps
    needs    needs(motion) -> how much slower it must be, as `needed`
    free     free(motion, since, begin, end) -> whether it touches nothing: at other times since [s], off the lines from
             begin to end
    tries    motions asked about, at most: what bounds its time
    """
    chain = Chain(list(parts), list(starts), [1.0] * len(parts))
    waits = [i for i in range(1, len(parts)) if starts[i] - starts[i - 1] - parts[i - 1].duration > SHORT]
    motion = chain.motion()
    for i in range(max(waits, default=0) + 1, len(parts)):  # what comes before a wait would only wait longer
        for slow, shift in chain.choices(i, needs):
            if tries <= 0:
                return motion, chain.starts
            tries, other = tries - 1, chain.with_corner(i, slow, shift)
            found, begin = other.motion(), other.starts[i]
            if free(found, other.starts[i - 1], begin, begin + shift):
                motion, chain = found, other
                break
    return motion, chain.starts


class Chain(NamedTuple):
    """parts, starts as in `sooner`; spare: share of each part in which it is alone."""

    parts: list
    starts: list
    spare: list

    def motion(self):
        return chained(self.parts, self.starts)

    def overlap(self, i, shift):
        """The motion while both parts at corner i last."""
        begin = self.starts[i] - self.starts[i - 1]
        return chained(self.parts[i - 1 : i + 1], [0.0, begin]).slice(begin, begin + shift)

    def choices(self, i, needs):
        """(factor by which the parts at corner i are slowed down, time [s] in which both last), the best first."""
        found = []
        for share in SHARES:
            for slow in (None,) if self.slows(i - 1) else SLOWER:
                shift, cost = self.shift(i, share, slow or 1.0)
                if shift - cost < LEAST:
                    continue
                need = needs(self.with_corner(i, slow or 1.0, shift).overlap(i, shift))
                if slow is None and 1.0 < need < MOST:  # both are slowed down: so their sum is
                    (shift, cost), slow, need = self.shift(i, share, ROUNDING * need), ROUNDING * need, 1.0
                if need <= 1.0 and shift - cost > LEAST:
                    found.append((shift - cost, slow or 1.0, shift))
        return [(slow, shift) for _, slow, shift in sorted(found, reverse=True)]

    def shift(self, i, share, slow):
        """(time [s] in which both parts at corner i last, time that slowing them down costs)."""
        T = [part.duration for part in self.parts[i - 1 : i + 1]]
        longer = [slow if self.slows(k) else 1.0 for k in (i - 1, i)]
        room = self.spare[i - 1], self.spare[i] if i == len(self.parts) - 1 else 0.5  # the next corner takes as much
        both = share * min(x * t * part for x, t, part in zip(longer, T, room))
        return both, sum((x - 1) * t for x, t in zip(longer, T))

    def slows(self, k):
        """Whether part k may be slowed down: from rest, and at no corner yet."""
        return k > 0 and self.spare[k] == 1.0

    def with_corner(self, i, slow, shift) -> "Chain":
        parts, spare = list(self.parts), list(self.spare)
        for k in (i - 1, i):
            if slow > 1 and self.slows(k):
                parts[k] = parts[k].with_duration(slow * parts[k].duration)
            spare[k] -= shift / parts[k].duration
        begin = self.starts[i - 1] + parts[i - 1].duration - shift
        later = begin + parts[i].duration - (self.starts[i] + self.parts[i].duration)
        return Chain(parts, [*self.starts[:i], begin, *(t + later for t in self.starts[i + 1 :])], spare)
