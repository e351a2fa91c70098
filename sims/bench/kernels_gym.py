"""A robot whose inputs are held over the physics steps of a control period, compiled.

    generalised     forces of the inputs, and of PyBullet's own damping
    held            a period of the twin under constant inputs
    period_slopes   the same with its derivatives
    torque_flat     generalised for a caller in Python

A thruster turns with its body while its thrust is held, and as the gym has it, one physics step late: PyBullet's
applyExternalForce takes the directions of LINK_FRAME from before the last step, but where it pushes from after it. As
q₊ = q + h v₊, the step before is known from the state: q - h v. Importing this loads numba.
"""

from typing import NamedTuple

import numpy as np

from robocalc.dynamics.actuation import AXIS, BODY, DRAG, POINT
from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import acceleration
from robocalc.dynamics.kernels_derivatives import chain_hessian, step_derivatives
from robocalc.dynamics.kernels_frames import chain_jacobian, frames
from robocalc.dynamics.model import Model
from robocalc.jit import njit

PITCH, ROLL = 4, 5  # joints of a spatial robot


class Room(NamedTuple):
    """Scratch: J (6, n), B (n, m), torque and acceleration (n,), q of the step before (n,), directions E (m, 3) of the
    thrusters then and ∂E/∂q (m, 3, n): turns."""

    J: np.ndarray
    B: np.ndarray
    tau: np.ndarray
    a: np.ndarray
    past: np.ndarray
    E: np.ndarray
    turns: np.ndarray


class Plant(NamedTuple):
    """What a held robot is: inputs (m, 11), drag (4,), [h, steps a period, whether spatial, whether the motion
    begins an episode] (4,)."""

    inputs: np.ndarray
    drag: np.ndarray
    timing: np.ndarray


@njit
def room_for(n, m):
    return Room(
        np.zeros((6, n)), np.zeros((n, m)), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros((m, 3)), np.zeros((m, 3, n))
    )


@njit
def pushes(model, plant, x, fresh, slopes, room):
    """room.B (n, m) at x: thrust along directions one step old (those of now where fresh); leaves the frames of q.

    slopes   also room.turns, how the directions turn with q
    """
    inputs, h, J, B, E = plant.inputs, plant.timing[0], room.J, room.B, room.E
    n, m = B.shape
    late = 0.0 if fresh else h
    for i in range(n):
        room.past[i] = x[i] - late * x[n + i]
    frames(model, room.past)
    for k in range(m):
        row, body = inputs[k], int(inputs[k, BODY])
        if body >= 0:
            turn = model.work[body + 1]
            for axis in range(3):
                E[k, axis] = (
                    turn[3 * axis] * row[AXIS] + turn[3 * axis + 1] * row[AXIS + 1] + turn[3 * axis + 2] * row[AXIS + 2]
                )
            if slopes:
                chain_jacobian(model, body, row[POINT : POINT + 3], J)
                for j in range(n):
                    w0, w1, w2, e = J[3, j], J[4, j], J[5, j], E[k]
                    room.turns[k, 0, j] = w1 * e[2] - w2 * e[1]
                    room.turns[k, 1, j] = w2 * e[0] - w0 * e[2]
                    room.turns[k, 2, j] = w0 * e[1] - w1 * e[0]
    frames(model, x[:n])
    for k in range(m):
        row, body = inputs[k], int(inputs[k, BODY])
        for i in range(n):
            B[i, k] = 0.0
        if body < 0:
            B[-1 - body, k] = 1.0
        else:
            chain_jacobian(model, body, row[POINT : POINT + 3], J)
            for axis in range(3):
                for i in range(n):
                    B[i, k] += E[k, axis] * (J[axis, i] + row[DRAG] * J[3 + axis, i])


@njit
def generalised(model, plant, x, u, fresh, slopes, room):
    """room.tau (n,) of inputs u (m,) at x (2n,), less PyBullet's damping.

    drag (4,): a damping k times mass and the three inertias of the flying body. It meets
        f = -k m v (1 + |v|),    μ = -k I ω (1 + |ω|) in its own axes (btMultiBody, linear and angular damping k).
    """
    pushes(model, plant, x, fresh, slopes, room)
    drag, B, tau = plant.drag, room.B, room.tau
    n, m = B.shape
    for i in range(n):
        tau[i] = 0.0
        for k in range(m):
            tau[i] += B[i, k] * u[k]
    if drag[0] > 0.0:
        v = x[n:]
        if n == 3:
            speed = np.sqrt(v[0] * v[0] + v[1] * v[1])
            tau[0] -= drag[0] * v[0] * (1.0 + speed)
            tau[1] -= drag[0] * v[1] * (1.0 + speed)
            tau[2] -= drag[2] * v[2] * (1.0 + abs(v[2]))
        else:
            speed = np.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
            for i in range(3):
                tau[i] -= drag[0] * v[i] * (1.0 + speed)
            s, c, st, ct = np.sin(x[ROLL]), np.cos(x[ROLL]), np.sin(x[PITCH]), np.cos(x[PITCH])
            wz, wy, wx = v[3] * ct * c - v[4] * s, v[4] * c + v[3] * ct * s, v[5] - v[3] * st
            rate = 1.0 + np.sqrt(wx * wx + wy * wy + wz * wz)
            mx, my, mz = drag[1] * wx * rate, drag[2] * wy * rate, drag[3] * wz * rate
            tau[3] -= mz * ct * c + my * ct * s - mx * st
            tau[4] -= my * c - mz * s
            tau[5] -= mx


