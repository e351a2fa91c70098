"""Where a solve starts, and on which meshes it goes on.

search   starts until one leads to a motion (or as many as asked for), the best on ever better meshes
"""

import numpy as np

from robocalc.optimize.diagnose import blamed, relaxed_solution
from robocalc.optimize.mesh import GROWTH, measured, refined
from robocalc.optimize.motion import guessed, shaken, unwrapped

MESHES = 12  # most refinements
SETTLED = 0.1  # of the tolerance: a change of cost from mesh to mesh that ends refinement
RESCUE = 8  # seeded starts where the guess leads nowhere
FINER = (1, 2)  # meshes to search on, in units of `nodes`
TRUSTED = 0.05  # relative change of cost by refinement from which on the first mesh was too coarse to choose on
PATIENCE = 300  # iterations of a random start


def search(job, nodes, tol, starts, seed, refine):
    """(attempts, blame, best Attempt, its Quality or None).

    Where no number of starts is given: the guess alone, for who gives one means the minimum next to it; where it leads
    nowhere, from what the elastic problem finds, then from random ones, until one leads to a motion.
    A mesh too coarse for what was found on it, or to find anything, is doubled.
    """
    for factor in FINER:
        first = _First(job, nodes * factor, seed)
        found = [job.solve(first.nodes, first.h, first.start)]
        if starts is None:
            blame, best, quality = _one(job, first, found, tol, refine)
        else:
            found += [first.another() for _ in range(starts - 1)]
            blame, best, quality = (), *_best(job, found, tol, refine)
            if not best.kept:
                blame = _blame(job, first, found)
        coarse = min(found, key=lambda a: a.rank).cost
        if job.convex or not refine or factor == FINER[-1]:
            break
        if best.solved and abs(best.cost - coarse) <= TRUSTED * max(abs(coarse), abs(best.cost)):
            break
    return found, blame, best, quality


class _First:
    """The guess on a mesh of even intervals, and random starts around it."""

    def __init__(self, job, nodes, seed):
        self.job, self.nodes, self.h = job, nodes, np.full(nodes, 1 / nodes)
        pr = job.program(nodes)
        self.tau = pr.tau(self.h)
        self.start = guessed(job.problem, self.tau)
        self.rng = np.random.default_rng(seed)
        job.check_guess(pr, self.h, self.start)

    def another(self):
        """An Attempt from a random start."""
        start = shaken(self.job.problem, self.start, self.tau, self.job.scales, self.rng)
        return self.job.solve(self.nodes, self.h, start, patience=PATIENCE)


def _one(job, first, found, tol, refine):
    """(blame, best, Quality): from the guess, or what helps where it leads nowhere; attempts are added to `found`."""
    best, quality = _best(job, found, tol, refine)
    if best.solved:
        return (), best, quality
    blame = _blame(job, first, found)
    if not (blame and job.convex):
        while len(found) < RESCUE and not found[-1].solved:
            found.append(first.another())
    others, measure = _best(job, found[1:] or found, tol, refine)
    return (blame, others, measure) if others.rank <= best.rank else (blame, best, quality)


def _blame(job, first, found):
    """What must give way; where nothing must, the elastic motion is one more start, and joins `found`."""
    soft, *rest = relaxed_solution(job, first.nodes, first.h, first.start)
    if not soft.kept:
        return ()
    blame = blamed(soft, *rest)
    if not blame:
        m = soft.motion
        found.append(job.solve(first.nodes, first.h, (m.x, m.u, m.T, m.p[: len(first.start[3])])))
    return blame


def _best(job, found, tol, refine):
    """(the best Attempt on its last mesh, its Quality or None where it keeps no constraints)."""
    best = min(found, key=lambda a: a.rank)
    return _refine(job, best, tol, refine) if best.kept else (best, None)


def _refine(job, best, tol, refine):
    turned = unwrapped(job, best.motion)
    if turned is not None:
        again = job.solve(best.motion.program.K, best.motion.h, turned, warm=True)
        best = again if again.kept else best
    quality, most = measured(job, best.motion, tol), max(GROWTH * best.motion.program.K, 200)
    for _ in range(MESHES if refine else 0):
        h = refined(best.motion.h, quality, job.scheme.order, most)
        if h is None:
            break
        tau = job.program(len(h), warm=True).tau(h)
        start = (*best.motion.at(tau), best.motion.T, best.motion.p)
        trial = job.solve(len(h), h, start, warm=True)
        trial = trial if trial.kept else job.solve(len(h), h, start)
        if not trial.kept:
            break
        settled = abs(trial.cost - best.cost) <= SETTLED * tol * max(abs(trial.cost), abs(best.cost))
        best, quality = trial, measured(job, trial.motion, tol)
        if settled and max(quality.state.max(), quality.path.max()) <= 1:
            break  # only kinks are left, and they do not cost: singular arcs
    return best, quality
