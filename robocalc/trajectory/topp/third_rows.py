"""Time, rows and limits of the program of `third_kernel` at a profile: gradient, Hessian blocks, room left.

    time_terms       what is minimized
    point_rows       acceleration and torque at the points
    interval_rows    jerk and torque rate over the intervals, as tangents
    middle_rows      x amid intervals

D (N + 1, 3) = xx xu uu and C (N, 2, 2) are blocks of the Hessian, g (N + 1, 2) the gradient; S and Y slacks and
multipliers of rows.
"""

import numpy as np

from robocalc.jit import njit

MOST_BULGE = 0.2  # of c below, which is small where the profile is resolved
LEAST_SLACK = 0.05  # of a bound, at the start


@njit
def bulge(h, x, u, first, last, gamma):
    """gamma (N,) of every interval at the profile: γ = 2 / (1 + √(1 - 4 c))."""
    for i in range(first, last):
        S = np.sqrt(x[i]) + np.sqrt(x[i + 1])
        c = h[i] * (u[i + 1] - u[i]) / (3.0 * S * S)
        gamma[i] = 2.0 / (1.0 + np.sqrt(1.0 - 4.0 * min(max(c, -MOST_BULGE), MOST_BULGE)))


@njit
def time_terms(h, x, u, first, last, p0, p1, calm, D, C, g):
    """Gradient g (N + 1, 2) and Hessian blocks D (N + 1, 3) = xx xu uu, C (N, 2, 2) of the time,

    and of ½ calm Σ (u_{i+1} - u_i)², which keeps u from alternating between points where no row does.
    """
    D[:], C[:], g[:] = 0.0, 0.0, 0.0
    for i in range(first, last):
        ra, rb = np.sqrt(x[i]), np.sqrt(x[i + 1])
        S = ra + rb
        g[i, 0] -= h[i] / (ra * S * S)
        g[i + 1, 0] -= h[i] / (rb * S * S)
        D[i, 0] += h[i] * (0.5 / (ra**3 * S * S) + 1.0 / (ra * ra * S**3))
        D[i + 1, 0] += h[i] * (0.5 / (rb**3 * S * S) + 1.0 / (rb * rb * S**3))
        C[i, 0, 0] += h[i] / (ra * rb * S**3)
        D[i, 2] += calm
        D[i + 1, 2] += calm
        C[i, 1, 1] -= calm
        g[i, 1] -= calm * (u[i + 1] - u[i])
        g[i + 1, 1] += calm * (u[i + 1] - u[i])
    if first == 1:
        g[1, 0] -= 0.5 * p0 * h[0] * x[1] ** -1.5
        D[1, 0] += 0.75 * p0 * h[0] * x[1] ** -2.5
    if last == len(h) - 1:
        g[last, 0] -= 0.5 * p1 * h[-1] * x[last] ** -1.5
        D[last, 0] += 0.75 * p1 * h[-1] * x[last] ** -2.5


@njit
def point_rows(x, u, first, last, cap, A, B, up, down, mu, S, Y, D, g, cold):
    """Rows at points: A u + B x ≤ up and ≥ -down (up, down > 0 after scaling to 1), and x ≤ cap (the last row).

    S, Y (N + 1, R + 1, 2): slacks and multipliers. Adds to D and g; returns (largest residual, Σ s y, count).
    """
    R = A.shape[1]
    worst, total, count = 0.0, 0.0, 0
    for i in range(first, last + 1):
        for r in range(R + 1):
            a, b = (A[i, r], B[i, r]) if r < R else (0.0, 1.0 / cap[i])
            value = a * u[i] + b * x[i]
            for side in range(2 if r < R else 1):
                room = (up[i, r] - value if side == 0 else down[i, r] + value) if r < R else 1.0 - value
                if room == np.inf:
                    continue
                if cold:
                    S[i, r, side] = max(room, LEAST_SLACK)
                    Y[i, r, side] = mu / S[i, r, side]
                s, y = S[i, r, side], Y[i, r, side]
                sign = 1.0 - 2.0 * side
                k = y / s
                worst = max(worst, abs(s - room))
                total, count = total + s * y, count + 1
                force = sign * (mu / s + k * (s - room))  # y + Δy where Δz = 0
                D[i, 0] += k * b * b
                D[i, 1] += k * a * b
                D[i, 2] += k * a * a
                g[i, 0] += force * b
                g[i, 1] += force * a
    return worst, total, count


