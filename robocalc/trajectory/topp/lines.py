"""Compiled rows of the linear programs: what an interval of the path allows, as lines u(x).

The path parameter s, its rate squared x = ṡ² and u = s̈. On an interval of length h with constant u, x grows by 2 u h.
A row lo ≤ α u + β x ≤ hi, with x at the start of the interval, becomes LO + P x ≤ u ≤ UP + P x with P = -β / α; where
α vanishes (a zero-inertia point) it bounds x alone.

    On an interval q(σ) = Σ p_k σᵏ, so q̈ = q' u + q'' (x + 2 u σ)
                                        = Σ_k [ (k+1)(2k+1) p_{k+1} u + (k+2)(k+1) p_{k+2} x ] σᵏ

is a polynomial whose Bernstein coefficients are linear in (u, x): rows on these hold everywhere in the interval.
"""

import numpy as np

from robocalc.jit import njit

NO_INERTIA = 1e-13  # of what x adds over the interval: a smaller α bounds x alone
STEEP = 3.0  # ratio of x over one interval where q' → 0 and nothing bounds x: q'² times the chord is largest at its end
BIG = 1e100  # stands for an unbounded x; leaves room for products


@njit
def divide(first, last, h, lo, hi, P, UP, LO, cap, floor):
    """Rows first to last of every interval, which hold α in P and β in UP, into lines; lo, hi: (1 or N, last - first).

    A row without α moves cap[i] and floor[i] instead.
    """
    for i in range(P.shape[0]):
        least, k = NO_INERTIA * h[i], i if len(lo) > 1 else 0
        for r in range(first, last):
            alpha, beta = P[i, r], UP[i, r]
            if abs(alpha) > least * abs(beta):
                inverse = 1.0 / alpha
                a, b = lo[k, r - first] * inverse, hi[k, r - first] * inverse
                P[i, r] = -beta * inverse
                UP[i, r] = a if a > b else b
                LO[i, r] = b if a > b else a
                continue
            P[i, r], UP[i, r], LO[i, r] = 0.0, np.inf, -np.inf
            most, least_x = hi[k, r - first] / beta, lo[k, r - first] / beta
            if beta < 0.0:
                most, least_x = least_x, most
            if beta != 0.0:
                cap[i], floor[i] = min(cap[i], most), max(floor[i], least_x)
            elif lo[k, r - first] > 0.0 or hi[k, r - first] < 0.0:
                cap[i] = -1.0


@njit
def repeated(x, times):
    """(1, times n): x (n,) over and over."""
    y = np.empty((1, len(x) * times))
    for m in range(times):
        y[0, m * len(x) : (m + 1) * len(x)] = x
    return y


@njit
def shift(knots, coeffs, s, seg, p):
    """p (N, order, n): coefficients of the path about the start s[i] of each interval, which lies on segment seg[i]."""
    order, n = coeffs.shape[1], coeffs.shape[2]
    for i in range(len(seg)):
        k = seg[i]
        w = s[i] - knots[k]
        if order == 4:
            for j in range(n):
                c1, c2, c3 = coeffs[k, 1, j], coeffs[k, 2, j], coeffs[k, 3, j]
                p[i, 0, j] = ((c3 * w + c2) * w + c1) * w + coeffs[k, 0, j]
                p[i, 1, j] = (3.0 * c3 * w + 2.0 * c2) * w + c1
                p[i, 2, j] = 3.0 * c3 * w + c2
                p[i, 3, j] = c3
            continue
        for d in range(order):
            for j in range(n):
                p[i, d, j] = coeffs[k, d, j]
        for d in range(order - 1):
            for e in range(order - 2, d - 1, -1):
                for j in range(n):
                    p[i, e, j] += w * p[i, e + 1, j]


@njit
def bernstein(degree):
    """(degree + 1, degree + 1): B[m, k] = binom(m, k) / binom(degree, k), from powers on [0, 1] to Bernstein's form."""
    B = np.zeros((degree + 1, degree + 1))
    for m in range(degree + 1):
        B[m, 0] = 1.0
        for k in range(1, m + 1):
            B[m, k] = B[m, k - 1] * (m - k + 1.0) / (degree - k + 1.0)
    return B


