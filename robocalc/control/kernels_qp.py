"""A quadratic program over a horizon, compiled: interior points whose Newton steps are Riccati passes.

    minimise  Σ_k ½ uᵀRu + gᵤᵀu + ½ xᵀQx + gₓᵀx + penalties,   k pairs u_k with x_{k+1}, Q = Qf at the last
    subject   x_{k+1} = A_k x_k + B_k u_k + c_k,   lo_k ≤ (u_k, x_{k+1}) ≤ hi_k

A bound with weights (z, Z) is soft: beyond it by s costs z s + ½ Z s²; z ≥ NONE makes it hard. Inputs' are hard.

    Problem, Point, Work   views of flat memory: problem_in, point_in, work_in
    solve                  from a Point, cold or warm, to tolerance or until iterations or time are used up

The dynamics hold at every iterate, and inputs stay within their bounds, so that whenever it must stop the inputs can be
used. Source: Mehrotra (1992), SIAM J. Optim. 2(4), predictor and corrector; Rao, Wright & Rawlings (1998), JOTA 99(3),
Riccati factors; soft bounds eliminated as in Frison & Diehl (2020), HPIPM.
"""

from math import inf
from typing import NamedTuple

import numpy as np

from robocalc.control.clock import seconds
from robocalc.jit import njit
from robocalc.optimize.ddp.riccati import cholesky

SOLVED, OUT_OF_ITERATIONS, OUT_OF_TIME, NOT_CONVEX = range(4)
NEAR = 0.995  # of the way to the nearest bound that a step may go
INSIDE = 1e-3  # of its range that an input starts from its bounds
LEAST_SLACK = 1e-2  # of a bound on a state at the start, whatever its unit
NONE = 1e200  # a bound from here on is none, and a weight makes its bound hard
ROUNDED = 1e-8  # complementarity below which rounding may end the search
TINY = 1e-300  # no multiplier or slack is as small
WARM, COLD = 1e-3, 1.0  # complementarity at the start, in units of the cost


class Problem(NamedTuple):
    """A (N, n, n), B (N, n, m), c (N, n), Q, Qf (n, n), R (m, m), g (N, m + n), lo and hi likewise, soft (2, m + n)
    weights z and Z, x0 (n,)."""

    A: np.ndarray
    B: np.ndarray
    c: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    Qf: np.ndarray
    g: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    soft: np.ndarray
    x0: np.ndarray


class Point(NamedTuple):
    """y (N, m + n) = u_k, x_{k+1}; of lower and upper bounds (2, N (m + n)): multipliers, slacks t ≥ 0, of soft ones
    how far beyond s ≥ 0 and the multiplier ν of that."""

    y: np.ndarray
    lam: np.ndarray
    t: np.ndarray
    s: np.ndarray
    nu: np.ndarray


class Work(NamedTuple):
    """F = [B A] (N, n, w) and its transposes (N, w, n), w a multiple of 4; factors; then as in Point: the bounds with 0
    for none, which there are (1 or 0), weights of soft ones, which are hard; steps dy, dlam, ...; W and h of bounds."""

    F: np.ndarray
    Ft: np.ndarray
    L: np.ndarray
    Y: np.ndarray
    Yt: np.ndarray
    r: np.ndarray
    P: np.ndarray
    G: np.ndarray
    Hu: np.ndarray
    p: np.ndarray
    base: np.ndarray
    grad: np.ndarray
    dy: np.ndarray
    at: np.ndarray
    on: np.ndarray
    z: np.ndarray
    hard: np.ndarray
    dlam: np.ndarray
    dt: np.ndarray
    ds: np.ndarray
    dnu: np.ndarray
    W: np.ndarray
    h: np.ndarray


@njit
def problem_size(N, n, m):
    w = m + n
    return N * (n * w + n + 3 * w) + 2 * n * n + m * m + 2 * w + n


@njit
def point_size(N, n, m):
    return 9 * N * (m + n)


@njit
def work_size(N, n, m):
    w, wp = m + n, padded(m + n)
    factors = N * (2 * n * wp + m * m + 2 * m * n + m) + n * n + n * wp + m * wp + 2 * n
    return factors + 23 * N * w


@njit
def padded(w):
    """w rounded up to a multiple of 4."""
    return (w + 3) // 4 * 4


@njit
def take(flat, at, size):
    """(flat[at : at + size], at + size)."""
    return flat[at : at + size], at + size


