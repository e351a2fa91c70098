"""The curves of a run: one Panel for each joint channel and each figure over time."""

import numpy as np

from sims.metrics_estimate import INSIDE, errors
from sims.report.data import Panel, reduce_rows


def panels_of(robot, log, limits, tool, tool_ref, planned_clearance):
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
                    limits=None if bound is None else pair(bound)[:, joints],
                    joints=tuple(int(j) for j in joints),
                    reference_label="asked for" if key == "torque" else "wanted",
                )
            )
    panels += _estimate_panels(robot, log, groups)
    extra, more = _single_panels(log, tool, tool_ref, planned_clearance)
    panels[2 * len(groups) : 2 * len(groups)] = extra
    return tuple(panels), _reduction(log.t, t, more)


def _estimate_panels(robot, log, groups):
    """Errors of an estimator in their 95 % band, position and velocity of each kind of joint."""
    if not len(log.estimate):
        return []
    t, e, deviation = errors(log)
    if not len(t):
        return []
    t, columns = reduce_rows(t, [e[:, 0], e[:, 1], INSIDE * deviation[:, 0], INSIDE * deviation[:, 1]])
    return [
        Panel(
            key=f"estimate_{name}{'' if len(groups) == 1 or position == 'rad' else '_linear'}",
            title=f"Error of the estimated {name}, and its 95 % band",
            unit=unit.format(position),
            labels=tuple(robot.joints[j] for j in joints),
            t=t,
            values=columns[i][:, joints],
            joints=tuple(int(j) for j in joints),
            band=columns[2 + i][:, joints],
        )
        for i, (name, unit) in enumerate((("position", "{}"), ("velocity", "{}/s")))
        for joints, position, _ in groups
    ]


def _reduction(t, shown, more):
    if len(shown) == len(t) and not more:
        return ""
    bucket = 2 * (t[-1] - t[0]) / max(1, len(shown))
    return (
        f"The log has {len(t):,} samples; plots show the smallest and the largest value of each {bucket * 1e3:.3g} ms; "
        "log.npz holds every sample."
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
    if len(log.wrench) and len(log.wrench) == len(log.wrench_times):
        t, parts = reduce_rows(log.wrench_times, [log.wrench[:, :3], log.wrench[:, 3:]])
        for part, (kind, unit, letter) in zip(parts, (("force", "N", "f"), ("torque", "N m", "n"))):
            labels = tuple(f"{letter}{axis}" for axis in "xyz")
            panels.append(Panel(f"wrench_{kind}", f"{kind.capitalize()} at the sensor", unit, labels, t, part))
        more |= len(t) < len(log.wrench)
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


def pair(bound):
    """(2, n): lower and upper, from (n,) symmetric or (2, n)."""
    bound = np.asarray(bound, float)
    return bound if bound.ndim == 2 else np.stack([-bound, bound])
