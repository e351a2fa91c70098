"""What the world does to the joints, estimated from the motion: resisted, or given way to.

DisturbanceObserver   the estimate is added to the torque
Admittance            the estimate also moves a virtual mass, which the robot follows
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from robocalc.control.computed_torque import ComputedTorque, error_gains
from robocalc.control.gains import Gain, about, check_period, check_substeps, checked, per_joint
from robocalc.control.law import Law
from robocalc.control.linear import configuration
from robocalc.control.model_based import tool
from robocalc.control.observing import observing
from robocalc.control.stability import inertia_bound
from robocalc.control.task_space import one
from robocalc.errors import InvalidInput, UnknownName

SPACES, FRAMES = ("joint", "cartesian"), ("world", "tool")
SOFT = 5.0  # [rad/s] of the virtual mass where its stiffness is left out
FOLLOW, BACK = (
    50.0,
    5.0,
)  # [1/s] at which joints follow the tool's moved reference, and return where it leaves them free
PROJECTED = 1e-5  # of the mean: damping of the Jacobian's inverse
SINGULAR = 1e-3  # of the largest: singular values below this are directions in which the tool cannot move
LEVER = 0.2  # [m]: a moment turns the tool as if its virtual mass were that far from the axis
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
    """Admittance: m δ̈ + D δ̇ + K δ = τ_ext at each joint, or = F_ext at the tool; the robot follows its reference + δ.

    space        joint: each joint gives way by itself; cartesian: the tool, along and about three axes
    stiffness    K [N m/rad | N/m], one or per joint; at the tool [N/m], one or for x, y, z; left out: m (5 rad/s)²;
                 0: it stays where it is pushed
    mass         m [kg m² | kg] virtual inertia, likewise; left out: what joint or tool show where it is nominal
    rotation, inertia   K [N m/rad] and m [kg m²] of the tool's turning, one or about x, y, z
    frame        whose axes x, y, z are: the world's, or the tool's as the reference has it
    zeta         [-] damping ratio, D = 2 ζ √(K m), of 5 rad/s where K is 0; one, per joint, or of the tool's six axes
    threshold    of τ_ext or F_ext that moves nothing, for what the model may have wrong: [N m | N] one or per joint; at
                 the tool [N], moments having none, or six [N, N m]
    wn, bandwidth   [rad/s], [1/s] of the error about the moved reference, and of the estimate of τ_ext
    τ_ext is estimated from motion and torque, without a sensor, so an unmodelled payload counts as a push; F_ext is
    what explains it at the tool, τ_ext = Jᵀ F. Joints that leave the tool where it is return to their reference.
    Stiff against its own friction and gravity, soft to the hand: choose it for hand guiding and for contact with a
    heavy or rubbing arm; `impedance` where the arm is light and its model good.

    raises  InvalidInput, UnknownName: gains, space, frame; from `law`: a tool that cannot move in all six directions
    Source: Hogan (1985), Impedance control, part II; Ott, Mukherjee & Nakamura (2010), Unified impedance and admittance
    control, ICRA; the residual as τ_ext: De Luca & Mattone (2005), ICRA.
    """

    space: Literal["joint", "cartesian"] = field(default="joint", metadata=about("joint; cartesian: tool"))
    stiffness: Gain | None = field(
        default=None, metadata=about("per joint, or at the tool [N/m] (one, or x y z); left out: of 5 rad/s")
    )
    mass: Gain | None = field(default=None, metadata=about("virtual inertia, likewise; left out: the robot's own"))
    rotation: Gain | None = field(default=None, metadata=about("[N m/rad] at the tool, one or about x y z"))
    inertia: Gain | None = field(default=None, metadata=about("[kg m²] of the tool's turning, one or about x y z"))
    frame: Literal["world", "tool"] = field(default="world", metadata=about("whose axes the tool gives way along"))
    zeta: Gain = field(
        default=1.0, metadata=about("[-] damping ratio of the virtual mass, one, per joint or of six axes")
    )
    threshold: Gain = field(default=0.0, metadata=about("of outer torque, or of force at the tool, that moves nothing"))
    wn: Gain = field(default=30.0, metadata=about("[rad/s] natural frequency of the error, one or per joint"))
    bandwidth: float = field(default=30.0, metadata=about(BANDWIDTH))

    def __post_init__(self):
        for name, value, known in (("space", self.space, SPACES), ("frame", self.frame, FRAMES)):
            if value not in known:
                raise UnknownName(name, value, known)
        for name, positive in (("zeta", False), ("threshold", False), ("wn", True)):
            object.__setattr__(self, name, checked(name, getattr(self, name), positive=positive))
        for name in ("stiffness", "mass", "rotation", "inertia"):
            if (value := getattr(self, name)) is not None:
                object.__setattr__(self, name, checked(name, value, positive=name in ("mass", "inertia")))
        for name in ("rotation", "inertia"):
            if self.space == "joint" and getattr(self, name) is not None:
                raise InvalidInput(f"{name} is for space cartesian: a joint turns or slides, and has one stiffness")
        object.__setattr__(self, "bandwidth", one("bandwidth", self.bandwidth, positive=True))
        for name in self.of_tool:
            of_axes(name, getattr(self, name), np.zeros(6 if name in ("zeta", "threshold") else 3))

    @property
    def of_tool(self) -> tuple:
        """Gains with one entry an axis of the tool, not one a joint."""
        names = ("stiffness", "mass", "rotation", "inertia", "zeta", "threshold")
        return names if self.space == "cartesian" else ()

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s]; what is left out is that of q_nominal (n,)."""
        from robocalc.control import kernels_observer as k

        if self.space == "cartesian":
            return self._of_tool(robot, dt, configuration(robot, q_nominal), substeps, latency)
        inner = DisturbanceObserver(self.wn, 1.0, self.bandwidth)
        gains, memory, dt, latency = observed(inner, robot, dt, substeps, latency, rows=4, memory=k.ROWS)
        m = inertia_bound(robot.mass_matrix(configuration(robot, q_nominal)))
        m = m if self.mass is None else per_joint("mass", self.mass, robot)
        K = m * SOFT**2 if self.stiffness is None else per_joint("stiffness", self.stiffness, robot)
        zeta, idle = (per_joint(name, getattr(self, name), robot) for name in ("zeta", "threshold"))
        gains[k.CARRY : k.IDLE + 1, : robot.n] = virtual(m, K, zeta, idle, dt)
        gains[k.CONSTANTS, k.LATE_BY] = latency
        return Law(k.admittance, gains, memory, dt, "friction", robot)

    def _of_tool(self, robot, dt, q, substeps, latency):
        from robocalc.control import kernels_admittance as k

        body, place = tool(robot, "admittance")
        inner = DisturbanceObserver(self.wn, 1.0, self.bandwidth)
        rows = k.ROWS + k.TOOL_ROWS
        gains, memory, dt, latency = observed(inner, robot, dt, substeps, latency, rows=5, memory=rows)
        shown = tool_masses(robot, q)
        m = np.concatenate([of_axes("mass", self.mass, shown[:3]), of_axes("inertia", self.inertia, shown[3:])])
        K = [of_axes("stiffness", self.stiffness, SOFT**2 * m[:3]), of_axes("rotation", self.rotation, SOFT**2 * m[3:])]
        idle = self.threshold if isinstance(self.threshold, tuple) else (*3 * (self.threshold,), 0.0, 0.0, 0.0)
        zeta, idle = (of_axes(name, x, np.zeros(6)) for name, x in (("zeta", self.zeta), ("threshold", idle)))
        gains[k.CARRY : k.IDLE + 1, :6] = virtual(m, np.concatenate(K), zeta, idle, dt)
        gains[k.CONSTANTS, [k.LATE_BY, k.BODY]] = latency, body
        gains[k.AT, : k.PLACE] = self.frame == "tool", PROJECTED, min(FOLLOW, 0.2 / dt), min(BACK, 0.2 / dt)
        gains[k.AT, k.PLACE : k.PLACE + 12] = place
        return Law(k.admittance_of_tool, gains, memory, dt, "friction", robot)


