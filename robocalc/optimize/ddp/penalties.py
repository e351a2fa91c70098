"""Constraints as penalties: the augmented Lagrangian of lo ≤ c ≤ hi, an equation where lo = hi.

    Rows      bounds, multipliers and weights of all constraints of a problem on its nodes
    push      μ d, with d = c + λ/μ less its nearest point within the bounds: also the next multiplier

    penalty ½ μ d² - ½ λ²/μ,    slope μ d,    curvature μ where d is not 0
Source: Rockafellar (1974); Howell, Jackson & Manchester, "ALTRO", IROS 2019.
"""

from typing import NamedTuple

import numpy as np

from robocalc.jit import njit


class Rows(NamedTuple):
    """Each (4, ...): lo, hi, λ, μ.

    x   (4, N + 1, nx) of the states
    g   (4, N, ng) of the constraints along the motion
    e   (4, ne) of those at its end
    """

    x: np.ndarray
    g: np.ndarray
    e: np.ndarray


@njit(inline="always")
def push(c, lo, hi, lam, mu):
    """μ d of one constraint; 0 where it does not press."""
    z = c + lam / mu
    if z < lo:
        return mu * (z - lo)
    if z > hi:
        return mu * (z - hi)
    return 0.0


@njit(inline="always")
def state_penalty(x, rows, n):
    """Penalty of the states of node n."""
    total = 0.0
    for i in range(len(x)):
        lam, mu = rows[2, n, i], rows[3, n, i]
        f = push(x[i], rows[0, n, i], rows[1, n, i], lam, mu)
        total += 0.5 * (f * f - lam * lam) / mu
    return total


@njit(inline="always")
def state_slopes(x, rows, n, lz, lzz):
    """Adds what `state_penalty` gives to gradient and Hessian."""
    for i in range(len(x)):
        f = push(x[i], rows[0, n, i], rows[1, n, i], rows[2, n, i], rows[3, n, i])
        if f != 0.0:
            lz[i] += f
            lzz[i, i] += rows[3, n, i]


@njit(inline="always")
def row_penalty(c, lo, hi, lam, mu):
    """Penalty of rows c (m,)."""
    total = 0.0
    for i in range(len(c)):
        f = push(c[i], lo[i], hi[i], lam[i], mu[i])
        total += 0.5 * (f * f - lam[i] * lam[i]) / mu[i]
    return total


@njit(inline="always")
def row_slopes(c, J, size, lo, hi, lam, mu, lz, lzz):
    """Adds gradient and Gauss-Newton Hessian of rows c (m,) with Jacobian J (m * size,), row by row."""
    for r in range(len(c)):
        f = push(c[r], lo[r], hi[r], lam[r], mu[r])
        if f != 0.0:
            row = J[r * size : (r + 1) * size]
            for i in range(size):
                lz[i] += f * row[i]
                s, h = mu[r] * row[i], lzz[i]
                for j in range(size):
                    h[j] += s * row[j]


@njit
def renew(c, rows, worst, growth, most):
    """Next multipliers of rows (4, m) at values c (m,); largest change of one over its weight and size.

    worst (2, m): the change last time, and the row's size. The weight of a row grows where its change did not shrink.
    """
    largest = 0.0
    for i in range(len(c)):
        lam, mu = rows[2, i], rows[3, i]
        f = push(c[i], rows[0, i], rows[1, i], lam, mu)
        change = abs(f - lam) / mu / worst[1, i]
        rows[2, i] = f
        if change > 0.1 * worst[0, i] and mu * worst[1, i] ** 2 < most:
            rows[3, i] *= growth
        worst[0, i] = change
        largest = max(largest, change)
    return largest
