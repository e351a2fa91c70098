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

TO_BOUNDARY = 0.98  # share of the way to the nearest bound that a step may go
REGULAR = 1e-11  # relative, on the diagonal: rounding cannot make a block singular
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


@njit
def newton(h, gamma, x, u, first, last, ratio, fix, regular, D, C, g, dx, du, factor):
    """Solves for the step (dx, du): [D C e; ...] with x_{i+1} - x_i = h (u_i + u_{i+1}); overwrites D, C, g.

    ratio (2,): u = ratio x at the first and last point; fix (2,): 0 nothing, 1 x, 2 u - ratio x is fixed there.
    factor (N + 1, 16): what the way back needs.
    """
    e1, e2 = np.empty(2), np.empty(2)
    for i in range(first, last + 1):
        D[i, 0] *= 1.0 + regular
        D[i, 2] *= 1.0 + regular
    for end in range(2):
        i, rho = (first, ratio[0]) if end == 0 else (last, ratio[1])
        if rho != 0.0:  # unknowns (x, u - rho x)
            D[i, 0] += 2.0 * rho * D[i, 1] + rho * rho * D[i, 2]
            D[i, 1] += rho * D[i, 2]
            g[i, 0] += rho * g[i, 1]
            k = i if end == 0 else i - 1
            for c in range(2):
                if end == 0:
                    C[k, 0, c] += rho * C[k, 1, c]
                else:
                    C[k, c, 0] += rho * C[k, c, 1]
        if fix[end] > 0:
            c = fix[end] - 1
            D[i, 1], D[i, 2 * c], g[i, c] = 0.0, 1.0, 0.0
            if end == 0:
                C[i, c, 0], C[i, c, 1] = 0.0, 0.0
            else:
                C[i - 1, 0, c], C[i - 1, 1, c] = 0.0, 0.0
    for i in range(first, last):
        along = gamma[i] * h[i]
        e1[0], e1[1], e2[0], e2[1] = -1.0, -along, 1.0, -along
        residual = x[i + 1] - x[i] - along * (u[i] + u[i + 1])
        if i == first:
            e1[0] += ratio[0] * e1[1]
            if fix[0] > 0:
                e1[fix[0] - 1] = 0.0
        if i == last - 1:
            e2[0] += ratio[1] * e2[1]
            if fix[1] > 0:
                e2[fix[1] - 1] = 0.0
        a, b, c = D[i, 0], D[i, 1], D[i, 2]
        det = a * c - b * b
        if not det > 0.0:
            return False
        i00, i01, i11 = c / det, -b / det, a / det
        v0, v1 = i00 * e1[0] + i01 * e1[1], i01 * e1[0] + i11 * e1[1]  # D⁻¹ e1
        w00, w01 = i00 * C[i, 0, 0] + i01 * C[i, 1, 0], i00 * C[i, 0, 1] + i01 * C[i, 1, 1]  # D⁻¹ C
        w10, w11 = i01 * C[i, 0, 0] + i11 * C[i, 1, 0], i01 * C[i, 0, 1] + i11 * C[i, 1, 1]
        y0, y1 = -(i00 * g[i, 0] + i01 * g[i, 1]), -(i01 * g[i, 0] + i11 * g[i, 1])
        ll = -(e1[0] * v0 + e1[1] * v1)
        l0, l1 = e2[0] - e1[0] * w00 - e1[1] * w10, e2[1] - e1[0] * w01 - e1[1] * w11
        lr = -residual - e1[0] * y0 - e1[1] * y1
        D[i + 1, 0] += -(C[i, 0, 0] * w00 + C[i, 1, 0] * w10) - l0 * l0 / ll
        D[i + 1, 1] += -(C[i, 0, 0] * w01 + C[i, 1, 0] * w11) - l0 * l1 / ll
        D[i + 1, 2] += -(C[i, 0, 1] * w01 + C[i, 1, 1] * w11) - l1 * l1 / ll
        g[i + 1, 0] += C[i, 0, 0] * y0 + C[i, 1, 0] * y1 + l0 * lr / ll
        g[i + 1, 1] += C[i, 0, 1] * y0 + C[i, 1, 1] * y1 + l1 * lr / ll
        f = factor[i]
        f[0], f[1], f[2], f[3], f[4], f[5] = y0, y1, v0, v1, w00, w01
        f[6], f[7], f[8], f[9], f[10], f[11] = w10, w11, lr, l0, l1, ll
    a, b, c = D[last, 0], D[last, 1], D[last, 2]
    det = a * c - b * b
    if not det > 0.0:
        return False
    dx[last], du[last] = -(c * g[last, 0] - b * g[last, 1]) / det, -(a * g[last, 1] - b * g[last, 0]) / det
    for i in range(last - 1, first - 1, -1):
        f = factor[i]
        z0, z1 = dx[i + 1], du[i + 1]
        lam = (f[8] - f[9] * z0 - f[10] * z1) / f[11]
        dx[i] = f[0] - f[2] * lam - f[4] * z0 - f[5] * z1
        du[i] = f[1] - f[3] * lam - f[6] * z0 - f[7] * z1
    du[first] += ratio[0] * dx[first]
    du[last] += ratio[1] * dx[last]
    return True


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
