"""The same passes for dynamics given by equations: one Runge-Kutta step of order 4 a node, its cost by the same rule.

    roll_functions     forward with the new law
    derive_functions   exact Jacobians of the step; Hessians with and without the curvature of the dynamics
    gaps_functions     where a given motion does not follow them

Source: Kutta (1901). The input is constant over a step.
"""

from typing import NamedTuple

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.jit import njit
from robocalc.optimize.ddp.emit import call
from robocalc.optimize.ddp.penalties import push, row_penalty, row_slopes, state_penalty, state_slopes

BLOWN = 1e20  # a cost above is no motion


class Tape(NamedTuple):
    """What the four stages of a step leave: outputs, states, D (4, nz, nz); then scratch, and weights (p, w)."""

    out: np.ndarray
    at: np.ndarray
    D: np.ndarray
    S: np.ndarray
    W: np.ndarray
    H: np.ndarray
    weights: np.ndarray


@njit(inline="always")
def _stage(s):
    """(where stage s is evaluated, its weight), in steps."""
    return (0.0 if s == 0 else 1.0 if s == 3 else 0.5), (1.0 / 6 if s == 0 or s == 3 else 1.0 / 3)


@njit
def _step(address, t, h, x, u, p, ng, g, out, at, y):
    """x + its change over h into y (nx,), rows at the start into g (ng,); returns the cost."""
    nx, cost = len(x), 0.0
    for i in range(nx):
        at[i] = y[i] = x[i]
    for s in range(4):
        c, b = _stage(s)
        if s > 0:
            for i in range(nx):
                at[i] = x[i] + c * h * out[1 + ng + i]
        call(address, t + c * h, at, u, p, out)
        if s == 0:
            for i in range(ng):
                g[i] = out[1 + i]
        cost += h * b * out[0]
        for i in range(nx):
            y[i] += h * b * out[1 + ng + i]
    return cost


@njit
def roll_functions(code, p, h, rows, gap, bounds, alpha, X, U, k, K, d0, Xn, Un):
    """(cost, penalty) of the motion from X[0] + α d0 by u + α k + K dx, with gaps (1 - α) gap left.

    code   (9,) int: `words` of expressions.Code
    """
    rows = borrowed(rows)
    N, nu = U.shape
    nx, ng, ne = X.shape[1], code[4], code[5]
    out, g, at = np.empty(1 + max(ng, ne) + nx), np.empty(ng), np.empty(nx)
    cost, penalty = 0.0, 0.0
    for i in range(nx):
        Xn[0, i] = X[0, i] + alpha * d0[i]
    for t in range(N):
        x, u, y = Xn[t], Un[t], Xn[t + 1]
        for i in range(nu):
            s = U[t, i] + alpha * k[t, i]
            for j in range(nx):
                s += K[t, i, j] * (x[j] - X[t, j])
            u[i] = min(max(s, bounds[0, i]), bounds[1, i])
        cost += _step(code[0], t * h, h, x, u, p, ng, g, out, at, y)
        penalty += state_penalty(x, rows.x, t) + row_penalty(g, rows.g[0, t], rows.g[1, t], rows.g[2, t], rows.g[3, t])
        for i in range(nx):
            y[i] -= (1.0 - alpha) * gap[t + 1, i]
        if not abs(cost + penalty) < BLOWN:
            return np.inf, np.inf
    x = Xn[N]
    penalty += state_penalty(x, rows.x, N)
    call(code[2], N * h, x, Un[N - 1], p, out)
    cost += out[0]
    penalty += row_penalty(out[1 : 1 + ne], rows.e[0], rows.e[1], rows.e[2], rows.e[3])
    if not abs(cost + penalty) < BLOWN:
        return np.inf, np.inf
    return cost, penalty


