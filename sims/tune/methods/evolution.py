"""CMA-ES: samples whose covariance learns the landscape; for costs that are rough, or known by runs alone.

Restarts with a population twice as large (IPOP) when a run has converged, from the best and then from drawn points.
Source: Hansen (2016), The CMA Evolution Strategy: A Tutorial; Auger & Hansen (2005) for IPOP. Package: cmaes.
"""

import numpy as np

from robocalc.errors import InvalidInput
from sims.tune.methods.protocol import Ask, inside

WIDTH = 0.15  # of a range: first standard deviation


def cma(task):
    try:
        from cmaes import CMA
    except ImportError:
        raise InvalidInput("method cma needs the package cmaes: pip install 'robocalc[tune]'") from None
    rng, left, size = np.random.default_rng(task.seed), task.budget, None
    answers = yield Ask(list(task.starts[: max(1, left // 4)]))
    left -= len(answers)
    best = int(np.argmin([a.cost for a in answers]))
    x, cost = np.array(task.starts[best]), answers[best].cost
    bounds, runs = np.tile([0.0, 1.0], (task.P, 1)), 0
    while left > 0:
        mean = np.clip(x if runs % 2 == 0 else rng.uniform(0.1, 0.9, task.P), 0.02, 0.98)
        seed = int(rng.integers(1, 2**31))
        if task.P == 1:  # cmaes wants two dimensions: the second is ours, and means nothing
            sampler = CMA(np.append(mean, 0.5), WIDTH, np.tile([0.0, 1.0], (2, 1)), seed=seed, population_size=size)
        else:
            sampler = CMA(mean, WIDTH, bounds, seed=seed, population_size=size)
        runs += 1
        while left > 0 and not sampler.should_stop():
            asked = [sampler.ask() for _ in range(sampler.population_size)]
            points = [inside(y[: task.P]) for y in asked][:left]
            answers = yield Ask(points)
            left -= len(answers)
            for y, answer in zip(points, answers, strict=True):
                if answer.cost < cost:
                    x, cost = y, answer.cost
            if len(answers) == len(asked):
                sampler.tell([(y, a.cost) for y, a in zip(asked, answers, strict=True)])
        size = 2 * sampler.population_size
