"""Writing a run folder: whole, or not at all, and never at the cost of what was computed.

write_run     into a hidden sibling, flushed to the disk, renamed at the end
ready         asks before the work whether the folder can be written
RunNotSaved   the disk refused
"""

import contextlib
import errno
import glob
import json
import math
import os
import shutil
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput, RobocalcError
from sims.record.logs import digest_log, write_log
from sims.record.versions import collect_versions

FORMAT = "robocalc-run/1"
METRICS, LOG, SCENARIO, VERSIONS = "metrics.json", "log.npz", "scenario.resolved.yaml", "versions.json"
REPORT, PLOTS, FRAMES = "report.html", "plots", "frames"
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class RunNotSaved(RobocalcError):
    """The run was computed, but the disk refused it: folder and reason are in the sentence."""

    exit_code = 4


class Written(NamedTuple):
    """Where the run is, and sentences about parts that could not be made."""

    folder: Path
    warnings: tuple = ()


def ready(folder) -> Path:
    """The absolute path of a run folder that can be written; makes its parents.

    raises InvalidInput   the place is a file, a folder with other things in it, or may not be written
    """
    folder = Path(os.path.realpath(folder))  # a link stays, what it points to is replaced
    if folder.exists() and not folder.is_dir():
        raise InvalidInput(f"{folder} is a file; give the run folder another name")
    if folder.is_dir() and not _is_run(folder) and any(folder.iterdir()):
        raise InvalidInput(f"{folder} holds other things than a run; give an empty or a new folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"{folder.parent} cannot be made: {error.strerror or error}") from None
    if not os.access(folder.parent, os.W_OK | os.X_OK):
        raise InvalidInput(f"{folder.parent} may not be written to")
    return folder


def _is_run(folder):
    return (folder / METRICS).is_file() or (folder / LOG).is_file()


def write_run(
    folder,
    *,
    scenario=None,
    log=None,
    metrics=None,
    acceptance=(),
    verdict="",
    outcome="",
    plan_info=None,
    timings=None,
    warnings=(),
    versions=None,
    robot=None,
    report=None,
    plots=None,
    frames=None,
    error_budget=None,
) -> Written:
    """Write the run folder; an older run of the same name is replaced in the last moment.

    scenario     has `.save(path)` (and `.name`, `.digest`), or is the text of the file
    log          sims.log.Log, or None where planning failed
    metrics      name -> (value, unit) or (value, unit, time of the worst moment)
    acceptance   rows with metric, value, unit, min, max, ok, time: objects or mappings
    verdict      accepted | rejected | infeasible | diverged;  outcome  the sentence, or an Enum whose value it is
    plan_info    plain data about the plan;  timings  name -> s
    versions     by default collect_versions(robot, scenario); the log's hash is added
    robot        names and kinds of the joints, for the log's header
    error_budget has `.to_dict()`, or None
    report       called with the path of report.html, plots and frames with that of a folder: each writes there.
                 What they raise becomes a warning: the log and the metrics are kept
    raises       InvalidInput for a place that cannot be used, RunNotSaved when the disk is full or broken; then
                 nothing is left that looks like a run. Ctrl-C while plots are made keeps the run, and goes on
    """
    folder = ready(folder)
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}-{os.urandom(4).hex()}")
    notes = list(warnings)
    try:
        partial.mkdir()
        hashes = _essentials(partial, scenario, log, versions, robot)
        interrupted = _extras(partial, plots, report, frames, notes)
        summary = {
            "format": FORMAT,
            "scenario": getattr(scenario, "name", ""),
            "verdict": verdict,
            "outcome": _sentence(outcome),
            "metrics": {name: _metric(*figure) for name, figure in (metrics or {}).items()},
            "acceptance": [_row(row) for row in acceptance],
            "plan": plan_info or {},
            "error_budget": None if error_budget is None else error_budget.to_dict(),
            "timings": dict(timings or {}),
            "warnings": notes,
            "files": sorted(path.name for path in partial.iterdir()),
            "hashes": hashes,
        }
        _finish(partial, folder, summary)
    except OSError as error:
        raise RunNotSaved(_refusal(folder, error)) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if interrupted is not None:
        raise interrupted
    return Written(folder, tuple(notes))


