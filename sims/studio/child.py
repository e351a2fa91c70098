"""The studio's end of a worker process.

Child   `child.ask(message, tell)` -> its result; `.kill()` from any thread ends it
"""

import contextlib
import json
import os
import subprocess
import sys
import threading

from robocalc.errors import RobocalcError

BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from sims.studio.worker import main; main()"


class Child:
    """A worker process, started with the first question; `end` or the end of this process is its end."""

    def __init__(self):
        self.process, self.lock, self.ended = None, threading.Lock(), False

    def ask(self, message: dict, tell=None):
        """The result of a job; raises RobocalcError with its sentence, or when it has died."""
        with self.lock:
            process = self._started()
        try:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                answer = json.loads(line)
                if "done" in answer:
                    return answer["done"]
                if "error" in answer:
                    raise RobocalcError(answer["error"])
                if tell is not None:
                    tell(answer["share"], answer["what"])
        except OSError:
            pass
        self.kill()
        raise RobocalcError("stopped" if self.ended else f"the {message['job']} ended unexpectedly: its process died")

    def _started(self):
        if self.ended:
            raise RobocalcError("stopped")
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, "-c", BOOT, json.dumps([str(path) for path in sys.path])]
            pipe = subprocess.PIPE
            env = os.environ | {"PYTHONIOENCODING": "utf-8"}
            self.process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, env=env, text=True, encoding="utf-8", start_new_session=True
            )  # own session: Ctrl-C reaches the studio only
        return self.process

    def end(self):
        """No more questions."""
        self.ended = True
        self.kill()

    def kill(self):
        with self.lock:
            process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError, ValueError):
                stream.close()
