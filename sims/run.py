"""Where all meets: a scenario is planned, its law runs in a world, the run is measured, judged and kept.

    run(scenario, out) -> Run

    plan -> law -> simulate -> measure -> accept -> run folder

A plan that fails, a run that diverges, a grasp that misses are outcomes: they come back as a Run with the sentence that
says why, and all that was computed by then.
"""

import sys
from dataclasses import replace
from importlib import import_module
from time import perf_counter, process_time
from types import ModuleType
from typing import NamedTuple

import numpy as np

from robocalc.control.estimator import Estimator
from robocalc.control.law import Law
from robocalc.errors import EngineUnavailable, InvalidInput
from sims.build import believed_robot, effects_of, law_of, motion_limits, piloted, start_of, surfaces_of, true_robot
from sims.build_world import known_world, world_shapes
from sims.effects import Push
from sims.effects.estimator import estimator_of
from sims.effects.force_torque import sensor_of, steps_of, told
from sims.engines import engine as plant_named
from sims.engines.bullet import Clearance
from sims.engines.loop import Simulated, simulate
from sims.engines.status import Outcome
from sims.engines.twin import Twin
from sims.forecast import forecast
from sims.judge import chatters, evidence, followed_late, judge
from sims.keep import keep_somewhere
from sims.log import Log
from sims.metrics import Metric, measure
from sims.plan_team import plan_scenario
from sims.record import ready
from sims.report.frames import check_camera
from sims.residual import added_by
from sims.result import Run
from sims.scenario import Scenario
from sims.watch import Walk, Watcher


def run(scenario, out=None, *, engine=None, seed=None, progress=None, plots=True, report=True) -> Run:
    """Plan, simulate, measure and judge a scenario; keep it in the folder `out` if one is given.

    engine, seed   override the scenario's (`bullet`, `twin` or `mujoco`)
    progress       called with (share of the work done, what is being done)
    plots, report  write them into the folder
    raises         ScenarioError and InvalidInput for what cannot be built, Unstable for a design whose loop is, unless
                   sim.force_unstable; EngineUnavailable
    """
    if not isinstance(scenario, Scenario):
        raise InvalidInput(f"run takes a Scenario, got {scenario!r:.60}; make one with Scenario.load(path)")
    changes = {"sim.engine": engine, "seed": seed}
    changes = {key: value for key, value in changes.items() if value is not None}
    scenario = scenario.with_(**changes) if changes else scenario
    tell = progress or (lambda share, what: None)
    folder = None if out is None else ready(out)
    if folder is not None and scenario.output.camera is not None:
        check_camera()
    tell(0.0, "planning")
    began = process_time()
    robot, plant_robot, world = believed_robot(scenario), true_robot(scenario), world_shapes(scenario)
    plan, notes = planned(scenario, robot, world)
    notes = (*audit_notes(scenario, robot), *notes)
    timings = {"plan": process_time() - began}
    made = Run(scenario, robot, plant_robot, world, plan, timings=timings, warnings=notes)
    if plan.solved:
        why, more = forecast(scenario, robot, plant_robot, plan)
        made = replace(made, unstable=why, warnings=(*notes, *more))
        tell(0.1, "simulating")
        made = simulated(made, tell)
    if folder is not None:
        tell(0.9, "writing")
        made = keep_somewhere(made, folder, plots=plots, report=report)
    tell(1.0, "done")
    return made


def planned(scenario, robot, world, clearance=Clearance):
    """(TaskPlan, sentences): where PyBullet is there, clearance is checked: of the motion against the robot itself and
    what the planner knows of, of the start against all there is. clearance: what makes the checker, or keeps some."""
    seen = known_world(scenario, world)
    try:
        with clearance(robot, seen, own=False) as checker:
            plan = plan_scenario(scenario, robot, world, checker)
        if plan.solved and (len(seen) < len(world) or scenario.task[0].do == "wait"):  # it may start elsewhere: `at`
            with clearance(robot, world, own=False) as checker:
                plan = plan.starting(checker.at(start_of(scenario, robot)[0]))
    except EngineUnavailable as error:
        return plan_scenario(scenario, robot, world), (f"planned clearance was not checked: {error}",)
    return plan, ()


