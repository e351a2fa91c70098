"""What an estimator is, and what it knows of the sensors: between the measurement and the law.

Senses      noise and age of the measurements, and which there are
Estimator   one compiled step with gains and memory, as a Law; made by a design's `estimator(robot, dt, senses)`
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from robocalc.control.gains import check_period, checked
from robocalc.errors import InvalidInput

EXACT = 1e-6  # [rad | m], and per s ten times that: noise that filters believe of a sensor that has none


@dataclass(frozen=True, eq=False)
class Senses:
    """position   (n,) deviation of the encoders' noise and rounding [rad | m]; NaN: that joint has no encoder
    velocity   (n,) likewise of the velocity sensors [rad/s | m/s], or None: there are none
    latency    [s] age of a measurement when it arrives
    """

    position: np.ndarray
    velocity: np.ndarray | None = None
    latency: float = 0.0

    def __post_init__(self):
        checked("latency", self.latency)
        for name in ("position", "velocity"):
            x = getattr(self, name)
            if x is None:
                continue
            x = np.asarray(x, float)
            if x.ndim != 1 or np.isinf(x).any() or (x < 0).any():
                raise InvalidInput(f"{name} deviations must be numbers of 0 or more, one a joint, got {x.tolist()}")
            object.__setattr__(self, name, x)

    @property
    def seen(self) -> np.ndarray:
        """(n,) bool: joints with an encoder."""
        return ~np.isnan(self.position)

    def of(self, columns) -> "Senses":
        """Those of some of the joints."""
        return replace(
            self, position=self.position[columns], velocity=None if self.velocity is None else self.velocity[columns]
        )


def deviation_of(std, step) -> np.ndarray:
    """Deviation of a measurement with noise std, rounded to multiples of step: √(std² + step²/12)."""
    return np.sqrt(np.square(std) + np.square(step) / 12.0)


@dataclass(frozen=True, eq=False)
class Estimator:
    """step      njit function of ESTIMATE_SIGNATURE
    gains     (any, any) float; memory (any, any) float as at the start: a run works on a copy
    dt        [s] control period, of `substeps` physics steps
    latency   [s] age of the estimate: what is left for the law to make up for
    tell      memory after a run -> sentences on what a user should know of it, or None
    """

    step: Any
    gains: np.ndarray
    memory: np.ndarray
    dt: float
    latency: float = 0.0
    tell: Any = None

    def notes(self, memory) -> tuple:
        """What the estimator has to say of a run that left this memory: sentences."""
        return () if self.tell is None else tuple(self.tell(np.ravel(memory)))

    def __post_init__(self):
        check_period(self.dt)
        for name in ("gains", "memory"):
            x = np.ascontiguousarray(getattr(self, name), dtype=float)
            if x.ndim != 2:
                raise InvalidInput(f"an estimator's {name} must have two dimensions, got shape {x.shape}")
            object.__setattr__(self, name, x)


def names_of(robot, seen) -> str:
    return ", ".join(name for name, one in zip(robot.joints, seen, strict=True) if not one)


def every_joint_seen(kind, robot, senses):
    """raises InvalidInput where a joint has no encoder, for estimators that work joint by joint."""
    if not senses.seen.all():
        raise InvalidInput(
            f"estimator {kind} needs an encoder on every joint, {names_of(robot, senses.seen)} of {robot.name} "
            "has none; ekf and ukf can see it through the motion of the others"
        )


def predictable(kind, robot):
    """raises InvalidInput where the drives' torque does not tell the motion."""
    if getattr(robot.tree, "tyres", ()):
        raise InvalidInput(
            f"estimator {kind} predicts with the torque of the drives, {robot.name} also moves by forces of its tyres, "
            "which it does not know; use difference"
        )


def head(robot, dt, senses, substeps, rows, *, least=8):
    """Gains (rows, width) with what every estimator's begin with: clock, sensors' variances, believed friction."""
    from robocalc.control import kernels_estimate as k
    from robocalc.control.prediction import in_steps
    from robocalc.control.stability import stopping

    if len(senses.position) != robot.n or (senses.velocity is not None and len(senses.velocity) != robot.n):
        raise InvalidInput(f"senses are of {len(senses.position)} joints, {robot.name} has {robot.n}")
    step = dt / substeps
    gains = np.zeros((rows, max(least, robot.n)))
    gains[k.HEAD, : k.RUBS + 1] = step, substeps, in_steps(senses.latency, step), np.any(robot.friction)
    gains[k.R_Q, : robot.n] = np.where(senses.seen, np.square(senses.position), -1.0)
    gains[k.R_V, : robot.n] = -1.0 if senses.velocity is None else np.square(senses.velocity)
    gains[k.VISCOUS : k.STOP, : robot.n] = robot.friction
    gains[k.STOP, : robot.n] = stopping(robot, step)
    return gains


def first_off(name, dt):
    """tell of estimators that watch their innovations; dt [s] physics step."""

    def tell(memory):
        from robocalc.control.kernels_estimate import FAR, FIRST, IN_A_ROW

        if memory[FIRST] > 0:
            when = f"t = {(memory[FIRST] - 1) * dt:.4g} s"
            yield (
                f"estimator {name} diverged at {when}: {IN_A_ROW} measurements in a row were more than {FAR:g} "
                "standard deviations from what it expected; raise its torque_noise or drift, or correct its model"
            )

    return tell
