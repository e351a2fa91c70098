"""What surrounds a solve: determinism, caching, warm starts, starts, interruption, robots, parameters."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.dynamics import load, systems
from robocalc.optimize import Problem, Status, solve
from robocalc.optimize.collocation import Collocation
from robocalc.optimize.transcribe import _programs, forget
from tests.optimize.published import block, move, swing_up

pytest.importorskip("casadi")


def test_same_call_gives_the_same_bits():
    a, b = (solve(swing_up(), starts=3, seed=7, refine=False) for _ in range(2))
    assert a.cost == b.cost
    assert a.starts == b.starts
    assert np.array_equal(a.states.coeffs, b.states.coeffs)


def test_a_problem_of_the_same_structure_finds_its_solver_made():
    forget()
    solve(swing_up(), refine=False)
    made = len(_programs)
    other = solve(swing_up(final=[0.8, np.pi, 0, 0], input_bounds=(-30, 30)), refine=False)  # new functions, same graph
    assert other.solved
    assert len(_programs) == made


def test_a_plan_is_a_guess():
    first = solve(swing_up())
    again = solve(swing_up(guess=first))
    assert again.cost == pytest.approx(first.cost, rel=1e-5)
    assert again.iterations < 12
    t = np.linspace(0, 2, 41)
    for guess in (
        (first.states(t), first.inputs(t)),
        (t, first.states(t), first.inputs(t)),
        lambda t: (first.states(t), first.inputs(t)),
    ):
        assert solve(swing_up(guess=guess)).cost == pytest.approx(first.cost, rel=1e-5)


def test_any_trajectory_is_a_guess():
    """Of positions (a minimum-jerk move), of states; of a robot with the torques that it takes."""
    from robocalc.errors import InvalidInput
    from robocalc.trajectory import minimum_jerk

    line = minimum_jerk(np.array([[0.0], [1.0]]), duration=1.0)
    states = solve(move()).states
    for guess in (line, states):
        problem = Problem(block, 2, 1, duration=1.0, initial=[0, 0], final=[1, 0], running="effort", guess=guess)
        assert solve(problem).cost == pytest.approx(12.0, rel=1e-9)
    with pytest.raises(InvalidInput, match="Trajectory of 4 states or 2 positions, got 1"):
        solve(swing_up(guess=line))
    robot = load("two_link")
    reach = minimum_jerk(np.array([[-1.2, 0.0], [-0.8, 0.5]]), duration=1.0)
    options = dict(duration=1.0, initial=[-1.2, 0, 0, 0], final=[-0.8, 0.5, 0, 0], running="effort")
    warm = Problem(robot, guess=reach, **options)
    assert check_guess_inputs(warm, robot, reach)
    assert solve(warm).cost == pytest.approx(solve(Problem(robot, **options)).cost, rel=1e-6)


def check_guess_inputs(problem, robot, reach):
    from robocalc.optimize.motion import guessed

    t = np.linspace(0, 1, 11)
    u = guessed(problem, t)[1]
    return np.allclose(u, robot.inverse_dynamics(reach(t), reach(t, order=1), reach(t, order=2)))


@pytest.mark.parametrize("seed", range(3))
def test_several_starts_find_the_better_swing_up(seed):
    """On a track of 1 m a light push takes one swing more: 36.0 from the line, 27.8 at best."""
    problem = Problem(
        systems.cart_pole(),
        duration=4.0,
        initial=[0, np.pi, 0, 0],
        final=[0, 0, 0, 0],
        input_bounds=(-6, 6),
        state_bounds=([-1, None, None, None], [1, None, None, None]),
        running="effort",
    )
    alone, best = solve(problem, refine=False), solve(problem, starts=8, seed=seed, refine=False)
    assert best.cost <= alone.cost + 1e-6
    assert len(best.starts) == 8
    assert best.cost == min(c for c in best.starts if c == c)
    assert best.spread >= 0


def test_swing_ups_succeed_by_default():
    reach = dict(initial=[0, 0], final=[np.pi, 0])
    pendulum = Problem(systems.pendulum(), duration=(1, 10), input_bounds=(-3, 3), running="effort", **reach)
    acrobot = Problem(
        systems.acrobot(),
        duration=4.0,
        initial=[0] * 4,
        final=[np.pi, 0, 0, 0],
        input_bounds=(-20, 20),
        running="effort",
    )
    for problem in (pendulum, acrobot):
        plan = solve(problem)
        assert plan.solved, plan.violations
        assert_allclose(plan.states(plan.duration), [end for end in problem.final], atol=1e-6)


def test_an_interrupted_solve_returns_the_best_so_far(monkeypatch):
    solved = Collocation.solve
    calls = []

    def interrupted(self, *args, **options):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return solved(self, *args, **options)

    monkeypatch.setattr(Collocation, "solve", interrupted)
    plan = solve(swing_up(), starts=4)
    assert plan.status is Status.ITERATION_LIMIT
    assert plan.cost == pytest.approx(58.81, rel=1e-3)


def test_iterations_are_limited():
    plan = solve(swing_up(), max_iterations=3, starts=1)
    assert plan.status is Status.ITERATION_LIMIT
    assert plan.trajectory is not None
    assert plan.violations


def test_free_parameters_are_found_and_named():
    """A mass that is costly to push where it is heavy, and costly by itself where it is light."""
    problem = Problem(
        lambda t, x, u, p: [u[0] / p["mass"]],
        1,
        1,
        duration=1.0,
        initial=[0],
        final=[1],
        running=lambda t, x, u: u[0] ** 2,
        terminal=lambda T, x, p: p["gain"] / p["mass"] ** 2,
        parameters={"mass": (0.1, 10), "gain": 16.0},
    )
    plan = solve(problem)
    assert plan.parameters["mass"] == pytest.approx(2.0, rel=1e-5)  # m² + 16 / m² is least at m² = 4
    assert plan.cost == pytest.approx(8.0, rel=1e-7)


def test_units_of_any_size_are_scaled():
    """The block move in micrometres and meganewtons."""
    problem = Problem(
        lambda t, x, u: [x[1], 1e6 * u[0]],
        2,
        1,
        duration=1.0,
        initial=[0, 0],
        final=[1e6, 0],
        running=lambda t, x, u: u @ u,
    )
    assert solve(problem).cost == pytest.approx(12.0, rel=1e-6)


def test_bang_bang_inputs_stay_inside_their_bounds_everywhere():
    problem = Problem(
        block, 2, 1, duration=(0.1, 10), initial=[0, 0], final=[1, 0], running="time", input_bounds=(-1, 2.7)
    )
    plan = solve(problem)
    u = plan.inputs(np.linspace(0, plan.duration, 20001))
    assert u.min() >= -1 - 1e-7
    assert u.max() <= 2.7 + 1e-7
    assert plan.error["simulated"] < 1e-5


def test_robot_lifts_its_arm_within_its_torques():
    robot = load("two_link")
    problem = Problem(
        robot,
        duration=(0.3, 3.0),
        initial=[-1.2, 0, 0, 0],
        final=[-0.8, 0.5, 0, 0],
        running={"time": 1, "effort": 1e-3},
    )
    plan = solve(problem)
    assert plan.solved, plan.violations
    assert plan.trajectory.n == 2
    t = np.linspace(0, plan.duration, 401)
    assert (np.abs(plan.inputs(t)) <= robot.limits.torque + 1e-6).all()
    q, v, a = (plan.trajectory(t[1:-1], order=k) for k in range(3))
    assert_allclose(v, plan.states(t[1:-1])[:, 2:], atol=2e-3 * np.abs(v).max())
    assert np.median(np.abs(robot.inverse_dynamics(q, v, a) - plan.inputs(t[1:-1]))) < 0.05


def test_plan_of_a_function_is_its_states():
    plan = solve(move())
    assert plan.trajectory is plan.states
    assert plan.duration == 1.0
    assert plan.mesh[0] == 0.0
    assert plan.mesh[-1] == 1.0
    assert plan.error["state"] < 1e-9
    assert plan.error["cost"] == pytest.approx(0.0, abs=1e-9)
    assert plan.raise_for_status() is plan


def test_ctrl_c_while_the_solver_runs_returns_what_it_has():
    import os
    import signal

    from robocalc.optimize.interrupt import interruptible, stopper

    stop = stopper(1, 0, 0)
    with interruptible(stop):
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wanted
    assert not stop.wanted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_solver_told_to_stop_stops(monkeypatch):
    from contextlib import contextmanager

    from robocalc.optimize import collocation

    @contextmanager
    def at_once(stop):
        stop.wanted = True
        yield
        stop.wanted = False

    monkeypatch.setattr(collocation, "interruptible", at_once)
    plan = solve(swing_up())
    assert plan.status is Status.ITERATION_LIMIT
    assert plan.iterations == 0
    assert plan.trajectory is not None


@pytest.mark.parametrize("method", ["trapezoidal", "hermite_simpson", "radau"])
def test_one_interval_is_a_mesh(method):
    problem = Problem(
        lambda t, x, u: u, 2, 2, duration=1.0, initial=[0, 0], final=[1, 1], running=lambda t, x, u: np.sum(u**2)
    )
    assert solve(problem, method, nodes=1).cost == pytest.approx(2.0, rel=1e-9)
