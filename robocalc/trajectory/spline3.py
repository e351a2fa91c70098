"""Minimum jerk through waypoints, rest or given state at the ends: block elimination of 2 x 2 blocks, unrolled.

Unknowns are velocity v and acceleration a at the K - 1 inner knots. The cost of a segment of time h with ends (p, v, a)
is the quadratic form ENERGY[3] of hermite.py, its entry of derivative orders i, j scaled by h^(i + j - 5); its
derivatives to v and a at inner knots vanish. All joints share one factorisation, whose inverse blocks are kept.

Source: Bry, Richter, Bachrach & Roy (IJRR 2015); the elimination is the block Thomas algorithm.
"""

import numpy as np

from robocalc.jit import njit

OK, BAD_TIMES, BAD_WAYPOINTS, SPREAD = 0, 1, 2, 3  # what a solver returns


@njit
def minimum_jerk_kernel(t, p, ends, spread, c):
    """Coefficients c (K, 6, n) through p (K + 1, n) at times t (K + 1,); returns OK or what is wrong with the input.

    ends (4, n) = v, a at the start, v, a at the end; SPREAD where the longest segment is more than
    `spread` times the shortest (digits may be lost).
    """
    K, n = c.shape[0], c.shape[2]
    work = np.empty((K + 1, 3))
    v_after, a_after = np.empty(n), np.empty(n)
    shortest, longest, increasing = np.inf, 0.0, True
    # forward: c[k, 1:3] holds the reduced right-hand side of knot k, work[k] its inverse block
    for i in range(n):
        c[0, 1, i], c[0, 2, i] = ends[0, i], ends[1, i]
        v_after[i], a_after[i] = ends[2, i], ends[3, i]
    h = t[1] - t[0]
    r = 1.0 / h
    d11, d12, d22, det = 1.0, 0.0, 1.0, 0.0  # the state at the start is known: nothing is taken from the first block
    i11, i12, i22 = 1.0, 0.0, 1.0
    for k in range(1, K):
        increasing &= h > 0.0
        shortest, longest = min(shortest, h), max(longest, h)
        h = t[k + 1] - t[k]
        g = 1.0 / h
        r2, g2 = r * r, g * g
        r3, g3 = r2 * r, g2 * g
        l11, l12, l21, l22 = 168.0 * r3, 24.0 * r2, -24.0 * r2, -3.0 * r  # coupling L to the knot before
        w11, w12 = l11 * i11 + l12 * i12, l11 * i12 + l12 * i22
        w21, w22 = l21 * i11 + l22 * i12, l21 * i12 + l22 * i22
        # D = A - L D⁻¹ Lᵀ with the adjugate of D over its determinant: the division runs beside the products
        m11 = l11 * l11 * d22 - 2.0 * (l11 * l12) * d12 + l12 * l12 * d11
        m12 = l11 * l21 * d22 - (l11 * l22 + l12 * l21) * d12 + l12 * l22 * d11
        m22 = l21 * l21 * d22 - 2.0 * (l21 * l22) * d12 + l22 * l22 * d11
        d11 = 192.0 * (r3 + g3) - m11 * det
        d12 = 36.0 * (g2 - r2) - m12 * det
        d22 = 9.0 * (r + g) - m22 * det
        det = 1.0 / (d11 * d22 - d12 * d12)
        i11, i12, i22 = d22 * det, -d12 * det, d11 * det
        work[k, 0], work[k, 1], work[k, 2] = i11, i12, i22
        e1, f1, e2, f2 = 360.0 * r3 * r, 360.0 * g3 * g, -60.0 * r3, 60.0 * g3
        before, here, after = p[k - 1], p[k], p[k + 1]
        yv, ya, xv, xa = c[k - 1, 1], c[k - 1, 2], c[k, 1], c[k, 2]
        for i in range(n):
            left, right = here[i] - before[i], after[i] - here[i]
            xv[i] = e1 * left + f1 * right - (w11 * yv[i] + w12 * ya[i])
            xa[i] = e2 * left + f2 * right - (w21 * yv[i] + w22 * ya[i])
        r = g
    shortest, longest = min(shortest, h), max(longest, h)
    if not (increasing and shortest > 0.0 and longest < 1e100):
        return BAD_TIMES
    # backward: the state of knot k from that of knot k + 1, then the coefficients between them
    for k in range(K - 1, -1, -1):
        h = t[k + 1] - t[k]
        g = 1.0 / h
        g2 = g * g
        g3 = g2 * g
        g4 = g2 * g2
        twice, h2 = 2.0 * g, 0.5 * h
        if k > 0:
            i11, i12, i22 = work[k, 0], work[k, 1], work[k, 2]
            # inverse block times the coupling to the knot after
            u11, u12 = 168.0 * g3 * i11 + 24.0 * g2 * i12, -24.0 * g2 * i11 - 3.0 * g * i12
            u21, u22 = 168.0 * g3 * i12 + 24.0 * g2 * i22, -24.0 * g2 * i12 - 3.0 * g * i22
        else:
            i11, i12, i22, u11, u12, u21, u22 = 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0
        here, after = p[k], p[k + 1]
        c0, c1, c2, c3, c4, c5 = c[k, 0], c[k, 1], c[k, 2], c[k, 3], c[k, 4], c[k, 5]
        for i in range(n):
            v1, a1 = v_after[i], a_after[i]
            y1, y2 = c1[i], c2[i]
            v = i11 * y1 + i12 * y2 - (u11 * v1 + u12 * a1)
            a = i12 * y1 + i22 * y2 - (u21 * v1 + u22 * a1)
            d = (after[i] - here[i]) * twice - v - v1  # from here on all have the unit of a velocity
            w = v1 - v - h * a
            b = h2 * (a1 - a)
            x = 5.0 * d + w + b
            v_after[i], a_after[i] = v, a
            c0[i] = here[i]
            c1[i] = v
            c2[i] = 0.5 * a
            c3[i] = x * g2
            c4[i] = (w - 0.5 * b - 1.5 * x) * g3
            c5[i] = (3.0 * d + b) * g4
    check = 0.0  # a number that is not finite reaches the first segment of its joint through the elimination
    for i in range(n):
        check += c[0, 5, i] - c[0, 5, i]
    if check != 0.0:  # NaN too
        return BAD_WAYPOINTS
    return SPREAD if longest > spread * shortest else OK
