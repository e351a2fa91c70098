"""A six-axis force-torque sensor in the robot, read from a run: the same in every engine.

ForceTorque    the sensor at a link: what the robot exerts through it on all that is beyond
flange_of      where it sits when nobody says: behind the last joint that moves the tool
Touched        a contact force on a link, as far as an engine has contacts
told           what the sensor's electronics make of it
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.tree import Joint, Link
from robocalc.errors import InvalidInput, UnknownName
from sims.effects.build import stream

STEM = "force_torque"
AXES = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
UNFELT = ("drag", "hanging_load")  # what acts on a link with a force that the log does not hold


class Touched(NamedTuple):
    """At t [s] the world pressed on `link` (`other`, if a link, bears the reaction): force [N] at point [m], world."""

    t: float
    link: str
    other: str
    point: tuple
    force: tuple


@dataclass(frozen=True)
class ForceTorque:
    """f, n [N, N m] in the axes of `link`, about its origin: what holds and moves all that is beyond it.

        (f, n) = Σ (rate of momentum - weight - forces of the world) over the links beyond

    robot   as it is, payload included
    source  Newton-Euler recursion at six joints put in at the sensor, which stand still; Featherstone (2008), ch. 5
    raises  UnknownName for a link; InvalidInput where no joint carries it, or forces act beyond that nobody records
    """

    robot: object
    link: str

    def __post_init__(self):
        if self.link not in self.robot.links:
            raise UnknownName("link", self.link, self.robot.links)
        if self.link == self.robot.tree.root:
            raise InvalidInput(f"sensors.force_torque: no joint carries {self.link!r}, the base; name a link beyond it")
        tree = self.robot.tree
        driven = [part.name for part in (*tree.thrusters, *tree.tyres) if part.link in self.beyond]
        if driven:
            raise InvalidInput(f"sensors.force_torque at {self.link!r} cannot feel {driven[0]!r}, which is beyond it")

    @cached_property
    def beyond(self) -> frozenset:
        """Names of the link and of all that it carries."""
        found = {self.link}
        for joint in self.robot.tree.joints:  # parents first
            if joint.parent in found:
                found.add(joint.child)
        return frozenset(found)

    @cached_property
    def _opened(self):
        """The robot with three slides and three turns at the sensor, and the columns of its own joints and of those."""
        tree = self.robot.tree
        names = [f"{STEM} {i}" for i in range(6)]
        ends = [*names, self.link]
        six = [
            Joint(f"{STEM} {i}", "prismatic" if i < 3 else "revolute", ends[i], ends[i + 1], axis=AXES[i % 3])
            for i in range(6)
        ]
        joints = []
        for joint in tree.joints:
            joints += [replace(joint, child=names[0]), *six] if joint.child == self.link else [joint]
        tree = replace(tree, joints=tuple(joints), links=(*tree.links, *(Link(name) for name in names)))
        robot = replace(self.robot, tree=tree, home=np.zeros(self.robot.n + 6))
        column = {name: i for i, name in enumerate(robot.joints)}
        return robot, [column[name] for name in self.robot.joints], [column[joint.name] for joint in six]

    def held(self, q, v, a) -> np.ndarray:
        """(N, 6) for q, v, a (N, n) without forces of the world; NaN where they are not finite."""
        robot, own, six = self._opened
        wide = np.zeros((3, len(q), robot.n))
        wide[:, :, own] = q, v, a
        wrench, finite = np.full((len(q), 6), np.nan), np.isfinite(wide).all(axis=(0, 2))
        if finite.any():
            wrench[finite] = robot.inverse_dynamics(*(np.ascontiguousarray(x[finite]) for x in wide))[:, six]
        return wrench

    def felt(self, q, point, force) -> np.ndarray:
        """(6,) of a force (3,) [N] at a point (3,) [m] in world on what is beyond, at q (n,)."""
        T = self.robot.pose(q, self.link)
        R, p = T[:3, :3], T[:3, 3]
        return np.concatenate([R.T @ force, R.T @ np.cross(point - p, force)])

    def read(self, log, rows, pushes=(), touched=()) -> np.ndarray:
        """(len(rows), 6) at rows of a log: each the mean over the physics step before it; that of row 0 the step after.

        pushes   sims.effects.Push, ...      touched   Touched, ... as of those rows
        """
        rows = np.asarray(rows)
        steps = np.minimum(np.maximum(rows - 1, 0), len(log.joint) - 2)
        with np.errstate(invalid="ignore", over="ignore"):
            a = (log.v[steps + 1] - log.v[steps]) / log.dt
        wrench = self.held(log.q[steps], log.v[steps], a)
        for push in (push for push in pushes if push.link in self.beyond):
            end = push.start + push.duration
            share = (np.minimum(end, (steps + 1) * log.dt) - np.maximum(push.start, steps * log.dt)) / log.dt
            for i in np.flatnonzero((share > 0) & np.isfinite(wrench).all(axis=1)):
                T = self.robot.pose(log.q[steps[i]], push.link)
                point = T[:3, :3] @ push.point + T[:3, 3]
                wrench[i] -= min(share[i], 1.0) * self.felt(log.q[steps[i]], point, np.array(push.force))
        place = {int(row): i for i, row in enumerate(rows)}
        for touch in touched:
            sign = (touch.link in self.beyond) - (touch.other in self.beyond)
            i = place.get(round(touch.t / log.dt))
            if sign and i is not None and np.isfinite(wrench[i]).all():
                wrench[i] -= sign * self.felt(log.q[steps[i]], np.array(touch.point), np.array(touch.force))
        return wrench


def flange_of(robot) -> str:
    """The first link fixed to the last body that carries the tool; the tool link itself where a joint moves it."""
    carrier = {joint.child: joint for joint in robot.tree.joints}
    link = robot.tool
    while link in carrier and not carrier[link].moves:
        above = carrier[link].parent
        if above not in carrier or carrier[above].moves:
            return link
        link = above
    return link


def sensor_of(scenario, robot):
    """The scenario's sensor in a robot as it is, or None; raises what ForceTorque raises."""
    spec = scenario.sensors.force_torque
    if spec is None:
        return None
    sensor = ForceTorque(robot, spec.link or flange_of(robot))
    for item in scenario.disturbances:
        if item.type in UNFELT and item.link in sensor.beyond:
            what = item.type.replace("_", " ")
            raise InvalidInput(
                f"sensors.force_torque at {sensor.link!r} cannot feel a {what} on {item.link!r}, which is beyond it"
            )
    return sensor


