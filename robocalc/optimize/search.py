"""Where a solve starts, and on which meshes it goes on.

search   starts until one leads to a motion (or as many as asked for), the best on ever better meshes
"""

import numpy as np

from robocalc.optimize.diagnose import blamed, relaxed_solution
from robocalc.optimize.mesh import GROWTH, measured, refined
from robocalc.optimize.motion import guessed, shaken, thrown, unwrapped

MESHES = 12  # most refinements
SETTLED = 0.1  # of the tolerance: a change of cost from mesh to mesh that ends refinement
RESCUE = 8  # seeded starts where the guess leads nowhere
ALMOST = 10.0  # tolerances of the state that a mesh at its largest may have and still be an answer
HIDDEN = 1e-3  # largest scaled violation between the points of an answer
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
        if good(best, quality, refine) and abs(best.cost - coarse) <= TRUSTED * max(abs(coarse), abs(best.cost)):
            break
    return found, blame, best, quality


class _First:
    """The guess on a mesh of even intervals, and random starts around it."""

    def __init__(self, job, nodes, seed):
        self.job, self.nodes, self.h = job, nodes, np.full(nodes, 1 / nodes)
        pr = job.program(nodes)
        self.tau = pr.tau(self.h)
        self.start = guessed(job.problem, self.tau)
        self.count, self.rng = 0, np.random.default_rng(seed)
        job.check_guess(pr, self.h, self.start)

    def another(self):
        """An Attempt from a random start: waves on the guess, or what random inputs do, in turns."""
        self.count += 1
        if self.count % 2 == 0:
            start = thrown(self.job, self.start, self.tau, self.rng)
        else:
            start = shaken(self.job.problem, self.start, self.tau, self.job.scales, self.rng)
        return self.job.solve(self.nodes, self.h, start, patience=PATIENCE)


def good(best, quality, refine) -> bool:
    """Whether an Attempt is an answer: its states follow their inputs, and nothing is broken between the points."""
    if quality is None or not best.solved:
        return False
    return not refine or (quality.state.max() <= ALMOST and best.between <= HIDDEN)


def _one(job, first, found, tol, refine):
    """(blame, best, Quality): from the guess, or what helps where it leads nowhere; attempts are added to `found`."""
    answers = [_best(job, found, tol, refine)]
    blame = ()
    if not good(*answers[0], refine):
        blame = () if answers[0][0].kept else _blame(job, first, found)
        tried = 1
        while not (blame and job.convex) and len(found) <= RESCUE:
            if tried == len(found):
                found.append(first.another())
            answers.append(_best(job, found[tried:], tol, refine))
            tried = len(found)
            if good(*answers[-1], refine):
                return blame, *answers[-1]
    return blame, *min(answers, key=lambda a: a[0].rank)


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
