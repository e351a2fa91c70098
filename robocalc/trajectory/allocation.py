"""Segment times from distances: what a segment would need by itself, from rest to rest or in passing."""

import numpy as np

from robocalc.errors import InvalidInput

# A rest-to-rest minimum-jerk move of length 1 in time 1 peaks at these velocities, accelerations and jerks.
PEAK = (15 / 8, 10 / np.sqrt(3), 60.0)


def natural_times(q, limits, rest, alone=False):
    """Times (K,) for waypoints q (W, n): the largest that any joint asks for by any limit [s].

    rest (W,) marks waypoints at rest; limits None weighs all joints alike (then only ratios mean something).
    raises    InvalidInput: two waypoints in a row are the same (unless they are `alone`)
    """
    d = np.diff(q, axis=0)
    length = np.abs(d).max(axis=1)
    same = np.flatnonzero(length == 0)
    if same.size and not (alone and len(q) == 2):
        k = same[0]
        raise InvalidInput(
            f"waypoints {k} and {k + 1} are the same: a segment without length has no time of its own;"
            " leave one out, or give times"
        )
    if same.size:
        return np.ones(1)
    ends = (rest[:-1].astype(int) + rest[1:]) / 2  # 1 from rest to rest, 0 in passing
    h = np.zeros(len(d))
    for r in (1, 2, 3):
        low, high = (-np.ones(q.shape[1]), np.ones(q.shape[1])) if limits is None else limits.bounds(r, q.shape[1])
        need = np.where(d > 0, d / high, d / low) if r % 2 else np.abs(d) / np.minimum(high, -low)
        peak = 1 + (PEAK[r - 1] - 1) * ends
        h = np.maximum(h, (peak * need.max(axis=1)) ** (1 / r))
        if limits is None and r == 1:
            break
    moving = h > 0
    if not moving.all():  # joints that move there are unbounded: by distance, at the pace of the others
        pace = (h[moving] / length[moving]).max() if moving.any() else 1.0
        h[~moving] = length[~moving] * pace
    return h
