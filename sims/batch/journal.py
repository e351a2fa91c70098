"""The record of a sweep while it runs: one line of JSON a run, appended, never rewritten.

Journal   opens or resumes one; `append(record)`, `records()`

What was appended survives the end of the process at once, and that of the machine after a second. A last line that was
torn by either is dropped; a line that cannot be read is said, and its run is done again.
"""

import contextlib
import errno
import json
import os
from pathlib import Path
from time import monotonic

from robocalc import __version__
from robocalc.errors import InvalidInput, RobocalcError

FORMAT = "robocalc-sweep/1"
NEEDED = {"item", "values", "verdict", "why", "metrics"}  # of a run
FLUSH = 1.0  # [s] between two times that lines are pushed from the system's memory to the disk
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class JournalNotSaved(RobocalcError):
    """The disk refused a line: what came before is kept, and a resumed sweep goes on from there."""

    exit_code = 4


class Journal:
    """journal.jsonl of a sweep of one scenario.

    path       of the file; its folder is made
    scenario   name and digest are in its first line
    resume     go on with what is there; else that is kept beside it, as journal.old.jsonl
    warnings   sentences about lines that could not be read
    raises     InvalidInput: it is of another scenario, damaged where it says so, or in use; JournalNotSaved
    """

    def __init__(self, path, scenario, *, resume=False):
        self.path, self.warnings = Path(path), []
        self.head = {"format": FORMAT, "scenario": scenario.name, "digest": scenario.digest, "robocalc": __version__}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            there = self.path.is_file() and self.path.stat().st_size > 0
            if there and not resume:
                self._must_be_free()
                self.path.replace(self.path.with_name("journal.old.jsonl"))
                there = False
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise InvalidInput(f"{self.path} cannot be written: {error.strerror or error}") from None
        self._lock()
        try:
            if there:
                self._check_head()
                self._drop_torn_line()
            self._flushed = monotonic()
            if os.fstat(self._file).st_size == 0:
                self._write(self.head)
        except BaseException:
            os.close(self._file)
            raise

    def append(self, record: dict):
        """One run."""
        self._write(record)
        if monotonic() - self._flushed > FLUSH:
            self._to_disk()

    def records(self):
        """Each run that was appended, in that order; lines that cannot be read are named in `warnings`."""
        self.warnings.clear()
        with self.path.open("rb") as lines:
            next(lines, None)
            for number, line in enumerate(lines, start=2):
                record = _object(line)
                if record is None or not record.keys() >= NEEDED:
                    self.warnings.append(f"{self.path}:{number} is damaged: that run is done again")
                else:
                    yield record

    def close(self):
        """Push everything to the disk."""
        if self._file is not None:
            try:
                self._to_disk()
            finally:
                os.close(self._file)
                self._file = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _write(self, record):
        line = memoryview(json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
        try:
            while line:
                line = line[os.write(self._file, line) :]
        except OSError as error:
            raise self._refused(error) from None

    def _to_disk(self):
        try:
            os.fsync(self._file)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
                raise self._refused(error) from None
        self._flushed = monotonic()

    def _refused(self, error):
        what = "no space left on the disk" if error.errno in FULL else error.strerror or str(error)
        return JournalNotSaved(f"{self.path}: {what}; the runs so far are kept, --resume goes on from there")

    def _lock(self):
        """Only one sweep at a time; where the system has no locks, trust."""
        try:
            import fcntl
        except ImportError:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                os.close(self._file)
                raise InvalidInput(f"another sweep is writing to {self.path}; give this one another --out") from None

    def _must_be_free(self):
        """Before it is moved aside: nobody writes to it."""
        self._file = os.open(self.path, os.O_RDWR)
        self._lock()
        os.close(self._file)

    def _check_head(self):
        with self.path.open("rb") as lines:
            head = _object(next(lines))
        if head is None or not str(head.get("format", "")).startswith("robocalc-sweep/"):
            raise InvalidInput(f"{self.path}:1 is damaged, or no journal of a sweep: give another --out")
        if head["format"] != FORMAT:
            raise InvalidInput(f"{self.path} has format {head['format']!r}; this robocalc reads {FORMAT!r}")
        if head.get("digest") != self.head["digest"]:
            mine, other = self.head["scenario"], head.get("scenario")
            what = "an earlier version of this scenario" if other == mine else f"scenario {other!r}, not of {mine!r}"
            raise InvalidInput(f"{self.path} is the journal of {what}; give another --out")

    def _drop_torn_line(self):
        """A last line without its end was being written when the process died."""
        size = os.fstat(self._file).st_size
        with self.path.open("rb") as file:
            end = size
            while end > 0:
                begin = max(0, end - 65536)
                file.seek(begin)
                found = file.read(end - begin).rfind(b"\n")
                if found >= 0:
                    end = begin + found + 1
                    break
                end = begin
        if end < size:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, end)


def _object(line: bytes) -> dict | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
