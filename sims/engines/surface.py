"""How a surface behaves in contact, whichever engine computes it.

Surface    friction, restitution and compliance of a robot's link or of a thing in the world
"""

from typing import NamedTuple


class Surface(NamedTuple):
    """How a surface behaves in contact; coefficients of two surfaces multiply.

    stiffness, damping   [N/m, N s/m] of the contact, 0: rigid
    anchor               friction also pulls back what has crept, so that a grasped object does not sink
    """

    friction: float = 0.5
    spinning_friction: float = 0.0
    rolling_friction: float = 0.0
    restitution: float = 0.0
    stiffness: float = 0.0
    damping: float = 0.0
    anchor: bool = False

    @classmethod
    def of_link(cls, contact):
        """From the (name, number) pairs of a URDF's <contact> element."""
        given = dict(contact)
        named = {"lateral_friction": "friction"} | {k: k for k in cls._fields if k not in ("friction", "anchor")}
        values = {field: float(given[key]) for key, field in named.items() if key in given}
        return cls(**values, anchor="friction_anchor" in given)

    @classmethod
    def of_shape(cls, shape):
        """Of a thing in the world."""
        return cls(**{key: getattr(shape, key) for key in cls._fields if key != "anchor"})
