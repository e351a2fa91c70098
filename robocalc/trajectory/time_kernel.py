"""Total time of a quintic spline with a smooth price on what exceeds its limits, and the derivative of both.

On a segment of time T, u = t / T and X = (p, vT, aT²) at both ends, derivative r is T⁻ʳ Σ_b φ_b^(r)(u) X_b.
"""

import numpy as np

from robocalc.jit import njit


def basis(C, nodes):
    """φ_b^(r) at the nodes: (4, M, 6) for r = 0 to 3; C is SHAPE[3]."""
    out = np.zeros((4, len(nodes), 6))
    for r in range(4):
        for d in range(r, 6):
            factor = np.prod(np.arange(d - r + 1, d + 1)) if r else 1.0
            out[r] += factor * nodes[:, None] ** (d - r) * C[d]
    return out


@njit
def timed_price(h, x, phi, weight, bounds, price, smooth, to_h, to_x):
    """ΣT + price · Σ_k T_k mean over nodes of Σ (excess / range)² + smooth · Σ T mean of Σ (jerk / range)².

    h (K,) times, x (W, 3, n) states, phi (4, M, 6), weight (M,) of nodes, bounds (4, 2, n); gradients to_h, to_x.
    """
    K, n, M = len(h), x.shape[2], phi.shape[1]
    total = 0.0
    to_x[:] = 0.0
    to_h[:] = 0.0
    X = np.empty(6)
    G = np.empty(6)
    for k in range(K):
        T = h[k]
        total += T
        to_h[k] += 1.0
        for i in range(n):
            for b in range(3):
                X[b], X[3 + b] = x[k, b, i] * T**b, x[k + 1, b, i] * T**b
            G[:] = 0.0
            own = 0.0  # derivative to T at fixed X
            for r in range(4):
                low, high = bounds[r, 0, i], bounds[r, 1, i]
                free = low == -np.inf and high == np.inf
                if free and not (r == 3 and smooth > 0.0):
                    continue
                scale = T ** (-r)
                for m in range(M):
                    y = 0.0
                    for b in range(6):
                        y += phi[r, m, b] * X[b]
                    y *= scale
                    size = high if r > 0 and y > 0 else -low
                    if r == 0:
                        size = 0.5 * (high - low)
                    over = max(y - high, low - y) / size if not free else 0.0
                    slope, value = 0.0, 0.0
                    if over > 0.0:
                        value = price * over * over
                        slope = 2.0 * price * over / size * (1.0 if y > high else -1.0)
                    if r == 3 and smooth > 0.0 and size < np.inf:
                        value += smooth * (y / size) ** 2
                        slope += 2.0 * smooth * y / size**2
                    if value > 0.0:
                        total += T * weight[m] * value
                        to_h[k] += weight[m] * value
                        f = T * weight[m] * slope
                        own += f * y * (-r / T)
                        f *= scale
                        for b in range(6):
                            G[b] += f * phi[r, m, b]
            to_h[k] += own
            for b in range(3):
                to_x[k, b, i] += G[b] * T**b
                to_x[k + 1, b, i] += G[3 + b] * T**b
                if b > 0:
                    to_h[k] += b / T * (G[b] * X[b] + G[3 + b] * X[3 + b])
    return total
