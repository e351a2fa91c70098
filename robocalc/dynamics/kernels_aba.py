"""Forward dynamics by articulated bodies: linear in the number of joints, for long chains and as a second opinion.

The body's acceleration is split: what it has with the joints' accelerations at zero, and the rest (δα, δa) that they
add. An articulated body passes to its joint the force, at its origin and in world axes (M, J symmetric),

    f = f₀ + M δa + Hᵀ δα,    n = n₀ + H δa + J δα

Source: Featherstone (2008), chapter 7.
"""

from robocalc.dynamics.kernels_frames import D, frames, inlined
from robocalc.dynamics.kernels_rigid import CH, CJ, CM, F, N, forces, inertias, motion
from robocalc.jit import njit

# columns of Model.work that `kernels` leaves free: M 6, H 9 row by row, J 6 | U (moment 3, force 3), 1/D, u | δα, δa
AM, AH, AJ, AU, AD, AS, AX = 40, 46, 55, 61, 67, 68, 69


@njit
def aba(model, q, v, tau, a):
    """a = M(q)⁻¹ (τ - h(q, v)) into a (n,), without forming M. a may not be tau."""
    n = len(q)
    for i in range(n):
        a[i] = 0.0
    frames(model, q)
    motion(model, v, a)
    inertias(model, n)
    forces(model, n)
    _rigid(model, n)
    for i in range(n - 1, -1, -1):
        _project(model, i, tau[i])
        if model.tree[i, 0] >= 0:
            _shift(model.work[i + 1], model.work[model.tree[i, 0] + 1])
    for k in range(6):
        model.work[0, AX + k] = 0.0
    for i in range(n):
        a[i] = _advance(model, i)


@inlined
def _rigid(model, n):
    """Every articulated inertia starts as the body's own: M = m 1, H = [h]×, J."""
    for i in range(n):
        x = model.work[i + 1]
        for k in range(21):
            x[AM + k] = 0.0
        x[AM] = x[AM + 3] = x[AM + 5] = x[CM]
        x[AH + 1], x[AH + 2], x[AH + 5] = -x[CH + 2], x[CH + 1], -x[CH]
        x[AH + 3], x[AH + 6], x[AH + 7] = x[CH + 2], -x[CH + 1], x[CH]
        for k in range(6):
            x[AJ + k] = x[CJ + k]


@inlined
def _symmetric(x, at, v0, v1, v2):
    """S v for the symmetric S (xx xy xz yy yz zz) at x[at:]."""
    xx, xy, xz, yy, yz, zz = x[at], x[at + 1], x[at + 2], x[at + 3], x[at + 4], x[at + 5]
    return xx * v0 + xy * v1 + xz * v2, xy * v0 + yy * v1 + yz * v2, xz * v0 + yz * v1 + zz * v2


@inlined
def _project(model, i, tau):
    """Take the joint's freedom out of body i: Ia = IA - U Uᵀ / D, f₀ += U u / D."""
    x = model.work[i + 1]
    z0, z1, z2 = x[2], x[5], x[8]
    if model.tree[i, 1] == 0:
        n0, n1, n2 = _symmetric(x, AJ, z0, z1, z2)
        f0 = x[AH] * z0 + x[AH + 3] * z1 + x[AH + 6] * z2
        f1 = x[AH + 1] * z0 + x[AH + 4] * z1 + x[AH + 7] * z2
        f2 = x[AH + 2] * z0 + x[AH + 5] * z1 + x[AH + 8] * z2
        d = 1.0 / (z0 * n0 + z1 * n1 + z2 * n2)
        u = tau - (z0 * x[N] + z1 * x[N + 1] + z2 * x[N + 2])
    else:
        f0, f1, f2 = _symmetric(x, AM, z0, z1, z2)
        n0 = x[AH] * z0 + x[AH + 1] * z1 + x[AH + 2] * z2
        n1 = x[AH + 3] * z0 + x[AH + 4] * z1 + x[AH + 5] * z2
        n2 = x[AH + 6] * z0 + x[AH + 7] * z1 + x[AH + 8] * z2
        d = 1.0 / (z0 * f0 + z1 * f1 + z2 * f2)
        u = tau - (z0 * x[F] + z1 * x[F + 1] + z2 * x[F + 2])
    x[AU], x[AU + 1], x[AU + 2], x[AU + 3], x[AU + 4], x[AU + 5] = n0, n1, n2, f0, f1, f2
    x[AD], x[AS] = d, u
    s = u * d
    for k in range(3):
        x[N + k] += s * x[AU + k]
        x[F + k] += s * x[AU + 3 + k]
    at = 0
    for j in range(3):
        a, b = d * x[AU + j], d * x[AU + 3 + j]
        for k in range(j, 3):
            x[AJ + at] -= a * x[AU + k]
            x[AM + at] -= b * x[AU + 3 + k]
            at += 1
        for k in range(3):
            x[AH + 3 * j + k] -= a * x[AU + 3 + k]


