"""Compiled evaluation and exact extrema of piecewise polynomials: coefficients (K, order, n), local time t - knot."""

import numpy as np

from robocalc.jit import njit


@njit
def segment(knots, t, k):
    """Index of the segment that holds t, searched from the guess k; the ends count to the outer segments."""
    last = len(knots) - 2
    if t >= knots[k]:
        if k == last or t < knots[k + 1]:
            return k
        if t < knots[k + 2]:
            return k + 1
        low, high = k + 2, last + 1
    else:
        low, high = 0, k
    while high - low > 1:
        mid = (low + high) // 2
        if t >= knots[mid]:
            low = mid
        else:
            high = mid
    return min(low, last)


@njit
def evaluate(knots, coeffs, t, order, hold, y):
    """y (N, n) = derivative `order` at times t (N,); more than `hold` [s] outside, the end position rests."""
    size, n = coeffs.shape[1], coeffs.shape[2]
    factor = np.ones(size)  # d (d - 1) .. (d - order + 1)
    for d in range(order, size):
        for r in range(order):
            factor[d] *= d - r
    k = 0
    for i in range(len(t)):
        ti = t[i]
        k = segment(knots, ti, k)
        s = min(max(ti, knots[0]), knots[-1]) - knots[k]
        outside = ti < knots[0] - hold or ti > knots[-1] + hold
        if ti != ti or order >= size or (outside and order > 0):
            y[i] = np.nan if ti != ti else 0.0
        elif size == 6 and order < 3:
            f0, f1, f2, f3 = factor[order], factor[order + 1], factor[order + 2], factor[order + 3]
            c0, c1, c2, c3 = coeffs[k, order], coeffs[k, order + 1], coeffs[k, order + 2], coeffs[k, order + 3]
            c4, c5 = coeffs[k, min(4 + order, 5)], coeffs[k, 5]
            f4, f5 = factor[4 + order] if order < 2 else 0.0, factor[5] if order < 1 else 0.0
            for c in range(n):
                high = (f5 * c5[c] * s + f4 * c4[c]) * s + f3 * c3[c]
                y[i, c] = ((high * s + f2 * c2[c]) * s + f1 * c1[c]) * s + f0 * c0[c]
        else:
            for c in range(n):
                p = 0.0
                for d in range(size - 1, order - 1, -1):
                    p = p * s + factor[d] * coeffs[k, d, c]
                y[i, c] = p


@njit
def jet(knots, coeffs, t, hold, q, v, a, j):
    """Position to jerk in one pass, each (N, n), j may be empty; beyond `hold` [s] outside, the end rests."""
    order, n = coeffs.shape[1], coeffs.shape[2]
    k = 0
    jerk = len(j) > 0
    for i in range(len(t)):
        ti = t[i]
        k = segment(knots, ti, k)
        s = min(max(ti, knots[0]), knots[-1]) - knots[k]
        if order == 6:
            c0, c1, c2 = coeffs[k, 0], coeffs[k, 1], coeffs[k, 2]
            c3, c4, c5 = coeffs[k, 3], coeffs[k, 4], coeffs[k, 5]
            for c in range(n):
                x2, x3, x4, x5 = c2[c], c3[c], c4[c], c5[c]
                b5, b4, b3 = 5.0 * x5, 4.0 * x4, 3.0 * x3
                q[i, c] = ((((x5 * s + x4) * s + x3) * s + x2) * s + c1[c]) * s + c0[c]
                v[i, c] = (((b5 * s + b4) * s + b3) * s + 2.0 * x2) * s + c1[c]
                a[i, c] = ((4.0 * b5 * s + 3.0 * b4) * s + 2.0 * b3) * s + 2.0 * x2
            if jerk:
                for c in range(n):
                    j[i, c] = (60.0 * c5[c] * s + 24.0 * c4[c]) * s + 6.0 * c3[c]
        else:
            for c in range(n):
                p0, p1, p2, p3 = 0.0, 0.0, 0.0, 0.0
                for d in range(order - 1, -1, -1):
                    p3 = p3 * s + p2
                    p2 = p2 * s + p1
                    p1 = p1 * s + p0
                    p0 = p0 * s + coeffs[k, d, c]
                q[i, c], v[i, c], a[i, c] = p0, p1, 2.0 * p2
                if jerk:
                    j[i, c] = 6.0 * p3
        outside = ti < knots[0] - hold or ti > knots[-1] + hold
        if outside or ti != ti:
            rest = np.nan if ti != ti else 0.0
            v[i], a[i] = rest, rest
            if jerk:
                j[i] = rest
            if ti != ti:
                q[i] = np.nan


