"""Figures of a run that can be differentiated: what objectives and constraints are made of.

    FIGURES    metric name -> Figure: the same value as sims.metrics, with residuals and how they are summed up
    Value      value, gradient (P,) and Gauss-Newton curvature (P, P) of a figure

Every figure is a norm of residuals r, linear or nearly so in the motion:

    rms   √(Σ r²/M)   Σ   dt Σ r²   max   |r| where it is largest   abs   dt Σ |r|

so with R = ∂r/∂(gains), g and H follow; for rms  g = rᵀR / (M f), H = (RᵀR / M - g gᵀ) / f.
H leaves out r'' alone and is positive semidefinite; for a maximum it is that of a high norm. Figures that are not
listed (counts, shares, times) are sims.metrics'; they change in jumps, so that no gradient knows of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sims.metrics_formulas import saturated_fraction


class Value(NamedTuple):
    value: float
    gradient: np.ndarray | None = None
    curvature: np.ndarray | None = None


@dataclass(frozen=True)
class Figure:
    """residuals(trace) -> (r (M,), R (M, P) or None), norm: how r becomes one number, scale: its unit."""

    residuals: Callable
    norm: str
    scale: float = 1.0


def joint_error(trace):
    r, R = trace.q - trace.q_ref, None if trace.rows is None else trace.rows[:, 0]
    if not trace.tracked.all():
        r, R = r[:, trace.tracked], None if R is None else R[:, trace.tracked]
    return r, R


def final_error(trace):
    r, R = joint_error(trace)
    return r[-1], None if R is None else R[-1]


def away_from_home(trace):
    r = (trace.q[-1] - trace.robot.home)[trace.tracked]
    return r, None if trace.rows is None else trace.rows[-1, 0][trace.tracked]


def tool_error(trace):
    """Residuals (N + 1, 3) [m]."""
    robot = trace.robot
    case = trace.case
    if getattr(case, "tcp_ref", None) is None:
        case.tcp_ref = robot.pose(case.reference[:, 0])[:, :3, 3]
    r = robot.pose(trace.q)[:, :3, 3] - case.tcp_ref[: len(trace.q)]
    return r, None if trace.rows is None else robot.jacobian(trace.q)[:, :3] @ trace.rows[:, 0]


def tool_final(trace):
    r, R = tool_error(trace)
    return r[-1:], None if R is None else R[-1:]


def torque(trace):
    return trace.tau, None if trace.rows is None else trace.rows[:, 3]


def torque_before_end(trace):
    r, R = torque(trace)
    return r[:-1], None if R is None else R[:-1]


def torque_rate(trace):
    r, R = torque_before_end(trace)
    return np.diff(r, axis=0) / trace.dt, None if R is None else np.diff(R, axis=0) / trace.dt


def power(trace):
    r, R = trace.tau[:-1] * trace.v[1:], None
    if trace.rows is not None:
        R = trace.rows[:-1, 3] * trace.v[1:, :, None] + trace.tau[:-1, :, None] * trace.rows[1:, 1]
    return r, R


def jerk(trace):
    v, R = trace.v[:, trace.tracked], None
    if trace.rows is not None:
        R = np.diff(trace.rows[:, 1][:, trace.tracked], 2, axis=0) / trace.dt**2
    return np.diff(v, 2, axis=0) / trace.dt**2, R


def overshoots(trace):
    """Largest overshoot of each joint in each motion, in parts of its travel; as sims.metrics.overshoot."""
    t, out, slopes = trace.t, [np.zeros(1)], []
    spans = [
        (s.start, s.end) for s in trace.plan.steps if s.do in ("move", "trace", "follow") and s.end <= t[-1] + 1e-9
    ]
    until = [start for start, _ in spans[1:]] + [t[-1]]
    P = 0 if trace.rows is None else trace.rows.shape[-1]
    slopes.append(np.zeros((1, P)))
    for (start, end), stop in zip(spans, until, strict=True):
        window = np.flatnonzero((t >= start - 1e-9) & (t <= max(end, stop) + 1e-9))
        q, q_ref = trace.q[window], trace.q_ref[window]
        delta = q_ref[-1] - q_ref[0]
        for i in np.flatnonzero(trace.tracked & (np.abs(delta) > 1e-3)):
            sign = np.sign(delta[i])
            k = int(np.argmax(sign * q[:, i]))
            beyond = sign * q[k, i] - (sign * q_ref[:, i]).max()
            if beyond > 0:
                out.append(np.array([beyond / abs(delta[i])]))
                if P:
                    slopes.append(sign * trace.rows[window[k], 0, i][None] / abs(delta[i]))
    return np.concatenate(out), np.concatenate(slopes) if P else None


POWER, NEAR_MAX = 4, 0.3  # of the norm whose curvature stands for that of a maximum; share of it that still counts
DEG, MM = 180.0 / np.pi, 1e3
FIGURES = {
    "tracking.joint_rms_rad": Figure(joint_error, "rms"),
    "tracking.joint_rms_deg": Figure(joint_error, "rms", DEG),
    "tracking.joint_max_deg": Figure(joint_error, "max", DEG),
    "tracking.joint_final_deg": Figure(final_error, "max", DEG),
    "state.final_max_deg": Figure(away_from_home, "max", DEG),
    "tracking.tcp_rms_mm": Figure(tool_error, "rms", MM * np.sqrt(3.0)),
    "tracking.tcp_max_mm": Figure(tool_error, "longest", MM),
    "tracking.tcp_final_mm": Figure(tool_final, "longest", MM),
    "overshoot.max_percent": Figure(overshoots, "max", 100.0),
    "torque.max": Figure(torque, "max"),
    "torque.rate_rms": Figure(torque_rate, "rms"),
    "effort.integral": Figure(torque_before_end, "sum"),
    "energy.mechanical_j": Figure(power, "abs"),
    "smoothness.jerk_squared": Figure(jerk, "sum"),
}
QUICK = {"torque.saturated_fraction": lambda trace: saturated_fraction(trace.tau_wanted, trace.tau)}


def figure_of(name, trace) -> Value:
    """The value of a metric in a run; with gradient and curvature where the run has slopes."""
    if name in FIGURES:
        return _norm(FIGURES[name], trace)
    if name in QUICK:
        return _flat(QUICK[name](trace), trace)
    found = trace.metrics.get(name)
    return _flat(float("nan") if found is None else found.value, trace)


def _flat(value, trace) -> Value:
    rows = getattr(trace, "rows", None)  # a Run of another engine has none
    if rows is None:
        return Value(float(value))
    P = rows.shape[-1]
    return Value(float(value), np.zeros(P), np.zeros((P, P)))


def _norm(figure, trace) -> Value:
    r, R = figure.residuals(trace)
    value, g, H = NORMS[figure.norm](r, R, trace.dt)
    s = figure.scale
    return Value(float(s * value), None if g is None else s * g, None if H is None else s * H)


def _columns(R):
    return R.reshape(-1, R.shape[-1])


def _rms(r, R, dt):
    f = np.sqrt(np.mean(np.square(r))) if r.size else 0.0
    if R is None:
        return f, None, None
    R, P = _columns(R), R.shape[-1]
    if f == 0.0:
        return f, np.zeros(P), np.zeros((P, P))
    g = r.ravel() @ R / (r.size * f)
    return f, g, (R.T @ R / r.size - np.outer(g, g)) / f


def _sum(r, R, dt):
    f = np.sum(np.square(r)) * dt
    if R is None:
        return f, None, None
    R = _columns(R)
    return f, 2 * dt * (r.ravel() @ R), 2 * dt * (R.T @ R)


def _max(r, R, dt):
    k = int(np.argmax(np.abs(r)))
    x = r.ravel()[k]
    if R is None:
        return abs(x), None, None
    R = _columns(R)
    return abs(x), np.sign(x) * R[k], _nearly_max(r.ravel(), R, abs(x))


def _nearly_max(r, R, f):
    """Curvature of (Σ |r|ᵖ)^(1/p): it holds back a step that lowers the largest residual and lifts the next ones, of
    which the maximum's own derivatives know nothing."""
    if f == 0.0:
        return _none(R)
    near = np.abs(r) > NEAR_MAX * f
    S, w = R[near] * np.sign(r[near])[:, None], np.abs(r[near]) / f
    g = w ** (POWER - 1) @ S
    return (POWER - 1) / f * ((w[:, None] ** (POWER - 2) * S).T @ S - np.outer(g, g) / np.sum(w**POWER))


def _longest(r, R, dt):
    d = np.linalg.norm(r, axis=1)
    k = int(np.argmax(d))
    g = None if R is None else np.zeros(R.shape[-1]) if d[k] == 0 else r[k] @ R[k] / d[k]
    return d[k], g, _none(R)


def _abs(r, R, dt):
    return np.sum(np.abs(r)) * dt, None if R is None else dt * (np.sign(r).ravel() @ _columns(R)), _none(R)


def _none(R):
    return None if R is None else np.zeros((R.shape[-1], R.shape[-1]))


NORMS = {"rms": _rms, "sum": _sum, "max": _max, "longest": _longest, "abs": _abs}
