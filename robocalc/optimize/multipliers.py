"""What constraints cost: their multipliers by name, from those of the nonlinear program.

multipliers   {constraint: Multiplier} of an Attempt
"""

import numpy as np

from robocalc.optimize.plan import Multiplier
from robocalc.optimize.violations import bound_name

LEAST = 1e-6  # of the largest, by name in its own size: what presses less does not


def multipliers(job, attempt) -> dict:
    """{name: Multiplier} of bounds, named constraints and ends that press, in the order of the problem.

    Those of bounds are what stationarity leaves, ∂cost/∂z + Jᵀ λ, since a solver that takes fixed unknowns out of its
    problem has none for them. Along the path λ / (w T) is a density in time, w the quadrature's weights.
    """
    problem, motion, pr = job.problem, attempt.motion, attempt.motion.program
    z = job.pack(pr, motion.x, motion.u, motion.T, motion.p)
    data = pr.data(motion.h, job.data(motion.T, motion.p))
    gradient = np.array(pr.solver.get_function("nlp_grad_f")(z, data)[1]).ravel()
    J = pr.solver.get_function("nlp_jac_g")(z, data)[1].sparse()
    bound = -(gradient + J.T @ attempt.rows)
    weight = pr.weights @ motion.h * motion.T
    on = weight > 1e-12 * motion.T
    t, out, size = motion.t, {}, {}

    def keep(name, at, value, unit, scale, path):
        if value.size and np.abs(value).max() > 0:
            out[name] = Multiplier(name, t[at], value, weight[at] if path else np.ones(1), unit, path)
            size[name] = np.abs(value).max() * scale

    for kind, places, bounds, scale, units in (
        ("state", pr.ix, problem.x_bounds, job.scales[0], problem.units[0]),
        ("input", pr.iu, problem.u_bounds, job.scales[1], problem.units[1]),
    ):
        inner = on.copy()
        if kind == "state":
            inner[[0, -1]] = False  # there the ends hold
        for i in range(places.shape[1]):
            if np.isfinite(bounds[:, i]).any():
                value = bound[places[inner, i]] / scale[i] / weight[inner]
                keep(bound_name(problem, kind, i), inner, value, units[i], scale[i], True)
    _named(job, attempt, keep, weight, on)
    for k, word, end in ((0, "initial", problem.ends[0]), (-1, "final", problem.ends[1])):
        for i, name in enumerate(problem.state_names):
            if np.isfinite(end[:, i]).any():
                value = bound[pr.ix[k, i]] / job.scales[0][i]
                keep(f"{word} {name}", [k], np.array([value]), problem.units[0][i], job.scales[0][i], False)
    most = max(size.values(), default=0.0)
    return {name: m for name, m in out.items() if size[name] > LEAST * most}


def _named(job, attempt, keep, weight, on):
    pr = attempt.motion.program
    rows = job.traced.rows["path"]
    for k, name in enumerate(_row_names(rows)):
        keep(name, on, attempt.rows[pr.path_rows[on, k]] / weight[on], "", 1.0, True)
    for places, where, at in zip(pr.end_rows, ("initial", "final"), (0, -1), strict=True):
        for k, name in zip(places, _row_names(job.traced.rows[where]), strict=True):
            keep(name, [at], attempt.rows[[k]], "", 1.0, False)


def _row_names(rows):
    """The constraint's name, with the index where it has several values."""
    names = [path.name for path, _ in rows]
    return [path.name if names.count(path.name) == 1 else f"{path.name}[{i}]" for path, i in rows]
