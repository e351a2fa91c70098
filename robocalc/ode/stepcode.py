"""Source of one compiled step, written from a table: loops over components, coefficients as literals, zeros dropped.

step    k₁ is known; fills the other stages, y₊ (new), f(y₊) where the error needs it, and the error vectors
extra   the stages that only the interpolant needs
"""

from functools import cache

from robocalc.ode.methods import METHODS
from robocalc.ode.native import STEP, address, compile_source
from robocalc.ode.tableau import Tableau

HEAD = "def {name}(rhs, n, m, t, h, lo, hi, y, p, k, new, tmp, err):"
CALL = "    call_rhs(rhs, n, min(max(t + {c!r} * h, lo), hi), {where}, m, p, at(k, {row} * n))"


def _sum(weights) -> str:
    """Σ wⱼ k[j * n + i] without the zeros."""
    terms = [f"{float(w)!r} * get(k, {j} * n + i)" for j, w in enumerate(weights) if w != 0]
    return " + ".join(terms) or "0.0"


def _combine(target: str, offset: str, weights, base: str = "get(y, i) + ") -> list:
    return ["    for i in range(n):", f"        put({target}, {offset}i, {base}h * ({_sum(weights)}))"]


def step_source(tab: Tableau) -> str:
    lines = [HEAD.format(name="step")]
    for i in range(1, tab.stages):
        lines += _combine("tmp", "", tab.a[i])
        lines.append(CALL.format(c=float(tab.c[i]), where="tmp", row=i))
    lines += _combine("new", "", tab.b)
    if tab.error_needs_new_rhs:
        lines.append(CALL.format(c=1.0, where="new", row=tab.stages))
    for j, weights in enumerate(tab.e):
        lines += _combine("err", f"{j} * n + ", weights, base="")
    return "\n".join(lines) + "\n"


def extra_source(tab: Tableau) -> str:
    lines = [HEAD.format(name="extra")]
    for i, (weights, c) in enumerate(zip(tab.extra_a, tab.extra_c)):
        lines += _combine("tmp", "", weights)
        lines.append(CALL.format(c=float(c), where="tmp", row=tab.stages + 1 + i))
    return "\n".join([*lines, "    return", ""])


@cache
def step_address(name: str) -> tuple:
    """(address, the function itself, which must stay alive) of the method's step."""
    function = compile_source(step_source(METHODS[name]), "step", {}, STEP)
    return address(function), function


@cache
def extra_address(name: str) -> tuple:
    """(address, function) of the extra stages; (0, None) where there are none."""
    if not len(METHODS[name].extra_c):
        return 0, None
    function = compile_source(extra_source(METHODS[name]), "extra", {}, STEP)
    return address(function), function
