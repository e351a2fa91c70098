"""Motions of a point made smooth enough for rotors and wheels, by a mean over a short window.

Flown, Driven   joints(t) -> (q, v, a) of a quadrotor, of a wheeled base, along a plan of its hull
nearest_turn    an angle, whole turns apart, nearest to another
"""

import numpy as np

from robocalc.trajectory import flat_base, flat_quadrotor, flat_quadrotor_2d
from sims.planners.follow import PLANAR

WINDOW = 0.3  # [s] over which the motion is smoothed
ROUND = 0.6  # [m] likewise of a wheeled base's path, whose corners become bends
STEP, COARSE = 0.002, 6  # [s] of sampling; samples between knots of what is smoothed
FINE = 0.01  # [m] likewise of a path


def nearest_turn(angle, to):
    return angle + 2 * np.pi * np.round((to - angle) / (2 * np.pi))


def bell(width, h):
    """Weights (2K + 1,) of a quintic bell over `width`, sampled every h: smooth to its third derivative."""
    K = max(1, round(width / 2 / h))
    x = np.arange(-K, K + 1) / (K + 1)
    w = (1 - x**2) ** 4
    return w / w.sum()


def mean_of(samples, weights):
    """(N - 2K, k) weighted means of samples (N, k)."""
    return np.stack([np.convolve(column, weights, mode="valid") for column in samples.T], axis=1)


class Flown:
    """joints(t) -> (q, v, a) of a quadrotor along a plan of its hull, smoothed in time.

    moved      [m] farthest that smoothing takes the hull from the plan
    duration   [s] the plan's and WINDOW
    """

    def __init__(self, robot, plan, begin, goal):
        from scipy.interpolate import make_interp_spline

        self.robot, self.begin = robot, np.array(begin)
        self.gravity = float(np.linalg.norm(robot.g))
        motion, weights = plan.trajectory, bell(WINDOW, STEP)
        K = len(weights) // 2
        N = int(np.ceil(motion.duration / STEP / COARSE)) * COARSE + 2 * COARSE * int(np.ceil(K / COARSE)) + 1
        t = np.arange(-2 * K, N + 2 * K) * STEP - K * STEP  # mean at sample k is that around (k - K) STEP
        path = motion(np.clip(t, 0.0, motion.duration) + motion.start)
        smooth = mean_of(path, weights)
        self.moved = float(np.linalg.norm(smooth - path[K:-K], axis=1).max())
        rows = smooth[K:-K]
        self.duration = (len(rows) - 1) * STEP
        knots = np.unique([*range(0, len(rows), COARSE), len(rows) - 1])
        self._spline = make_interp_spline(knots * STEP, rows[knots], k=7)

    def __call__(self, t):
        inside = (t > 0) & (t < self.duration)
        at = np.clip(t, 0.0, self.duration)
        p = np.stack([self._spline(at, nu=r) * (1.0 if r == 0 else inside[:, None]) for r in range(5)])
        if self.robot.joints == PLANAR:
            return flat_quadrotor_2d(p, self.gravity)
        turn = np.zeros((3, len(t)))
        turn[0] = self.begin[3]
        return flat_quadrotor(p, turn, self.gravity)


class Driven:
    """Likewise of a wheeled base: bends in place of corners, its yaw that of the path; heading [rad] at the start."""

    def __init__(self, robot, plan, begin):
        from scipy.interpolate import make_interp_spline

        base = plan.trajectory if plan.base is None else plan.base
        tau = np.linspace(base.start, base.end, 4000)
        points = base(tau)
        way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        kept = np.concatenate([[True], np.diff(way) > 1e-12])
        tau, points, way = tau[kept], points[kept], way[kept]
        self._bends(points, way)
        sigma = plan.schedule.sigma if plan.schedule is not None else None
        weights = bell(WINDOW, STEP)
        K = len(weights) // 2
        total = plan.trajectory.duration
        N = int(np.ceil(total / STEP)) + 2 * K + 1
        t = np.clip(np.arange(-2 * K, N + 2 * K) * STEP - K * STEP, 0.0, total)
        when = base.start + t if sigma is None else sigma(t + sigma.start)[:, 0]
        rows = mean_of(np.interp(when, tau, way)[:, None], weights)[K:-K, 0]
        self.duration = (len(rows) - 1) * STEP
        knots = np.unique([*range(0, len(rows), COARSE), len(rows) - 1])
        self._along = make_interp_spline(knots * STEP, rows[knots], k=5)
        self.turn, self.heading = 0.0, float(self._headings[0])

    def _bends(self, points, way):
        from scipy.interpolate import make_interp_spline

        M = max(8, int(np.ceil(way[-1] / FINE)))
        s = np.linspace(0.0, way[-1], M + 1)
        rows = np.stack([np.interp(s, way, column) for column in points.T], axis=1)
        weights = bell(min(ROUND, way[-1] / 2), s[1])
        K = len(weights) // 2
        ends = [2 * rows[0] - rows[K:0:-1], rows, 2 * rows[-1] - rows[-2 : -K - 2 : -1]]  # keeps both ends in place
        smooth = mean_of(np.concatenate(ends), weights)
        self.moved = float(np.linalg.norm(smooth - rows, axis=1).max())
        self._path, self.length = make_interp_spline(s, smooth, k=5), way[-1]
        tangent = self._path(s, nu=1)
        self._s, self._headings = s, np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0]))

    def unwind(self, yaw):
        """Count the yaw from the one that the robot has, at the start."""
        self.turn = nearest_turn(self.heading, yaw) - self.heading

    def __call__(self, t):
        inside = ((t > 0) & (t < self.duration)).astype(float)
        at = np.clip(t, 0.0, self.duration)
        phase = np.stack([self._along(at), self._along(at, nu=1) * inside, self._along(at, nu=2) * inside])
        s = np.clip(phase[0], 0.0, self.length)
        q, v, a = flat_base(np.stack([self._path(s, nu=r) for r in range(4)]), phase)
        q[:, 2] = nearest_turn(q[:, 2], np.interp(s, self._s, self._headings)) + self.turn
        return q, v, a
