"""The torque that a model does not explain, learned from logged runs.

    learn    from runs: Taught
    Taught   a Network and how much it explains, of the runs it saw and of runs held out

The residual of a run is the drives' torque less inverse dynamics and friction of the believed model along the smoothed
measured motion. What is linear in it (a load at the tool, viscous and Coulomb friction) is fitted by least squares, the
rest by a small network with gradient descent, which stops where it does best on motion set aside.
Source: Nguyen-Tuong & Peters (2010), models with a parametric part.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from sims.build import believed_robot
from sims.learn.adam import train
from sims.learn.identification import _gathered
from sims.learn.linear import _well_inside, regress
from sims.learn.smooth import EDGE, low_pass, motion, shifted
from sims.residual import SLOW, Network, columns, inputs, save

ASIDE = 0.2  # share of the motion on which training does not look
RARE = 0.004  # [s] between samples
SHORT, LEAST = 1.0, 0.3  # [s] of motion that is too little: in all, and of one log
STILL = 0.02  # [rad/s | m/s] a robot whose joints never move faster teaches nothing
MOVES = 0.03  # of a joint's top speed: below, its friction may be anything
NARROW = 0.05  # [rad, rad/s, rad/s²] least spread of what a feature was seen to be


@dataclass(frozen=True, eq=False)
class Taught:
    """network    a sims.residual.Network; robot: what it is for
    rows       (name, rms residual torque before, after) [N m] of each run; `held_out` likewise of unseen runs
    """

    network: Network
    robot: object
    rows: tuple
    held_out: tuple

    def table(self) -> str:
        """A row a run."""
        out = ["residual torque [N m], rms     before      after"]
        for kind, rows in (("learned from", self.rows), ("held out", self.held_out)):
            out += [f"{kind:12s}  {name[-32:]:32s}  {a:8.4f}  {b:8.4f}" for name, a, b in rows]
        return "\n".join(out)

    def save(self, path):
        """Write the file that a scenario names under `learned.file`."""
        return save(path, self.network, self.robot)


def learn(sources, *, held_out=(), robot=None, scenario=None, seed=0) -> Taught:
    """Learn the residual torque of a robot from run folders, Runs, Recordings or CSV files of it.

    held_out   runs that are only predicted
    seed       of the network's first weights and batches: same runs and seed, same file
    raises     InvalidInput   another robot's log, less than a second of motion, or none
    """
    _, spec, _, recordings = _gathered(_listed(sources), robot, scenario, (), None)
    believed = _believed(spec, robot)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidInput(f"a seed is a whole number from 0, got {seed!r}")
    others = _gathered(_listed(held_out), robot, spec, (), None)[3] if held_out else ()
    _long_enough(recordings, others)
    sets = [_samples(believed, r) for r in recordings]
    network = _fitted(believed, recordings, sets, seed)
    told = [
        tuple((r.name, *_before_after(network, believed, s)) for r, s in zip(runs, found, strict=True))
        for runs, found in ((recordings, sets), (others, [_samples(believed, r) for r in others]))
    ]
    return Taught(network, believed, *told)


def _long_enough(recordings, others):
    for r in (*recordings, *others):
        if r.duration < LEAST or len(r.q) < 30:
            raise InvalidInput(f"{r.name} is too short to learn from or to judge by: {r.duration:.3g} s of {LEAST:g} s")
    total = sum(r.duration for r in recordings)
    if total < SHORT:
        raise InvalidInput(f"{total:.3g} s of motion is too little to learn from: log {SHORT:g} s or more, better 30 s")


def _listed(sources):
    return list(sources) if isinstance(sources, list | tuple) else [sources]


def _believed(scenario, robot):
    if scenario is not None:
        return believed_robot(scenario)
    from sims.learn.identification import _named

    return _named(robot)


@dataclass(frozen=True, eq=False)
class Samples:
    """(K, n) each: smoothed motion, residual torque, and whether a joint's friction is sure there."""

    q: np.ndarray
    v: np.ndarray
    a: np.ndarray
    residual: np.ndarray
    sure: np.ndarray


def _samples(robot, recording) -> Samples:
    dt = recording.dt
    late = recording.scenario.sensors.latency if recording.simulated else 0.0
    q, v, a = motion(recording.q, dt)
    viscous, coulomb = robot.friction
    known = robot.inverse_dynamics(q, v, a) + viscous * v + coulomb * np.tanh(v / SLOW)
    residual = low_pass(shifted(recording.tau, late / dt) - known, dt)
    sure = _well_inside(np.abs(v) >= np.maximum(MOVES * np.abs(v).max(axis=0), SLOW), dt)
    edge, every = int(EDGE / dt), max(1, round(RARE / dt))
    return Samples(*(x[edge : len(q) - edge : every] for x in (q, v, a, residual, sure)))


def _fitted(robot, recordings, sets, seed) -> Network:
    """Linear part by least squares, then the network on what is left."""
    late = recordings[0].scenario.sensors.latency if recordings[0].simulated else 0.0
    first = regress(robot, recordings, ("payload", "friction"), None, robot.friction, late)
    q, v, a, residual, sure = (np.concatenate([getattr(s, name) for s in sets]) for name in Samples.__annotations__)
    if first.top.max() < STILL:
        raise InvalidInput(
            f"the robot stands nearly still (at most {first.top.max():.2g} rad/s): nothing to learn from"
        )
    fitted = np.concatenate([np.ones(10, bool), np.tile(sure.any(axis=0), 2)])
    resistance = np.where(fitted[10:].reshape(2, -1), first.resistance - robot.friction, 0.0)
    whole = np.concatenate([q, v, a], axis=1)
    mean, deviation = whole.mean(axis=0), np.maximum(whole.std(axis=0), NARROW)
    z = (whole - mean) / deviation
    linear = columns(robot, q, v, a) @ np.concatenate([first.load, *resistance])
    rest = residual - linear
    scale = np.maximum(np.sqrt(np.sum(rest**2 * sure, axis=0) / np.maximum(sure.sum(axis=0), 1)), 1e-6)
    aside = _set_aside([len(s.q) for s in sets])
    layers = train(inputs(q, v, a, mean, deviation), rest / scale, sure.astype(float), aside, seed)
    told = z.min(axis=0), z.max(axis=0), scale, resistance, first.load
    covariance = np.where(np.outer(fitted, fitted), first.covariance, 0.0)
    return Network(*layers, mean, deviation, *told, covariance, np.sqrt(np.mean(linear**2, axis=0)))


def _set_aside(counts):
    """(N,) bool: whole runs at the end where there are five or more, else the last part of each."""
    if len(counts) >= 5:
        runs = max(1, round(ASIDE * len(counts)))
        return np.repeat([k >= len(counts) - runs for k in range(len(counts))], counts)
    return np.concatenate([np.arange(c) >= (1 - ASIDE) * c for c in counts])


def _before_after(network, robot, s):
    """(rms residual, rms of what the network leaves of it) [N m] where friction is sure."""
    reference = np.stack([s.q, s.v, s.a], axis=1)
    left = s.residual - network.torque(robot, reference)
    count = max(1, s.sure.sum())
    return tuple(float(np.sqrt(np.sum(x**2 * s.sure) / count)) for x in (s.residual, left))
