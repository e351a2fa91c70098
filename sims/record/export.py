"""A log as CSV: one header row with units, one row a time step, every number exact."""

import os
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput
from sims.log import CHANNELS, Log
from sims.record.logs import header_of, read_log
from sims.record.read import DAMAGE
from sims.record.write import LOG, RunNotSaved

POSE = ("x [m]", "y [m]", "z [m]", "qx", "qy", "qz", "qw")


def export_csv(source, path, joints=(), prismatic=None) -> Path:
    """Write `path`; source is a run folder, a log.npz or a Log. Returns the path; an older file is replaced whole.

    Columns: "t [s]", "q.panda_joint1 [rad]", ..., then what was seen of the world ("cube.x [m]", "clearance [m]"),
    filled in the rows in which it was looked at and empty in the others. Numbers are the shortest that read back to
    the same bits.
    """
    log, joints, prismatic = _log(source, joints, prismatic)
    header = header_of(log, joints, prismatic)
    names, columns = ["t [s]"], [log.t]
    for channel in CHANNELS:
        for i, joint in enumerate(header.joints):
            names.append(f"{channel}.{joint} [{header.units[channel][i]}]")
            columns.append(getattr(log, channel)[:, i])
    texts = [list(map(repr, column.tolist())) for column in columns]
    for name, column in _seen(log):
        names.append(name)
        texts.append(column)
    path = Path(path)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with open(partial, "w", encoding="utf-8", newline="") as file:
            file.write(",".join(map(_quoted, names)) + "\n")
            file.writelines(",".join(row) + "\n" for row in zip(*texts, strict=True))
        os.replace(partial, path)
    except OSError as error:
        raise RunNotSaved(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return path


def _log(source, joints, prismatic):
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


def _seen(log):
    """(name, texts) of what was looked at less often than every step: empty between."""
    rows = np.round(np.asarray(log.t_objects) / log.dt).astype(int) if len(log.t_objects) else np.zeros(0, int)
    found = [(f"{name}.{axis}", np.asarray(p)[:, i]) for name, p in log.objects.items() for i, axis in enumerate(POSE)]
    found += [(f"{name} [{unit}]", getattr(log, name)) for name, unit in (("clearance", "m"), ("contacts", "N"))]
    for name, values in found:
        if len(values) == len(rows) and len(values):
            texts = [""] * len(log.joint)
            for row, value in zip(rows.tolist(), np.asarray(values, float).tolist(), strict=True):
                if row < len(texts):
                    texts[row] = repr(value)
            yield name, texts


def _quoted(name):
    return '"' + name.replace('"', '""') + '"' if any(c in name for c in ',"\n\r') else name
