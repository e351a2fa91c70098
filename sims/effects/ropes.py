"""A load that hangs on a rope from a link, as people write it and as arrays: a pendulum that the robot drags along.

Rope    a rope that only pulls, stretched a little by its load, which is a point
"""

import math
from dataclasses import dataclass

import numpy as np

from robocalc.control.gains import checked
from robocalc.errors import InvalidInput
from sims.effects.arrays import DOWN, LENGTH, LOAD, POINT, PULL, ROPE_COLUMNS, ROPE_DAMPING
from sims.effects.places import acting


@dataclass(frozen=True)
class Rope:
    """A load of `mass` [kg] on a rope of `length` [m] from `point` (3,) [m] of a link's frame.

    stretch   of the rope under the load's weight, of its length: its stiffness is mass |g| / (stretch length)
    damping   of the stretch, as a share of critical; swinging has none
    """

    link: str
    mass: float
    length: float
    point: tuple[float, float, float] = (0.0, 0.0, 0.0)
    stretch: float = 0.002
    damping: float = 0.1

    def __post_init__(self):
        name = f"load on {self.link}"
        x = np.asarray(self.point, dtype=float)
        if x.shape != (3,) or not np.isfinite(x).all():
            raise InvalidInput(f"{name}: point must be 3 finite numbers, got {self.point!r}")
        object.__setattr__(self, "point", tuple(x.tolist()))
        for key in ("mass", "length", "stretch", "damping"):
            value = checked(f"{name}: {key}", getattr(self, key), positive=key != "damping")
            object.__setattr__(self, key, value)


def rope_rows(robot, ropes, dt):
    """Bodies (R,) and rows (R, 16); InvalidInput: a link that does not move, no gravity, a rope too stiff for dt."""
    bodies, table = np.zeros(len(ropes), np.int64), np.zeros((len(ropes), ROPE_COLUMNS))
    for i, rope in enumerate(ropes):
        bodies[i], at = acting(robot, rope.link, rope.point, f"a load on {rope.link} moves nothing")
        weight = rope.mass * float(np.linalg.norm(robot.g))
        if weight == 0:
            raise InvalidInput(f"a load hangs on {rope.link}, but there is no gravity to hang by")
        stiffness = weight / (rope.stretch * rope.length)
        damping = 2 * rope.damping * math.sqrt(stiffness * rope.mass)
        _follows(robot, rope, stiffness, damping, dt)
        table[i, POINT : POINT + 3] = at
        table[i, [LENGTH, PULL, ROPE_DAMPING, LOAD]] = rope.length, stiffness, damping, rope.mass
        table[i, DOWN : DOWN + 3] = robot.g
    return bodies, table


def _follows(robot, rope, stiffness, damping, dt):
    """Semi-implicit Euler follows ω = √(K (1/m + 1/M)) well up to ω dt = 1, M what the link weighs against a pull."""
    J = robot.jacobian(robot.home, rope.link)[:3]
    give = float(np.linalg.eigvalsh(J @ np.linalg.solve(robot.mass_matrix(robot.home), J.T)).max()) + 1 / rope.mass
    if (most := max(math.sqrt(stiffness * give), damping * give)) * dt > 1:
        raise InvalidInput(
            f"the rope on {rope.link} is too stiff for steps of {dt:g} s, the longest is {1 / most:.2g} s: "
            f"give it more stretch than {rope.stretch:g}, or shorten sim.timestep"
        )