@njit
def tangent(i, e, r, side, h, gamma, v, x, u, c3, c2, c1, c0, scale):
    """Row r of interval i at end e, for `side`: (coefficient of x_e, of u_e, of u at the other end, room left).

    scale (N, 2, M, 2): 1 / hi and 1 / -lo. With ρ = √x̄ scale: ± ρ (c₃ w + c₂ u + c₁ x + c₀) + x / 2 x̄ ≤ 3 / 2.
    """
    here, there = i + e, i + 1 - e
    sign = 1.0 - 2.0 * side
    rho = sign * v[here] * scale[i, e, r, side]
    along = c3[i, e, r] * (0.5 * (v[here] + v[there])) / (h[i] * gamma[i] * v[here])
    along = along if e == 1 else -along
    gx = rho * c1[i, e, r] + 0.5 / x[here]
    gu, go = rho * (c2[i, e, r] + along), -rho * along
    room = 1.5 - gx * x[here] - gu * u[here] - go * u[there] - rho * c0[i, e, r]
    return gx, gu, go, room


@njit
def interval_rows(h, gamma, v, x, u, first, last, c3, c2, c1, c0, scale, mu, S, Y, D, C, g, cold):
    """As `point_rows`, for rows over intervals; S, Y (N, 2, M, 2)."""
    M = c3.shape[2]
    worst, total, count = 0.0, 0.0, 0
    for i in range(first, last):
        for e in range(2):
            here, there = i + e, i + 1 - e
            for r in range(M):
                for side in range(2):
                    if scale[i, e, r, side] == 0.0:
                        continue
                    gx, gu, go, room = tangent(i, e, r, side, h, gamma, v, x, u, c3, c2, c1, c0, scale)
                    if cold:
                        S[i, e, r, side] = max(room, LEAST_SLACK)
                        Y[i, e, r, side] = mu / S[i, e, r, side]
                    s, y = S[i, e, r, side], Y[i, e, r, side]
                    k = y / s
                    worst = max(worst, abs(s - room))
                    total, count = total + s * y, count + 1
                    force = mu / s + k * (s - room)
                    D[here, 0] += k * gx * gx
                    D[here, 1] += k * gx * gu
                    D[here, 2] += k * gu * gu
                    D[there, 2] += k * go * go
                    g[here, 0] += force * gx
                    g[here, 1] += force * gu
                    g[there, 1] += force * go
                    if e == 0:
                        C[i, 0, 1] += k * gx * go
                        C[i, 1, 1] += k * gu * go
                    else:
                        C[i, 1, 0] += k * go * gx
                        C[i, 1, 1] += k * go * gu
    return worst, total, count


@njit
def middle(i, side, h, x, u, caps):
    """x amid interval i as a row: (coefficient of x at both ends, of u at the start, of u at the end, room left).

    Side 0: ½ (x₀ + x₁) + ¼ h (u₀ - u₁) ≤ cap; side 1: it is at least half of ½ (x₀ + x₁).
    """
    if side == 0:
        gx, gu = 0.5 / caps[i], 0.25 * h[i] / caps[i]
        return gx, gu, -gu, 1.0 - gx * (x[i] + x[i + 1]) - gu * (u[i] - u[i + 1])
    weight = 1.0 / (x[i] + x[i + 1])
    gx, gu = -0.25 * weight, -0.25 * h[i] * weight
    return gx, gu, -gu, -gx * (x[i] + x[i + 1]) - gu * (u[i] - u[i + 1])


@njit
def middle_rows(h, x, u, first, last, caps, mu, S, Y, D, C, g, cold):
    """As `point_rows`, for x amid intervals; S, Y (N, 2)."""
    worst, total, count = 0.0, 0.0, 0
    for i in range(first, last):
        for side in range(2):
            gx, g0, g1, room = middle(i, side, h, x, u, caps)
            if cold:
                S[i, side] = max(room, LEAST_SLACK)
                Y[i, side] = mu / S[i, side]
            s, y = S[i, side], Y[i, side]
            k = y / s
            worst = max(worst, abs(s - room))
            total, count = total + s * y, count + 1
            force = mu / s + k * (s - room)
            D[i, 0] += k * gx * gx
            D[i, 1] += k * gx * g0
            D[i, 2] += k * g0 * g0
            D[i + 1, 0] += k * gx * gx
            D[i + 1, 1] += k * gx * g1
            D[i + 1, 2] += k * g1 * g1
            C[i, 0, 0] += k * gx * gx
            C[i, 0, 1] += k * gx * g1
            C[i, 1, 0] += k * g0 * gx
            C[i, 1, 1] += k * g0 * g1
            g[i, 0] += force * gx
            g[i, 1] += force * g0
            g[i + 1, 0] += force * gx
            g[i + 1, 1] += force * g1
    return worst, total, count
