"""Whether the sensors of a scenario tell enough for its controller, or its estimator for them."""

from sims.scenario.say import did_you_mean
from sims.scenario.schema_estimator import ESTIMATOR_MODELS, FROM_NOISE, WHOLE_STATE


def check_estimator(scenario, arm):
    """(path, message) for all that is wrong between `sensors`, `estimator` and robot."""
    sensors, estimator = scenario.sensors, scenario.estimator
    place, speed = ("sensors", "joint_position"), ("sensors", "joint_velocity")
    for i, name in enumerate(sensors.joint_position.missing):
        if name not in arm.joints:
            yield (*place, "missing", i), f"{arm.name} has no joint {name!r}{did_you_mean(name, arm.joints)}"
    unseen = ", ".join(sensors.joint_position.missing)
    if estimator is None:
        if unseen:
            fit = " or ".join(WHOLE_STATE)
            yield (*place, "missing"), f"the controller needs the position of {unseen}: add an estimator, {fit}"
        if not sensors.joint_velocity.available:
            fit = ", ".join(ESTIMATOR_MODELS)
            yield (*speed, "available"), f"the controller needs velocities: add an estimator, one of {fit}"
        return
    kind = estimator.type
    if unseen and kind not in WHOLE_STATE:
        fit = " and ".join(WHOLE_STATE)
        message = f"{kind} needs an encoder on every joint, {unseen} has none; {fit} may see it through the others"
        yield ("estimator", "type"), message
    if arm.rolls and kind != "difference":
        message = f"{kind} knows no forces of tyres, by which {arm.name} moves; take difference"
        yield ("estimator", "type"), message
    if kind in FROM_NOISE and sensors.joint_velocity.available and sensors.joint_velocity.filter_hz is not None:
        message = f"{kind} takes measurements for unfiltered; leave filter_hz out, or make the velocity unavailable"
        yield (*speed, "filter_hz"), message
