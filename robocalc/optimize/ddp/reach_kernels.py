"""What a ReachCost costs, and its derivatives, compiled; from the frames that the dynamics leave in model.work.

    Weights        a ReachCost as arrays
    reach_cost     value at one node
    reach_slopes   Gauss-Newton derivatives
    log6, jlog6    logarithm of a pose and its derivative by a twist in the pose's own axes

Source of the last two: Solà, Deray & Atchuthan, "A micro Lie theory" (2018); pinocchio's explog.hpp.
"""

from typing import NamedTuple

import numpy as np

from robocalc.dynamics.kernels_frames import chain_jacobian, frame_pose
from robocalc.jit import njit

NOTHING, POSITION, POSE = 0, 1, 2
SMALL = 1e-4  # [rad] below which series serve


class Weights(NamedTuple):
    """½ Σ wx (x - x_ref)² + ½ Σ wu (u - u_ref)² + ½ Σ w r², r the frame's error.

    kind     (2,) int: NOTHING, POSITION (r = p - p_goal in world) or POSE (r = log6(T_goal⁻¹ T)); and the body
    offset   (12,) of the frame on its body, goal (1 or N + 1, 12) its pose in world, w (6,)
    wx, wu   (nx,), (nu,);  xref, uref (1 or N + 1, nx or nu)
    """

    kind: np.ndarray
    offset: np.ndarray
    goal: np.ndarray
    w: np.ndarray
    wx: np.ndarray
    wu: np.ndarray
    xref: np.ndarray
    uref: np.ndarray


@njit(inline="always")
def reach_cost(model, c, n, x, u, work):
    """Value at node n of x (nx,), u (nu,) or an empty one at the end, for the frames of x; work (12 + 12 + 6,)."""
    total = 0.0
    xr, ur = c.xref[min(n, len(c.xref) - 1)], c.uref[min(n, len(c.uref) - 1)]
    for i in range(len(x)):
        d = x[i] - xr[i]
        total += c.wx[i] * d * d
    for i in range(len(u)):
        d = u[i] - ur[i]
        total += c.wu[i] * d * d
    if c.kind[0] != 0:
        _error(model, c, n, work)
        for i in range(6):
            total += c.w[i] * work[24 + i] * work[24 + i]
    return 0.5 * total


@njit(inline="always")
def _error(model, c, n, work):
    """r into work[24:30]; the frame's pose into work[:12], relative to its goal into work[12:24]."""
    goal = c.goal[min(n, len(c.goal) - 1)]
    frame_pose(model, c.kind[1], c.offset, work)
    if c.kind[0] == 1:
        for i in range(3):
            work[24 + i] = work[9 + i] - goal[9 + i]
            work[27 + i] = 0.0
        return
    for i in range(3):
        a, b, d = goal[i], goal[3 + i], goal[6 + i]
        for j in range(3):
            work[12 + 3 * i + j] = a * work[j] + b * work[3 + j] + d * work[6 + j]
        work[21 + i] = a * (work[9] - goal[9]) + b * (work[10] - goal[10]) + d * (work[11] - goal[11])
    log6(work[12:], work[24:])


@njit
def log6(T, r):
    """r (6,): linear, then angular part of the logarithm of the pose T (12,)."""
    s0, s1, s2 = (T[7] - T[5]) / 2, (T[2] - T[6]) / 2, (T[3] - T[1]) / 2
    c = (T[0] + T[4] + T[8] - 1.0) / 2
    s = (s0 * s0 + s1 * s1 + s2 * s2) ** 0.5
    t = np.arctan2(s, c)
    if t < SMALL:
        f = 1.0 + t * t / 6
    elif np.pi - t > 1e-3:
        f = t / s
    else:  # near half a turn the skew part fades: axis from R + Rᵀ = 2 cos θ 1 + 2 (1 - cos θ) a aᵀ
        f = 0.0
    w0, w1, w2 = f * s0, f * s1, f * s2
    if f == 0.0:
        d0 = max((T[0] - c) / (1 - c), 0.0) ** 0.5
        d1 = max((T[4] - c) / (1 - c), 0.0) ** 0.5
        d2 = max((T[8] - c) / (1 - c), 0.0) ** 0.5
        if d0 >= d1 and d0 >= d2:
            d1, d2 = (T[1] + T[3]) / (2 * (1 - c) * d0), (T[2] + T[6]) / (2 * (1 - c) * d0)
        elif d1 >= d2:
            d0, d2 = (T[1] + T[3]) / (2 * (1 - c) * d1), (T[5] + T[7]) / (2 * (1 - c) * d1)
        else:
            d0, d1 = (T[2] + T[6]) / (2 * (1 - c) * d2), (T[5] + T[7]) / (2 * (1 - c) * d2)
        g = t if d0 * s0 + d1 * s1 + d2 * s2 >= 0 else -t
        w0, w1, w2 = g * d0, g * d1, g * d2
    a, b = _coefficients(t)
    p0, p1, p2 = T[9], T[10], T[11]
    m = b * (w0 * p0 + w1 * p1 + w2 * p2)
    r[0] = a * p0 - (w1 * p2 - w2 * p1) / 2 + m * w0
    r[1] = a * p1 - (w2 * p0 - w0 * p2) / 2 + m * w1
    r[2] = a * p2 - (w0 * p1 - w1 * p0) / 2 + m * w2
    r[3], r[4], r[5] = w0, w1, w2