@njit
def problem_in(flat, N, n, m):
    w = m + n
    A, at = take(flat, 0, N * n * n)
    B, at = take(flat, at, N * n * m)
    c, at = take(flat, at, N * n)
    Q, at = take(flat, at, n * n)
    R, at = take(flat, at, m * m)
    Qf, at = take(flat, at, n * n)
    g, at = take(flat, at, N * w)
    lo, at = take(flat, at, N * w)
    hi, at = take(flat, at, N * w)
    soft, at = take(flat, at, 2 * w)
    x0, at = take(flat, at, n)
    A, B, c = A.reshape(N, n, n), B.reshape(N, n, m), c.reshape(N, n)
    Q, R, Qf, g = Q.reshape(n, n), R.reshape(m, m), Qf.reshape(n, n), g.reshape(N, w)
    return Problem(A, B, c, Q, R, Qf, g, lo.reshape(N, w), hi.reshape(N, w), soft.reshape(2, w), x0)


@njit
def point_in(flat, N, n, m):
    w = m + n
    y, at = take(flat, 0, N * w)
    lam, at = take(flat, at, 2 * N * w)
    t, at = take(flat, at, 2 * N * w)
    s, at = take(flat, at, 2 * N * w)
    nu, at = take(flat, at, 2 * N * w)
    both = (2, N * w)
    return Point(y.reshape(N, w), lam.reshape(both), t.reshape(both), s.reshape(both), nu.reshape(both))


@njit
def work_in(flat, N, n, m):
    w, wp = m + n, padded(m + n)
    F, at = take(flat, 0, N * n * wp)
    Ft, at = take(flat, at, N * wp * n)
    L, at = take(flat, at, N * m * m)
    Y, at = take(flat, at, N * m * n)
    Yt, at = take(flat, at, N * n * m)
    r, at = take(flat, at, N * m)
    P, at = take(flat, at, n * n)
    G, at = take(flat, at, n * wp)
    Hu, at = take(flat, at, m * wp)
    p, at = take(flat, at, 2 * n)
    base, at = take(flat, at, N * w)
    grad, at = take(flat, at, N * w)
    dy, at = take(flat, at, N * w)
    bounds, at = take(flat, at, 4 * N * w)
    weights, at = take(flat, at, 4 * N * w)
    steps, at = take(flat, at, 12 * N * w)
    F, Ft, L = F.reshape(N, n, wp), Ft.reshape(N, wp, n), L.reshape(N, m, m)
    Y, Yt, r = Y.reshape(N, m, n), Yt.reshape(N, n, m), r.reshape(N, m)
    P, G, Hu, p = P.reshape(n, n), G.reshape(n, wp), Hu.reshape(m, wp), p.reshape(2, n)
    base, grad, dy = base.reshape(N, w), grad.reshape(N, w), dy.reshape(N, w)
    b, k, d = bounds.reshape(2, 2, N * w), weights.reshape(2, 2, N * w), steps.reshape(6, 2, N * w)
    return Work(
        F, Ft, L, Y, Yt, r, P, G, Hu, p, base, grad, dy, b[0], b[1], k[0], k[1], d[0], d[1], d[2], d[3], d[4], d[5]
    )


# small matrices: inner loops over contiguous rows, four rows at once ---------------------------------------------


@njit
def add_product(C, X, Y, first, sign):
    """C (I, J) += sign X (I, K) Y (K, first : first + J)."""
    I, J = C.shape
    K = X.shape[1]
    for i in range(I):
        row, x = C[i], X[i]
        k = 0
        while k + 4 <= K:
            a, b, c, d = sign * x[k], sign * x[k + 1], sign * x[k + 2], sign * x[k + 3]
            y0, y1, y2, y3 = Y[k][first:], Y[k + 1][first:], Y[k + 2][first:], Y[k + 3][first:]
            for j in range(J):
                row[j] += a * y0[j] + b * y1[j] + c * y2[j] + d * y3[j]
            k += 4
        while k < K:
            a, y0 = sign * x[k], Y[k][first:]
            for j in range(J):
                row[j] += a * y0[j]
            k += 1


@njit
def add_rows(y, x, M, first, sign):
    """y (J,) += sign Mᵀ x of M (K, first : first + J), x (K,)."""
    J, K = len(y), len(x)
    k = 0
    while k + 4 <= K:
        a, b, c, d = sign * x[k], sign * x[k + 1], sign * x[k + 2], sign * x[k + 3]
        m0, m1, m2, m3 = M[k][first:], M[k + 1][first:], M[k + 2][first:], M[k + 3][first:]
        for j in range(J):
            y[j] += a * m0[j] + b * m1[j] + c * m2[j] + d * m3[j]
        k += 4
    while k < K:
        a, m0 = sign * x[k], M[k][first:]
        for j in range(J):
            y[j] += a * m0[j]
        k += 1


