"""The point of a simplex (a point, segment, triangle or tetrahedron) nearest to the origin.

nearest    weights of the corners, and which corners are needed; rows of S are corners: y (3), a (3), b (3)
"""

from robocalc.jit import njit

FLAT = 1e-24  # relative squared volume or area: below, the simplex is one dimension less


@njit
def segment(a0, a1, a2, b0, b1, b2):
    """Weight of b in the point of a..b nearest to the origin, and its squared distance."""
    u0, u1, u2 = b0 - a0, b1 - a1, b2 - a2
    uu = u0 * u0 + u1 * u1 + u2 * u2
    t = -(a0 * u0 + a1 * u1 + a2 * u2)
    t = 0.0 if t <= 0.0 or uu == 0.0 else (1.0 if t >= uu else t / uu)
    x, y, z = a0 + t * u0, a1 + t * u1, a2 + t * u2
    return t, x * x + y * y + z * z


@njit
def triangle(S, i, j, k, out):
    """Nearest point of the triangle of rows i, j, k: weights into out (3,); returns its squared distance."""
    a0, a1, a2 = S[i, 0], S[i, 1], S[i, 2]
    b0, b1, b2 = S[j, 0], S[j, 1], S[j, 2]
    c0, c1, c2 = S[k, 0], S[k, 1], S[k, 2]
    u0, u1, u2 = b0 - a0, b1 - a1, b2 - a2
    v0, v1, v2 = c0 - a0, c1 - a1, c2 - a2
    n0, n1, n2 = u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0
    nn = n0 * n0 + n1 * n1 + n2 * n2
    uu, vv = u0 * u0 + u1 * u1 + u2 * u2, v0 * v0 + v1 * v1 + v2 * v2
    if nn > FLAT * uu * vv:
        # weights from areas seen along n; the origin may lie anywhere along n
        wc = n0 * (a1 * u2 - a2 * u1) + n1 * (a2 * u0 - a0 * u2) + n2 * (a0 * u1 - a1 * u0)
        wb = n0 * (v1 * a2 - v2 * a1) + n1 * (v2 * a0 - v0 * a2) + n2 * (v0 * a1 - v1 * a0)
        wa = nn - wb - wc
        if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
            out[0], out[1], out[2] = wa / nn, wb / nn, wc / nn
            h = a0 * n0 + a1 * n1 + a2 * n2
            return h * h / nn
    t, best = segment(a0, a1, a2, b0, b1, b2)
    out[0], out[1], out[2] = 1.0 - t, t, 0.0
    t, d = segment(b0, b1, b2, c0, c1, c2)
    if d < best:
        best = d
        out[0], out[1], out[2] = 0.0, 1.0 - t, t
    t, d = segment(c0, c1, c2, a0, a1, a2)
    if d < best:
        best = d
        out[0], out[1], out[2] = t, 0.0, 1.0 - t
    return best


@njit
def outside(S, i, j, k, o):
    """Whether the origin lies beyond the face i, j, k of a tetrahedron, seen from corner o; True where it is flat."""
    a0, a1, a2 = S[i, 0], S[i, 1], S[i, 2]
    u0, u1, u2 = S[j, 0] - a0, S[j, 1] - a1, S[j, 2] - a2
    v0, v1, v2 = S[k, 0] - a0, S[k, 1] - a1, S[k, 2] - a2
    n0, n1, n2 = u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0
    w0, w1, w2 = S[o, 0] - a0, S[o, 1] - a1, S[o, 2] - a2
    corner = n0 * w0 + n1 * w1 + n2 * w2
    nn, ww = n0 * n0 + n1 * n1 + n2 * n2, w0 * w0 + w1 * w1 + w2 * w2
    if corner * corner <= FLAT * nn * ww:
        return True
    return -(n0 * a0 + n1 * a1 + n2 * a2) * corner < 0.0


@njit
def nearest(S, m, weights):
    """(corners kept, squared distance): the nearest point of the simplex of the first m rows of S to the origin.

    S and weights are reduced to the corners that carry it. Four corners kept: the origin lies inside.
    """
    part = weights[4:]
    if m == 1:
        weights[0] = 1.0
        return 1, S[0, 0] * S[0, 0] + S[0, 1] * S[0, 1] + S[0, 2] * S[0, 2]
    for i in range(4):
        weights[i] = 0.0
    if m == 2:
        t, best = segment(S[0, 0], S[0, 1], S[0, 2], S[1, 0], S[1, 1], S[1, 2])
        weights[0], weights[1] = 1.0 - t, t
    elif m == 3:
        best = triangle(S, 0, 1, 2, weights)
    else:
        best = -1.0
        for face in range(4):
            i, j, k, o = face, (face + 1) % 4, (face + 2) % 4, (face + 3) % 4
            if outside(S, i, j, k, o):
                d = triangle(S, i, j, k, part)
                if best < 0.0 or d < best:
                    best = d
                    weights[i], weights[j], weights[k], weights[o] = part[0], part[1], part[2], 0.0
        if best < 0.0:
            return 4, 0.0
    kept = 0
    for i in range(m):
        if weights[i] > 0.0:
            if kept < i:
                weights[kept] = weights[i]
                for c in range(9):
                    S[kept, c] = S[i, c]
            kept += 1
    return kept, best
