"""Flat memory of the quadratic program of robocalc.control.kernels_qp, and views of it.

Problem, Point, Work             the arrays
problem_in, point_in, work_in    views of flat memory; problem_size, point_size, work_size are its lengths
"""

from typing import NamedTuple

import numpy as np

from robocalc.jit import njit

NONE = 1e200  # a bound from here on is none, and a weight makes its bound hard


class Problem(NamedTuple):
    """A (N, n, n), B (N, n, m), c (N, n), Q, Qf (n, n), R (m, m), g (N, m + n), lo and hi likewise, soft (2, m + n)
    weights z and Z, x0 (n,)."""

    A: np.ndarray
    B: np.ndarray
    c: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    Qf: np.ndarray
    g: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    soft: np.ndarray
    x0: np.ndarray


class Point(NamedTuple):
    """y (N, m + n) = u_k, x_{k+1}; of lower and upper bounds (2, N (m + n)): multipliers, slacks t ≥ 0, of soft ones
    how far beyond s ≥ 0 and the multiplier ν of that."""

    y: np.ndarray
    lam: np.ndarray
    t: np.ndarray
    s: np.ndarray
    nu: np.ndarray


class Work(NamedTuple):
    """F = [B A] (N, n, w) and its transposes (N, w, n), w a multiple of 4; factors; then as in Point: the bounds with 0
    for none, which there are (1 or 0), weights of soft ones, which are hard; steps dy, dlam, ...; W and h of bounds."""

    F: np.ndarray
    Ft: np.ndarray
    L: np.ndarray
    Y: np.ndarray
    Yt: np.ndarray
    r: np.ndarray
    P: np.ndarray
    G: np.ndarray
    Hu: np.ndarray
    p: np.ndarray
    base: np.ndarray
    grad: np.ndarray
    dy: np.ndarray
    at: np.ndarray
    on: np.ndarray
    z: np.ndarray
    hard: np.ndarray
    dlam: np.ndarray
    dt: np.ndarray
    ds: np.ndarray
    dnu: np.ndarray
    W: np.ndarray
    h: np.ndarray


@njit
def problem_size(N, n, m):
    w = m + n
    return N * (n * w + n + 3 * w) + 2 * n * n + m * m + 2 * w + n


@njit
def point_size(N, n, m):
    return 9 * N * (m + n)


@njit
def work_size(N, n, m):
    w, wp = m + n, padded(m + n)
    factors = N * (2 * n * wp + m * m + 2 * m * n + m) + n * n + n * wp + m * wp + 2 * n
    return factors + 23 * N * w


@njit
def padded(w):
    """w rounded up to a multiple of 4."""
    return (w + 3) // 4 * 4


@njit
def take(flat, at, size):
    """(flat[at : at + size], at + size)."""
    return flat[at : at + size], at + size


@njit
def problem_in(flat, N, n, m):
    w = m + n
    A, at = take(flat, 0, N * n * n)
    B, at = take(flat, at, N * n * m)
    c, at = take(flat, at, N * n)
    Q, at = take(flat, at, n * n)
    R, at = take(flat, at, m * m)
    Qf, at = take(flat, at, n * n)
    g, at = take(flat, at, N * w)
    lo, at = take(flat, at, N * w)
    hi, at = take(flat, at, N * w)
    soft, at = take(flat, at, 2 * w)
    x0, at = take(flat, at, n)
    A, B, c = A.reshape(N, n, n), B.reshape(N, n, m), c.reshape(N, n)
    Q, R, Qf, g = Q.reshape(n, n), R.reshape(m, m), Qf.reshape(n, n), g.reshape(N, w)
    return Problem(A, B, c, Q, R, Qf, g, lo.reshape(N, w), hi.reshape(N, w), soft.reshape(2, w), x0)


@njit
def point_in(flat, N, n, m):
    w = m + n
    y, at = take(flat, 0, N * w)
    lam, at = take(flat, at, 2 * N * w)
    t, at = take(flat, at, 2 * N * w)
    s, at = take(flat, at, 2 * N * w)
    nu, at = take(flat, at, 2 * N * w)
    both = (2, N * w)
    return Point(y.reshape(N, w), lam.reshape(both), t.reshape(both), s.reshape(both), nu.reshape(both))


@njit
def work_in(flat, N, n, m):
    w, wp = m + n, padded(m + n)
    F, at = take(flat, 0, N * n * wp)
    Ft, at = take(flat, at, N * wp * n)
    L, at = take(flat, at, N * m * m)
    Y, at = take(flat, at, N * m * n)
    Yt, at = take(flat, at, N * n * m)
    r, at = take(flat, at, N * m)
    P, at = take(flat, at, n * n)
    G, at = take(flat, at, n * wp)
    Hu, at = take(flat, at, m * wp)
    p, at = take(flat, at, 2 * n)
    base, at = take(flat, at, N * w)
    grad, at = take(flat, at, N * w)
    dy, at = take(flat, at, N * w)
    bounds, at = take(flat, at, 4 * N * w)
    weights, at = take(flat, at, 4 * N * w)
    steps, at = take(flat, at, 12 * N * w)
    F, Ft, L = F.reshape(N, n, wp), Ft.reshape(N, wp, n), L.reshape(N, m, m)
    Y, Yt, r = Y.reshape(N, m, n), Yt.reshape(N, n, m), r.reshape(N, m)
    P, G, Hu, p = P.reshape(n, n), G.reshape(n, wp), Hu.reshape(m, wp), p.reshape(2, n)
    base, grad, dy = base.reshape(N, w), grad.reshape(N, w), dy.reshape(N, w)
    b, k, d = bounds.reshape(2, 2, N * w), weights.reshape(2, 2, N * w), steps.reshape(6, 2, N * w)
    return Work(
        F, Ft, L, Y, Yt, r, P, G, Hu, p, base, grad, dy, b[0], b[1], k[0], k[1], d[0], d[1], d[2], d[3], d[4], d[5]
    )