@inlined
def _shift(x, u):
    """Add body x to its parent u: H' = H + [r]× M,  J' = J + [r]× H'ᵀ - H [r]×,  n' = n + r × f."""
    r0, r1, r2 = x[D], x[D + 1], x[D + 2]
    f0, f1, f2 = x[F], x[F + 1], x[F + 2]
    u[F], u[F + 1], u[F + 2] = u[F] + f0, u[F + 1] + f1, u[F + 2] + f2
    u[N] += x[N] + (r1 * f2 - r2 * f1)
    u[N + 1] += x[N + 1] + (r2 * f0 - r0 * f2)
    u[N + 2] += x[N + 2] + (r0 * f1 - r1 * f0)
    for k in range(6):
        u[AM + k] += x[AM + k]
    m0, m1, m2, m4, m5, m8 = x[AM], x[AM + 1], x[AM + 2], x[AM + 3], x[AM + 4], x[AM + 5]
    h0, h1, h2, h3, h4, h5, h6, h7, h8 = (
        x[AH], x[AH + 1], x[AH + 2], x[AH + 3], x[AH + 4], x[AH + 5], x[AH + 6], x[AH + 7], x[AH + 8],
    )  # fmt: skip
    g0, g1, g2 = h0 + r1 * m2 - r2 * m1, h1 + r1 * m5 - r2 * m4, h2 + r1 * m8 - r2 * m5
    g3, g4, g5 = h3 + r2 * m0 - r0 * m2, h4 + r2 * m1 - r0 * m5, h5 + r2 * m2 - r0 * m8
    g6, g7, g8 = h6 + r0 * m1 - r1 * m0, h7 + r0 * m4 - r1 * m1, h8 + r0 * m5 - r1 * m2
    u[AH], u[AH + 1], u[AH + 2] = u[AH] + g0, u[AH + 1] + g1, u[AH + 2] + g2
    u[AH + 3], u[AH + 4], u[AH + 5] = u[AH + 3] + g3, u[AH + 4] + g4, u[AH + 5] + g5
    u[AH + 6], u[AH + 7], u[AH + 8] = u[AH + 6] + g6, u[AH + 7] + g7, u[AH + 8] + g8
    u[AJ] += x[AJ] + (r1 * g2 - r2 * g1) - (h1 * r2 - h2 * r1)
    u[AJ + 1] += x[AJ + 1] + (r1 * g5 - r2 * g4) - (h2 * r0 - h0 * r2)
    u[AJ + 2] += x[AJ + 2] + (r1 * g8 - r2 * g7) - (h0 * r1 - h1 * r0)
    u[AJ + 3] += x[AJ + 3] + (r2 * g3 - r0 * g5) - (h5 * r0 - h3 * r2)
    u[AJ + 4] += x[AJ + 4] + (r2 * g6 - r0 * g8) - (h3 * r1 - h4 * r0)
    u[AJ + 5] += x[AJ + 5] + (r0 * g7 - r1 * g6) - (h6 * r1 - h7 * r0)


@inlined
def _advance(model, i):
    """Acceleration of joint i, and what it adds to its body: q̈ = (u - U·δ) / D."""
    u, x = model.work[model.tree[i, 0] + 1], model.work[i + 1]
    r0, r1, r2 = x[D], x[D + 1], x[D + 2]
    l0, l1, l2 = u[AX], u[AX + 1], u[AX + 2]
    a0 = u[AX + 3] + (l1 * r2 - l2 * r1)
    a1 = u[AX + 4] + (l2 * r0 - l0 * r2)
    a2 = u[AX + 5] + (l0 * r1 - l1 * r0)
    s = x[AU] * l0 + x[AU + 1] * l1 + x[AU + 2] * l2 + x[AU + 3] * a0 + x[AU + 4] * a1 + x[AU + 5] * a2
    s = (x[AS] - s) * x[AD]
    if model.tree[i, 1] == 0:
        l0, l1, l2 = l0 + s * x[2], l1 + s * x[5], l2 + s * x[8]
    else:
        a0, a1, a2 = a0 + s * x[2], a1 + s * x[5], a2 + s * x[8]
    x[AX], x[AX + 1], x[AX + 2], x[AX + 3], x[AX + 4], x[AX + 5] = l0, l1, l2, a0, a1, a2
    return s
