"""Lines and arcs of a tool over path length, and the corners between them.

Path length counts the larger of translation and RADIUS times rotation, so that turns in place have length too.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory import rotations
from robocalc.trajectory.se3 import States, from_states

SAME = 1e-9  # [m | rad]: poses closer than this are one
RADIUS = 0.2  # [m]: a turn of 1 rad counts as this much way
ARC_PART = np.deg2rad(10)  # a quintic follows an arc of this angle within 1e-10 of its radius


@dataclass(frozen=True)
class Line:
    """From pose A to pose B, straight, about one axis."""

    p: np.ndarray
    R: np.ndarray
    way: np.ndarray  # (3,) translation
    turn: np.ndarray  # (3,) rotation vector in world axes
    length: float
    parts = 1

    def state(self, s):
        """(p, R, twist, acceleration) at length s; derivatives over length."""
        u = s / self.length
        R = rotations.exp(self.turn * u) @ self.R
        return self.p + u * self.way, R, np.concatenate([self.way, self.turn]) / self.length, np.zeros(6)


@dataclass(frozen=True)
class Arc:
    """On a circle about `centre`: p = centre + cos θ x + sin θ y with θ from 0 to angle; about one axis."""

    centre: np.ndarray
    x: np.ndarray
    y: np.ndarray
    angle: float
    R: np.ndarray
    turn: np.ndarray
    length: float

    @property
    def parts(self):
        return max(1, int(np.ceil(self.angle / ARC_PART)))

    def state(self, s):
        """(p, R, twist, acceleration) at length s; derivatives over length."""
        u, rate = s / self.length, self.angle / self.length
        c, d = np.cos(self.angle * u), np.sin(self.angle * u)
        twist = np.concatenate([(c * self.y - d * self.x) * rate, self.turn / self.length])
        acceleration = np.concatenate([-(c * self.x + d * self.y) * rate**2, np.zeros(3)])
        return self.centre + c * self.x + d * self.y, rotations.exp(self.turn * u) @ self.R, twist, acceleration


def stacked(states) -> States:
    return States(*(np.array(x) for x in zip(*states, strict=True)))


def primitives(T, arcs):
    """(pieces through poses T (W, 4, 4), index of the pose at which each ends)."""
    middle = set()
    for k in arcs:
        if not (isinstance(k, (int, np.integer)) and 0 < k < len(T) - 1) or {k - 1, k} & middle:
            raise InvalidInput(f"arcs: {k!r} must be an inner pose, 1 to {len(T) - 2}, and not next to another of them")
        middle.add(int(k))
    pieces, at, k = [], [], 0
    while k < len(T) - 1:
        step = 2 if k + 1 in middle else 1
        pieces.append(_arc(T, k) if step == 2 else _line(T, k))
        k += step
        at.append(k)
    return pieces, np.array(at)


def _turn(A, B):
    return A[:3, :3] @ rotations.log(A[:3, :3].T @ B[:3, :3])


def _line(T, k):
    way, turn = T[k + 1, :3, 3] - T[k, :3, 3], _turn(T[k], T[k + 1])
    length = max(np.linalg.norm(way), RADIUS * np.linalg.norm(turn))
    if length < SAME:
        raise InvalidInput(f"poses {k} and {k + 1} are the same: leave one out")
    return Line(T[k, :3, 3], T[k, :3, :3], way, turn, length)


def _arc(T, k):
    a, b, c = T[k : k + 3, :3, 3]
    u, v = b - a, c - a
    normal = np.cross(u, v)
    area = normal @ normal
    if area < (1e-6 * (u @ u + v @ v)) ** 2:
        raise InvalidInput(f"poses {k}, {k + 1}, {k + 2} lie on a line: no arc goes through them")
    centre = a + (np.cross(normal, u) * (v @ v) + np.cross(v, normal) * (u @ u)) / (2 * area)
    x = a - centre
    y = np.cross(normal / np.sqrt(area), x)
    angle = np.arctan2((c - centre) @ y, (c - centre) @ x) % (2 * np.pi)
    turn = _turn(T[k], T[k + 2])
    length = max(angle * np.linalg.norm(x), RADIUS * np.linalg.norm(turn))
    return Arc(centre, x, y, angle, T[k, :3, :3], turn, length)


def smooth_joint(a, b) -> bool:
    """True where two pieces meet with the same velocity and acceleration over length."""
    before, after = a.state(a.length), b.state(0.0)
    apart = max(np.abs(before[2] - after[2]).max(), np.abs(before[3] - after[3]).max())
    return bool(apart < 1e-9)


def corner_cut(a, b, blend) -> float:
    """Length cut from both pieces so that the quintic between comes within `blend` of the corner; 0 for no rounding.

    For two lines with directions u, w the quintic's middle is 3/16 of the cut times |w - u| away from the corner.
    """
    if blend == 0 or smooth_joint(a, b):
        return 0.0
    kink = np.abs(_weighted(b.state(0.0)[2] - a.state(a.length)[2])).max()
    most = 0.5 * min(a.length, b.length)
    cut = min(most, 16 * blend / (3 * max(kink, 1e-12)))
    for _ in range(60):
        if deviation(a, b, cut) <= blend:
            return cut
        cut *= 0.9
    return 0.0


def _weighted(twist):
    return np.array([np.linalg.norm(twist[:3]), RADIUS * np.linalg.norm(twist[3:])])


def deviation(a, b, cut) -> float:
    """Closest that the blend comes to the corner [m], rotation counted by RADIUS."""
    path = from_states(np.array([0.0, 2 * cut]), stacked([a.state(a.length - cut)]), stacked([b.state(cut)]))
    pose = path.pose(np.linspace(0, 2 * cut, 65))
    p, R, *_ = b.state(0.0)
    away = np.linalg.norm(pose[:, :3, 3] - p, axis=1)
    turned = RADIUS * np.linalg.norm(rotations.log(R.T @ pose[:, :3, :3]), axis=1)
    return float(np.maximum(away, turned).min())
