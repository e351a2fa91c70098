"""The program of one control period, compiled: dynamics, costs and bounds of each stage of the horizon.

    Block, Table, State   what gains hold of one period and of all, and what the law remembers
    along_reference       deviations from the reference, with dynamics linearised there beforehand
    along_rollout         deviations from the motion that the model makes of last period's inputs, linearised there now
    shift                 last period's solution, one stage on

Inputs w = δu + d̂: what the disturbance d̂ already does counts as done, so that its opposite costs nothing.
Importing this loads numba.
"""

from typing import NamedTuple

import numpy as np

from robocalc.control.kernels_qp_memory import (
    Point,
    Problem,
    Work,
    point_in,
    point_size,
    problem_in,
    problem_size,
    take,
    work_in,
    work_size,
)
from robocalc.control.kernels_qp_passes import add_product
from robocalc.dynamics.kernels_derivatives import step_derivatives
from robocalc.jit import njit

# the first numbers of gains
LAST, PERIOD, HORIZON, INPUTS, STRIDE, RTI, MOST, TOLERANCE = range(8)
DEADLINE, FOLLOW, PAST, STEPS, JOINTS, FIRST, SIZE = range(8, 15)
HEAD = 16
# the first numbers of memory
CALLS, MISSES, ITERATIONS, WORST, UNSOLVED = range(5)
COUNTERS = 8
APART = 1e-9  # between bounds of an input that has no choice


class Table(NamedTuple):
    """Q (2n, 2n), R (m, m), inputs' limits (2, m), bounds of x (2, 2n), weights of soft bounds (2, m + 2n)."""

    Q: np.ndarray
    R: np.ndarray
    limits: np.ndarray
    bounds: np.ndarray
    soft: np.ndarray


class Block(NamedTuple):
    """One period: A (2n, 2n), B (2n, m) over it, A_far, B_far over a stage of the horizon, S (2n, 2n) cost to go, U
    (n, m) torques by inputs, U⁺ (m, n), C (n, n), Φ (2n, 2n) and Γᵀ (J n, 2n) of the latency, x_ref (2n,), inputs (m,)
    and torques without friction (n,) of the reference."""

    A: np.ndarray
    B: np.ndarray
    A_far: np.ndarray
    B_far: np.ndarray
    S: np.ndarray
    U: np.ndarray
    back: np.ndarray
    C: np.ndarray
    Phi: np.ndarray
    Gamma: np.ndarray
    x: np.ndarray
    u: np.ndarray
    tau: np.ndarray


class State(NamedTuple):
    """d̂ (m,), last δu (m,), torque asked and τ_ff (n,) then, δx̂ then and now (2n,), past δτ (J n,), scratch; inputs
    (N, m) that were rolled out; the program, its solution and room to solve it."""

    d: np.ndarray
    u: np.ndarray
    asked: np.ndarray
    known: np.ndarray
    before: np.ndarray
    now: np.ndarray
    past: np.ndarray
    e: np.ndarray
    x: np.ndarray
    H: np.ndarray
    A: np.ndarray
    B: np.ndarray
    A2: np.ndarray
    B2: np.ndarray
    blocks: np.ndarray
    held: np.ndarray
    problem: Problem
    point: Point
    work: Work


@njit
def block_size(n, m, J):
    return 12 * n * n + 4 * n * m + 2 * n * m + n * n + 4 * n * n + 2 * J * n * n + 3 * n + m


@njit
def state_size(N, n, m, J):
    program = problem_size(N, 2 * n, m) + point_size(N, 2 * n, m) + work_size(N, 2 * n, m)
    return COUNTERS + 2 * m + 10 * n + J * n + m * m + 8 * n * n + 2 * n * n + 2 * n * m + 3 * n * n + N * m + program


@njit
def block_in(flat, at, n, m, J):
    N = 2 * n
    A, at = take(flat, at, N * N)
    B, at = take(flat, at, N * m)
    A_far, at = take(flat, at, N * N)
    B_far, at = take(flat, at, N * m)
    S, at = take(flat, at, N * N)
    U, at = take(flat, at, n * m)
    back, at = take(flat, at, n * m)
    C, at = take(flat, at, n * n)
    Phi, at = take(flat, at, N * N)
    Gamma, at = take(flat, at, J * n * N)
    x, at = take(flat, at, N)
    u, at = take(flat, at, m)
    tau, at = take(flat, at, n)
    A, B, A_far, B_far = A.reshape(N, N), B.reshape(N, m), A_far.reshape(N, N), B_far.reshape(N, m)
    S, U, back, C = S.reshape(N, N), U.reshape(n, m), back.reshape(m, n), C.reshape(n, n)
    return Block(A, B, A_far, B_far, S, U, back, C, Phi.reshape(N, N), Gamma.reshape(J * n, N), x, u, tau)


@njit
def table_in(flat, n, m):
    N = 2 * n
    Q, at = take(flat, HEAD, N * N)
    R, at = take(flat, at, m * m)
    limits, at = take(flat, at, 2 * m)
    bounds, at = take(flat, at, 2 * N)
    soft, at = take(flat, at, 2 * (m + N))
    return Table(Q.reshape(N, N), R.reshape(m, m), limits.reshape(2, m), bounds.reshape(2, N), soft.reshape(2, m + N))


