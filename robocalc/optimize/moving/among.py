"""A motion past what moves: along the path found without it, or around it, whichever arrives first.

among   the MotionPlan of the earliest arrival among a few paths
"""

from dataclasses import replace
from time import process_time

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.moving.course import HOLD, RATES, SLOT, Course
from robocalc.optimize.moving.pace import Schedule
from robocalc.optimize.moving.tables import movers_of, place_of, read_moving
from robocalc.optimize.plan import Status, Violation
from robocalc.trajectory import Trajectory

TRIES = 3  # paths around what blocks the way, with the obstacles held where they block it
WORTH = 1.15  # times as long as the way without what moves: then no other path is tried
GRAIN = 1e-4  # [s] to which the final motion is searched
LOOSE = 1e-6  # [m] rounding
LOOKS = 200


class Traffic:
    """What moves, for one robot: checker and tables from `time` on, `horizon` seconds."""

    def __init__(self, robot, things, time, horizon, exclude=()):
        self.robot, self.things, self.time, self.horizon, self.exclude = robot, tuple(things), time, horizon, exclude
        self.moving = [read_moving(thing, time) for thing in things]
        self.checker, self.movers = movers_of(robot, self.moving, horizon, exclude=exclude)
        self._out, self._spare = np.zeros(10), np.zeros(10)

    def gap(self, q, t):
        """The Gap of the nearest pair at q, t [s] after the start; without doubt about the place."""
        from robocalc.optimize.moving.kernels import gap_at

        q = np.array(q, float)
        pair = gap_at(self.checker.scene, self.movers, q, float(t), 1e3, self._out, self._spare)
        grad = np.zeros(self.robot.n)
        if pair >= 0:
            from robocalc.dynamics.collision.query import gradient

            gradient(self.checker.scene, pair, self._out, grad)
        return self.checker._gap(self._out.copy(), grad, pair)

    def gaps(self, Q, t):
        """(index of the smallest, distances (N,)) at Q (N, n) and t (N,)."""
        from robocalc.optimize.moving.kernels import many_gaps

        found = np.empty(len(Q))
        Q, t = np.array(Q, float), np.array(t, float)
        return many_gaps(self.checker.scene, self.movers, Q, t, 1e3, self._out, self._spare, found), found

    def hit(self, motion, margin, begin=0.0):
        """(time, pair names) where a motion that begins at `begin` does not keep its margin, or None."""
        from robocalc.optimize.moving.kernels import along_free

        found = np.zeros(2)
        self.checker.scene.guess[:] = 0.0
        free = along_free(
            self.checker.scene, self.movers, np.array(motion.knots), np.array(motion.coeffs), float(begin),
            float(margin), GRAIN, self.checker.work, found,
        )  # fmt: skip
        return None if free else (float(found[0]), self.checker.pair(int(found[1])))

    def frozen(self, t):
        """The obstacles as they are at t, standing; named with the time."""
        for m, item in enumerate(self.moving):
            R, p = place_of(self.movers, m, t)
            yield item.shape._replace(name=f"{item.shape.name} at {t!r} s", R=R, p=p)


def among(plan, find, robot, things, limits, margin, *, time, patience, exclude=(), rates=RATES):
    """The plan with its motion timed past what moves.

    plan      MotionPlan without what moves, solved
    find      find(extra obstacles) -> another such plan, which also keeps clear of these
    things    see `read_moving`; time [s] on their clock at the start
    margin    [m] kept from them; patience [s]: longest delay
    returns   MotionPlan; `schedule` says how it follows its `base`
    """
    begun = process_time()
    if not 0 <= patience < np.inf:
        raise InvalidInput(f"patience must be a number of at least 0 s, got {patience!r}")
    horizon = plan.trajectory.duration + patience + HOLD + SLOT
    traffic = Traffic(robot, things, time, horizon, exclude)
    start = traffic.gap(plan.trajectory(plan.trajectory.start), 0.0)
    if start.distance <= margin:
        told = (_start(start, margin),)
        return replace(plan, trajectory=None, status=Status.BAD_START, violations=told)
    best = _earliest(plan, find, traffic, limits, margin, rates)
    timings = plan.timings | {"moving": process_time() - begun}
    if best is None:
        return replace(
            plan, trajectory=None, status=Status.INFEASIBLE, violations=_why(plan, traffic, margin), timings=timings
        )  # fmt: skip
    base, schedule, motion, hold = best
    closest, at = _closest(traffic, motion)
    if base.closest is not None and base.closest.distance < closest.distance:
        closest, at = base.closest, _when(schedule, base.closest_time)
    return replace(
        base, trajectory=motion, cost=motion.duration, timings=timings, base=base.trajectory, schedule=schedule,
        closest=closest, closest_time=at, free_until=None if hold is None else motion.duration + hold,
    )  # fmt: skip


