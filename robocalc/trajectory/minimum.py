"""Smoothest motions through waypoints: least squared acceleration, jerk or snap, in time linear in the waypoints.

minimum_acceleration, minimum_jerk, minimum_snap   -> Trajectory, degree 3, 5, 7, continuous up to order 2, 4, 6
"""

from functools import cache

import numpy as np

from robocalc.trajectory.problem import Problem
from robocalc.trajectory.solver import SPREAD
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
    Where a joint would leave its position limits between waypoints, it turns at a waypoint instead (velocity 0 there).
    raises       InvalidInput: a bad argument, told by name, joint and value, with what would fit
                 Infeasible: no time or scale keeps the limits
    source       Bry, Richter, Bachrach & Roy (IJRR 2015)
    """
    if times is not None and duration is limits is start is end is derivatives is None and stop is periodic is False:
        return rest_to_rest(3, waypoints, times)
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
    if times is not None and duration is limits is start is end is derivatives is None and stop is periodic is False:
        return rest_to_rest(4, waypoints, times)
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


@cache
def kernel(s):
    """The unrolled solver of order s = 3 or 4: kernel(t, p, ends, spread, c) -> 0, or what is wrong."""
    if s == 3:
        from robocalc.trajectory.spline3 import minimum_jerk_kernel

        return minimum_jerk_kernel
    from robocalc.trajectory.spline4 import minimum_snap_kernel

    return minimum_snap_kernel


@cache
def _rest(s, n):
    return np.zeros((2 * s - 2, n))


def coefficients(waypoints, times, s=3) -> np.ndarray:
    """Coefficients (W - 1, 2s, n) alone, s = 3 (jerk) or 4 (snap), rest at both ends; the leanest call.

    waypoints (W, n), times (W,): float arrays.
    """
    c = np.empty((len(times) - 1, 2 * s, waypoints.shape[1]))
    if len(waypoints) == len(times) and kernel(s)(times, waypoints, _rest(s, c.shape[2]), SPREAD[s], c) == 0:
        return c
    return Problem(s, waypoints, times).solve().coeffs


def rest_to_rest(s, waypoints, times) -> Trajectory:
    """Given times, s = 3 or 4 and rest at both ends: the shortest way to the unrolled kernels."""
    try:
        q, t = np.ascontiguousarray(waypoints, dtype=float), np.array(times, dtype=float)
        W, n = q.shape
        good = t.shape == (W,) and W > 1 and n > 0 and q.flags.writeable  # kernels are compiled for writeable arrays
    except (TypeError, ValueError):
        good = False
    if good:
        c = np.empty((W - 1, 2 * s, n))
        if kernel(s)(t, q, _rest(s, n), SPREAD[s], c) == 0:
            return Trajectory.trusted(t, c)
    return Problem(s, waypoints, times).solve()  # with care, or says what is wrong
