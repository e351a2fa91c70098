"""What there is to choose from, as {name: {column: text}}.

LISTS   kind of thing -> function of the scenario folder
tagged  of scenarios those with tags
"""

import dataclasses
from pathlib import Path


def scenarios(folder: Path) -> dict:
    """Built-in scenarios: name of the file without suffix -> theme, tags, description.

    One that cannot be read says so. The theme is the folder; what lies in no folder is where to begin.
    """
    from sims.cli.app import library
    from sims.scenario.yaml_file import Unreadable, parse

    found = {}
    for path in library(folder):
        try:
            data = parse(path.read_text(encoding="utf-8")).data
            data = data if isinstance(data, dict) else {}
        except (OSError, UnicodeDecodeError, Unreadable):
            data = {"description": "cannot be read: see `robocalc check`"}
        tags = ", ".join(map(str, data.get("tags") or ()))
        theme = path.parent.name if path.parent != folder else "first"
        found[path.stem] = {
            "theme": theme,
            "tags": tags,
            "description": " ".join(str(data.get("description", "")).split()),
        }
    return found


def tagged(found, wanted) -> dict:
    """Of `scenarios` those that have every wanted tag, a theme being one; raises UnknownName for one that none has."""
    from robocalc.errors import UnknownName

    words = {name: {about["theme"], *about["tags"].split(", ")} - {""} for name, about in found.items()}
    known = set().union(*words.values())
    for word in wanted:
        if word not in known:
            raise UnknownName("tag", word, known)
    return {name: about for name, about in found.items() if words[name] >= set(wanted)}


def robots(_folder: Path) -> dict:
    """Built-in robots: name -> what it is."""
    from robocalc.dynamics import ROBOTS

    return {name: {"what": entry.what} for name, entry in ROBOTS.items()}


def controllers(_folder: Path) -> dict:
    """Controllers: tag -> keys with defaults, what it is."""
    from robocalc.control import CONTROLLERS

    return _designs(CONTROLLERS)


def estimators(_folder: Path) -> dict:
    """Estimators: tag -> keys with defaults, what it is."""
    from robocalc.control import ESTIMATORS

    return _designs(ESTIMATORS)


def _designs(registry) -> dict:
    found = {}
    for tag, design in registry.items():
        keys = [
            field.name if field.default is dataclasses.MISSING else f"{field.name}={field.default}"
            for field in dataclasses.fields(design)
        ]
        found[tag] = {"keys": ", ".join(keys), "what": (design.__doc__ or "").strip().splitlines()[0]}
    return found


def metrics(_folder: Path) -> dict:
    """Metrics: name -> unit, meaning."""
    from sims.scenario.metric_names import OF_ROBOTS, TEAM_METRICS, metric_names

    kinds = ", ".join(f"{kind.rstrip('.')}..." for kind in OF_ROBOTS)
    own = {"<partner>.<metric>": ("", f"the metric of one of `partners`, for {kinds}")}
    known = {**metric_names(["<name>"]), **TEAM_METRICS, **own}
    return {name: {"unit": unit, "what": what} for name, (unit, what) in known.items()}


LISTS = {
    "scenarios": scenarios,
    "robots": robots,
    "controllers": controllers,
    "estimators": estimators,
    "metrics": metrics,
}
