"""Velocity and acceleration limits alone: from the path's coefficients to the motion's in one compiled call."""

import numpy as np

from robocalc.trajectory.topp import optimal
from robocalc.trajectory.topp.fused import CERTIFIED, plan
from robocalc.trajectory.topp.passes import DONE, STILL
from robocalc.trajectory.topp.timed import TimedPath, joint_names

_buffer = [np.empty(1 << 16)]  # rows live here; kept, because fresh memory costs as much as the passes


def room(size):
    """Scratch of at least `size` numbers."""
    if len(_buffer[0]) < size:
        _buffer[0] = np.empty(size)
    return _buffer[0]


def solve(path, limits, count, points, scheme, start, end, robot) -> TimedPath:
    """`time_optimal` where no other bound is given."""
    knots, coeffs = path.knots, path.coeffs
    K, order, n = coeffs.shape
    vlo, vhi, alo, ahi = optimal.bounds_of(limits, n)
    most = (count + 5 * K) * n * (4 * order)
    status, info, grid, act, times, out = plan(
        knots, coeffs, count, points, scheme, vlo, vhi, alo, ahi, start, end, room(most)
    )
    if status == STILL:
        return solve(optimal.check_moves(path), limits, count, points, scheme, start, end, robot)
    if status != DONE:
        names = row_names(robot, n, order, scheme)
        s, _, K, _ = grid
        optimal.refuse(status, info, s, names, path, (0.0, K[-1] if info[0] == len(s) - 1 else K[0]))
    return TimedPath.built(
        times, out, path=path, table=grid, act=act, robot=robot, bounds=(vlo, vhi, alo, ahi),
        acceleration_rows=n * (order - 1 if scheme == CERTIFIED else scheme + 1), more_rows=(),
    )  # fmt: skip


def row_names(robot, n, order, scheme):
    """Words for the acceleration rows of an interval."""
    names = tuple(f"acceleration of {name}" for name in joint_names(robot, n))
    return names * (order - 1 if scheme == CERTIFIED else scheme + 1)
