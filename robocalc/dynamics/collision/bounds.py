"""Lower bounds on distances from simple volumes: what need not be measured.

place_balls      the ball around each shape of the robot
to_boxes         a point to the boxes around the world's shapes
balls_to_box, balls_to_shape   a cover of balls to the box around another shape
sway             how far joints may move a shape
"""

import numpy as np

from robocalc.jit import njit


@njit
def place_balls(work, ints, data, S, centres):
    """Centres of the balls around the robot's shapes in world, into centres (S, 3)."""
    for s in range(S):
        X, D = work[ints[s, 1]], data[s]
        for k in range(3):
            centres[s, k] = X[9 + k] + X[3 * k] * D[0] + X[3 * k + 1] * D[1] + X[3 * k + 2] * D[2]


@njit
def to_boxes(world, c0, c1, c2, far):
    """Squared distance [m²] of a point to each of the world's boxes, into far (W,)."""
    for w in range(world.shape[1]):
        x, y, z = c0 - world[0, w], c1 - world[1, w], c2 - world[2, w]
        u = abs(world[3, w] * x + world[4, w] * y + world[5, w] * z) - world[12, w]
        v = abs(world[6, w] * x + world[7, w] * y + world[8, w] * z) - world[13, w]
        t = abs(world[9, w] * x + world[10, w] * y + world[11, w] * z) - world[14, w]
        u = u if u > 0.0 else 0.0
        v = v if v > 0.0 else 0.0
        t = t if t > 0.0 else 0.0
        far[w] = u * u + v * v + t * t


@njit
def balls_to_box(work, ints, balls, world, s, w):
    """Lower bound [m] on the distance of shape s to the box of world shape w, by the balls that hold the shape."""
    X, least = work[ints[s, 1]], np.inf
    for k in range(ints[s, 4], ints[s, 5]):
        b0, b1, b2 = balls[k, 0], balls[k, 1], balls[k, 2]
        x = X[9] + X[0] * b0 + X[1] * b1 + X[2] * b2 - world[0, w]
        y = X[10] + X[3] * b0 + X[4] * b1 + X[5] * b2 - world[1, w]
        z = X[11] + X[6] * b0 + X[7] * b1 + X[8] * b2 - world[2, w]
        u = max(abs(world[3, w] * x + world[4, w] * y + world[5, w] * z) - world[12, w], 0.0)
        v = max(abs(world[6, w] * x + world[7, w] * y + world[8, w] * z) - world[13, w], 0.0)
        t = max(abs(world[9, w] * x + world[10, w] * y + world[11, w] * z) - world[14, w], 0.0)
        d = np.sqrt(u * u + v * v + t * t) - balls[k, 3]
        least = min(least, d)
    return least


@njit
def balls_to_shape(work, ints, data, balls, a, b):
    """Lower bound [m] on the distance of two shapes of the robot: balls of a against the box of b."""
    X, Y, D, least = work[ints[a, 1]], work[ints[b, 1]], data[b], np.inf
    for k in range(ints[a, 4], ints[a, 5]):
        b0, b1, b2 = balls[k, 0], balls[k, 1], balls[k, 2]
        x = X[9] + X[0] * b0 + X[1] * b1 + X[2] * b2 - Y[9]
        y = X[10] + X[3] * b0 + X[4] * b1 + X[5] * b2 - Y[10]
        z = X[11] + X[6] * b0 + X[7] * b1 + X[8] * b2 - Y[11]
        x, y, z = (
            Y[0] * x + Y[3] * y + Y[6] * z - D[5],
            Y[1] * x + Y[4] * y + Y[7] * z - D[6],
            Y[2] * x + Y[5] * y + Y[8] * z - D[7],
        )
        u = max(abs(D[8] * x + D[9] * y + D[10] * z) - D[17], 0.0)
        v = max(abs(D[11] * x + D[12] * y + D[13] * z) - D[18], 0.0)
        t = max(abs(D[14] * x + D[15] * y + D[16] * z) - D[19], 0.0)
        d = np.sqrt(u * u + v * v + t * t) - balls[k, 3]
        least = min(least, d)
    return least - D[4]


@njit
def sway(reach, dq):
    """How far a shape may move [m] when each joint moves by up to dq."""
    total = 0.0
    for k in range(len(dq)):
        if dq[k] > 0.0:
            total += dq[k] * reach[k]
    return total
