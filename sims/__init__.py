"""The world around the calculus: scenario files, engines, runs, metrics, reports.

Scenario    one robot, one world, one task: `Scenario.load(path)`, `.with_(...)`, `.save(path)`
run         plan, simulate, measure and keep a scenario -> Run
"""

from importlib import import_module

_HOME = {"Scenario": "sims.scenario", "run": "sims.run", "Run": "sims.result"}


def __getattr__(name):
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
        globals()[name] = value  # after the import: `sims.run` is also a module's name
        return value
    raise AttributeError(f"module 'sims' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOME]
