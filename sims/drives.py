"""Whether the drives can follow a planned motion.

beyond   sentences on torque that the motion needs and the drives do not have
"""

import numpy as np

from robocalc.control.law import undriven
from sims.build import motion_limits

SAMPLES = 1500  # of the motion at which its torque is asked for
OVER = 1.001  # of a limit: more is not rounding


def beyond(scenario, robot, reference) -> tuple:
    """A sentence for the joint whose drive lacks most of the torque that the motion needs; () where all is there."""
    limits = motion_limits(scenario, robot)
    if limits.torque is None or getattr(robot.tree, "thrusters", ()):
        return ()
    low, high = limits.bounds("torque", robot.n)
    every = max(1, (len(reference) - 1) // SAMPLES)
    q, v, a = np.moveaxis(reference[::every], 1, 0)
    viscous, coulomb = robot.friction
    tau = robot.inverse_dynamics(q, v, a) + viscous * v + coulomb * np.sign(v)
    driven = ~undriven(robot)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(driven & (high > 0) & (low < 0), np.maximum(tau / high, tau / low), 0.0)
    row, joint = np.unravel_index(np.argmax(share), share.shape)
    if not share[row, joint] > OVER:
        return ()
    limit, t = (high if tau[row, joint] > 0 else -low)[joint], row * every * scenario.sim.timestep
    unit = "N m" if robot.tree.moving[joint].kind != "prismatic" else "N"
    return (
        f"the planned motion needs {abs(tau[row, joint]):.3g} {unit} of joint {joint + 1} ({robot.joints[joint]}) at "
        f"t = {t:.3g} s, {share[row, joint]:.2g} times its limit of {limit:.3g} {unit}: its drive will saturate",
    )