@njit
def lay_out(q, w):
    """F = [B A] and its transposes; bounds and weights as Work has them."""
    N, n, m = q.B.shape
    for k in range(N):
        F, Ft, A, B = w.F[k], w.Ft[k], q.A[k], q.B[k]
        for i in range(n):
            for j in range(m):
                F[i, j] = Ft[j, i] = B[i, j]
            for j in range(n):
                F[i, m + j] = Ft[m + j, i] = A[i, j]
        for i in range(m + n):
            j, lo, hi = k * (m + n) + i, q.lo[k, i], q.hi[k, i]
            w.on[0, j], w.on[1, j] = 1.0 if lo > -NONE else 0.0, 1.0 if hi < NONE else 0.0
            w.at[0, j], w.at[1, j] = lo if lo > -NONE else 0.0, hi if hi < NONE else 0.0
            soft = q.soft[0, i] < NONE
            w.z[0, j], w.z[1, j] = q.soft[0, i] if soft else 0.0, q.soft[1, i] if soft else 0.0
            for side in range(2):
                w.hard[side, j] = 0.0 if soft and w.on[side, j] > 0.0 else 1.0


@njit
def factor(q, w):
    """The Riccati pass with the bounds' weights W on the diagonal; False where it is not convex."""
    N, n, m = q.B.shape
    P, G, Hu = w.P, w.G, w.Hu
    P[:] = 0.0
    for k in range(N - 1, -1, -1):
        Q = q.Qf if k == N - 1 else q.Q
        L, Y, Yt, at = w.L[k], w.Y[k], w.Yt[k], k * (m + n)
        for i in range(n):
            row, cost = P[i], Q[i]
            for j in range(n):
                row[j] += cost[j]
            P[i, i] += w.W[0, at + m + i] + w.W[1, at + m + i]
        G[:] = 0.0
        add_product(G, P, w.F[k], 0, 1.0)
        Hu[:] = 0.0
        add_product(Hu, w.Ft[k, :m], G, 0, 1.0)
        for i in range(m):
            for j in range(m):
                L[i, j] = Hu[i, j] + q.R[i, j]
            L[i, i] += w.W[0, at + i] + w.W[1, at + i]
        if not cholesky(L):
            return False
        for i in range(m):  # Y = L⁻¹ Hux
            row = Y[i]
            for j in range(n):
                row[j] = Hu[i, m + j]
            add_rows(row, L[i, :i], Y, 0, -1.0)
            for j in range(n):
                row[j] *= L[i, i]
                Yt[j, i] = row[j]
        if k > 0:
            P[:] = 0.0
            add_product(P, w.Ft[k, m : m + n], G, m, 1.0)
            add_product(P, Yt, Y, 0, -1.0)
    return True


@njit
def newton(q, w):
    """The step dy for the gradient `grad`, by the factors: a pass back and a pass forth."""
    N, n, m = q.B.shape
    p, ahead = w.p[0], w.p[1]
    p[:] = 0.0
    for k in range(N - 1, -1, -1):
        L, r, grad = w.L[k], w.r[k], w.grad[k]
        for i in range(n):
            p[i] += grad[m + i]
            ahead[i] = 0.0
        for i in range(m):
            r[i] = grad[i]
        add_rows(r, p, w.F[k], 0, 1.0)
        for i in range(m):
            total = r[i]
            for j in range(i):
                total -= L[i, j] * r[j]
            r[i] = total * L[i, i]
        if k > 0:
            add_rows(ahead, p, w.F[k], m, 1.0)
            add_rows(ahead, r, w.Y[k], 0, -1.0)
            for i in range(n):
                p[i] = ahead[i]
    for k in range(N):
        L, r, du, after, dx = w.L[k], w.r[k], w.dy[k, :m], w.dy[k, m:], w.dy[max(k - 1, 0), m:]
        for i in range(m):
            du[i] = -r[i]
        if k > 0:
            add_rows(du, dx, w.Yt[k], 0, -1.0)
        for i in range(m - 1, -1, -1):
            total = du[i]
            for j in range(i + 1, m):
                total -= L[j, i] * du[j]
            du[i] = total * L[i, i]
        after[:] = 0.0
        add_rows(after, du, w.Ft[k], 0, 1.0)
        if k > 0:
            add_rows(after, dx, w.Ft[k, m:], 0, 1.0)


