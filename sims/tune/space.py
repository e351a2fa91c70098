"""The numbers that move, as points of the unit cube.

Knob         one number or choice: key, what it means for the scenario, range, value before
Space        all of them; `values(x)` and `changes(x)` lead from a point to the scenario
make_space   from what a study says; what it leaves open comes from the model (sims.tune.guess)
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from robocalc.errors import InvalidInput
from sims.scenario.say import did_you_mean
from sims.tune.lawmap import Entry, controller
from sims.tune.schema import Vary

WIDER = 10.0  # range of a gain of which nothing is known: its value times and over this
UNITS = {"kp": "N m/rad", "kd": "N m s/rad", "ki": "N m/(rad s)", "wn": "rad/s", "zeta": "-", "rate": "rad/s"}


@dataclass(frozen=True)
class Knob:
    """low, high: ends of the range; log: equal ratios count alike; choices: () for a number; before: as it was."""

    key: str
    label: str
    low: float
    high: float
    log: bool
    before: Any
    unit: str = ""
    choices: tuple = ()
    entry: Entry | None = None  # of the controller, where it is a number of one
    group: str = ""

    def value(self, u):
        """What the point's coordinate u in [0, 1] stands for."""
        if self.choices:
            return self.choices[min(int(u * len(self.choices)), len(self.choices) - 1)]
        if self.log:
            return float(min(max(self.low * (self.high / self.low) ** u, self.low), self.high))
        return float(min(max(self.low + (self.high - self.low) * u, self.low), self.high))

    def place(self, value) -> float:
        """The coordinate of a value, of the nearest end where it is outside."""
        if self.choices:
            return (self.choices.index(value) + 0.5) / len(self.choices) if value in self.choices else 0.0
        if self.log:
            return float(np.clip(math.log(max(value, 1e-300) / self.low) / math.log(self.high / self.low), 0, 1))
        return float(np.clip((value - self.low) / (self.high - self.low), 0, 1))

    def rate(self, value) -> float:
        """d value / d u."""
        return value * math.log(self.high / self.low) if self.log else self.high - self.low


@dataclass(frozen=True)
class Space:
    """P knobs; gains: whether all are numbers of the scenario's controller, so that a plan stays as it is."""

    knobs: tuple

    @property
    def gains(self) -> bool:
        return all(knob.entry is not None and not knob.choices for knob in self.knobs)

    @property
    def entries(self) -> list:
        return [knob.entry for knob in self.knobs]

    def values(self, x) -> list:
        return [knob.value(u) for knob, u in zip(self.knobs, x, strict=True)]

    def place(self, values) -> np.ndarray:
        return np.array([knob.place(value) for knob, value in zip(self.knobs, values, strict=True)])

    def before(self) -> np.ndarray:
        return self.place([knob.before for knob in self.knobs])

    def scenario(self, scenario, x):
        """The scenario with the values of a point; raises ScenarioError where they make none."""
        values, changes = self.values(x), {}
        if self.gains:
            part = controller(scenario.controller, self.entries, values, _joints(scenario))
            return scenario.model_copy(update={"controller": type(part).model_validate(part.model_dump())})
        moved = [(k.entry, v) for k, v in zip(self.knobs, values, strict=True) if k.entry is not None]
        for knob, value in zip(self.knobs, values, strict=True):
            if knob.entry is None:
                changes[knob.key] = value
        scenario = scenario.with_(changes) if changes else scenario
        if moved:
            part = controller(scenario.controller, *zip(*moved, strict=True), _joints(scenario))
            scenario = scenario.model_copy(update={"controller": type(part).model_validate(part.model_dump())})
        return scenario


def _joints(scenario) -> int:
    from sims.build import believed_robot

    return believed_robot(scenario).n


def make_space(scenario, parameters: dict) -> Space:
    """Knobs for the study's `parameters` (dotted key -> Vary); all numbers of the controller where it names none.

    raises    InvalidInput: a key that the scenario does not have (did you mean), or a value that is no number
    """
    from sims.build import believed_robot

    robot = believed_robot(scenario)
    parameters = parameters or {f"controller.{name}": Vary() for name in _gains(scenario)}
    knobs = [knob for key, vary in parameters.items() for knob in _knobs(scenario, robot, key, vary)]
    if not knobs:
        raise InvalidInput(f"{scenario.name}: its controller has no number to tune; name some under `parameters`")
    return Space(tuple(knobs))


