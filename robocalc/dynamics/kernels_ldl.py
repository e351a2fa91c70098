"""M = L D Lᵀ for the small dense symmetric matrices of a robot, in place."""

from robocalc.dynamics.kernels_frames import inlined


@inlined
def factor(M):
    """M = L D Lᵀ in place: strict lower triangle L, diagonal 1/D; the upper triangle stays."""
    n = len(M)
    for i in range(n):
        d = M[i, i]
        for j in range(i):
            s = M[i, j]
            for k in range(j):
                s -= M[i, k] * M[j, k]  # M[i, k] still holds L_ik D_k
            M[i, j] = s
        for j in range(i):
            s = M[i, j]
            M[i, j] = s * M[j, j]
            d -= s * M[i, j]
        M[i, i] = 1.0 / d


@inlined
def substitute(M, x):
    """x = M⁻¹ x in place, for M factored by `factor`."""
    n = len(x)
    for i in range(n):
        s = x[i]
        for k in range(i):
            s -= M[i, k] * x[k]
        x[i] = s
    for i in range(n):
        x[i] *= M[i, i]
    for i in range(n - 1, -1, -1):
        s = x[i]
        for k in range(i):
            x[k] -= M[i, k] * s
