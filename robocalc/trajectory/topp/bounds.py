"""Bounds beyond those of joints: rows that are linear in (u, x) at each s, certified between grid points.

On an interval of constant u, x(σ) = x + 2 u σ. A row's value f(σ) = a(σ) u + b(σ) x(σ) + c(σ) is taken at the start,
middle and end, and the quadratic through these must stay inside: three Bernstein coefficients, linear in (u, x). What
the quadratic does not see is found by looking between, and the interval's bounds are tightened by it.

    Place   points of the grid at which bounds are evaluated
    Bound   what a kind of bound must tell; `TorqueBound`, `ToolBound`, `LinearBound` are the kinds
"""

from typing import NamedTuple, Protocol

import numpy as np

ENDS = np.array([0.0, 0.5, 1.0])  # fractions of an interval whose quadratic is bounded
INSIDE = 1e-9  # of an interval: how far from its ends a point is taken to tell sides of a knot apart
BETWEEN = np.array([0.5 - 12**-0.5, 0.5 + 12**-0.5])  # where a cubic strays most from its quadratic


class Place(NamedTuple):
    """Points at fractions of intervals: all arrays (N, M) or (N, M, n), interval first."""

    s: np.ndarray
    near: np.ndarray  # the same, but inside of the interval
    q: np.ndarray
    q1: np.ndarray
    q2: np.ndarray
    fraction: np.ndarray  # (M,)