@njit
def state_in(flat, horizon, n, m, J):
    N, H = 2 * n, horizon
    d, at = take(flat, COUNTERS, m)
    u, at = take(flat, at, m)
    asked, at = take(flat, at, n)
    known, at = take(flat, at, n)
    before, at = take(flat, at, N)
    now, at = take(flat, at, N)
    past, at = take(flat, at, J * n)
    e, at = take(flat, at, N)
    x, at = take(flat, at, N)
    square, at = take(flat, at, m * m)
    A, at = take(flat, at, N * N)
    B, at = take(flat, at, N * n)
    A2, at = take(flat, at, N * N)
    B2, at = take(flat, at, N * m)
    blocks, at = take(flat, at, 3 * n * n)
    held, at = take(flat, at, H * m)
    problem, at = take(flat, at, problem_size(H, N, m))
    point, at = take(flat, at, point_size(H, N, m))
    work, at = take(flat, at, work_size(H, N, m))
    square, A, B, A2, B2 = square.reshape(m, m), A.reshape(N, N), B.reshape(N, n), A2.reshape(N, N), B2.reshape(N, m)
    program = problem_in(problem, H, N, m), point_in(point, H, N, m), work_in(work, H, N, m)
    blocks, held = blocks.reshape(3, n, n), held.reshape(H, m)
    return State(d, u, asked, known, before, now, past, e, x, square, A, B, A2, B2, blocks, held, *program)


@njit
def stage(flat, k, j):
    """The block of stage j from period k on."""
    at = int(flat[FIRST]) + min(k + j * int(flat[STRIDE]), int(flat[LAST])) * int(flat[SIZE])
    return block_in(flat, at, int(flat[JOINTS]), int(flat[INPUTS]), int(flat[PAST]))


@njit
def bound(problem, j, table, u, x, d):
    """Bounds of stage j about inputs u and states x: u + δu and x + δx within theirs, δu = w - d."""
    m = len(u)
    for i in range(m):
        lo, hi = table.limits[0, i] - u[i] + d[i], table.limits[1, i] - u[i] + d[i]
        problem.lo[j, i], problem.hi[j, i] = lo, max(hi, lo + APART)
    for i in range(len(x)):
        problem.lo[j, m + i], problem.hi[j, m + i] = table.bounds[0, i] - x[i], table.bounds[1, i] - x[i]


@njit
def along_reference(flat, k, table, state):
    """The program from the deviation state.now."""
    p = state.problem
    N = len(p.B)
    for j in range(N):
        b, to = stage(flat, k, j), stage(flat, k, j + 1)
        p.A[j], p.B[j] = b.A_far, b.B_far
        bound(p, j, table, b.u, to.x, state.d)
        if j == N - 1:
            p.Qf[:] = to.S
    p.c[:], p.g[:], p.x0[:] = 0.0, 0.0, state.now


@njit
def along_rollout(model, flat, k, table, state):
    """The program from 0, about the motion from x_ref + state.now under last period's inputs, within their bounds,
    which are moved from state.point to state.held."""
    p, w, x, e, n, m = state.problem, state.point.y, state.x, state.e, int(flat[JOINTS]), int(flat[INPUTS])
    N, many, h = len(p.B), int(flat[STRIDE] * flat[STEPS]), flat[PERIOD] / flat[STEPS]
    at = stage(flat, k, 0)
    for i in range(2 * n):
        x[i] = at.x[i] + state.now[i]
    for j in range(N):
        b, to, u = stage(flat, k, j), stage(flat, k, j + 1), w[j, :m]
        bound(p, j, table, b.u, to.x, state.d)
        for i in range(m):
            u[i] = min(max(u[i], p.lo[j, i]), p.hi[j, i])
        state.held[j], tau = u, state.known  # which the law writes anew afterwards
        for i in range(n):
            tau[i] = b.tau[i]
            for r in range(m):
                tau[i] += b.U[i, r] * u[r]
        for step in range(many):
            e[:] = x
            step_derivatives(model, e[:n], e[n:], tau, h, x, state.blocks, state.A, state.B)
            chain(p.A[j], p.B[j], state, b.U, step == 0)
        if j == N - 1:
            p.Qf[:] = to.S
        for i in range(m):
            p.lo[j, i] -= u[i]
            p.hi[j, i] -= u[i]
            p.g[j, i] = 0.0
            for r in range(m):
                p.g[j, i] += table.R[i, r] * u[r]
        for i in range(2 * n):
            e[i] = x[i] - to.x[i]
            p.lo[j, m + i] -= e[i]
            p.hi[j, m + i] -= e[i]
        Q = p.Qf if j == N - 1 else table.Q
        for i in range(2 * n):
            p.g[j, m + i] = 0.0
            for r in range(2 * n):
                p.g[j, m + i] += Q[i, r] * e[r]
    p.c[:], p.x0[:], w[:] = 0.0, 0.0, 0.0


@njit
def chain(A_all, B_all, state, U, first):
    """A_all = A A_all, B_all = A B_all + B U for state.A, state.B; from 1 and 0 where first."""
    if first:
        A_all[:], B_all[:] = state.A, 0.0
    else:
        state.A2[:], state.B2[:] = A_all, B_all
        A_all[:], B_all[:] = 0.0, 0.0
        add_product(A_all, state.A, state.A2, 0, 1.0)
        add_product(B_all, state.A, state.B2, 0, 1.0)
    add_product(B_all, state.B, U, 0, 1.0)


@njit
def shift(point):
    """Last period's solution, one stage on; the last stage stays."""
    N, w = point.y.shape
    for j in range(N - 1):
        point.y[j] = point.y[j + 1]
    for side in range(2):
        lam = point.lam[side]
        for j in range((N - 1) * w):
            lam[j] = lam[j + w]
