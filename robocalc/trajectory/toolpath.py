"""Builds tool paths: smooth curves through poses, and lines, arcs and blended corners over path length."""

from itertools import pairwise

import numpy as np

from robocalc.errors import Infeasible, InvalidInput, UnknownName
from robocalc.trajectory import rotations
from robocalc.trajectory.allocation import natural_times
from robocalc.trajectory.arguments import as_mask, as_times, positive
from robocalc.trajectory.minimum import minimum_jerk
from robocalc.trajectory.primitives import RADIUS, SAME, corner_cut, primitives, smooth_joint, stacked
from robocalc.trajectory.problem import Problem
from robocalc.trajectory.se3 import CartesianPath, States, as_poses, from_states


def steps_between(T):
    """(translations (K, 3), rotation vectors in world axes (K, 3), lengths (K,)) between poses T (W, 4, 4)."""
    d = np.diff(T[:, :3, 3], axis=0)
    R = T[:, :3, :3]
    turn = np.einsum("kij,kj->ki", R[:-1], rotations.log(np.swapaxes(R[:-1], -1, -2) @ R[1:]))
    length = np.maximum(np.linalg.norm(d, axis=1), RADIUS * np.linalg.norm(turn, axis=1))
    same = np.flatnonzero(length < SAME)
    if same.size:
        k = same[0]
        raise InvalidInput(f"poses {k} and {k + 1} are the same: leave one out")
    return d, turn, length


def smooth_curve(T, times, stop) -> CartesianPath:
    """Minimum jerk through poses T (W, 4, 4), in position and in accumulated rotation vector (world axes).

    With two poses the tool moves on a straight line and turns about one axis. Without times, segment times follow the
    lengths, and the duration is 1 s: to be scaled.
    """
    d, turn, length = steps_between(T)
    way = np.concatenate([np.zeros((1, 6)), np.cumsum(np.hstack([d, turn]), axis=0)])
    rest = as_mask(stop, len(T))
    rest[[0, -1]] = True
    if times is None:
        h = natural_times(np.concatenate([[0.0], np.cumsum(length)])[:, None], None, rest)
        knots = np.concatenate([[0.0], np.cumsum(h)]) / h.sum()
    else:
        knots = as_times(times, len(T))
    x, _ = Problem(3, way, knots, stop=rest).states(np.diff(knots))
    states = States(T[:, :3, 3], T[:, :3, :3], x[:, 1], x[:, 2])
    return from_states(knots, states.take(slice(None, -1)), states.take(slice(1, None)))


def cartesian(
    poses,
    times=None,
    *,
    path="curve",
    blend=0.0,
    arcs=(),
    stop=False,
    duration=None,
    speed=None,
    turn_speed=None,
    acceleration=None,
    turn_acceleration=None,
) -> CartesianPath:
    """A tool path through poses, at rest at both ends; continuous up to acceleration.

    poses      (W, 4, 4), or positions (W, 3) for a tool that does not turn
    times      (W,) [s], for path "curve" only; else the time follows from `duration`, or from the bounds
    path       "curve": one minimum-jerk curve through all poses; "line": straight lines, each with one axis of rotation
    blend      for lines: how far a rounded corner may stay away from its pose [m]; at corners that are not rounded the
               tool stops
    arcs       for lines: indices of poses that are the middle of a circular arc from the pose before to the pose after
    stop       poses at which to stop: True, a mask (W,) or indices
    speed, turn_speed, acceleration, turn_acceleration   largest of the tool [m/s, rad/s, m/s², rad/s²]
    raises     InvalidInput; Infeasible where the duration is too short for the bounds
    """
    T = as_poses(poses)
    if path not in ("curve", "line"):
        raise UnknownName("path", path, ["curve", "line"])
    bounds = _bounds(speed, turn_speed, acceleration, turn_acceleration)
    if path == "curve":
        if len(arcs) or blend:
            raise InvalidInput('blend and arcs belong to path="line"')
        built = smooth_curve(T, times, stop)
    else:
        if times is not None:
            raise InvalidInput('times belong to path="curve"; lines take a duration or bounds')
        built = polyline(T, stop, blend, arcs)
    if times is not None:
        factor, duration = 1.0, built.duration
    else:
        factor = _stretch(built.peaks(), bounds)
        if duration is None and factor == 0:
            raise InvalidInput("nothing decides the time: give times, a duration, or a speed or acceleration bound")
    if duration is None:
        return built.scale_time(factor)
    built = built.with_duration(positive("duration", duration, "s"))
    over = _stretch(built.peaks(), bounds)
    if over > 1 + 1e-9:
        raise Infeasible(
            (
                f"{built.duration:.6g} s is too short for the bounds on the tool",
                f"{built.duration * over:.6g} s would be enough",
            )
        )
    return built


def _bounds(speed, turn_speed, acceleration, turn_acceleration):
    """(2, 2) as CartesianPath.peaks; inf where None."""
    names = ("speed", "turn_speed", "acceleration", "turn_acceleration")
    values = (speed, turn_speed, acceleration, turn_acceleration)
    units = ("m/s", "rad/s", "m/s²", "rad/s²")
    given = [np.inf if x is None else positive(name, x, u) for name, x, u in zip(names, values, units, strict=True)]
    return np.array(given).reshape(2, 2)


def _stretch(peaks, bounds):
    """Factor on time at which the bounds are just kept."""
    used = peaks / bounds
    return max(used[0].max(), np.sqrt(used[1].max())) * (1 + 1e-9)


def polyline(T, stop, blend, arcs) -> CartesianPath:
    """Lines and arcs over path length, corners rounded within `blend`; one minimum-jerk move between stops."""
    blend = float(blend)
    if not (np.isfinite(blend) and blend >= 0):
        raise InvalidInput(f"blend must be at least 0 m, got {blend:g}")
    pieces, at = primitives(T, arcs)
    rest = as_mask(stop, len(T))[at]  # pieces[i] ends at pose at[i]
    cuts = [0.0 if halt else corner_cut(a, b, blend) for (a, b), halt in zip(pairwise(pieces), rest, strict=False)]
    knots, first, last, stops = [0.0], [], [], [0.0]

    def add(length, start, end):
        knots.append(knots[-1] + length)
        first.append(start)
        last.append(end)

    for i, piece in enumerate(pieces):
        low = cuts[i - 1] if i else 0.0
        high = piece.length - (cuts[i] if i < len(cuts) else 0.0)
        grid = np.linspace(low, high, piece.parts + 1) if high - low > SAME else []
        for a, b in pairwise(grid):
            add(b - a, piece.state(a), piece.state(b))
        if i < len(cuts) and cuts[i] > 0:
            add(2 * cuts[i], piece.state(high), pieces[i + 1].state(cuts[i]))
        elif i == len(cuts) or rest[i] or not smooth_joint(piece, pieces[i + 1]):
            stops.append(knots[-1])
    timing = minimum_jerk(np.array(stops)[:, None], duration=1.0, stop=True)
    return from_states(np.array(knots), stacked(first), stacked(last), timing)
