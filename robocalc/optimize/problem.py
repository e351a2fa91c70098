"""One statement of an optimal control problem; every part has a name, and what cannot be meant is refused by it.

Problem   minimise M(T, x(T)) + ∫₀ᵀ L(t, x, u) dt   under ẋ = f(t, x, u), bounds, and named constraints
Path      one named constraint lo ≤ g(t, x, u) ≤ hi
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.optimize.check import interval, limits, positive_whole, target

WHERE = ("path", "initial", "final")


class Path(NamedTuple):
    """g(t, x, u) between lo and hi (numbers, or one for each element); where: along the path, initial or final."""

    name: str
    g: object
    lo: object
    hi: object
    where: str


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise M(T, x(T)) + ∫₀ᵀ L(t, x, u) dt under ẋ = f(t, x, u), times from 0 to T [s].

    dynamics       a System, a Robot (x = q, v; u = its inputs: torques of driven joints, thrusts), or f(t, x, u)
                   written with numpy's functions on indexable x (nx,) and u (nu,), returning nx rates
    nx, nu         sizes; a System or a Robot knows its own
    duration       T, or (lo, hi) where it is free
    initial        (nx,) with None where free, or None; an entry may be a range (lo, hi); final likewise
    running        L(t, x, u), or a name in OBJECTIVES, or {name: weight}
    terminal       M(T, x(T))
    state_bounds   (lo, hi), numbers or (nx,), None or ±inf where unbounded; a Robot's limits where None
    input_bounds   likewise (nu,); a Robot's input limits where None
    constraints    {"name": (g(t, x, u), lo, hi)}, or (g, lo, hi, "initial" | "final") for one end only
    guess          None (a line between the ends, inputs 0), a Plan, a Trajectory of x or of the positions in it, (x, u)
                   or (t, x, u) with rows in time, or a function t -> (x, u), t from 0 to the duration
    parameters     {"name": value, or (lo, hi) where it is free}: functions that take one argument more get them,
                   in this order, as p[0] or p["name"]
    state_names, input_names, state_units, input_units   for messages; a System or Robot has its own
    firm           names of constraints that are never what gives way where there is no motion, such as links of phases
    raises         InvalidInput   says which part is wrong and what would fit
    """

    dynamics: object
    nx: int | None = None
    nu: int | None = None
    duration: object = None
    initial: object = None
    final: object = None
    running: object = None
    terminal: object = None
    state_bounds: object = None
    input_bounds: object = None
    constraints: Mapping = field(default_factory=dict)
    guess: object = None
    parameters: Mapping = field(default_factory=dict)
    state_names: tuple | None = None
    input_names: tuple | None = None
    state_units: tuple | None = None
    input_units: tuple | None = None
    firm: tuple = ()

    def __post_init__(self):
        put = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        put("nx", self._size("nx"))
        put("nu", self._size("nu"))
        put("state_names", self._names("state_names", self._known_names[0], self.nx, "x"))
        put("input_names", self._names("input_names", self._known_names[1], self.nu, "u"))
        put("constraints", {} if self.constraints is None else self.constraints)
        put("parameters", {} if self.parameters is None else self.parameters)
        if self.terminal is not None and not callable(self.terminal):
            raise InvalidInput(f"terminal must be a function M(T, x), got {self.terminal!r}")
        if self.running is not None and not callable(self.running):
            from robocalc.optimize.objectives import weights

            weights(self.running)
        for part in ("duration_range", "x_bounds", "u_bounds", "ends", "paths", "parameter_ranges"):
            getattr(self, part)
        self._check_ends()

    # --- what kind of dynamics

    @cached_property
    def kind(self) -> str:
        """function, system or robot."""
        if hasattr(self.dynamics, "tree") and hasattr(self.dynamics, "joints"):
            return "robot"
        if hasattr(self.dynamics, "equations") and hasattr(self.dynamics, "states"):
            return "system"
        if callable(self.dynamics):
            return "function"
        raise InvalidInput(f"dynamics must be a System, a Robot or a function f(t, x, u), got {self.dynamics!r}")

    def _size(self, name):
        own = {"robot": lambda d: {"nx": 2 * d.n, "nu": d.m}, "system": lambda d: {"nx": d.nx, "nu": d.nu}}
        given = getattr(self, name)
        if self.kind == "function":
            if given is None:
                raise InvalidInput(f"{name} is missing: a function f(t, x, u) does not say how long {name[1]} is")
            return positive_whole(name, given)
        known = own[self.kind](self.dynamics)[name]
        if given is not None and given != known:
            raise InvalidInput(f"{name} = {given!r}, but {self.dynamics.name} has {name} = {known}")
        return known

    @cached_property
    def _known_names(self):
        d = self.dynamics
        if self.kind == "system":
            return tuple(d.states), tuple(d.inputs)
        if self.kind == "robot":
            positions, velocities = ([f"{what} of {j}" for j in d.joints] for what in ("position", "velocity"))
            inputs = (f"torque of {name}" if name in d.joints else f"thrust of {name}" for name in d.inputs)
            return (*positions, *velocities), tuple(inputs)
        return None, None

    def _names(self, what, known, n, letter):
        names = getattr(self, what)
        if names is None:
            return known or tuple(f"{letter}[{i}]" for i in range(n))
        names = tuple(str(s) for s in names)
        if len(names) != n or len(set(names)) != n:
            raise InvalidInput(f"{what} must be {n} different names, got {names}")
        return names

    @cached_property
    def units(self):
        """(unit of each state, unit of each input), empty where not known."""
        d = self.dynamics
        if self.kind == "system":
            return tuple(d.states.values()), tuple(d.inputs.values())
        if self.kind == "robot":
            turns = [j.kind != "prismatic" for j in d.tree.moving]
            q = ["rad" if t else "m" for t in turns]
            return tuple([*q, *(f"{s}/s" for s in q)]), d.input_units
        return tuple(
            ("",) * n if given is None else tuple(given)
            for given, n in ((self.state_units, self.nx), (self.input_units, self.nu))
        )

    # --- parts as arrays, checked

    @cached_property
    def duration_range(self) -> tuple:
        """(lo, hi) [s], the same where the duration is fixed."""
        return interval("duration", self.duration, least=0.0)

    @cached_property
    def x_bounds(self) -> np.ndarray:
        """(2, nx), infinite where unbounded."""
        given = self.state_bounds
        if given is None and self.kind == "robot":
            lo, hi = self.dynamics.limits.bounds("position"), self.dynamics.limits.bounds("velocity")
            given = (np.append(lo[0], hi[0]), np.append(lo[1], hi[1]))
        return limits("state_bounds", given, self.nx, self.state_names)

    @cached_property
    def u_bounds(self) -> np.ndarray:
        """(2, nu), infinite where unbounded."""
        given = self.input_bounds
        if given is None and self.kind == "robot":
            given = self.dynamics.input_limits
        return limits("input_bounds", given, self.nu, self.input_names)

    @cached_property
    def ends(self) -> tuple:
        """(initial, final), each (2, nx): lower and upper, infinite where free."""
        return tuple(target(name, getattr(self, name), self.nx, self.state_names) for name in ("initial", "final"))

    def _check_ends(self):
        for name, end in zip(("initial", "final"), self.ends, strict=True):
            for i, what in enumerate(self.state_names):
                lo, hi = self.x_bounds[:, i]
                if end[0, i] > hi or end[1, i] < lo:
                    value = f"{end[0, i]:g}" if end[0, i] == end[1, i] else f"{end[0, i]:g} to {end[1, i]:g}"
                    raise InvalidInput(
                        f"{name} {what} = {value} breaks its state bound: it must lie in [{lo:g}, {hi:g}]"
                    )

    @cached_property
    def paths(self) -> tuple:
        """Named constraints as Paths."""
        if not isinstance(self.constraints, Mapping):
            raise InvalidInput(f'constraints must be {{"name": (g, lo, hi)}}, got {self.constraints!r}')
        return tuple(_path(name, value) for name, value in self.constraints.items())

    @cached_property
    def parameter_ranges(self) -> dict:
        """{name: (lo, hi)}, the same where the value is fixed."""
        if not isinstance(self.parameters, Mapping):
            raise InvalidInput(f'parameters must be {{"name": value or (lo, hi)}}, got {self.parameters!r}')
        return {str(k): interval(f"parameter {k!r}", v) for k, v in self.parameters.items()}