class Followed(NamedTuple):
    """What came of the loop, and what took part: None for what the scenario has none of.

    every         physics steps between two looks at the world
    began, wall   CPU time [s] when the loop began, and how long it took
    """

    result: Simulated
    law: Law
    estimator: Estimator | None
    sensor: object | None
    watcher: Watcher | None
    pilot: object | None
    every: int
    began: float
    wall: float


def simulated(made: Run, tell, clearance=Clearance) -> Run:
    """The run with log, outcome, metrics and acceptance; clearance as in `planned`."""
    done = followed(made, tell)
    log, watcher, more = observed(made, done, clearance)
    notes = (*made.warnings, *done.law.notes(done.result.memory))
    notes += done.estimator.notes(done.result.sight) if done.estimator else ()
    notes += more
    timings = made.timings | {"simulation": process_time() - done.began}
    outcome, reason = ended(made, done, log, watcher)
    if (pilot := done.pilot) is not None:
        made = replace(made, paced=pilot.shown_steps(), replans=pilot.count, replanned=tuple(pilot.begun_anew))
        timings |= {"longest reaction": max(pilot.reactions, default=0.0)}
        notes += pilot.notes()
    found = replace(made, log=log, outcome=outcome, timings=timings, reason=reason, warnings=notes)
    metrics = measure(evidence(found, watcher, done.wall))
    metrics |= {name: Metric(*figure) for name, figure in done.law.found(done.result.memory).items()}
    notes += touch_notes(found, metrics, watcher)
    return replace(found, metrics=metrics, acceptance=judge(made.scenario, metrics), warnings=notes)


def followed(made: Run, tell) -> Followed:
    """The law along the plan in the scenario's engine, watched where there is a world, steered where that is asked."""
    scenario, sim = made.scenario, made.scenario.sim
    reference = made.plan.reference(sim.timestep)
    pilot = pilot_of(made)
    steps = len(reference) - 1 if pilot is None else pilot.most
    torque = made.plan.torque(sim.timestep)
    law = law_of(scenario, made.robot, reference, torque)
    estimator = estimator_of(scenario, made.robot, reference[-1, 0])
    sensor = sensor_of(scenario, made.plant_robot)
    effects = effects_of(scenario, made.robot, made.plant_robot, steps)
    watcher, every = None, max(1, round(1 / (scenario.output.log_rate * sim.timestep)))
    with engine_of(made) as plant:
        if not isinstance(plant, Twin) and (made.world or scenario.partners):
            watcher = Watcher(plant, made.plan, steps, every, pilot and pilot.plan_step, steps_of(scenario))

        def look(k):
            tell(0.1 + 0.8 * k / steps, "simulating")
            if watcher and k in watched and watcher.look(k):
                return True
            return pilot.look(k) if pilot and k in steered else False

        watched = set(watcher.pauses if watcher else range(0, steps + 1, 1000))
        steered = set(pilot.pauses if pilot else ())
        began, wall = process_time(), perf_counter()
        result = simulate(
            plant,
            law,
            reference,
            effects,
            start=start_of(scenario, made.robot),
            grip=made.plan.grip(sim.timestep),
            feedforward=torque,
            added=added_by(scenario, made.robot),
            pauses=sorted(watched | steered),
            on_pause=look,
            most=steps if pilot else None,
            seen=pilot.error if pilot else None,
            estimator=estimator,
        )
        wall = perf_counter() - wall
    return Followed(result, law, estimator, sensor, watcher, pilot, every, began, wall)


def observed(made: Run, done: Followed, clearance):
    """(log with the world and the force-torque sensor in it, what watched or None, sentences)."""
    log, watcher, more = done.result.log, done.watcher, ()
    if (made.world or made.scenario.partners) and not watcher:
        watcher, more = walked(made, log, done.every, clearance)
    if watcher:
        log = replace(log, **watcher.seen())
    return with_wrench(made, done.sensor, log, done.every, getattr(watcher, "touched", ())), watcher, more


def ended(made: Run, done: Followed, log, watcher):
    """(outcome, reason or None)."""
    outcome, pilot = done.result.outcome, done.pilot
    seen = log, made.scenario.sim.control_every, made.plant_robot, followed_late(made)
    if outcome is not Outcome.LOST and (joints := chatters(*seen)):
        return Outcome.CHATTERS, f"most of the time in {', '.join(joints)}"
    if pilot is not None and not pilot.done and outcome is Outcome.FINISHED:
        return Outcome.STOPPED, pilot.told()
    return outcome, watcher.reason if watcher else None


