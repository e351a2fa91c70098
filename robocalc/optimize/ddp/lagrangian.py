"""All constraints of a problem as rows with multipliers, and the outer loop that makes a motion keep them.

Lagrangian   the rows, their sizes, their values at a motion
minimised    descents between new multipliers, until no constraint moves any more
"""

import numpy as np

from robocalc.jit import njit
from robocalc.optimize.ddp.emit import call
from robocalc.optimize.ddp.penalties import Rows, renew

OUTER = 40  # new multipliers at most
GROWTH, MOST = 10.0, 1e9  # of the weights, per squared size
FIRST = (1.0, 1e4)  # least and most of the first weight: the cost of the guess lies between
ROUGH = 1e-3  # relative decrease at which the first descents stop
FINE = 1e-2  # of the tolerance: what a round more or two reach, and the cost is as exact as the constraints
STALLED = 8  # outer rounds without half the violation that mean there is no way


class Lagrangian:
    """rows (lo, hi, λ, μ); `size` of each; `tight` bounds of the states: at the end the goal as well."""

    def __init__(self, problem, code, N, scale):
        nx, ng, ne = code.nx, len(code.along), len(code.end)
        self.code, self.sizes = code, (_sizes(problem, nx), _row_sizes(code.along), _row_sizes(code.end))
        x, g, e = np.zeros((4, N + 1, nx)), np.zeros((4, N, ng)), np.zeros((4, ne))
        x[0], x[1] = -np.inf, np.inf
        inner = slice(0, problem.nx)
        x[:2, 1:, inner] = problem.x_bounds[:, None]
        x[0, N, inner] = np.maximum(x[0, N, inner], problem.ends[1][0])
        x[1, N, inner] = np.minimum(x[1, N, inner], problem.ends[1][1])
        for side in (0, 1):
            g[side] = [_limit(row, side) for row in code.along]
            e[side] = [_limit(row, side) for row in code.end]
        first = np.array([i for i, (path, _) in enumerate(code.along) if path.where == "initial"], int)
        g[0, 1:, first], g[1, 1:, first] = -np.inf, np.inf
        for part, size in zip((x, g, e), self.sizes, strict=True):
            part[3] = np.clip(scale, *FIRST) / size**2
        self.rows = Rows(x, g, e)
        self.worst = [
            np.stack([np.zeros(part[0].size), np.broadcast_to(size, part[0].shape).ravel()])
            for part, size in zip(self.rows, self.sizes, strict=True)
        ]

    @property
    def empty(self) -> bool:
        """Whether nothing is constrained."""
        return not any(np.isfinite(part[:2]).any() for part in self.rows)

    def values(self, p, h, X, U):
        """(states, rows of nodes, rows of the end) of a motion."""
        _, g, e = self.rows
        G, E = np.zeros(g[0].shape), np.zeros(e[0].shape)
        if G.size or E.size:
            row_values(self.code.words, p, h, X, U, G, E)
        return X, G, E

    def beyond(self, values) -> float:
        """Largest violation, relative to its row's size."""
        return max(_beyond(v, part, size) for v, part, size in zip(values, self.rows, self.sizes, strict=True))

    def renew(self, values) -> float:
        """Next multipliers; the largest relative change of one over its weight."""
        return max(
            renew(np.ascontiguousarray(v).ravel(), part.reshape(4, -1), worst, GROWTH, MOST)
            for v, part, worst in zip(values, self.rows, self.worst, strict=True)
        )


@njit
def row_values(code, p, h, X, U, G, E):
    """Rows of the nodes into G (N, ng), of the end into E (ne,)."""
    N, nx, ng, ne = len(U), X.shape[1], code[4], code[5]
    out = np.empty(1 + max(ng, ne) + nx)
    if code[0] != 0:
        for t in range(N):
            call(code[0], t * h, X[t], U[t], p, out)
            for i in range(ng):
                G[t, i] = out[1 + i]
    if code[2] != 0:
        call(code[2], N * h, X[N], U[N - 1], p, out)
        for i in range(ne):
            E[i] = out[1 + i]


def _beyond(values, part, size):
    over = np.maximum(part[0] - values, values - part[1]) / size
    return float(np.max(over, initial=0.0)) if not np.isnan(over).any() else np.inf


def _sizes(problem, nx):
    """A size for each state: the largest of its bounds and ends, at least 1."""
    out = np.ones(nx)
    for end in (problem.x_bounds, *problem.ends):
        for side in end:
            out[: problem.nx] = np.maximum(out[: problem.nx], np.where(np.isfinite(side), np.abs(side), 1.0))
    return out


def _limit(row, side):
    path, i = row
    limit = (path.lo, path.hi)[side]
    return limit.ravel()[i if limit.size > 1 else 0]


def _row_sizes(rows):
    return np.array([max([1.0, *(abs(v) for v in (_limit(r, 0), _limit(r, 1)) if np.isfinite(v))]) for r in rows])


def minimised(descent, lagrangian, tolerance, most):
    """How it ended: "done", "limit", "trouble" or "stuck" (no constraint gives way any more), and the violation.

    tolerance   of the constraints, relative; the cost is minimised to a thousandth of it
    """
    final = 1e-3 * tolerance
    aim, best, since, violation = max(ROUGH, final), np.inf, 0, 0.0
    if lagrangian.empty:
        return descent.run(final, most), 0.0
    for _ in range(OUTER):
        ended = descent.run(aim, max(most - descent.iterations, 1))
        values = lagrangian.values(descent.passes.p, descent.passes.h, descent.X, descent.U)
        violation = lagrangian.beyond(values)
        if ended != "done":
            return ended, violation
        change = lagrangian.renew(values)
        since = 0 if violation < 0.5 * best else since + 1
        if max(change, violation) <= (FINE if since < 2 else 1.0) * tolerance and aim <= final:
            return "done", violation
        best = min(best, violation)
        if since >= STALLED and violation > tolerance:
            return "stuck", violation
        aim = final if max(change, violation) <= 100 * tolerance else max(0.1 * aim, final)
        descent.measure()
    return ("stuck" if violation > tolerance else "done"), violation
