"""What planning returns: a motion, or the reason why there is none.

Status      how planning ended, as a sentence that says what to do
Violation   which named constraint is broken, by how much, when
Conflict    what could give way so that there is one
Multiplier  what a constraint costs, over time
Plan        trajectory, inputs, cost, status, violations, timings
"""

from dataclasses import dataclass, field
from enum import Enum

from robocalc.errors import Infeasible


class Status(Enum):
    SOLVED = "solved"
    INFEASIBLE = "infeasible: the named constraints cannot all be met; relax one of them"
    BAD_START = "bad start: the first state breaks a constraint, or the guess leads nowhere; change it, or give starts"
    ITERATION_LIMIT = "iteration limit: the best motion so far; allow more iterations or loosen the tolerance"
    NUMERICAL_TROUBLE = "numerical trouble: scale the problem, or start from another guess"


@dataclass(frozen=True)
class Violation:
    """constraint: its name; amount > 0: by how much it is broken, in unit; time [s] or None; knot: index or None;
    instead: other constraints that could give way, as sentences."""

    constraint: str
    amount: float
    unit: str = ""
    time: float | None = None
    why: str = ""
    knot: int | None = None
    instead: tuple = ()

    def __str__(self):
        other = f" (instead could give way: {', or '.join(self.instead)})" if self.instead else ""
        if self.why:
            return f"{self.constraint}: {self.why}{other}"
        when = "" if self.time is None else f" at t = {self.time:.4g} s"
        return f"{self.constraint} exceeded by {self.amount:.4g} {self.unit}".rstrip() + when + other


@dataclass(frozen=True)
class Conflict:
    """A constraint that, relaxed alone by `amount` (in unit), makes the problem feasible; time [s] where it presses."""

    constraint: str
    amount: float
    unit: str = ""
    time: float | None = None

    def __str__(self):
        return f"{self.constraint} by {self.amount:.4g} {self.unit}".rstrip()


@dataclass(frozen=True)
class Multiplier:
    """What a constraint costs: -d(cost)/d(bound), positive where its upper side presses, negative at its lower one.

    value   (N,) at times t (N,) [s]: for a constraint along the path a density, cost per unit and second; else cost
            per unit, at one time
    unit    of the constraint
    weight  (N,) shares of the motion in time [s]; ones at an end
    """

    constraint: str
    t: object
    value: object
    weight: object
    unit: str = ""
    path: bool = True

    @property
    def total(self) -> float:
        """Cost per unit of the whole constraint: -d(cost)/d(bound)."""
        return float((self.value * self.weight).sum())


@dataclass(frozen=True)
class Plan:
    """trajectory: the motion, as far as there is one (None if not); timings [s] by name; inputs if planned.

    An optimized plan has more: its trajectory is that of the states (of the joints q for a Robot), and

    states, inputs   Trajectories of x and u over [0, duration]
    parameters       {name: value}
    error            {"state": largest error of a state at the end of an interval over its scale, by a tight integrator
                     from the interval's start; "simulated": largest distance of one simulation of all inputs from
                     start to end; "cost": cost of that simulation less `cost`}
    starts           cost of every start, nan where it found no motion, in their order
    mesh             knots (K + 1,) [s]
    gains            method "ddp": K (N, nu, nx) of every step, u = u* - K (x - x*); else None
    notes            sentences about how it was found, such as why there were several starts
    multipliers      {constraint: Multiplier} of what presses on the motion
    conflicts        Conflicts: each alone, relaxed, makes an infeasible problem feasible; the smallest share first
    phases           Plans of the phases of a problem that has some
    """

    trajectory: object
    status: Status = Status.SOLVED
    violations: tuple = ()
    cost: float | None = None
    inputs: object = None
    timings: dict = field(default_factory=dict)
    states: object = None
    parameters: dict = field(default_factory=dict)
    error: dict = field(default_factory=dict)
    starts: tuple = ()
    mesh: object = None
    iterations: int = 0
    gains: object = None
    notes: tuple = ()
    multipliers: dict = field(default_factory=dict)
    conflicts: tuple = ()
    phases: tuple = ()

    @property
    def solved(self) -> bool:
        return self.status is Status.SOLVED

    @property
    def duration(self) -> float | None:
        """Length of the motion [s]; None where there is none."""
        if self.phases and self.phases[0].trajectory is not None:
            return sum(part.duration for part in self.phases)
        return None if self.trajectory is None else self.trajectory.duration

    @property
    def spread(self) -> float:
        """Costs of the starts that found a motion: the largest less the smallest; 0 for one start."""
        found = [c for c in self.starts if c == c]
        return max(found) - min(found) if found else 0.0

    def plot_multipliers(self, path=None):
        """A matplotlib Figure of the constraints' multipliers over time; written to `path` where one is given."""
        from robocalc.optimize.picture import multipliers

        return multipliers(self, path)

    def _repr_html_(self):
        from robocalc.optimize.show import plan

        return plan(self)

    def raise_for_status(self):
        """Raise Infeasible with the violations unless the plan is solved; returns the plan."""
        if not self.solved:
            raise Infeasible(self.violations or (self.status.value,))
        return self
