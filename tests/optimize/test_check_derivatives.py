"""The check of derivatives: agrees where they are right, names the entry where the numbers say something else."""

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.dynamics.systems import SYSTEMS
from robocalc.errors import InvalidInput
from robocalc.optimize import OBJECTIVES, Problem, check_derivatives
from tests.optimize.published import PUBLISHED, block, swing_up
from tests.optimize.test_derivatives import everything

pytest.importorskip("casadi")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_problems_are_exact(name):
    check = check_derivatives(PUBLISHED[name][0])
    assert check.ok, str(check)


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems_are_exact(name):
    check = check_derivatives(Problem(SYSTEMS[name](), duration=1.0))
    assert check.ok, str(check)
    assert check.entries


@pytest.mark.parametrize("name", OBJECTIVES)
def test_robots_and_objectives_are_exact(name):
    robot = load("two_link")
    problem = Problem(robot, duration=1.0, initial=[0] * 4, final=[1, 0.5, 0, 0], running=name)
    check = check_derivatives(problem)
    assert check.ok, str(check)
    assert any(e.part == "running cost" for e in check.entries) == (name != "time")


def test_every_part_is_there_by_complex_step():
    check = check_derivatives(everything())
    assert check.ok
    assert check.worst.error < 1e-12
    assert all(e.complex_step for e in check.entries)
    parts = {e.part for e in check.entries}
    assert {"running cost", "terminal cost", "along[0]", "along[1]", "first", "last", "rate of x[3]"} <= parts
    assert any(e.variable == "parameter a" for e in check.entries)


def test_a_function_that_tells_numbers_something_else_is_caught():
    """A sign that depends on whether it is called with numbers: what a wrong branch on types does."""

    def wrong(t, x, u):
        sign = -1.0 if isinstance(x[0], float | complex | np.number) else 1.0
        return [x[1], u[0] + sign * x[0] ** 2]

    check = check_derivatives(Problem(wrong, 2, 1, duration=1.0, initial=[0, 0], final=[1, 0]))
    assert not check.ok
    assert (check.worst.part, check.worst.variable) == ("rate of x[1]", "x[0]")
    assert "d(rate of x[1])/d(x[0])" in str(check)
    assert "do not agree" in str(check)


def test_same_seed_same_points():
    assert check_derivatives(swing_up(), seed=3) == check_derivatives(swing_up(), seed=3)


def test_bad_requests_are_refused():
    with pytest.raises(InvalidInput, match="problem must be a Problem"):
        check_derivatives(3)
    with pytest.raises(InvalidInput, match="points must be a whole number"):
        check_derivatives(Problem(block, 2, 1, duration=1.0), points=0)
