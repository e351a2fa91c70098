"""What robocalc raises. A bad request raises one of these; a bad outcome is data (a status), never an exception.

Every message is built from data: what was given, and what would be valid. The data stays in `args`, so that an error
survives pickling between processes.
"""

import re
from difflib import get_close_matches


class RobocalcError(Exception):
    """Base of all errors; `exit_code` is what the command line returns."""

    exit_code = 2


class InvalidInput(RobocalcError, ValueError):
    """A value that cannot be used: the message says which, and what would fit."""


class Unstable(InvalidInput):
    """A design whose sampled loop grows what it should take away: says the poles, and what would be stable."""


class UnknownName(RobocalcError, ValueError):
    """A name that is in no registry: says which names are, and the nearest."""

    def __init__(self, kind, name, known):
        super().__init__(kind, name, sorted(known))

    def __str__(self):
        kind, name, known = self.args
        near = get_close_matches(str(name), known, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return f"unknown {kind} {name!r}; {hint}(known: {', '.join(known)})"


class ScenarioError(RobocalcError, ValueError):
    """All that is wrong with a scenario file, at once: one `file:line:column: error: path: message` a line."""

    def __init__(self, problems):
        super().__init__(tuple(problems))

    @property
    def problems(self):
        return self.args[0]

    def __str__(self):
        return "\n".join(self.problems)


class Infeasible(RobocalcError):
    """Raised by `plan.raise_for_status()`: the plan breaks its constraints; carries the sentences that say which."""

    exit_code = 3

    def __init__(self, violations):
        super().__init__(tuple(violations))

    def __str__(self):
        return "; ".join(str(v) for v in self.args[0])


class EngineUnavailable(RobocalcError, ImportError):
    """A physics engine that is not installed: says how to install it."""


def without_colors(error) -> str:
    """The error's text without the terminal colours that numba puts into it where colorama is installed."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(error))
