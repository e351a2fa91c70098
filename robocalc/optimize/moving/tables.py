"""Where things that move are, as tables that kernels read: poses at even times, the way between them, uncertainty.

Movers        arrays of all moving obstacles and their rows in a Scene
Moving        a reading of one thing
read_moving   anything with a shape and a motion, or a velocity
movers_of     Movers of several, with the checker that has their shapes
"""

from typing import Any, NamedTuple

import numpy as np

from robocalc.dynamics.check import vector
from robocalc.dynamics.collision import CollisionChecker
from robocalc.dynamics.collision.obstacles import Placed, quaternion_matrix, read_obstacle
from robocalc.errors import InvalidInput

TICK = 0.02  # [s] of the tables; between their entries places are interpolated, and the error of that is bounded
MORE = 1.1  # of the error half way: elsewhere it is hardly larger, where motions are smooth
FIELDS = ("initial", "growth", "most")


class Moving(NamedTuple):
    """One moving obstacle: its shape in its own frame; at(t) -> (7,) position and quaternion x y z w.

    initial, growth, most   [m], [m/s], [m]: by min(most, initial + growth t) it may be elsewhere, t from the start of
                            planning
    """

    shape: Placed
    at: Any
    initial: float = 0.0
    growth: float = 0.0
    most: float = np.inf


class Movers(NamedTuple):
    """M obstacles at K times; W rows of shapes in the Scene, with rows of vertices.

    owner     (W,) obstacle of each shape
    data      (W, 20) and vertices (V, 3): as in the Scene, in the obstacle's own frame
    poses     (M, K, 7) at time k tick after the start; way (M, K): how far the farthest point has gone by then [m]
    slack     (M, K) error of interpolation until the next time [m]
    doubt     (M, 3) initial, growth, most
    tick      (1,) [s]
    """

    owner: np.ndarray
    data: np.ndarray
    vertices: np.ndarray
    poses: np.ndarray
    way: np.ndarray
    slack: np.ndarray
    doubt: np.ndarray
    tick: np.ndarray


def read_moving(thing, time=0.0) -> Moving:
    """The moving obstacle as the planner takes it.

    thing    as `read_obstacle` takes it, and besides as attributes or keys
             motion        with at(t) -> (7,), or a function of t -> (7,) or (3,): where it is; or
             velocity      (3,) [m/s]: predicted from its position at `time`
             uncertainty   [m/s] growth, or {initial [m], growth [m/s], most [m]}
    time     [s] at which the plan begins, on the clock of `motion`
    raises   InvalidInput, UnknownName
    """
    get = thing.get if isinstance(thing, dict) else lambda key, default=None: getattr(thing, key, default)
    motion, velocity = get("motion"), get("velocity")
    placed = read_obstacle(thing)
    if placed.kind == "plane":
        raise InvalidInput(f"{placed.name}: a plane cannot move")
    doubt = _doubt(placed.name, get("uncertainty"))
    still = placed._replace(R=np.eye(3), p=np.zeros(3))
    if motion is not None:
        function = getattr(motion, "at", motion)
        if not callable(function):
            raise InvalidInput(f"{placed.name}.motion must have at(t) or be a function of t, got {motion!r:.60}")
        return Moving(still, lambda t: _poses(placed, function, time + np.asarray(t, float)), *doubt)
    if velocity is None:
        raise InvalidInput(f"moving obstacle {placed.name!r} needs a motion or a velocity")
    v = vector(f"{placed.name}.velocity", velocity)
    return Moving(still, lambda t: _poses(placed, lambda x: placed.p + v * x, np.asarray(t, float)), *doubt)


def _doubt(name, given):
    if given is None:
        return 0.0, 0.0, np.inf
    values = given if isinstance(given, dict) else {"growth": given}
    for key in values:
        if key not in FIELDS:
            raise InvalidInput(f"{name}.uncertainty has {', '.join(FIELDS)}, got {key!r}")
    found = tuple(float(values.get(key, default)) for key, default in zip(FIELDS, (0.0, 0.0, np.inf)))
    if not all(x >= 0 for x in found):
        raise InvalidInput(f"{name}.uncertainty must be at least 0, got {given!r}")
    return found


def _poses(placed, function, t):
    """(7,) for a time, (N, 7) for t (N,); functions that do not take arrays are called for each time."""
    if t.ndim == 0:
        return _pose(placed, function(float(t)))
    try:
        x = np.asarray(function(t), float)
    except Exception:  # the user's function: whatever it says of an array, it may still take numbers
        x = np.empty(0)
    if x.shape == (len(t), 7) and len(t) != 7 and np.isfinite(x).all():
        return x
    turn = _quaternion(placed.R)
    return np.array([_pose(placed, function(float(x)), turn) for x in t])


