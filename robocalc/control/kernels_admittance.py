"""Admittance of the tool, compiled; importing this loads numba.

What touches the tool is the wrench F that explains the torque which the model does not, τ_ext = Jᵀ F. Six virtual
masses give way to it, along and about the axes of the world or of the tool's reference, and the joints follow the
tool's moved reference by differential inverse kinematics:

    m δ̈ + D δ̇ + K δ = F,    e = (x_ref moved by δ) - x(q_ref + Δq),
    Δq̇ = J⁺ (ẋ_ref + δ̇ + k e - J v_ref) - kn (1 - J⁺J) Δq

Rows of gains and memory are those of kernels_observer, whose IDLE, STIFF, .. are of the six axes here; then, of gains,
AT: in the tool's axes or not, damping of J⁺, k, kn, place 12; at the end of the memory the rows below, then own (6, n).
"""

from math import cos, sin, sqrt

from robocalc.control.kernels import steer
from robocalc.control.kernels_observer import (
    CARRY,
    DRIVE,
    IDLE,
    LATE_BY,
    OFFSET,
    ROWS,
    SPEED,
    STIFF,
    estimate,
    with_estimate,
)
from robocalc.control.kernels_payload import BLOCKS, BODY, COMMANDS, CONSTANTS, HEAD, PERIOD, SMOOTH
from robocalc.control.kernels_task import turn
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import chain_jacobian, factor, frame_pose, frames, substitute
from robocalc.jit import njit

AT = CONSTANTS + 5  # row of gains
IN_TOOL, LEAST, FOLLOW, NULL, PLACE = 0, 1, 2, 3, 4  # its columns
# rows of memory: δ, its rate, δ in world, F (6); poses of the reference, as moved, and of the joints (12); twist (6)
MOVED, RATE, SHIFT, FORCE, X_REF, X_WANTED, X, TWIST, JAC, SQUARE = 0, 1, 2, 3, 4, 5, 6, 7, 8, 14
TOOL_ROWS = 20
TINY = 1e-12  # [rad] turns below this are none


@njit
def place_of(model, gains, q, X, J):
    """Pose (12,) and Jacobian (6, n or more) of the tool at q."""
    body, place = int(gains[CONSTANTS, BODY]), gains[AT, PLACE:]
    frames(model, q)
    frame_pose(model, body, place, X)
    chain_jacobian(model, body, place[9:], J)


@njit
def turned_by(r, R, out):
    """exp(r) R, row by row, into out (9 or more): Rodrigues' formula for r (3,) in world."""
    angle = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    s, c = (sin(angle) / angle, (1.0 - cos(angle)) / angle**2) if angle > TINY else (1.0, 0.5)
    for j in range(3):
        x, y, z = R[j], R[3 + j], R[6 + j]
        a, b, d = r[1] * z - r[2] * y, r[2] * x - r[0] * z, r[0] * y - r[1] * x
        out[j] = x + s * a + c * (r[1] * d - r[2] * b)
        out[3 + j] = y + s * b + c * (r[2] * a - r[0] * d)
        out[6 + j] = z + s * d + c * (r[0] * b - r[1] * a)


@njit
def push_on_tool(gains, J, n, d, F, A):
    """F (6,) with Jᵀ F = -d, the torque that the model lacks, by least squares; J Jᵀ is left factored in A."""
    for block in range(0, 6, 3):
        size = 0.0
        for k in range(block, block + 3):
            F[k] = 0.0
            for i in range(n):
                F[k] -= J[k, i] * d[i]
            for j in range(k + 1):
                A[k, j] = 0.0
                for i in range(n):
                    A[k, j] += J[k, i] * J[j, i]
            size += A[k, k]
        for k in range(block, block + 3):
            A[k, k] += gains[AT, LEAST] * size
    factor(A)
    substitute(A, F)


