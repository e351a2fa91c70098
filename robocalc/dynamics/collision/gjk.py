"""Distance of two convex shapes from their farthest points alone.

gjk   distance of the shapes without their rounding, or early: surely beyond, or surely within

source   Gilbert, Johnson & Keerthi (1988); bounds and stop as van den Bergen (1999)
"""

import numpy as np

from robocalc.dynamics.collision.simplex import nearest
from robocalc.dynamics.collision.support import support
from robocalc.jit import njit

STEPS = 60
GAP = 1e-14  # relative, of squared distance and its lower bound: a direction to 1e-7 also on what is round
TOUCH = 1e-24  # [m²]


@njit
def gjk(work, ints, data, vertices, first, neighbours, S, weights, a, b, guess, near, far):
    """(distance, corners): of shapes a and b without rounding; the simplex that carries it stays in S and weights.

    near, far   stop as soon as the distance is known to be at most `near`, or more than `far` (then it is inf)
    guess       (3,) direction from b to a to begin with, on exit the last one: a good start for the next time
    returns     0 and 4 corners where they overlap; 0 and fewer where they just touch
    """
    v0, v1, v2 = guess[0], guess[1], guess[2]
    vv = v0 * v0 + v1 * v1 + v2 * v2
    i, j, m = ints[a, 2], ints[b, 2], 0
    for _ in range(STEPS):
        a0, a1, a2, i = support(work, ints, data, vertices, first, neighbours, a, -v0, -v1, -v2, i)
        b0, b1, b2, j = support(work, ints, data, vertices, first, neighbours, b, v0, v1, v2, j)
        w0, w1, w2 = a0 - b0, a1 - b1, a2 - b2
        vw = v0 * w0 + v1 * w1 + v2 * w2
        if vw > 0.0 and vw * vw > far * far * vv and far >= 0.0:
            guess[0], guess[1], guess[2] = v0, v1, v2
            return np.inf, m
        if m > 0:
            if vv - vw <= GAP * vv:
                break
            known = False
            for k in range(m):
                known |= S[k, 0] == w0 and S[k, 1] == w1 and S[k, 2] == w2
            if known:
                break
        row = S[m]
        row[0], row[1], row[2] = w0, w1, w2
        row[3], row[4], row[5] = a0, a1, a2
        row[6], row[7], row[8] = b0, b1, b2
        before = vv if m > 0 else np.inf
        m, vv = nearest(S, m + 1, weights)
        if m == 4 or vv <= TOUCH:
            return 0.0, m
        v0 = v1 = v2 = 0.0
        for k in range(m):
            v0 += weights[k] * S[k, 0]
            v1 += weights[k] * S[k, 1]
            v2 += weights[k] * S[k, 2]
        if (vv <= near * near and near >= 0.0) or vv >= before:
            break
    guess[0], guess[1], guess[2] = v0, v1, v2
    return np.sqrt(vv), m
