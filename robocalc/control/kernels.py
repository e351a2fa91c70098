"""The laws, compiled; importing this loads numba. Each has the signature of robocalc.control.signature.

ref (6, n) rows: q_ref, v_ref at the measurement's stamp; q_ref, v_ref, a_ref, tau_ff now. tau (n,) in: applied over the
last period; out: wanted.
"""

from robocalc.control.signature import LAW_SIGNATURE
from robocalc.dynamics.kernels import rnea
from robocalc.jit import njit


@njit(LAW_SIGNATURE)
def pd(model, gains, memory, t, q, v, ref, tau):
    """τ = τ_ff + kp e + kd ė; gains (2, n) = kp, kd."""
    for i in range(len(q)):
        tau[i] = ref[5, i] + gains[0, i] * (ref[0, i] - q[i]) + gains[1, i] * (ref[1, i] - v[i])


@njit(LAW_SIGNATURE)
def pid(model, gains, memory, t, q, v, ref, tau):
    """τ = τ_ff + kp e + kd ė + I,  I += ki dt e + (dt/Tt) (τ_applied - τ_wanted of the last period).

    gains (4, n) = kp, kd, ki dt, dt/Tt; memory (2, n) = I, τ_wanted.
    """
    for i in range(len(q)):
        e = ref[0, i] - q[i]
        memory[0, i] += gains[2, i] * e + gains[3, i] * (tau[i] - memory[1, i])
        tau[i] = ref[5, i] + gains[0, i] * e + gains[1, i] * (ref[1, i] - v[i]) + memory[0, i]
        memory[1, i] = tau[i]


@njit(LAW_SIGNATURE)
def computed_torque(model, gains, memory, t, q, v, ref, tau):
    """τ = rnea(q_ref - e, v_ref - ė, a_ref + kp e + kd ė + z) + τ_ff,  z += ki dt e unless the drive is at its limit.

    gains (3, n) = kp, kd, ki dt [1/s², 1/s, 1/s²]; memory (5, n) = z, τ_wanted, then room for q̂, v̂, a.
    """
    q_hat, v_hat, a = memory[2], memory[3], memory[4]
    for i in range(len(q)):
        e, e_v = ref[0, i] - q[i], ref[1, i] - v[i]
        if (memory[1, i] - tau[i]) * e <= 0.0:  # else more integral would only wind up
            memory[0, i] += gains[2, i] * e
        q_hat[i] = ref[2, i] - e
        v_hat[i] = ref[3, i] - e_v
        a[i] = ref[4, i] + gains[0, i] * e + gains[1, i] * e_v + memory[0, i]
    rnea(model, q_hat, v_hat, a, tau)
    for i in range(len(q)):
        tau[i] += ref[5, i]
        memory[1, i] = tau[i]


@njit(LAW_SIGNATURE)
def state_feedback(model, gains, memory, t, q, v, ref, tau):
    """τ = τ_ff + K (x_ref - x), x = (q, v); gains (2n, n) = Kᵀ."""
    n = len(q)
    for i in range(n):
        tau[i] = ref[5, i]
    for j in range(n):
        e, e_v = ref[0, j] - q[j], ref[1, j] - v[j]
        for i in range(n):
            tau[i] += gains[j, i] * e + gains[n + j, i] * e_v
