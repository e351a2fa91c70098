"""Slotine and Li's adaptive law for the inertial parameters of links, compiled; importing this loads numba.

A link is its pseudo-inertia P = ∫ (r, 1) (r, 1)ᵀ dm (4, 4), positive definite for all that is. With σ the sliding
error of the joints, σᵀ Y(q, v, v_r, a) π = Σ tr(L P), and P adapts by the natural gradient

    Ṗ = γ P L P,   P = G Gᵀ,   G₊ = G (1 + ½ γ dt Gᵀ L G)

which keeps P positive definite: no link ever weighs less than nothing and M̂ stays invertible. Neither Y nor L is
worked out joint by joint: L of a link follows from its motion and from the twist that joint speeds σ would give it.

Rows of gains: kp, kd, ki dt, prediction 3, SURFACE: Λ (n), AT: γ dt and number of past commands, then of each link
whether it adapts and G (16). Rows of memory: those of kernels.steer, those below, then of each link twist of σ (6),
L (10: as a symmetric matrix by rows), G (16) and its row of Model.bodies, then past commands, newest first.

Source: Slotine & Li (1987); recursion: Niemeyer & Slotine (1991), Performance in adaptive manipulator control, Int. J.
Robotics Research 10(2); natural gradient: Lee, Kwon & Park (2018), A natural adaptive control law for robot
manipulators, IROS; P: Wensing, Kim & Slotine (2018).
"""

from robocalc.control.kernels import PREDICT, Q_HAT, V_HAT, WANTED, A, steer
from robocalc.control.kernels_payload import explained, once_more
from robocalc.control.payload import dot3
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels_frames import D, inlined
from robocalc.dynamics.kernels_regressor import cross3
from robocalc.dynamics.kernels_rigid import AC, AL, COM, INERTIA, MASS, W
from robocalc.dynamics.model import Model
from robocalc.jit import njit

SURFACE, AT, LINKS = PREDICT + 3, PREDICT + 4, PREDICT + 5  # rows of gains
SHARE, COMMANDS = 0, 1  # columns of gains[AT]
BESIDE, SLIDING, STILL, LAST, OF_LINKS = range(5, 10)  # rows of memory; STILL: zeros; LAST: torque, and begun or not
TWISTS, SLOPES, FACTORS, BODIES = range(4)  # blocks of n rows from OF_LINKS on
BLOCKS, WIDTH = 4, 25


@njit
def twists(model, s, X):
    """Linear and angular velocity (n, 6) of the bodies' origins under joint speeds s, in world, after `frames`."""
    for i in range(len(s)):
        up, x = model.tree[i, 0], model.work[i + 1]
        w = v = (0.0, 0.0, 0.0)
        if up >= 0:
            w, v = (X[up, 3], X[up, 4], X[up, 5]), (X[up, 0], X[up, 1], X[up, 2])
        c = cross3(w, (x[D], x[D + 1], x[D + 2]))
        turns = s[i] if model.tree[i, 1] == 0 else 0.0
        slides = s[i] - turns
        for k in range(3):
            X[i, k] = v[k] + c[k] + slides * x[3 * k + 2]
            X[i, 3 + k] = w[k] + turns * x[3 * k + 2]


@inlined
def inside(x, v):
    """A vector of the world in the axes of the body of row x."""
    return (
        x[0] * v[0] + x[3] * v[1] + x[6] * v[2],
        x[1] * v[0] + x[4] * v[1] + x[7] * v[2],
        x[2] * v[0] + x[5] * v[1] + x[8] * v[2],
    )


@njit
def add_slopes(model, X, sign, L):
    """L (n, 10) += sign ∂(σᵀ Y π)/∂P of each body for the motion of the rnea before; X: `twists` of σ.

    With the body's rotation ω, α, the acceleration u of its origin less gravity and the twist v_σ, w_σ there:
    of m: v_σ · u;  of m c: v_σ × α + (v_σ × ω) × ω + u × w_σ;  of J, symmetric: B = w_σ αᵀ + (w_σ × ω) ωᵀ, and as
    J = tr(S) 1 - S with S the part of P that is not of the origin, of S: tr(B) 1 - B.
    """
    for i in range(len(X)):
        x, s, row = model.work[i + 1], X[i], L[i]
        w, al = inside(x, (x[W], x[W + 1], x[W + 2])), inside(x, (x[AL], x[AL + 1], x[AL + 2]))
        u = inside(x, (x[AC], x[AC + 1], x[AC + 2]))
        v, t = inside(x, (s[0], s[1], s[2])), inside(x, (s[3], s[4], s[5]))
        a, b, c, e = cross3(v, al), cross3(cross3(v, w), w), cross3(u, t), cross3(t, w)
        xx, yy, zz = t[0] * al[0] + e[0] * w[0], t[1] * al[1] + e[1] * w[1], t[2] * al[2] + e[2] * w[2]
        xy = 0.5 * (t[0] * al[1] + t[1] * al[0] + e[0] * w[1] + e[1] * w[0])
        xz = 0.5 * (t[0] * al[2] + t[2] * al[0] + e[0] * w[2] + e[2] * w[0])
        yz = 0.5 * (t[1] * al[2] + t[2] * al[1] + e[1] * w[2] + e[2] * w[1])
        row[0] += sign * (yy + zz)
        row[1] -= sign * xy
        row[2] -= sign * xz
        row[3] += sign * 0.5 * (a[0] + b[0] + c[0])
        row[4] += sign * (xx + zz)
        row[5] -= sign * yz
        row[6] += sign * 0.5 * (a[1] + b[1] + c[1])
        row[7] += sign * (xx + yy)
        row[8] += sign * 0.5 * (a[2] + b[2] + c[2])
        row[9] += sign * dot3(v, u)


