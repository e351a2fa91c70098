"""Free segment times: the times at which a spline through waypoints costs least, and gradients for users' own costs.

optimal_times        -> Trajectory whose knots are optimal
cost_and_gradients   -> CostGradients(cost, times, waypoints) of a spline at given times
"""

from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.allocation import natural_times
from robocalc.trajectory.arguments import positive
from robocalc.trajectory.hermite import ENERGY, SHAPE
from robocalc.trajectory.problem import Problem
from robocalc.trajectory.trajectory import Trajectory

NOTHING = 1e-20  # of a typical cost: what rounding leaves of none
TOLERANCE = 1e-7  # largest slope of the relative cost over log times at which the optimum counts as reached


class CostGradients(NamedTuple):
    """J = ∫ Σ wᵢ (dˢqᵢ/dtˢ)² dt of the best spline, dJ/dTₖ of segment times (K,), dJ/dp of waypoints (W, n)."""

    cost: float
    times: np.ndarray
    waypoints: np.ndarray


def optimal_times(
    waypoints,
    *,
    rho=None,
    order=3,
    duration=None,
    start=None,
    end=None,
    stop=False,
    weights=None,
    guess=None,
    tolerance=TOLERANCE,
    iterations=500,
) -> Trajectory:
    """The spline of least cost over its segment times too.

        least  ∫ Σᵢ wᵢ (dˢqᵢ/dtˢ)² dt + rho · total time,     or the cost alone for a given total `duration`

    waypoints    (W, n); no two in a row may be the same
    rho          price of a second; or
    duration     the total time [s]
    order        2 acceleration, 3 jerk, 4 snap
    start, end, stop   as in `minimum_jerk`
    weights      (n,) of the joints, default 1
    guess        (K,) segment times to start from [s]
    returns      a Trajectory; `.times` are the segment times
    raises       InvalidInput
    """
    s, w = _order(order), _weights(weights, waypoints)
    if (rho is None) == (duration is None):
        raise InvalidInput("give either rho, the price of a second, or the duration")
    problem = Problem(s, waypoints, None, duration, None, start, end, stop)
    rest = ~np.isnan(problem.given).any(axis=(1, 2))
    h = natural_times(problem.q, None, rest, alone=True) if guess is None else _guess(guess, problem.W - 1)
    price = None if rho is None else positive("rho", rho, "per second")
    h = best_times(problem, h, price, problem.duration, w, tolerance, iterations)
    knots = np.concatenate([[0.0], np.cumsum(h)])
    if duration is not None:
        knots[-1] = problem.duration
    return problem.through(np.diff(knots), knots)


def best_times(problem, h, rho, duration, weights, tolerance=TOLERANCE, iterations=500):
    """Optimal segment times (K,) for a Problem, from h (K,)."""
    from robocalc.trajectory.free_times import HOMOGENEOUS, PRICED, TOTAL, minimise

    s, K = problem.s, problem.W - 1
    x, ends, free, unrolled = _arrays(problem, np.sqrt(weights))
    if not x[:, 0].any() and not x.any():
        raise InvalidInput("the waypoints do not differ in any joint that has weight; no time is better than another")
    mode = HOMOGENEOUS if problem.at_rest else (PRICED if duration is None else TOTAL)
    if problem.at_rest:
        h = h / h.mean()
    elif duration is not None:
        h = h * (duration / h.sum())
    if _cost(problem, h, weights)[0] <= NOTHING * (np.diff(x[:, 0], axis=0) ** 2 / h[:, None] ** (2 * s - 1)).sum():
        if duration is not None:
            return h * (duration / h.sum())
        raise InvalidInput(
            "with ends this free the waypoints lie on a motion without cost: the faster the better;"
            " prescribe states at the ends, or give a duration"
        )
    z = np.log(h)
    if K > 1 or mode == PRICED:
        minimise(
            mode, rho or 0.0, duration or 1.0, ENERGY[s], SHAPE[s], s, z, x, ends, free, unrolled, tolerance, iterations
        )
    h = np.exp(z - z.max())
    if mode == PRICED:
        return np.exp(z)
    if duration is not None:
        return h * (duration / h.sum())
    cost, _ = _cost(problem, h, weights)  # k^-(2s-1) J + ρ k ΣT is least where k^2s = (2s-1) J / (ρ ΣT)
    return h * ((2 * s - 1) * cost / (rho * h.sum())) ** (1 / (2 * s))


def cost_and_gradients(
    waypoints, times, *, order=3, start=None, end=None, stop=False, derivatives=None, weights=None
) -> CostGradients:
    """Cost of the best spline at given times, with its exact derivatives.

    times (W,) as in `minimum_jerk`; derivatives are to the segment times diff(times) at fixed waypoints, and to the
    waypoints at fixed times. Other arguments and errors as in `minimum_jerk`.
    """
    from robocalc.trajectory.free_times import cost_of, waypoint_slopes

    s, w = _order(order), _weights(weights, waypoints)
    problem = Problem(s, waypoints, times, None, None, start, end, stop, derivatives)
    if problem.times is None:
        raise InvalidInput("times are needed")
    h = np.diff(problem.times)
    c = problem.through(h).coeffs * np.sqrt(w)
    slope, to_points = np.empty(len(h)), np.empty((problem.W, problem.n))
    cost = cost_of(s, h, np.ascontiguousarray(c), slope)
    waypoint_slopes(s, h, np.ascontiguousarray(c), to_points)
    return CostGradients(cost, slope, to_points * np.sqrt(w))


def _cost(problem, h, weights):
    from robocalc.trajectory.free_times import cost_of

    slope = np.empty(len(h))
    return cost_of(problem.s, h, np.ascontiguousarray(problem.through(h).coeffs * np.sqrt(weights)), slope), slope


def _arrays(problem, root):
    """(states x (W, s, n) times root of weights, end states (2s - 2, n), free (W, s - 1), unrolled kernels serve)."""
    given = problem.given
    free = np.isnan(given)
    if (free != free[:, :, :1]).any():
        raise InvalidInput("optimal times need the same derivatives free for all joints")
    x = np.concatenate([problem.q[:, None], np.nan_to_num(given)], axis=1) * root
    x[:, 0] -= x[0, 0]
    mask = np.ascontiguousarray(free[:, :, 0])
    unrolled = bool(problem.s > 2 and mask[1:-1].all() and not mask[[0, -1]].any())
    ends = np.concatenate([x[0, 1:], x[-1, 1:]])
    return np.ascontiguousarray(x), np.ascontiguousarray(ends), mask, unrolled


def _order(order):
    if order in (2, 3, 4):
        return int(order)
    raise InvalidInput(f"order must be 2 (acceleration), 3 (jerk) or 4 (snap), got {order!r}")


def _weights(weights, waypoints):
    n = np.shape(waypoints)[1] if np.ndim(waypoints) == 2 else 1
    if weights is None:
        return np.ones(n)
    w = np.asarray(weights, dtype=float)
    if w.shape != (n,) or not (np.isfinite(w).all() and (w >= 0).all() and w.any()):
        raise InvalidInput(f"weights must be ({n},) numbers of at least 0, not all 0, got {weights!r}")
    return w


def _guess(guess, K):
    h = np.asarray(guess, dtype=float)
    if h.shape != (K,) or not (np.isfinite(h).all() and (h > 0).all()):
        raise InvalidInput(f"guess must be ({K},) segment times greater than 0 s, got {guess!r}")
    return h
