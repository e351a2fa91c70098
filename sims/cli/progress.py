"""What goes on, on stderr, while a person waits: a bar where work takes longer than a second; the first compilation.

Progress            called with (share of the work done, what is being done)
announce_compiling  says so when the first run will compile
"""

import sys
import time

PATIENCE = 1.0  # [s] without a bar


class Progress:
    """progress(share, what): share from 0 to 1. Shows nothing when stderr is no terminal."""

    def __init__(self, enabled: bool = True):
        self.enabled = enabled and sys.stderr.isatty()
        self.begin = time.monotonic()
        self.bar = self.task = None

    def __call__(self, share: float, what: str):
        if not self.enabled or time.monotonic() - self.begin < PATIENCE:
            return
        if self.bar is None:
            self._open()
        self.bar.update(self.task, description=what, completed=share)

    def _open(self):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.bar.add_task("", total=1.0)
        self.bar.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.bar is not None:
            self.bar.stop()


def announce_compiling():
    """One line on stderr when kernels are not in numba's cache; nothing when they are."""
    from sims.doctor.kernels import COMPILE_SECONDS, inspect

    cache = inspect()
    if cache.cold:
        kept = "once" if cache.writable else "each time, as no cache folder can be written: see `robocalc doctor`"
        print(f"compiling kernels, {kept}: about {COMPILE_SECONDS} s", file=sys.stderr, flush=True)
