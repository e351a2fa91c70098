"""Multipliers are sensitivities of the cost, conflicts are enough, statuses say whose fault it is."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import systems
from robocalc.errors import EngineUnavailable, InvalidInput
from robocalc.optimize import Problem, Status, solve
from tests.optimize.published import block, bryson_denham, move

pytest.importorskip("casadi")


def test_multipliers_of_the_ends_are_the_slopes_of_the_optimum():
    """12 (x₁ - x₀)² - 12 (x₁ - x₀)(v₀ + v₁) + 4 (v₀² + v₀ v₁ + v₁²) for 1 s."""
    m = solve(move()).multipliers
    slopes = {"initial x[0]": -24, "initial x[1]": -12, "final x[0]": 24, "final x[1]": -12}
    assert set(m) == set(slopes)
    for name, slope in slopes.items():
        assert_allclose(m[name].value, [-slope], rtol=1e-6)
        assert not m[name].path


@pytest.mark.parametrize("method", ["hermite_simpson", "trapezoidal", "radau"])
def test_multiplier_of_a_state_bound_is_the_slope_of_the_optimum(method):
    """Bryson-Denham, 4 / (9 l): slope -4 / (9 l²), gathered where the bound is touched."""
    l = 1 / 9
    m = solve(bryson_denham(l), method, nodes=100, refine=False).multipliers["bound of x[0]"]
    assert m.total == pytest.approx(4 / (9 * l**2), rel=5e-3)
    assert m.weight.sum() == pytest.approx(1.0, abs=0.02)
    assert m.value.min() > -1e-3 * m.value.max()  # it presses from one side
    off = (m.t < 3 * l - 0.03) | (m.t > 1 - 3 * l + 0.03)
    assert np.abs(m.value[off]).max() < 1e-3 * m.value.max()


def test_multiplier_of_a_named_constraint_is_the_slope_of_the_optimum():
    limit = lambda c: Problem(  # noqa: E731
        block,
        2,
        1,
        duration=1.0,
        initial=[0, 0],
        final=[1, 0],
        running=lambda t, x, u: u[0] ** 2,
        constraints={"speed": (lambda t, x, u: x[1], None, c)},
    )
    plan = solve(limit(1.3))
    m = plan.multipliers["speed"]
    slope = (solve(limit(1.301)).cost - solve(limit(1.299)).cost) / 2e-3
    assert m.total == pytest.approx(-slope, rel=1e-3)


def test_multipliers_are_plotted(tmp_path):
    plan = solve(bryson_denham(1 / 9))
    figure = plan.plot_multipliers(tmp_path / "m.png")
    assert (tmp_path / "m.png").stat().st_size > 1000
    assert figure.axes[0].get_title(loc="left") == "bound of x[0]"
    with pytest.raises(InvalidInput, match="no multipliers to plot"):
        solve(move(), max_iterations=1, nodes=3, starts=1, refine=False).__class__(None).plot_multipliers()


def test_without_matplotlib_one_sentence_says_what_to_install(monkeypatch):
    plan = solve(bryson_denham(1 / 9))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(EngineUnavailable, match="pip install matplotlib"):
        plan.plot_multipliers()


def weak(reach=1.0, goal=1.0, T=1.0, u=3.0):
    return Problem(
        block, 2, 1, duration=T, initial=[0, 0], final=[goal, 0], running="effort", input_bounds=(-u * reach, u * reach)
    )


def test_each_conflict_is_enough_by_itself():
    """4 m/s² are needed, 3 are there: more push, a nearer goal, or more time would do."""
    plan = solve(weak())
    amounts = {c.constraint: c.amount for c in plan.conflicts}
    assert amounts["bound of u[0]"] == pytest.approx(1.0, rel=1e-3)
    assert amounts["final x[0]"] == pytest.approx(0.25, rel=1e-3)
    assert amounts["duration"] == pytest.approx(np.sqrt(4 / 3) - 1, rel=1e-3)
    more = 1.001
    assert solve(weak(u=3 + more * amounts["bound of u[0]"])).solved
    assert solve(weak(goal=1 - more * amounts["final x[0]"])).solved
    assert solve(weak(T=1 + more * amounts["duration"])).solved
    assert "instead could give way: duration by 0.1547 s, or final x[0] by 0.25" in str(plan.violations[0])


def test_constraints_of_several_values_give_way_together():
    problem = Problem(
        lambda t, x, u: [u[0], u[1]],
        2,
        2,
        duration=1.0,
        initial=[0, 0],
        final=[1, 1],
        running="effort",
        constraints={"slow": (lambda t, x, u: [u[0], u[1]], -0.5, 0.5)},
    )
    plan = solve(problem)
    assert plan.status is Status.INFEASIBLE
    assert plan.violations[0].constraint == "slow"
    assert plan.violations[0].amount == pytest.approx(0.5, rel=1e-3)


def test_a_guess_that_leads_nowhere_is_not_an_infeasible_problem():
    problem = Problem(
        systems.pendulum(), duration=5.0, initial=[0, 0], final=[np.pi, 0], input_bounds=(-3, 3), running="effort"
    )
    alone = solve(problem, starts=1, max_iterations=300, refine=False)
    if not alone.solved:
        assert alone.status is Status.BAD_START
        assert str(alone.violations[0]).startswith("guess: leads to no motion, though all constraints can be met")
    assert solve(problem, starts=4, refine=False).solved


def test_several_starts_say_why():
    swing = Problem(
        systems.pendulum(), duration=5.0, initial=[0, 0], final=[np.pi, 0], input_bounds=(-3, 3), running="effort"
    )
    plan = solve(swing, refine=False)
    assert len(plan.starts) == 8
    assert plan.notes[0].startswith("8 starts: the system cannot stand still")
    assert plan.spread >= 0
    assert solve(move()).notes == ()
    around = Problem(
        lambda t, x, u: [u[0], u[1]],
        2,
        2,
        duration=1.0,
        initial=[0, 0],
        final=[1, 0.1],
        running="effort",
        constraints={"post": (lambda t, x, u: (x[0] - 0.5) ** 2 + x[1] ** 2, 0.04, None)},
    )
    plan = solve(around, refine=False)
    assert plan.solved
    assert plan.notes[0] == "8 starts: constraint 'post' leaves a region that is not convex"
    inside = Problem(
        lambda t, x, u: [x[1], u[0] - x[0] ** 3], 2, 1, duration=1.0, initial=[0, 0], final=[1, 0], running="effort"
    )
    assert len(solve(inside, refine=False).starts) == 1
