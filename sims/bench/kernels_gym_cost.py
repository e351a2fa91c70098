"""Motions of held inputs along a law, what they cost, and the derivatives of both; compiled.

    roll_held       a motion of N control periods along a law, and what it costs
    gaps_held       what a given motion lacks to be one
    derive_held     Jacobians of every period and the costs' derivatives

With y(x) the state as the task measures it (body rates where `spatial`), a period costs
½ (y - r)ᵀ W (y - r) + ½ (u - u₀)ᵀ R (u - u₀). Importing this loads numba.
"""

from typing import NamedTuple

import numpy as np

from robocalc.dynamics.borrow import borrowed
from robocalc.jit import njit
from sims.bench.kernels_gym import PITCH, ROLL, held, period_slopes, room_for

BLOWN = 1e12  # a cost above is no motion
YAW = 3  # joint of a spatial robot


class Cost(NamedTuple):
    """W, r (N + 1, 2n) of the states, W[0] = 0; R, u0 (m,) of the inputs; end (2n, 2n): ½ (y - r)ᵀ end (y - r) more for
    the last state."""

    W: np.ndarray
    r: np.ndarray
    R: np.ndarray
    u0: np.ndarray
    end: np.ndarray


@njit
def measured(spatial, x, y):
    """y (2n,): x, with body rates r, q, p in place of the rates of yaw, pitch and roll where spatial."""
    y[:] = x
    if spatial:
        s, c, st, ct = np.sin(x[ROLL]), np.cos(x[ROLL]), np.sin(x[PITCH]), np.cos(x[PITCH])
        a, b = x[6 + YAW], x[6 + PITCH]
        y[6 + YAW], y[6 + PITCH], y[6 + ROLL] = a * ct * c - b * s, b * c + a * ct * s, x[6 + ROLL] - a * st


@njit
def measured_slopes(spatial, x, D):
    """D (2n, 2n) = ∂y/∂x."""
    D[:] = 0.0
    for i in range(len(x)):
        D[i, i] = 1.0
    if spatial:
        s, c, st, ct = np.sin(x[ROLL]), np.cos(x[ROLL]), np.sin(x[PITCH]), np.cos(x[PITCH])
        a, b = x[6 + YAW], x[6 + PITCH]
        D[9, 9], D[9, 10], D[9, PITCH], D[9, ROLL] = ct * c, -s, -a * st * c, -a * ct * s - b * c
        D[10, 9], D[10, 10], D[10, PITCH], D[10, ROLL] = ct * s, c, -a * st * s, a * ct * c - b * s
        D[11, 9], D[11, PITCH] = -st, -a * ct


@njit
def state_cost(spatial, W, r, x, y):
    """½ (y - r)ᵀ W (y - r); y scratch."""
    measured(spatial, x, y)
    total = 0.0
    for i in range(len(x)):
        total += 0.5 * W[i] * (y[i] - r[i]) ** 2
    return total


