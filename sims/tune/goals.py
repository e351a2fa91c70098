"""Objectives and constraints of a study, and how they become one cost.

    Goals       what a run is worth: cost = Σ weight · figure + penalty of what breaks the constraints
    WORDS       short names: tracking, effort, smoothness, settling, clearance, overshoot, saturation
    aggregate   over the scenarios: mean, worst, or CVaR (mean of the worst quarter)

A run that diverges costs LOST and more, the more the earlier it ended, so that a search finds its way back. A
constraint broken by the share s of its bound costs PENALTY s times the size of the cost at the start.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from sims.scenario.check import did_you_mean_metric
from sims.scenario.metric_names import METRIC_NAMES, metric_names
from sims.tune.figures import FIGURES, figure_of

WORDS = {
    "tracking": "tracking.joint_rms_deg",
    "effort": "effort.integral",
    "smoothness": "torque.rate_rms",
    "settling": "settling.time_s",
    "clearance": "clearance.min_mm",
    "overshoot": "overshoot.max_percent",
    "saturation": "torque.saturated_fraction",
    "margins": "margin.gain",
}
MARGINS = {
    "margin.gain": ("-", "factor on all gains at which the loop is lost"),
    "margin.latency_ms": ("ms", "more latency at which the loop is lost"),
}
MORE_IS_BETTER = ("clearance.", "margin.")
LOST, PENALTY = 1e6, 10.0
TAIL = 0.25  # of the scenarios: what CVaR takes the mean of
NEVER = {"settling.time_s": 10.0}  # [s] for one that never settles: NaN is no cost


@dataclass(frozen=True)
class Objective:
    """name of a metric, or a function of a run; its weight has a minus where more is better."""

    name: str
    weight: float
    function: Callable | None = None

    @property
    def smooth(self) -> bool:
        return self.function is None and self.name in FIGURES


@dataclass(frozen=True)
class Limit:
    """One constraint: a figure and its bounds."""

    name: str
    min: float | None
    max: float | None

    def broken(self, value) -> tuple[float, float]:
        """(share of the bound by which it is broken, its derivative by the value); (0, 0) inside."""
        if math.isnan(value):
            return 1.0, 0.0
        for bound, sign in ((self.max, 1.0), (self.min, -1.0)):
            if bound is not None and sign * (value - bound) > 0:
                size = max(abs(bound), 1e-3)
                return sign * (value - bound) / size, sign / size
        return 0.0, 0.0


@dataclass(frozen=True)
class Goals:
    objectives: tuple
    limits: tuple
    aggregate: str = "mean"

    @property
    def smooth(self) -> bool:
        """Whether some of the cost has a gradient (jumps of the rest are seen by the line search alone)."""
        return any(o.smooth for o in self.objectives)

    @property
    def importable(self) -> bool:
        """Whether workers can be sent it."""
        return all(o.function is None for o in self.objectives)

    @property
    def clearance(self) -> bool:
        return any(x.name.startswith("clearance.") for x in (*self.objectives, *self.limits))

    @property
    def flat(self) -> list:
        """Names of what changes in jumps, or of which nobody knows how it changes."""
        return [x.name for x in self.objectives if not x.smooth] + [
            x.name for x in self.limits if x.name not in FIGURES
        ]


def make_goals(objectives, constraints, aggregate_name, things=(), functions=None) -> Goals:
    """From names, weights and bounds; raises InvalidInput for a figure that does not exist (did you mean)."""
    functions = functions or {}
    found = [_objective(name, goal, functions, things) for name, goal in objectives.items()]
    found = found or [Objective(WORDS["tracking"], 1.0), Objective(WORDS["smoothness"], 1e-4)]
    limits = [Limit(_name("constraints", name, things), b.min, b.max) for name, b in constraints.items()]
    return Goals(tuple(found), tuple(limits), aggregate_name)


def _objective(name, goal, functions, things):
    if name in functions:
        return Objective(name, -goal.weight if goal.maximize else goal.weight, functions[name])
    full = _name("objectives", name, things)
    better = goal.maximize or (full.startswith(MORE_IS_BETTER) and goal.weight > 0)
    return Objective(full, -goal.weight if better else goal.weight)


def _name(where, name, things):
    full, known = WORDS.get(name, name), {**metric_names(things), **MARGINS}
    if full not in known:
        raise InvalidInput(f"{where}.{name}: unknown figure{did_you_mean_metric(name, [*WORDS, *known])}")
    return full


def unit_of(name) -> str:
    about = METRIC_NAMES.get(name) or MARGINS.get(name)
    return about[0] if about else ""


def figures(goals, trace, extra=None) -> dict:
    """name -> Value of everything that goals ask of a run; `extra` has figures that were found otherwise."""
    found = {}
    for item in (*goals.objectives, *goals.limits):
        if item.name in found:
            continue
        function = getattr(item, "function", None)
        if function is not None:
            found[item.name] = _asked(item.name, function, trace)
        elif extra is not None and item.name in extra:
            found[item.name] = extra[item.name]
        else:
            value = figure_of(item.name, trace)
            found[item.name] = value._replace(value=NEVER.get(item.name, value.value)) if _nan(value.value) else value
    return found


def _nan(x):
    return isinstance(x, float) and math.isnan(x)


def _asked(name, function, trace):
    from sims.tune.figures import _flat

    value = function(trace)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise InvalidInput(f"objective {name} must return a number, got {value!r:.60}")
    return _flat(float(value), trace)


def lost(share_done) -> float:
    """Cost of a run that diverged after that share of its time."""
    return LOST * (2.0 - share_done)


def aggregate(costs, kind):
    """(cost, weight of each scenario in it)."""
    costs = np.asarray(costs, float)
    if kind == "worst":
        weights = np.zeros(len(costs))
        weights[int(np.argmax(costs))] = 1.0
    elif kind == "cvar":
        worst = np.argsort(-costs, kind="stable")[: max(1, math.ceil(TAIL * len(costs)))]
        weights = np.zeros(len(costs))
        weights[worst] = 1.0 / len(worst)
    else:
        weights = np.full(len(costs), 1.0 / len(costs))
    return float(weights @ costs), weights
