"""One worker process as the pool sees it.

Slot    the process, the tasks it was sent, and since when it works on the first of them
"""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from time import monotonic

from sims.batch.frames import read_frame, write_frame

# Not multiprocessing's spawn: that runs the user's script again in each worker, and cannot start from a notebook's cell
BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); sys.argv[:] = ['robocalc-worker']; "
    "from sims.batch.worker import main; main()"
)
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # a process a core; and the same bits


class Slot:
    """A worker process; what it answers is put into `events` as (slot, time, message), None when it has died."""

    def __init__(self, events):
        self.tasks = deque()  # sent, first one in work
        self.job = None
        self.ready, self.alive = False, True
        self.begun = monotonic()  # when the first task of `tasks` was begun
        env = os.environ | {name: os.environ.get(name, "1") for name in ONE_THREAD}
        command = [sys.executable, "-c", BOOT, json.dumps([str(p) for p in sys.path])]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, env=env, start_new_session=True
        )  # own session: Ctrl-C reaches the pool only
        threading.Thread(target=_listen, args=(self, self.process.stdout, events), daemon=True).start()

    def send(self, job: bytes, task):
        """One more task behind those it has; job: the message that says what to do with it."""
        if job != self.job:
            self.job, self.ready = job, False
            self._send(job)
        if not self.tasks:
            self.begun = monotonic()
        self.tasks.append(task)
        self._send(task.frame)

    def _send(self, frame):
        with contextlib.suppress(OSError):  # it has died; its reader says so
            write_frame(self.process.stdin, frame)

    def kill(self):
        """The end of the process, now."""
        self.alive = False
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):  # what was still in the buffer
            self.process.stdin.close()

    def last_words(self) -> str:
        """How a process that ended by itself did so."""
        try:
            code = self.process.wait(5)
        except subprocess.TimeoutExpired:
            return "lost its pipe"
        if code >= 0:
            return f"exit code {code}"
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"


def _listen(slot, stream, events):
    with stream:
        while (frame := read_frame(stream)) is not None:
            try:
                message = pickle.loads(frame)
            except Exception as error:  # a class that only the worker knows
                message = ("error", 0.0, error)
            events.put((slot, monotonic(), message))
    events.put((slot, monotonic(), None))
