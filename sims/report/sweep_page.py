"""The page of a sweep: heat map, parallel coordinates, the distribution of each metric, the worst runs.

write_sweep    sims.batch.Table (or anything with columns, keys, metrics, folder) -> a file, whole or not at all
add_replays    pages for the worst runs whose folders were kept, so that they are one click away
"""

import math
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput, RobocalcError
from sims.report.gather import meaning
from sims.report.pack import Packer
from sims.report.page import write_page
from sims.report.paper import as_json, page, player, styles, write_text
from sims.report.stored import stored_data
from sims.report.tables import notes_list, number, section
from sims.scenario.metric_names import METRIC_NAMES

PLAYER = ("data.js", "charts.js", "sweep.js")
MOST_ROWS = 6000  # lines of parallel coordinates and points; tables and distributions count all runs
WORST = 12  # runs listed at each end of a metric
REPLAYS = 6  # of the worst runs get a page of their own
BINS = 24
ROUNDING = 1e-9  # of a value: a figure that varies less does not vary
VERDICTS = ("accepted", "rejected", "infeasible", "diverged", "failed")
FIRST_METRICS = ("tracking.tcp_max_mm", "tracking.joint_rms_rad", "tracking.joint_max_deg", "time.total_s")


def write_sweep(path, table, name="", notes=()) -> Path:
    """Write the page; raises InvalidInput for a table without rows, OSError where the disk refuses.

    name    of the scenario            notes   sentences for the reader
    """
    if not len(table.columns["run"]):
        raise InvalidInput("a sweep without runs has nothing to show")
    replays = add_replays(table) if table.folder is not None else {}
    return write_text(path, sweep_text(table, name, replays, notes))


def sweep_text(table, name="", replays=None, notes=()) -> str:
    """The whole page."""
    packer = Packer()
    document = _document(table, packer, replays or {})
    count = len(table.columns["run"])
    title = f"Sweep of {name}" if name else "Sweep"
    shown = (
        "" if count <= MOST_ROWS else f"Points and lines show {MOST_ROWS:,} of {count:,} runs, the extremes included. "
    )
    return page(
        "sweep.html",
        title=f"{title} · robocalc",
        name=title,
        description=f"{count:,} runs over {', '.join(table.keys)}",
        counts=_counts(table),
        notes=notes_list([*getattr(table, "warnings", ()), *notes]),
        reduced=shown,
        style=styles("page.css", "charts.css"),
        json=as_json(document),
        arrays=packer.text(),
        scripts=(player(*PLAYER),),
    )


def _counts(table):
    verdicts = list(table.columns["verdict"])
    rows = "".join(
        f'<tr><th scope="row">{verdict}</th><td class="number">{n:,}</td>'
        f'<td class="number">{100 * n / len(verdicts):.1f} %</td></tr>'
        for verdict in VERDICTS
        if (n := verdicts.count(verdict))
    )
    head = '<thead><tr><th scope="col">Verdict</th><th scope="col" class="number">Runs</th>'
    head += '<th scope="col" class="number">Share</th></tr></thead>'
    return section("counts", "How they ended", f"<table>{head}<tbody>{rows}</tbody></table>")


# data ---------------------------------------------------------------------------------------------------------------


def _document(table, packer, replays):
    metrics = [m for m in table.metrics if np.isfinite(_numbers(table.columns[m])).any()]
    columns = [_column(table, key, "key") for key in table.keys] + [_column(table, m, "metric") for m in metrics]
    values = (
        np.stack([values for _, values in columns], axis=1) if columns else np.zeros((len(table.columns["run"]), 0))
    )
    rows = _shown_rows(values)
    verdicts = np.array([VERDICTS.index(v) if v in VERDICTS else len(VERDICTS) - 1 for v in table.columns["verdict"]])
    worst, listed = _worst(table, metrics, replays)
    return {
        "columns": [described for described, _ in columns],
        "values": packer.add_series(values[rows]),
        "verdict": packer.add_series(verdicts[rows][:, None]),
        "run": packer.add_times(np.asarray(table.columns["run"])[rows]),
        "verdicts": list(VERDICTS),
        "metric": next((m for m in FIRST_METRICS if m in metrics), metrics[0] if metrics else None),
        "worst": worst,
        "listed": listed,
        "histograms": {m: _histogram(_numbers(table.columns[m])) for m in metrics},
    }


