"""Every figure of a run, with its formula and unit. Time first; means over samples k and joints i, sums times dt.

    measure(evidence)   all metrics of a run: name -> Metric(value, unit, time of the worst moment or None)

Formulas: sims.metrics_formulas, metrics_cost, metrics_estimate. A figure that has no meaning for a run (grasp slip
without a grasp) is absent, never zero.
"""

from dataclasses import dataclass, field
from math import degrees
from typing import NamedTuple

import numpy as np

from sims.metrics_cost import costs
from sims.metrics_estimate import figures as estimator_figures
from sims.metrics_formulas import (
    effort,
    limit_violations,
    mechanical_energy,
    overshoot,
    reactions,
    rms,
    rotation_angle,
    saturated_fraction,
    settling_time,
    squared_jerk,
    torque_rate,
)
from sims.scenario.metric_names import OF_ROBOTS

SETTLED = 0.02  # of a joint's range of motion, wanted or executed: the band of the settling time
LEAST_RANGE = 0.05  # [rad | m]: what moves less is held to the band of this
STILL = 1e-9  # [rad/s]: a reference slower than this stands


class Metric(NamedTuple):
    value: float
    unit: str
    time: float | None = None  # [s] when the worst value was seen


@dataclass(frozen=True)
class Evidence:
    """What a run is measured by: arrays (N + 1, n), time first; joints in force mode are not tracked (NaN in error).

    tracked       (n,) bool: joints whose position is controlled
    tcp, tcp_ref  (N + 1, 4, 4) tool pose executed and wanted, in world
    limits        robocalc.trajectory.Limits of the robot itself
    moves         (start, end) [s] of each planned motion, in order
    targets       object name -> (final position (3,), wanted (3,), start (3,)) [m]
    slip          grasped object name -> largest displacement in the hand [m]
    """

    t: np.ndarray
    q: np.ndarray
    v: np.ndarray
    q_ref: np.ndarray
    v_ref: np.ndarray
    tau: np.ndarray
    tau_wanted: np.ndarray
    tracked: np.ndarray
    limits: object
    tcp: np.ndarray
    tcp_ref: np.ndarray
    moves: tuple = ()
    home: np.ndarray | None = None
    planned_jerk: float | None = None
    planned_duration: float | None = None
    planned_clearance: tuple | None = None  # (t (F,), distance (F,))
    clearance: tuple | None = None  # likewise, executed
    planned_apart: tuple | None = None  # likewise between robots, planned
    apart: tuple | None = None  # and executed
    crew: tuple = ()  # (name, Evidence) of each robot where there are several
    contacts: tuple | None = None  # (t (F,), all normal forces (F,) [N], unintended ones (F,))
    targets: dict = field(default_factory=dict)
    slip: dict = field(default_factory=dict)
    wall_time: float | None = None
    replans: int | None = None  # how often the motion was planned again; None: nothing looked
    replanned: tuple = ()  # times [s] at which it was planned from where the robot was
    tolerance: object = 0.0  # (n,) or number: error beyond which that is done
    wrench: tuple | None = None  # (t (M,), what the force-torque sensor read (M, 6) [N, N m])
    swing: np.ndarray | None = None  # (N + 1, R) angle of each rope from the vertical [rad]
    estimate: tuple | None = None  # (errors (M, 2, n), deviations (M, 2, n)) of an estimator, see metrics_estimate
    drives: object = None  # sims.metrics_cost.Drives
    prices: object = None

    @property
    def dt(self):
        return self.t[1] - self.t[0] if len(self.t) > 1 else 0.0


def partners(run):
    """Figures of each robot but the first for itself."""
    for name, own in run.crew:
        if name:
            for part in (tracking, tool, response, torques):
                yield from ((f"{name}.{key}", value) for key, value in part(own) if key.startswith(OF_ROBOTS))


