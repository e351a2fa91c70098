"""What C code prints on file descriptors 1 and 2, kept out of the user's terminal and pipes.

PyBullet prints a build line when imported and warnings while loading, with printf: Python's sys.stdout never sees them.
"""

import ctypes
import os
import sys
import tempfile
from contextlib import contextmanager, suppress
from threading import RLock

_lock = RLock()  # descriptors belong to the whole process


def _flush():
    """Python's buffers and those of the C library, which would else print later, on the user's descriptors."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):  # closed, or replaced by something without flush
            stream.flush()
    with suppress(AttributeError, OSError, TypeError):  # no such C library: the worst is a line too much
        (ctypes.cdll.ucrtbase if sys.platform == "win32" else ctypes.CDLL(None)).fflush(None)


@contextmanager
def captured():
    """Within, descriptors 1 and 2 go to a temporary file; yields a function that returns what was written so far."""
    with _lock, tempfile.TemporaryFile() as sink:

        def text():
            _flush()
            sink.seek(0)
            return sink.read().decode("utf-8", "replace")

        _flush()
        saved = {}
        for fd in (1, 2):
            try:
                saved[fd] = os.dup(fd)
                os.dup2(sink.fileno(), fd)
            except OSError:
                pass  # a daemon may have closed it: nothing to keep quiet
        try:
            yield text
        finally:
            _flush()
            for fd, copy in saved.items():
                os.dup2(copy, fd)
                os.close(copy)
