"""Plots of a run as PNG or SVG, in the colours and with the words of the page.

write_plots    the files; `what` chooses by name
PLOTS          those names
"""

import logging
import warnings
from pathlib import Path

import numpy as np

from robocalc.errors import UnknownName
from sims.report.data import Panel, ReportData

# Colours that differ for every kind of colour blindness, by hue and by lightness; the same as the page's.
COLOURS = ("#0072b2", "#d55e00", "#008f68", "#b04a86", "#a67700", "#2f9fd0", "#4b3f9e", "#7a2038", "#4d5761")
DASHES = ("-", (0, (6, 2)), (0, (1.5, 1.5)))  # lines beyond the ninth
DASH_NAMES = ("solid", "dashed", "dotted")
INK, SOFT, LINE = "#17202a", "#52606d", "#d5dbe1"
PLOTS = {  # name: the panels in one picture
    "position": ("position", "position_linear"),
    "velocity": ("velocity", "velocity_linear"),
    "torque": ("torque", "torque_linear"),
    "error": ("error", "error_linear"),
    "tool": ("tool_error",),
    "clearance": ("clearance",),
    "acceleration": ("acceleration", "acceleration_linear"),
    "jerk": ("jerk", "jerk_linear"),
    "energy": ("energy",),
    "contact": ("contact",),
    "wrench": ("wrench_force", "wrench_torque"),
    "difference": ("difference",),  # of runs that are compared
    "world_torque": ("world_torque", "world_torque_linear"),
    "estimate": ("estimate_position", "estimate_position_linear", "estimate_velocity", "estimate_velocity_linear"),
}
DEFAULT = ("position", "velocity", "torque", "error", "tool", "clearance", "wrench", "estimate")
WIDEST = 1.5  # of the largest value: what is shown of a band
WIDTH, HEIGHT, DPI = 9.0, 3.1, 110  # [in] of one panel
FAR = 0.6  # of a curve's span: a limit further away is left out


def write_plots(folder, data: ReportData, what=None, kind="png") -> list:
    """One picture a name in `what` (by default DEFAULT), as far as the run has it; returns the paths.

    what   names of PLOTS, as a sequence or "torque,error"        kind   "png" or "svg"
    raises UnknownName for a name that is not in PLOTS
    """
    names = DEFAULT if what is None else [w.strip() for w in what.split(",")] if isinstance(what, str) else list(what)
    for name in names:
        if name not in PLOTS:
            raise UnknownName("plot", name, PLOTS)
    if kind not in ("png", "svg"):
        raise UnknownName("kind of picture", kind, ("png", "svg"))
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in names:
        panels = [panel for panel in map(data.panel, PLOTS[name]) if panel is not None]
        if panels:
            written.append(draw(folder / f"{name}.{kind}", panels, data))
    return written


