"""Splines of least ∫|q^(s)|², s = 2, 3, 4, any derivative at any knot prescribed or free, in time linear in knots.

The state of a knot is (q, q', .., q^(s-1)). The cost of a segment is a quadratic form of the states at its ends
(ENERGY of hermite.py, entries scaled by powers of its time); where the cost is least, its derivatives to all free
entries vanish: a symmetric positive band system of half width 2s - 3, shared by all joints.
"""

import numpy as np

from robocalc.jit import njit


@njit
def segment_energy(H, s, h, out):
    """Entries of ENERGY[s] scaled to a segment of time h: orders i, j by h^(i + j - 2s + 1)."""
    r = 1.0 / h
    scale = 1.0
    for _ in range(2 * s - 1):
        scale *= r
    for a in range(s):
        factor = scale
        for b in range(s):
            out[a, b], out[a, s + b] = H[a, b] * factor, H[a, s + b] * factor
            out[s + a, b], out[s + a, s + b] = H[s + a, b] * factor, H[s + a, s + b] * factor
            factor *= h
        scale *= h


@njit
def assemble(H, s, h, free, x, A, y):
    """Band A (N, 2m), A[r, d] the entry (r, r - d), and right-hand sides y (N, n); N = W m unknowns, m = s - 1."""
    W, m = free.shape
    n = x.shape[2]
    E = np.empty((2 * s, 2 * s))
    A[:], y[:] = 0.0, 0.0
    for k in range(W - 1):
        segment_energy(H, s, h[k], E)
        for a in range(2 * s):
            ka, ia = k + a // s, a % s - 1
            if ia < 0 or not free[ka, ia]:
                continue
            row = ka * m + ia
            for c in range(n):  # positions enter by their difference
                y[row, c] -= E[a, s] * (x[k + 1, 0, c] - x[k, 0, c])
            for b in range(2 * s):
                kb, ib = k + b // s, b % s - 1
                if ib < 0:
                    continue
                if not free[kb, ib]:
                    for c in range(n):
                        y[row, c] -= E[a, b] * x[kb, 1 + ib, c]
                elif kb * m + ib <= row:
                    A[row, row - kb * m - ib] += E[a, b]
    for r in range(W * m):
        if not free[r // m, r % m]:
            A[r, 0] = 1.0


@njit
def solve_band(A, y):
    """In place: y = A⁻¹ y by A = L D Lᵀ; the band keeps L D, so that rows are divided by D once, at the end."""
    N, width = A.shape
    n = y.shape[1]
    for j in range(N):
        inverse = 1.0 / A[j, 0]
        for i in range(1, min(width, N - j)):
            ratio = A[j + i, i] * inverse
            if ratio == 0.0:
                continue
            for k in range(1, i + 1):
                A[j + i, i - k] -= ratio * A[j + k, k]
            for c in range(n):
                y[j + i, c] -= ratio * y[j, c]
    for j in range(N - 1, -1, -1):
        for i in range(1, min(width, N - j)):
            a = A[j + i, i]
            for c in range(n):
                y[j, c] -= a * y[j + i, c]
        inverse = 1.0 / A[j, 0]
        for c in range(n):
            y[j, c] *= inverse


@njit
def solve_states(H, s, h, free, x):
    """Fills the free entries of the states x (W, s, n), whose other entries are given; free (W, s - 1)."""
    W, m = free.shape
    A, y = np.empty((W * m, 2 * m)), np.empty((W * m, x.shape[2]))
    assemble(H, s, h, free, x, A, y)
    solve_band(A, y)
    for k in range(W):
        for i in range(m):
            if free[k, i]:
                x[k, 1 + i] = y[k * m + i]


@njit
def hermite_kernel(C, s, h, x, c):
    """Coefficients c (K, 2s, n) from states x (W, s, n) at the ends of each segment; C is SHAPE[s]."""
    for k in range(len(h)):
        r = 1.0 / h[k]
        for i in range(x.shape[2]):
            c[k, 0, i] = x[k, 0, i]
            for d in range(1, s):
                c[k, d, i] = C[d, d] * x[k, d, i]
            low = r**s
            for d in range(s, 2 * s):
                y = C[d, s] * (x[k + 1, 0, i] - x[k, 0, i])
                power = h[k]
                for b in range(1, s):
                    y += power * (C[d, b] * x[k, b, i] + C[d, s + b] * x[k + 1, b, i])
                    power *= h[k]
                c[k, d, i] = y * low
                low *= r
