"""Model predictive control: each period the best inputs over a horizon, within limits, from the state as it is.

    MPC    the design

With x = (q, v), deviations δ from the reference and d̂ the inputs' disturbance, each control period solves

    minimise  Σ_j δxᵀQδx + (δu + d̂)ᵀR(δu + d̂) + δx_Nᵀ S δx_N + w (|beyond| + ½ beyond²)
    subject   δx_{j+1} = A_j δx_j + B_j (δu_j + d̂),  inputs within their limits; positions and velocities softly

and gives τ = τ_ff + U δu_0 (+ what thrusters that turn with the body need). S is the cost to go of TVLQR along the
reference, so that where nothing is at a limit this is TVLQR. d̂ is what the last periods' motion says beyond the model
(an integrating observer): a constant load leaves no error behind.

Source: Rawlings, Mayne & Diehl (2017), Model Predictive Control, ch. 1, 5 and 8; Diehl et al. (2005), SIAM J. Control
Optim. 43(5), real-time iterations; Pannocchia & Rawlings (2003), AIChE J. 49(2), offset-free control.
"""

from dataclasses import dataclass, field
from functools import partial
from math import exp, inf, isclose
from typing import Literal

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
from robocalc.control.inputs import has_thrusters, input_limits, per_input, state_names
from robocalc.control.law import Law
from robocalc.control.tracking import R_WEIGHT, resting, solve_along, unheld
from robocalc.errors import InvalidInput, UnknownName

MODELS = ("reference", "rti")
WIDTH = 64  # numbers a row of gains and memory
BOUNDLESS = 1e250  # in place of infinite numbers among the gains
SEEN_LATE = 3.0  # latencies by which the disturbance is followed more slowly


