"""Where a solve starts, and on which meshes it goes on.

search   starts until one leads to a motion (or as many as asked for), the best on ever better meshes
Found    what came of it
"""

from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from robocalc.optimize.conflicts import conflicts
from robocalc.optimize.diagnose import blamed, relaxed_solution
from robocalc.optimize.mesh import GROWTH, HIDDEN, measured, refined
from robocalc.optimize.modes import many_minima, stands
from robocalc.optimize.motion import guess_given, guessed, shaken, unwrapped
from robocalc.optimize.throws import thrown

MESHES = 12  # most refinements
SETTLED = 0.1  # of the tolerance: a change of cost from mesh to mesh that ends refinement
SIDE = 8  # starts where there may be many minima
RESCUE = 8  # seeded starts where the guess leads nowhere
ALMOST = 10.0  # tolerances of the state that a mesh at its largest may have and still be an answer
FINER = (1, 2)  # meshes to search on, in units of `nodes`
TRUSTED = 0.05  # relative change of cost by refinement from which on the first mesh was too coarse to choose on
CARRY = 60  # iterations of a solve that starts with multipliers, too
PATIENCE = 300  # iterations of a random start


class Found(NamedTuple):
    """attempts: all from starts; best: the Attempt to answer with, quality: its Quality or None; reason: why there were
    several starts; blame: Violations that had to give way, possible: nothing had to, so the start is at fault;
    conflicts: what else could give way; job: the Collocation by another scheme that it is of, or None."""

    attempts: list
    best: object
    quality: object = None
    reason: str = ""
    blame: tuple = ()
    possible: bool = False
    conflicts: tuple = ()
    job: object = None


def search(job, nodes, tol, starts, seed, refine, other=None) -> Found:
    """Starts, meshes and what to blame, for a Collocation.

    Where no number of starts is given: SIDE of them where the problem may have many minima, but the guess alone for who
    gives one, because he means the minimum next to it. Where that leads nowhere, from what the elastic problem finds,
    then from random ones, until one leads to a motion.
    A mesh too coarse for what was found on it, or to find anything, is doubled.

    other   () -> Collocation by another scheme, for answers that do not settle on any mesh
    """
    rescue, reason = starts is None, ""
    for factor in FINER:
        first = _First(job, nodes * factor, seed)  # refuses a guess that is not finite
        if starts is None:
            reason = "" if guess_given(job.problem) else many_minima(job)
            starts = SIDE if reason else 1
        found = [job.solve(first.nodes, first.h, first.start)]
        found += [first.another() for _ in range(starts - 1)]
        out = _answer(job, first, found, tol, refine, rescue, other)._replace(reason=reason)
        coarse = min(found, key=lambda a: a.rank).cost
        if job.convex or out.job or not refine or factor == FINER[-1]:
            break
        best = out.best
        if good(best, out.quality, refine) and abs(best.cost - coarse) <= TRUSTED * max(abs(coarse), abs(best.cost)):
            break
    return out


class _First:
    """The guess on a mesh of even intervals, and random starts around it."""

    def __init__(self, job, nodes, seed):
        self.job, self.nodes, self.h = job, nodes, np.full(nodes, 1 / nodes)
        pr = job.program(nodes)
        self.tau = pr.tau(self.h)
        self.start = guessed(job.problem, self.tau)
        self.count, self.rng, self.ready = 0, np.random.default_rng(seed), []
        job.check_guess(pr, self.h, self.start)

    def another(self):
        """An Attempt from a random start: what good inputs do, in turns with waves on a guess that can be held."""
        if not self.ready:
            self.ready = thrown(self.job, self.tau, RESCUE, self.rng)
        self.count += 1
        start = self.ready.pop(0)
        if self.count % 2 == 0 and self.held:
            start = shaken(self.job.problem, self.start, self.tau, self.job.scales, self.rng)
        return self.job.solve(self.nodes, self.h, start, patience=PATIENCE)

    @cached_property
    def held(self) -> bool:
        """Whether the system can stand still all along the guess: then a line with waves on it is a likely motion."""
        return stands(self.job)


def good(best, quality, refine) -> bool:
    """Whether an Attempt is an answer: its states follow their inputs, and nothing is broken between the points."""
    if quality is None or not best.solved:
        return False
    return not refine or (quality.state.max() <= ALMOST and best.between <= HIDDEN)


def _answer(job, first, found, tol, refine, rescue, other) -> Found:
    """The best of `found`; where that is none, whom to blame, and with `rescue` what helps; attempts join `found`."""
    out = Found(found, *_best(job, found, tol, refine))
    if good(out.best, out.quality, refine):
        return out
    if not out.best.kept:
        out = out._replace(**_blame(job, first, found))
    elif other is not None:
        second = other()
        h = first.h
        start = guessed(job.problem, second.program(first.nodes).tau(h))
        again = Found(found, *_best(second, [second.solve(first.nodes, h, start)], tol, refine), job=second)
        if good(again.best, again.quality, refine):
            return again
    tried, limit = len(found), max(len(found), 1 + RESCUE)
    if out.possible:
        tried -= 1  # the elastic motion is one more start
    while rescue and not (out.blame and job.convex) and tried < limit:
        if tried == len(found):
            found.append(first.another())
        best, quality = _best(job, found[tried:], tol, refine)
        tried = len(found)
        if best.rank < out.best.rank:
            out = out._replace(best=best, quality=quality)
        if good(best, quality, refine):
            break
    return out


def _blame(job, first, found) -> dict:
    """What must give way, as fields of Found; where nothing must, the elastic motion is one more start."""
    soft, elastic, groups = relaxed_solution(job, first.nodes, first.h, first.start)
    if not soft.kept:
        return {}
    blame = blamed(soft, elastic, groups)
    if blame:
        instead = conflicts(job, soft, elastic, groups)
        others = tuple(str(c) for c in instead if c.constraint != blame[0].constraint)
        return {"blame": (replace(blame[0], instead=others), *blame[1:]), "conflicts": instead}
    m = soft.motion
    found.append(job.solve(first.nodes, first.h, (m.x, m.u, m.T, m.p[: len(first.start[3])])))
    return {"possible": True}


def _best(job, found, tol, refine):
    """(the best Attempt on its last mesh, its Quality or None where it keeps no constraints)."""
    best = min(found, key=lambda a: a.rank)
    return _refine(job, best, tol, refine) if best.kept else (best, None)


def _refine(job, best, tol, refine):
    turned = unwrapped(job, best.motion)
    if turned is not None:
        again = job.solve(best.motion.program.K, best.motion.h, turned, warm=True)
        best = again if again.kept else best
    quality, most = measured(job, best, tol), max(GROWTH * best.motion.program.K, 200)
    for _ in range(MESHES if refine else 0):
        h = refined(best.motion.h, quality, job.scheme.order, most)
        if h is None:
            break
        tau = job.program(len(h), warm=True).tau(h)
        start = (*best.motion.at(tau), best.motion.T, best.motion.p)
        trial = job.solve(len(h), h, start, patience=CARRY, after=best)
        trial = trial if trial.kept else job.solve(len(h), h, start, warm=True)
        trial = trial if trial.kept else job.solve(len(h), h, start)
        if not trial.kept:
            break
        settled = abs(trial.cost - best.cost) <= SETTLED * tol * max(abs(trial.cost), abs(best.cost))
        best, quality = trial, measured(job, trial, tol)
        if settled and max(quality.state.max(), quality.path.max(), quality.cost.sum() / len(h)) <= 1:
            break  # only kinks are left, and they do not cost: singular arcs
    return best, quality
