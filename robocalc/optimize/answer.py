"""What a search found, as a Plan.

answer   the Plan: its status, what it breaks, how true it is
"""

import numpy as np

from robocalc.optimize.collocation import DONE, LIMIT, STUCK
from robocalc.optimize.multipliers import multipliers
from robocalc.optimize.plan import Plan, Status, Violation
from robocalc.optimize.search import good
from robocalc.optimize.violations import violations

CHATTER = "solved by radau: inputs at the midpoints of Hermite-Simpson did not settle"
NOWHERE = "leads to no motion, though all constraints can be met: give starts=8, more nodes, or another guess"


def _status(found, refine):
    best, quality = found.best, found.quality
    if quality is None and best.kept:
        return Status.ITERATION_LIMIT  # interrupted
    if good(best, quality, refine):
        return Status.SOLVED
    if best.solved:
        return Status.ITERATION_LIMIT
    if found.blame:
        return Status.INFEASIBLE
    if best.outcome in LIMIT:
        return Status.ITERATION_LIMIT
    if found.possible:
        return Status.BAD_START
    return Status.INFEASIBLE if best.outcome in (*STUCK, *DONE) else Status.NUMERICAL_TROUBLE


def _notes(found):
    why = (f"{len(found.attempts)} starts: {found.reason}",) if found.reason else ()
    return (*why, CHATTER) if found.job else why


def _joints(problem, states):
    """The motion of a robot's joints out of that of its states; of all states for anything else."""
    if states is None or problem.kind != "robot":
        return states
    from robocalc.trajectory import Trajectory

    return Trajectory(states.knots, states.coeffs[:, :, : problem.dynamics.n])


def answer(job, found, refine, seconds) -> Plan:
    """The Plan of what a search found."""
    job = found.job or job
    problem, best, quality = job.problem, found.best, found.quality
    motion = best.motion
    states, inputs = motion.trajectories() if np.isfinite(best.residual) else (None, None)
    error = {}
    if quality is not None:
        truth = quality.truth
        error = {
            "state": float(np.max(np.abs(truth.end - motion.x[motion.program.of[:, -1]]))),
            "simulated": float(np.abs(truth.final - motion.x[motion.program.of[:, -1]]).max()),
            "cost": job.cost_of(truth.paid, truth.final[-1], motion) - best.cost,
        }
    status, broken = _status(found, refine), ()
    if status is not Status.SOLVED:
        broken = (not best.solved and found.blame) or violations(job, best)
    if found.possible and status is Status.BAD_START:
        broken = (Violation("guess", best.residual, why=NOWHERE), *broken)
    return Plan(
        trajectory=_joints(problem, states),
        status=status,
        violations=broken,
        cost=best.cost,
        inputs=inputs,
        states=states,
        parameters=dict(zip(problem.parameter_ranges, motion.p.tolist(), strict=True)),
        error=error,
        starts=tuple(a.cost if a.solved else float("nan") for a in found.attempts),
        mesh=motion.knots,
        iterations=sum(a.iterations for a in found.attempts),
        timings=job.seconds | {"total": seconds},
        notes=_notes(found),
        multipliers=multipliers(job, best) if best.kept else {},
        conflicts=() if status is Status.SOLVED else found.conflicts,
    )
