"""Exact derivatives of the dynamics, compiled; into the caller's buffers, without allocation.

    rnea_derivatives          ∂τ/∂q, ∂τ/∂v and M = ∂τ/∂a of inverse dynamics
    acceleration_derivatives  a, ∂a/∂q, ∂a/∂v and M⁻¹ = ∂a/∂τ of forward dynamics
    step_derivatives          A, B of the semi-implicit Euler step that the twin takes
    chain_hessian             ∂J/∂q of a point Jacobian

Spatial vectors (angular, linear) in world axes at one point, the origin of the first body. Joint axis S_j, parent λ:

    ψ̇_j = v_λ × S_j,    ψ̈_j = a_λ × S_j + v_λ × ψ̇_j
    ∂f_j/∂q_j = I_j ψ̈_j + D_j ψ̇_j + S_j ×* f_j,    ∂f_j/∂v_j = 2 I_j ψ̇_j + D_j S_j

where f, I and D = v ×* I - I v × + (I v) ×̄* are summed over all that joint j carries. The joints i between the base and
j feel S_iᵀ of that; joint j feels those motions of i as S_jᵀ (I_j ψ̈_i + D_j ψ̇_i), S_jᵀ (2 I_j ψ̇_i + D_j S_i).
At one point D acts on the angular part alone: D (ω, u) = (E ω, 2 ω × p), with p the momentum.
Source: Singh, Russo & Wensing, "Efficient Analytical Derivatives of Rigid-Body Dynamics", RA-L 2022.
"""

from robocalc.dynamics.kernels import acceleration
from robocalc.dynamics.kernels_frames import P, frames, inlined
from robocalc.dynamics.kernels_rigid import weigh
from robocalc.jit import njit

# columns of Model.work, 6 each: S, v, a, ψ̇, ψ̈, f | m, h, J (10) | E (9 row by row), p (3)
S, V, A, PD, PDD, FC, CM, CE, CP = 15, 21, 27, 33, 39, 45, 51, 61, 70
CH, CJ = CM + 1, CM + 4


@inlined
def cross_motion(x, a, b, y, to):
    """y[to:] = x[a:] × y[b:] of motions: (ω × ω', ω × u' + u × ω')."""
    w0, w1, w2, u0, u1, u2 = x[a], x[a + 1], x[a + 2], x[a + 3], x[a + 4], x[a + 5]
    p0, p1, p2, q0, q1, q2 = y[b], y[b + 1], y[b + 2], y[b + 3], y[b + 4], y[b + 5]
    y[to], y[to + 1], y[to + 2] = w1 * p2 - w2 * p1, w2 * p0 - w0 * p2, w0 * p1 - w1 * p0
    y[to + 3] = (w1 * q2 - w2 * q1) + (u1 * p2 - u2 * p1)
    y[to + 4] = (w2 * q0 - w0 * q2) + (u2 * p0 - u0 * p2)
    y[to + 5] = (w0 * q1 - w1 * q0) + (u0 * p1 - u1 * p0)


@inlined
def outwards(model, v, a):
    """S, v, a, ψ̇, ψ̈ of every joint, from its frames."""
    tree, gravity, work = model.tree, model.gravity, model.work
    base = work[0]
    for k in range(3):
        base[V + k] = base[V + 3 + k] = base[A + k] = 0.0
        base[A + 3 + k] = -gravity[k]
    o = work[1]
    for i in range(len(v)):
        u, x = work[tree[i, 0] + 1], work[i + 1]
        z0, z1, z2 = x[2], x[5], x[8]
        if tree[i, 1] == 0:
            d0, d1, d2 = x[P] - o[P], x[P + 1] - o[P + 1], x[P + 2] - o[P + 2]
            x[S], x[S + 1], x[S + 2] = z0, z1, z2
            x[S + 3], x[S + 4], x[S + 5] = d1 * z2 - d2 * z1, d2 * z0 - d0 * z2, d0 * z1 - d1 * z0
        else:
            x[S] = x[S + 1] = x[S + 2] = 0.0
            x[S + 3], x[S + 4], x[S + 5] = z0, z1, z2
        cross_motion(u, V, S, x, PD)
        cross_motion(u, V, PD, x, FC)  # FC as scratch
        cross_motion(u, A, S, x, PDD)
        for k in range(6):
            x[PDD + k] += x[FC + k]
            x[V + k] = u[V + k] + x[S + k] * v[i]
            x[A + k] = u[A + k] + x[S + k] * a[i] + x[PD + k] * v[i]


