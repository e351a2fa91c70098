"""The backward pass: a quadratic model of the cost to go, from the last node to the first, and the law that follows.

    backward   feed-forward k, gains K of every node
    predicted  what the linear motion along them would change

z = (x, u), l the cost of a node, x⁺ = F(z) with Jacobian AB = [A B] and gap = F(z_k) - x_{k+1}:

    Q_z = l_z + ABᵀ (V_x + V_xx gap),    Q_zz = l_zz + ABᵀ V_xx AB
    k = argmin within the bounds,    K = -Q_uu⁻¹ Q_ux on the inputs that are free, 0 on those that are not

Source: Tassa et al. (2014); Mastalli et al., "Crocoddyl", ICRA 2020, for the gaps.
"""

import numpy as np

from robocalc.jit import njit
from robocalc.optimize.ddp.box import box_step


@njit
def backward(AB, lz, lzz, gap, U, lo, hi, reg, k, K, Vx, V):
    """(node at which it failed or -1, Σ Q_uᵀk, Σ kᵀQ_uu k); cost to go of the first node in Vx (nx,), V (nx, nx).

    AB      (N, nx, nx + nu), lz (N + 1, nz), lzz (N + 1, nz, nz): of the last node the x part alone
    gap     (N + 1, nx): of node 0 is unused
    lo, hi  (nu,) bounds of the inputs U (N, nu)
    reg     added to the diagonals of Q_uu and V_xx
    k, K    (N, nu), (N, nu, nx)
    """
    N, nx, nz = AB.shape
    nu = nz - nx
    W, Q, Qz = np.empty((nx, nz)), np.empty((nz, nz)), np.empty(nz)
    H, L = np.empty((nu, nu)), np.empty((nu, nu))
    free, step, low, high = np.empty(nu), np.empty(nu), np.empty(nu), np.empty(nu)
    slope, curve = 0.0, 0.0
    for i in range(nx):
        Vx[i] = lz[N, i]
        for j in range(nx):
            V[i, j] = lzz[N, i, j]
        V[i, i] += reg
    for n in range(N - 1, -1, -1):
        _expand(AB[n], lz[n], lzz[n], gap[n + 1], Vx, V, W, Q, Qz)
        for i in range(nu):
            low[i], high[i] = lo[i] - U[n, i], hi[i] - U[n, i]
            for j in range(nu):
                H[i, j] = Q[nx + i, nx + j]
            H[i, i] += reg
        kn, Kn = k[n], K[n]
        if not box_step(H, Qz[nx:], low, high, kn, free, L, step):
            return n, slope, curve
        for i in range(nu):
            slope += Qz[nx + i] * kn[i]
            for j in range(nu):
                curve += kn[i] * H[i, j] * kn[j]
        _law(Q, Qz, L, free, kn, Kn, Vx, V, reg)
        if not np.isfinite(Vx[0]):
            return n, slope, curve
    return -1, slope, curve


@njit
def _expand(AB, lz, lzz, gap, Vx, V, W, Q, Qz):
    """Q_z and Q_zz (the lower triangle) of a node; W (nx, nz) is scratch."""
    nx, nz = AB.shape
    for i in range(nx):
        row = W[i]
        for j in range(nz):
            row[j] = 0.0
        s = Vx[i]
        for r in range(nx):
            v, a = V[i, r], AB[r]
            s += v * gap[r]
            for j in range(nz):
                row[j] += v * a[j]
        Vx[i] = s
    for i in range(nz):
        Qz[i] = lz[i]
        for j in range(i + 1):
            Q[i, j] = lzz[i, j]
    for r in range(nx):
        a, row, s = AB[r], W[r], Vx[r]
        for j in range(nz):
            Qz[j] += a[j] * s
        for i in range(nz):
            s, q = a[i], Q[i]
            for j in range(i + 1):
                q[j] += s * row[j]
    for i in range(nx, nz):
        for j in range(nx, i):
            Q[j, i] = Q[i, j]


@njit
def _law(Q, Qz, L, free, k, K, Vx, V, reg):
    """K of a node from the factors L, and its cost to go: V_x = Q_x + Q_uxᵀ k, V_xx = Q_xx - Yᵀ Y, Y = L⁻¹ Q_ux."""
    nu, nx = K.shape
    for j in range(nx):
        s = Qz[j]
        for i in range(nu):
            s += Q[nx + i, j] * k[i]
        Vx[j] = s
    for i in range(nu):
        row, q = K[i], Q[nx + i]
        for j in range(nx):
            row[j] = q[j] * free[i]
        for r in range(i):
            s, y = L[i, r], K[r]
            for j in range(nx):
                row[j] -= s * y[j]
        s = L[i, i]
        for j in range(nx):
            row[j] *= s
    for i in range(nx):
        v, q = V[i], Q[i]
        for j in range(i + 1):
            v[j] = q[j]
    for r in range(nu):
        row = K[r]
        for i in range(nx):
            s, v = row[i], V[i]
            for j in range(i + 1):
                v[j] -= s * row[j]
    for i in range(nx):
        for j in range(i):
            V[j, i] = V[i, j]
        V[i, i] += reg
    for i in range(nu - 1, -1, -1):
        row = K[i]
        for r in range(i + 1, nu):
            s, y = L[r, i], K[r]
            for j in range(nx):
                row[j] -= s * y[j]
        s = L[i, i]
        for j in range(nx):
            row[j] *= s
    for i in range(nu):
        for j in range(nx):
            K[i, j] = -K[i, j]


@njit
def predicted(AB, lz, lzz, gap, k, K, d0):
    """(slope, curvature) of the cost along the linear motion that closes all gaps: Δ(α) = α slope + ½ α² curvature."""
    N, nx, nz = AB.shape
    z, y = np.empty(nz), np.empty(nx)
    slope, curve = 0.0, 0.0
    for i in range(nx):
        z[i] = d0[i]
    for n in range(N + 1):
        size = nx
        if n < N:
            size = nz
            for i in range(nz - nx):
                s = k[n, i]
                for j in range(nx):
                    s += K[n, i, j] * z[j]
                z[nx + i] = s
        for i in range(size):
            s = 0.0
            for j in range(size):
                s += lzz[n, i, j] * z[j]
            slope += lz[n, i] * z[i]
            curve += s * z[i]
        if n < N:
            for i in range(nx):
                s = gap[n + 1, i]
                for j in range(nz):
                    s += AB[n, i, j] * z[j]
                y[i] = s
            for i in range(nx):
                z[i] = y[i]
    return slope, curve
