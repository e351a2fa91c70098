"""What a descent found, as a Plan; and what it breaks, by name.

plan_of   the Plan of the best start
broken    its Violations, the worst first
blame     what must give way where nothing is feasible, from collocation's elastic problem
"""

import numpy as np

from robocalc.optimize.ddp.lagrangian import Lagrangian
from robocalc.optimize.plan import Plan, Violation
from robocalc.optimize.violations import bound_name, said

FINE = 8  # substeps of the simulation that a plan is compared with
ELASTIC = 12  # states up to which the elastic problem is asked
FEASIBLE = 1e-6  # relative to its size: what counts as kept


def plan_of(job, best, tries, reasons) -> Plan:
    """Plan with gains: u = u* - K (x - x*)."""
    problem, d, n = job.problem, best.descent, job.problem.nx
    T = float(d.X[0, n]) if job.code.free_time else job.h * job.N
    t = np.linspace(0, T, job.N + 1)
    whole = bool(np.isfinite(d.X).all() and np.isfinite(d.U).all())
    states, inputs = _trajectories(job, t, d.X, d.U) if whole else (None, None)
    values = dict(zip(problem.parameter_ranges, job.p.tolist(), strict=True))
    values |= {k: float(d.X[0, n + job.code.free_time + i]) for i, k in enumerate(job.code.free)}
    return Plan(
        trajectory=_joints(problem, states),
        status=best.status,
        violations=reasons,
        cost=float(d.cost),
        inputs=inputs,
        states=states,
        parameters=values,
        error=_error(job, d) if best.solved else {},
        starts=tuple(t.descent.cost if t.solved else float("nan") for t in tries),
        mesh=t,
        iterations=sum(t.descent.iterations for t in tries),
        gains=-d.K[:, :, :n] if whole else None,
        timings=job.seconds,
    )


