"""Plain-Python right-hand sides on few components: a generated Python loop over local scalars.

    try_scalar      the whole solve, or None where this path does not apply
    indexes_only    whether a function reads its state only as y[0], y[1], ... or a, b = y

A rhs that only indexes its state means the same for a list of floats as for an array, and runs several times faster on
it: no numpy scalar is made. Stages and components are local names, coefficients are literals. Where the list turns
out not to do (an exception, a complex number), the solve starts again on the general path, with arrays.
"""

import dis
import inspect
import math
import types
from functools import cache, lru_cache

import numpy as np

from robocalc.ode.methods import METHODS
from robocalc.ode.solution import Counters, Dense, Solution, Status

MOST_COMPONENTS = 10
SAFETY, SHRINK, GROW, BETA = 0.9, 0.2, 10.0, 0.04
READS = ("LOAD_FAST", "STORE_FAST_LOAD_FAST")  # the latter stores another name first (Python 3.13)
FAILURES = (ArithmeticError, TypeError, ValueError, IndexError, AttributeError, LookupError)


def indexes_only(function) -> bool:
    """Whether the second argument is only read by constant index or unpacked, told from the bytecode."""
    first = 1 if inspect.ismethod(function) else 0
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType) or function.__code__.co_argcount < 2 + first:
        return False
    code = function.__code__
    name = code.co_varnames[1 + first]
    return name not in code.co_cellvars and _only_indexed(code, name)


@lru_cache(maxsize=1024)
def _only_indexed(code, name) -> bool:
    steps = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "EXTENDED_ARG", "NOP", "RESUME")]
    for here, after, then in zip(steps, [*steps[1:], None], [*steps[2:], None, None]):
        loads = here.argval if isinstance(here.argval, tuple) else (here.argval,)
        if name not in loads:
            continue
        if not here.opname.startswith(READS) or loads[-1] != name or loads.count(name) > 1:
            return False
        unpacked = after is not None and after.opname == "UNPACK_SEQUENCE"
        constant = after is not None and after.opname in ("LOAD_CONST", "LOAD_SMALL_INT")
        indexed = constant and type(after.argval) is int and then is not None
        indexed = indexed and (then.opname == "BINARY_SUBSCR" or (then.opname == "BINARY_OP" and then.argrepr == "[]"))
        if not (unpacked or indexed):
            return False
    return True


def _sum(weights, i) -> str:
    return " + ".join(f"{float(w)!r} * k{j}_{i}" for j, w in enumerate(weights) if w != 0) or "0.0"


def _call(stage, n, arguments, kind) -> str:
    names = ", ".join(f"k{stage}_{i}" for i in range(n))
    if kind == "scalar":
        return f"{names} = f({arguments})"
    if kind == "numbers":
        return f"{names}, = map(float, f({arguments}))"
    return f"{names}, = f({arguments}){'.tolist()' if kind == 'array' else ''}"


