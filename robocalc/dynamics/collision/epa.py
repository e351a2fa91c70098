"""Depth of an overlap: the nearest face of the difference of two convex shapes, seen from inside.

epa   how far, and which way, one shape must move to leave the other

source   van den Bergen (2001), "Proximity queries and penetration depth computation"
"""

import numpy as np

from robocalc.dynamics.collision.support import support
from robocalc.jit import njit

CORNERS, FACES = 200, 400
ENOUGH = 3e-14  # [m] by which the depth may be told too small on round shapes: their directions are good to its root
WAYS = np.array([[(d >> c) & 1 for c in range(3)] for d in (1, 2, 4, 3, 5, 6, 7, 7)], float)  # to look for corners
THIN = 1e-9  # [m] extent below which a difference has no volume


@njit
def add(work, ints, data, vertices, first, neighbours, a, b, d0, d1, d2, row):
    """The corner of a - b farthest along d, with its points on a and b, into row (9,)."""
    a0, a1, a2, _ = support(work, ints, data, vertices, first, neighbours, a, d0, d1, d2, ints[a, 2])
    b0, b1, b2, _ = support(work, ints, data, vertices, first, neighbours, b, -d0, -d1, -d2, ints[b, 2])
    row[0], row[1], row[2] = a0 - b0, a1 - b1, a2 - b2
    row[3], row[4], row[5] = a0, a1, a2
    row[6], row[7], row[8] = b0, b1, b2


@njit
def cross(P, o, i, j, out):
    """(P[i] - P[o]) × (P[j] - P[o]) into out (3,); returns its length."""
    u0, u1, u2 = P[i, 0] - P[o, 0], P[i, 1] - P[o, 1], P[i, 2] - P[o, 2]
    v0, v1, v2 = P[j, 0] - P[o, 0], P[j, 1] - P[o, 1], P[j, 2] - P[o, 2]
    out[0], out[1], out[2] = u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0
    return np.sqrt(out[0] * out[0] + out[1] * out[1] + out[2] * out[2])


@njit
def spread(P, m, n):
    """How far row m lies from the point, line or plane of the rows before it, m ≤ 3; n (3,): scratch."""
    if m == 0:
        return 1.0
    x, y, z = P[m, 0] - P[0, 0], P[m, 1] - P[0, 1], P[m, 2] - P[0, 2]
    if m == 1:
        return np.sqrt(x * x + y * y + z * z)
    u0, u1, u2 = P[1, 0] - P[0, 0], P[1, 1] - P[0, 1], P[1, 2] - P[0, 2]
    if m == 2:
        return cross(P, 0, 1, 2, n) / np.sqrt(u0 * u0 + u1 * u1 + u2 * u2)
    size = cross(P, 0, 1, 2, n)
    return abs(n[0] * x + n[1] * y + n[2] * z) / size


@njit
def tetrahedron(work, ints, data, vertices, first, neighbours, a, b, P, m, N):
    """Complete the first m rows of P to a tetrahedron; False where a - b has no volume. N: scratch rows."""
    while m < 4:
        best, chosen = THIN, -1
        way, n = N[0], N[1]
        for k in range(17):  # sixteen ways, then the best of them again
            if k == 16:
                if chosen < 0:
                    return False
                k = chosen
            d = k // 2
            way[0], way[1], way[2] = WAYS[d, 0], WAYS[d, 1], WAYS[d, 2]
            if d == 7 and m == 3:
                cross(P, 0, 1, 2, way)
            sign = -1.0 if k % 2 else 1.0
            add(
                work, ints, data, vertices, first, neighbours, a, b, sign * way[0], sign * way[1], sign * way[2], P[m]
            )  # fmt: skip
            s = spread(P, m, n)
            if s > best:
                best, chosen = s, k
        m += 1
    return True


@njit
def face(P, F, N, f, i, j, k, inner):
    """Face f through rows i, j, k with its normal outwards, seen from the point `inner`; its distance is N[f, 3]."""
    n = N[f]
    size = cross(P, i, j, k, n)
    F[f, 0], F[f, 1], F[f, 2], F[f, 3] = i, j, k, 1
    if size < 1e-18:
        n[0] = n[1] = n[2] = 0.0
        n[3] = np.inf  # a sliver is never the nearest
        return
    side = (P[i, 0] - inner[0]) * n[0] + (P[i, 1] - inner[1]) * n[1] + (P[i, 2] - inner[2]) * n[2]
    if side < 0.0:
        size = -size
        F[f, 1], F[f, 2] = k, j
    for c in range(3):
        n[c] /= size
    n[3] = n[0] * P[i, 0] + n[1] * P[i, 1] + n[2] * P[i, 2]


