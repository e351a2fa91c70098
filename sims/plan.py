"""The task's named steps become one motion of all joints, with the forces of the gripper and the reasons for failure.

    plan_task(scenario, robot, world) -> TaskPlan
    TaskPlan    a Plan whose steps have times; `.reference(dt)` and `.grip(dt)` are what the loop takes

Each step ends on a whole control period, so that steps begin on a sample. A step that cannot be planned ends the plan
there: what came before is kept, and the violation names the step and the reason.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from time import process_time
from typing import NamedTuple

import numpy as np

from robocalc.errors import RobocalcError
from robocalc.optimize import Plan, Status, Violation
from robocalc.trajectory import Trajectory, discrete_reference
from robocalc.trajectory.numbers_given import steps as whole_steps
from sims.build import gripper_joints, motion_limits, steered, with_room
from sims.grasping import CLOSING
from sims.planners.base import DERIVATIVES, Caught, Failed, beyond
from sims.steps import Mover

OPEN_END = 1e-9  # relative: rounding is no violation of a limit


class StepSpan(NamedTuple):
    """One step of the task in time; force: of each finger while it holds `object`, else None."""

    name: str
    do: str
    start: float
    end: float
    object: str | None = None
    force: float | None = None
    clearance: float | None = None  # wanted on this step [m]
    caught: Caught | None = None  # of a grasp: when the fingers close, and what they hold then
    robot: str = ""  # the partner whose step it is

    @property
    def closes(self) -> float:
        """When the fingers of a grasp begin to close [s]."""
        return self.start if self.caught is None else self.caught.closes

    @property
    def taken(self) -> float:
        """When they hold [s]."""
        return self.end if self.caught is None else self.caught.taken


@dataclass(frozen=True)
class TaskPlan(Plan):
    """steps: StepSpan each; fingers: indices of gripper joints; clearance: (t (F,), distance (F,), pairs) or None;
    tracked: sims.steps.Tracked stretches, whose reference and torque are their own."""

    steps: tuple = ()
    fingers: tuple = ()
    clearance: tuple | None = None
    tracked: tuple = ()

    def starting(self, gap):
        """The plan, or none if the `gap` (distance, pair) around the robot where it starts is an overlap."""
        if gap.distance >= 0:
            return self
        why = _touch("start", gap.distance, gap.pair, 0.0, "starts in collision")
        return replace(self, status=Status.BAD_START, violations=(*self.violations, why))

    def reference(self, dt):
        """(N + 1, 3, n): what the loop tracks at each physics step."""
        reference = discrete_reference(self.trajectory, dt)
        for first, last, (rows, _) in self._rolled(dt):
            reference[first : last + 1] = rows
        return reference

    def torque(self, dt):
        """(N + 1, n) planned feed-forward [N m | N], NaN where it is the law's to find; None: nowhere planned."""
        if not self.tracked:
            return None
        torque = np.full((whole_steps(self.trajectory.duration, dt) + 1, self.trajectory.n), np.nan)
        for first, last, (_, rows) in self._rolled(dt):
            torque[first:last] = rows[:-1]  # of a step: the last row takes none
        return torque

    def _rolled(self, dt):
        """(first step, last step, (reference, torque)) of each tracked stretch."""
        for part in self.tracked:
            first, last = round(part.start / dt), round(part.end / dt)
            yield first, last, part.roll(dt)

    def grip(self, dt):
        """(N + 1, n): force [N] for joints in force mode, NaN for those that follow the reference; or None: no fingers.

        The fingers close by position, then their force grows, smoothly, to the end of the grasp.
        """
        if not self.fingers:
            return None
        t = np.arange(whole_steps(self.trajectory.duration, dt) + 1) * dt
        grip = np.full((len(t), self.trajectory.n), np.nan)
        for i, step in enumerate(self.steps):
            if step.do == "grasp":
                opens = next((s.start for s in self.steps[i + 1 :] if s.do == "release"), np.inf)
                begins = step.closes + CLOSING * (step.taken - step.closes)
                on = (t >= begins - dt / 2) & (t < opens - dt / 2)
                share = np.clip((t[on] - begins) / (step.taken - begins), 0.0, 1.0)
                grip[np.ix_(on, self.fingers)] = -step.force * (share**2 * (3 - 2 * share))[:, None]
        return grip


