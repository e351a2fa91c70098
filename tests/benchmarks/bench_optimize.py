"""Optimal control: robocalc against hand-written CasADi + IPOPT and against Drake with SNOPT, same guess and grid.

A first solve is all that it takes from the equations to the answer: derivatives, solver, iterations. Drake's inputs are
piecewise linear, so its cost is about 1 % higher; SNOPT keeps its own tolerances.
"""

from functools import partial
from time import process_time

import numpy as np

from tests.benchmarks.harness import Line

N = 50
BLOCKS = 5


def _cart_pole(sin, cos, x, u):
    m1, m2, length, g = 1.0, 0.3, 0.5, 9.81
    s, c = sin(x[1]), cos(x[1])
    d = m1 + m2 * s * s
    a = (length * m2 * s * x[3] * x[3] + u[0] + m2 * g * c * s) / d
    return [x[2], x[3], a, -(length * m2 * c * s * x[3] * x[3] + u[0] * c + (m1 + m2) * g * s) / (length * d)]


def _quadrotor(sin, cos, x, u):
    m, inertia, arm, g = 0.486, 0.00383, 0.25, 9.81
    T = (u[0] + u[1]) / m
    return [x[3], x[4], x[5], -T * sin(x[2]), T * cos(x[2]) - g, arm * (u[0] - u[1]) / inertia]


# name: (equations, start, goal, duration, bounds of the first state, of the inputs, and the guess of those)
CASES = {
    "cart-pole": (_cart_pole, [0.0] * 4, [1.0, np.pi, 0.0, 0.0], 2.0, (-2.0, 2.0), (-20.0, 20.0), 0.0),
    "quadrotor": (
        _quadrotor,
        [0.0] * 6,
        [2.0, 1.0, 0.0, 0.0, 0.0, 0.0],
        2.0,
        (-5.0, 5.0),
        (0.0, 8.0),
        0.486 * 9.81 / 2,
    ),
}
INPUTS = {"cart-pole": 1, "quadrotor": 2}


def _ours(name):
    from robocalc.optimize import Problem, solve

    f, a, b, T, (lo, hi), u, hover = CASES[name]
    n = len(a)
    problem = Problem(
        lambda t, x, u: f(np.sin, np.cos, x, u),
        n,
        INPUTS[name],
        duration=T,
        initial=a,
        final=b,
        running=lambda t, x, u: u @ u,
        state_bounds=([lo] + [None] * (n - 1), [hi] + [None] * (n - 1)),
        input_bounds=u,
        guess=(np.array([a, b]), np.full((2, INPUTS[name]), hover)),
    )
    plan = solve(problem, nodes=N, refine=False)
    assert plan.solved
    return plan.cost


def _by_hand(name):
    """Hermite-Simpson as one writes it with CasADi: SX, nlpsol, IPOPT."""
    import casadi as ca

    f, a, b, T, (lo, hi), (u_lo, u_hi), hover = CASES[name]
    n, m, h, big = len(a), INPUTS[name], T / N, np.inf
    xs, us = ca.SX.sym("x", n), ca.SX.sym("u", m)
    point = ca.Function("f", [xs, us], [ca.vertcat(*f(ca.sin, ca.cos, xs, us)), ca.sumsqr(us)])
    P = 2 * N + 1
    X, U = [ca.SX.sym(f"x{k}", n) for k in range(P)], [ca.SX.sym(f"u{k}", m) for k in range(P)]
    F = [point(x, u) for x, u in zip(X, U, strict=True)]
    g, cost = [], 0
    for k in range(0, P - 1, 2):
        (f0, c0), (f1, c1), (f2, c2) = F[k : k + 3]
        g += [X[k + 1] - (X[k] + X[k + 2]) / 2 - h / 8 * (f0 - f2), X[k + 2] - X[k] - h / 6 * (f0 + 4 * f1 + f2)]
        cost += h / 6 * (c0 + 4 * c1 + c2)
    z = ca.vertcat(*(v for pair in zip(X, U, strict=True) for v in pair))
    low = np.tile([lo] + [-big] * (n - 1) + [u_lo] * m, (P, 1))
    high = np.tile([hi] + [big] * (n - 1) + [u_hi] * m, (P, 1))
    low[0, :n] = high[0, :n] = a
    low[-1, :n] = high[-1, :n] = b
    guess = np.hstack([np.linspace(a, b, P), np.full((P, m), hover)])
    options = {"print_time": False, "ipopt": {"print_level": 0, "sb": "yes"}}
    solver = ca.nlpsol("solver", "ipopt", {"x": z, "f": cost, "g": ca.vertcat(*g)}, options)
    out = solver(x0=guess.ravel(), lbx=low.ravel(), ubx=high.ravel(), lbg=0, ubg=0)
    assert solver.stats()["success"]
    return float(out["f"])


