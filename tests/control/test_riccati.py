"""Linear-quadratic and H-infinity gains against closed forms, scipy, frequency responses and simulated costs."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import minimize

from robocalc.control import dlqr, hinf, lqr, tvlqr
from robocalc.errors import InvalidInput

rng = np.random.default_rng(5)
A, B, E = rng.normal(size=(4, 4)), rng.normal(size=(4, 2)), rng.normal(size=(4, 3))
W = rng.normal(size=(6, 6))
W = W @ W.T  # of (x, u) together
Q, R, N = W[:4, :4], W[4:, 4:], W[:4, 4:]


def paid(K, x, steps):
    """Σ xᵀQx + 2 xᵀNu + uᵀRu under u = -K x, or -K_k x."""
    total = 0.0
    for k in range(steps):
        u = -(K[k] if np.ndim(K) == 3 else K) @ x
        total, x = total + np.concatenate([x, u]) @ W @ np.concatenate([x, u]), A @ x + B @ u
    return total, x


def test_cross_weights_cost_what_the_simulation_pays():
    K, S = dlqr(A, B, Q, R, N)
    x0 = np.array([1.0, -2, 0.5, 3])
    assert paid(K, x0, 2000)[0] == pytest.approx(x0 @ S @ x0, rel=1e-9)
    for change in 1e-3 * rng.normal(size=(5, *K.shape)):
        assert paid(K + change, x0, 2000)[0] > x0 @ S @ x0


def test_gains_are_those_of_python_control():
    control = pytest.importorskip("control")
    for ours, theirs in ((lqr, control.lqr), (dlqr, control.dlqr)):
        K, S, _ = theirs(A, B, Q, R, N)
        assert_allclose(ours(A, B, Q, R, N)[0], K, rtol=1e-8, atol=1e-10)
        assert_allclose(ours(A, B, Q, R, N)[1], S, rtol=1e-8, atol=1e-10)


def test_a_finite_horizon_is_the_best_sequence_of_inputs():
    steps, x0, terminal = 6, np.array([1.0, -2, 0.5, 3]), 7 * np.eye(4)
    K, S = dlqr(A, B, Q, R, N, horizon=steps, terminal=terminal)
    assert K.shape == (steps, 2, 4)
    assert_allclose(S[-1], terminal)
    total, x = paid(K, x0, steps)
    assert total + x @ terminal @ x == pytest.approx(x0 @ S[0] @ x0, rel=1e-10)

    def cost(u):
        total, x = 0.0, x0
        for uk in u.reshape(steps, 2):
            total, x = total + np.concatenate([x, uk]) @ W @ np.concatenate([x, uk]), A @ x + B @ uk
        return total + x @ terminal @ x

    assert minimize(cost, np.zeros(2 * steps)).fun == pytest.approx(x0 @ S[0] @ x0, rel=1e-6)


def test_a_long_horizon_tends_to_the_infinite_one():
    assert_allclose(dlqr(A, B, Q, R, N, horizon=300)[0][0], dlqr(A, B, Q, R, N)[0], rtol=1e-9)
    K, S = lqr(A, B, Q, R, N, horizon=40.0)
    assert_allclose(K(0.0), lqr(A, B, Q, R, N)[0], rtol=1e-8)
    assert_allclose(S(0.0), lqr(A, B, Q, R, N)[1], rtol=1e-8)


def test_the_continuous_horizon_solves_the_riccati_equation():
    terminal = np.diag([1.0, 2, 3, 4])
    K, S = lqr(A, B, Q, R, N, horizon=2.0, terminal=terminal)

    def rate(s, y):  # backwards in time
        P = y.reshape(4, 4)
        F = P @ B + N
        return (A.T @ P + P @ A + Q - F @ np.linalg.solve(R, F.T)).ravel()

    for t in (0.0, 0.7, 1.9, 2.0):
        truth = solve_ivp(rate, (0, 2.0 - t), terminal.ravel(), rtol=1e-11, atol=1e-11).y[:, -1].reshape(4, 4)
        assert_allclose(S(t), truth, rtol=1e-7)
        assert_allclose(K(t), np.linalg.solve(R, B.T @ truth + N.T), rtol=1e-7, atol=1e-9)


def test_tvlqr_costs_what_the_simulation_pays():
    steps = 12
    As, Bs = A + 0.3 * rng.normal(size=(steps, 4, 4)), B + 0.3 * rng.normal(size=(steps, 4, 2))
    K, S = tvlqr(As, Bs, Q, R, np.eye(4))
    x0 = x = np.array([1.0, -2, 0.5, 3])
    total = 0.0
    for k in range(steps):
        u = -K[k] @ x
        total, x = total + x @ Q @ x + u @ R @ u, As[k] @ x + Bs[k] @ u
    assert total + x @ x == pytest.approx(x0 @ S[0] @ x0, rel=1e-10)


def closed_norm(K):
    """Largest singular value of (Q^½ x, R^½ u) over w on the unit circle."""
    C = np.vstack([np.linalg.cholesky(Q).T, -np.linalg.cholesky(R).T @ K])
    z = np.exp(1j * np.linspace(0, np.pi, 4001))
    return max(np.linalg.svd(C @ np.linalg.solve(p * np.eye(4) - A + B @ K, E), compute_uv=False)[0] for p in z)


def test_the_worst_disturbance_gains_no_more_than_gamma():
    K, _, least = hinf(A, B, E, Q, R, margin=1.0001)
    assert 0.98 * least < closed_norm(K) <= least
    assert closed_norm(dlqr(A, B, Q, R)[0]) > least  # no other gain does better
    K, _, gamma = hinf(A, B, E, Q, R, gamma=1.5 * least)
    assert closed_norm(K) <= gamma == 1.5 * least
    with pytest.raises(InvalidInput, match=r"no state feedback reaches gamma = .*; the least is"):
        hinf(A, B, E, Q, R, gamma=0.9 * least)


def test_far_above_the_least_level_the_worst_case_is_lqr():
    assert_allclose(hinf(A, B, E, Q, R, margin=1e5)[0], dlqr(A, B, Q, R)[0], rtol=1e-6)


def test_an_unstable_motion_that_no_input_moves_is_named():
    block = np.array([[1.2, 0.1, 0], [0, 0.5, 0], [0, 0, 1.1]])
    with pytest.raises(InvalidInput, match=r"its motion of height \(pole 1.1\) is not moved by the input"):
        dlqr(block, [[0.0], [1], [0]], np.eye(3), [[1.0]], names=["angle", "rate", "height"])
    with pytest.raises(InvalidInput, match=r"its motion of x\[0\] \(pole 0\) is not weighted by Q"):
        lqr([[0.0]], [[1.0]], [[0.0]], [[1.0]])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: dlqr(A, B, Q, R, 5), r"the number of steps is horizon=5"),
        (lambda: dlqr(A, B, Q, R, np.ones((2, 4))), r"N must have shape \(4, 2\)"),
        (lambda: dlqr(A, B, Q, R, 100 * N), "Q - N R⁻¹ Nᵀ must have no negative eigenvalue"),
        (lambda: dlqr(A, B, Q, R, horizon=0), "horizon must be a whole number of steps from 1, got 0"),
        (lambda: lqr(A, B, Q, R, horizon=-1.0), "horizon must be a finite number of seconds above 0"),
        (lambda: lqr(A, B, Q, R, terminal=Q), "give horizon as well"),
        (lambda: lqr(A, B, Q, R, horizon=1.0)[1](2.0), "t must be from 0 to the horizon of 1 s, got 2.0"),
        (lambda: dlqr(A, B, Q, R, horizon=3, terminal=-Q), "terminal must have no negative eigenvalue"),
        (lambda: hinf(A, B, np.zeros((4, 1)), Q, R), "E must be finite, not all zero"),
        (lambda: hinf(A, B, E, Q, R, margin=1.0), "margin must be greater than 1"),
        (lambda: tvlqr(A, B, Q, R, Q), "A must have shape"),
    ],
)
def test_impossible_problems_are_refused(call, told):
    with pytest.raises(InvalidInput, match=told):
        call()


def test_fine_sampling_of_the_finite_horizon_tends_to_the_continuous_one():
    h, T = 1e-3, 1.0
    flow = expm(h * np.block([[A, B], [np.zeros((2, 6))]]))
    K, _ = dlqr(flow[:4, :4], flow[:4, 4:], h * Q, h * R, h * N, horizon=round(T / h))
    assert_allclose(K[0], lqr(A, B, Q, R, N, horizon=T)[0](0.0), rtol=0.02, atol=0.02)


@pytest.mark.parametrize(
    ("A", "B", "Q", "told"),
    [
        (np.eye(2) + 0.1 * np.eye(2, k=1), [[1], [0]], np.eye(2), r"motion of velocity \(pole 1\) is not moved"),
        (
            np.eye(2) + 0.1 * np.eye(2, k=1),
            [[0], [1]],
            np.diag([0, 1]),
            r"motion of position \(pole 1\) is not weighted",
        ),
        (1.2 * np.eye(2), [[1], [1]], np.eye(2), r"motion of position, velocity \(pole 1.2\) is not moved"),
    ],
)
def test_a_motion_whose_pole_comes_twice_is_named_as_well(A, B, Q, told):
    with pytest.raises(InvalidInput, match=told):
        dlqr(A, np.array(B, float), Q.astype(float), np.eye(1), names=["position", "velocity"])
