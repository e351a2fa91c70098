"""What a page may change of a scenario, as plain data: sliders, menus and switches made from the schema.

controls   scenario -> groups of controls
keys       all dotted keys among them: nothing else of a scenario is changed from a page

A control is {key, label, about, unit, kind, value, ...}: a `number` with low, high, log and whole; `numbers`, a list
with one `names` entry each; a `choice` among `choices`; a `switch`. What may be left out has `left_out`.
"""

import re

from pydantic import BaseModel

from robocalc.control import CONTROLLERS, ESTIMATORS
from sims.scenario.arms import arm_of
from sims.scenario.schema_effects import DISTURBANCES
from sims.scenario.schema_planner import PLANNERS
from sims.scenario.units import UNITS
from sims.studio.fields import kind_of, reach

NEVER = {
    "format",
    "type",
    "do",
    "shape",
    "name",
    "named",
    "file",
    "model",
    "object",
    "pass_through",
    "inertia",
    "frame",
}
AXES = ("x", "y", "z")
OF_THINGS = ("position", "rpy_deg", "mass", "friction")  # shapes are drawn once, so that sizes stay
OF_MOVES = ("duration", "velocity_scale", "acceleration_scale", "path", "avoid", "to")
KINDS = {"controller": CONTROLLERS, "planner": PLANNERS, "estimator": ESTIMATORS}  # parts of which there are several


def controls(scenario, first=None, durations=()) -> list:
    """Groups {"title", "about", "controls", "open"} in the order of the page.

    first       the scenario as it was loaded: sliders keep their ends while values move
    durations   [s] of the task's steps as planned, shown where a step leaves its own open
    """
    first, arm = first or scenario, arm_of(scenario.robot, grasps=scenario.grasps)
    walk = _Walk(first, arm)
    groups = [
        _part(scenario, walk, name, title) for name, title in (("controller", "Controller"), ("planner", "Planner"))
    ]
    for i, step in enumerate(scenario.task):
        found = list(walk.fields(step, f"task.{i}", OF_MOVES if step.do == "move" else None))
        for k, via in enumerate(getattr(step, "via", ())):
            found += [c | {"label": f"via {k + 1} {c['label']}"} for c in walk.fields(via, f"task.{i}.via.{k}")]
        for control in found:
            if control["key"] == f"task.{i}.duration" and control["value"] is None and i < len(durations):
                control |= {"value_left_out": durations[i]}
                control |= dict(zip(("low", "high", "log"), (durations[i] / 4, durations[i] * 4, True), strict=True))
        groups.append(_group(f"Step: {step.name or f'{i + 1}-{step.do}'}", found, step.__doc__))
    groups.append(_group("Limits", walk.fields(scenario.robot.limits, "robot.limits"), "of planner and drives"))
    groups.append(
        _group("Payload", walk.fields(scenario.robot.payload, "robot.payload"), "that the controller knows of")
    )
    for i, item in enumerate(scenario.disturbances):
        group = _group(
            f"Disturbance: {item.type.replace('_', ' ')}", walk.fields(item, f"disturbances.{i}"), item.__doc__
        )
        groups.append(group | {"remove": i, "open": True})
    groups.append({"title": "Add a disturbance", "about": "", "controls": [], "add": list(DISTURBANCES), "open": True})
    groups.append(_group("Sensors", walk.fields(scenario.sensors, "sensors"), "how the controller sees the robot"))
    if scenario.estimator is not None:
        groups.append(_part(scenario, walk, "estimator", "Estimator") | {"open": False})
    if scenario.safety is not None:
        groups.append(_group("Safety", walk.fields(scenario.safety, "safety"), scenario.safety.__doc__))
    for i, item in enumerate(scenario.world):
        if item.motion is None and item.shape not in ("plane", "height_field"):
            names = [name for name in OF_THINGS if name != "mass" or item.mass > 0]
            groups.append(_group(f"Thing: {item.name}", walk.fields(item, f"world.{i}", names), item.shape))
    groups.append(_group("Simulation", _clock(scenario), "in the compiled twin"))
    return [group for group in groups if group["controls"] or "add" in group]