def _drake(name):
    """DirectCollocation with SNOPT; the equations as a symbolic system, evaluated in C++."""
    from pydrake.planning import DirectCollocation
    from pydrake.solvers import SnoptSolver
    from pydrake.symbolic import Variable, cos, sin
    from pydrake.systems.primitives import SymbolicVectorSystem
    from pydrake.trajectories import PiecewisePolynomial

    f, a, b, T, (lo, hi), (u_lo, u_hi), hover = CASES[name]
    n, m = len(a), INPUTS[name]
    x, u = [Variable(f"x{i}") for i in range(n)], [Variable(f"u{i}") for i in range(m)]
    system = SymbolicVectorSystem(state=x, input=u, dynamics=f(sin, cos, x, u), output=x)
    context = system.CreateDefaultContext()
    h = T / N
    program = DirectCollocation(system, context, num_time_samples=N + 1, minimum_time_step=h, maximum_time_step=h)
    nlp = program.prog()
    nlp.AddBoundingBoxConstraint(a, a, program.initial_state())
    nlp.AddBoundingBoxConstraint(b, b, program.final_state())
    for k in range(N + 1):
        nlp.AddBoundingBoxConstraint([u_lo] * m, [u_hi] * m, program.input(k))
        nlp.AddBoundingBoxConstraint(lo, hi, program.state(k)[0])
    program.AddRunningCost(sum(v * v for v in program.input()))
    guess = PiecewisePolynomial.FirstOrderHold([0.0, T], np.array([a, b]).T)
    program.SetInitialTrajectory(PiecewisePolynomial.FirstOrderHold([0.0, T], np.full((m, 2), hover)), guess)
    result = SnoptSolver().Solve(nlp)
    assert result.is_success()
    return result.get_optimal_cost()


def _interleaved(*calls, blocks=BLOCKS):
    """Least CPU seconds of one call each; load hits all alike."""
    times = [[] for _ in calls]
    for _ in range(blocks):
        for call, out in zip(calls, times, strict=True):
            begun = process_time()
            call()
            out.append(process_time() - begun)
    return tuple(1e3 * min(t) for t in times)


def _first(name):
    from robocalc.optimize.transcribe import forget
    from robocalc.optimize.truth import forget as forget_truth

    _ours(name)

    def fresh():
        forget()
        forget_truth()
        return _ours(name)

    assert abs(fresh() / _by_hand(name) - 1) < 1e-6
    return fresh


def first(name):
    return _interleaved(_first(name), partial(_by_hand, name))


def cached(name):
    _ours(name)
    return _interleaved(partial(_ours, name), partial(_by_hand, name))


def drake(name):
    fresh = _first(name)
    assert abs(_drake(name) / fresh() - 1) < 0.05
    return _interleaved(fresh, partial(_drake, name), blocks=3)


SEEDS = 20
NEAR = 1e-4  # relative distance that counts as the same minimum


