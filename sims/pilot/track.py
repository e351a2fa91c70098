"""Where the reference is: on which part of the plan, how far, at what pace.

Track   q(t) = base(σ(τ(t))): base of the current part, σ its Schedule, τ̇ between 0 and 1
"""

import numpy as np

from robocalc.optimize.moving.course import Course
from robocalc.optimize.moving.pace import Schedule, allowance
from robocalc.trajectory import Limits, Trajectory, jerk_limited
from sims.engines.loop import Rest

PATHS = (1.0, 0.8, 0.5, 0.25)  # of σ̇ that replanning chooses from
SOFT = 15.0  # [1/s] of braking's jerk over its acceleration at most: gentle, at the price of a little time
SAME = 1e-9


class Track:
    """plan     TaskPlan; limits of the joints, all of them for braking
    dt, steps   [s] physics step; steps between two looks
    """

    def __init__(self, plan, limits, dt, steps):
        self.limits, self.dt, self.steps = limits, dt, steps
        self.grip = plan.grip(dt)
        self.spans = [s for s in plan.steps if s.end > s.start + dt / 2]
        self.bases = [cut(plan.trajectory, s.start, s.end) for s in self.spans]
        self.courses = {}
        self.part, self.schedule, self.tau, self.push = 0, None, (0.0, 1.0), 0.0
        self.way, self.left = None, 0.0  # a Way off the path, and the share at which the path was left
        self.origin, self.jumped = self.spans[0].start, False  # the share at which the base begins; base begun anew
        self.times, self.shares, self.begun, self.ended = [0.0], [0.0], [0.0], []
        self._profile, self._final = None, 1.0

    @property
    def base(self):
        return self.bases[self.part]

    @property
    def span(self):
        return self.spans[self.part]

    @property
    def course(self):
        if self.part not in self.courses:
            self.courses[self.part] = Course(self.base, self.limits, PATHS)
        return self.courses[self.part]

    @property
    def done(self) -> bool:
        """Whether all parts of the plan have come to their end."""
        return len(self.ended) == len(self.bases)

    # --- what is followed

    def follow(self, schedule):
        """Another schedule from here on; it begins at the state of now."""
        self.schedule, self.tau, self.push = schedule, (0.0, 1.0), 0.0

    def leave_path(self, way):
        """Follow a Way, which begins at the state of now, instead of the rest of this part."""
        if self.way is None:
            self.left = self._share(np.array([self.state()[0]]))[0]
        self.way, self.bases[self.part] = way, way.motion
        self.courses.pop(self.part, None)
        self.follow(whole(way.motion))

    def rejoin(self, motion):
        """Follow a motion from where the robot is instead, which ends where this part does."""
        if self.way is None:
            self.origin = float(self._share(np.clip([self.state()[0]], 0.0, self.base.duration))[0])
        self.bases[self.part], self.jumped = motion, True
        self.courses.pop(self.part, None)
        self.follow(whole(motion))

    def state(self):
        """(σ, σ̇, σ̈) now."""
        x, rate = self.tau
        s, ds, dds = self.schedule.state(x)
        return s, ds * rate, dds * rate**2 + ds * self.push

    def joints(self):
        """(q, v, a) of the reference now."""
        s, ds, dds = self.state()
        s = min(max(s, 0.0), self.base.duration)
        q, dq, ddq = (self.base(s, order) for order in range(3))
        return q, dq * ds, ddq * ds**2 + dq * dds

    def at(self, x):
        """q at τ = x."""
        s = float(self.schedule.sigma(min(max(x, 0.0), self.schedule.sigma.duration))[0])
        return self.base(min(max(s, 0.0), self.base.duration))

    @property
    def stands(self) -> bool:
        """Whether the schedule is over."""
        return self.tau[0] >= self.schedule.sigma.duration - SAME

    # --- braking

    def braking(self):
        """(τ̈, τ⃛) with which it brakes."""
        A, J = allowance(self.course.peaks, 1.0)
        A = max(A, 0.2)
        return A, min(max(J, 2.0), SOFT * A)

    def pace(self, goal):
        """Go to τ̇ = goal until the next look."""
        rate, (A, J) = self.tau[1], self.braking()
        if abs(rate - goal) < 1e-12 and abs(self.push) < 1e-12:
            self._profile = Trajectory(np.array([0.0, 1e-9]), np.array([[[0.0], [rate]]]))
        else:
            bounds = Limits(velocity=[1.0], acceleration=[max(A, abs(self.push))], jerk=[J])
            self._profile = jerk_limited(
                ([0.0], [rate], [self.push]), (None, [goal], [0.0]), bounds, control="velocity"
            )  # fmt: skip
        self._final = goal

    # --- rows of the reference

    def rows(self, k) -> Rest:
        """The reference from step k to a step after the next look; parts of the plan follow each other."""
        count, tau, s = self._sampled()
        before = self._before() if self.jumped else None
        q, ends = self.base(np.clip(s[:count], 0.0, self.base.duration)), False
        share, arrived = self._share(s[:count]), self._arrives(tau, s)[count - 1]
        if arrived:
            share[-1] = self.span.end
            ends = self._leave((k + count - 1) * self.dt)
            more = 0 if ends else self.steps + 1 - count
            q = np.concatenate([q, np.repeat(q[-1:], more, axis=0)])
            share = np.concatenate([share, np.repeat(share[-1:], more)])
        else:
            self._step_on(tau)
        self.times.append((k + len(share) - 1) * self.dt)
        self.shares.append(float(share[-1]))
        return Rest(q, bool(ends), self._grips(share), before)

    def _before(self):
        """Where a base that is begun anew would have been a step ago."""
        self.jumped = False
        q, v, a = (self.base(0.0, order) for order in range(3))
        return q - self.dt * v + 0.5 * self.dt**2 * a

    def _sampled(self):
        """(rows until the part's end or one after the next look, τ, σ)."""
        t, profile = np.arange(self.steps + 1) * self.dt, self._profile
        tau = self.tau[0] + profile(np.minimum(t, profile.duration))[:, 0]
        tau += np.maximum(t - profile.duration, 0.0) * self._final
        s = self.schedule.sigma(np.clip(tau, 0.0, self.schedule.sigma.duration))[:, 0]
        arrived = np.flatnonzero(self._arrives(tau, s))
        return len(t) if not len(arrived) else int(arrived[0]) + 1, tau, s

    def _arrives(self, tau, s):
        """Where the part's end is reached; a way that only leads away ends nothing."""
        if self.way is not None and not self.way.arrives:
            return np.zeros(len(tau), bool)
        return (tau >= self.schedule.sigma.duration - SAME) & (s >= self.base.duration - SAME)

    def _step_on(self, tau):
        x, profile = self.steps * self.dt, self._profile
        rate, push = self._final, 0.0
        if x < profile.duration:
            rate, push = float(profile(x, 1)[0]), float(profile(x, 2)[0])
        self.tau, self.push = (float(tau[self.steps]), rate), push

    def _share(self, s):
        """Time of the plan [s] at σ of the current part."""
        if self.way is not None:
            return np.full(len(s), self.left)
        return self.origin + s * ((self.span.end - self.origin) / self.base.duration)

    def _grips(self, share):
        if self.grip is None:
            return None
        return self.grip[np.clip(np.round(share / self.dt).astype(int), 0, len(self.grip) - 1)]

    def _leave(self, t) -> bool:
        """Go to the next part; whether there is none."""
        self.ended.append(t)
        self.part, self.schedule, self.way = self.part + 1, None, None
        if self.part == len(self.bases):
            self.part -= 1
            return True
        self.begun.append(t)
        self.origin = self.span.start
        return False

    # --- what is told

    def plan_step(self, k) -> int:
        """Step of the plan that is done at step k."""
        return round(float(np.interp(k * self.dt, self.times, self.shares)) / self.dt)

    def shown_steps(self) -> tuple:
        """The plan's steps at the times at which they were done."""
        ends = [*self.ended, self.times[-1]]
        return tuple(
            span._replace(start=begin, end=end) for span, begin, end in zip(self.spans, self.begun, ends)
        )  # fmt: skip


def whole(base) -> Schedule:
    """The base at its own pace."""
    return Schedule(base, Trajectory(np.array([0.0, base.duration]), np.array([[[0.0], [1.0]]])))


def halt(base, s) -> Schedule:
    """Standing at σ = s."""
    return Schedule(base, Trajectory(np.array([0.0, 1e-6]), np.array([[[float(s)]]])))


def cut(motion, start, end) -> Trajectory:
    """The pieces of a motion between two of its knots, beginning at 0."""
    knots = np.asarray(motion.knots)
    a, b = (int(np.abs(knots - x).argmin()) for x in (start, end))
    return Trajectory(knots[a : b + 1] - knots[a], np.array(motion.coeffs[a:b]))
