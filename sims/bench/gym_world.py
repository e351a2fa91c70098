"""What the gym's task files may add to a task: disturbances, constraints.

    World   of a task, from the entries `disturbances`, `constraints` and `done_on_violation` in the gym's own form
    read    a World from such a file (YAML; entries below `task_config` or at the top, all others are left alone)

Noise is drawn as the gym draws it: one generator of numpy a seed, in the order of its calls in an episode (reset:
offsets of impulses and steps, then the first observation; each period: action, dynamics, observation).
Source: safe_control_gym/envs/disturbances.py and constraints.py at e39a569.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from robocalc.errors import InvalidInput, UnknownName

ROUNDED = 5e-9  # the gym rounds constraints to 8 decimals
MODES = ("observation", "action", "dynamics")


@dataclass(frozen=True)
class World:
    """disturbances   {mode: ({"disturbance_func": name, ...}, ...)}
    constraints       ({"constraint_form": ..., "constrained_variable": "state" | "input", ...}, ...)
    done_on_violation whether the first violation ends the episode
    """

    disturbances: dict = field(default_factory=dict)
    constraints: tuple = ()
    done_on_violation: bool = False

    def episode(self, task, seed) -> "Episode":
        """The same with its generator, for one episode."""
        return Episode(self, task, np.random.default_rng(task.seed if seed is None else seed))


class Episode:
    """disturbed(mode, value, k): value with the mode's disturbances of period k; violated(y, u): any constraint is."""

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
        self.rows = [_bounds(spec, task) for spec in world.constraints]

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
        for kind, dims, low, high in self.rows:
            x = (y if kind == "state" else u)[dims]
            if (x < low - ROUNDED).any() or (x > high + ROUNDED).any():
                return True
        return False


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
            setattr(self, key, _numbers(where, key, spec.get(key, default), dim))
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
FORMS = ("default_constraint", "bounded_constraint")


def _made(spec, mode, dim):
    spec = _entry(f"disturbances.{mode}", spec)
    name = spec.pop("disturbance_func", None)
    if name not in DISTURBANCES:
        raise UnknownName("disturbance_func", str(name), DISTURBANCES)
    return DISTURBANCES[name](spec, f"disturbance {name}", dim)


def _bounds(spec, task):
    """(state or input, indices, low, high) of one constraint."""
    spec = _entry("constraints", spec)
    form, kind = spec.get("constraint_form"), str(spec.get("constrained_variable")).lower()
    if form not in FORMS:
        raise UnknownName("constraint_form", str(form), FORMS)
    if kind not in ("state", "input"):
        raise UnknownName("constrained_variable", kind, ("state", "input"))
    low, high = task.box if kind == "state" else task.limits
    dims = np.arange(len(low))
    if spec.get("active_dims") is not None:
        dims = np.atleast_1d(np.asarray(spec["active_dims"], int))
        if dims.min() < 0 or dims.max() >= len(low):
            raise InvalidInput(
                f"active_dims of a constraint of the {kind} are 0 to {len(low) - 1}, not {dims.tolist()}"
            )
    sides = []
    for key, default in (("lower_bounds", low), ("upper_bounds", high)):
        given = spec.get(key)
        sides.append(default[dims] if given is None else _numbers("a constraint", key, given, len(dims)))
    low, high = (np.broadcast_to(side, len(dims)) for side in sides)
    if (low > high).any():
        raise InvalidInput(f"lower_bounds {low.tolist()} of a constraint are above its upper_bounds {high.tolist()}")
    return kind, dims, low, high


def _entry(where, spec):
    if not isinstance(spec, dict):
        raise InvalidInput(f"{where} must be a list of mappings, got {spec!r}")
    return dict(spec)


def _numbers(where, key, value, dim):
    """A finite number, or (dim,) of them; None stays."""
    if value is None:
        return None
    try:
        x = np.asarray(value, float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{key} of {where} must be numbers, got {value!r}") from None
    if x.shape not in ((), (dim,)) or not np.isfinite(x).all():
        raise InvalidInput(f"{key} of {where} must be one finite number or {dim}, got {value!r}")
    return float(x) if x.ndim == 0 else x


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
    return World(disturbances, tuple(constraints), bool(data.get("done_on_violation", False)))
