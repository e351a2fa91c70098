"""The loop around a method: ask, evaluate, keep, answer. A search is the replay of its journal, and then the rest.

search(problem, method, task, journal, progress)
"""

import numpy as np

from robocalc.errors import InvalidInput
from sims.tune.methods import METHODS
from sims.tune.methods.protocol import Answer


def search(problem, method, task, journal, progress=None):
    """All evaluations of a method, at most task.budget, in journal.answers.

    raises    InvalidInput: the journal does not agree with the method (another version wrote it)
    """
    tell, known, count = progress or (lambda share, what: None), list(journal.answers), 0
    run = METHODS[method](task)
    try:
        ask = next(run)
        while count < task.budget:
            points = ask.points[: task.budget - count]
            old = [_agreed(x, known[count + i]) for i, x in enumerate(points) if count + i < len(known)]
            new = problem.evaluate_all(points[len(old) :], ask.slopes)
            for x, found in zip(points[len(old) :], new, strict=True):
                journal.add(x, found)
            count += len(points)
            tell(count / task.budget, f"{method}: best {best(journal.answers)[1].cost:.6g}")
            if len(points) < len(ask.points):
                return
            ask = run.send([Answer(e.cost, e.gradient, e.curvature, e.goals) for e in (*old, *new)])
    except StopIteration:
        return


def _agreed(x, known):
    at, found = known
    if not np.array_equal(at, x):
        raise InvalidInput("the journal was written by another version of the method: start anew with another --out")
    return found


def best(answers):
    """(x, Evaluation) of least cost, the first of equals."""
    return min(answers, key=lambda item: item[1].cost)
