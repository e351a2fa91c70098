"""Many scenario files run as a regression test.

Case        file, name, verdict, sentence, seconds
check_all   yields a Case for each file, in their order
"""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from robocalc.errors import RobocalcError, ScenarioError
from sims.batch.outcome import TaskFailed
from sims.batch.pool import Pool

WARMING = {  # 10 ms of the smallest robot: all that every run loads
    "format": "robocalc/1",
    "name": "warming",
    "sim": {"engine": "twin"},
    "robot": {"model": "two_link"},
    "task": [{"do": "wait", "duration": 0.01}],
    "controller": {"type": "pd", "kp": 100, "kd": 10},
}


@dataclass(frozen=True)
class Case:
    """verdict: accepted | rejected | infeasible | diverged, failed (crashed or over its time limit), or invalid: the
    file is no scenario. why: a sentence for all but the accepted.
    """

    file: Path
    name: str
    verdict: str
    why: str = ""
    seconds: float = 0.0

    @property
    def accepted(self) -> bool:
        return self.verdict == "accepted"


@dataclass(frozen=True)
class Judge:
    """file -> (name, verdict, why), in a worker."""

    overrides: tuple = ()

    def __call__(self, file):
        from sims.run import run
        from sims.scenario import Scenario

        made = run(Scenario.load(file, self.overrides))
        return made.scenario.name, made.verdict, "" if made.accepted else made.why

    def prepare(self):
        """In each worker, before its time counts: imports and kernels."""
        from sims.engines.bullet import pybullet_module
        from sims.run import run
        from sims.scenario import Scenario

        with contextlib.suppress(RobocalcError):
            pybullet_module()
        with contextlib.suppress(RobocalcError):
            run(Scenario.of(WARMING))


def check_all(files, *, overrides=(), workers=None, timeout=None, progress=None):
    """Load, run and judge each file in a pool; a file that crashes its worker is a Case like the others.

    progress   called with (share of the work done, sentence)
    """
    from sims.batch.progress import Meter

    files = list(files)
    meter = Meter(progress, len(files), what="scenarios")
    judge = Judge(tuple(overrides))
    with Pool(workers, timeout) as pool:
        for done in pool.map(judge, files, setup=judge.prepare):
            if done.ok:
                yield Case(done.item, *done.value, done.seconds)
            elif isinstance(done.error, ScenarioError):
                yield Case(done.item, done.item.stem, "invalid", str(done.error), done.seconds)
            else:
                why = str(done.error.args[1]) if isinstance(done.error, TaskFailed) else _kind(done.error)
                yield Case(done.item, done.item.stem, "failed", why, done.seconds)
            meter.step(failed=not done.ok)


def _kind(error) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
