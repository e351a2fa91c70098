"""The motions of several robots, each by its own task and planner, timed so that none runs into another.

    plan_scenario(scenario, robot, world) -> TaskPlan      of one robot as sims.plan.plan_task
    TeamPlan    a TaskPlan of all joints; `members` are those of the robots

Robots are planned step by step, who is earliest first. What is planned stays: a later step goes around it where its
planner can (`avoid`), else waits until the way is free. Where all wait for each other, the plan ends there.
"""

from dataclasses import dataclass
from time import process_time

import numpy as np

from robocalc.errors import RobocalcError
from robocalc.optimize import Status, Violation
from robocalc.trajectory import Trajectory, side_by_side
from sims.build import gripper_joints, motion_limits
from sims.company import Conflict, Way, shapes_of
from sims.each import alone
from sims.plan import TaskPlan, broken_limits, plan_task, span_of, too_long, verdict_on
from sims.plan_gaps import checked
from sims.planners.base import Failed
from sims.scenario.check_team import names_of, whom
from sims.scenario.solo import called
from sims.steps import Mover

AGAIN = 3  # times that a step is planned anew because its motion changed with the time at which it begins


@dataclass(frozen=True)
class TeamPlan(TaskPlan):
    """members: (robocalc.dynamics Member, TaskPlan) of each robot, of one duration; apart: (t (F,), distance (F,) [m])
    between the robots, or None."""

    members: tuple = ()
    apart: tuple | None = None

    def reference(self, dt):
        """(N + 1, 3, n): what each robot would track alone."""
        return np.concatenate([plan.reference(dt) for _, plan in self.members], axis=2)

    def torque(self, dt):
        """As of TaskPlan."""
        return self._beside([plan.torque(dt) for _, plan in self.members])

    def grip(self, dt):
        """As of TaskPlan."""
        return self._beside([plan.grip(dt) for _, plan in self.members])

    def _beside(self, parts):
        """Columns of all, NaN for those of a robot that has none; None where no robot has any."""
        rows = next((len(x) for x in parts if x is not None), None)
        if rows is None:
            return None
        empty = [np.full((rows, member.robot.n), np.nan) for member, _ in self.members]
        return np.concatenate([e if x is None else x for e, x in zip(empty, parts, strict=True)], axis=1)


def plan_scenario(scenario, robot, world, checker=None) -> TaskPlan:
    """Motions for all tasks of a scenario; arguments as of plan_task, `robot` the Team where there are partners."""
    if not scenario.partners:
        return plan_task(scenario, robot, world, checker)
    began = process_time()
    crew = Crew(scenario, robot, world)
    failures = crew.plan()
    plans = crew.finished()
    trajectory = None if plans is None else side_by_side([plan.trajectory for _, plan in plans])
    spans = sorted((span for hand in crew.hands for span in hand.spans), key=lambda span: (span.start, span.end))
    timings = {"motion": process_time() - began}
    clearance, apart = None, None
    if trajectory is not None:
        for (_, plan), hand in zip(plans, crew.hands, strict=True):
            own = broken_limits(plan.trajectory, hand.mover.limits, hand.member.robot, hand.mover.tracked)
            failures += [v._replace(constraint=hand.member.prefix + v.constraint) for v in own]
        failures += too_long(trajectory, scenario)
        if checker is not None:
            clearance, apart, touching = checked(trajectory, crew.hands, checker)
            failures += touching
    timings["plan"] = process_time() - began
    return TeamPlan(
        **verdict_on(trajectory, failures, timings),
        steps=tuple(spans),
        fingers=gripper_joints(robot) if any(hand.mover.fingers for hand in crew.hands) else (),
        clearance=clearance,
        members=plans or (),
        apart=apart,
    )


class InTheWay(Exception):
    """A motion that does not keep clear of another robot, however long it waits; `conflict` says where."""

    def __init__(self, conflict: Conflict):
        super().__init__(str(conflict))
        self.conflict = conflict