def _path(name, value):
    if not isinstance(value, tuple | list) or len(value) not in (3, 4) or not callable(value[0]):
        raise InvalidInput(f"constraint {name!r} must be (g(t, x, u), lo, hi), got {value!r}")
    g, lo, hi, *where = value
    where = where[0] if where else "path"
    if where not in WHERE:
        raise InvalidInput(f"constraint {name!r} must hold along the 'path', or at 'initial' or 'final', got {where!r}")
    lo, hi = (
        np.where([v is None for v in np.ravel(np.array(b, object))], s, b) for b, s in ((lo, -np.inf), (hi, np.inf))
    )
    try:
        lo, hi = np.asarray(lo, float), np.asarray(hi, float)
        lo, hi = np.broadcast_arrays(lo, hi)
    except (TypeError, ValueError):
        raise InvalidInput(f"constraint {name!r}: lo and hi must be numbers or None, got {value[1:3]!r}") from None
    if np.isnan(lo).any() or np.isnan(hi).any() or (lo == np.inf).any() or (hi == -np.inf).any():
        raise InvalidInput(f"constraint {name!r}: lo and hi must be numbers or None, got {value[1:3]!r}")
    if (lo > hi).any():
        i = int(np.argmax(lo > hi))
        raise InvalidInput(f"constraint {name!r} has lower {lo[i]:g} above upper {hi[i]:g}")
    return Path(str(name), g, lo, hi, where)
