"""What a point of the unit cube costs: all scenarios run under it, their figures weighed, the rest penalised.

    Problem      scenarios, space and goals; `evaluate(x, slopes)` -> Evaluation
    Evaluation   cost, gradient, curvature, and what they are made of

Where only gains move, each scenario is planned once and a run is one compiled call. Where more moves (planner, sensors,
limits), it is built anew for each point. Scenarios that the twin cannot run go through PyBullet.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput, RobocalcError
from sims.tune.case import Case
from sims.tune.goals import PENALTY, Goals, aggregate, figures, lost
from sims.tune.lawmap import controller, law_with
from sims.tune.margins import margins
from sims.tune.methods.protocol import inside
from sims.tune.space import Space


class Evaluation(NamedTuple):
    """goals: weighed figures, one an objective; costs: one a scenario; values: name -> mean over scenarios."""

    cost: float
    gradient: np.ndarray | None = None
    curvature: np.ndarray | None = None
    goals: tuple = ()
    costs: tuple = ()
    values: dict | None = None
    broken: float = 0.0  # largest share of a bound by which a constraint is broken
    lost: int = 0  # scenarios that diverged


@dataclass
class Problem:
    """size: of the cost at the start, in which broken constraints are paid; `measure` sets it.

    shifts    (S, P) added to a point in each scenario, within the cube: gains that are off, or None
    workers   processes for points that need a plan or PyBullet each; gains in the twin need none
    """

    scenarios: list
    space: Space
    goals: Goals
    engine: str = "twin"
    size: float | None = None
    workers: int = 1
    shifts: np.ndarray | None = None
    _cases: list = field(default_factory=list)

    def cases(self):
        if not self._cases:
            self._cases = [Case(s, self.goals.clearance) for s in self.scenarios]
        return self._cases

    @property
    def smooth(self) -> bool:
        """Whether gradients help: gains of a controller in the twin, towards figures that can be differentiated, under
        effects whose slopes are known."""
        asked = self.engine == "twin" and self.space.gains and self.goals.smooth
        return asked and all(case.sloped for case in self.cases())

    def measure(self, points):
        """Set `size` by the first of the points that no scenario is lost at."""
        for x in points:
            self.size = None
            found = self.evaluate(x)
            if not found.lost:
                self.size = max(abs(sum(found.goals)), 1e-9)
                return

    def evaluate_all(self, points, slopes=False) -> list:
        """Evaluations of several points, in their order; in workers where that pays."""
        if (self.space.gains and self.engine == "twin") or self.workers <= 1 or not self.goals.importable:
            return [self.evaluate(x, slopes) for x in points]
        from sims.batch import Pool

        items = [(self, scenario, self.at(k, x)) for x in points for k, scenario in enumerate(self.scenarios)]
        with Pool(workers=self.workers) as pool:
            each = [done.get() for done in pool.map(_one, items)]
        n = len(self.scenarios)
        return [self._together(each[k * n : (k + 1) * n]) for k in range(len(points))]

    def __getstate__(self):
        return self.__dict__ | {"_cases": [], "scenarios": []}

    def at(self, k, x) -> np.ndarray:
        """The point that scenario k is run at for x."""
        return np.asarray(x, float) if self.shifts is None else inside(x + self.shifts[k])

    def evaluate(self, x, slopes=False) -> Evaluation:
        """Cost of a point; a point that makes no scenario, or no plan, is as bad as one that diverges at once."""
        x = np.asarray(x, float)
        if self.engine != "twin":
            each = [self._bullet(s, self.at(k, x)) for k, s in enumerate(self.scenarios)]
        elif self.space.gains:
            each = [self._gains(k, case, x, slopes) for k, case in enumerate(self.cases())]
        else:
            each = [self._anew(s, self.at(k, x)) for k, s in enumerate(self.scenarios)]
        return self._together(each)

    # one scenario: (figures or None, share of its time done) --------------------------------------------------------

    def _gains(self, k, case, x, slopes):
        at = self.at(k, x)
        part, values = case.scenario.controller, self.space.values(at)
        try:
            if not slopes:
                trace = case.run(case.law(controller(part, self.space.entries, values, case.n)))
            else:
                law, dgains, dmemory = law_with(case, part, self.space.entries, values)
                trace = case.run_with(law, dgains, dmemory)
        except RobocalcError:
            return None, 0.0
        rate = None
        if slopes:
            free = self.shifts is None or at == x + self.shifts[k]  # what is held at an end does not follow the point
            rate = free * np.array([knob.rate(v) for knob, v in zip(self.space.knobs, values, strict=True)])
        return self._figures(trace, rate, lambda: controller(part, self.space.entries, values, case.n))

    def _figures(self, trace, rate=None, part=None):
        if trace.diverged:
            return None, len(trace.joint) / (trace.case.steps + 1)
        extra = margins(trace.case, part and part(), self.goals)
        found = figures(self.goals, trace, extra)
        if rate is not None:
            found = {name: _chained(value, rate) for name, value in found.items()}
        return found, 1.0

    def _anew(self, scenario, x):
        try:
            case = Case(self.space.scenario(scenario, x), self.goals.clearance)
            return self._figures(case.run(case.law()), part=lambda: case.scenario.controller)
        except RobocalcError:
            return None, 0.0

    def _bullet(self, scenario, x):
        from sims.tune.verify import bullet_figures

        try:
            return bullet_figures(self.space.scenario(scenario, x), self.goals)
        except RobocalcError:
            return None, 0.0

    # all scenarios --------------------------------------------------------------------------------------------------

    def _together(self, each) -> Evaluation:
        size = self.size or 1.0
        parts = [weigh(self.goals, found, done, size) for found, done in each]
        cost, weights = aggregate([p.cost for p in parts], self.goals.aggregate)
        gradient = curvature = None
        if all(p.gradient is not None for p in parts):
            gradient = sum(w * p.gradient for w, p in zip(weights, parts, strict=True))
            curvature = sum(w * p.curvature for w, p in zip(weights, parts, strict=True))
        fair = [f for f, _ in each if f is not None]
        names = fair[0] if fair else ()
        goals = tuple(
            aggregate([o.weight * f[o.name].value if f else lost(done) for f, done in each], self.goals.aggregate)[0]
            for o in self.goals.objectives
        )
        return Evaluation(
            cost=cost,
            gradient=gradient,
            curvature=curvature,
            goals=goals,
            costs=tuple(p.cost for p in parts),
            values={name: float(np.mean([f[name].value for f in fair])) for name in names},
            broken=max((p.broken for p in parts), default=0.0),
            lost=len(each) - len(fair),
        )


def _one(item):
    problem, scenario, x = item
    return problem._bullet(scenario, x) if problem.engine != "twin" else problem._anew(scenario, x)


class Part(NamedTuple):
    """One scenario's share of a cost."""

    cost: float
    gradient: np.ndarray | None = None
    curvature: np.ndarray | None = None
    broken: float = 0.0


