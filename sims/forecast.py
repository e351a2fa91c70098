"""What can be said of a run before it: whether its loop is stable, and whether the drives can follow the plan.

    forecast   what a run is told of itself; raises Unstable for a loop that the design itself makes unstable
    unstable   that sentence or None, for one reference
    drifting   sentences on joints without a drive that the law leaves alone

A loop is refused on two grounds at once. Its poles, about rest at places of the motion, grow a deviation by more than
GROWTH within the run; and of two runs of the twin along the reference, with the scenario's friction, motors, gears and
delays but nothing random, the second, which starts a little aside, leaves the first. So what linear poles do not
know (saturation, stiction, filters) refuses nothing that works, and what follows a motion too short to matter neither.
"""

from dataclasses import dataclass, replace
from math import expm1, log, pi

import numpy as np

from robocalc.control.filtered import Filtered
from robocalc.control.sampled_loop import decays, sampled_loop, without_coulomb
from robocalc.errors import Unstable
from sims.build import effects_of, law_of, start_of
from sims.drives import beyond
from sims.each import alone
from sims.effects.estimator import estimator_of, law_latency, senses_of
from sims.engines.loop import simulate
from sims.engines.twin import Twin
from sims.remedy import adrift, lacks_drives, sentence
from sims.scenario.solo import called

GROWTH = 1e3  # of a deviation within a run, by its poles, from which on a loop is called unstable
ASIDE = ((1e-8, 1e3), (1e-3, 10.0))  # [rad | m] from the start, and the growth; the second is more than friction holds
PLACES = 3  # of the motion about which poles are asked for
NEAR = 1e-2  # [rad | m]: places closer to each other than this are one
LONGEST = 5000  # steps of the runs that show the growth: several times what a loop needs to grow
KNOWN = ("payload_error", "joint_friction", "motor_lag", "flexible_joint")  # disturbances that change the loop
LATEST = 200  # physics steps of latency up to which poles are looked for


@dataclass(frozen=True)
class Loop:
    """A scenario's law, as poles see it.

    robot, plant   as believed, as it is         law   made for the robot without Coulomb friction
    estimator      that the law runs on, or None; one that predicts adds no pole to those of the law on exact states,
                   as long as the robot is what it believes
    """

    scenario: object
    robot: object
    plant: object
    law: object
    estimator: object = None

    @classmethod
    def of(cls, scenario, robot, plant, reference, estimator=None):
        """reference (N + 1, 3, n): linear laws are made about its end."""
        exact = plant is robot or plant.tree == robot.tree or predicts(scenario)
        robot = without_coulomb(robot)
        return cls(scenario, robot, None if exact else plant, law_of(scenario, robot, reference, None), estimator)

    @property
    def latency(self) -> float:
        """[s] that the law has to live with."""
        return law_latency(self.scenario)

    def with_design(self, design, reference):
        """The same with other gains."""
        words = {"substeps": self.scenario.sim.control_every, "latency": self.latency}
        return replace(self, law=design.law(self.robot, self.law.dt, reference[-1, 0], **words))

    def seeing(self):
        """The law behind what filters the velocities it sees."""
        if self.estimator is not None:
            return self.law if predicts(self.scenario) else Filtered(self.law, self.estimator)
        hz = self.scenario.sensors.joint_velocity.filter_hz
        return self.law if hz is None else Filtered(self.law, fresh=-expm1(-2.0 * pi * hz * self.law.dt))

    def at(self, q, believed=False):
        """SampledLoop about rest at q (n,)."""
        words = {"law": self.seeing(), "plant": None if believed else self.plant}
        return sampled_loop(None, self.robot, self.law.dt, q, self.scenario.sim.control_every, self.latency, **words)

    def radius(self, q) -> float:
        """Of the greatest pole; the smaller of the loops with the robot as it is and as believed: a payload that
        nobody told the design is no fault of it. 0 where that loop
        is stable, or the law feeds nothing back."""
        loops = [x.A for x in self.both(q) if x.C.any()]
        if not loops or any(decays(A) or not np.isfinite(A).all() for A in loops):
            return 0.0
        return min(np.abs(np.linalg.eigvals(A)).max() for A in loops)

    def both(self, q):
        """SampledLoops with the robot as it is and, where that is another one, as believed."""
        yield self.at(q)
        if self.plant is not None:
            yield self.at(q, believed=True)

    def holds(self, q) -> bool:
        """Whether one of both is stable."""
        return any(decays(x.A) for x in self.both(q))


def forecast(scenario, robot, plant, plan) -> tuple:
    """(why the loop is unstable or None, sentences for the run); raises Unstable unless the scenario forces it."""
    reference = plan.reference(scenario.sim.timestep)
    why = unstable_of_any(scenario, robot, plant, reference, plan.grip(scenario.sim.timestep))
    if why is not None and not scenario.sim.force_unstable:
        raise Unstable(f"{why}; sim.force_unstable: true (--force) runs it all the same")
    drift = drifting(scenario, robot, reference)
    known = drift if why is None else (f"forced: {why}",)
    return why or next(iter(drift), None), (*known, *beyond(scenario, robot, reference))


