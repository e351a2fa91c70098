"""From where a linear feedback brings a nonlinear plant back: the region of attraction, estimated by sampling.

region_of_attraction    -> Region
Region                  the largest level of the cost to go without a start that is lost, its volume, the lost starts
"""

from dataclasses import dataclass
from math import gamma, pi

import numpy as np

from robocalc.control.gains import check_period, check_substeps
from robocalc.control.inputs import about_rest, actuation, as_torques, has_thrusters, turning
from robocalc.errors import InvalidInput

SLOWEST = 10.0  # time constants of the slowest pole that a start has to come back
PROBE = 64  # starts on the surface of each level that is tried while levels double
DOUBLINGS = 60
ROUNDS = 50
STEPS = 200_000  # a run's length at most


@dataclass(frozen=True, eq=False)
class Region:
    """{x : (x - at)ᵀ S (x - at) ≤ level}, inside which none of `samples` random starts was lost.

    level     inf where no start was lost at any level that was tried
    volume    of that ellipsoid, in the product of the states' units
    at        (nx,) the equilibrium               S   (nx, nx)
    unsafe    (M, nx) starts that did not come back, all outside the ellipsoid
    samples   random starts of the last round, all inside, all of which came back
    missed    share of the ellipsoid that may be lost all the same, at most, with 95 % confidence
    """

    level: float
    volume: float
    at: np.ndarray
    S: np.ndarray
    unsafe: np.ndarray
    samples: int

    @property
    def missed(self) -> float:
        return 1.0 - 0.05 ** (1.0 / self.samples)

    def contains(self, x):
        """Whether x (nx,) or (N, nx) lies inside: bool or (N,)."""
        d = np.asarray(x, float) - self.at
        return np.einsum("...i,ij,...j->...", d, self.S, d) <= self.level


def region_of_attraction(
    plant, K, S=None, *, at=None, dt=1e-3, substeps=1, limits=None, duration=None, samples=1000, seed=0
) -> Region:
    """Region that u = u₀ - K (x - x₀), clipped to the inputs' limits, brings back to rest at x₀.

    plant     a Robot: x = (q, v), stepped as the twin does, without joint friction; or a System: Runge-Kutta steps
    K         (m, nx) gains of inputs; of a Robot also (n, 2n) gains of torque, as LQR's feedback gives them
    S         (nx, nx) whose levels are tried, as dlqr gives it; None: the closed loop's own, for unit weights
    at        q (n,) of a Robot, its home where None; (x, u) of a System, its `rest` where None
    dt        control period [s] of `substeps` steps     limits   (2, m) of a System's inputs; a Robot has its own
    duration  [s] within which the cost to go must fall to a thousandth; None: ten times the slowest time constant
    samples   random starts that must all come back      seed     of the random numbers: same seed, same answer
    raises    InvalidInput: shapes, or a loop that is not stable about x₀: says its largest pole
    source    level sets of the linear cost to go, as in Tedrake et al. (2010), LQR-Trees; sampled: Najafi et al. (2016)
    """
    check_period(dt)
    check_substeps(substeps)
    if isinstance(samples, bool) or not isinstance(samples, int | np.integer) or samples < 1:
        raise InvalidInput(f"samples must be a whole number from 1, got {samples!r}")
    make = _robot if hasattr(plant, "joints") else _system
    x0, closed, rollout = make(plant, K, at, float(dt), substeps, limits)
    S = _levels(S, closed)
    periods = _periods(closed, dt, duration)
    rng, size = np.random.default_rng(seed), len(x0)
    root = np.linalg.inv(np.linalg.cholesky(S)).T  # xᵀSx = ρ on root @ (sphere of radius √ρ)

    def lost(level, count, surface):
        """Deviations (M, nx), of `count` on or in the ellipsoid, that do not come back."""
        y = rng.normal(size=(count, size))
        radius = 1.0 if surface else rng.uniform(size=(count, 1)) ** (1.0 / size)
        D = np.ascontiguousarray(np.sqrt(level) * radius * (y / np.linalg.norm(y, axis=1, keepdims=True)) @ root.T)
        safe = np.zeros(count, bool)
        rollout(S, periods, D, safe)
        return D[~safe]

    level, unsafe = _grow(lost, S)
    level, unsafe = _shrink(lost, S, level, unsafe, int(samples))
    volume = pi ** (size / 2) / gamma(size / 2 + 1) * level ** (size / 2) / np.sqrt(np.linalg.det(S))
    outside = unsafe[np.einsum("ki,ij,kj->k", unsafe, S, unsafe) > level]
    return Region(float(level), float(volume), x0, S, x0 + outside, int(samples))


def _grow(lost, S):
    """Double the level until a start on its surface is lost: (level of the innermost lost, all lost)."""
    level = 1e-6 * np.linalg.eigvalsh(S)[0]
    for _ in range(DOUBLINGS):
        unsafe = lost(level, PROBE, True)
        if len(unsafe):
            return _innermost(unsafe, S), unsafe
        level *= 2.0
    return np.inf, np.zeros((0, len(S)))


