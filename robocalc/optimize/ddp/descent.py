"""Steps of differential dynamic programming with gaps, from a guess to a minimum, for fixed multipliers.

    Descent   a motion, its law, and what it costs; `run` improves it

A motion may have gaps: x_{k+1} is not what the step from x_k gives. A step of length α along the law leaves (1 - α) of
each, so a whole step closes them all. Steps are judged by cost + penalties + ν Σ|gap|.
Source: Mastalli et al., "Crocoddyl", ICRA 2020; Giftthaler et al., "A family of iterative Gauss-Newton shooting
methods", IROS 2018.
"""

import numpy as np

from robocalc.optimize.ddp.backward import backward, predicted
from robocalc.optimize.ddp.foresight import Seen, foreseen, pressing, reactivate

REG_FIRST, REG_LEAST, REG_MOST = 1e-9, 1e-12, 1e10  # added to Q_uu and V_xx
UP, DOWN = 10.0, 10.0
SHORT, WHOLE = 0.1, 0.5  # steps below raise the regularisation, above lower it
LENGTHS = 0.5 ** np.arange(12)
FORESIGHT = 8  # laws at most until bounds are foreseen
CRAWL, PATIENCE = 0.3, 6  # promised decrease over that of the last step, and for how many, to call it slow
ENOUGH = 1e-4  # share of the promised decrease that a step must bring
CLOSED = 1e-10  # Σ|gap| that counts as none
ROUNDING = 1e-13  # of the merit: promised decreases below cannot be seen


