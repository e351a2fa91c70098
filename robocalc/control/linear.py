"""Linear-quadratic feedback of a robot about one configuration, and the sampled dynamics on which it is designed.

linearise    a robot about a configuration, sampled as the engines step it
LQR          the design: τ = τ_ff + K (x_ref - x),  x = (q, v)
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
from robocalc.control.riccati import dlqr
from robocalc.errors import InvalidInput


def linearise(robot, q, dt, substeps=1):
    """(A, B) of δx₊ = A δx + B δτ about rest at q under the torque that holds it; x = (q, v), A (2n, 2n), B (2n, n).

    One control period dt [s] of `substeps` steps h of semi-implicit Euler, exact for that linear system:

        M δa = δτ - G δq - V δv₊,  δv₊ = δv + h δa,  δq₊ = δq + h δv₊;   G = ∂g/∂q, V the viscous friction
    """
    h, M, V = dt / substeps, robot.mass_matrix(q), np.diag(robot.friction[0])
    W = np.linalg.inv(M + h * V)
    v_q, v_v, v_tau = -h * W @ gravity_gradient(robot, q), W @ M, h * W
    A = np.block([[np.eye(robot.n) + h * v_q, h * v_v], [v_q, v_v]])
    B = np.vstack([h * v_tau, v_tau])
    A_all, B_all = A, B
    for _ in range(substeps - 1):
        A_all, B_all = A @ A_all, A @ B_all + B
    return A_all, B_all


def gravity_gradient(robot, q, step=1e-2):
    """G = ∂g/∂q (n, n) by Richardson's extrapolation of central differences, to about 1e-10 of g.

    g is a sum of products of sines and cosines of the angles, so a wide step costs little: error ~ step⁶ / 100.
    """
    q = np.asarray(q, float)
    E = np.eye(len(q))
    d = [
        (robot.gravity(q + s * step * E) - robot.gravity(q - s * step * E)).T / (2 * s * step) for s in (1.0, 2.0, 3.0)
    ]
    return (15.0 * d[0] - 6.0 * d[1] + d[2]) / 10.0


@dataclass(frozen=True)
class LQR:
    """Weights of Σ (q_weight eᵢ² + v_weight ėᵢ² + r_weight δτᵢ²) over control periods; one number or one a joint.

    q_weight   [1/rad² | 1/m²]
    v_weight   [s²/rad² | s²/m²]
    r_weight   [1/(N m)² | 1/N²]; of the joints that have a drive (torque limit above 0), or of each input of a robot
               with thrusters
    Designed on the sampled dynamics linearised about the nominal configuration (the robot's home unless given). A
    latency is made good by prediction with the same dynamics. Choose it to hold or to track near one configuration, for
    robots with fewer drives than joints too; `lqi` where a load stays, `tvlqr` for motions that go far.

    Source: Anderson & Moore (1990), Optimal Control: Linear Quadratic Methods, ch. 2.
    """

    q_weight: Gain = field(default=100.0, metadata=about("weight of squared position error, one or per joint"))
    v_weight: Gain = field(default=1.0, metadata=about("weight of squared velocity error, one or per joint"))
    r_weight: Gain = field(default=1e-2, metadata=about("weight of squared torque, one or per joint"))
    feedforward: FeedForward = field(default="inverse_dynamics", metadata=about(FORWARD))

    def __post_init__(self):
        object.__setattr__(self, "q_weight", checked("q_weight", self.q_weight))
        object.__setattr__(self, "v_weight", checked("v_weight", self.v_weight))
        object.__setattr__(self, "r_weight", checked("r_weight", self.r_weight, positive=True))
        check_feedforward(self.feedforward)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps, about q_nominal (n,).

        latency   age of a measurement [s] when the law gets it, made good by prediction
        """
        from robocalc.control.late import held

        K = self.feedback(robot, dt, q_nominal, substeps=substeps)[0]
        return held(K, robot, configuration(robot, q_nominal), dt, substeps, latency, self.feedforward)

    def feedback(self, robot, dt, q_nominal=None, *, substeps=1):
        """(K (n, 2n), S (2n, 2n)): torque -K δx, zero rows for joints without a drive; cost to go δxᵀ S δx."""
        check_period(dt)
        check_substeps(substeps)
        q = configuration(robot, q_nominal)
        weights = [per_joint(name, getattr(self, name), robot) for name in ("q_weight", "v_weight")]
        r_weight = per_input("r_weight", self.r_weight, robot)
        A, B, torques = about_rest(robot, q, dt, substeps)
        try:
            K, S = dlqr(A, B, np.diag(np.concatenate(weights)), np.diag(r_weight), names=state_names(robot))
        except InvalidInput as error:
            raise InvalidInput(f"LQR of {robot.name} about q = {np.round(q, 4).tolist()}: {error}") from None
        return torques(K), S


def configuration(robot, q):
    q = np.asarray(robot.home if q is None else q, float)
    if q.shape != (robot.n,) or not np.isfinite(q).all():
        raise InvalidInput(f"q_nominal must be {robot.n} finite joint positions, got {q.tolist()}")
    return q
