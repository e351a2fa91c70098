"""The curvature of a robot's step, weighted by costates: what Gauss-Newton leaves out. Compiled.

    curve_robot   Hessians (N + 1, 3n, 3n) with it

With τ = ID(q, v, a) and w = M⁻¹ μ the second derivative of μᵀa(q, v, τ) by z = (q, v, τ) is that of inverse dynamics,

    ∇²(μᵀa) = -(∂ζ/∂z)ᵀ ∇²(wᵀ ID) (∂ζ/∂z),    ζ = (q, v, a(z)),

whose parts by (a, q), (v, v) and (v, q) are derivatives of M w and of Coriolis forces, and whose part by (q, q) is a
difference of wᵀ ∂ID/∂q. Source: Nganga & Wensing, "Accelerating second-order DDP for rigid-body systems", RA-L 2021.
"""

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels_derivatives import rnea_derivatives
from robocalc.jit import njit

NUDGE = 1e-6  # [rad | m] of the differences: a Hessian to six digits serves Newton's method


@njit
def curve_robot(model, h, X, A, AB, lz, lzz, full):
    """full = lzz + Σ costate × curvature of the step, for the costates λ_k = l_x + A_kᵀ λ_{k+1}."""
    model = borrowed(model)
    N, nx, nz = AB.shape
    n = nx // 2
    S, E, G = np.empty((nx, nx)), np.empty((n, n)), np.empty((n, n))
    dq, dv, M = np.empty((n, n)), np.empty((n, n)), np.empty((n, n))
    costate, before, w, rest = np.empty(nx), np.empty(nx), np.empty(n), np.zeros(n)
    full[N] = lzz[N]
    for i in range(nx):
        costate[i] = lz[N, i]
    for t in range(N - 1, -1, -1):
        J = AB[t]
        for i in range(n):
            w[i] = 0.0
            for j in range(n):  # M⁻¹ is the last block over h
                w[i] += J[n + i, nx + j] * (costate[n + j] + h * costate[j])
        _inverse_dynamics(model, X[t, :n], X[t, n:], A[t], w, rest, dq, dv, M, S, E, G)
        F = full[t]
        F[:] = lzz[t]
        for i in range(nx):
            for j in range(nx):
                F[i, j] -= S[i, j]
        for r in range(n):  # - a_zᵀ E on the columns of q, and its mirror
            for i in range(nz):
                s = (J[n + r, i] - (1.0 if i == n + r else 0.0)) / h
                for j in range(n):
                    F[i, j] -= s * E[r, j]
                    F[j, i] -= s * E[r, j]
        for i in range(nx):
            before[i] = lz[t, i]
        for r in range(nx):
            for i in range(nx):
                before[i] += J[r, i] * costate[r]
        costate, before = before, costate


@njit
def _inverse_dynamics(model, q, v, a, w, rest, dq, dv, M, S, E, G):
    """Second derivatives of wᵀ ID(q, v, a): S (2n, 2n) by (q, v), E (n, n) by a and q; G scratch."""
    n = len(q)
    rnea_derivatives(model, q, rest, w, E, dv, M)
    rnea_derivatives(model, q, rest, rest, G, dv, M)
    for i in range(n):
        for j in range(n):
            E[i, j] -= G[i, j]
    rnea_derivatives(model, q, v, a, dq, dv, M)
    base = np.zeros(2 * n)  # wᵀ ∂ID/∂(q, v) here
    for i in range(n):
        for j in range(n):
            base[j] += w[i] * dq[i, j]
            base[n + j] += w[i] * dv[i, j]
    there = q.copy()
    for k in range(n):
        there[k] = q[k] + NUDGE
        rnea_derivatives(model, there, v, a, dq, dv, M)
        there[k] = q[k]
        for j in range(n):
            s, c = 0.0, 0.0
            for i in range(n):
                s += w[i] * dq[i, j]
                c += w[i] * dv[i, j]
            S[k, j], S[k, n + j] = (s - base[j]) / NUDGE, (c - base[n + j]) / NUDGE
    for k in range(n):  # Coriolis forces are quadratic in v: their derivative at a unit velocity is the second one
        rest[k] = 1.0
        rnea_derivatives(model, q, rest, a, dq, dv, M)
        rest[k] = 0.0
        for j in range(n):
            s = 0.0
            for i in range(n):
                s += w[i] * dv[i, j]
            S[n + k, n + j] = s
    for i in range(n):
        for j in range(i):
            S[i, j] = S[j, i] = 0.5 * (S[i, j] + S[j, i])
        for j in range(n):
            S[n + j, i] = S[i, n + j]