def _column(table, name, kind):
    """(description, (N,) numbers): what is no number becomes the place of its text in `categories`."""
    values, categories = table.columns[name], None
    if kind == "key" and not all(_is_number(v) for v in values):
        texts = [_text(v) for v in values]
        categories = list(dict.fromkeys(texts))
        place = {text: i for i, text in enumerate(categories)}
        values = [place[text] for text in texts]
    unit, about = ("", "") if kind == "key" else (METRIC_NAMES.get(name, ("", ""))[0], meaning(name))
    unit = "" if unit == "-" else unit
    return {"name": name, "kind": kind, "unit": unit, "about": about, "categories": categories}, _numbers(values)


def _is_number(value):
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _numbers(values):
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        return values.astype(float)
    return np.array([float(v) if _is_number(v) else math.nan for v in values])


def _text(value):
    return f"{value:g}" if _is_number(value) else str(value)


def _shown_rows(values):
    """All rows, or every k-th with the extremes of each column."""
    N = len(values)
    if N <= MOST_ROWS:
        return np.arange(N)
    filled = np.where(np.isfinite(values), values, np.nanmean(np.where(np.isfinite(values), values, np.nan), axis=0))
    ends = np.unique([np.argmin(filled, axis=0), np.argmax(filled, axis=0)])
    every = np.linspace(0, N - 1, MOST_ROWS - len(ends)).astype(int)
    return np.unique(np.concatenate([every, ends]))


def _worst(table, metrics, replays):
    """({metric: {"largest": [[place in listed, value], ...], "smallest": ...}}, the rows that they name)."""
    listed, place, worst = [], {}, {}
    for metric in metrics:
        values = _numbers(table.columns[metric])
        order = np.argsort(values, kind="stable")
        order = order[np.isfinite(values[order])]
        ends = {"largest": order[::-1][:WORST], "smallest": order[:WORST]}
        worst[metric] = {}
        for end, rows in ends.items():
            for k in rows.tolist():
                if k not in place:
                    place[k] = len(listed)
                    listed.append(_row(table, k, replays))
            worst[metric][end] = [[place[k], float(values[k])] for k in rows.tolist()]
    return worst, listed


def _row(table, k, replays):
    run = int(table.columns["run"][k])
    keys = [_text(table.columns[key][k]) for key in table.keys]
    why = str(table.columns["why"][k]) if "why" in table.columns else ""
    return {"run": run, "verdict": str(table.columns["verdict"][k]), "keys": keys, "why": why, "href": replays.get(run)}


def _histogram(values):
    """Edges and counts over all runs that have the figure, and its quantiles."""
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    if high - low <= ROUNDING * max(abs(low), abs(high)):
        low, high = low - (abs(low) or 1.0) * 1e-3, high + (abs(high) or 1.0) * 1e-3
    counts, _ = np.histogram(values, bins=BINS, range=(low, high))
    quantiles = [number(float(q)) for q in np.quantile(values, [0, 0.05, 0.5, 0.95, 1])]
    return {"edges": [low, high], "counts": counts.tolist(), "quantiles": quantiles}


# replays ------------------------------------------------------------------------------------------------------------


def add_replays(table, most=REPLAYS) -> dict:
    """run -> path of its page below the sweep's folder. Pages are made for the worst `most` runs that lack one."""
    folder = Path(table.folder)
    kept = {int(run): folder / "runs" / f"{int(run):06d}" for run in table.columns["run"]}
    kept = {run: place for run, place in kept.items() if place.is_dir()} if (folder / "runs").is_dir() else {}
    for run in _order(table, kept)[:most]:
        page = kept[run] / "report.html"
        if not page.exists():
            try:
                write_page(page, stored_data(kept[run]))
            except (RobocalcError, OSError):
                continue  # a run without a log, or one that cannot be written: it stays without a page
    return {run: f"runs/{run:06d}/report.html" for run, place in kept.items() if (place / "report.html").is_file()}


def _order(table, kept):
    """Runs whose folders were kept, the worst first: diverged, rejected, then the largest first metric."""
    metric = next((m for m in (*FIRST_METRICS, *table.metrics) if m in table.metrics), None)
    size = _numbers(table.columns[metric]) if metric else np.zeros(len(table.columns["run"]))
    bad = {"diverged": 0, "failed": 1, "rejected": 2, "infeasible": 4}
    rows = [
        (bad.get(str(verdict), 3), -x if math.isfinite(x) else 0.0, int(run))
        for verdict, x, run in zip(table.columns["verdict"], size, table.columns["run"], strict=True)
        if int(run) in kept
    ]
    return [run for *_, run in sorted(rows)]