@njit
def give_way_at_tool(gains, room):
    """The six virtual masses take one step under F, see kernels_observer.give_way; rates of the step into FORCE.

    What the joints have to follow, in world, is left in X_WANTED (pose before the step) and added to TWIST.
    """
    h, inside, R, twist = gains[CONSTANTS, PERIOD], gains[AT, IN_TOOL] > 0.0, room[X_REF], room[TWIST]
    shift, F = room[SHIFT], room[FORCE]
    for b in range(0, 6, 3):
        f0, f1, f2 = F[b], F[b + 1], F[b + 2]
        if inside:
            for k in range(3):
                F[b + k] = R[k] * f0 + R[3 + k] * f1 + R[6 + k] * f2
    for k in range(6):
        f, idle = F[k], gains[IDLE, k]
        f = f - idle if f > idle else f + idle if f < -idle else 0.0
        shift[k] = room[MOVED, k]
        room[RATE, k] = gains[CARRY, k] * room[RATE, k] + gains[DRIVE, k] * (f - gains[STIFF, k] * room[MOVED, k])
        F[k] = room[RATE, k]
        room[MOVED, k] += h * room[RATE, k]
    for b in range(0, 6, 3):
        if inside:
            d0, d1, d2, r0, r1, r2 = shift[b], shift[b + 1], shift[b + 2], F[b], F[b + 1], F[b + 2]
            for k in range(3):
                shift[b + k] = R[3 * k] * d0 + R[3 * k + 1] * d1 + R[3 * k + 2] * d2
                F[b + k] = R[3 * k] * r0 + R[3 * k + 1] * r1 + R[3 * k + 2] * r2
            w0, w1, w2, d0, d1, d2 = twist[3], twist[4], twist[5], shift[b], shift[b + 1], shift[b + 2]
            F[b], F[b + 1], F[b + 2] = (
                F[b] + w1 * d2 - w2 * d1,
                F[b + 1] + w2 * d0 - w0 * d2,
                F[b + 2] + w0 * d1 - w1 * d0,
            )
    turned_by(shift[3:], room[X_REF], room[X_WANTED])
    for k in range(3):
        room[X_WANTED, 9 + k] = room[X_REF, 9 + k] + shift[k]
    for k in range(6):
        twist[k] += F[k]


@njit
def follow(model, gains, memory, ref, own, room):
    """One step of the joints' shift Δq behind the tool's; own (6, n or more) is the reference moved by it."""
    n, h, late = ref.shape[1], gains[CONSTANTS, PERIOD], gains[CONSTANTS, LATE_BY]
    J, A, T, null = room[JAC : JAC + 6], room[SQUARE : SQUARE + 6, :6], room[TWIST][:6], gains[AT, NULL]
    place_of(model, gains, ref[2], room[X_REF], J)
    for k in range(6):
        T[k] = 0.0
        for i in range(n):
            T[k] += J[k, i] * ref[3, i]
    for i in range(n):
        own[2, i], own[3, i] = ref[2, i] + memory[OFFSET, i], ref[3, i] + memory[SPEED, i]
    place_of(model, gains, own[2][:n], room[X], J)
    push_on_tool(gains, J, n, memory[SMOOTH], room[FORCE][:6], A)
    give_way_at_tool(gains, room)
    pose = room[X_WANTED]
    turn(room[X], pose, room[FORCE])
    for k in range(3):
        T[3 + k] += gains[AT, FOLLOW] * room[FORCE, k]
        T[k] += gains[AT, FOLLOW] * (pose[9 + k] - room[X, 9 + k])
    for k in range(6):
        for i in range(n):
            T[k] += J[k, i] * (null * memory[OFFSET, i] - ref[3, i])
    substitute(A, T)
    for i in range(n):
        speed = -null * memory[OFFSET, i]
        for k in range(6):
            speed += J[k, i] * T[k]
        rate = (speed - memory[SPEED, i]) / h
        own[0, i] = ref[0, i] + memory[OFFSET, i] - late * memory[SPEED, i]
        own[1, i] = ref[1, i] + memory[SPEED, i] - late * rate
        own[4, i], own[5, i] = ref[4, i] + rate, ref[5, i]
        memory[SPEED, i] = speed
        memory[OFFSET, i] += h * speed


@njit
def admittance_of_tool(model, gains, memory, t, q, v, ref, tau):
    """disturbance_observer about the reference plus Δq, which gives way to what touches the tool."""
    model, gains, memory, q, v, ref, tau = borrowed((model, gains, memory, q, v, ref, tau))
    tail, commands, last = HEAD + BLOCKS * len(q), int(gains[CONSTANTS, COMMANDS]), len(memory) - ROWS
    own, room = memory[last:], memory[last - TOOL_ROWS : last]
    estimate(model, gains, memory, memory[tail + commands : last - TOOL_ROWS], q, v, ref, tau)
    follow(model, gains, memory, ref, own, room)
    steer(gains, memory, memory[tail : tail + commands], q, v, own, tau)
    with_estimate(model, memory, ref, tau)
