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


Z, WANTED, Q_HAT, V_HAT, A, PAST = range(6)  # rows of memory of the laws below; from PAST on: commands, newest first
PREDICT = 3  # rows of gains before those of robocalc.control.prediction


@njit
def steer(gains, memory, past, q, v, ref, tau):
    """q̂, v̂ and a = a_ref + u of computed torque into the memory, the error carried to now: u = kp ê + kd dê/dt + ẑ.

    gains (PREDICT + 3, n or more) = kp, kd, ki dt, then the table of robocalc.control.prediction; past (J, n or more)
    """
    table, J = gains[PREDICT:], len(past)
    for i in range(len(q)):
        e, e_v = ref[0, i] - q[i], ref[1, i] - v[i]
        if (memory[WANTED, i] - tau[i]) * e <= 0.0:  # else more integral would only wind up
            memory[Z, i] += gains[2, i] * e
        now, now_v, ahead = e + table[0, 1] * e_v, e_v, table[2, 0] * e + table[2, 1] * e_v
        for j in range(J):
            now += table[0, 2 + j] * past[j, i]
            now_v += table[1, 2 + j] * past[j, i]
            ahead += table[2, 2 + j] * past[j, i]
        if e == 0.0 and e_v == 0.0:  # tracked exactly, or a joint in force mode, whose commands move nothing
            now = now_v = ahead = 0.0
        u = gains[0, i] * now + gains[1, i] * now_v + memory[Z, i] + gains[2, i] * ahead
        for j in range(J - 1, 0, -1):
            past[j, i] = past[j - 1, i]
        if J > 0:
            past[0, i] = u
        memory[Q_HAT, i], memory[V_HAT, i], memory[A, i] = ref[2, i] - now, ref[3, i] - now_v, ref[4, i] + u


@njit(LAW_SIGNATURE)
def computed_torque_delayed(model, gains, memory, t, q, v, ref, tau):
    """computed_torque of measurements that are old, the error predicted; memory (5 + J, n or more), see steer."""
    n = len(q)
    steer(gains, memory, memory[PAST:], q, v, ref, tau)
    rnea(model, memory[Q_HAT][:n], memory[V_HAT][:n], memory[A][:n], tau)
    for i in range(n):
        tau[i] += ref[5, i]
        memory[WANTED, i] = tau[i]


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
