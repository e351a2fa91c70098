"""What could give way so that an infeasible problem has a motion: alternatives, each enough by itself.

conflicts   the constraints that press on the elastic motion, each relaxed alone by as little as will do
"""

from dataclasses import replace

import numpy as np

from robocalc.optimize.collocation import Collocation
from robocalc.optimize.diagnose import NOTHING, SMOOTH, pressed, when
from robocalc.optimize.plan import Conflict

MOST = 6  # constraints that are tried
LARGE = 3000  # unknowns from which on only FEW are
FEW = 2
PATIENCE = 200  # iterations of one
LONGER = 20.0  # durations that are tried, over the longest allowed


def conflicts(job, soft, elastic, groups) -> tuple:
    """Conflicts, the smallest relative amount first; the start is a fact and never one of them.

    soft, elastic, groups   from `diagnose.relaxed_solution`
    """
    motion = soft.motion
    press = pressed(soft, groups)
    given = dict(zip(groups, motion.p[len(motion.p) - len(groups) :], strict=True))
    able = [k for k, e in groups.items() if not e.name.startswith("initial ") and press[k] > NOTHING]
    able.sort(key=lambda k: (given[k] <= NOTHING, -press[k]))
    found = []
    for key in able[: MOST if len(soft.bounds) < LARGE else FEW]:
        elastic.held = tuple(k for k in groups if k != key)
        p = motion.p.copy()
        p[len(p) - len(groups) :] = [given[k] if k == key else 0.0 for k in groups]
        trial = elastic.solve(motion.program.K, motion.h, (motion.x, motion.u, motion.T, p), patience=PATIENCE)
        if trial.kept:
            share = trial.motion.p[len(p) - len(groups) + list(groups).index(key)]
            e = groups[key]
            t = float(when(trial, trial.motion.program, elastic.traced.rows, key))
            found.append((float(share), Conflict(e.name, float(share * e.size), e.unit, t)))
    elastic.held = ()
    longer = _longer(job, motion)
    found += [longer] if longer else []
    return tuple(c for share, c in sorted(found, key=lambda pair: pair[0]) if share > NOTHING)


def _longer(job, motion):
    """(share, Conflict of the duration): the least time in which all can be met, or None."""
    problem, su = job.problem, job.scales[1]
    T = problem.duration_range[1]
    if not np.isfinite(T):
        return None
    slow = replace(
        problem,
        duration=(T, LONGER * T),
        running=lambda t, x, u: SMOOTH * sum((u[i] / su[i]) ** 2 for i in range(len(su))),
        terminal=lambda end, x: end / T,
        guess=None,
    )
    trial = Collocation(slow, job.scheme, job.options["max_iter"])
    p = motion.p[: len(problem.parameter_ranges)]
    out = trial.solve(motion.program.K, motion.h, (motion.x, motion.u, 2 * T, p), patience=PATIENCE)
    return (out.motion.T / T - 1, Conflict("duration", out.motion.T - T, "s")) if out.kept else None
