"""A run that is steered while it goes: slowed and stopped before what moves, and planned again from where it is.

    Pilot   called at pauses of the loop; says where the reference goes next

The path stays that of the plan unless another way is found; what changes is how fast it is followed:
q(t) = base(σ(τ(t))), σ by `planner.replan`, τ̇ between 0 and 1 by `safety`.
"""

from time import process_time

import numpy as np

from robocalc.errors import RobocalcError
from robocalc.optimize import plan_motion
from robocalc.optimize.moving.among import Traffic
from robocalc.optimize.moving.course import Course
from robocalc.optimize.moving.pace import Schedule, allowance, stop
from robocalc.trajectory import Limits, Trajectory, jerk_limited
from sims.build import replan_of, with_room
from sims.engines.loop import Rest

PERIOD = 0.01  # [s] between two looks, at least
HALVINGS = 4  # in which safety finds the largest τ̇ that is clear
SOFT = 15.0  # [1/s] of braking's jerk over its acceleration at most: gentle, at the price of a little time
PATHS = (1.0, 0.8, 0.5, 0.25)  # of σ̇ that replanning chooses from
STANDS = 1e-6
NEARER = 0.8  # of a distance that is less than wanted: kept at least
PATIENT, AGAIN = 1.0, 0.3  # [s] of standing before another way is looked for; between two such looks
BEFORE = 0.05  # [s] back from now: velocities are measured over that
LOOKS = (0.5, 1.0)  # of the way until it stands, where its distance is looked at
AWAY = 1e-3  # [m] by which that must grow where it is too small: to go away is never forbidden


