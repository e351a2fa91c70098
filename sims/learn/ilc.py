"""The same motion again and again: what was missing in one repetition is added before the next.

    repeat        run a scenario, learn, run it again: Repetitions
    Repetitions   error of each repetition, and the torque that was learned

Iterative learning control by model inversion: each repetition teaches the whole torque T that the wanted motion needs
(sims.learn.repetition), feedback of any law included, and the next is given what its law lacks of it:

    u₊ = Σ w T - τ_ff,    w as 1 / error⁴ of the repetition where encoders are noisy, else the last alone

A repetition that makes it worse is taken back, and the next learns half as fast.
Source: Bristow, Tharayil & Alleyne (2006), plant inversion; Schoellig, Mueller & D'Andrea (2012) for what repetitions
with noise know together.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.control.law import undriven
from robocalc.errors import InvalidInput
from sims.build import motion_limits, piloted
from sims.learn.repetition import nominal, pressing, taught
from sims.residual import Repeated, load, save
from sims.run import run
from sims.scenario.solo import only_one

WORSE = 1.1  # times the best error: taken back
ALIKE = 1.5  # times the least error: within, repetitions differ by noise
TRIED, HELPS = 2, 1.2  # repetitions, and times smaller: less than that, a robot with joints that no drive moves stops
WANTED = 50.0  # times smaller: below, it is said what stands in the way
VARIES, FALLS, BOUND = 0.5, 0.7, 0.005  # shares: of an error that is noise, left by a repetition, of time at limits


@dataclass(frozen=True, eq=False)
class Repetitions:
    """errors      rms joint error [rad | m] of each repetition, before learning first
    cutoffs     [Hz] of the filter through which each was learned from, infinite: none
    learned     the Repeated torque of the best repetition, `robot` it is for
    best        which repetition that was; last: the Run of the last repetition
    varies      share of the error that differs from one repetition to another: noise
    """

    scenario: object
    errors: tuple
    cutoffs: tuple
    learned: Repeated
    robot: object
    best: int
    last: object
    varies: float = 0.0

    @property
    def gain(self) -> float:
        """How many times smaller the best error is than the first."""
        return self.errors[0] / max(self.errors[self.best], 1e-300)

    @property
    def limit(self) -> str:
        """Why the error is not WANTED times smaller: a sentence, empty where it is."""
        if self.gain >= WANTED:
            return ""
        errors, held = self.errors, _held(self.last)
        drives = [j for j, share in zip(self.robot.joints, held.mean(axis=0), strict=True) if share > BOUND]
        if drives:
            share = f"{held.any(axis=1).mean():.0%} of the time"
            return f"what is left is beyond the drives: {', '.join(drives)} at the limit for {share}"
        if self.varies > VARIES:
            return f"what is left is noise: {self.varies:.0%} of the error differs from one repetition to another"
        if _floats(self.robot):
            return "what is left is motion that no drive moves by itself: torque of the others cannot take it away"
        if len(errors) > 1 and self.best == len(errors) - 1 and errors[-1] < FALLS * errors[-2]:
            return "it is still falling: repeat more often"
        if pressing(self.last).any():
            return "what is left comes with what the fingers hold: the model that is learned by knows of no contact"
        return "what is left repeats, but learns no further: it is what happens between two calls of the law"

    def table(self) -> str:
        """A row a repetition."""
        rows = ["repetition  rms error [rad]  times smaller  learned through"]
        for k, error in enumerate(self.errors):
            hz = f"{self.cutoffs[k]:g} Hz" if k < len(self.cutoffs) else ""
            hz = "all" if hz == "inf Hz" else hz
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

    learn     repetitions after the first; fewer where joints that no drive moves let nothing be learned
    engine    as in `run`; folder: where learned files are put between repetitions, a temporary one where None
    raises    InvalidInput   a motion that is steered as it goes, no repetitions, or a run that fails
    """
    if isinstance(learn, bool) or not isinstance(learn, int) or learn < 1:
        raise InvalidInput(f"learning takes a whole number of repetitions from 1, got {learn!r}")
    only_one(scenario, "learning from repetitions")
    if piloted(scenario):
        raise InvalidInput(
            "a motion that is steered on the way (safety, replan, planner_rate) is not the same twice: nothing to learn"
        )
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as spare:
        return _repeated(scenario, learn, engine, Path(folder or spare), progress or (lambda share, what: None))


