"""State feedback with integral action, compiled; importing this loads numba."""

from robocalc.control.signature import LAW_SIGNATURE
from robocalc.jit import njit


@njit(LAW_SIGNATURE)
def integral_feedback(model, gains, memory, t, q, v, ref, tau):
    """τ = τ_ff + K e + K_i s,  s += dt e + W (τ_applied - τ_wanted of the last period).

    gains (4n + 1, n) = Kᵀ (2n), K_iᵀ, Wᵀ, then dt in each column; memory (2, n) = s, τ_wanted
    """
    n = len(q)
    if t > 0.0:
        for j in range(n):
            lost = tau[j] - memory[1, j]
            for i in range(n):
                memory[0, i] += gains[3 * n + j, i] * lost
    for i in range(n):
        tau[i] = ref[5, i]
    for j in range(n):
        e, e_v = ref[0, j] - q[j], ref[1, j] - v[j]
        s = memory[0, j]
        for i in range(n):
            tau[i] += gains[j, i] * e + gains[n + j, i] * e_v + gains[2 * n + j, i] * s
        memory[0, j] += gains[4 * n, j] * e
    for i in range(n):
        memory[1, i] = tau[i]
