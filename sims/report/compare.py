"""Two or more runs side by side: what differs in figures, in curves and in what was asked for.

compare_runs    folders -> Compared
Compared        runs with names, difference tables, curves of all on one time axis
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput
from sims.report.bodies import tool_poses
from sims.report.curves import panels_of
from sims.report.data import MAX_ROWS, Panel, ReportData, Span, reduce_rows
from sims.report.disagree import parted
from sims.report.stored import Shown, open_run, pushes, spans

MOST_RUNS = 6  # as many colours as differ for everybody
MISSING = "–"


class Difference(NamedTuple):
    """One metric: values and times of the worst moment, one a run; None where a run has no such figure."""

    metric: str
    unit: str
    values: tuple
    times: tuple

    @property
    def change(self):
        """Last minus first, or NaN."""
        first, last = self.values[0], self.values[-1]
        return math.nan if first is None or last is None else last - first


@dataclass(frozen=True)
class Compared:
    """names: one a run; metrics: Difference each; settings: (key, texts) of what the scenarios do not share.

    apart    run number -> (largest joint difference from the first run, its joint, its time [s]); where joints agree
    panels   curves of all runs
    parted   run number -> Parted of every joint, thing and of contact force, against the first run, earliest first
    """

    runs: tuple
    names: tuple
    metrics: tuple
    settings: tuple
    apart: dict
    panels: tuple
    notes: tuple = ()
    parted: dict = field(default_factory=dict)

    @property
    def duration(self) -> float:
        return max(float(run.log.t[-1]) for run in self.runs)

    @property
    def joints(self) -> tuple:
        """Names of the joints that all runs share, else ()."""
        first = self.runs[0].robot.joints
        return tuple(first) if all(tuple(run.robot.joints) == tuple(first) for run in self.runs) else ()

    def data(self) -> ReportData:
        """The curves of all runs, as `write_plots` takes them; steps and pushes are the first's."""
        first = self.runs[0]
        longest = max((run.log.t for run in self.runs), key=len)
        steps = tuple(
            Span(str(s["name"]), float(s["start"]), float(s["end"])) for s in spans(first.stored.plan.get("steps"))
        )
        disturbances = tuple(Span(d["name"], d["start"], d["end"], d["kind"]) for d in pushes(first.scenario))
        words = {"steps": steps, "disturbances": disturbances, "notes": self.notes}
        return ReportData(" and ".join(self.names), self.joints, longest, self.panels, **words)

    def to_dict(self) -> dict:
        """Plain data."""
        return {
            "runs": dict(zip(self.names, (str(run.stored.folder) for run in self.runs), strict=True)),
            "metrics": {
                d.metric: {"unit": d.unit, "values": list(d.values), "times": list(d.times)} for d in self.metrics
            },
            "settings": {key: list(values) for key, values in self.settings},
            "joints": {
                self.names[i]: dict(zip(("largest", "joint", "t"), a, strict=True)) for i, a in self.apart.items()
            },
            "parted": {self.names[i]: [dict(x._asdict()) for x in found] for i, found in self.parted.items()},
            "notes": list(self.notes),
        }


def compare_runs(folders, names=None) -> Compared:
    """Compare run folders, the first being what the others are held against.

    names    one a run; left out: the folders' names, told apart where they are the same
    raises   InvalidInput: fewer than two or more than MOST_RUNS runs, a folder without a log
    """
    folders = [Path(folder) for folder in folders]
    if not 2 <= len(folders) <= MOST_RUNS:
        raise InvalidInput(f"compare takes 2 to {MOST_RUNS} runs, got {len(folders)}")
    runs = tuple(open_run(folder) for folder in folders)
    names = told_apart([folder.resolve().name for folder in folders] if names is None else list(names))
    if len(names) != len(runs):
        raise InvalidInput(f"{len(names)} names for {len(runs)} runs")
    notes = [f"{name}: {note}" for name, run in zip(names, runs, strict=True) for note in run.notes]
    panels, reduced = overlaid(runs, names)
    same = all(tuple(run.robot.joints) == tuple(runs[0].robot.joints) for run in runs)
    if not same:
        notes.append("The robots differ: curves of single joints are not overlaid.")
    return Compared(
        runs=runs,
        names=names,
        metrics=tuple(differences(runs)),
        settings=tuple(settings(runs)),
        apart={i: apart(runs[0], run) for i, run in enumerate(runs) if i and same},
        panels=panels,
        notes=(*notes, *reduced),
        parted={i: parted(runs[0].log, run.log, run.robot) for i, run in enumerate(runs) if i and same},
    )


def told_apart(names) -> tuple:
    """The names, with a number where one is used before."""
    found = []
    for name in map(str, names):
        k, text = 2, name
        while text in found:
            text, k = f"{name} ({k})", k + 1
        found.append(text)
    return tuple(found)


def differences(runs):
    """One Difference for each metric that any run has."""
    for metric in dict.fromkeys(name for run in runs for name in run.stored.metrics):
        figures = [run.stored.metrics.get(metric) for run in runs]
        unit = next(f[1] for f in figures if f is not None)
        values = tuple(None if f is None or math.isnan(f[0]) else f[0] for f in figures)
        yield Difference(metric, unit, values, tuple(None if f is None else f[2] for f in figures))


