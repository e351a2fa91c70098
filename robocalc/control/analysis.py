"""What a design does on a robot, before anything runs: poles, margins, and how close it is to what sampling allows.

    Analysis   poles, margins, warnings
    analyse    a design about rest at one configuration, as the twin samples it

Margins are those of one drive at a time, all other loops closed: with the loop broken where the drive of joint i gives
its torque, L(z) is what the law answers to it, T(z) the same with the loop closed, L = -T / (1 + T).
Source: Franklin, Powell & Workman (1998), Digital Control of Dynamic Systems, ch. 7.
"""

from dataclasses import dataclass, field

import numpy as np

from robocalc.control.gains import check_period, check_substeps, per_joint
from robocalc.control.sampled_loop import sampled_loop, unmoved
from robocalc.control.stability import damping_limit
from robocalc.errors import InvalidInput

EDGE = 1e-9  # a pole closer than this to the unit circle does not decay
FREQUENCIES = 400  # of the sweep up to half the sampling rate, besides those of the poles
SLOWEST = 1e-5  # of half the sampling rate: where the sweep begins
ROUNDING = 1e-6  # of |L|: an imaginary part below it has no sign
FORWARD = 1e-6  # slope of torque by position below which a joint has no position feedback


@dataclass(frozen=True, eq=False)
class Analysis:
    """poles            (N,) complex, of one control period, the greatest first
    gain_margin      (n,) least factor above 1 on a drive's torque at which the loop is on the edge; inf: none
    gain_reduction   (n,) greatest factor below 1 that does so; 0: none
    phase_margin     (n,) [rad] least lag or lead that does so; inf where the loop gain never is 1
    delay_margin     (n,) [s] least delay of a drive that does so; all margins are 0 where the loop is unstable
    damping_ratio_of_limit   (n,) kd over damping_limit for pd and pid, else None
    saturates_at     (n,) [rad | m] position error whose torque and the robot's weight are the limit; inf: none
    unstabilised     states that no drive moves and that do not come to rest by themselves
    warnings         sentences
    held             entries of the law's memory that are no linear states, and were held
    """

    joints: tuple
    dt: float
    poles: np.ndarray
    gain_margin: np.ndarray
    gain_reduction: np.ndarray
    phase_margin: np.ndarray
    delay_margin: np.ndarray
    saturates_at: np.ndarray
    damping_ratio_of_limit: np.ndarray | None = None
    unstabilised: tuple = ()
    held: int = 0
    warnings: tuple = field(init=False, default=())

    def __post_init__(self):
        object.__setattr__(self, "warnings", tuple(_warnings(self)))

    @property
    def radius(self) -> float:
        """Modulus of the greatest pole."""
        return float(np.abs(self.poles[0]))

    @property
    def stable(self) -> bool:
        """Whether all poles lie inside the unit circle."""
        return self.radius < 1.0 - EDGE

    @property
    def poles_s(self) -> np.ndarray:
        """(N,) complex [1/s]: s = ln(z) / dt, -inf for poles at 0."""
        with np.errstate(divide="ignore"):
            return np.log(self.poles.astype(complex)) / self.dt


def analyse(design, robot, dt, q=None, *, substeps=1, latency=0.0) -> Analysis:
    """Poles and margins of a design about rest at q (n,), the robot's home where None.

    dt         [s] control period of `substeps` physics steps
    latency    [s] age of the measurements
    raises     InvalidInput: a design made along a motion, a robot that nothing drives, or what design.law refuses
    """
    check_period(dt)
    check_substeps(substeps)
    if isinstance(latency, bool) or not isinstance(latency, int | float | np.number) or not 0 <= latency < np.inf:
        raise InvalidInput(f"latency must be a finite number of seconds from 0, got {latency!r}")
    q = robot.home if q is None else q
    loop = sampled_loop(design, robot, dt, q, substeps, latency)
    poles = np.linalg.eigvals(loop.A)
    poles = poles[np.lexsort((-poles.imag, -np.abs(poles).round(12)))]
    if np.abs(poles[0]) < 1.0 - EDGE:
        margins = _margins(loop, poles, dt)
    else:
        margins = np.zeros((4, robot.n))
    kd = None
    if type(design).__name__ in ("PD", "PID"):
        kd = per_joint("kd", design.kd, robot) / damping_limit(robot, q, dt)
    states, error = unmoved(loop.plant, robot), _saturates_at(loop, robot, q)
    return Analysis(robot.joints, float(dt), poles, *margins, error, kd, states, loop.held)


