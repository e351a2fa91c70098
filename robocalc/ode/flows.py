"""`flow`: one fixed step as a discrete map y₊ = φ(t, y, p) with exact Jacobians, compiled, for MPC, DDP, LQR, tuning.

    flow(f, "rk4", 0.01).step(t, y, p)    y₊
                        .jac(t, y, p)     A = ∂y₊/∂y, B = ∂y₊/∂p
                        .vjp(t, y, p, w)  wᵀA, wᵀB
                        .rollout(...)     many steps; .rollout_jac, .rollout_vjp

An input that is held over the step is part of p: p = u, or p = (u, parameters); B has its columns in that order.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.checks import positive
from robocalc.ode.methods import METHODS, SYMPLECTIC, find
from robocalc.ode.problem import unpack
from robocalc.ode.tables.splitting import Splitting

NO_PARAMETERS = np.zeros((1, 0))


def flow(f, method="rk4", dt=None, *, jac=None, substeps=1, compiled=None) -> "Flow":
    """The map of one step of length dt [s] of ẏ = f(t, y, p).

    f          as in `solve`; a System's input is p
    method     an explicit method or a splitting ("symplectic_euler": semi-implicit Euler, as physics engines step)
    jac        ∂f/∂y, or (∂f/∂y, ∂f/∂p): functions of f's arguments; else complex step (see robocalc.ode.jacobian)
    substeps   steps of dt / substeps inside one map
    raises     InvalidInput, UnknownName
    """
    if isinstance(method, (int, float)) and not isinstance(method, bool) and (dt is None or isinstance(dt, str)):
        method, dt = dt or "rk4", method  # flow(f, dt, method) reads as well
    name = find(method)
    if dt is None or not np.isfinite(dt) or dt == 0:
        raise InvalidInput(f"dt must be a finite step in seconds, not zero, got {dt!r}")
    if name not in METHODS and not isinstance(SYMPLECTIC.get(name), Splitting):
        known = [*METHODS, *(k for k, v in SYMPLECTIC.items() if isinstance(v, Splitting))]
        raise InvalidInput(f"a flow needs an explicit method or a splitting ({', '.join(known)}), not {name!r}")
    if int(substeps) != substeps or positive("substeps", substeps) < 1:
        raise InvalidInput(f"substeps must be a positive whole number, got {substeps!r}")
    f, _, jac = unpack(f, None, jac)
    return Flow(f, name, float(dt), jac, int(substeps), compiled)


@dataclass(frozen=True, eq=False)
class Flow:
    """φ of one step. y (n,) with p (m,), or rows Y (N, n) with P (N, m) or one p for all; t a number or (N,).

    Scratch memory is shared by its calls: take one Flow for each thread.
    """

    f: object
    method: str
    dt: float
    given_jac: object = None
    substeps: int = 1
    compiled: bool | None = None

    def step(self, t, y, p=None):
        """y₊, shaped like y."""
        T, Y, P, single = self._rows(t, y, p)
        out = np.empty_like(Y)
        self._engine(Y.shape[1], P.shape[1]).step(T, Y, P, out)
        return out[0] if single else out

    def jac(self, t, y, p=None):
        """(A, B): (n, n) and (n, m), or (N, n, n) and (N, n, m) for rows."""
        T, Y, P, single = self._rows(t, y, p)
        _, A, B = self._engine(Y.shape[1], P.shape[1]).tangent(T, Y, P, len(Y), False)
        return (A[0], B[0]) if single else (A, B)

    def step_jac(self, t, y, p=None):
        """(y₊, A, B) of one pass."""
        T, Y, P, single = self._rows(t, y, p)
        out = self._engine(Y.shape[1], P.shape[1]).tangent(T, Y, P, len(Y), False)
        return tuple(x[0] for x in out) if single else out

    def vjp(self, t, y, p=None, w=None):
        """(wᵀA (n,), wᵀB (m,)), or rows of them; w shaped like y. Also as vjp(t, y, w) for f without p."""
        if w is None:
            p, w = None, p
        T, Y, P, single = self._rows(t, y, p)
        W = np.array(w, dtype=float).reshape(-1, Y.shape[1]) if np.size(w) == Y.size else None
        if W is None or np.shape(w) != np.shape(y):
            raise InvalidInput(f"w must be shaped like y, {np.shape(y)}, got {np.shape(w)}")
        grad = self._engine(Y.shape[1], P.shape[1]).pull(T, Y, P, W, len(Y), False)
        return (W[0], grad[0]) if single else (W, grad)

    def rollout(self, t, y, p=None, steps=None):
        """(steps + 1, n) states from y (n,): p (steps, m) has one row a step, or (m,) serves all."""
        Y, P, count = self._path(y, p, steps)
        out = np.empty((count + 1, Y.shape[1]))
        out[0] = Y[0]
        self._engine(Y.shape[1], P.shape[1]).roll(float(t), P, out)
        return out

    def rollout_jac(self, t, y, p=None, steps=None):
        """(states (steps + 1, n), A (steps, n, n), B (steps, n, m)) along a rollout."""
        Y, P, count = self._path(y, p, steps)
        out, A, B = self._engine(Y.shape[1], P.shape[1]).tangent(np.array([float(t)]), Y, P, count, True)
        return np.vstack([Y, out]), A, B

    def rollout_vjp(self, t, y, p=None, w=None, steps=None):
        """(wᵀ ∂y_N/∂y (n,), wᵀ ∂y_N/∂p like p): the gradient of the last state of a rollout."""
        if w is None:
            p, w = None, p
        Y, P, count = self._path(y, p, steps)
        path = self.rollout(t, y, p, steps)
        W = np.array(w, dtype=float).reshape(1, -1)
        if W.shape != Y.shape:
            raise InvalidInput(f"w must have shape ({Y.shape[1]},), got {np.shape(w)}")
        grad = self._engine(Y.shape[1], P.shape[1]).pull(np.array([float(t)]), path[:-1], P, W, count, True)
        return W[0], grad if np.ndim(p) == 2 else grad.sum(axis=0)

    def _engine(self, n, m):
        """The compiled pieces for n states and m parameters, made once."""
        known = self.__dict__.setdefault("_engines", {})
        if (n, m) not in known:
            from robocalc.ode.flowengine import SplitEngine, TableEngine

            known[n, m] = (TableEngine if self.method in METHODS else SplitEngine)(self, n, m)
        return known[n, m]

    def _rows(self, t, y, p):
        """(T (N,), Y (N, n), P (N or 1, m), whether y was one state). Raises InvalidInput."""
        Y = np.array(y, dtype=np.float64, order="C")
        if Y.ndim not in (1, 2) or Y.size == 0:
            raise InvalidInput(f"y must have shape (n,) or (N, n), got {Y.shape}")
        single = Y.ndim == 1
        Y = Y.reshape(-1, Y.shape[-1])
        P = NO_PARAMETERS if p is None else np.array(p, dtype=np.float64, order="C")
        P = P.reshape(1, -1) if P.ndim < 2 else P
        if P.ndim != 2 or len(P) not in (1, len(Y)):
            raise InvalidInput(f"p must have shape (m,) or ({len(Y)}, m), got {np.shape(p)}")
        T = np.empty(len(Y))
        T[:] = t
        return T, Y, P, single

    def _path(self, y, p, steps):
        """(Y (1, n), P, number of steps). Raises InvalidInput."""
        Y = np.array(y, dtype=np.float64, order="C").reshape(1, -1)
        P = NO_PARAMETERS if p is None else np.array(p, dtype=np.float64, order="C")
        P = P.reshape(1, -1) if P.ndim < 2 else P
        if steps is None:
            if np.ndim(p) != 2:
                raise InvalidInput("say how many steps=, or give p with one row a step")
            steps = len(P)
        if len(P) not in (1, steps) or steps < 0:
            raise InvalidInput(f"p must have one row, or one for each of {steps} steps, got {len(P)} rows")
        return Y, P, int(steps)
