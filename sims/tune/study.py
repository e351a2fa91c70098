"""What a study found.

Study   best values, tuned scenario, verdict, and the figures behind them
Best    values by key, cost, the point
Row     one number before and after, with its unit
Rows    such rows, which print as a table
"""

import html
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sims.tune.goals import Goals, unit_of
from sims.tune.problem import Evaluation
from sims.tune.space import Space


class Best(NamedTuple):
    """values: key -> value; `best[key]` is `best.values[key]`."""

    values: dict
    cost: float
    x: Any
    evaluation: Evaluation

    def __getitem__(self, key):
        return self.values[key] if isinstance(key, str) else tuple.__getitem__(self, key)


class Entry(NamedTuple):
    """One evaluation: its number from 1, its cost, the best cost so far."""

    n: int
    cost: float
    best: float
    x: Any
    evaluation: Evaluation


class Row(NamedTuple):
    key: str
    label: str
    before: Any
    after: Any
    unit: str


class Rows(list):
    """Rows of a table; as text, and in notebooks."""

    HEAD = ("parameter", "before", "after", "unit")

    def _cells(self):
        return [self.HEAD, *((row.label, short(row.before), short(row.after), row.unit) for row in self)]

    def __str__(self):
        cells = self._cells()
        widths = [max(len(row[k]) for row in cells) for k in range(4)]
        sides = "<>><"
        lines = ("  ".join(f"{c:{s}{w}}" for c, s, w in zip(row, sides, widths, strict=True)) for row in cells)
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self):
        rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in self._cells()]
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def short(value) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, eq=False)
class Study:
    """A finished study.

    best        of PyBullet's training cost where there is PyBullet, else of the twin's
    scenario    the first scenario with the best values: ready to run
    history     Entry of each evaluation, in order
    front       entries that no other beats in all objectives; () without `pareto`
    before      evaluation of the scenario's own values, after: of the best ones
    verified    (before, after) of sims.tune.verify.Judged on the training scenarios in PyBullet, or None
    validation  the same on scenarios that tuning never saw, or None
    verdict     one sentence
    accepted    no constraint broken, nothing lost, and held out not worse than before
    """

    name: str
    scenario: Any
    space: Space
    goals: Goals
    method: str
    why: str
    best: Best
    before: Evaluation
    history: tuple
    front: tuple = ()
    training: tuple = ()  # scenarios
    held_out: tuple = ()
    verified: tuple | None = None
    validation: tuple | None = None
    verdict: str = ""
    accepted: bool = True
    settings: dict = field(default_factory=dict)
    notes: tuple = ()
    folder: Path | None = None
    problem: Any = None

    @property
    def after(self) -> Evaluation:
        return self.best.evaluation

    @property
    def best_value(self) -> float:
        return self.best.cost

    @property
    def best_params(self) -> dict:
        return self.best.values

    def table(self) -> Rows:
        """Every number that moved, before and after, with its unit."""
        after = self.best.values
        return Rows(Row(k.key, k.label, k.before, after[k.key], k.unit) for k in self.space.knobs)

    def figures(self) -> Rows:
        """Every objective and constraint, mean over the training scenarios, before and after."""
        old, new = self.before.values or {}, self.after.values or {}
        names = dict.fromkeys((*new, *old))
        return Rows(Row(n, n, old.get(n, float("nan")), new.get(n, float("nan")), unit_of(n)) for n in names)

    def explain(self) -> list:
        """Why these gains: sentences."""
        from sims.tune.explain import explain

        return explain(self)

    def _repr_html_(self):
        from sims.notebook import study

        return f"<p>{html.escape(self.verdict)}</p>{self.table()._repr_html_()}{study(self)}"


def entries(answers) -> tuple:
    """The history of evaluated (x, Evaluation)."""
    out, least = [], float("inf")
    for n, (x, found) in enumerate(answers, 1):
        least = min(least, found.cost)
        out.append(Entry(n, found.cost, least, x, found))
    return tuple(out)


def pareto(history) -> tuple:
    """Entries that lost and break nothing, and that no other is as good as in all goals and better in one."""
    fair = [e for e in history if not e.evaluation.lost and e.evaluation.broken == 0]
    out = []
    for e in fair:
        a = e.evaluation.goals
        beaten = any(
            all(x <= y for x, y in zip(o.evaluation.goals, a, strict=True)) and o.evaluation.goals != a for o in fair
        )
        if not beaten and not any(o.evaluation.goals == a for o in out):
            out.append(e)
    return tuple(sorted(out, key=lambda e: e.evaluation.goals))


def balanced(front):
    """The entry of a front that is nearest to the best of every goal, each measured by its span over the front."""
    if not front:
        return None
    columns = list(zip(*(e.evaluation.goals for e in front), strict=True))
    low, span = [min(c) for c in columns], [max(c) - min(c) or 1.0 for c in columns]
    return min(
        front, key=lambda e: sum(((x - a) / s) ** 2 for x, a, s in zip(e.evaluation.goals, low, span, strict=True))
    )
