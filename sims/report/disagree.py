"""Where and by how much two runs of one scenario part: joints, things, contact forces, and since when.

parted    (first log, other log, joints) -> tuple of Parted, the earliest first
SHOWS     what counts as parting: far above rounding, far below what a controller feels
"""

import math
from typing import NamedTuple

import numpy as np

SHOWS = {"rad": 1e-6, "m": 1e-6, "N": 1e-3}


class Parted(NamedTuple):
    """what: a joint, a thing or `contact force`; largest difference and its time; since: None where it never shows."""

    what: str
    kind: str  # joint, thing, turn of thing, contact
    unit: str
    largest: float
    t: float
    since: float | None

    @property
    def words(self):
        """The figures as text."""
        since = f"since {self.since:.3f} s" if self.since is not None else "never above rounding"
        return f"at most {self.largest:.3g} {self.unit} at {self.t:.3f} s, {since}"

    def __str__(self):
        return f"{self.kind} {self.what}: {self.words}"


def parted(one, other, robot) -> tuple:
    """Parted of every joint, thing (place and turn) and of the sum of contact forces, over the time both have.

    one, other   sims.log.Log of the same robot; samples at times that only one has are left out
    """
    found = []
    t, a, b = shared(one.t, other.t)
    for i, joint in enumerate(robot.joints):
        kind = next(j.kind for j in robot.tree.joints if j.name == joint)
        unit = "m" if kind == "prismatic" else "rad"
        found.append(_parted(joint, "joint", unit, t, np.abs(one.q[a, i] - other.q[b, i])))
    t, a, b = shared(one.t_objects, other.t_objects)
    for name in (name for name in one.objects if name in other.objects):
        p, q = one.objects[name][a], other.objects[name][b]
        found.append(_parted(name, "thing", "m", t, np.linalg.norm(p[:, :3] - q[:, :3], axis=1)))
        near = np.minimum(*(np.linalg.norm(p[:, 3:] + s * q[:, 3:], axis=1) for s in (-1, 1)))
        found.append(_parted(name, "turn of", "rad", t, 4 * np.arcsin(np.minimum(near / 2, 1.0))))
    if len(one.contacts) == len(one.t_objects) and len(other.contacts) == len(other.t_objects):
        force = np.abs(one.contacts[a] - other.contacts[b])
        found.append(_parted("on the robot", "contact force", "N", t, force))
    return tuple(sorted((x for x in found if x is not None), key=lambda x: math.inf if x.since is None else x.since))


def shared(t, s):
    """(times, their rows in t, in s) of two sorted time axes, to the microsecond."""
    times, a, b = np.intersect1d(np.round(np.asarray(t) * 1e6), np.round(np.asarray(s) * 1e6), return_indices=True)
    return times * 1e-6, a, b


def _parted(what, kind, unit, t, gap):
    gap = np.where(np.isfinite(gap), gap, 0.0)
    if not len(gap):
        return None
    k, shows = int(np.argmax(gap)), np.flatnonzero(gap > SHOWS[unit])
    return Parted(what, kind, unit, float(gap[k]), float(t[k]), float(t[shows[0]]) if len(shows) else None)
