"""`njit` of numba with this project's settings: cached, IEEE division, no fastmath.

numba keys a cached kernel on its own source file alone, so a kernel that inlines another file's kernel goes stale when
that file changes. Here the key covers every project file that the kernel's file imports, directly or not.
"""

import hashlib
import pickle
import re
from functools import cache, wraps
from pathlib import Path

import numba
from numba.core import caching

ROOT = Path(__file__).resolve().parent.parent
_IMPORT = re.compile(r"^\s*(?:from|import)\s+((?:robocalc|sims)[\w.]*)(?:\s+import\s+([^#\n]*))?", re.M)


def njit(*args, **options):
    """numba.njit(cache=True, error_model="numpy"): x / 0 is inf, as in numpy, and no check costs time.

    Where no cache folder can be written the kernel is compiled in each process: slow to start, but it runs.
    """
    options = {"cache": True, "error_model": "numpy", **options}
    if not (args and callable(args[0])):
        return lambda function: njit(function, *args, **options)
    function, *signatures = args
    try:
        return numba.njit(*signatures, **options)(function)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return numba.njit(*signatures, **{**options, "cache": False})(function)


def _module_files(module: str, names: str):
    """Files that `from module import names` may read: the module, and each name that is itself a module."""
    for dotted in (module, *(f"{module}.{name.strip()}" for name in names.replace("(", "").split(","))):
        path = ROOT.joinpath(*dotted.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                yield file


@cache
def imported_files(file: Path) -> frozenset:
    """Project files that `file` imports, directly or not, and itself."""
    seen, todo = set(), [file]
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        for module, names in _IMPORT.findall(here.read_text(encoding="utf-8")):
            todo.extend(_module_files(module, names))
    return frozenset(seen)


@cache
def source_stamp(file: Path) -> str:
    """One hash over `file` and all project files that it imports."""
    digest = hashlib.sha256()
    for path in sorted(imported_files(file)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class _ProjectStamp:
    """A numba cache locator for this project's files only, with the wider stamp."""

    def get_source_stamp(self):
        return source_stamp(Path(self._py_file).resolve())

    @classmethod
    def from_function(cls, py_func, py_file):
        path = Path(py_file).resolve()
        ours = path.is_relative_to(ROOT / "robocalc") or path.is_relative_to(ROOT / "sims")
        return super().from_function(py_func, py_file) if ours else None


def _forgiving(load_index):
    """What names a class that has moved since, or was cut short, is stale too: numba would unpickle before it looks."""

    @wraps(load_index)
    def forgiving(self):
        try:
            return load_index(self)
        except (AttributeError, ImportError, EOFError, pickle.UnpicklingError):
            return {}

    return forgiving


def _install():
    """Put our locators first: the user's NUMBA_CACHE_DIR, the source tree, the user's cache folder."""
    index = getattr(caching, "IndexDataCacheFile", None) or caching._IndexDataCacheFile
    index._load_index = _forgiving(index._load_index)
    for base in ("UserWideCacheLocator", "InTreeCacheLocator", "UserProvidedCacheLocator"):
        known = getattr(caching, base, None) or getattr(caching, f"_{base}", None)
        if known is not None:
            impl = getattr(caching, "CacheImpl", None) or caching._CacheImpl
            impl._locator_classes.insert(0, type(f"Project{base}", (_ProjectStamp, known), {}))


_install()
