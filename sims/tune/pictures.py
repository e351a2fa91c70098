"""Pictures of a study from the data of study.json: PNG, one subject each.

draw(data, folder)   convergence, response, sensitivity, robustness, margins; pareto where there is a front
"""

import numpy as np

INK, OLD, NEW, LINE = "#222222", "#c8553d", "#2a6f97", "#9aa5ab"
WIDTH, HEIGHT, DPI = 7.0, 4.0, 110
MOST_BARS = 30
LOST = 1e5  # a cost from here on is that of a run that diverged


def draw(data, folder):
    """Write every picture for which the data has something to show."""
    for name, paint in PICTURES.items():
        figure = _figure()
        if paint(figure, data):
            figure.savefig(folder / f"{name}.png", metadata={"Software": None})


def _figure():
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _axis(figure, title, x, y):
    axis = figure.subplots()
    axis.set_title(title, color=INK, loc="left")
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.grid(alpha=0.25)
    return axis


def convergence(figure, data):
    history = [h for h in data["history"] if h["cost"] is not None]
    if not history:
        return False
    axis = _axis(figure, f"{data['name']}: {data['method']}", "evaluation", "cost")
    n, cost = [h["n"] for h in history], np.array([h["cost"] for h in history])
    fair = cost < LOST
    axis.plot(np.array(n)[fair], cost[fair], ".", color=LINE, label="each")
    axis.step(
        n, [h["best"] if h["best"] < LOST else np.nan for h in history], where="post", color=NEW, label="best so far"
    )
    if fair.any() and cost[fair].min() > 0:
        axis.set_yscale("log")
    axis.legend()
    return True


def response(figure, data):
    found = data["response"]
    if not found:
        return False
    axis = _axis(figure, "joint error on the first training scenario", "t [s]", "error [deg], largest joint")
    for when, color in (("before", OLD), ("after", NEW)):
        error = np.abs(np.array([[np.nan if x is None else x for x in row] for row in found[when]], float)).max(axis=0)
        axis.plot(found["t"][: len(error)], error[: len(found["t"])], color=color, label=when)
    axis.legend()
    return True


def front(figure, data):
    points = data["front"]
    if len(points) < 2 or len(points[0]["goals"]) < 2:
        return False
    names = [o["name"] for o in data["objectives"]]
    axis = _axis(figure, "front: no point is better in both", names[0], names[1])
    if len(names) > 2:
        axis.set_title(f"front over {len(names)} objectives, the first two shown", color=INK, loc="left")
    goals = np.array([p["goals"] for p in points], float)
    axis.plot(goals[:, 0], goals[:, 1], "o-", color=NEW)
    return True


def sensitivity(figure, data):
    rows = sorted(data["sensitivity"], key=lambda r: -r["share"])[:MOST_BARS]
    if not rows:
        return False
    axis = _axis(figure, "influence of each number: cost when it is 10 % less or more", "share", "")
    axis.barh([r["key"] for r in rows][::-1], [r["share"] for r in rows][::-1], color=NEW)
    return True


def robustness(figure, data):
    clouds = [(name, data[name]) for name in ("training", "validation") if data[name] and data[name]["before"]]
    if not clouds:
        return False
    axis = _axis(figure, "every scenario: cost before and after", "cost before", "cost after")
    for (name, cloud), mark in zip(clouds, "ox", strict=False):
        label = f"{name} ({cloud['engine']})"
        axis.plot(cloud["before"]["costs"], cloud["after"]["costs"], mark, color=NEW, label=label)
    low, high = axis.get_xlim()
    axis.plot([low, high], [low, high], "--", color=LINE, label="no change")
    axis.legend()
    return True


def margins(figure, data):
    found = data["margins"]
    if not found:
        return False
    axes = figure.subplots(1, 2)
    for axis, (key, title) in zip(
        axes, (("gain", "gain margin [-]"), ("latency_ms", "latency margin [ms]")), strict=True
    ):
        axis.bar(["before", "after"], [found["before"][key], found["after"][key]], color=[OLD, NEW])
        axis.set_title(title, color=INK, loc="left")
    return True


PICTURES = {
    "convergence": convergence,
    "response": response,
    "pareto": front,
    "sensitivity": sensitivity,
    "robustness": robustness,
    "margins": margins,
}
