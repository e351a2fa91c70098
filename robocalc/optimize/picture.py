"""Pictures of a plan, with matplotlib (an extra).

multipliers   what each constraint costs, over time
"""

import numpy as np

from robocalc.errors import EngineUnavailable, InvalidInput


def multipliers(plan, path=None):
    """A Figure with a row for each constraint along the path that presses, and one for the ends; saved to `path`."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise EngineUnavailable("plots need matplotlib, which is not installed: pip install matplotlib") from None
    if not plan.multipliers:
        raise InvalidInput(f"the plan has no multipliers to plot: nothing presses on it, or it is {plan.status.value}")
    along = [m for m in plan.multipliers.values() if m.path]
    ends = [m for m in plan.multipliers.values() if not m.path]
    rows = len(along) + bool(ends)
    figure = Figure(figsize=(8, 0.6 + 1.7 * rows), layout="constrained")
    axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for axis, m in zip(axes, along, strict=False):
        axis.fill_between(m.t, m.value, step="mid", alpha=0.3)
        axis.plot(m.t, m.value, lw=1)
        axis.axhline(0, color="0.6", lw=0.5)
        axis.set_xlim(0, plan.duration)
        axis.set_title(m.constraint, fontsize=9, loc="left")
        axis.set_ylabel(f"cost / ({m.unit or '1'} s)", fontsize=8)
    if along:
        axes[len(along) - 1].set_xlabel("t [s]")
    if ends:
        axes[-1].barh([m.constraint for m in ends], [float(np.ravel(m.value)[0]) for m in ends])
        axes[-1].axvline(0, color="0.6", lw=0.5)
        axes[-1].set_title("ends", fontsize=9, loc="left")
        axes[-1].set_xlabel("cost per unit")
    if path is not None:
        figure.savefig(path, dpi=120)
    return figure
