"""Differential dynamic programming on a 7-joint reach, T = 100 nodes, against Crocoddyl's FDDP in one process.

Crocoddyl's wheel works with pinocchio 4.0.0 only, which is not the one tested with: the lines make an environment of
their own, .venv-crocoddyl, once.
"""

import json
import os
import subprocess
import sys
from functools import cache, partial
from pathlib import Path

from tests.benchmarks.harness import Line

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".venv-crocoddyl"
PINNED = ("pin==4.0.0", "crocoddyl==3.2.1")
SHARED = ("numpy", "numba", "scipy", "casadi")  # what robocalc needs here, in the versions that it is tested with
PEER = "Crocoddyl 3.2.1, FDDP"


@cache
def _figures() -> dict:
    """What crocoddyl_reach.py prints; ImportError where Crocoddyl cannot be installed."""
    python = PLACE / "bin" / "python"
    try:
        if not python.is_file():
            subprocess.run([sys.executable, "-m", "venv", str(PLACE)], check=True)
        known = subprocess.run(
            [str(python), "-c", "import crocoddyl, pinocchio, numba, casadi, scipy"], capture_output=True
        )
        if known.returncode:
            pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
            subprocess.run([*pip, *PINNED, *_versions()], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ImportError(f"an environment with {', '.join(PINNED)} ({error})") from error
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = [str(python), "-m", "tests.benchmarks.crocoddyl_reach"]
    done = subprocess.run(run, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _versions():
    pins = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in pins if line.split("==")[0] in SHARED]


def _milliseconds(name):
    return tuple(1e3 * x for x in _figures()[name])


def _distance():
    ours, theirs = _figures()["cost"]
    return abs(ours / theirs - 1), None


LINES = [
    Line(
        "ddp-iteration",
        "Panda reach, T = 100: one whole iteration (derivatives, backward, forward)",
        PEER,
        "ratio",
        1.0,
        "ms",
        partial(_milliseconds, "iteration"),
    ),
    Line(
        "ddp-total",
        "the same from the statement of the problem to the plan; the peer from its ready problem",
        PEER,
        "ratio",
        1.0,
        "ms",
        partial(_milliseconds, "total"),
    ),
    Line("ddp-cost", "the same: distance of the costs, relative", PEER, "at_most", 1e-6, "", _distance),
]
