"""A worker process: takes a function, then items, and answers each. Started by sims.batch.slot; imports little itself.

The protocol, in frames of pickles:

    to a worker      ("job", function, setup)      ("task", item)          function, setup, item: pickles in turn
    from a worker    ("ready",)  ("broken", error)  ("value", seconds, value)  ("error", seconds, error)

What the function prints goes to stderr. When the pool is gone, so is the worker, at once.
"""

import os
import pickle
import signal
import threading
import traceback
from queue import SimpleQueue
from time import perf_counter

from sims.batch.frames import packed, read_frame, write_frame
from sims.batch.outcome import NotSent, TaskFailed, brief


def main():
    """Serve until the pool closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the pool to decide
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")  # ours alone, not of what a task starts
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    inbox = SimpleQueue()
    threading.Thread(target=_listen, args=(orders, inbox), daemon=True).start()
    function = None
    while True:
        kind, *parts = inbox.get()
        if kind == "job":
            function, answer = _begin(*parts)
        else:
            answer = _answer(function, *parts)
        try:
            write_frame(answers, answer)
        except OSError:
            os._exit(0)


def _listen(stream, inbox):
    """Messages into the inbox; the end of the pipe is the end of the process, whatever it is doing."""
    while (frame := read_frame(stream)) is not None:
        inbox.put(pickle.loads(frame))
    os._exit(0)


def _begin(function, setup):
    """(function, answer)."""
    try:
        function, setup = pickle.loads(function), pickle.loads(setup)
        if setup is not None:
            setup()
        return function, pickle.dumps(("ready",))
    except Exception as error:
        return None, _pack("broken", _portable(error))


def _answer(function, item) -> bytes:
    began = perf_counter()
    try:
        value = function(pickle.loads(item))
    except (Exception, SystemExit) as error:  # SystemExit: of the function's own making; the worker stays
        return _pack("error", perf_counter() - began, _portable(error))
    seconds = perf_counter() - began
    try:
        return _pack("value", seconds, value)
    except Exception as error:
        return _pack("error", seconds, NotSent(brief(type(value)), f"the result cannot be sent back ({error})"))


def _pack(*message) -> bytes:
    return packed(message)


def _portable(error) -> Exception:
    """The error with its traceback as a note, where it survives pickling; else a TaskFailed that says the same."""
    text = "".join(traceback.format_exception(error))
    try:
        error.add_note(text)
        back = pickle.loads(packed(error))
        if isinstance(error, Exception) and type(back) is type(error) and str(back) == str(error):
            return error
    except Exception:  # no pickle, or one that does not read back
        pass
    other = TaskFailed(str(error) or "without a word", type(error).__name__)
    other.add_note(text)
    return other
