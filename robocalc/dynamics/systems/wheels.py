"""Wheeled robots that roll without slip."""

import numpy as np

from robocalc.dynamics.system import System, positive


def _unicycle(t, x, u, p):
    return u[0] * np.cos(x[2]), u[0] * np.sin(x[2]), u[1]


def _unicycle_jacobians(t, x, u, p):
    sin, cos = np.sin(x[2]), np.cos(x[2])
    return ((0.0, 0.0, -u[0] * sin), (0.0, 0.0, u[0] * cos), (0.0, 0.0, 0.0)), ((cos, 0.0), (sin, 0.0), (0.0, 1.0))


def unicycle() -> System:
    """A wheel that rolls and turns, or a differential drive: speed and turning rate are the inputs."""
    return System(
        "unicycle",
        _unicycle,
        _unicycle_jacobians,
        {"x": "m", "y": "m", "heading": "rad"},
        {"speed": "m/s", "rate": "rad/s"},
        {},
        rest=((0.0,) * 3, (0.0,) * 2),
    )


def _bicycle(t, x, u, p):
    return u[0] * np.cos(x[2]), u[0] * np.sin(x[2]), u[0] * np.tan(x[3]) / p[0], u[1]


def _bicycle_jacobians(t, x, u, p):
    sin, cos, tan = np.sin(x[2]), np.cos(x[2]), np.tan(x[3])
    A = (
        (0.0, 0.0, -u[0] * sin, 0.0),
        (0.0, 0.0, u[0] * cos, 0.0),
        (0.0, 0.0, 0.0, u[0] * (1 + tan * tan) / p[0]),
        (0.0, 0.0, 0.0, 0.0),
    )
    return A, ((cos, 0.0), (sin, 0.0), (tan / p[0], 0.0), (0.0, 1.0))


def bicycle(wheelbase=0.3) -> System:
    """A car that rolls without slip, seen between its rear wheels: speed and steering rate are the inputs."""
    positive("bicycle", wheelbase=wheelbase)
    return System(
        "bicycle",
        _bicycle,
        _bicycle_jacobians,
        {"x": "m", "y": "m", "heading": "rad", "steering": "rad"},
        {"speed": "m/s", "steering_rate": "rad/s"},
        {"wheelbase": wheelbase},
        {"wheelbase": "m"},
        ((0.0,) * 4, (0.0,) * 2),
    )
