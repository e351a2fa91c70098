"""Collada (.dae) meshes: the triangles that a scene places, in metres, z up."""

import xml.etree.ElementTree as ElementTree

import numpy as np

UP_AXIS = {  # rotations that bring the file's up-axis to z
    "X_UP": np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]]),
    "Y_UP": np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
    "Z_UP": np.eye(3),
}


def triangles(path):
    """(points, corners (T, 3), None, colours (T, 3)) as the readers of sims.report.meshes return."""
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # without the namespace
    named = {"#" + e.get("id"): e for e in root.iter() if e.get("id")}
    unit = root.find("asset/unit")
    up = root.findtext("asset/up_axis", "Y_UP").strip()
    start = np.eye(4)
    start[:3, :3] = float(unit.get("meter", 1)) * UP_AXIS[up] if unit is not None else UP_AXIS[up]
    pieces = []
    for scene in root.iter("visual_scene"):
        for node in scene.findall("node"):
            pieces += _placed(node, start, named)
    if not pieces:
        raise ValueError("no geometry is placed in its scene")
    points = np.concatenate([p for p, _ in pieces])
    colours = np.concatenate([np.tile(np.asarray(c, np.float32), (len(p) // 3, 1)) for p, c in pieces])
    return points.astype(np.float32), np.arange(len(points)).reshape(-1, 3), None, colours


def _placed(node, outer, named):
    """(corner points (3 T, 3), colour) of each piece below a node."""
    T = outer
    for step in node:
        if step.tag in ("matrix", "translate", "rotate", "scale"):
            T = T @ _transform(step.tag, np.array(step.text.split(), float))
    for instance in node.findall("instance_geometry"):
        bound = {m.get("symbol"): m.get("target") for m in instance.iter("instance_material")}
        for points, material in _pieces(named[instance.get("url")], named):
            yield points @ T[:3, :3].T + T[:3, 3], _colour(named, bound.get(material))
    for child in node.findall("node"):
        yield from _placed(child, T, named)
    for instance in node.findall("instance_node"):
        yield from _placed(named[instance.get("url")], T, named)


def _transform(kind, x):
    T = np.eye(4)
    if kind == "matrix":
        return x.reshape(4, 4)
    if kind == "translate":
        T[:3, 3] = x
    elif kind == "scale":
        T[:3, :3] = np.diag(x)
    else:  # axis and angle [deg]: Rodrigues
        axis, angle = x[:3] / np.linalg.norm(x[:3]), np.deg2rad(x[3])
        K = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
        T[:3, :3] = np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * K @ K
    return T


def _pieces(geometry, named):
    for mesh in geometry.findall("mesh"):
        for piece in [*mesh.findall("triangles"), *mesh.findall("polylist"), *mesh.findall("polygons")]:
            inputs = piece.findall("input")
            vertex = next(i for i in inputs if i.get("semantic") == "VERTEX")
            position = next(i for i in named[vertex.get("source")] if i.get("semantic") == "POSITION")
            values = np.array(named[position.get("source")].find("float_array").text.split(), float).reshape(-1, 3)
            stride = 1 + max(int(i.get("offset", 0)) for i in inputs)
            index = np.array(" ".join(p.text or "" for p in piece.findall("p")).split(), int)
            index = index.reshape(-1, stride)[:, int(vertex.get("offset", 0))]
            counts = piece.findtext("vcount")
            if piece.tag == "polygons":
                counts = " ".join(str(len((p.text or "").split()) // stride) for p in piece.findall("p"))
            yield values[_fans(index, counts)], piece.get("material")


def _fans(index, counts):
    """Vertex indices, three a triangle, of polygons with these numbers of corners; None: triangles already."""
    if counts is None:
        return index
    out, start = [], 0
    for count in map(int, counts.split()):
        for i in range(1, count - 1):
            out += [start, start + i, start + i + 1]
        start += count
    return index[out]


def _colour(named, material):
    """Diffuse colour of a material, NaN where there is none (or a picture)."""
    try:
        effect = named[named[material].find("instance_effect").get("url")]
        return [float(x) for x in effect.find(".//diffuse/color").text.split()[:3]]
    except (KeyError, AttributeError):
        return [float("nan")] * 3
