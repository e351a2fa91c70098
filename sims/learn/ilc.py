"""The same motion again and again: what was missing in one repetition is added before the next.

    repeat        run a scenario, learn, run it again: Repetitions
    Repetitions   error of each repetition, and the torque that was learned

Iterative learning control by model inversion. What the drives gave, feedback included, brought the robot to its
measured motion; the believed model says how much more the wanted motion needs:

    u₊ = u + Q (τ - τ_ff - u + ID(q_ref) - ID(q_measured))

Q is a zero-phase low-pass filter: as wide as the encoders' noise allows, so narrower the less there is left to learn.
A repetition that makes it worse is taken back, and the next learns half as fast.
Source: Bristow, Tharayil & Alleyne (2006), plant inversion and Q-filters; Longman (2000) for the cutoff.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput
from sims.build import law_of, piloted
from sims.learn.smooth import low_pass, motion
from sims.residual import Repeated, load, save
from sims.run import run

CUTOFFS = (120.0, 80.0, 50.0, 30.0, 20.0, 12.0, 8.0, 5.0)  # [Hz]
ABOVE = 100.0  # [Hz] what an arm does not do: encoders' noise
SHARE = 0.3  # of a correction that may be noise
WORSE = 1.1  # times the best error: taken back


@dataclass(frozen=True, eq=False)
class Repetitions:
    """errors      rms joint error [rad | m] of each repetition, before learning first
    cutoffs     [Hz] of the filter through which each was learned from
    learned     the Repeated torque of the best repetition, `robot` it is for
    best        which repetition that was; last: the Run of the last repetition
    """

    scenario: object
    errors: tuple
    cutoffs: tuple
    learned: Repeated
    robot: object
    best: int
    last: object

    @property
    def gain(self) -> float:
        """How many times smaller the best error is than the first."""
        return self.errors[0] / max(self.errors[self.best], 1e-300)

    def table(self) -> str:
        """A row a repetition."""
        rows = ["repetition  rms error [rad]  times smaller  learned through"]
        for k, error in enumerate(self.errors):
            hz = f"{self.cutoffs[k]:g} Hz" if k < len(self.cutoffs) else ""
            times = self.errors[0] / max(error, 1e-300)
            rows.append(f"{k:10d}  {error:15.4g}  {times:13.4g}  {hz}".rstrip())
        return "\n".join(rows)

    def to_csv(self) -> str:
        """The table for programs."""
        rows = [f"{k},{error!r}" for k, error in enumerate(self.errors)]
        return "\n".join(["repetition,rms_error", *rows]) + "\n"

    def save(self, folder):
        """learned.npz, repetitions.csv and scenario.yaml, which runs with what was learned; returns the last's path."""
        from pathlib import Path

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        file = save(folder / "learned.npz", self.learned, self.robot)
        (folder / "repetitions.csv").write_text(self.to_csv(), encoding="utf-8")
        path = folder / "scenario.yaml"
        self.scenario.with_({"learned": {"file": str(file.resolve())}}).save(path)
        return path


def repeat(scenario, learn=10, *, engine=None, folder=None, progress=None) -> Repetitions:
    """Run a scenario learn + 1 times, each with what the runs before taught, each with noise of its own.

    learn     repetitions after the first
    engine    as in `run`; folder: where learned files are put between repetitions, a temporary one where None
    raises    InvalidInput   a motion that is steered as it goes, no repetitions, or a run that fails
    """
    if isinstance(learn, bool) or not isinstance(learn, int) or learn < 1:
        raise InvalidInput(f"learning takes a whole number of repetitions from 1, got {learn!r}")
    if piloted(scenario):
        raise InvalidInput(
            "a motion that is steered on the way (safety, replan) is not the same twice: nothing to learn"
        )
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as spare:
        return _repeated(scenario, learn, engine, Path(folder or spare), progress or (lambda share, what: None))


def _repeated(scenario, learn, engine, folder, tell):
    made = _run(scenario, engine, 0)
    q = made.plan.reference(scenario.sim.timestep)[:, 0]
    robot, u, rate, errors, cutoffs = made.robot, _known(scenario, made), 1.0, [_error(made)], []
    best = now = (errors[0], 0, u, made)
    for k in range(1, learn + 1):
        tell(k / (learn + 1), f"repetition {k}: {errors[-1]:.3g} rad")
        correction, hz = _correction(scenario, now[3], now[2])
        cutoffs.append(hz)
        u = now[2] + rate * correction
        file = save(folder / "repeating.npz", Repeated(q, u), robot)
        made = _run(scenario.with_({"learned": {"file": str(file)}}), engine, k)
        errors.append(_error(made))
        if errors[-1] < WORSE * now[0]:
            now = (errors[-1], k, u, made)
            best = min(best, now, key=lambda found: found[0])
        else:
            rate *= 0.5
    return Repetitions(scenario, tuple(errors), tuple(cutoffs), Repeated(q, best[2]), robot, best[1], made)


def _known(scenario, made):
    """(N + 1, n) that the scenario has learned already."""
    reference = made.plan.reference(scenario.sim.timestep)
    if scenario.learned is None:
        return np.zeros(reference[:, 0].shape)
    return load(scenario.learned.file, made.robot).torque(made.robot, reference)


def _run(scenario, engine, k):
    made = run(scenario, engine=engine, seed=scenario.seed + k)
    if made.log is None or len(made.log.q) != len(made.plan.reference(scenario.sim.timestep)):
        raise InvalidInput(f"repetition {k} of {scenario.name} did not reach its end: {made.why}")
    return made


def _error(made):
    return float(np.sqrt(np.mean((made.log.q - made.log.q_ref) ** 2)))


def _correction(scenario, made, u):
    """(torque (N + 1, n) to add, cutoff [Hz])."""
    dt, robot, log = scenario.sim.timestep, made.robot, made.log
    late = round(scenario.sensors.latency / dt)
    q = np.concatenate([log.q_measured[late:], np.repeat(log.q_measured[-1:], late, axis=0)])
    feedback = log.tau - _nominal(scenario, made) - u
    noise = 1.4826 * np.median(np.abs(q - low_pass(q, dt, ABOVE)), axis=0)
    weight = np.diagonal(robot.mass_matrix(q[:: max(1, len(q) // 50)]), axis1=1, axis2=2).max(axis=0)
    for hz in CUTOFFS:
        wanted = robot.inverse_dynamics(*motion(log.q_ref, dt, hz))
        found = low_pass(feedback + wanted - robot.inverse_dynamics(*motion(q, dt, hz)), dt, hz)
        doubt = weight * noise * (2 * np.pi * hz) ** 2 * np.sqrt(min(1.0, 2 * hz * dt))
        if np.linalg.norm(doubt) <= SHARE * np.linalg.norm(np.sqrt(np.mean(found**2, axis=0))):
            break
    return found, hz


def _nominal(scenario, made):
    """(N + 1, n): what the law gives where it tracks exactly, without what was learned."""
    dt = scenario.sim.timestep
    reference, torque = made.plan.reference(dt), made.plan.torque(dt)
    law = law_of(scenario, made.robot, reference, torque)
    tau = law.torque_along(reference, dt)
    if law.feedforward == "friction":  # such a law adds the dynamics itself
        tau = tau + made.robot.inverse_dynamics(*np.ascontiguousarray(np.moveaxis(reference, 1, 0)))
    return tau if torque is None else np.where(np.isnan(torque), tau, torque)
