"""The Newton step of the program of `third_kernel`: a block tridiagonal system, eliminated from first to last point."""

import numpy as np

from robocalc.jit import njit


@njit
def newton(h, gamma, x, u, first, last, ratio, fix, regular, D, C, g, dx, du, factor):
    """Solves for the step (dx, du): [D C e; ...] with x_{i+1} - x_i = h (u_i + u_{i+1}); overwrites D, C, g.

    ratio (2,): u = ratio x at the first and last point; fix (2,): 0 nothing, 1 x, 2 u - ratio x is fixed there.
    factor (N + 1, 12): what the way back needs.
    """
    ends_held(first, last, ratio, fix, regular, D, C, g)
    if not eliminated(h, gamma, x, u, first, last, ratio, fix, D, C, g, factor):
        return False
    a, b, c = D[last, 0], D[last, 1], D[last, 2]
    det = a * c - b * b
    if not det > 0.0:
        return False
    dx[last], du[last] = -(c * g[last, 0] - b * g[last, 1]) / det, -(a * g[last, 1] - b * g[last, 0]) / det
    for i in range(last - 1, first - 1, -1):
        f = factor[i]
        z0, z1 = dx[i + 1], du[i + 1]
        lam = (f[8] - f[9] * z0 - f[10] * z1) / f[11]
        dx[i] = f[0] - f[2] * lam - f[4] * z0 - f[5] * z1
        du[i] = f[1] - f[3] * lam - f[6] * z0 - f[7] * z1
    du[first] += ratio[0] * dx[first]
    du[last] += ratio[1] * dx[last]
    return True


@njit
def ends_held(first, last, ratio, fix, regular, D, C, g):
    """Unknowns of the first and last point as `ratio` and `fix` have them; diagonals grow by `regular`."""
    for i in range(first, last + 1):
        D[i, 0] *= 1.0 + regular
        D[i, 2] *= 1.0 + regular
    for end in range(2):
        i, rho = (first, ratio[0]) if end == 0 else (last, ratio[1])
        if rho != 0.0:  # unknowns (x, u - rho x)
            D[i, 0] += 2.0 * rho * D[i, 1] + rho * rho * D[i, 2]
            D[i, 1] += rho * D[i, 2]
            g[i, 0] += rho * g[i, 1]
            k = i if end == 0 else i - 1
            for c in range(2):
                if end == 0:
                    C[k, 0, c] += rho * C[k, 1, c]
                else:
                    C[k, c, 0] += rho * C[k, c, 1]
        if fix[end] > 0:
            c = fix[end] - 1
            D[i, 1], D[i, 2 * c], g[i, c] = 0.0, 1.0, 0.0
            if end == 0:
                C[i, c, 0], C[i, c, 1] = 0.0, 0.0
            else:
                C[i - 1, 0, c], C[i - 1, 1, c] = 0.0, 0.0


@njit
def eliminated(h, gamma, x, u, first, last, ratio, fix, D, C, g, factor):
    """Every point but the last taken out of D and g; False where a block is not positive definite."""
    e1, e2 = np.empty(2), np.empty(2)
    for i in range(first, last):
        along = gamma[i] * h[i]
        e1[0], e1[1], e2[0], e2[1] = -1.0, -along, 1.0, -along
        residual = x[i + 1] - x[i] - along * (u[i] + u[i + 1])
        if i == first:
            e1[0] += ratio[0] * e1[1]
            if fix[0] > 0:
                e1[fix[0] - 1] = 0.0
        if i == last - 1:
            e2[0] += ratio[1] * e2[1]
            if fix[1] > 0:
                e2[fix[1] - 1] = 0.0
        a, b, c = D[i, 0], D[i, 1], D[i, 2]
        det = a * c - b * b
        if not det > 0.0:
            return False
        i00, i01, i11 = c / det, -b / det, a / det
        v0, v1 = i00 * e1[0] + i01 * e1[1], i01 * e1[0] + i11 * e1[1]  # D⁻¹ e1
        w00, w01 = i00 * C[i, 0, 0] + i01 * C[i, 1, 0], i00 * C[i, 0, 1] + i01 * C[i, 1, 1]  # D⁻¹ C
        w10, w11 = i01 * C[i, 0, 0] + i11 * C[i, 1, 0], i01 * C[i, 0, 1] + i11 * C[i, 1, 1]
        y0, y1 = -(i00 * g[i, 0] + i01 * g[i, 1]), -(i01 * g[i, 0] + i11 * g[i, 1])
        ll = -(e1[0] * v0 + e1[1] * v1)
        l0, l1 = e2[0] - e1[0] * w00 - e1[1] * w10, e2[1] - e1[0] * w01 - e1[1] * w11
        lr = -residual - e1[0] * y0 - e1[1] * y1
        D[i + 1, 0] += -(C[i, 0, 0] * w00 + C[i, 1, 0] * w10) - l0 * l0 / ll
        D[i + 1, 1] += -(C[i, 0, 0] * w01 + C[i, 1, 0] * w11) - l0 * l1 / ll
        D[i + 1, 2] += -(C[i, 0, 1] * w01 + C[i, 1, 1] * w11) - l1 * l1 / ll
        g[i + 1, 0] += C[i, 0, 0] * y0 + C[i, 1, 0] * y1 + l0 * lr / ll
        g[i + 1, 1] += C[i, 0, 1] * y0 + C[i, 1, 1] * y1 + l1 * lr / ll
        f = factor[i]
        f[0], f[1], f[2], f[3], f[4], f[5] = y0, y1, v0, v1, w00, w01
        f[6], f[7], f[8], f[9], f[10], f[11] = w10, w11, lr, l0, l1, ll
    return True