def plan_task(scenario, robot, world, checker=None) -> TaskPlan:
    """Motion for all steps of the scenario's task.

    robot     as its controller believes it          world    shapes; those unknown to the planner are left out by it
    checker   sims.engines.bullet.Clearance of robot and world, or None: clearance is not checked
    """
    began = process_time()
    limits = motion_limits(scenario, robot)
    limits = with_room(limits) if steered(scenario) else limits
    mover = Mover(scenario, robot, limits, gripper_joints(robot), world)
    spans, failures = [], []
    for i, step in enumerate(scenario.task):
        name = step.name or f"{i + 1}-{step.do}"
        try:
            start = mover.time
            mover.do(step)
            spans.append(span_of(step, name, start, mover.time, mover.caught if step.do == "grasp" else None))
        except Failed as failed:
            failures.append(Violation(f"step {name!r}", failed.amount, failed.unit, mover.time, str(failed)))
            break
        except RobocalcError as error:
            failures.append(Violation(f"step {name!r}", 0.0, why=str(error)))
            break
    trajectory = mover.trajectory
    timings = {"motion": process_time() - began}
    clearance = None
    if trajectory is not None:
        failures += broken_limits(trajectory, mover.limits, robot, mover.tracked)
        failures += too_long(trajectory, scenario)
        if checker is not None:
            clearance, touching = _check_clearance(trajectory, spans, checker)
            failures += touching
    timings["plan"] = process_time() - began
    return TaskPlan(
        **verdict_on(trajectory, failures, timings),
        steps=tuple(spans),
        fingers=mover.fingers,
        tracked=tuple(mover.tracked),
        clearance=clearance if clearance is not None and np.isfinite(clearance[1]).any() else None,
    )


def span_of(step, name, start, end, caught) -> StepSpan:
    avoid = getattr(step, "avoid", None)
    held = getattr(step, "object", None)
    wanted = None if avoid is None else avoid.clearance
    return StepSpan(name, step.do, start, end, held, getattr(step, "force", None), wanted, caught)


def verdict_on(trajectory, failures, timings) -> dict:
    """The fields of a Plan that its motion, or None, and what is wrong with it decide."""
    status = Status.BAD_START if any(f.constraint == "start" for f in failures) else Status.INFEASIBLE
    return {
        "trajectory": trajectory,
        "status": status if failures else Status.SOLVED,
        "violations": tuple(failures),
        "cost": None if trajectory is None else trajectory.cost(3),
        "timings": timings,
    }


def broken_limits(trajectory: Trajectory, limits, robot, tracked):
    """Limits that the exact extrema of the motion leave: position to jerk; position and velocity in a tracked stretch,
    which is one of the dynamics and bounded by the inputs."""
    ends = [trajectory.start, *(time for part in tracked for time in (part.start, part.end)), trajectory.end]
    for i, (start, end) in enumerate(pairwise(ends)):
        if end - start > OPEN_END:
            yield from _leaving(trajectory.slice(start, end), limits, robot, DERIVATIVES[: 2 if i % 2 else None])


def _leaving(trajectory, limits, robot, derivatives):
    for order, (name, unit) in enumerate(derivatives):
        (excess, times), upper = beyond(trajectory, limits, order), limits.bounds(name, robot.n)[1]
        slack = OPEN_END * np.maximum(1.0, np.abs(np.where(np.isfinite(upper), upper, 1.0)))
        for side, joint in zip(*np.nonzero(excess > slack), strict=True):
            yield Violation(f"{name} limit of {robot.joints[joint]}", excess[side, joint], unit, times[side, joint])


def too_long(trajectory, scenario):
    beyond = trajectory.duration - scenario.sim.max_duration
    if beyond > 1e-9:
        yield Violation("sim.max_duration", beyond, "s", trajectory.duration)


class Carry(NamedTuple):
    """An object in the hand. It counts as part of the robot between its first and its last move: it is taken from and
    set down on things that it must touch."""

    object: str
    taken: float  # [s] fingers closed
    let_go: float
    counts_from: float
    counts_to: float
    pose: np.ndarray | None = None  # (7,) in the hand as planned
    robot: str = ""  # the partner that has it in hand


