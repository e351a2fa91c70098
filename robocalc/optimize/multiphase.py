"""Problems of several phases: each with its own dynamics, costs, constraints and duration, tied by named links.

Phases   Problems one after the other; `solve` takes them as it takes a Problem
phases   the same from a list or a dictionary
Link     how the end of one phase and the start of the next belong together

All phases are solved at once, side by side on the same fractions of their durations. What is handed over from one to
the next is a free parameter that both meet, so that a start of one and an end of another can be tied.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from robocalc.errors import InvalidInput
from robocalc.optimize.check import interval
from robocalc.optimize.problem import Problem


class Link(NamedTuple):
    """jump(x) -> start of the next phase (None: the same state), or conditions {name: (g(before, after), lo, hi)}."""

    jump: object = None
    conditions: dict | None = None


def phases(problems, links=None, *, duration=None) -> "Phases":
    """Phases of Problems; see there. A list is named "phase 1", "phase 2", ..."""
    if not isinstance(problems, Mapping):
        if not isinstance(problems, list | tuple):
            raise InvalidInput(f"phases must be a list of Problems or {{name: Problem}}, got {problems!r}")
        problems = {f"phase {i}": problem for i, problem in enumerate(problems, 1)}
    return Phases(dict(problems), links, duration)


@dataclass(frozen=True, eq=False)
class Phases:
    """Minimise the sum of the costs of all problems, done one after the other.

    problems   {name: Problem}; t counts from the start of each phase; parameters of the same name are the same
    links      for each phase but the last, how the next one starts: None (where it ends), a function jump(x) -> its
               first state, or {"name": (g(before, after), lo, hi)}; None: where each ends
    duration   T or (lo, hi) [s] for all phases together, or None
    raises     InvalidInput   says which part is wrong and what would fit
    """

    problems: dict
    links: object = None
    duration: object = None

    def __post_init__(self):
        if not self.problems:
            raise InvalidInput("phases must have at least one Problem, got none")
        for name, problem in self.problems.items():
            if not isinstance(problem, Problem):
                raise InvalidInput(f"phase {name!r} must be a Problem, got {problem!r}")
        links = [None] * (len(self.problems) - 1) if self.links is None else list(self.links)
        if len(links) != len(self.problems) - 1:
            count = len(self.problems) - 1
            raise InvalidInput(f"links must be {count}, one after each phase but the last, got {len(links)}")
        object.__setattr__(self, "links", tuple(self._link(i, link) for i, link in enumerate(links)))
        if self.duration is not None:
            object.__setattr__(self, "duration", interval("duration", self.duration, least=0.0))
        self._check_parameters()

    @cached_property
    def names(self) -> tuple:
        return tuple(self.problems)

    def between(self, i) -> str:
        """Name of link i."""
        return f"{self.names[i]} to {self.names[i + 1]}"

    def _link(self, i, link):
        a, b = (self.problems[name] for name in self.names[i : i + 2])
        if link is None and a.nx != b.nx:
            raise InvalidInput(
                f"link {self.between(i)!r}: {a.nx} states cannot go on as {b.nx}; give a function from one to the other"
            )
        if link is None or callable(link):
            return Link(link)
        if not isinstance(link, Mapping):
            raise InvalidInput(f"link {self.between(i)!r} must be None, a function or conditions by name, got {link!r}")
        for name, value in link.items():
            if not isinstance(value, tuple | list) or len(value) != 3 or not callable(value[0]):
                raise InvalidInput(f"condition {name!r} must be (g(before, after), lo, hi), got {value!r}")
        return Link(None, dict(link))

    def _check_parameters(self):
        known = {}
        for phase, problem in self.problems.items():
            for name, value in problem.parameter_ranges.items():
                if known.setdefault(name, value) != value:
                    raise InvalidInput(
                        f"parameter {name!r} is {known[name]} in one phase and {value} in {phase!r}; make them the same"
                    )

    @cached_property
    def stacked(self) -> Problem:
        """All phases as one Problem on t from 0 to 1."""
        from robocalc.optimize.stack import stacked

        return stacked(self)

    def parted(self, plan):
        """The Plan of `stacked` with one Plan for each phase, in seconds."""
        from robocalc.optimize.parted import parted

        return parted(self, plan)
