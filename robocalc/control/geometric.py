"""Geometric control of a quadrotor: thrust along the body, and the body turned to where thrust is wanted."""

from dataclasses import dataclass, field

import numpy as np

from robocalc.control.computed_torque import error_gains
from robocalc.control.gains import about, check_period, check_substeps
from robocalc.control.law import Law
from robocalc.control.model_based import arrays, check_rate
from robocalc.control.task_space import one
from robocalc.errors import InvalidInput

JOINTS = ("x", "y", "z", "yaw", "pitch", "roll")
SLIDES, AXES = 3, np.eye(3)[[0, 1, 2, 2, 1, 0]]


@dataclass(frozen=True)
class Geometric:
    """Geometric control on SE(3): f = F·b₃, F = m(a_ref + kp e + kd ė + g e₃);  Ω' = Ω'_ref + kR e_R + kΩ (Ω_ref - Ω).

    wn, zeta                 [rad/s], [-] of the position's error
    attitude, attitude_zeta  [rad/s], [-] of the attitude's error e_R, the rotation from the body to (b₁, b₂, F/|F|), b₁
                             in the vertical plane of the reference's yaw; some times wn
    For robots whose joints are x, y, z, then yaw, pitch and roll, pushed along the body's z (the built-in `quadrotor`).
    The generalised force is that of a thrust along the body and of moments, so rotors can give it. A flat reference
    (`do: follow`) of an exact model is tracked to the error of its sampling, one that is not flat as far as a quadrotor
    can; a latency is made good by prediction. Choose it for flight far from hover; `lqr` for hovering, `tvlqr` for one
    planned flight.

    raises  InvalidInput from `law` for another robot, or where the period cannot hold the attitude's rate
    Source: Lee, Leok & McClamroch (2010), Geometric tracking control of a quadrotor UAV on SE(3), CDC; Mellinger &
    Kumar (2011), ICRA.
    """

    made_for = "quadrotor"  # and its like
    wn: float = field(default=4.0, metadata=about("[rad/s] natural frequency of the position's error"))
    zeta: float = field(default=1.0, metadata=about("[-] damping ratio of the position's error"))
    attitude: float = field(default=25.0, metadata=about("[rad/s] natural frequency of the attitude's error"))
    attitude_zeta: float = field(default=1.0, metadata=about("[-] damping ratio of the attitude's error"))

    def __post_init__(self):
        for name in ("wn", "zeta", "attitude", "attitude_zeta"):
            object.__setattr__(self, name, one(name, getattr(self, name), positive=True))

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s] = `substeps` physics steps; q_nominal changes nothing here."""
        from robocalc.control import kernels_geometric as k

        check_period(dt)
        check_substeps(substeps)
        check_quadrotor(robot)
        check_rate("geometric", "attitude", np.array([2 * self.attitude * self.attitude_zeta]), dt, ("attitude",))
        gains, memory = arrays(robot, dt, substeps, latency, rows=4, memory=k.MEMORY_ROWS, width=k.WIDTH)
        gains[k.HEAD, k.GRAVITY] = -robot.g[2]
        for row, wn, zeta in ((k.LINEAR, self.wn, self.zeta), (k.TURN, self.attitude, self.attitude_zeta)):
            spread = wn * np.sqrt(complex(zeta**2 - 1.0))
            poles = np.array([-zeta * wn + spread, -zeta * wn - spread])
            gains[row : row + 2, :3] = error_gains(poles, dt, substeps)[:, None]
        return Law(k.geometric, gains, memory, float(dt), "friction", robot)


def check_quadrotor(robot):
    """raises InvalidInput unless the joints are a chain of x, y, z, yaw, pitch, roll and thrusters push along z."""
    moving = robot.tree.moving
    kinds = ["prismatic"] * SLIDES + ["revolute"] * 3
    chain = len(moving) == len(JOINTS) and [m.kind == "prismatic" for m in moving] == [k == "prismatic" for k in kinds]
    if not chain or not np.allclose([m.axis for m in moving], AXES, atol=1e-9):
        raise InvalidInput(
            f"geometric is for a robot whose joints are {', '.join(JOINTS)} (such as quadrotor), not for {robot.name}"
        )
    pushes = robot.actuation(np.zeros(robot.n))[:3]
    if not robot.thrusters or np.abs(pushes[:2]).max() > 1e-9:
        raise InvalidInput(f"geometric needs thrusters along the body's z; those of {robot.name} are not")
