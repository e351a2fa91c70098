"""Derivatives of what a robot does, exact, for one configuration or a batch; and a check for derivatives of one's own.

Derivatives          methods over kernels
InverseDerivatives   ∂τ/∂q, ∂τ/∂v, ∂τ/∂a = M
ForwardDerivatives   ∂a/∂q, ∂a/∂v, ∂a/∂τ = M⁻¹
Linear               A = ∂x⁺/∂x or ∂ẋ/∂x, B by τ; x = (q, v)
check_derivatives    a claimed Jacobian against complex steps or central differences
"""

import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.check import joint_rows
from robocalc.errors import InvalidInput


class InverseDerivatives(NamedTuple):
    """Of τ = M(q) a + h(q, v); each (n, n) or (N, n, n), [..., i, j] is torque i by joint j."""

    dq: np.ndarray
    dv: np.ndarray
    da: np.ndarray


class ForwardDerivatives(NamedTuple):
    """Of a = M(q)⁻¹ (τ - h(q, v)); each (n, n) or (N, n, n), [..., i, j] is acceleration i by joint j."""

    dq: np.ndarray
    dv: np.ndarray
    dtau: np.ndarray


class Linear(NamedTuple):
    """A (2n, 2n) and B (2n, n) of x = (q, v) and τ, or with a leading N."""

    A: np.ndarray
    B: np.ndarray


class Derivatives:
    """Derivatives of the dynamics, of poses, of Jacobians and of the twin's step; shapes and errors as for values."""

    def inverse_dynamics_derivatives(self, q, v, a) -> InverseDerivatives:
        """∂τ/∂q, ∂τ/∂v and M of inverse dynamics at (q, v, a).

        source    Singh, Russo & Wensing (2022)
        """
        from robocalc.dynamics.kernels_linear import many_rnea_derivatives

        (q, v, a), single = joint_rows(self.joints, q=q, v=v, a=a)
        out = [np.empty((*q.shape, self.n)) for _ in range(3)]
        many_rnea_derivatives(self._model, q, v, a, *out)
        return InverseDerivatives(*(x[0] if single else x for x in out))

    def forward_dynamics_derivatives(self, q, v, tau) -> ForwardDerivatives:
        """∂a/∂q, ∂a/∂v and M⁻¹ of forward dynamics at (q, v, τ)."""
        from robocalc.dynamics.kernels_linear import many_acceleration_derivatives

        (q, v, tau), single = joint_rows(self.joints, q=q, v=v, tau=tau)
        out = [np.empty((*q.shape, self.n)) for _ in range(3)]
        many_acceleration_derivatives(self._model, q, v, tau, np.empty_like(q), *out)
        return ForwardDerivatives(*(x[0] if single else x for x in out))

    def linearise(self, q, v, tau) -> Linear:
        """A, B of the continuous dynamics ẋ = (v, a(q, v, τ)): δẋ = A δx + B δτ."""
        dq, dv, dtau = self.forward_dynamics_derivatives(q, v, tau)
        n, lead = self.n, dq.shape[:-2]
        A, B = np.zeros((*lead, 2 * n, 2 * n)), np.zeros((*lead, 2 * n, n))
        A[..., :n, n:] = np.eye(n)
        A[..., n:, :n], A[..., n:, n:], B[..., n:, :] = dq, dv, dtau
        return Linear(A, B)

    def step(self, q, v, tau, dt):
        """(q⁺, v⁺) of one step of the twin: v⁺ = v + dt a(q, v, τ), q⁺ = q + dt v⁺ (semi-implicit Euler)."""
        dt = positive_time(dt)
        a = self.forward_dynamics(q, v, tau)
        v_next = np.asarray(v, dtype=float) + dt * a
        return np.asarray(q, dtype=float) + dt * v_next, v_next

    def step_derivatives(self, q, v, tau, dt) -> Linear:
        """A = ∂(q⁺, v⁺)/∂(q, v), B = ∂(q⁺, v⁺)/∂τ of `step`, exact for that discrete map; dt [s]."""
        from robocalc.dynamics.kernels_linear import many_step_derivatives

        dt = positive_time(dt)
        (q, v, tau), single = joint_rows(self.joints, q=q, v=v, tau=tau)
        N, n = q.shape
        A, B = np.empty((N, 2 * n, 2 * n)), np.empty((N, 2 * n, n))
        many_step_derivatives(self._model, q, v, tau, dt, np.empty((N, 2 * n)), np.empty((3, n, n)), A, B)
        return Linear(A[0], B[0]) if single else Linear(A, B)

    def jacobian_derivatives(self, q, frame=None) -> np.ndarray:
        """∂J/∂q of a frame's Jacobian, (6, n, n) or (N, 6, n, n): [..., i, j] is column i by joint j, world axes."""
        return self._hessians(q, frame)[1]

    def jacobian_rate(self, q, v, frame=None) -> np.ndarray:
        """J̇ = Σⱼ ∂J/∂qⱼ vⱼ, (6, n) or (N, 6, n): a frame's acceleration is J a + J̇ v."""
        (q, v), single = joint_rows(self.joints, q=q, v=v)
        rate = np.einsum("kaij,kj->kai", self._hessians(q, frame)[1], v)
        return rate[0] if single else rate

    def pose_derivatives(self, q, frame=None) -> np.ndarray:
        """∂T/∂q of a frame's pose, (4, 4, n) or (N, 4, 4, n)."""
        T, J = self.pose(q, frame), self.jacobian(q, frame)
        out = np.zeros((*T.shape, self.n))
        columns = np.moveaxis(T[..., :3, :3], -1, 0)[..., None]  # each a vector fixed in the frame
        for k, column in enumerate(columns):
            out[..., :3, k, :] = np.cross(J[..., 3:, :], column, axis=-2)
        out[..., :3, 3, :] = J[..., :3, :]
        return out

    def _hessians(self, q, frame):
        from robocalc.dynamics.kernels_linear import many_hessians

        (q,), single = joint_rows(self.joints, q=q)
        body, offset = self.frame(frame)
        J, H = np.empty((len(q), 6, self.n)), np.empty((len(q), 6, self.n, self.n))
        many_hessians(self._model, q, body, offset[9:], J, H)
        return (J[0], H[0]) if single else (J, H)


