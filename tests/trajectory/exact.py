"""A spline of least ∫|q^(s)|² in rational numbers: unknowns are all coefficients, equations its defining conditions.

Interpolation at both ends of each piece, continuity of orders 1 to 2s - 2 at inner knots, rest at the ends. Slow.
"""

from fractions import Fraction
from itertools import pairwise
from math import comb, factorial

import numpy as np


def exact_coefficients(s, q, t):
    """Coefficients (K, 2s) for positions q (W,) at times t (W,), rounded once to floats."""
    h = [Fraction(float(b)) - Fraction(float(a)) for a, b in pairwise(t)]
    q = [Fraction(float(x)) for x in q]
    K, m = len(h), 2 * s
    rows, right = [], []

    def equation(terms, value):
        rows.append(dict(terms))
        right.append(Fraction(value))

    def derivative(k, r, at):
        """Terms of the derivative of order r on piece k at local time `at`."""
        return [(k * m + d, factorial(r) * comb(d, r) * at ** (d - r)) for d in range(r, m) if at or d == r]

    for r in range(1, s):
        equation(derivative(0, r, Fraction(0)), 0)
    for k in range(K):
        equation(derivative(k, 0, Fraction(0)), q[k])
        equation(derivative(k, 0, h[k]), q[k + 1])
        if k < K - 1:
            for r in range(1, m - 1):
                after = [(c, -v) for c, v in derivative(k + 1, r, Fraction(0))]
                equation(derivative(k, r, h[k]) + after, 0)
    for r in range(1, s):
        equation(derivative(K - 1, r, h[-1]), 0)
    x = _solve(rows, right)
    return np.array([[float(x[k * m + d]) for d in range(m)] for k in range(K)])


def _solve(rows, right):
    """Gauss elimination of sparse rows over the rationals."""
    N, order, done = len(rows), [], [False] * len(rows)
    for c in range(N):
        p = min((r for r in range(N) if not done[r] and rows[r].get(c)), key=lambda r: len(rows[r]))
        done[p] = True
        order.append(p)
        for r in range(N):
            f = rows[r].get(c)
            if f and not done[r]:
                f /= rows[p][c]
                for j, v in rows[p].items():
                    y = rows[r].get(j, 0) - f * v
                    if y:
                        rows[r][j] = y
                    else:
                        rows[r].pop(j, None)
                right[r] -= f * right[p]
    x = [Fraction(0)] * N
    for c in range(N - 1, -1, -1):
        p = order[c]
        x[c] = (right[p] - sum(v * x[j] for j, v in rows[p].items() if j != c)) / rows[p][c]
    return x
