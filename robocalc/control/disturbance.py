"""What the world does to the joints, estimated from the motion: resisted, or given way to.

DisturbanceObserver   the estimate is added to the torque
Admittance            the estimate also moves a virtual mass, which the robot follows
"""

from dataclasses import dataclass, field

import numpy as np

from robocalc.control.computed_torque import ComputedTorque, error_gains
from robocalc.control.gains import Gain, about, check_period, check_substeps, checked, per_joint
from robocalc.control.law import Law
from robocalc.control.linear import configuration
from robocalc.control.observing import observing
from robocalc.control.stability import inertia_bound
from robocalc.control.task_space import one
from robocalc.errors import InvalidInput

SOFT = 5.0  # [rad/s] of the virtual mass where its stiffness is left out
BANDWIDTH = "[1/s] at which the estimate follows the disturbance"


def observed(design, robot, dt, substeps, latency, **more):
    """(gains, memory, dt, latency) of computed torque with an estimate of `design.bandwidth`."""
    check_period(dt)
    check_substeps(substeps)
    dt, latency = float(dt), checked("latency", latency)
    if design.bandwidth * dt >= 1.0:
        raise InvalidInput(
            f"bandwidth is {design.bandwidth:g} 1/s, which a control period of {dt:g} s cannot hold; "
            f"it must stay below {1 / dt:.4g} 1/s"
        )
    gains = np.zeros((3, robot.n))
    gains[:2] = error_gains(ComputedTorque(design.wn, design.zeta)._poles(robot), dt, substeps)
    return *observing(gains, robot, dt, substeps, latency, 1.0 / design.bandwidth, **more), dt, latency


@dataclass(frozen=True)
class DisturbanceObserver:
    """Disturbance observer: τ = M(q̂)(a_ref + kp e + kd ė) + h(q̂, v̂) + friction + d̂,  d̂' = ω (τ_applied - τ_model - d̂).

    wn, zeta    [rad/s], [-] of the error, one or per joint, as in computed torque
    bandwidth   ω [1/s] of the estimate d̂ of what the model does not explain: (τ_applied - τ_model) at the age of the
                measurement, its acceleration from measured velocities
    Takes up a constant or slow disturbance on any joint (payload, friction, push, wrong model) and, but for integral
    action, does not overshoot for it: where the model is exact d̂ is 0 and tracking exact, latency or not. Noise of the
    velocity grows with ω. Choose it where disturbances are unknown and slow; `adaptive` is quieter where they are a
    payload.

    Source: Ohnishi (1987); Chen, Ballance, Gawthrop & O'Reilly (2000), A nonlinear disturbance observer for robotic
    manipulators, IEEE Trans. Ind. Electron. 47(4); De Luca & Mattone (2005), ICRA (the residual).
    """

    wn: Gain = field(default=30.0, metadata=about("[rad/s] natural frequency of the error, one or per joint"))
    zeta: Gain = field(default=1.0, metadata=about("[-] damping ratio of the error, one or per joint"))
    bandwidth: float = field(default=30.0, metadata=about(BANDWIDTH))

    def __post_init__(self):
        for name in ("wn", "zeta"):
            object.__setattr__(self, name, checked(name, getattr(self, name), positive=True))
        object.__setattr__(self, "bandwidth", one("bandwidth", self.bandwidth, positive=True))

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps; q_nominal changes nothing here."""
        from robocalc.control.kernels_observer import disturbance_observer

        gains, memory, dt, _ = observed(self, robot, dt, substeps, latency)
        return Law(disturbance_observer, gains, memory, dt, "friction", robot)


@dataclass(frozen=True)
class Admittance:
    """Admittance: m δ̈ + D δ̇ + K δ = τ_ext,  the robot follows q_ref + δ as under `disturbance_observer`.

    stiffness    K [N m/rad | N/m], one or per joint; left out: m (5 rad/s)². 0: it stays where it is pushed
    mass         m [kg m² | kg] virtual inertia; left out: what the joint shows at the nominal configuration
    zeta         [-] damping ratio, D = 2 ζ √(K m); of 5 rad/s where K is 0
    threshold    [N m | N] of τ_ext that moves nothing: what the model may have wrong
    wn, bandwidth   [rad/s], [1/s] of the error about q_ref + δ, and of the estimate of τ_ext
    τ_ext is estimated from motion and torque, without a sensor, so it takes an unmodelled payload for a push. Stiff
    against its own friction and gravity, soft to the hand: choose it for hand guiding and for contact with a heavy or
    rubbing arm; `impedance` where the arm is light and its model good.

    Source: Hogan (1985), Impedance control, part II; Ott, Mukherjee & Nakamura (2010), Unified impedance and admittance
    control, ICRA.
    """

    stiffness: Gain | None = field(
        default=None, metadata=about("[N m/rad | N/m], one or per joint; left out: of 5 rad/s")
    )
    mass: Gain | None = field(default=None, metadata=about("[kg m² | kg] virtual inertia; left out: the joint's own"))
    zeta: Gain = field(default=1.0, metadata=about("[-] damping ratio of the virtual mass, one or per joint"))
    threshold: Gain = field(default=0.0, metadata=about("[N m | N] of outer torque that moves nothing"))
    wn: Gain = field(default=30.0, metadata=about("[rad/s] natural frequency of the error, one or per joint"))
    bandwidth: float = field(default=30.0, metadata=about(BANDWIDTH))

    def __post_init__(self):
        for name, positive in (("zeta", False), ("threshold", False), ("wn", True)):
            object.__setattr__(self, name, checked(name, getattr(self, name), positive=positive))
        if self.stiffness is not None:
            object.__setattr__(self, "stiffness", checked("stiffness", self.stiffness))
        if self.mass is not None:
            object.__setattr__(self, "mass", checked("mass", self.mass, positive=True))
        object.__setattr__(self, "bandwidth", one("bandwidth", self.bandwidth, positive=True))

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s]; what is left out is that of q_nominal (n,)."""
        from robocalc.control import kernels_observer as k

        inner = DisturbanceObserver(self.wn, 1.0, self.bandwidth)
        gains, memory, dt, latency = observed(inner, robot, dt, substeps, latency, rows=4, memory=k.ROWS)
        m = inertia_bound(robot.mass_matrix(configuration(robot, q_nominal)))
        m = m if self.mass is None else per_joint("mass", self.mass, robot)
        K = m * SOFT**2 if self.stiffness is None else per_joint("stiffness", self.stiffness, robot)
        D = 2.0 * per_joint("zeta", self.zeta, robot) * m * np.sqrt(np.where(K > 0, K / m, SOFT**2))
        whole, n = m + dt * D + dt**2 * K, robot.n
        gains[k.CARRY : k.IDLE + 1, :n] = m / whole, dt / whole, K, per_joint("threshold", self.threshold, robot)
        gains[k.CONSTANTS, k.LATE_BY] = latency
        return Law(k.admittance, gains, memory, dt, "friction", robot)
