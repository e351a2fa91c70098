"""Logged motion, from run folders and from CSV files of a real robot.

Recording   measured positions and applied torques at an even step
from_run    of a run folder, with the scenario that it ran
from_csv    of a text table with a header: t, q.JOINT, tau.JOINT (units in brackets may follow)
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from robocalc.errors import InvalidInput
from sims.record import read_run

UNEVEN = 1e-3  # of a step: clocks that differ by more are resampled
TIMES, POSITIONS, TORQUES = ("t", "time"), ("q_measured", "q", "position"), ("tau", "torque", "effort")


@dataclass(frozen=True, eq=False)
class Recording:
    """q, tau (N, n): measured position [rad | m] and the drives' torque [N m | N] from then on, every dt [s].

    scenario   what was run, None for a file of a real robot; digest: of the robot that its controller believed in
    simulated  whether the samples are the physics steps themselves
    """

    name: str
    dt: float
    q: np.ndarray
    tau: np.ndarray
    joints: tuple
    scenario: object = None
    reference: np.ndarray | None = None  # (N, 3, n) where it is known

    def __post_init__(self):
        """raises InvalidInput   shapes that do not match, a step that is none, a sample that is no number"""
        if not (np.isfinite(self.dt) and self.dt > 0):
            raise InvalidInput(f"{self.name}: samples must lie some time apart, got dt = {self.dt!r}")
        if np.ndim(self.q) != 2 or np.shape(self.q) != np.shape(self.tau):
            shapes = f"{np.shape(self.q)} and {np.shape(self.tau)}"
            raise InvalidInput(f"{self.name}: q and tau must be samples by joints alike, got {shapes}")
        for what, x in (("position", self.q), ("torque", self.tau)):
            if not np.isfinite(x).all():
                row, joint = np.argwhere(~np.isfinite(x))[0]
                whose = self.joints[joint] if joint < len(self.joints) else joint + 1
                raise InvalidInput(
                    f"{self.name}: the {what} of {whose} is {x[row, joint]} at {row * self.dt:.4g} s; "
                    "leave out what was not measured"
                )

    @property
    def simulated(self) -> bool:
        return self.scenario is not None

    @property
    def duration(self) -> float:
        """[s]"""
        return self.dt * (len(self.q) - 1)


def from_run(folder) -> Recording:
    """The log of a run folder; raises InvalidInput where it has none, or its scenario cannot be read."""
    from sims.scenario import Scenario

    stored = read_run(folder)
    if stored.log is None or not stored.scenario_text:
        raise InvalidInput(f"{folder} teaches nothing: {'; '.join(stored.problems) or 'it has no log'}")
    scenario, log = Scenario.load(stored.scenario_path), stored.log
    reference = np.stack([log.q_ref, log.v_ref, log.a_ref], axis=1)
    return recorded(str(folder), log, stored.joints, scenario, reference)


def of_run(run) -> Recording:
    """Of a Run in memory."""
    if run.log is None:
        raise InvalidInput(f"the run of {run.scenario.name} teaches nothing: it has no log, {run.why}")
    reference = np.stack([run.log.q_ref, run.log.v_ref, run.log.a_ref], axis=1)
    return recorded(run.scenario.name, run.log, run.robot.joints, run.scenario, reference)


def recorded(name, log, joints, scenario, reference) -> Recording:
    """A Recording of a simulated log, up to where its numbers end."""
    good = np.isfinite(log.joint).all(axis=(1, 2))
    end = len(good) if good.all() else int(np.argmin(good))
    q, tau = log.q_measured[:end].copy(), log.tau[:end].copy()
    return Recording(name, log.dt, q, tau, tuple(joints), scenario, reference[:end])


def from_csv(path, joints) -> Recording:
    """A table with a row a sample. Columns by name, before any unit in brackets:

    t | time                             [s], increasing
    q_measured.J | q.J | position.J      of each joint J of the robot [rad | m]; J may be its number from 1
    tau.J | torque.J | effort.J          [N m | N]
    raises   InvalidInput   what is missing, with the columns that there are
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(rows) < 2:
        raise InvalidInput(f"{path} holds no samples: it needs a header and rows of numbers")
    names = [name.partition("[")[0].strip() for name in rows[0]]
    t = _column(path, names, rows, TIMES)
    q, tau = (
        np.column_stack([_column(path, names, rows, _names(kinds, joints, i)) for i in range(len(joints))])
        for kinds in (POSITIONS, TORQUES)
    )
    return _even(path, t, q, tau, joints)


def _names(kinds, joints, i):
    whose = (joints[i], str(i + 1))
    return [f"{kind}{gap}{who}" for kind in kinds for who in whose for gap in (".", "_", "")]


def _column(path, names, rows, wanted):
    found = next((name for name in wanted if name in names), None)
    if found is None:
        have = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise InvalidInput(
            f"{path} has no column {wanted[0]!r}: a log of another robot? its columns: {have}; it needs t, q.JOINT and "
            "tau.JOINT of each joint"
        )
    i = names.index(found)
    try:
        x = np.array([float(row[i]) for row in rows[1:]])
    except (ValueError, IndexError):
        bad = next(k for k, row in enumerate(rows[1:]) if not _number(row, i))
        raise InvalidInput(f"{path}: line {bad + 2}: {found} is no number") from None
    if not np.isfinite(x).all():
        raise InvalidInput(f"{path}: line {int(np.argmin(np.isfinite(x))) + 2}: {found} is not finite")
    return x


def _number(row, i):
    try:
        return bool(np.isfinite(float(row[i])))
    except (ValueError, IndexError):
        return False


def _even(path, t, q, tau, joints):
    steps = np.diff(t)
    if len(t) < 3 or not (steps > 0).all():
        at = 1 if len(t) < 3 else int(np.argmin(steps > 0)) + 2
        raise InvalidInput(f"{path}: line {at + 1}: t must increase from row to row")
    dt = float((t[-1] - t[0]) / len(steps))
    if abs(steps - dt).max() > UNEVEN * dt:
        dt = float(np.median(steps))
        even = t[0] + dt * np.arange(int((t[-1] - t[0]) / dt) + 1)
        q, tau = (np.column_stack([np.interp(even, t, column) for column in x.T]) for x in (q, tau))
    return Recording(str(path), dt, q, tau, tuple(joints))
