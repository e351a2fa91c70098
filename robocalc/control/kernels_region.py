"""Many closed loops from many starts, compiled: which come back to the equilibrium; importing this loads numba."""

from math import inf

import numpy as np

from robocalc.dynamics.kernels import acceleration
from robocalc.dynamics.kernels_actuation import actuation, allocate
from robocalc.jit import njit

BACK, LOST = 1e-3, 1e6  # of its first value, that the cost to go falls below, or grows beyond


@njit
def cost_to_go(S, x):
    """xᵀ S x."""
    total = 0.0
    for i in range(len(x)):
        s = 0.0
        for j in range(len(x)):
            s += S[i, j] * x[j]
        total += x[i] * s
    return total


@njit
def robots_return(model, actors, K, S, x0, tau0, limits, h, every, periods, D, safe):
    """For each deviation D (N, 2n) from rest at x0: whether τ = clip(τ₀ - K δx) brings it back within `periods`.

    K (n, 2n) gains of torque; limits (2, n) of joint drives; actors (m, 11) of a robot with thrusters, else (0, 11);
    h [s] physics step, `every` of them a control period; safe (N,) bool is written.
    """
    n, m = len(tau0), len(actors)
    q, v, a, tau, held, u = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(max(m, 1))
    d, J, B, work = np.empty(2 * n), np.empty((6, n)), np.empty((n, max(m, 1))), np.empty((m + 2, max(n, m)))
    for k in range(len(D)):
        for i in range(n):
            q[i], v[i], d[i], d[n + i] = x0[i] + D[k, i], x0[n + i] + D[k, n + i], D[k, i], D[k, n + i]
        first = cost_to_go(S, d)
        safe[k] = first == 0.0
        for _ in range(periods):
            for i in range(n):
                tau[i] = tau0[i]
                for j in range(2 * n):
                    tau[i] -= K[i, j] * d[j]
                if m == 0:
                    tau[i] = min(max(tau[i], limits[0, i]), limits[1, i])
            for _ in range(every):
                for i in range(n):
                    held[i] = tau[i]
                if m > 0:
                    actuation(model, q, actors, J, B)
                    allocate(B, actors, held, work, u)
                acceleration(model, q, v, held, a)
                for i in range(n):
                    v[i] += h * a[i]
                    q[i] += h * v[i]
            for i in range(n):
                d[i], d[n + i] = q[i] - x0[i], v[i] - x0[n + i]
            left = cost_to_go(S, d)
            if left <= BACK * first:
                safe[k] = True
            if safe[k] or not left < LOST * first:
                break


@njit
def systems_return(f, K, S, x0, u0, limits, dt, every, periods, D, safe):
    """The same for ẋ = f(t, x, u), u = clip(u₀ - K δx) held over a period of `every` Runge-Kutta steps, together dt."""
    nx, nu, h = len(x0), len(u0), dt / every
    x, u = np.empty(nx), np.empty(nu)
    for k in range(len(D)):
        d = D[k].copy()
        first = cost_to_go(S, d)
        safe[k] = first == 0.0
        for i in range(nx):
            x[i] = x0[i] + d[i]
        for _ in range(periods):
            for i in range(nu):
                u[i] = u0[i]
                for j in range(nx):
                    u[i] -= K[i, j] * d[j]
                u[i] = min(max(u[i], limits[0, i]), limits[1, i])
            for _ in range(every):
                k1 = f(0.0, x, u)
                k2 = f(0.0, x + 0.5 * h * k1, u)
                k3 = f(0.0, x + 0.5 * h * k2, u)
                k4 = f(0.0, x + h * k3, u)
                for i in range(nx):
                    x[i] += h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i])
            for i in range(nx):
                d[i] = x[i] - x0[i]
            left = cost_to_go(S, d)
            if left <= BACK * first:
                safe[k] = True
            if safe[k] or not left < LOST * first:
                break
        if not first < inf:
            safe[k] = False
