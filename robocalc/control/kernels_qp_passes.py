"""The Newton step of robocalc.control.kernels_qp: Riccati passes over the horizon.

lay_out   the problem as the passes want it
factor    the pass that depends on the bounds' weights
newton    the step for a gradient
"""

from robocalc.control.kernels_qp_memory import NONE
from robocalc.jit import njit
from robocalc.optimize.ddp.riccati import cholesky

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