class Pilot:
    """plan      TaskPlan; world: shapes as they are
    limits    of the joints, all of them for braking
    dt, every   [s] physics step; steps a control period
    most      steps that the run may last
    """

    def __init__(self, scenario, robot, plan, world, limits, dt, every, most):
        self.scenario, self.robot, self.plan, self.limits = scenario, robot, plan, limits
        self.safety, self.replan = scenario.safety, replan_of(scenario)
        self.dt, self.most = dt, most
        self.steps = max(1, round(PERIOD / (dt * every))) * every
        self.grip = plan.grip(dt)
        self.spans = [s for s in plan.steps if s.end > s.start + dt / 2]
        self.bases = [cut(plan.trajectory, s.start, s.end) for s in self.spans]
        self.courses = {}
        self._watch(world)
        self.part, self.schedule, self.tau, self.push = 0, None, (0.0, 1.0), 0.0
        self.due, self.stood, self.waits_for, self.other = 0.0, None, None, None
        self.times, self.shares, self.reactions, self.events = [0.0], [0.0], [], []
        self.begun, self.ended = [0.0], []

    def _watch(self, world):
        """What is watched: by the safety law as it is, by the planner as it is known or predicted."""
        moving = [shape for shape in world if shape.motion is not None]
        named = self.safety.things if self.safety else ()
        watched = [s for s in moving if not named or s.name in named] if self.safety else []
        long = (self.most + 1) * self.dt
        self.traffic = [Traffic(self.robot, [shape], 0.0, long) for shape in watched]
        known = {item.name: item.known_to_planner for item in self.scenario.world}
        self.moving = [s for s in moving if known[s.name]]
        self.predicted = {s.name for s in self.moving if known[s.name] == "predicted"}
        self.standing = [s for s in world if s.motion is None and known[s.name]]

    @property
    def pauses(self):
        return range(0, self.most + 1, self.steps)

    # --- the loop asks

    def look(self, k):
        """Rest of the reference from step k on: until a little after the next look."""
        if self.done:
            return None
        t = k * self.dt
        if self.schedule is None:
            self._enter(t)
        if self.other is not None:
            if self.tau[0] >= self.schedule.sigma.duration:
                self._take_other(t)
        elif self.replan is not None and t >= self.due - 1e-9:
            self._plan_again(t)
        self._slow_down(t)
        return self._rows(k)

    def _enter(self, t):
        """Begin the current part of the plan, from rest."""
        base = self.bases[self.part]
        self.schedule, self.tau, self.push = whole(base), (0.0, 1.0), 0.0
        if self.replan is not None and self.spans[self.part].do == "move":
            self.schedule, self.due = halt(base, 0.0), t
            self._peaks()
            self.courses[self.part].prepare()

    def _rows(self, k):
        """The next rows of the reference; parts of the plan follow each other."""
        rows, grips, left, ends = [], [], self.steps + 1, False
        x, rate, push = *self.tau, self.push
        profile = self._profile
        t = np.arange(left) * self.dt
        tau = x + profile(np.minimum(t, profile.duration))[:, 0] + np.maximum(t - profile.duration, 0.0) * self._final
        end, base = self.schedule.sigma.duration, self.bases[self.part]
        s = self.schedule.sigma(np.clip(tau, 0.0, end))[:, 0]
        arrived = np.flatnonzero((tau >= end - 1e-9) & (s >= base.duration - 1e-9))
        count = left if not len(arrived) else int(arrived[0]) + 1
        q = base(np.clip(s[:count], 0.0, base.duration))
        rows, share = [q], self._share(s[:count])
        if len(arrived):
            over = self._leave((k + count - 1) * self.dt)
            ends = over
            if not over and count < left:
                rest = np.repeat(q[-1:], left - count, axis=0)
                rows.append(rest)
                share = np.concatenate([share, np.repeat(share[-1:], left - count)])
        else:
            x0 = min(self.steps * self.dt, profile.duration)
            rate, push = float(profile(x0, 1)[0]), float(profile(x0, 2)[0])
            if self.steps * self.dt >= profile.duration:
                rate, push = self._final, 0.0
            self.tau, self.push = (float(tau[self.steps]), rate), push
        self.times.append((k + len(share) - 1) * self.dt)
        self.shares.append(float(share[-1]))
        if self.grip is not None:
            index = np.clip(np.round(share / self.dt).astype(int), 0, len(self.grip) - 1)
            grips = self.grip[index]
        return Rest(np.concatenate(rows), bool(ends), grips if self.grip is not None else None)

    def _share(self, s):
        """Time of the plan [s] at σ of the current part."""
        span, base = self.spans[self.part], self.bases[self.part]
        return span.start + s * ((span.end - span.start) / base.duration)

    def _leave(self, t) -> bool:
        """Go to the next part; whether there is none."""
        self.ended.append(t)
        self.part, self.schedule, self.stood = self.part + 1, None, None
        if self.part == len(self.bases):
            self.part -= 1
            return True
        self.begun.append(t)
        return False

    def plan_step(self, k) -> int:
        """Step of the plan that is done at step k."""
        return round(float(np.interp(k * self.dt, self.times, self.shares)) / self.dt)

    @property
    def done(self) -> bool:
        """Whether all parts of the plan have come to their end."""
        return len(self.ended) == len(self.bases)

    # --- safety

    def _slow_down(self, t):
        """The profile of τ̇ until the next look."""
        goal = 1.0 if self.safety is None else self._rate(t)
        rate = self.tau[1]
        A, J = self._braking()
        if abs(rate - goal) < 1e-12 and abs(self.push) < 1e-12:
            self._profile = Trajectory(np.array([0.0, 1e-9]), np.array([[[0.0], [rate]]]))
        else:
            bounds = Limits(velocity=[1.0], acceleration=[max(A, abs(self.push))], jerk=[J])
            self._profile = jerk_limited(
                ([0.0], [rate], [self.push]), (None, [goal], [0.0]), bounds, control="velocity"
            )  # fmt: skip
        self._final = goal

    def _braking(self):
        A, J = allowance(self._peaks(), 1.0)
        A = max(A, 0.2)
        return A, min(max(J, 2.0), SOFT * A)

    def _peaks(self):
        if self.part not in self.courses:
            self.courses[self.part] = Course(self.bases[self.part], self.limits, PATHS)
        return self.courses[self.part].peaks

    def _rate(self, t) -> float:
        """The largest τ̇ at which the robot, braking after its reaction time, stands before anything reaches it."""
        A, J = self._braking()
        x, now = self.tau
        come = [self._coming(traffic, t) for traffic in self.traffic]

        def clear(rate):
            top = max(rate, now)
            brake = top / A + A / J
            return all(self._clear(traffic, t, x, top, brake, v) for traffic, v in zip(self.traffic, come))

        if clear(1.0):
            self.waits_for = None
            return 1.0
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if clear(middle) else (low, middle)
        if low > 0:
            self.waits_for = None
        return low

    def _coming(self, traffic, t):
        """How fast the thing comes nearer to where the robot is [m/s], from two looks at it."""
        q = self._at(self.tau[0])
        here, before = traffic.gap(q, t).distance, traffic.gap(q, max(0.0, t - BEFORE)).distance
        return max(self.safety.speed, (before - here) / BEFORE if t > 0 else 0.0)

    def _clear(self, traffic, t, x, rate, brake, speed):
        reaction = self.safety.reaction + self.steps * self.dt
        ahead = rate * reaction + 0.5 * rate * brake
        here = traffic.gap(self._at(x), t).distance
        for share in LOOKS:
            gap = traffic.gap(self._at(x + share * ahead), t)
            near = gap.distance - speed * (reaction + brake) < self.safety.clearance
            if near and gap.distance < here + AWAY * share:
                self._note(t, gap)
                return False
        return True

    def _note(self, t, gap):
        if self.waits_for is None:
            self.waits_for = (t, gap.pair, gap.distance)

    def _at(self, x):
        base = self.bases[self.part]
        s = float(self.schedule.sigma(min(max(x, 0.0), self.schedule.sigma.duration))[0])
        return base(min(max(s, 0.0), base.duration))

    # --- planning again

    def _state(self):
        """(σ, σ̇, σ̈) now."""
        x, rate = self.tau
        s, ds, dds = self.schedule.state(x)
        return s, ds * rate, dds * rate**2 + ds * self.push

    def _plan_again(self, t):
        """Another pace for the current move, by what is predicted now; a stop where there is none."""
        self.due = t + self.replan.every
        if self.spans[self.part].do != "move":
            return
        begun = process_time()
        base, state = self.bases[self.part], self._state()
        if base.duration - state[0] > 1e-6:
            found, moving = self._arrival(t, base, state), _moves(state)
            arrives = found is not None and found.sigma(found.sigma.end)[0] > base.duration - 1e-6
            if found is None:
                found = Schedule(base, stop(base, self._peaks(), state, 1.0)) if moving else halt(base, state[0])
            self.waits_for = None if arrives else self.waits_for or (t, ("the robot", "what is predicted"), np.nan)
            self.schedule, self.tau, self.push = found, (0.0, 1.0), 0.0
            if state[0] > STANDS or moving:  # under way: before that, nothing waits for it
                self.reactions.append(process_time() - begun)
            survives = self.replan.horizon if found is None else found.sigma.duration
            self._around(t, base, state, arrives, survives < self.replan.horizon)  # while it brakes or stands

    def _arrival(self, t, base, state):
        horizon = base.duration + self.replan.horizon
        try:
            traffic = Traffic(self.robot, self._seen(t), t, horizon)
        except RobocalcError:
            return None
        self._peaks()
        gap = traffic.gap(base(state[0]), 0.0).distance - self.replan.initial
        margin = min(self.replan.clearance, max(0.0, NEARER * gap))  # already nearer: away from there
        return self.courses[self.part].arrive(
            traffic.checker, traffic.movers, margin, state, horizon=horizon, stay=self.replan.every, refuge=True
        )  # fmt: skip

    def _seen(self, t):
        """What moves as the planner sees it at t: by its motion, or from its place and velocity."""
        doubt = {key: getattr(self.replan, key) for key in ("initial", "growth", "most")}
        return [Seen(shape, t, doubt) if shape.name in self.predicted else shape for shape in self.moving]

    def _around(self, t, base, state, arrives, threatened):
        """Another way to the end of the move: at once where what comes reaches the robot wherever it waits on this one,
        else after standing for a while. It stops, and goes on from there."""
        if arrives or not self.replan.around:
            self.stood = None
            return
        self.stood = t if self.stood is None else self.stood
        if t < self.stood + (0.0 if threatened else PATIENT):
            return
        self.stood = t + AGAIN
        halted = Schedule(base, stop(base, self._peaks(), state, 1.0)) if _moves(state) else halt(base, state[0])
        last, fingers = float(halted.sigma(halted.sigma.end)[0]), list(self.plan.fingers)
        if not 0.0 <= last <= base.duration:
            return
        moved = np.array([i for i in range(self.robot.n) if i not in fingers])
        q, goal = base(last), base(base.end)
        arm = self.robot.lock({self.robot.joints[i]: float(q[i]) for i in fingers}) if fingers else self.robot
        plan = plan_motion(
            arm, q[moved], goal[moved], self.standing, with_room(self.limits.select(moved)), seed=self.scenario.seed,
            moving=self._seen(t), time=t + halted.sigma.duration, patience=self.replan.horizon,
        )  # fmt: skip
        if plan.solved:
            from sims.planners.avoid import embedded

            self.schedule, self.tau, self.push = halted, (0.0, 1.0), 0.0
            self.other = embedded(plan.trajectory, q, moved)
            self.events.append((t, "goes another way"))

    def _take_other(self, t):
        """Begin another way where the robot has come to stand."""
        self.bases[self.part], self.other = self.other, None
        self.courses.pop(self.part, None)
        self.schedule, self.tau, self.push = whole(self.bases[self.part]), (0.0, 1.0), 0.0
        self._peaks()
        self.courses[self.part].prepare()
        self.due = t + self.replan.every

    # --- what is told

    def told(self) -> str:
        """What kept the robot from its end."""
        over = f"sim.max_duration is over in step {self.spans[self.part].name!r}"
        if self.waits_for is None:
            return f"{over}: the robot had to slow down for what moves"
        t, pair, distance = self.waits_for
        near = "" if np.isnan(distance) else f", which were {1e3 * distance:.3g} mm apart"
        return f"{over}: it stands since t = {t:.3g} s, so that {pair[0]} and {pair[1]}{near}, do not touch"

    def shown_steps(self) -> tuple:
        """The plan's steps at the times at which they were done."""
        done = []
        for i, span in enumerate(self.spans[: len(self.begun)]):
            end = self.ended[i] if i < len(self.ended) else self.times[-1]
            done.append(span._replace(start=self.begun[i], end=end))
        return tuple(done)


class Seen:
    """A shape as predicted at t: it goes on with its velocity of now, straight, without turning, in growing doubt."""

    def __init__(self, shape, t, doubt):
        self.name, self.kind, self.uncertainty = shape.name, shape.kind, doubt
        for key in ("size", "radius", "length", "file", "scale", "convex"):
            if hasattr(shape, key):
                setattr(self, key, getattr(shape, key))
        self.pose = np.asarray(shape.pose_at(t))
        before = np.asarray(shape.pose_at(max(0.0, t - BEFORE)))
        self.speed = (self.pose[:3] - before[:3]) / BEFORE if t >= BEFORE else np.zeros(3)
        self.t, self.motion = t, self.at

    def at(self, t):
        """(7,) or (N, 7)."""
        x = np.asarray(t, float) - self.t
        place = self.pose[:3] + x[..., None] * self.speed
        return np.concatenate([place, np.broadcast_to(self.pose[3:], (*x.shape, 4))], axis=-1)


def _moves(state) -> bool:
    return abs(state[1]) > STANDS or abs(state[2]) > STANDS


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
