"""What a method is: a generator that asks for points and is sent their answers. Points are (P,) in [0, 1].

    Ask      points to look at, and whether their slopes are wanted
    Answer   cost of one point; gradient and curvature if asked for
    Task     what a method is told before it starts

A method is a deterministic function of its task and of all answers so far, random draws included (its own seeded
generator). So the journal of answers is the whole state of a search: fed with it again, a method goes on where it was,
bit for bit. A cost is finite or inf; a point whose gradient is None has none (the run diverged).
"""

from typing import Any, NamedTuple

import numpy as np


class Ask(NamedTuple):
    points: list
    slopes: bool = False


class Answer(NamedTuple):
    cost: float
    gradient: np.ndarray | None = None
    curvature: np.ndarray | None = None
    costs: tuple = ()  # one an objective, for methods that look for a front


class Task(NamedTuple):
    """P numbers in the unit cube.

    starts   (S, P) points worth trying first, the best guess first
    budget   evaluations of one point
    seed     of all draws
    groups   (P,) int: numbers of one kind (all kp, all kd) share a group
    choices  (P,) int: 0 for a number, else how many choices there are
    goals    number of objectives
    """

    starts: np.ndarray
    budget: int
    seed: int
    groups: np.ndarray
    choices: np.ndarray
    goals: int = 1
    options: dict[str, Any] = {}  # noqa: RUF012

    @property
    def P(self) -> int:  # noqa: N802
        return self.starts.shape[1]


def inside(x):
    """The nearest point of the unit cube."""
    return np.clip(x, 0.0, 1.0)
