"""The error budget: how much of a tracking error comes from what, found by switching each cause off in the twin.

    error_budget    scenario, plan, robots, log -> Budget, or None where nothing can be said
    SWITCHES        cause -> what switches it off

Root mean squares do not add up, and one cause may hide another: each row therefore gives the error that would be left
without the cause, and the error that the cause makes alone. What the run has beyond the twin is contact and what was
carried; what is left without any cause is the law on an exact model.
"""

import math
from dataclasses import dataclass, field
from time import process_time
from typing import NamedTuple

import numpy as np

from robocalc.errors import RobocalcError
from sims.build import believed_robot, effects_of, law_of, start_of, true_robot
from sims.effects.arrays import TAU_MAX, TAU_MIN
from sims.effects.estimator import estimator_of
from sims.engines.loop import simulate
from sims.engines.twin import Twin

MOST_STEPS = 400_000  # physics steps of all rollouts together: about half a second
PATIENCE = 2.0  # [s] CPU: a law that is slower than this gets no budget
HOPELESS = 4  # times that, foreseen after the first run of the twin
SMALL = 1e-3  # of the error: below it a cause plays no part
ROUNDING = 1e-12  # [rad | m]


class Cause(NamedTuple):
    """One row: error without the cause and with it alone (rms over joints, [rad | m]); NaN: the loop diverges then."""

    name: str
    what: str
    without: float
    alone: float


@dataclass(frozen=True)
class Budget:
    """error: of the run; twin: of the twin with every cause; exact: of the twin without any. All rms, in `unit`."""

    error: float
    twin: float
    exact: float
    unit: str
    rows: tuple = ()
    notes: tuple = field(default=())

    @property
    def sentence(self) -> str:
        """What a person should know first."""
        text = f"The joints are {say(self.error, self.unit)} (rms) off. "
        if not self.rows:
            contact = self.error > 2 * self.twin and self.error > ROUNDING
            rest = "contact and what the robot carries" if contact else "the law itself"
            return text + (
                f"No disturbance, delay, noise or limit is at work; what is left is {rest}." if self.known else ""
            )
        rows = [row for row in self.rows if row.without < (1 - SMALL) * self.twin]
        if not rows:
            return text + "No cause lowers it when it is switched off alone."
        top = min(rows, key=lambda row: row.without)
        share = 100 * (1 - top.without / self.twin)
        left = say(top.without, self.unit)
        return f"{text}Most comes from {top.what}: without it {left} would be left, {share:.0f} % less."

    @property
    def known(self) -> bool:
        """Whether the causes could be told apart."""
        return math.isfinite(self.twin)

    def to_dict(self) -> dict:
        """Plain data, as metrics.json keeps it."""
        rows = [row._asdict() for row in self.rows]
        return vars(self) | {"rows": rows, "sentence": self.sentence}

    @classmethod
    def of(cls, data):
        """From `to_dict`, as far as it is whole; else None."""
        try:
            figures = {name: _number(data[name]) for name in ("error", "twin", "exact")}
            rows = tuple(
                Cause(str(r["name"]), str(r["what"]), _number(r["without"]), _number(r["alone"])) for r in data["rows"]
            )
            return cls(**figures, unit=str(data["unit"]), rows=rows, notes=tuple(map(str, data["notes"])))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


def _number(value):
    return math.nan if value is None else float(value)


def say(value, unit) -> str:
    """A figure with the prefix that leaves one to three digits before the point."""
    if not math.isfinite(value):
        return "unbounded"
    if abs(value) < ROUNDING:
        return "nothing but rounding"
    if unit in ("rad", "m"):
        for factor, prefix in ((1, ""), (1e3, "m"), (1e6, "µ"), (1e9, "n"), (1e12, "p")):
            if abs(value) * factor >= 1:
                return f"{value * factor:.3g} {prefix}{unit}"
    return f"{value:.3g} {unit}"


# what can be switched off: (scenario, effects) without it, or None where it is not at work ----------------------------


def _disturbance(kind):
    def off(scenario):
        kept = tuple(item for item in scenario.disturbances if item.type != kind)
        return None if len(kept) == len(scenario.disturbances) else scenario.model_copy(update={"disturbances": kept})

    return off


def _sensors(**exact):
    def off(scenario):
        sensors = scenario.sensors.model_copy(update=exact)
        return None if sensors == scenario.sensors else scenario.model_copy(update={"sensors": sensors})

    return off


def _noise(scenario):
    sensors = scenario.sensors
    changes = {
        name: getattr(sensors, name).model_copy(update={"std": 0.0, "quantization": 0.0})
        for name in ("joint_position", "joint_velocity")
    }
    return _sensors(**changes)(scenario)


def _filter(scenario):
    return _sensors(joint_velocity=scenario.sensors.joint_velocity.model_copy(update={"filter_hz": None}))(scenario)


def _ripple(scenario):
    drives = scenario.sensors.torque_ripple.model_copy(update={"std": 0.0})
    sensors, other = _sensors(torque_ripple=drives)(scenario), _disturbance("torque_ripple")(scenario)
    both = _disturbance("torque_ripple")(sensors or scenario) or sensors
    return both or other


def _held(scenario):
    if scenario.sim.control_every == 1:
        return None
    return scenario.model_copy(update={"sim": scenario.sim.model_copy(update={"control_rate": None})})


SATURATION, START = "saturation", "start"  # switched off in the rollout, not in the scenario
SWITCHES = {  # name: (in words, scenario -> scenario without it, or None)
    "payload": ("the payload that the controller does not know of", _disturbance("payload_error")),
    "friction": ("the joint friction that the controller does not know of", _disturbance("joint_friction")),
    "pushes": ("the pushes", _disturbance("push")),
    "delay": ("the delay of the measurements", _sensors(latency=0.0)),
    "noise": ("the noise and resolution of the sensors", _noise),
    "filter": ("the filter of the measured velocity", _filter),
    "ripple": ("the ripple of the drives", _ripple),
    "sampling": ("the torque that is held over each control period", _held),
}