def _saturates_at(loop, robot, q):
    low, high = robot.limits.bounds("torque", robot.n)
    weight, stiffness = robot.gravity(np.asarray(q, float)), np.abs(loop.by_position)
    left = np.maximum(np.minimum(high - weight, weight - low), 0.0)
    return np.where(stiffness > FORWARD, left / np.maximum(stiffness, FORWARD), np.inf)


def _margins(loop, poles, dt) -> np.ndarray:
    """(4, n): gain margin, gain reduction, phase margin [rad], delay margin [s]."""
    n, L = loop.B.shape[1], _broken(loop)
    angles = np.abs(np.angle(poles))
    near = np.concatenate([angles * f for f in (0.9, 0.97, 0.99, 1.0, 1.01, 1.03, 1.1)])
    sweep = np.geomspace(SLOWEST, 1.0, FREQUENCIES) * np.pi
    theta = np.unique(np.concatenate([[0.0], sweep, near[(near > 0) & (near < np.pi)]]))
    values = np.array([L(x) for x in theta])
    return np.array([_margin(lambda x, i=i: L(x)[i], theta, values[:, i], dt) for i in range(n)]).T


def _broken(loop):
    """θ -> L(e^{iθ}) (n,), by the Schur form of A: one triangular solve a frequency."""
    from scipy.linalg import schur, solve_triangular

    S, Z = schur(loop.A.astype(complex), output="complex")
    B, C, one = Z.conj().T @ loop.B, loop.C @ Z, np.eye(len(loop.A))

    def L(theta):  # noqa: N802
        z = -1.0 if theta == np.pi else np.exp(1j * theta)  # exactly real at half the sampling rate
        T = np.einsum("ij,ji->i", C, solve_triangular(z * one - S, B))
        with np.errstate(divide="ignore", invalid="ignore"):
            return -T / (1.0 + T)

    return L


def _margin(L, theta, values, dt):
    """One joint's margins: where L crosses the negative real axis, and the unit circle."""
    ends = [
        x for x in values[[0, -1]] if abs(x) < 1.0 / ROUNDING and abs(x.imag) < ROUNDING * abs(x)
    ]  # real, if finite
    factors = [-1.0 / x.real for x in ends if x.real < -EDGE]
    sides = np.where(np.abs(values.imag) > ROUNDING * np.abs(values), values.imag, 0.0)
    factors += [
        -1.0 / x.real
        for x in (L(t) for t in _roots(lambda t: L(t).imag, theta[1:-1], sides[1:-1]))
        if x.real < -EDGE and abs(x.imag) < 1e-6 * abs(x)  # else it went through a pole
    ]
    crossings = [(t, L(t)) for t in _roots(lambda t: abs(L(t)) - 1.0, theta, np.abs(values) - 1.0)]
    phases = [abs(np.angle(-x)) for _, x in crossings]
    delays = [np.angle(-x) % (2 * np.pi) / t * dt for t, x in crossings if t > 0]
    above, below = [k for k in factors if k > 1.0], [k for k in factors if k < 1.0]
    return min(above, default=np.inf), max(below, default=0.0), min(phases, default=np.inf), min(delays, default=np.inf)


def _roots(f, x, y):
    from scipy.optimize import brentq

    for k in np.flatnonzero(np.isfinite(y[:-1]) & np.isfinite(y[1:]) & (y[:-1] * y[1:] < 0)):
        yield brentq(f, x[k], x[k + 1], xtol=1e-12)


def _warnings(found):
    if found.unstabilised:
        yield f"no drive stabilises {', '.join(found.unstabilised)}"
    if not found.stable:
        shown = ", ".join(f"{p:.4g}" for p in found.poles[np.abs(found.poles) >= 1.0 - EDGE][:4])
        yield f"the sampled loop is not stable: poles {shown} of a period of {found.dt * 1e3:g} ms"
    if found.damping_ratio_of_limit is not None:
        for joint, ratio in enumerate(found.damping_ratio_of_limit, start=1):
            if ratio > 1.0:
                yield (
                    f"kd of joint {joint} ({found.joints[joint - 1]}) is {ratio:.2g} times the largest that "
                    f"a {found.dt * 1e3:g} ms step can damp"
                )
