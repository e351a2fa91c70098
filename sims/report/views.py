"""Where cameras stand and look while a robot moves, and how far open a door was.

placed    a camera from what a person asks for
eyes      of a camera with a place of its own, one a moment
orbit     from a distance and two angles, as the views with names
opening   position of the joint of a mounted thing, from its pose
"""

import numpy as np
from pydantic import ValidationError

from robocalc.errors import InvalidInput, UnknownName
from sims.engines.bullet_picture import Eye
from sims.engines.poses import compose, inverse, matrix, rpy_quaternion
from sims.scenario.say import problems
from sims.scenario.schema_camera import Camera

UP, ASIDE = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
STEEP = 1e-3  # sine of the angle to the vertical below which no side is up


def placed(view, **words) -> Camera:
    """A camera with these of its fields, those that are None left out; raises InvalidInput."""
    words = {key: value for key, value in words.items() if value is not None}
    try:
        return Camera(view=view, **words)
    except ValidationError as error:
        (path, why), *_ = problems(error, Camera)
        raise InvalidInput(f"camera: {path[0]}: {why}" if path else f"camera: {why}") from None


def eyes(robot, q, camera):
    """Eye at each row of q (N, n), in world. camera: sims.scenario.schema_camera.Camera with a place.

    raises   UnknownName   its link
    """
    if camera.link is not None and camera.link not in robot.links:
        raise UnknownName("link", camera.link, robot.links)
    place = np.array(camera.position or (0.0, 0.0, 0.0))
    frame = np.eye(3) if camera.rpy_deg is None else matrix(rpy_quaternion(np.deg2rad(camera.rpy_deg)))
    ahead = frame[:, 2] if camera.target is None else np.array(camera.target) - place
    upwards = None if camera.target is not None else -frame[:, 1]
    for row in q:
        T = np.eye(4) if camera.link is None else robot.pose(row, camera.link)
        R, p = T[:3, :3], T[:3, 3]
        look = R @ ahead
        up = _upright(look) if upwards is None else R @ upwards
        yield Eye(R @ place + p, R @ (place + ahead) + p, up, camera.fov_deg)


def _upright(look):
    """World's z, or its y where that is along the view."""
    return UP if np.linalg.norm(np.cross(look / np.linalg.norm(look), UP)) > STEEP else ASIDE


def orbit(fov, *, target, distance, yaw, pitch) -> Eye:
    """yaw 0 looks along +y, 90 along -x; pitch -90 looks straight down [deg]; as far off as shows as much as at 45°."""
    a, b = np.deg2rad(yaw), np.deg2rad(pitch)
    look = np.array([-np.sin(a) * np.cos(b), np.cos(a) * np.cos(b), np.sin(b)])
    up = np.array([np.sin(a) * np.sin(b), -np.cos(a) * np.sin(b), np.cos(b)])
    far = distance * np.tan(np.deg2rad(22.5)) / np.tan(np.deg2rad(fov / 2))
    return Eye(np.asarray(target) - far * look, np.asarray(target), up, fov)


def opening(shape, pose) -> float:
    """Position [rad | m] of the joint of a mounted shape that is at `pose` (7,)."""
    mount, moved = shape.mount, compose(inverse(np.asarray(shape.pose)), np.asarray(pose))
    if mount.slides:
        return float(moved[:3] @ mount.axis)
    return 2.0 * float(np.arctan2(moved[3:6] @ mount.axis, moved[6]))
