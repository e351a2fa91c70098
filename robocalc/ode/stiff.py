"""Stiff problems by scipy's Radau, BDF and LSODA, stepped one by one, with their weaknesses repaired or told.

Repaired: events (ours: none missed, resets, sensitivity to direction), the dense output is continuous and exact at the
steps, t is never outside the interval, breakpoints restart the solver, y reaches f contiguous, a failure says why.
Told: Radau's interpolant between its steps is only of order 3, far less accurate than its steps (ask for max_step, or
use bdf or lsoda, where values between steps matter); LSODA ignores first_step for its starting order.
"""

import numpy as np

from robocalc.ode import layout as lay
from robocalc.ode.engine import Plan, Run
from robocalc.ode.methods import STIFF
from robocalc.ode.solution import Counters

DEGREE = {"radau": 2, "bdf": 4, "lsoda": 6}  # of the remainder: interpolant of degree DEGREE + 1


def _nodes(degree):
    """θ (degree,) inside the step, and the inverse of their Vandermonde matrix times 1 / (θ (1 - θ))."""
    theta = 0.5 - 0.5 * np.cos(np.pi * (2 * np.arange(degree) + 1) / (2 * degree))
    inverse = np.linalg.inv(np.vander(theta, increasing=True)) / (theta * (1 - theta))
    return theta, inverse


def stiff_plan(name) -> Plan:
    ctl, cnt = np.zeros(lay.CTL_SIZE), np.zeros(lay.CNT_SIZE, dtype=np.int64)
    ctl[lay.MAX_STEP] = np.inf
    cnt[lay.ROWS], cnt[lay.AT_START] = 0, 1
    W = np.zeros((0, DEGREE[name]))
    return Plan(name, 0, 0, (), W, 0, ctl, cnt, True, 0)


class StiffRun(Run):
    """`Run` whose steps are scipy's. `python(t, y)` is f; options go to scipy's class."""

    def __init__(self, name, python, field, t0, y0, p, tol, options, solver_class=None, **wants):
        super().__init__(stiff_plan(name), field, t0, y0, p, tol, **wants)
        import scipy.integrate

        self.make = solver_class or getattr(scipy.integrate, STIFF[name])
        self.user, self.options = python, options
        self.bad = None  # (t, component) of the last value of f that was not finite
        self.theta, self.inverse = _nodes(DEGREE[name])
        self.solver, self.work_done, self.words = None, np.zeros(3, dtype=np.int64), ""

    def python(self, t, y):
        """f, watched for values that are not finite: scipy's solvers do not say which they met."""
        values = self.user(t, y)
        if not np.isfinite(np.sum(values)):
            wrong = np.argwhere(~np.isfinite(np.asarray(values, dtype=float)))
            if len(wrong):
                self.bad = (t, int(wrong[0, 0]))
        return values

    def _restart(self):
        self._count()
        options = dict(self.options)
        bound, now = self.ctl[lay.T_END], self.ctl[lay.T]
        if "first_step" in options and (self.cnt[lay.ACCEPTED] or options["first_step"] > abs(bound - now)):
            del options["first_step"]
        rtol = float(self.tol[0].min(initial=1.0))  # scipy's Radau and BDF fail on a vector
        self.solver = self.make(
            self.python, now, self.work[: self.n].copy(), bound, rtol=rtol, atol=self.tol[1], **options
        )
        self.cnt[lay.KNOWN] = 1

    def _count(self):
        if self.solver is not None:
            self.work_done += (self.solver.nfev, self.solver.njev, self.solver.nlu)
            self.solver = None

    def counters(self):
        self._count()
        nfev, njev, nlu = (int(v) for v in self.work_done)
        return Counters(nfev, int(self.cnt[lay.ACCEPTED]), 0, njev, nlu)

    def call(self):
        """As the kernel `advance`: step until the end, a full buffer, a stop or a failure."""
        cnt, ctl, n = self.cnt, self.ctl, self.n
        if self.solver is None or cnt[lay.KNOWN] == 0:
            self._restart()
        while ctl[lay.T] != ctl[lay.T_END]:
            full = cnt[lay.SAVE] and cnt[lay.ROW] >= len(self.TS)
            if full or (len(self.events) and cnt[lay.HITS] + lay.MOST_HITS > len(self.hits)) or cnt[lay.BUDGET] == 0:
                return lay.FULL
            if cnt[lay.ACCEPTED] >= cnt[lay.MAX_STEPS]:
                return lay.TOO_MANY
            cnt[lay.BUDGET] -= 1
            t = ctl[lay.T]
            failure = self._step()
            if failure is not None:
                return failure
            cnt[lay.ACCEPTED] += 1
            self.work[n : 2 * n] = self.solver.y
            self._remainder(t)
            if self._settle(t, float(self.solver.t)):
                cnt[lay.KNOWN] = 0
                return lay.STOPPED
            if cnt[lay.ABORT]:
                return lay.ABORTED
        return lay.DONE

    def _step(self):
        """One step of scipy's solver; what the kernel would return for a failure, else None."""
        try:
            with np.errstate(all="ignore"):
                self.words = self.solver.step() or ""
        except (ValueError, np.linalg.LinAlgError) as error:
            if "finite" not in str(error) and "infs or NaNs" not in str(error) and "singular" not in str(error).lower():
                raise
            return self._failed(True)
        y = self.solver.y
        stuck = self.solver.t == self.ctl[lay.T] and self.solver.status == "running"
        if stuck or self.solver.status == "failed" or not np.isfinite(y).all():
            return self._failed(not np.isfinite(y).all())
        return None

    def _failed(self, infinite):
        """The kernel's status: a value of f that was not finite explains a failure better than its small step."""
        self.cnt[lay.BAD], self.ctl[lay.T_BAD] = (
            (-1, self.ctl[lay.T]) if self.bad is None else (self.bad[1], self.bad[0])
        )
        return lay.NONFINITE if infinite or self.bad is not None else lay.TOO_SMALL

    def _remainder(self, t):
        """R of the step's interpolant from scipy's, taken at Chebyshev nodes."""
        cnt, n = self.cnt, self.n
        ahead = cnt[lay.NEXT_EVAL] < len(self.t_eval)
        if not (cnt[lay.DENSE] or len(self.events) or ahead) or n == 0:
            return
        h = self.solver.t - t
        inside = self.solver.dense_output()(t + self.theta * h)  # (n, degree)
        old, new = self.work[:n], self.work[n : 2 * n]
        chord = np.outer(old, 1 - self.theta) + np.outer(new, self.theta)
        degree = len(self.theta)
        self.work[6 * n : (6 + degree) * n] = (self.inverse @ (inside - chord).T).reshape(-1)

    def _settle(self, t, t_new):
        from robocalc.ode.stiffstep import settle_step

        _, stopped = settle_step(
            self.addr,
            self.ctl,
            self.cnt,
            self.work,
            self.p,
            len(self.theta),
            t,
            t_new,
            self.TS,
            self.YS,
            self.HS,
            self.D,
            self.t_eval,
            self.EV,
            self.events,
            self.hits,
        )
        return stopped
