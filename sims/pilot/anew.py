"""The rest of the motion planned anew from where the robot is measured to be: what a stack of rates does after a push.

Anew   of one Track, every `sim.planner_rate`
"""

import numpy as np

from robocalc.dynamics.collision import CollisionChecker
from robocalc.errors import InvalidInput, RobocalcError
from robocalc.trajectory import jerk_limited

STEPS = ("move", "wait", "trace", "follow")  # the others are the fingers', and short
JOINS = 12  # places of the rest of the motion at which it may be met again
INSIDE = 1 - 1e-9  # of the limits: rounding of the plan's own is no violation


class Anew:
    """From the reference with the robot's error, fast within the limits, to where the motion leads: met again at the
    first of JOINS places that costs no time, else where it ends the earliest.

        q₀ = q_ref(t) + e,   v₀ = v_ref(t) + ė,   a₀ = a_ref(t)

    e, ė are those of the planner's look, `sim.planner_latency` before: meanwhile the error is taken to stay.

    spans    of the plan, one a step of the task
    limits   of the joints; still: CollisionChecker of what stands, or None: such a way may not touch it
    every, late   steps between two looks; steps from a look to its plan
    """

    def __init__(self, scenario, robot, spans, track, limits, still):
        self.track, self.still = track, still
        self.every, self.late = scenario.sim.planner_every, scenario.sim.planner_steps
        self.tolerance = np.broadcast_to(scenario.sim.planner_tolerance, robot.n)
        self.limits = {span.name: _of_step(limits, step) for span, step in zip(spans, scenario.task)}
        self.seen, self.times, self.looks = {}, [], 0
        _require_drives(robot, limits)

    def look(self, k, error):
        """Begin the plan that is due at step k, and look at the error (2, n) for the next."""
        if k < self.every:  # nothing is measured yet
            return
        seen = self.seen.pop(k - self.late, None)
        if self.late and seen is not None and self._begin(k, seen):
            error = error - seen
        if k % self.every == 0:
            self.seen[k], self.looks = np.array(error), self.looks + 1
            if not self.late:
                self._begin(k, self.seen.pop(k))

    def _begin(self, k, error) -> bool:
        """Whether the motion is another one from step k on."""
        track = self.track
        if track.span.do not in STEPS or not (np.abs(error[0]) > self.tolerance).any():
            return False
        motion = self._motion(error)
        if motion is None:
            return False
        track.rejoin(motion)
        self.times.append(k * track.dt)
        return True

    def _motion(self, error):
        """The rest of this part from the state of now with the error, or None: there is none that is free."""
        track, base = self.track, self.track.base
        s, limits = track.state()[0], self.limits[track.span.name]
        (q, v, a), found = track.joints(), []
        start, dt = (q + error[0], v + error[1], a), track.dt
        for x in _joins(s, base.duration, dt):
            try:
                found.append((x, _way(start, base, x, limits, dt, None)))
            except RobocalcError:  # not from there within the range
                continue
        found = [(way.duration - (x - s), x, way) for x, way in found]
        for delay, x, way in sorted(found, key=lambda one: (max(one[0], 0.5 * dt), one[1])):
            try:
                way = way if delay > 0.5 * dt else _way(start, base, x, limits, dt, x - s)
            except RobocalcError:
                continue
            if self._free(way):
                return way if x >= base.duration - dt / 2 else way.join(base.slice(x, base.duration))
        return None

    def _free(self, way) -> bool:
        """Whether a way keeps off what stands; one that begins in touch must leave it anyway."""
        if self.still is None or self.still.nearest(way(0.0)).distance <= 0:
            return True
        return self.still.check_motion(way, details=False)


def _joins(s, end, dt):
    """Places from s [s] to the end of a base, on its steps."""
    steps = np.ceil(np.linspace(s, end, JOINS + 1)[1:] / dt - 1e-6)
    return np.minimum(np.unique(steps) * dt, end)


def _way(start, base, x, limits, dt, least):
    """Jerk-limited from a state to that of a base at x, whole steps long."""
    q, v, a = (base(x, order) for order in range(3))
    (low_v, high_v), (low_a, high_a) = (INSIDE * limits.bounds(name, base.n) for name in ("velocity", "acceleration"))
    end = (q, np.clip(v, low_v, high_v), np.clip(a, low_a, high_a))
    return jerk_limited(start, end, limits, minimum_duration=least, cycle=dt)


def _of_step(limits, step):
    velocity, acceleration = getattr(step, "velocity_scale", 1.0), getattr(step, "acceleration_scale", 1.0)
    return limits.scaled(velocity=velocity, acceleration=acceleration)


def _require_drives(robot, limits):
    """raises   InvalidInput where a joint cannot be led from where it is by itself"""
    undriven = np.flatnonzero(np.abs(limits.bounds("torque", robot.n)).max(axis=0) == 0)
    if len(undriven):
        name = robot.joints[undriven[0]]
        raise InvalidInput(f"sim.planner_rate: {name!r} has no drive to lead it back; take controller mpc instead")
    if len(robot.actors[0]):
        raise InvalidInput(
            f"sim.planner_rate: {robot.name} flies or rolls, and cannot go any way that its joints can; "
            "take controller mpc instead"
        )
    for name in ("velocity", "acceleration"):
        unbounded = np.flatnonzero(~np.isfinite(limits.bounds(name, robot.n)).all(axis=0))
        if len(unbounded):
            joint = robot.joints[unbounded[0]]
            raise InvalidInput(f"sim.planner_rate: nothing bounds the {name} of {joint!r}: give robot.limits.{name}")


def standing(robot, world, known):
    """CollisionChecker of what stands and the planner knows of, or None."""
    still = [s for s in world if s.motion is None and s.mass == 0 and known[s.name]]
    return CollisionChecker(robot, still, own=False) if still else None
