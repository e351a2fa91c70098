"""The run folder: what a run leaves behind, and how it is read, compared and repeated.

write_run     everything of a run, whole or not at all; `ready` asks first whether it can be written
read_run      a run folder, as far as it can be read, with sentences about what cannot
reproduce     run it again and say bit for bit whether it matched; `compare` two logs
digest_log    SHA-256 of a log
export_log    a log for other programs: CSV, Parquet, MCAP, ROS trajectory

metrics.json            every metric with unit, acceptance, outcome, timings, warnings; written last
log.npz                 time first, float64, one array a channel, `header` with joints and units
scenario.resolved.yaml  every value that was used
versions.json           versions of programs, hashes of robot, scenario and log
plots/*.png, report.html
"""

from importlib import import_module

_HOME = {
    "write_run": "write",
    "ready": "write",
    "RunNotSaved": "write",
    "Written": "write",
    "collect_versions": "versions",
    "read_run": "read",
    "StoredRun": "read",
    "digest_log": "logs",
    "compare": "logs",
    "Comparison": "logs",
    "write_log": "logs",
    "read_log": "logs",
    "reproduce": "repeat",
    "Reproduction": "repeat",
    "export_log": "export",
    "export_csv": "export",
    "export_parquet": "parquet_file",
    "export_mcap": "mcap_file",
    "export_ros": "ros_file",
}
__all__ = list(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"sims.record.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sims.record' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOME]
