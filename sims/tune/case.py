"""One scenario made ready to be run many times in the compiled twin: plan and arrays are made once, gains change.

Case     a scenario, its plan and its loop
Trace    what one run left behind: what figures are taken from
Infeasible scenarios and what only another plan can show are told by InvalidInput.
"""

from functools import cached_property

import numpy as np

from robocalc.errors import InvalidInput
from sims.build import believed_robot, effects_of, law_of, piloted, start_of, true_robot
from sims.build_world import world_shapes
from sims.effects.arrays import LAG, LAG_INPUTS, STIFFNESS
from sims.effects.estimator import estimator_of
from sims.engines.close import close_loop, logged
from sims.engines.status import ENDS, GOES_ON, Outcome
from sims.engines.twin import Twin
from sims.judge import chatters, evidence, followed_late
from sims.log import CHANNEL_INDEX, Log
from sims.metrics import measure
from sims.plan import plan_task
from sims.residual import added_by
from sims.result import Run
from sims.scenario.solo import only_one

Q, V, Q_REF, WANTED, TAU = (CHANNEL_INDEX[name] for name in ("q", "v", "q_ref", "tau_wanted", "tau"))


class Trace:
    """A run of a case: arrays (N + 1, n), time first, views of the case's own log: look before the next run.

    rows      (N + 1, 4, n, P) slopes of q, v, torque wanted and applied by the gains, or None
    outcome   why it ended; steps the last row written
    """

    def __init__(self, case, joint, outcome, rows=None, estimate=None):
        self.case, self.joint, self.outcome, self.rows = case, joint, outcome, rows
        self.estimate = Log(self.dt, joint) if estimate is None else estimate

    dt = property(lambda self: self.case.scenario.sim.timestep)
    t = property(lambda self: np.arange(len(self.joint)) * self.dt)
    q, v, q_ref = (property(lambda self, c=c: self.joint[:, c]) for c in (Q, V, Q_REF))
    tau_wanted, tau = (property(lambda self, c=c: self.joint[:, c]) for c in (WANTED, TAU))
    tracked = property(lambda self: self.case.tracked)
    robot = property(lambda self: self.case.made.robot)
    scenario = property(lambda self: self.case.scenario)
    plan = property(lambda self: self.case.made.plan)
    diverged = property(lambda self: self.outcome.diverged)

    @property
    def log(self) -> Log:
        """A copy of the record."""
        seen = self.estimate
        return Log(self.dt, self.joint.copy(), t_estimate=seen.t_estimate, estimate=seen.estimate.copy())

    @cached_property
    def metrics(self) -> dict:
        """Every figure that a run of the twin has: name -> Metric."""
        from dataclasses import replace

        made = replace(self.case.made, log=self.log, outcome=self.outcome)
        return measure(evidence(made, self.case.watch(made), None))


