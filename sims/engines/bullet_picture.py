"""A still picture of a client by PyBullet's software renderer: no window, no graphics card."""

import numpy as np

FIELD_OF_VIEW = 45.0  # [deg], vertical
NEAR, FAR = 0.05, 20.0  # [m]


def picture(p, c, width, height, *, target, distance, yaw, pitch, shadow=True):
    """(height, width, 3) uint8; the camera looks at `target` (3,) [m] from `distance` [m], yaw and pitch [deg].

    yaw 0 looks along +y, 90 along -x; pitch -90 looks straight down.
    """
    view = p.computeViewMatrixFromYawPitchRoll(list(target), distance, yaw, pitch, 0.0, 2)
    lens = p.computeProjectionMatrixFOV(FIELD_OF_VIEW, width / height, NEAR, FAR)
    image = p.getCameraImage(
        width,
        height,
        viewMatrix=view,
        projectionMatrix=lens,
        renderer=p.ER_TINY_RENDERER,
        shadow=int(shadow),
        lightDirection=[0.6, -0.8, 1.4],
        flags=p.ER_NO_SEGMENTATION_MASK,
        physicsClientId=c,
    )[2]
    return np.asarray(image, np.uint8).reshape(height, width, 4)[:, :, :3].copy()  # without numpy support: a flat tuple
