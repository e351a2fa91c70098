"""Many runs: what a second worker brings, and what 100,000 runs take while their workers are killed at random.

These are figures of processes side by side: time is that on the wall, so they want an otherwise idle machine.
"""

import contextlib
import os
import signal
import tempfile
import threading
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np

from tests.benchmarks.harness import Line, best

RUNS = 100_000
KILL_EVERY = 3.0  # [s]


def scenario(duration):
    """The two-link arm swings up by PID, in the twin."""
    from sims import Scenario

    return Scenario.of(
        {
            "format": "robocalc/1",
            "name": "swing",
            "sim": {"engine": "twin"},
            "robot": {"model": "two_link", "home": [-1.5708, 0]},
            "task": [{"do": "move", "to": {"joints": [-1.2, -0.2]}, "duration": duration}],
            "controller": {"type": "pid", "kp": 300, "ki": 600, "kd": 25, "feedforward": "inverse_dynamics"},
            "sensors": {"joint_position": {"std": 1e-4}},
        }
    )


class Watch:
    """Kills a worker now and then, and samples the memory of this process and its workers [bytes]."""

    def __init__(self, every=KILL_EVERY):
        self.every, self.over, self.peak, self.idle, self.killed = every, threading.Event(), 0, None, 0
        self.rng = np.random.default_rng(0)

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def watch(self):
        due = perf_counter() + self.every
        while not self.over.wait(0.2):
            workers = children()
            memory = sum(map(resident, [os.getpid(), *workers]))
            self.peak = max(self.peak, memory)
            if self.every and perf_counter() > due and workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(self.rng.choice(workers)), signal.SIGKILL)
                    self.killed += 1
                due = perf_counter() + self.every * (0.5 + self.rng.random())


def children():
    found = []
    for path in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(pid) for pid in path.read_text().split()]
    return found


def resident(pid) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


@cache
def hundred_thousand():
    """(runs without a result, peak memory above two idle workers [MB], runs a second)."""
    from sims import sweep

    base = scenario(0.1)
    with tempfile.TemporaryDirectory() as room, Watch(every=0) as idle:
        sweep(base, {"seed": "0..1999"}, workers=2, out=Path(room) / "idle", plots=False)
    with tempfile.TemporaryDirectory() as room, Watch() as watch:
        began = perf_counter()
        table = sweep(base, {"seed": f"0..{RUNS - 1}"}, workers=2, out=Path(room) / "sweep", plots=False)
        seconds = perf_counter() - began
    lost = RUNS - sum(n for verdict, n in table.count().items() if verdict != "failed")
    assert watch.killed > 5
    assert (np.sort(table["seed"]) == np.arange(RUNS)).all()
    print(f"batch: {RUNS / seconds:.0f} runs/s, {watch.killed} workers killed, {lost} runs lost")
    return lost, (watch.peak - idle.peak) / 1e6, RUNS / seconds


def workers_ratio():
    """Runs a second with two workers over those with one: medians of 5 pairs, begun alternately."""
    from sims.batch import Pool
    from sims.batch.attempt import Attempt

    attempt = Attempt(scenario(1.0))
    pools = [Pool(1), Pool(2)]
    items = [(i, "", {"seed": i}) for i in range(400)]

    def seconds(pool):
        began = perf_counter()
        for done in pool.map(attempt, items, ordered=False, setup=attempt.prepare):
            done.get()
        return perf_counter() - began

    with pools[0], pools[1]:
        for pool in pools:
            seconds(pool)
        ratios = [seconds(pools[0]) / seconds(pools[1]) for _ in range(5)]
    return float(np.median(ratios)), None


def quick_or_run():
    """CPU time [ms] of a run in a sweep, and of `sims.run` on the same scenario."""
    from sims import run
    from sims.batch.attempt import Attempt

    base = scenario(1.0)
    attempt = Attempt(base)
    attempt.prepare()
    ours, alone = best(lambda: attempt((0, "", {"seed": 1})), lambda: run(base.with_(seed=1)))
    return 1e3 * ours, 1e3 * alone


def unsteady():
    """Scenarios of the library that give other bits a second time, in the same process or in another one."""
    from pathlib import Path

    from sims.batch import check_twice

    folder = Path(__file__).parents[2] / "scenarios"
    files = sorted(file for file in folder.rglob("*.yaml") if file.parent.name != "studies")
    return sum(not case.accepted for case in check_twice(files)), None


LINES = [
    Line("batch-two-workers", "runs/s with two workers", "one worker", "at_least", 1.8, "×", workers_ratio),
    Line(
        "batch-lost",
        "100,000 runs, workers killed at random: lost",
        "-",
        "at_most",
        0,
        "runs",
        lambda: (hundred_thousand()[0], None),
    ),
    Line(
        "batch-memory",
        "the same: peak memory above idle",
        "-",
        "at_most",
        1000,
        "MB",
        lambda: (hundred_thousand()[1], None),
    ),
    Line(
        "batch-rate",
        "the same: twin runs of 0.1 s",
        "-",
        "at_least",
        300,
        "runs/s",
        lambda: (hundred_thousand()[2], None),
    ),
    Line(
        "batch-same-bits",
        "scenarios of the library, three runs each in two processes: not accepted with the same bits",
        "-",
        "at_most",
        0,
        "scenarios",
        unsteady,
    ),
    Line("batch-quick", "one run of 1 s, measured and judged", "sims.run", "faster", 4, "ms", quick_or_run),
]