@inlined
def burdens(model, n):
    """f, I, E and p of every body alone.

    E = ω× J - J ω× - L× - (u× h× + h× u×), with momentum (L, p) = I v and f = I a + v ×* I v
    """
    bodies, work = model.bodies, model.work
    o = work[1]
    for i in range(n):
        x = work[i + 1]
        weigh(x, CM, bodies[i], x[P] - o[P], x[P + 1] - o[P + 1], x[P + 2] - o[P + 2])
        m, h0, h1, h2 = x[CM], x[CH], x[CH + 1], x[CH + 2]
        xx, xy, xz, yy, yz, zz = x[CJ], x[CJ + 1], x[CJ + 2], x[CJ + 3], x[CJ + 4], x[CJ + 5]
        w0, w1, w2, u0, u1, u2 = x[V], x[V + 1], x[V + 2], x[V + 3], x[V + 4], x[V + 5]
        l0, l1, l2, a0, a1, a2 = x[A], x[A + 1], x[A + 2], x[A + 3], x[A + 4], x[A + 5]
        p0, p1, p2 = m * u0 + (w1 * h2 - w2 * h1), m * u1 + (w2 * h0 - w0 * h2), m * u2 + (w0 * h1 - w1 * h0)
        b0 = xx * w0 + xy * w1 + xz * w2 + (h1 * u2 - h2 * u1)
        b1 = xy * w0 + yy * w1 + yz * w2 + (h2 * u0 - h0 * u2)
        b2 = xz * w0 + yz * w1 + zz * w2 + (h0 * u1 - h1 * u0)
        x[FC] = xx * l0 + xy * l1 + xz * l2 + (h1 * a2 - h2 * a1) + (w1 * b2 - w2 * b1) + (u1 * p2 - u2 * p1)
        x[FC + 1] = xy * l0 + yy * l1 + yz * l2 + (h2 * a0 - h0 * a2) + (w2 * b0 - w0 * b2) + (u2 * p0 - u0 * p2)
        x[FC + 2] = xz * l0 + yz * l1 + zz * l2 + (h0 * a1 - h1 * a0) + (w0 * b1 - w1 * b0) + (u0 * p1 - u1 * p0)
        x[FC + 3] = m * a0 - (h1 * l2 - h2 * l1) + (w1 * p2 - w2 * p1)
        x[FC + 4] = m * a1 - (h2 * l0 - h0 * l2) + (w2 * p0 - w0 * p2)
        x[FC + 5] = m * a2 - (h0 * l1 - h1 * l0) + (w0 * p1 - w1 * p0)
        x[CP], x[CP + 1], x[CP + 2] = p0, p1, p2
        # u× h× + h× u× = h uᵀ + u hᵀ - 2 (u·h) 1 ; ω× J - J ω× is symmetric: with B = ω× J it is B + Bᵀ
        s0, s1, s2 = u0 * h0, u1 * h1, u2 * h2
        d0, d1, d2 = 2 * (w1 * xz - w2 * xy), 2 * (w2 * xy - w0 * yz), 2 * (w0 * yz - w1 * xz)
        e01 = (w1 * yz - w2 * yy) + (w2 * xx - w0 * xz) - (u0 * h1 + u1 * h0)
        e02 = (w1 * zz - w2 * yz) + (w0 * xy - w1 * xx) - (u0 * h2 + u2 * h0)
        e12 = (w2 * xz - w0 * zz) + (w0 * yy - w1 * xy) - (u1 * h2 + u2 * h1)
        x[CE], x[CE + 1], x[CE + 2] = d0 + 2 * (s1 + s2), e01 + b2, e02 - b1
        x[CE + 3], x[CE + 4], x[CE + 5] = e01 - b2, d1 + 2 * (s0 + s2), e12 + b0
        x[CE + 6], x[CE + 7], x[CE + 8] = e02 + b1, e12 - b0, d2 + 2 * (s0 + s1)


