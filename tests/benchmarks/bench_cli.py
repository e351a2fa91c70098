"""CPU seconds of the command line's quick commands, start of Python included."""

import os
import resource
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.harness import Line

ROOT = Path(__file__).resolve().parent.parent.parent


def cpu(*arguments, blocks=5):
    """Smallest CPU seconds of a whole process over a few, user and system."""

    def once():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-c", "import sys; from sims.cli import main; sys.exit(main())", *arguments]
        subprocess.run(command, cwd=ROOT, env=os.environ, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(blocks))


LINES = [
    Line("cli-help", "robocalc --help", "-", "at_most", 0.3, "s", lambda: (cpu("--help"), None)),
    Line(
        "cli-check",
        "robocalc check of the Panda pick-and-place",
        "-",
        "at_most",
        0.6,
        "s",
        lambda: (cpu("check", "scenarios/panda_pick_and_place.yaml"), None),
    ),
]
