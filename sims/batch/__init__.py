"""Many runs: a pool of workers that survives crashes, Dask for many machines, sweeps with a journal.

Pool          local worker processes: `for done in pool.map(function, items): done.item, done.value | done.error`
open_pool     a Pool, or the same over Dask: a local cluster or an existing scheduler
Done          one item's outcome: value or error
Quick         `quick(scenario)`: sims.run with a memory of robots and plans
sweep         run a scenario over designs of its keys -> Table
Range         an interval of values, for designs
Table         what a sweep found: `.rows`, `.best(metric)`, `.failed`, `.pareto(...)`, `.to_csv(path)`, ...
check_all     run many scenario files and judge each; `check_twice`: and whether they give the same bits again;
              `write_junit` keeps that as JUnit XML
"""

from importlib import import_module

_HOME = {
    "Pool": "pool",
    "Done": "outcome",
    "TaskFailed": "outcome",
    "WorkerDied": "outcome",
    "TookTooLong": "outcome",
    "open_pool": "cluster",
    "Quick": "quick",
    "sweep": "sweeping",
    "Range": "design",
    "Table": "table",
    "check_all": "regression",
    "check_twice": "regression",
    "write_junit": "junit",
}
__all__ = list(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"sims.batch.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sims.batch' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOME]