def drifting(scenario, robot, reference) -> tuple:
    """Sentences on joints without a drive of their own that the law does not bring to rest where the motion ends."""
    if scenario.partners:
        each = [(m, solo, np.ascontiguousarray(reference[:, :, m.columns])) for m, solo in alone(scenario, robot)]
        told = [(called(m.name), drifting(solo, m.robot, own)) for m, solo, own in each]
        return tuple(f"{name}: {text}" for name, texts in told for text in texts)
    if not lacks_drives(robot) or robot.tree.tyres or getattr(scenario.controller.design(), "along", False):
        return ()  # tyres do for a drive, which poles do not know of
    return adrift(Loop.of(scenario, robot, robot, reference), reference[-1, 0])


def unstable_of_any(scenario, robot, plant, reference, grip) -> str | None:
    """`unstable` of the first robot that is, of one robot by itself where there are several."""
    if not scenario.partners:
        return unstable(scenario, robot, plant, reference, grip)
    senses = None if scenario.estimator is None else senses_of(scenario, robot)
    for (member, solo), other in zip(alone(scenario, robot), plant.members, strict=True):
        own = np.ascontiguousarray(reference[:, :, member.columns])
        held = None if grip is None else grip[:, member.columns]
        seen = None if senses is None else senses.of(member.columns)
        if (why := unstable(solo, member.robot, other.robot, own, held, seen)) is not None:
            return f"{called(member.name)}: {why}"
    return None


def predicts(scenario) -> bool:
    """Whether the law runs on estimates of now, found through the robot's model."""
    return scenario.estimator is not None and scenario.estimator.design().predicts


def unstable(scenario, robot, plant, reference, grip=None, senses=None) -> str | None:
    """Why the loop is unstable along the reference (N + 1, 3, n), or None; senses of the estimator, if not the
    scenario's."""
    if getattr(scenario.controller.design(), "along", False):
        return None  # such a loop has no poles of its own
    if scenario.sensors.latency > LATEST * scenario.sim.timestep:
        return None  # it has too many to look for
    estimator = estimator_of(scenario, robot, reference[-1, 0], senses)
    loop = Loop.of(scenario, robot, plant, reference, estimator)
    periods, places = (len(reference) - 1) / scenario.sim.control_every, places_of(reference)
    radii = [loop.radius(q) for q in places]
    worst = places[int(np.argmax(radii))]
    if _exponent(radii, periods) < log(GROWTH) or not grows(scenario, robot, plant, reference, grip, estimator):
        return None
    return sentence(loop, worst, reference)


def places_of(reference) -> np.ndarray:
    """(P, n): where the motion ends, starts, and is between, without what is near another."""
    rows = np.linspace(len(reference) - 1, 0, PLACES).round().astype(int)
    found = []
    for q in reference[rows, 0]:
        if all(np.abs(q - other).max() > NEAR for other in found):
            found.append(q)
    return np.array(found)


def _exponent(radii, periods) -> float:
    """ln of the growth over a run that spends equal times about each place, from one unstable place to the next."""
    most = here = 0.0
    for radius in radii:
        here = here + log(radius) * periods / len(radii) if radius > 1.0 else 0.0
        most = max(most, here)
    return most


def grows(scenario, robot, plant, reference, grip=None, estimator=None) -> bool:
    """Whether two runs of the twin that start a little apart leave each other; nothing random and no push in them."""
    known = [item for item in scenario.disturbances if item.type in KNOWN]
    sensors = {name: type(getattr(scenario.sensors, name))() for name in ("joint_position", "torque_ripple")}
    velocity = scenario.sensors.joint_velocity
    sensors["joint_velocity"] = type(velocity)(filter_hz=velocity.filter_hz)
    quiet = scenario.model_copy(
        update={"disturbances": tuple(known), "sensors": scenario.sensors.model_copy(update=sensors)}
    )
    steps = min(len(reference) - 1, LONGEST)
    reference = reference[: steps + 1]
    effects = effects_of(quiet, robot, plant, steps)
    q, v = start_of(scenario, robot)
    words = {"grip": None if grip is None else grip[: steps + 1], "estimator": estimator}

    def path(shift):
        law, start = (
            law_of(quiet, robot, reference, None),
            (q + shift * np.sqrt(np.arange(1, robot.n + 1) / robot.n), v),
        )
        return simulate(Twin(plant, scenario.sim.timestep), law, reference, effects, start=start, **words).log.q

    first = path(0.0)
    return any(_apart(first, path(shift)) > shift * growth for shift, growth in ASIDE)


def _apart(first, second) -> float:
    """[rad | m] the greatest distance of two runs; inf where one is no number."""
    rows = min(len(first), len(second))
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(first[:rows] - second[:rows])
    return float(apart.max()) if np.isfinite(apart).all() else np.inf