@njit
def gradient(q, z, w):
    """Of the cost by (u_k, x_{k+1}), without bounds, into `base`."""
    N, n, m = q.B.shape
    for k in range(N):
        grad, y, g = w.base[k], z.y[k], q.g[k]
        for i in range(m + n):
            grad[i] = g[i]
        add_rows(grad[:m], y[:m], q.R, 0, 1.0)
        add_rows(grad[m:], y[m:], q.Qf if k == N - 1 else q.Q, 0, 1.0)


# bounds: one loop over all of a side, without branches ------------------------------------------------------------


@njit
def prepare(z, w, target, correct):
    """W and h of every bound, δλ = W δg + h, and `grad`, the gradient with their part; complementarity aims at
    `target`, less the products of the last step where `correct` is 1."""
    y, grad, z1, z2 = z.y.reshape(-1), w.grad.reshape(-1), w.z[0], w.z[1]
    w.grad[:] = w.base
    for side in range(2):
        sign = 2.0 * side - 1.0
        lam, t, s, nu, at, on = z.lam[side], z.t[side], z.s[side], z.nu[side], w.at[side], w.on[side]
        hard = w.hard[side]
        dlam, dt, ds, dnu, W, h = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side], w.W[side], w.h[side]
        for j in range(len(y)):
            per, per_s = on[j] / t[j], (1.0 - hard[j]) / (s[j] + hard[j])
            share, off = lam[j] * per, t[j] - s[j] + sign * (y[j] - at[j])
            c, c_s = target - correct * dt[j] * dlam[j], target - correct * ds[j] * dnu[j]
            plain = share * off + c * per
            push = (1.0 - hard[j]) * (plain - z1[j] - z2[j] * s[j]) + c_s * per_s
            yields = (1.0 - hard[j]) * share / (z2[j] + share + nu[j] * per_s + hard[j])
            W[j] = share * (1.0 - yields)
            h[j] = plain - lam[j] - yields * push
            grad[j] += sign * (lam[j] + h[j])


@njit
def spread(z, w, target, correct):
    """Steps of multipliers and slacks from dy."""
    y, dy, z1, z2 = z.y.reshape(-1), w.dy.reshape(-1), w.z[0], w.z[1]
    for side in range(2):
        sign = 2.0 * side - 1.0
        lam, t, s, nu, at, on = z.lam[side], z.t[side], z.s[side], z.nu[side], w.at[side], w.on[side]
        hard = w.hard[side]
        dlam, dt, ds, dnu = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side]
        for j in range(len(y)):
            per, per_s = on[j] / t[j], (1.0 - hard[j]) / (s[j] + hard[j])
            up, off, share = sign * dy[j], t[j] - s[j] + sign * (y[j] - at[j]), lam[j] * per
            c, c_s = target - correct * dt[j] * dlam[j], target - correct * ds[j] * dnu[j]
            push = share * (up + off) + c * per - z1[j] - z2[j] * s[j] + c_s * per_s
            ds[j] = (1.0 - hard[j]) * push / (z2[j] + share + nu[j] * per_s + hard[j])
            dt[j] = on[j] * (ds[j] - up - off)
            dlam[j], dnu[j] = (c - lam[j] * dt[j]) * per - lam[j], (c_s - nu[j] * ds[j]) * per_s - nu[j]


@njit
def longest_step(z, w):
    """The longest step that keeps multipliers and slacks positive: 1 / max(-δ / value); h is used up."""
    worst = 1e-30
    for side in range(2):
        lam, t, s, nu = z.lam[side], z.t[side], z.s[side], z.nu[side]
        dlam, dt, ds, dnu, ratio = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side], w.h[side]
        for j in range(len(lam)):  # where there is no bound, or it is hard, value and step are 0
            a, b = -dlam[j] / (lam[j] + TINY), -dt[j] / (t[j] + TINY)
            c, d = -ds[j] / (s[j] + TINY), -dnu[j] / (nu[j] + TINY)
            a, c = a if a > b else b, c if c > d else d
            ratio[j] = a if a > c else c
        for j in range(len(lam)):
            worst = ratio[j] if ratio[j] > worst else worst
    return 1.0 / worst


@njit
def complementarity(z, w, step):
    """Σ λ t + ν s after a step."""
    total = 0.0
    for side in range(2):
        lam, t, s, nu = z.lam[side], z.t[side], z.s[side], z.nu[side]
        dlam, dt, ds, dnu = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side]
        for j in range(len(lam)):
            total += (lam[j] + step * dlam[j]) * (t[j] + step * dt[j]) + (nu[j] + step * dnu[j]) * (s[j] + step * ds[j])
    return total


