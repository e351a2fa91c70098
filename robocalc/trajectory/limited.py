"""The shortest quintic spline through waypoints within limits: times and shape are both free, limits hold everywhere.

fastest   -> Trajectory, certified by exact extrema
"""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.trajectory.hermite import SHAPE, hermite
from robocalc.trajectory.limits import ORDERS
from robocalc.trajectory.problem import Problem
from robocalc.trajectory.scaling import certificate, time_scale
from robocalc.trajectory.trajectory import Trajectory

PRICES = (1e2, 1e3, 1e4, 1e5)  # of an excess, one after the other: what is left of it shrinks as 1 / price
NODES, WEIGHTS = np.linspace(0, 1, 13), np.r_[0.5, np.ones(11), 0.5] / 12  # where a segment is priced


def fastest(waypoints, limits, *, start=None, end=None, stop=False, pieces=1, smooth=0.0, iterations=200) -> Trajectory:
    """The shortest motion through waypoints within limits, among splines of degree 5 continuous in acceleration.

    Segment times and the velocities and accelerations at waypoints are optimised together (with a smooth price on what
    exceeds a limit), then time is scaled exactly: the result touches its tightest limit and exceeds none.

    waypoints, limits, start, end, stop   as in `minimum_jerk`; limits must bound velocity, acceleration or jerk
    pieces       cut each segment in so many; more come closer to the least time
    smooth       price of mean squared jerk (as share of its limit) per second: more is smoother and slower
    returns      a Trajectory never longer than `minimum_jerk(waypoints, limits=limits)` with the same ends
    raises       InvalidInput, Infeasible: as `minimum_jerk`
    """
    problem = Problem(3, waypoints, None, None, limits, start, end, stop)
    if limits is None:
        raise InvalidInput("limits are needed")
    if not isinstance(pieces, (int, np.integer)) or pieces < 1:
        raise InvalidInput(f"pieces must be 1, 2, 3, ..., got {pieces!r}")
    if np.isnan(problem.given[[0, -1]]).any():
        raise InvalidInput("the shortest motion needs its states at start and end: they cannot be free")
    first = best = problem.solve()
    cut = Cut(problem, first, pieces)
    h, x = cut.h, cut.x
    for price in PRICES:
        h, x = cut.improve(h, x, price, smooth, iterations)
        found = cut.certified(h, x)
        if found is not None and found.duration < best.duration:
            best = found
    return best


class Cut:
    """The spline problem on knots that cut each segment in `pieces`, as one vector of unknowns."""

    def __init__(self, problem, first, pieces):
        self.problem, self.limits, n = problem, problem.limits, problem.n
        u = np.arange(pieces) / pieces
        knots = np.append((first.knots[:-1, None] + first.times[:, None] * u).reshape(-1), first.end)
        self.h = np.diff(knots)
        state = first.at(knots)
        self.x = np.stack([state.q, state.v, state.a], axis=1)
        given = np.full_like(self.x, np.nan)
        given[::pieces, 0], given[::pieces, 1:] = problem.q, problem.given
        self.free = np.isnan(given)
        self.x = np.where(self.free, self.x, given)
        self.bounds = np.array([self.limits.bounds(name, n) for name in ORDERS])
        self.phi = self._basis()
        # unknowns in like units: states times powers of the mean segment time, over the typical step of a joint
        step = np.maximum(
            np.abs(np.diff(problem.q, axis=0)).mean(axis=0), 1e-3 * np.abs(np.diff(problem.q, axis=0)).max()
        )
        self.unit = step / self.h.mean() ** np.arange(3)[:, None]

    @staticmethod
    def _basis():
        from robocalc.trajectory.time_kernel import basis

        return basis(SHAPE[3], NODES)

    def improve(self, h, x, price, smooth, iterations):
        """Better (h, x) for one price of excess."""
        from scipy.optimize import minimize

        from robocalc.trajectory.time_kernel import timed_price

        K, size = len(h), np.broadcast_to(self.unit, x.shape)[self.free]
        total, to_h, to_x = h.sum(), np.empty(K), np.empty_like(x)
        state = x.copy()

        def value(y):
            T = np.exp(y[:K])
            state[self.free] = y[K:] * size
            f = timed_price(T, state, self.phi, WEIGHTS, self.bounds, price, smooth, to_h, to_x)
            return f / total, np.concatenate([to_h * T, to_x[self.free] * size]) / total

        options = {"maxiter": iterations, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-9}
        y = minimize(
            value, np.concatenate([np.log(h), x[self.free] / size]), jac=True, method="L-BFGS-B", options=options
        ).x
        state = x.copy()
        state[self.free] = y[K:] * size
        return np.exp(y[:K]), state

    def certified(self, h, x):
        """The motion with time scaled until it keeps all limits, or None where scaling cannot do that."""
        traj = Trajectory(np.concatenate([[0.0], np.cumsum(h)]), hermite(h, x))
        if self.problem.at_rest:
            traj = traj.scale_time(time_scale(traj, self.limits))
        return traj if certificate(traj, self.limits).worst <= 1.0 else None
