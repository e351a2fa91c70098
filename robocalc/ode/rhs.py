"""What a user may give as right-hand side, event or Jacobian, brought to one form: an address that kernels call.

Field      address of f(n, t, y*, m, p*, out*), with what keeps it alive, and a Python callable of the same
as_field   compiled f(t, y), f(t, y, p), in place f(t, y, p, out), plain Python, a System
"""

import ctypes
import inspect
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType

import numpy as np

from robocalc.errors import InvalidInput, without_colors

FORMS = "f(t, y), f(t, y, p), or compiled in place f(t, y, p, out)"


@dataclass
class Field:
    """A function of (t, y, p) with `size` results (0: as many as y)."""

    address: int
    keep: object  # what must not be collected while the address is in use
    python: Callable  # (t, y, p) -> array
    compiled: bool
    form: str
    failure: list = field(default_factory=list)  # the exception that a Python function raised, if any
    abort: np.ndarray = field(default_factory=lambda: np.zeros(1, dtype=np.int64))  # set to 1 to stop the kernel

    def raise_failure(self):
        if self.failure:
            raise self.failure.pop()


def is_compiled(function) -> bool:
    return hasattr(function, "py_func") and hasattr(function, "overloads")


def arity(function) -> int:
    """Number of positional arguments without default; 2 where that cannot be told."""
    plain = getattr(function, "py_func", function)
    if type(plain) is FunctionType:  # fifty times faster than inspect
        if plain.__code__.co_flags & inspect.CO_VARARGS:
            return max(2, plain.__code__.co_argcount)
        return plain.__code__.co_argcount - len(plain.__defaults__ or ())
    try:
        parameters = inspect.signature(getattr(function, "py_func", function)).parameters.values()
    except (TypeError, ValueError):
        return 2
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is p.empty for p in parameters)


def form_of(function, what="right-hand side", args=None) -> str:
    """'ty', 'typ', 'typo' or 'args'. Raises InvalidInput for another number of arguments."""
    if args is not None:
        return "args"
    count = arity(function)
    form = {2: "ty", 3: "typ", 4: "typo"}.get(count)
    if form is None or (form == "typo" and not is_compiled(function)):
        name = getattr(function, "__name__", type(function).__name__)
        raise InvalidInput(f"the {what} {name!r} takes {count} arguments; it must be {FORMS}")
    return form


WRAPPERS = {
    "ty": "spread(out, {size}, user(t, carray(y, (n,))))",
    "typ": "spread(out, {size}, user(t, carray(y, (n,)), carray(p, (m,))))",
    "typo": "user(t, carray(y, (n,)), carray(p, (m,)), carray(out, ({size},)))",
    "args": "spread(out, {size}, user(t, carray(y, (n,)){args}))",
}
_known = weakref.WeakKeyDictionary()


def compiled_field(function, form: str, size: str = "n", args=(), what="right-hand side") -> Field:
    """An njit function as a Field; compiled once per process, and once per machine where it can be fingerprinted."""
    slots, _ = pack_args(args)
    known = _known.setdefault(function, {})
    key = (form, size, slots)
    if key not in known:
        known[key] = _compile(function, form, size, slots, what)
    return known[key]


def _compile(function, form, size, slots, what) -> Field:
    from numba.core.errors import NumbaError

    from robocalc.ode.clones import adopted
    from robocalc.ode.fingerprint import fingerprint
    from robocalc.ode.native import RHS, address, compile_source
    from robocalc.ode.spread import spread, stamped

    call = WRAPPERS[form].format(size=size, args=slots)
    source = f"def field(n, t, y, m, p, out):\n    {call}\n"
    try:
        scope = {"user": adopted(function), "spread": spread}
        wrapped = compile_source(source, "field", scope, RHS, stamped(fingerprint(function)))
    except (NumbaError, NotImplementedError) as error:
        raise InvalidInput(cannot_compile(function, what, error)) from None
    return Field(address(wrapped), wrapped, function, True, form)


def cannot_compile(function, what, error) -> str:
    """One sentence: what numba could not do, and the way around."""
    name = getattr(function, "__name__", "f")
    lines = [line.strip() for line in without_colors(error).splitlines() if line.strip()]
    telling = [li for li in lines if not li.startswith(("Failed in", "During:", "File", "<source", "- ", "def ", "^"))]
    ours = [li.split("Error: ", 1)[1] for li in lines if "Error: it must " in li]
    reason = ours[0] if ours else " ".join(telling[:3])[:300]
    return (
        f"the {what} {name!r} cannot be compiled: {reason}; "
        f"pass the plain Python function ({name}.py_func) to solve without compilation"
    )


def pack_args(args) -> tuple[str, list]:
    """How extra arguments are taken out of p: (source of the arguments, numbers for p)."""
    source, numbers = "", []
    for arg in args:
        values = np.asarray(arg, dtype=float)
        start = len(numbers)
        numbers.extend(values.reshape(-1).tolist())
        if values.ndim == 0:
            whole = isinstance(arg, (int, np.integer)) and not isinstance(arg, bool)
            source += f", int(get(p, {start}))" if whole else f", get(p, {start})"
        else:
            source += f", carray(at(p, {start}), {tuple(values.shape)})"
    return source, numbers


SIGNATURE = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.c_int64,
    ctypes.c_double,
    ctypes.c_void_p,
    ctypes.c_int64,
    ctypes.c_void_p,
    ctypes.c_void_p,
)


def python_field(call, size: int, what="right-hand side") -> Field:
    """A Python function call(t, y, p) -> `size` numbers as a Field that kernels can call.

    An exception cannot cross a kernel: it is kept, `abort` is set so that the kernel stops, and the caller raises it.
    """
    views, failure = {}, []
    made = Field(0, None, call, False, "typ", failure)

    def view(where, length):
        key = (where, length)
        if key not in views:
            views[key] = (
                np.ctypeslib.as_array((ctypes.c_double * length).from_address(where)) if length else np.zeros(0)
            )
        return views[key]

    def field_(_, __, n, t, y, m, p, out):
        target = view(out, size)
        if failure:
            target[:] = np.nan
            return 0
        try:
            target[:] = checked(call(t, view(y, n).copy(), view(p, m)), size, what)
        except BaseException as error:  # KeyboardInterrupt too: it must reach the user
            failure.append(error)
            made.abort[0] = 1
            target[:] = np.nan
        return 0

    callback = SIGNATURE(field_)
    made.address, made.keep = ctypes.cast(callback, ctypes.c_void_p).value, callback
    return made


def checked(result, size: int, what: str):
    """The result as it is, if it is `size` numbers (a scalar counts as one). Raises InvalidInput."""
    if type(result) is np.ndarray and result.shape == (size,) and result.dtype.kind in "fiu":
        return result
    values = np.asarray(result)
    if values.dtype.kind not in "fiub":
        raise InvalidInput(f"the {what} must return real numbers, got {values.dtype} values")
    if values.size != size or values.ndim > 2:
        raise InvalidInput(
            f"the {what} must return {size} number{'s' * (size != 1)}, got an array of shape {values.shape}"
        )
    return values.reshape(-1)
