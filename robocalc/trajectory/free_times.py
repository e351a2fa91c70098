"""Cost of a spline as a function of its segment times, with exact gradients, and a minimiser over log times.

    J(T) = min ∫ |q^(s)|² dt
    dJ/dTᵢ = -[ |q^(s)|² + 2 Σ_{0<k<s} (-1)ᵏ q^(s+k) · q^(s-k) ]   on segment i, where it is constant
    dJ/dpᵢ = 2 (-1)^(s-1) [ q^(2s-1)(tᵢ-) - q^(2s-1)(tᵢ+) ]

Both are the derivatives at fixed states of the knots: those that are free are at their optimum (envelope theorem).
"""

import numpy as np

from robocalc.jit import njit
from robocalc.trajectory.spline import hermite_kernel, solve_states
from robocalc.trajectory.spline3 import minimum_jerk_kernel
from robocalc.trajectory.spline4 import minimum_snap_kernel

MEMORY = 12  # pairs of the quasi-Newton method
HOMOGENEOUS, PRICED, TOTAL = 0, 1, 2  # what is minimised: log J + (2s - 1) log ΣT;  J + ρ ΣT;  J at fixed ΣT


@njit
def spline_of(H, C, s, t, x, ends, free, unrolled, c):
    """Coefficients c of the spline through x[:, 0] at knots t; False where times are no longer usable."""
    if unrolled and s == 3:
        return minimum_jerk_kernel(t, x[:, 0], ends, np.inf, c) == 0
    if unrolled and s == 4:
        return minimum_snap_kernel(t, x[:, 0], ends, np.inf, c) == 0
    h = np.diff(t)
    if not h.min() > 0.0:
        return False
    solve_states(H, s, h, free, x)
    hermite_kernel(C, s, h, x, c)
    return np.isfinite(c[0, 2 * s - 1]).all()


@njit
def cost_of(s, h, c, slope):
    """J from coefficients c (K, 2s, n); slope (K,) = dJ/dT."""
    K, n = len(h), c.shape[2]
    f = np.ones(2 * s)  # factorials
    for d in range(1, 2 * s):
        f[d] = f[d - 1] * d
    gram = np.empty((s, s))
    total = 0.0
    for k in range(K):
        power = h[k]
        for m in range(2 * s - 1):
            for a in range(max(0, m - s + 1), min(m, s - 1) + 1):
                gram[a, m - a] = f[s + a] * f[s + m - a] / (f[a] * f[m - a]) * power / (m + 1)
            power *= h[k]
        g = 0.0
        for i in range(n):
            for a in range(s):
                for b in range(s):
                    total += gram[a, b] * c[k, s + a, i] * c[k, s + b, i]
            g += (f[s] * c[k, s, i]) ** 2
            sign = -2.0
            for r in range(1, s):
                g += sign * f[s + r] * c[k, s + r, i] * f[s - r] * c[k, s - r, i]
                sign = -sign
        slope[k] = -g
    return total


@njit
def waypoint_slopes(s, h, c, slope):
    """slope (W, n) = dJ/dp, where all derivatives of order 1 to s - 1 stay what they are prescribed to be."""
    K, n = len(h), c.shape[2]
    f = 1.0
    for d in range(2, 2 * s):
        f *= d
    sign = 2.0 if s % 2 else -2.0
    for i in range(n):
        for k in range(K + 1):
            before = f * c[k - 1, 2 * s - 1, i] if k > 0 else 0.0
            after = f * c[k, 2 * s - 1, i] if k < K else 0.0
            slope[k, i] = sign * (before - after)


