"""What `check` says of bounds that no run can meet, because nothing in the scenario makes the figure.

unmeasured   sentences, one a bound, and one for what a scenario gives to robots that are not there
"""

from sims.scenario.check_rates import replan_of

# beginning of a metric -> (whether the scenario makes it, what does)
MAKERS = {
    "estimate.": (lambda s: s.estimator is not None, "an `estimator:`"),
    "wrench.": (lambda s: s.sensors.force_torque is not None, "`sensors.force_torque`"),
    "cost.per_cycle": (lambda s: s.prices is not None, "`prices:`"),
    "load.": (lambda s: any(d.type == "hanging_load" for d in s.disturbances), "a disturbance `hanging_load`"),
    "payload.": (lambda s: s.controller.type == "adaptive", "controller `adaptive`"),
    "replanning.": (lambda s: s.sim.planner_rate is not None or replan_of(s) is not None, "`sim.planner_rate`"),
    "grasp.": (lambda s: any(step.do == "grasp" for step in _steps(s)), "a step `grasp`"),
}


def unmeasured(scenario) -> list:
    """Warnings on a scenario that is in order, but would be rejected whatever its run does."""
    found = []
    for name in scenario.accept:
        maker = next((made for start, made in MAKERS.items() if name.startswith(start)), None)
        if maker is not None and not maker[0](scenario):
            found.append(f"accept.{name}: has no value without {maker[1]}, so the run will be rejected")
    if not scenario.partners and scenario.coordination != type(scenario.coordination)():
        found.append("coordination: is between robots, and this scenario has no `partners`: it changes nothing")
    return found


def _steps(scenario):
    for robot in (scenario, *scenario.partners):
        yield from robot.task
