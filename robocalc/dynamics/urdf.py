"""URDF to `Tree`, with errors that name the file, the element and the remedy.

    parse(path)         the tree of a file
    parse_text(text)    the tree of a string, mesh paths relative to a folder
    audit(tree)         what is wrong with it and what is assumed (see findings.py)

Reads what rigid-body dynamics needs: links, fixed, revolute, continuous and prismatic joints. Extensions of robocalc
that other readers ignore: `<limit>` of a joint may carry `acceleration` and `jerk`, and a robot may have

    <thruster name link> <origin xyz/> <axis xyz/> <limit lower upper/> <drag ratio/> </thruster>
    <tyre name link> <origin xyz/> <axis xyz/> <friction mu viscous/> </tyre>
"""

import hashlib
import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

from robocalc.dynamics.findings import audit
from robocalc.dynamics.meshes import find_mesh
from robocalc.dynamics.tree import Finding, Geometry, Inertial, Joint, Link, Pose, Shape, Tree
from robocalc.dynamics.urdf_actors import ActorReader, check_actors
from robocalc.errors import InvalidInput

__all__ = ["audit", "parse", "parse_text"]

KINDS = ("revolute", "continuous", "prismatic", "fixed")
SHAPES = ("box", "sphere", "cylinder", "capsule", "mesh")


def parse(path, *, packages=(), meshes: bool = True) -> Tree:
    """The tree of a URDF file.

    packages   folders searched for `package://` paths before the usual ones
    meshes     False: a missing mesh is a finding, not an error
    raises     InvalidInput   file missing, not XML, not a tree, numbers that cannot be, a missing mesh
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise InvalidInput(f"no URDF file at {path}")
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path}: cannot be read as UTF-8 text: {error}") from None
    return _Reader(path.resolve(), tuple(packages), meshes).tree(text, hashlib.sha256(data).hexdigest())


def parse_text(text: str, folder=".", *, name="robot.urdf", packages=(), meshes: bool = True) -> Tree:
    """The tree of URDF text; mesh paths are relative to `folder`. Raises like `parse`."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return _Reader(Path(folder).resolve() / name, tuple(packages), meshes).tree(text, digest)


