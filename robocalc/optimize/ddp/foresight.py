"""Which inequalities press, now and after a step, and what that changes in the quadratic model.

    Seen        values and Jacobians of the rows of every node
    pressing    the sides on which they press now
    foreseen    the sides after the linear step
    reactivate  the model with other sides

A penalty is flat inside its bounds: a model that does not see the wall it runs into takes tiny steps.
"""

from typing import NamedTuple

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.jit import njit


class Seen(NamedTuple):
    """X (N + 1, nx) states; G (N, ng) rows of the nodes, J (N, ng, nz) their Jacobians."""

    X: np.ndarray
    G: np.ndarray
    J: np.ndarray


@njit(inline="always")
def _side(c, lo, hi, lam, mu):
    """-1, 0 or 1; an equation always presses."""
    z = c + lam / mu
    if lo == hi:
        return 1.0
    return -1.0 if z < lo else 1.0 if z > hi else 0.0


@njit
def pressing(seen, rows, x_sides, g_sides):
    """Into x_sides (N + 1, nx), g_sides (N, ng)."""
    seen, rows = borrowed(seen), borrowed(rows)
    x, g = rows.x, rows.g
    for n in range(len(seen.X)):
        for i in range(seen.X.shape[1]):
            x_sides[n, i] = _side(seen.X[n, i], x[0, n, i], x[1, n, i], x[2, n, i], x[3, n, i])
    for n in range(len(seen.G)):
        for r in range(seen.G.shape[1]):
            g_sides[n, r] = _side(seen.G[n, r], g[0, n, r], g[1, n, r], g[2, n, r], g[3, n, r])


@njit
def foreseen(AB, gap, k, K, d0, seen, rows, x_sides, g_sides):
    """Into x_sides, g_sides the sides after the linear step along the law k, K from d0; how many change."""
    seen, rows = borrowed(seen), borrowed(rows)
    x, g = rows.x, rows.g
    N, nx, nz = AB.shape
    z, y = np.empty(nz), np.empty(nx)
    changed = 0
    for i in range(nx):
        z[i] = d0[i]
    for n in range(N + 1):
        for i in range(nx):
            side = _side(seen.X[n, i] + z[i], x[0, n, i], x[1, n, i], x[2, n, i], x[3, n, i])
            if side != x_sides[n, i]:
                x_sides[n, i] = side
                changed += 1
        if n == N:
            break
        for i in range(nz - nx):
            s = k[n, i]
            for j in range(nx):
                s += K[n, i, j] * z[j]
            z[nx + i] = s
        for r in range(seen.G.shape[1]):
            c = seen.G[n, r]
            for j in range(nz):
                c += seen.J[n, r, j] * z[j]
            side = _side(c, g[0, n, r], g[1, n, r], g[2, n, r], g[3, n, r])
            if side != g_sides[n, r]:
                g_sides[n, r] = side
                changed += 1
        for i in range(nx):
            s = gap[n + 1, i]
            for j in range(nz):
                s += AB[n, i, j] * z[j]
            y[i] = s
        for i in range(nx):
            z[i] = y[i]
    return changed


@njit(inline="always")
def _change(c, a, b, lo, hi, lam, mu):
    """(slope, curvature, value) that the model gains where a row leaves side a for side b."""
    slope, curve, value = 0.0, 0.0, 0.0
    if a != 0.0:
        f = mu * (c - (lo if a < 0 else hi)) + lam
        slope, curve, value = -f, -mu, -0.5 * f * f / mu
    if b != 0.0:
        f = mu * (c - (lo if b < 0 else hi)) + lam
        slope, curve, value = slope + f, curve + mu, value + 0.5 * f * f / mu
    return slope, curve, value


@njit
def reactivate(seen, rows, x_before, x_after, g_before, g_after, lz, lzz, full):
    """Gradient and Hessians with rows on the sides `after` instead of `before`; by how much the value here grows."""
    seen, rows = borrowed(seen), borrowed(rows)
    x, g = rows.x, rows.g
    same = lzz.ctypes.data == full.ctypes.data
    grown = 0.0
    for n in range(len(seen.X)):
        for i in range(seen.X.shape[1]):
            a, b = x_before[n, i], x_after[n, i]
            if a != b:
                f, h, v = _change(seen.X[n, i], a, b, x[0, n, i], x[1, n, i], x[2, n, i], x[3, n, i])
                lz[n, i] += f
                lzz[n, i, i] += h
                grown += v
                if not same:
                    full[n, i, i] += h
    for n in range(len(seen.G)):
        for r in range(seen.G.shape[1]):
            a, b = g_before[n, r], g_after[n, r]
            if a != b:
                f, h, v = _change(seen.G[n, r], a, b, g[0, n, r], g[1, n, r], g[2, n, r], g[3, n, r])
                grown += v
                J = seen.J[n, r]
                for i in range(len(J)):
                    lz[n, i] += f * J[i]
                    for j in range(len(J)):
                        lzz[n, i, j] += h * J[i] * J[j]
                        if not same:
                            full[n, i, j] += h * J[i] * J[j]
    return grown
