"""Splines, free times and evaluation against scipy and minsnap-trajectories; seven joints, rest at the ends."""

from functools import partial

import numpy as np

from tests.benchmarks.harness import Line, best

JOINTS = 7


def problem(W, seed=0):
    """Waypoints (W, 7) and increasing times (W,)."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(W, JOINTS)), np.r_[0.0, np.cumsum(rng.uniform(0.5, 1.5, W - 1))]


def scipy_spline(q, t, s):
    """A call of make_interp_spline with rest at both ends: the same motion as B-spline coefficients."""
    from scipy.interpolate import make_interp_spline

    rest = [(r, np.zeros(JOINTS)) for r in range(1, s)]
    return lambda: make_interp_spline(t, q, k=2 * s - 1, bc_type=(rest, rest))


def coefficients_against_scipy(W, s):
    from robocalc.trajectory.minimum import coefficients

    q, t = problem(W)
    return best(lambda: coefficients(q, t, s), scipy_spline(q, t, s), blocks=15)


def whole_call_against_scipy(W, s):
    from robocalc.trajectory import minimum_jerk, minimum_snap

    q, t = problem(W)
    f = minimum_jerk if s == 3 else minimum_snap
    return best(lambda: f(q, t), scipy_spline(q, t, s), blocks=15)


def error_against_scipy(W, s):
    """Largest difference of coefficients, relative to the largest coefficient."""
    from math import factorial

    from robocalc.trajectory.minimum import coefficients

    q, t = problem(W)
    c, oracle = coefficients(q, t, s), scipy_spline(q, t, s)()
    off = [np.abs(oracle(t[:-1], nu=d) / factorial(d) - c[:, d]).max() for d in range(2 * s)]
    return max(off) / np.abs(c).max(), None


def minsnap_points(q, t, s):
    import minsnap_trajectories as minsnap

    zero = np.zeros(q.shape[1])
    rest = {"velocity": zero, "acceleration": zero} | ({"jerk": zero} if s == 4 else {})
    ends = (0, len(q) - 1)
    return [minsnap.Waypoint(time=a, position=x, **(rest if k in ends else {})) for k, (a, x) in enumerate(zip(t, q))]


def against_minsnap(W, s):
    import minsnap_trajectories as minsnap

    from robocalc.trajectory.minimum import coefficients

    q, t = problem(W)
    words = {"degree": 2 * s - 1, "idx_minimized_orders": s, "num_continuous_orders": s}
    points = minsnap_points(q, t, s)
    return best(lambda: coefficients(q, t, s), lambda: minsnap.generate_trajectory(points, **words), blocks=3)


def many_waypoints(W):
    from robocalc.trajectory import minimum_jerk

    q, t = problem(W)
    (ours,) = best(lambda: minimum_jerk(q, t))
    return 1e3 * ours, None


def free_times(W, order):
    from robocalc.trajectory import optimal_times

    q, _ = problem(W)
    (ours,) = best(lambda: optimal_times(q, rho=1.0, order=order))
    return 1e3 * ours, None


def gradient_error(order):
    """Largest error of dJ/dT against differences of order 6, relative to the largest entry."""
    from robocalc.trajectory import cost_and_gradients

    q, t = problem(10)
    h = np.diff(t)

    def cost(h):
        return cost_and_gradients(q, np.r_[0, np.cumsum(h)], order=order).cost

    def slope(d, e=5e-3):
        at = [cost(h + k * e * d) - cost(h - k * e * d) for k in (1, 2, 3)]
        return (45 * at[0] - 9 * at[1] + at[2]) / (60 * e)

    g = cost_and_gradients(q, t, order=order).times
    return np.abs(g - [slope(d) for d in np.eye(9)]).max() / np.abs(g).max(), None


def minsnap_optimum(q, s, rho):
    """minsnap-trajectories inside scipy's L-BFGS over log times, with scipy's finite differences; (value, times)."""
    import minsnap_trajectories as minsnap
    from scipy.optimize import minimize

    words = {"degree": 2 * s - 1, "idx_minimized_orders": s, "num_continuous_orders": s}
    u, w = np.polynomial.legendre.leggauss(s)

    def value(z):
        h = np.exp(z)
        t = np.r_[0.0, np.cumsum(h)]
        motion = minsnap.generate_trajectory(minsnap_points(q, t, s), **words)
        inner = (t[:-1, None] + h[:, None] * (u + 1) / 2).reshape(-1)
        top = minsnap.compute_trajectory_derivatives(motion, inner, s + 1)[s]
        return float(((top**2).sum(axis=1).reshape(-1, s) @ w / 2 * h).sum() + rho * h.sum())

    found = minimize(value, np.zeros(len(q) - 1) + 1.0, method="L-BFGS-B", options={"ftol": 1e-13, "gtol": 1e-6})
    return found.fun, np.exp(found.x)


def free_times_against_minsnap(s):
    from robocalc.trajectory import optimal_times

    q, _ = problem(10)
    m = optimal_times(q, rho=1.0, order=s)
    value, _ = minsnap_optimum(q, s, 1.0)
    mine = m.cost(s) + m.duration
    assert mine <= value * (1 + 1e-6), f"the optimum differs: {mine} and {value}"
    return best(lambda: optimal_times(q, rho=1.0, order=s), lambda: minsnap_optimum(q, s, 1.0), blocks=1)


def evaluation(order_of_times):
    """Position, velocity and acceleration at 10⁶ times on 1,000 segments."""
    from scipy.interpolate import PPoly

    from robocalc.trajectory import minimum_jerk

    q, t = problem(1001)
    m = minimum_jerk(q, t)
    theirs = PPoly(np.ascontiguousarray(np.moveaxis(m.coeffs[:, ::-1], 1, 0)), t)
    pieces = [theirs, theirs.derivative(), theirs.derivative(2)]
    at = np.linspace(0, t[-1], 1_000_000)
    if order_of_times == "random":
        at = np.random.default_rng(0).permutation(at)
    return best(lambda: m.derivatives(at, 2), lambda: [p(at) for p in pieces], blocks=4)


def evaluation_against_drake():
    """The same at 10⁵ sorted times, a cubic spline on both sides."""
    from pydrake.trajectories import PiecewisePolynomial

    from robocalc.trajectory import minimum_acceleration

    q, t = problem(1001)
    m = minimum_acceleration(q, t)
    theirs = PiecewisePolynomial.CubicWithContinuousSecondDerivatives(t, q.T, np.zeros(7), np.zeros(7))
    pieces = [theirs, theirs.derivative(1), theirs.derivative(2)]
    at = np.linspace(0, t[-1], 100_000)
    np.testing.assert_allclose(theirs.vector_values(at[::1000]).T, m(at[::1000]), atol=1e-6)
    return best(lambda: m.derivatives(at, 2), lambda: [p.vector_values(at) for p in pieces], blocks=3)


def faster(name, what, peer, target, measure, *args):
    return Line(name, what, peer, "faster", target, "s", partial(measure, *args))


def at_most(name, what, target, unit, measure, *args):
    return Line(name, what, "", "at_most", target, unit, partial(measure, *args))


SCIPY = {3: "scipy k=5", 4: "scipy k=7"}
MINSNAP = "minsnap-trajectories"
SIZES = {3: ((100, 12), (1000, 4), (10_000, 4)), 4: ((100, 3), (1000, 2), (10_000, 2))}
WHOLE = "with checks and Trajectory, 100 waypoints"
NAMES = {3: "jerk", 4: "snap"}

LINES = [
    *(
        faster(
            f"trajectory-{NAMES[s]}-{W}",
            f"minimum {NAMES[s]}, coefficients, {W:,} waypoints",
            SCIPY[s],
            target,
            coefficients_against_scipy,
            W,
            s,
        )
        for s in SIZES
        for W, target in SIZES[s]
    ),
    *(
        faster(
            f"trajectory-{NAMES[s]}-call",
            f"minimum_{NAMES[s]}() {WHOLE}",
            SCIPY[s],
            target,
            whole_call_against_scipy,
            100,
            s,
        )
        for s, target in ((3, 8), (4, 3))
    ),
    *(
        at_most(
            f"trajectory-{NAMES[s]}-error",
            f"minimum {NAMES[s]}, 1,000 waypoints, against scipy",
            1e-9,
            "relative",
            error_against_scipy,
            1000,
            s,
        )
        for s in NAMES
    ),
    faster("trajectory-minsnap-100", "minimum snap, 100 waypoints", MINSNAP, 10_000, against_minsnap, 100, 4),
    at_most("trajectory-100000", "minimum jerk, 100,000 waypoints", 20, "ms", many_waypoints, 100_000),
    at_most("trajectory-free-1000", "free times, 1,000 segments, jerk", 25, "ms", free_times, 1001, 3),
    at_most("trajectory-free-snap-1000", "free times, 1,000 segments, snap", 25, "ms", free_times, 1001, 4),
    at_most("trajectory-gradient", "gradient to times, against differences", 1e-8, "relative", gradient_error, 3),
    faster(
        "trajectory-free-minsnap",
        "free times, 10 waypoints, same optimum",
        f"{MINSNAP}, finite differences",
        500,
        free_times_against_minsnap,
        3,
    ),
    faster(
        "trajectory-evaluate", "position to acceleration at 10⁶ sorted times", "scipy PPoly", 3, evaluation, "sorted"
    ),
    faster("trajectory-evaluate-drake", "the same at 10⁵ sorted times, cubic", "Drake", 12, evaluation_against_drake),
    faster("trajectory-evaluate-random", "the same at random times", "scipy PPoly", 3, evaluation, "random"),
]
