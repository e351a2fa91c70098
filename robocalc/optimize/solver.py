"""Solve an optimal control problem: starts, meshes, the truth about the answer.

solve     Problem -> Plan
METHODS   what it can be solved by
"""

from functools import partial
from time import perf_counter

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from robocalc.optimize.answer import answer
from robocalc.optimize.check import number, positive_whole
from robocalc.optimize.collocation import Collocation
from robocalc.optimize.diagnose import bad_start
from robocalc.optimize.homotopy import along
from robocalc.optimize.lift import lifted, lowered
from robocalc.optimize.multiphase import Phases
from robocalc.optimize.objectives import needs_rates
from robocalc.optimize.plan import Plan, Status
from robocalc.optimize.problem import Problem
from robocalc.optimize.schemes import SCHEMES
from robocalc.optimize.search import Found, search

METHODS = {"collocation": SCHEMES["hermite_simpson"], **SCHEMES, "ddp": None, "ddp_rk4": None}


def solve(
    problem,
    method="collocation",
    *,
    nodes=50,
    tol=1e-6,
    starts=None,
    seed=0,
    refine=True,
    max_iterations=1000,
    homotopy=None,
) -> Plan:
    """The best motion found for a Problem, or the reason why there is none.

    method           "collocation" (Hermite-Simpson, or Radau where its inputs do not settle), "trapezoidal",
                     "hermite_simpson" or "radau"; or "ddp": Box-FDDP on `nodes` equal steps of constant input, with
                     feedback gains; a Robot takes the twin's semi-implicit Euler steps, or of order 4 by "ddp_rk4"
    nodes            intervals of the first mesh
    tol              relative error of every state over an interval, by a tight integrator; the mesh is refined to it
    starts, seed     the guess and starts - 1 random ones, the best is kept. Where None: 8 if the problem has no guess
                     and may have many minima (swing-ups, obstacles; `plan.notes` says why), else the guess alone, and
                     random ones if it leads nowhere
    refine           False: answer on the first mesh
    homotopy         {parameter: value at the start}, a function s -> Problem (s from 0 to 1), "bounds" or "mesh": solve
                     easier problems first (see `robocalc.optimize.homotopy`)
    returns          Plan; `status` and `violations` say why where it is not solved
    Ctrl-C           returns the best motion so far, status ITERATION_LIMIT
    raises           InvalidInput, UnknownName   before any solver starts
    """
    options = dict(nodes=nodes, tol=tol, starts=starts, seed=seed, refine=refine, max_iterations=max_iterations)
    if homotopy is not None and isinstance(problem, Problem):
        del options["nodes"]
        return along(problem, homotopy, partial(solve, method=method), positive_whole("nodes", nodes), options)
    if isinstance(problem, Phases):
        if homotopy is not None:
            raise InvalidInput("homotopy goes with one Problem, not with several phases; give the phases a guess")
        return problem.parted(solve(problem.stacked, method, **options))
    if not isinstance(problem, Problem):
        raise InvalidInput(f"problem must be a Problem or Phases, got {problem!r}")
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    nodes, max_iterations = positive_whole("nodes", nodes), positive_whole("max_iterations", max_iterations)
    tol = number("tol", tol)
    if tol <= 0:
        raise InvalidInput(f"tol must be greater than 0, got {tol:g}")
    seed = 0 if seed is None else seed
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidInput(f"seed must be a whole number of at least 0, got {seed!r}")
    starts = None if starts is None else positive_whole("starts", starts)
    if needs_rates(problem.running):
        return lowered(problem, solve(lifted(problem), method, **options))
    if method in ("ddp", "ddp_rk4"):
        from robocalc.optimize.ddp.solving import solve_ddp

        return solve_ddp(problem, nodes, tol, starts, seed, max_iterations, rk4=method == "ddp_rk4")
    begun = perf_counter()
    job = Collocation(problem, METHODS[method], max_iterations)
    broken = bad_start(job)
    if broken:
        return Plan(None, Status.BAD_START, broken, timings=job.seconds)
    try:
        other = partial(Collocation, problem, SCHEMES["radau"], max_iterations) if method == "collocation" else None
        found = search(job, nodes, tol, starts, seed, refine, other)
    except KeyboardInterrupt:
        if job.best is None:
            raise
        found = Found([job.best], job.best)
    return answer(job, found, refine, perf_counter() - begun)
