"""Robots whose motion follows from that of a point: a quadrotor from position and yaw, a wheeled base from its path.

Time first; arrays (N, ...).

    flat_quadrotor      position to its fourth derivative, yaw to its second -> joints (x, y, z, yaw, pitch, roll)
    flat_quadrotor_2d   likewise in the plane -> (x, z, pitch)
    flat_base           a path and its derivatives by the path's own parameter -> (x, y, yaw)
    along_curve         derivatives by time of p(s(t)) from those of p by s and of s by t

A rotor pushes along the body's axis z only: m (p̈ - g) = T R e₃, so p̈ gives the direction, and snap the rates of rates.
Source: Mellinger & Kumar (2011), "Minimum snap trajectory generation and control for quadrotors", section III.
"""

import numpy as np

from robocalc.errors import InvalidInput

FALLING = 1e-3  # of g: less thrust than this has no direction


class Jet:
    """A signal (N,) with its first two derivatives by time."""

    def __init__(self, *d):
        self.d = d

    def __add__(self, other):
        return Jet(*(a + b for a, b in zip(self.d, other.d, strict=True)))

    def __neg__(self):
        return Jet(*(-a for a in self.d))

    def __mul__(self, other):
        (a, a1, a2), (b, b1, b2) = self.d, other.d
        return Jet(a * b, a1 * b + a * b1, a2 * b + 2 * a1 * b1 + a * b2)

    def sqrt(self):
        a, a1, a2 = self.d
        r = np.sqrt(a)
        return Jet(r, a1 / (2 * r), a2 / (2 * r) - a1**2 / (4 * r**3))

    def sin_cos(self):
        a, a1, a2 = self.d
        s, c = np.sin(a), np.cos(a)
        return Jet(s, c * a1, c * a2 - s * a1**2), Jet(c, -s * a1, -s * a2 - c * a1**2)


def angle(y: Jet, x: Jet) -> Jet:
    """atan2(y, x), without jumps."""
    (b, b1, b2), (a, a1, a2) = y.d, x.d
    r, w = a * a + b * b, a * b1 - b * a1
    rate = w / r
    return Jet(np.unwrap(np.arctan2(b, a)), rate, (a * b2 - b * a2) / r - rate * 2 * (a * a1 + b * b1) / r)


def flat_quadrotor(position, yaw=None, gravity=9.81):
    """(q, v, a) each (N, 6) of joints x, y, z, yaw, pitch, roll.

    position  (5, N, 3) and its derivatives to the fourth [m, per s to s⁴], z up
    yaw       (3, N) and its first two [rad, per s, s²]; 0 where None
    raises    InvalidInput   shapes, not finite, or where it falls freely: then no thrust tells its attitude
    """
    p = _checked("position", position, (5, None, 3))
    turn = np.zeros((3, p.shape[1])) if yaw is None else _checked("yaw", yaw, (3, p.shape[1]))
    x, y, z = (Jet(*p[2:, :, i]) for i in range(3))
    z = z + Jet(np.full(p.shape[1], float(gravity)), *np.zeros((2, p.shape[1])))
    _thrusts(np.sqrt(x.d[0] ** 2 + y.d[0] ** 2 + z.d[0] ** 2), gravity)
    psi = Jet(*turn)
    s, c = psi.sin_cos()
    ahead, left = c * x + s * y, c * y + -(s * x)  # the thrust seen after the yaw: (sin θ cos φ, -sin φ, cos θ cos φ)
    pitch, roll = angle(ahead, z), angle(-left, (ahead * ahead + z * z).sqrt())
    angles = np.stack([psi.d, pitch.d, roll.d], axis=-1)  # (3, N, 3)
    return tuple(np.concatenate([p[i], angles[i]], axis=1) for i in range(3))


def flat_quadrotor_2d(position, gravity=9.81):
    """(q, v, a) each (N, 3) of joints x, z, pitch; position (5, N, 2) is x, z. Raises like flat_quadrotor."""
    p = _checked("position", position, (5, None, 2))
    x, z = (Jet(*p[2:, :, i]) for i in range(2))
    z = z + Jet(np.full(p.shape[1], float(gravity)), *np.zeros((2, p.shape[1])))
    _thrusts(np.sqrt(x.d[0] ** 2 + z.d[0] ** 2), gravity)
    pitch = angle(x, z)
    return tuple(np.concatenate([p[i], pitch.d[i][:, None]], axis=1) for i in range(3))


def flat_base(path, phase):
    """(q, v, a) each (N, 3) of joints x, y, yaw that roll along a path without slip: the yaw is that of its tangent.

    path      (4, N, 2) and its derivatives to the third by its parameter s, whose tangent may not vanish
    phase     (3, N) s and its first two derivatives by time
    raises    InvalidInput   shapes, not finite, or a path that stands still
    """
    p, s = _checked("path", path, (4, None, 2)), _checked("phase", phase, (3, None))
    if s.shape[1] != p.shape[1]:
        raise InvalidInput(f"path has {p.shape[1]} samples, phase {s.shape[1]}")
    if not (np.linalg.norm(p[1], axis=1) > 0).all():
        raise InvalidInput("the path's tangent vanishes somewhere: its heading is not defined there")
    heading = angle(Jet(*p[1:, :, 1]), Jet(*p[1:, :, 0])).d
    both = [np.concatenate([p[i], heading[i][:, None]], axis=1) for i in range(3)]
    rate, second = s[1][:, None], s[2][:, None]
    return both[0], both[1] * rate, both[2] * rate**2 + both[1] * second


def along_curve(p, s):
    """(5, N, k) derivatives by time of p(s(t)); p (5, N, k) by s, s (5, N) by time. Source: Faà di Bruno's formula."""
    p, s = np.asarray(p, float), np.asarray(s, float)[..., None]
    return np.stack(
        [
            p[0],
            p[1] * s[1],
            p[2] * s[1] ** 2 + p[1] * s[2],
            p[3] * s[1] ** 3 + 3 * p[2] * s[1] * s[2] + p[1] * s[3],
            p[4] * s[1] ** 4 + 6 * p[3] * s[1] ** 2 * s[2] + p[2] * (3 * s[2] ** 2 + 4 * s[1] * s[3]) + p[1] * s[4],
        ]
    )


def _checked(name, value, shape):
    x = np.asarray(value, dtype=float)
    fits = x.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, x.shape, strict=True))
    if not fits:
        raise InvalidInput(f"{name} must have shape {tuple('N' if k is None else k for k in shape)}, got {x.shape}")
    if not np.isfinite(x).all():
        raise InvalidInput(f"{name} must be finite")
    return x


def _thrusts(thrust, gravity):
    if not (thrust > FALLING * gravity).all():
        k = int(np.argmin(thrust))
        raise InvalidInput(f"at sample {k} it falls freely: without thrust its attitude is not defined; fly slower")
