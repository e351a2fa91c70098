"""Plots of a sweep: each metric that varies against each key, and a map over two keys.

write_plots   plots/METRIC.png, one a metric; returns sentences about what could not be drawn
"""

import numpy as np

from sims.scenario.metric_names import metric_names

INK, GOOD, BAD, LINE = "#222222", "#2a6f97", "#c8553d", "#1b4332"
MOST_POINTS = 20_000  # in a panel; of more, every k-th
WIDTH, HEIGHT = 4.2, 3.2  # [in] of a panel


def write_plots(table, folder) -> list[str]:
    """One picture a metric with at least two values; panels: its keys, and a map where two keys are numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    usable = np.isin(table["verdict"], ("accepted", "rejected"))
    names = [name for name in table.metrics if np.unique(table[name][usable & np.isfinite(table[name])]).size > 1]
    if not names:
        return ["no plots: no metric differs between the runs"]
    units = metric_names()
    for name in names:
        unit = units.get(name, ("", ""))[0]
        _picture(table, name, unit, usable & np.isfinite(table[name]), folder / f"{name}.png")
    return []


def _picture(table, name, unit, usable, path):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    numeric = [key for key in table.keys if isinstance(table[key], np.ndarray)]
    panels = len(table.keys) + (len(numeric) == 2)
    figure = Figure(figsize=(WIDTH * panels, HEIGHT), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    places = np.flatnonzero(usable)
    shown = places[:: max(1, len(places) // MOST_POINTS)]
    for axis, key in zip(axes, table.keys):
        _against(axis, table, name, key, shown)
        axis.set_ylabel(f"{name} [{unit}]" if unit not in ("", "-") else name, color=INK)
    if len(numeric) == 2:
        _map(figure, axes[-1], table, name, numeric, places)
    figure.savefig(path)


def _against(axis, table, name, key, places):
    """Values over one key, with the median at each of its values where there are several."""
    x, labels = _numbers(table[key])
    y = table[name][places]
    accepted = np.array([table["verdict"][i] == "accepted" for i in places])
    for chosen, color, label in ((accepted, GOOD, "accepted"), (~accepted, BAD, "rejected")):
        if chosen.any():
            axis.plot(x[places][chosen], y[chosen], ".", ms=4, alpha=0.6, color=color, label=label)
    values = np.unique(x[places])
    if 1 < len(values) <= 200 and len(places) > len(values):
        medians = [np.median(y[x[places] == value]) for value in values]
        axis.plot(values, medians, "-", lw=1.2, color=LINE, label="median")
    if labels is not None:
        axis.set_xticks(range(len(labels)), labels, rotation=20, fontsize=7)
    elif len(values) > 2 and values[0] > 0 and values[-1] / values[0] > 50:
        axis.set_xscale("log")
    axis.set_xlabel(key, color=INK)
    axis.grid(alpha=0.25)
    axis.legend(fontsize=7, frameon=False)


def _numbers(column):
    """(numbers, their labels or None) of a column."""
    if isinstance(column, np.ndarray):
        return column.astype(float), None
    texts = [str(x) for x in column]
    labels = list(dict.fromkeys(texts))
    place = {text: i for i, text in enumerate(labels)}
    return np.array([place[text] for text in texts], float), [text[:24] for text in labels]


def _map(figure, axis, table, name, keys, places):
    """Median over a grid of two keys; points where they make no grid."""
    x, y = (table[key].astype(float) for key in keys)
    z, columns, rows = table[name], np.unique(x), np.unique(y)
    if len(columns) * len(rows) <= max(4, len(table)):
        image = np.full((len(rows), len(columns)), np.nan)
        cells = {}
        for i in places:
            cells.setdefault((np.searchsorted(rows, y[i]), np.searchsorted(columns, x[i])), []).append(z[i])
        for cell, values in cells.items():
            image[cell] = np.median(values)
        drawn = axis.pcolormesh(columns, rows, image, shading="nearest", cmap="viridis")
    else:
        drawn = axis.scatter(x[places], y[places], c=z[places], s=8, cmap="viridis")
    figure.colorbar(drawn, ax=axis, label=name)
    axis.set_xlabel(keys[0], color=INK)
    axis.set_ylabel(keys[1], color=INK)