@njit
def gaps_functions(code, p, h, X, U, gap):
    """Gaps (N + 1, nx) of a given motion; the largest one."""
    N, nx, ng = len(U), X.shape[1], code[4]
    out, g, at, y = np.empty(1 + ng + nx), np.empty(ng), np.empty(nx), np.empty(nx)
    largest = 0.0
    for t in range(N):
        _step(code[0], t * h, h, X[t], U[t], p, ng, g, out, at, y)
        for i in range(nx):
            gap[t + 1, i] = y[i] - X[t + 1, i]
            if not abs(gap[t + 1, i]) <= largest:
                largest = abs(gap[t + 1, i])
    return largest


@njit
def derive_functions(code, p, h, rows, X, U, AB, lz, lzz, full, G, J):
    """AB (N, nx, nz), lz (N + 1, nz), and of every node two Hessians (N + 1, nz, nz).

    lzz    of the cost alone (Gauss-Newton for the rows)
    full   that and the curvature of dynamics and rows, weighted by the costates λ_k = l_x + Aᵀ λ_{k+1}
    G, J   (N, ng), (N, ng, nz): the rows of the nodes and their Jacobians
    """
    rows = borrowed(rows)
    N, nx, nz, ng, ne = len(U), X.shape[1], AB.shape[2], code[4], code[5]
    curved = code[6] != 0 or code[7] != 0  # else `full` may be lzz itself
    tape = Tape(
        np.empty((4, (1 + ng) * (1 + nz) + nz * nz + nx + nx * nz)),
        np.empty((4, nx)),
        np.zeros((4, nz, nz)),
        np.empty((nx, nz)),
        np.empty((nz, nz)),
        np.empty(nz * nz),
        np.empty(len(p) + nx + ng + ne),
    )
    costate, before = np.empty(nx), np.empty(nx)
    tape.weights[: len(p)] = p
    tape.H[:] = 0.0
    _derive_end(code, N * h, p, rows.e, X[N], U[N - 1], tape, lz[N], lzz[N])
    state_slopes(X[N], rows.x, N, lz[N], lzz[N])
    if curved:
        for i in range(nx):
            for j in range(nx):
                full[N, i, j] = lzz[N, i, j] + tape.H[i * nx + j]
    for i in range(nx):
        costate[i] = lz[N, i]
    for t in range(N - 1, -1, -1):
        lz[t] = 0.0
        lzz[t] = 0.0
        _derive(code[1], t, h, X[t], U[t], p, ng, rows.g, tape, AB[t], lz[t], lzz[t])
        state_slopes(X[t], rows.x, t, lz[t], lzz[t])
        for r in range(ng):
            G[t, r] = tape.out[0, 1 + r]
            for j in range(nz):
                J[t, r, j] = tape.out[0, 1 + ng + nz + nz * nz + r * nz + j]
        if curved:
            full[t] = lzz[t]
        if code[6] != 0:
            _curve(code[6], t, h, U[t], len(p), ng, rows.g, tape, costate, full[t])
        for i in range(nx):
            before[i] = lz[t, i]
        for r in range(nx):
            for i in range(nx):
                before[i] += AB[t, r, i] * costate[r]
        costate, before = before, costate


@njit
def _derive_end(code, T, p, e, x, u, tape, lz, lzz):
    """Of the last node; the curvature of its rows is left in tape.H."""
    nx, ne = len(x), code[5]
    out = np.empty(1 + ne + nx + nx * nx + ne * nx)
    call(code[3], T, x, u, p, out)
    hess = 1 + ne + nx
    lz[:] = 0.0
    lzz[:] = 0.0
    for i in range(nx):
        lz[i] = out[1 + ne + i]
        for j in range(nx):
            lzz[i, j] = out[hess + i * nx + j]
    row_slopes(out[1 : 1 + ne], out[hess + nx * nx :], nx, e[0], e[1], e[2], e[3], lz, lzz)
    if code[7] != 0:
        for r in range(ne):
            tape.weights[len(p) + r] = push(out[1 + r], e[0, r], e[1, r], e[2, r], e[3, r])
        call(code[7], T, x, u, tape.weights, tape.H)


