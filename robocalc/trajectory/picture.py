"""A picture of a motion: position to jerk of every joint over time, limits drawn."""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.arguments import as_limits
from robocalc.trajectory.files import joint_names
from robocalc.trajectory.limits import ORDERS
from robocalc.trajectory.trajectory import Trajectory

UNITS = ("rad", "rad/s", "rad/s²", "rad/s³")
POINTS = 1200


def plot(traj: Trajectory, limits=None, *, joints=None, path=None, orders=4):
    """Position to jerk over time, one panel each, dashed limits; returns a matplotlib Figure, saved to `path` if given.

    joints    names for the legend
    orders    how many panels, 1 to 4
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InvalidInput("pictures need matplotlib: pip install matplotlib") from None
    if orders not in (1, 2, 3, 4):
        raise InvalidInput(f"orders must be 1 to 4, got {orders!r}")
    limits, names = as_limits(limits, traj.n), joint_names(traj, joints)
    t = np.union1d(np.linspace(traj.start, traj.end, POINTS), traj.knots)
    figure = Figure(figsize=(8, 2.1 * orders), layout="constrained")  # no pyplot: nothing to close, no display needed
    axes = figure.subplots(orders, 1, sharex=True, squeeze=False)[:, 0]
    for order, (axis, values) in enumerate(zip(axes, traj.derivatives(t, 3), strict=False)):
        lines = axis.plot(t, values, linewidth=1.2)
        if limits is not None:
            _draw_limits(axis, limits.bounds(order, traj.n), lines)
        axis.set_ylabel(f"{ORDERS[order]} [{UNITS[order]}]")
        axis.grid(alpha=0.3)
    axes[0].legend(lines if orders == 1 else axes[0].lines[: traj.n], names, fontsize="small", ncols=min(traj.n, 4))
    axes[-1].set_xlabel("t [s]")
    if path is not None:
        figure.savefig(path, dpi=110)
    return figure


def _draw_limits(axis, bounds, lines):
    for bound in bounds:
        for value, line in zip(bound, lines, strict=True):
            if np.isfinite(value):
                axis.axhline(value, color=line.get_color(), linestyle="--", linewidth=0.7, alpha=0.6)
