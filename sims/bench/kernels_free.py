"""A rigid body that flies freely, stepped as PyBullet steps the base of a btMultiBody; compiled.

    Body       mass, principal inertias, damping, gravity, step; where rotors push and how they twist
    free_step  one physics step under thrusts, a moment about the body's z and a push

Unlike a chain of joints, which turns by Euler angles, its turn over a step is the exponential of h ω:

    v₊ = v + h (Σ f / m + g - k v (1 + |v|)),    ω₊ = ω + h R I⁻¹ (Rᵀ Σ μ - ω_b × I ω_b - k I ω_b (1 + |ω_b|)),
    p₊ = p + h v₊,    quaternion₊ = exp(h ω₊ / 2) quaternion

with ω in world axes and ω_b = Rᵀ ω. Directions of LINK_FRAME are one step old (kernels_gym). This loads numba.
Source: btMultiBody.cpp, computeAccelerationsArticulatedBodyAlgorithmMultiDof and stepPositionsMultiDof, Bullet 3.25.
"""

from typing import NamedTuple

import numpy as np

from robocalc.jit import njit

P, QUAT, V, W, OLD, WAS, SIZE = 0, 3, 7, 10, 13, 22, 25  # place, turn (x, y, z, w), rates; R and place one step ago
SMALL = 1e-3  # [rad/s] below which Bullet takes the sine's series
STEEPEST = 0.25 * np.pi  # [rad] half of what Bullet lets a body turn in a step


class Body(NamedTuple):
    """mass [kg], inertia (3,) [kg m²], damping [1/s], gravity [m/s²], h [s]; points (m, 3) [m], twist (m,) [m]."""

    mass: float
    inertia: np.ndarray
    damping: float
    gravity: float
    h: float
    points: np.ndarray
    twist: np.ndarray


@njit
def rotation(quat, R):
    """R (3, 3) of a unit quaternion x, y, z, w."""
    x, y, z, w = quat
    R[0, 0], R[0, 1], R[0, 2] = 1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - z * w), 2.0 * (x * z + y * w)
    R[1, 0], R[1, 1], R[1, 2] = 2.0 * (x * y + z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - x * w)
    R[2, 0], R[2, 1], R[2, 2] = 2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)


@njit
def loads(body, s, R, u, push, at, force, moment):
    """Force and moment (3,) in world axes of thrusts u (m,) and of a push (3,) that acts at (3,) from the body's place.

    Where a push acts counts from the place one step ago: PyBullet's links lag behind there as well.
    """
    old = s[OLD:]
    for i in range(3):
        force[i], moment[i] = push[i], at[(i + 1) % 3] * push[(i + 2) % 3] - at[(i + 2) % 3] * push[(i + 1) % 3]
    for k in range(len(u)):
        r = R @ body.points[k]
        fx, fy, fz = u[k] * old[2], u[k] * old[5], u[k] * old[8]
        force[0] += fx
        force[1] += fy
        force[2] += fz
        moment[0] += r[1] * fz - r[2] * fy + body.twist[k] * fx
        moment[1] += r[2] * fx - r[0] * fz + body.twist[k] * fy
        moment[2] += r[0] * fy - r[1] * fx + body.twist[k] * fz


@njit
def turn(s, h):
    """The quaternion of s turned by h ω."""
    w = s[W : W + 3]
    rate = np.sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2])
    rate = STEEPEST / h if rate * h > STEEPEST else rate
    scale = 0.5 * h - h**3 * 0.020833333333 * rate * rate if rate < SMALL else np.sin(0.5 * rate * h) / rate
    a, b, c, d = w[0] * scale, w[1] * scale, w[2] * scale, np.cos(0.5 * rate * h)
    x, y, z, e = s[QUAT], s[QUAT + 1], s[QUAT + 2], s[QUAT + 3]
    s[QUAT] = d * x + a * e + b * z - c * y
    s[QUAT + 1] = d * y + b * e + c * x - a * z
    s[QUAT + 2] = d * z + c * e + a * y - b * x
    s[QUAT + 3] = d * e - a * x - b * y - c * z
    norm = np.sqrt((s[QUAT : QUAT + 4] ** 2).sum())
    for i in range(4):
        s[QUAT + i] /= norm


@njit
def free_step(body, s, u, push, at):
    """s (SIZE,) one physics step later."""
    R, force, moment = np.empty((3, 3)), np.empty(3), np.empty(3)
    rotation(s[QUAT : QUAT + 4], R)
    loads(body, s, R, u, push, at, force, moment)
    v, w, h, k = s[V : V + 3], s[W : W + 3], body.h, body.damping
    rates, own = R.T @ w, R.T @ moment
    fast, spin = 1.0 + np.sqrt((v * v).sum()), 1.0 + np.sqrt((rates * rates).sum())
    a, b, c = body.inertia
    own[0] -= (c - b) * rates[1] * rates[2] + k * a * rates[0] * spin
    own[1] -= (a - c) * rates[2] * rates[0] + k * b * rates[1] * spin
    own[2] -= (b - a) * rates[0] * rates[1] + k * c * rates[2] * spin
    turned = R @ (own / body.inertia)
    for i in range(3):
        v[i] += h * (force[i] / body.mass - k * v[i] * fast)
        w[i] += h * turned[i]
        for j in range(3):
            s[OLD + 3 * i + j] = R[i, j]
    v[2] -= h * body.gravity
    for i in range(3):
        s[WAS + i] = s[P + i]
        s[P + i] += h * v[i]
    turn(s, h)


@njit
def free_period(mass, inertia, damping, gravity, h, points, twist, steps, s, u, push):
    """s (SIZE,) after that many steps under thrusts u (m,) and a push (3,) where the body was when the period began."""
    body = Body(mass, inertia, damping, gravity, h, points, twist)
    begun, at = s[P : P + 3].copy(), np.zeros(3)
    for _ in range(steps):
        for i in range(3):
            at[i] = begun[i] - s[WAS + i]
        free_step(body, s, u, push, at)
