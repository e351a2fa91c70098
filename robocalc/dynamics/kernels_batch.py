"""The kernels over N rows: what the methods of Robot call, for one configuration as for many. One core."""

from robocalc.dynamics.borrow import borrowed
from robocalc.dynamics.kernels import aba, acceleration, bias, crba, rnea
from robocalc.dynamics.kernels_frames import chain_jacobian, frame_pose, frames
from robocalc.jit import njit

FEW = 9  # joints up to which forming M is the faster way to forward dynamics


@njit
def many_rnea(model, Q, V, A, TAU):
    """Inverse dynamics of N rows (N, n) into TAU."""
    model, Q, V, A, TAU = borrowed((model, Q, V, A, TAU))
    for k in range(len(Q)):
        rnea(model, Q[k], V[k], A[k], TAU[k])


@njit
def many_bias(model, Q, V, H):
    """Bias of N rows into H (N, n)."""
    model, Q, V, H = borrowed((model, Q, V, H))
    for k in range(len(Q)):
        bias(model, Q[k], V[k], H[k])


@njit
def many_crba(model, Q, M):
    """Mass matrices of N rows into M (N, n, n)."""
    model, Q, M = borrowed((model, Q, M))
    for k in range(len(Q)):
        crba(model, Q[k], M[k])


@njit
def many_acceleration(model, Q, V, TAU, A):
    """Forward dynamics of N rows into A (N, n)."""
    model, Q, V, TAU, A = borrowed((model, Q, V, TAU, A))
    for k in range(len(Q)):
        if Q.shape[1] <= FEW:
            acceleration(model, Q[k], V[k], TAU[k], A[k])
        else:
            aba(model, Q[k], V[k], TAU[k], A[k])


@njit
def many_poses(model, Q, body, offset, T):
    """Poses of the frame at `offset` (12,) in `body` into T (N, 4, 4)."""
    model, Q, offset, T = borrowed((model, Q, offset, T))
    X = model.work[0, 40:52]
    for k in range(len(Q)):
        frames(model, Q[k])
        frame_pose(model, body, offset, X)
        for i in range(3):
            for j in range(3):
                T[k, i, j] = X[3 * i + j]
            T[k, i, 3] = X[9 + i]
            T[k, 3, i] = 0.0
        T[k, 3, 3] = 1.0


@njit
def many_jacobians(model, Q, body, offset, J):
    """Jacobians of the point at `offset` (3,) in `body` into J (N, 6, n)."""
    model, Q, offset, J = borrowed((model, Q, offset, J))
    for k in range(len(Q)):
        frames(model, Q[k])
        chain_jacobian(model, body, offset, J[k])
