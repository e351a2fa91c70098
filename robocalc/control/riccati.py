"""Linear-quadratic gains: the feedback that costs least, and what it costs.

lqr      ẋ = A x + B u, cost ∫ xᵀQx + 2 xᵀNu + uᵀRu dt, for ever or up to a horizon
dlqr     x₊ = A x + B u, cost Σ xᵀQx + 2 xᵀNu + uᵀRu, likewise
tvlqr    x₊ = A_k x + B_k u along a motion: one backward pass
"""

import numpy as np

from robocalc.errors import InvalidInput

ON_AXIS = 1e-9  # margin by which a motion counts as stable, relative to the largest pole
UNMOVED = 1e-9  # share of B or Q seen by a mode below which the mode is not seen
SLOW = 1e-6  # from the edge of stability: a closed loop as near as this is looked at for what no input moves
NEARLY = 1e-7  # of the greatest singular value: so far rounding moves a pole that comes twice


def dlqr(A, B, Q, R, N=None, *, horizon=None, terminal=None, names=None):
    """(K, S) for x₊ = A x + B u and cost Σ xᵀQx + 2 xᵀNu + uᵀRu: the best is u = -K x, and costs x₀ᵀ S x₀.

    A (n, n), B (n, m), Q (n, n) ≽ 0, R (m, m) ≻ 0, cross weights N (n, m); K (m, n), S (n, n).
    horizon   steps after which the sum ends with xᵀ terminal x (n, n; none unless given); then K (horizon, m, n) and
              S (horizon + 1, n, n), of each step
    names     (n,) of the states, for messages
    raises    InvalidInput: shapes, NaN, signs of the weights, or no u = -K x that stabilises: names the unstable motion
    source    discrete algebraic Riccati equation; Anderson & Moore (1990), ch. 2
    """
    from scipy.linalg import solve_discrete_are

    A, B, Q, R, N = _system(A, B, Q, R, N)
    if horizon is not None:
        return _finite(A, B, Q, R, N, _steps(horizon), _terminal(terminal, A))
    _only_with_horizon(terminal)
    S = _riccati(solve_discrete_are, A, B, Q, R, N, names, 1.0)
    K = np.linalg.solve(R + B.T @ S @ B, B.T @ S @ A + N.T)
    _check_closed(np.abs(np.linalg.eigvals(A - B @ K)).max(), A, B, Q, names, 1.0)
    return K, S


def lqr(A, B, Q, R, N=None, *, horizon=None, terminal=None, names=None):
    """(K, S) for ẋ = A x + B u and cost ∫ xᵀQx + 2 xᵀNu + uᵀRu dt: the best is u = -K x, and costs x₀ᵀ S x₀.

    horizon   [s] at which the integral ends, and xᵀ terminal x is added; K and S are then functions of t up to there

    Shapes, raises and source as for dlqr.
    """
    from scipy.linalg import solve_continuous_are

    A, B, Q, R, N = _system(A, B, Q, R, N)
    if horizon is not None:
        return _until(A, B, Q, R, N, horizon, _terminal(terminal, A))
    _only_with_horizon(terminal)
    S = _riccati(solve_continuous_are, A, B, Q, R, N, names, 0.0)
    K = np.linalg.solve(R, B.T @ S + N.T)
    _check_closed(np.linalg.eigvals(A - B @ K).real.max(), A, B, Q, names, 0.0)
    return K, S


def tvlqr(A, B, Q, R, Qf):
    """(K, S) for x₊ = A_k x + B_k u and cost Σ_k (xᵀQx + uᵀRu) + x_Nᵀ Qf x_N: the best is u = -K_k x.

    A (N, n, n), B (N, n, m); Q (n, n) or (N, n, n), R (m, m) or (N, m, m), Qf (n, n)
    returns   K (N, m, n); S (N + 1, n, n): from step k on it costs xᵀ S_k x
    raises    InvalidInput: shapes, values that are not finite, or R + BᵀSB that is not positive definite
    source    Bryson & Ho (1975), section 2.3
    """
    from robocalc.optimize.ddp.riccati import tvlqr_gains

    return tvlqr_gains(A, B, Q, R, Qf)


