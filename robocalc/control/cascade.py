"""Cascaded PID: a loop of position around a loop of velocity, as servo drives have it."""

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
from robocalc.control.law import Law
from robocalc.control.linear import configuration
from robocalc.control.model_based import check_rate
from robocalc.control.stability import inertia_bound


@dataclass(frozen=True)
class Cascade:
    """Cascaded PID: v_c = v_ref + kp e,  τ = τ_ff + m (kv (v_c - v) + z),  ż = ki (v_c - v) + (τ_applied - τ)/(m Tt).

    position     kp [1/s] of the outer loop; a third of `velocity` or less
    velocity     kv [1/s] of the inner loop
    integral     ki [1/s²] of the inner loop: it takes up constant loads; 0: none
    max_speed    [rad/s | m/s] most that v_c asks for; None: no bound
    m (n,) is the inertia that each joint shows at the nominal configuration, so that the gains are rates, the same for
    any robot; Tt = √(1/ki), within which the integral gives up what the drive cannot follow. No model runs with it:
    choose it where a drive's own loops are to be simulated, or where the commanded speed must be bounded;
    `computed_torque` tracks better.

    raises  InvalidInput from `law` where kv is more than the control period can hold
    Source: Ellis (2012), Control System Design Guide, ch. 17; Åström & Hägglund (2006), Advanced PID Control, 3.5.
    """

    position: Gain = field(default=20.0, metadata=about("[1/s] of the position loop, one or per joint"))
    velocity: Gain = field(default=80.0, metadata=about("[1/s] of the velocity loop, one or per joint"))
    integral: Gain = field(default=400.0, metadata=about("[1/s²] of the velocity loop's integral, one or per joint"))
    max_speed: Gain | None = field(default=None, metadata=about("[rad/s | m/s] most that is asked for; left out: none"))
    feedforward: FeedForward = field(default="inverse_dynamics", metadata=about(FORWARD))

    def __post_init__(self):
        for name in ("position", "velocity"):
            object.__setattr__(self, name, checked(name, getattr(self, name), positive=True))
        object.__setattr__(self, "integral", checked("integral", self.integral))
        if self.max_speed is not None:
            object.__setattr__(self, "max_speed", checked("max_speed", self.max_speed, positive=True))
        check_feedforward(self.feedforward)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s], inertia of q_nominal (n,); a latency is not made good."""
        from robocalc.control.kernels_cascade import cascade

        check_period(dt)
        check_substeps(substeps)
        kp, kv, ki = (per_joint(name, getattr(self, name), robot) for name in ("position", "velocity", "integral"))
        check_rate("cascade", "velocity", kv, dt, robot.joints)
        fastest = np.full(robot.n, 1e300) if self.max_speed is None else per_joint("max_speed", self.max_speed, robot)
        m = inertia_bound(robot.mass_matrix(configuration(robot, q_nominal)))
        gains = np.array([kp, m * kv, m * ki * dt, np.minimum(1.0, dt * np.sqrt(ki)), fastest])
        return Law(cascade, gains, np.zeros((2, robot.n)), float(dt), self.feedforward, robot)