@inlined
def inwards(model, n, dq, dv, M):
    """∂τ/∂q, ∂τ/∂v and M (n, n) from the bodies' sums, which are passed on to the parents."""
    tree, work = model.tree, model.work
    for j in range(n):
        for i in range(n):
            dq[i, j] = dv[i, j] = M[i, j] = 0.0
    for j in range(n - 1, -1, -1):
        x = work[j + 1]
        m, h0, h1, h2 = x[CM], x[CH], x[CH + 1], x[CH + 2]
        xx, xy, xz, yy, yz, zz = x[CJ], x[CJ + 1], x[CJ + 2], x[CJ + 3], x[CJ + 4], x[CJ + 5]
        E0, E1, E2, E3, E4, E5 = x[CE], x[CE + 1], x[CE + 2], x[CE + 3], x[CE + 4], x[CE + 5]
        E6, E7, E8, p0, p1, p2 = x[CE + 6], x[CE + 7], x[CE + 8], x[CP], x[CP + 1], x[CP + 2]
        f0, f1, f2, f3, f4, f5 = x[FC], x[FC + 1], x[FC + 2], x[FC + 3], x[FC + 4], x[FC + 5]
        w0, w1, w2, u0, u1, u2 = x[S], x[S + 1], x[S + 2], x[S + 3], x[S + 4], x[S + 5]
        # I S
        g0 = xx * w0 + xy * w1 + xz * w2 + (h1 * u2 - h2 * u1)
        g1 = xy * w0 + yy * w1 + yz * w2 + (h2 * u0 - h0 * u2)
        g2 = xz * w0 + yz * w1 + zz * w2 + (h0 * u1 - h1 * u0)
        g3, g4, g5 = (
            m * u0 - (h1 * w2 - h2 * w1),
            m * u1 - (h2 * w0 - h0 * w2),
            m * u2 - (h0 * w1 - h1 * w0),
        )
        # Dᵀ S, whose linear part is zero
        t0 = E0 * w0 + E3 * w1 + E6 * w2 + 2 * (p1 * u2 - p2 * u1)
        t1 = E1 * w0 + E4 * w1 + E7 * w2 + 2 * (p2 * u0 - p0 * u2)
        t2 = E2 * w0 + E5 * w1 + E8 * w2 + 2 * (p0 * u1 - p1 * u0)
        # ∂f/∂q = I ψ̈ + D ψ̇ + S ×* f
        a0, a1, a2, a3, a4, a5 = x[PDD], x[PDD + 1], x[PDD + 2], x[PDD + 3], x[PDD + 4], x[PDD + 5]
        b0, b1, b2, b3, b4, b5 = x[PD], x[PD + 1], x[PD + 2], x[PD + 3], x[PD + 4], x[PD + 5]
        q0 = xx * a0 + xy * a1 + xz * a2 + (h1 * a5 - h2 * a4) + (E0 * b0 + E1 * b1 + E2 * b2)
        q1 = xy * a0 + yy * a1 + yz * a2 + (h2 * a3 - h0 * a5) + (E3 * b0 + E4 * b1 + E5 * b2)
        q2 = xz * a0 + yz * a1 + zz * a2 + (h0 * a4 - h1 * a3) + (E6 * b0 + E7 * b1 + E8 * b2)
        q3 = m * a3 - (h1 * a2 - h2 * a1) + 2 * (b1 * p2 - b2 * p1)
        q4 = m * a4 - (h2 * a0 - h0 * a2) + 2 * (b2 * p0 - b0 * p2)
        q5 = m * a5 - (h0 * a1 - h1 * a0) + 2 * (b0 * p1 - b1 * p0)
        q0 += (w1 * f2 - w2 * f1) + (u1 * f5 - u2 * f4)
        q1 += (w2 * f0 - w0 * f2) + (u2 * f3 - u0 * f5)
        q2 += (w0 * f1 - w1 * f0) + (u0 * f4 - u1 * f3)
        q3, q4, q5 = q3 + (w1 * f5 - w2 * f4), q4 + (w2 * f3 - w0 * f5), q5 + (w0 * f4 - w1 * f3)
        # ∂f/∂v = 2 I ψ̇ + D S
        v0 = 2 * (xx * b0 + xy * b1 + xz * b2 + (h1 * b5 - h2 * b4)) + (E0 * w0 + E1 * w1 + E2 * w2)
        v1 = 2 * (xy * b0 + yy * b1 + yz * b2 + (h2 * b3 - h0 * b5)) + (E3 * w0 + E4 * w1 + E5 * w2)
        v2 = 2 * (xz * b0 + yz * b1 + zz * b2 + (h0 * b4 - h1 * b3)) + (E6 * w0 + E7 * w1 + E8 * w2)
        v3 = 2 * (m * b3 - (h1 * b2 - h2 * b1) + (w1 * p2 - w2 * p1))
        v4 = 2 * (m * b4 - (h2 * b0 - h0 * b2) + (w2 * p0 - w0 * p2))
        v5 = 2 * (m * b5 - (h0 * b1 - h1 * b0) + (w0 * p1 - w1 * p0))
        i = j
        while i >= 0:
            y = work[i + 1]
            w0, w1, w2, u0, u1, u2 = y[S], y[S + 1], y[S + 2], y[S + 3], y[S + 4], y[S + 5]
            dq[i, j] = w0 * q0 + w1 * q1 + w2 * q2 + u0 * q3 + u1 * q4 + u2 * q5
            dv[i, j] = w0 * v0 + w1 * v1 + w2 * v2 + u0 * v3 + u1 * v4 + u2 * v5
            M[i, j] = M[j, i] = w0 * g0 + w1 * g1 + w2 * g2 + u0 * g3 + u1 * g4 + u2 * g5
            if i != j:
                b0, b1, b2, b3, b4, b5 = y[PD], y[PD + 1], y[PD + 2], y[PD + 3], y[PD + 4], y[PD + 5]
                s = y[PDD] * g0 + y[PDD + 1] * g1 + y[PDD + 2] * g2
                s += y[PDD + 3] * g3 + y[PDD + 4] * g4 + y[PDD + 5] * g5
                dq[j, i] = s + b0 * t0 + b1 * t1 + b2 * t2
                s = b0 * g0 + b1 * g1 + b2 * g2 + b3 * g3 + b4 * g4 + b5 * g5
                dv[j, i] = 2 * s + w0 * t0 + w1 * t1 + w2 * t2
            i = tree[i, 0]
        if tree[j, 0] >= 0:
            y = work[tree[j, 0] + 1]
            for k in range(FC, CP + 3):
                y[k] += x[k]


