"""The splines of spline.py in double-double arithmetic (32 digits), for segment times that differ by powers of ten.

A number is an unevaluated sum of two doubles. Plain arithmetic loses digits as the ratio of segment times grows (for
snap all of them at a ratio of 10⁶); here the coefficients are those of the given numbers to the last digit.
Source of the arithmetic: Dekker (1971); Hida, Li & Bailey, Library for double-double and quad-double arithmetic (2007).
"""

import numpy as np

from robocalc.jit import njit

SPLIT = 134217729.0  # 2²⁷ + 1: halves the digits of a double


@njit
def two_sum(a, b):
    """a + b = s + e exactly."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@njit
def two_product(a, b):
    """a b = p + e exactly."""
    p = a * b
    t = SPLIT * a
    ah = t - (t - a)
    al = a - ah
    t = SPLIT * b
    bh = t - (t - b)
    bl = b - bh
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


@njit
def add(x, y):
    s, e = two_sum(x[0], y[0])
    t, f = two_sum(x[1], y[1])
    s, e = two_sum(s, e + t)
    return two_sum(s, e + f)


@njit
def multiply(x, y):
    p, e = two_product(x[0], y[0])
    return two_sum(p, e + (x[0] * y[1] + x[1] * y[0]))


@njit
def divide(x, y):
    q1 = x[0] / y[0]
    r = add(x, multiply((-q1, 0.0), y))
    q2 = r[0] / y[0]
    r = add(r, multiply((-q2, 0.0), y))
    return add(two_sum(q1, q2), (r[0] / y[0], 0.0))


@njit
def powers(h, order, p):
    """p[order + d] = hᵈ for d from -order to order."""
    p[order] = (1.0, 0.0)
    inverse = divide((1.0, 0.0), (h, 0.0))
    for d in range(order):
        p[order + d + 1] = multiply(as_pair(p[order + d]), (h, 0.0))
        p[order - d - 1] = multiply(as_pair(p[order - d]), inverse)


@njit
def as_pair(x):
    return x[0], x[1]


@njit
def accumulate(target, x):
    target[0], target[1] = add((target[0], target[1]), x)


@njit
def assemble(H, s, h, free, x, A, y):
    """Band A (N, 2m, 2), A[r, d] the entry (r, r - d), and right-hand sides y (N, n, 2); N = W m, m = s - 1."""
    W, m = free.shape
    n = x.shape[2]
    p = np.zeros((4 * s + 1, 2))
    A[:], y[:] = 0.0, 0.0
    for k in range(W - 1):
        powers(h[k], 2 * s, p)
        for a in range(2 * s):
            ka, ia = k + a // s, a % s - 1
            if ia < 0 or not free[ka, ia]:
                continue
            row = ka * m + ia
            for b in range(2 * s):
                kb, ib = k + b // s, b % s - 1
                E = multiply(as_pair(p[2 * s + a % s + b % s - 2 * s + 1]), (H[a, b], 0.0))
                if ib >= 0 and free[kb, ib]:
                    if kb * m + ib <= row:
                        accumulate(A[row, row - kb * m - ib], E)
                    continue
                for c in range(n):
                    value = (x[kb, b % s, c], 0.0)
                    if b == s:  # positions enter by their difference
                        value = two_sum(x[k + 1, 0, c], -x[k, 0, c])
                    if b != 0:
                        accumulate(y[row, c], multiply((-E[0], -E[1]), value))
    for r in range(W * m):
        if not free[r // m, r % m]:
            A[r, 0] = (1.0, 0.0)


@njit
def solve_band(A, y):
    """In place: y = A⁻¹ y by A = L D Lᵀ; the band keeps L D, so that rows are divided by D once, at the end."""
    N, width = A.shape[0], A.shape[1]
    for j in range(N):
        last = min(width, N - j)
        for i in range(1, last):
            ratio = divide(as_pair(A[j + i, i]), as_pair(A[j, 0]))
            minus = (-ratio[0], -ratio[1])
            for k in range(1, i + 1):
                accumulate(A[j + i, i - k], multiply(minus, as_pair(A[j + k, k])))
            for c in range(y.shape[1]):
                accumulate(y[j + i, c], multiply(minus, as_pair(y[j, c])))
    for j in range(N - 1, -1, -1):
        for i in range(1, min(width, N - j)):
            a = A[j + i, i]
            for c in range(y.shape[1]):
                accumulate(y[j, c], multiply((-a[0], -a[1]), as_pair(y[j + i, c])))
        for c in range(y.shape[1]):
            y[j, c] = divide(as_pair(y[j, c]), as_pair(A[j, 0]))


@njit
def solve_states_precisely(H, s, h, free, x, low):
    """Fills the free entries of the states x + low (W, s, n); what is prescribed is x alone."""
    W, m = free.shape
    n = x.shape[2]
    A, y = np.empty((W * m, 2 * m, 2)), np.empty((W * m, n, 2))
    assemble(H, s, h, free, x, A, y)
    solve_band(A, y)
    for k in range(W):
        for i in range(m):
            for c in range(n):
                if free[k, i]:
                    x[k, 1 + i, c], low[k, 1 + i, c] = y[k * m + i, c, 0], y[k * m + i, c, 1]


@njit
def hermite_precisely(C, s, h, x, low, c):
    """Coefficients c (K, 2s, n) from states x + low at the ends of each segment; C is 6 SHAPE[s], whole numbers."""
    p = np.zeros((4 * s + 1, 2))
    for k in range(len(h)):
        powers(h[k], 2 * s, p)
        for i in range(x.shape[2]):
            way = two_sum(x[k + 1, 0, i], -x[k, 0, i])
            for d in range(s):
                c[k, d, i] = x[k, d, i] / (1.0, 1.0, 2.0, 6.0)[d]
            for d in range(s, 2 * s):
                total = multiply(way, (C[d, s], 0.0))
                for b in range(2 * s):
                    r, side = b % s, b // s
                    if r > 0:
                        y = multiply((x[k + side, r, i], low[k + side, r, i]), as_pair(p[2 * s + r]))
                        total = add(total, multiply(y, (C[d, b], 0.0)))
                c[k, d, i] = multiply(divide(total, (6.0, 0.0)), as_pair(p[2 * s - d]))[0]
