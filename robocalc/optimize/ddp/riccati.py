"""The Riccati pass over a time-varying linear system, compiled.

    tvlqr_gains   K, P of N steps, checked
    riccati_pass  the kernel: into the caller's buffers, without allocation

    minimise Σ_k (xᵀQ x + uᵀR u) + x_Nᵀ Qf x_N,   x⁺ = A_k x + B_k u,   u = -K_k x,   cost to go xᵀ P_k x

Source: Bryson & Ho (1975), section 2.3; in the symmetric form P = Q + Aᵀ P A - Kᵀ H K, H = R + Bᵀ P B.
"""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.jit import njit


def tvlqr_gains(A, B, Q, R, Qf):
    """Gains and costs to go of the linear-quadratic problem of N steps.

    A, B      (N, n, n), (N, n, m): x⁺ = A_k x + B_k u
    Q, R      (n, n) and (m, m), or one for each step: (N, n, n), (N, m, m); symmetric
    Qf        (n, n), of the state after the last step
    returns   K (N, m, n) with u = -K_k x, P (N + 1, n, n) with P[N] = Qf
    raises    InvalidInput   shapes, numbers that are not finite, R + Bᵀ P B that is not positive definite
    """
    A, B, Q, R, Qf = (_array(name, x) for name, x in zip(("A", "B", "Q", "R", "Qf"), (A, B, Q, R, Qf), strict=True))
    if A.ndim != 3 or A.shape[1] != A.shape[2] or not len(A):
        raise InvalidInput(f"A must have shape (N, n, n) with N of at least 1, got {A.shape}")
    N, n, _ = A.shape
    if B.ndim != 3 or B.shape[:2] != (N, n) or not B.shape[2]:
        raise InvalidInput(f"B must have shape ({N}, {n}, m), got {B.shape}")
    m = B.shape[2]
    Q, R = _weights("Q", Q, N, n), _weights("R", R, N, m)
    if Qf.shape != (n, n):
        raise InvalidInput(f"Qf must have shape ({n}, {n}), got {Qf.shape}")
    K, P = np.empty((N, m, n)), np.empty((N + 1, n, n))
    P[N] = (Qf + Qf.T) / 2
    failed = riccati_pass(A, B, Q, R, K, P, np.empty((n + m, n + m)))
    if failed >= 0:
        raise InvalidInput(f"R + Bᵀ P B is not positive definite at step {failed}: R must outweigh what Q lacks")
    return K, P


def _array(name, x):
    try:
        x = np.ascontiguousarray(x, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be an array of numbers") from None
    if not np.isfinite(x).all():
        raise InvalidInput(f"{name} has entries that are not finite")
    return x


def _weights(name, W, N, n):
    """(1 or N, n, n), symmetric."""
    if W.shape not in ((n, n), (N, n, n)):
        raise InvalidInput(f"{name} must have shape ({n}, {n}) or ({N}, {n}, {n}), got {W.shape}")
    W = W.reshape(-1, n, n)
    if np.abs(W - W.transpose(0, 2, 1)).max() > 1e-9 * max(1.0, np.abs(W).max()):
        raise InvalidInput(f"{name} must be symmetric")
    return (W + W.transpose(0, 2, 1)) / 2


@njit
def riccati_pass(A, B, Q, R, K, P, work):
    """K (N, m, n) and P[:N] from P[N]; -1, or the step at which R + Bᵀ P B is not positive definite.

    Q, R   (N, n, n), (N, m, m), or with a leading 1 where all steps have the same
    work   (n + m, n + m) scratch
    """
    N, n, m = B.shape
    V, H = work[:n], work[n:, n:]  # V (n, n + m): P [A B]
    for k in range(N - 1, -1, -1):
        Ak, Bk, Kk, S, P_ = A[k], B[k], K[k], P[k + 1], P[k]
        Qk, Rk = Q[min(k, len(Q) - 1)], R[min(k, len(R) - 1)]
        for i in range(n):
            row = V[i]
            for j in range(n + m):
                row[j] = 0.0
            for r in range(n):
                s, a, b = S[i, r], Ak[r], Bk[r]
                for j in range(n):
                    row[j] += s * a[j]
                for j in range(m):
                    row[n + j] += s * b[j]
        for i in range(m):
            for j in range(m):
                H[i, j] = Rk[i, j]
            for j in range(n):
                Kk[i, j] = 0.0
        for i in range(n):
            for j in range(n):
                P_[i, j] = Qk[i, j]
        for r in range(n):
            row, a, b = V[r], Ak[r], Bk[r]
            for i in range(m):
                s = b[i]
                for j in range(m):
                    H[i, j] += s * row[n + j]
                for j in range(n):
                    Kk[i, j] += s * row[j]  # Bᵀ P A
            for i in range(n):
                s = a[i]
                for j in range(i + 1):
                    P_[i, j] += s * row[j]
        if not cholesky(H):
            return k
        _lower(H, Kk)
        for r in range(m):  # P -= Yᵀ Y, with Y = L⁻¹ Bᵀ P A
            row = Kk[r]
            for i in range(n):
                s = row[i]
                for j in range(i + 1):
                    P_[i, j] -= s * row[j]
        for i in range(n):
            for j in range(i):
                P_[j, i] = P_[i, j]
        _upper(H, Kk)
    return -1


@njit(inline="always")
def cholesky(H):
    """H = L Lᵀ in place: strict lower triangle of L, and 1 / L_ii on the diagonal; False unless positive definite."""
    m = len(H)
    for i in range(m):
        for j in range(i + 1):
            s = H[i, j]
            for k in range(j):
                s -= H[i, k] * H[j, k]
            if j < i:
                H[i, j] = s * H[j, j]
            elif s > 0.0:  # False for NaN
                H[i, i] = 1.0 / s**0.5
            else:
                return False
    return True


@njit(inline="always")
def _lower(L, X):
    """X = L⁻¹ X for X (m, n)."""
    for i in range(len(L)):
        row = X[i]
        for k in range(i):
            s, y = L[i, k], X[k]
            for j in range(len(row)):
                row[j] -= s * y[j]
        for j in range(len(row)):
            row[j] *= L[i, i]


@njit(inline="always")
def _upper(L, X):
    """X = L⁻ᵀ X for X (m, n)."""
    for i in range(len(L) - 1, -1, -1):
        row = X[i]
        for k in range(i + 1, len(L)):
            s, y = L[k, i], X[k]
            for j in range(len(row)):
                row[j] -= s * y[j]
        for j in range(len(row)):
            row[j] *= L[i, i]
