"""What is seen of the world while a robot moves through it: objects, clearance, contacts, grasps; at the log's rate.

Walk      likewise of a run without contacts, afterwards: where its motion leads through the world
Watcher   called at pauses of the loop; may stop the run (a grasp that holds nothing, or loses what it held)
"""

import numpy as np

from sims.effects.force_torque import Touched
from sims.plan import carries

SETTLE = 0.05  # [s] after the fingers closed until a grasp must hold
LOST = 0.05  # [s] without touch of all fingers: the object is gone, not just bouncing


def moving(shapes) -> tuple:
    """Names of the things whose place changes with time."""
    return tuple(s.name for s in shapes if s.dynamic or s.motion is not None)


class Walk:
    """The motion of a log, in the world of `checker` (sims.engines.bullet.Clearance), every `every` steps.

    Driven things move; free ones stand where they start, as nothing falls or is pushed.
    """

    slip, reason = {}, None

    def __init__(self, log, shapes, checker, every):
        rows = np.unique([*range(0, len(log.q), every), len(log.q) - 1])
        rows = rows[np.isfinite(log.q[rows]).all(axis=1)]  # of a run that diverged
        names, gaps, poses = moving(shapes), [], []
        for q, time in zip(log.q[rows], log.t[rows], strict=True):
            gaps.append(checker.at(q, time))
            poses.append(checker.poses(names))
        self.t = log.t[rows]
        self._seen = {
            "t_objects": self.t,
            "objects": dict(zip(names, np.swapaxes(np.array(poses).reshape(len(rows), -1, 7), 0, 1), strict=True)),
            "clearance": np.array([gap.distance for gap in gaps]),
            "clearance_pair": tuple(gap.pair for gap in gaps),
            "witness": np.array([gap.points for gap in gaps]).reshape(-1, 6),
        }

    def seen(self) -> dict:
        """Fields of sims.log.Log."""
        return self._seen


class Watcher:
    """Looks at a Bullet plant every `every` steps, and where grasps begin and end.

    plan      TaskPlan: its grasps and releases; what a grasp names is meant to be touched
    pauses    steps at which `look` wants to be called
    reason    why `look` asked to stop, or None
    clock     step k -> step of the plan, where the run is steered
    """

    def __init__(self, plant, plan, steps, every, clock=None):
        self.plant, self.dt, self.every = plant, plant.dt, every
        self.objects = moving(item.shape for item in plant.scene.items.values())
        grasps = [s for s in plan.steps if s.do == "grasp"]
        self.meant = tuple({s.object for s in grasps})
        self.carries = carries(plan.steps)
        self.let_go = {round(s.start / self.dt) for s in plan.steps if s.do == "release"}
        self.take = {self._held_by(round(s.taken / self.dt), steps): s for s in grasps}
        self.pauses = sorted({*range(0, steps + 1, every), steps, *self.take, *(k for k in self.let_go if k <= steps)})
        self.grasp, self.held_at, self.reason = None, 0.0, None
        self.slip, self.first_touch = {}, None
        self.clock, self.seen_until = clock or (lambda k: k), -1
        self.times, self.poses, self.gaps, self.forces, self.touches = [], [], [], [], []
        self.touched = []  # sims.effects.force_torque.Touched

    def look(self, k) -> bool:
        """Record; True asks the loop to stop."""
        now = self.clock(k)
        taken = [step for due, step in self.take.items() if self.seen_until < due <= now]
        let_go = any(self.seen_until < due <= now for due in self.let_go)
        self.seen_until = max(now, self.seen_until)
        if taken and self._missed(k, taken[-1]):
            return True
        if let_go:
            self.grasp = None
        if self.grasp is not None:
            self.slip[self.grasp.object] = max(self.slip.get(self.grasp.object, 0.0), self.grasp.slip()[0])
        if k % self.every == 0 or k == self.pauses[-1]:
            self._record(k)
        return self.grasp is not None and self._lost(k)

    def _held_by(self, closed, steps):
        """The step at which a grasp must hold: a little after the fingers closed, sooner where the task goes on."""
        return min([steps - 1, closed + round(SETTLE / self.dt), *(k for k in self.let_go if k >= closed)])

    def _missed(self, k, step):
        self.grasp, self.held_at = self.plant.grasp(step.object), k * self.dt
        if self.grasp.held:
            return False
        self.reason = (
            f"grasp {step.name!r} missed: at t = {k * self.dt:.3g} s the fingers do not both touch {step.object!r}, "
            f"which is at {self._place(step.object)}; move the pose before it there, or turn the hand"
        )
        return True

    def _lost(self, k):
        t, name = k * self.dt, self.grasp.object
        if self.grasp.held:
            self.held_at = t
        if t - self.held_at < LOST:
            return False
        self.reason = (
            f"{name!r} was lost: the fingers do not hold it since t = {self.held_at:.3g} s, it is at "
            f"{self._place(name)}; grasp with more force, move slower, or raise its friction"
        )
        return True

    def _place(self, name):
        return "[{:.3f}, {:.3f}, {:.3f}] m".format(*self.plant.pose(name)[:3])

    def _record(self, k):
        t, planned = k * self.dt, self.clock(k) * self.dt
        carried = tuple(c.object for c in self.carries if self.grasp and c.counts_from <= planned <= c.counts_to)
        self.times.append(t)
        self.poses.append(self.plant.poses(self.objects))
        self.gaps.append(self.plant.clearance(exclude=self.meant, own=False, carried=carried))
        pressing = [contact for contact in self.plant.contacts() if contact.force > 0]
        wrong = sum(contact.force for contact in pressing if contact.other not in self.meant)
        self.forces.append((sum(contact.force for contact in pressing), wrong))
        if wrong > 0 and self.first_touch is None:
            hit = max((c for c in pressing if c.other not in self.meant), key=lambda contact: contact.force)
            self.first_touch = t, (hit.link, hit.other)
        self.touches += [(t, *contact.point, contact.force) for contact in pressing]
        self.touched += [Touched(t, c.link, c.other, c.point, c.push) for c in pressing]

    # as arrays

    @property
    def t(self):
        return np.array(self.times)

    def seen(self) -> dict:
        """Fields of sims.log.Log."""
        poses = np.array(self.poses).reshape(len(self.times), len(self.objects), 7)
        return {
            "t_objects": self.t,
            "objects": {name: poses[:, i] for i, name in enumerate(self.objects)},
            "clearance": np.array([gap.distance for gap in self.gaps]),
            "clearance_pair": tuple(gap.pair for gap in self.gaps),
            "witness": np.array([gap.points for gap in self.gaps]).reshape(-1, 6),
            "contacts": np.array([total for total, _ in self.forces]),
            "touches": np.array(self.touches).reshape(-1, 5),
        }

    def unintended(self):
        """(F,) normal force [N] from what the robot should not touch."""
        return np.array([wrong for _, wrong in self.forces])
