"""The passes of rigid-body dynamics, from which kernels are put together.

    motion             velocities and accelerations of the bodies, outwards
    inertias, forces   what each body weighs and needs (forces_alone: both at once, without the world inertias)
    collect            joint torques, inwards
    composite_matrix   mass matrix, inwards

Vectors are in world axes, taken at the origin of their body: no transformation is needed to pass them between bodies
but a cross product with r = p_i - p_parent. Row i + 1 of model.work belongs to body i, row 0 to the world.
Source: Featherstone (2008), chapters 5 to 7.
"""

from robocalc.dynamics.kernels_frames import D, inlined

# columns of Model.bodies
MASS, COM, INERTIA = 12, 13, 16
# columns of Model.work: angular velocity, angular and linear acceleration, force, moment,
# mass, first moment and inertia about the body's origin, of the body or of all that it carries
W, AL, AC, F, N, CM, CH, CJ = 15, 18, 21, 24, 27, 30, 31, 34


@inlined
def motion(model, v, a):
    """Angular velocity, angular and linear acceleration (less gravity) of every body, from its frames."""
    tree, gravity, work = model.tree, model.gravity, model.work
    base = work[0]
    for k in range(3):
        base[W + k] = base[AL + k] = 0.0
        base[AC + k] = -gravity[k]
    for i in range(len(v)):
        u, x = work[tree[i, 0] + 1], work[i + 1]
        r0, r1, r2 = x[D], x[D + 1], x[D + 2]
        w0, w1, w2 = u[W], u[W + 1], u[W + 2]
        l0, l1, l2 = u[AL], u[AL + 1], u[AL + 2]
        z0, z1, z2 = x[2], x[5], x[8]
        t0, t1, t2 = w1 * r2 - w2 * r1, w2 * r0 - w0 * r2, w0 * r1 - w1 * r0
        x[AC] = u[AC] + (l1 * r2 - l2 * r1) + (w1 * t2 - w2 * t1)
        x[AC + 1] = u[AC + 1] + (l2 * r0 - l0 * r2) + (w2 * t0 - w0 * t2)
        x[AC + 2] = u[AC + 2] + (l0 * r1 - l1 * r0) + (w0 * t1 - w1 * t0)
        c0, c1, c2 = w1 * z2 - w2 * z1, w2 * z0 - w0 * z2, w0 * z1 - w1 * z0
        rate, push = v[i], a[i]
        if tree[i, 1] == 0:
            w0, w1, w2 = w0 + z0 * rate, w1 + z1 * rate, w2 + z2 * rate
            l0, l1, l2 = l0 + c0 * rate + z0 * push, l1 + c1 * rate + z1 * push, l2 + c2 * rate + z2 * push
        else:
            x[AC] += 2.0 * c0 * rate + z0 * push
            x[AC + 1] += 2.0 * c1 * rate + z1 * push
            x[AC + 2] += 2.0 * c2 * rate + z2 * push
        x[W], x[W + 1], x[W + 2] = w0, w1, w2
        x[AL], x[AL + 1], x[AL + 2] = l0, l1, l2


@inlined
def turned(b, x):
    """(m, c (3), R I Rᵀ (6)): mass, centre of mass from the body's origin and inertia about it, in world axes."""
    R0, R1, R2, R3, R4, R5, R6, R7, R8 = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8]
    g0, g1, g2 = b[COM], b[COM + 1], b[COM + 2]
    a, d, e = b[INERTIA], b[INERTIA + 1], b[INERTIA + 2]
    f, g, h = b[INERTIA + 3], b[INERTIA + 4], b[INERTIA + 5]
    p0, p1, p2 = R0 * a + R1 * d + R2 * e, R0 * d + R1 * f + R2 * g, R0 * e + R1 * g + R2 * h
    q0, q1, q2 = R3 * a + R4 * d + R5 * e, R3 * d + R4 * f + R5 * g, R3 * e + R4 * g + R5 * h
    s0, s1, s2 = R6 * a + R7 * d + R8 * e, R6 * d + R7 * f + R8 * g, R6 * e + R7 * g + R8 * h
    return (
        b[MASS],
        R0 * g0 + R1 * g1 + R2 * g2,
        R3 * g0 + R4 * g1 + R5 * g2,
        R6 * g0 + R7 * g1 + R8 * g2,
        p0 * R0 + p1 * R1 + p2 * R2,
        p0 * R3 + p1 * R4 + p2 * R5,
        p0 * R6 + p1 * R7 + p2 * R8,
        q0 * R3 + q1 * R4 + q2 * R5,
        q0 * R6 + q1 * R7 + q2 * R8,
        s0 * R6 + s1 * R7 + s2 * R8,
    )


