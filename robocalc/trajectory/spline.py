"""Splines of least ∫|q^(s)|², s = 2, 3, 4, any derivative at any knot prescribed or free, in time linear in knots.

The state of a knot is (q, q', .., q^(s-1)). The cost of a segment is a quadratic form of the states at its ends
(ENERGY of hermite.py, entries scaled by powers of its time); where the cost is least, its derivatives to all free
entries vanish: a symmetric positive block tridiagonal system, a block of size s - 1 a knot, shared by all joints.
"""

import numpy as np

from robocalc.jit import njit


@njit
def segment_energy(H, s, h, out):
    """Entries of ENERGY[s] scaled to a segment of time h: orders i, j by h^(i + j - 2s + 1)."""
    for a in range(2 * s):
        for b in range(2 * s):
            out[a, b] = H[a, b] * h ** float(a % s + b % s - 2 * s + 1)


@njit
def invert(A, inv):
    """Inverse of a small symmetric positive matrix by its Cholesky factor."""
    m = len(A)
    for i in range(m):
        for j in range(i + 1):
            y = A[i, j]
            for k in range(j):
                y -= inv[i, k] * inv[j, k]
            inv[i, j] = np.sqrt(y) if i == j else y / inv[j, j]
    for j in range(m):  # the factor is replaced by its inverse, column by column, then multiplied with its transpose
        inv[j, j] = 1.0 / inv[j, j]
        for i in range(j + 1, m):
            y = 0.0
            for k in range(j, i):
                y -= inv[i, k] * inv[k, j]
            inv[i, j] = y / inv[i, i]
    for i in range(m):
        for j in range(i + 1):
            y = 0.0
            for k in range(i, m):
                y += inv[k, i] * inv[k, j]
            inv[i, j] = y
            inv[j, i] = y


@njit
def factorise(H, s, h, free, inverse, lower):
    """Blocks of the elimination: inverse (W, m, m), and lower (W, m, m) = coupling of knot k to knot k - 1."""
    W, m = free.shape
    left, right = np.zeros((2 * s, 2 * s)), np.zeros((2 * s, 2 * s))
    A, B = np.empty((m, m)), np.empty((m, m))
    for k in range(W):
        if k < W - 1:
            segment_energy(H, s, h[k], right)
        for i in range(m):
            for j in range(m):
                A[i, j] = (left[s + 1 + i, s + 1 + j] if k > 0 else 0.0) + (right[1 + i, 1 + j] if k < W - 1 else 0.0)
                both = k > 0 and free[k, i] and free[k - 1, j]
                lower[k, i, j] = left[s + 1 + i, 1 + j] if both else 0.0
        for i in range(m):
            if not free[k, i]:
                A[i, :], A[:, i], A[i, i] = 0.0, 0.0, 1.0
        if k > 0:
            for i in range(m):
                for j in range(m):
                    B[i, j] = 0.0
                    for r in range(m):
                        B[i, j] += lower[k, i, r] * inverse[k - 1, r, j]
            for i in range(m):
                for j in range(m):
                    for r in range(m):
                        A[i, j] -= B[i, r] * lower[k, j, r]
        invert(A, inverse[k])
        left, right = right, left


@njit
def back_substitute(inverse, lower, y):
    """Solves in place for right-hand sides y (W, m, n)."""
    W, m, n = y.shape
    z = np.empty((m, n))
    for k in range(W):
        if k > 0:
            for i in range(m):
                for r in range(m):
                    for c in range(n):
                        y[k, i, c] -= lower[k, i, r] * y[k - 1, r, c]  # y[k - 1] is already D⁻¹ of its row
        z[:] = 0.0
        for i in range(m):
            for r in range(m):
                for c in range(n):
                    z[i, c] += inverse[k, i, r] * y[k, r, c]
        y[k] = z
    for k in range(W - 2, -1, -1):
        z[:] = 0.0
        for i in range(m):
            for r in range(m):
                for c in range(n):
                    z[i, c] += lower[k + 1, r, i] * y[k + 1, r, c]
        for i in range(m):
            for r in range(m):
                for c in range(n):
                    y[k, i, c] -= inverse[k, i, r] * z[r, c]


@njit
def slope_of_cost(H, s, h, x, g):
    """g (W, s, n) = half the derivative of the cost to the states x (W, s, n)."""
    W, n = len(x), x.shape[2]
    E = np.empty((2 * s, 2 * s))
    g[:] = 0.0
    for k in range(W - 1):
        segment_energy(H, s, h[k], E)
        for a in range(2 * s):
            row = g[k, a] if a < s else g[k + 1, a - s]
            for c in range(n):
                row[c] += E[a, s] * (x[k + 1, 0, c] - x[k, 0, c])  # ENERGY depends on positions by their difference
            for b in range(1, s):
                for c in range(n):
                    row[c] += E[a, b] * x[k, b, c] + E[a, s + b] * x[k + 1, b, c]


@njit
def solve_states(H, s, h, free, sweeps, x):
    """Fills the free entries of the states x (W, s, n), whose other entries are given; free (W, s - 1).

    Each sweep after the first is a step of iterative refinement.
    """
    W, n = len(x), x.shape[2]
    inverse, lower = np.empty((W, s - 1, s - 1)), np.empty((W, s - 1, s - 1))
    factorise(H, s, h, free, inverse, lower)
    g, y = np.empty((W, s, n)), np.empty((W, s - 1, n))
    for _ in range(sweeps):
        slope_of_cost(H, s, h, x, g)
        for k in range(W):
            for i in range(s - 1):
                for c in range(n):
                    y[k, i, c] = -g[k, 1 + i, c] if free[k, i] else 0.0
        back_substitute(inverse, lower, y)
        x[:, 1:] += y
