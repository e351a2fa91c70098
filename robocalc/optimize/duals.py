"""Multipliers of an answer on one mesh, as a start on another.

carried   multipliers of rows and bounds for another Program of the same problem and scheme

Along the path a multiplier is its point's weight times a function of time, and that of a defect is a function of time
(the costate) times a power of the interval: these functions are what meshes have in common.
"""

import numpy as np


def carried(attempt, pr, h) -> tuple:
    """(rows (ng,), bounds (nz,)) of an Attempt for the Program pr on fractions h (K,)."""
    old, motion = attempt.motion.program, attempt.motion
    a, b = old.tau(motion.h), pr.tau(h)
    wa, wb = old.weights @ motion.h, pr.weights @ h
    rows, bounds = np.zeros(pr.ng), np.zeros(pr.nz)
    on = wa > 1e-12
    between = lambda values: np.stack([np.interp(b, a[on], v[on] / wa[on]) * wb for v in values.T], axis=1)  # noqa: E731
    if old.np_path:
        rows[pr.path_rows] = between(attempt.rows[old.path_rows])
    bounds[pr.iu] = between(attempt.bounds[old.iu])
    bounds[pr.ix] = between(attempt.bounds[old.ix])
    bounds[pr.it] = attempt.bounds[old.it]
    for new, known in zip(pr.end_rows, old.end_rows, strict=True):
        rows[new] = attempt.rows[known]
    middle = lambda h: np.cumsum(h) - h / 2  # noqa: E731
    for r, power in enumerate(pr.scheme.dual_powers):
        costate = attempt.rows[old.defect_rows[:, r]] / motion.h[:, None] ** power
        for i in range(costate.shape[1]):
            at = np.interp(middle(h), middle(motion.h), costate[:, i])
            rows[pr.defect_rows[:, r, i]] = at * h**power
    return rows, bounds
