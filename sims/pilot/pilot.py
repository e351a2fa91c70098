"""A run that is steered while it goes: slowed and stopped before what moves, and planned again from where it is.

Pilot   called at pauses of the loop; says where the reference goes next

The path stays that of the plan unless another way is found; what changes is how fast it is followed:
q(t) = base(σ(τ(t))), σ by `planner.replan` (again.py), τ̇ between 0 and 1 by `safety` (guard.py).
"""

from math import gcd

import numpy as np

from sims.build import replan_of, steered, with_room
from sims.pilot.again import Again
from sims.pilot.anew import Anew, standing
from sims.pilot.guard import Guard
from sims.pilot.track import Track, whole

PERIOD = 0.01  # [s] between two looks, at least
OFTEN, FEW = 0.3, 5  # share of the planner's looks that find the robot elsewhere; fewer looks tell nothing


class Pilot:
    """plan      TaskPlan; world: shapes as they are
    limits    of the joints, all of them for braking
    dt, every   [s] physics step; steps a control period
    most      steps that the run may last
    """

    def __init__(self, scenario, robot, plan, world, limits, dt, every, most):
        self.dt, self.most, sim, self.anew = dt, most, scenario.sim, None
        self.error = np.zeros((2, robot.n))  # the law's, at the last step: what `simulate` calls `seen`
        self.steps = max(1, round(PERIOD / (dt * every))) * every
        if sim.planner_rate is not None:  # a look at each look of the planner, and where its plans begin
            self.steps = _largest(gcd(sim.planner_every, sim.planner_steps), self.steps, every)
        self.track = Track(plan, limits, dt, self.steps)
        self.guard = Guard(scenario.safety, robot, world, self.track, (most + 1) * dt)
        known = {item.name: item.known_to_planner for item in scenario.world}
        self.again = Again(
            _replan(scenario), robot, world, known, self.track, self.guard, limits, plan.fingers, scenario.seed,
            sim.planner_latency,
        )  # fmt: skip
        if sim.planner_rate is not None:
            limits = with_room(limits) if steered(scenario) else limits
            still = standing(robot, world, known)
            self.anew = Anew(scenario, robot, plan.steps, self.track, limits, still)

    @property
    def pauses(self):
        return range(0, self.most + 1, self.steps)

    @property
    def reactions(self) -> list:
        """[CPU s] of planning again, each time."""
        return self.again.reactions

    @property
    def begun_anew(self) -> list:
        """Times [s] at which the motion was planned from where the robot was."""
        return [] if self.anew is None else self.anew.times

    @property
    def count(self) -> int:
        """How often the motion was planned again."""
        return len(self.reactions) + len(self.begun_anew)

    def notes(self) -> tuple:
        """Sentences about a law that cannot follow what is planned."""
        looks, count = 0 if self.anew is None else self.anew.looks, len(self.begun_anew)
        if looks < FEW or count < OFTEN * looks:
            return ()
        own = "the law itself leaves the robot further from its plan than sim.planner_tolerance"
        return (f"planned anew at {count} of {looks} looks: {own}; raise the gains or sim.planner_tolerance",)

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
        if self.anew is not None:
            self.anew.look(k, self.error)
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
        if self.guard.waits_for is None and self.notes():
            return f"{over}: {self.notes()[0]}"
        if self.guard.waits_for is None:
            return f"{over}: the robot had to slow down for what moves"
        t, pair, distance = self.guard.waits_for
        near = "" if np.isnan(distance) else f", which were {1e3 * distance:.3g} mm apart"
        return f"{over}: it stands since t = {t:.3g} s, so that {pair[0]} and {pair[1]}{near}, do not touch"


def _largest(steps, most, every) -> int:
    """The largest number of control periods' steps that divides `steps` and is at most `most`."""
    return max(m for m in range(every, max(most, every) + 1, every) if steps % m == 0)


def _replan(scenario):
    """The settings of replanning; with the planner's rate in place of their own."""
    settings, rate = replan_of(scenario), scenario.sim.planner_rate
    return settings if settings is None or rate is None else settings.model_copy(update={"every": 1 / rate})
