"""Logs as files and as hashes: log.npz holds every bit, and the same log gives the same bytes.

write_log, read_log    a Log with the header that names joints and units
digest_log             SHA-256 of everything in it
compare                are two logs bit-identical; if not, where they part
"""

import hashlib
import json
import zipfile
from dataclasses import dataclass, field

import numpy as np

from robocalc.errors import InvalidInput
from sims.log import CHANNEL_INDEX, CHANNELS, ESTIMATES, Log

FORMAT = "robocalc-log/1"
LINEAR = {"rad": "m", "rad/s": "m/s", "rad/s^2": "m/s^2", "N m": "N"}  # units of a prismatic joint
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member: the same log gives the same bytes
SINGLE = {
    "t_objects": "s",
    "clearance": "m",
    "witness": "m",
    "apart": "m",
    "contacts": "N",
    "touches": "s, m, m, m, N",
    "wrench": "N, N m",
    "t_wrench": "s",
    "t_estimate": "s",
}
POSE = ("m", "m", "m", "1", "1", "1", "1")


@dataclass(frozen=True)
class Header:
    """joints (n names), prismatic (n bools), units: channel -> unit of each joint."""

    joints: tuple
    prismatic: tuple
    units: dict = field(default_factory=dict)


def header_of(log: Log, joints=(), prismatic=None) -> Header:
    """Names and units of a log's columns; joints without names are numbered."""
    n = log.joint.shape[2]
    joints = tuple(str(name) for name in joints) or tuple(f"joint{i + 1}" for i in range(n))
    prismatic = (False,) * n if prismatic is None else tuple(bool(p) for p in prismatic)
    if len(joints) != n or len(prismatic) != n:
        raise InvalidInput(f"the log has {n} joints, but {len(joints)} names and {len(prismatic)} kinds are given")
    known = CHANNELS | ESTIMATES if len(log.estimate) else CHANNELS
    units = {name: [LINEAR[unit] if p else unit for p in prismatic] for name, (unit, _) in known.items()}
    return Header(joints, prismatic, units)


def arrays_of(log: Log) -> dict:
    """name -> array, time first: what is stored, hashed and compared."""
    arrays = {"t": log.t} | {name: log.joint[:, i] for name, i in CHANNEL_INDEX.items()}
    if len(log.t_objects):
        arrays["t_objects"] = np.asarray(log.t_objects, float)
    arrays |= {f"object/{name}": np.asarray(poses, float) for name, poses in log.objects.items()}
    for name in ("clearance", "witness", "apart", "contacts", "touches", "wrench", "t_wrench"):
        if len(getattr(log, name)):
            arrays[name] = np.asarray(getattr(log, name), float)
    if len(log.estimate):
        arrays |= {"t_estimate": log.t_estimate} | {name: log.estimate[:, i] for i, name in enumerate(ESTIMATES)}
    return arrays


def _pairs(log):
    """The closest pairs as texts, one a sample of clearance."""
    return [pair if isinstance(pair, str) else " - ".join(map(str, pair)) for pair in log.clearance_pair]


def write_log(path, log: Log, joints=(), prismatic=None):
    """Write log.npz: `numpy.load(path)["q"]` is (N + 1, n); the header is JSON in `header`. Same log, same bytes."""
    header = header_of(log, joints, prismatic)
    words = {
        "format": FORMAT,
        "dt": log.dt,
        "joints": header.joints,
        "prismatic": header.prismatic,
        "units": {"t": "s"} | header.units | {k: u for k, u in SINGLE.items() if len(getattr(log, k))},
        "meaning": {name: about for name, (_, about) in (CHANNELS | ESTIMATES).items() if name in header.units},
        "objects": list(log.objects),
        "object_units": POSE,
    }
    arrays = {"t": log.t, "header": np.array(json.dumps(words))} | arrays_of(log)
    if len(log.clearance_pair):
        arrays["clearance_pair"] = np.array(_pairs(log))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:  # float noise does not compress
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{_member(name)}.npy", EPOCH)
            with file.open(member, "w", force_zip64=True) as out:
                np.lib.format.write_array(out, np.asarray(array, order="C"), allow_pickle=False)


def _member(name):
    """Names of objects come from a scenario: nothing in them may lead out of the file."""
    if name.startswith("object/"):
        return "object/" + "".join(c if c.isalnum() or c in "-_. " else f"%{ord(c):x}" for c in name[7:])
    return name


