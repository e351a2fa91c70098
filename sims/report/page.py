"""The report page: one file that opens offline, with the 3D replay, linked plots, tables and the scenario.

    write_page     ReportData -> a file, written whole or not at all
    page_text      likewise, as text

Everything that comes from a scenario is escaped; a policy in the page forbids any script but the two of this package
and any request to a network.
"""

import base64
import hashlib
import html
import json
import os
import re
from functools import cache
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput
from sims.report.data import ReportData
from sims.report.meshes import small_mesh
from sims.report.pack import Packer
from sims.report.tables import acceptance_table, metrics_table, notes_list, versions_table

STATIC = Path(__file__).resolve().parent / "static"
PLAYER = ("data.js", "scene.js", "plots.js", "player.js")
CELL = 0.0025  # [m]: a mesh detail smaller than this is no pixel
TRIANGLES = 7000  # a mesh: about 40,000 a robot, which software rendering still draws ten times a second
WATCHED = ("tool_error", "clearance", "contact")  # panels whose value now stands in the 3D view
NO_VERDICT = ("", "Not judged")


def write_page(path, data: ReportData) -> Path:
    """Write the page beside its place and move it there; raises OSError where the disk refuses."""
    path = Path(path)
    text = page_text(data)
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        with open(partial, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def page_text(data: ReportData) -> str:
    """The whole page. A mesh that cannot be read is left out, and the page says so."""
    packer = Packer()
    document, problems = _document(data, packer)
    three, player = _script("three.min.js"), _player()
    verdict, word = {True: ("good", "Accepted"), False: ("bad", "Not accepted")}.get(data.accepted, NO_VERDICT)
    return _fill(
        (STATIC / "page.html").read_text(encoding="utf-8"),
        hashes=f"{_policy(three)} {_policy(player)}",
        title=html.escape(f"{data.name} · robocalc"),
        name=html.escape(data.name),
        description=html.escape(data.description),
        verdict=verdict,
        verdict_word=word,
        outcome=html.escape(data.outcome),
        duration=repr(data.duration),
        notes=notes_list([*data.notes, *problems]),
        reduced=html.escape(data.reduced),
        acceptance=acceptance_table(data.acceptance),
        metrics=metrics_table(data.metrics),
        scenario=html.escape(data.scenario_text),
        versions=versions_table(data.versions),
        style=(STATIC / "page.css").read_text(encoding="utf-8"),
        json=_json(document),
        arrays=packer.text(),
        three=three,
        player=player,
    )


def _fill(template, **parts):
    """Each {{name}} once, in one pass: a part that contains braces is not filled again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


@cache
def _script(name):
    text = (STATIC / name).read_text(encoding="utf-8")
    if re.search(r"</script|<!--", text, re.IGNORECASE):
        raise InvalidInput(f"{name} contains text that would end its place in the page")
    return text


@cache
def _player():
    return '(() => {\n"use strict";\n' + "\n".join(_script(name) for name in PLAYER) + "\n})();"


@cache
def _policy(script):
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def _json(document):
    """JSON that no name can leave: < and > and & are written as escapes; numbers that are not finite as null."""
    text = json.dumps(document, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _document(data, packer):
    meshes, problems = _Meshes(packer), []
    bodies = [_body(body, meshes, problems, packer) for body in data.bodies]
    clocks, panels = {}, []
    for panel in data.panels:
        clock = clocks.setdefault(id(panel.t), (len(clocks), panel.t))[0]
        panels.append(_panel(panel, clock, packer))
    document = {
        "name": data.name,
        "duration": data.duration,
        "joints": list(data.joints),
        "frames": packer.add_times(data.t_frames),
        "bodies": bodies,
        "meshes": meshes.described,
        "paths": {"planned": packer.add_series(data.planned_path), "executed": packer.add_series(data.executed_path)},
        "clocks": [packer.add_times(t) for _, t in clocks.values()],
        "panels": panels,
        "steps": [[s.name, float(s.start), float(s.end), s.kind] for s in data.steps],
        "disturbances": [[s.name, float(s.start), float(s.end), s.kind] for s in data.disturbances],
    }
    return document, problems


class _Meshes:
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


def _body(body, meshes, problems, packer):
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
    return {"name": body.name, "role": body.role, "solids": solids, "poses": packer.add_series(_smooth(body.poses))}


def _smooth(poses):
    """Quaternions with the sign that makes them continuous: q and -q are the same turn, but not half way between."""
    if len(poses) < 2:
        return poses
    dots = np.einsum("ij,ij->i", poses[1:, 3:], poses[:-1, 3:])
    sign = np.concatenate([[1.0], np.cumprod(np.where(dots < 0, -1.0, 1.0))])
    return np.concatenate([poses[:, :3], poses[:, 3:] * sign[:, None]], axis=1)


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
        "limits": None if panel.limits is None else [[_finite(x) for x in row] for row in panel.limits],
        "joints": list(panel.joints),
        "notes": texts,
        "note_of": [number[text] for text in panel.notes],
        "watch": panel.key in WATCHED,
    }


def _finite(x):
    return float(x) if np.isfinite(x) else None
