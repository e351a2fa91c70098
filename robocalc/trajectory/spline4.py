"""Minimum snap through waypoints, rest or given state at the ends: block elimination of 3 x 3 blocks, unrolled.

As spline3.py, with unknowns velocity, acceleration and jerk at the inner knots and the form ENERGY[4] of hermite.py,
whose entry of derivative orders i, j scales by h^(i + j - 7).
"""

import numpy as np

from robocalc.jit import njit

SIXTH = 1 / 6


@njit
def symmetric_inverse(a, b, c, d, e, f):
    """Inverse of [[a, b, c], [b, d, e], [c, e, f]], its six entries in the same order."""
    p, q, r = d * f - e * e, c * e - b * f, b * e - c * d
    det = 1.0 / (a * p + b * q + c * r)
    return p * det, q * det, r * det, (a * f - c * c) * det, (b * c - a * e) * det, (a * d - b * b) * det


@njit
def coupling(r):
    """Block towards the knot before across a segment of time 1 / r; rows v, a, j of the later knot."""
    r2 = r * r
    r3 = r2 * r
    r4, r5 = r2 * r2, r3 * r2
    return 24480.0 * r5, 4680.0 * r4, 360.0 * r3, -4680.0 * r4, -840.0 * r3, -60.0 * r2, 360.0 * r3, 60.0 * r2, 4.0 * r