def settings(runs):
    """(key, one text a run) of every value in which the scenarios differ, and of who won."""
    flat = [_flat(run.scenario.to_dict()) if run.scenario is not None else {} for run in runs]
    words = [{"verdict": run.stored.verdict or MISSING, "duration": f"{run.log.t[-1]:.4g} s"} for run in runs]
    for values in (words, flat):
        for key in dict.fromkeys(key for found in values for key in found):
            texts = tuple(str(found.get(key, MISSING)) for found in values)
            if len(set(texts)) > 1 or values is words:
                yield key, texts


def _flat(value, prefix=""):
    """Dotted key -> text; items of a list by their name where they have one."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)) and any(isinstance(item, (dict, list, tuple)) for item in value):
        items = ((item.get("name", i) if isinstance(item, dict) else i, item) for i, item in enumerate(value))
    else:
        return {prefix: str(value)}
    found = {}
    for key, item in items:
        found |= _flat(item, f"{prefix}.{key}" if prefix else str(key))
    return found


def apart(first: Shown, other: Shown):
    """(largest |q - q₀| [rad | m], joint, t [s]) over the time that both have; positions held between samples."""
    a, b = first.log, other.log
    t = np.union1d(a.t, b.t)
    t = t[t <= min(a.t[-1], b.t[-1]) + 1e-9]
    gap = np.abs(_at(a.t, a.q, t) - _at(b.t, b.q, t))
    gap = np.where(np.isfinite(gap), gap, 0.0)
    k, j = np.unravel_index(np.argmax(gap), gap.shape)
    return float(gap[k, j]), first.robot.joints[j], float(t[k])


def _at(t, values, wanted):
    """Columns of values (N, k) at times `wanted`, linear between samples, NaN beyond the end."""
    columns = [np.interp(wanted, t, column, right=np.nan) for column in np.asarray(values, float).T]
    return np.stack(columns, axis=1) if columns else np.zeros((len(wanted), 0))


# curves -------------------------------------------------------------------------------------------------------------


def overlaid(runs, names):
    """(panels with the lines of all runs, sentences about what was reduced)."""
    each, reduced = [], False
    for run in runs:
        tool, wanted = tool_poses(run.robot, run.log.q), tool_poses(run.robot, run.log.q_ref)
        panels, sentence = panels_of(run.robot, run.log, run.limits, tool, wanted, None)
        each.append({panel.key: panel for panel in panels})
        reduced |= bool(sentence)
    same = all(tuple(run.robot.joints) == tuple(runs[0].robot.joints) for run in runs)
    found = []
    for key in dict.fromkeys(key for panels in each for key in panels):
        having = [i for i, panels in enumerate(each) if key in panels]
        single = not each[having[0]][key].joints
        if single or (same and len(having) == len(runs)):
            found.append(_joined(key, [each[i][key] for i in having], having, names))
    if same:
        found.insert(1, _gaps(runs, names))
    words = "Long logs are shown by the smallest and largest value of each short stretch; log.npz holds every sample."
    return tuple(panel for panel in found if panel is not None), (words,) if reduced else ()


def _joined(key, panels, having, names):
    """One Panel of several: the first's lines, then the second's, ..."""
    t, values = _common([(panel.t, panel.values) for panel in panels])
    if not np.isfinite(values).any():
        return None
    first = panels[0]
    joints = tuple(j for panel in panels for j in panel.joints)
    lines = [(i, name) for i, panel in zip(having, panels) for name in panel.labels]
    alone = len(first.labels) == 1  # a line a run, which has the run's name
    limits = None if first.limits is None else np.tile(first.limits, (1, len(panels)))
    return Panel(
        key=key,
        title=first.title,
        unit=first.unit,
        labels=tuple(name if joints else names[i] if alone else f"{names[i]} {name}" for i, name in lines),
        t=t,
        values=values,
        limits=limits,
        joints=joints,
        runs=tuple(i for i, _ in lines),
        run_names=names,
    )


def _gaps(runs, names):
    """How far each run is from the first, in the joint that is farthest."""
    first, rows = runs[0].log, []
    for run in runs[1:]:
        t = run.log.t[run.log.t <= first.t[-1] + 1e-9]
        with np.errstate(invalid="ignore"):
            gap = np.abs(_at(first.t, first.q, t) - run.log.q[: len(t)])
        rows.append(reduce_rows(t, [gap.max(axis=1, initial=0.0)[:, None]]))
    t, values = _common([(t, columns[0]) for t, columns in rows])
    title, labels = f"Largest joint difference from {names[0]}", tuple(names[1:])
    return Panel("difference", title, "rad, m", labels, t, values, runs=tuple(range(1, len(runs))))


def _common(series):
    """(t, values side by side) of [(t, values (N, k))]: every own time is kept, as long as that is short enough."""
    t = series[0][0]
    if all(len(other) == len(t) and np.array_equal(other, t) for other, _ in series):
        return t, np.concatenate([values for _, values in series], axis=1)
    t = np.unique(np.concatenate([other for other, _ in series]))
    values = np.concatenate([_at(*_increasing(*pair), t) for pair in series], axis=1)
    t, (values,) = reduce_rows(t, [values], 2 * MAX_ROWS)
    return t, values


def _increasing(t, values):
    keep = np.concatenate([[True], np.diff(t) > 0])
    return t[keep], values[keep]
