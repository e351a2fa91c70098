"""From a run to what a report shows.

    report_data    robot, log, world, figures -> ReportData

The log keeps every step; what is drawn is reduced, and says so.
"""

from collections.abc import Mapping

import numpy as np

from sims.engines.shapes import GREY
from sims.report.data import IDENTITY, Body, Check, Figure, Panel, ReportData, Solid, Span, frame_rows, reduce_rows
from sims.scenario.metric_names import METRIC_NAMES, OBJECT_METRICS

STILL = np.array([[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]])
ABSURD = 1e6  # [rad | m]: a position beyond this shows nothing
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
    """
    t = log.t
    rows = frame_rows(t)
    metrics = metrics or {}
    tool = tool_poses(robot, log.q) if tool is None else np.asarray(tool)
    tool_ref = tool_poses(robot, log.q_ref) if tool_ref is None else np.asarray(tool_ref)
    panels, reduced = _panels(robot, log, limits or robot.limits, tool, tool_ref, planned_clearance)
    return ReportData(
        name=name,
        joints=tuple(robot.joints),
        t=t,
        panels=panels,
        t_frames=t[rows],
        bodies=(*robot_bodies(robot, log.q[rows]), *world_bodies(shapes, log, t[rows])),
        planned_path=_thinned(tool_ref[:, :3, 3]),
        executed_path=tool[rows, :3, 3],
        description=description or "",
        outcome=outcome,
        accepted=accepted,
        steps=tuple(_span(step) for step in steps),
        disturbances=tuple(_span(item) for item in disturbances),
        metrics=tuple(_figure(key, value) for key, value in metrics.items()),
        acceptance=tuple(_check(row, metrics) for row in acceptance),
        scenario_text=scenario_text,
        versions=versions or {},
        notes=tuple(notes),
        reduced=reduced,
    )


def tool_poses(robot, q):
    """(N, 4, 4) of q (N, n); NaN where q is not finite or absurd: a run that diverged is shown as far as it went."""
    poses, finite = np.full((len(q), 4, 4), np.nan), (np.abs(q) < ABSURD).all(axis=1)  # no for NaN
    if finite.any():
        poses[finite] = robot.pose(np.ascontiguousarray(q[finite]))
    return poses


# bodies -------------------------------------------------------------------------------------------------------------


def robot_bodies(robot, q):
    """One Body for each moving body of the robot and one for what stands still; q (F, n)."""
    poses = body_poses(robot, q)
    solids, names = {}, {}
    for link, body, offset, geometry in robot.visuals():
        if geometry.kind == "mesh" and geometry.path is None:
            continue  # the audit of the robot has said so
        path = "" if geometry.path is None else str(geometry.path)
        colour = None if geometry.color is None else tuple(geometry.color)
        solid = Solid(geometry.kind, tuple(geometry.size), path, colour, tuple(float(x) for x in offset))
        solids.setdefault(body, []).append(solid)
        names.setdefault(body, link)
    for body, parts in solids.items():
        yield Body(names[body], "robot", tuple(parts), STILL if body < 0 else poses[:, body])


def body_poses(robot, q):
    """(F, n, 7) position and quaternion of every moving body in world."""
    from robocalc.dynamics.kernels import fk

    model, X = robot.model(), np.zeros((len(q), robot.n, 12))
    q = np.where(np.abs(q) < ABSURD, q, np.nan)
    for row, out in zip(q, X, strict=True):
        fk(model, row, out)
    return np.concatenate([X[..., 9:], quaternions(X[..., :9].reshape(*X.shape[:2], 3, 3))], axis=-1)


def quaternions(R):
    """Unit quaternions xyzw (..., 4) of rotations (..., 3, 3), by the largest component (Shepperd 1978)."""
    R = np.asarray(R, float)
    trace = np.einsum("...ii->...", R)
    diagonal = np.stack([R[..., 0, 0], R[..., 1, 1], R[..., 2, 2], trace], axis=-1)
    # rows of 4 q qᵀ; the row of the largest component, normalised, is the quaternion to full precision
    K = np.empty((*R.shape[:-2], 4, 4))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        K[..., i, i] = 1 + R[..., i, i] - R[..., j, j] - R[..., k, k]
        K[..., i, j] = K[..., j, i] = R[..., j, i] + R[..., i, j]
        K[..., i, 3] = K[..., 3, i] = R[..., k, j] - R[..., j, k]
    K[..., 3, 3] = 1 + trace
    largest = np.argmax(diagonal, axis=-1)
    row = np.take_along_axis(K, largest[..., None, None], axis=-2)[..., 0, :]
    return row / np.maximum(np.linalg.norm(row, axis=-1, keepdims=True), 1e-30)


def world_bodies(shapes, log, t):
    """One Body a shape, where the log or its motion says it was at t (F,)."""
    for shape in shapes:
        poses, role = np.asarray(shape.pose)[None], "static"
        if shape.motion is not None:
            poses, role = shape.pose_at(t), "moving"
        elif shape.mass > 0:
            role = "dynamic"
            seen = log.objects.get(shape.name)
            if seen is not None and len(seen):
                poses = np.asarray(seen)[np.clip(np.searchsorted(log.t_objects, t - 1e-9), 0, len(seen) - 1)]
        yield Body(shape.name, role, (_solid(shape),), poses)


def _solid(shape):
    colour = None if tuple(shape.color) == GREY else tuple(shape.color)
    sizes = {
        "box": lambda: shape.size,
        "sphere": lambda: (shape.radius,),
        "mesh": lambda: shape.scale,
        "plane": tuple,
    }
    size = sizes.get(shape.kind, lambda: (shape.radius, shape.length))()
    return Solid(shape.kind, tuple(size), getattr(shape, "file", ""), colour, IDENTITY)


# plots --------------------------------------------------------------------------------------------------------------


def _panels(robot, log, limits, tool, tool_ref, planned_clearance):
    """(panels, a sentence about what was reduced)."""
    prismatic = np.asarray(robot.model().tree)[:, 1] == 1
    groups = [(np.flatnonzero(~prismatic), "rad", "N m"), (np.flatnonzero(prismatic), "m", "N")]
    groups = [group for group in groups if len(group[0])]
    e = log.q - log.q_ref
    wanted = {
        "position": ("Joint position", log.q, log.q_ref, limits.position, "{}"),
        "error": ("Joint error", e, None, None, "{}"),
        "velocity": ("Joint velocity", log.v, log.v_ref, limits.velocity, "{}/s"),
        "torque": ("Torque applied", log.tau, log.tau_wanted, limits.torque, "N m"),
        "acceleration": ("Acceleration wanted", log.a_ref, None, limits.acceleration, "{}/s²"),
        "jerk": ("Jerk wanted", _jerk(log), None, limits.jerk, "{}/s³"),
        "world_torque": ("Torque by the world", log.tau_world, None, None, "N m"),
    }
    if not np.any(log.tau_world):
        del wanted["world_torque"]
    t, columns = reduce_rows(log.t, [c for item in wanted.values() for c in item[1:3]])
    columns = iter(columns)
    panels = []
    for key, (title, _, _, bound, unit) in wanted.items():
        values, reference = next(columns), next(columns)
        for joints, position_unit, force_unit in groups:
            panels.append(
                Panel(
                    key=key if len(groups) == 1 or position_unit == "rad" else f"{key}_linear",
                    title=title if unit != "N m" or position_unit == "rad" else title.replace("Torque", "Force"),
                    unit=force_unit if unit == "N m" else unit.format(position_unit),
                    labels=tuple(robot.joints[j] for j in joints),
                    t=t,
                    values=values[:, joints],
                    reference=None if reference is None else reference[:, joints],
                    limits=None if bound is None else _pair(bound)[:, joints],
                    joints=tuple(int(j) for j in joints),
                    reference_label="asked for" if key == "torque" else "wanted",
                )
            )
    extra, more = _single_panels(log, tool, tool_ref, planned_clearance)
    panels[2 * len(groups) : 2 * len(groups)] = extra
    return tuple(panels), _reduction(log.t, t, more)


def _reduction(t, shown, more):
    if len(shown) == len(t) and not more:
        return ""
    bucket = 2 * (t[-1] - t[0]) / max(1, len(shown))
    return (
        f"The log has {len(t):,} samples; plots show the smallest and the largest value of each {bucket * 1e3:.3g} ms, "
        "the replay shows poses at its own frames. log.npz holds every sample."
    )


def _single_panels(log, tool, tool_ref, planned_clearance):
    """Plots of one line, and whether any was reduced."""
    error = 1e3 * np.linalg.norm(tool[:, :3, 3] - tool_ref[:, :3, 3], axis=1)[:, None]
    t, (error,) = reduce_rows(log.t, [error])
    panels = [Panel("tool_error", "Tool error", "mm", ("tool error",), t, error)]
    more = len(t) < len(log.t)
    if len(log.clearance):
        t, (values,) = reduce_rows(log.t_objects, [1e3 * np.asarray(log.clearance, float)[:, None]])
        pairs = _pairs(log, t)
        planned = None
        if planned_clearance is not None and len(planned_clearance[0]):
            planned = 1e3 * np.interp(t, planned_clearance[0], planned_clearance[1])[:, None]
        panels.append(
            Panel("clearance", "Clearance", "mm", ("clearance",), t, values, planned, None, (), "planned", pairs)
        )
        more |= len(t) < len(log.clearance)
    elif planned_clearance is not None and len(planned_clearance[0]):
        values = 1e3 * np.asarray(planned_clearance[1], float)[:, None]
        t, (values,) = reduce_rows(np.asarray(planned_clearance[0], float), [values])
        panels.append(Panel("clearance", "Clearance planned", "mm", ("clearance",), t, values))
    if len(log.t) > 1:
        t, (values,) = reduce_rows(log.t, [_work(log)[:, None]])
        panels.append(Panel("energy", "Mechanical work of the drives", "J", ("work",), t, values))
    if len(log.contacts) and np.any(log.contacts):
        t, (values,) = reduce_rows(log.t_objects, [np.asarray(log.contacts, float)[:, None]])
        panels.append(Panel("contact", "Contact force", "N", ("contact force",), t, values))
    return panels, more


def _jerk(log):
    """(N + 1, n): (a_k+1 - a_k) / dt of the wanted acceleration, 0 at the end."""
    j = np.zeros_like(log.a_ref)
    j[:-1] = np.diff(log.a_ref, axis=0) / log.dt
    return j


def _work(log):
    """(N + 1,): Σ |τ v| dt until each step, as energy.mechanical_j counts it."""
    with np.errstate(over="ignore", invalid="ignore"):  # a run that diverged
        return np.concatenate([[0.0], np.cumsum(np.abs(log.tau[:-1] * log.v[1:]).sum(axis=1)) * log.dt])


def _pairs(log, t):
    """The names of the closest pair at each t, or nothing where the log has none."""
    if len(log.clearance_pair) != len(log.clearance):
        return ()
    texts = [pair if isinstance(pair, str) else " – ".join(str(p) for p in pair) for pair in log.clearance_pair]
    return tuple(texts[k] for k in np.clip(np.searchsorted(log.t_objects, t - 1e-9), 0, len(texts) - 1))


def _pair(bound):
    """(2, n): lower and upper, from (n,) symmetric or (2, n)."""
    bound = np.asarray(bound, float)
    return bound if bound.ndim == 2 else np.stack([-bound, bound])


def _thinned(points):
    """At most PATH_POINTS of a path, ends included."""
    if len(points) <= PATH_POINTS:
        return points
    return points[np.round(np.linspace(0, len(points) - 1, PATH_POINTS)).astype(int)]


# tables -------------------------------------------------------------------------------------------------------------


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


def _figure(name, figure):
    value, unit, *time = figure
    return Figure(name, float(value), unit, time[0] if time else None, meaning(name))


def meaning(name) -> str:
    """One line about a metric, from the table that `accept:` is checked against; empty when it is not there."""
    known = METRIC_NAMES.get(name) or (OBJECT_METRICS.get(name.split(".")[-1]) if name.startswith("object.") else None)
    return known[1] if known else ""


def _check(row, metrics):
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
