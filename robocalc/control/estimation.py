"""States from measurements: x₊ = f(x, u) + w, y = h(x) + e, with w ~ N(0, Q), e ~ N(0, R) at every step.

kalman         the steady gain of a linear filter, and the covariance that it reaches
KalmanFilter   linear: x₊ = A x + B u + w, y = C x + e
EKF            any System or Robot, linearised at the estimate
UKF            the same through sigma points: no derivatives, and curvature counts
Estimates      what `filter.run(y, u, x0=, P0=)` returns

All three have the same methods: predict(x, P, u, t), correct(x, P, y), run(y, u, x0=, P0=).
"""

from dataclasses import dataclass

import numpy as np

from robocalc.control.estimating import Filter, covariance, finite, square_root, unscented
from robocalc.control.estimation_plants import motion_of, sensor_of
from robocalc.control.gains import check_period
from robocalc.control.riccati import shown, unmoved
from robocalc.errors import InvalidInput

EDGE = 1e-9  # as in riccati: margin of stability, and share below which a mode counts as not seen


def kalman(A, C, Q, R, *, names=None):
    """(L, P) of the steady filter x̂ = x⁻ + L (y - C x⁻), x⁻₊ = A x̂ + B u; P = cov(x - x⁻), before the measurement.

    A (n, n), C (p, n), Q (n, n) ≽ 0 and R (p, p) ≻ 0 covariances a step; L (n, p), P (n, n). After the measurement the
    covariance is (I - L C) P.
    names     (n,) of the states, for messages
    raises    InvalidInput: shapes, NaN, signs of Q and R, or no filter that converges: names the motion
    source    discrete algebraic Riccati equation P = A P Aᵀ - A P Cᵀ (C P Cᵀ + R)⁻¹ C P Aᵀ + Q; Anderson & Moore (1979)
    """
    from scipy.linalg import solve_discrete_are

    A, C = finite("A", A, 2), finite("C", C, 2)
    n, p = len(A), len(C)
    finite("A", A, 2, (n, n)), finite("C", C, 2, (p, n))
    Q, R = covariance("Q", Q, n), covariance("R", R, p, positive=True)
    try:
        P = solve_discrete_are(A.T, C.T, Q, R)
    except (np.linalg.LinAlgError, ValueError):
        raise InvalidInput(_unseen(A, C, Q, names)) from None
    P = (P + P.T) / 2
    L = np.linalg.solve(C @ P @ C.T + R, C @ P).T
    if not np.isfinite(P).all() or not np.abs(np.linalg.eigvals(A - A @ L @ C)).max() < 1.0:
        raise InvalidInput(_unseen(A, C, Q, names))
    return L, P


def _unseen(A, C, Q, names) -> str:
    """Which motion keeps every filter from converging (Hautus, dual of riccati.unstable)."""
    told, names = "no filter converges", [f"x[{i}]" for i in range(len(A))] if names is None else list(names)
    for M, W, why in ((A, C, "is not seen by C"), (A.T, Q, "stands on the edge of stability and is not driven by Q")):
        poles, modes = np.linalg.eig(M)
        size, slack = np.abs(poles), EDGE * max(1.0, np.abs(poles).max())
        for k in np.argsort(-size):
            relevant = size[k] >= 1 - slack if W is C else abs(size[k] - 1) <= slack
            if relevant and np.abs(W @ modes[:, k]).max() <= EDGE * max(1.0, np.abs(W).max()):
                share = np.abs(modes[:, k])
                states = ", ".join(names[i] for i in np.flatnonzero(share > 0.1 * share.max()))
                return f"{told}: the motion of {states} (pole {shown(poles[k])}) {why}"
    for M, W, why in ((A.T, C.T, "is not seen by C"), (A, Q, "stands on the edge of stability and is not driven by Q")):
        if found := unmoved(M, W, on_edge_only=W is Q):
            states = ", ".join(names[i] for i in found[0])
            return f"{told}: the motion of {states} (pole {shown(found[1])}) {why}"
    return f"{told}: some motion that does not die out is not seen by C, or not driven by Q"


