"""What a law is to numba; importing this loads numba.

LAW_SIGNATURE   void(model, gains, memory, t, q, v, ref, tau)
LAW             the type of a pointer to such a function
law_at          that pointer from an address: a loop is compiled once for all laws, and passing one costs nothing
law_address     the address of a njit function, compiled for the signature if need be
ESTIMATE_SIGNATURE, estimate_at, estimate_address   likewise of an estimator
"""

from numba import float64 as f8
from numba import int64 as i8
from numba import types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError
from numba.extending import intrinsic

from robocalc.dynamics.model import MODEL
from robocalc.errors import InvalidInput, without_colors

LAW_SIGNATURE = types.void(MODEL, f8[:, ::1], f8[:, ::1], f8, f8[::1], f8[::1], f8[:, ::1], f8[::1])
LAW = types.FunctionType(LAW_SIGNATURE)
ESTIMATE_SIGNATURE = types.void(
    MODEL, f8[:, ::1], f8[:, ::1], i8, f8[:, :], f8[:, :, ::1], f8[::1], f8[::1], f8[:, ::1], f8[:, ::1]
)
ESTIMATE = types.FunctionType(ESTIMATE_SIGNATURE)
WORDS = {
    LAW_SIGNATURE: ("a law's step", "law(model, gains, memory, t, q, v, ref, tau)", "tau"),
    ESTIMATE_SIGNATURE: (
        "an estimator's step",
        "estimator(model, gains, memory, k, applied, reference, q, v, ref, out)",
        "out",
    ),
}


def pointer(kind):
    """An intrinsic: a function of type `kind` that jumps to an address (int64, of numba's own calling convention)."""

    @intrinsic
    def at(typingctx, address):
        def codegen(context, builder, signature, args):
            pointer = cgutils.create_struct_proxy(kind)(context, builder)
            pointer.jit_addr = builder.inttoptr(args[0], context.get_value_type(types.voidptr))
            return pointer._getvalue()

        return kind(i8), codegen

    return at


law_at, estimate_at = pointer(LAW), pointer(ESTIMATE)


def law_address(step) -> int:
    """Where the machine code of `step` lies; keep `step` alive as long as the address is in use.

    raises    InvalidInput: not a njit function, or not compilable for LAW_SIGNATURE
    """
    return _address(step, LAW_SIGNATURE)


def estimate_address(step) -> int:
    """The same of an estimator's step, for ESTIMATE_SIGNATURE; raises likewise."""
    return _address(step, ESTIMATE_SIGNATURE)


def _address(step, signature):
    what, call, out = WORDS[signature]
    if not isinstance(step, Dispatcher):
        raise InvalidInput(f"{what} must be a numba.njit function, got {type(step).__name__}")
    try:
        compiled = step.get_compile_result(signature)
    except (NumbaError, TypeError) as error:
        reason = " ".join(without_colors(error).split())
        raise InvalidInput(f"{what} must compile as {call} and return nothing; numba says: {reason[:300]}") from None
    if compiled is None or compiled.signature.return_type != types.none:
        returns = None if compiled is None else compiled.signature.return_type
        raise InvalidInput(f"{what} must write into {out} and return nothing, this one returns {returns}")
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
