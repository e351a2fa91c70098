"""The steps that a solve took, kept so that they can be interpolated, or followed backwards by the adjoint."""

import numpy as np

from robocalc.ode.layout import work_size
from robocalc.ode.solution import Dense


class Trace:
    """Steps (t, y) of a run, its Field and parameters; `interpolate(t)` makes the interpolants when first called."""

    def __init__(self, run, t, y, f, jac):
        self._run, self.t, self.y = run, t, y
        self._dense = None
        self.f, self.jac = f, jac  # as the user gave them, for the adjoint

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
        work = np.empty(work_size(run.n, run.plan.rows, run.plan.W.shape[1], 0))
        redo(run.addr, run.ctl, run.cnt.copy(), work, run.p, run.plan.W, self.t, self.y, data)
        run.field.raise_failure()
        return Dense(self.t, steps, data)

    def vjp(self, w):
        """(wᵀ ∂y(T)/∂y0, wᵀ ∂y(T)/∂p), through resets and to the moment of a terminal event."""
        from robocalc.errors import InvalidInput
        from robocalc.ode.adjoint import adjoint_work, back_address
        from robocalc.ode.adjointkernels import adjoint_steps
        from robocalc.ode.jacobian import jacobian_field
        from robocalc.ode.methods import METHODS

        run, n, m = self.run, self.run.n, len(self.run.p)
        if w.shape != (n,):
            raise InvalidInput(f"w must have shape ({n},), got {w.shape}")
        s, jacobian = METHODS[run.plan.name].stages, jacobian_field(self.f, run.field, self.jac, n, m)
        lam, grad, work = w.copy(), np.zeros(m), adjoint_work(n, m, s)
        addresses = (back_address(run.plan.name, n, m)[0], run.plan.step, run.field.address, jacobian.address)
        last = len(self.t) - 1
        for row, matrix in self._jumps():
            back = (row + 1 if row + 1 < len(self.t) else row, last)
            adjoint_steps(*addresses, self.t, self.y, run.p, s, work, lam, grad, *back)
            if matrix is not None:
                grad += matrix[:, n:].T @ lam
                lam, last = matrix[:, :n].T @ lam, row
            run.field.raise_failure()
            jacobian.raise_failure()
        return lam, grad

    def _jumps(self):
        """(row before, saltation matrix) from the last jump to the first, then (-1, None): the start."""
        from robocalc.ode.sensitivity import jump_matrix, terminal_events

        run, rows = self.run, len(self.t)
        for e in terminal_events(run, self.t[-1]):
            yield rows - 1, jump_matrix(run, e, self.t[-1], self.y[-1], self.y[-1])
        for row, which in reversed(run.jumps):
            for e in which:
                yield row, jump_matrix(run, e, self.t[row], self.y[row], self.y[row + 1])
        yield -1, None


class ScalarTrace(Trace):
    """The same for the generated Python loop, which has no run: one is made when it is needed."""

    def __init__(self, method, field, params, tol, t, y, jac=None):
        super().__init__(None, t, y, field.function, jac)
        self._given = (method, field, params, tol)

    @property
    def run(self):
        if self._run is None:
            from robocalc.ode.engine import Run, plan

            method, field, params, tol = self._given
            callback = field.as_callback(self.y.shape[1])
            self._run = Run(plan(method), callback, self.t[0], self.y[0], params, tol, save=False)
        return self._run
