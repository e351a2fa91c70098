"""Time-optimal motion along a path: reads the request, chooses the way to solve it.

time_optimal    the public function
"""

from functools import cache, lru_cache

import numpy as np

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory.limits import Limits
from robocalc.trajectory.topp.path import as_path, moving
from robocalc.trajectory.topp.timed import TimedPath, joint_names
from robocalc.trajectory.trajectory import Trajectory

SCHEMES = {"collocation": 0, "interpolation": 1, "certified": 2}
LARGEST_GRID = 1_000_000
NO_POINTS = np.empty(0)


def time_optimal(
    path,
    limits=None,
    *,
    grid=1000,
    robot=None,
    start_speed=0.0,
    end_speed=0.0,
    duration=None,
    length=None,
    q_start=None,
    frame=None,
    tool_speed=None,
    tool_acceleration=None,
    tool_turn_speed=None,
    tool_turn_acceleration=None,
    torque_rate=None,
    rows=None,
    scheme="certified",
) -> TimedPath:
    """The path in the least time that limits allow: q(s(t)), with the path's shape kept exactly.

    path          Trajectory (its time is the parameter s), scipy spline, CartesianPath (needs robot and q_start), or a
                  callable path(s, order) -> (n,) or (N, n) for order 0, 1, 2 and s in [0, length]
    limits        `Limits`; velocity, acceleration, jerk and torque bounds hold all over the motion, not only at the
                  grid, to 1e-6. Torque needs `robot`; a position bound is checked. None: the robot's limits
    grid          number of intervals, 1000; or the points of s themselves, (N + 1,)
    robot         inverse_dynamics(q, v, a), friction, jacobian(q), limits: for torque and tool bounds
    *_speed       ṡ at the ends [1/s]; 0 is rest. Where the path itself rests (q' = 0), ṡ is free
    duration      [s] wanted, instead of the shortest
    tool_*        bounds on the speed [m/s, rad/s] and acceleration [m/s², rad/s²] of `frame`, the tool where None
    torque_rate   (n,) [N m/s | N/s] bound on torque's change
    rows          rows(s (N,)) -> (a, b, lo, hi), each (N, R): lo ≤ a s̈ + b ṡ² ≤ hi
    scheme        "certified"; or "interpolation", "collocation", which bound the grid points alone, as peers do:
                  between them a motion may be over its limits, for a duration nearer to the least
    returns       TimedPath: a Trajectory with .s, .t, .timing s(t), .path_speed, .max_path_speed, .active
    raises        InvalidInput: a bad argument, told by name and value
                  Infeasible: no motion keeps the limits; says which constraint at which s, or what would be enough
    source        Pham & Pham (T-RO 2018); jerk: Wen & Pagilla (2022), arXiv 2404.07889
    """
    if type(path) is not Trajectory or path.coeffs.shape[1] < 4:
        path = as_path(path, length, robot, q_start, frame)
    limits = _limits(limits, robot, path.coeffs.shape[2])
    count, points = (grid, NO_POINTS) if type(grid) is int and 1 < grid <= LARGEST_GRID else _grid(grid, path)
    start_speed, end_speed = _speed("start_speed", start_speed), _speed("end_speed", end_speed)
    if scheme not in SCHEMES:
        raise InvalidInput(f"scheme must be one of {', '.join(SCHEMES)}, got {scheme!r}")
    plain = rows is torque_rate is tool_speed is tool_acceleration is tool_turn_speed is tool_turn_acceleration is None
    simple = plain and limits.torque is limits.jerk is limits.position is None
    if simple and duration is None:
        return quick().solve(path, limits, count, points, SCHEMES[scheme], start_speed, end_speed, robot)
    if not simple and scheme != "certified":
        raise InvalidInput(f"scheme {scheme!r} knows velocity and acceleration limits alone; leave it out")
    tool = (tool_speed, tool_acceleration, tool_turn_speed, tool_turn_acceleration)
    from robocalc.trajectory.topp.general import Request, solve

    request = Request(
        path, limits, count, points, robot, start_speed, end_speed, _duration(duration), frame, _tool(tool),
        _rate(torque_rate, path.n), rows, SCHEMES[scheme],
    )  # fmt: skip
    return solve(request)


@cache
def quick():
    """The compiled way, loaded when first needed."""
    from robocalc.trajectory.topp import quick

    return quick