class _Reader(ActorReader):
    """One reading: knows the file for the messages, collects notes."""

    def __init__(self, path, packages, meshes):
        self.path, self.packages, self.meshes, self.notes = path, packages, meshes, []

    def fail(self, where, what):
        raise InvalidInput(f"{self.path.name}: {where}: {what}" if where else f"{self.path.name}: {what}")

    def tree(self, text, digest) -> Tree:
        try:
            robot = ET.fromstring(text)
        except ET.ParseError as error:
            self.fail("", f"not well-formed XML ({error}); xacro files must be expanded first")
        if robot.tag != "robot":
            self.fail("", f"the root element is <{robot.tag}>, a URDF has <robot>")
        colors = {m.get("name"): self.color(m, {}) for m in robot.findall("material")}
        links = [self.link(e, colors) for e in robot.findall("link")]
        joints = [self.joint(e) for e in robot.findall("joint")]
        if not links:
            self.fail("", "has no <link>")
        self.refuse_duplicates("link", links)
        self.refuse_duplicates("joint", joints)
        root, order = self.order({link.name for link in links}, joints)
        name = robot.get("name") or self.path.stem
        actors = [self.thruster(e) for e in robot.findall("thruster")], [self.tyre(e) for e in robot.findall("tyre")]
        tree = Tree(name, self.path, root, tuple(links), order, digest, tuple(self.notes), *map(tuple, actors))
        check_actors(tree, self.fail)
        return tree

    def refuse_duplicates(self, kind, items):
        seen = set()
        for item in items:
            if item.name in seen:
                self.fail(f'{kind} "{item.name}"', f"the name is used twice; {kind} names must be unique")
            seen.add(item.name)

    def order(self, names, joints):
        """(root, joints depth first with siblings by name); refuses loops, several roots, unknown links."""
        below, parent_of = {}, {}
        for j in joints:
            for role, link in (("parent", j.parent), ("child", j.child)):
                if link not in names:
                    self.fail(f'joint "{j.name}"', f'{role} link "{link}" is not among the <link> elements')
            if j.child in parent_of:
                self.fail(
                    f'link "{j.child}"',
                    f'is child of two joints ("{parent_of[j.child].name}", "{j.name}"); '
                    "closed loops are not supported: cut one joint",
                )
            parent_of[j.child] = j
            below.setdefault(j.parent, []).append(j)
        roots = sorted(names - set(parent_of))
        if not roots:
            self.fail("", "its joints form a loop: no link is without a parent")
        if len(roots) > 1:
            self.fail("", f"has several root links ({', '.join(roots)}); join them by fixed joints")
        order, todo = [], [roots[0]]
        while todo:
            link = todo.pop()
            children = sorted(below.get(link, ()), key=lambda j: j.name)
            todo.extend(j.child for j in reversed(children))
            if link != roots[0]:
                order.append(parent_of[link])
        if len(order) < len(joints):
            lost = ", ".join(sorted({j.name for j in joints} - {j.name for j in order}))
            self.fail("", f"joints {lost} form a loop apart from root {roots[0]}")
        return roots[0], tuple(order)

    # --- elements

    def numbers(self, element, key, count, where, default=None):
        """The attribute's numbers as a tuple of floats; default where it is absent."""
        text = None if element is None else element.get(key)
        if text is None:
            if default is None:
                self.fail(where, f'lacks the attribute "{key}"')
            return default
        try:
            values = tuple(float(x) for x in text.split())
        except ValueError:
            values = ()
        if len(values) != count or not all(math.isfinite(x) for x in values):
            one = "a finite number" if count == 1 else f"{count} finite numbers"
            self.fail(where, f'{key}="{text}" must be {one}')
        return values

    def number(self, element, key, where, default=None):
        return self.numbers(element, key, 1, where, None if default is None else (default,))[0]

    def name(self, element, kind):
        name = element.get("name")
        if not name:
            self.fail(f"<{kind}>", f"a {kind} has no name")
        return name

    def origin(self, element, where) -> Pose:
        origin = element.find("origin")
        where = f"{where}, <origin>"
        return Pose.from_rpy(
            self.numbers(origin, "xyz", 3, where, (0.0,) * 3), self.numbers(origin, "rpy", 3, where, (0.0,) * 3)
        )

    def color(self, material, known):
        if material is None:
            return None
        rgba = material.find("color")
        if rgba is None:
            return known.get(material.get("name"))
        return self.numbers(rgba, "rgba", 4, f'material "{material.get("name")}"')

    def link(self, e, colors) -> Link:
        name = self.name(e, "link")
        where = f'link "{name}"'
        contact = e.find("contact")
        pairs = () if contact is None else tuple((c.tag, c.get("value")) for c in contact)
        return Link(
            name,
            self.inertial(e.find("inertial"), where),
            tuple(self.shape(s, f"{where}, <visual>", colors) for s in e.findall("visual")),
            tuple(self.shape(s, f"{where}, <collision>", colors) for s in e.findall("collision")),
            pairs,
        )

    def inertial(self, e, where) -> Inertial | None:
        if e is None:
            return None
        where = f"{where}, <inertial>"
        mass, inertia = e.find("mass"), e.find("inertia")
        if mass is None:
            self.fail(where, "has no <mass>")
        m = self.number(mass, "value", f"{where}, <mass>")
        if m < 0:
            self.fail(where, f"mass {m:g} kg is negative")
        keys = ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")
        if inertia is None:
            self.notes.append(Finding("warning", where, "has no <inertia>; taken as zero (a point mass)"))
        at = f"{where}, <inertia>"
        tensor = tuple(0.0 if inertia is None else self.number(inertia, k, at, 0.0) for k in keys)
        return Inertial(m, self.origin(e, where), tensor)

    def shape(self, e, where, colors) -> Shape:
        geometry = e.find("geometry")
        found = [] if geometry is None else [g for g in geometry if g.tag in SHAPES]
        if len(found) != 1:
            self.fail(where, f"needs a <geometry> with one of {', '.join(SHAPES)}")
        geometry = replace(self.geometry(found[0], where), color=self.color(e.find("material"), colors))
        return Shape(geometry, self.origin(e, where), e.get("name") or "")

    def geometry(self, e, where) -> Geometry:
        where = f"{where}, <{e.tag}>"
        if e.tag == "mesh":
            return self.mesh(e, where)
        if e.tag == "box":
            size = self.numbers(e, "size", 3, where)
        else:
            size = tuple(self.number(e, k, where) for k in (("radius",) if e.tag == "sphere" else ("radius", "length")))
        if min(size) < 0:
            self.fail(where, f"a length is negative: {size}")
        return Geometry(e.tag, size)

    def mesh(self, e, where) -> Geometry:
        file = e.get("filename")
        if not file:
            self.fail(where, 'lacks the attribute "filename"')
        scale = self.numbers(e, "scale", 3, where, (1.0,) * 3)
        path, tried = find_mesh(file, self.path.parent, self.packages)
        if path is None:
            what = f'mesh "{file}" not found; looked at {tried}'
            if self.meshes:
                self.fail(where, f"{what}; correct the path, or pass packages=[folder] or meshes=False")
            self.notes.append(Finding("warning", where, what))
        return Geometry("mesh", scale, file, path)

    def joint(self, e) -> Joint:
        name = self.name(e, "joint")
        where = f'joint "{name}"'
        kind = e.get("type")
        if kind not in KINDS:
            self.fail(where, f'type "{kind}" is not supported; use one of {", ".join(KINDS)}')
        ends = []
        for role in ("parent", "child"):
            end = e.find(role)
            if end is None or not end.get("link"):
                self.fail(where, f'has no <{role} link="...">')
            ends.append(end.get("link"))
        rest = {} if kind == "fixed" else self.motion(e, kind, where)
        return Joint(name, kind, *ends, self.origin(e, where), **rest)

    def motion(self, e, kind, where) -> dict:
        """Axis, limits, dynamics and mimic of a joint that moves."""
        axis = self.axis(e, where)
        dynamics, mimic = e.find("dynamics"), e.find("mimic")
        friction = {k: self.number(dynamics, k, f"{where}, <dynamics>", 0.0) for k in ("damping", "friction")}
        for key, value in friction.items():
            if value < 0:
                self.fail(f"{where}, <dynamics>", f"{key} {value:g} is negative")
        if mimic is not None:
            leader = mimic.get("joint") or self.fail(f"{where}, <mimic>", 'lacks the attribute "joint"')
            mimic = (leader, *(self.number(mimic, k, where, d) for k, d in (("multiplier", 1.0), ("offset", 0.0))))
        return {"axis": axis, "mimic": mimic, **self.limits(e.find("limit"), kind, where), **friction}

    def axis(self, e, where) -> tuple:
        """Unit axis (3,); along x where the element has none."""
        axis = self.numbers(e.find("axis"), "xyz", 3, f"{where}, <axis>", (1.0, 0.0, 0.0))
        length = math.sqrt(sum(x * x for x in axis))
        if length < 1e-9:
            self.fail(f"{where}, <axis>", "the axis is zero")
        return axis if length == 1.0 else tuple(x / length for x in axis)

    def limits(self, e, kind, where) -> dict:
        if e is None:
            if kind != "continuous":
                self.fail(where, f"a {kind} joint needs <limit lower= upper= effort= velocity=>, or type=continuous")
            return {}
        where = f"{where}, <limit>"
        limit = {}
        for key in ("velocity", "effort", "acceleration", "jerk"):
            if e.get(key) is not None:
                limit[key] = self.number(e, key, where)
                if limit[key] < 0:
                    self.fail(where, f"{key} {limit[key]:g} is negative")
            elif key in ("velocity", "effort"):
                self.notes.append(Finding("warning", where, f"no {key} limit given; assumed unbounded"))
        if limit.get("velocity") == 0:  # a joint that may not move helps nobody: exporters write 0 for unknown
            self.notes.append(Finding("warning", where, "velocity limit is zero; assumed unbounded"))
            limit["velocity"] = math.inf
        for key in ("acceleration", "jerk"):
            if limit.get(key) == 0:
                self.fail(where, f"{key} limit is zero: the joint could not move; leave it out if it is unknown")
        if kind == "continuous":
            return limit
        if e.get("lower") is None and e.get("upper") is None:
            self.notes.append(Finding("warning", where, "no position limits given; assumed unbounded"))
            return limit
        lower, upper = (self.number(e, k, where, 0.0) for k in ("lower", "upper"))
        if lower == upper == 0:
            self.notes.append(Finding("warning", where, "position limits are both zero; assumed unbounded"))
            return limit
        if lower == upper:
            self.fail(where, f"lower = upper = {lower:g} leaves no range; make the joint fixed")
        if lower > upper:
            self.fail(where, f"lower {lower:g} is above upper {upper:g}")
        return {"lower": lower, "upper": upper, **limit}
