"""What a thing turns or slides about: a door's hinge, a drawer's slide.

Mount    pose of the thing with its joint at any position; lengths in m, angles in rad
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from sims.engines.motions import STILL, finite
from sims.engines.poses import compose, rotate


@dataclass(frozen=True)
class Mount:
    """What holds a thing in world but for one joint, of which the position is 0 where the thing starts.

    slides             along the axis [m]; else it turns about it [rad]
    axis, at           unit vector, and a point of it [m], in the thing's frame
    lower, upper       stops
    start              position at t = 0
    damping            [N m s/rad | N s/m];  friction  Coulomb [N m | N]
    stiffness, rest    of a spring [N m/rad | N/m], and where it is at rest
    """

    slides: bool = False
    axis: tuple = (0.0, 0.0, 1.0)
    at: tuple = STILL
    lower: float = -np.inf
    upper: float = np.inf
    start: float = 0.0
    damping: float = 0.0
    friction: float = 0.0
    stiffness: float = 0.0
    rest: float = 0.0

    def __post_init__(self):
        axis = finite("mount axis", self.axis, (3,))
        if np.linalg.norm(axis) < 1e-9:
            raise InvalidInput("a mount's axis must not be zero")
        object.__setattr__(self, "axis", tuple((axis / np.linalg.norm(axis)).tolist()))
        object.__setattr__(self, "at", tuple(finite("mount at", self.at, (3,)).tolist()))
        for key in ("damping", "friction", "stiffness", "rest", "start"):
            value = float(finite(f"mount {key}", getattr(self, key), ()))
            if value < 0 and key in ("damping", "friction", "stiffness"):
                raise InvalidInput(f"mount {key} must be 0 or more, got {value:g}")
            object.__setattr__(self, key, value)
        if not self.lower <= self.start <= self.upper or self.lower == self.upper:
            raise InvalidInput(f"mount: lower {self.lower:g} <= start {self.start:g} <= upper {self.upper:g} must hold")

    def frame(self, pose):
        """Pose (7,) of the joint's frame, of a thing whose pose at 0 is `pose`."""
        return compose(pose, np.array([*self.at, 0.0, 0.0, 0.0, 1.0]))

    def moved(self, pose, s):
        """Pose (7,) of the thing whose pose at 0 is `pose`, with the joint at s."""
        if self.slides:
            return compose(pose, np.array([*(s * np.array(self.axis)), 0, 0, 0, 1.0]))
        turn = np.array([*(np.sin(s / 2) * np.array(self.axis)), np.cos(s / 2)])
        return compose(pose, np.concatenate([np.array(self.at) - rotate(turn, np.array(self.at)), turn]))
