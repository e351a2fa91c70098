"""What one robot of a scenario must know of the others while its motion is planned: where they are, and when.

shapes_of     the links of a robot, and what its hand holds, as obstacles that move as planned so far
Way           whether a motion of one robot keeps clear of such obstacles, whenever it begins
"""

from functools import partial
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.collision.checker import SKIN
from robocalc.dynamics.collision.obstacles import Placed
from robocalc.dynamics.collision.scene import hulls_of_file
from robocalc.optimize.moving import Traffic
from robocalc.trajectory import Trajectory
from sims.engines.poses import compose, from_matrix, matrix, quaternions
from sims.planners.avoid import carrying

SPARE = 0.5  # [s] of what moves that is looked at beyond its end
SLOT = 0.05  # [s] between the times at which a motion is tried
LOOK = 0.01  # [s] between the looks for where two robots are nearest, to tell of it
LESS = 1e-4  # [m] that robots may come nearer than they are where a motion begins, if that is nearer than wanted


class Moved(Placed):
    """An obstacle with a `motion`: t [s] -> (7,) or (N, 7)."""

    motion = None


class Track:
    """Where the bodies of a robot are: as planned so far, then where that ends."""

    def __init__(self, robot, trajectory, q):
        self.robot, self.trajectory, self.q, self._last = robot, trajectory, np.array(q), (None, None)

    @property
    def end(self) -> float:
        """When it stands for good [s]."""
        return 0.0 if self.trajectory is None else self.trajectory.end

    def bodies(self, t):
        """(N, n, 7) at t (N,)."""
        if self._last[0] is None or not np.array_equal(self._last[0], t):
            self._last = np.array(t), self._poses(t)
        return self._last[1]

    def _poses(self, t):
        from robocalc.dynamics.kernels import fk

        rows = np.broadcast_to(self.q, (len(t), len(self.q))) if self.trajectory is None else self.trajectory(t)
        model, X = self.robot.model(), np.zeros((len(t), self.robot.n, 12))
        for row, out in zip(np.ascontiguousarray(rows), X, strict=True):
            fk(model, row, out)
        return np.concatenate([X[..., 9:], quaternions(X[..., :9].reshape(*X.shape[:2], 3, 3))], axis=-1)

    def place(self, body, origin, t):
        """(7,) or (N, 7) of what stands at `origin` (7,) on a body."""
        t = np.asarray(t, float)
        if body < 0:
            return np.broadcast_to(origin, (*t.shape, 7)).copy()
        return compose(self.bodies(t.reshape(-1))[:, body], origin).reshape(*t.shape, 7)


def shapes_of(member, mover, now) -> list:
    """Each collision shape of a robot by its name in the team, and of what it holds, from `now` [s] on: Moved, and
    Placed what stands for good."""
    robot = member.robot
    if mover.held is not None:
        name, link, pose = mover.held
        robot = carrying(robot, link, mover.world[name], pose)
    track, counts, found = Track(robot, mover.trajectory, mover.q), {}, []
    for link, body, offset, geometry in robot.collisions():
        counts[link] = counts.get(link, 0) + 1
        name = f"{member.prefix}{link}" + (f" ({counts[link]})" if counts[link] > 1 else "")
        origin = np.concatenate([offset[9:], from_matrix(offset[:9].reshape(3, 3))])
        motion = partial(track.place, body, origin)
        if body < 0 or track.end <= now:
            pose = motion(now)
            found.append(Moved(name, geometry.kind, matrix(pose[3:]), pose[:3], tuple(geometry.size), _parts(geometry)))
        else:
            size = tuple(geometry.size)
            found.append(Moved(name, geometry.kind, np.eye(3), np.zeros(3), size, _parts(geometry)))
            found[-1].motion = motion
    return found


def _parts(geometry) -> tuple:
    if geometry.kind != "mesh":
        return ()
    hulls = hulls_of_file(geometry.path, tuple(geometry.size), geometry.path.stat().st_mtime_ns)
    return tuple(vertices for vertices, _, _ in hulls)


class Conflict(NamedTuple):
    """Two parts that would touch or come too near: their names, distance [m], when [s]."""

    pair: tuple
    distance: float
    time: float

    def __str__(self):
        mm = 1e3 * self.distance
        how = f"{-mm:.1f} mm deep" if mm < 0 else f"{mm:.1f} mm apart"
        return f"{' and '.join(self.pair)}, {how} at t = {self.time:.3g} s"


class Way:
    """Motions of one robot (its Member, its Mover) from `now` [s] on, among `things` of others that stand for good at
    `end` [s]."""

    def __init__(self, member, mover, things, now, end, clearance):
        self.member, self.now, self.margin = member, now, clearance + SKIN  # PyBullet's hulls are thicker by as much
        robot = member.robot
        if mover.held is not None and mover.held[0] not in mover.shared:
            name, link, pose = mover.held
            robot = carrying(robot, link, mover.world[name], pose)
        self.horizon = max(end - now, 0.0) + SPARE
        for thing in things:
            if thing.motion is None:
                pose = np.concatenate([thing.p, from_matrix(thing.R)])
                thing.motion = partial(_still, pose)
        self.traffic = Traffic(robot, things, now, self.horizon)

    def begins(self, motion: Trajectory, wait):
        """(delay [s], None) after which the motion, and standing at its end, keeps clear; or (None, the Conflict)."""
        here = motion(motion.start)
        motion = motion.shift(-motion.start)
        stand = Trajectory(np.array([0.0, self.horizon]), motion(motion.end)[None, None])
        whole, delay = motion.join(stand), 0.0
        for delay in np.arange(0.0, self.horizon if wait else SLOT / 2, SLOT):
            gap = self.traffic.gap(here, delay)
            hit = self.traffic.hit(whole, max(0.0, min(self.margin, gap.distance - LESS)), delay)
            if hit is None and gap.distance > 0:
                return float(delay), None
        return None, self._conflict(whole, delay)

    def _conflict(self, motion, delay):
        """Where the motion comes nearest."""
        t = np.arange(0.0, motion.duration, LOOK)
        at = t[self.traffic.gaps(motion(t), delay + t)[0]]
        gap = self.traffic.gap(motion(at), delay + at)
        return Conflict((self.member.prefix + gap.pair[0], gap.pair[1]), gap.distance - SKIN, self.now + delay + at)


def _still(pose, t):
    return np.broadcast_to(pose, (*np.shape(t), 7)).copy()
