"""Differential dynamic programming against linear-quadratic theory, collocation and closed forms."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load, systems
from robocalc.errors import InvalidInput
from robocalc.optimize import OBJECTIVES, Problem, ReachCost, Status, solve
from robocalc.optimize.ddp.riccati import tvlqr_gains
from robocalc.optimize.objectives import needs_rates

pytest.importorskip("casadi")
STILL = [0.0, 0.0]


def block(t, x, u):
    return [x[1], u[0]]


def swing(t, x, u):
    return [x[1], u[0] - 9.81 * np.sin(x[0])]


def effort(t, x, u):
    return u[0] ** 2


def discrete_block(h):
    """Exact A, B of a block under constant force; Runge-Kutta of order 4 is exact here too."""
    return np.array([[1.0, h], [0.0, 1.0]]), np.array([[h * h / 2], [h]])


def test_a_linear_quadratic_problem_takes_one_iteration_and_gives_the_riccati_gains():
    N, h, Qf = 40, 0.05, np.diag([100.0, 10.0])
    problem = Problem(
        block, 2, 1, N * h, [1.0, 0.0], running=lambda t, x, u: u[0] ** 2 / 2, terminal=lambda T, x: x @ Qf @ x / 2
    )
    plan = solve(problem, "ddp", nodes=N)
    A, B = discrete_block(h)
    K, P = tvlqr_gains(np.repeat(A[None], N, 0), np.repeat(B[None], N, 0), np.zeros((2, 2)), h * np.eye(1), Qf)
    assert plan.solved
    assert plan.iterations <= 2  # one step, and one that finds nothing left
    assert plan.cost == pytest.approx(P[0, 0, 0] / 2, rel=1e-9)
    assert_allclose(plan.gains, K, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("N", [10, 50])
def test_block_move_costs_what_piecewise_constant_force_must_cost(N):
    plan = solve(Problem(block, 2, 1, 1.0, STILL, [1.0, 0.0], running=effort), "ddp", nodes=N)
    assert plan.cost == pytest.approx(12 / (1 - 1 / N**2), rel=1e-7)
    assert plan.error["simulated"] < 1e-12


def test_bryson_denham_keeps_its_state_bound_and_costs_four():
    problem = Problem(
        block,
        2,
        1,
        1.0,
        [0.0, 1.0],
        [0.0, -1.0],
        lambda t, x, u: u[0] ** 2 / 2,
        state_bounds=([None] * 2, [1 / 9, None]),
    )
    plan = solve(problem, "ddp", nodes=100)
    assert plan.solved
    assert plan.cost == pytest.approx(4.0, rel=5e-4)  # 4/9 over the bound
    assert plan.states(plan.mesh)[:, 0].max() <= 1 / 9 + 1e-6


def test_free_time_under_a_force_limit_is_two_root_of_the_distance():
    problem = Problem(block, 2, 1, (0.5, 5.0), STILL, [1.0, 0.0], "time", input_bounds=(-1, 1))
    plan = solve(problem, "ddp", nodes=50)
    assert plan.solved
    assert plan.duration == pytest.approx(2.0, abs=1e-6)
    assert np.abs(plan.inputs(plan.mesh)).max() <= 1.0


def test_free_parameters_and_free_starts_are_found():
    # a start anywhere on [0, 0.5] and a speed p that costs p²: the best is to start as near as one may
    problem = Problem(
        lambda t, x, u, p: [p["speed"] + u[0]], 1, 1, 1.0, [(0.0, 0.5)], [1.0],
        lambda t, x, u, p: u[0] ** 2 + p["speed"] ** 2, parameters={"speed": (-2.0, 2.0)},
    )  # fmt: skip
    plan = solve(problem, "ddp", nodes=20)
    assert plan.solved
    assert plan.states(0.0)[0] == pytest.approx(0.5, abs=1e-6)
    assert plan.parameters["speed"] == pytest.approx(0.25, abs=1e-5)
    assert plan.cost == pytest.approx(0.125, rel=1e-5)


@pytest.mark.parametrize("nodes", [100])
def test_swing_ups_cost_what_collocation_finds_for_the_same_minimum(nodes):
    problem = Problem(swing, 2, 1, 4.0, STILL, [np.pi, 0.0], effort, input_bounds=(-4, 4))
    plan = solve(problem, "ddp", nodes=2 * nodes)
    same = solve(Problem(swing, 2, 1, 4.0, STILL, [np.pi, 0.0], effort, input_bounds=(-4, 4), guess=plan), nodes=nodes)
    assert plan.solved
    assert plan.cost == pytest.approx(same.cost, rel=3e-3)  # inputs are constant over a step
    finer = solve(
        Problem(swing, 2, 1, 4.0, STILL, [np.pi, 0.0], effort, input_bounds=(-4, 4), guess=plan), "ddp", nodes=4 * nodes
    )
    assert abs(finer.cost - same.cost) < abs(plan.cost - same.cost) / 3


def test_feedback_gains_hold_the_motion_where_open_loop_leaves_it():
    system = systems.cart_pole()
    problem = Problem(
        system, duration=2.0, initial=[0, np.pi, 0, 0], final=[0, 0, 0, 0], running="effort", input_bounds=(-30, 30)
    )
    plan = solve(problem, "ddp", nodes=200, starts=4)
    assert plan.solved, plan.violations
    t, h = plan.mesh, plan.mesh[1]

    def end(K):
        x = plan.states(0.0) + np.array([0.0, 0.02, 0.0, 0.0])
        for k in range(200):
            u = plan.inputs(t[k]) - K[k] @ (x - plan.states(t[k]))
            for _ in range(10):
                x = x + h / 10 * system.rates(0.0, x + h / 20 * system.rates(0.0, x, u), u)
        return np.abs(x).max()

    assert end(plan.gains) < 0.3 * end(0 * plan.gains)


def test_what_cannot_be_reached_is_infeasible_and_named():
    plan = solve(Problem(block, 2, 1, 1.0, STILL, [1.0, 0.0], effort, input_bounds=(-3, 3)), "ddp")
    assert plan.status is Status.INFEASIBLE
    assert plan.violations[0].constraint == "bound of u[0]"
    assert plan.violations[0].amount == pytest.approx(1.0, rel=0.05)  # 4 is what bang-bang needs


def test_constraints_have_names_and_hold():
    problem = Problem(
        block, 2, 1, 1.0, STILL, [1.0, 0.0], effort, constraints={"speed": (lambda t, x, u: x[1], None, 1.2)}
    )
    plan = solve(problem, "ddp", nodes=50)
    assert plan.solved
    assert plan.states(plan.mesh)[:, 1].max() <= 1.2 + 1e-6
    same = solve(problem, nodes=50)
    assert plan.cost == pytest.approx(same.cost, rel=2e-3)
    bad = Problem(block, 2, 1, 1.0, STILL, [1.0, 0.0], effort, constraints={"here": (lambda t, x, u: x[0], 0.2, 2.0)})
    told = solve(bad, "ddp")
    assert told.status is Status.BAD_START
    assert told.violations[0].constraint == "here"


def test_an_iteration_limit_returns_the_best_motion_so_far():
    plan = solve(
        Problem(swing, 2, 1, 4.0, STILL, [np.pi, 0.0], effort, input_bounds=(-4, 4)), "ddp", max_iterations=2, starts=1
    )
    assert plan.status is Status.ITERATION_LIMIT
    assert plan.iterations == 2
    assert plan.states is not None


def test_ctrl_c_returns_the_best_motion_so_far(monkeypatch):
    from robocalc.optimize.ddp import descent

    search, count = descent.Descent.search, [0]

    def interrupted(self):
        count[0] += 1
        if count[0] > 3:
            raise KeyboardInterrupt
        return search(self)

    monkeypatch.setattr(descent.Descent, "search", interrupted)
    plan = solve(Problem(swing, 2, 1, 4.0, STILL, [np.pi, 0.0], effort, input_bounds=(-4, 4)), "ddp")
    assert plan.status is Status.ITERATION_LIMIT
    assert plan.iterations == 4
    assert np.isfinite(plan.cost)


def test_same_seed_same_bits():
    problem = Problem(swing, 2, 1, 4.0, STILL, [np.pi, 0.0], effort, input_bounds=(-4, 4))
    a, b = (solve(problem, "ddp", starts=3, seed=5) for _ in range(2))
    assert np.array_equal(a.starts, b.starts, equal_nan=True)
    assert np.array_equal(a.gains, b.gains)


def test_what_cannot_be_meant_is_refused_by_name():
    with pytest.raises(InvalidInput, match=r"dynamics of x\[1\] are not finite at the guess"):
        solve(Problem(lambda t, x, u: [x[1], 1 / x[0]], 2, 1, 1.0, STILL, running=effort), "ddp")
    late = {"push": (lambda t, x, u: u[0], 0, 0, "final")}
    with pytest.raises(InvalidInput, match="'push' at the end depends on the inputs"):
        solve(Problem(block, 2, 1, 1.0, STILL, running=effort, constraints=late), "ddp")
    with pytest.raises(InvalidInput, match="tol must be greater"):
        solve(Problem(block, 2, 1, 1.0, STILL, running=effort), "ddp", tol=0)


# --- robots


@pytest.fixture(scope="module")
def panda():
    return load("panda")


def lift(robot, **more):
    q, n = robot.home, robot.n
    return Problem(
        robot, duration=1.0, initial=[*q, *np.zeros(n)], final=[*(q + 0.2), *np.zeros(n)], running="effort", **more
    )


def test_a_robots_plan_follows_the_twins_steps_within_its_limits(panda):
    plan = solve(lift(panda, input_bounds=(-35.0, 35.0)), "ddp", nodes=100)
    assert plan.solved, plan.violations
    x, u = plan.states(plan.mesh), plan.inputs(plan.mesh)
    n = panda.n
    q, v = panda.step(x[:-1, :n], x[:-1, n:], u[:-1], 0.01)
    assert_allclose(np.hstack([q, v]), x[1:], atol=1e-12)
    assert np.abs(u).max() <= 35.0
    assert_allclose(x[-1], [*(panda.home + 0.2), *np.zeros(n)], atol=1e-6)
    assert plan.gains.shape == (100, n, 2 * n)
    assert plan.trajectory.n == n


def test_a_named_constraint_of_a_robot_holds_at_every_node(panda):
    n = panda.n
    problem = lift(panda, constraints={"power of joint 2": (lambda t, x, u: u[1] * x[n + 1], -2.5, 2.5)})
    plan = solve(problem, "ddp", nodes=60)
    assert plan.solved, plan.violations
    power = (plan.inputs(plan.mesh) * plan.states(plan.mesh)[:, n:])[:-1, 1]
    assert np.abs(power).max() == pytest.approx(2.5, abs=1e-5)  # it presses, and holds
    assert plan.cost > solve(lift(panda), "ddp", nodes=60).cost


def test_a_robots_effort_is_what_collocation_finds(panda):
    arm = panda.lock({j: panda.home[i] for i, j in enumerate(panda.joints) if i not in (1, 3)})
    plans = [solve(lift(arm), method, nodes=k) for method, k in (("ddp", 400), ("collocation", 20))]
    assert all(p.solved for p in plans)
    assert plans[0].cost == pytest.approx(plans[1].cost, rel=5e-3)  # Euler steps of 2.5 ms


def test_runge_kutta_steps_of_a_robot_agree_with_a_tight_integrator(panda):
    from scipy.integrate import solve_ivp

    plan = solve(lift(panda), "ddp_rk4", nodes=80)
    assert plan.solved, plan.violations
    n, t = panda.n, plan.mesh
    for k in (0, 17, 79):
        u = plan.inputs(t[k])
        rate = lambda _, x, u=u: np.append(x[n:], panda.forward_dynamics(x[:n], x[n:], u))  # noqa: E731
        x = solve_ivp(rate, (t[k], t[k + 1]), plan.states(t[k]), rtol=1e-10, atol=1e-12).y[:, -1]
        assert_allclose(x, plan.states(t[k + 1]), atol=5e-5)  # order 4 at 12.5 ms


def test_a_robot_goes_by_its_equations_where_the_time_is_free(panda):
    arm = panda.lock({j: panda.home[i] for i, j in enumerate(panda.joints) if i not in (1, 3)})
    q = arm.home
    problem = Problem(arm, duration=(0.2, 3.0), initial=[*q, 0, 0], final=[*(q + 0.3), 0, 0], running="time")
    plans = [solve(problem, method, nodes=40) for method in ("ddp", "collocation")]
    assert plans[0].solved, plans[0].violations
    assert plans[0].duration == pytest.approx(plans[1].duration, rel=0.02)


def test_a_trajectory_warms_the_start(panda):
    from robocalc.trajectory import minimum_jerk

    motion = minimum_jerk([panda.home, panda.home + 0.2], duration=1.0)
    warm = solve(lift(panda, guess=motion), "ddp", nodes=50)
    assert warm.solved
    again = solve(lift(panda, guess=warm), "ddp", nodes=50)
    assert again.iterations < warm.iterations
    assert again.cost == pytest.approx(warm.cost, rel=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_built_in_objective_is_minimised(name, panda):
    arm = panda.lock({j: panda.home[i] for i, j in enumerate(panda.joints) if i not in (1, 3)})
    q = arm.home
    problem = Problem(
        arm, duration=0.8, initial=[*q, 0, 0], final=[*(q + 0.2), 0, 0], running={name: 1.0, "effort": 1e-3}
    )
    plan = solve(problem, "ddp", nodes=60, starts=1)
    assert plan.status in (Status.SOLVED, Status.ITERATION_LIMIT), plan.violations
    assert (plan.gains is None) == needs_rates(problem.running)
    if plan.solved:
        same = solve(replace(problem, guess=plan), nodes=60, refine=False, starts=1)
        assert plan.cost <= same.cost + 0.03 * abs(same.cost)


def test_reach_costs_refuse_what_they_cannot_mean(panda):
    with pytest.raises(InvalidInput, match="goal must be a position"):
        ReachCost(panda, [1.0, 2.0])
    with pytest.raises(InvalidInput, match="rotation matrices"):
        ReachCost(panda, 2 * np.eye(4))
    with pytest.raises(InvalidInput, match="input must be finite numbers of at least 0"):
        ReachCost(panda, input=-1.0)