@njit
def minimum_snap_kernel(t, p, ends, spread, c):
    """Coefficients c (K, 8, n) through p (K + 1, n) at times t (K + 1,); returns as minimum_jerk_kernel.

    ends (6, n) = v, a, j at the start, v, a, j at the end.
    """
    K, n = c.shape[0], c.shape[2]
    work = np.empty((K + 1, 6))
    shortest, longest, increasing = np.inf, 0.0, True
    for i in range(n):
        c[0, 1, i], c[0, 2, i], c[0, 3, i] = ends[0, i], ends[1, i], ends[2, i]
    h = t[1] - t[0]
    r = 1.0 / h
    i1, i2, i3, i4, i5, i6 = 1.0, 0.0, 0.0, 1.0, 0.0, 1.0  # the state at the start is known
    first = 0.0
    for k in range(1, K):
        increasing &= h > 0.0
        shortest, longest = min(shortest, h), max(longest, h)
        h = t[k + 1] - t[k]
        g = 1.0 / h
        l11, l12, l13, l21, l22, l23, l31, l32, l33 = coupling(r)
        w11, w12, w13 = l11 * i1 + l12 * i2 + l13 * i3, l11 * i2 + l12 * i4 + l13 * i5, l11 * i3 + l12 * i5 + l13 * i6
        w21, w22, w23 = l21 * i1 + l22 * i2 + l23 * i3, l21 * i2 + l22 * i4 + l23 * i5, l21 * i3 + l22 * i5 + l23 * i6
        w31, w32, w33 = l31 * i1 + l32 * i2 + l33 * i3, l31 * i2 + l32 * i4 + l33 * i5, l31 * i3 + l32 * i5 + l33 * i6
        r2, g2 = r * r, g * g
        r3, g3 = r2 * r, g2 * g
        r4, g4 = r2 * r2, g2 * g2
        r5, g5 = r3 * r2, g3 * g2
        d11 = 25920.0 * (r5 + g5) - first * (w11 * l11 + w12 * l12 + w13 * l13)
        d12 = 5400.0 * (g4 - r4) - first * (w11 * l21 + w12 * l22 + w13 * l23)
        d13 = 480.0 * (r3 + g3) - first * (w11 * l31 + w12 * l32 + w13 * l33)
        d22 = 1200.0 * (r3 + g3) - first * (w21 * l21 + w22 * l22 + w23 * l23)
        d23 = 120.0 * (g2 - r2) - first * (w21 * l31 + w22 * l32 + w23 * l33)
        d33 = 16.0 * (r + g) - first * (w31 * l31 + w32 * l32 + w33 * l33)
        first = 1.0
        i1, i2, i3, i4, i5, i6 = symmetric_inverse(d11, d12, d13, d22, d23, d33)
        work[k, 0], work[k, 1], work[k, 2], work[k, 3], work[k, 4], work[k, 5] = i1, i2, i3, i4, i5, i6
        e1, e2, e3 = 50400.0 * r3 * r3, -10080.0 * r5, 840.0 * r4
        f1, f2, f3 = 50400.0 * g3 * g3, 10080.0 * g5, 840.0 * g4
        before, here, after = p[k - 1], p[k], p[k + 1]
        yv, ya, yj, xv, xa, xj = c[k - 1, 1], c[k - 1, 2], c[k - 1, 3], c[k, 1], c[k, 2], c[k, 3]
        for i in range(n):
            left, right = here[i] - before[i], after[i] - here[i]
            y1, y2, y3 = yv[i], ya[i], yj[i]
            xv[i] = e1 * left + f1 * right - (w11 * y1 + w12 * y2 + w13 * y3)
            xa[i] = e2 * left + f2 * right - (w21 * y1 + w22 * y2 + w23 * y3)
            xj[i] = e3 * left + f3 * right - (w31 * y1 + w32 * y2 + w33 * y3)
        r = g
    shortest, longest = min(shortest, h), max(longest, h)
    if not (increasing and shortest > 0.0 and longest < 1e100):
        return 1
    v_after, a_after, j_after = ends[3].copy(), ends[4].copy(), ends[5].copy()
    for k in range(K - 1, -1, -1):
        h = t[k + 1] - t[k]
        g = 1.0 / h
        h2, h3 = h * h, h * h * h
        g4 = g * g * g * g
        g5 = g4 * g
        g6, g7 = g5 * g, g5 * g * g
        if k > 0:
            i1, i2, i3, i4, i5, i6 = work[k, 0], work[k, 1], work[k, 2], work[k, 3], work[k, 4], work[k, 5]
            l11, l12, l13, l21, l22, l23, l31, l32, l33 = coupling(g)
        else:
            i1, i2, i3, i4, i5, i6 = 1.0, 0.0, 0.0, 1.0, 0.0, 1.0
            l11, l12, l13, l21, l22, l23, l31, l32, l33 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        here, after = p[k], p[k + 1]
        c0, c1, c2, c3, c4, c5, c6, c7 = c[k, 0], c[k, 1], c[k, 2], c[k, 3], c[k, 4], c[k, 5], c[k, 6], c[k, 7]
        for i in range(n):
            v1, a1, j1 = v_after[i], a_after[i], j_after[i]
            y1 = c1[i] - (l11 * v1 + l21 * a1 + l31 * j1)
            y2 = c2[i] - (l12 * v1 + l22 * a1 + l32 * j1)
            y3 = c3[i] - (l13 * v1 + l23 * a1 + l33 * j1)
            v = i1 * y1 + i2 * y2 + i3 * y3
            a = i2 * y1 + i4 * y2 + i5 * y3
            j = i3 * y1 + i5 * y2 + i6 * y3
            v_after[i], a_after[i], j_after[i] = v, a, j
            # from here on all have the unit of a position; differences to the motion that goes on from the start
            V, A, J = v * h, a * h2, j * h3
            d = after[i] - here[i] - V - 0.5 * A - J * SIXTH
            w = v1 * h - V - A - 0.5 * J
            b = a1 * h2 - A - J
            u = j1 * h3 - J
            c0[i] = here[i]
            c1[i] = v
            c2[i] = 0.5 * a
            c3[i] = j * SIXTH
            c4[i] = (35.0 * d - 15.0 * w + 2.5 * b - u * SIXTH) * g4
            c5[i] = (-84.0 * d + 39.0 * w - 7.0 * b + 0.5 * u) * g5
            c6[i] = (70.0 * d - 34.0 * w + 6.5 * b - 0.5 * u) * g6
            c7[i] = (-20.0 * d + 10.0 * w - 2.0 * b + u * SIXTH) * g7
    check = 0.0
    for i in range(n):
        check += c[0, 7, i] - c[0, 7, i]
    if check != 0.0:  # NaN too
        return 2
    return 3 if longest > spread * shortest else 0
