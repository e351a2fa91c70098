"""∂f/∂(y, p) of a right-hand side as a Field with n (n + m) results, row by row.

jacobian_field   from the user's functions where they are given; else by complex step (exact to rounding) where f
                 can be taken at complex numbers; else by differences of fourth order (about 1e-11)
"""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.events import caller
from robocalc.ode.rhs import Field, cannot_compile, form_of, is_compiled, python_field

STEP = 1e-30  # of the complex step: its square vanishes beside 1
EPSILON = 1e-3  # of fourth-order differences, relative to max(1, |y|): rounding and truncation meet near 1e-12


def jacobian_field(f, field, jac, n, m) -> Field:
    """f as the user gave it, its Field or PythonField, jac as in `solve`. Raises InvalidInput."""
    pair = jac if isinstance(jac, (tuple, list)) else (jac, None)
    if len(pair) != 2:
        raise InvalidInput(f"jac must be a function ∂f/∂y or a pair (∂f/∂y, ∂f/∂p), got {len(pair)} things")
    given = [g for g in pair if g is not None]
    if field.compiled and all(is_compiled(g) for g in given):
        return _compiled(f, field.form, pair, n, m)
    return _python(field, pair, n, m)


# --- compiled -------------------------------------------------------------------------------------------------------

CALLS = {
    "ty": "user(t, yy)",
    "typ": "user(t, yy, pp)",
}
GIVEN = """    {name} = np.empty((n, {width}))
    {fill}
    for i in range(n):
        for j in range({width}):
            put(out, i * {columns} + {offset} + j, {name}[i, j])
"""
COMPLEX = """    yy, pp = np.empty(n, np.complex128), np.empty(m, np.complex128)
    for i in range(n):
        yy[i] = get(y, i)
    for i in range(m):
        pp[i] = get(p, i)
    for j in range({first}, {last}):
        if j < n:
            yy[j] += {step}j
        else:
            pp[j - n] += {step}j
        {call}
        for i in range(n):
            put(out, i * {columns} + j, {imag} / {step})
        if j < n:
            yy[j] = yy[j].real
        else:
            pp[j - n] = pp[j - n].real
"""
DIFFERENCES = """    yy, pp, r = np.empty(n), np.empty(m), np.empty(n)
    for i in range(n):
        yy[i] = get(y, i)
    for i in range(m):
        pp[i] = get(p, i)
    for j in range({first}, {last}):
        at_j = yy[j] if j < n else pp[j - n]
        e = {epsilon} * max(1.0, abs(at_j))
        for i in range(n):
            put(out, i * {columns} + j, 0.0)
        for s in range(4):
            move = (-2.0, -1.0, 1.0, 2.0)[s]
            weight = (1.0, -8.0, 8.0, -1.0)[s] / (12.0 * e)
            if j < n:
                yy[j] = at_j + move * e
            else:
                pp[j - n] = at_j + move * e
            {call}
            for i in range(n):
                put(out, i * {columns} + j, get(out, i * {columns} + j) + weight * r[i])
        if j < n:
            yy[j] = at_j
        else:
            pp[j - n] = at_j
"""
_known = {}


def _compiled(f, form, pair, n, m) -> Field:
    key = (f, *pair, n, m)
    if key not in _known:
        _known[key] = _build(f, form, pair, n, m)
    return _known[key]


def _build(f, form, pair, n, m) -> Field:
    from numba.core.errors import NumbaError

    last = None
    for numeric in ("complex", "differences"):
        try:
            return _attempt(f, form, pair, n, m, numeric)
        except (NumbaError, NotImplementedError) as error:
            last = error
            if pair[0] is not None and (pair[1] is not None or m == 0):
                break
    raise InvalidInput(cannot_compile(pair[0] or f, "Jacobian", last))


def _attempt(f, form, pair, n, m, numeric) -> Field:
    from robocalc.ode.clones import adopted
    from robocalc.ode.fingerprint import fingerprint
    from robocalc.ode.native import RHS, address, compile_source
    from robocalc.ode.spread import spread, stamped

    columns = n + m
    lines, scope = (
        ["def field(n_, t, y, m_, p, out):", f"    n, m = {n}, {m}"],
        {"np": np, "user": adopted(f), "spread": spread},
    )
    for which, (g, offset, width) in enumerate(((pair[0], 0, n), (pair[1], n, m))):
        if width == 0:
            continue
        if g is None:
            lines.append(_numeric(form, numeric, offset, offset + width, columns))
        else:
            scope[f"jac{which}"] = adopted(g)
            lines.append(_from_user(form_of(g, "Jacobian"), which, offset, width, columns))
    stamps = [fingerprint(g) for g in (f, *pair) if g is not None]
    stamp = stamped("".join(stamps)) if all(stamps) else None
    wrapped = compile_source("\n".join([*lines, ""]), "field", scope, RHS, stamp)
    return Field(address(wrapped), (wrapped, f, pair), None, True, "typ")