def virtual(m, K, zeta, idle, dt) -> np.ndarray:
    """Rows CARRY, DRIVE, STIFF, IDLE of kernels_observer: m / w, dt / w, K, threshold, w = m + dt D + dt² K."""
    D = 2.0 * zeta * m * np.sqrt(np.where(K > 0, K / m, SOFT**2))
    whole = m + dt * D + dt**2 * K
    return np.array([m / whole, dt / whole, K, idle])


def of_axes(name, value, default) -> np.ndarray:
    """A gain of the tool's axes, as many as `default` has; raises InvalidInput where it has others."""
    if isinstance(value, tuple) and len(value) != len(default):
        axes = "x, y and z" if len(default) == 3 else "the three axes, then about them"
        raise InvalidInput(
            f"{name} at the tool must be one number or {len(default)}, of {axes}; got {len(value)} values"
        )
    return np.broadcast_to(np.asarray(default if value is None else value, float), np.shape(default))


def tool_masses(robot, q) -> np.ndarray:
    """(6,) what the tool shows at q, the mean over directions [kg], and as much as a mass at LEVER would about an axis.

    raises   InvalidInput where it can nowhere move in some direction
    """
    J = robot.jacobian(q + 0.3 * np.sin(1.0 + np.arange(robot.n)))  # not at q, which may be singular
    if np.linalg.matrix_rank(J, tol=SINGULAR * np.linalg.norm(J, 2)) < 6:
        raise InvalidInput(
            f"admittance: the tool of {robot.name} cannot move in all six directions; `space: joint` needs no tool"
        )
    J = robot.jacobian(q)[:3]
    mass = 3.0 / np.trace(J @ np.linalg.solve(robot.mass_matrix(q), J.T))
    return mass * np.repeat([1.0, LEVER**2], 3)
