"""Work beside the sliders: a question to a process of its own, whose progress and result go to the page as news.

Job   `.running`, `.result`, `.stop()`
"""

import threading

from robocalc.errors import RobocalcError
from sims.studio.child import Child


class Job:
    """Begins at once. tell: called with {"job", "share", "what"}, then {"job", "done"} or {"job", "error"}."""

    def __init__(self, name, message, tell):
        self.name, self.result, self.running = name, None, True
        self._child, self._tell = Child(), tell
        threading.Thread(target=self._work, args=(message,), daemon=True).start()

    def _work(self, message):
        self._tell({"job": self.name, "share": 0.0, "what": "starting"})
        try:
            progress = lambda share, what: self._tell({"job": self.name, "share": share, "what": what})  # noqa: E731
            self.result = self._child.ask(message, progress)
            news = {"done": self.result}
        except RobocalcError as error:
            news = {"error": str(error)}
        finally:
            self.running = False
            self._child.end()
        self._tell({"job": self.name, **news})

    def stop(self):
        self._child.end()
