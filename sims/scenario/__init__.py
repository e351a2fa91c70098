"""Scenario files, format `robocalc/1`: the schema, loading with file:line:column errors, overrides.

Scenario        frozen pydantic model of a file; Scenario.load(path), .with_(...), .save(path), .digest
METRIC_NAMES    what `accept:` may bound
"""

from importlib import import_module

_HOMES = {"Scenario": "schema", "METRIC_NAMES": "metric_names"}


def __getattr__(name):
    if name in _HOMES:
        return getattr(import_module(f"sims.scenario.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'sims.scenario' has no attribute {name!r}")
