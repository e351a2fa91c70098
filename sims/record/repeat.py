"""Running a stored run again."""

from typing import NamedTuple

from robocalc.errors import InvalidInput
from sims.record.logs import Comparison, compare
from sims.record.read import read_run
from sims.record.versions import collect_versions
from sims.record.write import SCENARIO


class Reproduction(NamedTuple):
    """same: every bit of the log; sentence for a person; comparison; versions that differ: name -> (then, now)."""

    same: bool
    sentence: str
    comparison: Comparison
    changed: dict


def reproduce(folder, rerun) -> Reproduction:
    """Run the resolved scenario of a run folder again, and compare the logs bit for bit.

    rerun    called with the path of scenario.resolved.yaml; returns a Log, or an object with `.log`
    raises   InvalidInput where the folder has no scenario or no log that could be compared
    """
    stored = read_run(folder)
    if stored.log is None or not stored.scenario_text:
        raise InvalidInput(f"{folder} cannot be reproduced: {'; '.join(stored.problems) or 'it has no log'}")
    result = rerun(stored.folder / SCENARIO)
    log = getattr(result, "log", result)
    if log is None:
        raise InvalidInput(f"{folder} cannot be reproduced: the scenario gave no log this time")
    found = compare(stored.log, log, stored.joints)
    changed = changed_versions(stored.versions, collect_versions())
    sentence = found.sentence
    if changed and not found.same:
        words = ", ".join(f"{name} {then} then, {now} now" for name, (then, now) in changed.items())
        sentence += f"; other versions: {words}"
    return Reproduction(found.same, sentence, found, changed)


def changed_versions(then, now) -> dict:
    """name -> (then, now) for every program or platform that is not the same."""
    return {name: (then[name], now.get(name)) for name in then if name != "hashes" and then[name] != now.get(name)}
