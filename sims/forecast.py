"""What can be said of a run before it: whether its loop is stable, and whether the drives can follow the plan.

    forecast   what a run is told of itself; raises Unstable for a loop that the design itself makes unstable
    unstable   that sentence or None, for one reference
    beyond     sentences on torque that the planned motion needs and the drives do not have

A loop is refused on two grounds at once. Its poles, about rest at places of the motion, grow a deviation by more than
GROWTH within the run; and of two runs of the twin along the reference, with the scenario's friction, motors, gears and
delays but nothing random, the second, which starts a little aside, leaves the first. So what linear poles do not
know (saturation, stiction, filters) refuses nothing that works, and what follows a motion too short to matter neither.
"""

from dataclasses import dataclass, fields, replace
from math import expm1, log, pi

import numpy as np

from robocalc.control.filtered import Filtered
from robocalc.control.law import undriven
from robocalc.control.sampled_loop import decays, sampled_loop, unmoved, without_coulomb
from robocalc.errors import InvalidInput, Unstable
from sims.build import effects_of, law_of, motion_limits, start_of
from sims.each import alone
from sims.effects.estimator import estimator_of, law_latency, senses_of
from sims.engines.loop import simulate
from sims.engines.twin import Twin
from sims.scenario.solo import called

GROWTH = 1e3  # of a deviation within a run, by its poles, from which on a loop is called unstable
ASIDE = ((1e-8, 1e3), (1e-3, 10.0))  # [rad | m] from the start, and the growth; the second is more than friction holds
PLACES = 3  # of the motion about which poles are asked for
NEAR = 1e-2  # [rad | m]: places closer to each other than this are one
LONGEST = 5000  # steps of the runs that show the growth: several times what a loop needs to grow
KNOWN = ("payload_error", "joint_friction", "motor_lag", "flexible_joint")  # disturbances that change the loop
LATEST = 200  # physics steps of latency up to which poles are looked for
SHOWN = 3  # poles, joints in a sentence
LESS = (4.0, 32.0, 256.0, 4096.0)  # times a gain is made smaller in search of a stable one: twice one alone, then all
HALVINGS, WORK = 8, 3e8  # steps from there to the largest; in all so many N³ of a loop of N states, and at least 12
PART = 0.5  # of the greatest motion of a joint: a joint that moves more is named
SAMPLES = 1500  # of the motion at which its torque is asked for
OVER = 1.001  # of a limit: more is not rounding
FASTER = ("kd", "wn", "kp", "velocity", "rate", "bandwidth", "attitude", "stiffness", "q_weight", "position", "ki")


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
    return why, (*([] if why is None else [f"forced: {why}"]), *beyond(scenario, robot, reference))


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


def sentence(loop, q, reference) -> str:
    """Poles, joints and what would be valid, of a loop that is unstable about q (n,)."""
    found, n, late = loop.at(q), loop.robot.n, loop.latency
    poles, modes = np.linalg.eig(found.A)
    order = [k for k in np.argsort(-np.abs(poles)) if np.abs(poles[k]) > 1.0 and poles[k].imag >= 0]
    share = np.max([_share(modes[:, k], n, loop.law.dt) for k in order[:SHOWN]], axis=0)
    names = ", ".join(f"joint {i + 1} ({loop.robot.joints[i]})" for i in np.flatnonzero(share > PART)[:SHOWN])
    shown = ", ".join(f"{poles[k].real:.4g}" if poles[k].imag == 0 else f"{poles[k]:.4g}" for k in order[:SHOWN])
    period = f"a period of {1e3 * loop.law.dt:g} ms" + (f" and a latency of {1e3 * late:g} ms" if late else "")
    on = "" if loop.estimator is None else f" on estimates of {loop.scenario.estimator.type}"
    return (
        f"controller {loop.scenario.controller.type}{on} is unstable with {period}: "
        f"pole{'s' * (len(order) > 1)} {shown} outside the unit circle, of {names}; {remedy(loop, q, reference)}"
    )


