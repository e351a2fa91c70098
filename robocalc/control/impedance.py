"""Impedance control: the robot gives way to what touches it like a spring and a damper, without measuring forces."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from robocalc.control.gains import Gain, about, checked, per_joint
from robocalc.control.law import Law
from robocalc.control.linear import configuration
from robocalc.control.model_based import tool
from robocalc.control.stability import inertia_bound
from robocalc.control.task_space import TASKS, one, task_arrays
from robocalc.errors import InvalidInput, UnknownName

SPACES = ("cartesian", "joint")
PROJECTED = 1e-8  # of the mean lightness: damping of the projection onto the null space
HELD = 0.4  # of a damping's rate times the age of what it acts on: with more a wrong model may make it unstable
NATURAL, NULL = 20.0, 10.0  # [rad/s] of what is left out: the tool's stiffness, and that of the null space
STILL, LEAST = 1e-6, 1e-9  # of the mean lightness, and at least: directions in which the tool does not move


@dataclass(frozen=True)
class Impedance:
    """Impedance: τ = M a_ref + h + Jᵀ(K e_x + D ė_x) + Nᵀ(kn e + dn ė) at the tool, or τ = M a_ref + h + K e + D ė.

    space            cartesian: stiffness at the tool; joint: at each joint
    stiffness        [N/m] at the tool, one for all directions or one for x, y and z; [N m/rad | N/m] in joint space
    rotation         [N m/rad] at the tool, one, or one about each of x, y and z
    zeta             [-] damping ratio: D = 2 ζ √(K Λᵢᵢ), Λ the inertia at the tool in the nominal
                     configuration, as far as period and latency can hold it
    null_stiffness   [N m/rad | N/m] of joints that the tool leaves free, one or per joint
    Left out, a stiffness is that of 20 rad/s at the nominal configuration (10 rad/s in the null space). The arm's own
    inertia is left as it is, so that nothing but the model of gravity and of Coriolis forces is asked for; where it is
    exact the reference is tracked exactly, and a latency is made good by prediction. Choose it for contact, assembly
    and work beside people: a push F displaces the tool by F/K and no more. Unmodelled loads displace it too:
    `admittance` is stiffer there.

    raises  InvalidInput, UnknownName: gains, space; from `law`: the tool is fixed to the base
    Source: Hogan (1985), Impedance control, J. Dyn. Sys. Meas. Control 107; Albu-Schäffer et al. (2003), ICRA.
    """

    space: Literal["cartesian", "joint"] = field(default="cartesian", metadata=about("cartesian: tool; joint"))
    stiffness: Gain | None = field(
        default=None, metadata=about("[N/m] at the tool (one, or x y z), or per joint; left out: of 20 rad/s")
    )
    rotation: Gain | None = field(
        default=None, metadata=about("[N m/rad] at the tool, one or about x y z; left out: of 20 rad/s")
    )
    zeta: float = field(default=0.7, metadata=about("[-] damping ratio"))
    null_stiffness: Gain | None = field(
        default=None, metadata=about("[N m/rad] of joints in the null space; left out: of 10 rad/s")
    )

    def __post_init__(self):
        if self.space not in SPACES:
            raise UnknownName("space", self.space, SPACES)
        for name in ("stiffness", "rotation", "null_stiffness"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, checked(name, getattr(self, name)))
        object.__setattr__(self, "zeta", one("zeta", self.zeta))
        for name in self.of_tool:
            self._three(name, np.zeros(3))

    @property
    def of_tool(self) -> tuple:
        """Gains with one entry a direction, not one a joint."""
        return ("stiffness", "rotation") if self.space == "cartesian" else ()

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a robot, control period dt [s]; damping is that for the inertia at q_nominal (n,)."""
        from robocalc.control import kernels_task as k

        cartesian = self.space == "cartesian"
        gains, memory = task_arrays(
            robot, "impedance", dt, substeps, latency, rows=TASKS["pose"] if cartesian else 3, damping=PROJECTED
        )
        M = robot.mass_matrix(configuration(robot, q_nominal))
        joint = inertia_bound(M)
        if cartesian:
            gains[[k.POSE, k.TWIST], :6] = self._at_tool(
                robot, M, configuration(robot, q_nominal), HELD / (dt + latency)
            )
        K = self.null_stiffness if cartesian else self.stiffness
        K = (NULL if cartesian else NATURAL) ** 2 * joint if K is None else per_joint("stiffness", K, robot)
        D = np.minimum(2.0 * self.zeta * np.sqrt(K * np.diag(M)), HELD / (dt + latency) * joint)
        gains[[k.NULL, k.NULL_V], : robot.n] = K, D
        return Law(
            k.cartesian_impedance if cartesian else k.joint_impedance, gains, memory, float(dt), "friction", robot
        )

    def _at_tool(self, robot, M, q, fastest):
        """K, D (2, 6); no D takes speed off faster than `fastest` [1/s], in any configuration like this one."""
        tool(robot, "impedance")
        J = robot.jacobian(q)
        A = J @ np.linalg.solve(M, J.T)
        for block in (slice(0, 3), slice(3, 6)):
            A[block, block] += (STILL * np.trace(A[block, block]) + LEAST) * np.eye(3)
        whole = np.linalg.inv(A)
        mass = inertia_bound(whole)
        mass[:3], mass[3:] = mass[:3].min(), mass[3:].min()  # what is heavy here, near a singularity, is not elsewhere
        K = np.concatenate([self._three("stiffness", mass[:3]), self._three("rotation", mass[3:])])
        return K, np.minimum(2.0 * self.zeta * np.sqrt(K * np.diag(whole)), fastest * mass)

    def _three(self, name, mass):
        given = getattr(self, name)
        if given is None:
            return NATURAL**2 * mass
        if isinstance(given, tuple) and len(given) != 3:
            raise InvalidInput(f"{name} at the tool must be one number or one for x, y and z, got {len(given)} values")
        return np.broadcast_to(np.asarray(given, float), (3,))
