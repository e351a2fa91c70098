"""From a run to what a report shows.

    report_data    robot, log, world, figures -> ReportData

The log keeps every step; what is drawn is reduced, and says so.
"""

from collections.abc import Mapping

import numpy as np

from robocalc.dynamics.teams import members_of
from sims.report.bodies import robot_bodies, tool_poses, world_bodies
from sims.report.budget import Budget
from sims.report.curves import panels_of
from sims.report.data import Check, Figure, ReportData, Span, frame_rows
from sims.scenario.metric_names import METRIC_NAMES, OBJECT_METRICS, TEAM_METRICS

PATH_POINTS = 900  # of a planned tool path


def report_data(
    *,
    name,
    robot,
    log,
    description="",
    outcome="",
    accepted=None,
    shapes=(),
    steps=(),
    disturbances=(),
    metrics=None,
    acceptance=(),
    scenario_text="",
    versions=None,
    limits=None,
    tool=None,
    tool_ref=None,
    planned_clearance=None,
    notes=(),
    budget=None,
) -> ReportData:
    """What `write_page` and `write_plots` draw.

    robot              robocalc.dynamics.Robot: links, visuals, kinematics, limits
    log                sims.log.Log
    shapes             sims.engines.shapes of the world; what moves is shown where the log saw it
    steps              (name, start, end) [s] each, or objects with these (and `do` or `kind`)
    disturbances       likewise: pushes and whatever else has a beginning and an end
    metrics            name -> (value, unit) or (value, unit, time of the worst moment)
    acceptance         rows with metric, value, bound (text, or min and max), ok
    limits             robocalc.trajectory.Limits drawn in the plots; by default the robot's own
    tool, tool_ref     executed and wanted tool poses (N + 1, 4, 4); computed from q and q_ref when left out
    planned_clearance  (t (F,), distance (F,) [m]) of the plan, or None
    budget             sims.report.budget.Budget, or its plain data, or None
    """
    t = log.t
    rows = frame_rows(t)
    metrics = metrics or {}
    tool = tool_poses(robot, log.q) if tool is None else np.asarray(tool)
    tool_ref = tool_poses(robot, log.q_ref) if tool_ref is None else np.asarray(tool_ref)
    panels, reduced = panels_of(robot, log, limits or robot.limits, tool, tool_ref, planned_clearance)
    return ReportData(
        name=name,
        joints=tuple(robot.joints),
        t=t,
        panels=panels,
        t_frames=t[rows],
        bodies=(*robot_bodies(robot, log.q[rows]), *world_bodies(shapes, log, t[rows])),
        planned_path=_thinned(tool_ref[:, :3, 3]),
        executed_path=tool[rows, :3, 3],
        other_paths=tuple(_other_paths(robot, log, rows)),
        description=description or "",
        outcome=outcome,
        accepted=accepted,
        steps=tuple(_span(step) for step in steps),
        disturbances=tuple(_span(item) for item in disturbances),
        metrics=tuple(figure(key, value) for key, value in metrics.items()),
        acceptance=tuple(check(row, metrics) for row in acceptance),
        scenario_text=scenario_text,
        versions=versions or {},
        notes=tuple(notes),
        touches=_touches(log, t[rows]),
        witness=_witness(log, t[rows]),
        budget=budget if budget is None or isinstance(budget, Budget) else Budget.of(budget),
        reduced=f"{reduced} The replay interpolates between {len(rows):,} poses." if reduced else "",
    )


def _touches(log, t):
    """Contacts at the moment of the log's look that is nearest before each frame, as ReportData.touches."""
    touches = np.asarray(getattr(log, "touches", ())).reshape(-1, 5)
    if not len(touches) or not len(log.t_objects):
        return None
    seen = np.asarray(log.t_objects)[np.clip(np.searchsorted(log.t_objects, t + 1e-9) - 1, 0, None)]
    first, last = np.searchsorted(touches[:, 0], seen - 1e-9), np.searchsorted(touches[:, 0], seen + 1e-9)
    rows = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    return np.concatenate([[0], np.cumsum(last - first)]), touches[rows.astype(int), 1:]


def _witness(log, t):
    """Closest points at each frame, as ReportData.witness."""
    points = np.asarray(getattr(log, "witness", ())).reshape(-1, 6)
    if not len(points) or len(points) != len(log.t_objects) or not np.isfinite(points).any():
        return None
    return points[np.clip(np.searchsorted(log.t_objects, t + 1e-9) - 1, 0, len(points) - 1)]


def _other_paths(robot, log, rows):
    """(name, planned, executed) of the tool of each robot but the first, as ReportData.other_paths."""
    for member in members_of(robot)[1:]:
        link = member.prefix + member.robot.tool
        wanted, q = tool_poses(robot, log.q_ref, link), log.q[rows]
        yield member.name, _thinned(wanted[:, :3, 3]), tool_poses(robot, q, link)[:, :3, 3]


def _thinned(points):
    """At most PATH_POINTS of a path, ends included."""
    if len(points) <= PATH_POINTS:
        return points
    return points[np.round(np.linspace(0, len(points) - 1, PATH_POINTS)).astype(int)]


# tables ----------------------------------------------------------------------------------------------------


def _of(item, *names, default=None):
    """The first of the names that a mapping or an object has."""
    for key in names:
        if isinstance(item, Mapping) and key in item:
            return item[key]
        if not isinstance(item, Mapping) and hasattr(item, key):
            return getattr(item, key)
    return default


def _span(item):
    if isinstance(item, Mapping) or hasattr(item, "start"):
        kind = str(_of(item, "do", "kind", "type", default=""))
        return Span(str(_of(item, "name", default=kind)), float(_of(item, "start")), float(_of(item, "end")), kind)
    name, start, end, *kind = item
    return Span(str(name), float(start), float(end), str(kind[0]) if kind else "")


def figure(name, figure):
    value, unit, *time = figure
    return Figure(name, float(value), unit, time[0] if time else None, meaning(name))


def meaning(name) -> str:
    """One line about a metric, from the table that `accept:` is checked against; empty when it is not there."""
    own = name.partition(".")[2]  # of a partner
    known = (
        METRIC_NAMES.get(name)
        or TEAM_METRICS.get(name)
        or METRIC_NAMES.get(own)
        or (OBJECT_METRICS.get(name.split(".")[-1]) if name.startswith("object.") else None)
    )
    return known[1] if known else ""


def check(row, metrics):
    name = str(_of(row, "metric", "name"))
    found = metrics.get(name, (None, "", None))
    value = _of(row, "value", default=found[0])
    time = _of(row, "time", default=found[2] if len(found) > 2 else None)
    unit = _of(row, "unit", default=found[1])
    value = float("nan") if value is None else float(value)
    return Check(name, value, unit or "", bound_text(row), bool(_of(row, "ok")), time)


def bound_text(row) -> str:
    """'≥ 5, ≤ 20' from a row's bound: a text, or min and max in it or beside it."""
    bound = _of(row, "bound", default=row)
    if isinstance(bound, str):
        return bound
    low, high = bound if isinstance(bound, (tuple, list)) else (_of(bound, "min"), _of(bound, "max"))
    return ", ".join(f"{mark} {value:g}" for mark, value in (("≥", low), ("≤", high)) if value is not None)
