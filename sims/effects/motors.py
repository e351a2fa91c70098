"""What lies between the torque that a law wants and the joint: the motor's lag, and a gear that gives.

lag     weight of a new torque a step
Gear    elasticity, damping and play between motor and joint
"""

import math
from dataclasses import dataclass

import numpy as np

from robocalc.control.gains import checked, per_joint
from robocalc.control.law import undriven
from robocalc.errors import InvalidInput
from sims.effects.arrays import LAG_INPUTS


def lag(robot, time_constant, dt, timing):
    """(n,) weights 1 - exp(-dt/T), 1 where T is 0; of a robot with thrusters into `timing`, as its inputs lag."""
    T = per_joint("motor_lag", checked("motor_lag", time_constant), robot)
    weights = np.array([-math.expm1(-dt / x) if x > 0 else 1.0 for x in T])
    if not len(robot.actors[0]):
        return weights
    if np.ptp(T) > 0:
        raise InvalidInput(f"motor_lag of {robot.name} must be one number: its rotors and wheels are no joints")
    timing[LAG_INPUTS] = weights[0]
    return np.ones(robot.n)


@dataclass(frozen=True)
class Gear:
    """Of each joint, or one for all: motor and joint are two inertias, and what is between them gives.

    stiffness   [N m/rad | N/m], 0: this joint's gear is rigid
    inertia     of the motor, as seen at the joint [kg m² | kg]: it adds to the joint's, whose sensor stays at the joint
    damping     [N m s/rad | N s/m]
    play        of the gear, from stop to stop [rad | m]
    """

    stiffness: float | tuple
    inertia: float | tuple
    damping: float | tuple = 0.0
    play: float | tuple = 0.0

    def rows(self, robot, dt):
        """(4, n) stiffness, damping, play, inertia, rigid where nothing drives; InvalidInput where dt is too long."""
        if len(robot.actors[0]):
            raise InvalidInput(f"{robot.name} is driven by rotors or wheels, not through gears at its joints")
        k, d, gap, J = (
            per_joint(f"gear {key}", checked(f"gear {key}", getattr(self, key)), robot)
            for key in ("stiffness", "damping", "play", "inertia")
        )
        k = np.where(undriven(robot), 0.0, k)
        soft = np.diagonal(np.linalg.inv(robot.mass_matrix(robot.home)))
        for i, name in enumerate(robot.joints):
            if k[i] > 0 and not J[i] > 0:
                raise InvalidInput(f"gear of {name}: the motor's inertia must be above 0, got {J[i]:g}")
            if k[i] > 0:
                self._follows(name, k[i], d[i], 1 / J[i] + soft[i], dt)
        return np.array([k, d, gap, J])

    @staticmethod
    def _follows(name, k, d, mobility, dt):
        """Semi-implicit Euler follows ω = √(k (1/J + 1/M)) up to ω dt = 2; half of that keeps its period to 5 %."""
        if (most := max(math.sqrt(k * mobility), d * mobility)) * dt > 1:
            raise InvalidInput(
                f"gear of {name}: {k:g} N m/rad and {d:g} N m s/rad swing too fast for steps of {dt:g} s; "
                f"the longest that follows is {1 / most:.2g} s: shorten sim.timestep, or take a softer gear"
            )
