"""Direct collocation of one problem: scales, bounds, one solve on one mesh.

Collocation   a problem, traced and scaled, ready to be solved on any mesh
Attempt       what one solve gave
"""

from dataclasses import dataclass
from functools import cached_property
from time import perf_counter

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.duals import carried
from robocalc.optimize.interrupt import interruptible
from robocalc.optimize.mesh import path_errors
from robocalc.optimize.motion import SHORT, Motion, guessed
from robocalc.optimize.symbols import casadi
from robocalc.optimize.trace import trace
from robocalc.optimize.transcribe import program

FEASIBLE = 1e-6  # scaled residual below which a motion keeps its constraints
PLAIN_RANGE = (0.1, 10.0)  # magnitudes that need no scale
JUMP = 0.05  # scaled violation between points that no refinement mends: the motion jumps over an obstacle
PUSHES = ("bound_push", "bound_frac", "slack_bound_push", "slack_bound_frac", "mult_bound_push")
WARM = {"mu_init": 1e-4, "bound_push": 1e-7, "bound_frac": 1e-7, "bound_mult_init_method": "mu-based"}
CARRIED = {"mu_init": 1e-7, "warm_start_init_point": "yes"} | {f"warm_start_{k}": 1e-8 for k in PUSHES}
DONE = ("Solve_Succeeded", "Solved_To_Acceptable_Level", "Feasible_Point_Found")
STUCK = ("Infeasible_Problem_Detected", "Restoration_Failed")
INTERRUPTED = "User_Requested_Stop"  # IPOPT's word for Ctrl-C
LIMIT = ("Maximum_Iterations_Exceeded", "Maximum_CpuTime_Exceeded", "Maximum_WallTime_Exceeded", INTERRUPTED)


@dataclass(frozen=True, eq=False)
class Attempt:
    """motion, cost; outcome: IPOPT's own word; residual: largest scaled violation at the points, between: and between
    them; multipliers of rows (ng,) and bounds (nz,)."""

    motion: Motion
    cost: float
    outcome: str
    residual: float
    between: float
    iterations: int
    rows: np.ndarray
    bounds: np.ndarray
    seconds: dict

    @property
    def kept(self) -> bool:
        """Whether the solver is done and the constraints hold at the points."""
        return self.outcome in DONE and self.residual <= 10 * FEASIBLE

    @property
    def solved(self) -> bool:
        return self.kept and self.between <= JUMP

    @property
    def rank(self):
        """Smaller is better: solved ones by cost, then the least violated."""
        worst = max(self.residual, self.between)
        return (0, self.cost) if self.solved else (2 - self.kept, worst if np.isfinite(worst) else np.inf)