def _start(gap, margin):
    if gap.distance <= 0:
        why = f"in collision at once: {gap}"
        return Violation("start", -gap.distance, "m", 0.0, why)
    why = f"{gap} at once, less than the clearance of {1e3 * margin:.4g} mm"
    return Violation("start", margin - gap.distance, "m", 0.0, why)


def _earliest(plan, find, traffic, limits, margin, rates):
    """(plan without what moves, Schedule, motion, hold) of the earliest arrival, or None."""
    goal = plan.trajectory(plan.trajectory.end)
    late = Trajectory(np.array([0.0, HOLD]), goal[None, None])
    holds = (HOLD,) if traffic.hit(late, margin, traffic.horizon - HOLD) else (None, HOLD)
    for hold in holds:  # a goal that stays free, else one that is free for a while
        best = None
        for candidate in _candidates(plan, find, traffic, margin):
            found = _timed(candidate, traffic, limits, margin, rates, hold)
            if found is not None and (best is None or found[1].duration < best[2].duration):
                best = (candidate, *found, hold)
            if best is not None and best[2].duration <= WORTH * plan.trajectory.duration:
                break
        if best is not None:
            return best
    return None


def _candidates(plan, find, traffic, margin):
    """The plan, then ways around the obstacles where they stand in its way."""
    yield plan
    met = traffic.hit(plan.trajectory, margin)
    t = 0.5 * plan.trajectory.duration if met is None else met[0]
    t = max(t, SLOT)
    for k in range(TRIES):
        other = find([list(traffic.frozen(t)), [*traffic.frozen(0.6 * t), *traffic.frozen(1.4 * t)],
                      list(traffic.frozen(traffic.horizon))][k])  # fmt: skip
        if other.solved:
            yield other


def _timed(plan, traffic, limits, margin, rates, hold):
    """(Schedule, motion) of the earliest arrival along a plan, certified; None: there is none."""
    if not 1e-6 <= plan.trajectory.duration <= traffic.horizon - HOLD:  # what moves is known up to the horizon
        return None
    base = plan.trajectory
    if max(rates) >= 1 and traffic.hit(base, margin) is None and _stays_free(traffic, base, margin, hold):
        return Schedule(base, Trajectory(np.array([0.0, base.duration]), np.array([[[base.start], [1.0]]]))), base
    course = Course(base, limits, rates)
    found = course.arrive(traffic.checker, traffic.movers, margin, horizon=traffic.horizon, stay=hold)
    if found is None:
        return None
    motion = found.trajectory()
    return None if traffic.hit(motion, max(0.0, margin - LOOSE)) else (found, motion)


def _stays_free(traffic, base, margin, hold):
    """Whether the robot may stay at the end of the base, from its arrival on."""
    left = max(SLOT, traffic.horizon - base.duration if hold is None else hold)
    stay = Trajectory(np.array([0.0, left]), base(base.end)[None, None])
    return traffic.hit(stay, margin, base.duration) is None


def _why(plan, traffic, margin):
    """What stands in the way of every path: the goal taken, the robot run into where it waits, or all ways shut."""
    rest = plan.trajectory
    at = _taken(traffic, rest(rest.end), margin)
    if at is not None and at[1] >= traffic.horizon - HOLD:
        return (Violation("goal", margin, "m", at[0], f"{_names(at[2])} block it from t = {at[0]:.3g} s on"),)
    at = _taken(traffic, rest(rest.start), margin)
    if at is not None:
        why = f"{_names(at[2])} come together where the robot waits, at t = {at[0]:.3g} s, before it can get away"
        return (Violation("moving", margin, "m", at[0], why),)
    met = traffic.hit(rest, margin)
    why = "no time to go and no way around was found"
    if met is not None:
        why += f": {_names(met[1])} meet at t = {met[0]:.3g} s on the shortest way"
    return (Violation("moving", margin, "m", None if met is None else met[0], why),)


def _names(pair):
    return f"{pair[0]} and {pair[1]}"


def _taken(traffic, q, margin):
    """(first time, last time, pair) at which what moves is nearer than margin to the robot at q, or None."""
    times = np.arange(0.0, traffic.horizon, SLOT)
    _, found = traffic.gaps(np.broadcast_to(q, (len(times), len(q))), times)
    near = np.flatnonzero(found <= margin + SLOT * 0.1)
    if not len(near):
        return None
    return float(times[near[0]]), float(times[near[-1]]), traffic.gap(q, times[near[0]]).pair


def _closest(traffic, motion):
    times = np.linspace(motion.start, motion.end, LOOKS)
    Q = motion(times)
    i, _ = traffic.gaps(Q, times)
    return traffic.gap(Q[i], times[i]), float(times[i])


def _when(schedule, s):
    """The first time at which the schedule is at σ = s."""
    t = np.linspace(0.0, schedule.sigma.duration, 2000)
    return float(t[int(np.argmax(schedule.sigma(t)[:, 0] >= s - 1e-9))])
