"""One run of a sweep, as a worker does it.

Attempt   (run, label, values) -> record: what the journal keeps of it
"""

import contextlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sims.record.write import plain

BRIEFLY = 0.01  # [s] of simulation that load all that a run needs
WALL_CLOCK = ("time.real_time_factor",)  # metrics of the machine, not of the run: no two workers agree on them


@dataclass(frozen=True)
class Attempt:
    """The scenario with other values, run: verdict, why, metrics.

    keep     run folders: all, failed (of what was not accepted) or none;  folder  where they go
    """

    scenario: object
    keep: str = "none"
    folder: Path | None = None

    def __call__(self, item) -> dict:
        run, label, values = item
        made = _quick()(self.scenario.with_(values))
        if self.keep == "all" or (self.keep == "failed" and not made.accepted):
            self._save(made, run)
        metrics = {name: metric.value for name, metric in made.metrics.items() if name not in WALL_CLOCK}
        why = "" if made.accepted else made.why
        record = {"run": run, "item": label, "values": values, "verdict": made.verdict, "why": why, "metrics": metrics}
        return plain(record)

    def prepare(self):
        """In each worker, before its time counts: what takes long only once, imports and kernels."""
        quick = _quick()
        with contextlib.suppress(Exception):  # each run will say so for itself
            quick(self.scenario.with_({"task": [{"do": "wait", "duration": BRIEFLY}], "accept": {}}))

    def _save(self, made, run):
        from sims.keep import keep_somewhere
        from sims.record import ready

        keep_somewhere(made, ready(self.folder / f"{run:06d}"), plots=False, report=False)


@cache
def _quick():
    from sims.batch.quick import Quick

    return Quick()