class Collocation:
    """raises InvalidInput, before any solver starts: what cannot be traced, or is not finite at the guess."""

    def __init__(self, problem, scheme, max_iterations=1000, tolerance=1e-8):
        start = perf_counter()
        self.problem, self.scheme = problem, scheme
        self.traced = trace(problem)
        self.options = {"max_iter": max_iterations, "tol": tolerance}
        self.scales = self._scales()
        self.best = None  # the Attempt to return where a solve is interrupted: kept on the finest mesh, or the last
        self.held = ()  # free parameters that are kept at their lower bound
        self.seconds = {"trace": perf_counter() - start}

    # --- scales: powers of the size of things, 1 where they are of ordinary size

    def _scales(self):
        x, u, _, _ = guessed(self.problem, np.linspace(0, 1, 11))
        return tuple(
            _magnitude(v, b, e)
            for v, b, e in ((x, self.problem.x_bounds, self.problem.ends), (u, self.problem.u_bounds, ()))
        )

    # --- between the unknowns of a program and a motion

    def data(self, T, p):
        """d of `trace`: what is fixed, and the scales."""
        fixed = [v for v, name in zip(p, self.problem.parameter_ranges) if name in self.traced.fixed]
        return np.concatenate([[] if self.traced.free_time else [T], fixed, *self.scales])

    def pack(self, pr, x, u, T, p):
        """z of a program from unscaled states, inputs, duration, parameters."""
        z = np.zeros(pr.nz)
        z[pr.iu] = u / self.scales[1]
        if 0 not in self.scheme.free:
            z[pr.iu[1]] = u[1] / self.scales[1]
        z[pr.ix] = x / self.scales[0]
        free = [v for v, name in zip(p, self.problem.parameter_ranges) if name in self.traced.free]
        z[pr.it] = np.append([T] if self.traced.free_time else [], free)
        return z

    def motion(self, pr, h, z) -> Motion:
        """The Motion of z."""
        theta = z[pr.it]
        T = float(theta[0]) if self.traced.free_time else self.problem.duration_range[0]
        free = dict(zip(self.traced.free, theta[self.traced.free_time :], strict=True))
        p = np.array([free.get(name, lo) for name, (lo, _) in self.problem.parameter_ranges.items()])
        rates = lambda t, x, u: self.rates(t, x, u, p)[0]  # noqa: E731
        return Motion(pr, h, z[pr.ix] * self.scales[0], z[pr.iu] * self.scales[1], T, p, rates, self.problem.u_bounds)

    def rates(self, t, x, u, p):
        """(ẋ (N, nx), L (N,)) at N points."""
        out = self.traced.rate.map(len(t))(t[None], x.T, u.T, p[:, None])
        return np.array(out[0]).T.reshape(len(t), -1), np.array(out[1]).ravel()

    def everything(self, t, x, u, p):
        """(rows, N): rates, cost and constraints at N points."""
        at = (t[None], x.T, u.T, p[:, None])
        return np.vstack(
            [np.array(v).reshape(-1, len(t)) for f in (self.traced.rate, self.traced.gains) for v in f.map(len(t))(*at)]
        )

    def cost_of(self, paid, x, motion):
        """Running cost `paid` and the terminal cost of a state x (nx,)."""
        return paid + float(self.traced.gains(motion.T, x, motion.u[-1], motion.p)[3])

    # --- bounds

    def limits(self, pr):
        """(lower, upper) of z, (lower, upper) of the rows."""
        problem, (sx, su) = self.problem, self.scales
        z, g = np.zeros((2, pr.nz)), np.zeros((2, pr.ng))
        for side in (0, 1):
            z[side, pr.ix] = problem.x_bounds[side] / sx
            z[side, pr.iu] = problem.u_bounds[side] / su
            pick = (np.maximum, np.minimum)[side]
            for k, end in ((0, problem.ends[0]), (-1, problem.ends[1])):
                z[side, pr.ix[k]] = pick(z[side, pr.ix[k]], end[side] / sx)
            z[side, pr.it] = self._free_range(side)
            g[side, pr.path_rows] = _row_limits(self.traced.rows["path"], side)
            for rows, where in zip(pr.end_rows, ("initial", "final"), strict=True):
                g[side, rows] = _row_limits(self.traced.rows[where], side)
        return z, g

    def row_limits(self, where):
        """(lower, upper) of the rows of named constraints: "path", "initial" or "final"."""
        return tuple(_row_limits(self.traced.rows[where], side) for side in (0, 1))

    def _free_range(self, side):
        T = [max(self.problem.duration_range[0], SHORT) if side == 0 else self.problem.duration_range[1]]
        ranges = self.problem.parameter_ranges
        return np.array(
            (T if self.traced.free_time else []) + [ranges[k][side * (k not in self.held)] for k in self.traced.free]
        )

    # --- solving

    @cached_property
    def convex(self) -> bool:
        """Whether rates and constraints are linear in all that is free: then a local answer is the only one."""
        ca = casadi()
        args = [ca.SX.sym(f"a{i}", self.traced.point.size1_in(i)) for i in range(5)]
        F, _, g = self.traced.point(*args)
        rows = [ca.vertcat(F, g)] + [f(*args)[2] for f in (self.traced.start, self.traced.end)]
        w = ca.vertcat(*args[:3])
        return all(ca.is_linear(r, w) for r in rows)

    @cached_property
    def lasting(self):
        """Which path rows are of time and state alone: they cannot jump with an input."""
        ca, f = casadi(), self.traced.gains
        args = [ca.SX.sym(f"a{i}", f.size1_in(i)) for i in range(4)]
        g = ca.densify(f(*args)[0])
        return np.array([not any(ca.which_depends(g[i], args[2], 1, True)) for i in range(g.numel())], bool)

    def program(self, K, warm=False, patience=None):
        """The Program on K intervals, with options for any start, for one that is nearly the answer (warm=True), or for
        one with its multipliers ("carried")."""
        options = self.options | (CARRIED if warm == "carried" else WARM if warm else {})
        options["max_iter"] = min(options["max_iter"], patience or options["max_iter"])
        return program(self.traced, self.scheme, K, tuple(sorted(options.items())))

    def check_guess(self, pr, h, start):
        """InvalidInput where rates, cost or constraints, or their derivatives, are not finite at the start."""
        x, u, T, p = start
        t = pr.tau(h) * T
        f, L = self.rates(t, x, u, p)
        _refuse("dynamics", f, t, self.problem.state_names)
        _refuse("running cost", L[:, None], t)
        path, first, last, M = self.traced.gains.map(len(t))(t[None], x.T, u.T, p[:, None])
        names = {k: [path.name for path, _ in rows] for k, rows in self.traced.rows.items()}
        _refuse("constraint", np.array(path).T, t, names["path"])
        _refuse("constraint", np.array(first).T[:1], t, names["initial"])
        _refuse("constraint", np.array(last).T[-1:], t[-1:], names["final"])
        _refuse("terminal cost", np.array(M).T[-1:], t[-1:])
        z, data = self.pack(pr, x, u, T, p), pr.data(h, self.data(T, p))
        grad = np.array(pr.solver.get_function("nlp_grad_f")(z, data)[1]).ravel()
        J = np.array(pr.solver.get_function("nlp_jac_g")(z, data)[1].nonzeros())
        for what, derivative in (("cost", grad), ("dynamics or constraints", J)):
            if not np.isfinite(derivative).all():
                raise InvalidInput(f"the derivative of the {what} is not finite at the guess; give another guess")

    def solve(self, K, h, start, warm=False, patience=None, after=None) -> Attempt:
        """One solve on K intervals of fractions h from (x, u, T, p) at the points; after: an Attempt on another mesh
        whose multipliers are carried over."""
        begun = perf_counter()
        pr = self.program(K, "carried" if after else warm, patience)
        solver = pr.solver
        built = perf_counter()
        x, u, T, p = start
        z, g = self.limits(pr)
        z0 = np.clip(self.pack(pr, x, u, T, p), z[0], z[1])
        data = pr.data(h, self.data(T, p))
        duals = dict(zip(("lam_g0", "lam_x0"), carried(after, pr, h), strict=True)) if after else {}
        with interruptible(pr.stop):
            out = solver(x0=z0, p=data, lbx=z[0], ubx=z[1], lbg=g[0], ubg=g[1], **duals)
        stats = solver.stats()
        at = np.array(out["x"]).ravel()
        f, rows = float(out["f"]), np.array(out["g"]).ravel()
        residual = max(_beyond(rows, g), _beyond(at, z))
        motion = self.motion(pr, h, at)
        attempt = Attempt(
            motion,
            f,
            stats["return_status"],
            residual,
            float(path_errors(self, motion, lasting=True).max()) if stats["return_status"] in DONE else 0.0,
            int(stats["iter_count"]),
            np.array(out["lam_g"]).ravel(),
            np.array(out["lam_x"]).ravel(),
            {"build": built - begun, "solve": perf_counter() - built},
        )
        if self.best is None or (2 - attempt.kept, len(self.best.motion.h)) <= (2 - self.best.kept, K):
            self.best = attempt
        if attempt.outcome == INTERRUPTED:
            raise KeyboardInterrupt
        return attempt


