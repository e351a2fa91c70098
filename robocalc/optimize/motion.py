"""The unknowns of a program as a motion, and back.

Motion    x (P, nx), u (P, nu) at the points, T, parameters; polynomials in between
guessed   the motion that a solve starts from
shaken    another one, from a seed
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from robocalc.errors import InvalidInput

SHORT = 1e-6  # [s] least duration
WAVES = 4  # of a random start


@dataclass(frozen=True, eq=False)
class Motion:
    """States and inputs at the points of a program on fractions h (K,); rates at the points as `rates` gives them.

    limits   (2, nu) that the inputs' polynomials keep between the points, too
    """

    program: object
    h: np.ndarray
    x: np.ndarray
    u: np.ndarray
    T: float
    p: np.ndarray
    rates: Callable
    limits: np.ndarray

    @cached_property
    def t(self):
        """Times of the points (P,) [s]."""
        return self.program.tau(self.h) * self.T

    @cached_property
    def knots(self):
        """(K + 1,) [s]."""
        return np.append(self.t[self.program.of[:, 0]], self.T)

    @cached_property
    def input_coeffs(self):
        """(K, d, nu): ascending powers of the fraction of an interval."""
        nodes = self.program.of[:, self.program.scheme.free]
        return limited(np.einsum("ij,kjn->kin", self.program.scheme.powers, self.u[nodes]), self.limits)

    @cached_property
    def state_coeffs(self):
        """(K, d + 1, nx): the start of an interval, and the integral of its rates."""
        pr = self.program
        f = self.rates(self.t, self.x, self.u)[pr.of[:, pr.scheme.free]]
        c = np.einsum("ij,kjn->kin", pr.scheme.powers, f)
        c *= (self.h * self.T)[:, None, None] / np.arange(1, c.shape[1] + 1)[:, None]
        return np.concatenate([self.x[pr.of[:, :1]], c], axis=1)

    def between(self, fractions):
        """(t, x, u) at fractions (m,) of every interval: (K, m), (K, m, nx), (K, m, nu)."""
        start, step = self.knots[:-1], self.h * self.T
        powers = [np.vander(fractions, c.shape[1], increasing=True) for c in (self.state_coeffs, self.input_coeffs)]
        x, u = (np.einsum("mi,kin->kmn", v, c) for v, c in zip(powers, (self.state_coeffs, self.input_coeffs)))
        return start[:, None] + step[:, None] * fractions, x, u

    def at(self, tau):
        """(x, u) at fractions tau (N,) of the motion."""
        ends = np.append(0.0, np.cumsum(self.h))
        k = np.clip(np.searchsorted(ends, tau, side="right") - 1, 0, len(self.h) - 1)
        s = (tau - ends[k]) / self.h[k]
        return tuple(
            np.einsum("mi,min->mn", np.vander(s, c.shape[1], increasing=True), c[k])
            for c in (self.state_coeffs, self.input_coeffs)
        )

    def trajectories(self):
        """Trajectories of states and of inputs."""
        from robocalc.trajectory import Trajectory

        step = np.diff(self.knots)[:, None, None]
        return tuple(
            Trajectory(self.knots, c / step ** np.arange(c.shape[1])[:, None])
            for c in (self.state_coeffs, self.input_coeffs)
        )


def limited(C, limits):
    """Input polynomials (K, d, nu) without their overshoot: as much of each as keeps the limits, the rest a line.

    A parabola through a jump of a bang-bang input, say 1, 1, -1, rises to 1.125 between its points.
    """
    s = np.linspace(0, 1, 65)
    powers = np.vander(s, C.shape[1], increasing=True)
    over = np.einsum("mi,kin->kmn", powers, C)
    size = 1e-12 * np.maximum(1.0, np.where(np.isfinite(limits), np.abs(limits), 0.0).max(axis=0))
    wrong = ((over > limits[1] + size) | (over < limits[0] - size)).any(axis=1)
    if not wrong.any():
        return C
    C = C.copy()
    for k, i in np.argwhere(wrong):
        lo, hi = limits[:, i]
        a, b = np.clip([C[k, 0, i], C[k, :, i].sum()], lo, hi)
        line = a + s * (b - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            away = over[k, :, i] - line
            room = np.where(away > 0, hi - line, lo - line) / away
        share = np.clip(np.nanmin(np.where(np.abs(away) > 1e-14, room, np.inf)), 0.0, 1.0) * (1 - 1e-3)
        straight = np.zeros(C.shape[1])
        straight[:2] = (a, b - a) if C.shape[1] > 1 else (a,)
        C[k, :, i] = straight + share * (C[k, :, i] - straight)
    return C


def first_duration(problem):
    """The fixed duration, or a value inside its range."""
    lo, hi = problem.duration_range
    return float(lo if lo == hi else (lo + hi) / 2 if np.isfinite(hi) else max(2 * lo, 1.0))


def first_parameters(problem):
    """Values inside the ranges of all parameters, in order."""
    out = []
    for lo, hi in problem.parameter_ranges.values():
        inside = (lo + hi) / 2 if np.isfinite(lo + hi) else lo if np.isfinite(lo) else hi if np.isfinite(hi) else 0.0
        out.append(inside)
    return np.array(out, float)


def guess_given(problem) -> bool:
    """Whether the user gave a guess (a problem of several phases makes one of theirs)."""
    return problem.guess is not None and getattr(problem.guess, "given", True)


def guessed(problem, tau):
    """(x (P, nx), u (P, nu), T, p) at fractions tau of the motion, from the problem's guess."""
    T, p, guess = first_duration(problem), first_parameters(problem), problem.guess
    if guess is None:
        return _line(problem, tau), np.tile(inside(np.zeros(problem.nu), problem.u_bounds), (len(tau), 1)), T, p
    if getattr(guess, "states", None) is None and getattr(guess, "trajectory", None) is not None:
        guess = guess.trajectory  # a plan of positions
    if hasattr(guess, "knots") and hasattr(guess, "coeffs"):
        T = float(np.clip(guess.duration, *problem.duration_range))
        x, u = _followed(problem, guess, guess.start + tau * guess.duration)
    elif hasattr(guess, "states") and hasattr(guess, "inputs"):
        if guess.states is None:
            raise InvalidInput("guess is a plan without a motion; give one that was solved")
        T = float(np.clip(guess.states.duration, *problem.duration_range))
        t = tau * guess.states.duration
        x, u = guess.states(t), guess.inputs(t)
        p = np.array([guess.parameters.get(k, v) for k, v in zip(problem.parameter_ranges, p, strict=True)])
    elif callable(guess):
        rows = [guess(t) for t in tau * T]
        x, u = (_rows("guess", [r[i] for r in rows], n) for i, n in ((0, problem.nx), (1, problem.nu)))
    elif isinstance(guess, tuple | list) and len(guess) in (2, 3):
        x, u = (_rows("guess", v, n) for v, n in zip(guess[-2:], (problem.nx, problem.nu), strict=True))
        t = np.linspace(0, 1, len(x)) if len(guess) == 2 else np.asarray(guess[0], float)
        if t.shape != (len(x),) or len(x) < 2 or (np.diff(t) <= 0).any() or len(u) not in (len(x), len(x) - 1):
            raise InvalidInput("guess (t, x, u) must have increasing times and a row of x and of u for each")
        if len(guess) == 3:
            T = float(np.clip(t[-1] - t[0], *problem.duration_range))
        s = (t - t[0]) / (t[-1] - t[0])
        x, u = (np.stack([np.interp(tau, s[: len(v)], c) for c in v.T], axis=1) for v in (x, u))
    else:
        raise InvalidInput(
            f"guess must be None, a Plan, a Trajectory, (x, u), (t, x, u) or a function of t, got {guess!r}"
        )
    if x.shape[1] != problem.nx or u.shape[1] != problem.nu:
        raise InvalidInput(
            f"guess must have {problem.nx} states and {problem.nu} inputs, got {x.shape[1]}, {u.shape[1]}"
        )
    return x, u, max(T, SHORT), p


