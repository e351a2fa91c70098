"""Compiled maps of one fixed step, their Jacobians and vector-Jacobian products, over rows or along a rollout.

steps      y₊ for each row              rollout         y₀ ... y_N
tangents   A, B for each row            rollout_tangent the same along a rollout
pullback   (wᵀA, wᵀB) for each row      rollout_pullback the gradient of a whole rollout
"""

import numpy as np

from robocalc.jit import njit
from robocalc.ode.native import at, call_back, call_rhs, call_step, data, f8, get, i8, put, types


@njit(nogil=True)
def one(step, rhs, n, m, t, h, substeps, y, p, k, new, tmp, err):
    """y ← φ(y) by `substeps` steps of h / substeps."""
    small = h / substeps
    for j in range(substeps):
        start = t + j * small
        lo, hi = min(start, start + small), max(start, start + small)
        call_rhs(rhs, n, start, y, m, p, k)
        call_step(step, rhs, n, m, start, small, lo, hi, y, p, k, new, tmp, err)
        for i in range(n):
            put(y, i, get(new, i))


def work_for(n: int, rows: int) -> np.ndarray:
    return np.empty(n * (rows + 5))


@njit(types.void(i8, i8, i8, f8[::1], f8, i8, f8[:, ::1], f8[:, ::1], f8[:, ::1], f8[::1]), nogil=True)
def steps(step, rhs, rows, T, h, substeps, Y, P, OUT, work):
    """OUT[r] = φ(T[r], Y[r], P[r])."""
    n, m = Y.shape[1], P.shape[1]
    y = data(work)
    new, tmp, err, k = at(y, n), at(y, 2 * n), at(y, 3 * n), at(y, 5 * n)
    for r in range(len(Y)):
        for i in range(n):
            put(y, i, Y[r, i])
        one(step, rhs, n, m, T[r], h, substeps, y, data(P[r]), k, new, tmp, err)
        for i in range(n):
            OUT[r, i] = get(y, i)


@njit(types.void(i8, i8, i8, f8, f8, i8, f8[:, ::1], f8[:, ::1], f8[::1]), nogil=True)
def rollout(step, rhs, rows, t, h, substeps, P, OUT, work):
    """OUT[k + 1] = φ(t + k h, OUT[k], P[k]); one row of P serves all steps."""
    n, m = OUT.shape[1], P.shape[1]
    y = data(work)
    new, tmp, err, k = at(y, n), at(y, 2 * n), at(y, 3 * n), at(y, 5 * n)
    for i in range(n):
        put(y, i, OUT[0, i])
    for r in range(len(OUT) - 1):
        p = data(P[r if len(P) > 1 else 0])
        one(step, rhs, n, m, t + r * h, h, substeps, y, p, k, new, tmp, err)
        for i in range(n):
            OUT[r + 1, i] = get(y, i)


@njit(nogil=True)
def sow(z, n, width):
    """S = (1, 0) behind the y of z."""
    for i in range(n):
        for c in range(width):
            put(z, n + i * width + c, 1.0 if i == c else 0.0)


@njit(
    types.void(
        i8, i8, i8, f8[::1], f8, i8, f8[:, ::1], f8[:, ::1], i8, f8[:, ::1], f8[:, :, ::1], f8[:, :, ::1], f8[::1], i8
    ),
    nogil=True,
)
def tangents(step, wide, rows, T, h, substeps, Y, P, m, OUT, A, B, work, along):
    """A[r], B[r] = ∂φ/∂y, ∂φ/∂p at row r, by the step of the variational equation; along: Y[r + 1] ← φ(Y[r])."""
    n = OUT.shape[1]
    width = n + m
    N = n + n * width
    z = data(work)
    new, tmp, err, k = at(z, N), at(z, 2 * N), at(z, 3 * N), at(z, 5 * N)
    for r in range(len(A)):
        source = OUT[r - 1] if along and r > 0 else Y[r if not along else 0]
        for i in range(n):
            put(z, i, source[i])
        sow(z, n, width)
        p = data(P[r if len(P) > 1 else 0])
        one(step, wide, N, P.shape[1], T[r] if not along else T[0] + r * h, h, substeps, z, p, k, new, tmp, err)
        for i in range(n):
            OUT[r, i] = get(z, i)
            for c in range(n):
                A[r, i, c] = get(z, n + i * width + c)
            for c in range(m):
                B[r, i, c] = get(z, n + i * width + n + c)


@njit(
    types.void(
        i8, i8, i8, i8, f8[::1], f8, i8, f8[:, ::1], f8[:, ::1], f8[:, ::1], f8[:, ::1], i8, f8[::1], f8[:, ::1], i8
    ),
    nogil=True,
)
def pullback(back, step, rhs, jac, T, h, substeps, Y, P, LAM, GRAD, s, work, path, along):
    """LAM[r], GRAD[r] ← (wᵀA, wᵀB) for w = LAM[r]; along: one w, carried from the last row of Y to the first."""
    n, m = Y.shape[1], P.shape[1]
    small = h / substeps
    y = data(work)
    k = at(y, n)
    new = at(k, (s + 1) * n)
    tmp, err = at(new, n), at(new, 2 * n)
    J = at(err, 2 * n)
    theta = at(J, n * (n + m))
    for turn in range(len(GRAD)):
        r = len(GRAD) - 1 - turn if along else turn
        lam = data(LAM[0 if along else r])
        p = data(P[r if len(P) > 1 else 0])
        t = T[0] + r * h if along else T[r]
        for i in range(n):
            put(y, i, Y[r, i])
            path[0, i] = Y[r, i]
        for j in range(1, substeps):
            one(step, rhs, n, m, t + (j - 1) * small, small, 1, y, p, k, new, tmp, err)
            for i in range(n):
                path[j, i] = get(y, i)
        for j in range(substeps - 1, -1, -1):
            start = t + j * small
            lo, hi = min(start, start + small), max(start, start + small)
            call_back(
                back,
                step,
                rhs,
                jac,
                start,
                small,
                lo,
                hi,
                data(path[j]),
                p,
                k,
                new,
                tmp,
                err,
                J,
                theta,
                lam,
                data(GRAD[r]),
            )
