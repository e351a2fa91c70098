"""What a scenario leaves out and only the whole can say, so that whoever runs it need not guess.

complete   the same scenario for the robot with moving fingers when it grasps, values for the fingers filled in, and
           with a log rate that the physics can give
"""

from sims.scenario.arms import arm_of, model_name
from sims.scenario.check_lists import per_joint, positions
from sims.scenario.check_team import bare
from sims.scenario.schema import Scenario


def complete(scenario: Scenario) -> Scenario:
    """Lists without values for the fingers get them: open for positions, at rest, else as the last joint."""
    robots = bare(scenario) if scenario.partners else [((), scenario)]
    found = {path: value for root, robot in robots for path, value in _missing(root, robot)}
    rate = min(scenario.output.log_rate, 1 / scenario.sim.timestep)
    if rate != scenario.output.log_rate:
        found["output", "log_rate"] = rate
    if not found:
        return scenario
    data = scenario.to_dict()
    for path, value in found.items():
        _set(data, path, value)
    return Scenario.model_validate(data)


def _missing(root, scenario):
    """(path, whole value) of what the part at `root` leaves out; scenario: its robot as if it were alone."""
    robot = scenario.robot
    arm, places = arm_of(robot, grasps=scenario.grasps), {path for path, _ in positions(scenario)}
    if robot.model is not None and model_name(robot.model, scenario.grasps) != robot.model:
        yield (*root, "robot", "model"), model_name(robot.model, scenario.grasps)
    for path, values in per_joint(scenario):
        if len(values) < arm.n:
            missing = range(len(values), arm.n)
            if path in places:
                more = [arm.upper[i] for i in missing]
            else:
                more = [0.0 if path[-1] == "start_velocity" else values[-1]] * len(missing)
            yield (*root, *path), [*values, *more]


def _set(data, path, value):
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value
