"""Feedback whose gains change with time, compiled; importing this loads numba."""

import numpy as np

from robocalc.control.signature import LAW_SIGNATURE
from robocalc.jit import njit

LAST, PERIOD, PAST, HEAD = 0, 1, 2, 1  # gains[0]: index of the last block, control period [s], J; rows before blocks


def tables(K, past, dt):
    """(gains, memory) of feedback_along: K (P + 1, n, 2n) and past (P + 1, J, n, n) of `P` periods and of the end."""
    P, J, n = len(K) - 1, past.shape[1], K.shape[1]
    head = np.zeros((HEAD, max(n, 3)))
    head[0, :3] = P, dt, J
    blocks = np.concatenate([K.transpose(0, 2, 1), past.transpose(0, 1, 3, 2).reshape(P + 1, J * n, n)], axis=1)
    gains = np.zeros((HEAD + blocks.shape[0] * blocks.shape[1], head.shape[1]))
    gains[:HEAD], gains[HEAD:, :n] = head, blocks.reshape(-1, n)
    return gains, np.zeros((J + 1, n))


@njit(LAW_SIGNATURE)
def feedback_along(model, gains, memory, t, q, v, ref, tau):
    """τ = τ_ff + K_k e - Σⱼ G_kj δτⱼ, e = x_ref - x at the measurement's stamp, δτⱼ = τ_applied - τ_ff j periods ago.

    gains    row 0: LAST, PERIOD, PAST; then for each k rows (2n + J n, n) = Kᵀ, G₁ᵀ, ..., G_Jᵀ
    memory   (J + 1, n): δτ, newest first, then τ_ff of the last period
    """
    n, J = len(q), int(gains[0, PAST])
    k = min(int(t / gains[0, PERIOD] + 0.5), int(gains[0, LAST]))
    first = HEAD + k * (2 + J) * n
    for j in range(J - 1, 0, -1):
        for i in range(n):
            memory[j, i] = memory[j - 1, i]
    for i in range(n):
        still = ref[0, i] == q[i] and ref[1, i] == v[i]  # tracked exactly, or in force mode, where τ moves nothing
        if J > 0:
            memory[0, i] = 0.0 if still or t == 0.0 else tau[i] - memory[J, i]
        memory[J, i] = tau[i] = ref[5, i]
    for j in range(n):
        e, e_v = ref[0, j] - q[j], ref[1, j] - v[j]
        for i in range(n):
            tau[i] += gains[first + j, i] * e + gains[first + n + j, i] * e_v
    row = first + 2 * n
    for p in range(J):
        for j in range(n):
            d = memory[p, j]
            for i in range(n):
                tau[i] -= gains[row, i] * d
            row += 1