@dataclass(frozen=True, eq=False)
class KalmanFilter(Filter):
    """x₊ = A x + B u + w, y = C x + e.

    A (n, n), C (p, n), Q (n, n) ≽ 0, R (p, p) ≻ 0, B (n, m) or None for a system without input; dt [s] of a step, for
    messages
    raises    InvalidInput: shapes, values that are not finite, signs of Q and R
    source    Kalman (1960); covariance in Joseph's form
    """

    A: np.ndarray
    C: np.ndarray
    Q: np.ndarray
    R: np.ndarray
    B: np.ndarray | None = None
    dt: float = 1.0

    def __post_init__(self):
        check_period(self.dt)
        n = len(finite("A", self.A, 2))
        B = np.zeros((n, 0)) if self.B is None else finite("B", self.B, 2)
        self._keep(A=finite("A", self.A, 2, (n, n)), B=finite("B", B, 2, (n, B.shape[1])))
        self._noise(n, B.shape[1], sensor_of(finite("C", self.C, 2), None, n, self.R))

    def _predicted(self, x, P, u, t):
        return self.A @ x + self.B @ u, self.A @ P @ self.A.T + self.Q


@dataclass(frozen=True, eq=False)
class EKF(Filter):
    """The extended Kalman filter of a System (state x, Runge-Kutta 4) or a Robot (x = (q, v), stepped as the twin).

    plant      System or Robot
    dt         [s] from one measurement to the next, of `substeps` integration steps
    C          (p, nx), or a function h(x (nx,)) -> (p,)
    Q, R       (nx, nx) ≽ 0 a step of dt, (p, p) ≻ 0
    jac_h      function x -> ∂h/∂x (p, nx); differences of h unless given
    raises     InvalidInput: shapes, values that are not finite, signs of Q and R
    source     Särkkä (2013), section 5.2. Transition matrices are exact for the integration step, not differences.
    """

    plant: object
    dt: float
    C: object
    Q: np.ndarray
    R: np.ndarray
    jac_h: object = None
    substeps: int = 1

    def __post_init__(self):
        motion = motion_of(self.plant, self.dt, self.substeps)
        self._keep(motion=motion)
        self._noise(motion.nx, motion.nu, sensor_of(self.C, self.jac_h, motion.nx, self.R))

    def _predicted(self, x, P, u, t):
        x, A = self.motion.linear(t, x, u)
        return x, A @ P @ A.T + self.Q


@dataclass(frozen=True, eq=False)
class UKF(Filter):
    """The unscented Kalman filter; plant, dt, C, Q, R, substeps as for EKF.

    alpha, beta, kappa   spread of the sigma points: n + λ = alpha² (n + kappa). With alpha = 1, kappa = 0 no
                         weight is negative: covariances stay positive; beta = 2 suits Gaussian noise
    raises               InvalidInput: as EKF, and a spread that is not positive
    source               Wan & van der Merwe (2000); points are drawn again after Q is added
    """

    plant: object
    dt: float
    C: object
    Q: np.ndarray
    R: np.ndarray
    substeps: int = 1
    alpha: float = 1.0
    beta: float = 2.0
    kappa: float = 0.0

    def __post_init__(self):
        motion = motion_of(self.plant, self.dt, self.substeps)
        shape = [float(finite(name, getattr(self, name), 2)[0, 0]) for name in ("alpha", "beta", "kappa")]
        if not shape[0] ** 2 * (motion.nx + shape[2]) > 0:
            told = f"{self.alpha!r}, {self.beta!r}, {self.kappa!r}"
            raise InvalidInput(f"alpha² (n + kappa) must be above 0; got alpha, beta, kappa = {told}")
        self._keep(motion=motion, alpha=shape[0], beta=shape[1], kappa=shape[2])
        self._noise(motion.nx, motion.nu, sensor_of(self.C, None, motion.nx, self.R))

    def _predicted(self, x, P, u, t):
        points, means, weights = self._points(x, P)
        x, P, _ = unscented(points, self.motion.many(t, points, u), means, weights)
        return x, P + self.Q

    def _corrected(self, x, P, y, seen):
        points, means, weights = self._points(x, P)
        z = np.stack([self.sensor.h(point)[seen] for point in points])
        expected, S, cross = unscented(points, z, means, weights)
        S, innovation = S + self.R[np.ix_(seen, seen)], y - expected
        K = np.linalg.solve(S, cross.T).T
        P = P - K @ S @ K.T
        return x + K @ innovation, (P + P.T) / 2, innovation, S

    def _points(self, x, P):
        n = len(x)
        spread = self.alpha**2 * (n + self.kappa)
        root = square_root(spread * P)
        means = np.full(2 * n + 1, 0.5 / spread)
        weights = means.copy()
        means[0] = 1 - n / spread
        weights[0] = means[0] + 1 - self.alpha**2 + self.beta
        return np.vstack([x, x + root, x - root]), means, weights
