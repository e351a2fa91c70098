"""Laws of the tool's pose, compiled; importing this loads numba.

The tool's wanted pose, twist and acceleration are those of the joint reference now, so that an exact model which tracks
it is tracked exactly. Vectors (6,) are linear, then angular, in world axes at the tool.

gains   HEAD: body, number of rows (6, or 3: position alone), damping, place 12, n; OWN: gains of pose and twist (6), of
        the null space's position and velocity (n)
memory  from MINE on, see rows below
"""

from math import atan2, sqrt

from robocalc.control.kernels_model import (
    E_V,
    FREE,
    HEAD,
    MINE,
    OWN,
    PASTS,
    Q_HAT,
    V_HAT,
    E,
    U,
    carried,
    commanded,
    remember,
)
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import chain_jacobian, crba, factor, frame_pose, frames, rnea, substitute
from robocalc.dynamics.kernels_rigid import AC, AL, W, motion
from robocalc.jit import njit

BODY, ROWS, DAMPING, PLACE = FREE, FREE + 1, FREE + 2, FREE + 3  # columns of HEAD
JOINTS = PLACE + 12
WIDTH = JOINTS + 1
POSE, TWIST, NULL, NULL_V = OWN, OWN + 1, OWN + 2, OWN + 3  # rows of gains
OWN_ROWS = 4
X, DX, DDX, X_REF, DX_REF, DDX_REF, F, Z = range(MINE, MINE + 8)  # rows of memory, then J, M⁻¹Jᵀ by rows, and a square
JAC, LIGHT, SQUARE = MINE + 8, MINE + 14, MINE + 20
MEMORY_ROWS = 26
LEAST = 1e-9  # keeps directions finite in which nothing moves
SMALL = 1e-6  # [rad] turns below this are their sine


@njit
def tool_motion(model, gains, q, v, a, J, memory, first):
    """Pose, twist and acceleration (less gravity) of the tool into rows first, ... of the memory; J (6, n or more)."""
    body, place, n = int(gains[HEAD, BODY]), gains[HEAD, PLACE:], len(q)
    frames(model, q)
    motion(model, v, a)
    frame_pose(model, body, place, memory[first])
    chain_jacobian(model, body, place[9:], J)
    for k in range(6):
        s = 0.0
        for i in range(n):
            s += J[k, i] * v[i]
        memory[first + 1, k] = s
    x, out, p = model.work[body + 1], memory[first + 2], memory[first]
    r0, r1, r2 = p[9] - x[9], p[10] - x[10], p[11] - x[11]
    w0, w1, w2, l0, l1, l2 = x[W], x[W + 1], x[W + 2], x[AL], x[AL + 1], x[AL + 2]
    t0, t1, t2 = w1 * r2 - w2 * r1, w2 * r0 - w0 * r2, w0 * r1 - w1 * r0
    out[0] = x[AC] + (l1 * r2 - l2 * r1) + (w1 * t2 - w2 * t1)
    out[1] = x[AC + 1] + (l2 * r0 - l0 * r2) + (w2 * t0 - w0 * t2)
    out[2] = x[AC + 2] + (l0 * r1 - l1 * r0) + (w0 * t1 - w1 * t0)
    out[3], out[4], out[5] = l0, l1, l2


@njit
def turn(R, S, out):
    """The rotation vector (3,) in world that takes R to S (row by row, (9,) or more)."""
    a = b = c = 0.0
    for k in range(3):  # half the sum of the columns' products
        a += 0.5 * (R[3 + k] * S[6 + k] - R[6 + k] * S[3 + k])
        b += 0.5 * (R[6 + k] * S[k] - R[k] * S[6 + k])
        c += 0.5 * (R[k] * S[3 + k] - R[3 + k] * S[k])
    trace = 0.0
    for k in range(9):
        trace += R[k] * S[k]
    sine = sqrt(a * a + b * b + c * c)
    scale = atan2(sine, 0.5 * (trace - 1.0)) / sine if sine > SMALL else 1.0
    out[0], out[1], out[2] = scale * a, scale * b, scale * c


@njit
def task(model, gains, memory, ref):
    """Motion of the tool at q̂, v̂ and along the reference; J of q̂; the pose's error (6,) into memory[Z]."""
    n, J = ref.shape[1], memory[JAC : JAC + 6]
    tool_motion(model, gains, ref[2], ref[3], ref[4], J, memory, X_REF)
    tool_motion(model, gains, memory[Q_HAT][:n], memory[V_HAT][:n], ref[4], J, memory, X)
    out = memory[Z]
    for k in range(3):
        out[k] = memory[X_REF, 9 + k] - memory[X, 9 + k]
    turn(memory[X], memory[X_REF], out[3:6])


@njit
def solve_square(gains, memory, d):
    """memory[F] = (J L + ε)⁻¹ memory[F], L the columns (n, d) whose rows are in LIGHT; ε keeps it finite."""
    n, A, f = int(gains[HEAD, JOINTS]), memory[SQUARE : SQUARE + d, :d], memory[F][:d]
    for block in range(0, d, 3):
        size = 0.0
        for k in range(block, block + 3):
            for j in range(k + 1):
                s = 0.0
                for i in range(n):
                    s += memory[JAC + k, i] * memory[LIGHT + j, i]
                A[k, j] = s
            size += A[k, k]
        for k in range(block, block + 3):
            A[k, k] += gains[HEAD, DAMPING] * size + LEAST
    factor(A)
    substitute(A, f)


