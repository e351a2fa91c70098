"""Answers against published optima and closed forms, by default settings."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.optimize import METHODS, Status, solve
from tests.optimize.published import PUBLISHED, bryson_denham, goddard, move, swing_up

pytest.importorskip("casadi")
REFERENCE = 58.807641  # Kelly's cart-pole, which he rounds to 58.81: Radau at tol 1e-9


@pytest.mark.parametrize("name", PUBLISHED)
def test_default_settings_reach_the_published_cost(name):
    problem, cost = PUBLISHED[name]
    plan = solve(problem)
    assert plan.solved, plan.violations
    assert plan.cost == pytest.approx(cost, rel=1e-5)


def test_kelly_swing_up_costs_what_he_found():
    plan = solve(swing_up())
    assert plan.solved
    assert plan.cost == pytest.approx(58.81, abs=0.005)
    assert plan.cost == pytest.approx(solve(swing_up(), "radau", tol=1e-8).cost, rel=1e-5)


def test_goddard_rocket_rises_as_high_as_in_the_cops_collection():
    assert -solve(goddard()).cost == pytest.approx(1.01283, abs=1e-5)


def test_block_moves_on_the_known_parabola():
    plan = solve(move())
    t = np.linspace(0, 1, 101)
    assert_allclose(plan.inputs(t)[:, 0], 6 - 12 * t, atol=1e-6)
    assert_allclose(plan.states(t)[:, 0], 3 * t**2 - 2 * t**3, atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_error_of_the_cost_shrinks_with_the_mesh(method):
    error = [abs(solve(swing_up(), method, nodes=k, refine=False).cost - REFERENCE) for k in (20, 40)]
    assert error[1] < error[0] / 3


def test_state_bound_holds_between_the_knots_too():
    plan = solve(bryson_denham(1 / 9))
    x = plan.states(np.linspace(0, 1, 5001))[:, 0]
    assert x.max() <= 1 / 9 + 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_inputs_simulated_by_scipy_end_where_the_plan_says(method):
    from scipy.integrate import solve_ivp

    from tests.optimize.published import kelly_cart_pole

    plan = solve(swing_up(), method)
    y = np.zeros(4)
    for a, b in zip(plan.mesh[:-1], plan.mesh[1:], strict=True):  # inputs are smooth between knots

        def rate(t, y, a=a, b=b):
            return kelly_cart_pole(t, y, plan.inputs(np.clip(t, a, b - 1e-12)))

        y = solve_ivp(rate, (a, b), y, rtol=1e-10, atol=1e-10).y[:, -1]
    distance = np.abs(y - [1, np.pi, 0, 0]).max()
    assert distance <= 1.2 * plan.error["simulated"] + 1e-8
    if plan.status is Status.SOLVED:
        assert distance < 2e-2


def test_inputs_that_do_not_settle_are_solved_by_radau():
    """Between Hermite-Simpson's points a chain may fold up, and gain by it; not between Radau's."""
    plan = solve(PUBLISHED["catenary"][0])
    assert plan.solved
    assert plan.notes == ("solved by radau: inputs at the midpoints of Hermite-Simpson did not settle",)
