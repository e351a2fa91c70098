"""Payload, friction and delay by weighted linear least squares: where the search by simulation begins.

    Linear      what was found
    regress     from recordings

Torque is linear in payload parameters and friction; delay is looked for on a grid. Rows are weighted by the residual of
each joint; where a joint hardly moves, its friction may be anything, and its rows do not count.
Source: Gautier (1997) for the filters; Swevers, Verdonck & De Schutter (2007) for the weights.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.dynamics.regressor import frame_regressor
from sims.learn.smooth import CUTOFF, EDGE, low_pass, motion, shifted

INERTIA_SPREAD = 0.02  # [kg m²] of a payload's inertia about its frame, before anything is measured
SLOW = 0.03  # of a joint's top speed: below, its friction is not told
LATEST, GRID = 0.08, 0.002  # [s] delays that are tried
ROUNDS = 3
MEMORY = 0.06  # [s] of the filters


@dataclass(frozen=True, eq=False)
class Linear:
    """load (10,) π at the frame, its mass [kg] with standard deviation and com (3,) [m]; resistance (2, n); delay [s].

    top          (n,) greatest speed of each joint
    covariance   of what was solved for: load, viscous and Coulomb friction, as far as asked
    """

    load: np.ndarray
    mass: float
    mass_sd: float
    com: np.ndarray
    resistance: np.ndarray
    delay: float
    top: np.ndarray
    covariance: np.ndarray


def regress(robot, recordings, what, link, resistance, delay) -> Linear:
    """resistance (2, n) and delay [s] hold where `what` does not ask for them."""
    moved = [motion(r.q, r.dt) for r in recordings]
    top = np.max([np.abs(_inner(v, r.dt)).max(axis=0) for (_, v, _), r in zip(moved, recordings, strict=True)], axis=0)
    parts = [_columns(robot, r, m, what, link, resistance, top) for r, m in zip(recordings, moved, strict=True)]
    X, known, moving = (np.concatenate([part[k] for part in parts]) for k in range(3))

    def torque(lag):
        return np.concatenate([_thin(low_pass(shifted(r.tau, lag / r.dt), r.dt), r.dt) for r in recordings]) - known

    weights = moving.astype(float)
    for _ in range(ROUNDS):
        if "delay" in what:
            delay = _best_delay(X, torque, weights)
        solved, covariance, sigma = _solve(X, torque(delay), weights, what)
        weights = moving / sigma
    return _told(robot.n, what, solved, covariance, resistance, delay, top)


def _columns(robot, recording, moved, what, link, resistance, top):
    """X (K, n, p), torque known (K, n) and whether a row counts (K, n)."""
    (q, v, a), dt, n = moved, recording.dt, robot.n
    known, columns, moving = robot.inverse_dynamics(q, v, a), [], np.ones(q.shape, bool)
    sign = np.sign(v)
    if "payload" in what:
        columns.append(frame_regressor(robot, q, v, a, link))
    if "friction" in what:
        columns += [v[:, :, None] * np.eye(n), sign[:, :, None] * np.eye(n)]
        moving = np.abs(v) >= np.maximum(SLOW * top, 1e-9)
    else:
        known = known + resistance[0] * v + resistance[1] * sign
        moving = (np.abs(v) >= SLOW * top) | (resistance[1] == 0)
    X = np.concatenate(columns, axis=2) if columns else np.zeros((*q.shape, 0))
    return _thin(low_pass(X, dt), dt), _thin(low_pass(known, dt), dt), _thin(_well_inside(moving, dt), dt)


def _well_inside(moving, dt):
    """Where it moves and has moved for as long as the filters remember, before and after."""
    reach = int(MEMORY / dt)
    count = np.concatenate([np.zeros((1, moving.shape[1])), np.cumsum(~moving, axis=0)])
    k = np.arange(len(moving))
    return count[np.minimum(k + reach + 1, len(moving))] - count[np.maximum(k - reach, 0)] == 0


def _inner(x, dt):
    edge = min(int(EDGE / dt), len(x) // 4)
    return x[edge : len(x) - edge]


def _thin(x, dt):
    return _inner(x, dt)[:: max(1, int(1 / (4 * CUTOFF * dt)))]


def _prior(p, what):
    rows = np.zeros((0, p))
    if "payload" in what:
        rows = np.zeros((6, p))
        rows[:, 4:10] = np.eye(6) / INERTIA_SPREAD
    return np.concatenate([rows, 1e-6 * np.eye(p)])


def _solve(X, y, weights, what):
    """(solution, its covariance, residual of each joint (n,))."""
    p, n = X.shape[2], X.shape[1]
    if p == 0:
        return np.zeros(0), np.zeros((0, 0)), np.ones(n)
    A = np.concatenate([(weights[:, :, None] * X).reshape(-1, p), _prior(p, what)])
    b = np.concatenate([(weights * y).ravel(), np.zeros(len(A) - y.size)])
    solved = np.linalg.lstsq(A, b, rcond=None)[0]
    rest, counts = (y - X @ solved) * (weights > 0), np.maximum((weights > 0).sum(axis=0), 1)
    sigma = np.sqrt((rest**2).sum(axis=0) / counts)
    sigma = np.maximum(sigma, 1e-6 * max(np.abs(y).max(), 1e-9))
    whitened = np.concatenate([((weights > 0)[:, :, None] * X / sigma[None, :, None]).reshape(-1, p), _prior(p, what)])
    inverse = np.linalg.pinv(whitened)
    return solved, inverse @ inverse.T, np.broadcast_to(sigma, (n,))


def _best_delay(X, torque, weights):
    """The delay that leaves the least, by a grid and a parabola through its best."""
    p = X.shape[2]
    Q = np.linalg.qr((weights[:, :, None] * X).reshape(-1, p))[0] if p else np.zeros((weights.size, 0))

    def rest(lag):
        y = (weights * torque(lag)).ravel()
        return y @ y - np.sum((Q.T @ y) ** 2)

    grid = np.arange(0, LATEST + GRID / 2, GRID)
    left = np.array([rest(lag) for lag in grid])
    k = int(np.argmin(left))
    if k in (0, len(grid) - 1):
        return float(grid[k])
    bend = left[k - 1] - 2 * left[k] + left[k + 1]
    return float(grid[k] + (0.5 * GRID * (left[k - 1] - left[k + 1]) / bend if bend > 0 else 0.0))


def _told(n, what, solved, covariance, resistance, delay, top):
    load, mass, mass_sd, com, at = np.zeros(10), 0.0, 0.0, np.zeros(3), 0
    if "payload" in what:
        load, mass, mass_sd, at = solved[:10], float(solved[0]), float(np.sqrt(covariance[0, 0])), 10
        com = np.clip(solved[1:4] / mass, -0.5, 0.5) if mass > 0 else com
    if "friction" in what:
        resistance = np.maximum(solved[at:].reshape(2, n), 0.0)
    return Linear(load, mass, mass_sd, com, np.asarray(resistance, float), delay, top, covariance)
