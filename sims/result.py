"""What a run is: everything that was planned, done, measured and judged.

Check   one row of the acceptance table
Run     plan, log, outcome, metrics, acceptance; `.verdict`, `.accepted`, `.why`
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from sims.engines.status import Outcome
from sims.log import Log
from sims.plan import TaskPlan

VERDICTS = ("accepted", "rejected", "infeasible", "diverged")


@dataclass(frozen=True)
class Check:
    """One row of the acceptance table: metric, value and unit, bounds, whether it holds, time of the worst moment."""

    metric: str
    value: float
    unit: str
    min: float | None
    max: float | None
    ok: bool
    time: float | None = None

    def __str__(self):
        wanted = [f"{word} {x:g}" for word, x in (("at least", self.min), ("at most", self.max)) if x is not None]
        found = "has no value in this run" if math.isnan(self.value) else f"= {self.value:.4g} {self.unit}".rstrip()
        return f"{self.metric} {found}, wanted {' and '.join(wanted)}"


@dataclass(frozen=True, eq=False)
class Run:
    """log, metrics and acceptance are empty where the plan failed; folder: where it was kept, or None."""

    scenario: object
    robot: object  # as its controller believes it
    plant_robot: object  # as it is
    world: tuple
    plan: TaskPlan
    outcome: Outcome | None = None
    log: Log | None = None
    metrics: dict = field(default_factory=dict)
    acceptance: tuple = ()
    reason: str | None = None
    unstable: str | None = None  # what the poles say of a loop that was run although it is unstable
    timings: dict = field(default_factory=dict)
    warnings: tuple = ()
    folder: Path | None = None
    paced: tuple = ()  # of a run that was steered: the plan's steps at the times at which they were done
    replans: int | None = None  # how often the motion was planned again, of a run that looked for that
    replanned: tuple = ()  # times [s] at which it was planned from where the robot was

    @property
    def verdict(self) -> str:
        """accepted | rejected (ran, but not accepted) | infeasible | diverged."""
        if not self.plan.solved:
            return "infeasible"
        if self.outcome is None or self.outcome.diverged:
            return "diverged"
        return "accepted" if self.outcome is Outcome.FINISHED and all(row.ok for row in self.acceptance) else "rejected"

    @property
    def accepted(self) -> bool:
        return self.verdict == "accepted"

    @cached_property
    def why(self) -> str:
        """One sentence for a person: how it ended, and what to look at."""
        if not self.plan.solved:
            return "; ".join(str(v) for v in self.plan.violations)
        if self.outcome is not Outcome.FINISHED:
            ended = f"{self.outcome.value} (t = {self.log.t[-1]:.3g} s)"
            if self.outcome.diverged:
                where = self.reason if self.outcome is Outcome.CHATTERS else None
                return "; ".join(filter(None, (ended, where, self.unstable)))
            return self.reason or ended
        failed = [str(row) for row in self.acceptance if not row.ok]
        return "; ".join(failed) if failed else "all acceptance thresholds are met"

    def _repr_html_(self):
        from sims.notebook import run

        return run(self)
