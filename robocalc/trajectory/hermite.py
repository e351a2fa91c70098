"""Polynomials from their ends: the Hermite forms of splines of order 2 (acceleration), 3 (jerk) and 4 (snap).

    ENERGY[s]   ∫₀¹ |q^(s)|² du as a quadratic form of (q, q', ..) at both ends, (2s, 2s)
    SHAPE[s]    (q, q', ..) at both ends -> 2s coefficients of powers of u, (2s, 2s)

Entries are exact: small whole numbers, and fractions 1/2, 1/6, 2/3.
"""

from math import factorial

import numpy as np


def _shape(s):
    """Row d: coefficient of uᵈ; columns (q0, q0', .., q1, q1', ..)."""
    M = np.zeros((2 * s, 2 * s))
    for r in range(s):
        M[r, r] = factorial(r)
        M[s + r, r:] = [factorial(d) / factorial(d - r) for d in range(r, 2 * s)]
    return np.round(np.linalg.inv(M) * 6) / 6  # every entry is a multiple of 1/6


def _energy(s):
    d = np.arange(s, 2 * s)
    f = np.array([factorial(i) / factorial(i - s) for i in d])
    gram = np.zeros((2 * s, 2 * s))
    gram[s:, s:] = f[:, None] * f / (d[:, None] + d - 2 * s + 1)
    C = _shape(s)
    return np.round(C.T @ gram @ C)  # every entry is a whole number


SHAPE = {s: _shape(s) for s in (2, 3, 4)}
ENERGY = {s: _energy(s) for s in (2, 3, 4)}


def hermite(h, x):
    """Coefficients (K, 2s, n) of the polynomials of degree 2s - 1 that meet x (K + 1, s, n): q, q', .. at the knots.

    h (K,) [s] are the segment times.
    """
    s = x.shape[1]
    power = h[:, None] ** np.arange(s)
    ends = np.concatenate([x[:-1] * power[:, :, None], x[1:] * power[:, :, None]], axis=1)
    ends[:, s] -= ends[:, 0]  # from zero: a position far from it would cost digits of the higher coefficients
    ends[:, 0] = 0.0
    c = (SHAPE[s] @ ends) / (h[:, None] ** np.arange(2 * s))[:, :, None]
    c[:, 0] = x[:-1, 0]
    return c


def quintic(h, q, v, a):
    """Coefficients (K, 6, n) that meet q, v, a (K + 1, n) at knots h (K,) apart."""
    return hermite(h, np.stack([q, v, a], axis=1))