class Descent:
    """X (N + 1, nx), U (N, nu): the motion; k, K (N, nu), (N, nu, nx): its law, du = k + K dx.

    cost, penalty, open   of the motion: its cost, that of broken constraints, Σ|gap|
    start                 (2, nx) bounds of the first state
    """

    def __init__(self, passes, rows, X, U, bounds, start):
        N, nu = U.shape
        nx, nz = X.shape[1], X.shape[1] + nu
        self.passes, self.rows, self.bounds, self.start = passes, rows, bounds, start
        self.X, self.U = np.array(X, order="C"), np.array(U, order="C")
        self.Xn, self.Un = np.empty_like(self.X), np.empty_like(self.U)
        self.k, self.K = np.zeros((N, nu)), np.zeros((N, nu, nx))
        self.AB, self.lz, self.lzz = np.zeros((N, nx, nz)), np.zeros((N + 1, nz)), np.zeros((N + 1, nz, nz))
        self.full = np.zeros_like(self.lzz) if passes.curved else self.lzz
        self.allowed = passes.curved and not passes.costly  # to use the curvature of the dynamics
        self.curved, self.slow, self.last = self.allowed, 0, np.inf  # now; iterations with little gain
        self.gap, self.d0 = np.zeros((N + 1, nx)), np.zeros(nx)
        self.Vx, self.V = np.zeros(nx), np.zeros((nx, nx))
        self.free = np.flatnonzero(start[0] < start[1])
        ng = rows.g.shape[2]
        self.G, self.J = np.zeros((N, ng)), np.zeros((N, ng, nz))  # rows of the nodes and their Jacobians
        self.walls = any((np.isfinite(part[:2]).any(axis=0) & (part[0] < part[1])).any() for part in (rows.x, rows.g))
        self.sides = [(np.zeros((N + 1, nx)), np.zeros((N, ng))) for _ in range(3)]
        self.reg, self.iterations, self.nu = REG_FIRST, 0, 0.0
        self.cost = self.penalty = np.inf
        self.measure()

    def measure(self):
        """Gaps, cost and penalty of the motion as it stands: after a change from outside."""
        self.passes.gaps(self.X, self.U, self.gap)
        self.open = float(np.abs(self.gap).sum())
        self.k[:], self.d0[:] = 0.0, 0.0
        self.cost, self.penalty = self._roll(0.0)
        self.fresh = False  # derivatives are those of the motion

    def _roll(self, alpha):
        return self.passes.roll(
            self.rows, self.gap, self.bounds, alpha, self.X, self.U, self.k, self.K, self.d0, self.Xn, self.Un
        )

    @property
    def merit(self):
        return self.cost + self.penalty + self.nu * self.open

    def run(self, tolerance, most) -> str:
        """Up to `most` iterations: "done" where a step promises less than `tolerance` relative; "limit", "trouble"."""
        for k in range(most):
            if not self.fresh:
                self.passes.derive(self.rows, self.X, self.U, self.AB, self.lz, self.lzz, self.full, self.G, self.J)
                self.fresh, self.bent = True, False  # `full` is up to date where bent
            if not self.law():
                return "trouble"
            gain = self.gain
            small = gain <= (tolerance if k else ROUNDING) * (1.0 + abs(self.cost))  # new multipliers earn one step
            if self.open <= CLOSED and small:
                return "done"
            self.iterations += 1
            self._watch(gain)
            if not self.search():
                if gain <= max(tolerance, 1e3 * ROUNDING) * (1.0 + abs(self.merit)) and self.open <= CLOSED:
                    return "done"
                if self.used is not self.lzz:
                    self.curved = False
                    continue
                if self.reg >= REG_MOST:
                    return "trouble"
                self.reg = max(self.reg * UP**2, 1e-6)
        return "limit"

    def _watch(self, gain):
        """Allow the curvature for good where Gauss-Newton crawls."""
        self.slow = self.slow + 1 if gain > CRAWL * self.last else max(self.slow - 1, 0)
        self.last = gain
        if self.slow >= PATIENCE and self.passes.curved and not self.allowed:
            self.allowed = self.curved = True

    def law(self) -> bool:
        """k, K from the derivatives, with as much regularisation as it takes; False where none is enough.

        With the curvature of the dynamics where that leaves the model convex: then steps are Newton's near the answer.
        """
        if self.curved and not self.bent:
            self.passes.curve(self.X, self.AB, self.lz, self.lzz, self.full)
            self.bent = True
        while True:
            if self._backward():
                self._promise()
                if self.walls:
                    self._foresee()
                return True
            self.reg = max(self.reg * UP, 1e-8)
            if self.reg > REG_MOST:
                return False

    def _backward(self) -> bool:
        for hessian in (self.full, self.lzz) if self.curved else (self.lzz,):
            self.used = hessian
            failed, self.slope, curve = backward(
                self.AB, self.lz, hessian, self.gap, self.U, *self.bounds, self.reg, self.k, self.K, self.Vx, self.V
            )
            self.gain = -(self.slope + 0.5 * curve)
            if failed < 0 and self._first():
                return True
        return False

    def _promise(self):
        """slope: of the cost along the law's linear motion, which closes all gaps; gain: what it promises to save."""
        if self.open > CLOSED or len(self.free) or self.walls:
            self.slope, curve = predicted(self.AB, self.lz, self.used, self.gap, self.k, self.K, self.d0)
            self.gain = -(self.slope + 0.5 * curve)

    def _foresee(self):
        """The law again with the inequalities that its linear motion would press on, until they are those it has."""
        here, now, then = self.sides
        seen, model = Seen(self.X, self.G, self.J), (self.lz, self.lzz, self.full)
        pressing(seen, self.rows, *here)
        _copy(here, now)
        good, grown = True, 0.0
        for _ in range(FORESIGHT):
            _copy(now, then)
            if not foreseen(self.AB, self.gap, self.k, self.K, self.d0, seen, self.rows, *then):
                break
            grown += reactivate(seen, self.rows, now[0], then[0], now[1], then[1], *model)
            _copy(then, now)
            good = self._backward()
            if not good:
                break
        if all(np.array_equal(a, b) for a, b in zip(now, here, strict=True)):
            return
        self._promise()
        gain = self.gain + grown
        reactivate(seen, self.rows, now[0], here[0], now[1], here[1], *model)
        self._promise()
        self.gain = gain
        if not (good and gain > 0 and (self.slope < 0 or self.open > CLOSED)):
            self._backward()  # the wall is not where it was foreseen
            self._promise()

    def _first(self) -> bool:
        """The change of what is free in the first state."""
        if not len(self.free):
            return True
        from robocalc.optimize.ddp.box import box_step

        f, m = self.free, len(self.free)
        V, g = np.ascontiguousarray(self.V[np.ix_(f, f)]), self.Vx[f]
        lo, hi = (np.ascontiguousarray(side[f] - self.X[0, f]) for side in self.start)
        d = np.zeros(m)
        done = box_step(V, g, lo, hi, d, np.empty(m), np.empty((m, m)), np.empty(m))
        self.d0[f] = d
        return done

    def search(self) -> bool:
        """Take the longest step that lowers the merit enough; False where none does."""
        if self.open > CLOSED:
            self.nu = max(self.nu, 2.0 * max(-self.gain, self.slope) / self.open)
        slope = self.slope - self.nu * self.open
        here = self.merit
        for alpha in LENGTHS:
            cost, penalty = self._roll(alpha)
            left = (1.0 - alpha) * self.open
            if cost + penalty + self.nu * left - here <= ENOUGH * alpha * slope + ROUNDING * abs(here):
                self._take(alpha, cost, penalty, left)
                return True
        return False

    def _take(self, alpha, cost, penalty, left):
        self.X, self.Xn, self.U, self.Un = self.Xn, self.X, self.Un, self.U
        self.passes.accept()
        self.cost, self.penalty, self.open, self.fresh = cost, penalty, left, False
        self.gap *= 1.0 - alpha
        if alpha >= WHOLE:
            self.reg, self.curved = max(self.reg / DOWN, REG_LEAST), self.allowed
        elif alpha < SHORT:
            if self.used is not self.lzz:
                self.curved = False
            else:
                self.reg = max(self.reg * UP, 1e-9)


def _copy(sides, to):
    for a, b in zip(sides, to, strict=True):
        b[:] = a
