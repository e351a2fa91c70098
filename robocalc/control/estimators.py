"""Positions and velocities that a law runs on, where they are not measured well: `estimator:` of a scenario.

    ESTIMATORS   name -> design
    Difference   filtered differences of the encoders
    Observer     Luenberger's, about the robot's model
    Kalman       the steady Kalman filter of each joint, about the robot's model
    ekf, ukf: robocalc.control.filters

A design makes an Estimator for a robot: `design.estimator(robot, dt, senses, q_nominal, substeps=1)`. All but
difference predict by the torque that the drives gave, through the robot as it is believed to be, and tell of now: what
the measurement is late by, they make up for.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from robocalc.control.estimator import EXACT, Estimator, every_joint_seen, first_off, head, predictable
from robocalc.control.filters import ExtendedKalman, Noises, UnscentedKalman
from robocalc.control.gains import Gain, about, check_period, check_substeps, checked, per_joint
from robocalc.control.linear import configuration
from robocalc.errors import InvalidInput

SETTLES = 1e-12  # share of a response that is left out of the noise of a difference


@dataclass(frozen=True)
class Difference:
    """Filtered differences: v̂ₖ = v̂ₖ₋₁ + α ((qₖ - qₖ₋W) / (W T) - v̂ₖ₋₁),  α = 1 - exp(-2π f T),  q̂ = q.

    corner_hz   f [Hz] of the first-order low-pass; left out: none (α = 1)
    window      W T [s] over which the difference is taken; left out: one control period
    Knows nothing of the robot, so nothing of it can be wrong; late by about W T/2 + 1/(2π f). The reference takes the
    same way, so that lag and latency cost an exact model nothing, but they do cost phase. A resolution r gives steps of
    r/(W T) in v̂. Choose it where the model is poor or the encoders are fine; else `observer` or `kalman`. Its band is
    that of the sensor's noise alone.

    Source: Brown, Schneider & Mulligan (1992), Analysis of algorithms for velocity estimation from discrete position
    versus time data, IEEE Trans. Ind. Electron. 39(1).
    """

    predicts: ClassVar[bool] = False  # what it tells is as old as the measurement

    corner_hz: float | None = field(default=100.0, metadata=about("[Hz] of the low-pass; null: none", "frequency"))
    window: float | None = field(default=None, metadata=about("[s] of the difference; left out: one period", "time"))

    def __post_init__(self):
        for name in ("corner_hz", "window"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, one(name, getattr(self, name)))

    def estimator(self, robot, dt, senses, q_nominal=None, *, substeps=1) -> Estimator:
        """For control period dt [s] = `substeps` physics steps; q_nominal changes nothing here."""
        from robocalc.control import kernels_estimate as k

        timed(dt, substeps)
        every_joint_seen("difference", robot, senses)
        window = 1 if self.window is None else round(self.window / dt)
        if self.window is not None and (window < 1 or abs(window * dt - self.window) > 1e-6 * dt):
            raise InvalidInput(f"window is {self.window:g} s, it must be a multiple of the control period, {dt:g} s")
        alpha = 1.0 if self.corner_hz is None else -np.expm1(-2.0 * np.pi * self.corner_hz * dt)
        gains = head(robot, dt, senses, substeps, k.OWN + 2)
        gains[k.HEAD, [k.FRESH, k.WINDOW]] = alpha, window
        gains[k.OWN, : robot.n] = senses.position
        gains[k.OWN + 1, : robot.n] = senses.position * _noise_gain(alpha, window) / (window * dt)
        memory = np.zeros((3 + 2 * window, gains.shape[1]))
        return Estimator(k.difference, gains, memory, float(dt), senses.latency)


def _noise_gain(alpha, window) -> float:
    """√Σ hₖ² of the low-passed difference over a window of W samples, in units of one sample."""
    settle = 1 if alpha == 1.0 else int(np.ceil(np.log(SETTLES) / np.log1p(-alpha)))
    h = alpha * (1.0 - alpha) ** np.arange(min(settle, 1_000_000) + window + 1)  # of the low-pass alone
    h[window:] -= h[:-window].copy()
    return float(np.sqrt(np.sum(np.square(h))))


@dataclass(frozen=True)
class Observer:
    """Luenberger's: q̈̂ = M(q̂)⁻¹(τ - h(q̂, v̂) - friction) + d̂;  q̂ += l₁ e, v̂ += l₂ e, d̂ += l₃ e,  e = q - q̂⁻.

    bandwidth     ω [1/s]: the error of each joint dies out as exp(-ω t), its poles all at exp(-ω T)
    disturbance   whether d̂, an acceleration [rad/s² | m/s²], is estimated: takes up a wrong payload or friction
    Uses positions alone. Choose it for velocity from encoders with one number to set: noise of v̂ grows with ω^1.5, what
    the model has wrong in v̂ falls with ω (ω² with disturbance). Its band is that of the sensor's noise alone; `kalman`
    finds ω from noises.

    Source: Luenberger (1971), An introduction to observers, IEEE TAC 16(6); Nicosia & Tomei (1990), Robot control by
    using only joint position measurements, IEEE TAC 35(9). Gains by Ackermann's formula for the sampled error.
    """

    predicts: ClassVar[bool] = True

    bandwidth: Gain = field(default=100.0, metadata=about("[1/s] of the error of the estimate, one or per joint"))
    disturbance: bool = field(default=True, metadata=about("whether a slow disturbance is estimated too"))

    def __post_init__(self):
        object.__setattr__(self, "bandwidth", checked("bandwidth", self.bandwidth, positive=True))
        object.__setattr__(self, "disturbance", bool(self.disturbance))

    def estimator(self, robot, dt, senses, q_nominal=None, *, substeps=1) -> Estimator:
        """For control period dt [s] = `substeps` physics steps; q_nominal changes nothing here.

        raises    InvalidInput: a joint without encoder, a robot with tyres, a number of gains that does not fit
        """
        from robocalc.control import kernels_estimate as k

        gains, memory = corrected_model("observer", robot, dt, senses, substeps)
        A = period(dt, substeps)[: 3 if self.disturbance else 2, : 3 if self.disturbance else 2]
        for i, pole in enumerate(np.exp(-per_joint("bandwidth", self.bandwidth, robot) * dt)):
            L = placed(A, pole)
            gains[k.L_Q : k.L_Q + len(A), i] = L
            P = noise_left(A, L, senses.position[i] ** 2)
            gains[[k.S_Q, k.S_V], i] = np.sqrt(later(P, senses.latency, 0.0))
        return Estimator(k.observer, gains, memory, float(dt))


@dataclass(frozen=True)
class Kalman(Noises):
    """The steady Kalman filter of each joint: `observer` with the gains that are best for given noises.

        q̈ = M⁻¹(τ - h) + d + w,  ḋ = w_d,  L = P Cᵀ (C P Cᵀ + R)⁻¹,  P = A P Aᵀ - A P Cᵀ (C P Cᵀ + R)⁻¹ C P Aᵀ + Q

    torque_noise   density of the torque that the model does not know [N m/√Hz], one or per joint; left out: what gives
                   each joint 0.1 rad/s²/√Hz
    drift          of a disturbance torque that wanders [N m/√s]; left out: 10 rad/s²/√s; 0: none is estimated
    position_std, velocity_std   of the sensors [rad | m], per s; left out: as in `sensors`, rounding counted
    Velocities are used where there are any. Choose it first: as cheap as `observer`, and its band says how far to trust
    it. Gains are found at the end of the motion and for each joint alone; `ekf` follows an inertia that changes much.

    Source: Kalman (1960); Anderson & Moore (1979), Optimal filtering, chapter 4.
    """

    predicts: ClassVar[bool] = True

    def estimator(self, robot, dt, senses, q_nominal=None, *, substeps=1) -> Estimator:
        """For control period dt [s] = `substeps` physics steps, gains at q_nominal (n,), home where None.

        raises    InvalidInput: as Observer, and noises for which no filter converges
        """
        from robocalc.control import kernels_estimate as k

        every_joint_seen("kalman", robot, senses)
        senses, torque, drift = self.believed(robot, senses, q_nominal)
        gains, memory = corrected_model("kalman", robot, dt, senses, substeps)
        W = np.linalg.inv(robot.mass_matrix(configuration(robot, q_nominal)))
        shake, wander = (np.sqrt(np.square(W) @ np.square(x)) for x in (torque, drift))
        for i in range(robot.n):
            R = [senses.position[i] ** 2] + ([] if senses.velocity is None else [senses.velocity[i] ** 2])
            L, P, gate = steady(dt, substeps, shake[i], wander[i], R)
            gains[k.L_Q : k.L_Q + len(L), i] = L[:, 0]
            if len(R) > 1:
                gains[k.LV_Q : k.LV_Q + len(L), i] = L[:, 1]
            gains[k.GATE, i] = gate
            gains[[k.S_Q, k.S_V], i] = np.sqrt(later(P, senses.latency, shake[i]))
        return Estimator(k.observer, gains, memory, float(dt), tell=first_off("kalman", dt / substeps))


def corrected_model(kind, robot, dt, senses, substeps):
    """(gains, memory) of the kernel `observer`, gains of correction still zero."""
    from robocalc.control import kernels_estimate as k

    timed(dt, substeps)
    every_joint_seen(kind, robot, senses)
    predictable(kind, robot)
    gains = head(robot, dt, senses, substeps, k.LV_D + 1)
    return gains, np.zeros((k.WORK + 1, max(8, 7 * robot.n)))


def one(name, value) -> float:
    """The single number above 0; raises InvalidInput."""
    value = checked(name, value, positive=True)
    if isinstance(value, tuple):
        raise InvalidInput(f"{name} must be one number, got {len(value)}")
    return value


def timed(dt, substeps):
    check_period(dt)
    check_substeps(substeps)


def period(dt, substeps, Q=None):
    """A (3, 3) of (q, v, acceleration) over a control period of semi-implicit Euler steps; with Q of a step also what
    comes of it over the period."""
    h = dt / substeps
    A = np.array([[1.0, h, h * h], [0.0, 1.0, h], [0.0, 0.0, 1.0]])
    if Q is None:
        return np.linalg.matrix_power(A, substeps)
    total = np.zeros((3, 3))
    for _ in range(substeps):
        total = A @ total @ A.T + Q
    return np.linalg.matrix_power(A, substeps), total


def placed(A, pole) -> np.ndarray:
    """L (n,) with all poles of (I - L C) A at `pole`, C = (1, 0, ..): Ackermann's formula for the pair (A, C A)."""
    n = len(A)
    O = np.vstack([A[0] @ np.linalg.matrix_power(A, i) for i in range(n)])
    return np.linalg.matrix_power(A - pole * np.eye(n), n) @ np.linalg.solve(O, np.eye(n)[-1])