def _share(mode, n, dt) -> np.ndarray:
    """(n,) of each joint in a motion, the greatest 1."""
    moved = np.abs(mode[:n]) + np.abs(mode[n : 2 * n]) * dt
    return moved / max(moved.max(), 1e-300)


def remedy(loop, q, reference) -> str:
    """What would be stable about q, in words."""
    found = loop.at(q)
    if lost := unmoved(found.plant, loop.robot):
        return f"no drive stabilises {', '.join(lost)}"
    if less := smaller(loop, q, reference):
        return f"stable would be {less}"
    if loop.latency:
        return "lower the gains, or sensors.latency"
    if undriven(loop.robot).any():
        return "it does not hold what falls by itself, as lqr may"
    return "raise kp against what pulls, or lower all gains, or raise sim.control_rate"


def smaller(loop, q, reference) -> str | None:
    """The first gain that makes the loop stable when it alone is smaller, and its largest such value; or all gains."""
    design = loop.scenario.controller.design()
    known = {field.name: getattr(design, field.name) for field in fields(design)}
    gains = {x: np.asarray(known[x], float) for x in FASTER if known.get(x) is not None and np.any(known[x])}
    left = iter(range(max(12, int(WORK / len(loop.at(q).A) ** 3))))
    for name, value in gains.items():
        factor = _factor(loop, design, q, reference, {name: value}, LESS[:2], left)
        if factor is not None:
            most = factor * value
            return f"{name} at most {f'{most:.3g}' if most.ndim == 0 else [float(f'{x:.3g}') for x in most]}"
    factor = _factor(loop, design, q, reference, gains, LESS, left) if len(gains) > 1 else None
    return None if factor is None else f"{' and '.join(gains)} {factor:.2g} times as large, or less"


def _factor(loop, design, q, reference, gains, less, left):
    """The greatest factor on gains {name: value} with which the loop is stable: 1 / less, then by bisection; None.

    left      one item for each loop that may be looked at
    """

    def stable(factor):
        given = {name: (factor * value).tolist() for name, value in gains.items()}
        try:
            other = replace(design, **{name: tuple(x) if isinstance(x, list) else x for name, x in given.items()})
            return loop.with_design(other, reference).holds(q)
        except InvalidInput:
            return False

    high = 1.0
    for low, _ in zip((1.0 / x for x in less), left):
        if stable(low):
            break
        high = low
    else:
        return None
    for _ in zip(range(HALVINGS), left):
        middle = (low + high) / 2
        low, high = (middle, high) if stable(middle) else (low, middle)
    return low


def beyond(scenario, robot, reference) -> tuple:
    """A sentence for the joint whose drive lacks most of the torque that the motion needs; () where all is there."""
    limits = motion_limits(scenario, robot)
    if limits.torque is None or getattr(robot.tree, "thrusters", ()):
        return ()
    low, high = limits.bounds("torque", robot.n)
    every = max(1, (len(reference) - 1) // SAMPLES)
    q, v, a = np.moveaxis(reference[::every], 1, 0)
    viscous, coulomb = robot.friction
    tau = robot.inverse_dynamics(q, v, a) + viscous * v + coulomb * np.sign(v)
    driven = ~undriven(robot)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(driven & (high > 0) & (low < 0), np.maximum(tau / high, tau / low), 0.0)
    row, joint = np.unravel_index(np.argmax(share), share.shape)
    if not share[row, joint] > OVER:
        return ()
    limit, t = (high if tau[row, joint] > 0 else -low)[joint], row * every * scenario.sim.timestep
    unit = "N m" if robot.tree.moving[joint].kind != "prismatic" else "N"
    return (
        f"the planned motion needs {abs(tau[row, joint]):.3g} {unit} of joint {joint + 1} ({robot.joints[joint]}) at "
        f"t = {t:.3g} s, {share[row, joint]:.2g} times its limit of {limit:.3g} {unit}: its drive will saturate",
    )
