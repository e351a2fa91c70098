"""The steps that a solve took, kept so that they can be interpolated, or followed backwards by the adjoint."""

import numpy as np

from robocalc.ode.layout import work_size
from robocalc.ode.solution import Dense


class Trace:
    """Steps (t, y) of a run, its Field and parameters; `interpolate(t)` makes the interpolants when first called."""

    def __init__(self, run, t, y):
        self._run, self.t, self.y = run, t, y
        self._dense = None
        self.f = self.jac = None  # as the user gave them, for the adjoint

    @property
    def run(self):
        return self._run

    @property
    def dense(self) -> Dense:
        if self._dense is None:
            self._dense = self._again()
        return self._dense

    def interpolate(self, t):
        return self.dense(t)

    def _again(self) -> Dense:
        """Every step once more, for its stages."""
        from robocalc.ode.redo import redo

        run, rows = self.run, len(self.t)
        if rows == 1:
            data = np.zeros((1, run.plan.W.shape[1] + 2, run.n))
            data[:, :2] = self.y[0]
            return Dense(np.repeat(self.t, 2), np.zeros(1), data)
        steps = np.diff(self.t)
        data = np.empty((rows - 1, run.plan.W.shape[1] + 2, run.n))
        redo(run.addr, run.ctl, run.cnt.copy(), np.empty(work_size(run.n, run.plan.rows, run.plan.W.shape[1], 0)), run.p, run.plan.W, self.t, self.y, data)
        run.field.raise_failure()
        return Dense(self.t, steps, data)


class ScalarTrace(Trace):
    """The same for the generated Python loop, which has no run: one is made when it is needed."""

    def __init__(self, method, field, params, tol, t, y):
        super().__init__(None, t, y)
        self._given = (method, field, params, tol)

    @property
    def run(self):
        if self._run is None:
            from robocalc.ode.engine import Run, plan

            method, field, params, tol = self._given
            callback = field.as_callback(self.y.shape[1])
            self._run = Run(plan(method), callback, self.t[0], self.y[0], params, tol, save=False)
        return self._run