@inlined
def weigh(x, at, b, d0, d1, d2):
    """Mass, first moment and inertia (10 numbers at x[at:]) of body b about a point, d = its origin from that point.

    J = R I Rᵀ + m (c² 1 - c cᵀ), c from the point
    """
    m, c0, c1, c2, xx, xy, xz, yy, yz, zz = turned(b, x)
    c0, c1, c2 = d0 + c0, d1 + c1, d2 + c2
    h0, h1, h2 = m * c0, m * c1, m * c2
    x[at], x[at + 1], x[at + 2], x[at + 3] = m, h0, h1, h2
    x[at + 4] = xx + (h1 * c1 + h2 * c2)
    x[at + 5] = xy - h0 * c1
    x[at + 6] = xz - h0 * c2
    x[at + 7] = yy + (h0 * c0 + h2 * c2)
    x[at + 8] = yz - h1 * c2
    x[at + 9] = zz + (h0 * c0 + h1 * c1)


@inlined
def inertias(model, n):
    """World inertia of every body about its origin: mass, first moment m c, inertia."""
    bodies, work = model.bodies, model.work
    for i in range(n):
        weigh(work[i + 1], CM, bodies[i], 0.0, 0.0, 0.0)


@inlined
def forces(model, n):
    """Force and moment about its origin that every body needs:

    f = m ac + α × h + ω × (ω × h),    n = J α + ω × J ω + h × ac,    h = m c
    """
    work = model.work
    for i in range(n):
        x = work[i + 1]
        w0, w1, w2 = x[W], x[W + 1], x[W + 2]
        l0, l1, l2 = x[AL], x[AL + 1], x[AL + 2]
        a0, a1, a2 = x[AC], x[AC + 1], x[AC + 2]
        m, h0, h1, h2 = x[CM], x[CH], x[CH + 1], x[CH + 2]
        xx, xy, xz, yy, yz, zz = x[CJ], x[CJ + 1], x[CJ + 2], x[CJ + 3], x[CJ + 4], x[CJ + 5]
        t0, t1, t2 = w1 * h2 - w2 * h1, w2 * h0 - w0 * h2, w0 * h1 - w1 * h0
        x[F] = m * a0 + (l1 * h2 - l2 * h1) + (w1 * t2 - w2 * t1)
        x[F + 1] = m * a1 + (l2 * h0 - l0 * h2) + (w2 * t0 - w0 * t2)
        x[F + 2] = m * a2 + (l0 * h1 - l1 * h0) + (w0 * t1 - w1 * t0)
        k0, k1, k2 = xx * w0 + xy * w1 + xz * w2, xy * w0 + yy * w1 + yz * w2, xz * w0 + yz * w1 + zz * w2
        x[N] = xx * l0 + xy * l1 + xz * l2 + (w1 * k2 - w2 * k1) + (h1 * a2 - h2 * a1)
        x[N + 1] = xy * l0 + yy * l1 + yz * l2 + (w2 * k0 - w0 * k2) + (h2 * a0 - h0 * a2)
        x[N + 2] = xz * l0 + yz * l1 + zz * l2 + (w0 * k1 - w1 * k0) + (h0 * a1 - h1 * a0)


@inlined
def forces_alone(model, n):
    """`forces` where the world inertias are not needed: the rotational part is worked out in the body's axes.

    f = m (ac + α × c + ω × (ω × c)),    n = c × f + R (I Rᵀα + Rᵀω × I Rᵀω),    c = R com
    """
    bodies, work = model.bodies, model.work
    for i in range(n):
        b, x = bodies[i], work[i + 1]
        R0, R1, R2, R3, R4, R5, R6, R7, R8 = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8]
        w0, w1, w2 = x[W], x[W + 1], x[W + 2]
        l0, l1, l2 = x[AL], x[AL + 1], x[AL + 2]
        m, g0, g1, g2 = b[MASS], b[COM], b[COM + 1], b[COM + 2]
        c0, c1, c2 = R0 * g0 + R1 * g1 + R2 * g2, R3 * g0 + R4 * g1 + R5 * g2, R6 * g0 + R7 * g1 + R8 * g2
        t0, t1, t2 = w1 * c2 - w2 * c1, w2 * c0 - w0 * c2, w0 * c1 - w1 * c0
        f0 = m * (x[AC] + (l1 * c2 - l2 * c1) + (w1 * t2 - w2 * t1))
        f1 = m * (x[AC + 1] + (l2 * c0 - l0 * c2) + (w2 * t0 - w0 * t2))
        f2 = m * (x[AC + 2] + (l0 * c1 - l1 * c0) + (w0 * t1 - w1 * t0))
        v0, v1, v2 = R0 * w0 + R3 * w1 + R6 * w2, R1 * w0 + R4 * w1 + R7 * w2, R2 * w0 + R5 * w1 + R8 * w2
        a0, a1, a2 = R0 * l0 + R3 * l1 + R6 * l2, R1 * l0 + R4 * l1 + R7 * l2, R2 * l0 + R5 * l1 + R8 * l2
        xx, xy, xz = b[INERTIA], b[INERTIA + 1], b[INERTIA + 2]
        yy, yz, zz = b[INERTIA + 3], b[INERTIA + 4], b[INERTIA + 5]
        k0, k1, k2 = xx * v0 + xy * v1 + xz * v2, xy * v0 + yy * v1 + yz * v2, xz * v0 + yz * v1 + zz * v2
        e0 = xx * a0 + xy * a1 + xz * a2 + (v1 * k2 - v2 * k1)
        e1 = xy * a0 + yy * a1 + yz * a2 + (v2 * k0 - v0 * k2)
        e2 = xz * a0 + yz * a1 + zz * a2 + (v0 * k1 - v1 * k0)
        x[F], x[F + 1], x[F + 2] = f0, f1, f2
        x[N] = R0 * e0 + R1 * e1 + R2 * e2 + (c1 * f2 - c2 * f1)
        x[N + 1] = R3 * e0 + R4 * e1 + R5 * e2 + (c2 * f0 - c0 * f2)
        x[N + 2] = R6 * e0 + R7 * e1 + R8 * e2 + (c0 * f1 - c1 * f0)


