"""A hash of what a function means: its bytecode, constants, and all it refers to, followed through other functions.

Two functions with one fingerprint compile to the same machine code, so generated code can be cached on disk even for
functions that were typed into a notebook, and goes stale when anything that they use changes.
"""

import hashlib
import types

import numpy as np

LIBRARIES = ("numpy", "math", "numba", "builtins", "cmath", "scipy")
PLAIN = (int, float, complex, bool, str, bytes, type(None))


def fingerprint(function) -> str | None:
    """Hex digest; None where something is referred to whose meaning cannot be hashed."""
    digest = hashlib.sha256()
    return digest.hexdigest() if _feed(digest, function, set()) else None


def _feed(digest, value, seen) -> bool:
    """Add one value; False if it cannot be added faithfully."""
    if isinstance(value, (*PLAIN, np.generic)):
        digest.update(f"{type(value).__name__}:{value!r};".encode())
    elif isinstance(value, np.ndarray):
        digest.update(f"array:{value.dtype.str}:{value.shape}:".encode() + np.ascontiguousarray(value).tobytes())
    elif isinstance(value, (tuple, list, frozenset)):
        digest.update(f"{type(value).__name__}{len(value)}(".encode())
        return all(_feed(digest, v, seen) for v in (sorted(value, key=repr) if isinstance(value, frozenset) else value))
    elif isinstance(value, types.ModuleType):
        digest.update(f"module:{value.__name__}:{getattr(value, '__version__', '')};".encode())
    elif isinstance(value, types.CodeType):
        return _feed_code(digest, value, seen)
    elif hasattr(value, "py_func"):
        return _feed(digest, str(sorted(value.targetoptions.items())), seen) and _feed(digest, value.py_func, seen)
    elif isinstance(value, types.FunctionType):
        return _feed_function(digest, value, seen)
    elif isinstance(value, type) or callable(value):
        digest.update(
            f"named:{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', repr(value))};".encode()
        )
        return isinstance(value, (type, types.BuiltinFunctionType, np.ufunc)) or _from_library(value)
    else:
        return False
    return True


def _from_library(value) -> bool:
    return str(getattr(value, "__module__", "")).split(".")[0] in LIBRARIES


def _feed_code(digest, code, seen) -> bool:
    digest.update(code.co_code + repr((code.co_names, code.co_varnames, code.co_argcount)).encode())
    return all(_feed(digest, const, seen) for const in code.co_consts)


def _names(code):
    """Global names of a code object and of those nested in it."""
    yield from code.co_names
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _names(const)


def _feed_function(digest, function, seen) -> bool:
    if id(function) in seen:
        return True
    seen.add(id(function))
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    names = set(_names(function.__code__))
    found = {name: function.__globals__[name] for name in names if name in function.__globals__}
    for name, value in list(found.items()):  # numba reads constants out of modules: module.NAME
        if isinstance(value, types.ModuleType) and value.__name__.split(".")[0] not in LIBRARIES:
            found |= {
                f"{name}.{attribute}": getattr(value, attribute) for attribute in names if hasattr(value, attribute)
            }
    return (
        _feed(digest, function.__code__, seen)
        and _feed(digest, list(function.__defaults__ or ()), seen)
        and all(_feed(digest, value, seen) for value in cells)
        and all(_feed(digest, name, seen) and _feed(digest, value, seen) for name, value in sorted(found.items()))
    )
