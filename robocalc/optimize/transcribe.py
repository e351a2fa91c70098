"""A traced problem on a mesh as a sparse nonlinear program with exact derivatives.

    Program     unknowns z, constraints, and the solver; made once for a structure, kept, fed with meshes and data
    program     the kept one

Every scheme reads A X = T h B F: each point's rates enter linearly, so that Jacobian and Hessian are sums of one small
block a point. The blocks come from one expression graph of a single point, mapped over the points, and are summed by
constant sparse matrices: nothing is differentiated on the scale of the whole motion.
"""

from collections import OrderedDict
from functools import cached_property

import numpy as np

from robocalc.optimize import blocks
from robocalc.optimize.blocks import block, derived, first, second
from robocalc.optimize.interrupt import stopper
from robocalc.optimize.sparse import Entries, gather, sparse, sparse_of
from robocalc.optimize.symbols import casadi

KEPT = 24  # solvers in memory

_programs = OrderedDict()


def program(traced, scheme, K, options=()) -> "Program":
    """The Program of this structure on K intervals; solver options as sorted (name, value) pairs."""
    key = (traced.key, scheme.name, K, options)
    if key not in _programs:
        _programs[key] = Program(traced, scheme, K, dict(options))
        while len(_programs) > KEPT:
            _programs.popitem(last=False)
    _programs.move_to_end(key)
    return _programs[key]


def forget():
    """Drop all kept solvers."""
    _programs.clear()
    blocks.forget()


class Program:
    """z = (x₀, u₀, x₁, u₁, ..., θ) for the points of K intervals; rows: defects, path constraints, both ends.

    ix (P, nx), iu (P, nu), it (nt,) are the places of states, inputs and θ in z.
    """

    def __init__(self, traced, scheme, K, options):
        self.traced, self.scheme, self.K = traced, scheme, K
        nx, nu, nt = traced.nx, traced.nu, traced.nt
        m = len(scheme.c) - 1
        P = self.P = K * m + 1
        self.of = np.arange(K)[:, None] * m + np.arange(m + 1)  # points of each interval
        own = np.ones(P, bool)
        own[0] = 0 in scheme.free
        start = np.cumsum([0, *(nx + nu * own)])
        self.ix = start[:P, None] + np.arange(nx)
        self.iu = start[:P, None] + nx + np.arange(nu)
        if not own[0]:
            self.iu[0] = self.iu[1]  # Radau's first input is that of its first node
        self.it = start[P] + np.arange(nt)
        self.nz = start[P] + nt
        self.columns = np.hstack([self.ix, self.iu, np.broadcast_to(self.it, (P, nt))])  # of w at each point
        self.options = options

    # --- rows

    @cached_property
    def n_defects(self) -> int:
        return self.K * len(self.scheme.A) * self.traced.nx

    @cached_property
    def np_path(self) -> int:
        return len(self.traced.rows["path"])

    @cached_property
    def path_rows(self) -> np.ndarray:
        """(P, rows) places of the path constraints among all."""
        return self.n_defects + np.arange(self.P * self.np_path).reshape(self.P, self.np_path)

    @cached_property
    def end_rows(self) -> tuple:
        """Places of the constraints at the start, and at the end."""
        first = self.n_defects + self.P * self.np_path
        a, b = len(self.traced.rows["initial"]), len(self.traced.rows["final"])
        return first + np.arange(a), first + a + np.arange(b)

    @cached_property
    def ng(self) -> int:
        return self.n_defects + self.P * self.np_path + sum(len(r) for r in self.end_rows)

    @cached_property
    def defect_rows(self) -> np.ndarray:
        """(K, rows of the scheme, nx)."""
        return np.arange(self.n_defects).reshape(self.K, len(self.scheme.A), self.traced.nx)

    # --- the data of one solve

    def data(self, h, d):
        """Parameter vector of a mesh with fractions h (K,) and of data d."""
        return np.concatenate([self.tau(h), h, d])

    def tau(self, h):
        """Fractions of the duration of all points (P,)."""
        first = np.concatenate([[0.0], np.cumsum(h)[:-1]])
        tau = np.zeros(self.P)
        tau[self.of] = first[:, None] + h[:, None] * self.scheme.c
        tau[-1] = 1.0
        return tau

    @cached_property
    def weights(self):
        """(P, K): fractions h -> quadrature weights of the points."""
        W = np.zeros((self.P, self.K))
        for k in range(self.K):
            W[self.of[k], k] += self.scheme.w
        return W

    # --- derivatives

    @cached_property
    def stop(self):
        """What ends a running solve."""
        return stopper(self.nz, self.ng, self.P + self.K + self.traced.nd)

    @cached_property
    def solver(self):
        """CasADi's nlpsol with our functions in place of its own derivatives."""
        ca = casadi()
        z, p = ca.MX.sym("z", self.nz), ca.MX.sym("p", self.P + self.K + self.traced.nd)
        lf, lg = ca.MX.sym("lf"), ca.MX.sym("lg", self.ng)
        tau, h, d = p[: self.P], p[self.P : self.P + self.K], p[self.P + self.K :]
        point = Point(self, z, tau.T, h, d)
        f, g, J = point.cost(), point.constraints(), point.jacobian()
        grad, H = point.gradient(), point.hessian(lf, lg)
        options = {
            "grad_f": ca.Function("nlp_grad_f", [z, p], [f, grad], ["x", "p"], ["f", "grad_f_x"]),
            "jac_g": ca.Function("nlp_jac_g", [z, p], [g, J], ["x", "p"], ["g", "jac_g_x"]),
            "hess_lag": ca.Function(
                "nlp_hess_l", [z, p, lf, lg], [H], ["x", "p", "lam_f", "lam_g"], ["triu_hess_gamma_x_x"]
            ),
            "print_time": False,
            "calc_lam_p": False,
            "iteration_callback": self.stop,
            "error_on_fail": False,
            "show_eval_warnings": False,
        }
        ipopt = {"print_level": 0, "sb": "yes"} | self.options
        options |= {f"ipopt.{k}": v for k, v in ipopt.items()}
        nlp = {"x": z, "p": p, "f": f, "g": g}
        return ca.nlpsol("collocation", "ipopt", nlp, options)


