"""Linear-quadratic feedback with integral action: a constant load or a wrong model leaves no error behind.

LQI           the design: τ = τ_ff + K (x_ref - x) + K_i ∫e,  x = (q, v)
integrated    which joints' errors can all be driven to zero: as many as there are inputs
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
from robocalc.control.inputs import about_rest, actuation, per_input, state_names
from robocalc.control.law import Law
from robocalc.control.linear import configuration
from robocalc.control.riccati import dlqr
from robocalc.errors import InvalidInput

REACHED = 1e-9  # of the largest singular value: smaller ones count as zero


@dataclass(frozen=True)
class LQI:
    """Weights of Σ (q_weight eᵢ² + v_weight ėᵢ² + i_weight sᵢ² + r_weight δuᵢ²), s₊ = s + dt e; one or one a joint.

    q_weight   [1/rad² | 1/m²]            v_weight   [s²/rad² | s²/m²]
    i_weight   [1/(rad s)² | 1/(m s)²], of the joints that can be led to zero: with fewer inputs than joints, the first
               ones for which that is possible (the cart of a cart-pole)
    r_weight   [1/(N m)² | 1/N²] of drives, or of thrusters; None: (10 / its limit)²
    Designed as LQR is, about the nominal configuration. What the drives could not give is taken off the integrals
    within the slowest time constant of the loop (back-calculation), so that they do not wind up.
    Choose it where a load or friction is not known and poles are to follow from weights; PID needs no model at all.

    Source: Young & Willems (1972), Int. J. Control 15(5); Åström & Hägglund (2006), section 3.5, for the wind-up.
    """

    q_weight: Gain = field(default=100.0, metadata=about("weight of squared position error, one or per joint"))
    v_weight: Gain = field(default=1.0, metadata=about("weight of squared velocity error, one or per joint"))
    i_weight: Gain = field(default=1000.0, metadata=about("weight of squared integrated error, one or per joint"))
    r_weight: Gain | None = field(
        default=None, metadata=about("weight of squared input, one or per joint or input; left out: (10 / its limit)²")
    )
    feedforward: FeedForward = field(default="inverse_dynamics", metadata=about(FORWARD))

    def __post_init__(self):
        for name in ("q_weight", "v_weight"):
            object.__setattr__(self, name, checked(name, getattr(self, name)))
        for name in ("i_weight", "r_weight"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, checked(name, getattr(self, name), positive=True))
        check_feedforward(self.feedforward)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps; a latency is not made good."""
        from robocalc.control.kernels_linear import integral_feedback

        n, U = robot.n, actuation(robot, configuration(robot, q_nominal))
        K, _, slowest = self.feedback(robot, dt, q_nominal, substeps=substeps)
        K_i = K[:, 2 * n :]
        back = min(1.0, -np.log(slowest)) * np.linalg.pinv(np.linalg.pinv(U) @ K_i) @ np.linalg.pinv(U)
        gains = np.vstack([K.T, back.T, np.full((1, n), float(dt))])
        return Law(integral_feedback, gains, np.zeros((2, n)), float(dt), self.feedforward, robot)

    def feedback(self, robot, dt, q_nominal=None, *, substeps=1):
        """(K (n, 3n), S (2n + p, 2n + p), slowest): torque -K (δx, δs), zero columns for joints that are not
        integrated; cost to go; size of the slowest closed-loop pole."""
        check_period(dt)
        check_substeps(substeps)
        n, q = robot.n, configuration(robot, q_nominal)
        A, B, torques = about_rest(robot, q, dt, substeps)
        chosen = integrated(A, B)
        p = len(chosen)
        A = np.block([[A, np.zeros((2 * n, p))], [dt * np.eye(2 * n)[chosen], np.eye(p)]])
        B = np.vstack([B, np.zeros((p, B.shape[1]))])
        q_w, v_w, i_w = (per_joint(name, getattr(self, name), robot) for name in ("q_weight", "v_weight", "i_weight"))
        Q, R = np.diag(np.concatenate([q_w, v_w, i_w[chosen]])), np.diag(per_input("r_weight", self.r_weight, robot))
        names = [*state_names(robot), *(f"integral of {robot.joints[i]}" for i in chosen)]
        try:
            K, S = dlqr(A, B, Q, R, names=names)
        except InvalidInput as error:
            raise InvalidInput(f"LQI of {robot.name} about q = {np.round(q, 4).tolist()}: {error}") from None
        whole = np.zeros((n, 3 * n))
        whole[:, : 2 * n] = torques(K[:, : 2 * n])
        whole[:, [2 * n + i for i in chosen]] = actuation(robot, q) @ K[:, 2 * n :]
        return whole, S, np.abs(np.linalg.eigvals(A - B @ K)).max()


def integrated(A, B) -> list:
    """Positions, the first ones possible, that inputs can all lead to any values at rest: [A - 1, B; C, 0] must keep
    full rank as rows of C are added (no zero at z = 1). A (2n, 2n), B (2n, m); at most m."""
    N, m = B.shape
    chosen, M = [], np.hstack([A - np.eye(N), B])
    M = M / np.maximum(np.abs(M).max(axis=1, keepdims=True), 1e-300)
    for i in range(N // 2):
        row = np.zeros((1, N + m))
        row[0, i] = 1.0
        grown = np.vstack([M, row])
        values = np.linalg.svd(grown, compute_uv=False)
        if len(grown) <= N + m and values[-1] > REACHED * values[0]:
            chosen, M = [*chosen, i], grown
    return chosen
