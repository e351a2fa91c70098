"""Derivatives of the laws, compiled: what a law's torque changes when its gains, its memory and what it is told change.

A slope function has the signature SLOPE; P directions side by side, the last axis of every d-array:

    dgains (.., .., P)    change of the gains
    dq, dv (n, P)         change of the measurement
    dmemory (.., .., P)   in: of the memory before; out: after
    dtau (n, P)           in: of the torque applied over the last period; out: of the torque wanted

It reads gains, memory, q, v, ref, tau as they are before the law's call, and leaves them alone.

    SLOPES       compiled law -> its slope function, written by hand from the law's own formula
    differences  any other law: central differences of that one call, along each direction

Where a law switches (anti-windup, a limit), the slope is that of the branch it is on.
"""

import numpy as np
from numba import float64 as f8
from numba import int64 as i8
from numba import types

from robocalc.control import kernels
from robocalc.control.signature import law_address, law_at, pointer
from robocalc.dynamics.kernels_derivatives import rnea_derivatives
from robocalc.dynamics.model import MODEL
from robocalc.jit import njit

D2, D3 = f8[:, ::1], f8[:, :, ::1]
SLOPE = types.void(i8, MODEL, D2, D2, f8, f8[::1], f8[::1], D2, f8[::1], D3, D3, D2, D2, D2)
POINTER = types.FunctionType(SLOPE)
NUDGE = 1e-5  # of the size of what is changed: error about 1e-10 of the value by curvature, 1e-11 by rounding


slope_at = pointer(POINTER)


@njit(SLOPE)
def pd(law, model, gains, memory, t, q, v, ref, tau, dgains, dmemory, dq, dv, dtau):
    """dτ = dkp e + dkd ė - kp dq - kd dv."""
    for i in range(len(q)):
        e, e_v, kp, kd = ref[0, i] - q[i], ref[1, i] - v[i], gains[0, i], gains[1, i]
        for p in range(dq.shape[1]):
            dtau[i, p] = dgains[0, i, p] * e + dgains[1, i, p] * e_v - kp * dq[i, p] - kd * dv[i, p]


@njit(SLOPE)
def pid(law, model, gains, memory, t, q, v, ref, tau, dgains, dmemory, dq, dv, dtau):
    """As pd, and the integral with its back-calculation."""
    for i in range(len(q)):
        e, e_v, kp, kd, ki, back = (
            ref[0, i] - q[i],
            ref[1, i] - v[i],
            gains[0, i],
            gains[1, i],
            gains[2, i],
            gains[3, i],
        )
        lost = tau[i] - memory[1, i]
        for p in range(dq.shape[1]):
            z = dmemory[0, i, p] + dgains[2, i, p] * e - ki * dq[i, p]
            z += dgains[3, i, p] * lost + back * (dtau[i, p] - dmemory[1, i, p])
            x = dgains[0, i, p] * e + dgains[1, i, p] * e_v - kp * dq[i, p] - kd * dv[i, p] + z
            dmemory[0, i, p], dmemory[1, i, p], dtau[i, p] = z, x, x


@njit(SLOPE)
def state_feedback(law, model, gains, memory, t, q, v, ref, tau, dgains, dmemory, dq, dv, dtau):
    """dτ = dK (x_ref - x) - K dx."""
    n = len(q)
    dtau[:] = 0.0
    for j in range(n):
        e, e_v = ref[0, j] - q[j], ref[1, j] - v[j]
        for i in range(n):
            k, k_v = gains[j, i], gains[n + j, i]
            for p in range(dq.shape[1]):
                dtau[i, p] += dgains[j, i, p] * e + dgains[n + j, i, p] * e_v - k * dq[j, p] - k_v * dv[j, p]


@njit
def through_model(model, q, v, a, dq, dv, da, dtau):
    """dτ of rnea: ∂τ/∂q dq + ∂τ/∂v dv + M da."""
    n = len(q)
    blocks = np.empty((3, n, n))
    rnea_derivatives(model, q, v, a, blocks[0], blocks[1], blocks[2])
    dtau[:] = 0.0
    for i in range(n):
        for j in range(n):
            b, c, m = blocks[0, i, j], blocks[1, i, j], blocks[2, i, j]
            for p in range(dtau.shape[1]):
                dtau[i, p] += b * dq[j, p] + c * dv[j, p] + m * da[j, p]


@njit(SLOPE)
def computed_torque(law, model, gains, memory, t, q, v, ref, tau, dgains, dmemory, dq, dv, dtau):
    """da = dkp e - kp dq + dkd ė - kd dv + dz; q̂ and v̂ move as the measurement does."""
    n, P = dq.shape
    q_hat, v_hat, a, da = np.empty(n), np.empty(n), np.empty(n), np.empty((n, P))
    for i in range(n):
        e, e_v, kp, kd, ki = ref[0, i] - q[i], ref[1, i] - v[i], gains[0, i], gains[1, i], gains[2, i]
        z, grows = memory[0, i], (memory[1, i] - tau[i]) * e <= 0.0
        z += ki * e if grows else 0.0
        q_hat[i], v_hat[i], a[i] = ref[2, i] - e, ref[3, i] - e_v, ref[4, i] + kp * e + kd * e_v + z
        for p in range(P):
            if grows:
                dmemory[0, i, p] += dgains[2, i, p] * e - ki * dq[i, p]
            da[i, p] = dgains[0, i, p] * e - kp * dq[i, p] + dgains[1, i, p] * e_v - kd * dv[i, p] + dmemory[0, i, p]
    through_model(model, q_hat, v_hat, a, dq, dv, da, dtau)
    dmemory[1] = dtau


