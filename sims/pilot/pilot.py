"""A run that is steered while it goes: slowed and stopped before what moves, and planned again from where it is.

Pilot   called at pauses of the loop; says where the reference goes next

The path stays that of the plan unless another way is found; what changes is how fast it is followed:
q(t) = base(σ(τ(t))), σ by `planner.replan` (again.py), τ̇ between 0 and 1 by `safety` (guard.py).
"""

import numpy as np

from sims.build import replan_of
from sims.pilot.again import Again
from sims.pilot.guard import Guard
from sims.pilot.track import Track, whole

PERIOD = 0.01  # [s] between two looks, at least


class Pilot:
    """plan      TaskPlan; world: shapes as they are
    limits    of the joints, all of them for braking
    dt, every   [s] physics step; steps a control period
    most      steps that the run may last
    """

    def __init__(self, scenario, robot, plan, world, limits, dt, every, most):
        self.dt, self.most = dt, most
        self.steps = max(1, round(PERIOD / (dt * every))) * every
        self.track = Track(plan, limits, dt, self.steps)
        self.guard = Guard(scenario.safety, robot, world, self.track, (most + 1) * dt)
        known = {item.name: item.known_to_planner for item in scenario.world}
        self.again = Again(
            replan_of(scenario), robot, world, known, self.track, self.guard, limits, plan.fingers, scenario.seed
        )  # fmt: skip

    @property
    def pauses(self):
        return range(0, self.most + 1, self.steps)

    @property
    def reactions(self) -> list:
        """[CPU s] of planning again, each time."""
        return self.again.reactions

    @property
    def events(self) -> list:
        """(time [s], what the robot did then)."""
        return self.again.events

    @property
    def done(self) -> bool:
        """Whether all parts of the plan have come to their end."""
        return self.track.done

    def look(self, k):
        """Rest of the reference from step k on: until a little after the next look."""
        if self.done:
            return None
        t = k * self.dt
        if self.track.schedule is None:
            self.track.follow(whole(self.track.base))
            self.again.enter(t)
        self.again.look(t)
        self.track.pace(self.guard.rate(t))
        return self.track.rows(k)

    def plan_step(self, k) -> int:
        """Step of the plan that is done at step k."""
        return self.track.plan_step(k)

    def shown_steps(self) -> tuple:
        """The plan's steps at the times at which they were done."""
        return self.track.shown_steps()

    def told(self) -> str:
        """What kept the robot from its end."""
        over = f"sim.max_duration is over in step {self.track.span.name!r}"
        if self.guard.waits_for is None:
            return f"{over}: the robot had to slow down for what moves"
        t, pair, distance = self.guard.waits_for
        near = "" if np.isnan(distance) else f", which were {1e3 * distance:.3g} mm apart"
        return f"{over}: it stands since t = {t:.3g} s, so that {pair[0]} and {pair[1]}{near}, do not touch"
