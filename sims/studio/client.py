"""One browser page as the server sees it.

Client   name, session, news; `.here` while its events are read
"""

from queue import SimpleQueue


class Client:
    """`here` counts streams of events: a page that is loaded again may have two for a moment."""

    def __init__(self, name):
        self.name, self.news, self.session = name, SimpleQueue(), None
        self.streams, self.promised = 0, True  # promised: opened, its stream is to come

    @property
    def here(self) -> bool:
        return self.streams > 0

    def come_back(self) -> bool:
        """Whether this client may have its session again: no other page has it."""
        if self.streams or self.promised:
            return False
        self.promised = True
        return True

    def arrive(self):
        self.streams, self.promised = self.streams + 1, False

    def leave(self) -> bool:
        """Whether that was its last stream."""
        self.streams -= 1
        return self.streams == 0
