"""Derivatives of splitting steps: each drift or kick is a shear, so A is a product of sparse factors.

block ← block + c h f_block(t, y, p):   S_block ← S_block + c h (∂f_block/∂y S + ∂f_block/∂p)
"""

import numpy as np

from robocalc.jit import njit
from robocalc.ode.native import at, call_rhs, data, f8, get, i8, put, types


@njit(types.void(f8[:, :, ::1], f8[:, :, ::1], f8[::1], f8[:, ::1]), nogil=True)
def carry(A, B, w, grad):
    """w ← wᵀ A[N - 1] ... A[0] in place, grad[r] = (w before step r)ᵀ B[r]."""
    n, m = A.shape[1], B.shape[2]
    row = np.empty(n)
    for r in range(len(A) - 1, -1, -1):
        for c in range(m):
            total = 0.0
            for i in range(n):
                total += w[i] * B[r, i, c]
            grad[r, c] = total
        for c in range(n):
            total = 0.0
            for i in range(n):
                total += w[i] * A[r, i, c]
            row[c] = total
        w[:] = row


@njit(
    types.void(
        i8,
        i8,
        f8[::1],
        f8,
        i8,
        f8[:, ::1],
        f8[:, ::1],
        f8[:, ::1],
        f8[:, :, ::1],
        f8[:, :, ::1],
        f8[:, ::1],
        f8[::1],
        i8,
    ),
    nogil=True,
)
def split_tangents(rhs, jac, T, h, substeps, Y, P, OUT, A, B, moves, work, along):
    """As `flowkernels.tangents`; moves (k, 3): coefficient, 0 drift or 1 kick, time within the step. jac 0: y₊ only."""
    n, m = OUT.shape[1], P.shape[1]
    width, half, small = n + m, n // 2, h / substeps
    f = data(work)
    J = at(f, n)
    S = at(J, n * width)
    new = at(S, n * width)
    y = at(new, n * width)
    for r in range(len(OUT)):
        for i in range(n):
            put(y, i, OUT[r - 1, i] if along and r > 0 else Y[0 if along else r, i])
            for c in range(width):
                put(S, i * width + c, 1.0 if i == c else 0.0)
        p = data(P[r if len(P) > 1 else 0])
        t = T[0] + r * h if along else T[r]
        for j in range(substeps):
            for k in range(len(moves)):
                w, when = moves[k, 0] * small, t + (j + moves[k, 2]) * small
                first = half if moves[k, 1] == 1.0 else 0
                call_rhs(rhs, n, when, y, m, p, f)
                if jac != 0:
                    call_rhs(jac, n, when, y, m, p, J)
                    for i in range(first, first + half):
                        for c in range(width):
                            total = get(J, i * width + c) if c >= n else 0.0
                            for q in range(n):
                                total += get(J, i * width + q) * get(S, q * width + c)
                            put(new, i * width + c, total)
                    for i in range(first * width, (first + half) * width):
                        put(S, i, get(S, i) + w * get(new, i))
                for i in range(first, first + half):
                    put(y, i, get(y, i) + w * get(f, i))
        for i in range(n):
            OUT[r, i] = get(y, i)
            if jac != 0:
                for c in range(n):
                    A[r, i, c] = get(S, i * width + c)
                for c in range(m):
                    B[r, i, c] = get(S, i * width + n + c)
