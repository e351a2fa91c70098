"""The verdict of PyBullet: the same scenarios under several points, in workers, contacts included.

judged          cost of each point on each scenario -> [Judged a point]
bullet_figures  (figures or None, share of its time done) of one scenario
"""

from typing import NamedTuple

from robocalc.errors import EngineUnavailable, RobocalcError
from sims.engines.bullet import pybullet_module
from sims.tune.figures import Value
from sims.tune.goals import NEVER, aggregate, figures
from sims.tune.problem import weigh


class Judged(NamedTuple):
    """engine; one cost a scenario, and how many runs were lost."""

    engine: str
    costs: tuple
    lost: int
    cost: float

    @property
    def mean(self):
        return sum(self.costs) / len(self.costs)

    @property
    def worst(self):
        return max(self.costs)


def bullet_figures(scenario, goals, quick=None, engine="bullet"):
    """Figures of a run of a scenario in PyBullet; None for one that has no plan or diverges."""
    from sims.batch.quick import Quick

    run = (quick or Quick())(scenario.model_copy(update={"sim": scenario.sim.model_copy(update={"engine": engine})}))
    if run.verdict in ("infeasible", "diverged"):
        return None, 0.0 if run.log is None else len(run.log.joint) * scenario.sim.timestep / max(
            run.plan.duration, 1e-9
        )
    return figures(goals, run, {name: _value(name, run) for name in _metric_names(goals)}), 1.0


def _metric_names(goals):
    return [x.name for x in (*goals.objectives, *goals.limits) if getattr(x, "function", None) is None]


def _value(name, run):
    if name.startswith("margin."):
        from sims.tune.case import Case
        from sims.tune.margins import measured

        return Value(measured(name, Case(run.scenario), None))
    found = run.metrics.get(name)
    value = float("nan") if found is None else found.value
    return Value(NEVER.get(name, value) if value != value else value)


def judged(problem, points, *, scenarios=None, workers=1, engine="bullet") -> list:
    """Judged of each point over the problem's scenarios as they are trained on, or over others as they are; raises
    EngineUnavailable without PyBullet."""
    from sims.batch import Pool

    if engine == "bullet":
        pybullet_module()
    goals, size = problem.goals, problem.size or 1.0
    items = [
        (scenario, problem.space, [problem.at(k, x) if scenarios is None else x for x in points], goals, engine)
        for k, scenario in enumerate(problem.scenarios if scenarios is None else scenarios)
    ]
    plain = not any(o.function is not None for o in goals.objectives)
    found = []
    with Pool(workers=workers if plain and workers > 1 else 0) as pool:
        for done in pool.map(_one, items):
            if done.error is not None:
                raise done.error
            found.append(done.value)
    out = []
    for k in range(len(points)):
        parts = [weigh(goals, row[k][0], row[k][1], size) for row in found]
        costs = tuple(part.cost for part in parts)
        lost = sum(row[k][0] is None for row in found)
        out.append(Judged(engine, costs, lost, aggregate(costs, goals.aggregate)[0] if costs else float("nan")))
    return out


def _one(item):
    from sims.batch.quick import Quick

    (scenario, space, points, goals, engine), quick, out = item, Quick(), []
    for x in points:
        try:
            out.append(bullet_figures(space.scenario(scenario, x), goals, quick, engine))
        except EngineUnavailable:
            raise
        except RobocalcError:
            out.append((None, 0.0))
    return out