def told(spec, wrench, t, seed) -> np.ndarray:
    """(M, 6) [N, N m] that a sensor tells of what acts on it, wrench (M, 6) at evenly spaced t (M,) [s].

        x_k = clip(w_k + bias + drift t_k + noise_k),   y_k = y_k-1 + (1 - exp(-2π f T)) (x_k - y_k-1),   y_0 = x_0

    and y rounded to its resolution. The noise is drawn for the seed: a longer run begins with a shorter one's draws.
    spec   sims.scenario.schema_effects.ForceTorqueSensor
    """
    noise = np.array(spec.std) * stream(seed, "sensors.force_torque").standard_normal((len(t), 6))
    x = wrench + np.array(spec.bias) + np.outer(t, spec.drift) + noise
    if spec.range is not None:
        x = np.clip(x, -np.array(spec.range), np.array(spec.range))
    if spec.filter_hz is not None and len(t) > 1:
        x = _smooth(x, -np.expm1(-2 * np.pi * spec.filter_hz * (t[1] - t[0])))
    step = np.array(spec.quantization)
    return np.where(step > 0, step * np.round(x / np.where(step > 0, step, 1.0)), x)


def _smooth(x, share):
    """y_k = y_k-1 + share (x_k - y_k-1), from y_0 = x_0."""
    y = x.copy()
    for k in range(1, len(y)):
        y[k] = y[k - 1] + share * (x[k] - y[k - 1])
    return y


def steps_of(scenario) -> int | None:
    """Physics steps from one reading to the next; None: it is read when the world is looked at."""
    spec = scenario.sensors.force_torque
    return None if spec is None or spec.rate is None else max(1, round(1 / (spec.rate * scenario.sim.timestep)))