@njit
def lighten(model, gains, memory, n, d):
    """Rows of M(q̂)⁻¹ Jᵀ into LIGHT; M's factors stay in model.square."""
    M = model.square
    crba(model, memory[Q_HAT][:n], M)
    factor(M)
    for k in range(d):
        row = memory[LIGHT + k][:n]
        for i in range(n):
            row[i] = memory[JAC + k, i]
        substitute(M, row)


@njit
def null_command(gains, memory, n):
    """u of the null space alone: kn ê + dn ê'."""
    for i in range(n):
        memory[U, i] = gains[NULL, i] * memory[E, i] + gains[NULL_V, i] * memory[E_V, i]


@njit
def less_null(memory, n, d):
    """memory[F] -= J u: the task takes back what the null space's command does to it."""
    for k in range(d):
        for i in range(n):
            memory[F, k] -= memory[JAC + k, i] * memory[U, i]


@njit
def add_task(memory, n, d):
    """u += L F."""
    for k in range(d):
        for i in range(n):
            memory[U, i] += memory[LIGHT + k, i] * memory[F, k]


@njit
def operational_space(model, gains, memory, t, q, v, ref, tau):
    """u = u₀ + M⁻¹Jᵀ Λ (ẍ_ref - ẍ + kp e_x + kd ė_x - J u₀), u₀ the null space's command, ẍ at a_ref."""
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    n, d = len(q), int(gains[HEAD, ROWS])
    carried(gains, memory, q, v, ref)
    task(model, gains, memory, ref)
    for k in range(d):
        rate = memory[DX_REF, k] - memory[DX, k]
        memory[F, k] = memory[DDX_REF, k] - memory[DDX, k] + gains[POSE, k] * memory[Z, k] + gains[TWIST, k] * rate
    lighten(model, gains, memory, n, d)
    null_command(gains, memory, n)
    less_null(memory, n, d)
    solve_square(gains, memory, d)
    add_task(memory, n, d)
    commanded(model, gains, memory, ref, tau)


@njit
def cartesian_velocity(model, gains, memory, t, q, v, ref, tau):
    """u = kv (v_c - v̂), v_c = v_ref + z + J⁺ (ẋ_ref + k e_x - J (v_ref + z)), z = kn ê, J⁺ damped; kv in TWIST."""
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    n, d = len(q), int(gains[HEAD, ROWS])
    carried(gains, memory, q, v, ref)
    task(model, gains, memory, ref)
    for k in range(d):
        memory[F, k] = memory[DX_REF, k] + gains[POSE, k] * memory[Z, k]
        for i in range(n):
            memory[F, k] -= memory[JAC + k, i] * ref[3, i]
            memory[LIGHT + k, i] = memory[JAC + k, i]
    for i in range(n):
        memory[U, i] = gains[NULL, i] * memory[E, i]
    less_null(memory, n, d)
    solve_square(gains, memory, d)
    add_task(memory, n, d)
    for i in range(n):
        memory[U, i] = gains[NULL_V, i] * (memory[U, i] + memory[E_V, i])
    commanded(model, gains, memory, ref, tau)


@njit
def by_torque(model, gains, memory, ref, tau):
    """The model's torque at a_ref and that in memory[U], which is kept as the acceleration M⁻¹ τ that it is."""
    n = len(tau)
    for i in range(n):
        memory[X, i] = memory[U, i]
    if gains[HEAD, PASTS] > 0.0:
        substitute(model.square, memory[U][:n])
        remember(gains, memory, n)
    for i in range(n):
        memory[U, i] = ref[4, i]
    rnea(model, memory[Q_HAT][:n], memory[V_HAT][:n], memory[U][:n], tau)
    for i in range(n):
        tau[i] += ref[5, i] + memory[X, i]


@njit
def cartesian_impedance(model, gains, memory, t, q, v, ref, tau):
    """τ = rnea(q̂, v̂, a_ref) + Jᵀ(K e_x + D ė_x) + Nᵀ(kn ê + dn ê') + τ_ff, Nᵀ = 1 - JᵀΛ J M⁻¹."""
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    n, d = len(q), int(gains[HEAD, ROWS])
    carried(gains, memory, q, v, ref)
    task(model, gains, memory, ref)
    lighten(model, gains, memory, n, d)
    null_command(gains, memory, n)
    for k in range(d):
        memory[F, k] = 0.0
        for i in range(n):
            memory[F, k] -= memory[LIGHT + k, i] * memory[U, i]
    solve_square(gains, memory, d)
    for k in range(d):
        force = gains[POSE, k] * memory[Z, k] + gains[TWIST, k] * (memory[DX_REF, k] - memory[DX, k])
        for i in range(n):
            memory[U, i] += memory[JAC + k, i] * (memory[F, k] + force)
    by_torque(model, gains, memory, ref, tau)


@njit
def joint_impedance(model, gains, memory, t, q, v, ref, tau):
    """τ = rnea(q̂, v̂, a_ref) + K ê + D ê' + τ_ff; K and D in NULL and NULL_V."""
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    n = len(q)
    carried(gains, memory, q, v, ref)
    null_command(gains, memory, n)
    if gains[HEAD, PASTS] > 0.0:  # only a prediction asks what the torque does
        crba(model, memory[Q_HAT][:n], model.square)
        factor(model.square)
    by_torque(model, gains, memory, ref, tau)
