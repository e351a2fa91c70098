"""The discrete adjoint of explicit Runge-Kutta steps: λ and the gradient of p, carried from the last step to the first.

    k̄ᵢ = h (bᵢ λ + Σⱼ aⱼᵢ θⱼ),   θᵢ = (∂f/∂y)ᵀ k̄ᵢ,   p̄ += (∂f/∂p)ᵀ k̄ᵢ,   λ ← λ + Σ θᵢ

The step back is written out for the method and the size: loops of unknown length would cost more than the mathematics.

Source: Sanz-Serna, Symplectic Runge-Kutta schemes for adjoint equations, SIAM Review 58 (2016).
"""

from functools import cache

import numpy as np

from robocalc.ode.methods import METHODS
from robocalc.ode.native import BACK, address, compile_source

UNROLL = 12  # states up to which products are written out
CALL = "    call_rhs({what}, {n}, min(max(t + {c!r} * h, lo), hi), {where}, {m}, p, {out})"


def _terms(weights, pointer, n) -> str:
    return " + ".join(f"{float(w)!r} * get({pointer}, {j * n} + r)" for j, w in weights if w != 0)


def _transposed(target, offset, columns, first, width, n, add) -> list:
    """target[offset + c] (+)= Σ_r J[r, first + c] err[r]."""
    start = f"get({target}, {offset} + c)" if add else "0.0"
    if n <= UNROLL:
        total = " + ".join(f"get(J, {r * width + first} + c) * get(err, {r})" for r in range(n))
        return [f"    for c in range({columns}):", f"        put({target}, {offset} + c, {start} + {total})"]
    lines = [] if add else [f"    for c in range({columns}):", f"        put({target}, {offset} + c, 0.0)"]
    return [
        *lines,
        f"    for r in range({n}):",
        "        w = get(err, r)",
        f"        for c in range({columns}):",
        f"            put({target}, {offset} + c, get({target}, {offset} + c) + w * get(J, r * {width} + {first} + c))",
    ]


def back_source(name: str, n: int, m: int) -> str:
    """k, theta: stages (s, n); J: scratch (n, n + m); lam (n), grad (m) in place."""
    tab, width = METHODS[name], n + m
    s = tab.stages
    lines = ["def back(step, f, jac, t, h, lo, hi, y, p, k, new, tmp, err, J, theta, lam, grad):"]
    lines.append(CALL.format(what="f", n=n, m=m, c=0.0, where="y", out="k"))
    lines.append(f"    call_step(step, f, {n}, {m}, t, h, lo, hi, y, p, k, new, tmp, err)")
    for i in range(s - 1, -1, -1):
        where = "tmp" if i else "y"
        if i:
            stage = _terms(enumerate(tab.a[i]), "k", n)
            lines += [f"    for r in range({n}):", f"        put(tmp, r, get(y, r) + h * ({stage}))"]
        bar = [_terms([(j, tab.a[j, i]) for j in range(i + 1, s)], "theta", n)] if i < s - 1 else [""]
        if tab.b[i] != 0:
            bar.append(f"{float(tab.b[i])!r} * get(lam, r)")
        total = " + ".join(part for part in bar if part) or "0.0"
        lines += [f"    for r in range({n}):", f"        put(err, r, h * ({total}))"]
        lines.append(CALL.format(what="jac", n=n, m=m, c=float(tab.c[i]), where=where, out="J"))
        lines += _transposed("theta", i * n, n, 0, width, n, False)
        if m:
            lines += _transposed("grad", 0, m, n, width, n, True)
    every = _terms([(i, 1.0) for i in range(s)], "theta", n)
    lines += [f"    for r in range({n}):", f"        put(lam, r, get(lam, r) + {every})"]
    return "\n".join([*lines, ""])


@cache
def back_address(name: str, n: int, m: int) -> tuple:
    """(address, function) of one step back."""
    function = compile_source(back_source(name, n, m), "back", {}, BACK)
    return address(function), function


def adjoint_work(n, m, s) -> np.ndarray:
    """Scratch of `adjointkernels`: y, k, new, tmp, err, J, theta."""
    return np.empty(n * (5 + (s + 1) + (n + m) + s))
