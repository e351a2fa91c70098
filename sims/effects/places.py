"""Where on the robot something of the world acts."""

import numpy as np

from robocalc.errors import InvalidInput


def acting(robot, link, point, what):
    """(body, point (3,) [m] in its frame) of a point (3,) [m] in a link's frame.

    what      begins the sentence for a link that no joint moves
    raises    InvalidInput for such a link, UnknownName
    """
    body, place = robot.frame(link)
    if body < 0:
        raise InvalidInput(f"{what}: that link is fixed to the base of {robot.name}")
    place = np.asarray(place, dtype=float)
    return body, place[:9].reshape(3, 3) @ point + place[9:]
