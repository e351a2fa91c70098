"""Poses and rigid-body dynamics of a Model, compiled; every kernel writes into the caller's buffers, none allocates.

    fk              poses of the bodies
    rnea, bias      inverse dynamics τ = M(q) a + h(q, v); h alone
    crba            mass matrix M(q)
    aba             forward dynamics by articulated bodies
    acceleration    forward dynamics, the faster way for n up to a dozen: h, M and its factors L D Lᵀ
    point_jacobian  velocity of a point of a body

None may be called at once from two threads with the same Model. Source: Featherstone (2008), chapters 5 to 7.
"""

from robocalc.dynamics.kernels_aba import aba
from robocalc.dynamics.kernels_frames import chain_jacobian, fk, frame_pose, frames, point_jacobian
from robocalc.dynamics.kernels_ldl import factor, substitute
from robocalc.dynamics.kernels_rigid import collect, composite_matrix, forces, forces_alone, inertias, motion
from robocalc.jit import njit

__all__ = [
    "aba",
    "acceleration",
    "bias",
    "chain_jacobian",
    "crba",
    "factor",
    "fk",
    "frame_pose",
    "frames",
    "point_jacobian",
    "rnea",
    "substitute",
]


@njit
def rnea(model, q, v, a, tau):
    """τ = M(q) a + h(q, v) into tau (n,) [N m | N], for q, v, a (n,); without friction."""
    frames(model, q)
    motion(model, v, a)
    forces_alone(model, len(q))
    collect(model, tau)


@njit
def bias(model, q, v, h):
    """h(q, v) = C(q, v) v + g(q) into h (n,): the torque that keeps the joint accelerations zero."""
    for i in range(len(h)):
        h[i] = 0.0
    rnea(model, q, v, h, h)  # reads all of a before it writes tau


@njit
def crba(model, q, M):
    """Mass matrix M(q) (n, n), both triangles [kg m² | kg m | kg]."""
    frames(model, q)
    inertias(model, len(q))
    composite_matrix(model, M)


@njit
def acceleration(model, q, v, tau, a):
    """a = M(q)⁻¹ (τ - h(q, v)) into a (n,): what the twin integrates; one pass over the bodies gives h and M.

    For n up to some dozens faster than `aba`, whose cost per joint is higher. a may be tau.
    """
    n = len(q)
    M, h = model.square, model.work[0, 40 : 40 + n]
    for i in range(n):
        h[i] = 0.0
    frames(model, q)
    motion(model, v, h)
    inertias(model, n)
    forces(model, n)
    collect(model, h)
    composite_matrix(model, M)
    factor(M)
    for i in range(n):
        a[i] = tau[i] - h[i]
    substitute(M, a)
