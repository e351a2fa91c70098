"""Exact nearest points where one shape is a cylinder, from the corner, edge or face of the other that GJK has found.

GJK closes in on what is round only up to rounding of its slim simplexes (direction good to 1e-5); with the right
feature known, the rest is one equation.
"""

import numpy as np

from robocalc.jit import njit

STEPS = 80
NEAR = 1e-7  # [m] that the distance may change by: more means that the feature was not the right one


@njit
def onto(p, radius, half, y):
    """The point y (3,) of a cylinder along z nearest to p, and p - y into y[3:6]."""
    across = np.sqrt(p[0] * p[0] + p[1] * p[1])
    scale = radius / across if across > radius else 1.0
    y[0], y[1], y[2] = p[0] * scale, p[1] * scale, min(max(p[2], -half), half)
    for c in range(3):
        y[3 + c] = p[c] - y[c]


@njit
def slope(L, t, radius, half, p, y):
    """(p - y) · u at p = L[0] + t u, u = L[1] - L[0]: half the derivative of the squared distance; increases with t."""
    s = 0.0
    for c in range(3):
        p[c] = L[0, c] + t * (L[1, c] - L[0, c])
    onto(p, radius, half, y)
    for c in range(3):
        s += y[3 + c] * (L[1, c] - L[0, c])
    return s


@njit
def edge(L, radius, half, p, y):
    """The point p of the edge L[0]..L[1] nearest to the cylinder, by the Illinois rule."""
    low, high = 0.0, 1.0
    f, g = slope(L, low, radius, half, p, y), slope(L, high, radius, half, p, y)
    if g <= 0.0:
        return
    if f >= 0.0:
        slope(L, low, radius, half, p, y)
        return
    side = 0
    for _ in range(STEPS):
        t = (low * g - high * f) / (g - f)
        s = slope(L, t, radius, half, p, y)
        if s == 0.0 or high - low <= 1e-16:
            return
        if s > 0.0:
            high, g = t, s
            f = 0.5 * f if side == 1 else f
            side = 1
        else:
            low, f = t, s
            g = 0.5 * g if side == -1 else g
            side = -1


@njit
def facet(L, radius, half, p, y):
    """Where a face L[0..2] is nearest to the cylinder's rim; False where the face lies along or across the axis."""
    u0, u1, u2 = L[1, 0] - L[0, 0], L[1, 1] - L[0, 1], L[1, 2] - L[0, 2]
    v0, v1, v2 = L[2, 0] - L[0, 0], L[2, 1] - L[0, 1], L[2, 2] - L[0, 2]
    n0, n1, n2 = u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0
    size, across = np.sqrt(n0 * n0 + n1 * n1 + n2 * n2), np.sqrt(n0 * n0 + n1 * n1)
    if across <= 1e-9 * size or abs(n2) <= 1e-9 * size or size < 1e-14:
        return False
    if n0 * L[0, 0] + n1 * L[0, 1] + n2 * L[0, 2] < 0.0:
        size = -size
    n0, n1, n2 = n0 / size, n1 / size, n2 / size
    across = abs(across / size)
    y[0], y[1], y[2] = n0 / across * radius, n1 / across * radius, half if n2 > 0.0 else -half
    d = n0 * (L[0, 0] - y[0]) + n1 * (L[0, 1] - y[1]) + n2 * (L[0, 2] - y[2])
    y[3], y[4], y[5] = d * n0, d * n1, d * n2
    for c in range(3):
        p[c] = y[c] + y[3 + c]
    return True


@njit
def polish(X, D, S, m, column, out, distance):
    """Better normal and points in out (10,) of a polytope and the cylinder D in frame X; the distance.

    column   where the simplex S, of m rows, keeps the points of the polytope: 3 if it is the first shape, else 6
    """
    L, p, y = np.empty((3, 3)), np.empty(3), np.empty(6)
    count = 0
    for k in range(m):
        known = False
        for i in range(k):
            known |= S[i, column] == S[k, column] and S[i, column + 1] == S[k, column + 1] and (
                S[i, column + 2] == S[k, column + 2]
            )  # fmt: skip
        if known:
            continue
        if count == 3:
            return distance
        x0, x1, x2 = S[k, column] - X[9], S[k, column + 1] - X[10], S[k, column + 2] - X[11]
        b0 = X[0] * x0 + X[3] * x1 + X[6] * x2 - D[5]
        b1 = X[1] * x0 + X[4] * x1 + X[7] * x2 - D[6]
        b2 = X[2] * x0 + X[5] * x1 + X[8] * x2 - D[7]
        for c in range(3):
            L[count, c] = D[8 + 3 * c] * b0 + D[9 + 3 * c] * b1 + D[10 + 3 * c] * b2
        count += 1
    if count == 1:
        for c in range(3):
            p[c] = L[0, c]
        onto(p, D[17], D[19], y)
    elif count == 2:
        edge(L, D[17], D[19], p, y)
    elif not facet(L, D[17], D[19], p, y):
        return distance
    found = np.sqrt(y[3] * y[3] + y[4] * y[4] + y[5] * y[5])
    if not abs(found - distance) < NEAR or found == 0.0:
        return distance
    sign, own, other = (1.0, 4, 7) if column == 3 else (-1.0, 7, 4)
    for c in range(3):  # back to world: axes of the cylinder, then its frame
        n = a = b = 0.0
        for k in range(3):
            e = X[3 * c] * D[8 + 3 * k] + X[3 * c + 1] * D[9 + 3 * k] + X[3 * c + 2] * D[10 + 3 * k]
            n, a, b = n + e * y[3 + k], a + e * p[k], b + e * y[k]
        middle = X[9 + c] + X[3 * c] * D[5] + X[3 * c + 1] * D[6] + X[3 * c + 2] * D[7]
        out[1 + c], out[own + c], out[other + c] = sign * n / found, a + middle, b + middle
    return found