def _trajectories(job, t, X, U):
    """States through the nodes, and inputs that are constant over a step.

    A robot's positions are cubics with its velocities at the nodes, its velocities lines; other states are cubics.
    """
    from robocalc.trajectory import Trajectory

    h, nx = np.diff(t)[:, None], job.problem.nx
    if job.plain:
        v = np.hstack([X[:, nx // 2 :], np.zeros((len(X), nx // 2))])
        a, b = v[:-1], v[1:]
    else:
        a, b = _rates(job, t, X, U)
    x = X[:, :nx]
    d = (x[1:] - x[:-1]) / h
    c = np.stack([x[:-1], a, (3 * d - 2 * a - b) / h, (a + b - 2 * d) / h**2], axis=1)
    if job.plain:
        c[:, 1, nx // 2 :], c[:, 2:, nx // 2 :] = d[:, nx // 2 :], 0.0
    return Trajectory(t, c), Trajectory(t, U[:, None, :].copy())


def _rates(job, t, X, U):
    """(rates at the start, at the end of every step) under the step's input."""
    f, N, T = job.code.functions[0], len(U), t[-1] if job.code.free_time else 1.0
    p = np.tile(job.p[:, None], (1, N))
    return tuple(
        np.array(f.map(N)(s[None] / T, x.T, U.T, p)[2]).reshape(-1, N).T[:, : job.problem.nx] / T
        for x, s in ((X[:-1], t[:-1]), (X[1:], t[1:]))
    )


def _joints(problem, states):
    if states is None or problem.kind != "robot":
        return states
    from robocalc.trajectory import Trajectory

    return Trajectory(states.knots, states.coeffs[:, :, : problem.dynamics.n])


def _error(job, d):
    """Distances at the nodes from the same inputs in FINE substeps, each [unit of the state], and what the cost misses.

    A robot: {"state": over one step each}, for in open loop an arm leaves any motion. Others: {"simulated": of one
    simulation from start to end, "cost": its cost less that of the plan}.
    """
    (N, nu), nx = d.U.shape, d.X.shape[1]
    if job.plain:
        fine, at, gap = job.passes(job.h / FINE, N), d.X.copy(), np.zeros_like(d.X)
        for _ in range(FINE):
            fine.gaps(at, d.U, gap)
            at[:-1] = gap[1:] + at[1:]
        return {"state": float(np.abs(at[:-1] - d.X[1:]).max())}
    rows = Lagrangian(job.problem, job.code, FINE * N, 1.0).rows
    for part in rows:
        part[0], part[1] = -np.inf, np.inf
    X, U = np.repeat(d.X[:1], FINE * N + 1, axis=0), np.repeat(d.U, FINE, axis=0)
    k, K, gap = np.zeros((FINE * N, nu)), np.zeros((FINE * N, nu, nx)), np.zeros((FINE * N + 1, nx))
    Xn, Un = np.empty_like(X), np.empty_like(U)
    cost, _ = job.passes(job.h / FINE, FINE * N).roll(
        rows, gap, job.problem.u_bounds, 1.0, X, U, k, K, np.zeros(nx), Xn, Un
    )
    return {"simulated": float(np.abs(Xn[::FINE] - d.X).max()), "cost": float(cost - d.cost)}


def broken(job, best) -> tuple:
    """Violations of the motion, relative size first."""
    problem, d = job.problem, best.descent
    X, G, E = best.lagrangian.values(job.p, job.h, d.X, d.U)
    rows, (sx, sg, se) = best.lagrangian.rows, best.lagrangian.sizes
    T = float(d.X[0, problem.nx]) if job.code.free_time else 1.0
    t, found = np.arange(job.N + 1) * job.h * T, []

    def add(name, over, size, unit, times):
        k = int(np.argmax(over))
        if over[k] > FEASIBLE * size:
            why = said(name, over[k], unit, times[k])
            found.append((over[k] / size, Violation(name, float(over[k]), unit, float(times[k]), why, k)))

    for i, name in enumerate(problem.state_names):
        over = np.maximum(problem.x_bounds[0, i] - X[:, i], X[:, i] - problem.x_bounds[1, i])
        add(bound_name(problem, "state", i), over, sx[i], problem.units[0][i], t)
        missed = max(problem.ends[1][0, i] - X[-1, i], X[-1, i] - problem.ends[1][1, i])
        add(f"final {name}", np.array([missed]), sx[i], problem.units[0][i], t[-1:])
        add(f"dynamics of {name}", np.abs(d.gap[1:, i]), sx[i], problem.units[0][i], t)
    for i, (path, _) in enumerate(job.code.along):
        add(path.name, np.maximum(rows.g[0, :, i] - G[:, i], G[:, i] - rows.g[1, :, i]), sg[i], "", t)
    for i, (path, _) in enumerate(job.code.end):
        add(path.name, np.array([max(rows.e[0, i] - E[i], E[i] - rows.e[1, i])]), se[i], "", t[-1:])
    return _once(found)


def _once(found):
    seen, out = set(), []
    for _, v in sorted(found, key=lambda pair: -pair[0]):
        if v.constraint not in seen:
            seen.add(v.constraint)
            out.append(v)
    return tuple(out)


def blame(job) -> tuple:
    """Violations of what must give way, where the problem is small enough to ask; empty where nothing must."""
    from dataclasses import replace

    from robocalc.optimize.collocation import Collocation
    from robocalc.optimize.diagnose import blamed, relaxed_solution
    from robocalc.optimize.motion import guessed
    from robocalc.optimize.schemes import SCHEMES

    if job.problem.nx > ELASTIC:
        return ()
    plain = Collocation(replace(job.problem, running=None, terminal=None), SCHEMES["hermite_simpson"])
    K = min(job.N, 50)
    h = np.full(K, 1 / K)
    soft, *rest = relaxed_solution(plain, K, h, guessed(plain.problem, plain.program(K).tau(h)))
    return blamed(soft, *rest) if soft.kept else ()