def without_cross(A, B, Q, R, N):
    """(A - B F, Q - N F, F), F = R⁻¹ Nᵀ: under u = w - F x the cost has no cross terms in x and w."""
    F = np.linalg.solve(R, N.T)
    reduced = Q - N @ F
    return A - B @ F, (reduced + reduced.T) / 2, F


def _finite(A, B, Q, R, N, steps, terminal):
    A, Q, F = without_cross(A, B, Q, R, N)
    K, S = tvlqr(np.tile(A, (steps, 1, 1)), np.tile(B, (steps, 1, 1)), Q, R, terminal)
    return K + F, S


def _until(A, B, Q, R, N, horizon, terminal):
    """K(t), S(t): S of t through the Hamiltonian's flow, [X; Y]˙ = [A, -B R⁻¹ Bᵀ; -Q, -Aᵀ] [X; Y], S = Y X⁻¹, in
    strides so short that X stays well conditioned."""
    from scipy.linalg import expm

    if isinstance(horizon, bool) or not isinstance(horizon, int | float | np.number) or not 0 < horizon < np.inf:
        raise InvalidInput(f"horizon must be a finite number of seconds above 0, got {horizon!r}")
    A, Q, F = without_cross(A, B, Q, R, N)
    n, H = len(A), np.block([[A, -B @ np.linalg.solve(R, B.T)], [-Q, -A.T]])

    def cost(t):
        if not 0 <= t <= horizon:
            raise InvalidInput(f"t must be from 0 to the horizon of {horizon:g} s, got {t!r}")
        strides = max(1, int(np.ceil(np.linalg.norm(H, 2) * (horizon - t))))
        back, P = expm(H * (t - horizon) / strides), terminal
        for _ in range(strides):
            X, Y = back[:n, :n] + back[:n, n:] @ P, back[n:, :n] + back[n:, n:] @ P
            P = np.linalg.solve(X.T, Y.T).T
            P = (P + P.T) / 2
        return P

    return (lambda t: np.linalg.solve(R, B.T @ cost(t)) + F), cost


def _riccati(solve, A, B, Q, R, N, names, edge):
    try:
        S = solve(A, B, Q, R, s=N if N.any() else None)
    except (np.linalg.LinAlgError, ValueError):
        S = None
    if S is None or not np.isfinite(S).all():
        raise InvalidInput(unstable(A, B, Q, names, edge))
    return (S + S.T) / 2


def _check_closed(size, A, B, Q, names, edge):
    """raises InvalidInput where the greatest closed-loop pole is not stable, or is so by rounding alone."""
    slow = SLOW * (1.0 if edge else max(1.0, np.abs(A).max()))
    if not size < edge or (size > edge - slow and unmoved(A, B, edge)):
        raise InvalidInput(unstable(A, B, Q, names, edge))


def unstable(A, B, Q, names, edge) -> str:
    """Which motion no u = -K x can stabilise: one sentence; edge 1: sampled, 0: continuous.

    A mode with left eigenvector w is moved by the input unless wᴴB = 0, and seen by the cost, with right eigenvector z,
    unless Qz = 0 (Hautus). Modes on the edge of stability count.
    """
    told = "no linear feedback stabilises this system"
    names = [f"x[{i}]" for i in range(len(A))] if names is None else list(names)
    for M, W, why in ((A.T, B.T, "is not moved by the input"), (A, Q, "is not weighted by Q")):
        poles, modes = np.linalg.eig(M)
        size = np.abs(poles) if edge else poles.real
        for k in np.argsort(-size):
            if why.endswith("Q") and abs(size[k] - edge) > ON_AXIS * max(1.0, np.abs(poles).max()):
                continue  # off the edge, a mode that costs nothing can still be stabilised
            unseen = np.abs(W @ modes[:, k]).max() <= UNMOVED * max(1.0, np.abs(W).max())
            if size[k] >= edge - ON_AXIS * max(1.0, np.abs(poles).max()) and unseen:
                share = np.abs(modes[:, k])
                states = ", ".join(names[i] for i in np.flatnonzero(share > 0.1 * share.max()))
                return f"{told}: its motion of {states} (pole {shown(poles[k])}) {why}"
    for M, W, why in ((A, B, "is not moved by the input"), (A.T, Q, "is not weighted by Q")):
        if found := unmoved(M, W, edge, why.endswith("Q")):
            states, pole = ", ".join(names[i] for i in found[0]), found[1]
            return f"{told}: its motion of {states} (pole {shown(pole)}) {why}"
    return f"{told}: some unstable motion is not moved by the input, or not weighted by Q"


