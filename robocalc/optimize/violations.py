"""Which named constraints a motion breaks, by how much, when: the worst first."""

import numpy as np

from robocalc.optimize.collocation import DONE, FEASIBLE
from robocalc.optimize.mesh import BETWEEN
from robocalc.optimize.plan import Violation


def bound_name(problem, kind, i):
    """What a bound of state or input i is called in messages."""
    name = (problem.state_names if kind == "state" else problem.input_names)[i]
    if " of " in name:  # of a robot: "torque of joint 4"
        what, joint = name.split(" of ", 1)
        return f"{what} limit of {joint}"
    return f"bound of {name}"


def violations(job, attempt) -> tuple:
    """Violations of the motion of an Attempt, relative size first."""
    problem, motion = job.problem, attempt.motion
    found, (t, x, u) = [], (motion.t, motion.x, motion.u)
    if attempt.outcome in DONE:  # whole at its points: then look between them, too
        middle = motion.between(BETWEEN)
        t, x, u = (np.concatenate([a, b.reshape(-1, *a.shape[1:])]) for a, b in zip((t, x, u), middle, strict=True))
    parts = (("state", x, problem.x_bounds, 0), ("input", motion.u, problem.u_bounds, 1))
    for kind, values, bounds, which in parts:
        beyond = np.maximum(bounds[0] - values, values - bounds[1])
        for i in range(values.shape[1]):
            k = int(np.argmax(beyond[:, i]))
            name, scale, unit = bound_name(problem, kind, i), job.scales[which][i], problem.units[which][i]
            _one(found, name, beyond[k, i], scale, unit, t[k])
    for k, end, word in ((0, problem.ends[0], "initial"), (-1, problem.ends[1], "final")):
        for i, name in enumerate(problem.state_names):
            beyond = max(end[0, i] - motion.x[k, i], motion.x[k, i] - end[1, i])
            _one(found, f"{word} {name}", beyond, job.scales[0][i], problem.units[0][i], motion.t[k])
    values = [np.array(v) for v in job.traced.gains.map(len(t))(t[None], x.T, u.T, motion.p[:, None])]
    for where, g in zip(("path", "initial", "final"), values):
        points = {"path": slice(None), "initial": slice(0, 1), "final": slice(len(motion.t) - 1, len(motion.t))}[where]
        for row, (path, i) in zip(g, job.traced.rows[where], strict=True):
            lo, hi = (np.ravel(v)[i if v.size > 1 else 0] for v in (path.lo, path.hi))
            beyond = np.maximum(lo - row, row - hi)[points]
            k = int(np.argmax(beyond))
            _one(found, path.name, beyond[k], 1.0, "", t[points][k])
    defect = _defects(job, motion)
    for i, name in enumerate(problem.state_names):
        k = int(np.argmax(defect[:, i]))
        _one(found, f"dynamics of {name}", defect[k, i], job.scales[0][i], problem.units[0][i], motion.knots[k])
    found.sort(key=lambda pair: -pair[0])
    seen, out = set(), []
    for _, v in found:
        if v.constraint not in seen:
            seen.add(v.constraint)
            out.append(v)
    return tuple(out)


def _defects(job, motion):
    """(K, nx) largest gap of the rows of each interval."""
    pr, s = motion.program, job.scheme
    f = motion.rates(motion.t, motion.x, motion.u)
    gap = np.einsum("rj,kjn->krn", s.A, motion.x[pr.of])
    gap -= (motion.h * motion.T)[:, None, None] * np.einsum("rj,kjn->krn", s.B, f[pr.of])
    return np.abs(gap).max(axis=1)


def _one(found, name, beyond, scale, unit, t):
    if np.isfinite(beyond) and beyond > FEASIBLE * max(1.0, scale):
        found.append((beyond / scale, Violation(name, float(beyond), unit, float(t), why=said(name, beyond, unit, t))))


def said(name, beyond, unit, t):
    """The sentence about what is missed rather than exceeded; empty for a limit."""
    if name.startswith("dynamics of "):
        return f"the motion does not follow them, by {beyond:.4g} {unit}".rstrip() + f", at t = {t:.4g} s"
    return f"missed by {beyond:.4g} {unit}".rstrip() if name.startswith(("initial ", "final ")) else ""
