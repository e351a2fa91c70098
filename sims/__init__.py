"""The world around the calculus: scenario files, engines, runs, metrics, reports.

Scenario    one robot, one world, one task: `Scenario.load(path)`, `.with_(...)`, `.save(path)`
run         plan, simulate, measure and keep a scenario -> Run
sweep       run a scenario over designs of its keys -> Table
tune        tune a scenario's gains over scenarios drawn around it -> Study
"""

from importlib import import_module

_HOME = {"Scenario": "sims.scenario", "Run": "sims.result", "sweep": "sims.batch"}


def __getattr__(name):
    if name in ("run", "tune"):  # modules that can be called: so `sims.run(...)` and `sims.run.run(...)` are both right
        return import_module(f"sims.{name}")
    if name in _HOME:
        value = globals()[name] = getattr(import_module(_HOME[name]), name)
        return value
    raise AttributeError(f"module 'sims' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOME, "run", "tune"})
