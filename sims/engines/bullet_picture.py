"""Still pictures of a client by PyBullet's software renderer: no window, no graphics card.

Eye       where a camera stands and looks
Shot      what it sees: colours, distances, which body
picture   the colours alone, seen from a distance and two angles
shot      all of it, from an Eye
"""

from typing import NamedTuple

import numpy as np

FIELD_OF_VIEW = 45.0  # [deg], vertical
NEAR, FAR = 0.05, 20.0  # [m]
BACK = 1e-5  # [m] behind its place a camera stands: the renderer hangs on a face that lies in the plane of its eye
LINK_BITS = 24  # of a number that names body and link: body + (link + 1) 2²⁴


class Eye(NamedTuple):
    """At `position` (3,) [m] it looks at `target` (3,), `up` (3,) is upwards in the picture; fov [deg] is vertical."""

    position: np.ndarray
    target: np.ndarray
    up: np.ndarray
    fov: float = FIELD_OF_VIEW


class Shot(NamedTuple):
    """colour (height, width, 3) uint8; depth (height, width) [m] along the view, inf where nothing is, or None;
    body, link (height, width) PyBullet's numbers, -1 where nothing is, or None."""

    colour: np.ndarray
    depth: np.ndarray | None = None
    body: np.ndarray | None = None
    link: np.ndarray | None = None


def picture(p, c, width, height, *, target, distance, yaw, pitch, shadow=True):
    """(height, width, 3) uint8; the camera looks at `target` (3,) [m] from `distance` [m], yaw and pitch [deg].

    yaw 0 looks along +y, 90 along -x; pitch -90 looks straight down.
    """
    view = p.computeViewMatrixFromYawPitchRoll(list(target), distance, yaw, pitch, 0.0, 2)
    lens = p.computeProjectionMatrixFOV(FIELD_OF_VIEW, width / height, NEAR, FAR)
    return _colours(_image(p, c, width, height, view, lens, shadow, p.ER_NO_SEGMENTATION_MASK), width, height)


def shot(p, c, width, height, eye: Eye, *, depth=False, bodies=False, shadow=True) -> Shot:
    """What an Eye sees.

        z = far near / (far - (far - near) d),   d the renderer's depth buffer

    source   OpenGL's perspective projection, inverted
    """
    place, target, up = (np.asarray(x, float) for x in eye[:3])
    back = BACK * (target - place) / np.linalg.norm(target - place)
    view = p.computeViewMatrix((place - back).tolist(), (target - back).tolist(), up.tolist())
    lens = p.computeProjectionMatrixFOV(eye.fov, width / height, NEAR, FAR)
    flags = p.ER_SEGMENTATION_MASK_OBJECT_AND_LINKINDEX if bodies else p.ER_NO_SEGMENTATION_MASK
    image = _image(p, c, width, height, view, lens, shadow, flags)
    found = {"colour": _colours(image, width, height)}
    if depth:
        d = np.asarray(image[3], float).reshape(height, width)
        with np.errstate(divide="ignore"):
            z = FAR * NEAR / (FAR - (FAR - NEAR) * d)
        found["depth"] = np.where(d < 1.0, z - BACK, np.inf)
    if bodies:
        mask = np.asarray(image[4], np.int64).reshape(height, width)
        seen = mask >= 0
        found["body"] = np.where(seen, mask & ((1 << LINK_BITS) - 1), -1)
        found["link"] = np.where(seen, (mask >> LINK_BITS) - 1, -1)
    return Shot(**found)


def _image(p, c, width, height, view, lens, shadow, flags):
    return p.getCameraImage(
        width,
        height,
        viewMatrix=view,
        projectionMatrix=lens,
        renderer=p.ER_TINY_RENDERER,
        shadow=int(shadow),
        lightDirection=[0.6, -0.8, 1.4],
        flags=flags,
        physicsClientId=c,
    )


def _colours(image, width, height):
    pixels = np.asarray(image[2], np.uint8)  # without numpy support: a flat tuple
    return pixels.reshape(height, width, 4)[:, :, :3].copy()