@cache
def loop_source(method: str, n: int, kind: str, with_p: bool, keep: bool) -> str:
    """Source of the loop.

    kind   what f returns: "sequence", "numbers" of numpy, "array" or "scalar"
    keep   append the stages of each step
    """
    tab = METHODS[method]
    tail, s = ", p" if with_p else "", tab.stages
    ys, zs = [f"y{i}" for i in range(n)], [f"z{i}" for i in range(n)]
    body = []
    for j in range(1, s):
        state = ", ".join(f"y{i} + h * ({_sum(tab.a[j], i)})" for i in range(n))
        time = "t + h" if tab.c[j] == 1 else f"t + {float(tab.c[j])!r} * h"
        body.append(
            _call(j, n, f"clip({time}), [{state}]{tail}" if tab.c[j] == 1 else f"{time}, [{state}]{tail}", kind)
        )
    body += [f"z{i} = y{i} + h * ({_sum(tab.b, i)})" for i in range(n)]
    last = _call(s, n, f"t_new, [{', '.join(zs)}]{tail}", kind)
    if tab.error_needs_new_rhs:
        body.append(last)
    for which, weights in enumerate(tab.e):
        terms = []
        for i in range(n):
            if which == 0:
                body.append(f"b{i} = abs(z{i})")
            scale = f"atol{i} + rtol{i} * (a{i} if a{i} > b{i} else b{i})"
            body.append(f"e{which}_{i} = ({_sum(weights, i)}) / ({scale})")
            terms.append(f"e{which}_{i} * e{which}_{i}")
        body.append(f"sum{which} = {' + '.join(terms)}")
    if len(tab.e) == 2:
        body.append(f"error = abs(h) * sum0 / sqrt((sum0 + 0.01 * sum1) * {n}) if sum0 > 0.0 else 0.0")
    else:
        body.append(f"error = abs(h) * sqrt(sum0 / {n})")
    body.append(f"total = error + {' + '.join(zs)}")
    expo = 1 / (tab.error_order + 1) - (0.75 * BETA if tab.error_order == 4 else 0.0)
    accepted = [] if tab.error_needs_new_rhs else [last]
    row = lambda j: "(" + ", ".join(f"k{j}_{i}" for i in range(n)) + ",)"  # noqa: E731
    save = [f"stages(({', '.join(row(j) for j in range(s + 1))}))"] if keep else []
    nfev = s - 1 + tab.error_needs_new_rhs
    return f"""
def loop(f, t, t1, h, {", ".join(ys)}, {", ".join(f"k0_{i}" for i in range(n))},
         tolerances, p, h_max, h_min, most, times, states, stages):
    ({", ".join(f"rtol{i}, atol{i}" for i in range(n))},) = tolerances
    forward = t1 > t
    clip = (lambda x: x if x < t1 else t1) if forward else (lambda x: x if x > t1 else t1)
    nfev = accepted = rejected = 0
    old, just_rejected = 1e-4, False
    {", ".join(f"a{i}" for i in range(n))}, = {", ".join(f"abs(y{i})" for i in range(n))},
    while t != t1:
        if accepted + rejected >= most:
            return 'many', t, nfev, accepted, rejected
        if h > h_max:
            h = h_max
        left = t1 - t
        if h * 1.01 >= abs(left) and abs(left) <= h_max:
            h, t_new, last = left, t1, True
        else:
            h, last = (h if forward else -h), False
            t_new = t + h
            if abs(h) < h_min or t_new == t or abs(h) < 4e-16 * abs(t):
                return 'small', t, nfev, accepted, rejected
        {NEW.join(body)}
        nfev += {nfev}
        if not total - total == 0.0:
            return 'nan', t, nfev, accepted, rejected
        power = (error if error > 1e-10 else 1e-10) ** {expo!r}
        if error <= 1.0:
            {NEW2.join(accepted + save) or "pass"}
            nfev += {0 if tab.error_needs_new_rhs else 1}
            factor = {SAFETY!r} * old ** {BETA!r} / power if {tab.error_order == 4} else {SAFETY!r} / power
            factor = {GROW!r} if factor > {GROW!r} else {SHRINK!r} if factor < {SHRINK!r} else factor
            if just_rejected and factor > 1.0:
                factor = 1.0
            old, just_rejected = (error if error > 1e-4 else 1e-4), False
            h = abs(h) * factor
            t, accepted = t_new, accepted + 1
            {", ".join(ys)}, = {", ".join(zs)},
            {", ".join(f"a{i}" for i in range(n))}, = {", ".join(f"b{i}" for i in range(n))},
            {", ".join(f"k0_{i}" for i in range(n))}, = {", ".join(f"k{s}_{i}" for i in range(n))},
            times(t)
            states(({", ".join(ys)},))
        else:
            factor = {SAFETY!r} / power
            h = abs(h) * (factor if factor > {SHRINK!r} else {SHRINK!r})
            rejected, just_rejected = rejected + 1, True
            if last and (t + h == t or h < h_min):
                return 'small', t, nfev, accepted, rejected
    return 'done', t, nfev, accepted, rejected
"""


NEW, NEW2 = "\n        ", "\n            "


@cache
def _loop(method, n, kind, with_p, keep):
    scope = {"sqrt": math.sqrt}
    exec(compile(loop_source(method, n, kind, with_p, keep), f"<robocalc {method} n={n}>", "exec"), scope)
    return scope["loop"]