def measure(run: Evidence) -> dict:
    """All metrics of a run, in the order in which a report shows them."""
    figures = {}
    moved = (tracking, tool, response, torques, cost, estimate)
    for part in (*moved, safety, sensors, loads, objects, replanning, partners, timing):
        figures.update(part(run))
    return figures


def worst(t, values):
    """(largest value, its time)."""
    k = int(np.argmax(values))
    return float(values[k]), float(t[k])


def tracking(run):
    e = (run.q - run.q_ref)[:, run.tracked]
    largest, when = worst(run.t, np.abs(e).max(axis=1)) if e.size else (0.0, None)
    final = float(np.abs(e[-1]).max()) if e.size else 0.0
    yield "tracking.joint_rms_rad", Metric(rms(e), "rad")
    yield "tracking.joint_rms_deg", Metric(degrees(rms(e)), "deg")
    yield "tracking.joint_max_deg", Metric(degrees(largest), "deg", when)
    yield "tracking.joint_final_deg", Metric(degrees(final), "deg", float(run.t[-1]))
    if run.home is not None:
        away = float(np.abs((run.q[-1] - run.home)[run.tracked]).max())
        yield "state.final_max_deg", Metric(degrees(away), "deg", float(run.t[-1]))


def tool(run):
    distance = 1e3 * np.linalg.norm(run.tcp[:, :3, 3] - run.tcp_ref[:, :3, 3], axis=1)
    angle = np.rad2deg(rotation_angle(run.tcp_ref[:, :3, :3], run.tcp[:, :3, :3]))
    yield "tracking.tcp_rms_mm", Metric(rms(distance), "mm")
    yield "tracking.tcp_max_mm", Metric(*_with_unit(worst(run.t, distance), "mm"))
    yield "tracking.tcp_final_mm", Metric(float(distance[-1]), "mm", float(run.t[-1]))
    yield "tracking.tcp_rotation_max_deg", Metric(*_with_unit(worst(run.t, angle), "deg"))


def _with_unit(found, unit):
    value, when = found
    return value, unit, when


def response(run):
    e = (run.q - run.q_ref)[:, run.tracked]
    span = np.maximum(np.ptp(run.q_ref[:, run.tracked], axis=0), np.ptp(run.q[:, run.tracked], axis=0))
    band = SETTLED * np.maximum(span, LEAST_RANGE)
    moving = np.flatnonzero((np.abs(run.v_ref[:, run.tracked]) > STILL).any(axis=1))
    end = float(run.t[min(moving[-1] + 1, len(run.t) - 1)]) if len(moving) else 0.0
    yield "settling.time_s", Metric(settling_time(run.t, e, band, end), "s")
    moved = [own for _, own in run.crew if own.moves] if run.crew else [run] if run.moves else []
    if moved:
        yield "overshoot.max_percent", Metric(*_with_unit(max(map(_worst_overshoot, moved)), "%"))


def _worst_overshoot(run):
    """(largest overshoot of any motion, when that motion ended); a motion is watched until the next one starts."""
    starts = [start for start, _ in run.moves[1:]] + [run.t[-1]]
    found = []
    for (start, end), until in zip(run.moves, starts, strict=True):
        window = (run.t >= start - 1e-9) & (run.t <= max(end, until) + 1e-9)
        found.append((overshoot(run.q[window][:, run.tracked], run.q_ref[window][:, run.tracked]), float(end)))
    return max(found)


def torques(run):
    dt = run.dt
    largest, when = worst(run.t, np.abs(run.tau).max(axis=1))
    yield "torque.max", Metric(largest, "N m", when)
    yield "torque.rate_rms", Metric(torque_rate(run.tau, dt), "N m/s")
    yield "torque.saturated_fraction", Metric(saturated_fraction(run.tau_wanted, run.tau), "-")
    yield "effort.integral", Metric(effort(run.tau, dt), "N^2 m^2 s")
    yield "energy.mechanical_j", Metric(mechanical_energy(run.tau, run.v, dt), "J")
    yield "smoothness.jerk_squared", Metric(squared_jerk(run.v[:, run.tracked], dt), "rad^2/s^5")
    if run.planned_jerk is not None:
        yield "smoothness.planned_jerk_squared", Metric(run.planned_jerk, "rad^2/s^5")


