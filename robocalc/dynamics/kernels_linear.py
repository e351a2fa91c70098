"""The derivative kernels over N rows: what the methods of Robot call."""

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels_derivatives import (
    acceleration_derivatives,
    chain_hessian,
    rnea_derivatives,
    step_derivatives,
)
from robocalc.dynamics.kernels_frames import chain_jacobian, frames
from robocalc.jit import njit


@njit
def many_rnea_derivatives(model, Q, V, A, DQ, DV, M):
    """∂τ/∂q, ∂τ/∂v, M of N rows into (N, n, n) each."""
    model, Q, V, A, DQ, DV, M = borrowed((model, Q, V, A, DQ, DV, M))
    for k in range(len(Q)):
        rnea_derivatives(model, Q[k], V[k], A[k], DQ[k], DV[k], M[k])


@njit
def many_acceleration_derivatives(model, Q, V, TAU, A, DQ, DV, MINV):
    """a (N, n) and ∂a/∂q, ∂a/∂v, ∂a/∂τ (N, n, n) of N rows."""
    model, Q, V, TAU, A, DQ, DV, MINV = borrowed((model, Q, V, TAU, A, DQ, DV, MINV))
    for k in range(len(Q)):
        acceleration_derivatives(model, Q[k], V[k], TAU[k], A[k], DQ[k], DV[k], MINV[k])


@njit
def many_step_derivatives(model, Q, V, TAU, dt, X, blocks, A, B):
    """x⁺ (N, 2n), A (N, 2n, 2n) and B (N, 2n, n) of N steps; blocks (3, n, n) is scratch."""
    model, Q, V, TAU, X, blocks, A, B = borrowed((model, Q, V, TAU, X, blocks, A, B))
    for k in range(len(Q)):
        step_derivatives(model, Q[k], V[k], TAU[k], dt, X[k], blocks, A[k], B[k])


@njit
def many_hessians(model, Q, body, offset, J, H):
    """Point Jacobians (N, 6, n) and their derivatives (N, 6, n, n) by q."""
    model, Q, offset, J, H = borrowed((model, Q, offset, J, H))
    for k in range(len(Q)):
        frames(model, Q[k])
        chain_jacobian(model, body, offset, J[k])
        chain_hessian(model, body, J[k], H[k])
