"""The motion that takes a thing as it passes, from a time at which the hand is above it.

    tool(t) = thing(t) G + h(t) z      G: the tool in the thing's frame, h: from `approach` to 0, and on to `lift`

Ride           of one robot to one thing: meet(t) -> (motion, Caught)
Late, Broken   the hand cannot be there by then; it could be there, but not go along
told           the sentence of an error
"""

from dataclasses import replace

import numpy as np

from robocalc.errors import Infeasible, RobocalcError
from robocalc.trajectory import Trajectory, certificate, jerk_limited, minimum_jerk
from robocalc.trajectory.follow import Follower
from sims.engines.poses import compose, from_matrix, inverse, matrix, rpy_quaternion
from sims.planners.base import DERIVATIVES, SAME, Caught, Failed, farthest_beyond
from sims.planners.passing import Passing

KNOT, STEP = 0.03, 1e-3  # [s] between configurations along the way; for velocities
FIRST, SLOWER, TRIES = 0.4, 1.05, 12  # [s] for coming down; at least so much slower where a limit is broken
ROOM = 0.98  # of the limits for meeting; rounding and the spline need the rest
FACTORIALS = np.array([1.0, 1.0, 2.0, 6.0, 24.0, 120.0])


class Late(Exception):
    """The hand is not there in time; by [s], and the limit that holds it up."""

    def __init__(self, by, limit):
        self.by, self.limit = by, limit


class Broken(Exception):
    """The hand could be there, but not go along; share: of the limit in its way that it needs."""

    def __init__(self, why, share=np.inf):
        super().__init__(why)
        self.share = share


