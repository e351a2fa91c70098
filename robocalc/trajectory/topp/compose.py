"""Compiled composition q(s(t)): the path's pieces over time, exactly, where s(t) is quadratic on each interval."""

import numpy as np

from robocalc.jit import njit


@njit
def emit(coeffs, k, w, v, half, out, m, work):
    """out[m] (2 d + 1, n): coefficients in t of Σ c_e (w + v t + half t²)ᵉ, c = coeffs[k] (d + 1, n)."""
    order, n = coeffs.shape[1], coeffs.shape[2]
    if order == 4:
        v2, vh = v * v, v * half
        h2 = half * half
        e3, e4, e5, e6 = v2 * v, 3.0 * v2 * half, 3.0 * v * h2, h2 * half
        for j in range(n):  # a loop a row: these vectorise
            c1, c2, c3 = coeffs[k, 1, j], coeffs[k, 2, j], coeffs[k, 3, j]
            work[1, j], work[2, j], work[3, j] = (3.0 * c3 * w + 2.0 * c2) * w + c1, 3.0 * c3 * w + c2, c3
            work[0, j] = ((c3 * w + c2) * w + c1) * w + coeffs[k, 0, j]
        for j in range(n):
            out[m, 0, j] = work[0, j]
        for j in range(n):
            out[m, 1, j] = work[1, j] * v
        for j in range(n):
            out[m, 2, j] = work[1, j] * half + work[2, j] * v2
        for j in range(n):
            out[m, 3, j] = work[2, j] * (2.0 * vh) + work[3, j] * e3
        for j in range(n):
            out[m, 4, j] = work[2, j] * h2 + work[3, j] * e4
        for j in range(n):
            out[m, 5, j] = work[3, j] * e5
        for j in range(n):
            out[m, 6, j] = work[3, j] * e6
        return
    for d in range(order):
        for j in range(n):
            work[d, j] = coeffs[k, d, j]
    for d in range(order - 1):  # about w
        for e in range(order - 2, d - 1, -1):
            for j in range(n):
                work[e, j] += w * work[e + 1, j]
    for e in range(out.shape[1]):
        for j in range(n):
            out[m, e, j] = 0.0
    for j in range(n):
        out[m, 0, j] = work[order - 1, j]
    for d in range(order - 2, -1, -1):  # Horner: y σ + p_d, with σ = t (v + half t)
        top = 2 * (order - 2 - d)
        for e in range(top + 2, 0, -1):
            for j in range(n):
                y = out[m, e - 1, j] * v if e - 1 <= top else 0.0
                if e >= 2:
                    y += out[m, e - 2, j] * half
                out[m, e, j] = y
        for j in range(n):
            out[m, 0, j] = work[d, j]


@njit
def compose(knots, coeffs, s, seg, x, t, times, out):
    """Pieces of q(s(t)) into times (M + 1,), out (M, 2 d + 1, n), cut where an interval crosses a knot; returns M.

    t (N + 1,) gets the time at each s. A piece too short to move the clock is left out.
    """
    order, n = coeffs.shape[1], coeffs.shape[2]
    work = np.empty((order, n))
    m, clock = 0, 0.0
    t[0], times[0] = 0.0, 0.0
    for i in range(len(seg)):
        k, a, v, xa = seg[i], s[i], np.sqrt(x[i]), x[i]
        rise = (x[i + 1] - x[i]) / (s[i + 1] - s[i])
        while True:
            inner = k + 2 < len(knots) and knots[k + 1] < s[i + 1]
            b = knots[k + 1] if inner else s[i + 1]
            xb = max(xa + rise * (b - a), 0.0) if inner else x[i + 1]
            vb = np.sqrt(xb)
            if b > a:
                T = 2.0 * (b - a) / (v + vb)
                if clock + T > clock:
                    emit(coeffs, k, a - knots[k], v, 0.5 * (vb - v) / T, out, m, work)
                    clock += T
                    m += 1
                    times[m] = clock
            if not inner:
                break
            k, a, v, xa = k + 1, b, vb, xb
        t[i + 1] = clock
    return m
