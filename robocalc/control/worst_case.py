"""Feedback for the worst disturbance: the H-infinity norm from disturbance to weighted error and input is bounded.

hinf    gains, cost and level γ of a sampled linear system
Hinf    the design: τ = τ_ff + K (x_ref - x),  x = (q, v)
"""

from dataclasses import dataclass, field

import numpy as np

from robocalc.control.gains import (
    FORWARD,
    FeedForward,
    Gain,
    about,
    check_feedforward,
    check_period,
    check_substeps,
    checked,
    per_joint,
)
from robocalc.control.inputs import about_rest, per_input, state_names
from robocalc.control.law import Law
from robocalc.control.linear import configuration, linearise
from robocalc.control.riccati import _system, dlqr
from robocalc.errors import InvalidInput

CLOSE = 1e-4  # relative, to which the least level is found
DOUBLINGS = 60


def hinf(A, B, E, Q, R, *, gamma=None, margin=1.1, names=None):
    """(K, S, γ) for x₊ = A x + B u + E w: u = -K x keeps Σ xᵀQx + uᵀRu ≤ γ² Σ wᵀw for every w, from x₀ = 0.

    A (n, n), B (n, m), E (n, p), Q (n, n) ≽ 0, R (m, m) ≻ 0; K (m, n), S (n, n)
    gamma     level wanted; None: `margin` (> 1) times the least that any state feedback reaches
    raises    InvalidInput: shapes, signs, no stabilising feedback, or a gamma that no feedback reaches: says the least
    source    Başar & Bernhard (1995), H∞-Optimal Control, ch. 3: the game's Riccati equation, S its value
    """
    A, B, Q, R, _ = _system(A, B, Q, R)
    E = np.atleast_2d(np.asarray(E, float))
    if len(E) != len(A) or not np.isfinite(E).all() or not E.any():
        raise InvalidInput(f"E must be finite, not all zero and have {len(A)} rows, got shape {E.shape}")
    if not margin > 1.0:
        raise InvalidInput(f"margin must be greater than 1, got {margin!r}")
    dlqr(A, B, Q, R, names=names)  # raises where nothing stabilises
    if gamma is None:
        gamma = margin * least_level(A, B, E, Q, R)
    found = _game(A, B, E, Q, R, gamma)
    if found is None:
        least = least_level(A, B, E, Q, R)
        raise InvalidInput(f"no state feedback reaches gamma = {gamma!r}; the least is {least:.6g}")
    return *found, float(gamma)


def least_level(A, B, E, Q, R) -> float:
    """The least γ that state feedback reaches, from above, by bisection to CLOSE."""
    high = 1.0
    for _ in range(DOUBLINGS):
        if _game(A, B, E, Q, R, high) is not None:
            break
        high *= 4.0
    else:
        raise InvalidInput("no finite level was found: E, Q or R are badly scaled")
    low = high / 4.0
    for _ in range(DOUBLINGS):
        if _game(A, B, E, Q, R, low) is None:
            break
        low, high = low / 4.0, low
    while high > (1.0 + CLOSE) * low:
        middle = np.sqrt(low * high)
        low, high = (middle, high) if _game(A, B, E, Q, R, middle) is None else (low, middle)
    return float(high)


def _game(A, B, E, Q, R, gamma):
    """(K, S), or None where the game has no value at this level: S ≽ 0, γ² - EᵀSE ≻ 0 and a stable loop."""
    from scipy.linalg import block_diag, solve_discrete_are

    if not (np.isfinite(gamma) and gamma > 0):
        return None
    m, both = B.shape[1], np.hstack([B, E / gamma])  # w in units of γ keeps the weights of one size
    weights = block_diag(R, -np.eye(E.shape[1]))
    try:
        S = solve_discrete_are(A, both, Q, weights)
    except (np.linalg.LinAlgError, ValueError):
        return None
    S = (S + S.T) / 2
    size = max(1.0, np.abs(S).max())
    if not np.isfinite(S).all() or np.linalg.eigvalsh(S)[0] < -1e-9 * size:
        return None
    if np.linalg.eigvalsh(np.eye(E.shape[1]) - E.T @ S @ E / gamma**2)[0] <= 0:
        return None
    K = np.linalg.solve(weights + both.T @ S @ both, both.T @ S @ A)
    stable = all(np.abs(np.linalg.eigvals(A - M)).max() < 1.0 for M in (B @ K[:m], both @ K))
    return (K[:m], S) if stable else None


@dataclass(frozen=True)
class Hinf:
    """Weights of errors and inputs as in LQR, and the bound γ on their sum over that of squared torque disturbances.

    q_weight   [1/rad² | 1/m²]; v_weight [s²/rad² | s²/m²]; r_weight [1/(N m)² | 1/N²] of drives, or of thrusters;
               None: (10 / its limit)²; one number or one a joint
    margin     level over the least possible, above 1: near 1 the gains are highest, far above they are those of LQR
    Disturbances are torques on all joints, driven or not. Designed on the sampled dynamics about the nominal
    configuration. Choose it where pushes and a wrong model matter more than effort; LQR where noise does.

    Source: Başar & Bernhard (1995), H∞-Optimal Control and Related Minimax Design Problems, ch. 3.
    """

    q_weight: Gain = field(default=100.0, metadata=about("weight of squared position error, one or per joint"))
    v_weight: Gain = field(default=1.0, metadata=about("weight of squared velocity error, one or per joint"))
    r_weight: Gain | None = field(
        default=None, metadata=about("weight of squared input, one or per joint or input; left out: (10 / its limit)²")
    )
    margin: float = field(default=1.5, metadata=about("level over the least possible one, above 1"))
    feedforward: FeedForward = field(default="inverse_dynamics", metadata=about(FORWARD))

    def __post_init__(self):
        for name in ("q_weight", "v_weight"):
            object.__setattr__(self, name, checked(name, getattr(self, name)))
        if self.r_weight is not None:
            object.__setattr__(self, "r_weight", checked("r_weight", self.r_weight, positive=True))
        margin = checked("margin", self.margin, positive=True)
        if isinstance(margin, tuple) or margin <= 1.0:
            raise InvalidInput(f"margin must be one number greater than 1, got {self.margin!r}")
        object.__setattr__(self, "margin", margin)
        check_feedforward(self.feedforward)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps, about q_nominal (n,).

        latency   age of a measurement [s] when the law gets it, made good by prediction
        """
        from robocalc.control.late import held

        K = self.feedback(robot, dt, q_nominal, substeps=substeps)[0]
        return held(K, robot, configuration(robot, q_nominal), dt, substeps, latency, self.feedforward)

    def feedback(self, robot, dt, q_nominal=None, *, substeps=1):
        """(K (n, 2n), S (2n, 2n), γ): torque -K δx, worst cost to go, level of torque disturbances [1/(N m)]."""
        check_period(dt)
        check_substeps(substeps)
        q = configuration(robot, q_nominal)
        weights = [per_joint(name, getattr(self, name), robot) for name in ("q_weight", "v_weight")]
        R = np.diag(per_input("r_weight", self.r_weight, robot))
        A, B, torques = about_rest(robot, q, dt, substeps)
        E = linearise(robot, q, dt, substeps)[1]
        try:
            K, S, gamma = hinf(
                A, B, E, np.diag(np.concatenate(weights)), R, margin=self.margin, names=state_names(robot)
            )
        except InvalidInput as error:
            raise InvalidInput(f"H-infinity of {robot.name} about q = {np.round(q, 4).tolist()}: {error}") from None
        return torques(K), S, gamma