class Ride:
    """mover, step      as steps take them
    opening, closing  of a finger [m] when it holds; share of step.duration in which it gets there
    """

    def __init__(self, mover, step, opening, closing):
        self.mover, self.step, self.asked = mover, step, step.moving
        self.robot, self.begin, self.q, self.period = mover.robot, mover.time, mover.q, mover.period
        n = self.robot.n
        self.moved = np.array([i for i in range(n) if i not in mover.fingers])
        self.limits = replace(mover.limits, torque=None)
        self.arm_limits = self.limits.select(self.moved)
        thing = mover.placed.get(step.object, mover.world[step.object])
        self.passing = Passing.of(thing, mover.known(), mover.scenario.sim.gravity)
        if step.object in mover.placed and self.passing.carrier is not None:
            x = self.passing.carrier.name
            raise Failed(f"where {step.object!r} will be on {x!r} is not known: it was set down there by the hand")
        self.end, self.lost = self.passing.known_until(mover.scenario.sim.max_duration)
        place = thing.pose
        turn = from_matrix(self.robot.pose(self.q)[:3, :3]) if self.asked.rpy_deg is None else rpy_quaternion(
            np.radians(self.asked.rpy_deg)
        )  # fmt: skip
        self.G = compose(inverse(place), np.concatenate([place[:3] + self.asked.offset, turn]))
        self.follower = Follower(self.robot, None, self.limits)
        self.opening, self.closing = opening, closing

    def tool(self, t, h):
        """Poses (N, 4, 4) of the tool at times t (N,), h [m] above where it grasps."""
        poses = compose(self.passing.at(np.asarray(t, float)), self.G)
        T = np.tile(np.eye(4), (len(poses), 1, 1))
        T[:, :3, :3], T[:, :3, 3] = [matrix(p[3:]) for p in poses], poses[:, :3]
        T[:, 2, 3] += h
        return T

    def meet(self, t):
        """(motion that is above the thing at t, from here to rest after it; Caught).

        raises   Late, Broken, Infeasible: out of reach
        """
        first = self.tool([t], self.asked.approach)[0]
        q = self.robot.solve_ik(first, start=self.q, restarts=2).raise_for_status().q.copy()
        q[list(self.mover.fingers)] = self.q[list(self.mover.fingers)]
        v, a = self.rates(t, self.asked.approach, q)
        way = self.reach(t, q, v, a)
        along, caught = self.along(t, q, v, a)
        parts = [way, along, self.stop(along)]
        rest = t - self.begin - way.duration
        if rest > SAME:
            parts.insert(0, _still(self.q, rest))
        motion = parts[0]
        for part in parts[1:]:
            motion = motion.join(part)
        left = self.mover.whole(motion.duration) - motion.duration
        return (motion if left < SAME else motion.join(_still(motion(motion.end), left))), caught

    def rates(self, t, h, q):
        """(q̇, q̈) (n,) of the arm while the tool goes along h [m] above, from configurations STEP before and after."""
        before, at, after = (self.follower.follow(self.tool([x], h), q)[0] for x in (t - STEP, t, t + STEP))
        return (after - before) / (2 * STEP), (after - 2 * at + before) / STEP**2

    def reach(self, t, q, v, a):
        """From rest to the state at t, or as soon as can be; raises Late."""
        m, start = self.moved, (self.q[self.moved],)
        end = (q[m], v[m], a[m])
        self.require_pace(end[1:])
        try:
            way = jerk_limited(start, end, self.arm_limits.scaled(velocity=ROOM, acceleration=ROOM, jerk=ROOM))
        except RobocalcError as error:
            raise Broken(told(error)) from None
        by = way.duration - (t - self.begin)
        if by > SAME:
            raise Late(by, self.slowest(start, end, way))
        return self.embedded(way)

    def require_pace(self, rates):
        """raises Broken: the limit that going along breaks most, where it breaks one"""
        for (name, unit), rate in zip(DERIVATIVES[1:], rates):
            share = np.abs(rate) / (ROOM * np.abs(self.arm_limits.bounds(name, len(rate))).min(axis=0))
            i = int(np.argmax(share))
            if share[i] > 1:
                joint, most = self.robot.joints[self.moved[i]], abs(rate[i]) / share[i] / ROOM
                raise Broken(
                    f"going along takes {abs(rate[i]):.3g} {unit} of {joint}, whose {name} limit is {most:.3g} {unit}",
                    share[i],
                )

    def slowest(self, start, end, way):
        """Name of the limit that makes the way as long as it is."""
        used = certificate(way, self.arm_limits).usage[1:3]
        joint = max(range(way.n), key=lambda i: self.alone(start, end, i))
        order = "velocity" if used[0, joint] > 0.9 * ROOM else "acceleration" if used[1, joint] > 0.9 * ROOM else "jerk"
        return f"{order} limit of {self.robot.joints[self.moved[joint]]}"

    def alone(self, start, end, i):
        one = [i]
        return jerk_limited((start[0][one],), tuple(x[one] for x in end), self.arm_limits.select(one)).duration

    def along(self, t, q, v, a):
        """(Down, with it while the fingers close, and up; Caught); raises Broken."""
        fingers = self.fingers()
        closes, down = max(self.step.duration, fingers.duration / self.closing), FIRST
        closes = self.mover.whole(closes)
        for _ in range(TRIES):
            down = self.mover.whole(down)
            marks = t + np.cumsum([0.0, down, closes, self.mover.whole(down * self.rise)])
            if marks[2] > self.end:
                raise Broken(self.lost or f"sim.max_duration is over before it is held, at t = {marks[2]:.4g} s")
            try:
                motion = self.ride(marks, q, v, a)
            except Infeasible as error:
                raise Broken(told(error)) from None
            found = certificate(motion, self.limits)
            if found.kept:
                return self.closed(motion, marks, fingers)
            if found.usage[0].max() > 1 + SAME:
                break
            down *= min(max(SLOWER, *(found.usage[r].max() ** (1 / r) for r in (1, 2, 3))), 2.0)
        raise Broken(f"going along breaks the {self.beyond(motion, found)}", found.worst)

    def beyond(self, motion, found):
        """The limit that a motion breaks most, in words."""
        if found.usage[0].max() <= 1 + SAME:
            return farthest_beyond(motion, self.limits, self.robot.joints)
        return f"range of {self.robot.joints[int(np.argmax(found.usage[0]))]}"

    @property
    def rise(self):
        """Time of lifting, as a share of that of coming down: times go with the third root of a way under jerk."""
        return max(0.3, (max(self.asked.lift, 1e-3) / max(self.asked.approach, 1e-3)) ** (1 / 3))

    def ride(self, marks, q, v, a):
        """Joint motion over marks (4,) [s]: coming down, with it, and up."""
        t = np.unique(np.concatenate([np.linspace(x, y, max(2, int(np.ceil((y - x) / KNOT)) + 1))
                                      for x, y in zip(self.split(marks), self.split(marks)[1:])]))  # fmt: skip
        down = _bell((t - marks[0]) / (marks[1] - marks[0]))
        up = _bell((t - marks[2]) / (marks[3] - marks[2]))
        rows = self.follower.follow(self.tool(t, self.asked.approach * (1 - down) + self.asked.lift * up), q)
        end = self.rates(t[-1], self.asked.lift, rows[-1])
        return minimum_jerk(rows, t, start=(v, a), end=end)

    def split(self, marks):
        """The marks, and where the fingers hold."""
        return np.array([marks[0], marks[1], marks[1] + self.closing * (marks[2] - marks[1]), *marks[2:]])

    def fingers(self):
        """From where they are to the opening, one joint, as fast as can be."""
        i = self.mover.fingers[0]
        if abs(self.q[i] - self.opening) < SAME:
            return _still(self.q[[i]], SAME)
        return minimum_jerk(np.array([[self.q[i]], [self.opening]]), limits=self.limits.select([i]))

    def closed(self, motion, marks, fingers):
        """(The motion with the fingers closing in it; Caught)."""
        marks = self.split(marks)
        closes, holds = marks[1], marks[2]
        finger = fingers.with_duration(holds - closes).shift(closes - fingers.start)
        c = motion.coeffs.copy()
        for k, t in enumerate(motion.knots[:-1]):
            if t > closes - SAME and t < holds - SAME:
                rows = [finger(min(max(t, finger.start), finger.end), order)[0] for order in range(6)]
                c[k][:, list(self.mover.fingers)] = (np.array(rows) / FACTORIALS)[: c.shape[1], None]
            elif t >= holds - SAME:
                c[k][:, list(self.mover.fingers)] = 0.0
                c[k][0, list(self.mover.fingers)] = self.opening
        hand, thing = self.mover.hand_pose(motion(marks[3])), self.passing.at([marks[3]])[0]
        brought = compose(thing, inverse(self.passing.thing.pose))
        shift = np.eye(4)
        shift[:3, :3], shift[:3, 3] = matrix(brought[3:]), brought[:3]
        caught = Caught(float(closes), float(marks[3]), compose(inverse(hand), thing), shift)
        return Trajectory(motion.knots, c), caught

    def stop(self, along):
        """From the state at the end of a motion to rest, the soonest; raises Broken."""
        state = tuple(along(along.end, order)[self.moved] for order in range(3))
        try:
            way = jerk_limited(state, (None,), self.arm_limits, control="velocity")
        except RobocalcError as error:
            raise Broken(f"stopping after it: {told(error)}") from None
        return self.embedded(way, along(along.end)) if way.duration > SAME else _still(along(along.end), self.period)

    def embedded(self, way, q=None):
        """The motion of the arm as one of all joints."""
        c = np.zeros((len(way.coeffs), way.coeffs.shape[1], self.robot.n))
        c[:, 0] = self.q if q is None else q
        c[:, :, self.moved] = way.coeffs
        return Trajectory(np.array(way.knots), c)


def _bell(s):
    """Share of the way at share s of the time, at rest at both ends."""
    s = np.clip(s, 0.0, 1.0)
    return s**3 * (10 + s * (6 * s - 15))


def _still(q, duration):
    return Trajectory(np.array([0.0, duration]), np.array(q)[None, None])


def told(why):
    """The sentence of an error."""
    first = why.args[0] if why.args else ""
    return str(first[0] if isinstance(first, tuple | list) and first else why)
