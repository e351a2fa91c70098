"""Compiled arithmetic of `bounds`: rows (N, M, R) at fractions of intervals, lo and hi (N, R) or (1, R)."""

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.topp.lines import divide


@njit
def locate(p, s, fraction, place, near, q, q1, q2, inside):
    """Points at fractions of each interval and the path's value and slopes there; `near` lies inside the interval."""
    N, order, n = p.shape
    for i in range(N):
        h = s[i + 1] - s[i]
        for m in range(len(fraction)):
            w = h * fraction[m]
            place[i, m] = s[i] + w
            near[i, m] = s[i] + h * min(max(fraction[m], inside), 1.0 - inside)
            for j in range(n):
                y, y1, y2 = 0.0, 0.0, 0.0
                for d in range(order - 1, -1, -1):
                    y2 = y2 * w + 2.0 * y1
                    y1 = y1 * w + y
                    y = y * w + p[i, d, j]
                q[i, m, j], q1[i, m, j], q2[i, m, j] = y, y1, y2


@njit
def torque_rows(terms, q1, fraction, x, floor, viscous, coulomb, low, high, a, b, c, lo, hi):
    """Rows of torque from terms (N, M, 3 n) = inertia, curvature and gravity; see `TorqueBound`."""
    N, M, n = q1.shape
    root = np.empty(M)
    for i in range(N):
        for m in range(M):
            root[m] = 0.0
            if len(x):
                root[m] = np.sqrt(max(x[i] * (1.0 - fraction[m]) + x[i + 1] * fraction[m], floor))
        for j in range(n):
            up, down = True, True
            for m in range(M):
                up, down = up and q1[i, m, j] >= 0.0, down and q1[i, m, j] <= 0.0
            sign = (1.0 if up else 0.0) - (1.0 if down else 0.0)
            margin = 0.0 if up or down else coulomb[j]
            lo[i, j], hi[i, j] = low[j] + margin, high[j] - margin
            for m in range(M):
                a[i, m, j], b[i, m, j] = terms[i, m, j], terms[i, m, n + j]
                c[i, m, j] = terms[i, m, 2 * n + j] + coulomb[j] * sign
        for m in range(M):
            if root[m] > 0.0:
                inverse = 1.0 / root[m]
                for j in range(n):
                    drag = 0.5 * viscous[j] * q1[i, m, j]
                    b[i, m, j] += drag * inverse
                    c[i, m, j] += drag * root[m]


@njit
def lay_rows(a, b, c, lo, hi, h, tight, first, P, UP, LO, cap, floor):
    """Lines of the three Bernstein coefficients of rows at (0, 1/2, 1), from row `first` on; tells whether rest is in.

    tight (2, N, R): by how much hi and lo give way.
    """
    N, _, R = a.shape
    low, high = np.empty((N, 3 * R)), np.empty((N, 3 * R))
    rests = True
    for i in range(N):
        k = i if len(lo) > 1 else 0
        for r in range(R):
            a0, b0, c0 = a[i, 0, r], b[i, 0, r], c[i, 0, r]
            a1, b1, c1 = a[i, 1, r] + h[i] * b[i, 1, r], b[i, 1, r], c[i, 1, r]
            a2, b2, c2 = a[i, 2, r] + 2.0 * h[i] * b[i, 2, r], b[i, 2, r], c[i, 2, r]
            P[i, first + r], P[i, first + 2 * R + r] = a0, a2
            P[i, first + R + r] = 2.0 * a1 - 0.5 * (a0 + a2)
            UP[i, first + r], UP[i, first + 2 * R + r] = b0, b2
            UP[i, first + R + r] = 2.0 * b1 - 0.5 * (b0 + b2)
            middle = 2.0 * c1 - 0.5 * (c0 + c2)
            top, bottom = hi[k, r] - tight[0, i, r], lo[k, r] + tight[1, i, r]
            high[i, r], high[i, R + r], high[i, 2 * R + r] = top - c0, top - middle, top - c2
            low[i, r], low[i, R + r], low[i, 2 * R + r] = bottom - c0, bottom - middle, bottom - c2
            rests = rests and min(top - c0, top - middle, top - c2) >= 0.0
            rests = rests and max(bottom - c0, bottom - middle, bottom - c2) <= 0.0
    divide(first, first + 3 * R, h, low, high, P, UP, LO, cap, floor)
    return rests


@njit
def give_way(ends, between, fraction, h, x, kept, spare, tight):
    """Raises tight where rows may leave [lo, hi] on the profile x; returns whether any may.

    The quadratic through the values at (0, 1/2, 1) is bounded by its Bernstein coefficients; the values `between` show
    how far rows stray from it. ends = (a, b, c, lo, hi), between = (a, b, c).
    """
    a, b, c, lo, hi = ends
    A, B, C = between
    N, M, R = A.shape
    left = False
    for i in range(N):
        u, k = (x[i + 1] - x[i]) / (2.0 * h[i]), i if len(lo) > 1 else 0
        for r in range(R):
            first = a[i, 0, r] * u + b[i, 0, r] * x[i] + c[i, 0, r]
            middle = a[i, 1, r] * u + b[i, 1, r] * 0.5 * (x[i] + x[i + 1]) + c[i, 1, r]
            last = a[i, 2, r] * u + b[i, 2, r] * x[i + 1] + c[i, 2, r]
            control = 2.0 * middle - 0.5 * (first + last)
            up, down = 0.0, 0.0
            for m in range(M):
                t = fraction[m]
                y = A[i, m, r] * u + B[i, m, r] * (x[i] * (1.0 - t) + x[i + 1] * t) + C[i, m, r]
                y -= first * (1.0 - t) ** 2 + control * (2.0 * t * (1.0 - t)) + last * t * t
                up, down = max(up, y), max(down, -y)
            slack = 0.0
            if np.isfinite(hi[k, r]):
                slack = kept * abs(hi[k, r])
            if np.isfinite(lo[k, r]):
                slack = max(slack, kept * abs(lo[k, r]))
            if max(first, control, last) + up > hi[k, r] + slack:
                left = True
                tight[0, i, r] = max(tight[0, i, r], spare * up)
            if min(first, control, last) - down < lo[k, r] - slack:
                left = True
                tight[1, i, r] = max(tight[1, i, r], spare * down)
    return left
