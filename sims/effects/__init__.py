"""What the world does to a robot besides its dynamics: one compiled implementation, the same bits in every engine.

    make_effects   friction, limits of the drives, noise, quantisation, filter, latency, ripple, pushes -> Effects
    Push           a force on a link for a while
    Effects        flat arrays, which the compiled loop takes

Payload is no effect but another robot: the plant is made from `robot.with_payload(...)`, the law from what it believes.
"""

from sims.effects.arrays import Effects
from sims.effects.build import Push, make_effects

__all__ = ["Effects", "Push", "make_effects"]