def _clock(scenario):
    """The controller's rate, among those that the physics step divides into, and the seed."""
    sim, steps = scenario.sim, {1, 2, 4, 5, 8, 10, 16, 20, scenario.sim.control_every}
    yield {"key": "sim.control_rate", "label": "control rate", "about": "of the controller [Hz]", "unit": "Hz",
           "kind": "choice", "choices": sorted(1 / (sim.timestep * k) for k in steps),
           "value": 1 / (sim.timestep * sim.control_every)}  # fmt: skip
    yield {"key": "seed", "label": "seed", "about": "of every random draw", "unit": "", "kind": "number", "low": 0,
           "high": max(100, scenario.seed), "log": False, "whole": True, "value": scenario.seed}  # fmt: skip


def keys(groups) -> set:
    return {control["key"] for group in groups for control in group["controls"]}


def _group(title, found, about=""):
    about = re.sub(r"\s+", " ", about or "").strip().split(". ")[0]
    return {"title": title, "about": about, "controls": list(found), "open": False}


def _part(scenario, walk, name, title):
    """A part whose type is chosen: the menu, then the fields of the type."""
    part = getattr(scenario, name)
    menu = {"key": f"{name}.type", "label": "type", "about": "", "unit": "", "kind": "choice", "value": part.type,
            "choices": list(KINDS[name])}  # fmt: skip
    return _group(title, [menu, *walk.fields(part, name)], part.__doc__) | {"open": True}


class _Walk:
    """Fields of the schema's parts as controls."""

    def __init__(self, first, arm):
        self.first, self.arm = first, arm

    def fields(self, part, path, only=None):
        """Controls of a part and of the parts in it."""
        for name, field in type(part).model_fields.items():
            if name in NEVER or (only is not None and name not in only):
                continue
            value, key = getattr(part, name), f"{path}.{name}"
            if isinstance(value, BaseModel):
                yield from (c | {"label": f"{_words(name)} {c['label']}"} for c in self.fields(value, key))
            elif name == "link":
                yield from self._link(part, key, value)
            elif not isinstance(value, dict):
                yield from self._control(key, name, field, value)

    def _link(self, part, key, value):
        if value is not None:
            yield {"key": key, "label": "link", "about": "", "unit": "", "kind": "choice", "value": value,
                   "choices": list(self.arm.links)}  # fmt: skip

    def _control(self, key, name, field, value):
        kind = kind_of(field)
        shown = {
            "key": key,
            "label": _words(name),
            "about": field.description or "",
            "unit": "",
            "value": _plain(value),
        }
        if kind.left_out is not ...:
            shown |= {"left_out": kind.left_out}
        if kind.number is not None and (kind.number.one or value is not None):
            yield shown | self._number(key, kind, value)
        elif kind.switch and isinstance(value, bool):
            yield shown | {"kind": "switch"}
        elif kind.choices and value is not None:
            yield shown | {"kind": "choice", "choices": list(kind.choices)}

    def _number(self, key, kind, value):
        number, there = kind.number, _at(self.first, key)
        unit = UNITS[number.dimension]
        common = {"unit": "" if number.dimension == "number" else next(iter(unit)), "whole": number.whole}
        if number.dimension.startswith("joint"):
            common["unit"] = ""  # of a turning joint or of a sliding one: the description says it
        if isinstance(value, tuple):
            anchors = there if isinstance(there, tuple) and len(there) == len(value) else value
            ends = [reach(number, a, x) for a, x in zip(anchors, value, strict=True)]
            return common | {
                "kind": "numbers",
                "names": self._names(len(value)),
                "ends": ends,
                "scale": number.low == 0,
            }
        set_ = value if isinstance(value, int | float) else None
        anchor = there if isinstance(there, int | float) else set_ if set_ is not None else 1.0
        low, high, log = reach(number, anchor, anchor if set_ is None else set_)
        many = {"split": self.arm.n} if number.many and self.arm.n > 1 and set_ is not None else {}
        return common | {"kind": "number", "low": low, "high": high, "log": log, **many}

    def _names(self, count):
        return (
            list(self.arm.joints)
            if count == self.arm.n
            else list(AXES[:count])
            if count <= 3
            else list(map(str, range(count)))
        )


def _words(name):
    return name.replace("_", " ")


def _plain(value):
    return list(value) if isinstance(value, tuple) else value


def _at(scenario, key):
    """The value under a dotted key; None where there is none."""
    here = scenario
    for step in key.split("."):
        if isinstance(here, tuple):
            here = here[int(step)] if int(step) < len(here) else None
        else:
            here = getattr(here, step, None)
    return here
