"""Classic non-stiff and stiff initial value problems, as plain Python: (f, t_span, y0).

Sources: Hairer, Nørsett & Wanner, Solving Ordinary Differential Equations I (1993) and II (1996); Mazzia & Magherini,
Test Set for Initial Value Problem Solvers (2008); Enright & Pryce, DETEST (1987).
"""

import math

MU = 0.012277471  # Arenstorf: the moon's share of the mass
PERIOD = 17.0652165601579625588917206249


def arenstorf(t, y):
    d1 = ((y[0] + MU) ** 2 + y[1] ** 2) ** 1.5
    d2 = ((y[0] - 1 + MU) ** 2 + y[1] ** 2) ** 1.5
    ax = y[0] + 2 * y[3] - (1 - MU) * (y[0] + MU) / d1 - MU * (y[0] - 1 + MU) / d2
    return [y[2], y[3], ax, y[1] - 2 * y[2] - (1 - MU) * y[1] / d1 - MU * y[1] / d2]


def brusselator(t, y):
    return [1 + y[0] * y[0] * y[1] - 4 * y[0], 3 * y[0] - y[0] * y[0] * y[1]]


def double_pendulum(t, y):
    """Point masses of 1 kg on rods of 1 m, angles from the vertical."""
    s, c = math.sin(y[0] - y[1]), math.cos(y[0] - y[1])
    s1, s2 = math.sin(y[0]), math.sin(y[1])
    w1, w2, den = y[2] * y[2], y[3] * y[3], 2 - c * c
    a1 = (9.81 * (s2 * c - 2 * s1) - s * (c * w1 + w2)) / den
    return [y[2], y[3], a1, (19.62 * (s1 * c - s2) + s * (2 * w1 + c * w2)) / den]


def euler_body(t, y):
    """Free rigid body, moments of inertia 1/2, 2, 3 as in DETEST's B5."""
    return [y[1] * y[2], -y[0] * y[2], -0.51 * y[0] * y[1]]


def kepler(t, y):
    r3 = (y[0] * y[0] + y[1] * y[1]) ** 1.5
    return [y[2], y[3], -y[0] / r3, -y[1] / r3]


def lorenz(t, y):
    return [10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]]


def lotka_volterra(t, y):
    return [2 * (y[0] - y[0] * y[1]), -(y[1] - y[0] * y[1])]


def pleiades(t, y):
    out = [*y[14:28], *([0.0] * 14)]
    for i in range(7):
        for j in range(7):
            if i != j:
                dx, dy = y[j] - y[i], y[7 + j] - y[7 + i]
                r3 = (dx * dx + dy * dy) ** 1.5
                out[14 + i] += (j + 1) * dx / r3
                out[21 + i] += (j + 1) * dy / r3
    return out


def hires(t, y):
    a = 280 * y[5] * y[7]
    return [
        -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007,
        1.71 * y[0] - 8.75 * y[1],
        -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4],
        8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
        -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
        -a + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6],
        a - 1.81 * y[6],
        -a + 1.81 * y[6],
    ]


def oregonator(t, y):
    return [
        77.27 * (y[1] + y[0] * (1 - 8.375e-6 * y[0] - y[1])),
        (y[2] - (1 + y[0]) * y[1]) / 77.27,
        0.161 * (y[0] - y[2]),
    ]


def robertson(t, y):
    return [-0.04 * y[0] + 1e4 * y[1] * y[2], 0.04 * y[0] - 1e4 * y[1] * y[2] - 3e7 * y[1] ** 2, 3e7 * y[1] ** 2]


def van_der_pol(t, y):
    return [y[1], 1000 * (1 - y[0] * y[0]) * y[1] - y[0]]


NON_STIFF = {
    "arenstorf": (arenstorf, (0, PERIOD), [0.994, 0, 0, -2.00158510637908252240537862224]),
    "brusselator": (brusselator, (0, 20), [1.5, 3]),
    "double_pendulum": (double_pendulum, (0, 10), [1.5, 1, 0, 0]),
    "euler_body": (euler_body, (0, 20), [0, 1, 1]),
    "kepler": (kepler, (0, 20), [0.1, 0, 0, math.sqrt(19)]),
    "lorenz": (lorenz, (0, 10), [-8, 8, 27]),
    "lotka_volterra": (lotka_volterra, (0, 20), [1, 3]),
    "pleiades": (
        pleiades,
        (0, 3),
        [3, 3, -1, -3, 2, -2, 2, 3, -3, 2, 0, 0, -4, 4, 0, 0, 0, 0, 0, 1.75, -1.5, 0, 0, 0, -1.25, 1, 0, 0],
    ),
}
STIFF = {
    "hires": (hires, (0, 321.8122), [1, 0, 0, 0, 0, 0, 0, 0.0057]),
    "oregonator": (oregonator, (0, 360), [1, 2, 3]),
    "robertson": (robertson, (0, 1e5), [1, 0, 0]),
    "van_der_pol": (van_der_pol, (0, 2000), [2, 0]),
}