def draw(path, panels, data) -> Path:
    """One picture of the panels, one above the other."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # where its own settings lie is nothing to a user
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metadata = {"Software": None} if path.suffix == ".png" else {"Date": None, "Creator": None}
    style = {"font.size": 9, "svg.hashsalt": "robocalc", "path.simplify_threshold": 0.5, "agg.path.chunksize": 20000}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(WIDTH, 0.45 + HEIGHT * len(panels)), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        top = 1 - 0.42 / figure.get_figheight()
        axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
        for axis, panel in zip(axes, panels, strict=True):
            _panel(axis, panel, data)
        axes[-1].set_xlabel("time [s]", color=SOFT)
        figure.suptitle(
            _plain(data.name),
            x=0.01,
            y=1 - 0.08 / figure.get_figheight(),
            ha="left",
            va="top",
            size=11,
            weight="bold",
            color=INK,
        )
        figure.subplots_adjust(left=0.085, right=0.83, top=top - 0.02, bottom=0.5 / figure.get_figheight(), hspace=0.22)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing")  # a name in signs that no font here has
            figure.savefig(path, metadata=metadata)
    return path


def _plain(text):
    """Text from a scenario: a dollar sign starts no formula."""
    return str(text).replace("$", r"\$")


def _panel(axis, panel: Panel, data):
    """Lines, what they should be, limits within reach, steps and disturbances."""
    multiple = len(panel.labels) > 1
    for i, label in enumerate(panel.labels):
        number = panel.joints[i] if panel.joints else panel.runs[i] if panel.runs else i
        colour, dash = COLOURS[number % 9], DASHES[(panel.runs[i] if panel.runs and panel.joints else number // 9) % 3]
        if panel.band is not None:
            axis.fill_between(panel.t, -panel.band[:, i], panel.band[:, i], color=colour, alpha=0.13, lw=0)
        if panel.reference is not None:
            axis.plot(panel.t, panel.reference[:, i], color=colour, lw=2.6, alpha=0.32, solid_capstyle="butt")
        named = _plain(label) if not (panel.joints and panel.runs) or panel.runs[i] == panel.runs[0] else None
        axis.plot(panel.t, panel.values[:, i], color=colour, lw=1.0, ls=dash, label=named)
    low, high = _span(panel)
    if panel.limits is not None:
        low, high = _limits(axis, panel, low, high)
    if np.isfinite(low) and high > low:
        pad = 0.05 * (high - low)
        axis.set_ylim(low - pad, high + pad)
    _marks(axis, panel, data)
    axis.set_title(f"{panel.title} [{panel.unit}]", loc="left", size=9.5, color=INK, pad=4)
    axis.grid(axis="y", color=LINE, lw=0.6)
    axis.tick_params(colors=SOFT, length=3)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axis.spines[side].set_color(LINE)
    if multiple:
        axis.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, handlelength=1.4, fontsize=8)
    note = _caption(panel, data)
    if note:
        axis.text(1.018, 0.0, note, transform=axis.transAxes, size=7.5, color=SOFT, va="bottom")


def _caption(panel, data):
    lines = [] if panel.reference is None else [f"pale: {panel.reference_label}"]
    lines += [] if panel.band is None else ["pale: 95 % band"]
    if panel.joints and panel.runs:
        lines += [f"{DASH_NAMES[i % 3]}: {_plain(panel.run_names[i])}" for i in dict.fromkeys(panel.runs)]
    lines += [] if panel.limits is None else ["fine dots: limit" if panel.runs else "dotted: limit"]
    return "\n".join([*lines, "shaded: disturbance"] if data.disturbances else lines)


def _span(panel):
    values = panel.values if panel.reference is None else np.concatenate([panel.values, panel.reference])
    if panel.band is not None and values.size:
        shown = np.minimum(panel.band, WIDEST * np.nanmax(np.abs(values)))
        values = np.concatenate([values, shown, -shown])
    values = values[np.isfinite(values)]
    if not values.size:
        return np.nan, np.nan
    low, high = float(values.min()), float(values.max())
    least = max(1e-3 * max(abs(low), abs(high)), 1e-15)
    return (low, high) if high - low >= least else (low - least, high + least)


def _limits(axis, panel, low, high):
    """Draws the limits that are near the curves; returns the range that shows them."""
    reach = FAR * (high - low)
    shown_low, shown_high = low, high
    for i in range(len(panel.labels)):
        colour = COLOURS[(panel.joints[i] if panel.joints else i) % 9]
        for bound in np.asarray(panel.limits, float)[:, i]:
            if low - reach < bound < high + reach:
                axis.axhline(bound, color=colour, lw=0.9, ls=(0, (1, 2.5)))
                shown_low, shown_high = min(shown_low, bound), max(shown_high, bound)
    return shown_low, shown_high


def _marks(axis, panel, data):
    for item in data.disturbances:
        axis.axvspan(item.start, max(item.end, item.start + 1e-9), color="#d55e00", alpha=0.12, lw=0.8)
    starts = [step.start for step in data.steps if step.start > 0]
    if starts:
        axis.vlines(starts, 0, 1, transform=axis.get_xaxis_transform(), color=LINE, lw=0.8, zorder=0)
    if len(panel.t) > 1:
        axis.set_xlim(float(panel.t[0]), float(panel.t[-1]))
