"""Results as text for people and as JSON for programs.

show_run, run_json     a finished run
columns                rows of text, aligned
"""

import json
import math
import shutil
import sys
from itertools import groupby
from pathlib import Path

EXIT = {"accepted": 0, "rejected": 1, "infeasible": 3, "diverged": 4}
GROUPS = (  # of the metrics' first words: how close, how hard, how safe, how long; then all others
    ("tracking", "state", "settling", "overshoot"),
    ("torque", "effort", "energy", "power", "wear", "smoothness"),
    ("limits", "clearance", "contact", "grasp", "object"),
    ("time", "cost"),
)
COLOR = {"accepted": "green", "rejected": "red", "infeasible": "red", "diverged": "red"}


def console():
    """rich's console on stdout; plain text when that is no terminal."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else max(100, shutil.get_terminal_size().columns)
    return Console(width=width, highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())


def show_run(run):
    """Verdict, metrics by group, acceptance, and what to open."""
    from rich.text import Text

    out = console()
    out.print(Text.assemble((run.verdict.upper(), f"bold {COLOR[run.verdict]}"), f"  {run.scenario.name}"))
    if run.why:
        out.print(Text(str(run.why)))
    if run.metrics:
        out.print(_metrics_table(run))
    if run.acceptance:
        out.print(_acceptance_table(run))
    for warning in run.warnings:
        out.print(Text(f"warning: {warning}", "yellow"))
    if run.folder:
        out.print(Text(f"run folder  {run.folder}"))
        report = Path(run.folder) / "report.html"
        if report.is_file():
            out.print(Text(f"replay      robocalc replay {run.folder}   (or open {report})"))


def block(metric: str) -> int:
    """Which of GROUPS a metric belongs to, by its first word."""
    first = metric.partition(".")[0]
    return next((i for i, words in enumerate(GROUPS) if first in words), len(GROUPS))


def _metrics_table(run):
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, side in (("metric", "left"), ("value", "right"), ("unit", "left"), ("at", "right")):
        table.add_column(name, justify=side, no_wrap=True)
    for _, names in groupby(sorted(run.metrics, key=block), key=block):
        for name in names:
            value, unit, when = run.metrics[name]
            table.add_row(name, number(value), "" if unit == "-" else unit, "" if when is None else f"{when:.3f} s")
        table.add_section()
    return table


def _acceptance_table(run):
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, side in (("", "left"), ("accept", "left"), ("value", "right"), ("unit", "left"), ("bound", "left")):
        table.add_column(name, justify=side, no_wrap=True)
    for row in run.acceptance:
        mark = Text("pass", "green") if row.ok else Text("FAIL", "bold red")
        table.add_row(mark, row.metric, number(row.value), "" if row.unit == "-" else row.unit, bound(row))
    return table


def bound(row) -> str:
    """The bounds of an acceptance row in words."""
    words = [f"{word} {x:g}" for word, x in (("at least", row.min), ("at most", row.max)) if x is not None]
    return ", ".join(words)


def number(value) -> str:
    """A figure in 4 digits; whole numbers as such; a dash for none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if float(value).is_integer() and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.4g}"


def run_json(run) -> str:
    """The run as JSON; what is not finite is null."""
    metrics = {
        name: {"value": finite(value), "unit": unit, "time": finite(when)}
        for name, (value, unit, when) in run.metrics.items()
    }
    rows = [
        {
            "metric": row.metric,
            "value": finite(row.value),
            "unit": row.unit,
            "min": row.min,
            "max": row.max,
            "ok": row.ok,
        }
        for row in run.acceptance
    ]
    data = {
        "scenario": run.scenario.name,
        "digest": run.scenario.digest,
        "verdict": run.verdict,
        "accepted": bool(run.accepted),
        "outcome": None if run.outcome is None else str(run.outcome.value),
        "why": str(run.why or ""),
        "metrics": metrics,
        "acceptance": rows,
        "warnings": list(run.warnings),
        "folder": str(run.folder) if run.folder else None,
        "exit_code": EXIT[run.verdict],
    }
    return json.dumps(data, indent=2, allow_nan=False)


def finite(value):
    """A float, or None for what JSON cannot say."""
    return float(value) if value is not None and math.isfinite(value) else None


def columns(rows, indent: str = "  "):
    """Print rows of text, every column but the last as wide as its longest entry."""
    rows = [tuple(map(str, row)) for row in rows]
    widths = [max(map(len, column)) for column in list(zip(*rows))[:-1]]
    for row in rows:
        print(indent + "  ".join([*(text.ljust(w) for text, w in zip(row, widths)), row[-1]]).rstrip())