@njit
def rnea_derivatives(model, q, v, a, dq, dv, M):
    """∂τ/∂q, ∂τ/∂v and M = ∂τ/∂a (n, n) of τ = M(q) a + h(q, v); [i, j] is joint i by joint j."""
    frames(model, q)
    _passes(model, v, a, dq, dv, M)


@njit
def _passes(model, v, a, dq, dv, M):
    """`rnea_derivatives` from the frames of the last q."""
    outwards(model, v, a)
    burdens(model, len(v))
    inwards(model, len(v), dq, dv, M)


@njit
def acceleration_derivatives(model, q, v, tau, a, dq, dv, Minv):
    """a (n,), ∂a/∂q, ∂a/∂v, ∂a/∂τ = M⁻¹ (n, n) of forward dynamics: M ∂a/∂x = -∂τ/∂x at the acceleration reached."""
    n, work = len(q), model.work
    _reach(model, q, v, tau, a, dq, dv, Minv)
    for i in range(n):
        x = work[i + 1]
        for j in range(n):
            dq[i, j], dv[i, j], Minv[i, j] = x[j], x[n + j], x[2 * n + j]


@njit
def step_derivatives(model, q, v, tau, dt, x, blocks, A_, B_):
    """x⁺ (2n,) and its derivatives A_ (2n, 2n) by (q, v), B_ (2n, n) by τ, of the twin's step

        v⁺ = v + dt a(q, v, τ),    q⁺ = q + dt v⁺

    blocks (3, n, n) is scratch.
    """
    n, work = len(q), model.work
    _reach(model, q, v, tau, x[n:], blocks[0], blocks[1], blocks[2])
    for i in range(n):
        x[n + i] = v[i] + dt * x[n + i]
        x[i] = q[i] + dt * x[n + i]
        row, fast, slow, fast_in, slow_in = work[i + 1], A_[n + i], A_[i], B_[n + i], B_[i]
        for j in range(2 * n):
            row[j] *= dt
        row[n + i] += 1.0
        for j in range(2 * n):
            fast[j] = row[j]
        for j in range(2 * n):
            slow[j] = dt * row[j]
        slow[i] += 1.0
        for j in range(n):
            fast_in[j] = dt * row[2 * n + j]
        for j in range(n):
            slow_in[j] = dt * fast_in[j]


