"""Rotations in coordinates: exponential, logarithm and derivatives; vectors (..., 3), matrices (..., 3, 3).

    R(φ) = exp [φ]×,   body angular velocity  ω = Jr(φ) φ̇

Source: Solà, Deray & Atchuthan, A micro Lie theory for state estimation in robotics (2018), SO(3).
"""

from math import atan2, sqrt

import numpy as np

SMALL = 1e-2  # [rad²] below this θ², series replace quotients that would cancel; their error is below 1e-16


def hat(x):
    """[x]× (..., 3, 3): hat(x) y = x × y."""
    z = np.zeros(x.shape[:-1])
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    return np.stack([z, -c, b, c, z, -a, -b, a, z], axis=-1).reshape(*x.shape[:-1], 3, 3)


def quotients(x2):
    """(sin θ/θ, a = (1 - cos θ)/θ², b = (θ - sin θ)/θ³) and da/dx, db/dx with x = θ², for x2 = θ² (...)."""
    x = np.asarray(x2, dtype=float)
    t = np.sqrt(np.maximum(x, SMALL))
    s, c, safe = np.sin(t), np.cos(t), t * t
    a, b = (1 - c) / safe, (t - s) / (safe * t)
    exact = (s / t, a, b, (s / t - 2 * a) / (2 * safe), ((1 - c) / safe - 3 * b) / (2 * safe))
    series = (
        1 - x / 6 * (1 - x / 20 * (1 - x / 42 * (1 - x / 72))),
        0.5 - x / 24 * (1 - x / 30 * (1 - x / 56 * (1 - x / 90))),
        1 / 6 - x / 120 * (1 - x / 42 * (1 - x / 72 * (1 - x / 110))),
        -1 / 24 + x / 360 * (1 - x * 3 / 112 * (1 - x * 2 / 135)),
        -1 / 120 + x / 2520 * (1 - x / 48 * (1 - x * 2 / 165)),
    )
    small = x < SMALL
    return tuple(np.where(small, u, v) for u, v in zip(series, exact, strict=True))


def exp(phi):
    """Rotation matrices (..., 3, 3) of rotation vectors (..., 3)."""
    sinc, a, *_ = quotients((phi * phi).sum(axis=-1))
    K = hat(phi)
    return np.eye(3) + sinc[..., None, None] * K + a[..., None, None] * (K @ K)


def log(R):
    """Rotation vectors (..., 3) of angle at most π, for rotation matrices (..., 3, 3); through the quaternion, so that
    angles near π keep their digits."""
    R = np.asarray(R, dtype=float)
    d = np.stack([R[..., 0, 0], R[..., 1, 1], R[..., 2, 2]], axis=-1)
    trace = d.sum(axis=-1)
    squares = np.concatenate([1 + trace[..., None], 1 - trace[..., None] + 2 * d], axis=-1)  # 4 w², 4 x², 4 y², 4 z²
    best = np.argmax(squares, axis=-1)
    off = np.stack([R[..., 2, 1] - R[..., 1, 2], R[..., 0, 2] - R[..., 2, 0], R[..., 1, 0] - R[..., 0, 1]], axis=-1)
    xy, xz, yz = R[..., 0, 1] + R[..., 1, 0], R[..., 0, 2] + R[..., 2, 0], R[..., 1, 2] + R[..., 2, 1]
    rows = np.stack(
        [
            np.stack([squares[..., 0], off[..., 0], off[..., 1], off[..., 2]], axis=-1),
            np.stack([off[..., 0], squares[..., 1], xy, xz], axis=-1),
            np.stack([off[..., 1], xy, squares[..., 2], yz], axis=-1),
            np.stack([off[..., 2], xz, yz, squares[..., 3]], axis=-1),
        ],
        axis=-2,
    )
    q = np.take_along_axis(rows, best[..., None, None], axis=-2)[..., 0, :]
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    q = np.where(q[..., :1] < 0, -q, q)
    size = np.linalg.norm(q[..., 1:], axis=-1)
    angle = 2 * np.arctan2(size, q[..., 0])
    return q[..., 1:] * np.where(size > 1e-12, angle / np.maximum(size, 1e-12), 2.0)[..., None]


def log_one(R):
    """`log` of one matrix (3, 3) without the overhead of batches; far from π it needs no quaternion."""
    (_, a, b), (c, _, d), (e, f, _) = R.tolist()
    x, y, z = f - d, b - e, c - a  # 2 sin θ times the axis
    sine, cosine = 0.5 * sqrt(x * x + y * y + z * z), 0.5 * (R[0, 0] + R[1, 1] + R[2, 2] - 1)
    if cosine < 0.0:
        return log(R)
    k = 0.5 * (atan2(sine, cosine) / sine if sine > 1e-9 else 1.0)
    return np.array([k * x, k * y, k * z])


def right_jacobian(phi):
    """Jr (..., 3, 3): body angular velocity = Jr(φ) φ̇."""
    _, a, b, *_ = quotients((phi * phi).sum(axis=-1))
    K = hat(phi)
    return np.eye(3) - a[..., None, None] * K + b[..., None, None] * (K @ K)


def coriolis(phi, rate):
    """J̇r(φ) φ̇ (..., 3): what body angular acceleration has beside Jr φ̈."""
    _, _, b, da, db = quotients((phi * phi).sum(axis=-1))
    turn = 2 * (phi * rate).sum(axis=-1)  # d(θ²)/dt
    c = np.cross(phi, rate)
    return -(da * turn)[..., None] * c + (db * turn)[..., None] * np.cross(phi, c) + b[..., None] * np.cross(rate, c)


def rates(phi, omega, alpha):
    """(φ̇, φ̈) that give body angular velocity ω and acceleration α at φ; each (..., 3)."""
    J = right_jacobian(phi)
    rate = np.linalg.solve(J, omega[..., None])[..., 0]
    return rate, np.linalg.solve(J, (alpha - coriolis(phi, rate))[..., None])[..., 0]