# the budget -----------------------------------------------------------------------------------------------------------


def error_budget(scenario, plan, log) -> Budget | None:
    """Budget of a run; None where the plan failed or the run or its twin diverged.

    CPU is bounded: a long run is looked at over its beginning, and a law that takes too long is given up; the notes
    say so.
    """
    if log is None or plan.trajectory is None:
        return None
    reference = np.stack([log.q_ref, log.v_ref, log.a_ref], axis=1)  # as it was followed: it may have been planned anew
    tracked = np.ones(reference.shape[2], bool)
    tracked[list(plan.fingers)] = False
    if not tracked.any() or not np.isfinite(log.joint).all():
        return None
    causes = _causes(scenario, log)
    runs = 2 * len(causes) + 2
    steps = min(len(reference) - 1, max(1, MOST_STEPS // runs))
    if steps < 1:
        return None
    whole = steps == len(log.joint) - 1
    notes = () if whole else (f"Of the first {steps * scenario.sim.timestep:.3g} s, to keep the computation short.",)
    unit = _unit(believed_robot(scenario), tracked)
    rollout = _Rollout(plan, reference[: steps + 1], tracked)
    try:
        rows, twin, exact = _rows(scenario, causes, rollout)
    except TimeoutError:
        note = f"The causes are not told apart: this law takes more than {PATIENCE:g} s for it."
        return Budget(rollout.of(log), math.nan, math.nan, unit, (), (note,))
    except RobocalcError as error:
        return Budget(rollout.of(log), math.nan, math.nan, unit, (), (f"The causes are not told apart: {error}.",))
    if not math.isfinite(twin):
        return None
    error = rollout.of(log)
    if abs(error - twin) > max(ROUNDING, SMALL * max(error, twin)):
        notes += (
            f"Of the twin, which follows the same motion without contact and carries nothing, the error is "
            f"{say(twin, unit)}; the difference is contact, what the robot carries, and being steered while it moves.",
        )
    return Budget(error, twin, exact, unit, rows, notes)


def _causes(scenario, log):
    """Names of what is at work in this run."""
    found = [name for name, (_, off) in SWITCHES.items() if off(scenario) is not None]
    saturated = (np.abs(log.tau - log.tau_wanted) > 1e-12).any()
    away = np.abs([log.q[0] - log.q_ref[0], log.v[0] - log.v_ref[0]]).max() > ROUNDING
    return [*found, *([SATURATION] if saturated else []), *([START] if away else [])]


def _rows(scenario, causes, rollout):
    began = process_time()

    def error(off):
        if process_time() - began > PATIENCE:
            raise TimeoutError
        unlimited = SATURATION in off or SATURATION not in causes
        return rollout.error(_without(scenario, off), unlimited, START in off)

    twin = error([])
    if 2 * len(causes) * (process_time() - began) > HOPELESS * PATIENCE:  # most of it may have been loading of kernels
        raise TimeoutError
    exact = error(causes) if causes else twin
    words = {name: what for name, (what, _) in SWITCHES.items()} | {
        SATURATION: "the limit of the drives' torque",
        START: "the start away from the motion",
    }
    rows = [
        Cause(name, words[name], error([name]), error([other for other in causes if other != name])) for name in causes
    ]
    return tuple(sorted(rows, key=lambda row: (not math.isfinite(row.without), row.without))), twin, exact


def _without(scenario, off):
    for name in off:
        if name in SWITCHES:
            scenario = SWITCHES[name][1](scenario) or scenario
    return scenario


class _Rollout:
    """The twin along a plan's reference, again and again."""

    def __init__(self, plan, reference, tracked):
        self.plan, self.reference, self.tracked = plan, reference, tracked

    def of(self, log):
        """rms error over the joints that are tracked."""
        rows = len(self.reference)
        return float(np.sqrt(np.mean(np.square((log.q - log.q_ref)[:rows, self.tracked]))))

    def _torque(self, dt):
        """What was planned with the reference, or None where another reference was followed."""
        torque, rows = self.plan.torque(dt), len(self.reference)
        if torque is None or len(torque) < rows:
            return None
        return torque[:rows] if np.array_equal(self.plan.reference(dt)[:rows], self.reference) else None

    def error(self, scenario, unlimited, on_motion):
        """Likewise of the twin in a scenario; NaN where it diverges.

        unlimited   the drives have no limits        on_motion   it begins where the motion begins
        """
        robot, plant_robot = believed_robot(scenario), true_robot(scenario)
        dt, rows = scenario.sim.timestep, self.reference
        torque = self._torque(dt)
        law = law_of(scenario, robot, rows, torque)
        effects = effects_of(scenario, robot, plant_robot, len(rows) - 1)
        if unlimited:
            effects.joint[[TAU_MIN, TAU_MAX]] = [[-np.inf], [np.inf]]
        with Twin(plant_robot, dt) as twin:
            start = None if on_motion else start_of(scenario, robot)
            seen = estimator_of(scenario, robot, rows[-1, 0])
            result = simulate(twin, law, rows, effects, start=start, feedforward=torque, estimator=seen)
        finished = len(result.log.joint) == len(rows) and np.isfinite(result.log.joint).all()
        return self.of(result.log) if finished else math.nan


def _unit(robot, tracked):
    prismatic = np.asarray(robot.model().tree)[:, 1] == 1
    kinds = {bool(p) for p in prismatic[tracked]}
    return {frozenset([True]): "m", frozenset([False]): "rad"}.get(frozenset(kinds), "rad or m")
