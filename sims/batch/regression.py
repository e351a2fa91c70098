"""Many scenario files run as a regression test.

Case        file, name, verdict, sentence, seconds
check_all   yields a Case for each file, in their order
check_twice the same, and whether each gives the same bits again
"""

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from robocalc.errors import RobocalcError, ScenarioError, Unstable
from sims.batch.outcome import TaskFailed
from sims.batch.pool import Pool, check_timeout
from sims.result import VERDICTS

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
    """verdict: accepted | rejected | infeasible | diverged, unsteady (accepted, but other bits another time), failed
    (crashed or over its time limit), or invalid: the file is no scenario. why: a sentence for all but the accepted.
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
        """In each worker, before its time counts."""
        warm_up()


def warm_up():
    """Imports and kernels that every run needs."""
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
            yield Case(done.item, *done.value, done.seconds) if done.ok else _without_verdict(done, done.item)
            meter.step(failed=not done.ok)


def check_twice(files, *, overrides=(), workers=None, timeout=None, progress=None):
    """check_all, each file run three times: again at once, and in the end, in other processes and another order.

    A Case whose bits are not the same each time is `unsteady`, unless it is not accepted anyway; `why` says what
    differs first. timeout: [s] of each run.
    """
    from sims.batch.progress import Meter
    from sims.batch.twice import Elsewhere, First

    files, limit = list(files), check_timeout(timeout)
    meter, cases = Meter(progress, 2 * len(files), what="scenarios, twice"), {}
    with TemporaryDirectory(prefix="robocalc-") as folder:
        first, elsewhere = (made(Path(folder), tuple(overrides)) for made in (First, Elsewhere))
        with Pool(workers, limit and 2 * limit) as pool:
            for done in pool.map(first, enumerate(files), setup=warm_up):
                cases[done.index] = _first_case(done)
                meter.step(failed=not done.ok)
        ran = [(i, files[i]) for i, case in reversed(cases.items()) if case.verdict in (*VERDICTS, "unsteady")]
        with Pool(1 if workers == 0 else workers, limit) as pool:  # never this process
            for done in pool.map(elsewhere, ran, setup=warm_up):
                number = done.item[0]
                cases[number] = _second_case(cases[number], done)
                meter.step(failed=not done.ok)
    yield from cases.values()


def _first_case(done) -> Case:
    if not done.ok:
        return _without_verdict(done, done.item[1])
    name, verdict, why, found = done.value
    return _unsteady(Case(done.item[1], name, verdict, why, done.seconds), "again in the same process", found)


def _second_case(case, done) -> Case:
    if not done.ok:
        other = _without_verdict(done, case.file)
        return replace(other, name=case.name, why=f"{case.verdict} at first, then in another process: {other.why}")
    return _unsteady(replace(case, seconds=case.seconds + done.seconds), "in another process", done.value)


def _unsteady(case, where, found) -> Case:
    if not found:
        return case
    why = "; ".join(part for part in (case.why, f"{where}, {'; '.join(found)}") if part)
    return replace(case, verdict="unsteady" if case.accepted else case.verdict, why=why)


def _without_verdict(done, file) -> Case:
    """Of a file that is no scenario, or whose run did not end."""
    if isinstance(done.error, ScenarioError | Unstable):
        return Case(file, file.stem, "invalid", str(done.error), done.seconds)
    why = str(done.error.args[1]) if isinstance(done.error, TaskFailed) else _kind(done.error)
    return Case(file, file.stem, "failed", why, done.seconds)


def _kind(error) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
