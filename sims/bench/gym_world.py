"""What the gym's task files may add to a task: disturbances, constraints, inertias.

    World   of a task, from the entries `disturbances`, `constraints`, `done_on_violation`, `inertial_prop`,
            `randomized_inertial_prop` and `inertial_prop_randomization_info` in the gym's own form
    read    a World from such a file (YAML; entries below `task_config` or at the top, all others are left alone)

Noise is drawn as the gym draws it: one generator of numpy a seed, in the order of its calls in an episode (reset:
offsets of impulses and steps, inertias, then the first observation; each period: action, dynamics, observation).
Source: safe_control_gym/envs/disturbances.py and benchmark_env.py at e39a569.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.bench.gym_constraints import constraint, entry, numbers
from sims.bench.gym_inertia import drawn, given

MODES = ("observation", "action", "dynamics")


@dataclass(frozen=True)
class World:
    """disturbances   {mode: ({"disturbance_func": name, ...}, ...)}
    constraints       ({"constraint_form": ..., "constrained_variable": "state" | "input", ...}, ...)
    done_on_violation whether the first violation ends the episode
    inertia           inertias of the robot, which its controllers know: gym_inertia.given; None: its own
    draws_inertia     whether an episode's robot has others, drawn by its seed, which its controllers do not know
    inertia_draws     {property: {"distrib": name, ...}} of the cart-pole's; None: the gym's
    """

    disturbances: dict = field(default_factory=dict)
    constraints: tuple = ()
    done_on_violation: bool = False
    inertia: dict | list | None = None
    draws_inertia: bool = False
    inertia_draws: dict | None = None

    def known(self, task):
        """The task as its controllers know it."""
        return task if self.inertia is None else task.with_inertia(given(task, self.inertia))

    def episode(self, task, seed) -> "Episode":
        """The same with its generator, for one episode."""
        return Episode(self, task, np.random.default_rng(task.seed if seed is None else seed))


class Episode:
    """disturbed(mode, value, k): value with the mode's disturbances of period k; violated(y, u): any constraint is;
    flown: the task with the robot of this episode."""

    def __init__(self, world, task, rng):
        self.task, self.rng, self.stops = task, rng, world.done_on_violation
        dims = {"observation": len(task.order), "action": task.robot.m, "dynamics": 3 if task.spatial else 2}
        for mode in world.disturbances:
            if mode not in MODES:
                raise UnknownName("mode of disturbance", mode, MODES)
        self.parts = {
            mode: [_made(spec, mode, dims[mode]) for spec in specs] for mode, specs in world.disturbances.items()
        }
        for parts in self.parts.values():
            for part in parts:
                part.begin(rng, task.periods)
        self.constraints = [constraint(spec, task) for spec in world.constraints]
        self.flown = task.with_inertia(drawn(task, world.inertia_draws, rng)) if world.draws_inertia else task

    def disturbed(self, mode, value, k):
        for part in self.parts.get(mode, ()):
            value = value + part.at(k, self.rng, self.task)
        return value

    @property
    def noisy(self) -> bool:
        """Whether what the controller sees is not the state."""
        return bool(self.parts.get("observation"))

    @property
    def pushed(self) -> bool:
        """Whether forces act on the robot."""
        return bool(self.parts.get("dynamics"))

    def violated(self, y, u) -> bool:
        """y (2n,) in the gym's order and u (m,) as asked for, disturbed, before their limits."""
        return any(c.violated(y if c.kind == "state" else u) for c in self.constraints)


class Disturbance:
    """One entry: `names` it may have beside `mask`, with defaults; `at` gives (dim,) of a period."""

    names: ClassVar = {}

    def __init__(self, spec, where, dim):
        self.dim = dim
        allowed = {"mask": None, **self.names}
        for key in spec:
            if key not in allowed:
                raise UnknownName(f"entry of {where}", key, allowed)
        for key, default in allowed.items():
            setattr(self, key, numbers(where, key, spec.get(key, default), dim))
        self.mask = np.ones(dim) if self.mask is None else self.mask

    def begin(self, rng, periods):
        """The start of an episode."""
        if getattr(self, "step_offset", 0) is None:
            self.offset = int(rng.integers(periods))
        else:
            self.offset = int(getattr(self, "step_offset", 0))

    def at(self, k, rng, task):
        return self.value(k, rng, task) * self.mask


class Impulse(Disturbance):
    names: ClassVar = {"magnitude": 1.0, "step_offset": None, "duration": 1.0, "decay_rate": 1.0}

    def value(self, k, rng, task):
        away = abs(k - int(self.offset + self.duration / 2))
        return self.magnitude * self.decay_rate**away if k >= self.offset and away < self.duration / 2 else 0.0


class Step(Disturbance):
    names: ClassVar = {"magnitude": 1.0, "step_offset": None}

    def value(self, k, rng, task):
        return self.magnitude if k >= self.offset else 0.0


class Uniform(Disturbance):
    names: ClassVar = {"low": 0.0, "high": 1.0}

    def value(self, k, rng, task):
        return rng.uniform(self.low, self.high, size=self.dim)


class White(Disturbance):
    names: ClassVar = {"std": 1.0}

    def value(self, k, rng, task):
        return rng.normal(0, self.std, size=self.dim)


class Periodic(Disturbance):
    names: ClassVar = {"scale": 1.0, "frequency": 1.0}

    def value(self, k, rng, task):
        phase = rng.uniform(-np.pi, np.pi, size=self.dim)
        return self.scale * np.sin(2 * np.pi * self.frequency * k * task.period + phase)


DISTURBANCES = {"impulse": Impulse, "step": Step, "uniform": Uniform, "white_noise": White, "periodic": Periodic}


def _made(spec, mode, dim):
    spec = entry(f"disturbances.{mode}", spec)
    name = spec.pop("disturbance_func", None)
    if name not in DISTURBANCES:
        raise UnknownName("disturbance_func", str(name), DISTURBANCES)
    return DISTURBANCES[name](spec, f"disturbance {name}", dim)


def read(file) -> World:
    """raises InvalidInput: no such file, no YAML, entries of another form."""
    import yaml

    try:
        with open(file, encoding="utf-8") as stream:
            data = yaml.safe_load(stream)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise InvalidInput(f"{file} is no YAML: {str(error).splitlines()[0]}") from None
    data = data.get("task_config", data) if isinstance(data, dict) else data
    if not isinstance(data, dict):
        raise InvalidInput(f"{file} must hold a mapping with disturbances, constraints or both")
    disturbances, constraints = data.get("disturbances") or {}, data.get("constraints") or ()
    if not isinstance(disturbances, dict) or not all(isinstance(specs, list) for specs in disturbances.values()):
        raise InvalidInput(f"{file}: disturbances must map {', '.join(MODES)} to lists")
    if not isinstance(constraints, list | tuple):
        raise InvalidInput(f"{file}: constraints must be a list")
    return World(
        disturbances,
        tuple(constraints),
        bool(data.get("done_on_violation", False)),
        data.get("inertial_prop"),
        bool(data.get("randomized_inertial_prop", False)),
        data.get("inertial_prop_randomization_info"),
    )