def _swing_ups():
    """{name: Problem} without a guess; the acrobot is the hardest."""
    from robocalc.dynamics import systems
    from robocalc.optimize import Problem

    track = ([-1, None, None, None], [1, None, None, None])
    up = dict(initial=[0, np.pi, 0, 0], final=[0, 0, 0, 0], state_bounds=track)
    rise = dict(initial=[0, 0], final=[np.pi, 0], input_bounds=(-3, 3))
    acrobot = dict(initial=[0] * 4, final=[np.pi, 0, 0, 0], input_bounds=(-20, 20))
    return {
        "pendulum": Problem(systems.pendulum(), duration=5.0, running="effort", **rise),
        "pendulum in free time": Problem(systems.pendulum(), duration=(1, 10), running="effort", **rise),
        "cart-pole": Problem(systems.cart_pole(), duration=4.0, running="effort", input_bounds=(-6, 6), **up),
        "acrobot": Problem(systems.acrobot(), duration=4.0, running="effort", **acrobot),
    }


def _plans(names, seeds):
    from robocalc.optimize import solve

    problems = _swing_ups()
    return {name: [solve(problems[name], seed=seed) for seed in range(seeds)] for name in names}


def swing_up_share():
    """Default calls, seeds 0 to 19."""
    plans = [plan for of in _plans(("pendulum", "cart-pole"), SEEDS).values() for plan in of]
    plans += _plans(("acrobot",), SEEDS // 4)["acrobot"]
    return sum(plan.solved for plan in plans) / len(plans), None


def minima_share():
    """Runs with 8 starts that end at the best that any of them found."""
    hits = []
    for of in _plans(("pendulum", "pendulum in free time", "cart-pole"), SEEDS).values():
        best = min(plan.cost for plan in of if plan.solved)
        hits += [plan.solved and plan.cost <= best * (1 + NEAR) for plan in of]
    return sum(hits) / len(hits), None


def blamed_share():
    """Constructed infeasible problems whose guilty constraint comes first, in its time."""
    from robocalc.optimize import solve
    from tests.optimize.test_diagnosis import CASES

    hits = 0
    for problem, constraint, _, (early, late) in CASES.values():
        worst = solve(problem).violations[0]
        hits += worst.constraint == constraint and early - 1e-9 <= worst.time <= late + 1e-9
    return hits / len(CASES), None


def published_error():
    """Largest relative error by default settings over the published optima and closed forms of the tests."""
    from robocalc.optimize import solve
    from tests.optimize.published import PUBLISHED

    return max(abs(solve(problem).cost / cost - 1) for problem, cost in PUBLISHED.values()), None


LINES = [
    Line(
        "optimize-swing-ups",
        "swing-ups found by the default call, 45 seeded runs",
        "-",
        "at_least",
        0.95,
        "",
        swing_up_share,
    ),
    Line(
        "optimize-minima", "best known minimum with 8 starts, 60 seeded runs", "-", "at_least", 0.95, "", minima_share
    ),
    Line(
        "optimize-blamed",
        "guilty constraint and time first, infeasible problems",
        "-",
        "at_least",
        0.9,
        "",
        blamed_share,
    ),
    Line("optimize-published", "published optima, default settings, worst", "-", "at_most", 1e-5, "", published_error),
    *(
        Line(
            f"optimize-{name}-first",
            f"Hermite-Simpson, {N} intervals, {name}: first solve from the equations",
            "CasADi + IPOPT by hand",
            "ratio",
            1.2,
            "ms",
            partial(first, name),
        )
        for name in CASES
    ),
    *(
        Line(
            f"optimize-{name}-again",
            f"the same problem stated and solved again, {name}",
            "CasADi + IPOPT by hand, first solve",
            "ratio",
            0.4,
            "ms",
            partial(cached, name),
        )
        for name in CASES
    ),
    *(
        Line(
            f"optimize-{name}-drake",
            f"Hermite-Simpson, {N} intervals, {name}: first solve",
            "Drake, DirectCollocation with SNOPT",
            "faster",
            5.0,
            "ms",
            partial(drake, name),
        )
        for name in CASES
    ),
]
