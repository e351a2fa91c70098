"""How runs, sweeps and studies show themselves in notebooks.

run     verdict, acceptance, error and torque over time, and the replay of a run that was kept
table   what a sweep found: counts, each metric that differs over what was varied
study   convergence of a tuning
"""

import html
import os
from pathlib import Path

import numpy as np

from robocalc.trajectory import show

GOOD, BAD = "#008f68", "#c0392b"
FRAME = "width:100%;height:600px;border:0"
SHOWN = 4  # plots of a sweep


def run(made) -> str:
    """HTML of a sims.result.Run."""
    colour = GOOD if made.accepted else BAD
    name, why = html.escape(made.scenario.name), html.escape(made.why)
    parts = [f'<p><strong style="color:{colour}">{made.verdict}</strong> {name}: {why}</p>']
    if made.acceptance:
        rows = [("pass" if c.ok else "FAIL", c.metric, c.value, c.unit, _bound(c)) for c in made.acceptance]
        parts.append(show.table(rows, ("", "accept", "value", "", "bound")))
    if made.log is not None:
        t, joints = made.log.t, made.robot.joints
        parts.append(show.curves(t, made.log.q - made.log.q_ref, "error", unit="rad | m"))
        parts.append(show.curves(t, made.log.tau, "torque", unit="N m | N", labels=joints))
    return "".join(parts) + _replay(made.folder)


def _bound(check) -> str:
    words = (("at least", check.min), ("at most", check.max))
    return " and ".join(f"{word} {x:g}" for word, x in words if x is not None)


def _replay(folder) -> str:
    """The report in a frame, named relative to where the notebook runs, which is what its server can reach."""
    if folder is None or not (page := Path(folder) / "report.html").is_file():
        return ""
    address = html.escape(Path(os.path.relpath(page)).as_posix())
    return f'<iframe src="{address}" title="replay" loading="lazy" style="{FRAME}"></iframe>'


def table(found) -> str:
    """Plots of a sims.batch.Table: metrics that differ most, over the first key that is a number."""
    counts = ", ".join(f"{n} {verdict}" for verdict, n in found.count().items())
    parts = [f"<p>{len(found)} runs: {html.escape(counts)}</p>"]
    key = next((k for k in found.keys if isinstance(found[k], np.ndarray) and len(set(found[k].tolist())) > 1), None)
    for metric in sorted(found.metrics, key=lambda name: -_spread(found[name]))[:SHOWN] if key else ():
        if _spread(found[metric]) > 0:
            parts.append(show.curves(found[key], found[metric], metric, over=key, marks=True))
    return "".join(parts)


def _spread(column) -> float:
    """Standard deviation over mean size; 0 where nothing differs or nothing is there."""
    x = np.asarray(column, float)
    x = x[np.isfinite(x)]
    size = np.abs(x).mean() if x.size else 0.0
    return float(x.std() / size) if size > 0 else 0.0


def study(found) -> str:
    """Cost of each evaluation and the best so far of a sims.tune.Study."""
    if not found.history:
        return ""
    cost = np.array([[entry.cost, entry.best] for entry in found.history], float)
    cost[cost > 1e3 * np.nanmin(cost)] = np.nan  # runs that were lost
    n = np.arange(1, len(cost) + 1)
    return show.curves(n, cost, "cost", labels=("of each", "best so far"), over="evaluation")
