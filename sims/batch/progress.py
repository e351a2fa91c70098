"""How far a batch is: share, rate, time left, failures, in one line.

Meter   `.step(failed)` after each run; tells a callback (share, sentence)
"""

from time import monotonic

EVERY = 0.2  # [s] between two sentences


class Meter:
    """tell(share of the work done, what is being done); total of items, None where nobody knows."""

    def __init__(self, tell, total=None, before=0, what="runs"):
        self.tell, self.total, self.before, self.what = tell, total, before, what
        self.done = self.failed = 0
        self.began = self.told = monotonic()

    def step(self, failed=False):
        """One more is done."""
        self.done += 1
        self.failed += failed
        now = monotonic()
        if self.tell is not None and (now - self.told > EVERY or self.before + self.done == self.total):
            self.told = now
            share = (self.before + self.done) / self.total if self.total else 0.0
            self.tell(min(1.0, share), self.sentence())

    @property
    def rate(self) -> float:
        """Per second."""
        return self.done / max(1e-9, monotonic() - self.began)

    def sentence(self) -> str:
        """'120 of 300 runs, 14/s, 13 s left, 2 failed'."""
        count = self.before + self.done
        words = [f"{count} of {self.total} {self.what}" if self.total else f"{count} {self.what}"]
        words.append(f"{self.rate:.3g}/s")
        if self.total and self.done:
            words.append(f"{duration((self.total - count) / self.rate)} left")
        return ", ".join([*words, f"{self.failed} failed"] if self.failed else words)


def duration(seconds) -> str:
    """A length of time for people: 42 s, 5 min, 2 h 10 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
