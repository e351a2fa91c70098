"""From text to a checked Scenario: read, override, validate, check; all problems at once, each with its place.

    load(path, overrides)             from a file
    build(data, overrides)            from plain data
    with_changes(scenario, changes)   a copy with other values

An override is (key, value) or (key, value, what messages call it). Dots separate the parts of a key, items of a list go
by index or by their name: ('world.post.radius', 0.04).
"""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from robocalc import __version__
from sims.scenario import say
from sims.scenario.check import check
from sims.scenario.complete import complete
from sims.scenario.document import Document, absolute_files, brief, override, plain
from sims.scenario.salvage import salvage
from sims.scenario.schema import FORMAT, Scenario
from sims.scenario.units import show
from sims.scenario.yaml_file import Unreadable, parse

LARGEST = 20_000_000  # [bytes] of a scenario file


def load(path, overrides=()) -> Scenario:
    """Read, override, check. Raises ScenarioError with every problem as `file:line:column: error: key: what`."""
    document = read(Path(path))
    return finish(document, Path(path).parent, overrides)


def build(data: Any, overrides=(), folder=".", label="scenario") -> Scenario:
    """A Scenario from plain data (dicts, lists, numbers, strings); raises like `load`."""
    document = Document(plain(data), label)
    if not isinstance(data, dict):
        document.complain((), f"a scenario is a mapping of keys, got {show(data)}")
        document.raise_problems()
    return finish(document, Path(folder), overrides)


def with_changes(scenario: Scenario, changes: dict) -> Scenario:
    """A copy of `scenario` with the values under dotted keys replaced; raises like `load`."""
    overrides = [(str(key), plain(value)) for key, value in changes.items()]
    document = Document(scenario.to_dict(), "scenario")
    return finish(document, Path("."), overrides, prefix="")


def read(path: Path) -> Document:
    """The file as plain data; ScenarioError when it cannot be read as one mapping."""
    document = Document(None, str(path))
    try:
        source = parse(_text(path))
    except Unreadable as error:
        document.complain((), error.args[0], error.args[1])
        document.raise_problems()
    document.data, document.marks = source.data, source.marks
    if source.data is None:
        document.complain((), "the file is empty; `robocalc new FILE` writes a starter", (1, 1))
    elif not isinstance(source.data, dict):
        document.complain((), f"a scenario is a mapping of keys, got {show(source.data)}")
    for at, message, mark in source.problems:
        document.complain(at, message, mark)
        document.broken += [at] if at else []
    if not isinstance(source.data, dict):
        document.raise_problems()
    return document


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise Unreadable("is a folder; a scenario is a YAML file", None)
        if path.is_file() and path.stat().st_size > LARGEST:
            raise Unreadable(f"larger than {LARGEST // 1_000_000} MB: no scenario file", None)
        raw = path.read_bytes()
    except FileNotFoundError:
        gone = f"a link to {path.readlink()}, which is not there" if path.is_symlink() else f"no such file{_near(path)}"
        raise Unreadable(gone, None) from None
    except (OSError, ValueError) as error:
        raise Unreadable(f"cannot be read: {getattr(error, 'strerror', None) or error}", None) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise Unreadable(f"not UTF-8 text (byte 0x{raw[error.start]:02x})", (line, column)) from None


def _near(path: Path) -> str:
    try:
        names = [p.name for p in path.parent.iterdir() if p.suffix in (".yaml", ".yml")]
    except OSError:
        return ""
    hint = say.did_you_mean(path.name, names)
    return hint if "did you mean" in hint else ""


def finish(document: Document, folder: Path, overrides, prefix="--set ") -> Scenario:
    """Override, validate, check; raises ScenarioError with every problem found on the way."""
    _refuse_other_format(document)
    absolute_files(document.data, folder)
    for key, value, *label in overrides:
        override(document, key, value, *(label or [f"{prefix}{key}={brief(value)}"]))
    absolute_files(document.data, Path("."))
    try:
        scenario, wrong = Scenario.model_validate(document.data), ()
    except ValidationError as error:
        wrong = say.problems(error, Scenario)
        scenario = salvage(document.data, [path for path, _ in wrong])
    for path, message in wrong:
        if path not in document.broken:
            document.complain(path, f"{message}; write `format: {FORMAT}`" if path == ("format",) else message)
    touched = [*document.broken, *(path for path, _ in wrong)]
    if ("sim", "timestep") in touched:  # what was only measured by it
        touched += [("sim", "control_rate"), ("output", "log_rate"), ("sensors", "force_torque", "rate")]
    if ("sim", "control_rate") in touched:
        touched += [("sim", "planner_rate"), ("sim", "planner_latency")]
    for path, message in check(scenario) if scenario else ():
        if not any(path[: len(t)] == t or t[: len(path)] == path for t in touched):
            document.complain(path, message)
    document.raise_problems()
    return complete(scenario)


def _refuse_other_format(document: Document):
    """A file of another format would drown in errors: one says it all."""
    given = document.data.get("format", FORMAT)
    if given == FORMAT or not isinstance(given, str):
        return
    kind, _, version = given.partition("/")
    if kind == "robocalc" and version.isdigit() and int(version) > int(FORMAT.partition("/")[2]):
        message = f"format {given!r} is newer than robocalc {__version__} reads ({FORMAT}); update robocalc"
    elif kind == "robocalc-study":
        message = f"{given!r} is a study, not a scenario (format: {FORMAT})"
    else:
        message = f"unknown format {given!r}; this robocalc reads {FORMAT!r}"
    document.problems.clear()
    document.complain(("format",), message)
    document.raise_problems()