@inlined
def _reach(model, q, v, tau, a, dq, dv, M):
    """a, and in row i + 1 of model.work [∂a/∂q, ∂a/∂v, M⁻¹] of joint i (3n); dq, dv, M (n, n) are scratch.

    Solves M X = [-∂τ/∂q, -∂τ/∂v, 1], the columns side by side, with the factors that `acceleration` leaves.
    """
    n, L, work = len(q), model.square, model.work
    acceleration(model, q, v, tau, a)  # leaves the frames too
    _passes(model, v, a, dq, dv, M)
    for i in range(n):
        x = work[i + 1]
        for j in range(n):
            x[j], x[n + j], x[2 * n + j] = -dq[i, j], -dv[i, j], 0.0
        x[2 * n + i] = 1.0
        for k in range(i):
            s, y = L[i, k], work[k + 1]
            for j in range(3 * n):
                x[j] -= s * y[j]
    for i in range(n - 1, -1, -1):
        x = work[i + 1]
        for j in range(3 * n):
            x[j] *= L[i, i]
        for k in range(i + 1, n):
            s, y = L[k, i], work[k + 1]
            for j in range(3 * n):
                x[j] -= s * y[j]


@njit
def chain_hessian(model, body, J, H):
    """H[:, i, j] = ∂J[:, i]/∂q_j (6, n, n) of a point Jacobian J (6, n), from the frames of the last q.

    With j nearer to the base: linear ω_j × J_i for both orders, angular ω_j × ω_i only for the motion of j.
    """
    tree = model.tree
    H[:] = 0.0
    i = body
    while i >= 0:
        l0, l1, l2, a0, a1, a2 = J[0, i], J[1, i], J[2, i], J[3, i], J[4, i], J[5, i]
        j = i
        while j >= 0:
            w0, w1, w2 = J[3, j], J[4, j], J[5, j]
            H[0, i, j] = H[0, j, i] = w1 * l2 - w2 * l1
            H[1, i, j] = H[1, j, i] = w2 * l0 - w0 * l2
            H[2, i, j] = H[2, j, i] = w0 * l1 - w1 * l0
            if j != i:
                H[3, i, j] = w1 * a2 - w2 * a1
                H[4, i, j] = w2 * a0 - w0 * a2
                H[5, i, j] = w0 * a1 - w1 * a0
            j = tree[j, 0]
        i = tree[i, 0]