@dataclass(frozen=True)
class MPC:
    """Weights as in TVLQR; horizon of `horizon` stages, each `stride` control periods long.

    model            reference: linearised along the reference, beforehand; rti: anew each period, about the motion that
                     the model makes from the measured state under the last inputs (real-time iteration)
    position_weight, velocity_weight   [1/rad, s/rad | 1/m, s/m] cost of each unit beyond a joint's limits, and of half
                     its square; 0: no such limits
    disturbance      [s] within which an input disturbance is found; 0: none is looked for
    iterations       of the solver, at most; then the inputs found so far are used, which are within their limits
    deadline         [s] of wall time a period, likewise; None: none. Misses are counted; runs are no longer repeatable
    tolerance        of the solution, in units of the cost
    Choose it where torques or speeds are at their limits and the way there matters; TVLQR is the same elsewhere.
    """

    along = True  # made for one reference, which `law` takes
    q_weight: Gain = field(default=100.0, metadata=about("weight of squared position error, one or per joint"))
    v_weight: Gain = field(default=1.0, metadata=about("weight of squared velocity error, one or per joint"))
    r_weight: Gain | None = field(default=None, metadata=about(R_WEIGHT))
    horizon: int = field(default=20, metadata=about("stages of the horizon"))
    stride: int = field(default=1, metadata=about("control periods a stage"))
    model: Literal["reference", "rti"] = field(
        default="reference", metadata=about("where the dynamics are linearised: along the reference, or anew (rti)")
    )
    position_weight: Gain = field(default=100.0, metadata=about("cost of a unit beyond a position limit; 0: no limit"))
    velocity_weight: Gain = field(default=100.0, metadata=about("cost of a unit beyond a velocity limit; 0: no limit"))
    disturbance: float = field(
        default=0.05,
        metadata=about("[s] in which a disturbance of the inputs is found; 0: none is", "time"),
    )
    iterations: int = field(default=9, metadata=about("of the solver a control period, at most"))
    deadline: float | None = field(
        default=None, metadata=about("[s] of wall time for the solver a control period; left out: none", "time")
    )
    tolerance: float = field(default=1e-8, metadata=about("of the solution, in units of the cost"))
    feedforward: FeedForward = field(default="inverse_dynamics", metadata=about(FORWARD))

    def __post_init__(self):
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        for name in ("q_weight", "v_weight", "position_weight", "velocity_weight"):
            put(name, checked(name, getattr(self, name)))
        if self.r_weight is not None:
            put("r_weight", checked("r_weight", self.r_weight, positive=True))
        for name in ("horizon", "stride", "iterations"):
            put(name, whole(name, getattr(self, name)))
        put("disturbance", number("disturbance", self.disturbance))
        put("tolerance", number("tolerance", self.tolerance, positive=True))
        if self.deadline is not None:
            put("deadline", number("deadline", self.deadline, positive=True))
        if self.model not in MODELS:
            raise UnknownName("model", self.model, MODELS)
        check_feedforward(self.feedforward)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0, reference=None, torque=None, step=None) -> Law:
        """The law for a robot along reference (N + 1, 3, n) at physics steps of `step` [s].

        dt         control period [s] = `substeps` physics steps
        q_nominal  (n,) where no reference is given: rest there (the robot's home unless given)
        torque     (N + 1, n) that the loop adds, NaN where it is this law's own feed-forward; None: everywhere
        raises     InvalidInput: shapes; rti of a robot with thrusters, whose torques turn with it
        """
        from robocalc.control import kernels_mpc as k

        check_period(dt)
        check_substeps(substeps)
        step = dt / substeps if step is None else step
        if not isclose(step * substeps, dt, rel_tol=1e-9):
            raise InvalidInput(f"{substeps} steps of {step:g} s are not the control period of {dt:g} s")
        if self.model == "rti" and has_thrusters(robot):
            raise InvalidInput(f"model: rti is for joint drives, {robot.name} has thrusters; use model: reference")
        dt, latency = float(dt), checked("latency", latency)
        reference = resting(robot, q_nominal) if reference is None else np.asarray(reference, float)
        law = Law(k.mpc, np.zeros((1, 1)), np.zeros((1, 1)), dt, self.feedforward, robot)
        known = law.torque_along(reference, step)
        if torque is not None:
            known = np.where(np.isnan(torque), known, torque)
        model = along(robot, reference, step, substeps)
        gains, memory = self._tables(robot, model, reference, known, dt, substeps, latency)
        room = np.zeros((-(-memory // WIDTH), WIDTH))
        tell = partial(told, known=unheld(model, robot, "mpc"))
        return Law(k.mpc, rows(gains), room, dt, self.feedforward, robot, tell)

    def _tables(self, robot, model, reference, known, dt, substeps, latency):
        """(gains as one row, how much memory the law needs)."""
        from robocalc.control import kernels_horizon as h

        n, m, last = robot.n, model.B.shape[2], len(model.A) - 1
        Q, R = self.weights(robot)
        _, S = solve_along(model, Q / self.stride, R / self.stride, dt, state_names(robot))
        J = 0
        Phi, Gamma = np.zeros((last + 1, 2 * n, 2 * n)), np.zeros((last + 1, 0, 2 * n, n))
        if latency > 0:
            Phi, Gamma = delay(model, latency, dt, substeps)
            J = Gamma.shape[1]
        first = np.append(np.minimum(np.arange(last) * substeps, len(reference) - 1), len(reference) - 1)
        q, v, a = reference.transpose(1, 0, 2)
        still = np.append(np.ones(len(q) - 1), 0.0)[:, None]
        x = np.hstack([q, v * still])[first]
        net = mean_over(robot.inverse_dynamics(q, v * still, a * still), first, substeps)
        back = np.linalg.pinv(model.U)
        u = (back @ mean_over(known, first, substeps)[:, :, None])[:, :, 0]
        A_far, B_far = far(model, self.stride)
        parts = (model.A, model.B, A_far, B_far, S, model.U, back, model.C, Phi, Gamma.transpose(0, 1, 3, 2), x, u, net)
        blocks = np.concatenate([np.reshape(part, (last + 1, -1)) for part in parts], axis=1)
        if blocks.shape[1] != h.block_size(n, m, J):
            raise AssertionError("the blocks of the gains are not laid out as the kernel reads them")
        table = np.concatenate([Q, R, input_limits(robot), self.bounds(robot)[0], self.bounds(robot)[1]], axis=None)
        head = np.zeros(h.HEAD)
        follow = 1.0 - exp(-dt / (self.disturbance + SEEN_LATE * latency)) if self.disturbance > 0 else 0.0
        head[[h.LAST, h.PERIOD, h.HORIZON, h.INPUTS, h.STRIDE]] = last, dt, self.horizon, m, self.stride
        head[[h.RTI, h.MOST, h.TOLERANCE]] = self.model == "rti", self.iterations, self.tolerance
        head[[h.DEADLINE, h.FOLLOW, h.PAST, h.STEPS]] = self.deadline or 0.0, follow, J, substeps
        head[[h.JOINTS, h.FIRST, h.SIZE]] = n, h.HEAD + len(table), blocks.shape[1]
        whole = np.nan_to_num(np.concatenate([head, table, blocks.ravel()]), posinf=BOUNDLESS, neginf=-BOUNDLESS)
        return whole, h.state_size(self.horizon, n, m, J)

    def weights(self, robot):
        """(Q (2n, 2n), R (m, m)) of one stage: those of its periods together."""
        weights = [per_joint(name, getattr(self, name), robot) for name in ("q_weight", "v_weight")]
        R = np.diag(per_input("r_weight", self.r_weight, robot))
        return self.stride * np.diag(np.concatenate(weights)), self.stride * R

    def bounds(self, robot):
        """(least and greatest x (2, 2n), weights (2, m + 2n) of what is beyond; inputs' limits are hard: inf)."""
        position, velocity = (robot.limits.bounds(name, robot.n) for name in ("position", "velocity"))
        weight = np.concatenate(
            [per_joint(name, getattr(self, name), robot) for name in ("position_weight", "velocity_weight")]
        )
        x = np.hstack([position, velocity])
        x = np.where(weight > 0, x, [[-inf], [inf]])
        soft = np.concatenate([np.full(input_limits(robot).shape[1], inf), self.stride * weight])
        return x, np.tile(soft, (2, 1))


def told(memory, known=()):
    """Sentences on a run: those known before, deadlines missed, programs not solved within their iterations."""
    from robocalc.control import kernels_horizon as h

    yield from known
    calls = int(memory[h.CALLS])
    for at, what in ((h.MISSES, "missed its deadline"), (h.UNSOLVED, "used up its iterations")):
        if memory[at] > 0:
            yield f"mpc {what} in {int(memory[at])} of {calls} periods; inputs found by then were used, within limits"


def far(model, stride):
    """A and B over `stride` control periods, inputs held."""
    A, B = model.A, model.B
    A_all, B_all, last = A, B, len(A) - 1
    for s in range(1, stride):
        k = np.minimum(np.arange(last + 1) + s, last)
        A_all, B_all = A[k] @ A_all, A[k] @ B_all + B[k]
    return A_all, B_all


def mean_over(x, first, every):
    """Means of x (N + 1, n) over control periods that begin at `first`."""
    return x[np.minimum(first[:, None] + np.arange(every), len(x) - 1)].mean(axis=1)


def rows(flat):
    """As many rows of WIDTH as it takes."""
    out = np.zeros((-(-len(flat) // WIDTH), WIDTH))
    out.ravel()[: len(flat)] = flat
    return out


def whole(name, value):
    if isinstance(value, bool) or not float(value).is_integer() or value < 1:
        raise InvalidInput(f"{name} must be a whole number from 1, got {value!r}")
    return int(value)


def number(name, value, *, positive=False):
    value = checked(name, value, positive=positive)
    if isinstance(value, tuple):
        raise InvalidInput(f"{name} must be one number, got {list(value)}")
    return value