def _beyond(values, limits):
    """Largest distance outside of the limits, relative to those above 1."""
    lo, hi = limits
    size = np.maximum(1.0, np.where(np.isfinite(lo), abs(lo), 1.0))
    if not len(values):
        return 0.0
    return (
        float(np.max(np.maximum(lo - values, values - hi) / size, initial=0.0)) if np.isfinite(values).all() else np.inf
    )


def _magnitude(values, bounds, ends):
    """A scale for each column: the largest bound, or value of the guess or the ends; 1 where it is an ordinary size."""
    parts = [np.abs(values).max(axis=0)] + [np.abs(side) for side in (*bounds, *(s for end in ends for s in end))]
    size = np.max([np.where(np.isfinite(v), v, 0.0) for v in parts], axis=0)
    ordinary = (size >= PLAIN_RANGE[0]) & (size <= PLAIN_RANGE[1]) | (size == 0)
    return np.where(ordinary, 1.0, size)


def _row_limits(rows, side):
    out = []
    for path, i in rows:
        limit = (path.lo, path.hi)[side]
        out.append(limit.ravel()[i if limit.size > 1 else 0])
    return np.array(out, float)


def _refuse(what, values, t, names=None):
    bad = ~np.isfinite(values)
    if bad.any():
        k, i = np.argwhere(bad)[0]
        which = f" of {names[i]}" if names is not None and what == "dynamics" else f" {names[i]!r}" if names else ""
        verb = "are" if what == "dynamics" else "is"
        raise InvalidInput(
            f"{what}{which} {verb} not finite at the guess: {values[k, i]} at t = {t[k]:.4g} s; give another guess"
        )
