"""What a sweep found, as a table: one row a run, in the order of the design.

Table       columns by name; `.rows`, `.best(metric)`, `.failed`, `.pareto(...)`, `.recommend(...)`, `.to_csv`, ...
Builder     filled with runs as they come, in little memory
"""

import csv
import html
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from robocalc.errors import EngineUnavailable, InvalidInput, UnknownName

VERDICTS = ("accepted", "rejected", "infeasible", "diverged", "failed")
SHOWN = 40  # rows of a table in a notebook


@dataclass(frozen=True, eq=False)
class Table:
    """columns: name -> (N,) numbers (NaN: no value) or list: `run`, the varied keys, `verdict`, `why`, then metrics.

    keys      the columns that were varied
    metrics   the columns that were measured
    verdict   accepted | rejected | infeasible | diverged | failed (crashed, over its time limit, bad values)
    folder    where journal, CSV and plots are, or None;  warnings  sentences
    """

    columns: dict
    keys: tuple
    metrics: tuple
    folder: Path | None = None
    warnings: tuple = ()

    def __len__(self):
        return len(self.columns["run"])

    def __getitem__(self, name):
        if name not in self.columns:
            raise UnknownName("column", name, self.columns)
        return self.columns[name]

    @property
    def rows(self) -> list[dict]:
        """A dict a run."""
        return [self.row(i) for i in range(len(self))]

    def row(self, i) -> dict:
        """Row i as {column: value}."""
        return {name: _plain(column[i]) for name, column in self.columns.items()}

    @property
    def failed(self) -> list[dict]:
        """Rows of runs that did not get to their end: failed, diverged, or without a plan."""
        return [self.row(i) for i, v in enumerate(self["verdict"]) if v not in ("accepted", "rejected")]

    def count(self) -> dict:
        """verdict -> how many, of those that occur."""
        verdicts = self["verdict"]
        return {v: n for v in VERDICTS if (n := sum(x == v for x in verdicts))}

    def best(self, metric, *, largest=False, accepted=False) -> dict:
        """The row with the least of a metric (or the largest) among runs that got to their end, or were accepted.

        raises   UnknownName for a metric that is not in the table; InvalidInput where no run has it
        """
        values = self._values(metric)
        wanted = ("accepted",) if accepted else ("accepted", "rejected")
        usable = np.isfinite(values) & np.isin(self["verdict"], wanted)
        if not usable.any():
            raise InvalidInput(f"no {'accepted ' if accepted else ''}run has a value of {metric}")
        score = np.where(usable, -values if largest else values, np.inf)
        return self.row(int(np.argmin(score)))

    def pareto(self, *metrics) -> "Table":
        """The rows that no other run beats in all metrics at once; `-name`: the more the better.

        Of runs that got to their end. raises like `best`
        """
        names = [name.removeprefix("-") for name in metrics]
        if not names:
            raise InvalidInput("a Pareto front needs metrics: time.total_s and energy.mechanical_j, say")
        sign = np.array([-1.0 if name.startswith("-") else 1.0 for name in metrics])
        values = np.stack([self._values(name) for name in names], axis=1) * sign
        usable = np.isfinite(values).all(axis=1) & np.isin(self["verdict"], ("accepted", "rejected"))
        if not usable.any():
            raise InvalidInput(f"no run has values of {', '.join(names)}")
        places = np.flatnonzero(usable)
        return self.take(places[non_dominated(values[places])])

    def recommend(self, *metrics) -> dict:
        """The row to run at: of the accepted runs that no other beats, the nearest to the best of each metric.

        Each metric counts by its range over that front (compromise programming: Zeleny 1973), `-name`: the more the
        better. raises like `best`, also where no run is accepted
        """
        accepted = self.take(np.flatnonzero(np.isin(self["verdict"], ("accepted",))))
        if not len(accepted):
            raise InvalidInput("no run is accepted: there is none to recommend")
        front = accepted.pareto(*metrics)
        sign = np.array([-1.0 if name.startswith("-") else 1.0 for name in metrics])
        values = np.stack([front._values(name.removeprefix("-")) for name in metrics], axis=1) * sign
        span = np.ptp(values, axis=0)
        away = (values - values.min(axis=0)) / np.where(span > 0, span, 1.0)
        return front.row(int(np.argmin(np.linalg.norm(away, axis=1))))

    def take(self, places) -> "Table":
        """The rows at these places."""
        columns = {
            name: column[places] if isinstance(column, np.ndarray) else [column[i] for i in places]
            for name, column in self.columns.items()
        }
        return replace(self, columns=columns)

    def _values(self, metric):
        if metric not in self.metrics:
            raise UnknownName("metric of this sweep", metric, self.metrics)
        return self.columns[metric]

    # files ------------------------------------------------------------------------------------------------------------

    def to_csv(self, path) -> Path:
        """One line a run; numbers read back to the same bits, what has no value is empty."""
        path = Path(path)
        part = path.with_name(f".{path.name}.partial")
        with part.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(self.columns)
            for i in range(len(self)):
                writer.writerow([_cell(column[i]) for column in self.columns.values()])
        part.replace(path)
        return path

    def to_parquet(self, path) -> Path:
        """The same as Parquet, for pandas, DuckDB and others; raises EngineUnavailable without pyarrow."""
        try:
            import pyarrow
            import pyarrow.parquet
        except ImportError:
            raise EngineUnavailable("Parquet needs pyarrow: pip install 'robocalc[export]'") from None
        path = Path(path)
        part = path.with_name(f".{path.name}.partial")
        columns = {name: _uniform(column) for name, column in self.columns.items()}
        pyarrow.parquet.write_table(pyarrow.table(columns), part)
        part.replace(path)
        return path

    def __repr__(self):
        found = ", ".join(f"{n} {verdict}" for verdict, n in self.count().items())
        return f"<Table: {len(self)} runs over {', '.join(self.keys)}: {found}>"

    def _repr_html_(self):
        """For notebooks: plots, and the first rows."""
        from sims.notebook import table

        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        rows = [self.row(i) for i in range(min(len(self), SHOWN))]
        body = "".join(
            f"<tr>{''.join(f'<td>{html.escape(_short(x))}</td>' for x in row.values())}</tr>" for row in rows
        )
        more = f"<p>{len(self) - SHOWN} more rows</p>" if len(self) > SHOWN else ""
        return f"{table(self)}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def non_dominated(values):
    """(N,) bool: rows of values (N, m), smaller is better, that no other row beats: none less or equal in all and less
    in one. Rows that are equal all stay.
    """
    kept = np.zeros(len(values), bool)
    front = np.zeros((0, values.shape[1]))
    for i in np.lexsort(values.T[::-1]):  # who beats a row comes before it
        x = values[i]
        if not ((front <= x).all(axis=1) & (front < x).any(axis=1)).any():
            kept[i] = True
            front = np.vstack([front, x])
    return kept