def _gains(scenario) -> list:
    """Fields of the controller that are numbers above 0."""
    part = scenario.controller
    found = []
    for name in type(part).model_fields:
        value = getattr(part, name)
        numbers = value if isinstance(value, tuple) else (value,)
        if name != "type" and all(isinstance(x, float) for x in numbers) and any(x > 0 for x in numbers):
            found.append(name)
    return found


def _knobs(scenario, robot, key, vary):
    head, _, rest = key.partition(".")
    field, _, item = rest.partition(".")
    if vary.choices is not None:
        before = _lookup(scenario, key)
        _try(scenario, key, vary.choices)
        return [Knob(key, key, 0.0, 1.0, False, before, choices=tuple(vary.choices), group=key)]
    if head == "controller" and field in type(scenario.controller).model_fields and field != "type":
        return _gain_knobs(scenario, robot, key, field, item, vary)
    before = _lookup(scenario, key)
    if isinstance(before, bool) or not isinstance(before, int | float):
        raise InvalidInput(f"parameters.{key}: it is {before!r}, which is no number; give it choices")
    return [_numeric(key, key, float(before), vary, "", None, key)]


def _gain_knobs(scenario, robot, key, field, item, vary):
    from sims.tune.guess import gain_ranges

    value = getattr(scenario.controller, field)
    if isinstance(value, bool) or not isinstance(value, float | tuple | None):
        raise InvalidInput(f"parameters.{key}: it is {value!r}, which is no number; give it choices")
    if value is None:
        raise InvalidInput(f"parameters.{key}: the scenario leaves it out; give it a value to begin with")
    unit = UNITS.get(field, "")
    guessed = gain_ranges(scenario, robot).get(field)
    if item:
        joints = [_joint(robot, key, item)]
    elif vary.per_joint or (vary.per_joint is None and isinstance(value, tuple)):
        joints = list(range(robot.n))
    else:
        ends = None if guessed is None else (float(guessed[0].min()), float(guessed[1].max()))
        return [_numeric(key, key, float(np.max(value)), vary, unit, Entry(field, None), field, ends)]
    row = value if isinstance(value, tuple) else (value,) * robot.n
    knobs = []
    for i in joints:
        ends = None if guessed is None else (float(guessed[0][i]), float(guessed[1][i]))
        label = f"controller.{field} {robot.joints[i]}"
        knobs.append(_numeric(f"controller.{field}.{i}", label, row[i], vary, unit, Entry(field, i), field, ends))
    return knobs


def _joint(robot, key, item) -> int:
    if item in robot.joints:
        return robot.joints.index(item)
    if item.isdecimal() and int(item) < robot.n:
        return int(item)
    raise InvalidInput(f"parameters.{key}: {robot.name} has no joint {item!r}{did_you_mean(item, robot.joints)}")


def _numeric(key, label, before, vary, unit, entry, group, guessed=None):
    if vary.range is not None:
        low, high = vary.range
    elif vary.scale is not None:
        if before <= 0:
            raise InvalidInput(f"parameters.{key}: scale is of the scenario's value, which is {before:g}; give a range")
        low, high = vary.scale[0] * before, vary.scale[1] * before
    elif guessed is not None:
        low, high = guessed
    elif before > 0:
        low, high = before / WIDER, before * WIDER
    else:
        raise InvalidInput(f"parameters.{key}: nothing tells a range for a value of {before:g}; give one")
    return Knob(key, label, low, high, low > 0 if vary.log is None else vary.log, before, unit, (), entry, group)


def _lookup(scenario, key):
    """The value under a dotted key; raises InvalidInput for one that is not there."""
    here, path = scenario, []
    for step in key.split("."):
        known = list(type(here).model_fields) if hasattr(type(here), "model_fields") else None
        if known is None and isinstance(here, tuple):
            names = [getattr(item, "name", None) for item in here]
            known = [name for name in names if name] + [str(i) for i in range(len(here))]
            found = here[names.index(step)] if step in names else here[int(step)] if step in known else None
        elif known is None and isinstance(here, dict):
            known, found = list(here), here.get(step)
        elif known is not None:
            found = getattr(here, step) if step in known else None
        if known is None or step not in known:
            where = ".".join(path) or "the scenario"
            hint = did_you_mean(step, known) if known else ""
            raise InvalidInput(f"parameters.{key}: {where} has no {step!r}{hint}")
        path.append(step)
        here = found
    return here if not hasattr(here, "model_dump") else here.model_dump(mode="json", exclude_none=True)


def _try(scenario, key, choices):
    for choice in choices:
        try:
            scenario.with_({key: choice})
        except ValueError as error:
            text = str(error).replace("\n", "; ")
            raise InvalidInput(f"parameters.{key}: the scenario takes no {choice!r}: {text}") from None
