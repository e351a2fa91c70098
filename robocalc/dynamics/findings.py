"""What is wrong with a tree, and what is assumed: read by people before the physics is trusted.

audit(tree)   findings: error (dynamics undefined), warning (used as it is, but look), note (assumed)
"""

from collections import Counter

import numpy as np

from robocalc.dynamics.tree import Finding, Inertial, Tree

ASSUMED_ACCELERATION = {"revolute": 10.0, "prismatic": 5.0}  # rad/s², m/s²: what mid-size arms of 2010-2025 reach
ASSUMED_JERK = {"revolute": 500.0, "prismatic": 250.0}  # rad/s³, m/s³: that acceleration in 20 ms
TRIANGLE_SLACK = 1e-3  # relative: published figures are rounded
DEFINITE_SLACK = 1e-9


def audit(tree: Tree) -> tuple:
    """Findings about every link and joint of the tree, errors first, in the order of the file otherwise."""
    found = [*tree.notes]
    fixed_to_root = _rigid_with(tree, tree.root)
    for link in tree.links:
        if link.inertial is not None:
            found += _inertial(link.name, link.inertial, link.name in fixed_to_root)
    found += _masses(tree)
    found += _placeholders(tree)
    for joint in tree.moving:
        found += _joint(joint, tree)
    found += _assumptions(tree)
    rank = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda f: rank[f.severity]))


def _rigid_with(tree: Tree, link: str) -> set:
    """Links that fixed joints hold to `link` from below, itself included."""
    held = {link}
    for joint in tree.joints:  # parents first
        if joint.parent in held and not joint.moves:
            held.add(joint.child)
    return held


def principal_moments(inertial: Inertial) -> np.ndarray:
    """Principal moments of inertia (3,), ascending [kg m²]."""
    xx, xy, xz, yy, yz, zz = inertial.inertia
    return np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def _inertial(name, inertial: Inertial, fixed: bool):
    where, moments = f'link "{name}"', principal_moments(inertial)
    size, severity = max(abs(moments)), "note" if fixed else "warning"
    figures = ", ".join(f"{m:.4g}" for m in moments)
    if inertial.mass == 0 and size > 0:
        what = "; it never moves, so nothing follows" if fixed else "; it is added to the body that carries the link"
        yield Finding(severity, where, f"massless link with inertia ({figures} kg m²): no such body exists{what}")
    elif inertial.mass > 0 and size == 0:
        yield Finding(severity, where, f"mass {inertial.mass:g} kg without inertia: taken as a point mass")
    if moments[0] < -DEFINITE_SLACK * size:
        what = f"impossible inertia: principal moments {figures} kg m² must be positive; correct <inertia>"
        yield Finding("note" if fixed else "error", where, what)
    elif moments[0] + moments[1] < moments[2] * (1 - TRIANGLE_SLACK):
        sum_of_others = moments[0] + moments[1]
        excess = f" by {100 * (moments[2] / sum_of_others - 1):.2g} %" if sum_of_others > 0 else ""
        what = f"impossible inertia: the largest principal moment of {figures} kg m² exceeds the sum of the others"
        yield Finding(severity, where, f"{what}{excess} (used as it is)")


def _masses(tree: Tree):
    """Moving links without inertial, and joints that move nothing that has inertia."""
    for joint in reversed(tree.joints):
        if not joint.moves:
            continue
        where = f'link "{joint.child}"'
        if tree.link(joint.child).inertial is None:
            held = _rigid_with(tree, joint.child)
            carried = sum(i.mass for i in _inertials(tree, held))
            what = "taken as massless" if carried == 0 else f"its fixed parts carry {carried:g} kg"
            yield Finding("warning", where, f"no <inertial> on a moving link: {what}")
        below = _inertials(tree, _below(tree, joint.child))
        if not any(i.mass > 0 or any(i.inertia) for i in below):
            what = f'nothing that joint "{joint.name}" moves has mass: its acceleration is undefined'
            yield Finding("error", where, f"{what}; give the link an <inertial>, or make the joint fixed")


def _below(tree: Tree, link: str) -> set:
    reached = {link}
    for joint in tree.joints:
        if joint.parent in reached:
            reached.add(joint.child)
    return reached


def _inertials(tree: Tree, names) -> list:
    return [link.inertial for link in tree.links if link.name in names and link.inertial is not None]


def _placeholders(tree: Tree):
    """The same inertia on links of different mass is nobody's measurement."""
    moving = [link for link in tree.links if link.inertial and link.inertial.mass > 0 and any(link.inertial.inertia)]
    for inertia, count in Counter(link.inertial.inertia for link in moving).items():
        masses = {link.inertial.mass for link in moving if link.inertial.inertia == inertia}
        if count >= 3 and len(masses) >= 3:
            what = f"{count} links of different mass share one inertia (ixx = {inertia[0]:g} kg m²): placeholders?"
            yield Finding("warning", f'robot "{tree.name}"', what)


def _joint(joint, tree):
    where = f'joint "{joint.name}"'
    if joint.effort == 0 and not tree.thrusters:  # those move joints without a drive
        yield Finding("note", where, "effort limit is zero: an unactuated joint")
    if joint.mimic:
        what = f'mimics "{joint.mimic[0]}": treated as independent; lock() it or command both'
        yield Finding("warning", where, what)


def assumed(joint, key: str) -> float:
    """Limit on acceleration or jerk: the file's, or the default where it is silent."""
    kind = "prismatic" if joint.kind == "prismatic" else "revolute"
    given = getattr(joint, key)
    return {"acceleration": ASSUMED_ACCELERATION, "jerk": ASSUMED_JERK}[key][kind] if given is None else given


def _assumptions(tree: Tree):
    """One note for each kind of limit that the file does not give."""
    for key, power in (("acceleration", 2), ("jerk", 3)):
        for kinds, unit in ((("revolute", "continuous"), "rad"), (("prismatic",), "m")):
            silent = [j for j in tree.moving if j.kind in kinds and getattr(j, key) is None]
            if silent:
                what = f"no {key} limit in the file; assumed {assumed(silent[0], key):g} {unit}/s^{power}"
                yield Finding("note", f"joints {', '.join(j.name for j in silent)}", what)
