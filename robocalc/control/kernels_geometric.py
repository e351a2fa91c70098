"""Geometric control of a quadrotor whose joints are x, y, z, yaw, pitch, roll, compiled; importing this loads numba."""

from math import cos, sin, sqrt

from robocalc.control.kernels_model import E_V, FREE, HEAD, MINE, OWN, Q_HAT, V_HAT, E, U, carried, commanded
from robocalc.control.kernels_task import turn
from robocalc.dynamics.kernels import frames
from robocalc.jit import njit

GRAVITY = FREE  # column of HEAD [m/s²]
LINEAR, LINEAR_V, TURN, TURN_V = OWN, OWN + 1, OWN + 2, OWN + 3  # rows of gains, (3,) each
BODY, WANTED, AXES, TWIST = (
    MINE,
    MINE + 1,
    MINE + 2,
    MINE + 3,
)  # rows of memory: R (9,), R_d (9,), axes (9,), error (3,)
MEMORY_ROWS, WIDTH = 4, 12
LEAST_THRUST, LEAST_DET = 1e-3, 1e-2  # of weight: less has no direction; of the axes' volume, near a pitch of 90°


@njit
def axes(model, q, out):
    """World axes of yaw, pitch and roll into out (9,), one after the other."""
    frames(model, q)
    for j in range(3):
        x = model.work[4 + j]
        out[3 * j], out[3 * j + 1], out[3 * j + 2] = x[2], x[5], x[8]


@njit
def attitude(yaw, pitch, roll, R):
    """R_z(yaw) R_y(pitch) R_x(roll), row by row."""
    cy, sy, cp, sp, cr, sr = cos(yaw), sin(yaw), cos(pitch), sin(pitch), cos(roll), sin(roll)
    R[0], R[1], R[2] = cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr
    R[3], R[4], R[5] = sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr
    R[6], R[7], R[8] = -sp, cp * sr, cp * cr


@njit
def pointing(force, yaw, pitch, R):
    """R (9,) whose third axis is along force (3,), its first in the vertical plane of yaw, on the side of the
    reference's; False where the force has no such direction."""
    size = sqrt(force[0] ** 2 + force[1] ** 2 + force[2] ** 2)
    b0, b1, b2 = force[0] / size, force[1] / size, force[2] / size
    s, c = sin(yaw), cos(yaw)
    x0, x1, x2 = c * b2, s * b2, -s * b1 - c * b0  # (-s, c, 0) × b
    across = sqrt(x0 * x0 + x1 * x1 + x2 * x2)
    if not across > LEAST_DET:
        return False
    if x0 * c * cos(pitch) + x1 * s * cos(pitch) - x2 * sin(pitch) < 0.0:
        across = -across
    x0, x1, x2 = x0 / across, x1 / across, x2 / across
    R[0], R[3], R[6] = x0, x1, x2
    R[1], R[4], R[7] = b1 * x2 - b2 * x1, b2 * x0 - b0 * x2, b0 * x1 - b1 * x0
    R[2], R[5], R[8] = b0, b1, b2
    return True


@njit
def solve_axes(Z, x):
    """x (3,) = (z₁ z₂ z₃)⁻¹ x for the axes in Z (9,), by Cramer's rule; bounded near a pitch of 90°."""
    c0, c1, c2 = Z[4] * Z[8] - Z[5] * Z[7], Z[5] * Z[6] - Z[3] * Z[8], Z[3] * Z[7] - Z[4] * Z[6]
    det = Z[0] * c0 + Z[1] * c1 + Z[2] * c2
    if abs(det) < LEAST_DET:
        det = LEAST_DET if det >= 0.0 else -LEAST_DET
    a = (x[0] * c0 + x[1] * c1 + x[2] * c2) / det
    d0, d1, d2 = Z[7] * Z[2] - Z[8] * Z[1], Z[8] * Z[0] - Z[6] * Z[2], Z[6] * Z[1] - Z[7] * Z[0]
    b = (x[0] * d0 + x[1] * d1 + x[2] * d2) / det
    e0, e1, e2 = Z[1] * Z[5] - Z[2] * Z[4], Z[2] * Z[3] - Z[0] * Z[5], Z[0] * Z[4] - Z[1] * Z[3]
    x[0], x[1], x[2] = a, b, (x[0] * e0 + x[1] * e1 + x[2] * e2) / det


@njit
def turning(model, gains, memory, ref, R, wanted):
    """Accelerations of yaw, pitch and roll beyond the reference's: kR e_R + kΩ (Ω_ref - Ω), in world axes."""
    Z, error = memory[AXES], memory[TWIST]
    turn(R, wanted, error)
    axes(model, ref[2], Z)
    for k in range(3):
        error[3 + k] = 0.0
        for j in range(3):
            error[3 + k] += Z[3 * j + k] * ref[3, 3 + j]
    axes(model, memory[Q_HAT][:6], Z)
    for k in range(3):
        for j in range(3):
            error[3 + k] -= Z[3 * j + k] * memory[V_HAT, 3 + j]
        error[k] = gains[TURN, k] * error[k] + gains[TURN_V, k] * error[3 + k]
    solve_axes(Z, error)
    for j in range(3):
        memory[U, 3 + j] = error[j]


@njit
def geometric(model, gains, memory, t, q, v, ref, tau):
    """Thrust f = F · b₃ of F/m = a_ref + kp e + kd ė + g along the body's b₃; the attitude goes to the one along F."""
    carried(gains, memory, q, v, ref)
    R, wanted, F = memory[BODY], memory[WANTED], memory[TWIST][6:9]
    g = gains[HEAD, GRAVITY]
    for k in range(3):
        F[k] = ref[4, k] + gains[LINEAR, k] * memory[E, k] + gains[LINEAR_V, k] * memory[E_V, k]
    F[2] += g
    attitude(memory[Q_HAT, 3], memory[Q_HAT, 4], memory[Q_HAT, 5], R)
    thrust = F[0] * R[2] + F[1] * R[5] + F[2] * R[8]
    known = F[0] ** 2 + F[1] ** 2 + F[2] ** 2 > (LEAST_THRUST * g) ** 2
    if not (known and pointing(F, ref[2, 3], ref[2, 4], wanted)):
        attitude(ref[2, 3], ref[2, 4], ref[2, 5], wanted)
    turning(model, gains, memory, ref, R, wanted)
    for k in range(3):
        memory[U, k] = thrust * R[3 * k + 2] - ref[4, k]
    memory[U, 2] -= g
    commanded(model, gains, memory, ref, tau)
