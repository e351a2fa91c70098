"""Reading a run folder as far as it can be read: what is missing or damaged becomes a sentence, never a crash.

read_run     StoredRun
StoredRun    figures, log and texts of a run; `.problems` says what is not there
"""

import json
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from robocalc.errors import InvalidInput
from sims.log import Log
from sims.record.logs import digest_log, read_log
from sims.record.write import FORMAT, LOG, METRICS, SCENARIO, VERSIONS

CHECKED = (METRICS, VERSIONS, SCENARIO, LOG)  # these say themselves what is wrong with them
DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error, EOFError)


@dataclass(frozen=True)
class StoredRun:
    """metrics: name -> (value, unit, time of the worst or None); value NaN where it was not a number.

    log, joints     None and () where there is none        problems   sentences; () for a run that is whole
    """

    folder: Path
    scenario: str = ""
    verdict: str = ""
    outcome: str = ""
    metrics: dict = field(default_factory=dict)
    acceptance: tuple = ()
    plan: dict = field(default_factory=dict)
    error_budget: dict = field(default_factory=dict)  # as sims.report.budget.Budget.to_dict; {} where there is none
    timings: dict = field(default_factory=dict)
    warnings: tuple = ()
    log: Log | None = None
    joints: tuple = ()
    prismatic: tuple = ()
    units: dict = field(default_factory=dict)
    scenario_text: str = ""
    versions: dict = field(default_factory=dict)
    problems: tuple = ()

    @property
    def accepted(self) -> bool:
        return self.verdict == "accepted"

    @property
    def scenario_path(self) -> Path:
        return self.folder / SCENARIO


def read_run(folder, *, with_log=True) -> StoredRun:
    """The run in a folder; raises InvalidInput only where there is no folder.

    with_log   False: figures and texts only, in milliseconds
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InvalidInput(f"no run folder at {folder}")
    problems = []
    summary = _json(folder / METRICS, problems)
    versions = _json(folder / VERSIONS, problems)
    if summary and summary.get("format") != FORMAT:
        problems.append(
            f"{METRICS} has format {summary.get('format')!r}, this robocalc writes {FORMAT!r}; read as far as it goes"
        )
    log, joints, prismatic, units = None, (), (), {}
    written = set(_list(summary, "files")) or {LOG}
    if with_log and (LOG in written or (folder / LOG).exists()):
        log, joints, prismatic, units = _log(folder / LOG, versions, problems)
    problems += [
        f"{name} is missing" for name in sorted(written) if name not in CHECKED and not (folder / name).exists()
    ]
    return StoredRun(
        folder=folder,
        scenario=str(summary.get("scenario", "")),
        verdict=str(summary.get("verdict", "")),
        outcome=str(summary.get("outcome", "")),
        metrics=_metrics(summary, problems),
        acceptance=tuple(row for row in _list(summary, "acceptance") if isinstance(row, dict)),
        plan=_dict(summary, "plan"),
        error_budget=_dict(summary, "error_budget"),
        timings=_dict(summary, "timings"),
        warnings=tuple(map(str, _list(summary, "warnings"))),
        log=log,
        joints=joints,
        prismatic=prismatic,
        units=units,
        scenario_text=_text(folder / SCENARIO, problems),
        versions=versions,
        problems=tuple(problems),
    )


def _text(path, problems):
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problems.append(f"{path.name} is missing")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path.name} cannot be read: {error}")
    return ""


def _json(path, problems):
    text = _text(path, problems)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        problems.append(f"{path.name} is damaged: {error}")
        return {}
    if not isinstance(found, dict):
        problems.append(f"{path.name} is damaged: it holds no mapping")
        return {}
    return found


def _dict(summary, key):
    return summary[key] if isinstance(summary.get(key), dict) else {}


def _list(summary, key):
    return summary[key] if isinstance(summary.get(key), list) else []


def _metrics(summary, problems):
    metrics = {}
    for name, figure in _dict(summary, "metrics").items():
        try:
            value = figure["value"]
            metrics[name] = (float("nan") if value is None else float(value), str(figure["unit"]), figure.get("time"))
        except (TypeError, KeyError, ValueError, AttributeError):
            problems.append(f"{METRICS}: {name} is not a value with a unit")
    return metrics


def _log(path, versions, problems):
    nothing = None, (), (), {}
    if not path.is_file():
        problems.append(f"{path.name} is missing")
        return nothing
    try:
        log, header, _ = read_log(path)
    except DAMAGE as error:
        problems.append(f"{path.name} is damaged: {error}")
        return nothing
    wanted = _dict(versions, "hashes").get("log")
    if wanted is not None and wanted != digest_log(log):
        problems.append(f"{path.name} is not the log that was written: its hash differs from the one in {VERSIONS}")
    return log, header.joints, header.prismatic, header.units