def with_wrench(made: Run, sensor, log, every, touched) -> Log:
    """The log with what the force-torque sensor read, where there is one: at its rate, or when the world is looked at.

    every   physics steps between looks at the world
    """
    if sensor is None or len(log.joint) < 2:
        return log
    last, own = len(log.joint) - 1, steps_of(made.scenario)
    if own is not None:
        rows = np.arange(0, last + 1, own)
    else:
        rows = np.round(log.t_objects / log.dt).astype(int) if len(log.t_objects) else np.arange(0, last + 1, every)
    pushed = [
        Push(p.link, p.force, p.start, p.duration, p.point) for p in made.scenario.disturbances if p.type == "push"
    ]
    wrench = sensor.read(log, np.minimum(rows, last), pushed, touched)
    wrench = told(made.scenario.sensors.force_torque, wrench, rows * log.dt, made.scenario.seed)
    if own is not None:
        return replace(log, t_wrench=rows * log.dt, wrench=wrench)
    return replace(log, t_objects=log.t_objects if len(log.t_objects) else rows * log.dt, wrench=wrench)


def pilot_of(made: Run):
    """What steers the run, or None."""
    if not piloted(made.scenario):
        return None
    from sims.pilot import Pilot  # loads kernels of planning

    sim, limits = made.scenario.sim, motion_limits(made.scenario, made.robot)
    most = round(sim.max_duration / sim.timestep)
    every = sim.control_every
    return Pilot(made.scenario, made.robot, made.plan, made.world, limits, sim.timestep, every, most)


STANDING = 0.01  # [rad/s | m/s]: where it is wanted no faster, the robot stands


def touch_notes(made, metrics, watcher) -> tuple:
    """What nobody bounded and everybody wants to know: the robot ran into something, or something into the robot."""
    name = "contact.unintended_force_n"
    force = metrics.get(name)
    if force is None or force.value <= 0:
        return ()
    first = getattr(watcher, "first_touch", None)
    if made.paced and first is not None:
        t, (link, thing) = first
        row = min(len(made.log.t) - 1, round(t / made.log.dt))
        if np.abs(made.log.v_ref[row]).max() < STANDING:
            worst = f"{force.value:.3g} N at most"
            return (f"{thing!r} ran into {link} of the standing robot at t = {t:.3g} s, with {worst}",)
    if name in made.scenario.accept:
        return ()
    hit = f"{force.value:.3g} N at t = {force.time:.3g} s"
    return (f"the robot touched what it should not: {hit}; `accept` can bound {name}",)


def walked(made: Run, log, every, clearance):
    """(Walk, sentences): what a run of the twin came near to, where PyBullet is there."""
    try:
        with clearance(made.plant_robot, made.world, own=False) as checker:
            return Walk(log, made.world, checker, every), ()
    except EngineUnavailable as error:
        return None, (f"clearance was not measured: {error}",)


def engine_of(made: Run):
    """The plant: the robot as it is, in the world."""
    sim = made.scenario.sim
    if sim.engine == "twin":
        return Twin(made.plant_robot, sim.timestep)
    fingers = [made.robot.joints[i] for i in made.plan.fingers] if made.scenario.grasps else ()  # else as in the twin
    iterations = sim.solver_iterations
    words = {"world": made.world, "surfaces": surfaces_of(made.scenario, made.robot), "stops": fingers}
    return plant_named(sim.engine)(made.plant_robot, sim.timestep, **words, solver_iterations=iterations)


def audit_notes(scenario, robot) -> tuple:
    """What the audit of a robot file of the user's finds doubtful."""
    doubts = [f for f in robot.findings if f.severity == "warning"] if scenario.robot.file else ()
    return tuple(f"robot.file: {f.where}: {f.what}" for f in doubts)


class _Callable(ModuleType):
    """`from sims import run` is this module: it has the name of its function, can be called and pickled as that."""

    def __call__(self, *args, **options):
        return run(*args, **options)

    def __reduce__(self):
        return import_module, (__name__,)


sys.modules[__name__].__class__ = _Callable
