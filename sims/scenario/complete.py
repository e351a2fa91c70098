"""What a scenario leaves out and only the whole can say, so that whoever runs it need not guess.

complete   the same scenario for the robot with moving fingers when it grasps, values for the fingers filled in, and
           with a log rate that the physics can give
"""

from sims.scenario.arms import arm_of, model_name
from sims.scenario.check import per_joint, positions
from sims.scenario.schema import Scenario


def complete(scenario: Scenario) -> Scenario:
    """Lists without values for the fingers get them: open for positions, at rest, else as the last joint."""
    robot = scenario.robot
    arm = arm_of(robot, grasps=scenario.grasps)
    name = None if robot.model is None else model_name(robot.model, scenario.grasps)
    short = [(path, values) for path, values in per_joint(scenario) if len(values) < arm.n]
    rate = min(scenario.output.log_rate, 1 / scenario.sim.timestep)
    if not short and name == robot.model and rate == scenario.output.log_rate:
        return scenario
    data, places = scenario.to_dict(), {path for path, _ in positions(scenario)}
    data["output"]["log_rate"] = rate
    if name is not None:
        data["robot"]["model"] = name
    for path, values in short:
        missing = range(len(values), arm.n)
        if path in places:
            more = [arm.upper[i] for i in missing]
        else:
            more = [0.0 if path[-1] == "start_velocity" else values[-1]] * len(missing)
        _set(data, path, [*values, *more])
    return Scenario.model_validate(data)


def _set(data, path, value):
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value