class Point:
    """The point functions mapped over a motion, and their sums. Letters as in Program."""

    def __init__(self, program, z, tau, h, d):
        self.program, self.z, self.tau, self.h, self.d = program, z, tau, h, d
        tr = program.traced
        self.X = gather(z, program.ix)
        self.U = gather(z, program.iu)
        self.theta = z[program.it] if tr.nt else casadi().MX(0, 1)
        self.weights = casadi().mtimes(sparse(program.weights), h)
        self.groups = [
            ("point", np.arange(program.P), program.path_rows),
            ("start", np.array([0]), program.end_rows[0][None]),
            ("end", np.array([program.P - 1]), program.end_rows[1][None]),
        ]

    def _call(self, function, points, *more):
        ca = casadi()
        every = len(points) > 1
        X, U = (self.X, self.U) if every else (self.X[:, int(points[0])], self.U[:, int(points[0])])
        tau = self.tau if every else self.tau[:, int(points[0])]
        args = (X, U, self.theta, tau, self.d, *more)
        out = function.map(len(points))(*(ca.repmat(a, 1, len(points)) if a.shape[1] == 1 else a for a in args))
        return out if isinstance(out, tuple | list) else (out,)

    @cached_property
    def values(self):
        return [self._call(getattr(self.program.traced, f), points) for f, points, _ in self.groups]

    def cost(self):
        ca = casadi()
        (_, L, _), (_, a, _), (_, b, _) = self.values
        return ca.mtimes(L, self.weights) + a + b

    def constraints(self):
        """A X - h B F, then g."""
        ca, pr = casadi(), self.program
        nx = pr.traced.nx
        (F, _, g), (_, _, g0), (_, _, g1) = self.values
        defects = ca.mtimes(sparse_of(*self._linear, (pr.n_defects, pr.nz)), self.z)
        rows, points, coef = self._rates
        S = sparse_of(rows, points, coef, (pr.n_defects, pr.P * nx))
        step = casadi().vec(self.h[np.repeat(np.arange(pr.K), pr.n_defects // pr.K).tolist()])
        return ca.vertcat(defects - step * ca.mtimes(S, ca.vec(F)), ca.vec(g), g0, g1)

    @cached_property
    def _linear(self):
        """(rows, columns of z, values) of A X."""
        pr = self.program
        rows, cols, values = [], [], []
        for (r, j), a in np.ndenumerate(pr.scheme.A):
            if a:
                rows.append(pr.defect_rows[:, r].ravel())
                cols.append(pr.ix[pr.of[:, j]].ravel())
                values.append(np.full(pr.K * pr.traced.nx, a))
        return tuple(np.concatenate(v) for v in (rows, cols, values))

    @cached_property
    def _rates(self):
        """(rows, index in vec(F), values) of B F without h."""
        pr = self.program
        rows, cols, values = [], [], []
        for (r, j), b in np.ndenumerate(pr.scheme.B):
            if b:
                rows.append(pr.defect_rows[:, r].ravel())
                cols.append((pr.of[:, j][:, None] * pr.traced.nx + np.arange(pr.traced.nx)).ravel())
                values.append(np.full(pr.K * pr.traced.nx, b))
        return tuple(np.concatenate(v) for v in (rows, cols, values))

    def gradient(self):
        """∂cost/∂z as a dense column."""
        ca, pr = casadi(), self.program
        total = ca.MX.zeros(pr.nz, 1)
        for i, (f, points, _) in enumerate(self.groups):
            G, places = derived(pr.traced, f, first)
            if len(places):
                nz = self._call(G, points)[0]
                weights = ca.repmat(self.weights.T, len(places), 1) if i == 0 else 1
                to = pr.columns[np.ix_(points, places)].ravel()
                total += ca.mtimes(sparse_of(to, np.arange(to.size), 1.0, (pr.nz, to.size)), ca.vec(weights * nz))
        return total

    def jacobian(self):
        """Sparse ∂constraints/∂z."""
        ca, pr = casadi(), self.program
        nx = pr.traced.nx
        r, c, v = self._linear
        entries = Entries([(r, c, v, None, None)])
        sources = []
        offset = 0
        for i, (f, points, rows) in enumerate(self.groups):
            J, (jr, jc) = derived(pr.traced, f, block)
            if not len(jr):
                continue
            sources.append(ca.vec(self._call(J, points)[0]))
            where = offset + np.arange(len(points) * len(jr)).reshape(len(points), len(jr))
            offset += where.size
            if i == 0:
                self._rate_entries(entries, jr, jc, where, nx)
            for e in np.flatnonzero(jr >= nx if i == 0 else jr >= 0):
                row = rows[:, jr[e] - (nx if i == 0 else 0)]
                entries.add(row, pr.columns[points, jc[e]], 1.0, where[:, e], None)
        return entries.matrix(ca.vertcat(*sources), self.h, (pr.ng, pr.nz))

    def _rate_entries(self, entries, jr, jc, where, nx):
        pr = self.program
        for (r, j), b in np.ndenumerate(pr.scheme.B):
            if b:
                points = pr.of[:, j]
                for e in np.flatnonzero(jr < nx):
                    rows, cols = pr.defect_rows[:, r, jr[e]], pr.columns[points, jc[e]]
                    entries.add(rows, cols, -b, where[points, e], np.arange(pr.K))

    def hessian(self, lf, lg):
        """Sparse upper triangle of ∂²(lf cost + lg·constraints)/∂z²."""
        ca, pr = casadi(), self.program
        nx = pr.traced.nx
        rows, cols, coef = self._rates
        S = sparse_of(cols, rows, -coef, (pr.P * nx, pr.n_defects))
        step = casadi().vec(self.h[np.repeat(np.arange(pr.K), pr.n_defects // pr.K).tolist()])
        mu = ca.reshape(ca.mtimes(S, step * lg[: pr.n_defects]), nx, pr.P)
        entries, sources, offset = Entries([]), [], 0
        for i, (f, points, grows) in enumerate(self.groups):
            H, (hr, hc) = derived(pr.traced, f, second)
            if not len(hr):
                continue
            weight = lf * self.weights.T if i == 0 else lf
            nu = gather(lg, grows) if grows.size else ca.MX(0, len(points))
            push = mu if i == 0 else ca.MX(0, 1)
            sources.append(ca.vec(self._call_dense(H, points, weight, push, nu)))
            where = offset + np.arange(len(points) * len(hr)).reshape(len(points), len(hr))
            offset += where.size
            a, b = pr.columns[points][:, hr], pr.columns[points][:, hc]
            entries.add(np.minimum(a, b).ravel(), np.maximum(a, b).ravel(), 1.0, where.ravel(), None)
        source = ca.vertcat(*sources) if sources else ca.MX(0, 1)
        return entries.matrix(source, self.h, (pr.nz, pr.nz))

    def _call_dense(self, H, points, *more):
        return self._call(H, points, *more)[0]
