"""Solve an optimal control problem: starts, meshes, the truth about the answer.

solve     Problem -> Plan
METHODS   what it can be solved by
"""

from time import perf_counter

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from robocalc.optimize.check import number, positive_whole
from robocalc.optimize.collocation import DONE, LIMIT, STUCK, Collocation
from robocalc.optimize.diagnose import bad_start, blamed, relaxed_solution
from robocalc.optimize.lift import lifted, lowered
from robocalc.optimize.mesh import GROWTH, measured, refined
from robocalc.optimize.motion import guessed, shaken, unwrapped
from robocalc.optimize.objectives import needs_rates
from robocalc.optimize.plan import Plan, Status
from robocalc.optimize.problem import Problem
from robocalc.optimize.schemes import SCHEMES
from robocalc.optimize.violations import violations

METHODS = {"collocation": SCHEMES["hermite_simpson"], **SCHEMES}
MESHES = 12  # most refinements
ALMOST = 10.0  # tolerances of the state that a mesh at its largest may have and still be an answer
FINER = (1, 2)  # meshes to search on, in units of `nodes`
TRUSTED = 0.05  # relative change of cost by refinement from which on the first mesh was too coarse to choose on
PATIENCE = 300  # iterations of a random start
HIDDEN = 1e-3  # largest scaled violation between the points of an answer
SETTLED = 0.1  # of the tolerance: a change of cost from mesh to mesh that ends refinement
RESCUE = 8  # seeded starts where the guess leads nowhere


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
    attempts, blame, best, quality = _search(job, nodes, tol, starts, seed, refine)
    return _plan(job, best, quality, attempts, blame, refine, perf_counter() - begun)


def _search(job, nodes, tol, starts, seed, refine):
    """(attempts, blame, best, its Quality). A mesh too coarse for what it found, or to find anything, is doubled."""
    for factor in FINER:
        attempts, blame = _attempts(job, nodes * factor, starts, seed)
        best, quality = min(attempts, key=lambda a: a.rank), None
        last = job.convex or not refine or factor == FINER[-1]
        if best.solved:
            coarse = best.cost
            best, quality = _refine(job, best, tol, nodes * factor, refine)
            if last or abs(best.cost - coarse) <= TRUSTED * max(abs(coarse), abs(best.cost)):
                break
        elif last:
            break
    return attempts, blame, best, quality


def _attempts(job, nodes, starts, seed):
    """([Attempt for each start], blame).

    Where no number of starts was given: the guess alone, for who gives one means the minimum next to it; where it leads
    nowhere, from what the elastic problem finds, then from random ones, until one leads to a motion.
    """
    h = np.full(nodes, 1 / nodes)
    pr = job.program(nodes)
    tau = pr.tau(h)
    first = guessed(job.problem, tau)
    job.check_guess(pr, h, first)
    found, blame = [job.solve(nodes, h, first)], ()
    if starts is None and not found[0].solved:
        soft, *rest = relaxed_solution(job, nodes, h, first)
        blame = blamed(soft, *rest) if soft.kept else ()
        if soft.kept and not blame:
            m = soft.motion
            found.append(job.solve(nodes, h, (m.x, m.u, m.T, m.p[: len(first[3])])))
        if soft.kept and blame and job.convex:
            return found, blame
    rng = np.random.default_rng(seed)
    for _ in range((RESCUE if starts is None else starts) - 1):
        if starts is None and found[-1].solved:
            break
        found.append(job.solve(nodes, h, shaken(job.problem, first, tau, job.scales, rng), patience=PATIENCE))
    if starts is not None and not any(a.solved for a in found):
        soft, *rest = relaxed_solution(job, nodes, h, first)
        blame = blamed(soft, *rest) if soft.kept else ()
    return found, blame


def _refine(job, best, tol, nodes, refine):
    """(Attempt on the last mesh, its Quality)."""
    turned = unwrapped(job, best.motion)
    if turned is not None:
        again = job.solve(nodes, best.motion.h, turned, warm=True)
        best = again if again.solved else best
    quality = measured(job, best.motion, tol)
    for _ in range(MESHES if refine else 0):
        h = refined(best.motion.h, quality, job.scheme.order, max(GROWTH * nodes, 200))
        if h is None:
            break
        tau = job.program(len(h), warm=True).tau(h)
        x, u = best.motion.at(tau)
        start = (x, u, best.motion.T, best.motion.p)
        trial = job.solve(len(h), h, start, warm=True)
        trial = trial if trial.solved else job.solve(len(h), h, start)
        if not trial.solved:
            break
        settled = abs(trial.cost - best.cost) <= SETTLED * tol * max(abs(trial.cost), abs(best.cost))
        best, quality = trial, measured(job, trial.motion, tol)
        if settled and max(quality.state.max(), quality.path.max()) <= 1:
            break  # only kinks are left, and they do not cost: singular arcs
    return best, quality


def _status(best, quality, refine):
    if best.solved:
        good = not refine or (quality.state.max() <= ALMOST and best.between <= HIDDEN)
        return Status.SOLVED if good else Status.ITERATION_LIMIT
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
            "paid": truth.paid,
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