def shown(pole) -> str:
    """A pole as text, without an imaginary part that is none."""
    return f"{pole.real:.4g}" if abs(pole.imag) <= NEARLY * abs(pole) else f"{pole:.4g}"


def unmoved(A, B, edge=1.0, on_edge_only=False):
    """(states, pole) of a motion that does not decay and in which [A - pole 1, B] has no full rank; None.

    edge      1: sampled, 0: continuous              on_edge_only   whether motions that grow are left out

    Poles that come several times have no eigenvectors to look at one by one: the singular vectors tell.
    """
    for pole in np.linalg.eigvals(A):
        size, room = (abs(pole) if edge else pole.real), NEARLY * max(1.0, np.abs(A).max())
        if size < edge - room or (on_edge_only and abs(size - edge) > room):
            continue
        U, s, _ = np.linalg.svd(np.hstack([A - pole * np.eye(len(A)), B]))
        lost = np.abs(U[:, s <= NEARLY * s[0]]).max(axis=1, initial=0.0)
        if lost.any():
            return np.flatnonzero(lost > 0.1 * lost.max()), pole
    return None


def _system(A, B, Q, R, N=None):
    A, B, Q, R = (np.atleast_2d(np.asarray(x, float)) for x in (A, B, Q, R))
    n, m = A.shape[0], B.shape[1]
    if isinstance(N, int | np.integer):
        raise InvalidInput(f"N are cross weights of shape ({n}, {m}); the number of steps is horizon={N}")
    N = np.zeros((n, m)) if N is None else np.atleast_2d(np.asarray(N, float))
    parts = (("A", A, (n, n)), ("B", B, (n, m)), ("Q", Q, (n, n)), ("R", R, (m, m)), ("N", N, (n, m)))
    for name, x, shape in parts:
        if x.shape != shape:
            raise InvalidInput(f"{name} must have shape {shape}, got {x.shape}")
        if not np.isfinite(x).all():
            raise InvalidInput(f"{name} must be finite, got {x.tolist()}")
    for name, x in (("Q", Q), ("R", R)):
        _symmetric(name, x)
    if np.linalg.eigvalsh(R)[0] <= 0:
        raise InvalidInput(f"R must be positive definite, its smallest eigenvalue is {np.linalg.eigvalsh(R)[0]:g}")
    _not_negative("Q", Q)
    if N.any():
        _not_negative("Q - N R⁻¹ Nᵀ", without_cross(A, B, Q, R, N)[1])
    return A, B, Q, R, N


def _symmetric(name, x):
    if not np.allclose(x, x.T, rtol=1e-9, atol=1e-12 * np.abs(x).max()):
        raise InvalidInput(f"{name} must be symmetric")


def _not_negative(name, x):
    low = np.linalg.eigvalsh(x)[0]
    if low < -1e-12 * max(1.0, np.abs(x).max()):
        raise InvalidInput(f"{name} must have no negative eigenvalue, its smallest is {low:g}")


def _terminal(terminal, A):
    if terminal is None:
        return np.zeros_like(A)
    terminal = np.atleast_2d(np.asarray(terminal, float))
    if terminal.shape != A.shape or not np.isfinite(terminal).all():
        raise InvalidInput(f"terminal must be finite and of shape {A.shape}, got shape {terminal.shape}")
    _symmetric("terminal", terminal)
    _not_negative("terminal", terminal)
    return terminal


def _only_with_horizon(terminal):
    if terminal is not None:
        raise InvalidInput("terminal weights end a finite horizon; give horizon as well")


def _steps(horizon):
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise InvalidInput(f"horizon must be a whole number of steps from 1, got {horizon!r}")
    return int(horizon)