@njit
def acceleration_rows(p, h, P, UP):
    """α into P and β into UP of the Bernstein coefficients of q̈ on each interval: n for each, from row 0 on."""
    N, order, n = p.shape
    if order == 4:
        for i in range(N):
            w = h[i]
            for j in range(n):
                p1, p2, p3 = p[i, 1, j], p[i, 2, j], p[i, 3, j] * w
                P[i, j], UP[i, j] = p1, 2.0 * p2
                P[i, n + j], UP[i, n + j] = p1 + 3.0 * w * p2, 2.0 * p2 + 3.0 * p3
                P[i, 2 * n + j], UP[i, 2 * n + j] = p1 + w * (6.0 * p2 + 15.0 * p3), 2.0 * p2 + 6.0 * p3
        return
    B = bernstein(order - 2)
    for i in range(N):
        power = 1.0
        for k in range(order - 1):
            for m in range(k, order - 1):
                c = B[m, k] * power
                for j in range(n):
                    r = m * n + j
                    alpha = c * (k + 1) * (2 * k + 1) * p[i, k + 1, j]
                    beta = c * (k + 2) * (k + 1) * p[i, k + 2, j] if k + 2 < order else 0.0
                    P[i, r], UP[i, r] = (alpha, beta) if k == 0 else (P[i, r] + alpha, UP[i, r] + beta)
            power *= h[i]


@njit
def slopes_of(p, w, B, i, j, b):
    """Bernstein coefficients of q'_j on interval i, of length w, into b (order - 1,)."""
    degree = p.shape[1] - 2
    if degree == 2:
        b[0] = p[i, 1, j]
        b[1] = b[0] + p[i, 2, j] * w
        b[2] = b[1] + (p[i, 2, j] + 3.0 * p[i, 3, j] * w) * w
        return
    for m in range(degree + 1):
        b[m] = 0.0
    power = 1.0
    for k in range(degree + 1):
        c = (k + 1) * p[i, k + 1, j] * power
        for m in range(k, degree + 1):
            b[m] += B[m, k] * c
        power *= w


@njit
def inverse_squares(lo, hi):
    """(3, n): 1 / V² downwards, upwards, and the larger; 0 where nothing bounds."""
    y = np.empty((3, len(lo)))
    for j in range(len(lo)):
        y[0, j], y[1, j] = 1.0 / (lo[j] * lo[j]), 1.0 / (hi[j] * hi[j])
        y[2, j] = max(y[0, j], y[1, j])
    return y


@njit
def end_slopes(p, i, w, B, b, ends):
    """ends (4, n): Bernstein coefficients of q' on interval i: the first, the highest, the last, the lowest."""
    order, n = p.shape[1], p.shape[2]
    for j in range(n):
        slopes_of(p, w, B, i, j, b)
        ends[0, j], ends[1, j], ends[2, j], ends[3, j] = b[0], b[0], b[order - 2], b[0]
        for k in range(1, order - 1):
            ends[1, j], ends[3, j] = max(ends[1, j], b[k]), min(ends[3, j], b[k])