def _plain(x):
    return x.item() if isinstance(x, np.generic) else x


def _cell(x):
    x = _plain(x)
    if isinstance(x, float):
        return "" if math.isnan(x) else repr(x)
    return json.dumps(x) if isinstance(x, list | dict | bool) else x


def _short(x) -> str:
    return ("" if math.isnan(x) else f"{x:.5g}") if isinstance(x, float) else str(x)


def _uniform(column):
    """A column that Parquet can type: values of several kinds become text."""
    if isinstance(column, np.ndarray):
        return column
    kinds = {type(x) for x in column}
    simple = len(kinds) <= 1 and not kinds & {list, dict}
    return column if simple or kinds <= {int, float} else [x if isinstance(x, str) else json.dumps(x) for x in column]


class Builder:
    """A table of at most n runs, filled as they come; the last word about a run counts."""

    def __init__(self, keys, n):
        self.n, self.verdict, self.why = n, np.full(n, -1, np.int8), [""] * n
        self.values = {key: [None] * n for key in keys}
        self.metrics = {}

    def put(self, run, values, verdict, why, metrics):
        """Row `run`; metrics: name -> number, or None for one without value."""
        self.verdict[run], self.why[run] = VERDICTS.index(verdict), why
        for key, column in self.values.items():
            column[run] = values[key]
        for name, value in metrics.items():
            if name not in self.metrics:
                self.metrics[name] = np.full(self.n, math.nan)
            self.metrics[name][run] = math.nan if value is None else value

    def table(self, order=(), folder=None, warnings=()) -> Table:
        """order: names of metrics, in which the columns stand."""
        known = [name for name in order if name in self.metrics]
        names = (*known, *sorted(set(self.metrics) - set(known)))
        there = np.flatnonzero(self.verdict >= 0)
        columns = {"run": there}
        columns |= {key: _column([values[i] for i in there]) for key, values in self.values.items()}
        columns |= {"verdict": [VERDICTS[self.verdict[i]] for i in there], "why": [self.why[i] for i in there]}
        columns |= {name: self.metrics[name][there] for name in names}
        return Table(columns, tuple(self.values), names, folder, tuple(warnings))


def _column(values):
    """An array where all are numbers of a kind, else the list."""
    kinds = {type(x) for x in values}
    if kinds and kinds <= {int, float}:
        exact = kinds == {int} and all(abs(x) < 2**63 for x in values)
        return np.array(values, dtype=np.int64 if exact else float)
    return values
