"""What a Flow calls: kernels with the addresses, tables and scratch of one (f, method, n, m)."""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.methods import METHODS, SYMPLECTIC
from robocalc.ode.problem import make_field


class _Engine:
    def __init__(self, flow, n, m):
        self.flow, self.n, self.m, self.h, self.substeps = flow, n, m, flow.dt, flow.substeps
        field, _ = make_field(flow.f, n, np.zeros(m), flow.compiled)
        self.field = field if field.address else field.as_callback(n)
        self._jacobian = None

    @property
    def jacobian(self):
        if self._jacobian is None:
            from robocalc.ode.jacobian import jacobian_field

            self._jacobian = jacobian_field(self.flow.f, self.field, self.flow.given_jac, self.n, self.m)
        return self._jacobian

    def done(self):
        self.field.raise_failure()
        if self._jacobian is not None:
            self._jacobian.raise_failure()


class TableEngine(_Engine):
    """An explicit Runge-Kutta method."""

    def __init__(self, flow, n, m):
        super().__init__(flow, n, m)
        from robocalc.ode import flowkernels
        from robocalc.ode.stepcode import step_address

        self.kernels, tab = flowkernels, METHODS[flow.method]
        self.address, self.rows = step_address(flow.method)[0], tab.rows
        self.stages = tab.stages
        self.work = flowkernels.work_for(n, self.rows)
        self._wide = None

    def step(self, T, Y, P, out):
        P = P if len(P) == len(Y) else np.repeat(P, len(Y), axis=0)
        self.kernels.steps(
            self.address, self.field.address, self.rows, T, self.h, self.substeps, Y, P, out, self.work.copy()
        )
        self.done()

    def roll(self, t, P, out):
        work = self.work.copy()
        self.kernels.rollout(self.address, self.field.address, self.rows, t, self.h, self.substeps, P, out, work)
        self.done()

    @property
    def wide(self):
        """(address of the variational equation, what to append to p)."""
        if self._wide is None:
            from robocalc.ode.augmented import tail, variational

            address, keep = variational(self.n, self.m)
            end, scratch = tail(self.field, self.jacobian, self.n, self.m)
            N = self.n + self.n * (self.n + self.m)
            self._wide = (address, end, self.kernels.work_for(N, self.rows), (keep, scratch))
        return self._wide

    def tangent(self, T, Y, P, count, along):
        n, m = self.n, self.m
        address, end, work, _ = self.wide
        wide_p = np.empty((len(P), m + len(end)))
        wide_p[:, :m], wide_p[:, m:] = P, end
        out, A, B = np.empty((count, n)), np.empty((count, n, n)), np.empty((count, n, m))
        self.kernels.tangents(
            self.address, address, self.rows, T, self.h, self.substeps, Y, wide_p, m, out, A, B, work, int(along)
        )
        self.done()
        return out, A, B

    def pull(self, T, Y, P, W, count, along):
        from robocalc.ode.adjoint import adjoint_work, back_address

        grad = np.zeros((count, self.m))
        work, path = adjoint_work(self.n, self.m, self.stages), np.empty((self.substeps, self.n))
        back, _ = back_address(self.flow.method, self.n, self.m)
        self.kernels.pullback(
            back, self.address, self.field.address, self.jacobian.address, T, self.h, self.substeps,
            Y, P, W, grad, self.stages, work, path, int(along),
        )  # fmt: skip
        self.done()
        return grad


class SplitEngine(_Engine):
    """A splitting, by shears; its vector-Jacobian product goes through A and B."""

    def __init__(self, flow, n, m):
        if n % 2:
            raise InvalidInput(
                f"method {flow.method!r} needs y = (q, v) with halves of equal length, got {n} components"
            )
        super().__init__(flow, n, m)
        from robocalc.ode.splitkernels import carry, split_tangents

        self.kernel, self.carry = split_tangents, carry
        moves, time = [], 0.0
        method = SYMPLECTIC[flow.method]
        for drift, kick in zip(method.drifts, method.kicks):
            moves += [(drift, 0.0, time)] if drift else []
            time += drift
            moves += [(kick, 1.0, time)] if kick else []
        self.moves = np.array(moves)

    def _run(self, jac, T, Y, P, out, A, B, along):
        work = np.empty(self.n * (2 + 3 * (self.n + self.m)))
        self.kernel(self.field.address, jac, T, self.h, self.substeps, Y, P, out, A, B, self.moves, work, int(along))
        self.done()

    def step(self, T, Y, P, out):
        empty = np.empty((0, self.n, self.n))
        self._run(0, T, Y, P, out, empty, empty, False)

    def roll(self, t, P, out):
        empty = np.empty((0, self.n, self.n))
        rest = np.empty((len(out) - 1, self.n))
        self._run(0, np.array([t]), out[:1].copy(), P, rest, empty, empty, True)
        out[1:] = rest

    def tangent(self, T, Y, P, count, along):
        out, A = np.empty((count, self.n)), np.empty((count, self.n, self.n))
        B = np.empty((count, self.n, self.m))
        self._run(self.jacobian.address, T, Y, P, out, A, B, along)
        return out, A, B

    def pull(self, T, Y, P, W, count, along):
        grad = np.empty((count, self.m))
        if along:
            _, A, B = self.tangent(T, Y[:1].copy(), P, count, True)
            self.carry(A, B, W[0], grad)
            return grad
        _, A, B = self.tangent(T, Y, P, count, False)
        grad[:] = np.einsum("ri,rij->rj", W, B)
        W[:] = np.einsum("ri,rij->rj", W, A)
        return grad
