"""What one repetition of a motion teaches: the torque that the wanted motion would have needed.

    taught    (torque (N + 1, n), cutoff [Hz]) of a run
    nominal   what the law gives by itself; pressing: where a joint has no place to be
    Explained the believed model with the payload and the friction that explain a run best

    T = H(q_ref) + Q (τ_wanted - H(q_ref) + H(Q q_ref) - H(Q q_measured))

H is inverse dynamics with a payload and friction fitted to the run: what turns back at once, as friction does, is known
from them at the instant, and Q has to pass only what they do not explain. Q is a zero-phase low-pass filter, as wide as
the encoders' noise allows; without noise there is none, and differences are those of the physics' own step, so that a
repetition tells each sample's torque exactly.
Source: Bristow, Tharayil & Alleyne (2006), plant inversion and Q-filters; Longman (2000) for the cutoff.
"""

from dataclasses import dataclass

import numpy as np
from numpy.linalg import norm

from robocalc.control.stability import stopping
from robocalc.dynamics.regressor import frame_regressor
from sims.build import law_of, motion_limits
from sims.learn.identification import STILL
from sims.learn.linear import regress
from sims.learn.recording import of_run
from sims.learn.smooth import low_pass, motion

CUTOFFS = (400.0, 250.0, 120.0, 80.0, 50.0, 30.0, 20.0, 12.0, 8.0, 5.0)  # [Hz]
SHARE = 0.3  # of what is learned that may be noise
QUIET = 3e-8  # [rad | m] less noise than any encoder has
STAIRS = 0.1  # share of samples that repeat the one before: an encoder's steps


@dataclass(frozen=True, eq=False)
class Explained:
    """τ = inverse dynamics of the believed robot + Y(q, v, a) load + friction; load (10,), resistance (2, n)."""

    robot: object
    dt: float
    load: np.ndarray
    resistance: np.ndarray

    @classmethod
    def by(cls, made):
        """What explains a run best."""
        robot, scenario = made.robot, made.scenario
        believed = np.array(robot.friction, float)
        what = ("payload", "friction") if robot.frame(None)[0] >= 0 else ("friction",)
        first = regress(robot, [of_run(made)], what, None, believed, scenario.sensors.latency)
        told = (first.top >= STILL) & (first.resistance.sum(axis=0) > 0)  # nothing is told of a joint that rests
        return cls(robot, scenario.sim.timestep, first.load, np.where(told, first.resistance, believed))

    def torque(self, q, v, a):
        """(N, n) along a motion; friction is that of the physics, step by step."""
        from robocalc.control.friction import friction_along

        tau, out = self.robot.inverse_dynamics(q, v, a), np.zeros(q.shape)
        if self.load.any():
            tau = tau + frame_regressor(self.robot, q, v, a) @ self.load
        viscous, coulomb = np.ascontiguousarray(self.resistance)
        friction_along(viscous, coulomb, stopping(self.robot, self.dt), np.ascontiguousarray(v), out)
        return tau + out


def taught(made):
    """The torque (N + 1, n) [N m | N] that the wanted motion needs, as far as a run tells, and the cutoff [Hz]."""
    scenario, dt = made.scenario, made.scenario.sim.timestep
    model, q = Explained.by(made), stamped(made.log.q_measured, scenario.sensors.latency / dt)
    low, high = motion_limits(scenario, made.robot).bounds("torque", made.robot.n)
    given = np.clip(made.log.tau_wanted, low, high)  # ahead of what lags in the drives
    known = model.torque(*np.ascontiguousarray(np.moveaxis(made.plan.reference(dt), 1, 0)))
    rest, hz = _unexplained(model, given, known, made.log.q_ref, q, dt)
    unseen = int(np.ceil(scenario.sensors.latency / dt)) + 1
    rest[-unseen:] = rest[-unseen - 1]
    return known + rest, hz


def _unexplained(model, given, known, q_ref, q, dt):
    noise = noise_of(q)
    if noise.max() < QUIET:
        return given - model.torque(*_stepped(q, dt)), np.inf
    weight = np.diagonal(model.robot.mass_matrix(q[:: max(1, len(q) // 50)]), axis1=1, axis2=2).max(axis=0)
    error, learned = _rms(q - q_ref), _rms(given - model.robot.inverse_dynamics(*motion(q_ref, dt)))
    for hz in (cutoff for cutoff in CUTOFFS if 2 * cutoff * dt < 1):
        passed = noise * np.sqrt(2 * hz * dt)  # by the filter, of white noise
        if norm(passed) <= SHARE * norm(error) and norm(weight * passed * (2 * np.pi * hz) ** 2) <= SHARE * norm(
            learned
        ):
            break
    found = model.torque(*motion(q_ref, dt, hz)) - model.torque(*motion(q, dt, hz))
    return low_pass(given - known + found, dt, hz), hz


def _rms(x):
    return np.sqrt(np.mean(x**2, axis=0))


def stamped(x, late):
    """Rows of x (N, n) that were measured `late` steps before they came, put where they belong; the last are held."""
    k = np.minimum(np.arange(len(x)) + late, len(x) - 1.0)
    i = k.astype(int)
    return x[i] + (k - i)[:, None] * (x[np.minimum(i + 1, len(x) - 1)] - x[i])


def noise_of(q) -> np.ndarray:
    """(n,) standard deviation of encoders, from fourth differences, which motion hardly has, and from their steps."""
    noise = 1.4826 * np.median(np.abs(np.diff(q, n=4, axis=0)), axis=0) / np.sqrt(70.0)
    for i, step in enumerate(np.abs(np.diff(q, axis=0)).T):
        if (step == 0).mean() > STAIRS and step.any():
            noise[i] = max(noise[i], step[step > 0].min() / np.sqrt(12.0))
    return noise


def _stepped(q, dt):
    """(q, v, a) of the physics' own step: v₊ = v + dt a, q₊ = q + dt v₊."""
    v, a = np.zeros_like(q), np.zeros_like(q)
    v[1:] = np.diff(q, axis=0) / dt
    a[:-1] = np.diff(v, axis=0) / dt
    return q, v, a


def pressing(made):
    """(N + 1, n) bool: where a joint is given a force, not a place."""
    grip = made.plan.grip(made.scenario.sim.timestep)
    return np.zeros(made.log.q.shape, bool) if grip is None else ~np.isnan(grip)


def nominal(scenario, made):
    """(N + 1, n): what the law gives where it tracks exactly, without what was learned."""
    dt = scenario.sim.timestep
    reference, torque = made.plan.reference(dt), made.plan.torque(dt)
    law = law_of(scenario, made.robot, reference, torque)
    tau = law.torque_along(reference, dt)
    if law.feedforward == "friction":  # such a law adds the dynamics itself
        tau = tau + made.robot.inverse_dynamics(*np.ascontiguousarray(np.moveaxis(reference, 1, 0)))
    return tau if torque is None else np.where(np.isnan(torque), tau, torque)