@njit
def horner(c, degree, u):
    """Σ_{d ≤ degree} c[d] uᵈ."""
    y = 0.0
    for d in range(degree, -1, -1):
        y = y * u + c[d]
    return y


@njit
def root_between(c, degree, low, high):
    """The root of a polynomial that changes sign once in [low, high]: Newton's step, bisection where it would leave."""
    rising = horner(c, degree, high) > 0.0
    u = 0.5 * (low + high)
    for _ in range(100):
        f, slope = 0.0, 0.0
        for d in range(degree, -1, -1):
            slope = slope * u + f
            f = f * u + c[d]
        if (f > 0.0) == rising:
            high = u
        else:
            low = u
        new = u - f / slope
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - u) <= 2e-16 or f == 0.0:
            return new if f != 0.0 else u
        u = new
    return u


@njit
def roots(c, degree, work, found):
    """Real roots of Σ c[d] uᵈ in (0, 1) where the sign changes, ascending into `found`; returns how many.

    Roots of a derivative cut [0, 1] into pieces on which the polynomial below is monotone: from the linear one up.
    """
    work[0, : degree + 1] = c[: degree + 1]
    for r in range(degree - 1):
        for d in range(degree - r):
            work[r + 1, d] = (d + 1) * work[r, d + 1]
    count = 0
    cuts = np.empty(degree + 2)
    for r in range(degree - 1, -1, -1):
        p, low, new = work[r], 0.0, 0
        below = p[0]
        for i in range(count + 1):
            high = found[i] if i < count else 1.0
            above = horner(p, degree - r, high)
            if (below < 0.0 < above) or (above < 0.0 < below):
                cuts[new] = root_between(p, degree - r, low, high)
                new += 1
            elif above == 0.0 and high < 1.0:
                cuts[new] = high
                new += 1
            low, below = high, above
        count = new
        found[:count] = cuts[:count]
    return count


@njit
def extrema(knots, coeffs, order, value, when):
    """Exact smallest and largest derivative `order` of each joint: value (2, n) at time when (2, n).

    A segment whose Bernstein hull lies inside what is already known is not searched.
    """
    K, size, n = coeffs.shape
    degree = size - 1 - order
    if degree < 0:
        value[:], when[:] = 0.0, knots[0]
        return
    c, slope = np.empty(size), np.empty(size)
    work, found = np.empty((size, size)), np.empty(size)
    binomial = np.ones((size, size))
    for i in range(1, size):
        for j in range(1, i):
            binomial[i, j] = binomial[i - 1, j - 1] + binomial[i - 1, j]
    value[0], value[1] = np.inf, -np.inf
    for sweep in range(2):
        for k in range(K):
            h = knots[k + 1] - knots[k]
            for i in range(n):
                for d in range(degree + 1):
                    factor = 1.0
                    for r in range(order):
                        factor *= d + order - r
                    c[d] = factor * coeffs[k, d + order, i] * h**d
                if sweep == 0:
                    note(c[0], knots[k], i, value, when)
                    note(horner(c, degree, 1.0), knots[k + 1], i, value, when)
                    continue
                low, high = np.inf, -np.inf
                for a in range(degree + 1):
                    b = 0.0
                    for d in range(a + 1):
                        b += binomial[a, d] / binomial[degree, d] * c[d]
                    low, high = min(low, b), max(high, b)
                if low >= value[0, i] and high <= value[1, i]:
                    continue
                for d in range(degree):
                    slope[d] = (d + 1) * c[d + 1]
                for r in range(roots(slope, degree - 1, work, found) if degree > 1 else 0):
                    note(horner(c, degree, found[r]), knots[k] + found[r] * h, i, value, when)


@njit
def note(y, t, i, value, when):
    """Keep y if it is the smallest or largest so far."""
    if y < value[0, i]:
        value[0, i], when[0, i] = y, t
    if y > value[1, i]:
        value[1, i], when[1, i] = y, t
