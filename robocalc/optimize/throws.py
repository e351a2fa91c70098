"""Starts that obey the dynamics: random smooth inputs, improved by what they do, for motions with many minima.

thrown   motions from random inputs, drawn towards the goal by the cross-entropy method, all at once

A line between the ends is no motion of a swing-up, and what a solver makes of it is luck. What inputs really do is a
motion, and one that ends near the goal with little cost is a start from which it is found.
Source: Rubinstein & Kroese (2004), The Cross-Entropy Method, chapter 5.
"""

import numpy as np

from robocalc.optimize.motion import SHORT, guessed, inside, reach

WAVES = 6  # cosines of an input
CROWD, ELITE, ROUNDS = 32, 6, 10  # inputs of a start, those kept, improvements
STEPS = 50  # of a simulation in the search
LOUDNESS = (1.0, 0.5, 0.25, 0.12)  # of the first inputs, over their bounds, in turns: little is enough for some
SPREAD = 0.7  # of a wave's first amplitude
STRETCH = 0.5  # of a free duration's logarithm
LEAST = 0.02  # of the spread that always stays
COST = 1.0  # price of the median cost, in squares of a missed scale
DIVERGED = 1e6  # price of a motion that leaves all numbers at once


def thrown(job, tau, count, rng) -> list:
    """`count` starts (x, u, T, p) at fractions tau of a Collocation's problem; states end where the inputs lead them.

    rng   numpy's Generator; the same state gives the same starts
    """
    box = _Box(job)
    loud = np.array(LOUDNESS)[np.arange(count) % len(LOUDNESS)][:, None]
    spread = np.repeat(loud * SPREAD, box.size, axis=1)
    if box.free:
        spread[:, -1] = STRETCH
    mean, best, level = rng.normal(size=spread.shape) * spread, None, None
    even = np.linspace(0, 1, STEPS + 1)
    for _ in range(ROUNDS):
        z = mean[:, None] + spread[:, None] * rng.normal(size=(count, CROWD, box.size))
        if best is not None:
            z[:, 0] = best
        score, cost = box.judged(*box.rolled(z.reshape(-1, box.size), even))
        if level is None:
            some = np.abs(cost[cost != 0])  # of those that did not diverge
            level = float(np.median(some)) if len(some) else 1.0
        score = (score + COST * cost / level).reshape(count, CROWD)
        elite = np.take_along_axis(z, np.argsort(score, axis=1, kind="stable")[:, :ELITE, None], axis=1)
        best, mean, spread = elite[:, 0], elite.mean(axis=1), elite.std(axis=1) + LEAST * loud
    x, u, T, _ = box.rolled(best, tau)
    problem = job.problem
    sane = np.where(np.isfinite(x), x, 0.0)
    return [(inside(sane[:, i], problem.x_bounds), u[:, i], float(T[i]), box.p) for i in range(count)]


class _Box:
    """Inputs as sums of cosines, and what they do; z (N, size): amplitudes, and the logarithm of a free duration."""

    def __init__(self, job):
        self.job, problem = job, job.problem
        self.lo, self.hi = problem.duration_range
        self.free = self.lo < self.hi
        self.size = (WAVES + 1) * problem.nu + self.free
        self.amplitude = reach(problem.u_bounds, job.scales[1])
        x, _, self.T, self.p = guessed(problem, np.linspace(0, 1, 2))
        self.start = x[0]

    def rolled(self, z, tau):
        """(x (P, N, nx), u (P, N, nu), T (N,), running cost (N,)) by the midpoint rule on fractions tau (P,)."""
        problem, n, m = self.job.problem, len(z), (WAVES + 1) * self.job.problem.nu
        waves = np.cos(np.pi * tau[:, None] * np.arange(WAVES + 1))
        u = np.einsum("pw,nwi->pni", waves, z[:, :m].reshape(n, WAVES + 1, -1)) * self.amplitude
        u = inside(u + guessed(problem, tau)[1][:, None], problem.u_bounds)
        T = np.full(n, self.T)
        if self.free:
            T = np.clip(self.T * np.exp(z[:, -1]), max(self.lo, SHORT), self.hi)
        x, cost = np.full((len(tau), n, problem.nx), np.nan), np.zeros(n)
        x[0] = self.start
        rate, p = self.job.traced.rate.map(n), np.tile(self.p[:, None], (1, n))
        with np.errstate(all="ignore"):
            for k in range(len(tau) - 1):
                h, t = ((tau[k + 1] - tau[k]) * T)[:, None], (tau[k] * T)[None]
                f, L = rate(t, x[k].T, u[k].T, p)
                f = rate(t + h.T / 2, (x[k] + h / 2 * np.array(f).T).T, (u[k] + u[k + 1]).T / 2, p)[0]
                x[k + 1] = x[k] + h * np.array(f).T
                cost += h[:, 0] * np.array(L).ravel()
        return x, u, T, cost

    def judged(self, x, u, T, cost):
        """(squares of what is missed and exceeded in scales (N,), cost (N,)); large and 0 for what diverges."""
        problem, scale = self.job.problem, self.job.scales[0]
        lo, hi = problem.ends[1]
        with np.errstate(all="ignore"):
            beyond = np.maximum(problem.x_bounds[0] - x, x - problem.x_bounds[1]) / scale
            miss = np.maximum(np.maximum(lo - x[-1], x[-1] - hi), 0) / scale
            score = (miss**2).sum(axis=1) + np.maximum(beyond, 0).max(axis=(0, 2)) ** 2 + self._broken(x, u, T)
        whole = np.isfinite(x).all(axis=2).mean(axis=0)
        good = np.isfinite(score) & np.isfinite(cost)
        return np.where(good, score, DIVERGED * (2 - whole)), np.where(good, cost, 0.0)

    def _broken(self, x, u, T):
        """(N,) squares of the largest violation of the named path constraints, over their size."""
        rows = self.job.traced.rows["path"]
        if not rows:
            return 0.0
        P, N, _ = x.shape
        t = (np.linspace(0, 1, P)[:, None] * T).reshape(1, -1)
        p = np.tile(self.p[:, None], (1, P * N))
        g = np.array(self.job.traced.gains.map(P * N)(t, x.reshape(P * N, -1).T, u.reshape(P * N, -1).T, p)[0])
        lo, hi = self.job.row_limits("path")
        size = np.maximum(1.0, np.where(np.isfinite(lo), abs(lo), np.where(np.isfinite(hi), abs(hi), 1.0)))[:, None]
        beyond = np.maximum(np.maximum(lo[:, None] - g, g - hi[:, None]) / size, 0).max(axis=0)
        return beyond.reshape(P, N).max(axis=0) ** 2
