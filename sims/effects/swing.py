"""How far a load swings on its rope, worked out again from the motion of the robot in a run; numba loads on use.

swing     angle (N + 1, R) [rad] of each rope from the vertical
replay    the same of arrays, compiled: the very steps that the run took
"""

import numpy as np

from robocalc.dynamics.kernels_frames import P, frames
from robocalc.jit import njit
from sims.effects.arrays import DOWN, PLACE, POINT
from sims.effects.kernels import add_rope
from sims.effects.ropes import rope_rows


def swing(robot, ropes, dt, q, v) -> np.ndarray:
    """Angle (N + 1, R) [rad] between each rope and gravity, for the joints' q, v (N + 1, n) at steps of dt [s].

    robot   as it is; ropes: sims.effects.Rope
    """
    bodies, table = rope_rows(robot, ropes, dt)
    angle = np.zeros((len(q), len(ropes)))
    replay(robot.model(), bodies, table, dt, np.ascontiguousarray(q), np.ascontiguousarray(v), angle)
    return angle


@njit
def replay(model, bodies, ropes, dt, q, v, angle):
    """Angles (N + 1, R) by moving the loads on as in the run; ropes (R, 16) are moved, and at step 0 hang straight."""
    J, tau = np.empty((6, q.shape[1])), np.zeros(q.shape[1])
    for k in range(len(q)):
        for r in range(len(ropes)):
            if k > 0:
                frames(model, q[k])
                angle[k, r] = lean(model, bodies[r], ropes[r])
            add_rope(k, dt, bodies[r], ropes[r], model, q[k], v[k], J, tau)


@njit
def lean(model, body, rope):
    """Angle [rad] between a rope (16,) and gravity: atan2(‖d × g‖, d · g), d from the point to the load."""
    x, d = model.work[body + 1], np.empty(3)
    for a in range(3):
        hook = x[P + a]
        for b in range(3):
            hook += x[3 * a + b] * rope[POINT + b]
        d[a] = rope[PLACE + a] - hook
    g = rope[DOWN : DOWN + 3]
    return np.arctan2(np.linalg.norm(np.cross(d, g)), d @ g)