@njit(inline="always")
def _coefficients(t):
    """(θ sin θ / (2 - 2 cos θ), 1/θ² - sin θ / (2 θ (1 - cos θ)))."""
    t2 = t * t
    if t < SMALL:
        return 1.0 - t2 / 12 - t2 * t2 / 720, 1.0 / 12 + t2 / 720
    half = np.tan(t / 2)
    a = t / 2 / half
    return a, (1.0 - a) / t2


@njit
def jlog6(T, r, J):
    """J (6, 6) = ∂r/∂ξ of r = log6(T exp ξ): [[A, B], [0, A]]."""
    w0, w1, w2, p0, p1, p2 = r[3], r[4], r[5], T[9], T[10], T[11]
    t2 = w0 * w0 + w1 * w1 + w2 * w2
    t = t2**0.5
    a, b = _coefficients(t)
    if t < SMALL:
        fall = 1.0 / 360
    else:  # ∂b/∂θ / θ
        fall = -2.0 / (t2 * t2) + (1.0 + np.sin(t) / t) / (t2 * 2 * (1 - np.cos(t)))
    wp = w0 * p0 + w1 * p1 + w2 * p2
    w, p = (w0, w1, w2), (p0, p1, p2)
    for i in range(3):
        for j in range(3):
            J[i, j] = b * w[i] * w[j]
            J[3 + i, j] = 0.0
            # C, in the corner of J
            J[i, 3 + j] = (fall * wp * w[i] - (t2 * fall + 2 * b) * p[i]) * w[j] + b * w[i] * p[j]
        J[i, i] += a
        J[i, 3 + i] += wp * b
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):  # ½ [w]× and ½ [p]×
        J[i, j] -= w[k] / 2
        J[j, i] += w[k] / 2
        J[i, 3 + j] -= p[k] / 2
        J[j, 3 + i] += p[k] / 2
    for i in range(3):
        for j in range(3):
            J[3 + i, 3 + j] = J[i, j]
    for i in range(3):  # B = C A
        c0, c1, c2 = J[i, 3], J[i, 4], J[i, 5]
        for j in range(3):
            J[i, 3 + j] = c0 * J[0, j] + c1 * J[1, j] + c2 * J[2, j]


@njit(inline="always")
def reach_slopes(model, c, n, x, u, scale, lz, lzz, work, J, F, G):
    """Adds scale times gradient and Gauss-Newton Hessian by z = (x, u); work (30,), J (6, 6), F, G (6, joints)."""
    xr, ur = c.xref[min(n, len(c.xref) - 1)], c.uref[min(n, len(c.uref) - 1)]
    nx = len(x)
    for i in range(nx):
        lz[i] += scale * c.wx[i] * (x[i] - xr[i])
        lzz[i, i] += scale * c.wx[i]
    for i in range(len(u)):
        lz[nx + i] += scale * c.wu[i] * (u[i] - ur[i])
        lzz[nx + i, nx + i] += scale * c.wu[i]
    if c.kind[0] == 0:
        return
    _error(model, c, n, work)
    chain_jacobian(model, c.kind[1], c.offset[9:], F)
    n_joints, rows = F.shape[1], 3
    if c.kind[0] == 2:
        rows = 6
        jlog6(work[12:], work[24:], J)
        for j in range(n_joints):  # into the frame's own axes, then to r
            l0, l1, l2, a0, a1, a2 = F[0, j], F[1, j], F[2, j], F[3, j], F[4, j], F[5, j]
            for i in range(3):
                r0, r1, r2 = work[i], work[3 + i], work[6 + i]
                F[i, j], F[3 + i, j] = r0 * l0 + r1 * l1 + r2 * l2, r0 * a0 + r1 * a1 + r2 * a2
        for i in range(6):
            for j in range(n_joints):
                G[i, j] = 0.0
            for k in range(6):
                s = J[i, k]
                for j in range(n_joints):
                    G[i, j] += s * F[k, j]
    else:
        for i in range(3):
            for j in range(n_joints):
                G[i, j] = F[i, j]
    for r in range(rows):
        row, e = G[r], scale * c.w[r]
        for i in range(n_joints):
            s, h = e * row[i], lzz[i]
            lz[i] += s * work[24 + r]
            for j in range(n_joints):
                h[j] += s * row[j]