class Case:
    """A scenario planned once; `run(design)` and `run_with(design, dgains, dmemory)` are one compiled call each.

    clearance   whether runs also measure what they come near to, which is slow
    raises      InvalidInput: no plan, or one that the twin cannot follow (fingers that hold, a robot that is steered)
    """

    def __init__(self, scenario, clearance=False):
        self.scenario, self.clearance = scenario, clearance
        only_one(scenario, "tuning")
        if scenario.grasps:
            raise InvalidInput(
                f"{scenario.name}: the twin has no contacts, so it cannot grasp; tune with engine: bullet"
            )
        if piloted(scenario):
            raise InvalidInput(
                f"{scenario.name}: the twin of tuning follows the plan as it is, and this robot is steered while it "
                "moves (safety, planner.replan, sim.planner_rate); tune with engine: bullet"
            )
        robot, plant, world = believed_robot(scenario), true_robot(scenario), world_shapes(scenario)
        plan = plan_task(scenario, robot, world)
        if not plan.solved:
            raise InvalidInput(f"{scenario.name} has no plan: {'; '.join(str(v) for v in plan.violations)}")
        self.made = Run(scenario, robot, plant, world, plan)
        self.reference = np.ascontiguousarray(plan.reference(scenario.sim.timestep))
        self.torque = plan.torque(scenario.sim.timestep)
        self.steps = len(self.reference) - 1
        self.effects = effects_of(scenario, robot, plant, self.steps)
        self.estimator = estimator_of(scenario, robot, self.reference[-1, 0])
        self.start = tuple(np.array(x, float) for x in start_of(scenario, robot))
        self.tracked = np.ones(robot.n, bool)
        self.tracked[list(plan.fingers)] = False
        self._targets, self._slopes = {}, None

    @property
    def n(self) -> int:
        return self.made.robot.n

    @property
    def every(self) -> int:
        return self.scenario.sim.control_every

    @property
    def sloped(self) -> bool:
        """Whether run_with knows all slopes: not those of estimators, lags, gears, drag of the air, hanging loads."""
        joint, timing = self.effects.joint, self.effects.timing
        bends = (joint[LAG] < 1.0).any() or timing[LAG_INPUTS] < 1.0 or (joint[STIFFNESS] > 0.0).any()
        hung = any(len(getattr(self.effects, name, ())) for name in ("drag_body", "rope_body"))
        return not (self.estimator or bends or hung)

    def law(self, controller=None):
        """The law of a controller (the scenario's own where None) for this plan."""
        scenario = self.scenario if controller is None else self.scenario.model_copy(update={"controller": controller})
        return law_of(scenario, self.made.robot, self.reference, self.torque)

    def closed(self, law):
        """All arrays of one run; made once, then only gains, memory and, where it changes, the feed-forward are set."""
        grip = self.made.plan.grip(self.scenario.sim.timestep)
        kind = (law.feedforward, id(law.robot), law.gains.shape, law.memory.shape)
        if kind not in self._targets:
            plant = Twin(self.made.plant_robot, self.scenario.sim.timestep)
            added = added_by(self.scenario, self.made.robot)
            words = (grip, self.torque, added, self.estimator)
            self._targets[kind] = close_loop(plant, law, self.reference, self.effects, *words)
        closed = self._targets[kind]
        closed.gains[:], closed.memory[:] = law.gains, law.memory
        if self.estimator:
            closed.sight_memory[:] = self.estimator.memory
        return closed

    def run(self, law) -> Trace:
        """One run of the twin under a law of this case."""
        from robocalc.control.signature import law_address
        from sims.tune.rollout import roll

        closed = self.closed(law)
        k, status = roll(law_address(law.step), closed, self.start[0].copy(), self.start[1].copy())
        return self._trace(closed, k, status)

    def run_with(self, law, dgains, dmemory) -> Trace:
        """The same run, with slopes along the P directions of dgains (.., .., P) and dmemory (.., .., P)."""
        from robocalc.control.signature import law_address
        from sims.tune.law_slopes import slope_address
        from sims.tune.rollout import roll_with, slopes

        closed, P = self.closed(law), dgains.shape[2]
        room = self._slopes
        if room is None or room.gains.shape != dgains.shape or room.memory.shape != dmemory.shape:
            room = self._slopes = slopes(dgains, dmemory, self.steps, self.n)
        room.gains[:], room.memory[:] = dgains, dmemory
        start = self.start[0].copy(), self.start[1].copy()
        k, status = roll_with(law_address(law.step), slope_address(law.step), closed, room, *start)
        return self._trace(closed, k, status, room.rows[: k + 1, :, :, :P])

    def _trace(self, closed, k, status, rows=None) -> Trace:
        joint = closed.log[: k + 1]
        outcome = ENDS[status] if status != GOES_ON else Outcome.FINISHED
        if outcome is Outcome.FINISHED and (joint[:, WANTED] != joint[:, TAU]).any():
            outcome = (
                Outcome.CHATTERS
                if chatters(
                    Log(self.effects.timing[0], joint), self.every, self.made.plant_robot, followed_late(self.made)
                )
                else outcome
            )
        return Trace(self, joint, outcome, rows, logged(closed, k))

    def watch(self, made):
        """What a run came near to (sims.watch.Walk), where that is wanted and PyBullet is there; else None."""
        if not (self.clearance and made.world):
            return None
        from sims.run import walked

        every = max(1, round(1 / (self.scenario.output.log_rate * self.scenario.sim.timestep)))
        return walked(made, made.log, every)[0]
