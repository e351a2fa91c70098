"""The main job as a newcomer runs it: its CPU time with kernels cached, and the size of its report."""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.harness import Line


def demo(folder):
    """CPU seconds of `robocalc demo` as a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-m", "sims.cli", "demo", "--out", str(folder)], check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def demo_seconds():
    with tempfile.TemporaryDirectory() as room:
        demo(Path(room) / "warm")
        return min(demo(Path(room) / f"run{i}") for i in range(3)), None


def report_megabytes():
    with tempfile.TemporaryDirectory() as room:
        demo(Path(room) / "run")
        return (Path(room) / "run" / "report.html").stat().st_size / 1e6, None


LINES = [
    Line("run-demo-cpu", "Panda pick and place, plots and report included", "-", "at_most", 6.0, "s", demo_seconds),
    Line("run-report-size", "its report page", "-", "at_most", 2.5, "MB", report_megabytes),
]
