"""safe-control-gym's tasks, rebuilt.

    TASKS   name -> Task: cart-pole, planar and spatial quadrotor, each stabilised and tracking

Source: examples/lqr and examples/pid of its repository at e39a569.
"""

from dataclasses import replace
from math import inf, pi, radians

import numpy as np

from sims.bench.gym_task import Task


def sine(t, seconds, out):
    """Cart-pole: sin along the rail, two periods."""
    w = 2 * pi * 2 / seconds
    out[:, 0], out[:, 1] = np.sin(w * t), w * np.cos(w * t)


def _eight(t, seconds):
    """(p (N, 2), v (N, 2)) of a figure of eight 0.75 m wide, offset (0, 1)."""
    w, s = 2 * pi / seconds, 0.75
    p = np.stack([s * np.sin(w * t), 1.0 + s * np.sin(w * t) * np.cos(w * t)], axis=1)
    v = np.stack([s * w * np.cos(w * t), s * w * (np.cos(w * t) ** 2 - np.sin(w * t) ** 2)], axis=1)
    return p, v


def planar_eight(t, seconds, out):
    p, v = _eight(t, seconds)
    out[:, [0, 2]], out[:, [1, 3]] = p, v


def spatial_eight(t, seconds, out):
    """The figure of eight in x-z, projected onto the plane through (0, 0, 0.5) with normal (0, 1, 1). The gym projects
    velocities with the plane's offset as well, which is kept: they are 0.25 m/s off in y and z."""
    p, v = (np.insert(x, 1, 0.0, axis=1) for x in _eight(t, seconds))
    normal = np.array([0.0, 1.0, 1.0]) / np.sqrt(2.0)
    M, offset = np.eye(3) - np.outer(normal, normal), (np.array([0.0, 0.0, 0.5]) @ normal) * normal
    out[:, [0, 2, 4]], out[:, [1, 3, 5]] = p @ M.T + offset, v @ M.T + offset


def _draws(*halves):
    return tuple((c - h, c + h) for c, h in halves)


DAMPING = float(np.float32(0.04))  # [1/s] of a btMultiBody by default, single-precision
V, ANGLE = (0.0, 0.1), (0.0, 0.2)  # centre and half width of what is drawn
SLOW, LEAN = (0.0, 0.01), (0.0, 0.3)  # of quadrotors: the gym's own draws, as it does not use those of its files
POLE = Task(
    "cart_pole_tracking",
    "cart follows sin(2 pi t / 3), pole upright; 15 Hz",
    "gym_cart_pole.urdf",
    (0, 2, 1, 3),
    (15, 750),
    (1.0, 0.1, 0.1, 0.1),
    0.1,
    (0.0,) * 4,
    sine,
    _draws((0.0, 1.0), V, ANGLE, V),
    (2.4, inf, pi / 2, inf),
    (4.8, 20.0, pi, 20.0),
    (0, 2),
    42,
    late=True,
)
PLANAR = Task(
    "quadrotor_2d_tracking",
    "planar quadrotor on a figure of eight; 50 Hz",
    "gym_quadrotor_2d.urdf",
    (0, 3, 1, 4, 2, 5),
    (50, 1000),
    (1.0, 0.1, 1.0, 0.1, 0.1, 0.1),
    0.1,
    (0.0, 0.0, 1.0, 0.0, 0.0, 0.0),
    planar_eight,
    _draws((0.0, 0.5), SLOW, (0.8, 0.7), SLOW, LEAN, SLOW),
    (2.0, inf, 2.0, inf, radians(85), inf),
    (2.0, 30.0, 2.0, 30.0, radians(85), radians(500)),
    (0, 2),
    1337,
    floor={2: -0.05},
    damping=DAMPING,
)
SPATIAL = Task(
    "quadrotor_3d_tracking",
    "quadrotor on a tilted figure of eight; 50 Hz",
    "gym_quadrotor.urdf",
    (0, 6, 1, 7, 2, 8, 5, 4, 3, 11, 10, 9),
    (50, 1000),
    (1.0, 0.1, 1.0, 0.1, 1.0, *(0.1,) * 7),
    0.1,
    (0.0, 0.0, 0.0, 0.0, 1.0, *(0.0,) * 7),
    spatial_eight,
    _draws((0.0, 0.5), SLOW, (0.0, 0.5), SLOW, (0.8, 0.7), SLOW, LEAN, LEAN, LEAN, SLOW, SLOW, SLOW),
    (2.0, inf, 2.0, inf, 2.0, inf, radians(85), radians(85), pi, inf, inf, inf),
    (2.0, 30.0, 2.0, 30.0, 2.0, 30.0, radians(85), radians(85), pi, *(radians(500),) * 3),
    (0, 2, 4),
    1337,
    floor={4: -0.05},
    damping=DAMPING,
    spatial=True,
)
TASKS = {
    task.name: task
    for task in (
        replace(
            POLE,
            name="cart_pole_stabilisation",
            what="cart to 1 m, pole upright; 15 Hz",
            weights=(1.0,) * 4,
            goal=(1.0, 0.0, 0.0, 0.0),
            path=None,
            draws=_draws((0.0, 2.0), V, ANGLE, V),
        ),
        POLE,
        replace(
            PLANAR,
            name="quadrotor_2d_stabilisation",
            what="planar quadrotor to (0, 1) m; 50 Hz",
            weights=(1.0,) * 6,
            path=None,
        ),
        PLANAR,
        replace(
            SPATIAL,
            name="quadrotor_3d_stabilisation",
            what="quadrotor to (0, 0, 1) m; 50 Hz",
            weights=(1.0,) * 12,
            path=None,
        ),
        SPATIAL,
    )
}
