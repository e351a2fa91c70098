"""Solve an optimal control problem: starts, meshes, the truth about the answer.

solve     Problem -> Plan
METHODS   what it can be solved by
"""

from time import perf_counter

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from robocalc.optimize.check import number, positive_whole
from robocalc.optimize.collocation import DONE, LIMIT, STUCK, Collocation
from robocalc.optimize.diagnose import bad_start
from robocalc.optimize.lift import lifted, lowered
from robocalc.optimize.objectives import needs_rates
from robocalc.optimize.plan import Plan, Status
from robocalc.optimize.problem import Problem
from robocalc.optimize.schemes import SCHEMES
from robocalc.optimize.search import good, search
from robocalc.optimize.violations import violations

METHODS = {"collocation": SCHEMES["hermite_simpson"], **SCHEMES}


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
) -> Plan:
    """The best motion found for a Problem, or the reason why there is none.

    method           "collocation" (Hermite-Simpson), "trapezoidal", "hermite_simpson" or "radau"
    nodes            intervals of the first mesh
    tol              relative error of every state over an interval, by a tight integrator; the mesh is refined to it
    starts, seed     the guess and starts - 1 random ones, the best is kept; where None: the guess, and up to 7 random
                     ones if it leads nowhere. Swing-ups and obstacles have many minima: give 8
    refine           False: answer on the first mesh
    returns          Plan; `status` and `violations` say why where it is not solved
    Ctrl-C           returns the best motion so far, status ITERATION_LIMIT
    raises           InvalidInput, UnknownName   before any solver starts
    """
    if not isinstance(problem, Problem):
        raise InvalidInput(f"problem must be a Problem, got {problem!r}")
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
        options = dict(nodes=nodes, tol=tol, starts=starts, seed=seed, refine=refine, max_iterations=max_iterations)
        return lowered(problem, solve(lifted(problem), method, **options))
    begun = perf_counter()
    job = Collocation(problem, METHODS[method], max_iterations)
    broken = bad_start(job)
    if broken:
        return Plan(None, Status.BAD_START, broken, timings=job.seconds)
    try:
        attempts, blame, best, quality = search(job, nodes, tol, starts, seed, refine)
    except KeyboardInterrupt:
        if job.best is None:
            raise
        attempts, blame, best, quality = [job.best], (), job.best, None
    return _plan(job, best, quality, attempts, blame, refine, perf_counter() - begun)


def _status(best, quality, refine):
    if quality is None and best.kept:
        return Status.ITERATION_LIMIT  # interrupted
    if good(best, quality, refine):
        return Status.SOLVED
    if best.solved:
        return Status.ITERATION_LIMIT
    if best.outcome in LIMIT:
        return Status.ITERATION_LIMIT
    return Status.INFEASIBLE if best.outcome in (*STUCK, *DONE) else Status.NUMERICAL_TROUBLE


def _joints(problem, states):
    """The motion of a robot's joints out of that of its states; of all states for anything else."""
    if states is None or problem.kind != "robot":
        return states
    from robocalc.trajectory import Trajectory

    return Trajectory(states.knots, states.coeffs[:, :, : problem.dynamics.n])


def _plan(job, best, quality, attempts, blame, refine, seconds) -> Plan:
    problem, motion = job.problem, best.motion
    states, inputs = motion.trajectories() if np.isfinite(best.residual) else (None, None)
    error = {}
    if quality is not None:
        truth = quality.truth
        error = {
            "state": float(np.max(np.abs(truth.end - motion.x[motion.program.of[:, -1]]))),
            "simulated": float(np.abs(truth.final - motion.x[motion.program.of[:, -1]]).max()),
            "cost": job.cost_of(truth.paid, truth.final[-1], motion) - best.cost,
        }
    status, broken = _status(best, quality, refine), ()
    if status is not Status.SOLVED:
        broken = (not best.solved and blame) or violations(job, best)
        status = Status.INFEASIBLE if blame and not best.solved else status
    return Plan(
        trajectory=_joints(problem, states),
        status=status,
        violations=broken,
        cost=best.cost,
        inputs=inputs,
        states=states,
        parameters=dict(zip(problem.parameter_ranges, motion.p.tolist(), strict=True)),
        error=error,
        starts=tuple(a.cost if a.solved else float("nan") for a in attempts),
        mesh=motion.knots,
        iterations=sum(a.iterations for a in attempts),
        timings=job.seconds | {"total": seconds},
    )
