"""What the schema says of one field: a number or several, with dimension and bounds; words to choose from; a switch.

Kind       of a field: number (or None), choices, switch, left_out
kind_of    of a pydantic FieldInfo
reach      the ends between which a slider moves a number
"""

import types
import typing
from typing import Annotated, Any, Literal, NamedTuple, Union

from sims.scenario.units import si

# of a number that is 0, or of one that may have either sign: how far a slider goes [SI]
FAR = {"time": 0.05, "frequency": 200.0, "length": 0.5, "speed": 1.0, "mass": 3.0, "force": 50.0, "degrees": 180.0,
       "joint position": 0.01, "joint velocity": 0.1, "joint torque": 5.0, "joint damping": 5.0}  # fmt: skip
FAR_ANY = 10.0
RATIO = 10.0  # a slider of a positive number goes from a tenth to ten times
OPEN = 0.01  # of a range, where an end itself is not allowed


class Number(NamedTuple):
    """One number of a field, or a list of them.

    dimension             of sims.scenario.units
    low, high             bounds, or None; open_low, open_high: that end itself is refused
    whole                 an int
    one, many             whether one number is taken, and whether a list of them is
    """

    dimension: str
    low: float | None
    high: float | None
    open_low: bool
    open_high: bool
    whole: bool
    one: bool
    many: bool


class Kind(NamedTuple):
    """left_out: how the field says that it has no number: "auto", or None where it is optional; ... if it cannot."""

    number: Number | None
    choices: tuple
    switch: bool
    left_out: Any


def kind_of(field) -> Kind:
    """The Kind of a field; all empty for what no slider, menu or switch can change."""
    numbers, choices, switch, left_out = [], (), False, ...
    for leaf, about, many in _leaves(field.annotation, tuple(field.metadata)):
        if leaf is float or leaf is int:
            numbers.append((leaf, about, many))
        elif leaf is bool:
            switch = True
        elif leaf is type(None):
            left_out = None
        elif typing.get_origin(leaf) is Literal:
            choices += typing.get_args(leaf)
        else:
            return Kind(None, (), False, ...)
    if numbers and choices == ("auto",):
        left_out, choices = "auto", ()
    return Kind(_number(numbers), choices, switch, left_out)


def _leaves(annotation, about=(), many=False):
    """(type, what is said of it, whether in a list) of everything that the annotation takes."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        inner, *more = typing.get_args(annotation)
        yield from _leaves(inner, (*about, *more), many)
    elif origin in (Union, types.UnionType):
        for part in typing.get_args(annotation):
            yield from _leaves(part, about, many)
    elif origin is tuple and not many:
        yield from _leaves(typing.get_args(annotation)[0], about, True)
    else:
        yield annotation, about, many


def _number(found) -> Number | None:
    if not found:
        return None
    kind, about, _ = found[0]
    dimension, bounds = "number", {}
    for item in _flat(about):
        call = getattr(item, "func", None)
        if getattr(call, "func", None) is si:
            dimension = call.args[0]
        bounds |= {name: getattr(item, name) for name in ("ge", "gt", "le", "lt") if hasattr(item, name)}
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    lists = [many for _, _, many in found]
    return Number(dimension, low, high, "gt" in bounds, "lt" in bounds, kind is int, not all(lists), any(lists))


def _flat(about):
    """Pydantic keeps bounds in a Field inside of Annotated, or spread out."""
    for item in about:
        yield item
        yield from getattr(item, "metadata", ())


def reach(number: Number, anchor: float, value: float):
    """(low, high, whether equal ratios count alike): around `anchor`, which stays while `value` moves, and with it."""
    size, far = abs(anchor), FAR.get(number.dimension, FAR_ANY)
    if number.low is not None and number.high is not None and number.high <= 1e6:
        edge = (number.high - number.low) * OPEN
        low, high, log = number.low + edge * number.open_low, number.high - edge * number.open_high, False
    elif number.low is None:
        far = max(far, 2 * size) if number.dimension != "length" else far
        low, high, log = anchor - far, anchor + far, False
    elif size > 0:
        low, high, log = max(size / RATIO, number.low), size * RATIO, True
    else:
        low, high, log = number.low, number.low + far, False
    low, high = min(low, value), max(high, value)
    if number.whole:
        low, high = int(low), max(int(high), int(low) + 1)
    return low, high, log and low > 0
