"""Compiled interior point for time-optimal parametrization with bounds on jerk and torque rate.

At the points s_i of a grid x = ṡ² and u = s̈, with constant s⃛ between, so that for v = √x and an interval of length h

    x₁ - x₀ = γ h (u₀ + u₁),   mean speed v̄ = (v₀ + v₁) / 2 γ,   s⃛ = (u₁ - u₀) v̄ / h,
    γ = 1 + c γ²,   c = h (u₁ - u₀) / 3 (v₀ + v₁)²

where γ, which is near 1 but where the motion leaves rest, moves with each Newton step. Then, with w = (u₁ - u₀) / h,

    minimize  Σ 2 h / (√x_i + √x_{i+1})                                              time; convex
    rows      lo ≤ a u + b x + c ≤ hi                              at each point:    acceleration, torque
              lo ≤ c₃ w v̄ + (c₂ u + c₁ x + c₀) v ≤ hi             at both ends of each interval: jerk, torque rate

The second kind is divided by √x; 1 / √x is convex, and its tangent at the profile so far lies below it, so that rows
stay linear and every profile that keeps them keeps the limits. Tangents move with each Newton step. The Newton system
is block tridiagonal: 2 unknowns and 1 multiplier a point.

Source: arXiv 2404.07889 for the rows; Wright (1997), Primal-Dual Interior-Point Methods.
"""

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.topp.third_newton import newton
from robocalc.trajectory.topp.third_rows import (
    bulge,
    interval_rows,
    middle,
    middle_rows,
    point_rows,
    tangent,
    time_terms,
)

TO_BOUNDARY = 0.98  # share of the way to the nearest bound that a step may go
REGULAR = 1e-11  # relative, on the diagonal: rounding cannot make a block singular


@njit
def step_lengths(h, gamma, v, x, u, first, last, dx, du, rows, state, mu, apply):
    """(primal, dual) steps that keep slacks and multipliers positive; `apply` (2,) > 0 takes such steps."""
    cap, A, B, up, down, c3, c2, c1, c0, scale, caps = rows
    S, Y, S2, Y2, S3, Y3 = state
    p, d = 1.0 / TO_BOUNDARY, 1.0 / TO_BOUNDARY
    taken = apply[0] > 0.0
    R, M = A.shape[1], c3.shape[2]
    for i in range(first, last + 1):
        if dx[i] < 0.0:
            p = min(p, -x[i] / dx[i])
        for r in range(R + 1):
            a, b = (A[i, r], B[i, r]) if r < R else (0.0, 1.0 / cap[i])
            value, move = a * u[i] + b * x[i], a * du[i] + b * dx[i]
            for side in range(2 if r < R else 1):
                room = (up[i, r] - value if side == 0 else down[i, r] + value) if r < R else 1.0 - value
                if room == np.inf:
                    continue
                s, y = S[i, r, side], Y[i, r, side]
                ds = room - s - (move if side == 0 else -move)
                dy = (mu - y * ds) / s - y
                if taken:
                    S[i, r, side] += apply[0] * ds
                    Y[i, r, side] += apply[1] * dy
                else:
                    p = min(p, -s / ds) if ds < 0.0 else p
                    d = min(d, -y / dy) if dy < 0.0 else d
    for i in range(first, last):
        for side in range(2):
            gx, g0, g1, room = middle(i, side, h, x, u, caps)
            s, y = S3[i, side], Y3[i, side]
            ds = room - s - gx * (dx[i] + dx[i + 1]) - g0 * du[i] - g1 * du[i + 1]
            dy = (mu - y * ds) / s - y
            if taken:
                S3[i, side] += apply[0] * ds
                Y3[i, side] += apply[1] * dy
            else:
                p = min(p, -s / ds) if ds < 0.0 else p
                d = min(d, -y / dy) if dy < 0.0 else d
        for e in range(2):
            here, there = i + e, i + 1 - e
            for r in range(M):
                for side in range(2):
                    if scale[i, e, r, side] == 0.0:
                        continue
                    gx, gu, go, room = tangent(i, e, r, side, h, gamma, v, x, u, c3, c2, c1, c0, scale)
                    s, y = S2[i, e, r, side], Y2[i, e, r, side]
                    ds = room - s - gx * dx[here] - gu * du[here] - go * du[there]
                    dy = (mu - y * ds) / s - y
                    if taken:
                        S2[i, e, r, side] += apply[0] * ds
                        Y2[i, e, r, side] += apply[1] * dy
                    else:
                        p = min(p, -s / ds) if ds < 0.0 else p
                        d = min(d, -y / dy) if dy < 0.0 else d
    return min(1.0, TO_BOUNDARY * p), min(1.0, TO_BOUNDARY * d)


@njit
def interior_point(h, x, u, first, last, powers, ratio, fix, calm, rows, state, mu, cold, most, goal):
    """Moves (x, u) to the optimum, in place; returns (iterations, mean s y, largest row residual, largest gap of x).

    cold: slacks are made anew with products mu; else `state` is taken as it is. goal: Σ s y to reach.
    """
    cap, A, B, up, down, c3, c2, c1, c0, scale, caps = rows
    S, Y, S2, Y2, S3, Y3 = state
    N = len(h)
    D, C, g = np.empty((N + 1, 3)), np.empty((N, 2, 2)), np.empty((N + 1, 2))
    dx, du, factor = np.zeros(N + 1), np.zeros(N + 1), np.empty((N + 1, 12))
    gamma, v = np.ones(N), np.ones(N + 1)
    none, apply = np.zeros(2), np.zeros(2)
    gap, worst, regular, it = np.inf, np.inf, REGULAR, 0
    for it in range(most):
        for i in range(first, last + 1):
            v[i] = np.sqrt(x[i])
        bulge(h, x, u, first, last, gamma)
        time_terms(h, x, u, first, last, powers[0], powers[1], calm, D, C, g)
        w1, t1, n1 = point_rows(x, u, first, last, cap, A, B, up, down, mu, S, Y, D, g, cold)
        w2, t2, n2 = interval_rows(h, gamma, v, x, u, first, last, c3, c2, c1, c0, scale, mu, S2, Y2, D, C, g, cold)
        w3, t3, n3 = middle_rows(h, x, u, first, last, caps, mu, S3, Y3, D, C, g, cold)
        cold = False
        worst, total, count = max(w1, w2, w3), t1 + t2 + t3, n1 + n2 + n3
        gap = 0.0
        for i in range(first, last):
            gap = max(gap, abs(x[i + 1] - x[i] - gamma[i] * h[i] * (u[i] + u[i + 1])))
        if total < goal and worst < 0.1 * goal and gap < 1e-9:
            break
        if not newton(h, gamma, x, u, first, last, ratio, fix, regular, D, C, g, dx, du, factor):
            regular *= 100.0
            if regular > 1e-4:
                return it, total, worst, np.inf
            continue
        apply[0], apply[1] = step_lengths(h, gamma, v, x, u, first, last, dx, du, rows, state, mu, none)
        step_lengths(h, gamma, v, x, u, first, last, dx, du, rows, state, mu, apply)
        for i in range(first, last + 1):
            x[i] += apply[0] * dx[i]
            u[i] += apply[0] * du[i]
        least = min(apply[0], apply[1])
        sigma = 0.1 if least > 0.9 else (0.3 if least > 0.5 else (0.6 if least > 0.2 else 1.0))
        mu = max(sigma * total, 0.3 * goal) / count
    return it, total, worst, gap