def noise_left(A, L, R) -> np.ndarray:
    """P of x̂ under measurement noise R alone: P = F P Fᵀ + L R Lᵀ, F = (I - L C) A."""
    from scipy.linalg import solve_discrete_lyapunov

    units = A[0, 1] ** np.arange(len(A))  # in which all entries are near 1
    F = units[:, None] * (A - np.outer(L, A[0])) / units
    return solve_discrete_lyapunov(F, np.outer(units * L, units * L)) * R / np.outer(units, units)


def steady(dt, substeps, shake, wander, R):
    """(L, P after the measurement, variance of q's innovation) of one joint; R variances of q, or of q and v."""
    from robocalc.control.estimation import kalman

    h, size = dt / substeps, 3 if wander > 0 else 2
    Q = np.zeros((3, 3))
    Q[:2, :2] = shake**2 * h * np.array([[h * h, h], [h, 1.0]])
    Q[2, 2] = h * wander**2
    A, Q = (x[:size, :size] for x in period(dt, substeps, Q))
    units = np.array([1.0, dt, dt * dt])[:size] / np.sqrt(R[0])  # in which all entries are near 1
    A, Q = units[:, None] * A / units, units[:, None] * Q * units
    measured = units[: len(R)]
    C = np.eye(size)[: len(R)] / np.sqrt(R)[:, None] / measured[:, None]
    L, P = kalman(A, C, Q, np.eye(len(R)), names=("position", "velocity", "disturbance")[:size])
    gate = (P[0, 0] + 1.0) * R[0]
    P = (np.eye(size) - L @ C) @ P
    return L / np.sqrt(R) / units[:, None], P / np.outer(units, units), gate


def later(P, late, shake) -> np.ndarray:
    """Variances of q and v `late` [s] after P (2, 2) or (3, 3), under white acceleration of density `shake`."""
    F = np.array([[1.0, late, late * late / 2.0], [0.0, 1.0, late]])[:, : len(P)]
    return np.maximum(np.diagonal(F @ P @ F.T), 0.0) + shake**2 * np.array([late**3 / 3.0, late])


ESTIMATORS = {
    "difference": Difference,
    "observer": Observer,
    "kalman": Kalman,
    "ekf": ExtendedKalman,
    "ukf": UnscentedKalman,
}

__all__ = ["ESTIMATORS", "EXACT", "Difference", "ExtendedKalman", "Kalman", "Observer", "UnscentedKalman"]
