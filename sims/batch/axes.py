"""The keys that a sweep varies, checked against the scenario before anything runs; values with units become SI.

resolved     axes as given -> axes in the scenario's own numbers
value_at     what a scenario has under a dotted key
"""

from dataclasses import replace

import numpy as np

from robocalc.errors import InvalidInput, ScenarioError
from sims.batch.design import Range, parse_axis
from sims.scenario.document import plain


def resolved(scenario, over) -> dict:
    """key -> Range or tuple of values.

    over     key -> text as on the command line, Range, or any sequence of values
    raises   InvalidInput for an axis without values; ScenarioError for a key or value that the scenario refuses
    """
    if not isinstance(over, dict) or not over:
        raise InvalidInput("a sweep needs at least one key to vary: --over controller.kp=300,600, say")
    axes = {str(key): _axis(str(key), given) for key, given in over.items()}
    first = {key: axis.lo if isinstance(axis, Range) else axis[0] for key, axis in axes.items()}
    return {key: _in_si(scenario, key, axis, first) for key, axis in axes.items()}


def _axis(key, given):
    try:
        if isinstance(given, str):
            return parse_axis(given)
        if isinstance(given, Range):
            return given
        if isinstance(given, dict) or not hasattr(given, "__iter__"):
            given = [given]
        values = tuple(plain(given if isinstance(given, list) else list(given)))
        if not values:
            raise InvalidInput("no value given")
        return values
    except InvalidInput as error:
        raise InvalidInput(f"{key}: {error}") from None


def _in_si(scenario, key, axis, first):
    if not isinstance(axis, Range):
        return tuple(_tried(scenario, key, value, first) for value in axis)
    if axis.scale:
        return _scaled(scenario, key, axis)
    ends = [_tried(scenario, key, f"{x} {axis.unit}" if axis.unit else x, first) for x in (axis.lo, axis.hi)]
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in ends):
        raise InvalidInput(f"{key} is no number, so it has no range; give its values one by one")
    whole = True if axis.whole is None and isinstance(ends[0], int) else axis.whole
    return replace(axis, lo=ends[0], hi=ends[1], whole=whole, unit="")


def _tried(scenario, key, value, first):
    """The value as the scenario takes it, alone or with the first of all other keys."""
    try:
        return value_at(scenario.with_({key: value}), key)
    except ScenarioError:
        try:
            return value_at(scenario.with_({**first, key: value}), key)
        except ScenarioError:
            pass
        raise


class Scaled:
    """A Range of factors on a value, a number or one for each joint."""

    def __init__(self, base, range_):
        self.base, self.range = base, range_

    def _times(self, x):
        return (np.asarray(self.base, float) * x).tolist()

    def at(self, u):
        return self._times(self.range.at(u))

    def __len__(self):
        return len(self.range)

    def __getitem__(self, i):
        return self._times(self.range[i])


def _scaled(scenario, key, axis):
    base = value_at(scenario, key)
    numbers = base if isinstance(base, list) else [base]
    if not all(isinstance(x, int | float) and not isinstance(x, bool) for x in numbers) or not numbers:
        raise InvalidInput(f"{key}: {base!r} cannot be scaled; give its values one by one")
    scaled = Scaled(base, axis)
    for u in (0.0, 1.0):
        scenario.with_({key: scaled.at(u)})
    return scaled


def value_at(scenario, key: str):
    """What a scenario has under a dotted key, items of lists by name or index; None where it has nothing."""
    here = scenario.to_dict()
    steps = key.split(".")
    if steps[0] == "accept" and len(steps) > 2 and steps[-1] in ("min", "max"):  # names of metrics have dots
        steps = ["accept", ".".join(steps[1:-1]), steps[-1]]
    for step in steps:
        if isinstance(here, list):
            named = [item for item in here if isinstance(item, dict) and item.get("name") == step]
            place = int(step) if step.isdecimal() and int(step) < len(here) else None
            here = named[0] if named else None if place is None else here[place]
        else:
            here = here.get(step) if isinstance(here, dict) else None
    return here
