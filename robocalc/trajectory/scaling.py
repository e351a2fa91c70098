"""Limits and exact extrema: how much of its limits a motion uses, and the uniform time scale that just keeps them.

certificate   what a motion uses of each limit, exactly, and where it uses most
time_scale    the factor on time at which a motion from rest to rest just keeps its limits
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory.limits import ORDERS, Limits
from robocalc.trajectory.trajectory import Trajectory

ROUNDING = 1e-9  # a limit passed by this share of itself counts as kept when a motion is only checked
MARGIN = 1e-12  # ... and this much is left when we scale, so that rounding stays below the limit


@dataclass(frozen=True)
class Certificate:
    """Exact extrema of a motion against its limits.

    kept      True if nothing exceeds a limit by more than rounding
    worst     largest share of a limit that is used: 1 is just at it, 0 where nothing is bounded
    usage     (4, n) that share for position, velocity, acceleration, jerk; position is counted from the middle
    value, time   (4, 2, n) smallest and largest value, and when it is met [s]
    broken    one sentence for each limit that is passed
    tightest  a sentence about the limit that is used most
    """

    kept: bool
    worst: float
    usage: np.ndarray
    value: np.ndarray
    time: np.ndarray
    broken: tuple
    tightest: str

    def raise_for_status(self):
        """Raise Infeasible with the sentences if a limit is passed."""
        if not self.kept:
            raise Infeasible(self.broken)


def certificate(traj: Trajectory, limits: Limits) -> Certificate:
    """What `traj` uses of position, velocity, acceleration and jerk limits: exact extrema, no samples."""
    value, time = np.zeros((4, 2, traj.n)), np.full((4, 2, traj.n), traj.start)
    usage = np.zeros((4, traj.n))
    for order, name in enumerate(ORDERS):
        low, high = limits.bounds(name, traj.n)
        if np.isinf(low).all() and np.isinf(high).all():
            continue
        value[order], time[order] = traj.extrema_with_times(order)
        usage[order] = shares(value[order], low, high, order)
    told = [_sentence(o, i, value, time, limits, traj.n) for o, i in np.argwhere(usage > 1 + ROUNDING)]
    o, i = np.unravel_index(np.argmax(usage), usage.shape)
    worst = float(usage[o, i])
    tightest = _sentence(o, i, value, time, limits, traj.n) if worst > 0 else "nothing is bounded"
    return Certificate(not told, worst, usage, value, time, tuple(told), tightest)


def shares(value, low, high, order):
    """Share of the bounds [low, high] (n,) that [smallest; largest] value (2, n) use; infinite bounds count as 0."""
    if order == 0:
        with np.errstate(invalid="ignore"):  # one-sided ranges: measured from the value itself
            half = np.where(np.isfinite(high - low), (high - low) / 2, 1.0)
        over = np.maximum(value[1] - high, low - value[0])
        return np.where(np.isfinite(over), np.maximum(0.0, 1.0 + over / half), 0.0)
    return np.maximum(np.maximum(value[1] / high, value[0] / low), 0.0)


def _sentence(order, i, value, time, limits, n):
    low, high = limits.bounds(ORDERS[order], n)[:, i]
    down, up = value[order][:, i]
    side = int(
        shares(np.array([[up], [up]]), low, high, order)[0] >= shares(np.array([[down], [down]]), low, high, order)[0]
    )
    bound = high if side else low
    peak, t = (down, up)[side], time[order][side, i]
    return f"{ORDERS[order]} of joint {i} reaches {peak:.6g} at t = {t:.6g} s, limit {bound:.6g}"


def time_scale(traj: Trajectory, limits: Limits) -> float:
    """Smallest factor on time at which the limits on velocity, acceleration and jerk are kept:

        k = max(|v| / V, √(|a| / A), ∛(|j| / J))        from exact extrema

    raises    InvalidInput: nothing is bounded that time could change, or the motion does not move
    """
    shares_of = [certificate_order(traj, limits, order) ** (1 / order) for order in (1, 2, 3)]
    k = max(shares_of)
    if k == 0:
        raise InvalidInput("no velocity, acceleration or jerk limit binds this motion: its duration must be given")
    return k * (1 + MARGIN)


def certificate_order(traj, limits, order) -> float:
    """Largest share that any joint uses of the bounds on derivative `order`."""
    low, high = limits.bounds(order, traj.n)
    if np.isinf(low).all() and np.isinf(high).all():
        return 0.0
    return float(shares(traj.extrema(order), low, high, order).max())


def check_inside(q, limits: Limits, n, what="waypoint"):
    """InvalidInput if one of q (W, n) is out of the position limits: names waypoint, joint, value and range."""
    low, high = limits.bounds("position", n)
    bad = np.argwhere((q < low - ROUNDING) | (q > high + ROUNDING))
    if bad.size:
        w, i = bad[0]
        raise InvalidInput(
            f"{what} {w}: joint {i} at {q[w, i]:.6g} is outside of its limits [{low[i]:.6g}, {high[i]:.6g}]"
        )
