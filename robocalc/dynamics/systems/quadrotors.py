"""Quadrotors: in the vertical plane and in space."""

import numpy as np

from robocalc.dynamics.system import System, positive
from robocalc.dynamics.systems.pendulums import GRAVITY

ARM_2D = 0.0397 / np.sqrt(2)  # m


def _quadrotor_2d(t, x, u, p):
    m, i, l, g = p
    thrust = (u[0] + u[1]) / m
    return (x[3], x[4], x[5], thrust * np.sin(x[2]), thrust * np.cos(x[2]) - g, l * (u[1] - u[0]) / i)


def _quadrotor_2d_jacobians(t, x, u, p):
    m, i, l, _ = p
    sin, cos, thrust = np.sin(x[2]), np.cos(x[2]), (u[0] + u[1]) / m
    A = (
        (0.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
        (0.0, 0.0, thrust * cos, 0.0, 0.0, 0.0),
        (0.0, 0.0, -thrust * sin, 0.0, 0.0, 0.0),
        (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    )
    return A, ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (sin / m, sin / m), (cos / m, cos / m), (-l / i, l / i))


def quadrotor_2d(mass=0.027, inertia=1.4e-5, arm=ARM_2D, gravity=GRAVITY) -> System:
    """A quadrotor in the vertical plane, two pairs of rotors: ẍ = (T1 + T2) sin θ / m, θ̈ = arm (T2 - T1) / I.

    Defaults are those of the Crazyflie in safe-control-gym, whose rotors sit at 0.0397 m / √2 from the middle.
    """
    positive("quadrotor_2d", mass=mass, inertia=inertia, arm=arm)
    hover = mass * gravity / 2
    return System(
        "quadrotor_2d",
        _quadrotor_2d,
        _quadrotor_2d_jacobians,
        {"x": "m", "z": "m", "pitch": "rad", "vx": "m/s", "vz": "m/s", "rate": "rad/s"},
        {"thrust1": "N", "thrust2": "N"},
        {"mass": mass, "inertia": inertia, "arm": arm, "gravity": gravity},
        {"mass": "kg", "inertia": "kg m^2", "arm": "m", "gravity": "m/s^2"},
        ((0.0,) * 6, (hover, hover)),
    )


def _quadrotor(t, x, u, p):
    m, ix, iy, iz, l, k, g = p
    w, a, b, c = x[3], x[4], x[5], x[6]
    wx, wy, wz = x[10], x[11], x[12]
    T = (u[0] + u[1] + u[2] + u[3]) / m
    return (
        x[7],
        x[8],
        x[9],
        0.5 * (-a * wx - b * wy - c * wz),
        0.5 * (w * wx + b * wz - c * wy),
        0.5 * (w * wy + c * wx - a * wz),
        0.5 * (w * wz + a * wy - b * wx),
        2 * (a * c + w * b) * T,
        2 * (b * c - w * a) * T,
        (w * w - a * a - b * b + c * c) * T - g,
        (l * (u[1] - u[3]) + (iy - iz) * wy * wz) / ix,
        (l * (u[2] - u[0]) + (iz - ix) * wz * wx) / iy,
        (k * (u[0] - u[1] + u[2] - u[3]) + (ix - iy) * wx * wy) / iz,
    )


def _quadrotor_jacobians(t, x, u, p):
    m, ix, iy, iz, l, k, _ = p
    w, a, b, c = x[3], x[4], x[5], x[6]
    wx, wy, wz = x[10], x[11], x[12]
    T = (u[0] + u[1] + u[2] + u[3]) / m
    o, h = 0.0, 0.5
    A = (
        (o, o, o, o, o, o, o, 1.0, o, o, o, o, o),
        (o, o, o, o, o, o, o, o, 1.0, o, o, o, o),
        (o, o, o, o, o, o, o, o, o, 1.0, o, o, o),
        (o, o, o, o, -h * wx, -h * wy, -h * wz, o, o, o, -h * a, -h * b, -h * c),
        (o, o, o, h * wx, o, h * wz, -h * wy, o, o, o, h * w, -h * c, h * b),
        (o, o, o, h * wy, -h * wz, o, h * wx, o, o, o, h * c, h * w, -h * a),
        (o, o, o, h * wz, h * wy, -h * wx, o, o, o, o, -h * b, h * a, h * w),
        (o, o, o, 2 * b * T, 2 * c * T, 2 * w * T, 2 * a * T, o, o, o, o, o, o),
        (o, o, o, -2 * a * T, -2 * w * T, 2 * c * T, 2 * b * T, o, o, o, o, o, o),
        (o, o, o, 2 * w * T, -2 * a * T, -2 * b * T, 2 * c * T, o, o, o, o, o, o),
        (o, o, o, o, o, o, o, o, o, o, o, (iy - iz) * wz / ix, (iy - iz) * wy / ix),
        (o, o, o, o, o, o, o, o, o, o, (iz - ix) * wz / iy, o, (iz - ix) * wx / iy),
        (o, o, o, o, o, o, o, o, o, o, (ix - iy) * wy / iz, (ix - iy) * wx / iz, o),
    )
    up = (2 * (a * c + w * b) / m, 2 * (b * c - w * a) / m, (w * w - a * a - b * b + c * c) / m)
    B = (
        (o, o, o, o),
        (o, o, o, o),
        (o, o, o, o),
        (o, o, o, o),
        (o, o, o, o),
        (o, o, o, o),
        (o, o, o, o),
        (up[0], up[0], up[0], up[0]),
        (up[1], up[1], up[1], up[1]),
        (up[2], up[2], up[2], up[2]),
        (o, l / ix, o, -l / ix),
        (-l / iy, o, l / iy, o),
        (k / iz, -k / iz, k / iz, -k / iz),
    )
    return A, B


def quadrotor(
    mass=0.027, inertia_x=1.4e-5, inertia_y=1.4e-5, inertia_z=2.17e-5, arm=0.0397, drag_ratio=0.0060, gravity=GRAVITY
) -> System:
    """A quadrotor in space: position, unit quaternion (w, x, y, z) of the body, velocity in world, rates in the body.

    Rotors at +x, +y, -x, -y push along the body's z; `drag_ratio` is a rotor's reaction torque over its thrust [m],
    the first and third turning against the others. The quaternion's norm is kept by the equations, not by rounding:
    normalise after long integrations. Defaults about those of a Crazyflie 2.
    """
    positive("quadrotor", mass=mass, inertia_x=inertia_x, inertia_y=inertia_y, inertia_z=inertia_z, arm=arm)
    states = {"x": "m", "y": "m", "z": "m", "qw": "1", "qx": "1", "qy": "1", "qz": "1"}
    states |= {"vx": "m/s", "vy": "m/s", "vz": "m/s", "wx": "rad/s", "wy": "rad/s", "wz": "rad/s"}
    parameters = {
        "mass": mass,
        "inertia_x": inertia_x,
        "inertia_y": inertia_y,
        "inertia_z": inertia_z,
        "arm": arm,
        "drag_ratio": drag_ratio,
        "gravity": gravity,
    }
    units = dict(zip(parameters, ("kg", "kg m^2", "kg m^2", "kg m^2", "m", "m", "m/s^2"), strict=True))
    rest = ((0.0, 0.0, 0.0, 1.0, *(0.0,) * 9), (mass * gravity / 4,) * 4)
    inputs = {f"thrust{k}": "N" for k in range(1, 5)}
    return System("quadrotor", _quadrotor, _quadrotor_jacobians, states, inputs, parameters, units, rest)
