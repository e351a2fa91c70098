"""Changes that are more than one value: another controller or planner, a disturbance more or less.

chosen     values of a part of another type: what both have stays, what it had before comes back, else the model's guess
added      the disturbances and one more, with values to begin with
"""

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.scenario.schema_control import CONTROLLER_MODELS
from sims.scenario.schema_effects import DISTURBANCES
from sims.scenario.schema_estimator import ESTIMATOR_MODELS
from sims.scenario.schema_planner import PLANNERS

MODELS = {"controller": CONTROLLER_MODELS, "planner": PLANNERS, "estimator": ESTIMATOR_MODELS}
BEGIN = {
    "payload_error": {"mass": 0.5},
    "joint_friction": {"viscous": 0.2, "coulomb": 0.2},
    "torque_ripple": {"std": 0.05},
    "motor_lag": {"time_constant": 0.005},
    "wind": {"velocity": [3.0, 0.0, 0.0]},
}
ON_LINK = {"drag": {"area": 0.05}, "hanging_load": {"mass": 0.2, "length": 0.3}}  # of the last link
GIVES, HALF = 60.0, 0.5  # [rad/s] of a gear's spring and the joint's inertia; the motor's share of that inertia
FORCE = (0.0, 10.0, 0.0)  # [N] of a push


def chosen(part: str, tag: str, scenario, robot, before: dict) -> dict:
    """Plain values of scenario.`part` when its type becomes `tag`; before: tag -> values that it had."""
    models = MODELS[part]
    if tag not in models:
        raise UnknownName(part, tag, models)
    now = getattr(scenario, part)
    kept = {name: value for name, value in now if name in models[tag].model_fields and name != "type"}
    fields = models[tag].model_fields
    kept = {
        n: v for n, v in kept.items() if v is not None and type(now).model_fields[n].annotation == fields[n].annotation
    }
    words = before.get(tag, {}) | kept
    for name, field in fields.items():
        if name not in words and field.is_required() and name != "type":
            words[name] = _guess(name, scenario, robot)
    return {"type": tag} | words


def _guess(name, scenario, robot):
    """A gain from the robot's inertia and the age of what the law knows (sims.tune.guess), as one begins with."""
    from sims.tune.guess import BANDWIDTH, age

    M, wn = np.maximum(np.diag(robot.mass_matrix(robot.home)), 1e-6), BANDWIDTH / age(scenario)
    values = {"kp": M * wn**2, "kd": 2.0 * M * wn, "ki": 0.2 * M * wn**3}
    return [float(f"{x:.3g}") for x in values.get(name, np.ones(robot.n))]


def added(kind: str, scenario, arm, duration: float) -> list:
    """Plain disturbances with one more."""
    if kind not in DISTURBANCES:
        raise UnknownName("disturbance", kind, DISTURBANCES)
    words = dict(BEGIN.get(kind, {}))
    if kind == "push":
        start, lasting = round(0.4 * duration, 2), max(0.05, round(0.1 * duration, 2))
        words = {"link": _last_moving(arm), "force": list(FORCE), "start": start, "duration": lasting}
    if kind in ON_LINK:
        words = {"link": _last_moving(arm)} | ON_LINK[kind]
    if kind == "flexible_joint":
        words = _gear(scenario)
    before = [item.model_dump() for item in scenario.disturbances]
    if kind == "wind" and not any(item["type"] == "drag" for item in before):  # it acts on nothing else
        before.append({"type": "drag", "link": _last_moving(arm)} | ON_LINK["drag"])
    return [*before, {"type": kind} | words]


def _gear(scenario) -> dict:
    from sims.build import believed_robot

    robot = believed_robot(scenario)
    M = np.maximum(np.diag(robot.mass_matrix(robot.home)), 1e-6)
    values = {"stiffness": GIVES**2 * M, "motor_inertia": HALF * M, "damping": 0.2 * GIVES * M}
    return {name: [float(f"{x:.3g}") for x in value] for name, value in values.items()}


def removed(number, scenario) -> list:
    items = [item.model_dump() for item in scenario.disturbances]
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(items):
        raise InvalidInput(f"there is no disturbance {number!r:.40}; there are {len(items)}, counted from 0")
    return items[:number] + items[number + 1 :]


def _last_moving(arm):
    moving = [link for link in arm.links if link not in arm.fixed]
    return moving[-1] if moving else arm.links[-1]
