"""Runge-Kutta steps of order 4 of a robot under constant torque, and their Jacobians; compiled.

    rk4_ahead    the state after a step whose first acceleration is known
    rk4_blocks   [A B] of a step

Source: Kutta (1901).
"""

from robocalc.dynamics.kernels import acceleration
from robocalc.dynamics.kernels_derivatives import acceleration_derivatives
from robocalc.jit import njit


@njit
def rk4_ahead(model, h, x, u, a, y, at, b):
    """x (2n,) after h [s] into y (2n,), from its acceleration a (n,); at (2n,), b (n,) are scratch."""
    n = len(u)
    for i in range(n):
        y[i], y[n + i] = x[i] + h / 6 * x[n + i], x[n + i] + h / 6 * a[i]
        at[i], at[n + i] = x[i] + h / 2 * x[n + i], x[n + i] + h / 2 * a[i]
    for s in range(1, 4):
        acceleration(model, at[:n], at[n:], u, b)
        weight, c = (h / 3, h / 2) if s == 1 else (h / 3, h) if s == 2 else (h / 6, 0.0)
        for i in range(n):
            v = at[n + i]
            y[i] += weight * v
            y[n + i] += weight * b[i]
            at[i], at[n + i] = x[i] + c * v, x[n + i] + c * b[i]


@njit
def rk4_blocks(model, h, x, u, AB, at, b, D, S, dq, dv, M):
    """[A B] (2n, 3n) of the step, by the chain rule over its stages: D, S (2n, 3n) of a stage's state and rates."""
    n = len(u)
    nx, nz = 2 * n, 3 * n
    for i in range(nx):
        at[i] = x[i]
        for j in range(nz):
            AB[i, j] = D[i, j] = 0.0
        AB[i, i] = D[i, i] = 1.0
    for s in range(4):
        acceleration_derivatives(model, at[:n], at[n:], u, b, dq, dv, M)
        weight = h / 6 if s == 0 or s == 3 else h / 3
        c = h if s == 2 else h / 2
        for i in range(n):
            for j in range(nz):
                S[i, j] = D[n + i, j]
                S[n + i, j] = M[i, j - nx] if j >= nx else 0.0
            row = S[n + i]
            for r in range(n):
                f, g, d, e = dq[i, r], dv[i, r], D[r], D[n + r]
                for j in range(nz):
                    row[j] += f * d[j] + g * e[j]
        for i in range(n):
            v = at[n + i]
            at[i], at[n + i] = x[i] + c * v, x[n + i] + c * b[i]
        for i in range(nx):
            for j in range(nz):
                AB[i, j] += weight * S[i, j]
                D[i, j] = c * S[i, j]
            D[i, i] += 1.0
