"""Arrays of laws that command accelerations through the model: robocalc.control.kernels_model.

arrays   gains with the prediction that makes good a latency, and a memory, for rows of the law's own
tool     body and place of the tool, for laws of its pose
"""

import numpy as np

from robocalc.control.gains import check_period, check_substeps, checked
from robocalc.control.prediction import prediction
from robocalc.errors import InvalidInput


def arrays(robot, dt, substeps, latency, *, rows, memory, width=0):
    """(gains, memory) with `rows` more rows of gains, from OWN on, and `memory` more rows of memory, from MINE on.

    dt         control period [s] of `substeps` physics steps
    latency    age of a measurement [s]
    width      columns that the law's own rows need
    raises     InvalidInput: period, substeps or latency
    """
    head, own, mine = 1, 3, 5  # HEAD + 1, OWN and MINE of kernels_model, which would load numba
    check_period(dt)
    check_substeps(substeps)
    table = prediction(checked("latency", latency), float(dt), substeps)[:2]
    past = table.shape[1] - 2
    W = max(robot.n, table.shape[1], width, 2)
    gains = np.zeros((own + rows, W))
    gains[0, :2] = past, dt
    gains[head : head + 2, : table.shape[1]] = table
    return gains, np.zeros((mine + memory + past, W))


def tool(robot, law):
    """(body, place (12,)) of the robot's tool; raises InvalidInput where nothing moves it."""
    body, place = robot.frame(robot.tool)
    if body < 0:
        raise InvalidInput(f"{law}: the tool {robot.tool} of {robot.name} is fixed to its base")
    return body, place


def check_rate(law, what, rate, dt, joints):
    """raises InvalidInput where rate (n,) [1/s] is more than a loop sampled at dt [s] can hold: rate dt ≥ 1."""
    worst = int(np.argmax(rate))
    if rate[worst] * dt >= 1.0:
        raise InvalidInput(
            f"{law}: {what} of {joints[worst]} is {rate[worst]:.4g} 1/s, which a control period of {dt:g} s cannot "
            f"hold; it must stay below {1 / dt:.4g} 1/s"
        )
