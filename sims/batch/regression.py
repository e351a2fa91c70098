"""Many scenario files run as a regression test.

Case        file, name, verdict, sentence, seconds
check_all   yields a Case for each file, in their order
"""

from dataclasses import dataclass
from pathlib import Path

from robocalc.errors import ScenarioError
from sims.batch.pool import Pool


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


def check_all(files, *, overrides=(), workers=None, timeout=None, progress=None):
    """Load, run and judge each file in a pool; a file that crashes its worker is a Case like the others.

    progress   called with (share of the work done, sentence)
    """
    from sims.batch.progress import Meter

    files = list(files)
    meter = Meter(progress, len(files), what="scenarios")
    with Pool(workers, timeout) as pool:
        for done in pool.map(Judge(tuple(overrides)), files):
            if done.ok:
                yield Case(done.item, *done.value, done.seconds)
            elif isinstance(done.error, ScenarioError):
                yield Case(done.item, done.item.stem, "invalid", str(done.error), done.seconds)
            else:
                why = " ".join(f"{type(done.error).__name__}: {done.error}".split())
                yield Case(done.item, done.item.stem, "failed", why, done.seconds)
            meter.step(failed=not done.ok)
