"""Local workers: one task a process at a time, a time limit with a kill, another try when a worker dies.

    with Pool(workers=2, timeout=60) as pool:
        for done in pool.map(function, items):
            done.item, done.value or done.error

A task that raises, hangs or kills its process costs only itself: its `Done` has the error. Nothing of the items is kept
but what is being worked on, so that a generator of a million of them takes no memory, and items are only asked for when
a worker is free. The function and what it returns decide the result, never the worker: one or many give the same bits.
"""

import os
import pickle
import weakref
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter

from robocalc.errors import InvalidInput, RobocalcError
from sims.batch.frames import packed
from sims.batch.outcome import Done, NotSent, TookTooLong, WorkerDied, brief
from sims.batch.slot import Slot

AHEAD = 256  # results that may wait for an earlier one, when the order of the items is kept
BRIEF_TASK = 0.05  # [s] shorter tasks are sent before the worker is free, so that it need not wait for the next
PATIENCE = 1.0  # [s] between two looks at Ctrl-C, where waiting cannot be interrupted
KILLED_FOR = 60.0  # [s] that the pool bears workers being killed before any of them is ready
STILLBORN = 20  # workers that die before their first task, one after the other, until the pool gives up


def cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_count(name, value, least) -> int:
    """A whole number from `least`; raises InvalidInput."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise InvalidInput(f"{name} must be a whole number from {least}, got {value!r}")
    return int(value)


def check_timeout(value) -> float | None:
    """Seconds above 0, or None; raises InvalidInput."""
    if value is not None and not (isinstance(value, int | float) and not isinstance(value, bool) and value > 0):
        raise InvalidInput(f"a time limit must be a number of seconds above 0, or None, got {value!r}")
    return value


@dataclass
class Task:
    """An item under way; frame: the message that brings it to a worker."""

    index: int
    item: object
    frame: bytes = b""
    deaths: int = 0


class Pool:
    """Worker processes, started when first needed, restarted when they die, ended with the `with` block.

    workers   processes; None: one a processor; 0: none, all is done here (no time limit, a crash is a crash)
    timeout   [s] for each task by the clock on the wall, None: no limit. A longer one is killed, and not tried again
    retries   how often a task is tried again when its worker dies
    raises    InvalidInput
    """

    def __init__(self, workers=None, timeout=None, retries=1):
        self.workers = cpus() if workers is None else check_count("workers", workers, 0)
        self.timeout, self.retries = check_timeout(timeout), check_count("retries", retries, 0)
        self._events, self._slots, self._busy = SimpleQueue(), [], False
        self._end = weakref.finalize(self, _kill, self._slots)

    def map(self, function, items, *, ordered=True, setup=None):
        """A generator of Done, one for each item.

        function   importable (of a module), or of the user's script where cloudpickle is installed: item -> value
        items      any iterable; asked for the next only when there is room
        ordered    in the order of the items; else as they are finished
        setup      called once in each worker before its first task, outside of the time limit
        raises     InvalidInput at once for a function that cannot be sent; RobocalcError when no worker can start
        """
        if self.workers == 0:
            return _here(function, items, setup)
        return self.map_packed(packed(function), packed(setup), items, ordered=ordered)

    def map_packed(self, function: bytes, setup: bytes, items, *, ordered=True):
        """`map` with function and setup as sims.batch.frames.packed gives them; workers that have them keep them."""
        job = pickle.dumps(("job", function, setup))
        return self._in_order(self._run(job, items, ordered)) if ordered else self._run(job, items, ordered)

    def close(self):
        """End all workers, now; the pool can be used again."""
        _kill(self._slots)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # one map ---------------------------------------------------------------------------------------------------------

    def _run(self, job, items, ordered):
        """Done of each item as they come; with `ordered`, never more than AHEAD before the oldest that is missing."""
        if self._busy:
            raise InvalidInput("this pool is at work: end its other map first, or open a second pool")
        march, self._busy = _March(self, job, iter(items), AHEAD if ordered else None), True
        try:
            while march.feed():
                yield from march.unsent()
                if march.open:
                    yield from march.listen()
        finally:
            for slot in [s for s in self._slots if s.tasks]:
                self._drop(slot)
            self._busy = False

    def _in_order(self, found):
        """The same, in the order of the items."""
        waiting, due = {}, 0
        try:
            for done in found:
                waiting[done.index] = done
                while due in waiting:
                    yield waiting.pop(due)
                    due += 1
        finally:
            found.close()

    def _drop(self, slot):
        slot.kill()
        self._slots.remove(slot)


class _March:
    """One pass over the items: what is sent, what must be sent again, what has come back."""

    def __init__(self, pool, job, items, ahead):
        self.pool, self.job, self.items, self.ahead = pool, job, items, ahead
        self.again, self.refused, self.open = deque(), deque(), set()  # open: indices without result
        self.count, self.more, self.stillborn, self.lived = 0, True, 0, monotonic()
        self.mean = BRIEF_TASK  # [s] of a task, smoothed

    def feed(self) -> bool:
        """Send tasks to whoever has room; whether anything is left to be told."""
        slots, depth = self.pool._slots, 2 if self.mean < BRIEF_TASK else 1
        while (task := self._next() if self._room(depth) else None) is not None:
            if len(slots) < self.pool.workers and all(slot.tasks for slot in slots):
                slots.append(Slot(self.pool._events))
            min(slots, key=lambda slot: len(slot.tasks)).send(self.job, task)
        return bool(self.open or self.refused or self.more)

    def _room(self, depth) -> bool:
        slots = self.pool._slots
        return len(slots) < self.pool.workers or any(len(slot.tasks) < depth for slot in slots)

    def _next(self) -> Task | None:
        """The next task to be sent; None when there is none, or it would run too far ahead."""
        if self.again:
            return self.again.popleft()
        while self.more and not self._too_far():
            try:
                task = Task(self.count, next(self.items))
            except StopIteration:
                self.more = False
                break
            self.count += 1
            try:
                task.frame = pickle.dumps(("task", packed(task.item)))
            except InvalidInput as error:
                self.refused.append(Done(task.index, task.item, error=NotSent(brief(task.item), str(error))))
                continue
            self.open.add(task.index)
            return task
        return None

    def _too_far(self) -> bool:
        """Whether the next item would be too far before the oldest one without result, or too many were refused."""
        if self.ahead is None:
            return len(self.refused) >= AHEAD
        return (bool(self.open) and self.count - min(self.open) >= self.ahead) or len(self.refused) >= self.ahead

    def unsent(self):
        """What could not be sent at all."""
        while self.refused:
            yield self.refused.popleft()

    def listen(self):
        """What has been finished by the next event, or by the next time limit."""
        try:
            slot, when, message = self.pool._events.get(timeout=self._patience())
        except Empty:
            yield from self._too_late()
            return
        if not slot.alive:
            return  # words of one that was killed
        if message is None:
            yield from self._died(slot)
        elif message[0] == "ready":
            slot.ready, slot.begun, self.lived = True, when, when
        elif message[0] == "broken":
            raise InvalidInput(f"workers cannot begin: {type(message[1]).__name__}: {message[1]}") from message[1]
        else:
            yield self._finished(slot, when, message)

    def _finished(self, slot, when, message) -> Done:
        kind, seconds, what = message
        task, slot.begun = slot.tasks.popleft(), when
        self.open.discard(task.index)
        self.mean += 0.2 * (seconds - self.mean)
        self.stillborn = 0
        error = what if kind == "error" else None
        value = None if kind == "error" else what
        return Done(task.index, task.item, value, error, seconds, task.deaths + 1)

    def _patience(self) -> float:
        """Seconds to the next time limit, PATIENCE at most."""
        limit = self.pool.timeout
        begun = [s.begun for s in self.pool._slots if s.ready and s.tasks]
        due = PATIENCE if limit is None or not begun else min(begun) + limit - monotonic()
        return min(PATIENCE, max(0.0, due))

    def _too_late(self):
        """Tasks beyond their time limit: the end of their workers; what those had before them is done by others."""
        limit, now = self.pool.timeout, monotonic()
        if limit is None:
            return
        for slot in [s for s in self.pool._slots if s.ready and s.tasks and s.begun + limit <= now]:
            task = slot.tasks.popleft()
            self.again.extendleft(reversed(slot.tasks))
            slot.tasks.clear()
            self.pool._drop(slot)
            self.open.discard(task.index)
            why = f"stopped after {limit:g} s, its time limit"
            error = TookTooLong(brief(task.item), why)
            yield Done(task.index, task.item, None, error, now - slot.begun, task.deaths + 1)

    def _died(self, slot):
        """Its tasks are done again, by others; one that has cost too many workers is given up."""
        words = slot.last_words()
        self.pool._drop(slot)
        if not slot.ready:
            self.stillborn += 1
            killed = words in ("SIGKILL", "SIGTERM") and monotonic() - self.lived < KILLED_FOR  # by others: it may end
            if self.stillborn >= STILLBORN and not killed:
                raise RobocalcError(f"workers die before their first task ({words}): see what they wrote to stderr")
        elif slot.tasks:
            slot.tasks[0].deaths += 1
        tasks = list(slot.tasks)
        if tasks and tasks[0].deaths > self.pool.retries:
            task = tasks.pop(0)
            self.open.discard(task.index)
            times = "" if task.deaths == 1 else f" {task.deaths} times"
            error = WorkerDied(brief(task.item), f"its worker died{times} ({words})")
            yield Done(task.index, task.item, None, error, monotonic() - slot.begun, task.deaths)
        self.again.extendleft(reversed(tasks))


def _here(function, items, setup):
    """All of it in this process."""
    if setup is not None:
        setup()
    for index, item in enumerate(items):
        began = perf_counter()
        try:
            value, error = function(item), None
        except Exception as raised:
            value, error = None, raised
        yield Done(index, item, value, error, perf_counter() - began)


def _kill(slots):
    while slots:
        slots.pop().kill()
