"""Any path as a Trajectory over its parameter s, so that everything after is exact.

as_path   Trajectory, scipy splines, CartesianPath (through a robot), or a callable path(s, order)
"""

from math import factorial

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.trajectory import Trajectory

FEWEST_ORDER = 4  # shorter polynomials are padded to cubics, for which the kernels are unrolled
FIRST, MOST = 32, 20000  # pieces of a fit
CLOSE = 1e-9  # of the path's extent: a fit that is close enough
NARROW = 1e-9  # of the length: pieces are not cut below this
SMOOTH = 1e-6  # relative errors of derivatives between the points of a fit


def as_path(path, length=None, robot=None, q_start=None, frame=None) -> Trajectory:
    """The path as a Trajectory of degree 3 or more, without stretches on which nothing moves.

    raises    InvalidInput: not a path, NaN, a jump, a wrong derivative, no motion at all
    """
    if isinstance(path, Trajectory):
        found = path
    elif hasattr(path, "twist") and hasattr(path, "pose"):
        found = _through_robot(path, robot, q_start, frame)
    elif hasattr(path, "c") and hasattr(path, "x"):
        found = _piecewise(path)
    elif hasattr(path, "tck") and hasattr(path, "k"):
        found = _spline(path)
    elif callable(path):
        found = fit(path, *_interval(path, length))
    else:
        raise InvalidInput(
            f"path must be a Trajectory, a spline or a callable path(s, order), got {type(path).__name__}"
        )
    return padded(found)


def padded(path) -> Trajectory:
    K, order, n = path.coeffs.shape
    if order >= FEWEST_ORDER:
        return path
    c = np.zeros((K, FEWEST_ORDER, n))
    c[:, :order] = path.coeffs
    return Trajectory.trusted(path.knots, c)


def moving(path) -> Trajectory | None:
    """The path without segments on which no joint moves; None where none is left."""
    keep = (path.coeffs[:, 1:] != 0.0).any(axis=(1, 2))
    if not keep.any():
        return None
    knots = path.start + np.concatenate([[0.0], np.cumsum(path.times[keep])])
    return Trajectory.trusted(knots, np.ascontiguousarray(path.coeffs[keep]))


def _through_robot(path, robot, q_start, frame):
    from robocalc.trajectory.motion import map_to_joints

    if robot is None or q_start is None:
        raise InvalidInput("a CartesianPath needs robot= and q_start= (n,), to be mapped to joints")
    return map_to_joints(robot, path, q_start, frame=frame)


def _piecewise(spline):
    c, x = np.asarray(spline.c, dtype=float), np.asarray(spline.x, dtype=float)
    if c.ndim == 2:
        c = c[:, :, None]
    if c.ndim != 3:
        raise InvalidInput(f"path: a spline of vectors (n,) is needed, its coefficients have shape {c.shape}")
    return Trajectory(x, c[::-1].transpose(1, 0, 2))


def _spline(path):
    """Taylor's coefficients of a B-spline at its knots."""
    x = np.unique(path.t[path.k : len(path.t) - path.k])
    c = np.stack([np.asarray(path(x[:-1], nu=d)) / factorial(d) for d in range(path.k + 1)], axis=1)
    return Trajectory(x, c.reshape(*c.shape[:2], -1))


def _interval(path, length):
    """(start, end) of the parameter."""
    if length is None:
        for name in ("path_interval", "length", "duration"):
            value = getattr(path, name, None)
            if value is not None and not callable(value):
                length = value
                break
        else:
            raise InvalidInput("a callable path needs length=: its parameter s runs over [0, length]")
    ends = np.array([0.0, length] if np.ndim(length) == 0 else length, dtype=float)
    if ends.shape != (2,) or not np.isfinite(ends).all() or ends[1] <= ends[0]:
        raise InvalidInput(f"length must be a number greater than 0, got {length!r}")
    return ends


class _Caller:
    """path(s, order) at many s: in one call where the path takes arrays, else one by one."""

    def __init__(self, path):
        self.path, self.n = path, None

    def __call__(self, s, order):
        try:
            y = self._ask(s, order)
        except (TypeError, ValueError, IndexError) as error:
            raise InvalidInput(
                f"path(s, {order}) failed: {error}; path(s, order) must give derivatives 0, 1 and 2 as (n,)"
            ) from error
        bad = np.flatnonzero(~np.isfinite(y).all(axis=1))
        if bad.size:
            what = f"derivative {order} of the path" if order else "the path"
            raise InvalidInput(f"{what} is not finite at s = {s[bad[0]]:.6g}")
        return y

    def _ask(self, s, order):
        if self.n is None:
            self.n = np.asarray(self.path(float(s[0]), order), dtype=float).size
        try:
            y = np.asarray(self.path(s, order), dtype=float)
        except (TypeError, ValueError, IndexError):
            y = None
        if y is not None and y.shape == (len(s), self.n):
            return y
        y = np.array([np.ravel(np.asarray(self.path(float(x), order), dtype=float)) for x in s])
        if y.shape != (len(s), self.n):
            raise ValueError(f"shapes {y.shape} where {(len(s), self.n)} is needed")
        return y


def fit(path, start, end) -> Trajectory:
    """Quintic pieces that meet position and two derivatives, halved until they are close between their ends too."""
    from robocalc.trajectory.hermite import quintic

    ask = _Caller(path)
    s = np.linspace(start, end, FIRST + 1)
    hints = np.asarray(getattr(path, "knots", ()), dtype=float)
    if hints.ndim == 1:
        s = np.union1d(s, hints[(hints > start) & (hints < end)])
    while True:
        values = [ask(s, order) for order in range(3)]
        found = Trajectory(s, quintic(np.diff(s), *values))
        u = np.array([0.21, 0.5, 0.83])
        dense = (s[:-1, None] + np.diff(s)[:, None] * u).ravel()
        bad = np.zeros(len(s) - 1, bool)
        far = np.zeros(len(s) - 1)
        for order, tolerance in enumerate((CLOSE, SMOOTH, SMOOTH)):
            y = ask(dense, order)
            scale = np.ptp(values[0], axis=0).max() if order == 0 else np.abs(y).max()
            error = np.abs(y - found(dense, order)).max(axis=1).reshape(-1, len(u)).max(axis=1)
            rounding = 1e-14 * np.abs(values[0]).max() / np.diff(s) ** order * 10.0**order
            bad |= error > tolerance * scale + rounding
            far = error if order == 0 else far
        wide = np.diff(s) > NARROW * (end - start)
        jump = bad & ~wide & (far > CLOSE * np.ptp(values[0], axis=0).max())
        if jump.any() or (bad.sum() + len(s) > MOST and (bad & wide).any()):
            k = int(np.argmax(jump if jump.any() else bad))
            raise InvalidInput(
                f"the path is no smooth function near s = {s[k]:.6g}: it jumps, turns too fast to be fitted, or"
                " path(s, 1) and path(s, 2) are not its derivatives"
            )
        if not (bad & wide).any():
            return found
        s = np.union1d(s, 0.5 * (s[:-1] + s[1:])[bad & wide])
