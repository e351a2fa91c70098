"""Steps of symplectic methods, written from their coefficients, for the same compiled loop as all others.

State y = (q, v), halves of equal length; q̇ is the first half of f, v̇ the second. A splitting moves q by q̇ and v by v̇
in turn, so it is symplectic where q̇ depends on v alone and v̇ on q (and t) alone; Gauss collocation is for any f.
Fixed steps only: changing the step would lose what these methods are for.

    splitting_source   drifts and kicks
    gauss_source       stages by fixed-point iteration to rounding; not converged: y₊ = nan
"""

from functools import cache

import numpy as np

from robocalc.ode.methods import SYMPLECTIC
from robocalc.ode.native import STEP, address, compile_source
from robocalc.ode.stepcode import HEAD
from robocalc.ode.tables.splitting import Gauss, Splitting

# Interpolant from rows f, f₊ and (y₊ - y) / h of k: cubic Hermite as θ (1 - θ) h (R₀ + θ R₁)
HERMITE = np.array([[1.0, -1.0], [0.0, -1.0], [-1.0, 2.0]])
ITERATIONS = 100
CALL = "    call_rhs(rhs, n, min(max(t + {c!r} * h, lo), hi), new, m, p, tmp)"


def splitting_source(method: Splitting) -> str:
    lines = [HEAD.format(name="step"), "    half = n // 2", "    for i in range(n):", "        put(new, i, get(y, i))"]
    time, calls, fresh = 0.0, 0, True  # fresh: k holds f at the present point

    def move(coefficient, first, last):
        nonlocal calls, fresh
        if coefficient == 0:
            return
        source = "k" if fresh else "tmp"
        if not fresh:
            lines.append(CALL.format(c=time))
            calls += 1
        fresh = False
        lines.append(f"    for i in range({first}, {last}):")
        lines.append(f"        put(new, i, get(new, i) + {float(coefficient)!r} * h * get({source}, i))")

    for drift, kick in zip(method.drifts, method.kicks):
        move(drift, "0", "half")
        time += float(drift)
        move(kick, "half", "n")
    lines += ["    for i in range(n):", "        put(k, 2 * n + i, (get(new, i) - get(y, i)) / h)"]
    return "\n".join([*lines, f"    put(err, 0, {float(calls)})", ""])


def gauss_source(method: Gauss) -> str:
    s = len(method.b)
    stage = [" + ".join(f"{float(a)!r} * get(k, {3 + j} * n + i)" for j, a in enumerate(row)) for row in method.a]
    total = " + ".join(f"{float(b)!r} * get(k, {3 + j} * n + i)" for j, b in enumerate(method.b))
    lines = [HEAD.format(name="step"), "    for i in range(n):"]
    lines += [f"        put(k, {3 + j} * n + i, get(k, i))" for j in range(s)]
    lines += ["    previous, calls = 1e300, 0.0", f"    for iteration in range({ITERATIONS}):", "        change = 0.0"]
    for j in range(s):
        lines += [
            "        for i in range(n):",
            f"            put(new, i, get(y, i) + h * ({stage[j]}))",
            f"        call_rhs(rhs, n, min(max(t + {float(method.c[j])!r} * h, lo), hi), new, m, p, tmp)",
            "        for i in range(n):",
            f"            change += abs(get(tmp, i) - get(k, {3 + j} * n + i)) / (1.0 + abs(get(tmp, i)))",
            f"            put(k, {3 + j} * n + i, get(tmp, i))",
        ]
    lines += [
        f"        calls += {float(s)}",
        "        if change == 0.0 or (change < 1e-12 and change >= 0.5 * previous):",
        "            break",
        "        previous = change",
        "    bad = 0.0 if change < 1e-12 else (previous - previous) / 0.0",
        "    for i in range(n):",
        f"        put(new, i, get(y, i) + h * ({total}) + bad)",
        "        put(k, 2 * n + i, (get(new, i) - get(y, i)) / h)",
        "    put(err, 0, calls)",
        "",
    ]
    return "\n".join(lines)


def rows_of(name: str) -> int:
    """Rows of k: f, f₊, the chord, and the stages of a collocation."""
    method = SYMPLECTIC[name]
    return 3 + (len(method.b) if isinstance(method, Gauss) else 0)


@cache
def symplectic_address(name: str) -> tuple:
    """(address, function) of the step."""
    method = SYMPLECTIC[name]
    source = gauss_source(method) if isinstance(method, Gauss) else splitting_source(method)
    function = compile_source(source, "step", {}, STEP)
    return address(function), function
