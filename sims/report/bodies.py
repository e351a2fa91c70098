"""What stands and moves in the 3D view, from a robot, a world and a log.

robot_bodies, world_bodies    Body each
tool_poses                    of the tool, as far as a run went
"""

import numpy as np

from sims.engines.poses import quaternions
from sims.engines.shapes import GREY
from sims.report.data import IDENTITY, Body, Solid

STILL = np.array([[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]])
ABSURD = 1e6  # [rad | m]: a position beyond this shows nothing


def tool_poses(robot, q, link=None):
    """(N, 4, 4) of the tool, or of a link, at q (N, n); NaN where q is not finite or absurd: a run that diverged is
    shown as far as it went."""
    poses, finite = np.full((len(q), 4, 4), np.nan), (np.abs(q) < ABSURD).all(axis=1)  # no for NaN
    if finite.any():
        poses[finite] = robot.pose(np.ascontiguousarray(q[finite]), *(() if link is None else (link,)))
    return poses


def robot_bodies(robot, q):
    """One Body for each moving body of the robot and one for what stands still; q (F, n)."""
    visuals = robot.visuals()
    poses = body_poses(robot, q) if visuals else None
    solids, names = {}, {}
    for link, body, offset, geometry in visuals:
        if geometry.kind == "mesh" and geometry.path is None:
            continue  # the audit of the robot has said so
        path = "" if geometry.path is None else str(geometry.path)
        colour = None if geometry.color is None else tuple(geometry.color)
        solid = Solid(geometry.kind, tuple(geometry.size), path, colour, tuple(float(x) for x in offset))
        solids.setdefault(body, []).append(solid)
        names.setdefault(body, link)
    for body, parts in solids.items():
        yield Body(names[body], "robot", tuple(parts), STILL if body < 0 else poses[:, body])


def body_poses(robot, q):
    """(F, n, 7) position and quaternion of every moving body in world."""
    from robocalc.dynamics.kernels import fk

    model, X = robot.model(), np.zeros((len(q), robot.n, 12))
    q = np.where(np.abs(q) < ABSURD, q, np.nan)
    for row, out in zip(q, X, strict=True):
        fk(model, row, out)
    return np.concatenate([X[..., 9:], quaternions(X[..., :9].reshape(*X.shape[:2], 3, 3))], axis=-1)


def world_bodies(shapes, log, t):
    """One Body a shape, where the log or its motion says it was at t (F,)."""
    for shape in shapes:
        poses, role = np.asarray(shape.pose)[None], "static"
        if shape.motion is not None:
            poses, role = shape.pose_at(t), "moving"
        elif shape.mass > 0:
            role = "dynamic"
            seen = log.objects.get(shape.name)
            if seen is not None and len(seen):
                poses = np.asarray(seen)[np.clip(np.searchsorted(log.t_objects, t - 1e-9), 0, len(seen) - 1)]
        yield Body(shape.name, role, (_solid(shape),), poses)


def _solid(shape):
    colour = None if tuple(shape.color) == GREY else tuple(shape.color)
    sizes = {
        "box": lambda: shape.size,
        "sphere": lambda: (shape.radius,),
        "mesh": lambda: shape.scale,
        "plane": tuple,
    }
    size = sizes.get(shape.kind, lambda: (shape.radius, shape.length))()
    return Solid(shape.kind, tuple(size), getattr(shape, "file", ""), colour, IDENTITY)