@njit
def times(L, g):
    """L g (4,) of a symmetric L (10,) by rows."""
    return (
        L[0] * g[0] + L[1] * g[1] + L[2] * g[2] + L[3] * g[3],
        L[1] * g[0] + L[4] * g[1] + L[5] * g[2] + L[6] * g[3],
        L[2] * g[0] + L[5] * g[1] + L[7] * g[2] + L[8] * g[3],
        L[3] * g[0] + L[6] * g[1] + L[8] * g[2] + L[9] * g[3],
    )


@njit
def adapt(G, L, share):
    """G ← G (1 + ½ c Gᵀ L G), G (16,) by columns; c = share, less where that would be more than a small step."""
    g0, g1, g2, g3 = (
        (G[0], G[1], G[2], G[3]),
        (G[4], G[5], G[6], G[7]),
        (G[8], G[9], G[10], G[11]),
        (G[12], G[13], G[14], G[15]),
    )
    y0, y1, y2, y3 = times(L, g0), times(L, g1), times(L, g2), times(L, g3)
    a, b, c, d = dot4(g0, y0), dot4(g0, y1), dot4(g0, y2), dot4(g0, y3)
    e, f, h, p, q, r = dot4(g1, y1), dot4(g1, y2), dot4(g1, y3), dot4(g2, y2), dot4(g2, y3), dot4(g3, y3)
    size = abs(a) + abs(e) + abs(p) + abs(r) + abs(b) + abs(c) + abs(d) + abs(f) + abs(h) + abs(q)
    k = 0.5 * share / (1.0 + share * size)
    for i in range(4):
        G[i] = g0[i] + k * (g0[i] * a + g1[i] * b + g2[i] * c + g3[i] * d)
        G[4 + i] = g1[i] + k * (g0[i] * b + g1[i] * e + g2[i] * f + g3[i] * h)
        G[8 + i] = g2[i] + k * (g0[i] * c + g1[i] * f + g2[i] * p + g3[i] * q)
        G[12 + i] = g3[i] + k * (g0[i] * d + g1[i] * h + g2[i] * q + g3[i] * r)


@inlined
def dot4(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]


@njit
def weigh_link(G, row):
    """Mass, centre and inertia about it of P = G Gᵀ, into a row of Model.bodies."""
    x, y, z, o = (
        (G[0], G[4], G[8], G[12]),
        (G[1], G[5], G[9], G[13]),
        (G[2], G[6], G[10], G[14]),
        (G[3], G[7], G[11], G[15]),
    )
    m = dot4(o, o)
    if m <= 0.0:
        return
    c0, c1, c2 = dot4(x, o) / m, dot4(y, o) / m, dot4(z, o) / m
    xx, yy, zz = dot4(x, x) - m * c0 * c0, dot4(y, y) - m * c1 * c1, dot4(z, z) - m * c2 * c2
    row[MASS], row[COM], row[COM + 1], row[COM + 2] = m, c0, c1, c2
    row[INERTIA], row[INERTIA + 3], row[INERTIA + 5] = yy + zz, xx + zz, xx + yy
    row[INERTIA + 1], row[INERTIA + 2] = m * c0 * c1 - dot4(x, y), m * c0 * c2 - dot4(x, z)
    row[INERTIA + 4] = m * c1 * c2 - dot4(y, z)


@inlined
def block(memory, b, n):
    return memory[OF_LINKS + b * n : OF_LINKS + (b + 1) * n]


@njit
def begin(model, gains, memory, G, bodies):
    """The links as the model has them."""
    for i in range(len(G)):
        for k in range(16):
            G[i, k] = gains[LINKS + i, 1 + k]
        for k in range(WIDTH):
            bodies[i, k] = model.bodies[i, k]
    memory[LAST, len(G)] = 1.0


@njit
def adaptive_links(model, gains, memory, t, q, v, ref, tau):
    """τ = M̂ (a_r + λ σ) + Ĉ(q̂, v̂) v_r + ĝ + τ_ff,  σ = v_r - v̂, v_r = v_ref + Λ ê; the links adapt where σ is not 0.

    C(v) w of Christoffel's symbols is h(½(v + w)) - h(½(v - w)), h the terms quadratic in velocity.
    """
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    n, commands = len(q), int(gains[AT, COMMANDS])
    X, L = block(memory, TWISTS, n), block(memory, SLOPES, n)
    G, bodies, tail = block(memory, FACTORS, n), block(memory, BODIES, n), OF_LINKS + BLOCKS * n
    if memory[LAST, n] == 0.0:
        begin(model, gains, memory, G, bodies)
    steer(gains, memory, memory[tail : tail + commands], q, v, ref, tau)
    q_hat, a, between = memory[Q_HAT][:n], memory[A][:n], memory[V_HAT][:n]
    half, s, still, part = memory[BESIDE][:n], memory[SLIDING][:n], memory[STILL], memory[LAST][:n]
    for i in range(n):
        s[i] = ref[3, i] - between[i] + gains[SURFACE, i] * (ref[2, i] - q_hat[i])
        half[i] = 0.5 * s[i]
        between[i] += half[i]
        for k in range(10):
            L[i, k] = 0.0
    explained(Model(model.tree, bodies, still[:3], model.work, model.square), q_hat, half, still[:n], part)
    twists(model, s, X)
    add_slopes(model, X, -1.0, L)
    once_more(Model(model.tree, bodies, model.gravity, model.work, model.square), between, a, tau)
    add_slopes(model, X, 1.0, L)
    for i in range(n):
        tau[i] += ref[5, i] - part[i]
        memory[WANTED, i] = tau[i]
        if gains[LINKS + i, 0] > 0.0:
            adapt(G[i], L[i], gains[AT, SHARE])
            weigh_link(G[i], bodies[i])
