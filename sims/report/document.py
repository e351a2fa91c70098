"""What a page's scripts read: bodies, paths, plots and moments as JSON, with arrays packed.

describe     ReportData, Packer -> (document, sentences about what could not be drawn)
Meshes       mesh files, each once
"""

import numpy as np

from robocalc.errors import InvalidInput
from sims.report.meshes import small_mesh

CELL = 0.0025  # [m]: a mesh detail smaller than this is no pixel
TRIANGLES = 7000  # a mesh: about 40,000 a robot, which software rendering still draws ten times a second
WATCHED = ("tool_error", "clearance", "contact")  # panels whose value now stands in the 3D view


def describe(data, packer):
    """Everything that `player.js` shows of one run."""
    meshes, problems = Meshes(packer), []
    bodies = [describe_body(body, meshes, problems, packer) for body in data.bodies]
    document = {
        "name": data.name,
        "duration": data.duration,
        "joints": list(data.joints),
        "frames": packer.add_times(data.t_frames),
        "bodies": bodies,
        "meshes": meshes.described,
        "paths": {key: packer.add_series(path) for key, path in _paths(data)},
        "markers": [{"name": m.name, "pose": [float(x) for x in m.pose]} for m in data.markers],
        "touches": _touches(data.touches, packer),
        "witness": None if data.witness is None else packer.add_series(data.witness),
        **describe_panels(data.panels, packer),
        "steps": [[s.name, float(s.start), float(s.end), s.kind] for s in data.steps],
        "disturbances": [[s.name, float(s.start), float(s.end), s.kind] for s in data.disturbances],
    }
    return document, problems


def _paths(data):
    """(key, (P, 3)) of each tool path; those of other robots end on their names."""
    yield from (("planned", data.planned_path), ("executed", data.executed_path))
    for name, planned, executed in data.other_paths:
        yield from ((f"planned/{name}", planned), (f"executed/{name}", executed))


def _touches(touches, packer):
    """Points of contact of all frames one after another, and where each frame's begin."""
    if touches is None or not len(touches[1]):
        return None
    return {"starts": packer.add_times(touches[0]), "points": packer.add_series(touches[1])}


class Meshes:
    """Each file once, whatever the number of bodies that show it."""

    def __init__(self, packer):
        self.packer, self.described, self.index = packer, [], {}

    def add(self, path, scale):
        cell = CELL / max(1e-12, float(np.abs(scale).max()))
        if (path, cell) not in self.index:
            described = self.packer.add_mesh(small_mesh(path, cell, TRIANGLES))
            self.index[path, cell] = len(self.described)
            self.described.append(described)
        return self.index[path, cell]


def describe_body(body, meshes, problems, packer):
    """A body with its solids; a mesh that cannot be read is left out, with a sentence in `problems`."""
    solids = []
    for solid in body.solids:
        item = {
            "shape": solid.shape,
            "size": [float(x) for x in solid.size],
            "offset": [float(x) for x in solid.offset],
            "colour": None if solid.colour is None else [float(c) for c in solid.colour],
        }
        try:
            if solid.shape == "mesh":
                item["mesh"] = meshes.add(str(solid.path), solid.size)
        except InvalidInput as error:
            problems.append(f"{body.name} is drawn without a part: {error}.")
            continue
        solids.append(item)
    shown = {} if body.run is None else {"ghost": body.ghost, "run": body.run}
    poses = packer.add_series(_smooth(body.poses))
    return {"name": body.name, "role": body.role, "solids": solids, "poses": poses, **shown}


def _smooth(poses):
    """Quaternions with the sign that makes them continuous: q and -q are the same turn, but not half way between."""
    if len(poses) < 2:
        return poses
    dots = np.einsum("ij,ij->i", poses[1:, 3:], poses[:-1, 3:])
    sign = np.concatenate([[1.0], np.cumprod(np.where(dots < 0, -1.0, 1.0))])
    return np.concatenate([poses[:, :3], poses[:, 3:] * sign[:, None]], axis=1)


def describe_panels(panels, packer):
    """{"clocks", "panels"}: plots that share a time axis share its array."""
    clocks, described = {}, []
    for panel in panels:
        clock = clocks.setdefault(id(panel.t), (len(clocks), panel.t))[0]
        described.append(_panel(panel, clock, packer))
    return {"clocks": [packer.add_times(t) for _, t in clocks.values()], "panels": described}


def _panel(panel, clock, packer):
    texts = list(dict.fromkeys(panel.notes))
    number = {text: i for i, text in enumerate(texts)}
    return {
        "key": panel.key,
        "title": panel.title,
        "unit": panel.unit,
        "labels": list(panel.labels),
        "clock": clock,
        "values": packer.add_series(panel.values),
        "reference": None if panel.reference is None else packer.add_series(panel.reference),
        "reference_label": panel.reference_label,
        "band": None if panel.band is None else packer.add_series(panel.band),
        "limits": None if panel.limits is None else [[_finite(x) for x in row] for row in panel.limits],
        "joints": list(panel.joints),
        "runs": list(panel.runs),
        "notes": texts,
        "note_of": [number[text] for text in panel.notes],
        "watch": panel.key in WATCHED,
    }


def _finite(x):
    return float(x) if np.isfinite(x) else None
