"""Parameters that make simulated windows of the logged motion fit best: output-error Gauss-Newton.

    Window      a stretch of a recording
    windows_of  recordings cut into windows
    fit         Gauss-Newton with step halving over parameters and the windows' starts: Fit

Each window is simulated from a start of its own under the logged torques and compared with the encoders, so that noise
of positions enters as it is, unfiltered, and nothing is differentiated. The starts are eliminated window by window.
Source: Bock (1987), multiple shooting for parameters; Ljung (1999), section 4.3 for output-error models.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.control.stability import stopping
from sims.learn.smooth import motion, shifted

LENGTH, SAMPLES = 0.2, 20  # [s] of a window, and at least so many samples
FINE = 1e-3  # [s] step of what is no simulation
MOST = 12  # iterations
DONE = 1e-2  # step over standard deviations, squared
SMALLEST = 0.01  # share of a step that is tried
FLAT = 1e-5  # share of the cost that a step must gain to be worth another
INSTANT = 0.05  # of a sample: standard deviation that a delay has at least, as drives hold their torque for one
FLOOR = 1e-12  # [rad | m] residual below which nothing is noise
ROBUST = 3.0  # windows that fit so much worse than the median count less


@dataclass(eq=False)
class Window:
    """Samples `first` ... of a recording; start (3, n) q, v and friction; slack (n,): how far the friction
    at the start may be from that guess, as a joint at rest may resist with anything up to its Coulomb friction."""

    recording: object
    first: int
    count: int
    start: np.ndarray
    slack: np.ndarray
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Fit:
    """unknowns at the best; covariance of its vector (0 where fixed); sigma (n,) [rad | m] residual of each joint."""

    unknowns: object
    covariance: np.ndarray
    sigma: np.ndarray
    iterations: int


def windows_of(unknowns, recordings) -> list:
    """Windows of all recordings, started at the smoothed motion."""
    found, (model, _) = [], unknowns.model()
    for r in recordings:
        q, v, a = motion(r.q, r.dt)
        tau = shifted(r.tau, unknowns.delay / r.dt)
        unexplained = tau - _torque(model, q, v, a)
        slack = unknowns.resistance[1] + unknowns.resistance[0] * np.abs(v)
        rest = np.clip(unexplained, -slack, slack)
        count = max(SAMPLES, round(LENGTH / r.dt))
        skip = int(np.ceil(unknowns.delay / r.dt)) + 1
        for first in range(skip, len(r.q) - count + 1, count):
            found.append(Window(r, first, count, np.array([q[first], v[first], rest[first]]), slack[first] + 1e-6))
    return found


def _torque(model, q, v, a):
    from robocalc.dynamics.kernels_batch import many_rnea

    tau = np.empty_like(q)
    many_rnea(model, *map(np.ascontiguousarray, (q, v, a)), tau)
    return tau


class Shooter:
    """Residuals and slopes of windows, with the scratch that the kernel needs."""

    def __init__(self, unknowns, windows):
        self.windows, self.n, self.B = windows, unknowns.robot.n, len(unknowns.x)
        self.free = np.flatnonzero(unknowns.free)
        self.flags = unknowns.free[[10 * self.B, -1]].astype(np.int64)
        self.steps = {r.dt: _steps(r) for r in {id(w.recording): w.recording for w in windows}.values()}
        loaded = unknowns.robot
        self.stops = {dt: stopping(loaded, fine).copy() for dt, (fine, _) in self.steps.items()}
        n, P = self.n, 3 * self.n + 10 * self.B + (2 * self.n if self.flags[0] else 0) + int(self.flags[1])
        self.P = P
        self.scratch = np.zeros((6, n, P)), np.zeros((4, n, n)), np.zeros((n, 10 * max(self.B, 1)))
        self.gram, self.right = np.zeros((P, P)), np.zeros(P)
        cut = max(w.count for w in windows)
        self.out, self.D = np.zeros((cut, n)), np.zeros((cut, n, P))

    def columns(self):
        """Of the kernel's parameters, those of the unknowns' vector that may move."""
        n, B = self.n, self.B
        kernel = np.zeros(10 * B + 2 * n + 1, int)
        kernel[: 10 * B] = np.arange(10 * B)
        kernel[10 * B : -1] = 10 * B + np.arange(2 * n)
        kernel[-1] = self.P - 3 * n - 1
        return kernel[self.free]

    def look(self, unknowns, starts):
        """Yields (residual (K, n), slopes (K, n, P)) of each window, from its start in starts (W, 3, n)."""
        from sims.learn.kernels_shooting import shoot

        model, G = unknowns.model()
        torques, state = _torques(self.windows, unknowns.delay), np.zeros((5, self.n))
        slopes, work, Y = self.scratch
        for w, start in zip(self.windows, starts, strict=True):
            fine, every = self.steps[w.recording.dt]
            tau, slope = (x[w.first : w.first + w.count] for x in torques[id(w.recording)])
            state[:3], state[3] = start, start[1]
            out, D = self.out[: w.count], self.D[: w.count]
            shoot(
                model, unknowns.places, unknowns.offsets, G, np.ascontiguousarray(unknowns.resistance),
                self.stops[w.recording.dt], self.flags, fine, every, tau, slope, state, slopes, work, Y, out, D,
            )  # fmt: skip
            yield w.recording.q[w.first : w.first + w.count] - out, D


def _steps(recording):
    """(step [s], steps a sample) of its simulation."""
    every = 1 if recording.simulated else max(1, round(recording.dt / FINE))
    return recording.dt / every, every


def _torques(windows, delay):
    found = {}
    for w in windows:
        r = w.recording
        if id(r) not in found:
            tau = shifted(r.tau, delay / r.dt)
            slope = (shifted(r.tau, delay / r.dt + 1) - tau) / r.dt
            found[id(r)] = np.ascontiguousarray(tau), np.ascontiguousarray(slope)
    return found


def fit(unknowns, windows, sigma) -> Fit:
    """The unknowns that fit best; sigma (n,) [rad | m] is a first guess at the encoders' noise."""
    shooter, starts = Shooter(unknowns, windows), np.array([w.start for w in windows])
    total = 0
    for _ in range(3):  # the noise is what is left: weigh anew, and look again
        unknowns, starts, normal, made = descend(shooter, unknowns, starts, sigma)
        total += made
        again = _noise(shooter, unknowns, starts)
        settled = np.allclose(again, sigma, rtol=0.02)
        sigma = again
        if settled:
            break
    normal = Normal.of(shooter, unknowns, starts, sigma)
    covariance = normal.covariance(len(unknowns.vector), shooter.free)
    if unknowns.free[-1]:
        covariance[-1, -1] += (INSTANT * max(w.recording.dt for w in windows)) ** 2
    return Fit(unknowns, covariance, sigma, total)


