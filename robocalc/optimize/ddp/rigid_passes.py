"""A robot's passes over the nodes: forward with the new law, and derivatives at what came of it. Compiled.

    roll_robot     states, inputs, accelerations and cost of a step of length α along the law
    derive_robot   Jacobians of the step and the costs' derivatives at every node

The step is the twin's, v⁺ = v + h a(q, v, τ), q⁺ = q + h v⁺, or of order 4 where the last word of `code` is 1.
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import acceleration, factor, frames
from robocalc.dynamics.kernels_derivatives import rnea_derivatives
from robocalc.jit import njit
from robocalc.optimize.ddp.emit import call
from robocalc.optimize.ddp.penalties import row_penalty, row_slopes, state_penalty, state_slopes
from robocalc.optimize.ddp.reach_kernels import reach_cost, reach_slopes
from robocalc.optimize.ddp.rigid_rk4 import rk4_ahead, rk4_blocks

BLOWN = 1e20  # a cost above is no motion


@njit
def roll_robot(model, along, end, code, p, h, rows, gap, bounds, alpha, X, U, k, K, d0, Xn, Un, An):
    """(cost, penalty) of the motion from X[0] + α d0 by u + α k + K dx, with gaps (1 - α) gap left.

    along, end   Weights of running and terminal cost
    code         (9,) int: `words` of expressions.Code; addresses are 0 where there is nothing to call
    h            [s] of a step
    X, U         (N + 1, 2n), (N, n) the motion so far; k, K its law; d0 (2n,) of the start; bounds (2, n) of inputs
    Xn, Un, An   the new motion, and its accelerations (N, n)
    """
    model, along, end, rows = borrowed(model), borrowed(along), borrowed(end), borrowed(rows)
    N, n = U.shape
    nx, ng, ne = 2 * n, code[4], code[5]
    work, out, none = np.empty(30), np.empty(1 + max(ng, ne)), np.empty(0)
    at, b = np.empty(nx), np.empty(n)
    cost, penalty = 0.0, 0.0
    for i in range(nx):
        Xn[0, i] = X[0, i] + alpha * d0[i]
    for t in range(N):
        x, u, a, y = Xn[t], Un[t], An[t], Xn[t + 1]
        for i in range(n):
            s = U[t, i] + alpha * k[t, i]
            for j in range(nx):
                s += K[t, i, j] * (x[j] - X[t, j])
            u[i] = min(max(s, bounds[0, i]), bounds[1, i])
        acceleration(model, x[:n], x[n:], u, a)
        cost += h * reach_cost(model, along, t, x, u, work)
        penalty += state_penalty(x, rows.x, t)
        if code[0] != 0:
            call(code[0], t * h, x, u, p, out)
            cost += h * out[0]
            penalty += row_penalty(out[1 : 1 + ng], rows.g[0, t], rows.g[1, t], rows.g[2, t], rows.g[3, t])
        _ahead(model, code, h, x, u, a, y, at, b)
        for i in range(nx):
            y[i] -= (1.0 - alpha) * gap[t + 1, i]
        if not abs(cost + penalty) < BLOWN:
            return np.inf, np.inf
    x = Xn[N]
    frames(model, x[:n])
    cost += reach_cost(model, end, N, x, none, work)
    penalty += state_penalty(x, rows.x, N)
    if code[2] != 0:
        call(code[2], N * h, x, Un[N - 1], p, out)
        cost += out[0]
        penalty += row_penalty(out[1 : 1 + ne], rows.e[0], rows.e[1], rows.e[2], rows.e[3])
    if not abs(cost + penalty) < BLOWN:
        return np.inf, np.inf
    return cost, penalty


@njit(inline="always")
def _ahead(model, code, h, x, u, a, y, at, b):
    """The state y after x, whose acceleration is a; at, b are scratch."""
    if code[8] == 1:
        rk4_ahead(model, h, x, u, a, y, at, b)
    else:
        n = len(u)
        for i in range(n):
            y[n + i] = x[n + i] + h * a[i]
            y[i] = x[i] + h * y[n + i]


@njit
def gaps_robot(model, code, h, X, U, A, gap):
    """Accelerations (N, n) at a given motion, and its gaps (N + 1, 2n); the largest one."""
    model = borrowed(model)
    N, n = U.shape
    at, b, largest = np.empty(2 * n), np.empty(n), 0.0
    for t in range(N):
        x, a, y = X[t], A[t], gap[t + 1]
        acceleration(model, x[:n], x[n:], U[t], a)
        _ahead(model, code, h, x, U[t], a, y, at, b)
        for i in range(2 * n):
            y[i] -= X[t + 1, i]
            largest = max(largest, abs(y[i]))
    return largest


@njit
def derive_robot(model, along, end, code, p, h, rows, X, U, A, AB, lz, lzz, G_rows, J_rows):
    """AB (N, 2n, 3n), lz (N + 1, 3n), lzz (N + 1, 3n, 3n) of every node, from the accelerations A of `roll_robot`;
    the rows of the nodes into G_rows (N, ng), J_rows (N, ng, 3n).
    """
    model, along, end, rows = borrowed(model), borrowed(along), borrowed(end), borrowed(rows)
    N, n = U.shape
    nx, nz, ng, ne = 2 * n, 3 * n, code[4], code[5]
    work, J, F, G = np.empty(30), np.empty((6, 6)), np.empty((6, n)), np.empty((6, n))
    out, none = np.empty((1 + max(ng, ne)) * (1 + nz) + nz * nz), np.empty(0)
    dq, dv, M = np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    at, b, D, S = np.empty(nx), np.empty(n), np.empty((nx, nz)), np.empty((nx, nz))
    for t in range(N + 1):
        x = X[t]
        for i in range(nz):
            lz[t, i] = 0.0
            for j in range(nz):
                lzz[t, i, j] = 0.0
        if t == N:
            frames(model, x[:n])
            reach_slopes(model, end, N, x, none, 1.0, lz[N], lzz[N], work, J, F, G)
            if code[3] != 0:
                call(code[3], N * h, x, U[N - 1], p, out)
                _add(out, ne, nx, 1.0, rows.e, lz[N], lzz[N])
        else:
            if code[8] == 1:
                rk4_blocks(model, h, x, U[t], AB[t], at, b, D, S, dq, dv, M)
                frames(model, x[:n])
            else:
                rnea_derivatives(model, x[:n], x[n:], A[t], dq, dv, M)
            reach_slopes(model, along, t, x, U[t], h, lz[t], lzz[t], work, J, F, G)
            if code[1] != 0:
                call(code[1], t * h, x, U[t], p, out)
                _add(out, ng, nz, h, rows.g[:, t], lz[t], lzz[t])
                for r in range(ng):
                    G_rows[t, r] = out[1 + r]
                    for j in range(nz):
                        J_rows[t, r, j] = out[1 + ng + nz + nz * nz + r * nz + j]
            if code[8] != 1:
                _step_blocks(model, h, dq, dv, M, AB[t])
        state_slopes(x, rows.x, t, lz[t], lzz[t])


@njit(inline="always")
def _add(out, m, size, scale, rows, lz, lzz):
    """A user's cost and rows: out = value, rows (m), gradient (size), Hessian (size²), Jacobian of the rows."""
    at = 1 + m
    for i in range(size):
        lz[i] += scale * out[at + i]
        for j in range(size):
            lzz[i, j] += scale * out[at + size + i * size + j]
    at += size + size * size
    row_slopes(out[1 : 1 + m], out[at : at + m * size], size, rows[0], rows[1], rows[2], rows[3], lz, lzz)


@njit(inline="always")
def _step_blocks(model, h, dq, dv, M, AB):
    """[A B] (2n, 3n) of the step from the derivatives of inverse dynamics: ∂a = M⁻¹ [-∂τ/∂q, -∂τ/∂v, 1]."""
    n, work = len(M), model.work
    factor(M)
    for i in range(n):
        x = work[i + 1]
        for j in range(n):
            x[j], x[n + j], x[2 * n + j] = -h * dq[i, j], -h * dv[i, j], 0.0
        x[2 * n + i] = h
        for k in range(i):
            s, y = M[i, k], work[k + 1]
            for j in range(3 * n):
                x[j] -= s * y[j]
    for i in range(n - 1, -1, -1):
        x, slow, fast = work[i + 1], AB[i], AB[n + i]
        for j in range(3 * n):
            x[j] *= M[i, i]
        for k in range(i + 1, n):
            s, y = M[k, i], work[k + 1]
            for j in range(3 * n):
                x[j] -= s * y[j]
        for j in range(3 * n):
            fast[j] = x[j]
        fast[n + i] += 1.0
        for j in range(3 * n):
            slow[j] = h * fast[j]
        slow[i] += 1.0
