"""Laws of a wheeled base, joints x, y and yaw, which cannot move sideways.

Flatness      follows position and heading in time, by the speed and turn rate that the path takes
PurePursuit   steers towards a point of the path ahead: the baseline
"""

from dataclasses import dataclass, field
from math import ceil

import numpy as np

from robocalc.control.along import checked_reference
from robocalc.control.gains import about, check_period, check_substeps, checked
from robocalc.control.law import Law
from robocalc.control.model_based import check_rate
from robocalc.control.task_space import one
from robocalc.control.tracking import resting
from robocalc.errors import InvalidInput

SAMPLED = 0.01  # [s] between points of the path that pure pursuit looks at
FORCE = "[1/s] of the loops of speed and turn rate below"


@dataclass(frozen=True)
class Flatness:
    """Flatness-based tracker of a wheeled base: v_c = v_r cos e_ψ + k e_x,  ω_c = ω_r + b v_r e_y sinc e_ψ + k e_ψ.

    lateral     b [1/m²]: √b v_r is the natural frequency of the sideways error e_y
    zeta        [-] damping ratio: k = 2 ζ √(ω_r² + b v_r² + rest²)
    rest        [1/s] that is left of k at standstill, where e_y cannot be corrected
    rate        [1/s] of the loops of force and moment that bring speed and turn rate to v_c and ω_c; some times k
    v_r, ω_r and their derivatives are those of the joint reference, which a path of x and y determines (it is flat);
    the error is seen from the base. Stable for any v_r that does not stay at 0. Choose it for a path in time
    (`do: follow`, or moves along the heading); `pure_pursuit` does for a path alone.

    raises  InvalidInput from `law` for another robot
    Source: Kanayama et al. (1990), ICRA; Samson (1993); Morin & Samson, Handbook of Robotics (2008), ch. 34; De Luca,
    Oriolo & Vendittelli (2001), Control of wheeled mobile robots.
    """

    made_for = "husky"  # and its like
    lateral: float = field(default=30.0, metadata=about("[1/m²] feedback of the sideways error"))
    zeta: float = field(default=0.8, metadata=about("[-] damping ratio"))
    rest: float = field(default=3.0, metadata=about("[1/s] feedback that is left at standstill"))
    rate: float = field(default=40.0, metadata=about(FORCE))

    def __post_init__(self):
        for name in ("lateral", "zeta", "rate"):
            object.__setattr__(self, name, one(name, getattr(self, name), positive=True))
        object.__setattr__(self, "rest", one("rest", self.rest))

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0) -> Law:
        """The law for a base, control period dt [s]; an old measurement is carried on at its own speed."""
        from robocalc.control import kernels_rolling as k

        gains = base_gains("flatness", robot, self.rate, dt, substeps, latency)
        gains[0, [k.LATERAL, k.ZETA, k.REST]] = self.lateral, self.zeta, self.rest
        return Law(k.flatness, gains, np.zeros((1, robot.n)), float(dt), "none", robot)


@dataclass(frozen=True)
class PurePursuit:
    """Pure pursuit: ω_c = 2 v_c y / L², towards the point of the path L ahead;  v_c = v_r + k e_x.

    lookahead   L [m]: shorter cuts corners less and sways more
    pace        k [1/s] of the error along the heading, against the reference's place in time
    rate        [1/s] of the loops of force and moment that bring speed and turn rate to v_c and ω_c
    Knows the path's points alone, neither its heading nor its curvature, so that it cuts corners by about L²/2 times
    the curvature: a baseline, robust far from the path. `flatness` tracks.

    raises  InvalidInput from `law` for another robot, or a reference that is none
    Source: Coulter (1992), Implementation of the pure pursuit path tracking algorithm, CMU-RI-TR-92-01.
    """

    along = True  # made for one reference, which `law` takes
    made_for = "husky"  # and its like
    lookahead: float = field(default=0.3, metadata=about("[m] to the point that it steers for"))
    pace: float = field(default=2.0, metadata=about("[1/s] of the error along the heading"))
    rate: float = field(default=40.0, metadata=about(FORCE))

    def __post_init__(self):
        for name in ("lookahead", "pace", "rate"):
            object.__setattr__(self, name, one(name, getattr(self, name), positive=True))

    def law(self, robot, dt, q_nominal=None, *, substeps=1, latency=0.0, reference=None, torque=None, step=None) -> Law:
        """The law for a base along reference (N + 1, 3, 3) at physics steps of `step` [s]; without one it rests."""
        from robocalc.control import kernels_rolling as k

        head = base_gains("pure_pursuit", robot, self.rate, dt, substeps, latency)
        step = dt / substeps if step is None else float(step)
        path = checked_reference(robot, resting(robot, q_nominal) if reference is None else reference)[:, 0, :2]
        stride = max(1, round(SAMPLED / step))
        last = ceil((len(path) - 1) / stride)
        points = path[np.minimum(np.arange(last + 1) * stride, len(path) - 1)]
        head[0, [k.AHEAD, k.ALONG, k.PERIOD, k.LAST]] = self.lookahead, self.pace, stride * step, last
        rows = np.zeros((last // k.POINTS + 1, k.WIDTH))
        rows.ravel()[: 2 * len(points)] = points.ravel()
        return Law(k.pure_pursuit, np.concatenate([head, rows]), np.zeros((1, 3)), float(dt), "none", robot)


def base_gains(law, robot, rate, dt, substeps, latency):
    """(1, WIDTH) what both laws begin with; raises InvalidInput for a robot that is no wheeled base."""
    from robocalc.control import kernels_rolling as k

    check_period(dt)
    check_substeps(substeps)
    moving = robot.tree.moving
    axes = [tuple(m.axis) for m in moving]
    if axes != [(1, 0, 0), (0, 1, 0), (0, 0, 1)] or [m.kind == "prismatic" for m in moving] != [True, True, False]:
        raise InvalidInput(f"{law} is for a base whose joints are x, y and yaw (such as husky), not for {robot.name}")
    check_rate(law, "rate", np.array([rate]), dt, ("the base",))
    M = robot.mass_matrix(robot.home)
    gains = np.zeros((1, k.WIDTH))
    gains[0, [k.MASS, k.INERTIA, k.SPEED_RATE, k.TURN_RATE, k.LATE]] = (
        *(M[0, 0], M[2, 2], rate, rate),
        checked("latency", latency),
    )
    return gains
