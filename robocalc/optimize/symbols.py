"""What a user's function is called with to find its derivatives: numbers that remember what was done to them.

Symbol      a scalar with Python's operators and numpy's functions, around a CasADi SX
symbols     a vector of them, an object array that can be sliced, stacked, multiplied
expression  what the function returned, as one column of SX
tracing     numpy's functions that cannot take object arrays do so inside this context
"""

from importlib import import_module

import numpy as np

from robocalc.errors import EngineUnavailable, InvalidInput

PLAIN = (
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    *("exp", "log", "log10", "log1p", "expm1", "sqrt", "floor", "ceil", "sign", "fabs"),
)
NAMES = {f"arc{f}": f"a{f}" for f in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}  # numpy's -> CasADi's
PAIRS = {"arctan2": "atan2", "hypot": "hypot", "maximum": "fmax", "minimum": "fmin", "fmax": "fmax", "fmin": "fmin"}
UNTRACED = "its derivatives cannot be found: write it with numpy's functions of x and u"


def casadi():
    """The package, or one sentence that says how to get it."""
    try:
        return import_module("casadi")
    except ImportError:
        raise EngineUnavailable("collocation needs CasADi, which is not installed: pip install casadi") from None


class Symbol:
    """One scalar expression; `v` is the CasADi SX."""

    __slots__ = ("v",)
    __hash__ = object.__hash__

    def __init__(self, v):
        self.v = v

    def __SX__(self):  # noqa: N802 - CasADi's own hook: its functions take a Symbol where they take an SX
        return self.v

    def __repr__(self):
        return f"Symbol({self.v})"

    def __bool__(self):
        raise InvalidInput("a comparison of symbols was used as True or False (if, and, min, max): write np.where")

    def __float__(self):
        raise InvalidInput(
            "a symbol was turned into a number (math.sin, float, array(..., float)): use numpy's functions"
        )

    __int__ = __float__

    def __pos__(self):
        return self

    def conjugate(self):
        return self

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        if method != "__call__" or any(v is not None for v in options.values()) or ufunc.nout != 1:
            return NotImplemented
        wrapped = [boxed(x) for x in inputs]
        if all(w.ndim == 0 for w in wrapped):
            return apply(ufunc.__name__, [w[()] for w in wrapped])
        rows = np.broadcast(*wrapped)
        out = np.empty(rows.shape, dtype=object)
        out.flat = [apply(ufunc.__name__, row) for row in rows]
        return out


def boxed(x):
    if isinstance(x, Symbol) or type(x).__name__ == "SX":
        box = np.empty((), dtype=object)
        box[()] = x
        return box
    return np.asarray(x, dtype=object)


def _raw(x):
    return x.v if isinstance(x, Symbol) else x


BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": lambda a, b: a**b,
    "float_power": lambda a, b: a**b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "remainder": lambda a, b: a - b * casadi().floor(a / b),
}
UNARY = {
    "negative": lambda a: -a,
    "positive": lambda a: a,
    "absolute": lambda a: casadi().fabs(a),
    "square": lambda a: a * a,
    "reciprocal": lambda a: 1 / a,
    "conjugate": lambda a: a,
    "exp2": lambda a: 2**a,
    "log2": lambda a: casadi().log(a) / np.log(2),
    "cbrt": lambda a: casadi().sign(a) * casadi().fabs(a) ** (1 / 3),
    "deg2rad": lambda a: a * (np.pi / 180),
    "rad2deg": lambda a: a * (180 / np.pi),
    "radians": lambda a: a * (np.pi / 180),
    "degrees": lambda a: a * (180 / np.pi),
}


def apply(name, args):
    ca, args = casadi(), [_raw(a) for a in args]
    args = [a if isinstance(a, ca.SX) else float(a) for a in args]
    if name in BINARY or name in UNARY:
        return Symbol((BINARY.get(name) or UNARY[name])(*args))
    if name in PLAIN:
        return Symbol(getattr(ca, NAMES.get(name, name))(*args))
    if name in PAIRS:
        return Symbol(getattr(ca, PAIRS[name])(*args))
    if name.startswith("logical"):
        return Symbol(
            {"logical_and": ca.logic_and, "logical_or": ca.logic_or, "logical_not": ca.logic_not}[name](*args)
        )
    raise InvalidInput(f"np.{name} of a symbol has no derivative here; {UNTRACED}")


def _operator(name, turned=False):
    def method(self, other):
        if isinstance(other, np.ndarray) and other.ndim:
            return NotImplemented if turned else getattr(np, name)(boxed(self), other)
        return apply(name, (other, self) if turned else (self, other))

    return method


def _equip():
    """Operators, and the methods that numpy calls on the elements of an object array."""
    pairs = {
        "add": "add",
        "sub": "subtract",
        "mul": "multiply",
        "truediv": "divide",
        "pow": "power",
        "mod": "remainder",
    }
    for short, name in pairs.items():
        setattr(Symbol, f"__{short}__", _operator(name))
        setattr(Symbol, f"__r{short}__", _operator(name, turned=True))
    for short, name in {"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}.items():
        setattr(Symbol, f"__{short}__", _operator(name))
    for short, name in {"eq": "equal", "ne": "not_equal"}.items():
        setattr(Symbol, f"__{short}__", _operator(name))
    for short, name in {"neg": "negative", "abs": "absolute"}.items():
        setattr(Symbol, f"__{short}__", lambda self, name=name: apply(name, (self,)))
    for name in (*PLAIN, *UNARY):
        if name != "conjugate":
            setattr(Symbol, name, lambda self, name=name: apply(name, (self,)))
    for name in PAIRS:
        setattr(Symbol, name, lambda self, other, name=name: apply(name, (self, other)))


_equip()


def symbols(sx):
    """Object array (n,) of Symbols of a CasADi column."""
    out = np.empty(sx.numel(), dtype=object)
    for i in range(len(out)):
        out[i] = Symbol(sx[i])
    return out


def expression(value):
    """What a traced function returned (number, sequence, array, SX) as an SX column."""
    ca = casadi()
    if isinstance(value, ca.SX):
        return ca.vec(ca.densify(value))
    if isinstance(value, Symbol):
        return value.v
    if isinstance(value, np.ndarray):
        value = value.ravel().tolist()
    if isinstance(value, list | tuple):
        return ca.vertcat(*(expression(v) for v in value)) if value else ca.SX(0, 1)
    return ca.SX(float(value))
