"""Smooth functions along a path, once for all: Chebyshev series on panels, halved until their last terms vanish.

Dynamics along a path are costly to evaluate and smooth between its knots: a few hundred evaluations stand for all.

    Panels   f(s) (N, F) for any s, and its derivative
"""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.jit import njit

NODES = 14  # Chebyshev points of a panel, ends included
TAIL = 3  # last terms that must vanish
TURN = 2.0  # [rad] of all joints together on one panel: what the points below resolve
DEEPEST = 12  # halvings


def parts_of(path) -> np.ndarray:
    """(K,): panels to begin with, by how far joints turn on a segment [rad]."""
    s = path.knots[:-1, None] + path.times[:, None] * np.linspace(0.0, 1.0, 5)
    turn = np.abs(np.diff(path(s.ravel()).reshape(len(s), 5, -1), axis=1)).sum(axis=(1, 2))
    return np.clip(np.ceil(turn / TURN), 1, 16).astype(int)


def _transform():
    """Values at Lobatto points cos(π k / (NODES - 1)) -> coefficients."""
    m = NODES - 1
    k = np.arange(NODES)
    C = np.cos(np.pi * np.outer(k, k) / m) * 2.0 / m
    C[:, [0, m]] /= 2
    C[[0, m]] /= 2
    return C


POINTS, TRANSFORM = np.cos(np.pi * np.arange(NODES) / (NODES - 1)), _transform()


@njit
def series(s, panel, left, width, C, out):
    """out (N, F) = Σ_m C[panel, m] T_m(u), u in [-1, 1] the place of s in its panel."""
    nodes, F = C.shape[1], C.shape[2]
    for i in range(len(s)):
        k = panel[i]
        u = 2.0 * (s[i] - left[k]) / width[k] - 1.0
        for f in range(F):
            out[i, f] = C[k, 0, f] + u * C[k, 1, f]
        before, t = 1.0, u
        for m in range(2, nodes):
            t, before = 2.0 * u * t - before, t
            for f in range(F):
                out[i, f] += t * C[k, m, f]


class Panels:
    """f(s, segment) (N, F) on the segments of a path; `scale` (F,) tells what is small in each column."""

    def __init__(self, f, knots, scale, parts, tolerance=1e-8):
        """parts (K,): into how many panels to cut each segment at once."""
        segment = np.repeat(np.arange(len(parts)), parts)
        step = np.diff(knots)[segment] / parts[segment]
        place = np.concatenate([np.arange(m) for m in parts])
        left, right = knots[segment] + place * step, knots[segment] + (place + 1) * step
        done, tolerance = [], tolerance * scale
        for depth in range(DEEPEST + 1):
            s = 0.5 * (left + right)[:, None] + 0.5 * (right - left)[:, None] * POINTS
            y = f(s.ravel(), np.repeat(segment, NODES)).reshape(len(left), NODES, -1)
            C = np.einsum("mk,pkf->pmf", TRANSFORM, y)
            good = (np.abs(C[:, -TAIL:]).max(axis=1) <= tolerance).all(axis=1) | (depth == DEEPEST)
            done.append((left[good], right[good], C[good]))
            left, right, segment = left[~good], right[~good], segment[~good]
            if not len(left):
                break
            middle = 0.5 * (left + right)
            left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
            segment = np.concatenate([segment, segment])
        left, right, C = (np.concatenate(part) for part in zip(*done))
        order = np.argsort(left)
        self.left, self.width, self.C = left[order], (right - left)[order], np.ascontiguousarray(C[order])
        if not np.isfinite(self.C).all():
            raise InvalidInput("the robot's dynamics along the path are not finite")

    def derivative(self) -> "Panels":
        """df/ds as series."""
        new = object.__new__(Panels)
        new.left, new.width = self.left, self.width
        D = np.zeros_like(self.C)
        for m in range(NODES - 2, -1, -1):
            D[:, m] = 2 * (m + 1) * self.C[:, m + 1] + (D[:, m + 2] if m + 2 < NODES else 0.0)
        D[:, 0] /= 2
        new.C = D * (2.0 / self.width)[:, None, None]
        return new

    def __call__(self, s, near):
        """f at s (N,), each on the panel that holds `near` (N,), a point just inside of where s belongs."""
        panel = np.clip(np.searchsorted(self.left, near, side="right") - 1, 0, len(self.left) - 1)
        out = np.empty((len(s), self.C.shape[2]))
        series(s, panel, self.left, self.width, self.C, out)
        return out
