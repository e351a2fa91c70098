"""Optuna's samplers: TPE for choices and mixed spaces, NSGA-II for fronts over several objectives.

The sampler sees an Optuna study in memory, told the same answers in the same order; its draws are seeded, so a search
that is taken up again draws the same points. Package: optuna.
"""

import numpy as np

from robocalc.errors import InvalidInput
from sims.tune.methods.protocol import Ask

POPULATION = 24


def optuna():
    """The package, quiet; raises InvalidInput where it is missing."""
    try:
        import optuna as package
    except ImportError:
        raise InvalidInput("this needs the package optuna: pip install 'robocalc[tune]'") from None
    package.logging.set_verbosity(package.logging.ERROR)
    return package


def tpe(task):
    sampler = optuna().samplers.TPESampler(seed=task.seed % 2**32, multivariate=True, n_startup_trials=10)
    yield from _sampled(task, sampler, 1, 1)


def nsga2(task):
    size = int(min(POPULATION, max(4, task.budget // 4)))
    sampler = optuna().samplers.NSGAIISampler(seed=task.seed % 2**32, population_size=size)
    yield from _sampled(task, sampler, max(1, task.goals), size)


def _sampled(task, sampler, goals, batch):
    import warnings

    package = optuna()
    dist = package.distributions
    space = {
        f"x{i}": dist.FloatDistribution(0.0, 1.0) if not c else dist.CategoricalDistribution(list(range(int(c))))
        for i, c in enumerate(task.choices)
    }
    study = package.create_study(sampler=sampler, directions=["minimize"] * goals)
    for x in task.starts[: max(1, task.budget // 4)]:
        study.enqueue_trial({f"x{i}": _told(u, c) for i, (u, c) in enumerate(zip(x, task.choices, strict=True))})
    left = task.budget
    while left > 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trials = [study.ask(space) for _ in range(min(batch, left))]
            points = [_point(trial.params, task.choices) for trial in trials]
        answers = yield Ask(points)
        left -= len(answers)
        for trial, answer in zip(trials, answers, strict=True):
            values = list(answer.costs) if goals > 1 else [answer.cost]
            study.tell(trial, values)


def _told(u, choices):
    return float(u) if not choices else min(int(u * choices), int(choices) - 1)


def _point(params, choices):
    x = [params[f"x{i}"] for i in range(len(choices))]
    return np.array([(v + 0.5) / c if c else v for v, c in zip(x, choices, strict=True)], float)
