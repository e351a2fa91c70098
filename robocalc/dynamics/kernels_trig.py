"""Sine and cosine together, to the last bit but one, without a call: half of a dynamics kernel's time otherwise."""

import numpy as np

from robocalc.jit import njit

TWO_OVER_PI = 0.6366197723675814
# π/2 in three parts; k times the first two is exact for |k| < 2^20
PIO2_1, PIO2_2, PIO2_3 = 1.57079632673412561417e00, 6.07710050630396597660e-11, 2.02226624879595063154e-21
FAR = 1e5  # beyond, and for NaN, the library's functions
S1, S2, S3 = -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04
S4, S5, S6 = 2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10
C1, C2, C3 = 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05
C4, C5, C6 = -2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11


@njit
def sincos(x):
    """(sin x, cos x) for x [rad].

    Source: Cody & Waite's reduction to |r| ≤ π/4, minimax polynomials of Sun's fdlibm (k_sin.c, k_cos.c).
    """
    if not abs(x) < FAR:
        return np.sin(x), np.cos(x)
    k = np.floor(x * TWO_OVER_PI + 0.5)
    r = ((x - k * PIO2_1) - k * PIO2_2) - k * PIO2_3
    z = r * r
    s = r + z * r * (S1 + z * (S2 + z * (S3 + z * (S4 + z * (S5 + z * S6)))))
    half = 0.5 * z
    w = 1.0 - half
    c = w + (((1.0 - w) - half) + z * z * (C1 + z * (C2 + z * (C3 + z * (C4 + z * (C5 + z * C6))))))
    turn = np.int64(k)
    if turn & 1:
        s, c = c, -s
    if turn & 2:
        s, c = -s, -c
    return s, c