def _repeated(scenario, learn, engine, folder, tell):
    made = last = _run(scenario, engine, 0)
    q, robot, rate, cutoffs = made.plan.reference(scenario.sim.timestep)[:, 0], made.robot, 1.0, []
    known, given, targets = nominal(scenario, made), [_known(scenario, made)], []
    errors, misses = [_error(made)], [_miss(made)]
    for k in range(1, learn + 1):
        tell(k / (learn + 1), f"repetition {k}: {errors[-1]:.3g} rad")
        best = int(np.argmin(errors))
        if made is not None:
            target, hz = taught(made)
            targets.append((errors[-1], np.where(pressing(made), known, target)))
        cutoffs.append(hz)
        if errors[-1] > WORSE * errors[best]:
            rate *= 0.5
        wanted = _together(targets) if np.isfinite(hz) else targets[-1][1]
        u = np.where(undriven(robot), 0.0, given[best] + rate * (wanted - known - given[best]))
        file = save(folder / "repeating.npz", Repeated(q, u), robot)
        made = _run(scenario.with_({"learned": {"file": str(file)}}), engine, k, must=False)
        given.append(u)
        errors.append(np.inf if made is None else _error(made))
        misses.append(None if made is None else _miss(made))
        last = made or last
        if k == TRIED and _floats(robot) and errors[0] < HELPS * min(errors[1:]):
            break  # no torque of the driven joints moves what is left: more of the same teaches nothing
    best = int(np.argmin(errors))
    learned, varies = Repeated(q, given[best]), _varies(misses) if np.isfinite(hz) else 0.0
    return Repetitions(scenario, tuple(errors), tuple(cutoffs), learned, robot, best, last, varies)


def _floats(robot) -> bool:
    """Whether something of it is moved by no drive of its own."""
    return bool(undriven(robot).any() or getattr(robot.tree, "thrusters", ()))


def _together(targets):
    """What repetitions with noise know together: the mean of their torques (error, T), those far away counting less."""
    errors = np.array([error for error, _ in targets])
    weights = np.maximum(errors / errors.min(), ALIKE) ** -4.0
    return np.tensordot(weights / weights.sum(), [target for _, target in targets], axes=1)


def _varies(misses) -> float:
    """Share of the later repetitions' error that differs from one to another."""
    later = np.array([miss for miss in misses[(len(misses) + 1) // 2 :] if miss is not None])
    if len(later) < 2:
        return 0.0
    apart = np.sqrt(np.sum((later - later.mean(axis=0)) ** 2) / (1 - 1 / len(later)))
    return float(min(1.0, apart / max(np.linalg.norm(later), 1e-300)))


def _known(scenario, made):
    """(N + 1, n) that the scenario has learned already."""
    reference = made.plan.reference(scenario.sim.timestep)
    if scenario.learned is None:
        return np.zeros(reference[:, 0].shape)
    return load(scenario.learned.file, made.robot).torque(made.robot, reference)


def _run(scenario, engine, k, must=True):
    """The Run, or None where it did not reach its end and need not."""
    made = run(scenario, engine=engine, seed=scenario.seed + k)
    if made.log is not None and len(made.log.q) == len(made.plan.reference(scenario.sim.timestep)):
        return made
    if must:
        raise InvalidInput(f"repetition {k} of {scenario.name} did not reach its end: {made.why}")
    return None


def _miss(made):
    """(N + 1, n), 0 where a finger presses and has no place to be."""
    return np.where(pressing(made), 0.0, made.log.q - made.log.q_ref)


def _error(made):
    return float(np.sqrt(np.sum(_miss(made) ** 2) / np.sum(~pressing(made))))


def _held(made):
    """(N + 1, n) bool: where a drive was asked for more than it has."""
    low, high = motion_limits(made.scenario, made.robot).bounds("torque", made.robot.n)
    wanted = made.log.tau_wanted
    return ((wanted > high) | (wanted < low)) & ~undriven(made.robot) & ~pressing(made)
