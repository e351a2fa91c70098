"""Kalman filters of a robot's whole state as estimators: extended and unscented.

ExtendedKalman, UnscentedKalman    designs: `ekf`, `ukf` of robocalc.control.estimators.ESTIMATORS
Noises                             what Kalman filters believe, the steady one of each joint too
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from robocalc.control.estimator import EXACT, Estimator, first_off, head, names_of, predictable
from robocalc.control.gains import Gain, about, check_period, check_substeps, checked, per_joint
from robocalc.control.linear import configuration
from robocalc.control.stability import inertia_bound
from robocalc.errors import InvalidInput

SHAKE, WANDER = 0.1, 10.0  # [rad/s²/√Hz], [rad/s²/√s] that each joint is believed to feel
START_SPEED = 0.1  # [rad/s | m/s] deviation of the velocity from the wanted one when a run begins
START_PLACE = 0.1  # [rad | m] likewise of the position of a joint without encoder


@dataclass(frozen=True)
class Noises:
    """What every Kalman filter believes of drives and sensors; None: see `believed`. Raises InvalidInput for no noise.

    torque_noise   density of the torque that the model does not know [N m/√Hz]
    drift          of a disturbance torque that wanders [N m/√s]
    position_std, velocity_std   deviations of the sensors [rad | m], per s
    """

    torque_noise: Gain | None = field(default=None, metadata=about("[N m/√Hz] density of unknown torque"))
    drift: Gain | None = field(default=None, metadata=about("[N m/√s] of a disturbance that wanders; 0: none"))
    position_std: Gain | None = field(default=None, metadata=about("[rad | m]; left out: as in sensors"))
    velocity_std: Gain | None = field(default=None, metadata=about("[rad/s | m/s]; left out: as in sensors"))

    def __post_init__(self):
        for name in ("torque_noise", "drift", "position_std", "velocity_std"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, checked(name, getattr(self, name), positive=name == "torque_noise"))

    def believed(self, robot, senses, q_nominal):
        """(senses with these deviations and no exact ones, torque density (n,), drift (n,)); raises InvalidInput."""
        inertia = inertia_bound(robot.mass_matrix(configuration(robot, q_nominal)))
        torque, drift = (
            default * inertia if given is None else per_joint(name, given, robot)
            for name, given, default in (
                ("torque_noise", self.torque_noise, SHAKE),
                ("drift", self.drift, WANDER),
            )
        )
        position, velocity = senses.position, senses.velocity
        if self.position_std is not None:
            position = np.where(senses.seen, per_joint("position_std", self.position_std, robot), np.nan)
        if self.velocity_std is not None:
            if velocity is None:
                raise InvalidInput("velocity_std is given, but no velocity is measured")
            velocity = per_joint("velocity_std", self.velocity_std, robot)
        position = np.maximum(position, EXACT)  # keeps NaN
        velocity = None if velocity is None else np.maximum(velocity, 10.0 * EXACT)
        return replace(senses, position=position, velocity=velocity), torque, drift


@dataclass(frozen=True)
class ExtendedKalman(Noises):
    """The extended Kalman filter of the whole robot: x = (q, v, d), x⁻ = f(x̂, τ), P⁻ = F P Fᵀ + Q, F = ∂f/∂x at x̂.

        v₊ = v + h M(q)⁻¹(τ + d - h(q, v) - friction),  q₊ = q + h v₊,  Q = G (σ²/h) Gᵀ,  G = (h² M⁻¹, h M⁻¹)

    torque_noise   σ: density of the torque that the model does not know [N m/√Hz], one or per joint; left out: what
                   gives each joint 0.1 rad/s²/√Hz
    drift          of a disturbance torque d that wanders [N m/√s]; left out: 10 rad/s²/√s; 0: none is estimated
    position_std, velocity_std   of the sensors [rad | m], per s; left out: as in `sensors`, rounding counted
    Choose it where joints move one another much, or where some have no encoder: it sees them through the others. Costs
    some ten times `kalman`. Its band is honest as long as its noises are.

    Source: Särkkä (2013), Bayesian filtering and smoothing, section 5.2; F is exact for the step, not differences.
    """

    predicts: ClassVar[bool] = True

    def estimator(self, robot, dt, senses, q_nominal=None, *, substeps=1) -> Estimator:
        """For control period dt [s] = `substeps` physics steps; noises left out are for q_nominal (n,), or home.

        raises    InvalidInput: a robot with tyres, a number of gains that does not fit, a motion that no sensor sees
        """
        from robocalc.control.kernels_ekf import ekf

        gains, memory = whole_state("ekf", self, robot, dt, senses, q_nominal, substeps)
        return Estimator(ekf, gains, memory, float(dt), tell=first_off("ekf", dt / substeps))


@dataclass(frozen=True)
class UnscentedKalman(Noises):
    """The unscented Kalman filter of the whole robot: mean and covariance of 2 nx + 1 points, each moved by the model.

        xᵢ = x̂ ± √(s P)ᵢ,  s = α² (nx + κ),  x⁻ = Σ wᵢ f(xᵢ, τ),  P⁻ = Σ wᵢ (f(xᵢ) - x⁻)(f(xᵢ) - x⁻)ᵀ + Q

    torque_noise, drift, position_std, velocity_std   as for `ekf`, and the same Q
    alpha, beta, kappa   spread of the points; with 1, 2 and 0 no weight of the mean is negative
    Choose it where noise is so large, or measurements so rare, that the model bends within the band; costs several
    times `ekf`, and gives the same where it does not.

    Source: Wan & van der Merwe (2000), The unscented Kalman filter for nonlinear estimation; points are drawn anew each
    physics step.
    """

    predicts: ClassVar[bool] = True

    alpha: float = field(default=1.0, metadata=about("spread of the points"))
    beta: float = field(default=2.0, metadata=about("weight of the middle point in the covariance, 2: Gaussian"))
    kappa: float = field(default=0.0, metadata=about("spread of the points besides"))

    def __post_init__(self):
        super().__post_init__()
        for name in ("alpha", "beta", "kappa"):
            value = checked(name, getattr(self, name), positive=name == "alpha")
            if isinstance(value, tuple):
                raise InvalidInput(f"{name} must be one number, got {len(value)}")
            object.__setattr__(self, name, value)

    def estimator(self, robot, dt, senses, q_nominal=None, *, substeps=1) -> Estimator:
        """As ExtendedKalman.estimator."""
        from robocalc.control import kernels_filters as k
        from robocalc.control.kernels_ukf import ukf

        gains, memory = whole_state("ukf", self, robot, dt, senses, q_nominal, substeps)
        nx = int(gains[k.HEAD, k.SIZE])
        spread = self.alpha**2 * (nx + self.kappa)
        gains[k.HEAD, k.SPREAD] = spread
        gains[k.HEAD, k.WEIGHT] = 1.0 - nx / spread + 1.0 - self.alpha**2 + self.beta
        memory = np.vstack([memory, np.zeros((2 * nx + 1, memory.shape[1]))])
        return Estimator(ukf, gains, memory, float(dt), tell=first_off("ukf", dt / substeps))


def whole_state(kind, design, robot, dt, senses, q_nominal, substeps):
    """(gains, memory) that both filters share."""
    from robocalc.control import kernels_filters as k

    check_period(dt)
    check_substeps(substeps)
    predictable(kind, robot)
    senses, torque, drift = design.believed(robot, senses, q_nominal)
    n = robot.n
    size = 3 * n if drift.any() else 2 * n
    gains = head(robot, dt, senses, substeps, k.START_D + 1)
    gains[k.HEAD, k.SIZE] = size
    gains[k.SIGMA, :n], gains[k.DRIFT, :n] = torque, drift
    gains[k.START_Q, :n], gains[k.START_V, :n] = START_PLACE**2, START_SPEED**2
    gains[k.START_D, :n] = np.square(drift)
    if not senses.seen.all():
        check_seen(kind, robot, dt, senses, torque, drift, q_nominal)
    return gains, np.zeros((k.POINTS, max(8, size * size, 13 * n)))


def check_seen(kind, robot, dt, senses, torque, drift, q_nominal):
    """raises InvalidInput that names the motion which no sensor sees, at rest at q_nominal."""
    from robocalc.control.estimation import kalman

    q, n = configuration(robot, q_nominal), robot.n
    step = robot.step_derivatives(q, np.zeros(n), robot.gravity(q), dt)
    wanders = np.flatnonzero(drift)
    m = 2 * n + len(wanders)
    A, Q = np.eye(m), np.zeros((m, m))
    A[: 2 * n, : 2 * n], A[: 2 * n, 2 * n :] = step.A, step.B[:, wanders]
    Q[: 2 * n, : 2 * n] = step.B @ np.diag(np.square(torque) / dt) @ step.B.T
    Q[range(2 * n, m), range(2 * n, m)] = dt * np.square(drift[wanders])
    C, R = np.eye(m)[: 2 * n], np.square(senses.position)
    R = np.concatenate([R, np.full(n, np.nan) if senses.velocity is None else np.square(senses.velocity)])
    told = ~np.isnan(R)
    if not told.any():
        raise InvalidInput(f"estimator {kind} has nothing to go by: no joint of {robot.name} has an encoder")
    names = [f"{what} of {j}" for what in ("position", "velocity") for j in robot.joints]
    names += [f"disturbance of {robot.joints[i]}" for i in wanders]
    try:
        kalman(A, C[told], Q, np.diag(R[told]), names=names)
    except InvalidInput as error:
        lost = names_of(robot, senses.seen)
        raise InvalidInput(f"estimator {kind} cannot see {lost}, which has no encoder: {error}") from None
