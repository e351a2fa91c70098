"""Trade-offs and homotopy: fronts that a closed form gives, and answers that do not depend on the way to them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load, systems
from robocalc.errors import InvalidInput, UnknownName
from robocalc.optimize import Problem, costs, pareto, solve
from tests.optimize.published import block, move

pytest.importorskip("casadi")


def free():
    return Problem(block, 2, 1, duration=(0.1, 20), initial=[0, 0], final=[1, 0], running={"effort": 1.0, "time": 1.0})


def test_front_of_time_and_effort_is_the_known_one():
    """1 m from rest to rest in T costs 12 / T³."""
    front = pareto(free(), weights=5)
    assert front.objectives == ("effort", "time")
    effort, time = front.costs.T
    assert_allclose(effort, 12 / time**3, rtol=1e-5)
    assert_allclose(time, (36 * front.weights[:, 0] / front.weights[:, 1]) ** 0.25, rtol=1e-4)
    assert front.best.all()
    assert len(front) == len(front.rows()) == 5
    assert front.rows()[0]["costs"]["time"] == time[0]
    assert "effort" in str(front)


def test_a_row_that_another_beats_is_marked():
    """Weighting the same thing twice: all rows cost the same, none beats another; a worse plan is beaten."""
    from robocalc.optimize.front import _best

    best = _best(np.array([[1.0, 2.0], [2.0, 1.0], [2.0, 2.0], [1.0, 2.0]]), np.array([True, True, True, False]))
    assert best.tolist() == [True, True, False, False]


def test_objectives_may_be_functions_and_weights_ones_own():
    parts = {"push": lambda t, x, u: u[0] ** 2, "speed": lambda t, x, u: x[1] ** 2}
    front = pareto(replace(move(), running=None), parts, weights=[[1.0, 0.0], [1.0, 50.0]])
    assert front.costs[0, 0] == pytest.approx(12.0, rel=1e-7)
    assert front.costs[0, 1] == pytest.approx(6 / 5, rel=1e-7)  # ∫ (6 t - 6 t²)²
    assert front.costs[1, 0] > 12.0
    assert front.costs[1, 1] < 6 / 5
    assert costs(move(), front.plans[0], {"push": parts["push"]})["push"] == pytest.approx(12.0)


def test_three_objectives_of_a_robot_and_rates():
    robot = load("two_link")
    problem = Problem(robot, duration=1.0, initial=[-1.2, 0, 0, 0], final=[-0.8, 0.5, 0, 0])
    front = pareto(problem, ("effort", "torque_change"), weights=2, nodes=20, tol=1e-4)
    assert front.best.all()
    assert front.costs[0, 0] <= front.costs[1, 0]
    assert front.costs[1, 1] <= front.costs[0, 1]


def test_bad_trade_offs_are_refused():
    for options, message in (
        (dict(weights=[[1, 2, 3]]), "rows of 2"),
        (dict(weights=[[1, -2]]), "at least 0"),
        (dict(weights=0), "weights must be a whole number"),
        (dict(objectives=3), "objectives must be names"),
    ):
        with pytest.raises(InvalidInput, match=message):
            pareto(free(), **options)
    with pytest.raises(UnknownName, match="did you mean 'effort'"):
        pareto(free(), ("efort", "time"))
    with pytest.raises(InvalidInput, match="problem must be a Problem"):
        pareto(3)


def pendulum():
    return Problem(
        lambda t, x, u, p: [x[1], u[0] - p["gravity"] * np.sin(x[0])],
        2,
        1,
        duration=5.0,
        initial=[0, 0],
        final=[np.pi, 0],
        input_bounds=(-5, 5),
        running="effort",
        parameters={"gravity": 9.81},
    )


def test_homotopy_ends_at_the_problem_that_is_meant():
    for homotopy in (
        {"gravity": 0.0},
        lambda s: replace(pendulum(), parameters={"gravity": 9.81 * s}),
        "mesh",
        "bounds",
    ):
        plan = solve(pendulum(), homotopy=homotopy)
        assert plan.solved, plan.violations
        assert plan.parameters["gravity"] == 9.81
        assert_allclose(plan.states(5.0), [np.pi, 0], atol=1e-7)
        assert np.abs(plan.inputs(np.linspace(0, 5, 501))).max() <= 5 + 1e-6
        assert plan.notes[-1].startswith("homotopy: ")
        assert plan.notes[-1].endswith("s = 1")
        again = solve(replace(pendulum(), guess=plan))  # it is a minimum of the problem itself
        assert again.cost == pytest.approx(plan.cost, rel=1e-5)


def test_bad_homotopies_are_refused():
    for homotopy, message in (
        ("gravity", "homotopy must be"),
        ({"mass": 1.0}, "no fixed parameter has this name"),
        ({"gravity": "none"}, "must be a finite number"),
        (lambda s: 3, "it returned 3"),
    ):
        with pytest.raises(InvalidInput, match=message):
            solve(pendulum(), homotopy=homotopy)
    with pytest.raises(InvalidInput, match="needs input_bounds that are finite"):
        solve(Problem(systems.pendulum(), duration=1.0, initial=[0, 0], running="effort"), homotopy="bounds")
