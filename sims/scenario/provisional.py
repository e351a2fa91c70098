"""Stand-ins for the designs of robocalc.control, until it has its registry."""

from dataclasses import dataclass
from typing import Literal

FeedForward = Literal["none", "gravity", "inverse_dynamics"]


@dataclass(frozen=True)
class PD:
    """Springs and dampers about the reference."""

    kp: float | tuple
    kd: float | tuple
    feedforward: FeedForward = "gravity"


@dataclass(frozen=True)
class PID:
    """PD with integral action."""

    kp: float | tuple
    ki: float | tuple
    kd: float | tuple
    feedforward: FeedForward = "gravity"


@dataclass(frozen=True)
class ComputedTorque:
    """Linear error dynamics by inverse dynamics."""

    wn: float | tuple = 40.0
    zeta: float | tuple = 1.0
    integral: bool = False


@dataclass(frozen=True)
class LQR:
    """Linear-quadratic regulator about the nominal configuration."""

    q_weight: float | tuple = 100.0
    v_weight: float | tuple = 1.0
    r_weight: float | tuple = 0.01
    feedforward: FeedForward = "inverse_dynamics"


CONTROLLERS = {"pd": PD, "pid": PID, "computed_torque": ComputedTorque, "lqr": LQR}