@njit
def velocity_caps(p, h, lo, hi, cap):
    """Lowers cap (N + 1,) so that any x between, linear on each interval, keeps q'√x in [lo, hi] (n,) everywhere.

    c = min (V / q')² at both ends of an interval; where the chord of c cuts above V²/q'², both ends shrink by the
    largest Bernstein coefficient of q'² · chord / V².
    """
    N, order, n = p.shape
    degree = order - 2
    B = bernstein(degree)
    b, square, product = np.empty(degree + 1), np.empty(2 * degree + 1), np.empty(2 * degree + 2)
    weight = np.empty((degree + 1, degree + 1))
    for k in range(degree + 1):
        for m in range(degree + 1):
            weight[k, m] = binomial(degree, k) * binomial(degree, m) / binomial(2 * degree, k + m)
    inverse = inverse_squares(lo, hi)
    ends = np.empty((4, n))
    usage = np.empty(n)  # largest q'² / V² on the interval, at most
    for i in range(N):
        m0, m1, most, w = 0.0, 0.0, 0.0, h[i]
        if order == 4:  # here, not in a function: a call an interval costs as much as the loop
            for j in range(n):
                p1, p2, p3 = p[i, 1, j], p[i, 2, j], p[i, 3, j]
                ends[0, j], ends[1, j], ends[2, j] = p1, p1 + p2 * w, p1 + (2.0 * p2 + 3.0 * p3 * w) * w
        else:
            end_slopes(p, i, w, B, b, ends)
        for j in range(n):
            b0, mid, b1 = ends[0, j], ends[1, j], ends[2, j]
            if order != 4 and ends[3, j] < -mid:
                mid = ends[3, j]
            I = inverse[1, j]
            if b0 < 0.0 or b1 < 0.0 or mid < 0.0 or (order != 4 and ends[3, j] < 0.0):
                I = inverse[2, j] if b0 > 0.0 or b1 > 0.0 or ends[1, j] > 0.0 else inverse[0, j]
            u0, um, u1 = b0 * b0 * I, mid * mid * I, b1 * b1 * I
            if u0 > m0:
                m0 = u0
            if u1 > m1:
                m1 = u1
            if u0 > um:
                um = u0
            if u1 > um:
                um = u1
            usage[j] = um
            if um > most:
                most = um
        if most == 0.0:
            continue
        c0, c1 = min(1.0 / m0, BIG), min(1.0 / m1, BIG)
        c0, c1 = min(c0, STEEP * c1), min(c1, STEEP * c0)
        worst, top = 1.0, 1.0 / max(c0, c1)
        if most > top:
            for j in range(n):
                if usage[j] <= top:
                    continue
                low, high = min(ends[0, j], ends[1, j], ends[2, j]), max(ends[0, j], ends[1, j], ends[2, j])
                low = min(low, ends[3, j]) if order != 4 else low
                I = inverse[2, j] if low < 0.0 < high else (inverse[1, j] if high > 0.0 else inverse[0, j])
                if order == 4:
                    y = highest_cubic(ends[0, j], ends[1, j], ends[2, j], c0, c1)
                else:
                    slopes_of(p, w, B, i, j, b)
                    y = highest(b, weight, c0, c1, square, product)
                worst = max(worst, y * I)
        cap[i], cap[i + 1] = min(cap[i], c0 / worst), min(cap[i + 1], c1 / worst)


@njit
def highest_cubic(b0, b1, b2, c0, c1):
    """`highest` for the three coefficients of a cubic's slope."""
    s0, s1, s3, s4 = b0 * b0, b0 * b1, b1 * b2, b2 * b2
    s2 = (2.0 * b1 * b1 + b0 * b2) / 3.0
    first = max(s0 * c0, 0.2 * (4.0 * s1 * c0 + s0 * c1), 0.2 * (3.0 * s2 * c0 + 2.0 * s1 * c1))
    return max(first, 0.2 * (2.0 * s3 * c0 + 3.0 * s2 * c1), 0.2 * (s4 * c0 + 4.0 * s3 * c1), s4 * c1)


@njit
def highest(b, weight, c0, c1, square, product):
    """Largest Bernstein coefficient of (Σ b)² · (chord from c0 to c1)."""
    degree = len(b) - 1
    last = 2 * degree + 1
    square[:] = 0.0
    for k in range(degree + 1):
        for m in range(degree + 1):
            square[k + m] += weight[k, m] * b[k] * b[m]
    product[0], product[last] = square[0] * c0, square[last - 1] * c1
    for k in range(1, last):
        t = k / last
        product[k] = (1.0 - t) * square[k] * c0 + t * square[k - 1] * c1
    return product.max()


@njit
def binomial(n, k):
    """n over k."""
    y = 1.0
    for m in range(k):
        y = y * (n - m) / (m + 1)
    return y
