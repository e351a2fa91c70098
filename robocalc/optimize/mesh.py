"""How good a mesh is, and a better one.

Quality    errors of every interval, in units of their tolerance
measured   a solved motion against a tight integrator, its constraints between the points, and its inputs' kinks
refined    fractions of a mesh with the bad intervals split
"""

from typing import NamedTuple

import numpy as np

from robocalc.optimize.truth import Truth, simulate

BETWEEN = np.array([0.125, 0.25, 0.375, 0.625, 0.75, 0.875])  # fractions where constraints are looked at
LOOSER = 100.0  # a constraint between the points may be broken by this many tolerances: rounding of the polynomials
COST = 3.0  # tolerances that a cost may err
CHEAP = 1e-6  # cost that counts as none
HIDDEN = 1e-3  # largest scaled violation between the points of an answer
KINK = 0.3  # of the tolerance: cost that a kink or jump of the inputs may hide
MOST = 4  # parts of a bad interval
GROWTH = 40  # most intervals of a mesh over the first's


class Quality(NamedTuple):
    """state, path, kink, cost (K,): at most 1 is good enough; truth: what the inputs really do."""

    state: np.ndarray
    path: np.ndarray
    kink: np.ndarray
    cost: np.ndarray
    truth: Truth

    @property
    def bad(self):
        return np.max([self.state, self.path, self.kink, self.cost], axis=0)


def measured(job, attempt, tolerance) -> Quality:
    """Errors of a solved Attempt."""
    motion = attempt.motion
    truth = simulate(motion, tolerance)
    pr = motion.program
    x = motion.x[pr.of[:, -1]]
    size = np.maximum(np.abs(motion.x).max(axis=0), job.scales[0])
    state = np.abs((truth.end - x) / size).max(axis=1) / tolerance
    path = path_errors(job, motion) / min(LOOSER * tolerance, HIDDEN)
    cost = _cost_errors(job, attempt, truth) / (COST * tolerance)
    cost = np.minimum(cost, 1.0) if cost.mean() <= 1 else cost  # it is the sum that counts
    return Quality(state, path, _kinks(motion) / (KINK * tolerance), cost, truth)


def _cost_errors(job, attempt, truth):
    """(K,) what each interval errs in cost, as a share of the whole cost, times K.

    That is its own integral against the quadrature, and its gap to the next one times the costate, the price of a gap:
    a small error of states where they are dear is a large one of the cost (dual-weighted residuals; Becker & Rannacher
    (2001), Acta Numerica 10).
    """
    motion, pr, s = attempt.motion, attempt.motion.program, job.scheme
    L = job.rates(motion.t, motion.x, motion.u, motion.p)[1][pr.of]
    own = (motion.h * motion.T) * (L @ s.w)
    gap = (truth.end - motion.x[pr.of[:, -1]]) / job.scales[0]
    price = attempt.rows[pr.defect_rows[:, -1]] / (s.w[-1] if len(s.A) == len(s.free) > 1 else 1.0)
    error = np.abs(truth.each - own) + np.abs(price * gap).sum(axis=1)
    return error * pr.K / max(abs(attempt.cost), np.abs(own).sum(), CHEAP)


def path_errors(job, motion, lasting=False):
    """(K,) largest relative violation between the points; lasting: of constraints on states alone."""
    t, x, u = motion.between(BETWEEN)
    worst = np.zeros(t.shape)
    beyond = np.maximum(job.problem.x_bounds[0] - x, x - job.problem.x_bounds[1]) / job.scales[0]
    worst = np.maximum(worst, beyond.max(axis=-1))
    rows = job.traced.rows["path"]
    if rows and (job.lasting.any() or not lasting):
        flat = (v.reshape(-1, v.shape[-1]).T for v in (x, u))
        p = motion.p[:, None]
        g = np.array(job.traced.gains.map(t.size)(t.reshape(1, -1), *flat, p)[0])
        lo, hi = (np.array([np.ravel(b[s])[i if b[s].size > 1 else 0] for b, i in rows]) for s in (2, 3))
        finite = np.where(np.isfinite(lo), abs(lo), np.where(np.isfinite(hi), abs(hi), 1.0))
        beyond = np.maximum(lo[:, None] - g, g - hi[:, None]) / np.maximum(1.0, finite)[:, None]
        beyond = beyond[job.lasting] if lasting else beyond
        worst = np.maximum(worst, beyond.max(axis=0).reshape(t.shape))
    return np.maximum(worst, 0.0).max(axis=1)


def _kinks(motion):
    """(K,) share of the cost that may hide in an interval with a kink or a jump of the inputs.

    A cost feels the square of an input's error for as long as it lasts, and near a kink that is an eighth of the jump
    of slope times h. An interval that holds a whole jump meets its place in time by a value in between: h² is left.
    """
    C, h = motion.input_coeffs, motion.h
    d = np.arange(C.shape[1])
    slope = np.stack(
        [C[:, 1] if len(d) > 1 else 0 * C[:, 0], np.einsum("kin,i->kn", C, d)]
    )  # at the ends, per fraction
    slope = slope / h[:, None]
    size = np.maximum(np.ptp(motion.u, axis=0), 1e-9 * np.maximum(1, np.abs(motion.u).max(axis=0)))
    turn = np.abs(slope[0, 1:] - slope[1, :-1]) / size  # at inner knots
    jump = np.abs(C[1:, 0] - C[:-1].sum(axis=1)) / size
    at = np.zeros((len(h) + 1, C.shape[2]))
    at[1:-1] = turn
    gap = np.zeros_like(at)
    gap[1:-1] = jump
    error = np.maximum(at[:-1], at[1:]) * h[:, None] / 8 + np.maximum(gap[:-1], gap[1:])
    return np.minimum(error**2 * h[:, None], h[:, None] ** 2).max(axis=1)


def refined(h, quality, order, most):
    """Fractions of the better mesh, or None where nothing is bad or the mesh is at its `most` intervals."""
    bad = quality.bad
    parts = np.ones(len(h), int)
    wrong = bad > 1
    parts[wrong] = np.clip(np.ceil(bad[wrong] ** (1 / (order + 1)) * 1.2), 2, MOST).astype(int)
    if not wrong.any() or parts.sum() > most:
        if not wrong.any() or len(h) >= most:
            return None
        keep = np.argsort(-bad)  # the worst first, as far as the mesh may grow
        allowed = np.zeros(len(h), bool)
        allowed[keep[np.cumsum(parts[keep] - 1) <= most - len(h)]] = True
        parts[~allowed] = 1
        if parts.sum() == len(h):
            return None
    out = np.repeat(h / parts, parts)
    return out / out.sum()
