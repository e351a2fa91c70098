"""The discrete adjoint of explicit Runge-Kutta steps: λ and the gradient of p, carried from the last step to the first.

    k̄ᵢ = h (bᵢ λ + Σⱼ aⱼᵢ θⱼ),   θᵢ = (∂f/∂y)ᵀ k̄ᵢ,   p̄ += (∂f/∂p)ᵀ k̄ᵢ,   λ ← λ + Σ θᵢ

Source: Sanz-Serna, Symplectic Runge-Kutta schemes for adjoint equations, SIAM Review 58 (2016).
"""

import numpy as np

from robocalc.jit import njit
from robocalc.ode.native import at, call_rhs, call_step, data, f8, get, i8, put, types


@njit(nogil=True)
def adjoint_step(step, f, jac, n, m, t, h, lo, hi, y, p, a, b, c, k, new, tmp, err, J, theta, lam, grad):
    """One step back: λ (n) and grad (m) in place. k holds the stages, theta (s, n)."""
    s, width = len(b), n + m
    call_rhs(f, n, min(max(t, lo), hi), y, m, p, k)
    call_step(step, f, n, m, t, h, lo, hi, y, p, k, new, tmp, err)
    for i in range(s - 1, -1, -1):
        for r in range(n):
            value = get(y, r)
            bar = b[i] * get(lam, r)
            for j in range(i):
                value += h * a[i, j] * get(k, j * n + r)
            for j in range(i + 1, s):
                bar += a[j, i] * get(theta, j * n + r)
            put(tmp, r, value)
            put(err, r, h * bar)
        call_rhs(jac, n, min(max(t + c[i] * h, lo), hi), tmp, m, p, J)
        for col in range(width):
            total = 0.0
            for r in range(n):
                total += get(J, r * width + col) * get(err, r)
            if col < n:
                put(theta, i * n + col, total)
            else:
                put(grad, col - n, get(grad, col - n) + total)
    for i in range(s):
        for r in range(n):
            put(lam, r, get(lam, r) + get(theta, i * n + r))


@njit(
    types.void(
        i8, i8, i8, f8[::1], f8[:, ::1], f8[::1], f8[:, ::1], f8[::1], f8[::1], f8[::1], f8[::1], f8[::1], i8, i8
    ),
    nogil=True,
)
def adjoint_steps(step, f, jac, TS, YS, p, a, b, c, work, lam, grad, first, last):
    """λ and grad from row `last` of (TS, YS) back to row `first`."""
    n, m, s = YS.shape[1], len(p), len(b)
    y = data(work)
    k = at(y, n)
    new = at(k, (s + 1) * n)
    tmp, err = at(new, n), at(new, 2 * n)
    J = at(err, 2 * n)
    theta = at(J, n * (n + m))
    for row in range(last - 1, first - 1, -1):
        t, h = TS[row], TS[row + 1] - TS[row]
        for i in range(n):
            put(y, i, YS[row, i])
        lo, hi = min(t, TS[row + 1]), max(t, TS[row + 1])
        adjoint_step(
            step, f, jac, n, m, t, h, lo, hi, y, data(p), a, b, c, k, new, tmp, err, J, theta, data(lam), data(grad)
        )


def adjoint_work(n, m, s) -> np.ndarray:
    return np.empty(n * (6 + s + 1 + n + m + s))