def _shrink(lost, S, level, unsafe, samples):
    """Sample inside until all of a round come back."""
    if not np.isfinite(level):
        return level, unsafe
    for _ in range(ROUNDS):
        more = lost(level, samples, False)
        if not len(more):
            return level, unsafe
        unsafe = np.concatenate([unsafe, more])
        level = _innermost(more, S)
    return level, unsafe


def _innermost(unsafe, S):
    return (1.0 - 1e-9) * np.einsum("ki,ij,kj->k", unsafe, S, unsafe).min()


def _robot(robot, K, at, dt, substeps, limits):
    from robocalc.control.kernels_region import robots_return
    from robocalc.control.linear import configuration

    q, n = configuration(robot, at), robot.n
    A, B, _ = about_rest(robot, q, dt, substeps)
    tau0 = robot.gravity(q)
    U, C = actuation(robot, q), turning(robot, q, tau0)
    K, m = np.atleast_2d(np.asarray(K, float)), U.shape[1]
    if K.shape == (m, 2 * n) and m != n:
        K = as_torques(K, U, C)
    if K.shape != (n, 2 * n) or not np.isfinite(K).all():
        raise InvalidInput(f"K must be finite and of shape ({m}, {2 * n}) or ({n}, {2 * n}), got {K.shape}")
    if limits is not None:
        raise InvalidInput("limits are those of the robot; leave them out")
    bounds = np.ascontiguousarray(robot.limits.bounds("torque", n))
    rows = robot.actors.inputs if has_thrusters(robot) else np.zeros((0, 11))
    u_gains = np.linalg.pinv(U) @ (K + np.hstack([C, np.zeros_like(C)]))
    x0, K = np.concatenate([q, np.zeros(n)]), np.ascontiguousarray(K)

    def rollout(S, periods, D, safe):
        robots_return(robot.model(), rows, K, S, x0, tau0, bounds, dt / substeps, substeps, periods, D, safe)

    return x0, A - B @ u_gains, rollout


def _system(system, K, at, dt, substeps, limits):
    from robocalc.control.kernels_region import systems_return

    at = system.rest if at is None else at
    if at is None:
        raise InvalidInput(f"{system.name} has no `rest`; give at=(x, u)")
    x0, u0 = (np.atleast_1d(np.asarray(part, float)) for part in at)
    rate = system.rates(0.0, x0, u0)
    if np.abs(rate).max() > 1e-6 * max(1.0, np.abs(x0).max(), np.abs(u0).max()):
        raise InvalidInput(f"{system.name} does not rest at x = {x0.tolist()}, u = {u0.tolist()}")
    K = np.atleast_2d(np.asarray(K, float))
    if K.shape != (system.nu, system.nx) or not np.isfinite(K).all():
        raise InvalidInput(f"K must be finite and of shape ({system.nu}, {system.nx}), got {K.shape}")
    A, B = _sampled(*system.linearise(0.0, x0, u0), dt)
    bounds = np.broadcast_to(
        np.array([[-np.inf], [np.inf]]) if limits is None else np.asarray(limits, float), (2, len(u0))
    )
    bounds, K = np.ascontiguousarray(bounds), np.ascontiguousarray(K)

    def rollout(S, periods, D, safe):
        systems_return(system.f, K, S, x0, u0, bounds, dt, substeps, periods, D, safe)

    return x0, A - B @ K, rollout


def _sampled(A, B, dt):
    """Exact sampling of ẋ = A x + B u under a held u."""
    from scipy.linalg import expm

    n, m = B.shape
    both = expm(dt * np.block([[A, B], [np.zeros((m, n + m))]]))
    return both[:n, :n], both[:n, n:]


def _levels(S, closed):
    from scipy.linalg import solve_discrete_lyapunov

    pole = np.abs(np.linalg.eigvals(closed)).max()
    if not pole < 1.0:
        raise InvalidInput(
            f"K does not stabilise the plant there: the loop's largest pole has size {pole:.6g}, not below 1"
        )
    S = solve_discrete_lyapunov(closed.T, np.eye(len(closed))) if S is None else np.asarray(S, float)
    if S.shape != closed.shape or not np.isfinite(S).all() or np.linalg.eigvalsh((S + S.T) / 2)[0] <= 0:
        raise InvalidInput(f"S must be symmetric, positive definite and of shape {closed.shape}, got shape {S.shape}")
    return np.ascontiguousarray((S + S.T) / 2)


def _periods(closed, dt, duration):
    if duration is None:
        duration = SLOWEST * dt / -np.log(np.abs(np.linalg.eigvals(closed)).max())
        return int(np.clip(np.ceil(duration / dt), 1, STEPS))
    check_period(duration)
    return max(1, round(duration / dt))
