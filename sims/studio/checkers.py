"""Checkers of clearance that stay open from run to run: to build one takes longer than to run a move in the twin.

Checkers   `with checkers(robot, world, own=False) as checker:` like sims.engines.bullet.Clearance
"""

from collections import deque
from contextlib import contextmanager
from typing import Any, NamedTuple

from sims.engines.bullet import Clearance

KEPT = 4  # of one page: for the plan and for the run, now and before


class _Kept(NamedTuple):
    robot: Any
    world: tuple
    own: bool
    checker: Clearance
    places: dict  # of what is free to move, at the start

    def fits(self, robot, world, own):
        same = len(world) == len(self.world) and all(a is b for a, b in zip(world, self.world, strict=True))
        return same and robot is self.robot and own == self.own

    def fresh(self):
        """The checker as it was when it was made."""
        for name, pose in self.places.items():
            self.checker.detach(name)
            self.checker.place(name, pose)
        return self.checker


class Checkers:
    """One for each robot and world of the last few; `close` lets go of all."""

    def __init__(self):
        self.found = deque()

    @contextmanager
    def __call__(self, robot, world=(), *, own=True):
        kept = next((one for one in self.found if one.fits(robot, world, own)), None)
        if kept is None:
            kept = self._made(robot, tuple(world), own)
        yield kept.fresh()

    def _made(self, robot, world, own):
        checker = Clearance(robot, world, own=own)
        places = {shape.name: checker.pose(shape.name) for shape in world if shape.dynamic and shape.mount is None}
        kept = _Kept(robot, world, own, checker, places)
        self.found.appendleft(kept)
        while len(self.found) > KEPT:
            self.found.pop().checker.close()
        return kept

    def close(self):
        while self.found:
            self.found.pop().checker.close()