def carries(spans) -> list:
    """A Carry for each grasp among StepSpans."""
    each = [[s for s in spans if s.robot == robot] for robot in dict.fromkeys(s.robot for s in spans)]
    return [carry for steps in each for carry in _carries(steps)]


def _carries(steps):
    found = []
    for i, grasp in enumerate(steps):
        if grasp.do == "grasp":
            after = steps[i + 1 :]
            until = next((k for k, s in enumerate(after) if s.do == "release"), len(after))
            moves = [s for s in after[:until] if s.do in ("move", "trace")]
            let_go = after[until].start if until < len(after) else steps[-1].end + 1.0
            window = (moves[0].end, moves[-1].start) if moves else (let_go, let_go)
            if grasp.caught is not None and grasp.caught.brought is not None:
                window = (grasp.end, window[1])  # it was lifted with the grasp
            pose = None if grasp.caught is None else grasp.caught.in_hand
            found.append(Carry(grasp.object, grasp.taken, let_go, *window, pose, grasp.robot))
    return found


CHECK_EVERY = 0.02  # [s] between configurations whose clearance to the world is checked
SELF_EVERY = 5  # of these, how many are checked once for the robot touching itself


def planned_gaps(trajectory, spans, checker):
    """(t (F,), distance (F,) [m], pairs): what is closest in the world, or the robot's own links where they touch."""
    t = np.append(np.arange(0.0, trajectory.duration, CHECK_EVERY), trajectory.duration)
    hands, found = carries(spans), []
    meant = tuple({hand.object for hand in hands})
    attached = set()
    for i, (q, time) in enumerate(zip(trajectory(t), t, strict=True)):
        exclude = list(meant)
        for k, hand in enumerate(hands):
            if k not in attached and time >= hand.taken:
                checker.at(q, time)
                checker.attach(hand.object, checker.hand, hand.pose)
                attached.add(k)
            elif k in attached and time >= hand.let_go:
                checker.detach(hand.object)
            if not hand.counts_from <= time <= hand.counts_to:
                exclude += [(hand.object, other) for other in checker.names if other != hand.object]
        gap = checker.at(q, time, exclude)
        if i % SELF_EVERY == 0:
            touching = checker.at(q, time, exclude, own=True)
            gap = touching if touching.distance < 0 else gap
        found.append(gap)
    return t, np.array([gap.distance for gap in found]), tuple(gap.pair for gap in found)


def _check_clearance(trajectory, spans, checker):
    """((t, distance, pairs), violations): touching anything at all, or closer than a step's `avoid.clearance`."""
    t, distance, pairs = planned_gaps(trajectory, spans, checker)
    return (t, distance, pairs), clearance_broken(t, distance, pairs, spans)


def clearance_broken(t, distance, pairs, spans) -> list:
    """Violations of the steps' clearances by distances (F,) [m] of pairs at t (F,)."""
    failures = []
    if distance[0] < 0:
        failures.append(_touch("start", distance[0], pairs[0], 0.0, "starts in collision"))
    for span in spans:
        inside = np.flatnonzero((t >= span.start) & (t <= span.end))
        if not inside.size:
            continue
        k = inside[np.argmin(distance[inside])]
        wanted = span.clearance or 0.0
        if distance[k] < wanted and not (k == 0 and failures):
            what = "collides" if distance[k] < 0 else f"comes closer than its clearance of {1e3 * wanted:g} mm"
            failures.append(_touch(f"step {span.name!r}", distance[k] - wanted, pairs[k], t[k], what, distance[k]))
    return failures


def _touch(constraint, beyond, pair, time, what, distance=None):
    distance = beyond if distance is None else distance
    depth = f"{-1e3 * distance:.1f} mm deep" if distance < 0 else f"{1e3 * distance:.1f} mm apart"
    around = "`planner: {type: avoid}` finds a way around, else add a `via` or move a waypoint"
    remedy = "move the start" if constraint == "start" else around
    why = f"{what}: {' and '.join(pair)}, {depth} at t = {time:.3g} s; {remedy}"
    return Violation(constraint, -beyond, "m", float(time), why)