class Hand:
    """One robot on its way through its task: its Mover, the spans of the steps done, and `ends` by name.

    tried     how much was planned when its next step failed last, and `why`; None: not tried yet
    """

    def __init__(self, member, solo, world):
        limits = motion_limits(solo, member.robot)
        self.member, self.solo = member, solo
        self.mover = Mover(solo, member.robot, limits, gripper_joints(member.robot), world)
        self.names = names_of(solo.task)
        self.spans, self.ends, self.tried, self.why = [], [], None, None

    @property
    def step(self):
        """The next one, or None."""
        done = len(self.ends)
        return self.solo.task[done] if done < len(self.solo.task) else None

    @property
    def name(self) -> str:
        """Of the next step, as messages and reports call it."""
        return self.member.prefix + self.names[len(self.ends)]

    def mark(self):
        """What `back` goes back to."""
        m = self.mover
        return m.trajectory, list(m.tracked), np.array(m.q), m.held, dict(m.placed), m.caught

    def back(self, mark):
        m = self.mover
        m.trajectory, m.tracked, m.q, m.held, placed, m.caught = (*mark[:1], list(mark[1]), *mark[2:])
        m.placed.clear()
        m.placed.update(placed)

    def done(self, step, start):
        """The step that began at `start` is part of the plan."""
        span = span_of(step, self.name, start, self.mover.time, self.mover.caught if step.do == "grasp" else None)
        self.spans.append(span._replace(robot=self.member.name))
        self.ends.append(self.mover.time)
        self.tried = self.why = None


class Crew:
    """All robots of a scenario; `plan()` brings each through its task."""

    def __init__(self, scenario, robot, world):
        self.rules = scenario.coordination
        self.hands = [Hand(member, solo, world) for member, solo in alone(scenario, robot)]
        self.by_name = {hand.member.name: hand for hand in self.hands}
        placed = self.hands[0].mover.placed
        for hand in self.hands:
            hand.mover.placed = placed  # where one leaves a thing the other finds it
            others = [h for h in self.hands if h is not hand]
            hand.mover.shared = tuple({s.object for h in others for s in h.solo.task if s.do == "grasp"})
        self.planned = 0

    def plan(self) -> list:
        """Violations that ended it, none where every task is planned."""
        if (overlap := self._overlap()) is not None:
            return [overlap]
        while any(hand.step is not None for hand in self.hands):
            free = [hand for hand in self.hands if hand.step is not None and not self._waits(hand)]
            ready = [hand for hand in free if hand.tried != self.planned]
            if not ready:
                return [_stuck(hand, len(free) > 1) for hand in free]
            hand = min(ready, key=lambda hand: (hand.tried is not None, hand.mover.time))
            try:
                self._advance(hand)
            except InTheWay as error:
                hand.tried, hand.why = self.planned, error
                if not self.rules.wait:
                    return [_stuck(hand, False)]
            except Failed as failed:
                if not hand.mover.company or not _sees(hand):
                    return [Violation(f"step {hand.name!r}", failed.amount, failed.unit, hand.mover.time, str(failed))]
                hand.tried, hand.why = self.planned, failed
            except RobocalcError as error:
                return [Violation(f"step {hand.name!r}", 0.0, why=str(error))]
            else:
                self.planned += 1
        return []

    def _overlap(self):
        """The Violation of two robots that overlap where they start, or None."""
        for i, hand in enumerate(self.hands):
            for other in self.hands[:i]:
                way = Way(hand.member, hand.mover, shapes_of(other.member, other.mover, 0.0), 0.0, 0.0, 0.0)
                gap = way.traffic.gap(hand.mover.q, 0.0)
                if gap.distance <= 0:
                    pair = (hand.member.prefix + gap.pair[0], gap.pair[1])
                    why = f"two robots overlap: {Conflict(pair, gap.distance, 0.0)}; move a base, or a start"
                    return Violation("start", -gap.distance, "m", 0.0, why)
        return None

    def _waits(self, hand) -> bool:
        """Whether its next step is for one that is not planned yet."""
        until = getattr(hand.step, "until", None)
        if until is None:
            return False
        other = self.by_name[whom(until)]
        return other.names.index(until.step) >= len(other.ends)

    def _advance(self, hand):
        """Plan the next step of a robot, clear of what the others do; raises what planners raise, InTheWay."""
        step, mover, begin = hand.step, hand.mover, hand.mover.time
        if getattr(step, "until", None) is not None:
            other = self.by_name[whom(step.until)]
            left = max(0.0, other.ends[other.names.index(step.until.step)] - begin)
            step = step.model_copy(update={"duration": max(left + (step.duration or 0.0), mover.period)})
        mark = hand.mark()
        for _ in range(AGAIN):
            start = mover.time
            try:
                delay, conflict = self._begins(hand, step, start)
            except BaseException:
                hand.back(mark)
                raise
            if delay == 0.0:
                break
            hand.back(mark)
            if delay is None:
                raise InTheWay(conflict)
            mover.stay(mover.whole(start - begin + delay))
        else:
            hand.back(mark)
            raise InTheWay(conflict)
        if start > begin:
            waited = span_of(step, f"{hand.name}: waits", begin, start, None)
            hand.spans.append(waited._replace(do="wait", object=None, force=None, robot=hand.member.name))
        hand.done(step, start)

    def _begins(self, hand, step, start):
        """(delay, conflict) of Way.begins for the step, which the mover has done afterwards."""
        mover, others = hand.mover, [other for other in self.hands if other is not hand]
        mover.borne = tuple(o.mover.held[0] for o in others if o.mover.held is not None)
        end = max(other.mover.time for other in others)
        takes = {s.object for s in hand.solo.task if s.do == "grasp"}
        mover.company = tuple(self._company(others, start, takes))
        mover.do(step)
        motion = mover.trajectory.slice(start, mover.time)
        if np.abs(motion.coeffs[:, 1:]).max(initial=0.0) == 0.0:
            return 0.0, None  # who stands is what the others keep clear of
        things = list(self._company(others, start, takes))
        way = Way(hand.member, mover, things, start, end, self.rules.clearance)
        return way.begins(motion, self.rules.wait)

    def _company(self, others, now, takes):
        """Shapes of the other robots, but for what this one takes from them."""
        for other in others:
            held = other.mover.held
            if held is not None and held[0] in takes:
                other.mover.held = None
            yield from shapes_of(other.member, other.mover, now)
            other.mover.held = held

    def finished(self):
        """((Member, TaskPlan), ...) of one duration, each robot staying where it ends; None: nothing is planned."""
        end = max(hand.mover.time for hand in self.hands)
        if end == 0.0:
            return None
        return tuple((hand.member, _own_plan(hand, end)) for hand in self.hands)


