"""Model predictive control, compiled: one quadratic program a control period; importing this loads numba."""

from math import inf

from robocalc.control.clock import seconds
from robocalc.control.kernels_horizon import (
    CALLS,
    DEADLINE,
    FOLLOW,
    HORIZON,
    INPUTS,
    ITERATIONS,
    JOINTS,
    LAST,
    MISSES,
    MOST,
    PAST,
    PERIOD,
    RTI,
    STRIDE,
    TOLERANCE,
    UNSOLVED,
    WORST,
    along_reference,
    along_rollout,
    shift,
    stage,
    state_in,
    table_in,
)
from robocalc.control.kernels_qp import NOT_CONVEX, OUT_OF_TIME, SOLVED, solve
from robocalc.control.kernels_qp_passes import add_rows
from robocalc.control.signature import LAW_SIGNATURE
from robocalc.dynamics.borrow import borrowed
from robocalc.jit import njit
from robocalc.optimize.ddp.riccati import cholesky


@njit
def look(b, J, state, q, v, ref, tau, started):
    """δx̂ now into state.now: the measured deviation, carried over the latency by the torques applied since."""
    n, x = len(q), state.now
    for j in range((J - 1) * n - 1, -1, -1):
        state.past[j + n] = state.past[j]
    for i in range(n):
        e, e_v = q[i] - ref[0, i], v[i] - ref[1, i]
        state.e[i], state.e[n + i] = e, e_v
        if J > 0:  # a joint in force mode shows no error, and its torque moves nothing
            state.past[i] = tau[i] - state.known[i] if started and not (e == 0.0 and e_v == 0.0) else 0.0
    if J == 0:
        x[:] = state.e
        return
    for r in range(2 * n):
        total = 0.0
        for i in range(2 * n):
            total += b.Phi[r, i] * state.e[i]
        x[r] = total
    add_rows(x, state.past, b.Gamma, 0, 1.0)


@njit
def learn(b, follow, state, tau):
    """d̂ += follow B⁺ (δx̂ - A δx̂₋ - B (δu₋ + d̂)): inputs that explain what the period before did not foresee; δu₋ as
    the drives gave it."""
    u, d, e, H = state.u, state.d, state.e, state.H
    n, m, N = len(tau), len(state.d), len(state.now)
    for i in range(m):
        u[i] += d[i]
        for j in range(n):
            u[i] += b.back[i, j] * (tau[j] - state.asked[j])
    for r in range(N):
        total = state.now[r]
        for j in range(N):
            total -= b.A[r, j] * state.before[j]
        for j in range(m):
            total -= b.B[r, j] * u[j]
        e[r] = total
    for i in range(m):
        u[i] = 0.0
        for r in range(N):
            u[i] += b.B[r, i] * e[r]
        for j in range(m):
            H[i, j] = 0.0
            for r in range(N):
                H[i, j] += b.B[r, i] * b.B[r, j]
    if not cholesky(H):
        return
    for i in range(m):
        for j in range(i):
            u[i] -= H[i, j] * u[j]
        u[i] *= H[i, i]
    for i in range(m - 1, -1, -1):
        for j in range(i + 1, m):
            u[i] -= H[j, i] * u[j]
        u[i] *= H[i, i]
        d[i] += follow * u[i]


@njit
def decide(model, flat, k, state, started, until):
    """First input w of the horizon into state.u; (status, iterations)."""
    m, rti, table = len(state.d), flat[RTI] > 0.0, table_in(flat, int(flat[JOINTS]), int(flat[INPUTS]))
    p, z = state.problem, state.point
    p.Q[:], p.R[:], p.soft[:] = table.Q, table.R, table.soft
    if started and flat[STRIDE] == 1.0:
        shift(z)
    if rti:
        along_rollout(model, flat, k, table, state)
    else:
        along_reference(flat, k, table, state)
    status, iterations = solve(p, z, state.work, started, int(flat[MOST]), flat[TOLERANCE], until)
    if status == NOT_CONVEX:
        z.y[:], z.lam[:] = 0.0, 0.0
    for i in range(m):
        state.u[i] = min(max(z.y[0, i], p.lo[0, i]), p.hi[0, i])
    if rti:
        for j in range(len(z.y)):
            for i in range(m):
                z.y[j, i] += state.held[j, i]
        for i in range(m):
            state.u[i] += state.held[0, i]
    return status, iterations


@njit(LAW_SIGNATURE)
def mpc(model, gains, memory, t, q, v, ref, tau):
    """τ = τ_ff + U δu + C δq, δu = w - d̂, w the first input of the program from δx̂; see robocalc.control.mpc.

    gains     head, Table, then a Block for each period and one for rest at the end: robocalc.control.kernels_horizon
    memory    counters, State
    """
    flat, keep = borrowed(gains).reshape(-1), borrowed(memory).reshape(-1)
    n, m, J = len(q), int(flat[INPUTS]), int(flat[PAST])
    until = seconds() + flat[DEADLINE] if flat[DEADLINE] > 0.0 else inf
    k, started = min(int(t / flat[PERIOD] + 0.5), int(flat[LAST])), keep[CALLS] > 0.0
    state, b = state_in(keep, int(flat[HORIZON]), n, m, J), stage(flat, k, 0)
    look(b, J, state, q, v, ref, tau, started)
    if started and flat[FOLLOW] > 0.0:
        learn(stage(flat, max(k - 1, 0), 0), flat[FOLLOW], state, tau)
    state.before[:] = state.now
    status, iterations = decide(model, flat, k, state, started, until)
    for i in range(m):
        state.u[i] -= state.d[i]
    for i in range(n):
        state.known[i] = ref[5, i]
        total = ref[5, i]
        for j in range(m):
            total += b.U[i, j] * state.u[j]
        for j in range(n):
            total += b.C[i, j] * state.now[j]
        tau[i] = state.asked[i] = total
    keep[CALLS] += 1.0
    keep[ITERATIONS] += iterations
    keep[WORST] = max(keep[WORST], iterations)
    if status == OUT_OF_TIME:
        keep[MISSES] += 1.0
    elif status != SOLVED:
        keep[UNSOLVED] += 1.0
