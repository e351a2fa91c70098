"""To grasp what moves: the hand meets it, goes along while the fingers close, lifts off with it and comes to rest.

catch   the motion of a `grasp` with `moving`, at a time that is given or the earliest that the limits allow
"""

import numpy as np

from robocalc.errors import Infeasible
from sims.planners.base import SAME, Caught, Failed
from sims.planners.ride import Broken, Late, Ride, told

LOOK, HALVINGS = 0.1, 5  # [s] between times at which meeting is tried; of the first that works


def catch(mover, step, opening, closing) -> Caught:
    """Add the motion to the mover's; raises Failed: where and when it passes, and what keeps the hand from it.

    opening   of a finger [m] when it holds; closing: share of step.duration in which it gets there
    """
    chase = Chase(mover, step, Ride(mover, step, opening, closing))
    motion, caught = chase.earliest() if step.moving.at is None else chase.given(step.moving.at)
    mover.add(motion)
    return caught


class Chase:
    """Times at which a Ride is tried; each answers as Ride.meet does."""

    def __init__(self, mover, step, ride):
        self.mover, self.step, self.ride, self.begin = mover, step, ride, mover.time

    def given(self, t):
        """The motion that meets it at t [s]; raises Failed."""
        if t <= self.begin:
            raise Failed(f"moving.at {t:g} s is over: this step begins at t = {self.begin:.4g} s", self.begin - t, "s")
        t = self.begin + self.mover.whole(t - self.begin)
        try:
            return self.ride.meet(t)
        except Late as late:
            raise Failed(
                f"the hand needs {late.by:.3g} s more to meet {self.step.object!r} at t = {t:.4g} s, held up by the "
                f"{late.limit}; give a later moving.at", late.by, "s",
            ) from None  # fmt: skip
        except (Broken, Infeasible) as why:
            raise Failed(f"{self.where(t)} cannot be taken: {told(why)}") from None

    def earliest(self):
        """The motion that meets it first; raises Failed with what stands in the way of all."""
        times = np.arange(LOOK, max(self.ride.end - self.begin, 2 * LOOK), LOOK)
        tried, before = [], self.begin
        for t in self.begin + np.array([self.mover.whole(t) for t in times]):
            try:
                found = self.ride.meet(t)
            except (Late, Broken, Infeasible) as why:
                tried.append((t, why))
                before = t
                if self.ride.passing.carrier is None and isinstance(why, Infeasible):
                    break  # it stays where it cannot be reached
                continue
            return self.sooner(before, t, found)
        raise self.failed(tried)

    def sooner(self, before, t, found):
        """The earliest between a time that does not work and one that does."""
        for _ in range(HALVINGS):
            middle = self.begin + self.mover.whole(0.5 * (before + t) - self.begin)
            if not before + SAME < middle < t - SAME:
                break
            try:
                found, t = self.ride.meet(middle), middle
            except (Late, Broken, Infeasible):
                before = middle
        return found

    def failed(self, tried) -> Failed:
        """Why no time works: what comes nearest to working is told."""
        broken = [(t, why) for t, why in tried if isinstance(why, Broken)]
        late = [(t, why) for t, why in tried if isinstance(why, Late)]
        left = f"; {self.ride.lost}" if self.ride.lost else ""
        if broken:
            t, why = min(broken, key=lambda one: one[1].share)
            return Failed(f"{self.where(t)} cannot be taken: {why}{left}")
        if late:
            t, why = min(late, key=lambda one: one[1].by)
            return Failed(
                f"{self.where(t)} is met {why.by:.3g} s too late at best, held up by the {why.limit}{left}", why.by, "s"
            )
        base = self.mover.robot.base.matrix[:3, 3]
        t, why = min(tried, key=lambda one: np.linalg.norm(self.ride.passing.at([one[0]])[0, :3] - base))
        return Failed(f"{self.where(t)} is out of reach, at all times: {told(why)}{left}")

    def where(self, t):
        """'cube' at t = 2 s, at (0.5, 0.1, 0.2) m."""
        x, y, z = self.ride.passing.at([t])[0, :3]
        return f"{self.step.object!r}, at t = {t:.3g} s at ({x:.3f}, {y:.3f}, {z:.3f}) m,"