def _pose(placed, x, turn=None):
    x = np.asarray(x, float)
    if x.shape == (3,):
        x = np.concatenate([x, _quaternion(placed.R) if turn is None else turn])
    if x.shape != (7,) or not np.isfinite(x).all():
        raise InvalidInput(f"{placed.name}: its motion must give finite poses (7,) or positions (3,), got {x.tolist()}")
    return x


def _quaternion(R):
    """x y z w of a rotation matrix."""
    w, V = np.linalg.eigh(
        np.array(
            [
                [R[0, 0] - R[1, 1] - R[2, 2], R[1, 0] + R[0, 1], R[2, 0] + R[0, 2], R[2, 1] - R[1, 2]],
                [R[1, 0] + R[0, 1], R[1, 1] - R[0, 0] - R[2, 2], R[2, 1] + R[1, 2], R[0, 2] - R[2, 0]],
                [R[2, 0] + R[0, 2], R[2, 1] + R[1, 2], R[2, 2] - R[0, 0] - R[1, 1], R[1, 0] - R[0, 1]],
                [R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1], R[0, 0] + R[1, 1] + R[2, 2]],
            ]
        )
    )
    return V[:, np.argmax(w)]


def movers_of(robot, moving, horizon, *, exclude=(), pad=0.0, tick=TICK):
    """(CollisionChecker of the robot and the moving shapes alone, Movers over `horizon` [s])."""
    names = [m.shape.name for m in moving]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"two obstacles are named {name!r}")
    known = {*names, *robot.links}
    mine = [e for e in exclude if {e} <= known or (not isinstance(e, str) and {*e} <= known)]
    checker = CollisionChecker(robot, [m.shape for m in moving], own=False, exclude=mine, pad=pad)
    K = int(np.ceil(horizon / tick)) + 2
    poses = np.array([m.at(np.arange(K) * tick) for m in moving]).reshape(-1, K, 7)
    poses = _continuous(poses)
    S = len(checker._body.links)
    data, owner = checker.scene.data[S:].copy(), np.array(checker._items, np.int64)
    far = np.array([_extent(data[owner == m], checker.pad) for m in range(len(moving))])
    way, slack = _ways(moving, poses, far, tick)
    doubt = np.array([(m.initial, m.growth, m.most) for m in moving]).reshape(-1, 3)
    return checker, Movers(
        owner, data, checker.scene.vertices.copy(), poses, way, slack, doubt, np.array([float(tick)])
    )  # fmt: skip


def _continuous(poses):
    """Quaternions of the sign of those before them."""
    turned = (poses[:, 1:, 3:] * poses[:, :-1, 3:]).sum(axis=2) < 0
    poses[:, 1:, 3:] *= np.where(np.cumsum(turned, axis=1) % 2 == 1, -1.0, 1.0)[..., None]
    return poses


def _extent(rows, pad):
    """Distance of the farthest point of the shapes from their frame's origin."""
    return float((np.linalg.norm(rows[:, 5:8], axis=1) + np.linalg.norm(rows[:, 17:20], axis=1) + rows[:, 4]).max())


def _gone(a, b, far):
    """How far at most a point within `far` of the origin goes from pose a to pose b."""
    cos = np.minimum(np.abs((a[..., 3:] * b[..., 3:]).sum(axis=-1)), 1.0)
    return np.linalg.norm(a[..., :3] - b[..., :3], axis=-1) + 2 * np.arccos(cos) * far


def _ways(moving, poses, far, tick):
    """(way (M, K), slack (M, K)): slack from the places half way between the table's times."""
    steps = _gone(poses[:, 1:], poses[:, :-1], far[:, None])
    way = np.concatenate([np.zeros((len(poses), 1)), np.cumsum(steps, axis=1)], axis=1)
    slack = np.zeros(way.shape)
    for i, m in enumerate(moving):
        k = np.flatnonzero(steps[i] > 0)
        if len(k):
            middle = 0.5 * (poses[i, k] + poses[i, k + 1])
            middle[:, 3:] /= np.linalg.norm(middle[:, 3:], axis=1, keepdims=True)
            slack[i, k] = MORE * _gone(m.at((k + 0.5) * tick), middle, far[i])
    return way, slack


def place_of(movers, m, t):
    """(R (3, 3), p (3,)) of obstacle m at t [s] after the start, as kernels see it."""
    x = min(max(t / movers.tick[0], 0.0), movers.poses.shape[1] - 1.000001)
    k = int(x)
    pose = movers.poses[m, k] + (x - k) * (movers.poses[m, k + 1] - movers.poses[m, k])
    return quaternion_matrix(*(pose[3:] / np.linalg.norm(pose[3:]))), pose[:3]