@njit
def _derive(address, t, h, x, u, p, ng, g, tape, AB, lz, lzz):
    """One node: D (nz, nz) = ∂(state of a stage, u)/∂z, S (nx, nz) = ∂(its rates)/∂z by the chain rule."""
    nx, nz = AB.shape
    hess = 1 + ng + nz
    rates = hess + nz * nz + ng * nz
    slopes = rates + nx
    S = tape.S
    for i in range(nx):
        for j in range(nz):
            AB[i, j] = 0.0
        AB[i, i] = 1.0
    for s in range(4):
        c, b = _stage(s)
        out, at, D = tape.out[s], tape.at[s], tape.D[s]
        for i in range(nx):
            at[i] = x[i]
        for i in range(nz):
            for j in range(nz):
                D[i, j] = 0.0
            D[i, i] = 1.0
        if s > 0:
            for i in range(nx):
                at[i] += c * h * tape.out[s - 1, rates + i]
                for j in range(nz):
                    D[i, j] += c * h * S[i, j]
        call(address, t * h + c * h, at, u, p, out)
        if s == 0:
            J = out[hess + nz * nz : hess + nz * nz + ng * nz]
            row_slopes(out[1 : 1 + ng], J, nz, g[0, t], g[1, t], g[2, t], g[3, t], lz, lzz)
        for i in range(nx):
            row = S[i]
            for j in range(nz):
                row[j] = 0.0
            for r in range(nz):
                f = out[slopes + i * nz + r]
                if f != 0.0:
                    d = D[r]
                    for j in range(nz):
                        row[j] += f * d[j]
            for j in range(nz):
                AB[i, j] += h * b * row[j]
        for i in range(nz):
            f, d = h * b * out[1 + ng + i], D[i]
            if f != 0.0:
                for j in range(nz):
                    lz[j] += f * d[j]
        _congruent(out[hess : hess + nz * nz], h * b, D, tape.W, lzz)


@njit
def _curve(address, t, h, u, m, ng, g, tape, costate, full):
    """Adds the curvature of a step and its rows. A stage's rates count κ_s = h b_s λ + h c_{s+1} (what stage s + 1
    passes back), so the second derivative of the whole step is that of each stage's rates, weighted by its κ."""
    nx, nz = len(costate), len(full)
    hess = 1 + ng + nz
    rates = hess + nz * nz + ng * nz
    slopes = rates + nx
    w = tape.weights
    back = np.zeros(nx)
    for s in range(3, -1, -1):
        c, b = _stage(s)
        ahead = _stage(s + 1)[0] if s < 3 else 0.0
        out = tape.out[s]
        for i in range(nx):
            w[m + i] = h * b * costate[i] + h * ahead * back[i]
        for r in range(ng):
            f = push(out[1 + r], g[0, t, r], g[1, t, r], g[2, t, r], g[3, t, r])
            w[m + nx + r] = f if s == 0 else 0.0
        call(address, t * h + c * h, tape.at[s], u, w, tape.H)
        _congruent(tape.H, 1.0, tape.D[s], tape.W, full)
        for j in range(nx):
            back[j] = h * b * out[1 + ng + j]
        for i in range(nx):
            for j in range(nx):
                back[j] += w[m + i] * out[slopes + i * nz + j]


@njit(inline="always")
def _congruent(H, scale, D, W, to):
    """to += scale Dᵀ H D for H (nz * nz,); skips what is zero."""
    nz = len(D)
    for i in range(nz):
        row, some = W[i], False
        for j in range(nz):
            row[j] = 0.0
        for r in range(nz):
            f = scale * H[i * nz + r]
            if f != 0.0:
                some = True
                d = D[r]
                for j in range(nz):
                    row[j] += f * d[j]
        if some:
            d = D[i]
            for r in range(nz):
                f = d[r]
                if f != 0.0:
                    out = to[r]
                    for j in range(nz):
                        out[j] += f * row[j]
