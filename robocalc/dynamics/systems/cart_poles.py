"""A cart with a pole. M(q) a = r(q, v, u), and M ∂a = ∂r - ∂M a."""

import numpy as np

from robocalc.dynamics.system import System, positive
from robocalc.dynamics.systems.pendulums import GRAVITY
from robocalc.dynamics.systems.solve import solve2


def _cart_pole(t, x, u, p):
    M, m, l, i, b, c, g = p
    sin, cos = np.sin(x[1]), np.cos(x[1])
    r = u[0] - b * x[2] + m * l * sin * x[3] * x[3]
    return (x[2], x[3], *solve2(M + m, m * l * cos, i + m * l * l, r, m * g * l * sin - c * x[3]))


def _cart_pole_jacobians(t, x, u, p):
    M, m, l, i, b, c, g = p
    sin, cos = np.sin(x[1]), np.cos(x[1])
    A, B, C = M + m, m * l * cos, i + m * l * l
    a1, a2 = solve2(A, B, C, u[0] - b * x[2] + m * l * sin * x[3] * x[3], m * g * l * sin - c * x[3])
    q = solve2(A, B, C, m * l * cos * x[3] * x[3] + m * l * sin * a2, m * g * l * cos + m * l * sin * a1)
    v = solve2(A, B, C, -b, 0.0)
    w = solve2(A, B, C, 2 * m * l * sin * x[3], -c)
    f = solve2(A, B, C, 1.0, 0.0)
    rows = (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0), (0.0, q[0], v[0], w[0]), (0.0, q[1], v[1], w[1])
    return rows, ((0.0,), (0.0,), (f[0],), (f[1],))


def cart_pole(
    cart_mass=1.0, pole_mass=0.1, centre=0.5, inertia=None, cart_damping=0.0, pole_damping=0.0, gravity=GRAVITY
) -> System:
    """A cart pushed along x with a pole hinged to it: upright at angle 0, leaning towards +x for positive angles.

    centre    distance of the pole's centre of mass from the hinge [m]
    inertia   about that centre [kg m²]; that of a uniform rod of twice the length where None, 0 for a point mass
    """
    positive("cart_pole", cart_mass=cart_mass, pole_mass=pole_mass, centre=centre)
    inertia = pole_mass * centre**2 / 3 if inertia is None else inertia
    return System(
        "cart_pole",
        _cart_pole,
        _cart_pole_jacobians,
        {"position": "m", "angle": "rad", "velocity": "m/s", "rate": "rad/s"},
        {"force": "N"},
        {
            "cart_mass": cart_mass,
            "pole_mass": pole_mass,
            "centre": centre,
            "inertia": inertia,
            "cart_damping": cart_damping,
            "pole_damping": pole_damping,
            "gravity": gravity,
        },
        {
            "cart_mass": "kg",
            "pole_mass": "kg",
            "centre": "m",
            "inertia": "kg m^2",
            "cart_damping": "N s/m",
            "pole_damping": "N m s/rad",
            "gravity": "m/s^2",
        },
        ((0.0,) * 4, (0.0,)),
    )