def _sees(hand) -> bool:
    """Whether the planner of the next step goes around other robots: then they may be why it failed."""
    settings = getattr(hand.step, "planner", None) or hand.solo.planner
    return hand.step.do == "move" and settings.type in ("avoid", "rrt")


def _own_plan(hand, end) -> TaskPlan:
    mover = hand.mover
    trajectory = mover.trajectory
    if end - mover.time > mover.period / 2:
        stays = Trajectory(np.array([0.0, end - mover.time]), mover.q[None, None])
        trajectory = stays if trajectory is None else trajectory.join(stays)
    return TaskPlan(
        trajectory=trajectory,
        status=Status.SOLVED,
        steps=tuple(hand.spans),
        fingers=mover.fingers,
        tracked=tuple(mover.tracked),
    )


def _stuck(hand, several) -> Violation:
    """Why a robot cannot go on."""
    if not isinstance(hand.why, InTheWay):
        return Violation(f"step {hand.name!r}", hand.why.amount, hand.why.unit, hand.mover.time, str(hand.why))
    conflict = hand.why.conflict
    wide = "comes too near to another robot" if conflict.distance >= 0 else "runs into another robot"
    blocked = " and they block each other" if several else ""
    who = called(hand.member.name)
    remedy = "add a `via`, let it go elsewhere first, or take `planner: {type: avoid}`"
    why = f"{who!r} {wide}{blocked}: {conflict}; {remedy}"
    return Violation(f"step {hand.name!r}", max(0.0, -conflict.distance), "m", conflict.time, why)