def _limits(limits, robot, n):
    if type(limits) is Limits and limits.n == n:
        return limits
    if limits is None:
        limits = getattr(robot, "limits", None)
        if limits is None:
            raise InvalidInput("limits are needed: give Limits(velocity=..., acceleration=...)")
    if not isinstance(limits, Limits):
        raise InvalidInput(f"limits must be a robocalc.trajectory.Limits, got {type(limits).__name__}")
    if limits.n is not None and limits.n != n:
        raise InvalidInput(f"limits are for {limits.n} joints, the path has {n}")
    return limits


@lru_cache(maxsize=32)
def bounds_of(limits, n):
    """(lowest, highest) velocity and acceleration, four (n,) contiguous arrays."""
    v, a = limits.bounds("velocity", n), limits.bounds("acceleration", n)
    return tuple(np.ascontiguousarray(y) for y in (*v, *a))


def _grid(grid, path):
    """(number, no points), or (number, points (N + 1,))."""
    y = np.asarray(grid, dtype=float) if np.ndim(grid) == 1 or np.isscalar(grid) else np.empty(0)
    if y.ndim == 0:
        if not (np.isfinite(y) and y == int(y) and 2 <= y <= LARGEST_GRID):
            raise InvalidInput(f"grid must be a whole number of intervals from 2 to {LARGEST_GRID}, got {grid!r}")
        return int(y), NO_POINTS
    if len(y) < 3 or not np.isfinite(y).all() or (np.diff(y) <= 0).any():
        raise InvalidInput("grid: points must increase, and be at least 3")
    slack = 1e-9 * path.duration
    if abs(y[0] - path.start) > slack or abs(y[-1] - path.end) > slack:
        raise InvalidInput(f"grid must go from {path.start:g} to {path.end:g}, as the path, got {y[0]:g} to {y[-1]:g}")
    y = y.copy()
    y[0], y[-1] = path.start, path.end
    return len(y) - 1, y


def _speed(name, value):
    if type(value) is float and 0.0 <= value < np.inf:
        return value
    try:
        y = float(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be a number, got {value!r}") from None
    if not (np.isfinite(y) and y >= 0):
        raise InvalidInput(f"{name} must be at least 0, got {y:g}")
    return y


def _duration(value):
    if value is None:
        return None
    try:
        y = float(value)
    except (TypeError, ValueError):
        raise InvalidInput(f"duration must be a number, got {value!r}") from None
    if not (np.isfinite(y) and y > 0):
        raise InvalidInput(f"duration must be greater than 0 s, got {y:g}")
    return y


def _tool(values):
    names = ("tool_speed", "tool_acceleration", "tool_turn_speed", "tool_turn_acceleration")
    found = []
    for name, value in zip(names, values):
        y = None if value is None else _speed(name, value)
        if y == 0.0:
            raise InvalidInput(f"{name} must be greater than 0, got 0")
        found.append(y)
    return tuple(found)


def _rate(value, n):
    """(2, n) or None."""
    return None if value is None else Limits(torque=np.broadcast_to(np.asarray(value, float), (n,))).bounds("torque", n)


def refuse(status, info, s, names, path, x_limits):
    """Raises what a failed pass means; names (R,) of rows, x_limits = (lowest, highest) x at the start."""
    from robocalc.trajectory.topp import passes as p

    at = f"s = {s[min(info[0], len(s) - 1)]:.6g}"
    low, high = np.sqrt(np.maximum(x_limits, 0.0))
    if status == p.START_FAST:
        raise Infeasible((f"start_speed is above what limits allow: at most {high:.9g} can be slowed down in time",))
    if status == p.START_SLOW:
        raise Infeasible((f"start_speed is too low: at least {low:.9g} is needed to keep limits and reach end_speed",))
    if status == p.UNBOUNDED:
        raise InvalidInput(f"nothing bounds the speed at {at}: give limits to the joints that move there")
    if status == p.STUCK:
        raise Infeasible((f"the path cannot be passed at {at}: the motion would stop there for ever",))
    told = " and ".join(sorted({names[r] for r in info[1:3] if 0 <= r < len(names)})) or "speed limits"
    if info[0] == len(s) - 1:
        raise Infeasible((f"end_speed is above what limits allow at the end of the path: at most {_cap(x_limits)}",))
    raise Infeasible((f"{told} cannot be kept at {at}: no path speed there leads to the end",))


def _cap(x_limits):
    return f"{np.sqrt(max(x_limits[1], 0.0)):.9g}"


def check_moves(path):
    """The path without its still stretches; raises where nothing is left."""
    found = moving(path)
    if found is None:
        raise InvalidInput("the path does not move; leave it out, or give a duration to hold it")
    return found


__all__ = ["TimedPath", "joint_names", "time_optimal"]
