"""Where a scenario lists one value a joint, and where it names a link.

per_joint, shared_lists    (path, values): of the robot and what it shall do; of all robots alike
links, shared_links        (path, link name), likewise
positions                  (path, joint positions) that must lie in the joints' ranges
targets                    (path, target) of a move
"""

from sims.scenario.schema import Scenario
from sims.scenario.schema_task import Move

# disturbances whose vectors are of world or link, not one number a joint
IN_WORLD = ("push", "drag", "wind", "hanging_load")


def positions(scenario: Scenario):
    """(path, joint positions) that must lie in the joints' ranges."""
    robot = scenario.robot
    yield from ((("robot", key), getattr(robot, key)) for key in ("home", "start") if getattr(robot, key) is not None)
    yield from ((("robot", "poses", name), values) for name, values in robot.poses.items())
    for i, step in enumerate(scenario.task):
        if isinstance(step, Move):
            for where, target in targets(step):
                if hasattr(target, "joints"):
                    yield ("task", i, *where, "joints"), target.joints


def targets(step: Move):
    yield from ((("via", k), target) for k, target in enumerate(step.via))
    yield ("to",), step.to


def per_joint(scenario: Scenario):
    """(path, tuple) for every list that has one value a joint."""
    yield from positions(scenario)
    robot = scenario.robot
    if robot.start_velocity is not None:
        yield ("robot", "start_velocity"), robot.start_velocity
    parts = [(("robot", key), getattr(robot, key)) for key in ("limits", "friction", "motors")]
    at_tool = getattr(scenario.controller.design(), "of_tool", ())
    law = [(key, value) for key, value in scenario.controller if key not in at_tool]
    yield from _lists([*parts, (("controller",), law)])
    yield from shared_lists(scenario)


def shared_lists(scenario: Scenario):
    """(path, tuple) for every such list that is of all robots."""
    parts = [(("sim",), scenario.sim), (("estimator",), scenario.estimator)]
    parts += [(("disturbances", i), item) for i, item in enumerate(scenario.disturbances) if item.type not in IN_WORLD]
    parts += [(("sensors", key), part) for key, part in scenario.sensors if key not in ("latency", "force_torque")]
    yield from _lists(parts)


def _lists(parts):
    for path, part in parts:
        for key, value in part or ():
            if isinstance(value, tuple) and key not in ("com", "gravity", "missing"):
                yield (*path, key), value


def links(scenario: Scenario):
    """(path, link name) for every link that is named."""
    robot = scenario.robot
    named = [(("robot", "tool"), robot.tool), (("robot", "payload"), robot.payload)]
    named += [(("robot", "surfaces", i), item) for i, item in enumerate(robot.surfaces)]
    yield from _named(named)
    yield from shared_links(scenario)


def shared_links(scenario: Scenario):
    """(path, link name) for every link that disturbances and sensors name."""
    named = [(("sensors", "force_torque"), scenario.sensors.force_torque), *_cameras(scenario)]
    yield from _named([*named, *((("disturbances", i), item) for i, item in enumerate(scenario.disturbances))])


def _named(parts):
    for path, part in parts:
        if getattr(part, "link", None) is not None:
            yield (*path, "link"), part.link


def _cameras(scenario: Scenario) -> list:
    """(path, Camera) of each."""
    if not isinstance(scenario.output.camera, tuple):
        return [(("output", "camera"), scenario.output.camera)]
    return [(("output", "camera", i), one) for i, one in enumerate(scenario.output.camera)]