@njit
def roll_held(model, plant, cost, bounds, gap, alpha, X, U, k, K, d0, Xn, Un):
    """Cost of the motion from X[0] + α d0 by u + α k + K dx within the bounds (2, m), gaps (1 - α) gap left.

    X, U (N + 1, 2n), (N, m) the motion so far; k, K its law; Xn, Un the new motion; inf where it blows up
    """
    model, plant, cost = borrowed(model), borrowed(plant), borrowed(cost)
    (N, m), nx = U.shape, X.shape[1]
    room, y, total, spatial = room_for(nx // 2, m), np.empty(nx), 0.0, plant.timing[2] > 0
    for i in range(nx):
        Xn[0, i] = X[0, i] + alpha * d0[i]
    for t in range(N):
        x, u = Xn[t + 1], Un[t]
        for i in range(m):
            s = U[t, i] + alpha * k[t, i]
            for j in range(nx):
                s += K[t, i, j] * (Xn[t, j] - X[t, j])
            u[i] = min(max(s, bounds[0, i]), bounds[1, i])
            total += 0.5 * cost.R[i] * (u[i] - cost.u0[i]) ** 2
        x[:] = Xn[t]
        held(model, plant, x, u, t == 0 and plant.timing[3] > 0, room)
        for i in range(nx):
            x[i] -= (1.0 - alpha) * gap[t + 1, i]
        total += state_cost(spatial, cost.W[t + 1], cost.r[t + 1], x, y)
        if not abs(total) < BLOWN:
            return np.inf
    for i in range(nx):  # y is that of the last state
        for j in range(nx):
            total += 0.5 * (y[i] - cost.r[N, i]) * cost.end[i, j] * (y[j] - cost.r[N, j])
    return total


@njit
def gaps_held(model, plant, X, U, gap):
    """What each period reaches less where the next begins into gap (N + 1, 2n); the largest."""
    model, plant = borrowed(model), borrowed(plant)
    (N, m), nx = U.shape, X.shape[1]
    room, largest = room_for(nx // 2, m), 0.0
    for t in range(N):
        y = gap[t + 1]
        y[:] = X[t]
        held(model, plant, y, U[t], t == 0 and plant.timing[3] > 0, room)
        for i in range(nx):
            y[i] -= X[t + 1, i]
            largest = max(largest, abs(y[i]))
    return largest


@njit
def state_slopes(spatial, cost, t, x, lz, lzz, y, D, P, PD):
    """Gradient and Gauss-Newton Hessian of the state's cost of row t, added to lz and lzz; the rest is scratch."""
    nx, last = len(x), t == len(cost.W) - 1
    measured(spatial, x, y)
    measured_slopes(spatial, x, D)
    for r in range(nx):
        w = cost.W[t, r]
        e = w * (y[r] - cost.r[t, r])
        for i in range(nx):
            P[r, i] = cost.end[r, i] if last else 0.0
            e += P[r, i] * (y[i] - cost.r[t, i])
        P[r, r] += w
        for i in range(nx):
            lz[i] += e * D[r, i]
    for r in range(nx):
        for i in range(nx):
            PD[r, i] = 0.0
            for j in range(nx):
                PD[r, i] += P[r, j] * D[j, i]
    for r in range(nx):
        for i in range(nx):
            if D[r, i] != 0.0:
                for j in range(nx):
                    lzz[i, j] += D[r, i] * PD[r, j]


@njit
def derive_held(model, plant, cost, X, U, AB, lz, lzz):
    """AB (N, 2n, 2n + m), lz (N + 1, 2n + m), lzz (N + 1, 2n + m, 2n + m) along the motion X, U."""
    model, plant, cost = borrowed(model), borrowed(plant), borrowed(cost)
    (N, m), nx, spatial = U.shape, X.shape[1], plant.timing[2] > 0
    n = nx // 2
    room, last = room_for(n, m), np.empty((1 + nx, nx + m))
    A, B_tau, C, Dv = np.empty((nx, nx)), np.empty((nx, n)), np.empty((n, n)), np.empty((n, n))
    blocks = np.empty((3, n, n))
    J, H, x, y, D = np.empty((6, n)), np.empty((6, n, n)), np.empty(nx), np.empty(nx), np.empty((nx, nx))
    P, PD = np.empty((nx, nx)), np.empty((nx, nx))
    lz[:], lzz[:] = 0.0, 0.0
    for t in range(N + 1):
        state_slopes(spatial, cost, t, X[t], lz[t], lzz[t], y, D, P, PD)
        if t < N:
            for i in range(m):
                lz[t, nx + i] = cost.R[i] * (U[t, i] - cost.u0[i])
                lzz[t, nx + i, nx + i] = cost.R[i]
            x[:] = X[t]
            fresh = t == 0 and plant.timing[3] > 0
            period_slopes(model, plant, x, U[t], fresh, AB[t], room, A, B_tau, C, Dv, J, H, blocks, last)