def _followed(problem, trajectory, t):
    """(x, u) of a Trajectory of states, or of the positions that are their first half; a Robot's inputs by its inverse
    dynamics, those of anything else 0."""
    u = np.tile(inside(np.zeros(problem.nu), problem.u_bounds), (len(t), 1))
    if trajectory.n == problem.nx:
        return trajectory(t), u
    if 2 * trajectory.n != problem.nx:
        raise InvalidInput(
            f"guess must be a Trajectory of {problem.nx} states or {problem.nx // 2} positions, got {trajectory.n}"
        )
    q, v, a = (trajectory(t, order=k) for k in range(3))
    if problem.kind == "robot":
        robot = problem.dynamics
        u = inside(robot.inputs_for(q, robot.inverse_dynamics(q, v, a)), problem.u_bounds)
    return np.hstack([q, v]), u


def _rows(name, value, n):
    try:
        value = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must be arrays of numbers") from None
    value = value[:, None] if value.ndim == 1 and n == 1 else value
    if value.ndim != 2 or value.shape[1] != n:
        raise InvalidInput(f"{name} must have rows of {n} numbers, got shape {value.shape}")
    if not np.isfinite(value).all():
        raise InvalidInput(f"{name} must be finite numbers")
    return value


def inside(x, bounds):
    """x, no farther than its bounds (2, n)."""
    return np.clip(x, bounds[0], bounds[1])