@njit(SLOPE)
def computed_torque_delayed(law, model, gains, memory, t, q, v, ref, tau, dgains, dmemory, dq, dv, dtau):
    """kernels.steer with its prediction from the commands of the past, then the model."""
    n, P = dq.shape
    table, past, dpast = gains[kernels.PREDICT :], memory[kernels.PAST :], dmemory[kernels.PAST :]
    J = len(past)
    q_hat, v_hat, a = np.empty(n), np.empty(n), np.empty(n)
    dnow, dnow_v, da = np.empty((n, P)), np.empty((n, P)), np.empty((n, P))
    for i in range(n):
        e, e_v, kp, kd, ki = ref[0, i] - q[i], ref[1, i] - v[i], gains[0, i], gains[1, i], gains[2, i]
        z, grows = memory[kernels.Z, i], (memory[kernels.WANTED, i] - tau[i]) * e <= 0.0
        z += ki * e if grows else 0.0
        now, now_v, ahead = e + table[0, 1] * e_v, e_v, table[2, 0] * e + table[2, 1] * e_v
        for j in range(J):
            now += table[0, 2 + j] * past[j, i]
            now_v += table[1, 2 + j] * past[j, i]
            ahead += table[2, 2 + j] * past[j, i]
        moves = not (e == 0.0 and e_v == 0.0)
        if not moves:
            now = now_v = ahead = 0.0
        q_hat[i], v_hat[i] = ref[2, i] - now, ref[3, i] - now_v
        a[i] = ref[4, i] + kp * now + kd * now_v + z + ki * ahead
        for p in range(P):
            de, de_v = -dq[i, p], -dv[i, p]
            if grows:
                dmemory[kernels.Z, i, p] += dgains[2, i, p] * e + ki * de
            x, x_v, x_ahead = de + table[0, 1] * de_v, de_v, table[2, 0] * de + table[2, 1] * de_v
            for j in range(J):
                x += table[0, 2 + j] * dpast[j, i, p]
                x_v += table[1, 2 + j] * dpast[j, i, p]
                x_ahead += table[2, 2 + j] * dpast[j, i, p]
            if not moves:
                x = x_v = x_ahead = 0.0
            du = dgains[0, i, p] * now + kp * x + dgains[1, i, p] * now_v + kd * x_v + dmemory[kernels.Z, i, p]
            du += dgains[2, i, p] * ahead + ki * x_ahead
            for j in range(J - 1, 0, -1):
                dpast[j, i, p] = dpast[j - 1, i, p]
            if J > 0:
                dpast[0, i, p] = du
            dnow[i, p], dnow_v[i, p], da[i, p] = -x, -x_v, du
    through_model(model, q_hat, v_hat, a, dnow, dnow_v, da, dtau)
    dmemory[kernels.WANTED, :n] = dtau


@njit
def _size(x, dx, p):
    """(largest |x| + 1 where it changes, largest change) of two-dimensional x along direction p."""
    size, change = 0.0, 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if dx[i, j, p] != 0.0:
                change = max(change, abs(dx[i, j, p]))
                size = max(size, abs(x[i, j]))
    return size, change


@njit
def _share(x, dx, p):
    """Largest step along direction p that changes no number of x by more than NUDGE of the largest that changes."""
    size, change = _size(x, dx, p)
    return NUDGE * size / change if change > 0.0 and size > 0.0 else np.inf


@njit(SLOPE)
def differences(law, model, gains, memory, t, q, v, ref, tau, dgains, dmemory, dq, dv, dtau):
    """The law called on either side of where it is, along each direction; the memory is a copy."""
    n, P = dq.shape
    state, dstate = np.empty((3, n)), np.empty((3, n, P))
    state[0], state[1], state[2] = q, v, tau
    dstate[0], dstate[1], dstate[2] = dq, dv, dtau
    outs, ends, tuned = np.empty((2, n)), np.empty((2, *memory.shape)), np.empty_like(gains)
    x, y = np.empty(n), np.empty(n)
    for p in range(P):
        h = min(_share(gains, dgains, p), _share(memory, dmemory, p), _share(state[:1], dstate[:1], p))
        h = min(h, _share(state[1:2], dstate[1:2], p), _share(state[2:], dstate[2:], p))
        if h == np.inf:
            h = NUDGE
        for side in range(2):
            s = h if side == 0 else -h
            for i in range(n):
                x[i], y[i], outs[side, i] = q[i] + s * dq[i, p], v[i] + s * dv[i, p], tau[i] + s * dstate[2, i, p]
            for i in range(gains.shape[0]):
                for j in range(gains.shape[1]):
                    tuned[i, j] = gains[i, j] + s * dgains[i, j, p]
            for i in range(memory.shape[0]):
                for j in range(memory.shape[1]):
                    ends[side, i, j] = memory[i, j] + s * dmemory[i, j, p]
            law_at(law)(model, tuned, ends[side], t, x, y, ref, outs[side])
        for i in range(n):
            dtau[i, p] = (outs[0, i] - outs[1, i]) / (2.0 * h)
        for i in range(memory.shape[0]):
            for j in range(memory.shape[1]):
                dmemory[i, j, p] = (ends[0, i, j] - ends[1, i, j]) / (2.0 * h)


SLOPES = {
    kernels.pd: pd,
    kernels.pid: pid,
    kernels.state_feedback: state_feedback,
    kernels.computed_torque: computed_torque,
    kernels.computed_torque_delayed: computed_torque_delayed,
}


def slope_address(step) -> int:
    """Where the machine code of the law's slope function lies."""
    law_address(step)  # refuses what is no law
    compiled = SLOPES.get(step, differences).get_compile_result(SLOPE)
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
