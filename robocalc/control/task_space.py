"""Laws of the tool's pose, by the joints' inverse dynamics.

OperationalSpace    linear error dynamics of the tool, and of what the joints do besides
CartesianVelocity   a velocity loop below a loop of the tool's pose
"""

from dataclasses import dataclass, field
from typing import Literal

from robocalc.control.gains import Gain, about, checked, per_joint
from robocalc.control.law import Law
from robocalc.control.model_based import arrays, check_rate, tool
from robocalc.errors import InvalidInput, UnknownName

TASKS = {"pose": 6, "position": 3}
Task = Literal["pose", "position"]
OF_TASK = "pose: the tool's position and rotation; position: that alone"
OF_DAMPING = "relative to the mean: keeps commands near singular poses finite"


def one(name, value, *, positive=False) -> float:
    """A gain that is one number; raises InvalidInput."""
    x = checked(name, value, positive=positive)
    if isinstance(x, tuple):
        raise InvalidInput(f"{name} must be one number, got {value!r}")
    return x


def check_task(task):
    if task not in TASKS:
        raise UnknownName("task", task, TASKS)


def task_arrays(robot, name, dt, substeps, latency, *, rows, damping):
    """(gains, memory) of kernels_task for `rows` of the tool's six coordinates."""
    from robocalc.control import kernels_task as k

    body, place = tool(robot, name)
    gains, memory = arrays(robot, dt, substeps, latency, rows=k.OWN_ROWS, memory=k.MEMORY_ROWS, width=k.WIDTH)
    gains[k.HEAD, [k.BODY, k.ROWS, k.DAMPING, k.JOINTS]] = body, rows, damping, robot.n
    gains[k.HEAD, k.PLACE : k.PLACE + 12] = place
    return gains, memory


@dataclass(frozen=True)
class OperationalSpace:
    """Operational-space control: u = u₀ + M⁻¹Jᵀ Λ (ẍ_ref - J̇v + kp e_x + kd ė_x - J u₀), τ = M u + h, Λ = (J M⁻¹Jᵀ)⁻¹.

    wn, zeta             [rad/s], [-] of the tool's error e_x, position [m] and rotation vector [rad]
    null_wn, null_zeta   of the joints' own error where the tool leaves them free, u₀ = a_ref + wn² e + 2 ζ wn ė
    task                 pose, or position alone, which leaves three more joints free
    damping              share of the mean apparent lightness that keeps Λ finite at singular poses, where the null
                         space's feedback takes over
    The tool goes to where the joint reference puts it; gains are those of the sampled loop, as in computed torque; a
    latency is made good by prediction. Choose it where the tool's path matters and redundant joints
    may give way; for joint errors alone `computed_torque` costs a third.

    raises  InvalidInput from `law` where the tool is fixed to the base
    Source: Khatib (1987), A unified approach for motion and force control of robot manipulators, IEEE J. Robotics and
    Automation 3(1); damping: Nakamura & Hanafusa (1986).
    """

    wn: float = field(default=30.0, metadata=about("[rad/s] natural frequency of the tool's error"))
    zeta: float = field(default=1.0, metadata=about("[-] damping ratio of the tool's error"))
    null_wn: Gain = field(default=15.0, metadata=about("[rad/s] natural frequency of joints in the null space"))
    null_zeta: Gain = field(default=1.0, metadata=about("[-] damping ratio of joints in the null space"))
    task: Task = field(default="pose", metadata=about(OF_TASK))
    damping: float = field(default=1e-4, metadata=about(OF_DAMPING))

    def __post_init__(self):
        for name in ("wn", "zeta"):
            object.__setattr__(self, name, one(name, getattr(self, name), positive=True))
        for name in ("null_wn", "null_zeta"):
            object.__setattr__(self, name, checked(name, getattr(self, name), positive=True))
        object.__setattr__(self, "damping", one("damping", self.damping, positive=True))
        check_task(self.task)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps; q_nominal changes nothing here."""
        from robocalc.control import kernels_task as k
        from robocalc.control.computed_torque import ComputedTorque, error_gains

        rows = TASKS[self.task]
        gains, memory = task_arrays(robot, "operational_space", dt, substeps, latency, rows=rows, damping=self.damping)
        joints = ComputedTorque(self.null_wn, self.null_zeta)._poles(robot)
        tool = ComputedTorque(self.wn, self.zeta)._poles(robot)[:, 0]
        gains[[k.POSE, k.TWIST], :6] = error_gains(tool, dt, substeps)[:, None]
        gains[[k.NULL, k.NULL_V], : robot.n] = error_gains(joints, dt, substeps)
        return Law(k.operational_space, gains, memory, float(dt), "friction", robot)


@dataclass(frozen=True)
class CartesianVelocity:
    """Cartesian velocity: τ = M(a_ref + kv (v_c - v)) + h,  v_c = v_ref + z + J⁺(ẋ_ref + k e_x - J (v_ref + z)).

    rate        k [1/s] at which the tool's error e_x (position, rotation vector) decays
    bandwidth   kv [1/s] of the velocity loop below, one or per joint; some times `rate`
    null_rate   [1/s] of joints that the tool leaves free: z = null_rate e
    task        pose, or position alone
    damping     of J⁺ = Jᵀ(JJᵀ + ε)⁻¹, relative to the mean of JJᵀ's diagonal
    The way arms are commanded from a camera or a joystick: a tool twist, mapped to joint velocities. Choose it for
    following at moderate speed; `operational_space` is stiffer for the same noise.

    raises  InvalidInput from `law` where the tool is fixed to the base, or the period cannot hold the bandwidth
    Source: Whitney (1969), Resolved motion rate control; Siciliano et al. (2009), Robotics, sections 3.5 and 8.6.
    """

    rate: float = field(default=15.0, metadata=about("[1/s] at which the tool's error decays"))
    bandwidth: Gain = field(default=60.0, metadata=about("[1/s] of the velocity loop, one or per joint"))
    null_rate: Gain = field(default=8.0, metadata=about("[1/s] of joints in the null space, one or per joint"))
    task: Task = field(default="pose", metadata=about(OF_TASK))
    damping: float = field(default=1e-4, metadata=about(OF_DAMPING))

    def __post_init__(self):
        object.__setattr__(self, "rate", one("rate", self.rate, positive=True))
        for name in ("bandwidth", "null_rate"):
            object.__setattr__(self, name, checked(name, getattr(self, name), positive=True))
        object.__setattr__(self, "damping", one("damping", self.damping, positive=True))
        check_task(self.task)

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps; q_nominal changes nothing here."""
        from robocalc.control import kernels_task as k

        rows = TASKS[self.task]
        gains, memory = task_arrays(robot, "cartesian_velocity", dt, substeps, latency, rows=rows, damping=self.damping)
        bandwidth = per_joint("bandwidth", self.bandwidth, robot)
        check_rate("cartesian_velocity", "bandwidth", bandwidth, dt, robot.joints)
        gains[k.POSE, :6] = self.rate
        gains[k.NULL, : robot.n] = per_joint("null_rate", self.null_rate, robot)
        gains[k.NULL_V, : robot.n] = bandwidth
        return Law(k.cartesian_velocity, gains, memory, float(dt), "friction", robot)