def _line(problem, tau):
    """A straight line between the ends; where one is free, the other's value; where both are, 0 inside the bounds."""
    (lo0, hi0), (lo1, hi1) = problem.ends
    zero = inside(np.zeros(problem.nx), problem.x_bounds)
    known0, known1 = np.isfinite(lo0) | np.isfinite(hi0), np.isfinite(lo1) | np.isfinite(hi1)
    a, b = _middle(lo0, hi0, zero), _middle(lo1, hi1, zero)
    a, b = np.where(known0, a, np.where(known1, b, zero)), np.where(known1, b, np.where(known0, a, zero))
    return a + tau[:, None] * (b - a)


def _middle(lo, hi, zero):
    both = np.isfinite(lo) & np.isfinite(hi)
    with np.errstate(invalid="ignore"):
        return np.where(both, (lo + hi) / 2, np.where(np.isfinite(lo), lo, np.where(np.isfinite(hi), hi, zero)))


def shaken(problem, start, tau, scales, rng):
    """The guess with smooth random waves on it, of the size of bounds where there are any, and another duration."""
    x, u, T, p = start
    waves = np.sin(np.pi * tau[:, None] * np.arange(1, WAVES + 1))  # zero at both ends
    ripples = np.cos(np.pi * tau[:, None] * np.arange(WAVES + 1))
    fall = 1 / np.arange(1, WAVES + 1)
    x = x + waves @ (rng.normal(size=(WAVES, problem.nx)) * fall[:, None]) * reach(problem.x_bounds, scales[0])
    u = u + ripples @ (rng.normal(size=(WAVES + 1, problem.nu)) * 0.8) * reach(problem.u_bounds, scales[1])
    lo, hi = problem.duration_range
    if lo < hi:
        T = float(np.clip(T * np.exp(rng.normal() * 0.4), max(lo, SHORT), hi))
    return inside(x, problem.x_bounds), inside(u, problem.u_bounds), T, p


def reach(bounds, scale):
    """Half the room between bounds where they are finite and near, or the scale."""
    half = (bounds[1] - bounds[0]) / 2
    return np.where(np.isfinite(half), np.minimum(half, 2 * scale), scale)


def unwrapped(job, motion):
    """(x, u, T, p) with whole turns taken out of inputs of period 2π, or None where there are none to take out.

    Each point of a collocation is as good with an angle a turn farther on, but the polynomial between them is not.
    """
    u = motion.u.copy()
    for i in range(u.shape[1]):
        if np.isfinite(job.problem.u_bounds[:, i]).any() or np.abs(np.diff(u[:, i])).max() <= np.pi:
            continue
        moved = motion.u.copy()
        moved[:, i] += 2 * np.pi
        here, there = (job.everything(motion.t, motion.x, v, motion.p) for v in (motion.u, moved))
        if np.allclose(here, there, rtol=1e-9, atol=1e-9):
            u[:, i] = np.unwrap(u[:, i])
    return None if np.array_equal(u, motion.u) else (motion.x, u, motion.T, motion.p)