def _noise(shooter, unknowns, starts):
    """(n,) rms of the residual, less what the starts take; windows that fit badly get a smaller weight."""
    squares = np.array([np.mean(e**2, axis=0) * len(e) / (len(e) - 2) for e, _ in shooter.look(unknowns, starts)])
    sigma = np.sqrt(np.maximum(np.median(squares, axis=0), FLOOR**2))
    spread = np.sqrt(np.mean(squares / sigma**2, axis=1))
    for w, s in zip(shooter.windows, spread, strict=True):
        w.weight = min(1.0, ROBUST / max(s, 1e-9))
    return sigma


def descend(shooter, unknowns, starts, sigma):
    """Gauss-Newton with step halving: (unknowns, starts, normal equations, iterations)."""
    normal = Normal.of(shooter, unknowns, starts, sigma)
    for k in range(MOST):
        step, size = normal.step(unknowns)
        move, share = normal.starts(step).reshape(starts.shape), 1.0
        while share > SMALLEST:
            tried = unknowns.at(unknowns.vector + share * _whole(step, shooter.free, unknowns))
            new = Normal.of(shooter, tried, starts + share * move, sigma, costs_only=share < 1.0)
            if new.cost <= normal.cost:
                new = new if share == 1.0 else Normal.of(shooter, tried, starts + share * move, sigma)
                break
            share /= 3
        else:
            return unknowns, starts, normal, k + 1
        done = share == 1.0 and (size < DONE or normal.cost - new.cost < FLAT * normal.cost)
        unknowns, starts, normal = tried, starts + share * move, new
        if done:
            break
    return unknowns, starts, normal, k + 1


def _whole(step, free, unknowns):
    full = np.zeros(len(unknowns.vector))
    full[free] = step
    return full


def _no_less_than_nothing(H):
    """H without the negative eigenvalues that rounding leaves of what a window does not tell."""
    size = np.sqrt(np.maximum(np.diag(H), 1e-300))
    values, vectors = np.linalg.eigh((H + H.T) / 2 / np.outer(size, size))
    return (vectors * np.maximum(values, 0.0)) @ vectors.T * np.outer(size, size)


