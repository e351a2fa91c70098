"""Problems that cannot be done: the constraint to blame comes first, with what is missing and when."""

import numpy as np
import pytest

from robocalc.dynamics import load, systems
from robocalc.errors import Infeasible
from robocalc.optimize import Problem, Status, solve
from tests.optimize.published import block

pytest.importorskip("casadi")
MOVE = dict(dynamics=block, nx=2, nu=1, duration=1.0, initial=[0, 0], final=[1, 0], running=lambda t, x, u: u[0] ** 2)
PUSH = dict(running=lambda t, x, u: u @ u)


def gate(t, x, u):
    """Position at t = 0.4 s, and ever less of it before and after."""
    return x[0] + 20 * (t - 0.4) ** 2


# {what is wrong: (Problem, constraint to blame, amount or None, earliest and latest time)}
CASES = {
    "too weak: 4 m/s² are needed": (Problem(**MOVE, input_bounds=(-3, 3)), "bound of u[0]", 1.0, (0, 1)),
    "too slow: 2 m/s at 2 m/s² and more": (
        Problem(**MOVE, state_bounds=([None, -0.8], [None, 0.8])),
        "bound of x[1]",
        None,
        (0, 1),
    ),
    "wall before the goal": (
        Problem(
            **MOVE, constraints={"soft": (lambda t, x, u: u[0], -60, 60), "wall": (lambda t, x, u: x[0], None, 0.5)}
        ),
        "wall",
        0.5,
        (0.95, 1),
    ),
    "two ends at odds": (
        Problem(**MOVE, constraints={"landing": (lambda t, x, u: x[1], 0.5, None, "final")}),
        "landing",
        0.5,
        (1, 1),
    ),
    "gate too early": (
        Problem(
            **MOVE,
            constraints={"pull": (lambda t, x, u: x[1] - u[0], -40, 40), "gate": (gate, 0.85, None)},
            input_bounds=(-7, 7),
        ),
        "gate",
        None,
        (0.3, 0.5),
    ),
    "pendulum: torque for half a second": (
        Problem(systems.pendulum(), duration=0.5, initial=[0, 0], final=[np.pi, 0], input_bounds=(-5, 5), **PUSH),
        "bound of torque",
        None,
        (0, 0.5),
    ),
    "state that nothing moves": (
        Problem(lambda t, x, u: [u[0], 0 * x[1]], 2, 1, duration=1.0, initial=[0, 0], final=[1, 1]),
        "final x[1]",
        1.0,
        (1, 1),
    ),
    "robot: joint speed": (
        Problem(
            load("two_link"),
            duration=0.5,
            initial=[0, 0, 0, 0],
            final=[1.5, -0.5, 0, 0],
            state_bounds=([-4, -4, -2, -20], [4, 4, 2, 20]),
            input_bounds=(-1000, 1000),
            **PUSH,
        ),
        "velocity limit of shoulder",
        None,
        (0, 0.5),
    ),
    "shortest time longer than allowed": (
        Problem(
            block,
            2,
            1,
            duration=(0.1, 1.0),
            initial=[0, 0],
            final=[1, 0],
            terminal=lambda T, x: T,
            input_bounds=(-3, 3),
        ),
        "bound of u[0]",
        1.0,
        (0, 1),
    ),
    "no way past the obstacle": (
        Problem(
            lambda t, x, u: [u[0], u[1]],
            2,
            2,
            duration=1.0,
            initial=[0, 0],
            final=[1, 0],
            state_bounds=([None, -0.3], [None, 0.3]),
            input_bounds=(-3, 3),
            constraints={"obstacle": (lambda t, x, u: (x[0] - 0.5) ** 2 + x[1] ** 2, 0.16, None)},
            guess=(np.array([[0, 0], [0.5, 0.2], [1, 0]]), np.ones((3, 2))),
            **PUSH,
        ),
        "obstacle",
        None,
        (0.2, 0.8),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_guilty_constraint_comes_first_with_its_time(name):
    problem, constraint, amount, (early, late) = CASES[name]
    plan = solve(problem)
    assert plan.status is Status.INFEASIBLE
    worst = plan.violations[0]
    assert worst.constraint == constraint
    assert early - 1e-9 <= worst.time <= late + 1e-9
    if amount is not None:
        assert worst.amount == pytest.approx(amount, rel=0.02)
    with pytest.raises(Infeasible, match=constraint.replace("[", r"\[").replace("]", r"\]")):
        plan.raise_for_status()


def test_more_of_what_was_missing_makes_it_feasible():
    plan = solve(CASES["too weak: 4 m/s² are needed"][0])
    enough = 3 + plan.violations[0].amount + 0.01
    assert solve(Problem(**MOVE, input_bounds=(-enough, enough))).solved


def test_sentences_name_what_how_much_and_when():
    plan = solve(CASES["wall before the goal"][0])
    assert str(plan.violations[0]).startswith("wall exceeded by 0.5 at t = ")
    plan = solve(CASES["state that nothing moves"][0])
    assert str(plan.violations[0]) == "final x[1]: missed by 1"
