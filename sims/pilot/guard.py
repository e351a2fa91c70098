"""Speed and separation: how fast the robot may follow its path, by what is near and how fast that comes.

Guard   rate(t) of one Track
"""

import numpy as np

from robocalc.optimize.moving.among import Traffic
from sims.pilot.seen import BEFORE

HALVINGS = 4  # in which it finds the largest τ̇ that is clear
LOOKS = (0.5, 1.0)  # of the way until it stands, where its distance is looked at
AWAY = 1e-3  # [m] by which that must grow where it is too small: to go away is never forbidden


class Guard:
    """safety   settings, or None: it never slows down; world: shapes as they are; long [s] of what may be asked"""

    def __init__(self, safety, robot, world, track, long):
        self.safety, self.track, self.waits_for = safety, track, None
        named = safety.things if safety else ()
        moving = [s for s in world if s.motion is not None and (not named or s.name in named)] if safety else []
        self.traffic = [Traffic(robot, [shape], 0.0, long) for shape in moving]

    def rate(self, t) -> float:
        """The largest τ̇ at which the robot, braking after its reaction time, stands before anything reaches it."""
        if self.safety is None:
            return 1.0
        (A, J), (x, now) = self.track.braking(), self.track.tau
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

    def note(self, t, pair, distance=np.nan):
        """Remember since when the robot waits, and for what."""
        if self.waits_for is None:
            self.waits_for = (t, pair, distance)

    def _coming(self, traffic, t):
        """How fast the thing comes nearer to where the robot is [m/s], from two looks at it."""
        q = self.track.at(self.track.tau[0])
        here, before = traffic.gap(q, t).distance, traffic.gap(q, max(0.0, t - BEFORE)).distance
        return max(self.safety.speed, (before - here) / BEFORE if t > 0 else 0.0)

    def _clear(self, traffic, t, x, rate, brake, speed):
        reaction = self.safety.reaction + self.track.steps * self.track.dt
        ahead = rate * reaction + 0.5 * rate * brake
        here = traffic.gap(self.track.at(x), t).distance
        for share in LOOKS:
            gap = traffic.gap(self.track.at(x + share * ahead), t)
            near = gap.distance - speed * (reaction + brake) < self.safety.clearance
            if near and gap.distance < here + AWAY * share:
                self.note(t, gap.pair, gap.distance)
                return False
        return True
