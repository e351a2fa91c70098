"""Pendulums: one hinge; two, both or the second driven. M(q) a = r(q, v, u), and M ∂a = ∂r - ∂M a."""

import numpy as np

from robocalc.dynamics.system import System, positive
from robocalc.dynamics.systems.solve import solve2

GRAVITY = 9.81  # m/s²


def _pendulum(t, x, u, p):
    m, l, b, g = p
    return x[1], (u[0] - b * x[1]) / (m * l * l) - g / l * np.sin(x[0])


def _pendulum_jacobians(t, x, u, p):
    m, l, b, g = p
    return ((0.0, 1.0), (-g / l * np.cos(x[0]), -b / (m * l * l))), ((0.0,), (1.0 / (m * l * l),))


def pendulum(mass=1.0, length=1.0, damping=0.0, gravity=GRAVITY) -> System:
    """A point mass on a massless rod; hanging at angle 0, torque at the hinge."""
    positive("pendulum", mass=mass, length=length)
    return System(
        "pendulum",
        _pendulum,
        _pendulum_jacobians,
        {"angle": "rad", "rate": "rad/s"},
        {"torque": "N m"},
        {"mass": mass, "length": length, "damping": damping, "gravity": gravity},
        {"mass": "kg", "length": "m", "damping": "N m s/rad", "gravity": "m/s^2"},
        ((0.0, 0.0), (0.0,)),
    )


def _two_links(q, v, tau1, tau2, p):
    """M = [[a, b], [b, c]] and right-hand sides of two links, angles from hanging, the second relative to the first."""
    m1, m2, l1, d1, d2, i1, i2, b1, b2, g = p
    s2, c2 = np.sin(q[1]), np.cos(q[1])
    k = m2 * l1 * d2
    a = i1 + i2 + m1 * d1 * d1 + m2 * (l1 * l1 + d2 * d2) + 2 * k * c2
    b = i2 + m2 * d2 * d2 + k * c2
    c = i2 + m2 * d2 * d2
    w1, w2 = v
    far = m2 * d2 * g * np.sin(q[0] + q[1])
    r = tau1 - b1 * w1 + k * s2 * (2 * w1 * w2 + w2 * w2) - (m1 * d1 + m2 * l1) * g * np.sin(q[0]) - far
    s = tau2 - b2 * w2 - k * s2 * w1 * w1 - far
    return a, b, c, r, s


def _two_links_jacobian(x, tau1, tau2, p):
    """(∂(a1, a2)/∂(q1, q2, w1, w2) as two rows, M⁻¹ as (3))."""
    m1, m2, l1, d1, d2, _, _, b1, b2, g = p
    a, b, c, r, s = _two_links((x[0], x[1]), (x[2], x[3]), tau1, tau2, p)
    acc1, acc2 = solve2(a, b, c, r, s)
    w1, w2 = x[2], x[3]
    s2, c2 = np.sin(x[1]), np.cos(x[1])
    k = m2 * l1 * d2
    far, near = m2 * d2 * g * np.cos(x[0] + x[1]), (m1 * d1 + m2 * l1) * g * np.cos(x[0])
    q1 = solve2(a, b, c, -near - far, -far)
    # ∂M/∂q2 = -k sin q2 [[2, 1], [1, 0]]
    q2 = solve2(
        a,
        b,
        c,
        k * c2 * (2 * w1 * w2 + w2 * w2) - far + k * s2 * (2 * acc1 + acc2),
        -k * c2 * w1 * w1 - far + k * s2 * acc1,
    )
    v1 = solve2(a, b, c, -b1 + 2 * k * s2 * w2, -2 * k * s2 * w1)
    v2 = solve2(a, b, c, 2 * k * s2 * (w1 + w2), -b2)
    d = a * c - b * b
    return (q1[0], q2[0], v1[0], v2[0]), (q1[1], q2[1], v1[1], v2[1]), (c / d, -b / d, a / d)


def _double_pendulum(t, x, u, p):
    a, b, c, r, s = _two_links((x[0], x[1]), (x[2], x[3]), u[0], u[1], p)
    return (x[2], x[3], *solve2(a, b, c, r, s))


def _double_pendulum_jacobians(t, x, u, p):
    row1, row2, inverse = _two_links_jacobian(x, u[0], u[1], p)
    A = ((0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), row1, row2)
    return A, ((0.0, 0.0), (0.0, 0.0), (inverse[0], inverse[1]), (inverse[1], inverse[2]))


def _acrobot(t, x, u, p):
    a, b, c, r, s = _two_links((x[0], x[1]), (x[2], x[3]), 0.0, u[0], p)
    return (x[2], x[3], *solve2(a, b, c, r, s))


def _acrobot_jacobians(t, x, u, p):
    row1, row2, inverse = _two_links_jacobian(x, 0.0, u[0], p)
    A = ((0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), row1, row2)
    return A, ((0.0,), (0.0,), (inverse[1],), (inverse[2],))


TWO_STATES = {"angle1": "rad", "angle2": "rad", "rate1": "rad/s", "rate2": "rad/s"}
TWO_UNITS = {
    "mass1": "kg",
    "mass2": "kg",
    "length1": "m",
    "centre1": "m",
    "centre2": "m",
    "inertia1": "kg m^2",
    "inertia2": "kg m^2",
    "damping1": "N m s/rad",
    "damping2": "N m s/rad",
    "gravity": "m/s^2",
}


def _two_link_system(name, equations, jacobians, inputs, values) -> System:
    parameters = dict(zip(TWO_UNITS, values, strict=True))
    positive(name, **{k: parameters[k] for k in ("mass1", "mass2", "length1", "centre1", "centre2")})
    rest = ((0.0,) * 4, (0.0,) * len(inputs))
    return System(name, equations, jacobians, TWO_STATES, inputs, parameters, TWO_UNITS, rest)


def double_pendulum(
    mass1=1.0, mass2=1.0, length1=1.0, length2=1.0, damping1=0.0, damping2=0.0, gravity=GRAVITY
) -> System:
    """Two point masses on massless rods, a torque at each hinge; hanging at 0, the second angle from the first rod."""
    values = (mass1, mass2, length1, length1, length2, 0.0, 0.0, damping1, damping2, gravity)
    inputs = {"torque1": "N m", "torque2": "N m"}
    return _two_link_system("double_pendulum", _double_pendulum, _double_pendulum_jacobians, inputs, values)


def acrobot(
    mass1=1.0,
    mass2=1.0,
    length1=1.0,
    centre1=0.5,
    centre2=0.5,
    inertia1=1 / 12,
    inertia2=1 / 12,
    damping1=0.0,
    damping2=0.0,
    gravity=GRAVITY,
) -> System:
    """Two rods with a motor at the elbow only; hanging at 0, upright at (π, 0). Inertias about the rods' centres.

    source    Spong, "The swing up control problem for the acrobot", 1995
    """
    values = (mass1, mass2, length1, centre1, centre2, inertia1, inertia2, damping1, damping2, gravity)
    return _two_link_system("acrobot", _acrobot, _acrobot_jacobians, {"torque": "N m"}, values)
