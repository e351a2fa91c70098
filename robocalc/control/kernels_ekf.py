"""The extended Kalman filter of a robot's whole state, compiled; importing this loads numba.

State, gains and memory: robocalc.control.kernels_filters; signature: robocalc.control.signature.ESTIMATE_SIGNATURE.
"""

from robocalc.control.kernels_estimate import DT, HEAD, PIECE, RUB, WORK, X, given, piece, stamps
from robocalc.control.kernels_filters import (
    BLOCKS,
    COV,
    SIZE,
    TEMP,
    begun,
    linearised,
    moved,
    shaken,
    square,
    told,
)
from robocalc.dynamics.borrow import borrowed
from robocalc.jit import njit


@njit
def apply_step(P, out, h, A, B, W, n):
    """Rows of F P for one step: v: P_v + h (A P_q + B P_v + W P_d), q: P_q + h v's, d: P_d."""
    m = P.shape[1]
    wanders = P.shape[0] > 2 * n
    for i in range(n):
        row, position = out[n + i], out[i]
        for c in range(m):
            row[c] = 0.0
        for j in range(n):
            a, b = A[i, j], B[i, j]
            for c in range(m):
                row[c] += a * P[j, c] + b * P[n + j, c]
        if wanders:
            for j in range(n):
                w = W[i, j]
                for c in range(m):
                    row[c] += w * P[2 * n + j, c]
        for c in range(m):
            row[c] = P[n + i, c] + h * row[c]
            position[c] = P[i, c] + h * row[c]
    for i in range(2 * n, P.shape[0]):
        for c in range(m):
            out[i, c] = P[i, c]


@njit
def moved_covariance(P, T, h, A, B, W, n):
    """P = F P Fᵀ in place, T (nx, nx) scratch."""
    apply_step(P, T, h, A, B, W, n)
    for i in range(len(P)):
        for j in range(len(P)):
            P[j, i] = T[i, j]
    apply_step(P, T, h, A, B, W, n)
    for i in range(len(P)):
        for j in range(len(P)):
            P[i, j] = 0.5 * (T[i, j] + T[j, i])


@njit
def ekf_step(model, gains, memory, tau, h, P):
    """One step of h [s] of estimate and covariance."""
    n = len(tau)
    A, B, W = square(memory, BLOCKS, n), square(memory, BLOCKS + 1, n), square(memory, BLOCKS + 2, n)
    T = square(memory, TEMP, len(P))
    x, acc = memory[X], memory[WORK, n : 2 * n]
    linearised(model, gains, x, memory[RUB], 1.0, tau, acc, A, B, W)
    moved(x, acc, h)
    moved_covariance(P, T, h, A, B, W, n)
    shaken(gains, P, h, W, n)


@njit
def ekf(model, gains, memory, k, applied, reference, q, v, ref, out):
    """The extended Kalman filter."""
    model, gains, memory, applied, reference = borrowed((model, gains, memory, applied, reference))
    q, v, ref, out = borrowed((q, v, ref, out))
    P, tau = square(memory, COV, int(gains[HEAD, SIZE])), memory[WORK, : len(q)]
    now, at = stamps(k, gains)
    first = begun(gains, memory, q, ref, P)
    while not first and now - at > PIECE:
        h = piece(at, now)
        given(applied, at, h, tau)
        ekf_step(model, gains, memory, tau, h * gains[HEAD, DT], P)
        at += h
    told(model, gains, memory, k, now, applied, reference, q, v, ref, P, first, out)
