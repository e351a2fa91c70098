"""A log for other programs.

export_log    by kind: csv, parquet, mcap, ros
export_csv    one header row with units, one row a time step, every number exact
EXPORTS       kind -> (where its function is, name of the file in a run folder)
"""

import contextlib
import os
from importlib import import_module
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.log import CHANNELS, ESTIMATES, Log
from sims.record.logs import header_of, read_log
from sims.record.read import DAMAGE
from sims.record.write import LOG, METRICS, SCENARIO, RunNotSaved

EXPORTS = {
    "csv": ("sims.record.export:export_csv", "log.csv"),
    "parquet": ("sims.record.parquet_file:export_parquet", "log.parquet"),
    "mcap": ("sims.record.mcap_file:export_mcap", "log.mcap"),
    "ros": ("sims.record.ros_file:export_ros", "trajectory.yaml"),
}
WRENCH = ("fx [N]", "fy [N]", "fz [N]", "nx [N m]", "ny [N m]", "nz [N m]")
POSE = ("x [m]", "y [m]", "z [m]", "qx", "qy", "qz", "qw")


def export_log(source, kind="csv", path=None) -> Path:
    """Write the log of a run folder (or a log.npz) in a kind of EXPORTS, by default into the folder; returns the path.

    raises   UnknownName for another kind; InvalidInput without a log; EngineUnavailable without the package it needs
    """
    if kind not in EXPORTS:
        raise UnknownName("kind of export", kind, EXPORTS)
    where, name = EXPORTS[kind]
    module, function = where.split(":")
    source = Path(source)
    folder = source if source.is_dir() else source.parent
    return getattr(import_module(module), function)(source, folder / name if path is None else path)


def export_csv(source, path, joints=(), prismatic=None) -> Path:
    """Write `path`; source is a run folder, a log.npz or a Log. Returns the path; an older file is replaced whole.

    Columns: "t [s]", "q.panda_joint1 [rad]", ..., then what an estimator found ("q_estimate.panda_joint1 [rad]") and
    what was seen of the world ("cube.x [m]", "clearance [m]"), filled in the rows in which it was looked at and empty
    in the others. Numbers are the shortest that read back to the same bits.
    """
    log, joints, prismatic = open_log(source, joints, prismatic)
    header = header_of(log, joints, prismatic)
    names, columns = ["t [s]"], [log.t]
    for channel in CHANNELS:
        for i, joint in enumerate(header.joints):
            names.append(f"{channel}.{joint} [{header.units[channel][i]}]")
            columns.append(getattr(log, channel)[:, i])
    texts = [list(map(repr, column.tolist())) for column in columns]
    for name, rows, values in (*estimated(log, header), *seen(log)):
        names.append(name)
        column = [""] * len(log.joint)
        for row, value in zip(rows.tolist(), values.tolist(), strict=True):
            column[row] = repr(value)
        texts.append(column)
    with whole_file(path) as partial, open(partial, "w", encoding="utf-8", newline="") as file:
        file.write(",".join(map(_quoted, names)) + "\n")
        file.writelines(",".join(row) + "\n" for row in zip(*texts, strict=True))
    return Path(path)


@contextlib.contextmanager
def whole_file(path):
    """A place beside `path` to write to, moved there at the end; RunNotSaved where the disk refuses."""
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        yield partial
        os.replace(partial, path)
    except OSError as error:
        raise RunNotSaved(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def open_log(source, joints=(), prismatic=None):
    """(Log, names of joints, kinds) of a run folder, a log.npz or a Log."""
    if isinstance(source, Log):
        return source, joints, prismatic
    path = Path(source)
    path = path / LOG if path.is_dir() else path
    if not path.is_file():
        raise InvalidInput(f"no log at {path}")
    try:
        log, header, _ = read_log(path)
    except DAMAGE as error:
        raise InvalidInput(f"{path} is damaged: {error}") from None
    return log, header.joints, header.prismatic


def estimated(log, header):
    """(column, rows, values) of what an estimator found, at the control instants."""
    if not len(log.estimate):
        return
    rows = np.round(log.t_estimate / log.dt).astype(int)
    for c, name in enumerate(ESTIMATES):
        for i, joint in enumerate(header.joints):
            yield f"{name}.{joint} [{header.units[name][i]}]", rows, log.estimate[:, c, i]


def seen(log):
    """(column, rows, values) of what was looked at less often than every step."""
    rows = np.round(np.asarray(log.t_objects) / log.dt).astype(int) if len(log.t_objects) else np.zeros(0, int)
    found = [(f"{name}.{axis}", np.asarray(p)[:, i]) for name, p in log.objects.items() for i, axis in enumerate(POSE)]
    found += [(f"{name} [{unit}]", getattr(log, name)) for name, unit in (("clearance", "m"), ("contacts", "N"))]
    read = np.round(np.asarray(log.wrench_times) / log.dt).astype(int)
    found = [(name, rows, values) for name, values in found]
    found += [(f"wrench.{axis}", read, x) for axis, x in zip(WRENCH, log.wrench.T, strict=True)]
    for name, at, values in found:
        if len(values) == len(at) and len(values):
            inside = at < len(log.joint)
            yield name, at[inside], np.asarray(values, float)[inside]


def texts_of(source):
    """(name, media type, bytes) of the texts of a run folder that belong to its log, as far as they are there."""
    if isinstance(source, Log) or not Path(source).is_dir():
        return
    for name, kind in ((SCENARIO, "application/yaml"), (METRICS, "application/json")):
        with contextlib.suppress(OSError):
            yield name, kind, (Path(source) / name).read_bytes()


def _quoted(name):
    return '"' + name.replace('"', '""') + '"' if any(c in name for c in ',"\n\r') else name
