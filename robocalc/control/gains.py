"""Gains as they are written: one number for all joints, or one a joint."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from robocalc.errors import InvalidInput, UnknownName

Gain = float | tuple[float, ...]
FeedForward = Literal["none", "gravity", "inverse_dynamics"]
FEEDFORWARD = ("none", "gravity", "inverse_dynamics", "friction")  # the last is what computed torque adds by itself
FORWARD = "torque known from the reference: none, gravity or inverse_dynamics"


def about(text, unit="number") -> dict:
    """Metadata of a dataclass field: what the scenario's schema says of the key, and the dimension of a single number
    (time: may be written with its unit)."""
    return {"description": text, "unit": unit}


def checked(name, value, *, positive=False):
    """The gain as a float, or a tuple of floats; finite, not negative (or > 0).

    raises    InvalidInput that names the gain, the entry and what would be valid
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        if not value:
            raise InvalidInput(f"{name} is empty; give one number, or one for each joint")
        return tuple(_number(f"{name}[{i}]", x, positive) for i, x in enumerate(value))
    return _number(name, value, positive)


def _number(name, x, positive):
    wanted = "greater than 0" if positive else "0 or greater"
    if isinstance(x, bool | np.bool_) or not isinstance(x, int | float | np.number):
        raise InvalidInput(f"{name} must be a number {wanted}, got {x!r}")
    if not math.isfinite(x) or x < 0 or (positive and x == 0):
        raise InvalidInput(f"{name} must be finite and {wanted}, got {x}")
    return float(x)


def check_feedforward(name):
    if name not in FEEDFORWARD[:3]:
        raise UnknownName("feedforward", name, FEEDFORWARD[:3])


def per_joint(name, value, robot) -> np.ndarray:
    """The gain for each joint of the robot, (n,); raises InvalidInput when the number of entries does not fit."""
    if isinstance(value, tuple) and len(value) != robot.n:
        joints = list(robot.joints)
        fault = f"nothing for {joints[len(value)]}" if len(value) < robot.n else f"{value[robot.n]:g} is for no joint"
        raise InvalidInput(
            f"{name} has {len(value)} values, robot {robot.name} has {robot.n} joints ({', '.join(joints)}): {fault}"
        )
    return np.broadcast_to(np.asarray(value, float), (robot.n,)).copy()


def check_period(dt):
    """raises InvalidInput unless dt is a finite number of seconds above 0."""
    if isinstance(dt, bool) or not isinstance(dt, int | float | np.number) or not (math.isfinite(dt) and dt > 0):
        raise InvalidInput(f"the control period must be a finite number of seconds above 0, got {dt!r}")


def check_substeps(substeps):
    if isinstance(substeps, bool) or not isinstance(substeps, int | np.integer) or substeps < 1:
        raise InvalidInput(f"physics steps a control period must be a whole number from 1, got {substeps!r}")