def _initial_step(field, t0, t1, y, f0, params, tol, order, max_step):
    """Hairer's first step, as the kernels take it."""
    scale = tol[1] + tol[0] * np.abs(y)
    norm = lambda v: math.sqrt(float(np.mean((v / scale) ** 2)))  # noqa: E731
    d0, d1, span = norm(y), norm(f0), abs(t1 - t0)
    h0 = min(1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1, span, max_step)
    sign = 1.0 if t1 >= t0 else -1.0
    f1 = np.asarray(field.python(t0 + sign * h0, y + sign * h0 * f0, params), dtype=float).reshape(-1)
    d2 = norm(f1 - f0) / h0
    if not math.isfinite(d2):
        return None
    largest = max(d1, d2)
    h1 = max(1e-6, h0 * 1e-3) if largest <= 1e-15 else (0.01 / largest) ** (1.0 / order)
    return min(100 * h0, h1, span, max_step)


def try_scalar(
    method, field, t0, t1, y, params, tol, times, first_step, max_step, min_step, max_steps, dense, keep_rows
):
    """The Solution, or None where the state is long or not only indexed, or a value was not a finite real number."""
    n, tab = len(y), METHODS[method]
    wants_dense = dense or times is not None
    if not 1 <= n <= MOST_COMPONENTS or (wants_dense and len(tab.extra_c)) or not math.isfinite(t1):
        return None
    if field.form not in ("ty", "typ") or not indexes_only(field.function):
        return None
    try:
        return _scalar(
            method, field, t0, t1, y, params, tol, times, first_step, max_step, min_step, max_steps, dense, keep_rows
        )
    except FAILURES:
        return None


def _kind(first, n) -> str | None:
    """What f returned: list or tuple, array, or a number."""
    if isinstance(first, (list, tuple)) and len(first) == n and all(isinstance(v, (int, float)) for v in first):
        return "numbers" if any(isinstance(v, np.generic) for v in first) else "sequence"
    if isinstance(first, np.ndarray) and first.shape == (n,) and first.dtype.kind in "fi":
        return "array"
    return "scalar" if n == 1 and isinstance(first, (int, float)) else None


def _scalar(method, field, t0, t1, y, params, tol, times, first_step, max_step, min_step, max_steps, dense, keep_rows):
    from robocalc.ode.checks import positive

    n, tab, with_p, f = len(y), METHODS[method], field.form == "typ", field.function
    first = f(t0, y.tolist(), params) if with_p else f(t0, y.tolist())
    kind = _kind(first, n)
    if kind is None or (first_step is not None and not 0 < first_step <= abs(t1 - t0)):
        return None
    f0 = np.asarray(first, dtype=float).reshape(-1)
    order = tab.error_order + 1
    h = first_step or _initial_step(field, t0, t1, y, f0, params, tol, order, positive("max_step", max_step))
    if h is None or min_step < 0 or min_step > max_step or max_steps < 1:
        return None
    calls = 1 + (first_step is None)
    keep = dense or times is not None
    ts, ys, ks = [t0], [tuple(y.tolist())], []
    loop = _loop(method, n, kind, with_p, keep)
    limits = (float(max_step), float(min_step), max_steps)
    out = loop(
        f, t0, t1, float(h), *y.tolist(), *f0.tolist(), tol.T.reshape(-1).tolist(), params, *limits,
        ts.append, ys.append, ks.append,
    )  # fmt: skip
    ended, _, nfev, accepted, rejected = out
    if ended != "done":
        return None  # the general path says what failed, in its words
    t, states = np.array(ts), np.array(ys, dtype=float)
    counters = Counters(nfev + calls, accepted, rejected)
    return _pack(method, field, params, tol, t, states, ks, times, dense, keep_rows, counters)


def _pack(method, field, params, tol, t, states, ks, times, dense, keep_rows, counters) -> Solution:
    interpolate, trace = None, None
    if ks:
        h = np.diff(t)
        R = np.einsum("rd,krn->kdn", METHODS[method].remainder, np.array(ks, dtype=float)) * h[:, None, None]
        interpolate = Dense(t, h, np.concatenate([states[:-1, None], states[1:, None], R], axis=1))
    if times is not None:
        rows = interpolate(times) if len(times) else np.zeros((0, states.shape[1]))
        interpolate = interpolate if dense else None
    else:
        times, rows = (t, states) if keep_rows else (t[-1:], states[-1:])
        if keep_rows:
            from robocalc.ode.trace import ScalarTrace

            trace = ScalarTrace(method, field, params, tol, t, states)
            interpolate = interpolate or trace.interpolate
    status = Status.FINISHED
    return Solution(times, rows, status, status.value, counters, method, interpolate=interpolate, trace=trace)
