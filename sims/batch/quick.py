"""A run of a scenario that is like one before it, without doing again what has not changed.

Quick   scenario -> Run without folder: robots, world and plan are kept from run to run

What a step of the preparation reads of a scenario is watched; it is done again when something of that has changed.
So the figures are those of `sims.run`, whatever changes, and a sweep over gains or disturbances plans once.
"""

from collections import deque
from dataclasses import replace
from functools import partial

from sims.build import believed_robot, true_robot
from sims.build_world import world_shapes
from sims.engines.bullet import Clearance
from sims.forecast import unstable_of_any
from sims.result import Run
from sims.run import audit_notes, planned, simulated

KEPT = 8  # results of each step: a sweep over two keys visits few again


class _Watched:
    """A scenario that notes which of its parts are read."""

    def __init__(self, scenario):
        self._scenario, self._read = scenario, set()

    def __getattr__(self, name):
        value = getattr(self._scenario, name)
        self._read.add(name)
        return value

    def matches(self, other) -> bool:
        """Whether another scenario has the same parts, as far as they were read."""
        return all(getattr(other, name) == getattr(self._scenario, name) for name in self._read)


class _Kept:
    """A function of a scenario, and of what the same scenario gave before, with its last results."""

    def __init__(self, function):
        self.function, self.found = function, deque(maxlen=KEPT)

    def __call__(self, scenario, *more):
        for watched, others, result in self.found:
            if watched.matches(scenario) and all(a is b for a, b in zip(others, more, strict=True)):
                return result
        watched = _Watched(scenario)
        result = self.function(watched, *more)
        self.found.append((watched, more, result))
        return result


class Quick:
    """`quick(scenario)` is `sims.run(scenario)` with a memory; in `timings`, only the simulation counts.

    It refuses no unstable design, and says nothing beforehand of what the plan asks of the drives.

    clearance   what makes the checkers of clearance: a Clearance(robot, world, own=...) for `with`
    """

    def __init__(self, clearance=Clearance):
        self.clearance = clearance
        steps = (believed_robot, true_robot, world_shapes, partial(planned, clearance=clearance), audit_notes)
        self.robot, self.plant, self.world, self.plan, self.notes = map(_Kept, steps)

    def __call__(self, scenario) -> Run:
        robot, plant, world = self.robot(scenario), self.plant(scenario), self.world(scenario)
        plan, notes = self.plan(scenario, robot, world)
        notes = (*self.notes(scenario, robot), *notes)
        made = Run(scenario, robot, plant, world, plan, warnings=notes)
        if not plan.solved:
            return made
        made = simulated(made, lambda share, what: None, self.clearance)
        return told(made) if made.outcome.diverged else made


def told(made: Run) -> Run:
    """A run that diverged, with what its poles say of it: here it is no refusal, as a search learns from failures."""
    dt = made.scenario.sim.timestep
    plan, robots = made.plan, (made.robot, made.plant_robot)
    why = unstable_of_any(made.scenario, *robots, plan.reference(dt), plan.grip(dt))
    return replace(made, unstable=why)