def _from_user(form, which, offset, width, columns) -> str:
    """Source that writes one of the user's matrices where it belongs."""
    yy, pp = "carray(y, (n,))", "carray(p, (m,))"
    if form == "typo" and width == columns:
        return f"    jac{which}(t, {yy}, {pp}, carray(out, (n, {width})))"
    if form == "typo":
        fill = f"jac{which}(t, {yy}, {pp}, part{which})"
    else:
        given = f"jac{which}(t, {yy})" if form == "ty" else f"jac{which}(t, {yy}, {pp})"
        fill = f"spread(data(part{which}), n * {width}, {given})"
    return GIVEN.format(name=f"part{which}", width=width, fill=fill, columns=columns, offset=offset)


def _numeric(form, numeric, first, last, columns) -> str:
    """Source of complex steps or differences for columns first ... last - 1."""
    if numeric == "complex":
        if form == "typo":
            call, imag = "r = np.zeros(n, np.complex128)\n        user(t, yy, pp, r)", "r[i].imag"
        else:
            call, imag = f"r = {CALLS[form]}", "complex(r[i]).imag"
        return COMPLEX.format(first=first, last=last, call=call, imag=imag, columns=columns, step=STEP)
    call = "user(t, yy, pp, r)" if form == "typo" else f"spread(data(r), n, {CALLS[form]})"
    return DIFFERENCES.format(first=first, last=last, call=call, columns=columns, epsilon=EPSILON)


# --- Python ---------------------------------------------------------------------------------------------------------


def _python(field, pair, n, m) -> Field:
    calls = [None if g is None else _matrix(g, width) for g, width in zip(pair, (n, m))]

    def both(t, y, p):
        out = np.empty((n, n + m))
        for call, offset, width in zip(calls, (0, n), (n, m)):
            if width:
                part = _numeric_python(field.python, t, y, p, offset, width) if call is None else call(t, y, p)
                out[:, offset : offset + width] = part
        return out.reshape(-1)

    return python_field(both, n * (n + m), "Jacobian")


def _matrix(g, width):
    """(t, y, p) -> (n, width) from one of the user's functions."""
    form = form_of(g, "Jacobian")
    if form == "typo":

        def in_place(t, y, p):
            out = np.zeros((len(y), width))
            g(t, y, p, out)
            return out

        return in_place
    call = caller(g, form)

    def matrix(t, y, p):
        out = np.asarray(call(t, y, p), dtype=float)
        if out.shape != (len(y), width):
            raise InvalidInput(f"the Jacobian must have shape ({len(y)}, {width}), got {out.shape}")
        return out

    return matrix


def _numeric_python(call, t, y, p, offset, width):
    """Complex steps, or differences where f does not take complex numbers."""
    try:
        return complex_step(call, t, y, p, offset, width)
    except (TypeError, ValueError, AttributeError, InvalidInput):
        return differences(lambda v: np.asarray(call(t, v[: len(y)], v[len(y) :]), dtype=float),
                           np.concatenate([y, p]), offset, width)  # fmt: skip


def complex_step(call, t, y, p, offset, width):
    """(n, width): columns offset ... of ∂f/∂(y, p). Raises TypeError or ValueError where f is real only."""
    out, z = np.empty((len(y), width)), np.concatenate([y, p]).astype(complex)
    for j in range(width):
        z[offset + j] += STEP * 1j
        with np.errstate(all="ignore"):
            values = np.asarray(call(t, z[: len(y)].copy(), z[len(y) :].copy()))
        if values.dtype.kind != "c":
            raise TypeError("the result is real: f drops the imaginary part")
        out[:, j] = values.imag / STEP
        z[offset + j] = z[offset + j].real
    return out


def differences(call, x, offset=0, width=None):
    """(k, width): columns offset ... of ∂call/∂x by central differences of fourth order."""
    columns = []
    for j in range(offset, offset + (len(x) if width is None else width)):
        e = EPSILON * max(1.0, abs(x[j]))
        total = 0.0
        for move, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
            moved = x.copy()
            moved[j] += move * e
            total = total + weight * np.asarray(call(moved), dtype=float)
        columns.append(total / (12 * e))
    return np.stack(columns, axis=-1) if columns else np.zeros((0, 0))
