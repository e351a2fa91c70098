"""A run folder as something to show again: with its robot and world where its scenario can still be read, and as far as
it goes where not.

    stored_data     folder -> ReportData
    open_run        folder -> Shown: what is stored, with robot, world and limits
"""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from robocalc.errors import InvalidInput, RobocalcError
from robocalc.trajectory import Limits
from sims.build import believed_robot, motion_limits, start_of
from sims.build_world import world_shapes
from sims.record import StoredRun, read_run
from sims.report.bodies import robot_bodies, world_bodies
from sims.report.data import ReportData
from sims.report.gather import check, figure, report_data
from sims.scenario import Scenario


class NoRobot:
    """Joints without links: what is left of a robot whose scenario cannot be read."""

    limits = Limits()

    def __init__(self, joints, prismatic):
        self.joints, self.n = tuple(joints), len(joints)
        self.home = np.zeros(self.n)
        tree = np.zeros((self.n, 2), int)
        tree[:, 1] = np.asarray(prismatic, int) if len(prismatic) == self.n else 0
        self._model = SimpleNamespace(tree=tree)

    def model(self):
        return self._model

    def visuals(self):
        return ()

    def pose(self, q):
        """(N, 4, 4) of NaN: where its tool is nobody knows."""
        return np.full((len(q), 4, 4), np.nan)


@dataclass(frozen=True)
class Shown:
    """stored: read_run's; scenario: None where it cannot be read; notes: sentences about what is missing."""

    stored: StoredRun
    scenario: Scenario | None
    robot: object
    world: tuple
    limits: Limits
    notes: tuple

    @property
    def log(self):
        return self.stored.log

    @property
    def name(self) -> str:
        return self.stored.scenario or self.stored.folder.resolve().name


def open_run(folder) -> Shown:
    """The run in a folder; raises InvalidInput where there is no folder or no log in it."""
    stored = read_run(folder)
    if stored.log is None:
        why = "; ".join(stored.problems) or "it keeps no log (`log` in output.keep), or planning failed"
        raise InvalidInput(f"{folder} has nothing to show: {why}")
    return _opened(stored)


def _opened(stored) -> Shown:
    """What is stored, with what its scenario describes, as far as that can be read."""
    scenario, notes = None, [*stored.problems]
    try:
        scenario = Scenario.load(stored.scenario_path)
        robot, world = believed_robot(scenario), world_shapes(scenario)
        if stored.log is not None and robot.n != stored.log.joint.shape[2]:
            raise InvalidInput(f"its robot has {robot.n} joints, the log {stored.log.joint.shape[2]}")
        limits = motion_limits(scenario, robot)
    except (RobocalcError, OSError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        notes.append(f"shown without robot and world, as the scenario cannot be read: {what}")
        scenario, robot, world, limits = None, NoRobot(stored.joints, stored.prismatic), (), Limits()
    return Shown(stored, scenario, robot, world, limits, tuple(notes))


def stored_data(folder) -> ReportData:
    """What the page and the plots of a run folder show: without a log its figures, and the robot where it starts.

    raises   InvalidInput where there is no folder, or nothing of a run in it
    """
    stored = read_run(folder)
    if stored.log is None:
        return _figures_only(stored)
    shown = _opened(stored)
    return report_data(
        name=shown.name,
        description="" if shown.scenario is None else shown.scenario.description,
        robot=shown.robot,
        log=shown.log,
        outcome=stored.outcome,
        accepted=stored.accepted if stored.verdict else None,
        shapes=shown.world,
        steps=spans(stored.plan.get("steps")),
        disturbances=pushes(shown.scenario),
        metrics=stored.metrics,
        acceptance=whole_rows(stored),
        scenario_text=stored.scenario_text,
        versions=stored.versions,
        limits=shown.limits,
        notes=(*stored.warnings, *shown.notes),
        budget=stored.error_budget or None,
    )


def _figures_only(stored) -> ReportData:
    """What is known of a run without a log: why it failed, its figures and its scenario."""
    if not (stored.scenario_text or stored.metrics or stored.plan):
        raise InvalidInput(f"{stored.folder} has nothing to show: {'; '.join(stored.problems)}")
    shown = _opened(stored)
    robot, t = shown.robot, np.zeros(1)
    start = robot.home[None] if shown.scenario is None else start_of(shown.scenario, robot)[0][None]
    violations = stored.plan.get("violations")
    failed = violations if isinstance(violations, list) else ()
    seen = SimpleNamespace(objects={}, t_objects=np.zeros(0))
    return ReportData(
        name=shown.name,
        joints=tuple(robot.joints),
        t=t,
        panels=(),
        t_frames=t,
        bodies=(*robot_bodies(robot, start), *world_bodies(shown.world, seen, t)),
        description="" if shown.scenario is None else shown.scenario.description,
        outcome="planning failed" if failed else stored.outcome,
        accepted=stored.accepted if stored.verdict else None,
        verdict="Infeasible" if failed else "",
        reasons=tuple(map(str, failed)),
        metrics=tuple(figure(name, value) for name, value in stored.metrics.items()),
        acceptance=tuple(check(row, stored.metrics) for row in whole_rows(stored)),
        scenario_text=stored.scenario_text,
        versions=stored.versions,
        notes=("There is no log: nothing moves here.", *stored.warnings, *shown.notes),
    )


def whole_rows(stored):
    """Rows of the acceptance table that say what they judge."""
    return [row for row in stored.acceptance if "metric" in row and "ok" in row]


def spans(steps):
    """Steps of metrics.json that are whole."""
    steps = steps if isinstance(steps, list) else ()
    wanted = {"name", "start", "end"}
    return [step for step in steps if isinstance(step, dict) and wanted <= set(step)]


def pushes(scenario):
    """What a scenario does to the robot for a while, as report_data takes it."""
    return [
        {"name": f"push on {d.link}", "start": d.start, "end": d.start + d.duration, "kind": d.type}
        for d in (() if scenario is None else scenario.disturbances)
        if d.type == "push"
    ]