class Normal:
    """Normal equations of the parameters, the windows' starts eliminated."""

    @classmethod
    def of(cls, shooter, unknowns, starts, sigma, costs_only=False):
        """With the expectation that the unknowns have beforehand."""
        made = cls()
        made.free, made.parts = shooter.free, []
        off = ((unknowns.vector - unknowns.centre) / unknowns.spread)[made.free]
        made.H, made.g = np.diag(1 / unknowns.spread[made.free] ** 2), -off / unknowns.spread[made.free]
        made.cost, made.scatter = float(off @ off), []
        for (e, D), w, start in zip(shooter.look(unknowns, starts), shooter.windows, starts, strict=True):
            off = (w.start[2] - start[2]) / w.slack
            with np.errstate(all="ignore"):
                made.cost += float(off @ off) + float(np.sum((e / sigma) ** 2) * w.weight**2)
            if not costs_only and np.isfinite(made.cost):
                made.add(shooter, e, D, sigma / w.weight, off / w.slack, 1 / w.slack**2)
        if not np.isfinite(made.cost):
            made.cost = np.inf
        return made

    def add(self, shooter, e, D, scale, pull, firm):
        """A window; pull and firm (n,): gradient and curvature of what is expected of the friction at its start."""
        from sims.learn.kernels_shooting import gram

        n, s, G, g = len(pull), 3 * len(pull), shooter.gram, shooter.right
        gram(e, D, scale, G, g)
        rest = s + shooter.columns()
        A, own = G[:s, :s].copy(), g[:s].copy()
        A[range(2 * n, s), range(2 * n, s)] += firm
        own[2 * n :] += pull
        size = np.sqrt(np.maximum(np.diag(A), 1e-300))
        A = A / np.outer(size, size) + 1e-13 * np.eye(s)
        B = G[:s, rest] / size[:, None]
        solved = np.linalg.solve(A, np.column_stack([own / size, B]))
        H, right = G[np.ix_(rest, rest)] - B.T @ solved[:, 1:], g[rest] - B.T @ solved[:, 0]
        H = _no_less_than_nothing(H)
        self.H, self.g = self.H + H, self.g + right
        self.parts.append(solved / size[:, None])
        self.scatter.append((H, right))

    def step(self, unknowns):
        """(change of the free parameters, its square in standard deviations); none may leave what is possible."""
        bounded = self.free >= 10 * len(unknowns.x)
        value, held = unknowns.vector[self.free], np.zeros(len(self.free), bool)
        scale = np.sqrt(np.diag(self.H))
        H = self.H / np.outer(scale, scale) + 1e-12 * np.eye(len(scale))
        for _ in range(len(value) + 1):
            step, move = np.zeros(len(value)), ~held
            if move.any():
                fixed = H[np.ix_(move, held)] @ (-value[held] * scale[held])
                step[move] = np.linalg.solve(H[np.ix_(move, move)], (self.g / scale)[move] - fixed) / scale[move]
            step[held] = -value[held]
            out = bounded & ~held & (value + step < 0)
            if not out.any():
                break
            held |= out
        return step, float(step @ self.H @ step)

    def starts(self, step):
        """Changes of the windows' starts (W, 3n) that go with a step."""
        return np.array([solved[:, 0] - solved[:, 1:] @ step for solved in self.parts])

    def covariance(self, size, free):
        """(size, size), with the scatter between windows where that is more than the noise explains.

        Joints that break away are not simulated to the encoders' noise, and a few windows may pull one number alone:
        no standard deviation is less than that of H⁻¹ (Σ g gᵀ) H⁻¹, g the windows' gradients.
        Source: White (1980); MacKinnon & White (1985) for the share of windows that the fit itself takes.
        """
        excess = []
        for H, g in self.scatter:
            values, vectors = np.linalg.eigh(H)
            good = values > 1e-9 * values[-1]
            excess.append(np.mean((vectors.T @ g)[good] ** 2 / values[good]))
        inverse = np.linalg.pinv(self.H, hermitian=True, rcond=1e-14) * max(1.0, float(np.mean(excess)))
        pulls = np.linalg.pinv(self.H, hermitian=True, rcond=1e-14) @ np.transpose([g for _, g in self.scatter])
        spread = np.sqrt(np.sum(pulls**2, axis=1) * len(self.scatter) / max(1, len(self.scatter) - 1))
        wider = np.maximum(1.0, spread / np.sqrt(np.maximum(np.diag(inverse), 1e-300)))
        whole = np.zeros((size, size))
        whole[np.ix_(free, free)] = inverse * np.outer(wider, wider)
        return whole
