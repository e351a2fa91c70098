"""Arrays of laws that compare the motion with the torque that caused it: robocalc.control.kernels_payload.

observing   gains and memory of a law that sees what the model does not explain
searching   the same, with the tool at which a payload is looked for
"""

import numpy as np

from robocalc.control.prediction import in_steps, prediction
from robocalc.control.stability import stopping, tool_inertia
from robocalc.errors import InvalidInput

SPEED_NOISE = 5e-3  # [rad/s] of the measured velocity, for which the search is laid out
CLEAR = 4.0  # standard deviations by which an acceleration stands out of the noise
TAKEN, ADDED = 0.6, 1.5  # of the mass that the robot shows at its tool: most that the feedback may leave out, or add
SPUN = 0.35  # likewise of the rotational inertia there; TAKEN + SPUN < 1 leaves the feedback's inertia positive


def observing(gains, robot, dt, substeps, latency, smoothing, *, rows=0, memory=0):
    """(table, memory): gains (3, n) = kp, kd, ki dt, the prediction, and what tells torque from motion.

    smoothing      [s] over which the search takes the mean of motion and torque
    rows, memory   more rows of each, at the end
    """
    from robocalc.control import kernels_payload as k
    from robocalc.control.kernels import PREDICT

    n, predict, age = robot.n, prediction(latency, dt, substeps), in_steps(latency, dt)
    delay, commands = int(age), predict.shape[1] - 2
    table = np.zeros((k.CONSTANTS + 1 + rows, max(k.WIDTH, n, commands + 2)))
    table[:PREDICT, :n] = gains
    table[PREDICT : k.VARIANCE, : commands + 2] = predict
    table[k.VISCOUS : k.STOP, :n] = robot.friction
    table[k.STOP, :n] = stopping(robot, dt)
    constants = table[k.CONSTANTS]
    constants[[k.DELAY, k.LATE, k.COMMANDS, k.PERIOD]] = delay, age - delay, commands, dt
    constants[k.FRESH] = -np.expm1(-dt / smoothing)
    constants[k.CLEAR] = CLEAR * SPEED_NOISE / dt * constants[k.FRESH]
    return table, np.zeros((k.HEAD + k.BLOCKS * n + commands + delay + 2 + memory, max(k.WIDTH, n)))


def searching(law, gains, robot, dt, substeps, latency, smoothing, *, rows=0, memory=0):
    """`observing` with a payload at the tool in view; raises InvalidInput where nothing moves the tool, or thrust does:
    its joints answer to no torque of their own, and what is found turns rounding into motion."""
    from robocalc.control import kernels_payload as k

    if len(robot.actors[0]):
        moved = f"{law} finds a payload by what drives put on the joints; {robot.name} moves by thrust or tyres"
        raise InvalidInput(f"{moved}: use a law made for it, or lqr, lqi, tvlqr, mpc")
    body, place = robot.frame(robot.tool)
    if body < 0:
        raise InvalidInput(f"{law}: the tool {robot.tool} of {robot.name} is fixed to its base")
    table, memory = observing(gains, robot, dt, substeps, latency, smoothing, rows=rows, memory=memory)
    constants = table[k.CONSTANTS]
    constants[k.BODY], constants[k.POINT : k.POINT + 3] = body, place[9:]
    mass, inertia = tool_inertia(robot)
    constants[[k.LIGHTEST, k.HEAVIEST, k.SPIN]] = -TAKEN * mass, ADDED * mass, SPUN * inertia
    return table, memory
