"""Every method of search: finds a known minimum, keeps its budget and the cube, and is a replay of its own answers."""

import numpy as np
import pytest

from sims.tune.methods import METHODS, choose
from sims.tune.methods.protocol import Answer, Task

P = 4
LOW = np.array([0.3, 0.62, 0.45, 1.0])  # the minimum of the cost below; the last one is at a bound
D = np.diag([1.0, 4.0, 20.0, 1.0])
TURN = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
A = np.block([[TURN @ D[:3, :3] @ TURN.T, np.zeros((3, 1))], [np.zeros((1, 3)), D[3:, 3:]]])


def cost(x):
    """Convex, not quadratic; grows towards the inside along the last axis."""
    d = x - LOW
    q = d @ A @ d
    return q + q * q + 0.3 * (1 - x[3])


def answer(x, slopes):
    d = x - LOW
    q, g = d @ A @ d, 2 * A @ (x - LOW)
    gradient = (1 + 2 * q) * g - 0.3 * np.eye(P)[3]
    return (
        Answer(cost(x), gradient, 2 * A + 4 * q * A, (cost(x), 1 - cost(x)))
        if slopes
        else Answer(cost(x), costs=(cost(x), x[0]))
    )


def task(budget, choices=0, goals=1):
    kinds = np.zeros(P, int)
    kinds[-1] = choices
    return Task(np.full((1, P), 0.2), budget, 7, np.array([0, 0, 1, 1]), kinds, goals)


def drive(name, task, known=()):
    """[(x, answer)] of a whole search; the first are given from `known` where there are."""
    run, found = METHODS[name](task), []
    try:
        ask = next(run)
        while len(found) < task.budget:
            answers = []
            for x in ask.points:
                k = len(found)
                if k < len(known):
                    assert np.array_equal(known[k][0], x)
                found.append((x, known[k][1] if k < len(known) else answer(x, ask.slopes)))
                answers.append(found[-1][1])
            ask = run.send(answers)
    except StopIteration:
        pass
    return found


REACHED = {
    "gauss_newton": 1e-9,
    "lbfgs": 1e-4,
    "nelder_mead": 1e-3,
    "pattern": 1e-3,
    "cma": 1e-2,
    "tpe": 0.3,
    "nsga2": 0.5,
}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_comes_to_the_minimum_within_its_budget(name):
    budget = 60 if name == "gauss_newton" else 100 if name in ("tpe", "nsga2") else 400
    found = drive(name, task(budget))
    assert len(found) <= budget
    points = np.array([x for x, _ in found])
    assert points.min() >= 0
    assert points.max() <= 1
    assert min(a.cost for _, a in found) <= REACHED[name]


@pytest.mark.parametrize("name", METHODS)
def test_a_search_taken_up_again_is_the_uninterrupted_one(name):
    whole = drive(name, task(60))
    again = drive(name, task(60), known=whole[:23])
    assert len(whole) == len(again)
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(whole, again))


@pytest.mark.parametrize("name", METHODS)
def test_points_that_diverge_do_not_stop_a_search(name):
    run, count = METHODS[name](task(30)), 0
    try:
        ask = next(run)
        while count < 30:
            count += len(ask.points)
            ask = run.send([Answer(1e6, costs=(1e6, 1e6)) for _ in ask.points])
    except StopIteration:
        pass
    assert count >= 5


def test_tpe_finds_the_right_choice():
    run, best = METHODS["tpe"](task(60, choices=3)), (np.inf, None)
    ask = next(run)
    for _ in range(60):
        (x,) = ask.points
        value = cost(x * [1, 1, 1, 0] + [0, 0, 0, 1]) + abs(int(x[3] * 3) - 1)  # the middle of three is right
        best = min(best, (value, int(x[3] * 3)))
        try:
            ask = run.send([Answer(value)])
        except StopIteration:
            break
    assert best[1] == 1


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ({"choices": 0, "goals": 1, "smooth": True}, "gauss_newton"),
        ({"choices": 1, "goals": 1, "smooth": True}, "tpe"),
        ({"choices": 0, "goals": 2, "smooth": True}, "nsga2"),
        ({"choices": 0, "goals": 1, "smooth": False}, "nelder_mead"),
    ],
)
def test_the_method_fits_the_problem_and_says_why(words, name):
    chosen, why = choose(14, 200, **words)
    assert chosen == name
    assert len(why.split()) > 4
    assert choose(4, 1000, choices=0, goals=1, smooth=False)[0] == "cma"
