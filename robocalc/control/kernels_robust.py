"""Sliding mode, compiled; importing this loads numba."""

from robocalc.control.kernels_model import E_V, OWN, E, U, carried, commanded
from robocalc.jit import njit


@njit
def sliding_mode(model, gains, memory, t, q, v, ref, tau):
    """u = λ ê' + η sat(s / φ), s = ê' + λ ê; gains OWN: λ, η, 1/φ."""
    carried(gains, memory, q, v, ref)
    for i in range(len(q)):
        rate = gains[OWN, i]
        s = (memory[E_V, i] + rate * memory[E, i]) * gains[OWN + 2, i]
        memory[U, i] = rate * memory[E_V, i] + gains[OWN + 1, i] * min(max(s, -1.0), 1.0)
    commanded(model, gains, memory, ref, tau)