def cost(run):
    if run.drives is not None:
        for name, value, unit, when in costs(run, run.drives, run.prices):
            yield name, Metric(value, unit, when)


def estimate(run):
    if run.estimate is not None and len(run.estimate[0]):
        for name, value, unit in estimator_figures(*(x[..., run.tracked] for x in run.estimate)):
            yield name, Metric(value, unit)


def safety(run):
    arm = run.tracked  # fingers have physical stops
    yield "limits.violations", Metric(limit_violations(run.q[:, arm], run.v[:, arm], run.limits.select(arm)), "-")
    kinds = {"planned_min_mm": run.planned_clearance, "min_mm": run.clearance}
    kinds |= {"robots_planned_min_mm": run.planned_apart, "robots_min_mm": run.apart}
    for name, found in ((f"clearance.{kind}", found) for kind, found in kinds.items()):
        if found is not None and len(found[1]):
            distance, when = worst(found[0], -np.asarray(found[1]))
            yield name, Metric(-1e3 * distance, "mm", when)
    if run.contacts is not None and len(run.contacts[1]):
        t, forces, unintended = run.contacts
        yield "contact.max_force_n", Metric(*_with_unit(worst(t, np.asarray(forces)), "N"))
        yield "contact.unintended_force_n", Metric(*_with_unit(worst(t, np.asarray(unintended)), "N"))


def sensors(run):
    if run.wrench is not None and np.isfinite(run.wrench[1]).all(axis=1).any():
        finite = np.isfinite(run.wrench[1]).all(axis=1)  # of a run that diverged
        t, wrench = (x[finite] for x in run.wrench)
        for name, unit, part in (("force", "N", wrench[:, :3]), ("torque", "N m", wrench[:, 3:])):
            size, suffix = np.linalg.norm(part, axis=1), unit.lower().replace(" ", "")
            yield f"wrench.{name}_max_{suffix}", Metric(*_with_unit(worst(t, size), unit))
            yield f"wrench.{name}_rms_{suffix}", Metric(rms(size), unit)


def replanning(run):
    if run.replans is not None:
        yield "replanning.count", Metric(float(run.replans), "-")
    if len(run.replanned):
        lasted = reactions(run.t, np.abs(run.q - run.q_ref), run.tolerance, run.replanned)
        yield "replanning.reaction_max_s", Metric(*_with_unit(worst(run.replanned, lasted), "s"))


def loads(run):
    """max_k,r |φ_kr| of ropes r: over the run, and over t_k ≥ the end of the last move."""
    if run.swing is None or not np.size(run.swing):
        return
    angle = np.rad2deg(run.swing.max(axis=1))
    yield "load.swing_max_deg", Metric(*_with_unit(worst(run.t, angle), "deg"))
    if run.moves:
        after = run.t >= run.moves[-1][1] - 1e-9
        yield "load.swing_deg", Metric(*_with_unit(worst(run.t[after], angle[after]), "deg"))


def objects(run):
    for name, (final, wanted, start) in run.targets.items():
        if wanted is not None:
            yield f"object.{name}.final_error_mm", Metric(1e3 * float(np.linalg.norm(final - wanted)), "mm")
        yield f"object.{name}.moved_mm", Metric(1e3 * float(np.linalg.norm(final - start)), "mm")
    if run.slip:
        yield "grasp.slip_mm", Metric(1e3 * max(run.slip.values()), "mm")


def timing(run):
    total = float(run.t[-1])
    yield "time.total_s", Metric(total, "s")
    if run.planned_duration is not None:
        yield "time.planned_s", Metric(run.planned_duration, "s")
    if run.wall_time:
        yield "time.real_time_factor", Metric(total / run.wall_time, "-")