def positive_time(dt) -> float:
    """dt as a float [s], or InvalidInput."""
    if isinstance(dt, bool) or not isinstance(dt, int | float | np.number) or not np.isfinite(dt) or dt <= 0:
        raise InvalidInput(f"dt must be a time step in seconds, greater than 0, got {dt!r}")
    return float(dt)


@dataclass(frozen=True, eq=False)
class DerivativeCheck:
    """claimed and numeric Jacobian (m, n); error relative to the size of each row; the worst entry and its names."""

    claimed: np.ndarray
    numeric: np.ndarray
    error: float
    worst: tuple
    method: str
    tolerance: float

    @property
    def ok(self) -> bool:
        return self.error <= self.tolerance

    def __bool__(self):
        return self.ok

    @property
    def why(self) -> str:
        """One sentence with the worst entry."""
        i, j = self.worst
        told = f"d f[{i}] / d x[{j}]: claimed {self.claimed[i, j]:.9g}, {self.method} gives {self.numeric[i, j]:.9g}"
        judged = "agree" if self.ok else "disagree"
        return f"derivatives {judged} to {self.error:.2g} (tolerance {self.tolerance:g}); worst {told}"

    def raise_for_status(self) -> "DerivativeCheck":
        """Itself where all agree, else raises InvalidInput with `why`."""
        if not self.ok:
            raise InvalidInput(self.why)
        return self


