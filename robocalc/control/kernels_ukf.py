"""The unscented Kalman filter of a robot's whole state, compiled; importing this loads numba.

State, gains and memory: robocalc.control.kernels_filters; signature: robocalc.control.signature.ESTIMATE_SIGNATURE.
"""

import math

from robocalc.control.friction import friction
from robocalc.control.kernels_estimate import (
    COULOMB,
    DT,
    HEAD,
    PIECE,
    RUB,
    RUBS,
    STOP,
    VISCOUS,
    WORK,
    X,
    given,
    piece,
    rubbed,
    stamps,
)
from robocalc.control.kernels_filters import (
    BLOCKS,
    COV,
    POINTS,
    SIZE,
    SPREAD,
    TEMP,
    WEIGHT,
    begun,
    moved,
    shaken,
    square,
    told,
)
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import acceleration, substitute
from robocalc.jit import njit


@njit
def cholesky(P, L, scale):
    """L Lᵀ = scale P into the lower triangle of L; what is not positive gives NaN, what is known exactly 0."""
    for j in range(len(P)):
        d = scale * P[j, j]
        for m in range(j):
            d -= L[j, m] * L[j, m]
        L[j, j] = math.sqrt(d) if d >= 0.0 else math.nan
        for i in range(j + 1, len(P)):
            s = scale * P[i, j]
            for m in range(j):
                s -= L[i, m] * L[j, m]
            L[i, j] = s / L[j, j] if L[j, j] > 0.0 or not d >= 0.0 else 0.0


@njit
def pushed_point(model, gains, x, point, rub, tau, load, acc, h):
    """One sigma point moved by a step of h [s]; rub is left as it was. load, acc (n,) scratch."""
    n = len(tau)
    for i in range(n):
        load[i] = tau[i]
        if gains[HEAD, RUBS] > 0.0:  # it has moved like the mean until now
            v, v_last = point[n + i], rub[i] + point[n + i] - x[n + i]
            load[i] -= friction(gains[VISCOUS, i], gains[COULOMB, i], gains[STOP, i], v, v_last, rub[n + i])
        if len(x) > 2 * n:
            load[i] += point[2 * n + i]
    acceleration(model, point[:n], point[n : 2 * n], load, acc)
    moved(point, acc, h)


@njit
def ukf_step(model, gains, memory, tau, h, P):
    """One step of h [s] of 2 nx + 1 sigma points, drawn anew; their weighted mean and covariance, and Q."""
    n, m = len(tau), len(P)
    x, rub, work = memory[X, :m], memory[RUB], memory[WORK]
    acc, load, keep = work[n : 2 * n], work[2 * n : 3 * n], work[3 * n : 4 * n]
    L, W, spread = square(memory, TEMP, m), square(memory, BLOCKS + 2, n), gains[HEAD, SPREAD]
    cholesky(P, L, spread)
    for p in range(2 * m + 1):
        point = memory[POINTS + p]
        sign, c = (1.0 if p <= m else -1.0), (p - 1) % m
        for i in range(m):
            point[i] = x[i] + (sign * L[i, c] if p > 0 and i >= c else 0.0)
        pushed_point(model, gains, x, point, rub, tau, load, acc, h)
        if p == 0:
            inverse(model, n, load, W)
    if gains[HEAD, RUBS] > 0.0:
        for i in range(n):
            keep[i] = tau[i]
        rubbed(gains, x[n : 2 * n], rub, keep, 1.0)
    gather(gains, memory, x, P)
    shaken(gains, P, h, W, n)


@njit
def inverse(model, n, e, W):
    """M⁻¹ (n, n) from the factors that `acceleration` has left."""
    for j in range(n):
        for i in range(n):
            e[i] = 0.0
        e[j] = 1.0
        substitute(model.square, e)
        for i in range(n):
            W[i, j] = e[i]


@njit
def gather(gains, memory, x, P):
    """Weighted mean and covariance of the points into x and P."""
    m, spread = len(P), gains[HEAD, SPREAD]
    middle, each = 1.0 - m / spread, 0.5 / spread
    for i in range(m):
        s = middle * memory[POINTS, i]
        for p in range(1, 2 * m + 1):
            s += each * memory[POINTS + p, i]
        x[i] = s
    P[:] = 0.0
    for p in range(2 * m + 1):
        weight = each if p > 0 else gains[HEAD, WEIGHT]
        point = memory[POINTS + p]
        for i in range(m):
            point[i] -= x[i]
        for i in range(m):
            a = weight * point[i]
            for j in range(m):
                P[i, j] += a * point[j]


@njit
def ukf(model, gains, memory, k, applied, reference, q, v, ref, out):
    """The unscented Kalman filter."""
    model, gains, memory, applied, reference = borrowed((model, gains, memory, applied, reference))
    q, v, ref, out = borrowed((q, v, ref, out))
    P, tau = square(memory, COV, int(gains[HEAD, SIZE])), memory[WORK, : len(q)]
    now, at = stamps(k, gains)
    first = begun(gains, memory, q, ref, P)
    while not first and now - at > PIECE:
        h = piece(at, now)
        given(applied, at, h, tau)
        ukf_step(model, gains, memory, tau, h * gains[HEAD, DT], P)
        at += h
    told(model, gains, memory, k, now, applied, reference, q, v, ref, P, first, out)
