"""The farthest point of a convex shape in a direction: all that distance needs to know of a shape.

A shape is row g of the tables of a Scene: points (a hull, also the two ends of a capsule and the middle of a ball, with
`data[g, ROUND]` around them), a box or a cylinder.
"""

from robocalc.jit import njit

POINTS, BOX, CYLINDER, HALF_SPACE = range(4)
# columns of Scene.ints
KIND, FRAME, FIRST, LAST, BALL, BALLS, ITEM = range(7)
# columns of Scene.data
CENTRE, RADIUS, ROUND, MIDDLE, AXES, HALF = 0, 3, 4, 5, 8, 17


@njit
def support(work, ints, data, vertices, first, neighbours, g, d0, d1, d2, start):
    """(x, y, z, i): the point of shape g, without its rounding, farthest along d in world; i is the vertex.

    The walk over a hull begins at vertex `start`; a vertex that no neighbour beats is the farthest.
    """
    frame, kind = ints[g, 1], ints[g, 0]
    e0, e1, e2 = d0, d1, d2
    if frame > 0:
        X = work[frame]
        e0 = X[0] * d0 + X[3] * d1 + X[6] * d2
        e1 = X[1] * d0 + X[4] * d1 + X[7] * d2
        e2 = X[2] * d0 + X[5] * d1 + X[8] * d2
    i = start
    if kind == 0:
        best = vertices[i, 0] * e0 + vertices[i, 1] * e1 + vertices[i, 2] * e2
        while True:
            here = i
            for k in range(first[here], first[here + 1]):
                j = neighbours[k]
                s = vertices[j, 0] * e0 + vertices[j, 1] * e1 + vertices[j, 2] * e2
                if s > best:
                    best, i = s, j
            if i == here:
                break
        x0, x1, x2 = vertices[i, 0], vertices[i, 1], vertices[i, 2]
    else:
        D = data[g]
        s0 = D[8] * e0 + D[9] * e1 + D[10] * e2
        s1 = D[11] * e0 + D[12] * e1 + D[13] * e2
        s2 = D[14] * e0 + D[15] * e1 + D[16] * e2
        h2 = D[19] if s2 >= 0.0 else -D[19]
        if kind == 1:
            h0 = D[17] if s0 >= 0.0 else -D[17]
            h1 = D[18] if s1 >= 0.0 else -D[18]
        else:
            across = (s0 * s0 + s1 * s1) ** 0.5
            scale = D[17] / across if across > 0.0 else 0.0
            h0, h1 = s0 * scale, s1 * scale
        x0 = D[5] + h0 * D[8] + h1 * D[11] + h2 * D[14]
        x1 = D[6] + h0 * D[9] + h1 * D[12] + h2 * D[15]
        x2 = D[7] + h0 * D[10] + h1 * D[13] + h2 * D[16]
    if frame > 0:
        X = work[frame]
        return (
            X[9] + X[0] * x0 + X[1] * x1 + X[2] * x2,
            X[10] + X[3] * x0 + X[4] * x1 + X[5] * x2,
            X[11] + X[6] * x0 + X[7] * x1 + X[8] * x2,
            i,
        )
    return x0, x1, x2, i
