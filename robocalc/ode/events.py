"""Events: where a function g(t, y) of the state is zero, and what then happens.

Event        g, terminal, direction, reset; plain functions with attributes of these names are events too
read_events  what a user gave, checked
event_field  all of them as one Field with one result each
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.rhs import Field, checked, form_of, is_compiled, python_field


@dataclass(frozen=True)
class Event:
    """Zeros of g(t, y) or g(t, y, p); a zero at the start counts, as does a touch without crossing.

    g is taken at 11 points of each step and sought between them; one that swings faster than that needs max_step.

    terminal    False: go on; True or 1: stop at the first, k: at the k-th
    direction   > 0: only where g comes from below zero; < 0: only from above; 0: both
    reset       y₊ = reset(t, y) or reset(t, y, p): the state after the event, where the solution goes on
    reset_jac   ∂y₊/∂y (n, n) of reset, for sensitivities; finite differences where it is missing
    """

    g: Callable
    terminal: bool | int = False
    direction: float = 0.0
    reset: Callable | None = None
    reset_jac: Callable | None = field(default=None)

    def __post_init__(self):
        if not callable(self.g):
            raise InvalidInput(f"an event must be a function g(t, y), got {type(self.g).__name__}")
        if self.reset is not None and not callable(self.reset):
            raise InvalidInput(f"an event's reset must be a function (t, y) -> y, got {self.reset!r}")
        terminal = 0 if self.terminal is None else self.terminal
        if int(terminal) != terminal or terminal < 0:
            raise InvalidInput(
                f"The `terminal` attribute of each event must be a boolean or positive integer, got {self.terminal!r}"
            )
        object.__setattr__(self, "terminal", int(terminal))
        direction = float(0 if self.direction is None else self.direction)
        if not np.isfinite(direction):
            raise InvalidInput(f"an event's direction must be a number, got {self.direction!r}")
        object.__setattr__(self, "direction", direction)


def read_events(events) -> tuple[Event, ...]:
    """None, one event, or several; each a function (with attributes terminal, direction, reset) or an Event."""
    if events is None:
        return ()
    if isinstance(events, Event) or callable(events):
        events = (events,)
    return tuple(e if isinstance(e, Event) else _from_function(e) for e in events)


def _from_function(g) -> Event:
    names = ("terminal", "direction", "reset", "reset_jac")
    return Event(g, **{name: getattr(g, name) for name in names if hasattr(g, name)})


def table(events) -> np.ndarray:
    """(ne, 4) rows of robocalc.ode.layout: direction, limit, count, mute. A reset stops the kernel at each event."""
    rows = [(e.direction, 1.0 if e.reset is not None else float(e.terminal), 0.0, 0.0) for e in events]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 4)


def caller(function, form: str, args=None):
    """(t, y, p) -> function's own call."""
    if args is not None:
        return lambda t, y, p: function(t, y, *args)
    return (lambda t, y, p: function(t, y)) if form == "ty" else function


def event_field(events, args=None) -> Field:
    """One function with an entry for each event: compiled where all are, else Python."""
    forms = [form_of(e.g, "event function", args) for e in events]
    if all(is_compiled(e.g) for e in events) and "typo" not in forms:
        return _compiled_events(events, forms, args)
    calls = [caller(e.g, form, args) for e, form in zip(events, forms)]

    def several(t, y, p):
        return [checked(call(t, y, p), 1, "event function")[0] for call in calls]

    return python_field(several, len(events), "event function")


_known = {}


def _compiled_events(events, forms, args) -> Field:
    from numba.core.errors import NumbaError

    from robocalc.ode.clones import adopted
    from robocalc.ode.fingerprint import fingerprint
    from robocalc.ode.native import RHS, address, compile_source
    from robocalc.ode.rhs import WRAPPERS, cannot_compile, pack_args
    from robocalc.ode.spread import spread_one, stamped

    slots, _ = pack_args(args or ())
    key = (tuple(id(e.g) for e in events), tuple(forms), slots)
    if key not in _known:
        lines = ["def field(n, t, y, m, p, out):"]
        for i, form in enumerate(forms):
            call = WRAPPERS[form].format(size=1, args=slots)
            call = call.replace("spread(out, 1", f"spread_one(at(out, {i})").replace("user(", f"user{i}(")
            lines.append(f"    {call}")
        scope = {f"user{i}": adopted(e.g) for i, e in enumerate(events)} | {"spread_one": spread_one}
        stamps = [fingerprint(e.g) for e in events]
        stamp = stamped("".join(stamps)) if all(stamps) else None
        try:
            wrapped = compile_source("\n".join([*lines, ""]), "field", scope, RHS, stamp)
        except (NumbaError, NotImplementedError) as error:
            raise InvalidInput(cannot_compile(events[0].g, "event function", error)) from None
        _known[key] = Field(address(wrapped), (wrapped, events), None, True, "typ")
    return _known[key]
