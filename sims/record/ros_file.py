"""The wanted motion as a ROS 2 message trajectory_msgs/JointTrajectory, in YAML or JSON."""

import json
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput
from sims.record.export import open_log, whole_file
from sims.record.logs import header_of

NANO = 1_000_000_000
RATE = 100.0  # [Hz]


def export_ros(source, path, joints=(), prismatic=None, rate=RATE) -> Path:
    """Write `path`: JSON where it ends on .json, else YAML; what `ros2 topic pub` and joint_trajectory_controller take.

    rate     points a second [Hz]; the first and the last step are always points
    effort   the torque that was applied; positions, velocities, accelerations: what was wanted
    raises   InvalidInput for a path of another kind or a rate that is not above 0; else like export_csv
    """
    path = Path(path)
    if path.suffix not in (".json", ".yaml", ".yml"):
        raise InvalidInput(f"{path.name}: a ROS trajectory is written as .yaml or .json")
    if not (np.isfinite(rate) and rate > 0):
        raise InvalidInput(f"rate must be above 0 Hz, got {rate!r}")
    log, joints, prismatic = open_log(source, joints, prismatic)
    message = trajectory_message(log, header_of(log, joints, prismatic).joints, rate)
    text = json.dumps(message, indent=1) + "\n" if path.suffix == ".json" else _yaml(message)
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return path


def trajectory_message(log, joints, rate=RATE) -> dict:
    """The message as plain data."""
    every = max(1, round(1 / (rate * log.dt)))
    rows = np.unique([*range(0, len(log.joint), every), len(log.joint) - 1])
    rows = rows[np.isfinite(log.joint[rows]).all(axis=(1, 2))]
    points = [
        {
            "positions": log.q_ref[k].tolist(),
            "velocities": log.v_ref[k].tolist(),
            "accelerations": log.a_ref[k].tolist(),
            "effort": log.tau[k].tolist(),
            "time_from_start": _duration(round(k * log.dt * NANO)),
        }
        for k in rows.tolist()
    ]
    header = {"stamp": {"sec": 0, "nanosec": 0}, "frame_id": ""}
    return {"header": header, "joint_names": list(joints), "points": points}


def _duration(ns):
    return {"sec": ns // NANO, "nanosec": ns % NANO}


def _yaml(message):
    """One line a field: JSON is YAML, and lists of numbers stay readable."""
    lines = [
        f"header: {json.dumps(message['header'])}",
        f"joint_names: {json.dumps(message['joint_names'])}",
        "points:",
    ]
    for point in message["points"]:
        mark = "- "
        for name, value in point.items():
            lines.append(f"{mark}{name}: {_floats(value)}")
            mark = "  "
    return "\n".join(lines) + "\n"


def _floats(value):
    """YAML 1.1 reads 1e-05 as text: exponents get a point and a sign."""
    if isinstance(value, dict):
        return json.dumps(value)
    return "[" + ", ".join(_float(x) for x in value) + "]"


def _float(x):
    text = repr(x)
    return text.replace("e", ".0e") if "e" in text and "." not in text else text
