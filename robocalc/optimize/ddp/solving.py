"""A problem solved by differential dynamic programming.

solve_ddp   Problem -> Plan
Job         a problem with its code, steps and passes
"""

from dataclasses import replace
from time import perf_counter, process_time

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.ddp.answer import blame, broken, plan_of
from robocalc.optimize.ddp.descent import CLOSED, Descent
from robocalc.optimize.ddp.expressions import written
from robocalc.optimize.ddp.lagrangian import Lagrangian, minimised
from robocalc.optimize.ddp.passes import FunctionPasses, RobotPasses, plain_robot
from robocalc.optimize.motion import guessed, shaken
from robocalc.optimize.plan import Plan, Status, Violation

RESCUE = 4  # seeded starts where the guess leads nowhere


class Job:
    """problem, code, N steps of h [s] (of the motion where its duration is free), fixed parameters p."""

    def __init__(self, problem, N, rk4=False):
        begun = perf_counter()
        self.problem, self.N = problem, N
        self.plain = plain_robot(problem)
        self.code = written(problem, dynamics=not self.plain)
        self.code.words[8] = rk4
        lo, _ = problem.duration_range
        self.h = (1.0 if self.code.free_time else lo) / N
        self.p = np.array([a for a, _ in problem.parameter_ranges.values()], float)
        self.p[~np.isfinite(self.p)] = 0.0
        self.tau = np.linspace(0, 1, N + 1)
        self.seconds = {"trace": perf_counter() - begun}

    def passes(self, h=None, N=None):
        """The passes of this problem, of other steps if given."""
        h, N = h or self.h, N or self.N
        if self.plain:
            return RobotPasses(self.problem, self.code, self.p, h, N)
        return FunctionPasses(self.code, self.p, h)

    def bounds_of_start(self):
        """(2, nx) of the first state, with what is free for the whole motion."""
        problem, ranges = self.problem, self.problem.parameter_ranges
        lo = np.maximum(problem.x_bounds[0], problem.ends[0][0])
        hi = np.minimum(problem.x_bounds[1], problem.ends[0][1])
        free = [(max(problem.duration_range[0], 1e-6), problem.duration_range[1])] if self.code.free_time else []
        free += [ranges[k] for k in self.code.free]
        return np.array([np.append(lo, [a for a, _ in free]), np.append(hi, [b for _, b in free])])

    def start(self, guess):
        """(X (N + 1, nx), U (N, nu)) of a guess (x, u, T, p) at the nodes."""
        x, u, T, p = guess
        ranges = self.problem.parameter_ranges
        free = [T] if self.code.free_time else []
        free += [v for v, k in zip(p, ranges, strict=True) if k in self.code.free]
        X = np.hstack([x, np.tile(free, (len(x), 1))])
        lo, hi = self.bounds_of_start()
        X[0] = np.clip(X[0], lo, hi)
        return X, np.clip(u[: self.N], *self.problem.u_bounds)

    def guess(self):
        """(x, u, T, p) at the nodes: the problem's own; a robot that is given none is held against gravity."""
        problem = self.problem
        x, u, T, p = guessed(problem, self.tau)
        if problem.guess is None and self.plain:
            u = problem.dynamics.gravity(x[:, : problem.dynamics.n])
        return x, u, T, p


def solve_ddp(problem, nodes, tol, starts, seed, max_iterations, rk4=False) -> Plan:
    """The best motion found by Box-FDDP on `nodes` equal steps; see `robocalc.optimize.solve`.

    A Robot takes the twin's semi-implicit Euler steps unless `rk4`; anything else Runge-Kutta steps of order 4.
    """
    begun = perf_counter()
    job = Job(_with_states(problem), nodes, rk4)
    bad = _bad_start(job)
    if bad:
        return Plan(None, Status.BAD_START, bad, timings=job.seconds)
    first = job.guess()
    _check(job, *job.start(first))
    built = perf_counter()
    tries, rng = [], np.random.default_rng(seed)
    most = starts or 1 + RESCUE
    try:
        for k in range(most):
            guess = first if k == 0 else _another(job, first, rng)
            tries.append(Try(job, guess))
            tries[-1].run(tol, max_iterations)
            if starts is None and tries[-1].solved:
                break
    except KeyboardInterrupt:
        if not tries:
            raise
    best = min(tries, key=lambda t: t.rank)
    job.seconds |= {"solve": perf_counter() - built, "descent": sum(t.seconds for t in tries)}
    reasons = ()
    if best.status is Status.INFEASIBLE:
        reasons = blame(job) or broken(job, best)
    elif best.status is not Status.SOLVED:
        reasons = broken(job, best)
    job.seconds["total"] = perf_counter() - begun
    return plan_of(job, best, tries, reasons)


