"""Cascaded loops, compiled; importing this loads numba."""

from robocalc.jit import njit


@njit
def cascade(model, gains, memory, t, q, v, ref, tau):
    """τ = τ_ff + m kv (v_c - v) + I,  v_c = v_ref + kp e within its bound,  I += m ki dt (v_c - v) + back-calculation.

    gains (5, n) = kp, m kv, m ki dt, dt/Tt, bound of v_c; memory (2, n) = I, τ wanted.
    """
    for i in range(len(q)):
        wanted = ref[1, i] + gains[0, i] * (ref[0, i] - q[i])
        miss = min(max(wanted, -gains[4, i]), gains[4, i]) - v[i]
        memory[0, i] += gains[2, i] * miss + gains[3, i] * (tau[i] - memory[1, i])
        tau[i] = ref[5, i] + gains[1, i] * miss + memory[0, i]
        memory[1, i] = tau[i]
