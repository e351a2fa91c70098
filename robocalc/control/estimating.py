"""What filters share: the correction by a measurement, the run over a record, and what may go wrong in it.

Filter       predict, correct, run
Estimates    rows of a run; `status` is OK or a sentence
unscented    mean and covariances of weighted points; square_root: of a covariance
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput

OK = "ok"
OFF, IN_A_ROW = 30.0, 10  # a filter has diverged when so many innovations in a row are so many deviations off


@dataclass(frozen=True, eq=False)
class Estimates:
    """Row k: after measurement k. Data up to a divergence is kept; where nothing could be computed, NaN.

    x           (N, nx) estimates
    P           (N, nx, nx) their covariance
    innovation  (N, p) measurement less what was expected; NaN where nothing was measured
    nis         (N,) innovation squared in units of its covariance: about p for a filter that believes the right noise
    diverged    index of the row where the filter diverged, or None
    status      "ok", or one sentence that says what went wrong
    """

    x: np.ndarray
    P: np.ndarray
    innovation: np.ndarray
    nis: np.ndarray
    diverged: int | None = None
    status: str = OK

    @property
    def deviation(self) -> np.ndarray:
        """(N, nx) standard deviations that the filter believes; ± 2 of them is the band of about 95 %."""
        return np.sqrt(np.maximum(np.diagonal(self.P, axis1=1, axis2=2), 0.0))

    def nees(self, x) -> np.ndarray:
        """(N,) squared error against true states x (N, nx) in units of P: nx on average for a consistent filter.

        raises    InvalidInput: shape, or a P that is singular, as where a state is known exactly
        """
        error = finite("x", x, 2, self.x.shape) - self.x
        out, known = np.full(len(error), np.nan), np.isfinite(self.x).all(axis=1)
        try:
            weighed = np.linalg.solve(self.P[known], error[known, :, None])[..., 0]
        except np.linalg.LinAlgError:
            raise InvalidInput("an error has no size in units of a singular P: give Q or P0 some variance") from None
        out[known] = np.einsum("ki,ki->k", error[known], weighed)
        return out


class Filter:
    """Base of the filters, which set Q, R, nu, sensor and give `_predicted`."""

    def predict(self, x, P, u=None, t=0.0):
        """(x⁻, P⁻) one step later under input u (nu,), zero unless given; t [s] matters to plants that depend on it."""
        x, P, u = self._state(x), covariance("P", P, len(self.Q)), self._inputs(u, None)
        return self._predicted(x, P, u, t)

    def correct(self, x, P, y):
        """(x̂, P̂) after measurement y (p,); entries that are NaN were not measured."""
        x, P = self._state(x), covariance("P", P, len(self.Q))
        y = _measured(y, 1, len(self.R))
        seen = np.flatnonzero(~np.isnan(y))
        return self._corrected(x, P, y[seen], seen)[:2] if len(seen) else (x, P)

    def run(self, y, u=None, *, x0, P0) -> Estimates:
        """Estimates from y (N, p); x0 (nx,), P0 (nx, nx) hold before y[0]; u[k] (N or N - 1, nu) acts from k to k + 1.

        Entries of y that are NaN were not measured.
        raises    InvalidInput: shapes, infinite values; a filter that diverges is an outcome: see Estimates.status
        """
        y = _measured(y, 2, len(self.R))
        u, x, P = self._inputs(u, len(y)), self._state(x0), covariance("P0", P0, len(self.Q))
        out = Estimates(*(np.full((len(y), *shape), np.nan) for shape in (x.shape, P.shape, y.shape[1:], ())))
        off = 0
        with np.errstate(all="ignore"):
            for k in range(len(y)):
                fault = self._row(k, y[k], u, x, P, out)
                if fault:
                    return self._ended(out, k, f"the filter diverged at step {k} ({k * self.dt:.6g} s): {fault}")
                x, P = out.x[k], out.P[k]
                count = np.count_nonzero(~np.isnan(y[k]))
                off = off if not count else off + 1 if out.nis[k] > OFF**2 * count else 0
                if off == IN_A_ROW and out.diverged is None:
                    told = f"{IN_A_ROW} innovations in a row are more than {OFF:g} standard deviations off"
                    out = self._ended(out, k, f"the filter diverged at step {k} ({k * self.dt:.6g} s): {told}")
        return out

    def _row(self, k, y, u, x, P, out):
        """Fills row k; what kept it from being computed, or None."""
        seen = np.flatnonzero(~np.isnan(y))
        try:
            if k:
                x, P = self._forward(x, P, u[k - 1], (k - 1) * self.dt)
            if not (np.isfinite(x).all() and np.isfinite(P).all()):
                return "its state is no longer finite"
            if len(seen):
                x, P, innovation, S = self._corrected(x, P, y[seen], seen)
                out.innovation[k, seen], out.nis[k] = innovation, innovation @ np.linalg.solve(S, innovation)
        except np.linalg.LinAlgError:
            return "its covariance is no longer positive definite"
        if not (np.isfinite(x).all() and np.isfinite(P).all()):
            return "its state is no longer finite"
        out.x[k], out.P[k] = x, P
        return None

    def _forward(self, x, P, u, t):
        try:
            return self._predicted(x, P, u, t)
        except InvalidInput:  # all was checked before: the plant refuses a state that is no longer finite
            return np.full(len(x), np.nan), P

    def _ended(self, out, k, told):
        at, status = (k, told) if out.diverged is None else (out.diverged, out.status)
        return Estimates(out.x, out.P, out.innovation, out.nis, at, status)

    def _corrected(self, x, P, y, seen):
        """K = P Cᵀ S⁻¹, S = C P Cᵀ + R; P̂ = (I - K C) P (I - K C)ᵀ + K R Kᵀ (Joseph), which stays positive."""
        C, R = self.sensor.jac(x)[seen], self.R[np.ix_(seen, seen)]
        innovation, S = y - self.sensor.h(x)[seen], C @ P @ C.T + R
        K = np.linalg.solve(S, C @ P).T
        rest = np.eye(len(x)) - K @ C
        P = rest @ P @ rest.T + K @ R @ K.T
        return x + K @ innovation, (P + P.T) / 2, innovation, S

    def _noise(self, nx, nu, sensor):
        R = covariance("R", self.R, sensor.p, positive=True)
        self._keep(Q=covariance("Q", self.Q, nx), R=R, nu=nu, sensor=sensor)

    def _keep(self, **values):
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def _state(self, x):
        return finite("x", x, 1, (len(self.Q),))

    def _inputs(self, u, rows):
        shape = (self.nu,) if rows is None else (rows, self.nu)
        if u is None:
            return np.zeros(shape)
        u = finite("u", u, len(shape))
        fits = u.shape == shape or (rows is not None and u.shape == (rows - 1, self.nu))
        if not fits:
            raise InvalidInput(f"u must have shape {shape}, got {u.shape}")
        return u


def unscented(points, values, means, weights):
    """(mean, covariance, cross covariance with the points) of values (2n + 1, p) at sigma points (2n + 1, n)."""
    mean = means @ values
    apart = values - mean
    return mean, apart.T @ (weights[:, None] * apart), (points - points[0]).T @ (weights[:, None] * apart)


def square_root(P) -> np.ndarray:
    """W (n, n) with WᵀW = P ≽ 0; raises LinAlgError for a P with a negative eigenvalue."""
    try:
        return np.linalg.cholesky(P).T
    except np.linalg.LinAlgError:
        size, modes = np.linalg.eigh(P)  # what is known exactly has no covariance, and no Cholesky factor
        if size[0] < -1e-12 * np.abs(size).max():
            raise
        return np.sqrt(np.maximum(size, 0.0))[:, None] * modes.T


def finite(name, x, ndim, shape=None) -> np.ndarray:
    """x as a finite float array, (p, n) from a number too where ndim is 2; raises InvalidInput."""
    x = _numbers(name, x)
    x = np.atleast_2d(x) if ndim == 2 and x.ndim == 0 else x
    if x.ndim != ndim or (shape is not None and x.shape != shape):
        wanted = f"shape {shape}" if shape is not None else f"{ndim} dimensions"
        raise InvalidInput(f"{name} must have {wanted}, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise InvalidInput(f"{name} must be finite, got {x.tolist()}")
    return x


def covariance(name, x, n, *, positive=False) -> np.ndarray:
    """x as a symmetric (n, n) without negative eigenvalue, or with positive ones alone; raises InvalidInput."""
    x = finite(name, x, 2, (n, n))
    scale = np.abs(x).max()
    if not np.allclose(x, x.T, rtol=1e-9, atol=1e-12 * scale):
        raise InvalidInput(f"{name} must be symmetric")
    low = np.linalg.eigvalsh(x)[0]
    if low <= 0 if positive else low < -1e-12 * scale:
        wanted = "be positive definite" if positive else "have no negative eigenvalue"
        raise InvalidInput(f"{name} must {wanted}, its smallest eigenvalue is {low:g}")
    return x


def _measured(y, ndim, p):
    y = _numbers("y", y)
    if y.ndim != ndim or y.shape[-1] != p:
        wanted = f"({p},)" if ndim == 1 else f"(N, {p})"
        raise InvalidInput(f"y must have shape {wanted}, got {y.shape}")
    if np.isinf(y).any():
        raise InvalidInput("y must not be infinite; NaN stands for what was not measured")
    return y


def _numbers(name, x):
    try:
        return np.asarray(x, float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be numbers, got {x!r}") from None
