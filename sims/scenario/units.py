"""Numbers with units: a float is SI, a string like '1 ms' is converted when its unit fits the dimension.

UNITS          dimension -> its units
si             the conversion
quantity       a pydantic type for one number of a dimension
vector         several of them
per_joint      one for all joints, or one a joint
"""

import math
import re
from functools import cache, partial
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema as core

HUGE = 1e12  # no quantity of a robot cell comes near; what does is a slip of the exponent

# dimension: {unit: power of ten of SI (int, converted without rounding twice) or a factor (float)}; the first is SI
UNITS = {
    "time": {"s": 0, "ms": -3, "us": -6, "min": 60.0},
    "frequency": {"Hz": 0, "kHz": 3},
    "length": {"m": 0, "mm": -3, "cm": -2, "um": -6},
    "speed": {"m/s": 0, "mm/s": -3, "cm/s": -2},
    "acceleration": {"m/s^2": 0, "mm/s^2": -3},
    "mass": {"kg": 0, "g": -3},
    "inertia": {"kg m^2": 0},
    "force": {"N": 0, "kN": 3, "mN": -3},
    "angle": {"rad": 0, "deg": math.pi / 180, "mrad": -3},
    "degrees": {"deg": 0, "rad": 180 / math.pi},
    "joint position": {"rad": 0, "deg": math.pi / 180, "mrad": -3, "m": 0, "mm": -3, "cm": -2},
    "joint velocity": {"rad/s": 0, "deg/s": math.pi / 180, "m/s": 0, "mm/s": -3, "cm/s": -2},
    "joint acceleration": {"rad/s^2": 0, "deg/s^2": math.pi / 180, "m/s^2": 0, "mm/s^2": -3},
    "joint jerk": {"rad/s^3": 0, "deg/s^3": math.pi / 180, "m/s^3": 0, "mm/s^3": -3},
    "joint torque": {"N m": 0, "Nm": 0, "N": 0, "kN": 3},
    "joint damping": {"N m s/rad": 0, "N m s": 0, "Nms/rad": 0, "N s/m": 0},
    "number": {"%": -2},
}
_NUMBER = re.compile(r"\s*([-+]?(?:\.\d+|\d+(?:\.\d*)?))(?:[eE]([-+]?\d{1,4}))?\s*([A-Za-z%].*?)?\s*")


def si(dimension: str, value: Any) -> float:
    """`value` in SI: a number as it is, a string by its unit; refuses what is neither, not finite, or beyond HUGE."""
    if isinstance(value, str):
        number = _converted(dimension, value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value) if abs(value) < HUGE**2 or value != value else math.copysign(HUGE**2, value)
    else:
        raise PydanticCustomError(
            "quantity", "expected {want}, got {got}", {"want": wanted(dimension), "got": show(value)}
        )
    if not math.isfinite(number) or value in (math.inf, -math.inf):
        raise PydanticCustomError("quantity", "must be finite, got {got}", {"got": show(value)})
    if abs(number) > HUGE:
        raise PydanticCustomError("quantity", "{got} is beyond 1e12: no usable value", {"got": show(value)})
    return number


def _converted(dimension: str, text: str) -> float:
    match = _NUMBER.fullmatch(text)
    if not match:
        raise PydanticCustomError(
            "quantity", "expected {want}, got {got}", {"want": wanted(dimension), "got": show(text)}
        )
    mantissa, exponent, unit = match.groups()
    scale = {None: 0, **UNITS[dimension]}.get(unit)
    if scale is None:
        known = [u for u in UNITS[dimension] if u != "%"]
        hint = f"use one of {', '.join(known)}" if known else "a plain number is wanted"
        raise PydanticCustomError("unit", "unit {unit} does not fit here; {hint}", {"unit": repr(unit), "hint": hint})
    if isinstance(scale, int):
        return float(f"{mantissa}e{int(exponent or 0) + scale}")
    return float(f"{mantissa}e{exponent or 0}") * scale


def wanted(dimension: str) -> str:
    """What a field of this dimension takes, in words."""
    units = list(UNITS[dimension])
    return "a number" if dimension == "number" else f"a number in {units[0]} (or with unit: {', '.join(units)})"


def show(value: Any) -> str:
    """`value` as short text for a message."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if hasattr(value, "model_dump"):
        return f"a {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _text_pattern(dimension: str) -> str:
    units = "|".join(re.escape(u).replace("\\ ", " ").replace("\\%", "%") for u in UNITS[dimension])
    return rf"^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*({units})?\s*$"


class _Ready:
    """Ends an Annotated type: pydantic takes its core schema from `make()` instead of deriving it, which takes long.

    What stands before it in the type is for people and for those who read types; `func`: as a BeforeValidator has it.
    """

    def __init__(self, make, func=None):
        self.make, self.func = make, func

    def __get_pydantic_core_schema__(self, source, handler):
        return self.make()


@cache
def quantity(dimension: str, **bounds):
    """A float in SI, given as number or as string with unit; `bounds` as in pydantic's Field (gt, ge, lt, le)."""
    convert = partial(si, dimension)
    return Annotated[
        float,
        Field(allow_inf_nan=False, **bounds),
        _Ready(partial(_number_schema, dimension, bounds, convert), convert),
    ]


def _number_schema(dimension, bounds, convert):
    given = core.union_schema([core.float_schema(**bounds), core.str_schema(pattern=_text_pattern(dimension))])
    number = core.float_schema(allow_inf_nan=False, **bounds)
    return core.no_info_before_validator_function(convert, number, json_schema_input_schema=given)


@cache
def vector(dimension: str, length: int | None = None, **bounds):
    """`length` numbers of a dimension (any number of them for None), as tuple."""
    one, size = quantity(dimension, **bounds), {} if length is None else {"min_length": length, "max_length": length}
    return Annotated[tuple[one, ...], Field(strict=False, **size), _Ready(partial(_list_schema, _made(one), size))]


def _list_schema(one, size):
    return core.tuple_schema([one()], variadic_item_index=0, strict=False, **size)


def _is_list(value: Any) -> str:
    return "list" if isinstance(value, (list, tuple)) else "one"


@cache
def per_joint(dimension: str, **bounds):
    """One number for all joints, or a tuple with one for each."""
    one, many = quantity(dimension, **bounds), vector(dimension, **bounds)
    ready = _Ready(partial(_either_schema, _made(one), _made(many)))
    return Annotated[Annotated[one, Tag("one")] | Annotated[many, Tag("list")], Discriminator(_is_list), ready]


def _either_schema(one, many):
    return core.tagged_union_schema({"one": one(), "list": many()}, _is_list)


def _made(kind):
    """What makes the core schema of one of these types."""
    return kind.__metadata__[-1].make


def positive(dimension: str):
    """A quantity above zero."""
    return quantity(dimension, gt=0)


def not_negative(dimension: str):
    """A quantity of zero or more."""
    return quantity(dimension, ge=0)
