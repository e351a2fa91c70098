"""Plain data on its way to a Scenario, with the origin of each part, so that each problem can name its place.

Document    data, where it came from, what is wrong so far
override    set the value under a dotted key
plain       Python values (tuples, numpy arrays, models) as lists, numbers and dicts
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from robocalc.errors import ScenarioError
from sims.scenario import say
from sims.scenario.units import show


@dataclass
class Document:
    """Plain data under way to a Scenario, with where each part of it came from."""

    data: Any
    label: str  # file name or what stands for it
    marks: dict = field(default_factory=dict)  # path -> (line, column)
    changed: dict = field(default_factory=dict)  # path -> label of the override that set it
    broken: list = field(default_factory=list)  # paths whose YAML was wrong already
    problems: list = field(default_factory=list)  # (sort key, line of text)

    def complain(self, path: tuple, message: str, mark=None):
        """Note a problem at `path`: at the override that set it, else at its place in the file."""
        where = ".".join(map(str, path))
        text = f"error: {where}: {message}" if where else f"error: {message}"
        for n in range(len(path), -1, -1):
            if path[:n] in self.changed:
                return self.refuse(self.changed[path[:n]], text.removeprefix("error: "))
            if mark is None and path[:n] in self.marks:
                mark = self.marks[path[:n]]
        at = f"{self.label}:{mark[0]}:{mark[1]}" if mark else self.label
        self.problems.append(((1, *(mark or (0, 0))), f"{at}: {text}"))

    def refuse(self, label: str, message: str):
        """Note a problem with an override itself."""
        self.problems.append(((2, 0, 0), f"{label}: error: {message}"))

    def raise_problems(self):
        """ScenarioError with all problems, in the order of the file."""
        if self.problems:
            raise ScenarioError(dict.fromkeys(text for _, text in sorted(self.problems, key=lambda p: p[0])))


def plain(value: Any) -> Any:
    """A copy in lists, dicts, numbers and strings; other values stay, for the check to refuse."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy arrays and scalars
        return value.tolist()
    return str(value) if isinstance(value, os.PathLike) else value


def brief(value: Any) -> str:
    """A value as short text for a label."""
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def absolute_files(data: dict, folder: Path):
    """The robots' files, learned.file and the meshes' files, relative to `folder`, made absolute."""
    world = data.get("world")
    partners = data.get("partners") if isinstance(data.get("partners"), list) else []
    robots = [data.get("robot"), *(item.get("robot") for item in partners if isinstance(item, dict))]
    for part in [*robots, data.get("learned"), *(world if isinstance(world, list) else [])]:
        name = part.get("file") if isinstance(part, dict) else None
        if isinstance(name, str) and name and "://" not in name and not os.path.isabs(name):
            part["file"] = os.path.abspath(folder / Path(name).expanduser())


LEFT_OUT = {"planner": {"type": "min_jerk"}}  # what a part is that is not written, as far as its keys depend on it


def override(document: Document, key: str, value: Any, label: str):
    """Set the value under a dotted key, making mappings on the way; list items by name or index."""
    path, here = (), document.data
    steps = _steps(key)
    if not all(steps):
        return document.refuse(label, f"{key!r} is no key; write one.two.three")
    for n, step in enumerate(steps):
        where = ".".join(map(str, path))
        if isinstance(here, list):
            names = [item.get("name") if isinstance(item, dict) else None for item in here]
            index = _index(names, step)
            if index is None:
                known = [str(name) for name in names if name is not None]
                hint = say.did_you_mean(step, known) if known else f"; it has {len(here)} items, counted from 0"
                return document.refuse(label, f"{where}: no item {step!r}{hint}")
            step = index
        elif not isinstance(here, dict):
            return document.refuse(label, f"{where}: has no part {step!r}, it is {show(here)}")
        path = (*path, step)
        if n == len(steps) - 1:
            here[step] = value
            document.changed[path] = label
        elif isinstance(here, dict) and here.get(step) is None:
            here[step] = dict(LEFT_OUT.get(".".join(map(str, path)), {}))
            document.changed[path] = label
        here = here[step]


def _steps(key: str) -> list[str]:
    steps = key.split(".")
    if steps[0] != "accept" or len(steps) < 3:
        return steps
    bound = steps[-1:] if steps[-1] in ("min", "max") else []  # names of metrics have dots themselves
    return ["accept", ".".join(steps[1 : len(steps) - len(bound)]), *bound]


def _index(names: list, step: str) -> int | None:
    if step in names:
        return names.index(step)
    return int(step) if step.isdecimal() and int(step) < len(names) else None
