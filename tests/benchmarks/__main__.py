"""`make bench`: runs every line (or those named), prints ours / peer / ratio / target, and writes the README's table.

Lines live in tests/benchmarks/bench_*.py as a list LINES. A peer that is not installed is said, not hidden.
"""

import importlib
import sys
import traceback
from fnmatch import fnmatch
from pathlib import Path

from tests.benchmarks.harness import Line

HERE = Path(__file__).resolve().parent
README = HERE.parent.parent / "README.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
HEAD = "| line | what | ours | peer | figure | target | |\n|---|---|---|---|---|---|---|"
BOUND = {"faster": "≥ {:g}× faster", "ratio": "≤ {:g}×", "at_most": "≤ {:g}", "at_least": "≥ {:g}"}


def all_lines() -> list[Line]:
    modules = sorted(path.stem for path in HERE.glob("bench_*.py"))
    return [line for m in modules for line in importlib.import_module(f"tests.benchmarks.{m}").LINES]


def row(line: Line) -> tuple[str, bool]:
    """One table row, and whether the target is met; a failing measurement is a row too."""
    target = BOUND[line.kind].format(line.target) + (f" {line.unit}" if line.kind.startswith("at_") else "")
    try:
        ours, peer = line.measure()
    except ImportError as error:
        return f"| {line.name} | {line.what} | | {line.peer} | not measured: {error} | {target} | – |", False
    except Exception as error:
        traceback.print_exc()
        return f"| {line.name} | {line.what} | | {line.peer} | failed: {error!r} | {target} | ✗ |", False
    value, met = line.judge(ours, peer)
    theirs = line.peer if peer is None else f"{line.peer} {peer:.3g} {line.unit}"
    figure = f"{value:.3g}×" if line.kind in ("faster", "ratio") else f"{value:.3g} {line.unit}"
    return (
        f"| {line.name} | {line.what} | {ours:.3g} {line.unit} | {theirs} | {figure} | {target} | "
        + ("✓ |" if met else "✗ |"),
        met,
    )


def write_table(rows: dict):
    """Rows measured now replace or join those in the README, in the order of the lines."""
    text = README.read_text(encoding="utf-8")
    if BEGIN not in text:
        return
    before, rest = text.split(BEGIN, 1)
    old, after = rest.split(END, 1)
    known = {r.split("|")[1].strip(): r for r in old.splitlines()[3:] if r.startswith("|")}
    order = [line.name for line in all_lines()]
    table = "\n".join((known | rows)[name] for name in order if name in known | rows)
    README.write_text(f"{before}{BEGIN}\n{HEAD}\n{table}\n{END}{after}", encoding="utf-8")


def main(patterns) -> int:
    lines = [li for li in all_lines() if not patterns or any(fnmatch(li.name, p) for p in patterns)]
    if not lines:
        print(f"no line matches {patterns}; lines: {', '.join(li.name for li in all_lines())}")
        return 2
    print(HEAD)
    rows = {}
    for line in lines:
        rows[line.name], _ = row(line)
        print(rows[line.name], flush=True)
    write_table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