def check_derivatives(f, x, jacobian=None, *, method="auto", tolerance=1e-6) -> DerivativeCheck:
    """Whether a claimed Jacobian of f at x is the derivative.

    f           f(x) -> (m,) or a number, for x (n,); or f(x) -> (value, jacobian) where `jacobian` is None
    jacobian    (m, n) or (n,), or a function of x that returns it
    method      complex (f must take complex x: exact to rounding), central (differences, extrapolated: about 1e-9),
                or auto: complex where f takes it and agrees with differences to 1e-4
    tolerance   on |claimed - numeric|, relative to the largest entry of the row (at least 1)
    returns     DerivativeCheck: .ok, .why names the worst entry; .raise_for_status()
    raises      InvalidInput   shapes that do not fit, values that are not finite
    """
    x = np.atleast_1d(np.array(x, dtype=float))
    if x.ndim != 1 or not np.isfinite(x).all():
        raise InvalidInput(f"x must be (n,) finite numbers, got shape {x.shape}")
    if method not in ("auto", "complex", "central"):
        raise InvalidInput(f"method must be auto, complex or central, got {method!r}")
    value, claimed = _claimed(f, x, jacobian)
    call = f if jacobian is not None else lambda y: f(y)[0]
    numeric, used = _numeric(call, x, method, len(value))
    if claimed.shape != numeric.shape:
        raise InvalidInput(
            f"the Jacobian must have shape {numeric.shape} for f {value.shape}, x {x.shape}; got {claimed.shape}"
        )
    if not (np.isfinite(claimed).all() and np.isfinite(numeric).all()):
        raise InvalidInput("f or its Jacobian is not finite at x")
    gap = np.abs(claimed - numeric) / np.maximum(1.0, np.abs(numeric).max(axis=1, initial=0.0, keepdims=True))
    worst = np.unravel_index(np.argmax(gap), gap.shape)
    return DerivativeCheck(claimed, numeric, float(gap[worst]), tuple(int(k) for k in worst), used, tolerance)


def _claimed(f, x, jacobian):
    value = f(x)
    if jacobian is None:
        if not isinstance(value, tuple) or len(value) != 2:
            raise InvalidInput("without a jacobian, f must return (value, jacobian)")
        value, given = value
    else:
        given = jacobian(x) if callable(jacobian) else jacobian
    value, given = np.atleast_1d(np.asarray(value, dtype=float)), np.asarray(given, dtype=float)
    return value.ravel(), given.reshape(1, -1) if given.ndim == 1 and value.size == 1 else given


def _numeric(call, x, method, m):
    if method != "central":
        exact = _complex_step(call, x, m)
        if exact is not None and (method == "complex" or _plausible(exact, call, x, m)):
            return exact, "complex step"
        if method == "complex":
            raise InvalidInput("f does not take complex x; use method='central'")
    return _central(call, x, m), "central differences"


def _complex_step(call, x, m):
    """Im f(x + i h e) / h for each direction, or None where f does not take complex numbers."""
    h, out = 1e-30, np.empty((m, len(x)))
    for j in range(len(x)):
        z = x.astype(complex)
        z[j] += 1j * h
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error")  # a complex number cast to a real one
                y = np.atleast_1d(np.asarray(call(z))).ravel()
        except Exception:  # whatever a user's function raises on complex input
            return None
        if not np.iscomplexobj(y) or y.shape != (m,):
            return None
        out[:, j] = y.imag / h
    return out


def _plausible(exact, call, x, m):
    """Complex steps are silently wrong through abs, conjugates and comparisons: differences would notice."""
    rough = _central(call, x, m)
    return np.allclose(exact, rough, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(rough).max(initial=0.0)))


def _central(call, x, m):
    """(8 (f(x+h) - f(x-h)) - (f(x+2h) - f(x-2h))) / 12 h: error ~ h⁴."""
    out = np.empty((m, len(x)))
    for j in range(len(x)):
        h = 1e-3 * max(1.0, abs(x[j]))
        at = [x.copy() for _ in range(4)]
        for y, k in zip(at, (1, -1, 2, -2), strict=True):
            y[j] += k * h
        a, b, c, d = (np.atleast_1d(np.asarray(call(y), dtype=float)).ravel() for y in at)
        out[:, j] = (8 * (a - b) - (c - d)) / (12 * h)
    return out