def weigh(goals, found, done, size) -> Part:
    """Cost of one run from its figures; raises InvalidInput for an objective that is not a finite number."""
    if found is None:
        return Part(lost(done))
    cost, gradient, curvature, broken = 0.0, 0.0, 0.0, 0.0
    sloped = all(value.gradient is not None for value in found.values())
    for o in goals.objectives:
        value = found[o.name]
        if not math.isfinite(value.value):
            raise InvalidInput(f"objective {o.name} is {value.value}: it has no value in a run that ended well")
        cost += o.weight * value.value
        if sloped:
            gradient, curvature = gradient + o.weight * value.gradient, curvature + o.weight * value.curvature
    for limit in goals.limits:
        share, rate = limit.broken(found[limit.name].value)
        broken = max(broken, share)
        cost += PENALTY * size * share
        if sloped and share > 0:
            gradient = gradient + PENALTY * size * rate * found[limit.name].gradient
            curvature = curvature + PENALTY * size * abs(rate) * found[limit.name].curvature
    return Part(float(cost), gradient if sloped else None, curvature if sloped else None, broken)


def _chained(value, rate):
    """By the point's coordinates in place of the gains."""
    if value.gradient is None:
        return value
    return value._replace(gradient=value.gradient * rate, curvature=value.curvature * np.outer(rate, rate))
