"""Trajectories as files and messages.

save, load          .npz and .json without loss of a bit; .csv as samples, for other programs
from_dict           from plain lists, as `Trajectory.to_dict` gives
to_ros, from_ros    dictionaries shaped like trajectory_msgs/JointTrajectory
"""

import json
import os
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from robocalc.trajectory.hermite import quintic
from robocalc.trajectory.numbers_given import step
from robocalc.trajectory.trajectory import Trajectory

FORMAT = "robocalc-trajectory/1"
CSV_STEP = 0.001  # [s]
NANO = 1_000_000_000


def save(traj: Trajectory, path, *, joints=None, dt=CSV_STEP) -> Path:
    """Write to path, whose ending tells the format: .npz, .json, or .csv (samples every dt, names of `joints`).

    The file appears whole or not at all. Returns the path. raises InvalidInput: another ending; OSError: the disk's own
    """
    path = Path(path)
    writers = {".npz": _npz, ".json": _json, ".csv": lambda traj, file: _csv(traj, file, joints, dt)}
    if path.suffix not in writers:
        raise UnknownName("ending of a trajectory file", path.suffix, writers)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            writers[path.suffix](traj, file)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def load(path) -> Trajectory:
    """Read .npz or .json. raises InvalidInput: no such file, or not a trajectory"""
    path = Path(path)
    if not path.is_file():
        raise InvalidInput(f"{path}: there is no such file")
    try:
        if path.suffix == ".json":
            return from_dict(json.loads(path.read_text(encoding="utf-8")))
        if path.suffix == ".npz":
            with np.load(path) as data:
                return Trajectory(data["knots"], data["coeffs"])
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput(f"{path} holds no trajectory: {error}") from None
    raise UnknownName("ending of a trajectory file that can be read", path.suffix, (".npz", ".json"))


def from_dict(data) -> Trajectory:
    """Back from `Trajectory.to_dict`."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InvalidInput(f"format must be {FORMAT!r}, got {data.get('format') if isinstance(data, dict) else data!r}")
    missing = [key for key in ("knots", "coeffs") if key not in data]
    if missing:
        raise InvalidInput(f"a trajectory needs {' and '.join(missing)}")
    return Trajectory(data["knots"], data["coeffs"])


def to_ros(traj: Trajectory, joints, dt, *, frame="") -> dict:
    """A dictionary shaped like trajectory_msgs/JointTrajectory: samples every dt [s] and the end itself.

    joints    names, one for each
    """
    names = joint_names(traj, joints)
    times = np.append(np.arange(0.0, traj.duration - 0.5 * step(dt), dt), traj.duration)
    q, v, a = traj.derivatives(traj.start + times)
    points = [
        {
            "positions": q[k].tolist(),
            "velocities": v[k].tolist(),
            "accelerations": a[k].tolist(),
            "effort": [],
            "time_from_start": dict(zip(("sec", "nanosec"), divmod(round(t * NANO), NANO), strict=True)),
        }
        for k, t in enumerate(times)
    ]
    header = {"stamp": {"sec": 0, "nanosec": 0}, "frame_id": frame}
    return {"header": header, "joint_names": list(names), "points": points}


def from_ros(message) -> Trajectory:
    """A quintic trajectory through the points of such a dictionary; velocities, accelerations that lack are 0."""
    try:
        points = message["points"]
        t = np.array(
            [p["time_from_start"]["sec"] + p["time_from_start"]["nanosec"] / NANO for p in points], dtype=float
        )
        q = np.array([p["positions"] for p in points], dtype=float)
        v, a = (np.array([p.get(k) or [0.0] * q.shape[1] for p in points]) for k in ("velocities", "accelerations"))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InvalidInput(f"not shaped like a JointTrajectory: {error!r}") from None
    if len(t) < 2 or (np.diff(t) <= 0).any():
        raise InvalidInput("a JointTrajectory needs at least two points, at times that increase")
    return Trajectory(t, quintic(np.diff(t), q, v, a))


def joint_names(traj, joints):
    """Names as given, or joint_0, joint_1, ..."""
    names = [f"joint_{i}" for i in range(traj.n)] if joints is None else list(joints)
    if len(names) != traj.n:
        raise InvalidInput(f"joints must be {traj.n} names, got {len(names)}")
    return names


def _npz(traj, file):
    np.savez_compressed(file, format=np.array(FORMAT), knots=traj.knots, coeffs=traj.coeffs)


def _json(traj, file):
    file.write(json.dumps(traj.to_dict()).encode())


def _csv(traj, file, joints, dt):
    """Header t, then position, velocity, acceleration of each joint: name, name.v, name.a."""
    names = joint_names(traj, joints)
    s = traj.sample(step(dt))
    head = ",".join(["t", *names, *(f"{n}.v" for n in names), *(f"{n}.a" for n in names)])
    np.savetxt(file, np.column_stack([s.t, s.q, s.v, s.a]), delimiter=",", header=head, comments="", fmt="%.17g")
