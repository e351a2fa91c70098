"""The best step within bounds: min ½ dᵀH d + gᵀd, lo ≤ d ≤ hi, by projected Newton steps.

    box_step   d, which entries are free, and the factors of H on them

Source: Tassa, Mansard & Todorov, "Control-Limited Differential Dynamic Programming", ICRA 2014.
"""

from robocalc.jit import njit
from robocalc.optimize.ddp.riccati import cholesky

ROUNDS = 30  # Newton steps: each changes the set of free entries
SHRINK, ENOUGH = 0.5, 0.1  # line search: step factor, share of the promised decrease
SMALL = 1e-12  # of the gradient, against its first


@njit
def box_step(H, g, lo, hi, d, free, L, step):
    """Into d (m,), free (m,) 1 or 0, and L (m, m): factors of H with rows and columns that are not free as in 1.

    lo ≤ 0 ≤ hi, infinite where unbounded; step (m,) is scratch. False where H is not positive definite where needed.
    """
    m = len(d)
    for i in range(m):
        free[i] = 1.0
    if not _masked(H, free, L):
        return False
    _solve(L, g, d)
    inside = True
    for i in range(m):
        inside = inside and lo[i] <= d[i] <= hi[i]
        d[i] = min(max(d[i], lo[i]), hi[i])
    if inside:
        return True
    first = 0.0
    for round_ in range(ROUNDS):
        size = 0.0
        for i in range(m):
            slope = g[i]
            for j in range(m):
                slope += H[i, j] * d[j]
            free[i] = 0.0 if (d[i] <= lo[i] and slope > 0) or (d[i] >= hi[i] and slope < 0) else 1.0
            step[i] = slope * free[i]
            size = max(size, abs(step[i]))
        first = size if round_ == 0 else first
        if not _masked(H, free, L):
            return False
        if size <= SMALL * first:
            break
        _solve(L, step, step)
        if not _search(H, g, lo, hi, d, step):
            break
    return True


@njit(inline="always")
def _masked(H, free, L):
    for i in range(len(free)):
        for j in range(len(free)):
            L[i, j] = H[i, j] * free[i] * free[j]
        L[i, i] += 1.0 - free[i]
    return cholesky(L)


@njit(inline="always")
def _solve(L, g, d):
    """d = -(L Lᵀ)⁻¹ g; d may be g."""
    m = len(d)
    for i in range(m):
        s = -g[i]
        for k in range(i):
            s -= L[i, k] * d[k]
        d[i] = s * L[i, i]
    for i in range(m - 1, -1, -1):
        s = d[i]
        for k in range(i + 1, m):
            s -= L[k, i] * d[k]
        d[i] = s * L[i, i]


@njit
def _search(H, g, lo, hi, d, step):
    """Move d along `step`, projected, by a share that lowers the value enough; False where none does."""
    m, share = len(d), 1.0
    while share > 1e-8:
        change, slope = 0.0, 0.0
        for i in range(m):
            here = min(max(d[i] + share * step[i], lo[i]), hi[i]) - d[i]
            at = g[i]
            for j in range(m):
                there = min(max(d[j] + share * step[j], lo[j]), hi[j]) - d[j]
                at += H[i, j] * (d[j] + 0.5 * there)
            change += at * here
            full = g[i]
            for j in range(m):
                full += H[i, j] * d[j]
            slope += full * here
        if change <= ENOUGH * slope and change < 0:
            for i in range(m):
                d[i] = min(max(d[i] + share * step[i], lo[i]), hi[i])
            return True
        share *= SHRINK
    return False
