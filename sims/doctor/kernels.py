"""Whether compiled kernels are in numba's cache, found without compiling or loading one.

    KernelCache    folder, whether it can be written, which source files have an up-to-date index
    cold           whether a run will compile first

numba keeps an index file (.nbi) a function: a version, then a pickle of (source stamp, overloads). Only the stamp is
wanted here, so the classes that the pickle names are not imported.
"""

import io
import os
import pickle
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("robocalc/dynamics", "robocalc/trajectory", "robocalc/control", "sims/engines", "sims/effects")
ALWAYS = ("robocalc/dynamics/kernels.py", "sims/engines/tick.py")  # what every run needs; they draw in most of the rest
COMPILE_SECONDS = 30  # of CPU, all kernels of a run on a 2-core machine
_KERNEL = re.compile(r"^@njit\b", re.M)


@dataclass(frozen=True)
class KernelCache:
    """folder: of the first kernel file; files: those with kernels; warm: those whose index is up to date."""

    folder: Path | None
    writable: bool
    files: tuple
    warm: tuple

    @property
    def cold(self) -> bool:
        """A file that every run needs has no up-to-date index."""
        return any(ROOT / file in self.files and ROOT / file not in self.warm for file in ALWAYS)


def cold() -> bool:
    """Whether the first run will compile; imports numba."""
    return inspect().cold


def inspect() -> KernelCache:
    """Look at the cache; takes milliseconds once numba is imported."""
    from robocalc.jit import source_stamp

    files = kernel_files()
    folder = cache_folder(files[0]) if files else None
    warm = tuple(file for file in files if source_stamp(file) in stamps(file))
    return KernelCache(folder, folder is not None and _writable(folder), files, warm)


def kernel_files() -> tuple:
    """Source files that hold kernels of a run."""
    found = [file for room in ROOMS for file in sorted((ROOT / room).glob("*.py"))]
    return tuple(file for file in found if _KERNEL.search(file.read_text(encoding="utf-8")))


def cache_folder(file: Path) -> Path | None:
    """Where numba keeps the kernels of a source file; None where it can write nowhere."""
    from numba.core import caching

    import robocalc.jit  # noqa: F401  puts this project's locators first

    impl = getattr(caching, "CacheImpl", None) or caching._CacheImpl
    for locator in impl._locator_classes:
        found = locator.from_function(cold, str(file))
        if found is not None:
            return Path(found.get_cache_path())
    return None


def stamps(file: Path) -> set:
    """Source stamps of the indices that numba has for kernels of a file."""
    folder = cache_folder(file)
    return set() if folder is None else {_stamp(index) for index in folder.glob(f"{file.stem}.*.nbi")} - {None}


def _stamp(index: Path):
    try:
        with index.open("rb") as stream:
            pickle.load(stream)  # numba's version, a str
            return _StampReader(io.BytesIO(stream.read())).load()[0]
    except (OSError, pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, IndexError, KeyError):
        return None


class _Anything:
    """Stands for any class that the index names."""

    def __new__(cls, *args, **kwargs):
        return object.__new__(cls)

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return _Anything()

    def __setstate__(self, state):
        pass


class _StampReader(pickle.Unpickler):
    def find_class(self, module, name):
        return _Anything

    def persistent_load(self, pid):
        return None


def _writable(folder: Path) -> bool:
    """Whether files can be made in the folder, or in the nearest one above that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)
