import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import solve_discrete_are

from robocalc.errors import InvalidInput
from robocalc.optimize.ddp.riccati import tvlqr_gains


def _random(N=40, n=6, m=3, seed=0):
    rng = np.random.default_rng(seed)
    A = np.eye(n) + 0.2 * rng.normal(size=(N, n, n))
    B = rng.normal(size=(N, n, m))
    Q, R, Qf = (M @ M.T + 0.1 * np.eye(len(M)) for M in (rng.normal(size=(k, k)) for k in (n, m, n)))
    return A, B, Q, R, Qf


def test_long_horizons_end_at_the_algebraic_riccati_solution():
    A, B, Q, R, Qf = _random(1)
    N = 400
    K, P = tvlqr_gains(np.repeat(A, N, 0), np.repeat(B, N, 0), Q, R, Qf)
    S = solve_discrete_are(A[0], B[0], Q, R)
    assert_allclose(P[0], S, rtol=1e-9)
    assert_allclose(K[0], np.linalg.solve(R + B[0].T @ S @ B[0], B[0].T @ S @ A[0]), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("each", [False, True], ids=["one weight", "a weight for each step"])
def test_gains_solve_the_quadratic_programme(each):
    A, B, Q, R, Qf = _random(12, 4, 2)
    N, n, m = B.shape
    if each:
        scale = np.linspace(1, 2, N)[:, None, None]
        Q, R = Q * scale, R * scale
    K, P = tvlqr_gains(A, B, Q, R, Qf)
    x0 = np.arange(1.0, n + 1)
    # the same problem as one least-squares problem in all inputs: x_k = Φ_k x0 + Γ_k u
    phi, gamma = np.eye(n), np.zeros((n, N * m))
    H, g, c = np.zeros((N * m, N * m)), np.zeros(N * m), 0.0
    for k in range(N + 1):
        W = Qf if k == N else np.broadcast_to(Q, (N, n, n))[k]
        H += gamma.T @ W @ gamma
        g += gamma.T @ W @ phi @ x0
        c += x0 @ phi.T @ W @ phi @ x0
        if k < N:
            H[k * m : (k + 1) * m, k * m : (k + 1) * m] += np.broadcast_to(R, (N, m, m))[k]
            phi, gamma = A[k] @ phi, A[k] @ gamma
            gamma[:, k * m : (k + 1) * m] += B[k]
    best = -np.linalg.solve(H, g)
    x, u = x0, []
    for k in range(N):
        u.append(-K[k] @ x)
        x = A[k] @ x + B[k] @ u[-1]
    assert_allclose(np.concatenate(u), best, rtol=1e-8, atol=1e-8)
    assert x0 @ P[0] @ x0 == pytest.approx(c + g @ best, rel=1e-9)


def test_what_cannot_be_meant_is_refused():
    A, B, Q, R, Qf = _random(5)
    with pytest.raises(InvalidInput, match="B must have shape"):
        tvlqr_gains(A, B[:3], Q, R, Qf)
    with pytest.raises(InvalidInput, match="R must be symmetric"):
        tvlqr_gains(A, B, Q, np.triu(np.ones((3, 3))), Qf)
    with pytest.raises(InvalidInput, match="A has entries that are not finite"):
        tvlqr_gains(A * np.nan, B, Q, R, Qf)
    with pytest.raises(InvalidInput, match="not positive definite at step 4"):
        tvlqr_gains(A, B, Q, -1e9 * R, Qf)
