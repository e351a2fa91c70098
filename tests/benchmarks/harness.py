"""One line a claim: ours and the peer's figure for the same problem, measured in the same run, in CPU seconds.

Line     what is measured, against whom, and the target
best     smallest CPU time of one call, over interleaved blocks
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time


@dataclass(frozen=True)
class Line:
    """`measure()` returns (ours, peer) in `unit`; `kind` says what the target bounds.

    faster   peer / ours at least `target`
    ratio    ours / peer at most `target`
    at_most  ours at most `target` (peer may be None)
    at_least ours at least `target`
    """

    name: str
    what: str
    peer: str
    kind: str
    target: float
    unit: str
    measure: Callable

    def judge(self, ours, peer):
        """(figure that the target bounds, whether it is met)."""
        value = {"faster": lambda: peer / ours, "ratio": lambda: ours / peer}.get(self.kind, lambda: ours)()
        return value, value >= self.target if self.kind in ("faster", "at_least") else value <= self.target


def best(*calls, blocks=7, seconds=0.2):
    """Smallest CPU seconds of one call for each function; blocks are interleaved, so that load hits all alike."""
    counts = []
    for call in calls:
        call()  # warm: compile, cache
        start = process_time()
        call()
        counts.append(max(1, int(seconds / max(process_time() - start, 1e-7) / blocks)))
    times = [[] for _ in calls]
    for _ in range(blocks):
        for call, count, out in zip(calls, counts, times, strict=True):
            start = process_time()
            for _ in range(count):
                call()
            out.append((process_time() - start) / count)
    return tuple(min(t) for t in times)
