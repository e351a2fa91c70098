"""Fixed-step ensembles in lanes: B members side by side, (component, lane), so that one instruction moves several.

    lane_march    f, method -> compiled march(t, h, steps, Y, P, K, W) over (n B), (m B) arrays; None where f resists

The user's function is compiled once more with sin and cos that have no branches (error below 1.2e-16 for |x| < 1e6),
because a call of the C library keeps a loop from being vectorised. What it calls is compiled along with it.
"""

import math
import types
import weakref

import numpy as np
from numba import njit as plain_njit

from robocalc.ode.clones import adopted
from robocalc.ode.fingerprint import fingerprint
from robocalc.ode.methods import METHODS
from robocalc.ode.native import compile_source, f8, i8, intrinsic
from robocalc.ode.native import types as nb

LANES = 64
LARGEST_ANGLE = 1e6  # beyond it the reduction loses digits: such blocks are done again without lanes
FORCED = {"error_model": "numpy", "forceinline": True}


@plain_njit(**FORCED)
def reduce(x):
    """(k, r): x = k π/2 + r, |r| ≤ π/4, in three parts of π/2 (Cody & Waite)."""
    k = np.floor(x * 0.6366197723675814 + 0.5)
    return k, ((x - k * 1.5707963267341256) - k * 6.077100506303966e-11) - k * 2.0222662487959506e-21


@plain_njit(**FORCED)
def polynomials(r):
    """(sin r, cos r) for |r| ≤ π/4 (Cephes, Moshier 1989)."""
    z = r * r
    s = 1.58962301576546568060e-10 * z - 2.50507477628578072866e-8
    s = ((s * z + 2.75573136213857245213e-6) * z - 1.98412698295895385996e-4) * z + 8.33333333332211858878e-3
    s = r + r * z * (s * z - 1.66666666666666307295e-1)
    c = -1.13585365213876817300e-11 * z + 2.08757008419747316778e-9
    c = ((c * z - 2.75573141792967388112e-7) * z + 2.48015872888517045348e-5) * z - 1.38888888888730564116e-3
    c = 1.0 - 0.5 * z + z * z * (c * z + 4.16666666666665929218e-2)
    return s, c


@plain_njit(**FORCED)
def sin(x):
    k, r = reduce(x)
    s, c = polynomials(r)
    odd = k - 2.0 * np.floor(0.5 * k)
    half = 0.25 * k - np.floor(0.25 * k)
    return (s * (1.0 - odd) + c * odd) * (1.0 - 2.0 * np.floor(2.0 * half))


@plain_njit(**FORCED)
def cos(x):
    k, r = reduce(x)
    s, c = polynomials(r)
    odd = k - 2.0 * np.floor(0.5 * k)
    half = 0.25 * (k + 1.0) - np.floor(0.25 * (k + 1.0))
    return (c * (1.0 - odd) + s * odd) * (1.0 - 2.0 * np.floor(2.0 * half))


def _branch_free(module):
    """A stand-in for numpy or math with our sin and cos."""
    fake = types.ModuleType(f"{module.__name__}_lanes")
    fake.__dict__.update({k: v for k, v in vars(module).items() if not k.startswith("__")}, sin=sin, cos=cos)
    return fake


SWAPS = {id(np): _branch_free(np), id(math): _branch_free(math)}
SWAPS |= {id(np.sin): sin, id(math.sin): sin, id(np.cos): cos, id(math.cos): cos}


def swapped(value):
    """sin, cos and the modules that hold them, without branches."""
    return SWAPS.get(id(value), value)


@intrinsic(prefer_literal=True)
def stack(typingctx, count):
    """`count` floats on the stack, as a pointer."""
    from llvmlite import ir
    from numba.core import cgutils

    if not isinstance(count, nb.IntegerLiteral):
        return None
    size = max(1, count.literal_value)

    def codegen(context, builder, sig, args):
        return cgutils.alloca_once(builder, ir.DoubleType(), size=size)

    return nb.CPointer(f8)(count), codegen


LANE = """
def lane(t, y, p, out, b):
    n, m = {n}, {m}
    yy, pp, oo = stack({n}), stack({m}), stack({n})
    {load}
    {call}
    {store}
"""
CALLS = {
    "ty": "spread(oo, n, user(t, carray(yy, (n,))))",
    "typ": "spread(oo, n, user(t, carray(yy, (n,)), carray(pp, (m,))))",
    "typo": "user(t, carray(yy, (n,)), carray(pp, (m,)), carray(oo, (n,)))",
}
MARCH = nb.void(f8, f8, i8, f8[::1], f8[::1], f8[::1], f8[::1])


def _lane_source(form, n, m) -> str:
    load = [f"put(yy, {i}, get(y, {i * LANES} + b))" for i in range(n)]
    load += [f"put(pp, {i}, get(p, {i * LANES} + b))" for i in range(m)]
    store = [f"put(out, {i * LANES} + b, get(oo, {i}))" for i in range(n)]
    return LANE.format(n=n, m=m, load="\n    ".join(load), call=CALLS[form], store="\n    ".join(store))


def _march_source(tab, n) -> str:
    lines = ["def march(t, h, steps, Y, P, K, W):", "    y, p, k, w = data(Y), data(P), data(K), data(W)"]
    lines.append("    for step in range(steps):")

    def combine(target, weights):
        for i in range(n):
            terms = " + ".join(
                f"{float(a)!r} * get(k, {(j * n + i) * LANES} + b)" for j, a in enumerate(weights) if a != 0
            )
            lines.append(f"        for b in range({LANES}):")
            lines.append(f"            put({target}, {i * LANES} + b, get(y, {i * LANES} + b) + h * ({terms}))")

    for j in range(tab.stages):
        source = "w" if j else "y"
        if j:
            combine("w", tab.a[j])
        lines.append(f"        for b in range({LANES}):")
        lines.append(f"            lane(t + (step + {float(tab.c[j])!r}) * h, {source}, p, at(k, {j * n * LANES}), b)")
    combine("y", tab.b)
    return "\n".join([*lines, ""])


_known = weakref.WeakKeyDictionary()


def lane_march(f, form, method, n, m):
    """The compiled march for LANES members, or None where f cannot be compiled so."""
    known = _known.setdefault(f, {})
    if (method, n, m) not in known:
        known[method, n, m] = _build(f, form, METHODS[method], n, m)
    return known[method, n, m]


def _build(f, form, tab, n, m):
    from numba.core.errors import NumbaError

    from robocalc.jit import source_stamp
    from robocalc.ode.native import Path
    from robocalc.ode.spread import spread, stamped

    stamp = fingerprint(f)
    stamp = stamp and stamped(stamp) + source_stamp(Path(__file__).resolve())
    lane, march = _lane_source(form, n, m), _march_source(tab, n)
    scope = {"user": adopted(f, swapped, FORCED), "stack": stack, "spread": spread, "forced": plain_njit(**FORCED)}
    source = lane.replace("def lane", "@forced\ndef lane") + "\n\n" + march
    try:
        return compile_source(source, "march", scope, MARCH, stamp, no_cpython_wrapper=False)
    except (NumbaError, NotImplementedError):
        return None
