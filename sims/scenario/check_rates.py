"""Rates that must fit each other: physics, control, planner, log.

rates       yields (path, message) for those that do not
replan_of   how a scenario's motion is planned again around what moves
"""

from collections.abc import Iterator

from sims.scenario.schema import Output, Scenario
from sims.scenario.schema_safety import Replan

WHOLE = 1e-6  # of a step: passes rounding, stops a wrong rate
DYNAMIC = ("collocation", "ddp")  # planners of motions with their torques
Problems = Iterator[tuple[tuple, str]]


def replan_of(scenario: Scenario):
    """The settings of replanning: the planner's, or of the first move that has some; None."""
    planners = [scenario.planner, *(getattr(step, "planner", None) for step in scenario.task)]
    return next((found for p in planners if (found := getattr(p, "replan", None)) is not None), None)


def rates(scenario: Scenario) -> Problems:
    """Each rate divides the one before."""
    sim = scenario.sim
    physics = 1 / sim.timestep
    if sim.control_rate is not None:
        ratio = physics / sim.control_rate
        if ratio < 1 - WHOLE or abs(ratio - round(ratio)) > WHOLE:
            near = physics / max(1, round(ratio))
            message = f"{sim.control_rate:g} Hz does not divide the physics rate {physics:g} Hz; nearest: {near:g} Hz"
            yield ("sim", "control_rate"), message
    yield from _planner_rate(scenario)
    sensor = scenario.sensors.force_torque
    if sensor is not None and sensor.rate is not None:
        ratio = physics / sensor.rate
        if ratio < 1 - WHOLE or abs(ratio - round(ratio)) > WHOLE * max(1, ratio):
            near = physics / max(1, round(ratio))
            message = f"{sensor.rate:g} Hz does not divide the physics rate {physics:g} Hz; nearest: {near:g} Hz"
            yield ("sensors", "force_torque", "rate"), message
    told = scenario.output.log_rate != Output().log_rate  # the default is made to fit by `complete`
    if told and scenario.output.log_rate > physics * (1 + WHOLE):
        yield ("output", "log_rate"), f"{scenario.output.log_rate:g} Hz is above the physics rate {physics:g} Hz"


def _planner_rate(scenario: Scenario) -> Problems:
    """Physics, control, planner: each rate divides the one before."""
    sim, settings = scenario.sim, replan_of(scenario)
    control = 1 / (sim.timestep * sim.control_every)
    period = settings.every if settings is not None else None
    if sim.planner_rate is not None:
        ratio, period = control / sim.planner_rate, 1 / sim.planner_rate
        if ratio < 1 - WHOLE or abs(ratio - round(ratio)) > WHOLE * max(1, ratio):
            near = control / max(1, round(ratio))
            message = f"{sim.planner_rate:g} Hz does not divide the control rate {control:g} Hz; nearest: {near:g} Hz"
            yield ("sim", "planner_rate"), message
        if settings is not None and settings.every not in (Replan().every, period):
            message = f"{sim.planner_rate:g} Hz is not replan.every, {settings.every:g} s: give one of them"
            yield ("sim", "planner_rate"), message
        yield from ((("sim", "planner_rate"), why) for why in _planned_once(scenario))
    if sim.planner_latency > 0 and period is None:
        yield ("sim", "planner_latency"), "is for a planner that looks again: give sim.planner_rate too"
    elif sim.planner_latency > 0:
        ratio = sim.planner_latency * control
        if abs(ratio - round(ratio)) > WHOLE * max(1, ratio):
            near = f"nearest: {round(ratio) / control:g} s"
            yield ("sim", "planner_latency"), f"{sim.planner_latency:g} s is no multiple of a control period; {near}"
        if sim.planner_latency > period * (1 + WHOLE):
            message = f"{sim.planner_latency:g} s is longer than the planner's period, {period:g} s"
            yield ("sim", "planner_latency"), message


def _planned_once(scenario: Scenario) -> Iterator[str]:
    """Why a scenario's motion cannot be planned anew from where the robot is."""
    planners = [scenario.planner, *(getattr(step, "planner", None) for step in scenario.task)]
    kinds = [p.type for p in planners if p is not None and p.type in DYNAMIC]
    if kinds:
        yield f"{kinds[0]} plans the dynamics once; min_jerk and avoid plan anew, controller mpc at each period"
    elif getattr(type(scenario.controller.design()), "along", False):
        name = scenario.controller.type
        yield f"{name} is made for one motion; take a law that follows any, such as computed_torque"