@njit
def advance(z, w, step):
    y, dy = z.y.reshape(-1), w.dy.reshape(-1)
    for j in range(len(y)):
        y[j] += step * dy[j]
    for side in range(2):
        lam, t, s, nu = z.lam[side], z.t[side], z.s[side], z.nu[side]
        dlam, dt, ds, dnu = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side]
        for j in range(len(lam)):
            lam[j] += step * dlam[j]
            t[j] += step * dt[j]
            s[j] += step * ds[j]
            nu[j] += step * dnu[j]


@njit
def roll(q, z, w):
    """Inputs inside their bounds, states from the dynamics."""
    N, n, m = q.B.shape
    for k in range(N):
        u, after, before = z.y[k, :m], z.y[k, m:], q.x0 if k == 0 else z.y[k - 1, m:]
        for i in range(m):
            lo, hi = q.lo[k, i], q.hi[k, i]
            room = INSIDE * min(hi - lo, 1.0 / INSIDE)
            u[i] = min(max(u[i], lo + room), hi - room)
        for i in range(n):
            after[i] = q.c[k, i]
        add_rows(after, u, w.Ft[k], 0, 1.0)
        add_rows(after, before, w.Ft[k, m:], 0, 1.0)


@njit
def start(q, z, w, level, warm):
    """Multipliers and slacks of products `level` at least; where warm, multipliers no smaller than they are. Returns
    how many products there are."""
    n, m = q.B.shape[1:]
    y, count = z.y.reshape(-1), 0
    w.dlam[:], w.dt[:], w.ds[:], w.dnu[:] = 0.0, 0.0, 0.0, 0.0
    for side in range(2):
        sign = 2.0 * side - 1.0
        for j in range(len(y)):
            k, i = j // (m + n), j % (m + n)
            lam, t, s, nu = 0.0, 1.0, 0.0, 0.0
            if w.on[side, j] > 0.0:
                room = -sign * (y[j] - w.at[side, j])
                least = 0.0 if i < m else LEAST_SLACK * min(q.hi[k, i] - q.lo[k, i], 1.0 / LEAST_SLACK)
                t, count = max(room, least), count + 1
                lam = max(level / t, z.lam[side, j] if warm else 0.0)
                if w.hard[side, j] == 0.0:
                    s = max(level / w.z[0, j], least - room)
                    t, count, most = s + room, count + 1, w.z[0, j] + w.z[1, j] * s
                    lam = min(max(level / t, z.lam[side, j] if warm else 0.0), (1.0 - INSIDE) * most)
                    nu = most - lam
            z.lam[side, j], z.t[side, j], z.s[side, j], z.nu[side, j] = lam, t, s, nu
    return count


@njit
def solve(q, z, w, warm, most, tolerance, until):
    """(status, iterations): z becomes the solution, from its inputs, and where `warm` also from its multipliers.

    most         iterations at most
    tolerance    of the sum of complementarity products, and of the share that is left of the first residuals
    until        time of robocalc.control.clock after which no iteration begins; inf: no clock is asked
    """
    lay_out(q, w)
    roll(q, z, w)
    count = start(q, z, w, WARM if warm else COLD, warm)
    left, gap = 1.0, complementarity(z, w, 0.0)
    for iteration in range(most):
        if gap <= tolerance and left <= tolerance:
            return SOLVED, iteration
        if until < inf and seconds() >= until:
            return OUT_OF_TIME, iteration
        gradient(q, z, w)
        prepare(z, w, 0.0, 0.0)
        if not factor(q, w):
            return (SOLVED if gap <= ROUNDED else NOT_CONVEX), iteration
        newton(q, w)
        spread(z, w, 0.0, 0.0)
        target = 0.0
        if count > 0:
            ahead = complementarity(z, w, min(1.0, longest_step(z, w)))
            target = (ahead / gap) ** 3 * gap / count
            prepare(z, w, target, 1.0)
            newton(q, w)
            spread(z, w, target, 1.0)
        step = min(1.0, NEAR * longest_step(z, w)) if count > 0 else 1.0
        advance(z, w, step)
        left *= 1.0 - step
        gap = complementarity(z, w, 0.0)
        if not gap < inf:
            return NOT_CONVEX, iteration
    return (SOLVED if gap <= tolerance and left <= tolerance else OUT_OF_ITERATIONS), most