@njit
def objective(mode, rho, total, H, C, s, z, x, ends, free, unrolled, t, c, g):
    """Value at log times z (K,), gradient into g; inf where the times are unusable. t, c are filled on the way."""
    K = len(z)
    shift = z.max() if mode == TOTAL else 0.0
    sum_ = 0.0
    for k in range(K):
        sum_ += np.exp(z[k] - shift)
    factor = total / sum_ if mode == TOTAL else 1.0
    t[0] = 0.0
    for k in range(K):
        t[k + 1] = t[k] + np.exp(z[k] - shift) * factor
    if not spline_of(H, C, s, t, x, ends, free, unrolled, c):
        return np.inf
    h = np.diff(t)
    J = cost_of(s, h, c, g)
    if not np.isfinite(J):
        return np.inf
    if mode == HOMOGENEOUS:
        for k in range(K):
            g[k] = h[k] * (g[k] / J + (2 * s - 1) / sum_)
        return np.log(J) + (2 * s - 1) * np.log(sum_)
    if mode == PRICED:
        for k in range(K):
            g[k] = h[k] * (g[k] + rho)
        return J + rho * sum_
    mean = 0.0
    for k in range(K):
        mean += h[k] * g[k] / total
    for k in range(K):
        g[k] = h[k] * (g[k] - mean)
    return J


@njit
def minimise(mode, rho, total, H, C, s, z, x, ends, free, unrolled, tolerance, most):
    """Quasi-Newton (L-BFGS) over log times z (K,), in place; line search by bracketing the weak Wolfe conditions.

    Stops when the largest slope is below `tolerance` (of the value's size where that is not a logarithm), or when
    rounding leaves no decrease. Returns (value, evaluations, largest slope).
    Source: Nocedal & Wright (2006), alg. 7.4; line search of Lewis & Overton (2013).
    """
    K, n = len(z), x.shape[2]
    t, c = np.empty(K + 1), np.empty((K, 2 * s, n))
    g, trial, slope, step = np.empty(K), np.empty(K), np.empty(K), np.empty(K)
    S, Y, weight, inverse = np.zeros((MEMORY, K)), np.zeros((MEMORY, K)), np.zeros(MEMORY), np.zeros(MEMORY)
    value = objective(mode, rho, total, H, C, s, z, x, ends, free, unrolled, t, c, g)
    scale = 1.0 if mode == HOMOGENEOUS else 1.0 / value
    evaluations, pairs = 1, 0
    for _ in range(most):
        if np.abs(g).max() * scale <= tolerance:
            break
        step[:] = -g
        for r in range(min(pairs, MEMORY)):
            m = (pairs - 1 - r) % MEMORY
            weight[m] = inverse[m] * (S[m] @ step)
            step -= weight[m] * Y[m]
        if pairs > 0:
            m = (pairs - 1) % MEMORY
            step /= inverse[m] * (Y[m] @ Y[m])
        else:
            step *= 0.1 / np.abs(g).max()
        for r in range(min(pairs, MEMORY) - 1, -1, -1):
            m = (pairs - 1 - r) % MEMORY
            step += (weight[m] - inverse[m] * (Y[m] @ step)) * S[m]
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
        down = g @ step
        if not down < 0.0:
            if pairs == 0:
                break
            pairs = 0
            continue
        low, high, a, found = 0.0, np.inf, 1.0, False
        for _ in range(40):
            trial[:] = z + a * step
            new = objective(mode, rho, total, H, C, s, trial, x, ends, free, unrolled, t, c, slope)
            evaluations += 1
            if not new <= value + 1e-4 * a * down:
                high = a
            elif slope @ step < 0.9 * down:
                low = a
            else:
                found = True
                break
            a = 0.5 * (low + high) if high < np.inf else 2.0 * a
        if not found and not new < value:
            break
        m = pairs % MEMORY
        S[m], Y[m] = trial - z, slope - g
        curvature = S[m] @ Y[m]
        z[:], g[:] = trial, slope
        decrease, value = value - new, new
        scale = 1.0 if mode == HOMOGENEOUS else 1.0 / value
        if curvature > 0.0:
            inverse[m] = 1.0 / curvature
            pairs += 1
        if decrease <= 1e-15 * max(1.0, abs(value)) and np.abs(g).max() * scale <= 1e3 * tolerance:
            break
    return value, evaluations, np.abs(g).max() * scale
