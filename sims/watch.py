"""What is seen of the world while a robot moves through it: objects, clearance, contacts, grasps; at the log's rate.

Walk      likewise of a run without contacts, afterwards: where its motion leads through the world
Watcher   called at pauses of the loop; may stop the run (a grasp that holds nothing, or loses what it held)
"""

import numpy as np

from robocalc.dynamics.teams import members_of
from sims.effects.force_torque import Touched
from sims.engines.bullet_contacts import fingers_of
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
        names, gaps, poses, apart = moving(shapes), [], [], []
        for q, time in zip(log.q[rows], log.t[rows], strict=True):
            gaps.append(checker.at(q, time))
            apart += [checker.apart().distance] if checker.team else []
            poses.append(checker.poses(names))
        self.t = log.t[rows]
        self._seen = {
            "t_objects": self.t,
            "objects": dict(zip(names, np.swapaxes(np.array(poses).reshape(len(rows), -1, 7), 0, 1), strict=True)),
            "clearance": np.array([gap.distance for gap in gaps]),
            "clearance_pair": tuple(gap.pair for gap in gaps),
            "witness": np.array([gap.points for gap in gaps]).reshape(-1, 6),
            "apart": np.array(apart),
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
    feel      steps between readings of a force-torque sensor that has a rate of its own, or None
    """

    def __init__(self, plant, plan, steps, every, clock=None, feel=None):
        self.plant, self.dt, self.every = plant, plant.dt, every
        self.objects = moving(item.shape for item in plant.scene.items.values())
        grasps = [s for s in plan.steps if s.do == "grasp"]
        self.members = {member.name: member for member in members_of(plant.robot)}
        self.taken_by = {s.object: {g.robot for g in grasps if g.object == s.object} for s in grasps}
        self.meant = tuple(self._pairs())
        self.carries = carries(plan.steps)
        self.let_go = {(round(s.start / self.dt), s.robot) for s in plan.steps if s.do == "release"}
        self.take = [(self._held_by(round(s.taken / self.dt), steps, s.robot), s) for s in grasps]
        special = {*(k for k, _ in self.take), *(k for k, _ in self.let_go if k <= steps)}
        self.feel, felt = feel, range(0, steps + 1, feel) if feel else ()
        self.pauses = sorted({*range(0, steps + 1, every), *felt, steps, *special})
        self.grasps, self.held_at, self.reason = {}, {}, None  # of each robot that holds something
        self.slip, self.first_touch = {}, None
        self.clock, self.seen_until = clock or (lambda k: k), -1
        self.times, self.poses, self.gaps, self.forces, self.touches, self.apart = [], [], [], [], [], []
        self.touched = []  # sims.effects.force_torque.Touched

    def look(self, k) -> bool:
        """Record; True asks the loop to stop."""
        now = self.clock(k)
        taken = {step.robot: step for due, step in self.take if self.seen_until < due <= now}
        let_go = [robot for due, robot in self.let_go if self.seen_until < due <= now]
        self.seen_until = max(now, self.seen_until)
        if any([self._missed(k, step) for step in taken.values()]):
            return True
        for robot in let_go:
            self.grasps.pop(robot, None)
        for grasp in self.grasps.values():
            self.slip[grasp.object] = max(self.slip.get(grasp.object, 0.0), grasp.slip()[0])
        if k % self.every == 0 or k == self.pauses[-1]:
            self._record(k)
        elif self.feel and k % self.feel == 0:
            self._touched(k, [contact for contact in self.plant.contacts() if contact.force > 0])
        return any([self._lost(k, robot) for robot in self.grasps])

    def _held_by(self, closed, steps, robot):
        """The step at which a grasp must hold: a little after the fingers closed, sooner where the task goes on."""
        let_go = [k for k, whose in self.let_go if whose == robot and k >= closed]
        return min([steps - 1, closed + round(SETTLE / self.dt), *let_go])

    def _pairs(self):
        """What is meant to touch: names of objects; of a team the pairs (link, object) of the robots that take it."""
        for name, robots in self.taken_by.items():
            if len(self.members) == 1:
                yield name
            else:
                yield from ((self._called(link, r), name) for r in robots for link in self.members[r].robot.links)

    def _called(self, link, robot):
        return self.members[robot].prefix + link

    def _is_meant(self, contact) -> bool:
        robots = self.taken_by.get(contact.other, ())
        return bool(robots) and (len(self.members) == 1 or self.plant.robot.owner(contact.link).name in robots)

    def _missed(self, k, step):
        links = fingers_of(self.members[step.robot].robot)
        grasp = self.plant.grasp(step.object, [self._called(link, step.robot) for link in links])
        self.grasps[step.robot], self.held_at[step.robot] = grasp, k * self.dt
        if grasp.held:
            return False
        self.reason = (
            f"grasp {step.name!r} missed: at t = {k * self.dt:.3g} s the fingers do not both touch {step.object!r}, "
            f"which is at {self._place(step.object)}; move the pose before it there, or turn the hand"
        )
        return True

    def _lost(self, k, robot):
        t, name = k * self.dt, self.grasps[robot].object
        if self.grasps[robot].held:
            self.held_at[robot] = t
        if t - self.held_at[robot] < LOST:
            return False
        self.reason = (
            f"{name!r} was lost: the fingers do not hold it since t = {self.held_at[robot]:.3g} s, it is at "
            f"{self._place(name)}; grasp with more force, move slower, or raise its friction"
        )
        return True

    def _place(self, name):
        return "[{:.3f}, {:.3f}, {:.3f}] m".format(*self.plant.pose(name)[:3])

    def _record(self, k):
        t, planned = k * self.dt, self.clock(k) * self.dt
        held = [c for c in self.carries if c.robot in self.grasps and c.counts_from <= planned <= c.counts_to]
        carried = tuple({c.object: None for c in held})
        self.times.append(t)
        self.poses.append(self.plant.poses(self.objects))
        self.gaps.append(self.plant.clearance(exclude=self.meant, own=False, carried=carried))
        if len(self.members) > 1:
            self.apart.append(self.plant.apart().distance)
        pressing = [contact for contact in self.plant.contacts() if contact.force > 0]
        wrong = sum(contact.force for contact in pressing if not self._is_meant(contact))
        self.forces.append((sum(contact.force for contact in pressing), wrong))
        if wrong > 0 and self.first_touch is None:
            hit = max((c for c in pressing if not self._is_meant(c)), key=lambda contact: contact.force)
            self.first_touch = t, (hit.link, hit.other)
        self.touches += [(t, *contact.point, contact.force) for contact in pressing]
        self._touched(k, pressing)

    def _touched(self, k, pressing):
        self.touched += [Touched(k * self.dt, c.link, c.other, c.point, c.push) for c in pressing]

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
            "apart": np.array(self.apart),
        }

    def unintended(self):
        """(F,) normal force [N] from what the robot should not touch."""
        return np.array([wrong for _, wrong in self.forces])