class Rows(NamedTuple):
    """lo ≤ a u + b x + c ≤ hi at the points of a Place; a, b, c (N, M, R), lo, hi (N, R) or (1, R)."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    lo: np.ndarray
    hi: np.ndarray


class Bound(Protocol):
    """names (R,): words for its rows."""

    names: tuple

    def rows(self, place: Place, x: np.ndarray | None) -> Rows:
        """Rows at the place; x (N + 1,): the profile so far, for terms that are not linear."""


def place_at(p, s, fraction) -> Place:
    """p (N, order, n): coefficients of the path on each interval of the grid s (N + 1,)."""
    from robocalc.trajectory.topp.bound_kernels import locate

    N, M = len(p), len(fraction)
    place, near = np.empty((N, M)), np.empty((N, M))
    q, q1, q2 = (np.empty((N, M, p.shape[2])) for _ in range(3))
    locate(p, s, fraction, place, near, q, q1, q2, INSIDE)
    return Place(place, near, q, q1, q2, fraction)


class TorqueBound:
    """Joint torques with friction: τ = M q' u + (M q'' + C q') x + g + viscous q' √x + Coulomb sign(q').

    √x is replaced by its tangent at the profile so far, which is exact once that has settled.
    """

    FLOOR = 1e-10  # of the largest x: below, the tangent of √x is taken there

    def __init__(self, robot, path, limits, names):
        from robocalc.trajectory.topp.panels import Panels, parts_of

        self.lo, self.hi = np.ascontiguousarray(limits)
        n = path.n
        self.names = tuple(f"torque of {name}" for name in names)
        friction = getattr(robot, "friction", None)
        friction = np.zeros((2, n)) if friction is None else np.asarray(friction, dtype=float)
        self.viscous, self.coulomb = np.ascontiguousarray(friction)

        def terms(s, segment):
            w = s - path.knots[segment]
            q, q1, q2 = derivatives(path.coeffs[segment], w)
            none = np.zeros_like(q)
            tau = robot.inverse_dynamics(
                np.concatenate([q, q, q]), np.concatenate([none, q1, none]), np.concatenate([q1, q2, none])
            )
            m, c, g = np.split(np.asarray(tau, dtype=float), 3)
            return np.concatenate([m - g, c - g, g], axis=1)

        # what u and x make of torque is small beside the limit where they are small beside what the limit allows
        probe = terms(0.5 * (path.knots[:-1] + path.knots[1:]), np.arange(len(path.coeffs)))
        inertia, curve, weight = (np.abs(part).max(axis=0) for part in np.split(probe, 3, axis=1))
        size = np.maximum(-self.lo, self.hi)
        size = np.where(np.isfinite(size) & (size > 0), size, weight.max() + 1e-6)
        scale = np.concatenate([np.full(n, inertia.max() + 1e-300), np.full(n, (inertia + curve).max() + 1e-300), size])
        self.panels = Panels(terms, path.knots, scale, parts_of(path))
        self.kept = {}  # terms at places that were asked for

    def rows(self, place, x):
        N, M, n = place.q1.shape
        from robocalc.trajectory.topp.bound_kernels import torque_rows

        terms = self.kept.get(id(place))  # asked again with another profile
        if terms is None:
            terms = self.panels(place.s.ravel(), place.near.ravel()).reshape(N, M, 3 * n)
            self.kept[id(place)] = terms
        a, b, c = (np.empty((N, M, n)) for _ in range(3))
        lo, hi = np.empty((N, n)), np.empty((N, n))
        x = np.empty(0) if x is None else x
        floor = self.FLOOR * x.max() if len(x) else 0.0
        given = (self.viscous, self.coulomb, self.lo, self.hi)
        torque_rows(terms, place.q1, place.fraction, x, floor, *given, a, b, c, lo, hi)
        return Rows(a, b, c, lo, hi)


class ToolBound:
    """Speed and acceleration of a frame, linear or angular: |p'|² x ≤ V², and |p' u + p'' x| ≤ A in many directions.

    The circle of allowed accelerations, in the plane that p' and p'' span, is replaced by an inscribed polygon.
    """

    SIDES = 48

    def __init__(self, robot, path, frame, part, speed, acceleration):
        from robocalc.trajectory.topp.panels import Panels, parts_of

        columns = slice(0, 3) if part == "linear" else slice(3, 6)
        self.speed, self.acceleration = speed, acceleration
        words = "tool" if part == "linear" else "tool turning"
        self.names = ((f"{words} speed",) if speed is not None else ()) + (
            (f"{words} acceleration",) * (self.SIDES // 2) if acceleration is not None else ()
        )
        where = () if frame is None else (frame,)

        def slope(s, segment):
            q, q1, _ = derivatives(path.coeffs[segment], s - path.knots[segment])
            return np.einsum("kij,kj->ki", np.asarray(robot.jacobian(q, *where))[:, columns], q1)

        probe = slope(0.5 * (path.knots[:-1] + path.knots[1:]), np.arange(len(path.coeffs)))
        scale = np.full(3, np.abs(probe).max() + 1e-300)
        self.first = Panels(slope, path.knots, scale, parts_of(path), 1e-10)
        self.second = self.first.derivative()

    def rows(self, place, x):
        N, M, _ = place.q1.shape
        s, near = place.s.ravel(), place.near.ravel()
        p1, p2 = (f(s, near).reshape(N, M, 3) for f in (self.first, self.second))
        a, b, hi = [], [], []
        if self.speed is not None:
            square = (p1**2).sum(axis=2, keepdims=True)
            a.append(np.zeros_like(square))
            b.append(square)
            hi.append([self.speed**2])
        if self.acceleration is not None:
            E = self._directions(place)  # (N, SIDES / 2, 3)
            a.append(np.einsum("nmi,nki->nmk", p1, E))
            b.append(np.einsum("nmi,nki->nmk", p2, E))
            hi.append(np.full(E.shape[1], self.acceleration * np.cos(np.pi / self.SIDES)))
        a, b, hi = np.concatenate(a, axis=2), np.concatenate(b, axis=2), np.concatenate(hi)
        return Rows(a, b, np.zeros_like(a), -hi[None], hi[None])

    def _directions(self, place):
        """Unit vectors over half a turn in the plane of the path's slope and curvature amid each interval."""
        f = place.fraction
        middle = place.s[:, 0] + (place.s[:, -1] - place.s[:, 0]) * (0.5 - f[0]) / (f[-1] - f[0])
        e1, e2 = self.first(middle, middle), self.second(middle, middle)
        flip = np.linalg.norm(e1, axis=1) == 0
        e1[flip] = e2[flip]
        e1[np.linalg.norm(e1, axis=1) == 0] = [1.0, 0.0, 0.0]
        e1 /= np.linalg.norm(e1, axis=1, keepdims=True)
        e2 = e2 - (e2 * e1).sum(axis=1, keepdims=True) * e1
        size = np.linalg.norm(e2, axis=1)
        other = np.cross(e1, np.eye(3)[np.abs(e1).argmin(axis=1)])  # any normal where the path is straight
        e2 = np.where((size > 1e-12 * (1 + size.max()))[:, None], e2, other)
        e2 /= np.linalg.norm(e2, axis=1, keepdims=True)
        angle = np.pi * np.arange(self.SIDES // 2) / (self.SIDES // 2)
        return np.cos(angle)[:, None] * e1[:, None] + np.sin(angle)[:, None] * e2[:, None]


class LinearBound:
    """Rows of the user: rows(s (N,)) -> (a, b, lo, hi), lo ≤ a u + b x ≤ hi, each (N, R) or what broadcasts to it."""

    def __init__(self, rows, s):
        from robocalc.errors import InvalidInput

        self.call = rows
        try:
            probe = self._ask(np.asarray(s))
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"rows(s) must give (a, b, lo, hi), each (N, R) for s (N,): {error}") from None
        for name, y in zip(("a", "b", "lo", "hi"), probe):
            if np.isnan(y).any() or (name in "ab" and np.isinf(y).any()):
                raise InvalidInput(f"rows(s): {name} holds a number that is not finite")
        if (probe[2] > probe[3]).any():
            k, r = np.argwhere(probe[2] > probe[3])[0]
            raise InvalidInput(f"rows(s): lo is above hi in row {r} at s = {s[k]:.6g}")
        self.names = tuple(f"row {r}" for r in range(probe[0].shape[1]))

    def _ask(self, s):
        a, b, lo, hi = self.call(s)
        a = np.asarray(a, dtype=float)
        a = a[:, None] if a.ndim == 1 else a
        if a.ndim != 2 or len(a) != len(s):
            raise ValueError(f"a has shape {a.shape}")

        def wide(y):
            y = np.asarray(y, dtype=float)
            return np.broadcast_to(y[:, None] if y.ndim == 1 and a.shape[1] == 1 and len(y) == len(s) else y, a.shape)

        return a, wide(b), wide(lo), wide(hi)

    def rows(self, place, x):
        N, M = place.s.shape
        a, b, lo, hi = (y.reshape(N, M, -1) for y in self._ask(place.near.ravel()))
        a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
        return Rows(a, b, np.zeros_like(a), lo.max(axis=1), hi.min(axis=1))


def derivatives(c, w):
    """(q, q', q'') (N, n) of pieces c (N, order, n) at local w (N,)."""
    q, q1, q2 = (np.zeros((len(w), c.shape[2])) for _ in range(3))
    y = w[:, None]
    for d in range(c.shape[1] - 1, -1, -1):
        q2 = q2 * y + 2.0 * q1
        q1 = q1 * y + q
        q = q * y + c[:, d]
    return q, q1, q2
