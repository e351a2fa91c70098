"""Linear-quadratic feedback along a motion: the gains change as the robot does.

TVLQR    the design: τ = τ_ff + K_k (x_ref - x̂),  x = (q, v), K_k of control period k
"""

from dataclasses import dataclass, field
from functools import partial
from math import isclose

import numpy as np

from robocalc.control.along import along, delay
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
from robocalc.control.inputs import per_input, state_names
from robocalc.control.law import Law
from robocalc.control.riccati import dlqr, shown, tvlqr, unmoved
from robocalc.errors import InvalidInput

HELD_FOR = 1.0  # [s] whose cost ends the motion, where its end can be held by no feedback
R_WEIGHT = "weight of squared input, one or per joint or input; left out: (10 / its limit)²"


@dataclass(frozen=True)
class TVLQR:
    """Weights of Σ (q_weight eᵢ² + v_weight ėᵢ² + r_weight δuᵢ²) over control periods; one number or one a joint.

    q_weight   [1/rad² | 1/m²]
    v_weight   [s²/rad² | s²/m²]
    r_weight   [1/(N m)² | 1/N²] of the joints that have a drive, or of each thruster; None: (10 / its limit)²
    Designed on the sampled dynamics linearised along the reference, joints without a drive and thrusters included; from
    the end on the gains are those that hold the last configuration. Old measurements are carried to now by the same
    dynamics and the torques applied since: an exact model's poles stay as they are without latency.
    Choose it for swing-ups, flights and fast motions of robots with fewer drives than joints; for an arm with a drive
    at each joint computed torque needs no weights.

    Source: Tedrake, Underactuated Robotics, ch. 10 (trajectory stabilisation); Anderson & Moore (1990), ch. 2.
    """

    along = True  # made for one reference, which `law` takes
    q_weight: Gain = field(default=100.0, metadata=about("weight of squared position error, one or per joint"))
    v_weight: Gain = field(default=1.0, metadata=about("weight of squared velocity error, one or per joint"))
    r_weight: Gain | None = field(default=None, metadata=about(R_WEIGHT))
    feedforward: FeedForward = field(default="inverse_dynamics", metadata=about(FORWARD))

    def __post_init__(self):
        object.__setattr__(self, "q_weight", checked("q_weight", self.q_weight))
        object.__setattr__(self, "v_weight", checked("v_weight", self.v_weight))
        if self.r_weight is not None:
            object.__setattr__(self, "r_weight", checked("r_weight", self.r_weight, positive=True))
        check_feedforward(self.feedforward)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0, reference=None, torque=None, step=None) -> Law:
        """The law for a robot along reference (N + 1, 3, n) at physics steps of `step` [s].

        dt         control period [s] = `substeps` physics steps
        q_nominal  (n,) where no reference is given: rest there (the robot's home unless given)
        torque     changes nothing here: the loop adds it
        raises     InvalidInput: shapes, weights of no joint, R + BᵀSB that is not positive definite
        """
        from robocalc.control import kernels_along as k

        dt, model, K, _ = self._solved(robot, dt, q_nominal, substeps, reference, step)
        K = model.torques(K)
        latency = checked("latency", latency)
        if latency > 0:
            Phi, Gamma = delay(model, latency, dt, substeps)
            past = K[:, None] @ Gamma  # (P + 1, J, n, n)
            K = K @ Phi
        else:
            past = np.zeros((len(K), 0, robot.n, robot.n))
        tell = partial(repeat, unheld(model, robot, "tvlqr"))
        return Law(k.feedback_along, *k.tables(K, past, dt), dt, self.feedforward, robot, tell)

    def feedback(self, robot, dt, q_nominal=None, *, substeps=1, reference=None, step=None):
        """(K (P + 1, m, 2n), S (P + 1, 2n, 2n)) of P control periods and of rest afterwards: inputs δu = -K δx, cost to
        go δxᵀ S δx from the beginning of each period; arguments as for `law`."""
        return self._solved(robot, dt, q_nominal, substeps, reference, step)[2:]

    def _solved(self, robot, dt, q_nominal, substeps, reference, step):
        check_period(dt)
        check_substeps(substeps)
        step = dt / substeps if step is None else step
        if not isclose(step * substeps, dt, rel_tol=1e-9):
            raise InvalidInput(f"{substeps} steps of {step:g} s are not the control period of {dt:g} s")
        model = along(robot, resting(robot, q_nominal) if reference is None else reference, step, substeps)
        weights = [per_joint(name, getattr(self, name), robot) for name in ("q_weight", "v_weight")]
        Q, R = np.diag(np.concatenate(weights)), np.diag(per_input("r_weight", self.r_weight, robot))
        return float(dt), model, *solve_along(model, Q, R, dt, state_names(robot))


def resting(robot, q) -> np.ndarray:
    """(2, 3, n): rest at q, the robot's home where None."""
    from robocalc.control.linear import configuration

    reference = np.zeros((2, 3, robot.n))
    reference[:, 0] = configuration(robot, q)
    return reference


def unheld(model, robot, name) -> tuple:
    """A sentence on the states that no drive brings to rest where the motion ends, or (); tyres may do so too."""
    found = None if getattr(robot.tree, "tyres", ()) else unmoved(model.A[-1], model.B[-1])
    if found is None:
        return ()
    states, pole = ", ".join(state_names(robot)[i] for i in found[0]), shown(found[1])
    return (f"{name}: where the motion ends, no drive moves {states} (pole {pole}): what is off there stays off",)


def repeat(sentences, memory) -> tuple:
    """A law's `tell` that does not depend on the run."""
    return sentences


def solve_along(model, Q, R, dt, names):
    """(K (P + 1, m, 2n), S (P + 1, 2n, 2n)): the last of each are those of rest at the end.

    Where no feedback holds the end, what counts as its cost is that of HELD_FOR seconds there.
    """
    A, B = model.A, model.B
    try:
        K_end, S_end = dlqr(A[-1], B[-1], Q, R, names=names)
    except InvalidInput:
        K_all, S_all = dlqr(A[-1], B[-1], Q, R, horizon=max(1, round(HELD_FOR / dt)), terminal=Q)
        K_end, S_end = K_all[0], S_all[0]
    K, S = tvlqr(A[:-1], B[:-1], Q, R, S_end)
    return np.concatenate([K, K_end[None]]), S