@njit
def drag_slopes(drag, x, D):
    """Adds ∂τ/∂v of the damping to D (n, n); in 3D for small angles and rates, which is enough for 4 %."""
    n = len(D)
    if drag[0] > 0.0:
        v, lin = x[n:], n // 2 if n == 6 else 2
        speed = 0.0
        for i in range(lin):
            speed += v[i] * v[i]
        speed = np.sqrt(speed)
        for i in range(lin):
            D[i, i] -= drag[0] * (1.0 + speed)
            for j in range(lin):
                D[i, j] -= drag[0] * v[i] * v[j] / max(speed, 1e-12)
        if n == 3:
            D[2, 2] -= drag[2] * (1.0 + 2.0 * abs(v[2]))
        else:
            for i in range(3):
                D[3 + i, 3 + i] -= drag[3 - i]


@njit
def held(model, plant, x, u, fresh, room):
    """x (2n,) becomes the state one period later under inputs u (m,); fresh: at the begin of an episode."""
    n, h = len(x) // 2, plant.timing[0]
    q, v, a = x[:n], x[n:], room.a
    for step in range(int(plant.timing[1])):
        generalised(model, plant, x, u, fresh and step == 0, False, room)
        acceleration(model, q, v, room.tau, a)
        for i in range(n):
            v[i] += h * a[i]
            q[i] += h * v[i]


@njit
def turning(model, plant, u, fresh, J, H, C, D, room):
    """C, D (n, n) = ∂τ/∂q, ∂τ/∂v of the inputs, after `pushes` with slopes; J (6, n), H (6, n, n) scratch.

    A thrust u along e at a point with Jacobian J gives joint i the force e · (Jᵢ + r ωᵢ) u.
    """
    n, inputs, late = len(C), plant.inputs, 0.0 if fresh else plant.timing[0]
    C[:], D[:] = 0.0, 0.0
    for k in range(len(inputs)):
        row, body = inputs[k], int(inputs[k, BODY])
        if body < 0:
            continue
        chain_jacobian(model, body, row[POINT : POINT + 3], J)
        chain_hessian(model, body, J, H)
        r, e, d = row[DRAG], room.E[k], room.turns[k]
        for i in range(n):
            p0, p1, p2 = J[0, i] + r * J[3, i], J[1, i] + r * J[4, i], J[2, i] + r * J[5, i]
            for j in range(n):
                s = e[0] * (H[0, i, j] + r * H[3, i, j]) + e[1] * (H[1, i, j] + r * H[4, i, j])
                s += e[2] * (H[2, i, j] + r * H[5, i, j])
                turned = d[0, j] * p0 + d[1, j] * p1 + d[2, j] * p2
                C[i, j] += (s + turned) * u[k]
                D[i, j] -= late * turned * u[k]


@njit
def period_slopes(model, plant, x, u, fresh, AB, room, A, B_tau, C, D, J, H, blocks, last):
    """AB (2n, 2n + m) = ∂x⁺/∂(x, u) of one period; x (2n,) moves on to x⁺. The rest is scratch."""
    n, m, nx, h = len(x) // 2, len(u), len(x), plant.timing[0]
    nz = nx + m
    AB[:] = 0.0
    for i in range(nx):
        AB[i, i] = 1.0
    for step in range(int(plant.timing[1])):
        generalised(model, plant, x, u, fresh and step == 0, True, room)
        turning(model, plant, u, fresh and step == 0, J, H, C, D, room)
        drag_slopes(plant.drag, x, D)
        step_derivatives(model, x[:n], x[n:], room.tau, h, last[0, :nx], blocks, A, B_tau)
        x[:] = last[0, :nx]
        for i in range(n, nx):  # the rows of v₊; those of q₊ = q + h v₊ follow
            for r in range(n):
                s = B_tau[i, r]
                for j in range(n):
                    A[i, j] += s * C[r, j]
                    A[i, n + j] += s * D[r, j]
            row, old = last[1 + i], A[i]
            for j in range(nz):
                row[j] = 0.0
            for r in range(nx):
                s, z = old[r], AB[r]
                for j in range(nz):
                    row[j] += s * z[j]
            for r in range(n):
                s = B_tau[i, r]
                for k in range(m):
                    row[nx + k] += s * room.B[r, k]
        for i in range(n):
            fast, slow, new = AB[n + i], AB[i], last[1 + n + i]
            for j in range(nz):
                fast[j] = new[j]
                slow[j] += h * new[j]


@njit
def torque_flat(
    tree, bodies, gravity, work, square, inputs, drag, timing, q, v, u, fresh, J, B, tau, a, past, E, turns, x
):
    """tau (n,) at q, v for a caller in Python: arrays one by one, which numba takes faster than tuples; x (2n,)."""
    model = borrowed(Model(tree, bodies, gravity, work, square))
    room = borrowed(Room(J, B, tau, a, past, E, turns))
    at = borrowed(x)
    n = len(q)
    for i in range(n):
        at[i], at[n + i] = q[i], v[i]
    generalised(model, borrowed(Plant(inputs, drag, timing)), at, borrowed(u), fresh, False, room)
