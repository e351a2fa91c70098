"""Whether a scenario gives the same bits again: at once in the same process, and in another one.

Evidence      what is compared of a run: verdict, plan, metrics, every array of the log
First         (number, file) -> judged, run again, compared; its evidence kept in a folder
Elsewhere     (number, file) -> compared with that evidence, in a process that has run other things

What a machine takes is left out: timings, and the metrics WALL_CLOCK.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sims.batch.attempt import WALL_CLOCK
from sims.log import Log
from sims.record.logs import compare, read_log, write_log

SHOWN = 3  # differences of metrics in a sentence


@dataclass(frozen=True)
class Evidence:
    """facts    what is not a number: verdict, why, how often planned again, names of the path's parts
    numbers  metric or part of the plan -> array
    log      or None, of what was not run
    """

    facts: dict
    numbers: dict
    log: Log | None
    joints: tuple = ()

    @classmethod
    def of(cls, made) -> "Evidence":
        """Of a sims.run.Run."""
        facts = {"verdict": made.verdict, "why": made.why, "replans": made.replans}
        numbers = {f"metric {k}": [m.value] for k, m in made.metrics.items() if k not in WALL_CLOCK}
        numbers |= {f"moment of {k}": [m.time] for k, m in made.metrics.items() if k not in WALL_CLOCK and m.time}
        motion = made.plan.trajectory if made.plan.solved else None
        if motion is not None:
            numbers |= {"the plan's times": motion.knots, "the plan's motion": motion.coeffs}
        numbers |= {"times of planning again": made.replanned}
        numbers = {name: np.asarray(x, float) for name, x in numbers.items()}
        return cls(facts, numbers, made.log, tuple(made.robot.joints))

    def save(self, folder: Path):
        """Into a folder that is made."""
        folder.mkdir(parents=True)
        (folder / "facts.json").write_text(json.dumps([self.facts, list(self.numbers)]), encoding="utf-8")
        np.savez(folder / "numbers.npz", *self.numbers.values())
        if self.log is not None:
            write_log(folder / "log.npz", self.log, self.joints)

    @classmethod
    def load(cls, folder: Path) -> "Evidence":
        """What `save` kept, every bit of it."""
        facts, names = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        with np.load(folder / "numbers.npz") as stored:
            numbers = {name: stored[f"arr_{i}"] for i, name in enumerate(names)}
        log = read_log(folder / "log.npz")[0] if (folder / "log.npz").exists() else None
        return cls(facts, numbers, log)


def differences(a: Evidence, b: Evidence) -> list:
    """Sentences about what differs, the first in the order in which a run comes about; [] where every bit is equal."""
    found = [f"{key} is {a.facts[key]!r}, then {b.facts[key]!r}" for key in a.facts if a.facts[key] != b.facts[key]]
    names = [name for name in dict.fromkeys([*a.numbers, *b.numbers]) if _differ(a.numbers, b.numbers, name)]
    plans = [name for name in names if name.startswith("the plan")]
    found = [f"{name} differ{_amount(a.numbers, b.numbers, name)}" for name in plans] + found
    if (a.log is None) != (b.log is None):
        found.append("one has a log, the other has none")
    elif a.log is not None:
        parted = compare(a.log, b.log, a.joints or b.joints)
        found += [] if parted.same else [parted.sentence.removeprefix("not identical: ")]
    others = [name for name in names if name not in plans]
    found += [f"{name} differs{_amount(a.numbers, b.numbers, name)}" for name in others[:SHOWN]]
    return found + ([f"{len(others) - SHOWN} more metrics differ"] if len(others) > SHOWN else [])


def _differ(a, b, name) -> bool:
    return name not in a or name not in b or a[name].shape != b[name].shape or a[name].tobytes() != b[name].tobytes()


def _amount(a, b, name) -> str:
    if name not in a or name not in b:
        return ": one run has none"
    if a[name].shape != b[name].shape:
        return f" in shape: {a[name].shape}, then {b[name].shape}"
    return f" by {np.nanmax(np.abs(a[name] - b[name])):.3g}"


@dataclass(frozen=True)
class First:
    """(number, file) -> (name, verdict, why, what differs at once), in a worker; evidence goes to `folder`/number."""

    folder: Path
    overrides: tuple = ()

    def __call__(self, item):
        number, file = item
        made = _run(file, self.overrides)
        evidence = Evidence.of(made)
        evidence.save(self.folder / str(number))
        found = differences(evidence, Evidence.of(_run(file, self.overrides)))
        return made.scenario.name, made.verdict, "" if made.accepted else made.why, found


@dataclass(frozen=True)
class Elsewhere:
    """(number, file) -> what differs from the evidence."""

    folder: Path
    overrides: tuple = ()

    def __call__(self, item):
        number, file = item
        return differences(Evidence.load(self.folder / str(number)), Evidence.of(_run(file, self.overrides)))


def _run(file, overrides):
    from sims.run import run
    from sims.scenario import Scenario

    return run(Scenario.load(file, overrides))
