"""Arrays without reference counts, for loops that run for microseconds; importing this loads numba.

numba counts references to every array that it passes on, atomically: for the arrays of one closed loop that is half of
a step's time. A borrowed array has no owner to count, which is safe as long as the caller keeps the original.
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@intrinsic
def borrowed(typingctx, x):
    """The same array, or tuple of arrays, without owner."""

    def strip(context, builder, kind, value):
        if isinstance(kind, types.BaseTuple):
            parts = [strip(context, builder, k, builder.extract_value(value, i)) for i, k in enumerate(kind.types)]
            return context.make_tuple(builder, kind, parts)
        array = context.make_array(kind)(context, builder, value=value)
        array.meminfo = cgutils.get_null_value(array.meminfo.type)
        array.parent = cgutils.get_null_value(array.parent.type)
        return array._getvalue()

    def codegen(context, builder, signature, args):
        return strip(context, builder, signature.args[0], args[0])

    return x(x), codegen
