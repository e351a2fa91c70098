"""A log as MCAP with JSON messages, for Foxglove, PlotJuggler and Rerun.

/joints/executed, /joints/wanted   name, position, velocity, effort: as sensor_msgs/JointState
/joints/law                        the torque that the law asked for, and what the world did
/tf                                poses of objects, as foxglove.FrameTransforms
/clearance, /contacts              distance with its pair; force with the points it acts at
/joints/estimated                  what an estimator found: position, velocity and their standard deviations
/wrench                            what the force-torque sensor read, in its axes
"""

import json
from pathlib import Path

import numpy as np

from robocalc.errors import EngineUnavailable
from sims.record.export import open_log, texts_of, whole_file
from sims.record.logs import header_of

NANO = 1_000_000_000
NUMBERS = {"type": "array", "items": {"type": "number"}}
TIME = {"type": "object", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}}
VECTOR = {"type": "object", "properties": {axis: {"type": "number"} for axis in "xyz"}}
TURN = {"type": "object", "properties": {axis: {"type": "number"} for axis in "xyzw"}}
TEXT = {"type": "string"}
NAMES = {"type": "array", "items": TEXT}


def _object(**properties):
    return {"type": "object", "properties": {"timestamp": TIME} | properties}


FRAME = _object(parent_frame_id=TEXT, child_frame_id=TEXT, translation=VECTOR, rotation=TURN)
SCHEMAS = {  # topic: (name of the schema, schema)
    "/joints/executed": (
        "sensor_msgs/JointState",
        _object(name=NAMES, position=NUMBERS, velocity=NUMBERS, effort=NUMBERS),
    ),
    "/joints/wanted": (
        "robocalc.Wanted",
        _object(name=NAMES, position=NUMBERS, velocity=NUMBERS, acceleration=NUMBERS),
    ),
    "/joints/estimated": (
        "robocalc.Estimate",
        _object(name=NAMES, position=NUMBERS, velocity=NUMBERS, position_std=NUMBERS, velocity_std=NUMBERS),
    ),
    "/joints/law": ("robocalc.Law", _object(name=NAMES, effort_wanted=NUMBERS, effort_world=NUMBERS)),
    "/tf": (
        "foxglove.FrameTransforms",
        {"type": "object", "properties": {"transforms": {"type": "array", "items": FRAME}}},
    ),
    "/clearance": ("robocalc.Clearance", _object(distance={"type": "number"}, pair=TEXT)),
    "/contacts": ("robocalc.Contacts", _object(force={"type": "number"}, points={"type": "array", "items": VECTOR})),
    "/wrench": ("robocalc.Wrench", _object(force=VECTOR, torque=VECTOR)),
}


def export_mcap(source, path, joints=(), prismatic=None) -> Path:
    """Write `path`; time starts at 0 ns. Scenario and metrics of a run folder go along as attachments.

    raises   EngineUnavailable without mcap; InvalidInput and RunNotSaved like export_csv
    """
    try:
        from mcap.writer import CompressionType, Writer
    except ImportError:
        raise EngineUnavailable("MCAP needs the package mcap: pip install 'robocalc[export]'") from None
    log, joints, prismatic = open_log(source, joints, prismatic)
    names = list(header_of(log, joints, prismatic).joints)
    with whole_file(path) as partial, open(partial, "wb") as file:
        writer = Writer(file, compression=CompressionType.ZSTD)
        writer.start(profile="", library="robocalc")
        channels = {
            topic: writer.register_channel(topic, "json", writer.register_schema(name, "jsonschema", _bytes(schema)))
            for topic, (name, schema) in SCHEMAS.items()
        }
        for number, (t, topic, message) in enumerate(_messages(log, names)):
            writer.add_message(channels[topic], t, _bytes(message), t, number)
        for name, kind, data in texts_of(source):
            writer.add_attachment(0, 0, name, kind, data)
        writer.finish()
    return Path(path)


def _bytes(data):
    return json.dumps(data, separators=(",", ":")).encode()


def _messages(log, names):
    """(t [ns], topic, message) in the order of time; what is not finite is left out, as JSON knows no such number."""
    looked = {round(t / log.dt): i for i, t in enumerate(np.asarray(log.t_objects).tolist())}
    found = {round(t / log.dt): i for i, t in enumerate(log.t_estimate.tolist())}
    read = {round(t / log.dt): i for i, t in enumerate(log.wrench_times.tolist())} if len(log.wrench) else {}
    channels = ("q", "v", "tau", "q_ref", "v_ref", "a_ref", "tau_wanted", "tau_world")
    columns = [np.asarray(getattr(log, channel)).tolist() for channel in channels]
    for k, (q, v, tau, q_ref, v_ref, a_ref, wanted, world) in enumerate(zip(*columns, strict=True)):
        t = round(k * log.dt * NANO)
        stamp = {"sec": t // NANO, "nsec": t % NANO}
        if np.isfinite(log.joint[k]).all():
            yield t, "/joints/executed", _joints(stamp, names, position=q, velocity=v, effort=tau)
            yield t, "/joints/wanted", _joints(stamp, names, position=q_ref, velocity=v_ref, acceleration=a_ref)
            yield t, "/joints/law", _joints(stamp, names, effort_wanted=wanted, effort_world=world)
        if k in found and np.isfinite(log.estimate[found[k]]).all():
            yield t, "/joints/estimated", _joints(stamp, names, **_estimate(log.estimate[found[k]].tolist()))
        if k in looked:
            yield from ((t, *message) for message in _world(log, looked[k], stamp))
        if k in read and np.isfinite(log.wrench[read[k]]).all():
            yield t, "/wrench", _wrench(log.wrench[read[k]], stamp)


def _estimate(rows):
    return dict(zip(("position", "velocity", "position_std", "velocity_std"), rows, strict=True))


def _wrench(six, stamp):
    force, torque = (dict(zip("xyz", part, strict=True)) for part in six.reshape(2, 3).tolist())
    return {"timestamp": stamp, "force": force, "torque": torque}


def _joints(stamp, names, **values):
    return {"timestamp": stamp, "name": names} | values


def _world(log, i, stamp):
    """What was seen at look number i."""
    poses = {name: np.asarray(p)[i].tolist() for name, p in log.objects.items() if np.isfinite(p[i]).all()}
    if poses:
        yield "/tf", {"transforms": [_transform(stamp, name, pose) for name, pose in poses.items()]}
    if i < len(log.clearance) and np.isfinite(log.clearance[i]):
        pair = log.clearance_pair[i] if i < len(log.clearance_pair) else ""
        text = pair if isinstance(pair, str) else " - ".join(map(str, pair))
        yield "/clearance", {"timestamp": stamp, "distance": float(log.clearance[i]), "pair": text}
    if i < len(log.contacts):
        here = log.touches[log.touches[:, 0] == log.t_objects[i], 1:4] if len(log.touches) else ()
        points = [dict(zip("xyz", point, strict=True)) for point in np.asarray(here).tolist()]
        yield "/contacts", {"timestamp": stamp, "force": float(log.contacts[i]), "points": points}


def _transform(stamp, name, pose):
    return {
        "timestamp": stamp,
        "parent_frame_id": "world",
        "child_frame_id": name,
        "translation": dict(zip("xyz", pose[:3], strict=True)),
        "rotation": dict(zip("xyzw", pose[3:], strict=True)),
    }