class Try:
    """One start: its descent, how it ended, what it breaks."""

    def __init__(self, job, guess):
        X, U = job.start(guess)
        self.tol, self.ended, self.violation, self.seconds = 1e-6, "interrupted", np.inf, 0.0
        self.lagrangian = Lagrangian(job.problem, job.code, job.N, 1.0)
        passes = job.passes()
        self.descent = Descent(passes, self.lagrangian.rows, X, U, job.problem.u_bounds, job.bounds_of_start())
        scale = abs(self.descent.cost) if np.isfinite(self.descent.cost) else 1.0
        self.lagrangian = Lagrangian(job.problem, job.code, job.N, scale)
        self.descent.rows = self.lagrangian.rows
        self.descent.measure()

    def run(self, tol, most):
        """Descend until the constraints hold to `tol` and no step gains any more, or `most` iterations are done."""
        self.tol, begun = tol, process_time()
        try:
            self.ended, self.violation = minimised(self.descent, self.lagrangian, tol, most)
        finally:
            self.seconds = process_time() - begun

    @property
    def solved(self) -> bool:
        return self.ended == "done" and self.violation <= self.tol and self.descent.open <= CLOSED

    @property
    def status(self) -> Status:
        """What the end means."""
        if self.solved:
            return Status.SOLVED
        if self.ended in ("limit", "interrupted"):
            return Status.ITERATION_LIMIT
        return Status.INFEASIBLE if self.ended == "stuck" else Status.NUMERICAL_TROUBLE

    @property
    def rank(self):
        """Smaller is better: solved ones by cost, then the least violated."""
        worst = self.violation + self.descent.open
        return (0, self.descent.cost) if self.solved else (1, worst if np.isfinite(worst) else np.inf)


def _with_states(problem):
    """The problem with a Trajectory of a robot's joints as its guess turned into states and torques."""
    from robocalc.trajectory import Trajectory

    guess = problem.guess
    if not isinstance(guess, Trajectory):
        return problem
    if problem.kind == "robot" and guess.n == problem.dynamics.n:
        t = np.linspace(0, guess.duration, max(101, len(guess.knots)))
        q, v, a = (guess(t, order) for order in (0, 1, 2))
        u = problem.dynamics.inverse_dynamics(q, v, a)
        return replace(problem, guess=(t, np.hstack([q, v]), np.clip(u, *problem.u_bounds)))
    if guess.n == problem.nx:
        t = np.linspace(0, guess.duration, max(101, len(guess.knots)))
        return replace(problem, guess=(t, guess(t), np.tile(np.clip(0.0, *problem.u_bounds), (len(t), 1))))
    raise InvalidInput(f"guess is a Trajectory of {guess.n}, but the problem has {problem.nx} states")


def _another(job, first, rng):
    """The guess with random waves on its inputs and states."""
    scales = tuple(
        np.maximum(1.0, np.where(np.isfinite(b), np.abs(b), 0.0).max(axis=0))
        for b in (job.problem.x_bounds, job.problem.u_bounds)
    )
    return shaken(job.problem, first, job.tau, scales, rng)


def _bad_start(job):
    """Violations of constraints of state alone by a start that is fixed: no motion can mend them."""
    from robocalc.optimize.symbols import casadi

    ca, (lo, hi) = casadi(), job.bounds_of_start()
    if not (lo == hi).all() or not job.code.along:
        return ()
    f = job.code.functions[0]
    args = [ca.SX.sym(f"a{i}", f.size1_in(i)) for i in range(4)]
    symbolic, value = ca.densify(f(*args)[1]), np.array(f(0.0, lo, np.zeros(job.code.nu), job.p)[1]).ravel()
    rows, found = Lagrangian(job.problem, job.code, 1, 1.0).rows.g[:, 0], []
    for k, (path, _) in enumerate(job.code.along):
        beyond = max(rows[0, k] - value[k], value[k] - rows[1, k])
        if beyond > 1e-6 and not any(ca.which_depends(symbolic[k], args[2], 1, True)):
            found.append(Violation(path.name, float(beyond), "", 0.0, knot=0))
    return tuple(sorted(found, key=lambda v: -v.amount))


def _check(job, X, U):
    """InvalidInput where dynamics, cost or constraints are not finite at the guess."""
    if not (np.isfinite(X).all() and np.isfinite(U).all()):
        raise InvalidInput("guess must be finite numbers")
    t, N = np.arange(job.N) * job.h, job.N
    p = np.tile(job.p[:, None], (1, N))
    L, g, f = (np.array(v).reshape(-1, N) for v in job.code.functions[0].map(N)(t[None], X[:-1].T, U.T, p))
    M, e = (np.array(v).ravel() for v in job.code.functions[1](N * job.h, X[-1], U[-1], job.p))
    names = job.problem.state_names
    for values, word in ((f, lambda i: f"dynamics of {names[i]} are"), (L, lambda i: "running cost is")):
        _refuse(values, word, t)
    _refuse(g, lambda i: f"constraint {job.code.along[i][0].name!r} is", t)
    _refuse(M[:, None], lambda i: "terminal cost is", [job.h * N])
    _refuse(e[:, None], lambda i: f"constraint {job.code.end[i][0].name!r} is", [job.h * N])


def _refuse(values, word, t):
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        i, k = bad[0]
        raise InvalidInput(f"{word(i)} not finite at the guess: {values[i, k]} at t = {t[k]:.4g} s; give another guess")