@njit
def rim_of(P, F, N, count, w, rim):
    """Take away the faces that row w sees; their rim into rim (E, 2); the number of its edges."""
    edges = 0
    for f in range(count):
        i = F[f, 0]
        above = (P[w, 0] - P[i, 0]) * N[f, 0] + (P[w, 1] - P[i, 1]) * N[f, 1] + (P[w, 2] - P[i, 2]) * N[f, 2]
        if F[f, 3] == 0 or above <= 1e-14:
            continue
        F[f, 3] = 0
        for c in range(3):
            i, j, shared = F[f, c], F[f, (c + 1) % 3], -1
            for e in range(edges):
                if rim[e, 0] == j and rim[e, 1] == i:
                    shared = e
            if shared >= 0:
                edges -= 1
                rim[shared, 0], rim[shared, 1] = rim[edges, 0], rim[edges, 1]
            else:
                rim[edges, 0], rim[edges, 1] = i, j
                edges += 1
    return edges


@njit
def lowest(F, N, count):
    """The face nearest to the origin."""
    best = -1
    for f in range(count):
        if F[f, 3] == 1 and (best < 0 or N[f, 3] < N[best, 3]):
            best = f
    return best


@njit
def epa(work, ints, data, vertices, first, neighbours, a, b, S, m, out):
    """Depth [m] of shapes a and b without rounding; S holds the first m corners of the simplex that `gjk` left.

    out   (10,) from 1: normal 3, the way a leaves b, then the deepest points on a and on b
    """
    P, F, N = np.empty((CORNERS, 9)), np.zeros((FACES, 4), np.int64), np.empty((FACES, 4))
    rim, inner = np.empty((3 * FACES, 2), np.int64), np.empty(3)
    for i in range(m):
        for c in range(9):
            P[i, c] = S[i, c]
    if not tetrahedron(work, ints, data, vertices, first, neighbours, a, b, P, m, N):
        out[1], out[2], out[3] = 0.0, 0.0, 1.0
        for c in range(6):
            out[4 + c] = P[0, 3 + c]
        return 0.0
    for c in range(3):
        inner[c] = (P[0, c] + P[1, c] + P[2, c] + P[3, c]) / 4
    for f in range(4):
        face(P, F, N, f, f, (f + 1) % 4, (f + 2) % 4, inner)
    count, best = 4, lowest(F, N, 4)
    for w in range(4, CORNERS):
        n = N[best]
        add(work, ints, data, vertices, first, neighbours, a, b, n[0], n[1], n[2], P[w])
        if P[w, 0] * n[0] + P[w, 1] * n[1] + P[w, 2] * n[2] - n[3] <= ENOUGH:
            break
        edges, f = rim_of(P, F, N, count, w, rim), 0
        for e in range(edges):
            while f < count and F[f, 3] == 1:
                f += 1
            if f < FACES:
                face(P, F, N, f, rim[e, 0], rim[e, 1], w, inner)
                count = max(count, f + 1)
        best = lowest(F, N, count)
    deepest(P, F, N, best, out)
    return max(N[best, 3], 0.0)


@njit
def deepest(P, F, N, f, out):
    """Normal and points where the origin meets face f, into out from 1."""
    n0, n1, n2, h = N[f, 0], N[f, 1], N[f, 2], N[f, 3]
    i, j, k = F[f, 0], F[f, 1], F[f, 2]
    total = 0.0
    for c in range(6):
        out[4 + c] = 0.0
    for _ in range(3):  # the weight of a corner is the area of the opposite side with the origin's foot
        x0, x1, x2 = P[j, 0] - n0 * h, P[j, 1] - n1 * h, P[j, 2] - n2 * h
        y0, y1, y2 = P[k, 0] - n0 * h, P[k, 1] - n1 * h, P[k, 2] - n2 * h
        w = n0 * (x1 * y2 - x2 * y1) + n1 * (x2 * y0 - x0 * y2) + n2 * (x0 * y1 - x1 * y0)
        total += w
        for c in range(6):
            out[4 + c] += w * P[i, 3 + c]
        i, j, k = j, k, i
    for c in range(6):
        out[4 + c] /= total
    out[1], out[2], out[3] = -n0, -n1, -n2
