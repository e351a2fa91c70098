"""Springs and dampers about the reference, with and without integral action.

    PD     τ = τ_ff + kp e + kd ė
    PID    τ = τ_ff + kp e + kd ė + I,   İ = ki e + (τ_applied - τ_wanted) / Tt

e = q_ref - q and ė = v_ref - v, both at the time of the measurement. τ_ff is along the reference: nothing, gravity, or
inverse dynamics and friction.
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
    checked,
    per_joint,
)
from robocalc.control.law import Law

KP = "[N m/rad or N/m] torque per position error, one or per joint"
KI = "[N m/(rad s) or N/(m s)] torque per integrated position error, one or per joint"
KD = "[N m s/rad or N s/m] torque per velocity error, one or per joint"
TT = "[s] in which the integral gives up what the drive cannot follow, one or per joint; left out: √(kd/ki)"


@dataclass(frozen=True)
class PD:
    """kp [N m/rad], kd [N m s/rad]: one number or one a joint; feedforward none, gravity or inverse_dynamics."""

    kp: Gain = field(metadata=about(KP))
    kd: Gain = field(metadata=about(KD))
    feedforward: FeedForward = field(default="inverse_dynamics", metadata=about(FORWARD))

    def __post_init__(self):
        for name in ("kp", "kd"):
            object.__setattr__(self, name, checked(name, getattr(self, name)))
        check_feedforward(self.feedforward)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s]; q_nominal, substeps and latency change nothing here."""
        from robocalc.control.kernels import pd

        check_period(dt)
        gains = np.array([per_joint("kp", self.kp, robot), per_joint("kd", self.kd, robot)])
        return Law(pd, gains, np.zeros((1, robot.n)), float(dt), self.feedforward, robot)


@dataclass(frozen=True)
class PID:
    """kp [N m/rad], ki [N m/(rad s)], kd [N m s/rad]: one number or one a joint.

    Anti-windup by back-calculation: what the drive could not give is taken off the integral within the tracking time
    Tt = √(kd/ki) (Tt = kp/ki where kd = 0), or `tracking_time` [s].
    Source: Åström & Hägglund (2006), Advanced PID Control, section 3.5.
    """

    kp: Gain = field(metadata=about(KP))
    ki: Gain = field(metadata=about(KI))
    kd: Gain = field(metadata=about(KD))
    feedforward: FeedForward = field(default="inverse_dynamics", metadata=about(FORWARD))
    tracking_time: Gain | None = field(default=None, metadata=about(TT))

    def __post_init__(self):
        for name in ("kp", "ki", "kd"):
            object.__setattr__(self, name, checked(name, getattr(self, name)))
        if self.tracking_time is not None:
            object.__setattr__(self, "tracking_time", checked("tracking_time", self.tracking_time, positive=True))
        check_feedforward(self.feedforward)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s]; q_nominal, substeps and latency change nothing here."""
        from robocalc.control.kernels import pid

        check_period(dt)
        kp, ki, kd = (per_joint(name, getattr(self, name), robot) for name in ("kp", "ki", "kd"))
        gains = np.array([kp, kd, ki * dt, np.minimum(1.0, dt / self._tracking(kp, ki, kd, robot))])
        return Law(pid, gains, np.zeros((2, robot.n)), float(dt), self.feedforward, robot)

    def _tracking(self, kp, ki, kd, robot):
        """Tt (n,) [s]; where there is no integral, any will do."""
        if self.tracking_time is not None:
            return per_joint("tracking_time", self.tracking_time, robot)
        with np.errstate(divide="ignore", invalid="ignore"):
            Tt = np.where(kd > 0, np.sqrt(kd / ki), kp / ki)
        return np.where((ki > 0) & (Tt > 0), Tt, 1.0)
