"""Built-in costs: derivatives against differences over the registry, and optima that a closed form gives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load
from robocalc.errors import InvalidInput, UnknownName
from robocalc.optimize import OBJECTIVES, Problem, solve
from robocalc.optimize.objectives import gradient
from tests.optimize.published import block

pytest.importorskip("casadi")


@pytest.mark.parametrize("robot", ["two_link", "panda"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradient_is_the_derivative_of_the_cost(name, robot):
    problem = Problem(load(robot), duration=1.0)
    n = problem.nu
    at = np.random.default_rng(0).uniform(-1, 1, 4 * n)
    split = lambda z: (z[: 2 * n], z[2 * n : 3 * n], z[3 * n :])  # noqa: E731
    e = 6e-6 * np.eye(4 * n)  # about eps^(1/3)
    numeric = [
        (gradient(problem, name, *split(at + d))[0] - gradient(problem, name, *split(at - d))[0]) / 12e-6 for d in e
    ]
    exact = np.concatenate(gradient(problem, name, *split(at))[1:])
    assert_allclose(exact, numeric, rtol=1e-6, atol=1e-7 * max(1.0, np.abs(exact).max()))


def test_torque_change_moves_a_block_on_the_minimum_jerk_parabola():
    """1 kg, rest to rest with no force at the ends: minimum ∫ u̇² is minimum jerk, cost 720 for 1 m in 1 s."""
    problem = Problem(
        block,
        2,
        1,
        duration=1.0,
        initial=[0, 0],
        final=[1, 0],
        running="torque_change",
        constraints={
            "no force at first": (lambda t, x, u: u[0], 0, 0, "initial"),
            "no force at last": (lambda t, x, u: u[0], 0, 0, "final"),
        },
    )
    plan = solve(problem)
    assert plan.cost == pytest.approx(720, rel=1e-6)
    t = np.linspace(0, 1, 51)
    assert_allclose(plan.states(t)[:, 0], 10 * t**3 - 15 * t**4 + 6 * t**5, atol=1e-6)
    assert_allclose(plan.inputs(t)[:, 0], 60 * t - 180 * t**2 + 120 * t**3, atol=1e-4)


def test_minimum_jerk_of_a_robot_is_the_quintic_whatever_its_masses():
    robot = load("two_link")
    rest = {
        f"{name} {k}": (lambda t, x, u, k=k: _acceleration(robot, x, u)[k], 0, 0, name)
        for name in ("initial", "final")
        for k in range(2)
    }
    problem = Problem(
        robot,
        duration=1.0,
        initial=[0, 0, 0, 0],
        final=[1, -0.5, 0, 0],
        running="jerk",
        constraints=rest,
        input_bounds=(-1e3, 1e3),
        state_bounds=(-100, 100),
    )
    plan = solve(problem)
    assert plan.solved, plan.violations
    assert plan.cost == pytest.approx(720 * (1 + 0.25), rel=1e-5)
    t = np.linspace(0, 1, 51)
    s = 10 * t**3 - 15 * t**4 + 6 * t**5
    assert_allclose(plan.trajectory(t), np.outer(s, [1, -0.5]), atol=1e-5)


def _acceleration(robot, x, u):
    from robocalc.optimize.rigid import rates

    return rates(robot, x, u)[robot.n :]


def test_energy_with_regeneration_is_what_the_robot_gains():
    robot = load("two_link")
    problem = Problem(
        robot,
        duration=1.0,
        initial=[0.2, 0, 0, 0],
        final=[1, 0.5, 0, 0],
        running={"energy_regenerated": 1, "effort": 0.3},
        input_bounds=(-40, 40),
    )
    plan = solve(problem)
    assert plan.solved
    gain = plan.cost - 0.3 * np.trapezoid((plan.inputs(np.linspace(0, 1, 4001)) ** 2).sum(axis=1), dx=1 / 4000)
    t = np.linspace(0, 1, 4001)
    q = plan.trajectory(t)
    work = sum(np.trapezoid(robot.gravity(q)[:, i], q[:, i]) for i in range(2))  # ∫ g(q) dq: potential energy
    assert gain == pytest.approx(work, abs=2e-3 * max(1, abs(work)))


def test_weights_trade_time_for_effort():
    problem = lambda w: Problem(  # noqa: E731
        block, 2, 1, duration=(0.1, 20), initial=[0, 0], final=[1, 0], running={"effort": 1.0, "time": w}
    )
    for w in (1.0, 36.0):  # 12 / T³ + w T is least at T⁴ = 36 / w
        assert solve(problem(w)).duration == pytest.approx((36 / w) ** 0.25, rel=1e-5)


def test_unknown_and_impossible_objectives_are_refused():
    with pytest.raises(UnknownName, match="did you mean 'effort'"):
        Problem(block, 2, 1, duration=1.0, running="efort")
    with pytest.raises(InvalidInput, match="objective 'energy' needs a Robot"):
        solve(Problem(block, 2, 1, duration=1.0, initial=[0, 0], final=[1, 0], running="energy"))
    with pytest.raises(InvalidInput, match="weight of 'effort' must be a finite number"):
        Problem(block, 2, 1, duration=1.0, running={"effort": "much"})