@inlined
def collect(model, tau):
    """Joint torques from the bodies' forces, which are passed on to the parents."""
    tree, work = model.tree, model.work
    for i in range(len(tau) - 1, -1, -1):
        u, x = work[tree[i, 0] + 1], work[i + 1]
        f0, f1, f2, n0, n1, n2 = x[F], x[F + 1], x[F + 2], x[N], x[N + 1], x[N + 2]
        if tree[i, 1] == 0:
            tau[i] = x[2] * n0 + x[5] * n1 + x[8] * n2
        else:
            tau[i] = x[2] * f0 + x[5] * f1 + x[8] * f2
        r0, r1, r2 = x[D], x[D + 1], x[D + 2]
        u[F], u[F + 1], u[F + 2] = u[F] + f0, u[F + 1] + f1, u[F + 2] + f2
        u[N] += n0 + (r1 * f2 - r2 * f1)
        u[N + 1] += n1 + (r2 * f0 - r0 * f2)
        u[N + 2] += n2 + (r0 * f1 - r1 * f0)


@inlined
def composite_matrix(model, M):
    """Mass matrix from the bodies' inertias, which are summed towards the base; lower triangle of M and its mirror.

    M_ij = S_jᵀ Ic_i S_i for j above i: the force that moving joint i alone needs, felt at joint j.
    """
    tree, work = model.tree, model.work
    n = len(M)
    for i in range(n - 1, -1, -1):
        x = work[i + 1]
        z0, z1, z2 = x[2], x[5], x[8]
        r0, r1, r2 = x[D], x[D + 1], x[D + 2]
        m, h0, h1, h2 = x[CM], x[CH], x[CH + 1], x[CH + 2]
        xx, xy, xz, yy, yz, zz = x[CJ], x[CJ + 1], x[CJ + 2], x[CJ + 3], x[CJ + 4], x[CJ + 5]
        if tree[i, 1] == 0:  # f = z × h, n = J z
            f0, f1, f2 = z1 * h2 - z2 * h1, z2 * h0 - z0 * h2, z0 * h1 - z1 * h0
            n0, n1, n2 = xx * z0 + xy * z1 + xz * z2, xy * z0 + yy * z1 + yz * z2, xz * z0 + yz * z1 + zz * z2
            M[i, i] = z0 * n0 + z1 * n1 + z2 * n2
        else:  # f = m z, n = h × z
            f0, f1, f2 = m * z0, m * z1, m * z2
            n0, n1, n2 = h1 * z2 - h2 * z1, h2 * z0 - h0 * z2, h0 * z1 - h1 * z0
            M[i, i] = z0 * f0 + z1 * f1 + z2 * f2
        for j in range(i):
            M[i, j] = 0.0
        k, y = i, x
        while tree[k, 0] >= 0:
            s0, s1, s2 = y[D], y[D + 1], y[D + 2]
            n0, n1, n2 = n0 + (s1 * f2 - s2 * f1), n1 + (s2 * f0 - s0 * f2), n2 + (s0 * f1 - s1 * f0)
            k = tree[k, 0]
            y = work[k + 1]
            if tree[k, 1] == 0:
                M[i, k] = y[2] * n0 + y[5] * n1 + y[8] * n2
            else:
                M[i, k] = y[2] * f0 + y[5] * f1 + y[8] * f2
        # about the parent's origin, g = h + m r: J + (h·r + r·g) 1 - r gᵀ - h rᵀ
        u = work[tree[i, 0] + 1]
        g0, g1, g2 = h0 + m * r0, h1 + m * r1, h2 + m * r2
        u[CM] += m
        u[CH], u[CH + 1], u[CH + 2] = u[CH] + g0, u[CH + 1] + g1, u[CH + 2] + g2
        a0, a1, a2 = h0 * r0 + r0 * g0, h1 * r1 + r1 * g1, h2 * r2 + r2 * g2
        u[CJ] += xx + (a1 + a2)
        u[CJ + 1] += xy - (r0 * g1 + h0 * r1)
        u[CJ + 2] += xz - (r0 * g2 + h0 * r2)
        u[CJ + 3] += yy + (a0 + a2)
        u[CJ + 4] += yz - (r1 * g2 + h1 * r2)
        u[CJ + 5] += zz + (a0 + a1)
    for i in range(n):
        for j in range(i):
            M[j, i] = M[i, j]
