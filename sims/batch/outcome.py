"""What became of one item of a batch, and why it has no value.

Done           item, value or error
TaskFailed     base of what only a batch can say: `WorkerDied`, `TookTooLong`, `NotSent`
"""

from dataclasses import dataclass
from typing import Any

from robocalc.errors import RobocalcError

LONGEST = 200  # characters of an item in a sentence


def brief(item) -> str:
    """An item as short text."""
    text = " ".join(repr(item).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


class TaskFailed(RobocalcError):
    """An item without a value, by no word of its function; args: the item as text, and the reason."""

    exit_code = 4

    def __str__(self):
        item, why = self.args
        return f"{why}: {item}"


class WorkerDied(TaskFailed):
    """The process that worked on it died, each time it was tried."""


class TookTooLong(TaskFailed):
    """It did not end within its time limit, and was stopped."""


class NotSent(TaskFailed):
    """The item, or what was made of it, cannot be pickled."""


@dataclass(frozen=True)
class Done:
    """One item's outcome: `value` where `error` is None.

    index     place among the items
    error     the exception that the function raised (its traceback as a note), or a TaskFailed
    seconds   that the function took, by the clock on the wall
    attempts  how often it was begun
    """

    index: int
    item: Any
    value: Any = None
    error: Exception | None = None
    seconds: float = 0.0
    attempts: int = 1

    @property
    def ok(self) -> bool:
        return self.error is None

    def get(self):
        """The value; raises the error."""
        if self.error is not None:
            raise self.error
        return self.value
