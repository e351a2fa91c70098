"""A CasADi expression as machine code that kernels call by its address.

    emitted   Function (t, x, u, p) -> one dense column, as an Emitted
    call      void at an address, inside a kernel: f(t, x, u, p, out)

The expression graph is already a list of scalar operations, so it is written down as LLVM's own language: a hundred
times sooner ready than Python source for numba, and no function of the user's compiles a kernel again.
"""

import ctypes
from collections import OrderedDict

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from robocalc.errors import InvalidInput
from robocalc.optimize.symbols import casadi

KEPT = 64  # compiled functions in memory
PLAIN = {"ADD": "fadd", "SUB": "fsub", "MUL": "fmul", "DIV": "fdiv"}
COMPARED = {"LT": "olt", "LE": "ole", "EQ": "oeq", "NE": "une"}
INTRINSIC = {
    **{"SIN": "sin", "COS": "cos", "EXP": "exp", "LOG": "log", "SQRT": "sqrt", "FABS": "fabs"},
    **{"FLOOR": "floor", "CEIL": "ceil", "POW": "pow", "CONSTPOW": "pow", "COPYSIGN": "copysign"},
    **{"FMIN": "minnum", "FMAX": "maxnum"},
}
LIBRARY = (
    *("tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
    *("expm1", "log1p", "erf", "atan2", "hypot", "fmod", "remainder"),
)

_kept = OrderedDict()
_engines = []


class Emitted:
    """address of the machine code; size: entries of its column. Keep it while the address is in use."""

    def __init__(self, function):
        self.size = function.nnz_out(0)
        self._engine = _compiled(_text(function))
        self.address = self._engine.get_function_address("f")


def emitted(function) -> Emitted:
    """The Emitted of a CasADi SX Function (t, x, u, p) -> dense column, kept by its content."""
    key = function.serialize()
    if key not in _kept:
        _kept[key] = Emitted(function)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return _kept[key]


@intrinsic
def call(typingctx, address, t, x, u, p, out):
    """f(t, x, u, p, out) at `address`; x, u, p, out are contiguous vectors."""

    def codegen(context, builder, sig, args):
        double, pointer = ir.DoubleType(), ir.DoubleType().as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [double, *[pointer] * 4])
        vectors = [context.make_array(s)(context, builder, value=v).data for s, v in zip(sig.args[2:], args[2:])]
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), [args[1], *vectors])
        return context.get_dummy_value()

    return types.void(types.int64, types.float64, x, u, p, out), codegen


def _text(function) -> str:
    """The function in LLVM's language."""
    ca = casadi()
    names = {getattr(ca, s): s[3:] for s in dir(ca) if s.startswith("OP_")}
    w, lines, used = {}, [], set()
    for k in range(function.n_instructions()):
        name, out, into = (
            names[function.instruction_id(k)],
            function.instruction_output(k),
            function.instruction_input(k),
        )
        if name == "OUTPUT":
            lines += [f"%o{k} = getelementptr double, ptr %out, i64 {out[1]}", f"store double {w[into[0]]}, ptr %o{k}"]
            continue
        if name == "CONST":
            w[out[0]] = _number(function.instruction_constant(k))
        elif name == "INPUT":
            w[out[0]] = "%t" if into[0] == 0 else f"%v{k}"
            if into[0]:
                lines += [
                    f"%i{k} = getelementptr double, ptr %{'txup'[into[0]]}, i64 {into[1]}",
                    f"%v{k} = load double, ptr %i{k}",
                ]
        else:
            lines += _operation(name, f"%v{k}", [w[i] for i in into], used)
            w[out[0]] = f"%v{k}"
    head = "\n".join(f"declare double @{s}" for s in sorted(used))
    body = "\n  ".join(lines)
    return f"""{head}
define void @f(double %t, ptr noalias nocapture readonly %x, ptr noalias nocapture readonly %u,
               ptr noalias nocapture readonly %p, ptr noalias nocapture %out) {{
  {body}
  ret void
}}
"""


def _number(value) -> str:
    """A double, to the last bit."""
    return f"0x{ctypes.c_uint64.from_buffer(ctypes.c_double(float(value))).value:016X}"


def _operation(name, v, a, used) -> list:
    """Lines that put operation `name` of a into v."""
    one, zero = _number(1.0), _number(0.0)
    if name in PLAIN:
        return [f"{v} = {PLAIN[name]} double {a[0]}, {a[1]}"]
    if name == "ASSIGN":
        return [f"{v} = fadd double {a[0]}, {_number(-0.0)}"]
    if name == "NEG":
        return [f"{v} = fneg double {a[0]}"]
    if name in ("SQ", "TWICE"):
        return [f"{v} = {'fmul' if name == 'SQ' else 'fadd'} double {a[0]}, {a[0]}"]
    if name == "INV":
        return [f"{v} = fdiv double {one}, {a[0]}"]
    if name in COMPARED:
        return [f"{v}b = fcmp {COMPARED[name]} double {a[0]}, {a[1]}", f"{v} = uitofp i1 {v}b to double"]
    if name == "NOT":
        return [f"{v}b = fcmp oeq double {a[0]}, {zero}", f"{v} = uitofp i1 {v}b to double"]
    if name in ("AND", "OR"):
        return [
            f"{v}a = fcmp une double {a[0]}, {zero}",
            f"{v}b = fcmp une double {a[1]}, {zero}",
            f"{v}c = {name.lower()} i1 {v}a, {v}b",
            f"{v} = uitofp i1 {v}c to double",
        ]
    if name == "IF_ELSE_ZERO":
        return [f"{v}b = fcmp une double {a[0]}, {zero}", f"{v} = select i1 {v}b, double {a[1]}, double {zero}"]
    if name == "SIGN":
        return [
            f"{v}p = fcmp ogt double {a[0]}, {zero}",
            f"{v}n = fcmp olt double {a[0]}, {zero}",
            f"{v}q = select i1 {v}p, double {one}, double {a[0]}",
            f"{v} = select i1 {v}n, double {_number(-1.0)}, double {v}q",
        ]
    symbol = f"llvm.{INTRINSIC[name]}.f64" if name in INTRINSIC else name.lower()
    if name not in INTRINSIC and symbol not in LIBRARY:
        raise InvalidInput(f"method='ddp' cannot compile CasADi's operation {name}: write it another way, or collocate")
    used.add(f"{symbol}({', '.join(['double'] * len(a))})")
    return [f"{v} = call double @{symbol}({', '.join(f'double {x}' for x in a)})"]


def _compiled(text):
    """An execution engine that holds the module's machine code."""
    import math  # noqa: F401 - its library has the functions that LLVM calls by name

    if not _engines:
        import numba  # noqa: F401 - sets LLVM up

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = llvm.Target.from_default_triple()
        _engines.append(target)
    machine = _engines[0].create_target_machine(cpu=llvm.get_host_cpu_name(), opt=1)
    module = llvm.parse_assembly(text)
    module.verify()
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine
