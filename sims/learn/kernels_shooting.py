"""Windows of motion simulated under logged torques, with slopes, compiled; importing this loads numba.

    shoot   positions of a window from its start, and their slopes by the start and by the parameters

The step is the twin's, friction too: what fits here is what the twin then does. Slopes are forward sensitivities:
∂a = (∂a/∂q) ∂q + (∂a/∂v) ∂v + M⁻¹ (∂τ - ∂r - Y ∂π).
"""

from math import copysign

from robocalc.control.friction import friction
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels_derivatives import acceleration_derivatives
from robocalc.dynamics.kernels_regressor import PARAMETERS, regress
from robocalc.jit import njit

Q, V, R, V_LAST, A, PUSH = 0, 1, 2, 3, 4, 5  # blocks of `slopes`, the first five also rows of `state`


@njit
def resist(i, resistance, stop, with_friction, at, state, slopes):
    """Friction of joint i and its slopes into row R; resistance (2, n) viscous and Coulomb."""
    v, v_last, r_last = state[V, i], state[V_LAST, i], state[R, i]
    b, c, S, n = resistance[0, i], resistance[1, i], stop[i], state.shape[1]
    F = r_last + S * (2.0 * v - v_last)
    state[R, i] = friction(b, c, S, v, v_last, r_last)
    slides = abs(F) > c
    gain = b / (S + b) if slides else 1.0
    for k in range(slopes.shape[2]):
        slopes[R, i, k] = gain * (slopes[R, i, k] + S * (2.0 * slopes[V, i, k] - slopes[V_LAST, i, k]))
        slopes[V_LAST, i, k] = slopes[V, i, k]
    if slides and with_friction:
        slopes[R, i, at + i] += (F - state[R, i]) / (S + b)
        slopes[R, i, at + n + i] += S * copysign(1.0, F) / (S + b)
    state[V_LAST, i] = v


@njit
def accelerate(slopes, dq, dv, Minv, Y, G, at_body, tau_slope, delayed):
    """Row A of slopes from those of q, v, r and the parameters; tau_slope (n,) by the delay, the last column."""
    n, P = slopes.shape[1], slopes.shape[2]
    for i in range(n):
        for k in range(P):
            slopes[PUSH, i, k] = -slopes[R, i, k]
            slopes[A, i, k] = 0.0
        for b in range(len(G)):
            column = at_body + PARAMETERS * b
            for m in range(PARAMETERS):
                y = Y[i, PARAMETERS * b + m]
                for k in range(PARAMETERS):
                    slopes[PUSH, i, column + k] -= y * G[b, m, k]
        if delayed:
            slopes[PUSH, i, P - 1] += tau_slope[i]
    for i in range(n):
        for j in range(n):
            x, y, z = dq[i, j], dv[i, j], Minv[i, j]
            for k in range(P):
                slopes[A, i, k] += x * slopes[Q, j, k] + y * slopes[V, j, k] + z * slopes[PUSH, j, k]


@njit
def shoot(
    model, places, offsets, G, resistance, stop, flags, dt, every, tau, tau_slope, state, slopes, work, Y, out, D
):
    """Simulate len(out) samples, `every` steps of dt each, from state (5, n) rows Q, V, R, V_LAST.

    G            (B, 10, 10) slopes of the inertial parameters of the frames `offsets` of bodies `places`
    flags        (2,) whether friction and delay are parameters; columns: start 3n, bodies 10 B, friction 2n, delay
    tau          (len(out), n) torque from each sample on; tau_slope by the delay
    slopes       (6, n, P) scratch, work (4, n, n) scratch, Y (n, 10 B) scratch
    out, D       (K, n) positions and (K, n, P) their slopes
    """
    model, slopes, state, work, Y = borrowed((model, slopes, state, work, Y))
    n, P = state.shape[1], slopes.shape[2]
    at_body = 3 * n
    at_friction = at_body + PARAMETERS * len(G)
    with_friction, delayed = flags[0] > 0, flags[1] > 0
    slopes[:] = 0.0
    for i in range(n):
        slopes[Q, i, i] = slopes[V, i, n + i] = slopes[V_LAST, i, n + i] = slopes[R, i, 2 * n + i] = 1.0
    dq, dv, Minv, total = work[0], work[1], work[2], work[3, 0]
    for s in range(len(out)):
        for i in range(n):
            out[s, i] = state[Q, i]
            for k in range(P):
                D[s, i, k] = slopes[Q, i, k]
        for _ in range(every):
            for i in range(n):
                resist(i, resistance, stop, with_friction, at_friction, state, slopes)
                total[i] = tau[s, i] - state[R, i]
            acceleration_derivatives(model, state[Q], state[V], total, state[A], dq, dv, Minv)
            if len(G) > 0:
                regress(model, state[Q], state[V], state[A], places, offsets, Y)
            accelerate(slopes, dq, dv, Minv, Y, G, at_body, tau_slope[s], delayed)
            for i in range(n):
                state[V, i] += dt * state[A, i]
                state[Q, i] += dt * state[V, i]
                for k in range(P):
                    slopes[V, i, k] += dt * slopes[A, i, k]
                    slopes[Q, i, k] += dt * slopes[V, i, k]


@njit
def gram(e, D, scale, H, g):
    """H = Σ D Dᵀ / scale² over samples and joints (lower triangle and its mirror), g = Σ D e / scale²; Σ e² / scale².

    In a kernel, as numpy would wake the threads of its BLAS for that.
    """
    P, cost = D.shape[2], 0.0
    H[:] = 0.0
    g[:] = 0.0
    for s in range(len(e)):
        for i in range(e.shape[1]):
            w = 1.0 / (scale[i] * scale[i])
            cost += w * e[s, i] * e[s, i]
            for k in range(P):
                x = w * D[s, i, k]
                g[k] += x * e[s, i]
                for j in range(k + 1):
                    H[k, j] += x * D[s, i, j]
    for k in range(P):
        for j in range(k):
            H[j, k] = H[k, j]
    return cost