def _essentials(partial, scenario, log, versions, robot):
    """Scenario, log and versions; returns the hashes."""
    if scenario is not None:
        if isinstance(scenario, str):
            (partial / SCENARIO).write_text(scenario, encoding="utf-8")
        else:
            _unwrapped(scenario.save, partial / SCENARIO)
    versions = dict(collect_versions(robot, scenario) if versions is None else versions)
    hashes = dict(versions.get("hashes", {}))
    if log is not None:
        write_log(partial / LOG, log, *_columns(robot, log))
        hashes["log"] = digest_log(log)
    versions["hashes"] = hashes
    _write_json(partial / VERSIONS, versions)
    for path in partial.iterdir():
        _flush(path)
    return hashes


def _unwrapped(save, path):
    """A scenario's own saving says InvalidInput where the disk is full; here it must stay the disk's fault."""
    try:
        save(path)
    except InvalidInput as error:
        cause = error.__cause__ or error.__context__
        raise cause if isinstance(cause, OSError) else error from None


def _columns(robot, log):
    if robot is None or len(robot.joints) != log.joint.shape[2]:
        return (), None
    return robot.joints, np.asarray(robot.model().tree)[:, 1] == 1


def _extras(partial, plots, report, frames, notes):
    """Plots, report, frames; what fails is told in notes. Returns the KeyboardInterrupt that ended it, or None."""
    wanted = (("plots", plots, PLOTS), ("report", report, REPORT), ("frames", frames, FRAMES))
    for what, make, path in ((what, make, partial / name) for what, make, name in wanted):
        if make is None:
            continue
        try:
            make(path)
        except KeyboardInterrupt as stop:
            notes.append(f"{what} not made: interrupted")
            _remove(path)
            return stop
        except Exception as error:  # whatever goes wrong in a picture, the run is kept
            full = isinstance(error, OSError) and error.errno in FULL
            reason = "no space left on the disk" if full else f"{type(error).__name__}: {error}"
            notes.append(f"{what} not made: {reason}")
            _remove(path)
    return None


def _finish(partial, folder, summary):
    """metrics.json last, then the name. A disk that is full now gives up pictures before figures."""
    try:
        _write_json(partial / METRICS, summary)
    except OSError as error:
        if error.errno not in FULL or not any((partial / name).exists() for name in (REPORT, PLOTS, FRAMES)):
            raise
        for name in (REPORT, PLOTS, FRAMES):
            _remove(partial / name)
        summary["warnings"].append("plots, report and frames left out: no space left on the disk")
        summary["files"] = sorted(path.name for path in partial.iterdir() if path.name != METRICS)
        _write_json(partial / METRICS, summary)
    for path in partial.rglob("*"):
        if path.is_file():
            _flush(path)
    _flush(partial)
    older = folder.with_name(f".{folder.name}.old-{os.getpid()}-{os.urandom(4).hex()}")
    had = folder.exists()
    if had:
        os.rename(folder, older)
    try:
        os.rename(partial, folder)
    except BaseException:  # Ctrl-C too: the older run gets its name back
        if had:
            os.rename(older, folder)
        raise
    _flush(folder.parent)
    if had:
        shutil.rmtree(older, ignore_errors=True)
    for leftover in folder.parent.glob(f".{glob.escape(folder.name)}.partial-*"):
        if _abandoned(leftover):  # of a process that was killed: this run takes its place
            shutil.rmtree(leftover, ignore_errors=True)


def _abandoned(leftover):
    """Whether the process that writes a partial folder is gone; where that cannot be asked, no."""
    number = leftover.name.rpartition(".partial-")[2].split("-")[0]
    if os.name == "nt" or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _remove(path):
    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _flush(path):
    """To the disk, where the system can say so; a refusal of the disk is raised, a folder that cannot is not."""
    with contextlib.suppress(PermissionError):
        handle = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
        try:
            with contextlib.suppress(PermissionError):
                os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(handle)


def _refusal(folder, error):
    if error.errno in FULL:
        return f"the run could not be saved to {folder}: no space left on the disk; free some and run it again"
    return f"the run could not be saved to {folder}: {error.strerror or error}"


# plain data -----------------------------------------------------------------------------------------------------------


def _write_json(path, data):
    text = json.dumps(plain(data), indent=2, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def plain(value):
    """As JSON knows it: numbers that are not finite become null, enumerations their value, arrays lists."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, str) else str(value)


def _metric(value, unit, time=None):
    return {"value": value, "unit": unit} | ({} if time is None else {"time": time})


def _row(row):
    keys = ("metric", "value", "unit", "min", "max", "bound", "ok", "time")
    found = row if isinstance(row, Mapping) else {key: getattr(row, key) for key in keys if hasattr(row, key)}
    return {key: found[key] for key in keys if key in found}


def _sentence(outcome):
    return str(outcome.value if isinstance(outcome, Enum) else "" if outcome is None else outcome)
