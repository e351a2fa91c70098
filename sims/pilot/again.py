"""Planning again while the robot runs, in bounded time: another pace along its path, out of the way, or around.

Again   of one Track, by what is predicted
"""

from time import process_time

import numpy as np

from robocalc.dynamics.collision import CollisionChecker
from robocalc.errors import RobocalcError
from robocalc.optimize.moving.among import Traffic
from robocalc.optimize.moving.course import SLOT
from robocalc.optimize.moving.detour import Detour
from robocalc.optimize.moving.pace import Schedule, along, stop
from robocalc.trajectory import Trajectory
from sims.pilot.seen import Seen
from sims.pilot.track import halt

STANDS = 1e-6
NEARER = 0.8  # of a distance that is less than wanted: kept at least
PATIENT, AGAIN = 1.0, 0.3  # [s] of standing before another way is looked for; between two such looks
LOOKS = 350  # at the robot that the search along the path may take: 8 to 15 ms
ENOUGH, ROUNDS = 30, 90  # edges of a search for a way out; of one for a way around at most
POINTS = 8  # of the plan's path that such a search tries to come back to
SAFE = 0.3  # [s] more that a way must stay free than standing, to be worth going
PREDICTED = ("the robot", "what is predicted")


class Again:
    """replan   settings, or None: never; world: shapes as they are; known: name -> known_to_planner
    latency  [s] that a plan takes: what moves is seen as it was then
    """

    def __init__(self, replan, robot, world, known, track, guard, limits, fingers, seed, latency=0.0):
        self.replan, self.robot, self.track, self.guard, self.seed = replan, robot, track, guard, seed
        self.latency = latency
        self.moving = [s for s in world if s.motion is not None and known[s.name]]
        self.predicted = {s.name for s in self.moving if known[s.name] == "predicted"}
        self.due, self.stood, self.count, self.reactions, self.events = 0.0, None, 0, [], []
        self.detour = None
        if replan is not None:
            still = [s for s in world if s.motion is None and known[s.name]]
            moved = [i for i in range(robot.n) if i not in fingers]
            self.detour = Detour(CollisionChecker(robot, still), limits, moved)
        self.points = ()

    def enter(self, t):
        """A part of the plan begins, from rest."""
        if self.replan is None or self.track.span.do != "move":
            return
        base = self.track.base
        self.track.follow(halt(base, 0.0))
        self.track.course.prepare()
        self.points = base(np.linspace(base.start, base.end, POINTS))
        self.due, self.stood = t, None

    def look(self, t):
        """Plan again where that is due."""
        if self.replan is None or t < self.due - 1e-9 or self.track.span.do != "move":
            return
        begun = process_time()
        self.due = t + self.replan.every
        moving = self._moves()
        if self.track.way is None:
            self._along(t)
        else:
            self._aside(t)
        if moving or self._moves() or t > self.track.begun[-1]:
            self.reactions.append(process_time() - begun)

    def _moves(self):
        state = self.track.state()
        return abs(state[1]) > STANDS or abs(state[2]) > STANDS

    # --- along the path

    def _along(self, t):
        """Another pace along the path; off it where the robot cannot wait anywhere on it."""
        track, state = self.track, self.track.state()
        base = track.base
        if base.duration - state[0] <= 1e-6:
            return
        traffic, margin = self._traffic(t, base.duration)
        found = traffic and self._arrival(traffic, margin, state)
        if found is not None and found.sigma(found.sigma.end)[0] > base.duration - 1e-6:
            self.guard.waits_for, self.stood = None, None
            track.follow(found)
            return
        self.guard.note(t, PREDICTED)
        survives = 0.0 if found is None else found.sigma.duration
        if traffic is not None and self._around(t, traffic, margin, survives):
            return
        moving = self._moves()
        if found is None:
            found = Schedule(base, stop(base, track.course.peaks, state, 1.0)) if moving else halt(base, state[0])
        track.follow(found)

    def _traffic(self, t, more):
        """(Traffic as predicted from t on, margin), or (None, 0) where that cannot be."""
        try:
            traffic = Traffic(self.robot, self._seen(t), t, more + self.replan.horizon)
        except RobocalcError:
            return None, 0.0
        gap = traffic.gap(self.track.joints()[0], 0.0).distance - self.replan.initial
        return traffic, min(self.replan.clearance, max(0.0, NEARER * gap))  # already nearer: away from there

    def _arrival(self, traffic, margin, state):
        return self.track.course.arrive(
            traffic.checker, traffic.movers, margin, state, horizon=traffic.horizon, stay=self.replan.every,
            refuge=True, looks=LOOKS,
        )  # fmt: skip

    def _seen(self, t):
        """What moves as the planner sees it at t: by its motion, or from its place and velocity."""
        settings, then = self.replan, max(0.0, t - self.latency)
        initial = min(settings.most, settings.initial + settings.growth * (t - then))
        doubt = {"initial": initial, "growth": settings.growth, "most": settings.most}
        return [Seen(shape, then, doubt) if shape.name in self.predicted else shape for shape in self.moving]

    # --- off the path

    def _around(self, t, traffic, margin, survives) -> bool:
        """Leave the path: at once where what comes reaches the robot wherever it waits, else after standing a while."""
        if not self.replan.around:
            return False
        self.stood = t if self.stood is None else self.stood
        threatened = survives < self.replan.horizon - 0.1
        if not threatened and t < self.stood + PATIENT:
            return False
        way = self._way(traffic, margin)
        if way is None or not (way.arrives or (threatened and way.until > survives + SAFE)):
            self.stood = self.stood if threatened else t - PATIENT + AGAIN
            return False
        self._leave_path(t, way)
        return True

    def _aside(self, t):
        """Off the path: on as long as that stays free, else elsewhere; to the goal as soon as there is a way."""
        track = self.track
        if track.way.arrives and track.stands:
            return
        traffic, margin = self._traffic(t, track.way.motion.duration)
        if traffic is None:
            return
        rests = track.stands
        until = self._free_until(traffic, margin)
        threatened = until < min(self.replan.horizon, traffic.horizon) - 0.1
        if not (rests or threatened):
            return
        way = self._way(traffic, margin)
        if way is not None and (way.arrives or (threatened and way.until > until + SAFE)):
            self._leave_path(t, way)

    def _free_until(self, traffic, margin):
        """[s] until which the rest of the way, and standing at its end, stay free."""
        x, base, begin = self.track.tau[0], self.track.base, 0.0
        if x < base.duration - 1e-6:
            motion = clipped(base, x)
            met, begin = traffic.hit(motion, margin), motion.duration
            if met is not None:
                return met[0]
        left = max(traffic.horizon - begin - SLOT, SLOT)
        met = traffic.hit(Trajectory(np.array([0.0, left]), base(base.end)[None, None]), margin, begin)
        return traffic.horizon if met is None else begin + met[0]

    def _way(self, traffic, margin):
        """The Way from the state of now."""
        self.count += 1
        return self.detour.find(
            traffic, self.track.joints(), self.points[-1], margin, traffic.horizon - SLOT, points=self.points,
            rounds=ROUNDS, enough=ENOUGH, hold=self.replan.every, seed=(self.seed, self.count),
        )  # fmt: skip

    def _leave_path(self, t, way):
        if self.track.way is None:
            self.events.append((t, "goes another way"))
        self.track.leave_path(way)
        if way.arrives:
            self.guard.waits_for = None


def clipped(base, x):
    """The rest of a trajectory from x [s] on, beginning at 0."""
    left = base.duration - x
    return along(base, Trajectory(np.array([0.0, left]), np.array([[[x], [1.0]]])))
