"""Compiled functions called by address, and generated source compiled once per machine.

    RHS, STEP      what an address points at: f(n, t, y*, m, p*, out*), step(rhs, n, m, t, h, lo, hi, y*, p*, k*, ...)
    call_rhs, ...  call an address inside a kernel; an exception inside propagates
    get, put, at   scalars through pointers: k[i], k[i] = x, &k[i]
    compile_source source text -> compiled function, cached on disk under the hash of all that it depends on

A kernel that takes a user's function as an argument is compiled again for every function (0.7-1.1 s each). An address
is a number: the kernels are compiled once per machine, and a new right-hand side costs only its own compilation.
"""

import hashlib
import linecache
import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
from numba import carray, types  # noqa: F401 (carray: for generated source)
from numba import njit as plain_njit
from numba.core import cgutils
from numba.extending import intrinsic

from robocalc.jit import source_stamp

i8, f8 = types.int64, types.float64
PTR = types.CPointer(f8)
RHS = types.void(i8, f8, PTR, i8, PTR, PTR)
STEP = types.void(i8, i8, i8, f8, f8, f8, f8, PTR, PTR, PTR, PTR, PTR, PTR)
BACK = types.void(i8, i8, i8, f8, f8, f8, f8, PTR, PTR, PTR, PTR, PTR, PTR, PTR, PTR, PTR, PTR)
OPTIONS = {"cache": True, "error_model": "numpy", "nogil": True}
BY_ADDRESS = {
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}  # for what is never called from Python: sooner ready


def _caller(signature):
    """An intrinsic that calls the address in its first argument with numba's own calling convention."""

    @intrinsic
    def call(typingctx, address, *args):
        def codegen(context, builder, sig, values):
            args = values[1] if len(values) == 2 and isinstance(sig.args[1], types.BaseTuple) else None
            given = cgutils.unpack_tuple(builder, args) if args is not None else list(values[1:])
            kind = context.call_conv.get_function_type(signature.return_type, signature.args)
            pointer = builder.inttoptr(values[0], kind.as_pointer())
            status, _ = context.call_conv.call_function(builder, pointer, signature.return_type, signature.args, given)
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value()

        packed = types.StarArgTuple(signature.args)
        return types.void(i8, packed), codegen

    return call


call_rhs = _caller(RHS)
call_step = _caller(STEP)
call_back = _caller(BACK)


@intrinsic
def get(typingctx, pointer, index):
    """pointer[index] without a bounds check or wrap-around."""

    def codegen(context, builder, sig, args):
        return builder.load(builder.gep(args[0], [args[1]], inbounds=True))

    return f8(PTR, i8), codegen


@intrinsic
def put(typingctx, pointer, index, value):
    """pointer[index] = value."""

    def codegen(context, builder, sig, args):
        builder.store(args[2], builder.gep(args[0], [args[1]], inbounds=True))
        return context.get_dummy_value()

    return types.void(PTR, i8, f8), codegen


@intrinsic
def at(typingctx, pointer, index):
    """&pointer[index]."""

    def codegen(context, builder, sig, args):
        return builder.gep(args[0], [args[1]], inbounds=True)

    return PTR(PTR, i8), codegen


@intrinsic
def data(typingctx, array):
    """The address of a contiguous float64 array's first element, as a pointer."""

    def codegen(context, builder, sig, args):
        return cgutils.create_struct_proxy(sig.args[0])(context, builder, args[0]).data

    return PTR(array), codegen


def address(function) -> int:
    """Where the one compiled version of an njit function starts."""
    (result,) = function.overloads.values()
    return result.library.get_pointer_to_function(result.fndesc.llvm_func_name)


@cache
def cache_folder() -> Path:
    """Where generated source lives: NUMBA_CACHE_DIR, or the user's cache folder, or a temporary one."""
    wanted = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(wanted) / "robocalc" / "ode"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise OSError(f"{folder} is read-only")
        return folder
    except OSError:
        return Path(tempfile.mkdtemp(prefix="robocalc-ode-"))


def compile_source(source: str, name: str, namespace: dict, signature, stamp: str | None = "", **options):
    """The function `name` of `source`, compiled for `signature`.

    namespace   what the source refers to, beside the names of this module
    stamp       a hash of the namespace's meaning: same source and stamp, same machine code. None: do not cache
    """
    scope = {**globals(), **namespace}
    if stamp is None:
        filename = f"<robocalc {name}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        settings = {**OPTIONS, **BY_ADDRESS, **options, "cache": False}
    else:
        key = hashlib.sha256(f"{source}{stamp}{signature}{source_stamp(Path(__file__).resolve())}".encode()).hexdigest()
        filename = str(_written(source, f"{name}_{key[:24]}.py"))
        settings = {**OPTIONS, **BY_ADDRESS, **options}
    exec(compile(source, filename, "exec"), scope)
    try:
        return plain_njit(signature, **settings)(scope[name])
    except ImportError:  # cached code that refers to a module which is not there: compile anew
        return plain_njit(signature, **{**settings, "cache": False})(scope[name])


def _written(source: str, name: str) -> Path:
    """The file with that content; written whole or not at all, as other processes may read it."""
    path = cache_folder() / name
    if not path.is_file():
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(source)
        os.replace(temporary, path)
    return path


@intrinsic
def pointer(typingctx, address):
    """An address as a pointer to floats."""

    def codegen(context, builder, sig, args):
        return builder.inttoptr(args[0], context.get_value_type(PTR))

    return PTR(i8), codegen


def row(values) -> np.ndarray:
    """A contiguous float64 vector."""
    return np.ascontiguousarray(values, dtype=np.float64).reshape(-1)
