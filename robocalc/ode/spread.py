"""`spread(out, size, result)`: whatever a compiled function returned, written where the kernel wants it.

`spread_one(out, result)` is the same for events: one number, anything else does not compile.
"""

from numba import types
from numba.core.errors import TypingError
from numba.extending import overload

from robocalc.jit import source_stamp
from robocalc.ode.native import Path, put


def spread(out, size, result):
    """Compiled only."""
    raise NotImplementedError


def stamped(fingerprint):
    """A fingerprint of what a wrapper calls, widened by this file; None stays None."""
    return fingerprint and fingerprint + source_stamp(Path(__file__).resolve())


def spread_one(out, result):
    """Compiled only."""
    raise NotImplementedError


@overload(spread_one)
def _spread_one(out, result):
    if isinstance(result, (types.Float, types.Integer, types.Boolean)):

        def single(out, result):
            put(out, 0, float(result))

        return single
    raise TypingError(f"it must return one number, and returns {result}")


@overload(spread, inline="never")
def _spread(out, size, result):
    if isinstance(result, types.Array) and result.ndim == 1:

        def array(out, size, result):
            if result.shape[0] != size:
                raise ValueError("the function returned a wrong number of values: one for each component is needed")
            for i in range(size):
                put(out, i, float(result[i]))

        return array
    if isinstance(result, types.BaseTuple) and all(isinstance(t, (types.Float, types.Integer)) for t in result.types):
        count = len(result.types)
        lines = [f"    put(out, {i}, float(result[{i}]))" for i in range(count)]
        message = f"the function returned {count} values: one for each component is needed"
        check = f"    if size != {count}:\n        raise ValueError({message!r})"
        scope = {"put": put}
        exec("\n".join(["def several(out, size, result):", check, *lines]), scope)
        return scope["several"]
    if isinstance(result, types.List) and isinstance(result.dtype, (types.Float, types.Integer)):

        def listed(out, size, result):
            if len(result) != size:
                raise ValueError("the function returned a wrong number of values: one for each component is needed")
            for i in range(size):
                put(out, i, float(result[i]))

        return listed
    if isinstance(result, (types.Float, types.Integer, types.Boolean)):

        def single(out, size, result):
            if size != 1:
                raise ValueError("the function returned one number: one for each component is needed")
            put(out, 0, float(result))

        return single
    if isinstance(result, types.Array):
        dims = result.ndim

        def matrix(out, size, result):
            if result.size != size:
                raise ValueError("the function returned a wrong number of values")
            for i, value in enumerate(result.flat):
                put(out, i, float(value))

        return matrix if dims > 1 else None
    return None
