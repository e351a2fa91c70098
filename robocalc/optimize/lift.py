"""Inputs as states, their rates as inputs: for costs on the change of torque, and on jerk.

lifted    Problem of x and u with inputs w = u̇; inputs of the answer are continuous
lowered   its Plan as that of the problem
"""

from dataclasses import replace

import numpy as np

from robocalc.optimize.motion import guessed
from robocalc.optimize.objectives import weighted
from robocalc.optimize.trace import rates_of, with_parameters

GUESSED = 101  # samples of the guess


def lifted(problem):
    """The same problem with states (x, u) and inputs w."""
    from robocalc.optimize.problem import Problem

    nx, nu = problem.nx, problem.nu
    f, L = rates_of(problem), weighted(problem, problem.running)
    x, u, T, _ = guessed(problem, np.linspace(0, 1, GUESSED))
    ends = [[*(_entry(end[:, i]) for i in range(nx)), *[None] * nu] for end in problem.ends]
    constraints = {}
    for path in problem.paths:
        g = with_parameters(f"constraint {path.name!r}", path.g, 3)
        constraints[path.name] = (_of_both(g, nx), path.lo, path.hi, path.where)
    terminal = problem.terminal
    if terminal is not None:
        M = with_parameters("terminal", terminal, 2)
        terminal = lambda T, z, p: M(T, z[:nx], p)  # noqa: E731
    return Problem(
        lambda t, z, w, p: [*f(t, z[:nx], z[nx:], p), *w],
        nx + nu,
        nu,
        problem.duration,
        *ends,
        lambda t, z, w, p: L(t, z[:nx], z[nx:], w, p),
        terminal,
        np.hstack([problem.x_bounds, problem.u_bounds]),
        None,
        constraints,
        (np.linspace(0, T, GUESSED), np.hstack([x, u]), np.zeros((GUESSED, nu))) if problem.guess is not None else None,
        problem.parameters,
        (*problem.state_names, *problem.input_names),
        tuple(f"rate of {name}" for name in problem.input_names),
        (*problem.units[0], *problem.units[1]),
        tuple(f"{unit}/s" if unit else "" for unit in problem.units[1]),
    )


def _entry(pair):
    lo, hi = pair
    return None if np.isinf(lo) and np.isinf(hi) else float(lo) if lo == hi else (lo, hi)


def _of_both(g, nx):
    return lambda t, z, w, p: g(t, z[:nx], z[nx:], p)


def lowered(problem, plan):
    """The Plan of a lifted problem, its inputs taken out of the states."""
    from robocalc.trajectory import Trajectory

    if plan.states is None:
        return plan
    knots, c, nx = plan.states.knots, plan.states.coeffs, problem.nx
    states, inputs = Trajectory(knots, c[:, :, :nx]), Trajectory(knots, c[:, :, nx:])
    joints = Trajectory(knots, c[:, :, : nx // 2]) if problem.kind == "robot" else states
    return replace(plan, trajectory=joints, states=states, inputs=inputs, gains=None)  # gains are of x and u
