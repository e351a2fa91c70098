"""What the world does to a robot besides its dynamics: one compiled implementation, the same bits in every engine.

    make_effects   friction, limits and lag of the drives, elastic gears, noise, quantisation, filter, latency, ripple,
                   pushes, air -> Effects
    Push           a force on a link for a while
    Drag, Wind     what the air does to a link
    Rope           a load that hangs on a link
    Gear           elasticity and play between motors and joints
    Effects        flat arrays, which the compiled loop takes

Payload is no effect but another robot: the plant is made from `robot.with_payload(...)`, the law from what it believes.
"""

from sims.effects.air import Drag, Wind
from sims.effects.arrays import Effects
from sims.effects.build import Push, make_effects
from sims.effects.motors import Gear
from sims.effects.ropes import Rope

__all__ = ["Drag", "Effects", "Gear", "Push", "Rope", "Wind", "make_effects"]
