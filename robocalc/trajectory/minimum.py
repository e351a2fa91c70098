"""Smoothest motions through waypoints: least squared acceleration, jerk or snap, in time linear in the waypoints.

minimum_acceleration, minimum_jerk, minimum_snap   -> Trajectory, degree 3, 5, 7, continuous up to order 2, 4, 6
"""

import numpy as np

from robocalc.trajectory.problem import SPREAD, Problem
from robocalc.trajectory.trajectory import Trajectory


def minimum_jerk(
    waypoints,
    times=None,
    *,
    duration=None,
    limits=None,
    start=None,
    end=None,
    stop=False,
    derivatives=None,
    periodic=False,
) -> Trajectory:
    """The motion of least ∫|q⃛|² dt through waypoints: quintic pieces, continuous up to snap.

    waypoints    (W, n) [rad | m]
    times        (W,) increasing [s]. Without it segment times follow from the distances (weighed by velocity,
                 acceleration and jerk limits), and the whole is stretched
    duration     ... to this duration [s], or
    limits       ... to be as short as the `Limits` allow for that shape. With times or a duration, limits are checked
    start, end   state at the ends: None is rest; "free"; or (v, a), each (n,), a number, or None for free (NaN frees
                 one joint); a Reference is read for its v and a. Missing orders are 0
    stop         waypoints at which the motion rests: True for all, a mask (W,), or a list of indices
    derivatives  (W, 2, n) prescribed v and a at each waypoint, NaN where free; overrides `stop`
    periodic     the end goes over into the start (first waypoint = last), smooth to the same order
    raises       InvalidInput: a bad argument, told by name, joint and value, with what would fit
                 Infeasible: no time or scale keeps the limits
    source       Bry, Richter, Bachrach & Roy (IJRR 2015)
    """
    if times is not None and duration is limits is start is end is derivatives is None and stop is periodic is False:
        return rest_to_rest(waypoints, times)
    return Problem(3, waypoints, times, duration, limits, start, end, stop, derivatives, periodic).solve()


def minimum_snap(
    waypoints,
    times=None,
    *,
    duration=None,
    limits=None,
    start=None,
    end=None,
    stop=False,
    derivatives=None,
    periodic=False,
) -> Trajectory:
    """The motion of least ∫|q⁗|² dt: pieces of degree 7, continuous up to order 6. Arguments of `minimum_jerk`.

    start, end are (v, a, j); derivatives (W, 3, n).
    """
    return Problem(4, waypoints, times, duration, limits, start, end, stop, derivatives, periodic).solve()


def minimum_acceleration(
    waypoints,
    times=None,
    *,
    duration=None,
    limits=None,
    start=None,
    end=None,
    stop=False,
    derivatives=None,
    periodic=False,
) -> Trajectory:
    """The motion of least ∫|q̈|² dt: cubic pieces, continuous up to acceleration. Arguments of `minimum_jerk`.

    start, end are (v,); derivatives (W, 1, n). Its jerk is bounded but jumps at the waypoints and at the ends.
    """
    return Problem(2, waypoints, times, duration, limits, start, end, stop, derivatives, periodic).solve()


def rest_to_rest(waypoints, times) -> Trajectory:
    """Minimum jerk with given times and rest at both ends: the shortest way to the unrolled kernel."""
    from robocalc.trajectory.spline3 import OK, minimum_jerk_kernel

    try:
        q, t = np.ascontiguousarray(waypoints, dtype=float), np.array(times, dtype=float)
        W, n = q.shape
        good = t.shape == (W,) and W > 1 and n > 0
    except (TypeError, ValueError):
        good = False
    if good:
        c = np.empty((W - 1, 6, n))
        if minimum_jerk_kernel(t, q, np.zeros((4, n)), SPREAD[3], np.empty((W, 3)), c) == OK:
            return Trajectory.trusted(t, c)
    return Problem(3, waypoints, times, None, None, None, None, False, None, False).solve()  # says what is wrong
