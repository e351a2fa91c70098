"""A Scenario as text, and its digest.

to_dict    all values as plain data, tags first
to_yaml    the same as YAML that reads back to equal values, bit for bit
digest     SHA-256 over the content
"""

import hashlib
import json
import os
from pathlib import Path

import yaml

from robocalc.errors import InvalidInput
from sims.scenario.yaml_file import Unreadable, parse

_FIRST = ("format", "do", "shape", "type", "name")  # what says the kind of a mapping leads it
WIDTH = 118


class _Dumper(yaml.SafeDumper):
    """Short lists in one line, quotes where our reader needs them; floats read back to the same bits."""

    def ignore_aliases(self, data):
        return True


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style='"' if not text.isprintable() or _misread(text) else None
    ),
)
_Dumper.add_representer(
    dict,
    lambda dumper, items: dumper.represent_mapping(
        "tag:yaml.org,2002:map",
        items,
        flow_style=len(items) < 3 and not any(isinstance(x, dict) for x in items.values()),
    ),
)
_Dumper.add_representer(
    list,
    lambda dumper, items: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", items, flow_style=not any(isinstance(x, (dict, list)) for x in items)
    ),
)


def _misread(text: str) -> bool:
    """Whether our reader would not take the plain text as text: numbers, mostly."""
    try:
        source = parse(text)
    except Unreadable:
        return True
    return source.data != text or bool(source.problems)


def _ordered(value):
    if isinstance(value, dict):
        keys = [key for key in _FIRST if key in value] + [key for key in value if key not in _FIRST]
        return {key: _ordered(value[key]) for key in keys}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def to_dict(scenario) -> dict:
    """All values, defaults included, as dicts, lists, numbers and strings; what is left out stays out."""
    return _ordered(scenario.model_dump(mode="json", exclude_none=True))


def to_yaml(scenario) -> str:
    """YAML text of all values."""
    text = yaml.dump(to_dict(scenario), Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)
    return f"# Resolved: every value of this run, defaults included; SI units.\n{text}"


def save(scenario, path):
    """Write `to_yaml`, whole or not at all; raises InvalidInput when the place cannot be written."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        part.write_text(to_yaml(scenario), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InvalidInput(f"{path}: cannot be written: {error.strerror or error}") from None


def digest(scenario) -> str:
    """SHA-256 of the canonical JSON; a file's name is replaced by its content's hash."""
    data = to_dict(scenario)
    robots = [item["robot"] for item in (data, *data["partners"])]
    for part in (*robots, data.get("learned"), *data["world"]):
        if part and "file" in part:
            path = Path(part["file"])
            part["file"] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else part["file"]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