def read_log(path):
    """(Log, Header, dictionary of the header) of a log.npz; raises ValueError, OSError, zipfile's errors if damaged."""
    with np.load(path, allow_pickle=False) as stored:
        words = json.loads(str(stored["header"]))
        kind = words.get("format", "")
        if kind != FORMAT:
            raise ValueError(f"its format is {kind!r}, this robocalc reads {FORMAT!r}")
        found = {name: stored[name] for name in stored.files}
    missing = [name for name in CHANNELS if name not in found]
    if missing:
        raise ValueError(f"channels are missing: {', '.join(missing)}")
    log = Log(
        dt=float(words["dt"]),
        joint=np.stack([found[name] for name in CHANNELS], axis=1),
        t_objects=found.get("t_objects", np.zeros(0)),
        objects={name: found[_member(f"object/{name}")] for name in words["objects"]},
        clearance=found.get("clearance", np.zeros(0)),
        clearance_pair=tuple(found["clearance_pair"].tolist()) if "clearance_pair" in found else (),
        witness=found.get("witness", np.zeros((0, 6))),
        apart=found.get("apart", np.zeros(0)),
        contacts=found.get("contacts", np.zeros(0)),
        touches=found.get("touches", np.zeros((0, 5))),
        wrench=found.get("wrench", np.zeros((0, 6))),
        t_wrench=found.get("t_wrench", np.zeros(0)),
        t_estimate=found.get("t_estimate", np.zeros(0)),
        estimate=_estimate(found, len(words["joints"])),
    )
    units = {name: words["units"][name] for name in (*CHANNELS, *(ESTIMATES if len(log.estimate) else ()))}
    return log, Header(tuple(words["joints"]), tuple(words["prismatic"]), units), words


def _estimate(found, n):
    if "t_estimate" not in found:
        return np.zeros((0, len(ESTIMATES), n))
    missing = [name for name in ESTIMATES if name not in found]
    if missing:
        raise ValueError(f"arrays are missing: {', '.join(missing)}")
    return np.stack([found[name] for name in ESTIMATES], axis=1)


def digest_log(log: Log) -> str:
    """SHA-256 of names, shapes and bytes of all arrays: equal if and only if every bit is."""
    found = hashlib.sha256(np.float64(log.dt).tobytes())
    for name, array in arrays_of(log).items():
        found.update(f"{name} {array.shape}".encode())
        found.update(np.ascontiguousarray(array, "<f8"))
    found.update(json.dumps(_pairs(log)).encode())
    return found.hexdigest()


@dataclass(frozen=True)
class Comparison:
    """same: every bit. Else the first difference in time: channel, joint (its index, or None), t [s], size."""

    same: bool
    sentence: str
    channel: str | None = None
    joint: int | None = None
    t: float | None = None
    size: float | None = None


def compare(log_a: Log, log_b: Log, joints=()) -> Comparison:
    """Whether two logs are bit-identical (a NaN equals itself), else where and by how much they part first."""
    a, b = arrays_of(log_a), arrays_of(log_b)
    if ("touches" in a) != ("touches" in b):  # one touched nothing: `contacts` says when they part
        a.pop("touches", None), b.pop("touches", None)
    if set(a) != set(b):
        only = ", ".join(sorted(set(a) ^ set(b)))
        return Comparison(False, f"the logs do not hold the same: {only} is in one of them only")
    if log_a.dt != log_b.dt:
        return Comparison(False, f"the time steps differ: {log_a.dt!r} s and {log_b.dt!r} s")
    worst = None
    for name, x in a.items():
        found = _first_difference(x, b[name])
        if found is not None:
            clock = x[:, 0] if name == "touches" else _clock(name, x, a)
            t = float(clock[min(found[0], len(clock) - 1)])
            if worst is None or t < worst[0]:
                worst = (t, name, *found)
    if worst is not None:
        return _difference(worst, joints)
    lengths = {name: (len(a[name]), len(b[name])) for name in a if len(a[name]) != len(b[name])}
    if lengths:
        name, (m, n) = next(iter(lengths.items()))
        return Comparison(
            False, f"equal as far as both go, but {name} has {m} samples in one and {n} in the other", name
        )
    if _pairs(log_a) != _pairs(log_b):
        return Comparison(False, "the closest pairs have other names", "clearance_pair")
    return Comparison(True, f"identical to the bit: {len(log_a.joint)} samples, {len(a)} arrays")


def _clock(name, x, arrays):
    """The times of an array's rows."""
    if name in ("wrench", "t_wrench"):
        return arrays.get("t_wrench", arrays.get("t_objects"))
    if name in ESTIMATES:
        return arrays["t_estimate"]
    return arrays["t"] if len(x) == len(arrays["t"]) else arrays.get("t_objects", arrays["t"])


def _first_difference(x, y):
    """(row, column or None, difference) of the first row in which any bit differs; None if there is none."""
    rows = min(len(x), len(y))
    if x.ndim != y.ndim or x.shape[1:] != y.shape[1:]:
        return 0, None, float("nan")
    u = np.ascontiguousarray(x[:rows], float).view(np.int64)
    w = np.ascontiguousarray(y[:rows], float).view(np.int64)
    at = np.flatnonzero((u != w).reshape(rows, -1).any(axis=1)) if rows else ()
    if not len(at):
        return None
    k = int(at[0])
    columns = np.flatnonzero(np.atleast_1d(u[k] != w[k]))
    j = int(columns[0])
    with np.errstate(invalid="ignore", over="ignore"):
        size = float(np.abs(np.atleast_1d(y[k])[j] - np.atleast_1d(x[k])[j]))
    return k, (j if x.ndim > 1 else None), size


def _difference(worst, joints):
    t, name, k, j, size = worst
    named = name in CHANNELS | ESTIMATES and j is not None and j < len(joints)
    of = "" if j is None else f" of {joints[j]}" if named else f", column {j + 1}"
    sentence = f"not identical: {name}{of} differs first at t = {t:.6g} s (sample {k}), by {size:.3g}"
    return Comparison(False, sentence, name, j, t, size)
